"""A demonstration as people meet it: the real server process on a port of its own, Chromium, and who signs in there.

Knows how to start, to sign in and to press; holds no test.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

from workflow.operations.demonstration import valid_uen
from workflow.operations.demonstration.sign_ins import PASSWORD
from workflow.store import codes

__all__ = ["PASSWORD", "valid_uen"]

CLOCK = "2026-11-24T09:00:00+08:00"
AEO = Path(sys.executable).with_name("aeo")
OFFICER, SECOND_OFFICER, APPROVER, SECOND_APPROVER, THIRD_APPROVER, MANAGER, SUPERVISOR, AUDITOR, ADMIN = (
    f"{name}@casework.example"
    for name in (
        "tan.weiming", "lee.jiahui", "priya.nair", "lim.boonkiat", "devi.menon", "nurul.huda", "goh.siewling",
        "arun.pillai", "admin",
    )
)  # fmt: skip
BOTH = "chua.meilin@casework.example"  # an officer who is an approver too; added to the demonstration
# Companies that sent all documents and answers the day before; nobody has looked yet. Added to the demonstration.
COMPLETE = {
    "clicks": "Brightmoor Forwarding Pte. Ltd.",
    "no scripts": "Cedarwick Bonded Pte. Ltd.",
    "keys": "Dunmarsh Airfreight Pte. Ltd.",
    "exceptions": "Eastgrove Reefers Pte. Ltd.",
}
HOW_TO_GET_ONE = "Chromium is not installed: apt-get install chromium"
_WAIT = 60  # seconds for a server on a busy machine
_ARGUMENTS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


def chromium() -> str | None:
    """Return the browser of this machine, if it has one."""
    return shutil.which("chromium") or shutil.which("chromium-headless-shell")


def launch(playwright: Playwright) -> Browser:
    """Start the browser of this machine, with a profile of its own that is gone afterwards."""
    sandboxed = [] if os.getuid() else ["--no-sandbox"]  # Chromium refuses its sandbox to root
    return playwright.chromium.launch(executable_path=chromium(), args=[*sandboxed, *_ARGUMENTS])


def environment(**more: str) -> dict[str, str]:
    """Return our own environment without settings of another installation, the clock set."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AEO_")}
    return ours | {"AEO_CLOCK": CLOCK} | more


def load_demonstration(folder: Path) -> None:
    """Set up a database in a folder and load the demonstration, as a first user does."""
    for command in (["db", "upgrade"], ["demo", "load", "--json"]):
        subprocess.run([AEO, *command], cwd=folder, env=environment(), check=True, capture_output=True)


class Server:
    """`aeo serve` over the database of a folder; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "serve.log"

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [AEO, "serve", "--port", str(self.port)]
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment(), stdout=log, stderr=subprocess.STDOUT
            )
        for _ in range(_WAIT * 10):
            if self._answers():
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"The server did not start:\n{self.said()}")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:  # open connections of a browser
                self._process.kill()
                self._process.wait()
        self._process = None

    def said(self) -> str:
        """Return what it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=2) as answer:  # noqa: S310  # our own loopback address
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a folder's database for a while."""
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def copy_of(loaded: Path, to: Path) -> Path:
    """Copy a folder with a loaded demonstration, so that a test can change it."""
    shutil.copytree(loaded, to, ignore=shutil.ignore_patterns("serve.log"))
    return to


def sign_in(page: Page, address: str, email: str) -> None:
    """Sign in as the page tells people of a demonstration to; everything is typed and sent with Enter."""
    page.goto(f"{address}/sign-in")
    code = code_on(page, email) if email != BOTH else ""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    secret = page.locator("code.secret")
    if secret.count():  # the first sign-in of somebody who needs codes
        code = codes.code_at(secret.inner_text().replace(" ", ""), datetime.now(UTC))
    if page.get_by_label("Code").count():
        page.get_by_label("Code").fill(code)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Sign in").count() == 0, page.locator("main").inner_text()


def code_on(page: Page, email: str) -> str:
    """Return the code that the sign-in page shows beside somebody."""
    return page.get_by_role("row").filter(has_text=email).locator("td").last.inner_text().strip()


class Desk:
    """Somebody signed in at a screen. Counts presses of links, buttons and boxes; typing and Enter are none."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.presses = page, address, 0

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def press(self, name: str | re.Pattern[str], *, within: str | Locator = "main") -> None:
        """Press what leads somewhere: the first link or button of this name."""
        self.presses += 1
        with self.page.expect_navigation():
            self._push(self._control(name, within))

    def attach(self, label: str, name: str, content: bytes) -> None:
        """Choose a file: one press opens the system's own window, where it is typed or found."""
        self.presses += 1
        with self.page.expect_file_chooser() as asked:
            self._push(self._field(label))
        file: Any = {"name": name, "mimeType": "application/pdf", "buffer": content}
        asked.value.set_files(file)

    def type(self, label: str, text: str) -> None:
        self._field(label).fill(text)

    def choose(self, label: str, option: str) -> None:
        """Choose from a list by keyboard, which is typing."""
        self._field(label).select_option(label=option)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", self.page.locator("main").inner_text())

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.address)

    def _control(self, name: str | re.Pattern[str], within: str | Locator) -> Locator:
        inside = self.page.locator(within) if isinstance(within, str) else within
        exact = isinstance(name, str)
        buttons = inside.get_by_role("button", name=name, exact=exact)
        return buttons.or_(inside.get_by_role("link", name=name, exact=exact)).first

    def _field(self, label: str) -> Locator:
        return self.page.locator("main").get_by_label(label, exact=True).first

    def _push(self, target: Locator) -> None:
        target.click()


class Keys(Desk):
    """Somebody without a mouse: reaches everything by Tab, and sees at every stop where the focus is."""

    _STOPS = 250
    _AT = """target => {
        const here = document.activeElement, look = getComputedStyle(here), box = here.getBoundingClientRect();
        const ring = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
        const inside = box.bottom > 0 && box.top < innerHeight;
        return [here === target, here === document.body || (ring && inside), here.outerHTML.slice(0, 160)];
    }"""

    def type(self, label: str, text: str) -> None:
        self._reach(self._field(label))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str) -> None:
        field = self._field(label)
        self._reach(field)
        self.page.keyboard.type(option)
        assert field.locator("option:checked").inner_text() == option

    def _push(self, target: Locator) -> None:
        self._reach(target)
        self.page.keyboard.press("Enter")

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        handle = target.element_handle()
        for _ in range(self._STOPS):
            self.page.keyboard.press("Tab")
            there, visible, html = self.page.evaluate(self._AT, handle)
            assert visible, f"{self.path}: the focus cannot be seen at {html}"
            if there:
                return
        raise AssertionError(f"{self.path}: Tab does not reach {target}")


class Doors:
    """Opens browsers' windows for people of one server; everybody signs in once and keeps the session."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser, self.address = browser, server.address
        self._states: dict[str, Any] = {}
        self._open: list[BrowserContext] = []

    def window(self, **how: Any) -> BrowserContext:
        """Open a window in which nobody is signed in."""
        context = self._browser.new_context(**how)
        self._open.append(context)
        return context

    def desk(self, email: str, kind: type[Desk] = Desk, **how: Any) -> Desk:
        """Open a window in which somebody is signed in."""
        if email not in self._states:
            with self._browser.new_context() as context:
                sign_in(context.new_page(), self.address, email)
                self._states[email] = context.storage_state()
        return kind(self.window(storage_state=self._states[email], **how).new_page(), self.address)

    def forget(self, email: str) -> None:
        """Forget a session that was ended."""
        self._states.pop(email, None)

    def close(self) -> None:
        for context in self._open:
            context.close()
        self._open.clear()


def filled(path: str, examples: Mapping[str, str]) -> str | None:
    """Return a route's path with its parameters filled from examples, or None when one is missing."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    if any(name not in examples for name in names):
        return None
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: examples[found[1]], path)
