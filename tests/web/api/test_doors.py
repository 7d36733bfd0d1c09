"""What the API lets in: tokens, limits, and nothing that a database or a parser would stumble over."""

from datetime import timedelta

import browsing as w
import builders as b
import pytest
from calling import AT, Client
from limits import RateLimitItemPerMinute
from starlette.requests import Request

from states.facts import OPERATOR
from workflow.files import LARGEST
from workflow.operations.add_token import add_token
from workflow.operations.revoke_token import revoke_token
from workflow.web.identity import identify
from workflow.web.limiting import Limiter


def known(office, header, now=b.NOW):
    """Return who is known by an Authorization header; a session's cookie comes along."""
    headers = [(b"authorization", header.encode("latin-1"))] if header else []
    headers.append((b"cookie", b"__Host-aeo-session=x"))
    app = w.create_app(w.site(office, now=now))
    return identify(Request({"type": "http", "method": "GET", "path": "/api/v1/me", "headers": headers, "app": app}))


def test_a_token_stands_for_its_person_in_the_roles_of_both(office):
    b.another_person(office, "p-50", "Nurul Huda", "officer", "approver")
    added = add_token(office, email="nurul.huda@customs.example", name="Sync", roles=["officer"], act=b.act(OPERATOR))
    caller = known(office, f"Bearer {added.token}")
    assert caller.person.roles == {"officer"}
    assert (caller.email, caller.proven) == ("nurul.huda@customs.example", f"token {added.token_id}")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic {t}", "Bearer {t}x", "Bearer é", "{t}"])
def test_nobody_is_known_without_a_good_token_whatever_cookies_come_along(sqlite_office, header):
    staff = b.people(sqlite_office)
    added = add_token(sqlite_office, email=b.email_of(staff.officer), name="Sync", act=b.act(OPERATOR))
    assert known(sqlite_office, header.replace("{t}", added.token)) is None


def test_a_token_that_is_over_or_revoked_opens_nothing(office):
    staff = b.people(office)
    added = add_token(office, email=b.email_of(staff.officer), name="Sync", act=b.act(OPERATOR))
    header = f"Bearer {added.token}"
    assert known(office, header) is not None
    assert known(office, header, added.expires_at + timedelta(seconds=1)) is None
    revoke_token(office, token_id=added.token_id, act=b.act(staff.officer))
    assert known(office, header) is None


def test_without_a_token_everything_but_what_is_public_is_401(sqlite_office):
    nobody = Client(sqlite_office)
    for address in ("me", "applications", "applications/STP-2026-000001", "audit", "register"):
        answer = nobody.get(f"{AT}/{address}")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["code"] == "TOKEN"
    assert nobody.post(f"{AT}/applications", {}).status_code == 401
    for address in ("/api/openapi.json", "/api/docs"):
        assert nobody.get(address).status_code == 200


def test_too_many_calls_are_429_and_say_how_long_to_wait(sqlite_office):
    staff = b.people(sqlite_office)
    site = w.site(sqlite_office, staff.officer)
    app = w.create_app(site)
    app.state.limiter = Limiter(calls=RateLimitItemPerMinute(3))
    client = Client(sqlite_office, app=app)
    answers = [client.get(f"{AT}/me") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    problem = answers[-1].json()
    assert 1 <= int(answers[-1].headers["retry-after"]) == problem["seconds"] <= 60
    assert "Wait" in problem["detail"]


def test_changes_and_wrong_tokens_have_limits_of_their_own(sqlite_office):
    staff = b.people(sqlite_office)
    app = w.create_app(w.site(sqlite_office, staff.officer))
    app.state.limiter = Limiter(changes=RateLimitItemPerMinute(1))
    client = Client(sqlite_office, app=app)
    body = {"programme": "STP", "uen": b.valid_uen(72_001), "company_name": "Quillhaven"}
    assert [client.post(f"{AT}/applications", body).status_code for _ in range(2)] == [201, 429]
    assert client.get(f"{AT}/me").status_code == 200

    closed = w.create_app(w.site(sqlite_office))
    closed.state.limiter = Limiter(wrong_tokens=RateLimitItemPerMinute(2))
    nobody = Client(sqlite_office, app=closed)
    assert [nobody.get(f"{AT}/me").status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"trigger": "a", "version": ' + b"9" * 5_000 + b"}", 400),
        (b'{"trigger": "a", "version": 99999999999999999999}', 422),
        (b'{"trigger": "a", "version": 1.0}', 422),
        (b'{"trigger": "a", "version": true}', 422),
        (b'{"trigger": "a\\u0000", "version": 1}', 422),
        (b'{"trigger": "\\ud800", "version": 1}', 422),
        (b'{"trigger": "a", "version": 1, "verison": 2}', 422),
        (b'{"trigger": "a", "version": 1, "effective_on": "9999-12-31"}', 422),
        (b'{"trigger": "a", "version": 1, "effective_on": 20261122}', 422),
        (b'{"trigger": "a", "version": 1, "effective_on": "2026-02-30"}', 422),
        (b'{"trigger": "a", "version": 1, "given": {"x\\u0007": "1"}}', 422),
        (b'{"trigger": "a", "version": 1, "reason": "' + b"x" * 4_001 + b'"}', 422),
        (b"\xff\xfe", 400),
        (b"null", 422),
        (b"[]", 422),
        (b"", 422),
    ],
)
def test_what_no_record_should_hold_is_refused_at_the_door(office, body, status):
    staff = b.people(office)
    reference = b.submit(office, b.act(staff.officer))
    answer = Client(office, staff.officer).post(f"{AT}/applications/{reference}/transitions", body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert b.case_of(office, reference)["version"] == 1


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("applications?stat=submitted", 422),
        ("applications?limit=5&limit=6", 422),
        ("applications?limit=0", 422),
        ("applications?limit=201", 422),
        ("applications?limit=99999999999999999999999", 422),
        ("applications?state=%00", 422),
        ("applications?uen=%ED%A0%80", 422),
        ("applications?%00=1", 422),
        ("applications/%00", 404),
        ("applications/a%0Ab", 404),
        ("applications/%ED%A0%80/history", 404),
        ("notifications/99999999999999999999", 422),
        ("notifications/abc", 422),
        ("calendar", 422),
        ("calendar?from=2027-01-01&to=2026-01-01", 422),
        ("calendar?from=1900-01-01&to=2199-01-01", 422),
        ("register?as_at=2199-01-01", 422),
        ("programmes/NONE", 404),
        ("nowhere", 404),
    ],
)
def test_an_address_that_nothing_answers_to_gets_a_clear_no(office, address, status):
    staff = b.people(office)
    answer = Client(office, staff.account_manager).get(f"{AT}/{address}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_another_method_or_media_type_is_told_plainly(sqlite_office):
    staff = b.people(sqlite_office)
    client = Client(sqlite_office, staff.officer)
    wrong = client.send("DELETE", f"{AT}/applications")
    assert (wrong.status_code, wrong.headers["content-type"]) == (405, "application/problem+json")
    form = client.post(f"{AT}/applications", b"programme=STP", Content_Type="application/x-www-form-urlencoded")
    assert form.status_code == 415
    assert client.post(f"{AT}/applications/STP-2026-000001/documents", {}).status_code == 415


def test_every_bad_member_is_named_at_once(sqlite_office):
    staff = b.people(sqlite_office)
    answer = Client(sqlite_office, staff.officer).post(f"{AT}/applications", {"programme": 5, "sites": "x"})
    assert {one["field"] for one in answer.json()["fields"]} == {"body.programme", "body.uen", "body.sites"}


def test_names_in_a_body_that_nobody_bears_are_bad_input_and_not_a_missing_address(office):
    staff = b.people(office)
    client = Client(office, staff.officer)
    reference = b.submit(office, b.act(staff.officer))
    nobody = client.put(f"{AT}/applications/{reference}/assignee", {"to": "nobody@customs.example", "version": 1})
    assert (nobody.status_code, nobody.json()["code"]) == (422, "NO_OFFICER")
    other = client.post(f"{AT}/applications", {"programme": "NONE", "uen": b.valid_uen(72_002), "company_name": "Q"})
    assert (other.status_code, other.json()["code"]) == (422, "NO_PROGRAMME")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "FILE_EMPTY"),
        ("a.pdf", b"no pdf", "FILE_TYPE"),
        ("a.exe", b"MZ", "FILE_TYPE"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(sqlite_office, name, content, code):
    staff = b.people(sqlite_office)
    reference = b.submit(sqlite_office, b.act(staff.officer))
    answer = Client(sqlite_office, staff.officer).upload(reference, name, content, "bizfile_report")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_file_may_have_fifty_megabytes_and_no_more(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.submit(sqlite_office, b.act(staff.officer))
    client = Client(sqlite_office, staff.officer)
    fits = client.upload(reference, "a.pdf", b.PDF + b"\n" * (LARGEST - len(b.PDF)), "bizfile_report")
    assert fits.status_code == 201, fits.text
    assert client.get(f"{AT}/applications/{reference}/documents").json()["items"][0]["size"] == LARGEST
    over = client.upload(reference, "a.pdf", b.PDF + b"\n" * LARGEST, "bizfile_report")
    assert over.status_code in (413, 422)
    far_over = client.upload(reference, "a.pdf", b"x" * (LARGEST + 200_000), "bizfile_report")
    assert far_over.status_code == 413
    assert client.post(f"{AT}/applications", b'"' + b"x" * 3_000_000 + b'"').status_code == 413


def test_an_upload_says_every_member_that_is_missing_or_unknown(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.submit(sqlite_office, b.act(staff.officer))
    browser = w.browser(sqlite_office, staff.officer)
    answer = browser.ask(
        "POST",
        f"{AT}/applications/{reference}/documents",
        files={"file": ("a.pdf", b.PDF, "application/pdf")},
        data={"kin": "bizfile_report"},
    )
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["fields"]} == {"body.kind", "body.kin"}
