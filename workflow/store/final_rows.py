"""Triggers that make final rows final on both databases, re-created after every upgrade and compared at start.

An entry's position may go from NULL to a number once. What a row of `disposal` names may become blank, and contents
of documents may go that no case keeps any more. Nothing else of these tables changes or goes.
"""

from sqlalchemy import Connection, Table, UniqueConstraint

from workflow import models
from workflow.models.base import table_of
from workflow.store.disposal import ERASED

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
        models.RetentionPeriod,
        models.LegalHold,
        models.LegalHoldLift,
        models.Disposal,
    )
)

_ERASED = {one.table.name: one for one in ERASED}

_REFUSE = "RAISE EXCEPTION '% rows are final', TG_TABLE_NAME;"
_AS_BUILT = """
SELECT t.tgname, p.proname, p.prosrc, t.tgqual IS NOT NULL AS conditional
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled = 'O' AND p.proname LIKE 'refuse_%'
"""
# Contents go when they were disposed of in every case that has them, and one has.
_CONTENT_GONE = """EXISTS (SELECT 1 FROM document WHERE sha256 = OLD.sha256) AND NOT EXISTS (
SELECT 1 FROM document k WHERE k.sha256 = OLD.sha256 AND NOT EXISTS (
SELECT 1 FROM disposal d WHERE d.application_id = k.application_id AND d.kind = 'documents' AND d.at >= k.added_at))"""


def _unchanged(table: Table, changing: tuple[str, ...]) -> str:
    return " AND ".join(f"NEW.{c.name} IS NOT DISTINCT FROM OLD.{c.name}" for c in table.c if c.name not in changing)


def _placed_once(table: Table) -> str:
    """When an update of this table is let pass because it places an entry in the log; empty: never."""
    if table.name != "audit_entry":
        return ""
    return f"OLD.position IS NULL AND NEW.position IS NOT NULL AND {_unchanged(table, ('position',))}"


def _disposed(table: Table, event: str) -> str:
    """When a change of this table is let pass because it is a disposal's; empty: never."""
    if table.name == "document_chunk" and event == "delete":
        return _CONTENT_GONE
    erased = _ERASED.get(table.name)
    if erased is None or event != "update":
        return ""
    blank = " AND ".join(f"NEW.{name} = '{value}'" for name, value in erased.blank.items())
    named = f"SELECT 1 FROM disposal WHERE kind = '{erased.kind}' AND application_id = {erased.case_of_old()}"
    return f"{blank} AND {_unchanged(table, erased.columns)} AND EXISTS ({named})"


def statements(dialect: str) -> dict[str, str]:
    """Return trigger name -> statement for a database."""
    made: dict[str, str] = {}
    for table in FINAL:
        made |= _sqlite(table) if dialect == "sqlite" else _postgresql(table)
    return made


def _sqlite(table: Table) -> dict[str, str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table.name} rows are final'); END"
    update = delete = ""
    if placed := _placed_once(table):
        # UPDATE OR REPLACE would remove the entry that holds the position, without any delete trigger
        update = f" WHEN NOT ({placed}) OR EXISTS (SELECT 1 FROM {table.name} WHERE position = NEW.position)"
    elif erased := _disposed(table, "update"):
        update = f" WHEN NOT ({erased} AND NEW.rowid = OLD.rowid)"
    if gone := _disposed(table, "delete"):
        delete = f" WHEN NOT ({gone})"
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
    made = {
        f"{name}_update": f"CREATE TRIGGER {name}_update BEFORE UPDATE ON {table.name}{update} {refuse}",
        f"{name}_delete": f"CREATE TRIGGER {name}_delete BEFORE DELETE ON {table.name}{delete} {refuse}",
        f"{name}_replace": f"CREATE TRIGGER {name}_replace BEFORE INSERT ON {table.name} WHEN {taken} {refuse}",
    }
    return {key: statement.replace("IS NOT DISTINCT FROM", "IS") for key, statement in made.items()}


def _postgresql(table: Table) -> dict[str, str]:
    name, made = f"final_{table.name}", {}
    for event in ("update", "delete", "truncate"):
        placed = _placed_once(table) if event == "update" else ""
        when = f" WHEN (NOT ({placed}))" if placed else ""
        each = "STATEMENT" if event == "truncate" else "ROW"
        run = f"FOR EACH {each}{when} EXECUTE FUNCTION {_function_of(table, event)}()"
        made[f"{name}_{event}"] = f"CREATE TRIGGER {name}_{event} BEFORE {event.upper()} ON {table.name} {run}"
    return made


def _function_of(table: Table, event: str) -> str:
    return f"refuse_{event}_of_{table.name}" if _disposed(table, event) else "refuse_change"


def _functions() -> dict[str, str]:
    """Return name -> body of PostgreSQL's functions: a condition of a trigger there may not look at other tables."""
    made = {"refuse_change": f"BEGIN {_REFUSE} END"}
    for table in FINAL:
        for event, passes in (("update", "NEW"), ("delete", "OLD")):
            if let_pass := _disposed(table, event):
                body = f"BEGIN IF {let_pass} THEN RETURN {passes}; END IF; {_REFUSE} END"
                made[_function_of(table, event)] = body
    return made


def drop(connection: Connection) -> None:
    """Take the triggers away, for a migration."""
    for name, table in _present(connection).items():
        on = f" ON {table}" if connection.dialect.name != "sqlite" else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")


def create(connection: Connection) -> None:
    """Make every trigger anew."""
    drop(connection)
    if connection.dialect.name != "sqlite":
        for name, body in _functions().items():
            made = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
            connection.exec_driver_sql(made.replace("%", "%%"))
    for statement in statements(connection.dialect.name).values():
        connection.exec_driver_sql(statement)


def missing(connection: Connection) -> list[str]:
    """Return the triggers that are not there, or not as they should be, or switched off."""
    wanted = statements(connection.dialect.name)
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = {str(row[0]): str(row[1]) for row in rows}
        return sorted(name for name, statement in wanted.items() if found.get(name) != statement)
    bodies = _functions()
    sound = {
        str(row.tgname)
        for row in connection.exec_driver_sql(_AS_BUILT.replace("%", "%%"))
        if row.prosrc == bodies.get(row.proname)
        and wanted.get(row.tgname, "").endswith(f" {row.proname}()")
        and row.conditional == (row.tgname == "final_audit_entry_update")
    }
    return sorted(set(wanted) - sound)


def _present(connection: Connection) -> dict[str, str]:
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, 6) = 'final_'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND left(tgname, 6) = 'final_'"
    )
    return {row[0]: row[1] for row in connection.exec_driver_sql(query)}
