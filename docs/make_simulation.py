"""Writes docs/simulation.md: three years of the demonstration with an outage of 40 days, simulated for real."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
AEO = Path(sys.executable).with_name("aeo")
CLOCK = "2027-01-04T09:00:00+08:00"
SPAN = "--from 2027-01-05T09:00:00+08:00 --until 2030-01-05T09:00:00+08:00"
OUTAGE = 40  # days
BEFORE = 5  # days from the beginning of the outage to the opening of a revalidation
SHOWN = 3  # cases


def aeo(folder: Path, command: str) -> str:
    """Run `aeo` in the scratch folder; the installation's clock shows the same day whenever this page is made."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AEO_")}
    done = subprocess.run(
        [AEO, *shlex.split(command)],
        cwd=folder,
        env=environment | {"AEO_DATA_DIR": "var", "AEO_CLOCK": CLOCK},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"aeo {command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def outage_for(events: list[dict[str, Any]]) -> tuple[str, str]:
    """Choose an outage over the opening of a revalidation; return the days, both included, and the case."""
    opened = next(event for event in events if event["rule"] == "open_revalidation")
    first = local_day(opened["due_at"]) - timedelta(days=BEFORE)
    last = first + timedelta(days=OUTAGE - 1)
    return f"{first.isoformat()}/{last.isoformat()}", opened["application"]


def local_day(instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(datetime.fromisoformat(CLOCK).tzinfo).date()


def others(events: list[dict[str, Any]], down: str) -> list[str]:
    """Return further cases: the one with the most to happen through the years and the first to end."""
    references = [event["application"] for event in events if event["application"] not in ("", down)]
    ended = [event["application"] for event in events if event["rule"] == "lapse" and event["application"] != down]
    longest = max(sorted(set(references)), key=references.count)
    return list(dict.fromkeys([longest, *ended]))[: SHOWN - 1]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        aeo(folder, "db upgrade")
        aeo(folder, "demo load")
        down, case = outage_for(json.loads(aeo(folder, f"simulate {SPAN} --json"))["events"])
        command = f"simulate {SPAN} --down {down}"
        printed = aeo(folder, command)
        events = json.loads(aeo(folder, f"{command} --json"))["events"]
    (HERE / "simulation.md").write_text(page(command, printed, [case, *others(events, case)], down), encoding="utf-8")


def page(command: str, printed: str, cases: list[str], down: str) -> str:
    happened, _, summary = printed.rstrip().partition("\n\n")
    lines = happened.splitlines()
    summary = re.sub(r"; [\d,]+ days per second\.", ".", summary)  # differs from machine to machine
    first, last = down.split("/")
    how = (
        "This page is written by `make simulation`: the demonstration is loaded as of 4 January 2027, and `aeo simulate` lets\n"
        "clock and mail run through three years on a scratch copy. Companies and people are fictitious. The officers do\n"
        "nothing in that time, so every certificate runs out. The command also says how many days it did per second; that is\n"
        "left out here."
    )
    back = (
        f"From {first} to {last} nothing runs. The first tick afterwards opens the revalidation with its true day and sends\n"
        "one reminder: the latest that the company gets. The others give way to it."
    )
    parts = [
        "# Three years ahead, with an outage of 40 days",
        how,
        f"```console\n$ aeo {command}\n```",
        f"It prints {len(lines)} lines, one for each thing that happened. Below are three cases and then the whole summary.",
        f"## {cases[0]}: down when its revalidation opens",
        back,
        shown(lines, cases[0]),
    ]
    for case in cases[1:]:
        parts += [f"## {case}", shown(lines, case)]
    parts += ["## The summary", f"```console\n{summary}\n```"]
    return "\n\n".join(parts) + "\n"


def shown(lines: list[str], case: str) -> str:
    return "```console\n" + "\n".join(line for line in lines if f"  {case} " in line) + "\n```"


if __name__ == "__main__":
    main()
