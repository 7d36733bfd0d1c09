"""The whole demonstration on PostgreSQL, through the command line."""

import os
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from workflow import bootstrap
from workflow.cli.main import run
from workflow.errors import Unavailable
from workflow.settings import Settings


@pytest.fixture
def empty_database(postgresql_server: URL, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of an empty database, set as an operator would."""
    name = f"journey_{os.getpid()}_{tmp_path.name[-20:].replace('-', '_')}"
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    url = postgresql_server.set(database=name).render_as_string(hide_password=False)
    monkeypatch.setenv("AEO_DATABASE_URL", url)
    monkeypatch.setenv("AEO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AEO_ENV", "test")  # the server of the tests does without durability
    return url


@pytest.mark.usefixtures("empty_database")
def test_is_set_up_filled_and_swept(capsys: pytest.CaptureFixture[str]) -> None:
    codes = [
        run(["db", "upgrade"]),
        run(["demo", "load"]),
        run(["db", "check"]),
        run(["sweep"]),
        run(["application", "list"]),
    ]

    printed = capsys.readouterr()
    assert codes == [0, 0, 0, 0, 0], printed.err
    assert "Everything holds" in printed.out
    assert "0 planned actions done." in printed.out
    assert "Harrowmist Polymers Pte. Ltd." in printed.out


def test_a_server_that_may_lose_commits_is_refused(empty_database: str, tmp_path: Path) -> None:
    bootstrap.upgrade(Settings(env="test", database_url=empty_database, data_dir=tmp_path))
    settings = Settings(env="development", database_url=empty_database, data_dir=tmp_path)

    with pytest.raises(Unavailable, match="fsync is off"), bootstrap.open_installation(settings):
        pass


def test_a_server_that_is_not_there_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AEO_DATABASE_URL", f"postgresql+psycopg://nobody@/none?host={tmp_path}")

    code = run(["application", "list"])

    assert code == 3
    assert "The database does not answer" in capsys.readouterr().err
