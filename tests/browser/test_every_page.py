"""Every page, found from the application's routes: accessible, readable at any width, without an error or a foreign script."""

from collections.abc import Iterator
from typing import Any

import pages
import pytest
import served
from axe_playwright_python.sync_playwright import Axe
from pages import Sight
from playwright.sync_api import Page, expect
from served import Desk, Doors

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
ZOOMED = {"width": 320, "height": 256}  # what is left of 1280 by 1024 at 400 % zoom
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_EVERYTHING = {"runOnly": _RULES, "resultTypes": ["violations"]}
_CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
_DARK_IN_SHORT = {"/work", "/cases/STP-2026-000012", "/cases/STP-2026-000012/checklist?at=S3", "/team", "/sign-in"}
_NOTE_REFUSED = """
    window.refused = [];
    document.addEventListener("securitypolicyviolation", one => window.refused.push(one.violatedDirective));
"""
_SHAPE = """() => ({
    headings: document.querySelectorAll("h1").length,
    language: document.documentElement.lang,
    title: document.title,
    refused: window.refused,
})"""
_SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Eye:
    """Looks at pages as the people who open them, one window for each, and tells what is wrong."""

    def __init__(self, doors: Doors) -> None:
        self._doors, self._axe = doors, Axe()
        self._windows: dict[str, tuple[Page, list[str]]] = {}

    def wrong_with(self, sight: Sight, *, dark: bool) -> Iterator[str]:
        page, errors = self._window(sight.who)
        errors.clear()
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
        answer = page.goto(f"{self._doors.address}{sight.path}")
        if answer is None or answer.status != sight.status:
            yield f"answers {answer and answer.status}, not {sight.status}"
        shape: dict[str, Any] = page.evaluate(_SHAPE)
        if shape["headings"] != 1 or not shape["title"].strip(" ·") or not shape["language"]:
            yield f"{shape['headings']} h1, title {shape['title']!r}, lang {shape['language']!r}"
        yield from self.wrong_here(page, dark=dark)
        yield from (f"the content policy refused {one}" for one in page.evaluate("window.refused"))
        yield from errors

    def wrong_here(self, page: Page, *, dark: bool) -> Iterator[str]:
        """Tell what is wrong with a page that is open."""
        for size in (WIDE, NARROW, ZOOMED):
            page.set_viewport_size(size)
            if (over := page.evaluate(_SIDEWAYS)) > 0:
                yield f"scrolls sideways by {over} px at {size['width']} px"
            page.evaluate("scrollTo(0, document.body.scrollHeight)")  # a bar at the foot covers nothing there
            if size is not ZOOMED:
                yield from self._found(page, _EVERYTHING, f"{size['width']} px")
        if dark:
            page.emulate_media(color_scheme="dark")
            for size in (WIDE, NARROW):
                page.set_viewport_size(size)
                yield from self._found(page, _CONTRAST, f"{size['width']} px, dark")
            page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)

    def _found(self, page: Page, options: dict[str, Any], how: str) -> Iterator[str]:
        for one in self._axe.run(page, options=options).response["violations"]:
            nodes = "; ".join(node["html"][:160] for node in one["nodes"][:3])
            yield f"{how}: {one['id']}, {len(one['nodes'])} times: {one['help']}: {nodes}"

    def _window(self, who: str) -> tuple[Page, list[str]]:
        if who not in self._windows:
            page = self._doors.desk(who).page if who else self._doors.window().new_page()
            page.add_init_script(_NOTE_REFUSED)
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(f"script error: {error}"))
            page.on("console", lambda said: errors.extend(_complaint(said)))
            self._windows[who] = page, errors
        return self._windows[who]


def _complaint(said: Any) -> list[str]:
    """Return what a console message complains about; that a page answers 403 or 404 on purpose is no complaint."""
    on_purpose = said.text.startswith("Failed to load resource") and said.location.get("url", "").count("/static/") == 0
    return [f"console: {said.text}"] if said.type in ("error", "warning") and not on_purpose else []


@pytest.fixture(scope="module")
def sights(server) -> list[Sight]:
    return list(dict.fromkeys([*pages.routed(pages.examples(server.folder)), *pages.MORE]))


@pytest.fixture
def eye(doors) -> Eye:
    return Eye(doors)


def test_every_page_is_accessible_wide_and_narrow_and_never_scrolls_sideways(eye, sights):
    wrong = [
        f"{sight.path} ({sight.who or 'signed out'}): {one}"
        for sight in sights
        for one in eye.wrong_with(sight, dark=sight.path in _DARK_IN_SHORT)
    ]
    assert len(sights) > 60
    assert not wrong, "\n".join(wrong)


def test_pages_that_only_a_form_leads_to_are_as_good(eye, doors):
    wrong: list[str] = []

    def look(desk: Desk, heading: str) -> None:
        expect(desk.page.get_by_role("heading", level=1)).to_have_text(heading)
        wrong.extend(f"{heading}: {one}" for one in eye.wrong_here(desk.page, dark=True))

    signing_in = Desk(doors.window().new_page(), doors.address)
    signing_in.open("/sign-in")
    sign_in_as(signing_in, "nobody@customs.example", "wrong")
    look(signing_in, "Sign in")
    sign_in_as(signing_in, served.THIRD_APPROVER)
    signing_in.type("Code", "000000")
    signing_in.press("Sign in")
    look(signing_in, "Type your code")
    signing_in.page.context.clear_cookies()
    signing_in.open("/sign-in")
    sign_in_as(signing_in, served.BOTH)
    look(signing_in, "Set up one-time codes")

    typing, elsewhere = doors.desk(served.OFFICER), doors.desk(served.OFFICER)
    typing.open("/cases/new")
    typing.press("Start the case")
    look(typing, "Start a case for a company")
    act = "/cases/STP-2026-000008/do/return_to_checklist"
    elsewhere.open("/cases/STP-2026-000008/assign")
    typing.open(act)
    typing.type("Reason", "The answers are of last year.")
    elsewhere.choose("Officer", "Siti Rahmah")
    elsewhere.press("Assign case")
    typing.press("Return to checklist")
    look(typing, "Not saved: Return to checklist, STP-2026-000008")
    typing.page.context.clear_cookies()
    typing.press("Send it again")
    look(typing, "You were signed out")
    typing.press("Sign in and go on")
    look(typing, "Sign in")
    sign_in_as(typing, served.OFFICER)
    look(typing, "You are signed in. Send what you typed?")
    assert not wrong, "\n".join(wrong)


def test_a_verdict_stays_inside_its_panel_on_a_phone(eye, doors):
    desk = doors.desk(served.AUDITOR)
    desk.open("/trail/verification")
    desk.press("Verify the trail")
    desk.page.set_viewport_size(NARROW)
    verdict = desk.page.locator(".verdict")
    expect(verdict).to_contain_text("signature by casework-")
    assert verdict.evaluate("one => one.scrollWidth - one.clientWidth") == 0
    assert list(eye.wrong_here(desk.page, dark=True)) == []
    desk.type("A checkpoint that you kept elsewhere", "hello")
    desk.press("Verify the trail")
    expect(desk.page.get_by_label("A checkpoint that you kept elsewhere")).to_have_value("hello")
    assert list(eye.wrong_here(desk.page, dark=True)) == []


def sign_in_as(desk: Desk, email: str, password: str = served.PASSWORD) -> None:
    desk.type("E-mail", email)
    desk.type("Password", password)
    desk.press("Sign in")


@pytest.mark.exhaustive
def test_every_page_can_be_read_in_the_dark_too(eye, sights):
    wrong = [f"{sight.path} ({sight.who}): {one}" for sight in sights for one in eye.wrong_with(sight, dark=True)]
    assert not wrong, "\n".join(wrong)
