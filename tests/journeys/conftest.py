"""The command line in a folder of its own, without a database and with a staffed one."""

import io
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from console import SET_UP, Console
from installed import BOTH, MakeUrl, run_on
from practice import Office
from sqlalchemy import URL

from workflow.cli.main import run

Commands = tuple[tuple[str, ...], ...]


class Prepared:
    """Offices that typed commands set up, once for each kind of database; every test works on copies."""

    def __init__(self, folder: Path, server: Callable[[], URL]) -> None:
        self._folder, self._server = folder, server
        self._made: dict[tuple[Commands, str, str], tuple[Path, str]] = {}

    def by(self, commands: Commands, kind: str, *, clock: str = "") -> tuple[Path, str]:
        """Return the data folder, and the database where it is not in there. `clock`: when the commands are typed; now where it is not said."""
        wanted = commands, kind, clock
        if wanted not in self._made:
            self._made[wanted] = self._set_up(*wanted)
        return self._made[wanted]

    def _set_up(self, commands: Commands, kind: str, clock: str) -> tuple[Path, str]:
        folder = self._folder / str(len(self._made))
        folder.mkdir()
        url = None
        if kind == "postgresql":
            url = self._server().set(database=f"prepared_{uuid.uuid4().hex}")
            run_on(self._server(), f"CREATE DATABASE {url.database}")
        with pytest.MonkeyPatch.context() as environment, redirect_stdout(io.StringIO()):
            settle(environment, folder, url)
            environment.setenv("AEO_CLOCK", clock)
            for command in commands:
                assert run(list(command)) == 0, command
        return folder / "var", str(url.database) if url else ""


def settle(environment: pytest.MonkeyPatch, folder: Path, url: URL | None = None) -> None:
    """Let commands work in a folder, with a database or as they do where none is named."""
    for name in [name for name in os.environ if name.startswith("AEO_")]:
        environment.delenv(name)
    environment.setenv("AEO_DATA_DIR", str(folder / "var"))
    environment.chdir(folder)
    if url:
        environment.setenv("AEO_DATABASE_URL", url.render_as_string(hide_password=False))
        environment.setenv("AEO_ENV", "test")  # the server of the tests does without durability


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("prepared"), lambda: request.getfixturevalue("postgresql_server"))


@pytest.fixture
def aeo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    """The command line where nothing is set up; with its defaults it would use SQLite."""
    settle(monkeypatch, tmp_path)
    return Console(capsys)


@pytest.fixture
def office(aeo: Console, tmp_path: Path, prepared: Prepared) -> Console:
    """The command line of an office with one person or two for each part."""
    shutil.copytree(prepared.by(SET_UP, "sqlite")[0], tmp_path / "var")
    return aeo


@pytest.fixture(params=BOTH)
def copied(
    request: pytest.FixtureRequest,
    aeo: Console,
    make_url_of: MakeUrl,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    prepared: Prepared,
) -> Callable[..., Console]:
    """The command line of an office that commands set up, once for each database."""

    def copy(commands: Commands, *, clock: str = "") -> Console:
        data, database = prepared.by(commands, request.param, clock=clock)
        shutil.copytree(data, tmp_path / "var")
        settle(monkeypatch, tmp_path, make_url_of(request.param, False, database) if database else None)
        monkeypatch.setenv("AEO_ENV", "test")
        return aeo

    return copy


@pytest.fixture
def office_on_both(copied: Callable[..., Console]) -> Console:
    """A staffed office, once for each database."""
    return copied(SET_UP)


@pytest.fixture
def casework(office_on_both: Console, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A staffed office on each database, whose clock the journey sets."""
    return Office(office_on_both, monkeypatch)
