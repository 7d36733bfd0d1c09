"""The web application: pages, the API, health. Built from an open office; opens none."""

from datetime import UTC, datetime
from importlib.resources import files

import js_lib_htmx
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Lifespan

from workflow.access import Area
from workflow.reports import metrics
from workflow.web import api
from workflow.web.errors import add_handlers
from workflow.web.guard import routes, see
from workflow.web.limiting import Limiter
from workflow.web.pages import AREAS
from workflow.web.rendering import TEMPLATES, SafeHeaders
from workflow.web.site import Here, Site

_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
_HTMX = files(js_lib_htmx) / "static" / "htmx" / "htmx.min.js"


def create_app(site: Site, *, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Return the application of a site. `lifespan` says what happens when its process begins and ends."""
    app = FastAPI(title="AEO Casework", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.site = site
    app.state.limiter = Limiter()
    # A foreign name that resolves to this machine must not read pages.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_LOOPBACK, *_own_host(site)], www_redirect=False)
    app.add_middleware(SafeHeaders)
    add_handlers(app)
    app.include_router(_machines())
    app.include_router(api.router())
    for area in AREAS:
        app.include_router(area.router())
    app.mount("/static", StaticFiles(directory=TEMPLATES / "static"), name="static")
    return app


def _own_host(site: Site) -> list[str]:
    host = site.settings.base_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return [host] if host else []


def _machines() -> APIRouter:
    made = routes()

    @made.get("/healthz")
    @see(Area.PUBLIC)
    def healthz() -> dict[str, str]:
        """Say that the process answers."""
        return {"status": "ok"}

    @made.get("/readyz")
    @see(Area.PUBLIC)
    def readyz(site: Here) -> JSONResponse:
        """Say whether it can work, and what is missing."""
        if problems := site.ready():
            return JSONResponse({"status": "not ready", "problems": problems}, status_code=503)
        return JSONResponse({"status": "ready"})

    @made.get("/metrics")
    @see(Area.PUBLIC)
    def figures(site: Here) -> Response:
        """Say how late the clock and the mail are, for Prometheus."""
        told = metrics.exposition(site.office, now=site.clock(), real_now=datetime.now(UTC))
        return Response(told, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    @made.get("/static/htmx.js")
    @see(Area.PUBLIC)
    def htmx() -> Response:
        """Hand out htmx as its package ships it."""
        kept = {"Cache-Control": "public, max-age=86400"}
        return Response(_HTMX.read_bytes(), media_type="text/javascript", headers=kept)

    return made
