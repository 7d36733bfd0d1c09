"""docs/verifying.md as what it is: commands that can be run as they stand, and what each prints."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "verifying.md"
PROGRAMS = ("whole_log.py", "whole_log_pymerkle.py", "verify_bundle.go", "verify_bundle.js")
_BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from one installation to the next; counts of reminders too, from one day to the next.
_OWN = (
    (r"casework-[0-9a-f]+\.invalid", "(name)"),
    (r"Reminders: .* 0 unaccounted", "Reminders: (counts), none unaccounted"),
    (r"[A-Za-z0-9+/]{43,}=*|\b[0-9a-f]{8}\b", "(bytes)"),
    (r"\b[0-9][0-9,]*\b", "(number)"),
)


@dataclass
class Step:
    """One block of commands: the tool beyond Python, openssl and coreutils that they need, and what they print."""

    tool: str
    commands: str
    printed: str = ""


def steps() -> list[Step]:
    """Return the page's commands in their order."""
    found: list[Step] = []
    for language, tool, body in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "sh":
            found.append(Step(tool, body))
        elif language == "text":
            found[-1].printed = body
    return found


def shown() -> list[str]:
    """Return the programs that the page shows in full."""
    return [body for language, _, body in _BLOCK.findall(PAGE.read_text(encoding="utf-8")) if language == "python"]


def run(step: Step, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a step in a folder and return what it printed. Raises CalledProcessError when one of its commands fails."""
    script = f"set -e -o pipefail\n{step.commands}"
    command = ["bash", "-c", script]
    done = subprocess.run(command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, script, done.stdout, done.stderr)
    return done.stdout


def common(text: str) -> str:
    """Return what is printed as it is on every installation."""
    for pattern, word in _OWN:
        text = re.sub(pattern, word, text)
    return text.rstrip("\n")
