"""Programme editions as stored, and the machine of each; built from the stored text, never from the shipped file."""

from datetime import datetime

from sqlalchemy import Connection, select

from states.definition import Programme
from states.loader import read_stored
from states.machine import ProgrammeMachine
from workflow import models
from workflow.errors import NotFound, Unavailable
from workflow.models.base import table_of

_E = table_of(models.ProgrammeEdition)


class Editions:
    """Machines by (code, edition), built once in a process; stored editions never change."""

    def __init__(self) -> None:
        self._machines: dict[tuple[str, str], ProgrammeMachine] = {}

    def machine(self, connection: Connection, code: str, edition: str) -> ProgrammeMachine:
        """Return the machine of a stored edition."""
        known = self._machines.get((code, edition))
        if known is None:
            query = select(_E.c.canonical).where(_E.c.code == code, _E.c.edition == edition)
            known = ProgrammeMachine(read_stored(connection.execute(query).scalar_one()))
            self._machines[code, edition] = known
        return known

    def newest(self, connection: Connection, code: str) -> ProgrammeMachine:
        """Return the newest edition's machine of a programme. Raises NotFound."""
        query = select(_E.c.edition).where(_E.c.code == code)
        edition = max(connection.execute(query).scalars(), key=_in_order, default=None)
        if edition is None:
            codes = connection.execute(select(_E.c.code).distinct().order_by(_E.c.code)).scalars().all()
            raise NotFound("NO_PROGRAMME", f'There is no programme "{code[:40]}". Known: {", ".join(codes) or "none"}.')
        return self.machine(connection, code, edition)

    def newest_before(self, connection: Connection, code: str, before: datetime) -> ProgrammeMachine | None:
        """Return the newest edition's machine of those that were stored before an instant."""
        query = select(_E.c.edition).where(_E.c.code == code, _E.c.installed_at < before)
        edition = max(connection.execute(query).scalars(), key=_in_order, default=None)
        return None if edition is None else self.machine(connection, code, edition)

    def codes(self, connection: Connection) -> list[str]:
        return list(connection.execute(select(_E.c.code).distinct().order_by(_E.c.code)).scalars())


def _in_order(edition: str) -> tuple[int, ...]:
    """2026-02.10 comes after 2026-02.9."""
    return tuple(int(part) for part in edition.replace("-", ".").split("."))


def is_stored(connection: Connection, programme: Programme) -> bool:
    """Say whether an edition is stored. Raises Unavailable when it is stored with another content."""
    query = select(_E.c.sha256).where(_E.c.code == programme.code, _E.c.edition == programme.edition)
    stored = connection.execute(query).scalar_one_or_none()
    if stored is not None and stored != programme.sha256:
        raise Unavailable(
            "EDITION_CHANGED",
            f"The file of {programme.code} edition {programme.edition} differs from the edition stored under that name. "
            "Running cases keep what is stored: give the changed file an edition of its own.",
        )
    return stored is not None


def install(connection: Connection, programme: Programme, *, now: datetime) -> bool:
    """Store an edition once. Return whether it is new. Raises Unavailable when it is stored with another content."""
    if is_stored(connection, programme):
        return False
    connection.execute(
        _E.insert().values(
            code=programme.code,
            edition=programme.edition,
            canonical=programme.canonical,
            sha256=programme.sha256,
            installed_at=now,
        )
    )
    return True
