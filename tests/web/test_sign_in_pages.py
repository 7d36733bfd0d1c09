"""The way in and out as a browser takes it: cookies, steps, what comes back, and nothing that tells who exists."""

import re
from dataclasses import replace

import browsing as w
import builders as b
import pytest
from sign_ins import PASSWORD, SECRETS, Somebody, enrolled, hash_quickly, somebody

from workflow import models
from workflow.errors import Unavailable
from workflow.operations.token_holder import token_holder
from workflow.web.identity import identify
from workflow.web.pages import account
from workflow.web.pages import sign_in as pages

COOKIE = "__Host-aeo-session"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)
    monkeypatch.setattr(pages, "_real_now", lambda: b.NOW)


@pytest.fixture
def officer(sqlite_office) -> Somebody:
    return somebody(sqlite_office, "p-11", "Irfan Malik", "officer", "account_manager")


@pytest.fixture
def browser(sqlite_office) -> w.Browser:
    return another_browser(sqlite_office)


def another_browser(office) -> w.Browser:
    return w.Browser(replace(w.site(office), identify=identify, secrets=SECRETS))


def enter(browser: w.Browser, who: Somebody, **more: str):
    return browser.post("/sign-in", {"email": who.email, "password": PASSWORD} | more, csrf="")


def csrf_of(answer) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', answer.text).group(1)


class TestTheWayIn:
    def test_leads_to_the_first_page_of_the_role(self, browser, officer):
        answer = enter(browser, officer)

        assert (answer.status_code, answer.headers["location"]) == (303, "/work")
        assert browser.get("/work").status_code == 200

    def test_leads_back_to_where_somebody_wanted_to_go(self, browser, officer):
        form = browser.follow(browser.get("/cases?state=submitted"))
        fields = w.fields_of(form, "/sign-in")

        answer = enter(browser, officer, next=fields["next"])

        assert answer.headers["location"] == "/cases?state=submitted"

    @pytest.mark.parametrize(
        "wanted", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x\n"]
    )
    def test_never_leads_to_another_site(self, browser, officer, wanted):
        assert enter(browser, officer, next=wanted).headers["location"] == "/work"

    def test_gives_a_cookie_that_scripts_other_hosts_and_plain_http_do_not_see(self, browser, officer):
        cookie = enter(browser, officer).headers["set-cookie"]

        assert cookie.startswith(f"{COOKIE}=")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} == set(cookie.split("; ")[1:])

    def test_says_the_same_whatever_is_wrong(self, browser, officer):
        told = [
            w.words_of(enter(browser, officer, password="wrong password here")),
            w.words_of(enter(browser, officer, email="nobody@customs.example")),
            w.words_of(enter(browser, officer, email="")),
        ]

        assert len(set(told)) == 1
        assert "The e-mail address, the password or the code is not right." in told[0]

    def test_gives_the_address_back_and_never_the_password(self, browser, officer):
        answer = enter(browser, officer, password="wrong password here")

        assert answer.status_code == 401
        assert w.fields_of(answer, "/sign-in")["email"] == officer.email
        assert "wrong password here" not in answer.text

    def test_says_until_when_to_wait(self, browser, officer):
        for _ in range(5):
            enter(browser, officer, password="wrong password here")

        answer = enter(browser, officer)

        assert answer.status_code == 429
        assert "Wait until 09:15." in w.words_of(answer)

    def test_takes_no_form_of_another_site(self, browser, officer):
        answer = browser.post(
            "/sign-in", {"email": officer.email, "password": PASSWORD}, Origin="https://elsewhere.example"
        )

        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers

    def test_counts_by_what_the_proxy_beside_us_says(self, sqlite_office, browser, officer):
        for _ in range(2):
            browser.post(
                "/sign-in",
                {"email": officer.email, "password": "wrong"},
                **{"X-Forwarded-For": "203.0.113.9, 192.0.2.7"},
            )

        counted = {row["about"]: row["failed"] for row in b.rows_of(sqlite_office, models.SignInCount)}
        assert counted == {"account": 2, "address": 2}


class TestTheSecondStep:
    def test_asks_for_the_code_before_anything_opens(self, sqlite_office, browser):
        phone = enrolled(sqlite_office, somebody(sqlite_office, "p-12", "Jasmine Koh", "approver"))

        asked = enter(browser, phone, next="/cases")
        before = browser.get("/cases")
        answer = browser.post(
            "/sign-in/code", {"code": phone.code(), "next": w.fields_of(asked, "/sign-in/code")["next"]}
        )

        assert "Type your code" in w.words_of(asked)
        assert before.status_code == 303
        assert before.headers["location"].startswith("/sign-in")
        assert answer.headers["location"] == "/cases"
        assert browser.get("/cases").status_code == 200

    def test_gives_another_cookie_and_the_first_is_worth_nothing(self, sqlite_office, browser):
        phone = enrolled(sqlite_office, somebody(sqlite_office, "p-12", "Jasmine Koh", "approver"))

        first = enter(browser, phone).cookies[COOKIE]
        second = browser.post("/sign-in/code", {"code": phone.code()}).cookies[COOKIE]

        assert first != second
        assert (
            w.Browser(replace(w.site(sqlite_office), identify=identify))
            .get("/cases", Cookie=f"{COOKIE}={first}")
            .status_code
            == 303
        )

    def test_says_that_a_code_is_wrong(self, sqlite_office, browser):
        phone = enrolled(sqlite_office, somebody(sqlite_office, "p-12", "Jasmine Koh", "approver"))
        enter(browser, phone)

        answer = browser.post("/sign-in/code", {"code": "000000"})

        assert answer.status_code == 401
        assert "This code is not right" in w.words_of(answer)

    def test_sets_codes_up_the_first_time(self, sqlite_office, browser):
        approver = somebody(sqlite_office, "p-12", "Jasmine Koh", "approver")

        shown = enter(browser, approver)
        secret = re.search(r'class="secret">([A-Z2-7 ]+)<', shown.text).group(1).replace(" ", "")
        answer = browser.post("/sign-in/set-up", {"code": Somebody(approver.person, secret).code()})

        assert (answer.status_code, answer.headers["location"]) == (303, "/approvals")
        assert browser.get("/cases").status_code == 200

    @pytest.mark.parametrize("step", ["/sign-in/code", "/sign-in/set-up"])
    def test_is_no_way_in_by_itself(self, browser, step):
        assert browser.get(step).headers["location"] == "/sign-in"
        assert browser.post(step, {"code": "123456"}).headers["location"] == "/sign-in"


def lost(browser, who, address, form, **more):
    """Send a form after the session that its page was made for has ended; return the page that says so."""
    enter(browser, who)
    csrf = csrf_of(browser.get("/me"))
    browser.post("/sign-out", csrf=csrf)
    return browser.post(address, form, csrf=csrf, **more)


def out_of_order(*_, **__):
    raise Unavailable("DOWN", "The records are away.")


class TestAFormWithoutASignIn:
    def test_comes_back_filled_after_the_sign_in(self, browser, officer):
        out = lost(browser, officer, "/me/tokens", {"name": "nightly", "note": "Typed for an hour.", "role": "officer"})
        kept = w.fields_of(out, "/sign-in/again")["kept"]

        form = browser.post("/sign-in/again", {"kept": kept})
        answer = enter(browser, officer, kept=w.fields_of(form, "/sign-in")["kept"])

        assert "Typed for an hour." in answer.text
        assert "Make a token." in w.words_of(answer)
        assert "Name nightly Role officer" in w.words_of(answer)
        assert w.fields_of(answer, "/me/tokens")["name"] == "nightly"
        assert csrf_of(answer) == csrf_of(browser.get("/me"))

    def test_comes_back_to_nobody_else(self, sqlite_office, browser, officer):
        out = lost(browser, officer, "/me/tokens", {"name": "nightly", "note": "Typed for an hour."})
        other = somebody(sqlite_office, "p-12", "Jasmine Koh", "officer")

        answer = enter(browser, other, kept=w.fields_of(out, "/sign-in/again")["kept"])

        assert answer.status_code == 303
        told = w.words_of(browser.follow(answer))
        assert "was not yours. It is discarded." in told
        assert "Typed for an hour." not in told

    def test_whose_file_is_gone_leads_back_to_the_page_it_came_from(self, browser, officer):
        address = "/cases/STP-2026-000001/documents"
        file = [("file", ("seal_log.pdf", b"%PDF-1.7", "application/pdf"))]
        out = lost(browser, officer, address, {"kind": "evidence"}, files=file, Referer=f"{w.HOST}{address}")
        assert "Files and passwords must be given again." in w.words_of(out)

        answer = enter(browser, officer, kept=w.fields_of(out, "/sign-in/again")["kept"])

        assert "Add documents, STP-2026-000001." in w.words_of(answer)
        assert "Kind evidence" in w.words_of(answer)
        assert f'href="{address}">Open the page' in answer.text
        assert not [one for one in w.Shape(answer.text).all("form") if one["action"] == address]

    def test_keeps_no_password(self, browser, officer):
        typed = {"old": PASSWORD, "new": "another long password", "repeated": "another long password"}
        out = lost(browser, officer, "/me/password", typed)

        answer = enter(browser, officer, kept=w.fields_of(out, "/sign-in/again")["kept"])

        assert "another long password" not in answer.text
        assert "Change your password." in w.words_of(answer)
        assert not [one for one in w.Shape(answer.text).all("form") if one["action"] == "/me/password"]

    def test_that_meets_an_outage_shows_no_password(self, browser, officer, monkeypatch):
        enter(browser, officer)
        csrf = csrf_of(browser.get("/me"))
        monkeypatch.setattr(account, "change_password", out_of_order)

        answer = browser.post(
            "/me/password", {"old": PASSWORD} | dict.fromkeys(("new", "repeated"), "another long password"), csrf=csrf
        )

        assert answer.status_code == 503
        assert "Not saved: Change your password" in w.words_of(answer)
        assert "another long password" not in w.words_of(answer)

    def test_forged_is_no_form(self, browser, officer):
        assert enter(browser, officer, kept="forged").status_code == 303


class TestTheWayOut:
    def test_ends_the_session(self, sqlite_office, browser, officer):
        token = enter(browser, officer).cookies[COOKIE]
        csrf = csrf_of(browser.get("/me"))

        answer = browser.post("/sign-out", csrf=csrf)

        assert answer.headers["location"] == "/sign-in"
        assert browser.get("/me").status_code == 303
        assert another_browser(sqlite_office).get("/me", Cookie=f"{COOKIE}={token}").status_code == 303

    def test_is_not_taken_by_a_form_of_another_session(self, browser, officer):
        enter(browser, officer)

        assert browser.post("/sign-out", csrf="wrong").status_code == 403
        assert browser.get("/me").status_code == 200


class TestYourAccount:
    def test_lists_where_one_is_signed_in_and_ends_the_others(self, sqlite_office, browser, officer):
        other = another_browser(sqlite_office)
        other.ask(
            "POST",
            "/sign-in",
            data={"email": officer.email, "password": PASSWORD},
            headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko Firefox/140.0"},
        )
        enter(browser, officer)
        shown = browser.get("/me")

        answer = browser.post("/me/sessions/end-others", csrf=csrf_of(shown))

        assert "Firefox on Windows" in w.words_of(shown)
        assert "1 other session is ended." in w.words_of(browser.follow(answer))
        assert other.get("/me").status_code == 303
        assert browser.get("/me").status_code == 200

    def test_ends_no_session_of_somebody_else(self, sqlite_office, browser, officer):
        other = another_browser(sqlite_office)
        enter(other, somebody(sqlite_office, "p-13", "Kim Ooi", "officer"))
        theirs = next(r for r in b.rows_of(sqlite_office, models.Session) if r["officer_id"] == "p-13")["id"]
        enter(browser, officer)
        csrf = csrf_of(browser.get("/me"))

        answers = [browser.post(f"/me/sessions/{one}/end", csrf=csrf) for one in (theirs, "s_unknown")]

        assert [one.status_code for one in answers] == [404, 404]
        assert w.words_of(answers[0]) == w.words_of(answers[1])
        assert other.get("/me").status_code == 200

    def test_changes_the_password_and_goes_on(self, browser, officer):
        enter(browser, officer)
        csrf = csrf_of(browser.get("/me/password"))
        new = "windmill Tuesday copper"

        answer = browser.post("/me/password", {"old": PASSWORD, "new": new, "repeated": new}, csrf=csrf)

        assert "Your password is changed." in w.words_of(browser.follow(answer))
        assert enter(browser, officer, password=new).status_code == 303

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            (
                {"old": "wrong", "new": "windmill Tuesday copper", "repeated": "windmill Tuesday copper"},
                "present password",
            ),
            ({"old": PASSWORD, "new": "windmill Tuesday copper", "repeated": "windmill"}, "differ"),
            ({"old": PASSWORD, "new": "short", "repeated": "short"}, "at least 12"),
        ],
    )
    def test_says_what_is_wrong_about_a_password(self, browser, officer, form, said):
        enter(browser, officer)

        answer = browser.post("/me/password", form, csrf=csrf_of(browser.get("/me/password")))

        assert answer.status_code in (401, 422)
        assert said in w.words_of(answer)
        assert PASSWORD not in answer.text

    def test_shows_a_token_once_and_revokes_it(self, sqlite_office, browser, officer):
        enter(browser, officer)
        csrf = csrf_of(browser.get("/me"))

        shown = browser.post("/me/tokens", {"name": "nightly", "role": "officer", "last_day": "27 12 2026"}, csrf=csrf)
        token = re.search(r"aeo_[\w-]{43}", shown.text).group()
        holder = token_holder(sqlite_office, token, now=b.NOW)
        again = browser.get("/me")
        browser.post(f"/me/tokens/{holder[1]}/revoke", csrf=csrf)

        assert holder[0].roles == {"officer"}
        assert token not in again.text
        assert "nightly" in again.text
        assert token_holder(sqlite_office, token, now=b.NOW) is None


class TestAgencyAccount:
    def test_has_a_button_where_a_provider_is_set_alone(self, browser):
        assert "/sign-in/provider" not in browser.get("/sign-in").text
        assert browser.get("/sign-in/provider").status_code == 404


def test_a_demonstration_shows_how_to_sign_in_and_production_never_does(sqlite_office):
    from workflow.operations.demonstration.sign_ins import PASSWORD as KNOWN  # noqa: PLC0415
    from workflow.operations.demonstration.sign_ins import open_to_all  # noqa: PLC0415
    from workflow.operations.demonstration.story import PEOPLE  # noqa: PLC0415
    from workflow.operations.manage_officers import add_officer  # noqa: PLC0415
    from workflow.operations.set_up_installation import set_up_installation  # noqa: PLC0415

    set_up_installation(sqlite_office.database, [], now=b.NOW)
    admin = b.another_person(sqlite_office, "p-00", "Zed", "admin")
    for email, name, roles in PEOPLE:
        add_officer(sqlite_office, email=email, name=name, roles=list(roles), act=b.act(admin))
    assert KNOWN not in another_browser(sqlite_office).get("/sign-in").text

    open_to_all(sqlite_office, SECRETS, now=b.NOW)

    browser = another_browser(sqlite_office)
    shown = browser.get("/sign-in").text
    code = re.search(r"<code>(\d{6})</code>", shown).group(1)
    enter(browser, Somebody(admin), email="priya.nair@casework.example", password=KNOWN)
    assert KNOWN in shown
    assert browser.post("/sign-in/code", {"code": code}).headers["location"] == "/approvals"
    live = replace(sqlite_office, production=True)
    assert KNOWN not in another_browser(live).get("/sign-in").text


def test_a_bearer_token_opens_the_api_and_no_page_and_a_cookie_the_other_way_round(sqlite_office, browser, officer):
    from starlette.requests import Request  # noqa: PLC0415

    from workflow.operations.add_token import add_token  # noqa: PLC0415

    token = add_token(sqlite_office, email=officer.email, name="x", act=b.act(officer.person)).token
    cookie = enter(browser, officer).cookies[COOKIE]
    app = w.create_app(w.site(sqlite_office))

    def caller(path: str, **headers: str):
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        return identify(Request({"type": "http", "method": "GET", "path": path, "headers": raw, "app": app}))

    assert caller("/api/v1/applications", authorization=f"Bearer {token}").email == officer.email
    assert caller("/work", authorization=f"Bearer {token}") is None
    assert caller("/work", cookie=f"{COOKIE}={cookie}").person == officer.person
    assert caller("/api/v1/applications", cookie=f"{COOKIE}={cookie}") is None
    assert caller("/api/v1/applications", authorization="Basic eDp5") is None
