"""`make interop`: other people's tools look at what we export. Nothing here is a dependency of AEO Casework.

Each tool runs as a program of its own in `.interop/`. What cannot be had on a machine is named, not passed over.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from interop import page, vectors
from workflow.cli.main import run as aeo
from workflow.reports.trail.table import COLUMNS

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / ".interop"
MATERIAL = PLACE / "material"
AUDITOR = "arun.pillai@casework.example"
MANY = len(vectors.SIZES)  # every size once, 1,043 of them


class Missing(Exception):
    """A tool that cannot be had on this machine, and why."""


class Failed(Exception):
    """A tool found something wrong."""


def material() -> None:
    """Make an installation with the demonstration, and export from it in every format."""
    shutil.rmtree(MATERIAL, ignore_errors=True)
    MATERIAL.mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith("AEO_")]:
        del os.environ[name]
    os.chdir(MATERIAL)
    _ours("db", "upgrade")
    _ours("demo", "load")
    case = _one_case()
    for form in ("xes", "ocel"):
        _ours("audit", "export", "--format", form, "--out", f"trail.{form}", "--as", AUDITOR)
    for form in ("csv", "xlsx", "pdf", "jsonl"):
        _ours("audit", "export", "--format", form, "--application", case, "--out", f"case.{form}", "--as", AUDITOR)
    chance = random.Random(2)  # noqa: S311  # a sample, no secret
    made = [*vectors.proofs(MANY), *vectors.of_bundle(Path("case.jsonl"))]
    with Path("vectors.jsonl").open("w") as target:
        target.writelines(json.dumps(one) + "\n" + json.dumps(vectors.altered(one, chance)) + "\n" for one in made)
    _checkpoints()


def _one_case() -> str:
    """Return a case of the demonstration with a long history."""
    import sqlite3  # noqa: PLC0415  # only to choose

    with sqlite3.connect("var/casework.db") as connection:
        most = "SELECT reference FROM application ORDER BY case_seq DESC LIMIT 1"
        return str(connection.execute(most).fetchone()[0])


def _checkpoints() -> None:
    """Write the bundle's checkpoint, and the same with each of its bytes altered in turn."""
    header = json.loads(Path("case.jsonl").open(encoding="utf-8").readline())
    note, vkey = header["checkpoint"], header["vkey"]
    with Path("checkpoints.jsonl").open("w") as target:
        target.write(json.dumps({"valid": True, "note": note, "vkey": vkey}) + "\n")
        for at, one in enumerate(note):
            other = note[:at] + ("A" if one != "A" else "B") + note[at + 1 :]
            target.write(json.dumps({"valid": False, "note": other, "vkey": vkey}) + "\n")


def _ours(*arguments: str) -> None:
    if code := aeo(list(arguments)):
        raise SystemExit(f"aeo {' '.join(arguments)} ended with {code}: nothing can be checked.")


def with_pymerkle() -> str:
    return _told(_python(), HERE / "check_pymerkle.py", MATERIAL / "vectors.jsonl")


def with_pm4py() -> str:
    log = json.loads((MATERIAL / "trail.ocel").read_text(encoding="utf-8"))
    events = log["events"]
    states = {a["value"] for event in events for a in event["attributes"] if a["name"] == "to_state"}
    cases = {r["objectId"] for event in events for r in event["relationships"] if r["qualifier"] == "case"}
    told = (str(len(cases)), str(len(events)), ",".join(sorted(states)))
    return _told(_python(), HERE / "check_pm4py.py", MATERIAL / "trail.xes", MATERIAL / "trail.ocel", *told)


def with_transmute() -> str:
    _need("node")
    folder = PLACE / "npm"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "check_rfc9162.js"):
        shutil.copy(HERE / name, folder / name)
    if not (folder / "node_modules" / "@transmute").exists():
        _install(_need("npm"), "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder)
    return _told("node", folder / "check_rfc9162.js", MATERIAL / "vectors.jsonl")


def with_go() -> str:
    go = _need("go", "apt-get install golang")
    packages = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
    if not packages.exists():
        raise Missing("x/mod is not installed (apt-get install golang-golang-x-mod-dev)")
    os.environ |= {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(PLACE / "go"), "GOFLAGS": ""}
    return _told(go, "run", HERE / "check_tlog.go", MATERIAL / "vectors.jsonl", MATERIAL / "checkpoints.jsonl")


def with_the_page() -> str:
    """Run every command of docs/verifying.md as it stands there, those of the tools above among them."""
    folder = PLACE / "page"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in page.PROGRAMS:
        shutil.copy(HERE / name, folder)
    with_go = shutil.which("go") and Path("/usr/share/gocode/src/golang.org/x/mod").exists()
    able = {"", "pymerkle"} | ({"go"} if with_go else set()) | ({"npm"} if shutil.which("npm") else set())
    found = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment = {name: value for name, value in found.items() if name not in ("GO111MODULE", "GOPATH", "GOFLAGS")}
    steps = [step for step in page.steps() if step.tool in able]
    for step in steps:
        try:
            printed = page.run(step, folder, environment)
        except subprocess.CalledProcessError as error:
            raise Failed(f"{step.commands}{error.stdout}{error.stderr}") from error
        if step.printed and page.common(printed) != page.common(step.printed):
            raise Failed(f"{step.commands}printed\n{printed}where the page shows\n{step.printed}")
    without = sorted({step.tool for step in page.steps()} - able)
    missing = f"; not tried, for want of the tool: {', '.join(without)}" if without else ""
    return f"{len(steps)} steps print what the page shows{missing}"


def with_libreoffice() -> str:
    soffice = _need("soffice", "apt-get install libreoffice-calc")
    folder = PLACE / "libreoffice"
    profile = f"-env:UserInstallation=file://{folder}/profile"
    # 44,34: comma and quotation mark; 76: UTF-8; the last two: cells as shown, the first sheet
    filters = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true"
    _told(soffice, profile, "--headless", "--convert-to", filters, "--outdir", folder, MATERIAL / "case.xlsx")
    with (folder / "case.csv").open(encoding="utf-8", newline="") as theirs:
        found = list(csv.reader(theirs))
    with (MATERIAL / "case.csv").open(encoding="utf-8", newline="") as ours:
        wanted = list(csv.reader(ours))
    if found != wanted or found[0] != list(COLUMNS):
        raise Failed("LibreOffice reads other cells from the workbook than the CSV export has.")
    return f"{len(found) - 1} rows of {len(COLUMNS)} cells read as in the CSV export"


def with_qpdf() -> str:
    _told(_need("qpdf", "apt-get install qpdf"), "--check", MATERIAL / "case.pdf")
    content = (MATERIAL / "case.pdf").read_bytes()
    if b"<pdfaid:part>2</pdfaid:part>" not in content or b"<pdfaid:conformance>B<" not in content:
        raise Failed("The document does not call itself PDF/A-2b.")
    return "no syntax error; the metadata say PDF/A-2b, which qpdf does not judge"


def with_verapdf() -> str:
    verapdf = _need("verapdf", "see https://verapdf.org")
    said = _told(verapdf, "--flavour", "2b", "--format", "text", MATERIAL / "case.pdf")
    if not said.startswith("PASS"):
        raise Failed(said)
    return "PDF/A-2b"


CHECKS: dict[str, Callable[[], str]] = {
    "pymerkle": with_pymerkle,
    "Go x/mod tlog and note": with_go,
    "npm @transmute/rfc9162": with_transmute,
    "docs/verifying.md": with_the_page,
    "pm4py": with_pm4py,
    "LibreOffice": with_libreoffice,
    "qpdf": with_qpdf,
    "veraPDF": with_verapdf,
}


def _python() -> Path:
    """Return the interpreter of the environment for other people's packages, made and filled where it is not."""
    python = PLACE / "venv" / "bin" / "python"
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8")
    filled = PLACE / "venv" / "filled"
    with suppress(FileNotFoundError):
        if filled.read_text(encoding="utf-8") == wanted:
            return python
    if not python.exists():
        venv.create(PLACE / "venv", with_pip=True)
    _install(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", HERE / "requirements.txt")
    filled.write_text(wanted, encoding="utf-8")
    return python


def _need(name: str, how: str = "") -> str:
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed{f' ({how})' if how else ''}")
    return found


def _install(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise Missing(f"it could not be installed: {words[-1]}")


def _told(*command: str | Path) -> str:
    """Run a tool and return its last line. Raises Failed with all it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{done.stdout}{done.stderr}".strip()[-4_000:])
    return (done.stdout.strip().splitlines() or [""])[-1]


def main() -> int:
    material()
    failed = 0
    for name, check in CHECKS.items():
        try:
            print(f"checked: {name}: {check()}", flush=True)
        except Missing as missing:
            print(f"not checked: {name}, because {missing}", flush=True)
        except Failed as found:
            failed += 1
            print(f"FAILED: {name}: {found}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
