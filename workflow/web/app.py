"""The web application: pages for reading, and health for whoever runs it. Built from an open office; opens none."""

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from workflow.reports import metrics
from workflow.store import log
from workflow.store.office import Office
from workflow.web.errors import add_handlers
from workflow.web.pages import cases
from workflow.web.rendering import TEMPLATES, SafeHeaders


def create_app(
    office: Office, *, clock: Callable[[], datetime], ready: Callable[[], list[str]], demonstration: bool = False
) -> FastAPI:
    """Return the application. `ready` names what keeps it from working; `demonstration` shows the clock on pages."""
    app = FastAPI(title="AEO Casework", docs_url=None, redoc_url=None, openapi_url=None)
    # Pages have no sign-in yet: a foreign name that resolves to this machine must not read them.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    app.add_middleware(SafeHeaders)
    add_handlers(app)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """Say whether it can work, and what is missing."""
        if problems := ready():
            return JSONResponse({"status": "not ready", "problems": problems}, status_code=503)
        return JSONResponse({"status": "ready"})

    @app.get("/metrics")
    def figures() -> Response:
        """Say how late the clock and the mail are, for Prometheus."""
        told = metrics.exposition(office, now=clock(), real_now=datetime.now(UTC))
        return Response(told, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    @app.get("/api/v1/audit/checkpoint")
    def checkpoint() -> Response:
        """Hand on the newest signed checkpoint, which anybody may keep. 404 while nothing has been sealed."""
        with office.database.snapshot() as connection:
            newest = log.newest_checkpoint(connection)
        if newest is None:
            return PlainTextResponse("The log has no entry yet.\n", status_code=404)
        return PlainTextResponse(newest.note, headers={"Cache-Control": "no-store"})

    app.include_router(cases.router(office, clock, demonstration=demonstration))
    app.mount("/static", StaticFiles(directory=TEMPLATES / "static"), name="static")
    return app
