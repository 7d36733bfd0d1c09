"""What keeps others out: headers, cookies, forms, sizes, addresses, and text that wants to be more than text."""

import asyncio
import csv
import io
import re
from dataclasses import replace
from typing import Any

import browsing as w
import builders as b
import policy
import pytest
from limits import RateLimitItemPerMinute
from policy import routes_of
from sign_ins import PASSWORD, SECRETS, hash_quickly, somebody
from test_matrix import ROUTES, address, form_of

from workflow import models
from workflow.access import Area
from workflow.models.base import table_of
from workflow.web.identity import identify
from workflow.web.limiting import Limiter
from workflow.web.rendering import environment, ours

HEADERS = {
    "content-security-policy": "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}
SMALL = 2 * 1024 * 1024
PAGE_POSTS = [(path, area) for method, path, area in ROUTES if method == "POST" and not path.startswith("/api/")]
NASTY = ("<script>alert(7331)</script>", "{{7331*7}}", "{% raw %}", "=7331+7", "@SUM(A1)", "+7331", "-7331", "\t=1")


@pytest.fixture
def staff(sqlite_office):
    return b.people(sqlite_office)


def app_of(office, person=None, **limits):
    app = w.create_app(w.site(office, person))
    app.state.limiter = Limiter(**limits)
    return app


def raw(
    app, path: bytes, *, method: str = "GET", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> tuple[int, dict[str, str], bytes]:
    """Ask with bytes that no well-behaved client sends."""
    sent: list[Any] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": path.decode("latin-1"), "raw_path": path, "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), *headers], "server": ("localhost", 443), "client": ("127.0.0.1", 1),
        "app": app,
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = next(m for m in sent if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    return start["status"], {k.decode(): v.decode("latin-1") for k, v in start["headers"]}, body


class TestHeaders:
    def test_stand_on_every_answer_of_every_route(self, sqlite_office, staff):
        reference = b.submit(sqlite_office, b.act(staff.officer))
        app = app_of(sqlite_office, staff.officer, pages=policy.UNLIMITED)
        for method, path, area in ROUTES:
            answer = w.Browser.of(app).ask(method, address(path, reference), **form_of(method, path))
            told = answer.headers["content-security-policy"]
            if path.endswith("/file"):  # shown within our own pages, in a policy of its own that runs nothing
                assert "default-src 'none'" in told
                assert "frame-ancestors 'self'" in told
                assert "script-src" not in told
                continue
            assert "unsafe" not in told, (method, path)
            for name, value in HEADERS.items():
                assert value in answer.headers.get(name, ""), (method, path, answer.status_code, name)
            if area is not Area.PUBLIC:
                assert answer.headers["cache-control"] == "no-store", (method, path, answer.status_code)

    @pytest.mark.parametrize("path", ["/nowhere", "/static/aeo.css", "/static/none.css", "/api/v1/nowhere", "/healthz"])
    def test_stand_on_errors_and_files(self, sqlite_office, path):
        answer = w.browser(sqlite_office).get(path)
        for name, value in HEADERS.items():
            assert value in answer.headers[name]

    def test_stand_on_the_answer_to_a_foreign_host(self, sqlite_office, staff):
        answer = w.browser(sqlite_office, staff.officer).get("/cases", Host="elsewhere.example")
        assert answer.status_code == 400
        assert "Quillhaven" not in answer.text
        assert HEADERS["content-security-policy"] in answer.headers["content-security-policy"]

    @pytest.mark.parametrize("method", ["TRACE", "DELETE", "PATCH", "OPTIONS"])
    def test_no_method_is_answered_that_no_route_takes(self, sqlite_office, staff, method):
        assert w.browser(sqlite_office, staff.officer).ask(method, "/cases").status_code == 405


class TestCookies:
    def test_are_ours_alone_secure_and_out_of_reach_of_scripts(self, sqlite_office, monkeypatch):
        hash_quickly(monkeypatch)
        who = somebody(sqlite_office, "p-11", "Irfan Malik", "officer")
        browser = w.Browser(replace(w.site(sqlite_office), identify=identify, secrets=SECRETS))
        entered = browser.post("/sign-in", {"email": who.email, "password": PASSWORD}, csrf="")
        csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get("/cases/new").text)[1]
        answers = (
            entered,
            browser.post("/me/look", {"theme": "dark"}, csrf=csrf),
            browser.post("/sign-out", csrf=csrf),
        )
        cookies = [one for answer in answers for one in answer.headers.get_list("set-cookie")]
        assert len(cookies) >= 3
        for cookie in cookies:
            assert cookie.startswith("__Host-"), cookie
            assert {"HttpOnly", "Path=/", "Secure", "SameSite=lax"} <= set(cookie.split("; ")), cookie


class TestForms:
    def test_without_the_sessions_word_or_from_another_site_do_nothing(self, sqlite_office, staff):
        reference = b.submit(sqlite_office, b.act(staff.officer))
        roles = ("officer", "approver", "account_manager", "supervisor", "auditor", "admin")
        app = app_of(
            sqlite_office, b.another_person(sqlite_office, "p-90", "Siti Rahim", *roles), pages=policy.UNLIMITED
        )
        browser, before = w.Browser.of(app), b.everything(sqlite_office)
        for path, area in PAGE_POSTS:
            there = address(path, reference)
            answers = [
                browser.post(there, Origin="https://elsewhere.example"),
                browser.post(there, Origin="null"),
                browser.post(there, **{"Sec-Fetch-Site": "cross-site"}),
                browser.post(there, **{"Sec-Fetch-Site": "same-site"}),
            ]
            if area is not Area.PUBLIC:  # before somebody is signed in there is no session that a form could belong to
                answers += [browser.post(there, csrf=""), browser.post(there, csrf="wrong")]
                answers.append(browser.ask("POST", there, json={"csrf": w.CSRF}))
            assert {answer.status_code for answer in answers} == {403}, path
        assert b.everything(sqlite_office) == before

    def test_that_are_too_large_are_told_so(self, sqlite_office, staff):
        app = app_of(sqlite_office, staff.officer, pages=policy.UNLIMITED)
        told = 0
        for route in routes_of(app.router):
            if "POST" in route.methods and not route.path.startswith("/api/") and route.max_body_size <= SMALL:
                content = b"csrf=" + b"x" * route.max_body_size
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                answer = w.Browser.of(app).ask("POST", address(route.path), content=content, headers=kind)
                assert answer.status_code == 413, route.path
                assert "It is larger than this page takes" in w.words_of(answer)
                told += 1
        assert told > len(PAGE_POSTS) / 2  # the others take files

    def test_that_come_too_often_are_kept_and_told_when_to_come_back(self, sqlite_office, staff):
        app = app_of(sqlite_office, staff.officer, pages=RateLimitItemPerMinute(2))
        browser = w.Browser.of(app)
        assert [browser.get("/cases").status_code for _ in range(3)] == [200, 200, 429]
        answer = browser.post("/cases/new", {"company_name": "Quillhaven Logistics Pte. Ltd."})
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert re.search(r"Wait \d+ seconds, then go on\.", w.words_of(answer))
        assert "Quillhaven Logistics Pte. Ltd." in answer.text
        assert browser.get("/static/aeo.css").status_code == 200

    def test_of_nobody_are_counted_by_address(self, sqlite_office):
        browser = w.Browser.of(app_of(sqlite_office, signed_out=RateLimitItemPerMinute(1)))
        first = {"X-Forwarded-For": "192.0.2.7"}
        assert browser.get("/sign-in", **first).status_code == 200
        assert browser.get("/sign-in", **first).status_code == 429
        assert browser.get("/sign-in", **{"X-Forwarded-For": "192.0.2.7, 192.0.2.8"}).status_code == 200


class TestAddresses:
    @pytest.mark.parametrize(
        "path",
        [
            b"/static/../../workflow/settings.py", b"/static/..%2f..%2fpyproject.toml", b"/static/..\\..\\x",
            b"/static//etc/passwd", b"/static/%2e%2e/layout.html", b"/static/../layout.html", b"/static/", b"/static",
            b"/static/aeo.css\x00.html", b"/static/aeo.css/", b"//etc/passwd", b"/.git/config", b"/static/.git/config",
        ],
    )  # fmt: skip
    def test_that_climb_out_of_the_folder_of_files_lead_nowhere(self, sqlite_office, path):
        status, headers, body = raw(app_of(sqlite_office), path)
        assert status in (303, 307, 400, 404, 405), path
        assert b"root:" not in body
        assert b"{%" not in body
        if status in (303, 307):
            assert headers["location"].startswith(("/sign-in", "https://localhost/static"))

    @pytest.mark.parametrize(
        "wanted",
        [
            "//elsewhere.example", "///elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example",
            "https://elsewhere.example", "https:elsewhere.example", "javascript:alert(1)", "data:text/html,x",
            "/\t/elsewhere.example", "/\n/elsewhere.example", " //elsewhere.example", "/x\r\nSet-Cookie: a=b", "", "x",
        ],
    )  # fmt: skip
    def test_of_other_sites_are_not_gone_to_after_signing_in(self, sqlite_office, staff, wanted):
        assert ours(wanted) == ""
        answer = w.browser(sqlite_office, staff.officer).ask("GET", "/sign-in", params={"next": wanted})
        assert answer.headers["location"] == "/work"
        assert "set-cookie" not in answer.headers

    def test_of_ours_are(self, sqlite_office, staff):
        answer = w.browser(sqlite_office, staff.officer).ask(
            "GET", "/sign-in", params={"next": "/cases?state=submitted"}
        )
        assert answer.headers["location"] == "/cases?state=submitted"


class TestText:
    @pytest.fixture
    def hostile(self, sqlite_office, staff):
        """Cases whose every text wants to be more than text."""
        references = []
        for text in NASTY:
            reference = b.submit(
                sqlite_office, b.act(staff.officer), company_name=text.strip() or text, sites=[text.strip()]
            )
            b.done(b.advance(sqlite_office, b.act(staff.officer), reference, "request_information", reason=text))
            references.append(reference)
        return references

    def test_is_never_run_by_a_page(self, sqlite_office, staff, hostile):
        app = app_of(sqlite_office, staff.supervisor, pages=policy.UNLIMITED)
        seen = ""
        for method, path, area in ROUTES:
            if method != "GET" or path.startswith("/api/") or area is Area.PUBLIC:
                continue
            for reference in hostile if "{reference}" in path else hostile[:1]:
                answer = w.Browser.of(app).get(address(path, reference))
                assert "<script>alert" not in answer.text, path
                assert str(7331 * 7) not in answer.text, path
                seen += answer.text
        assert "{{7331*7}}" in seen  # it was shown, as what it is
        assert "&lt;script&gt;alert(7331)&lt;/script&gt;" in seen

    @pytest.mark.usefixtures("hostile")
    def test_is_never_run_by_a_mail(self, sqlite_office):
        payloads = [row["payload"] for row in b.rows_of(sqlite_office, models.Notification)]
        assert any("7331*7" in str(one) for one in payloads)
        assert not any(str(7331 * 7) in str(one) for one in payloads)

    def test_is_never_run_by_a_spreadsheet(self, sqlite_office, staff, hostile):
        app = app_of(sqlite_office, staff.supervisor, pages=policy.UNLIMITED)
        told, cells = [], []
        for method, path, _ in ROUTES:
            if method == "GET" and not path.startswith("/api/"):
                for more in ("", "?format=csv"):
                    answer = w.Browser.of(app).get(address(path, hostile[0]) + more)
                    if answer.headers.get("content-type", "").startswith("text/csv"):
                        told.append(path)
                        cells += [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
        assert {"/work.csv", "/cases.csv", "/team/{table}.csv", "/trail/exceptions"} <= set(told)
        assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
        assert {"'=7331+7", "'@SUM(A1)", "'+7331", "'-7331"} <= set(cells)

    def test_of_a_files_name_cannot_add_a_header(self, sqlite_office, staff):
        reference = b.submit(sqlite_office, b.act(staff.officer))
        number = b.add(sqlite_office, b.act(staff.officer), reference, "bizfile_report")
        hostile = 'a"\r\nSet-Cookie: x=y\r\n\r\n<b>.pdf'
        copied = {k: v for k, v in b.rows_of(sqlite_office, models.Document, id=number)[0].items() if k != "id"}
        with sqlite_office.database.transaction() as transaction:
            document = table_of(models.Document)
            row = copied | {"filename": hostile, "version": 2}
            other = transaction.connection.execute(document.insert(), row).inserted_primary_key[0]
        status, headers, _ = raw(
            app_of(sqlite_office, staff.officer), f"/cases/{reference}/documents/{other}/file".encode()
        )
        assert status in (200, 404, 503)
        assert "set-cookie" not in headers
        assert not re.search(r"[\r\n]", "".join(headers.values()))


class TestDefects:
    """An exception that nobody expected tells nothing of where it came from."""

    def check(self, answer):
        assert answer.status_code == 500
        assert "Something went wrong on our side" in answer.text
        for told in ("Traceback", "RuntimeError", "secret detail", ".py"):
            assert told not in answer.text
        for name, value in HEADERS.items():
            assert value in answer.headers[name]
        assert answer.headers["cache-control"] == "no-store"

    @pytest.fixture
    def broken(self):
        def fail(*_, **__):
            raise RuntimeError("secret detail")

        return fail

    def test_in_a_page(self, sqlite_office, staff, monkeypatch, broken):
        monkeypatch.setattr("workflow.web.pages.work.worklist.read", broken)
        self.check(w.browser(sqlite_office, staff.officer).get("/cases"))

    def test_in_a_call(self, sqlite_office, staff, monkeypatch, broken):
        monkeypatch.setattr("workflow.reports.cases.show", broken)
        reference = b.submit(sqlite_office, b.act(staff.officer))
        answer = w.browser(sqlite_office, staff.officer).get(f"/api/v1/applications/{reference}")
        self.check(answer)
        assert answer.headers["content-type"] == "application/problem+json"

    def test_in_a_template(self, sqlite_office, staff, monkeypatch, broken):
        monkeypatch.setitem(environment().globals, "acts", type("Broken", (), {"__getattr__": broken})())
        reference = b.submit(sqlite_office, b.act(staff.officer))
        self.check(w.browser(sqlite_office, staff.officer).get(f"/cases/{reference}"))
