"""One process that answers requests: opens the installation that the environment names, and closes it when it ends.

The names below are what `aeo serve --workers` hands to each process; none of them takes anything.
"""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

from workflow.bootstrap import Opened, open_installation
from workflow.jobs import schedule
from workflow.reports.readiness import problems
from workflow.settings import read_settings
from workflow.web.app import create_app
from workflow.web.identity import identify
from workflow.web.site import Site


def site(installation: Opened, *, jobs: bool) -> Site:
    """Return the site of an open installation. `jobs`: it is not ready while clock and mail stand still."""
    secrets = installation.secrets()
    watched = tuple(job.name for job in schedule.JOBS) if jobs else ()
    return Site(
        installation.office,
        installation.clock,
        lambda: problems(installation.office, now=installation.clock(), real_now=datetime.now(UTC), jobs=watched),
        identify,
        secrets.derive("forms").hex(),
        installation.settings,
        installation.post,
        installation.demonstration,
        secrets,
        installation.provider(),
        installation.signer,
    )


def beside_jobs() -> FastAPI:
    """Return the application of a process whose parent runs the clock and the mail."""
    return _opened(jobs=True)


def alone() -> FastAPI:
    """Return the application of a process beside which nothing runs."""
    return _opened(jobs=False)


def _opened(*, jobs: bool) -> FastAPI:
    with ExitStack() as opening:
        installation = opening.enter_context(open_installation(read_settings()))
        made = site(installation, jobs=jobs)
        open_until_the_end = opening.pop_all()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with open_until_the_end:
            yield

    return create_app(made, lifespan=lifespan)
