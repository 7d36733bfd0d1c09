"""Triggers that make final rows final on both databases, re-created after every upgrade and compared at start.

An entry's position may go from NULL to a number once; nothing else of these tables changes or goes.
"""

from sqlalchemy import Connection, Table, UniqueConstraint

from workflow import models
from workflow.models.base import table_of

FINAL: tuple[Table, ...] = tuple(
    table_of(model)
    for model in (
        models.AuditEntry,
        models.Decision,
        models.Certificate,
        models.CertificateEvent,
        models.Participation,
        models.Recommendation,
        models.BandAssessment,
        models.Document,
        models.DocumentWaiver,
        models.DocumentWithdrawal,
        models.DocumentChunk,
        models.DeliveryAttempt,
        models.ProgrammeEdition,
        models.ProgrammeAcceptance,
        models.CompanyName,
        models.AccountManagerTerm,
        models.CalendarDay,
        models.ContactNote,
        models.Checkpoint,
        models.LogNode,
    )
)

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% rows are final', TG_TABLE_NAME; END $$
"""


_AS_BUILT = """
SELECT t.tgname, p.prosrc, t.tgqual IS NOT NULL AS conditional
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled = 'O' AND p.proname = 'refuse_change'
"""


def _once_only(table: Table) -> str:
    """The condition under which an update is refused: always, but for the one column that is filled in once."""
    if table.name != "audit_entry":
        return ""
    others = " AND ".join(f"NEW.{c.name} IS NOT DISTINCT FROM OLD.{c.name}" for c in table.c if c.name != "position")
    return f"NOT (OLD.position IS NULL AND NEW.position IS NOT NULL AND {others})"


def statements(dialect: str) -> dict[str, str]:
    """Return trigger name -> statement for a database."""
    made: dict[str, str] = {}
    for table in FINAL:
        made |= _sqlite(table) if dialect == "sqlite" else _postgresql(table)
    return made


def _sqlite(table: Table) -> dict[str, str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table.name} rows are final'); END"
    when = f" WHEN {_once_only(table).replace('IS NOT DISTINCT FROM', 'IS')}" if _once_only(table) else ""
    if when:  # UPDATE OR REPLACE would remove the entry that holds the position, without any delete trigger
        when += f" OR EXISTS (SELECT 1 FROM {table.name} WHERE position = NEW.position)"
    keys = [tuple(c.name for c in table.primary_key)]
    keys += [tuple(c.name for c in u.columns) for u in table.constraints if isinstance(u, UniqueConstraint)]
    if "id" not in table.c:
        keys.append(("rowid",))  # SQLite's hidden key can be named too
    # INSERT OR REPLACE removes the old row without any delete trigger, so an insert over a known key is refused too.
    taken = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table.name} WHERE {' AND '.join(f'{name} = NEW.{name}' for name in key)})"
        for key in sorted(keys)
    )
    name = f"final_{table.name}"
    return {
        f"{name}_update": f"CREATE TRIGGER {name}_update BEFORE UPDATE ON {table.name}{when} {refuse}",
        f"{name}_delete": f"CREATE TRIGGER {name}_delete BEFORE DELETE ON {table.name} {refuse}",
        f"{name}_replace": f"CREATE TRIGGER {name}_replace BEFORE INSERT ON {table.name} WHEN {taken} {refuse}",
    }


def _postgresql(table: Table) -> dict[str, str]:
    name, when = f"final_{table.name}", f" WHEN ({_once_only(table)})" if _once_only(table) else ""
    run = "EXECUTE FUNCTION refuse_change()"
    return {
        f"{name}_update": f"CREATE TRIGGER {name}_update BEFORE UPDATE ON {table.name} FOR EACH ROW{when} {run}",
        f"{name}_delete": f"CREATE TRIGGER {name}_delete BEFORE DELETE ON {table.name} FOR EACH ROW {run}",
        f"{name}_truncate": f"CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table.name} FOR EACH STATEMENT {run}",
    }


def drop(connection: Connection) -> None:
    """Take the triggers away, for a migration."""
    for name, table in _present(connection).items():
        on = f" ON {table}" if connection.dialect.name != "sqlite" else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")


def create(connection: Connection) -> None:
    """Make every trigger anew."""
    drop(connection)
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(_FUNCTION.replace("%", "%%"))
    for statement in statements(connection.dialect.name).values():
        connection.exec_driver_sql(statement)


def missing(connection: Connection) -> list[str]:
    """Return the triggers that are not there, or not as they should be, or switched off."""
    wanted = statements(connection.dialect.name)
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = {str(row[0]): str(row[1]) for row in rows}
        return sorted(name for name, statement in wanted.items() if found.get(name) != statement)
    rows = connection.exec_driver_sql(_AS_BUILT)
    sound = {
        str(row.tgname)
        for row in rows
        if row.prosrc.strip() in _FUNCTION and row.conditional == (row.tgname == "final_audit_entry_update")
    }
    return sorted(set(wanted) - sound)


def _present(connection: Connection) -> dict[str, str]:
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, 6) = 'final_'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND left(tgname, 6) = 'final_'"
    )
    return {row[0]: row[1] for row in connection.exec_driver_sql(query)}
