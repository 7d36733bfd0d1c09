"""The command line in a folder of its own, without a database and with a staffed one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from console import Console, staffed
from practice import Office
from sqlalchemy import URL


@pytest.fixture
def aeo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    """The command line where nothing is set up; with its defaults it would use SQLite."""
    for name in [name for name in os.environ if name.startswith("AEO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AEO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    return Console(capsys)


@pytest.fixture
def office(aeo: Console) -> Console:
    """The command line of an office with one person or two for each part."""
    return staffed(aeo)


@pytest.fixture(params=["sqlite", "postgresql"])
def aeo_on_both(
    request: pytest.FixtureRequest,
    aeo: Console,
    make_url_of: Callable[[str, bool], URL],
    monkeypatch: pytest.MonkeyPatch,
) -> Console:
    """The same, once for each database; it is named but empty."""
    url = make_url_of(request.param, False)
    monkeypatch.setenv("AEO_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("AEO_ENV", "test")  # the server of the tests does without durability
    return aeo


@pytest.fixture
def office_on_both(aeo_on_both: Console) -> Console:
    return staffed(aeo_on_both)


@pytest.fixture
def casework(office_on_both: Console, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A staffed office on each database, whose clock the journey sets."""
    return Office(office_on_both, monkeypatch)
