"""What sweeps over the policy share: a case in every state, somebody in every role, and one application for them all."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import browsing as w
import builders as b
import httpx
import lifecycle as life
from calling import sealed
from limits import RateLimitItemPerMinute
from sqlalchemy import URL

from states.facts import Person
from workflow.operations.sweep import sweep
from workflow.store import engines
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office
from workflow.store.signing import signer_of
from workflow.web.limiting import Limiter

ABSENT = "STP-2026-999999"
UNLIMITED = RateLimitItemPerMinute(10**9)
OWNER, OTHER_MANAGER, NO_ROLE, NOBODY = "account_manager", "other_account_manager", "no_role", "signed_out"
LATER = "2030-01-10"

Tables = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class World:
    """A database, at rest, with a case in every state; where it lies, and who is in it."""

    path: Path
    folder: Path
    cases: dict[str, str]  # the reference of the case in each state
    callers: dict[str, Person | None]
    orders: dict[str, int]  # the order among the documents of a case that was decided


def make_world(template: Path, folder: Path) -> World:
    """Bring a case into every state, each through the real operations or facts as rows."""
    path = folder / "world.db"
    shutil.copyfile(template, path)
    with open_office(path) as office:
        staff = b.people(office)
        callers: dict[str, Person | None] = {
            "officer": staff.officer,
            "approver": staff.approver,
            "second_approver": b.another_person(office, "p-21", "Gan Hui Min", "approver"),
            OWNER: staff.account_manager,
            OTHER_MANAGER: b.another_person(office, "p-22", "Ong Kah Seng", "account_manager"),
            "supervisor": staff.supervisor,
            "auditor": staff.auditor,
            "admin": b.another_person(office, "p-23", "Rosnah Yusof", "admin"),
            NO_ROLE: b.another_person(office, "p-24", "Hafiz Omar"),
            NOBODY: None,
        }
        made = _cases(office, staff)
        orders = {
            state: life.insert_documents(office, staff, made[state], ("order",), b.TODAY)
            for state in ("suspended", "lapsed", "rejected", "withdrawn", "revoked")
        }
        # After the orders: a recommendation holds while the facts are as they were.
        b.done(life.recommend(office, staff, made["suspended"], "revoke", b.NOW))
        sealed(office, folder)
    return World(path, folder, made, callers, orders)


def _cases(office: Office, staff: b.People) -> dict[str, str]:
    officer, supervisor = b.act(staff.officer), b.act(staff.supervisor)
    made = {"lapsed": life.certified(office, staff, date(2023, 11, 20))}
    sweep(office, now=b.NOW)  # before the other cases are there, so that it does this alone

    made["submitted"] = b.submit(office, officer)
    b.complete_pack(office, officer, made["submitted"])
    b.done(life.recommend(office, staff, made["submitted"], "reject", b.NOW))
    made["checklist_review"] = b.submit(office, officer)
    b.complete_pack(office, officer, made["checklist_review"])
    b.done(b.advance(office, officer, made["checklist_review"], "start_review"))
    b.answered_and_assessed(office, officer, made["checklist_review"])
    made["awaiting_information"] = b.submit(office, officer)
    b.done(b.advance(office, officer, made["awaiting_information"], "request_information", reason="Which gate?"))
    made["validation"] = b.ready_to_certify(office, staff)

    for state in ("certified", "revalidation_due", "suspended", "revoked"):
        made[state] = life.certified(office, staff, b.TODAY)
    b.done(life.recommend(office, staff, made["certified"], "suspend", b.NOW))
    b.done(b.advance(office, supervisor, made["revalidation_due"], "open_revalidation", reason="The trade changed."))
    life.insert_documents(office, staff, made["revalidation_due"], b.PACK, b.TODAY)
    b.done(life.recommend(office, staff, made["revalidation_due"], "extend", b.NOW))
    life.decide(office, staff, made["suspended"], "suspend", b.NOW, reason_code="compliance_record")
    life.decide(office, staff, made["revoked"], "revoke", b.NOW, reason_code="compliance_record")
    made["rejected"] = b.submit(office, officer)
    life.decide(office, staff, made["rejected"], "reject", b.NOW, reason_code="criteria_not_met")
    made["withdrawn"] = b.submit(office, officer)
    b.done(b.advance(office, officer, made["withdrawn"], "withdraw", reason_code="request"))
    for state, reference in made.items():
        assert b.case_of(office, reference)["state"] == state
    return made


@contextmanager
def open_office(path: Path) -> Iterator[Office]:
    """Open an installation on a file, and leave everything in that one file."""
    url = URL.create("sqlite", database=str(path))
    database = Database(engines.writer(url, durable=False), engines.reader(url), None)
    try:
        yield Office(database, Editions(), origin="test.example", salt="s")
    finally:
        database.reader.dispose()  # the writer goes last: only it can bring everything into one file
        database.close()


class Desk:
    """One application over a copy of the world, in which whoever is named asks next."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self._path = world, folder / "desk.db"
        self._open = open_office(self._path)
        self._begin()
        self.app = w.create_app(w.site(self.office))
        self.app.state.limiter = Limiter(
            calls=UNLIMITED, changes=UNLIMITED, unknown=UNLIMITED, pages=UNLIMITED, signed_out=UNLIMITED,
            wrong_tokens=UNLIMITED,
        )  # fmt: skip
        self._browser = w.Browser.of(self.app)

    def _begin(self) -> None:
        shutil.copyfile(self.world.path, self._path)
        self._open = open_office(self._path)
        self.office = self._open.__enter__()
        self._seen: Tables | None = None

    def close(self) -> None:
        self._open.__exit__(None, None, None)
        for file in self._path.parent.glob(f"{self._path.name}*"):
            file.unlink()

    def begin_again(self) -> None:
        """Let everything be as it was at first."""
        self.close()
        self._begin()

    def ask(self, caller: str, method: str, address: str, **given: Any) -> httpx.Response:
        site = w.site(self.office, self.world.callers[caller])
        folder = self.world.folder
        self.app.state.site = replace(site, signer=lambda: signer_of(str(folder / "log.key"), folder))
        self._browser.forget()
        return self._browser.ask(method, address, **given)

    def changes(self) -> dict[str, int]:
        """Return how many rows of which tables came, went or changed since it was last asked."""
        before, after = self._seen, self._rows()
        self._seen = after
        if before is None:
            return {}
        differing = {
            name: set(map(repr, before[name])) ^ set(map(repr, after[name]))
            for name in after
            if before[name] != after[name]
        }
        return {name: len(rows) for name, rows in differing.items()}

    def _rows(self) -> Tables:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: _all(connection, name) for name in names}


def _all(connection: sqlite3.Connection, name: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table, without a case's count of its own entries: an entry in the trail is counted there."""
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
    wanted = ", ".join(f'"{column}"' for column in columns if (name, column) != ("application", "case_seq"))
    return connection.execute(f'SELECT {wanted} FROM "{name}"').fetchall()


def every(items: list[Any], one_in: int) -> list[Any]:
    """Return a sample that is the same every time: about one of so many, spread over all of them."""
    return [item for item in items if crc32(repr(item).encode()) % one_in == 0]


def routes_of(router: Any) -> Iterator[Any]:
    """Yield every route that answers requests; the folder of static files is no route."""
    for one in router.routes:
        inner = getattr(one, "original_router", None)
        if inner is not None:
            yield from routes_of(inner)
        elif hasattr(one, "endpoint"):
            yield one
