"""Chromium before a real server with the demonstration. Where there is no browser, the journeys say what is missing."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import builders as b
import pytest
import served
from playwright.sync_api import Browser, sync_playwright
from served import Doors, Server

from workflow.bootstrap import open_installation
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.manage_officers import add_officer
from workflow.operations.set_password import set_password
from workflow.settings import Settings
from workflow.store import people
from workflow.store.office import Office


@pytest.fixture(scope="session", autouse=True)
def _browser_here() -> None:
    """Skip the journeys on a machine without a browser; fail where AEO_BROWSER_REQUIRED says that there must be one."""
    if served.chromium() is None:
        if os.environ.get("AEO_BROWSER_REQUIRED"):
            pytest.fail(f"{served.HOW_TO_GET_ONE} (AEO_BROWSER_REQUIRED is set, so nothing is left out)")
        pytest.skip(served.HOW_TO_GET_ONE)  # all else can be tested without a browser; CI sets the variable


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration and four complete applications, loaded once for all processes. Not to be changed: copy it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, ready = shared / "demonstration", shared / "demonstration.ready"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            folder.mkdir()
            served.load_demonstration(folder)
            _add_what_journeys_need(folder)
            ready.touch()
    return folder


def _add_what_journeys_need(folder: Path) -> None:
    settings = Settings(data_dir=folder / "var", clock=served.CLOCK)
    with open_installation(settings) as installation:
        office = installation.office
        with office.database.snapshot() as connection:
            manager = people.by_email(connection, served.MANAGER)
            admin = people.by_email(connection, served.ADMIN)
        both = {"email": served.BOTH, "name": "Chua Mei Lin", "roles": ["officer", "approver"]}
        add_officer(office, **both, act=b.act(admin))
        set_password(office, email=served.BOTH, password=served.PASSWORD, act=b.act(admin))
        for company in served.COMPLETE.values():
            _complete(office, b.act(manager), company)


def _complete(office: Office, act: b.Act, company: str) -> None:
    reference = b.submit(office, act, company_name=company, account_manager=served.MANAGER)
    b.complete_pack(office, act, reference)
    evidence = b.add(office, act, reference, "evidence")
    for criterion in b.criteria(office):
        given = {"reference": reference, "criterion": criterion, "answer": "yes", "documents": [evidence]}
        b.done(answer_criterion(office, act=act, **given))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for each file: the loop that drives it must not run beside other tests."""
    with sync_playwright() as playwright:
        made = served.launch(playwright)
        yield made
        made.close()


@pytest.fixture(scope="module")
def server(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for each file, over a copy of the demonstration; each test of the file takes cases of its own."""
    with served.serving(served.copy_of(loaded, tmp_path_factory.mktemp("office") / "copy")) as made:
        yield made


@pytest.fixture(scope="module")
def all_doors(browser: Browser, server: Server) -> Doors:
    return Doors(browser, server)


@pytest.fixture
def doors(all_doors: Doors) -> Iterator[Doors]:
    yield all_doors
    all_doors.close()
