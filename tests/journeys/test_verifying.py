"""The page on verifying with other people's tools does as it says, and says no where something was altered."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from interop import page

HAS_OPENSSL = shutil.which("openssl") is not None
OPENSSL = pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AEO_")} | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
}


def run(step: page.Step, folder: Path) -> str:
    return page.run(step, folder, ENVIRONMENT)


def steps() -> list[page.Step]:
    """The commands that need nothing but Python, openssl and coreutils; `make interop` runs them all."""
    return [step for step in page.steps() if not step.tool]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str]]]:
    """A folder in which somebody followed the page, and what was printed beside what the page shows."""
    folder = tmp_path_factory.mktemp("verify")
    for program in page.PROGRAMS:
        shutil.copy(page.HERE / program, folder)
    able = [step for step in steps() if HAS_OPENSSL or "openssl" not in step.commands]
    return folder, [(run(step, folder), step.printed) for step in able]


def test_the_page_shows_the_programs_as_they_are():
    assert page.shown() == [(page.HERE / name).read_text(encoding="utf-8") for name in page.PROGRAMS[:2]]


def test_every_command_prints_what_the_page_shows(followed: tuple[Path, list[tuple[str, str]]]):
    _, printed = followed

    assert len(printed) >= 8
    assert [page.common(found) for found, shown in printed if shown] == [
        page.common(shown) for _, shown in printed if shown
    ]


@pytest.fixture
def altered(followed: tuple[Path, list[tuple[str, str]]], tmp_path: Path) -> Path:
    """A copy of the folder, without the installation, in which something may be altered."""
    shutil.copytree(followed[0], tmp_path / "altered", ignore=shutil.ignore_patterns("var"))
    return tmp_path / "altered"


def step_of(words: str) -> page.Step:
    return next(step for step in steps() if words in step.commands)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"kind":"mail:delivery:sent"', b'"kind":"mail:delivery:lost"'), (b'"v":1', b'"v":2')]
)
def test_an_altered_entry_is_named(altered: Path, old: bytes, new: bytes):
    trail = altered / "trail.jsonl"
    trail.write_bytes(trail.read_bytes().replace(old, new, 1))
    first = next(n for n, line in enumerate(trail.read_bytes().splitlines()) if new in line) - 1

    for words, told in (
        ("audit verify", f"first bad entry is {first}."),
        ("jsonl checkpoint\n", f"entry {first} was altered"),
    ):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            run(step_of(words), altered)
        assert told in refused.value.stdout + refused.value.stderr


def test_a_trail_that_was_cut_falls_short_of_the_checkpoint(altered: Path):
    trail = altered / "trail.jsonl"
    trail.write_bytes(b"".join(trail.read_bytes().splitlines(keepends=True)[:100]))

    with pytest.raises(subprocess.CalledProcessError) as refused:
        run(step_of("jsonl checkpoint\n"), altered)
    assert "only 99 entries, but a checkpoint has" in refused.value.stderr


@OPENSSL
def test_an_altered_checkpoint_is_not_what_was_signed(altered: Path):
    checkpoint = altered / "checkpoint"
    lines = checkpoint.read_text(encoding="utf-8").split("\n")
    checkpoint.write_text("\n".join([lines[0], str(int(lines[1]) - 1), *lines[2:]]), encoding="utf-8")

    with pytest.raises(subprocess.CalledProcessError) as refused:
        run(step_of("openssl"), altered)
    assert "Signature Verification Failure" in refused.value.stdout + refused.value.stderr


def test_reminders_are_proved_without_the_installation(altered: Path):
    assert "0 unaccounted" in run(step_of("reminders prove"), altered)
