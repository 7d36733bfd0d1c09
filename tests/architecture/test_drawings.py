"""What keeps the drawing true: pictures, tables and words agree with the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from notifications.rendering import messages
from states.definition import Programme
from states.diagram import mermaid
from workflow import errors
from workflow.audit.wording import WORDING, in_words
from workflow.cli.errors import EXIT_CODES
from workflow.cli.main import COMMANDS
from workflow.jobs.schedule import JOBS
from workflow.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCES = [path for room in ("workflow", "states", "notifications") for path in (ROOT / room).rglob("*.py")]
DOCS = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_picture_in_the_readme_is_the_programme_as_it_is(stp: Programme) -> None:
    assert mermaid(stp).strip() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_kind_of_entry_that_the_code_writes_has_words() -> None:
    written = {
        kind
        for path in SOURCES
        for kind in re.findall(
            r'"((?:access|case|clock|mail|people|register|programme|audit|system):[a-z_]+:[a-z_]+)"', path.read_text()
        )
    }

    assert written - set(WORDING) == set()


def test_words_of_an_entry_name_what_is_missing_instead_of_failing() -> None:
    assert in_words({"kind": "case:band:assessed"}) == "Band (band not recorded) assessed on (assessed_on not recorded)"


def test_every_message_of_the_programme_has_its_three_templates(stp: Programme) -> None:
    sent = {name for t in stp.transitions for name in t.messages.values()}
    sent |= {r.message for r in stp.reminders} | set(stp.submission_messages.values())
    sent |= {stp.information.reminder_message, stp.information.final_notice_message}
    by_operations = {"account_manager_changed", "certificate_corrected", "certificate_reissued", "reminder_of_task"}
    by_operations |= {"visit_planned", "deadline_moved", "delivery_failed", "colleague_bundle", "portfolio_digest"}
    by_operations |= {"checkpoint", "sign_in_changed"}
    by_other_programmes = {"band_ends"}

    assert sent | by_operations | by_other_programmes == set(messages())


def test_every_public_error_has_an_exit_code() -> None:
    public = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CaseworkError)
    }

    assert public - {errors.CaseworkError} == set(EXIT_CODES)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    assert f"aeo {name}" in DOCS


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"AEO_{name.upper()}" in DOCS


def test_every_job_is_documented() -> None:
    assert [job.name for job in JOBS if job.name not in DOCS] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in SOURCES if path.read_text().strip() and not path.read_text().startswith('"""')]

    assert silent == []


def test_lock_files_name_no_host_and_no_folder() -> None:
    for lock in ROOT.glob("**/*requirements*"):
        if {".venv", ".interop"}.isdisjoint(lock.parts) and lock.is_file():  # others' packages stand there
            assert not re.search(r"https?://|file:", lock.read_text()), lock


def test_the_layers_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
