"""Writes docs/screenshots/ by opening every page of a demonstration in Chromium, as the people of the demonstration."""

import base64
import re
import shutil
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent / "tests" / "browser")]

import pages  # noqa: E402  # found once the path above is known
import served  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

_WIDE, _PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_VIEWER = 2500  # milliseconds: a PDF is drawn after the page has loaded, and nothing tells when
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
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The most frequent colours stay; every other one becomes the nearest of them.
_TO_PALETTE = """async png => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
    pen.drawImage(image, 0, 0);
    const cells = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
    const seen = new Map();
    for (const cell of cells) seen.set(cell, (seen.get(cell) || 0) + 1);
    const kept = [...seen].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([cell]) => cell);
    const parts = cell => [cell & 255, (cell >> 8) & 255, (cell >> 16) & 255];
    const far = (a, b) => parts(a).reduce((sum, part, at) => sum + (part - parts(b)[at]) ** 2, 0);
    const places = new Map(kept.map((cell, at) => [cell, at]));
    for (const cell of seen.keys()) {
        if (places.has(cell)) continue;
        let best = 0;
        kept.forEach((one, at) => { if (far(one, cell) < far(kept[best], cell)) best = at; });
        places.set(cell, best);
    }
    let text = "";
    for (const cell of cells) text += String.fromCharCode(places.get(cell));
    return [image.width, image.height, kept.flatMap(parts), btoa(text)];
}"""


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
            painter = browser.new_page()
            doors = served.Doors(browser, server)
            sights = dict.fromkeys([*pages.routed(pages.examples(Path(office))), *pages.MORE])
            for name, sight in _named(sights).items():
                _take(painter, doors, sight, folder / f"{name}.png", viewport=_WIDE)
                if name in _MAIN:
                    _take(painter, doors, sight, folder / f"{name}-phone.png", viewport=_PHONE)
                    _take(painter, doors, sight, folder / f"{name}-dark.png", viewport=_WIDE, color_scheme="dark")
            browser.close()
    taken = list(folder.iterdir())
    size = sum(path.stat().st_size for path in taken) / 1_000_000
    print(f"{len(taken)} pictures, {size:.1f} MB, in {folder.relative_to(HERE.parent)}/")


def _named(sights: Iterable[pages.Sight]) -> dict[str, pages.Sight]:
    """Return the pages by the names of their pictures: the address, and who looks where somebody else did before."""
    named: dict[str, pages.Sight] = {}
    for sight in sights:
        # These two are made anew in every demonstration.
        path = re.sub(r"(/mailbox)/.+", r"\1/letter", re.sub(r"/p_[0-9a-f]+", "/person", sight.path))
        name = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-").lower()
        if name in named:
            name += "-" + sight.who.partition("@")[0].replace(".", "-")
        named[name] = sight
    return named


def _take(painter: Page, doors: served.Doors, sight: pages.Sight, path: Path, **how: Any) -> None:
    """Take a picture of what a screen shows at first: a long page is cut at its foot."""
    page = doors.desk(sight.who, **how).page if sight.who else doors.window(**how).new_page()
    page.goto(f"{doors.address}{sight.path}")
    if page.locator("iframe").count():
        page.wait_for_timeout(_VIEWER)
    path.write_bytes(_small(painter, page.screenshot()))
    doors.close()


def _small(painter: Page, png: bytes) -> bytes:
    """Return a picture with 256 colours, which is what a page of text needs, at half the size."""
    width, height, palette, indexes = painter.evaluate(_TO_PALETTE, base64.b64encode(png).decode())
    cells = base64.b64decode(indexes)
    rows = b"".join(b"\0" + cells[at : at + width] for at in range(0, width * height, width))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(palette)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


if __name__ == "__main__":
    main()
