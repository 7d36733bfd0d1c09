"""Signing in with an agency account, against a provider that is a process of its own and lies when it is told to."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import browsing
import httpx
import pytest
from builders import NOW, another_person, email_of, rows_of
from sign_ins import SECRETS, Somebody, enrolled, hash_quickly, somebody
from sqlalchemy import update
from test_sign_in import entries

from workflow import models
from workflow.decisions.sign_ins import StartedSession
from workflow.errors import NotSignedIn, Unavailable
from workflow.models.base import table_of
from workflow.operations.give_code import give_code
from workflow.operations.resume import resume
from workflow.operations.sign_in_elsewhere import Begun, oidc_begin, oidc_finish
from workflow.provider import Provider
from workflow.store.office import Office
from workflow.web.identity import identify

CLIENT = ("casework & co", "a client's secret: 100%")
BACK = "https://casework.example/sign-in/provider/answer"
_OFFICER = table_of(models.Officer)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).parents[1] / "oidc_provider.py"), *CLIENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def provider(issuer: str, monkeypatch: pytest.MonkeyPatch) -> Provider:
    hash_quickly(monkeypatch)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return Provider(issuer, *CLIENT, "Use your agency account")


def say(provider: Provider, claims: dict[str, Any] | None = None, **more: str) -> None:
    """Tell the provider who signs in next, and how it lies."""
    httpx.post(f"{provider.issuer}/next", json={"claims": claims or {}} | more).raise_for_status()


def at_the_provider(begun: Begun) -> dict[str, str]:
    """Go where the browser is sent, and return what it comes back with."""
    answer = httpx.get(begun.address)
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def begin(provider: Provider) -> Begun:
    return oidc_begin(provider, SECRETS, back=BACK, real_now=datetime.now(UTC))


def finish(office: Office, provider: Provider, begun: Begun, answer: dict[str, str], **more: Any) -> StartedSession:
    given: dict[str, Any] = {"blob": begun.blob, "back": BACK, "now": NOW, "real_now": datetime.now(UTC)} | more
    return oidc_finish(office, SECRETS, provider, answer=answer, **given)


def come_back(office: Office, provider: Provider, **more: Any) -> StartedSession:
    begun = begin(provider)
    return finish(office, provider, begun, at_the_provider(begun), **more)


def of(who: Somebody | Any, **claims: Any) -> dict[str, Any]:
    email = who.email if isinstance(who, Somebody) else email_of(who)
    return {"sub": "agency-7", "email": email, "email_verified": True} | claims


class TestAnAgencyAccount:
    def test_leads_an_officer_in(self, office: Office, provider: Provider):
        officer = another_person(office, "p-11", "Irfan Malik", "officer")
        say(provider, of(officer))

        started = come_back(office, provider)

        found = resume(office, started.token, now=NOW)
        assert found is not None
        assert (found.person, found.proven, found.stage) == (officer, "oidc", "complete")

    def test_is_known_by_its_subject_ever_after(self, office: Office, provider: Provider):
        officer = another_person(office, "p-11", "Irfan Malik", "officer")
        say(provider, of(officer))
        come_back(office, provider)
        say(provider, {"sub": "agency-7", "email": "renamed@agency.example"})

        assert come_back(office, provider).person == officer
        assert [one["detail"]["officer"] for one in entries(office, "access:provider:bound")] == ["p-11"]

    def test_with_an_address_that_somebody_else_had_before_does_not(self, office: Office, provider: Provider):
        officer = another_person(office, "p-11", "Irfan Malik", "officer")
        say(provider, of(officer))
        come_back(office, provider)
        say(provider, of(officer, sub="agency-8"))

        with pytest.raises(NotSignedIn, match="no active account"):
            come_back(office, provider)

    @pytest.mark.parametrize("verified", [False, "true", 1, None])
    def test_with_an_address_that_is_not_verified_does_not(self, office: Office, provider: Provider, verified: Any):
        officer = another_person(office, "p-11", "Irfan Malik", "officer")
        say(provider, of(officer, email_verified=verified))

        with pytest.raises(NotSignedIn, match="no active account"):
            come_back(office, provider)

    def test_of_a_stranger_or_of_a_disabled_account_does_not(self, office: Office, provider: Provider):
        officer = another_person(office, "p-11", "Irfan Malik", "officer")
        with office.database.transaction() as transaction:
            transaction.connection.execute(update(_OFFICER).where(_OFFICER.c.id == officer.id).values(active=False))
        told = []
        for email in (email_of(officer), "stranger@agency.example"):
            say(provider, {"sub": "agency-7", "email": email, "email_verified": True})
            with pytest.raises(NotSignedIn) as caught:
                come_back(office, provider)
            told.append(caught.value.sentence)

        assert told[0] == told[1]
        assert len(entries(office, "access:sign_in:failed")) == 2

    @pytest.mark.parametrize("claims", [{"amr": ["pwd", "mfa"]}, {"acr": "https://refeds.org/profile/mfa"}])
    def test_with_a_second_proof_leads_an_approver_in(self, office: Office, provider: Provider, claims: dict[str, Any]):
        approver = another_person(office, "p-12", "Jasmine Koh", "approver")
        say(provider, of(approver, **claims))

        started = come_back(office, provider)

        assert started.stage == "complete"
        assert entries(office, "access:session:started")[0]["proven"] == "oidc+code"

    @pytest.mark.parametrize("claims", [{}, {"amr": ["pwd"]}, {"amr": "mfa"}, {"acr": "mfa"}])
    def test_without_one_leads_an_approver_to_the_code(
        self, office: Office, provider: Provider, claims: dict[str, Any]
    ):
        phone = enrolled(office, somebody(office, "p-12", "Jasmine Koh", "approver"))
        say(provider, of(phone, **claims))
        if claims.get("amr") == "mfa":  # no list: the answer is not of the form that the standard asks for
            with pytest.raises(NotSignedIn):
                come_back(office, provider)
            return

        started = come_back(office, provider)

        assert started.stage == "code"
        assert give_code(office, SECRETS, token=started.token, code=phone.code(), now=NOW).stage == "complete"

    def test_without_one_lets_an_approver_without_codes_set_them_up_alone(self, office: Office, provider: Provider):
        say(provider, of(another_person(office, "p-12", "Jasmine Koh", "approver")))

        assert come_back(office, provider).stage == "enrol"


class TestAForgedAnswer:
    @pytest.fixture(autouse=True)
    def _officer(self, sqlite_office: Office) -> None:
        another_person(sqlite_office, "p-11", "Irfan Malik", "officer")

    CLAIMS = {"sub": "agency-7", "email": "irfan.malik@customs.example", "email_verified": True}  # noqa: RUF012

    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"nonce": None},
            {"aud": "somebody else"},
            {"aud": ["casework & co", "somebody else"]},
            {"aud": ["casework & co"], "azp": "somebody else"},
            {"iss": "https://elsewhere.example"},
            {"exp": -120},  # seconds from now
            {"exp": None},
            {"iat": 600},
            {"sub": None},
            {"sub": ""},
            {"sub": 7},
        ],
        ids=str,
    )
    def test_with_false_claims_proves_nobody(self, sqlite_office: Office, provider: Provider, claims: dict[str, Any]):
        now = int(time.time())
        moved = {name: now + claims[name] for name in ("exp", "iat") if claims.get(name)}
        say(provider, self.CLAIMS | claims | moved)

        self._proves_nobody(sqlite_office, provider)

    @pytest.mark.parametrize(
        "forged", ["none", "public key as secret", "client secret", "stranger", "own key in the header"]
    )
    def test_with_a_false_signature_proves_nobody(self, sqlite_office: Office, provider: Provider, forged: str):
        say(provider, self.CLAIMS, forged=forged)

        self._proves_nobody(sqlite_office, provider)

    def _proves_nobody(self, office: Office, provider: Provider) -> None:
        with pytest.raises(NotSignedIn):
            come_back(office, provider)
        assert rows_of(office, models.Session) == []

    def test_that_was_used_before_proves_nobody(self, sqlite_office: Office, provider: Provider):
        say(provider, self.CLAIMS)
        begun = begin(provider)
        answer = at_the_provider(begun)
        finish(sqlite_office, provider, begun, answer)

        with pytest.raises(NotSignedIn):
            finish(sqlite_office, provider, begun, answer)

    def test_under_a_state_that_was_used_before_proves_nobody(self, sqlite_office: Office, provider: Provider):
        say(provider, self.CLAIMS)
        begun = begin(provider)
        first, second = at_the_provider(begun), at_the_provider(begun)
        finish(sqlite_office, provider, begun, first)

        with pytest.raises(NotSignedIn, match="used already"):
            finish(sqlite_office, provider, begun, second)

    def test_to_another_browser_proves_nobody(self, sqlite_office: Office, provider: Provider):
        say(provider, self.CLAIMS)
        theirs, ours = begin(provider), begin(provider)
        answer = at_the_provider(theirs)

        for blob in (ours.blob, "", "forged", ours.blob[:-4] + "AAAA"):
            with pytest.raises(NotSignedIn):
                finish(sqlite_office, provider, Begun("", blob), answer)

    def test_that_took_too_long_proves_nobody(self, sqlite_office: Office, provider: Provider):
        say(provider, self.CLAIMS)
        begun = begin(provider)
        answer = at_the_provider(begun)

        with pytest.raises(NotSignedIn, match="too long"):
            finish(sqlite_office, provider, begun, answer, real_now=datetime.now(UTC) + timedelta(minutes=11))

    def test_from_another_provider_proves_nobody(self, sqlite_office: Office, provider: Provider):
        say(provider, self.CLAIMS)
        begun = begin(provider)
        answer = at_the_provider(begun) | {"iss": "https://elsewhere.example"}

        with pytest.raises(NotSignedIn, match="another provider"):
            finish(sqlite_office, provider, begun, answer)

    @pytest.mark.parametrize("answer", [{"error": "access_denied"}, {}, {"code": "unknown"}], ids=str)
    def test_without_a_code_that_counts_proves_nobody(
        self, sqlite_office: Office, provider: Provider, answer: dict[str, str]
    ):
        begun = begin(provider)
        state = at_the_provider(begun)["state"]

        with pytest.raises(NotSignedIn):
            finish(sqlite_office, provider, begun, {"state": state} | answer)

    def test_page_that_describes_another_provider_is_not_believed(self, provider: Provider):
        say(provider, issuer="https://elsewhere.example")

        with pytest.raises(Unavailable, match="AEO_OIDC_ISSUER"):
            begin(provider)

    def test_a_provider_that_is_away_is_said_in_a_sentence(self):
        with pytest.raises(Unavailable, match="does not answer"):
            begin(Provider("http://127.0.0.1:9", *CLIENT, ""))

    def test_a_provider_without_tls_elsewhere_is_never_asked(self):
        with pytest.raises(Unavailable, match="TLS"):
            begin(Provider("http://provider.example", *CLIENT, ""))


def test_what_goes_to_the_provider_holds_neither_the_verifier_nor_what_the_cookie_hides(provider: Provider) -> None:
    say(provider)
    begun = begin(provider)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.address).query).items()}

    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid email"
    assert asked["state"] not in begun.blob
    assert asked["code_challenge"] not in begun.blob


class TestInABrowser:
    def test_a_link_leads_there_and_back_to_the_page_that_was_wanted(self, sqlite_office: Office, provider: Provider):
        officer = another_person(sqlite_office, "p-11", "Irfan Malik", "officer")
        say(provider, of(officer))
        browser = visiting(sqlite_office, provider)
        form = browser.get("/sign-in?next=/cases")

        away = browser.get("/sign-in/provider?next=/cases")
        answer = browser.get(back_from(away.headers["location"]))

        assert 'href="/sign-in/provider?next=/cases"' in form.text
        assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
        assert browser.get("/cases").status_code == 200

    def test_an_answer_that_another_browser_asked_for_leads_nowhere(self, sqlite_office: Office, provider: Provider):
        say(provider, of(another_person(sqlite_office, "p-11", "Irfan Malik", "officer")))
        theirs, ours = visiting(sqlite_office, provider), visiting(sqlite_office, provider)
        answer = ours.get(back_from(theirs.get("/sign-in/provider").headers["location"]))

        assert answer.status_code == 401
        assert "this browser did not begin the sign-in" in browsing.words_of(answer)
        assert ours.get("/cases").status_code == 303

    def test_a_provider_that_is_away_leaves_the_password(self, sqlite_office: Office):
        answer = visiting(sqlite_office, Provider("http://127.0.0.1:9", *CLIENT, "Agency")).get("/sign-in/provider")

        assert answer.status_code == 503
        assert "Sign in with your password" in browsing.words_of(answer)
        assert 'name="password"' in answer.text


def visiting(office: Office, provider: Provider) -> browsing.Browser:
    return browsing.Browser(replace(browsing.site(office), identify=identify, secrets=SECRETS, provider=provider))


def back_from(address: str) -> str:
    """Go to the provider, and return the page of ours to which it sends back."""
    parts = urlsplit(httpx.get(address).headers["location"])
    assert parts.path == "/sign-in/provider/answer"
    return f"{parts.path}?{parts.query}"
