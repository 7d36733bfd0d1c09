"""Writes docs/screenshots/ by opening every page of a demonstration in Chromium, as the people of the demonstration."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent / "tests" / "browser")]

import pages  # noqa: E402  # found once the path above is known
import served  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

_WIDE, _PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Pages that are looked at on a phone and in the dark too: one of each kind.
_MAIN = {
    "work",
    "cases-stp-2026-000012",
    "cases-stp-2026-000012-checklist-at-s3",
    "cases-stp-2026-000004-decide-certify",
    "portfolio",
    "sign-in",
    "team",
}


def main() -> None:
    if served.chromium() is None:
        raise SystemExit(served.HOW_TO_GET_ONE)
    folder = HERE / "screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with tempfile.TemporaryDirectory() as office:
        served.load_demonstration(Path(office))
        with served.serving(Path(office)) as server, sync_playwright() as playwright:
            browser = served.launch(playwright)
            doors = served.Doors(browser, server)
            sights = dict.fromkeys([*pages.routed(pages.examples(Path(office))), *pages.MORE])
            for name, sight in _named(sights).items():
                _take(doors, sight, folder / f"{name}.png", viewport=_WIDE)
                if name in _MAIN:
                    _take(doors, sight, folder / f"{name}-phone.png", viewport=_PHONE)
                    _take(doors, sight, folder / f"{name}-dark.png", viewport=_WIDE, color_scheme="dark")
            browser.close()
    taken = list(folder.iterdir())
    size = sum(path.stat().st_size for path in taken) / 1_000_000
    print(f"{len(taken)} pictures, {size:.1f} MB, in {folder.relative_to(HERE.parent)}/")


def _named(sights: Iterable[pages.Sight]) -> dict[str, pages.Sight]:
    """Return the pages by the names of their pictures: the address, and who looks where somebody else did before."""
    named: dict[str, pages.Sight] = {}
    for sight in sights:
        name = re.sub(r"[^A-Za-z0-9]+", "-", sight.path).strip("-").lower()
        if name in named:
            name += "-" + sight.who.partition("@")[0].replace(".", "-")
        named[name] = sight
    return named


def _take(doors: served.Doors, sight: pages.Sight, path: Path, **how: Any) -> None:
    """Take a picture of what a screen shows at first: a long page is cut at its foot."""
    page = doors.desk(sight.who, **how).page if sight.who else doors.window(**how).new_page()
    page.goto(f"{doors.address}{sight.path}")
    page.screenshot(path=path)
    doors.close()


if __name__ == "__main__":
    main()
