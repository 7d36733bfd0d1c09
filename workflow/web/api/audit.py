"""The trail: sealed entries for auditors and supervisors, and the newest checkpoint for everybody."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field
from starlette.requests import Request

from workflow import inputs
from workflow.access import Area
from workflow.errors import NotFound
from workflow.reports.trail.choice import choose
from workflow.reports.trail.page import entries
from workflow.store import log
from workflow.web.api.cursors import USUAL, Cursor, Limit, cursor_of, paged, place_of
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import Day, Told, example, page_of
from workflow.web.guard import see
from workflow.web.rendering import zone_of
from workflow.web.site import Here, Who


class AuditEntry(Told):
    """One entry of the log."""

    index: int = Field(description="Its place in the log.")
    recorded_at: datetime
    effective_at: datetime | None
    actor: str = Field(description="The person's opaque id.")
    actor_name: str | None
    role: str
    on_behalf_of: str | None = Field(description="The planned rule, when the clock acted.")
    kind: str
    application: str | None
    company: str | None
    programme: str | None
    from_state: str | None
    to_state: str | None
    reason: str
    summary: str = Field(description="What happened, in words.")
    leaf: str = Field(description="SHA-256(0x00 || RFC 8785 form), hexadecimal.")
    entry: dict[str, Any] = Field(description="The entry as it is sealed.")
    model_config = example(
        index=41,
        recorded_at="2026-11-02T01:12:00Z",
        effective_at="2026-11-02T01:12:00Z",
        actor="p-01",
        actor_name="Adeline Goh",
        role="officer",
        on_behalf_of=None,
        kind="case:state:changed",
        application="STP-2026-000123",
        company="201890417D",
        programme="STP",
        from_state="submitted",
        to_state="checklist_review",
        reason="",
        summary="Start review: Submitted to Checklist review",
        leaf="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        entry={"kind": "case:state:changed", "actor": "p-01"},
    )


AuditEntries = page_of(AuditEntry, "AuditEntries")


def add_to(made: APIRouter) -> None:
    @made.get(f"{PREFIX}/audit", tags=["audit"], response_model=AuditEntries)
    @also(404)
    @see(Area.TRAIL)
    def list_audit_entries(
        request: Request,
        response: Response,
        site: Here,
        who: Who,
        application: Annotated[
            str, Query(description="Only this case.", max_length=60, examples=["STP-2026-000123"])
        ] = "",
        programme: Annotated[str, Query(description="Only its cases.", max_length=20, examples=["STP"])] = "",
        uen: Annotated[
            str, Query(description="Only this company's cases.", max_length=20, examples=["201890417D"])
        ] = "",
        actor: Annotated[
            str,
            Query(
                description="Only what this person did (e-mail address), or `clock` or `operator`.",
                max_length=254,
                examples=["adeline.goh@customs.example"],
            ),
        ] = "",
        kind: Annotated[
            str, Query(description="Only entries of this kind.", max_length=80, examples=["case:state:changed"])
        ] = "",
        first: Annotated[Day | None, Query(alias="from", description="The first day.", examples=["2026-11-01"])] = None,
        last: Annotated[Day | None, Query(alias="to", description="The last day.", examples=["2026-11-30"])] = None,
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List sealed entries in the order of the log. What happened in the last moments is not sealed yet."""
        place = place_of(cursor, int)
        inputs.in_order(first, last)
        identifier = inputs.uen(uen).value if uen else ""
        with site.office.database.snapshot() as connection:
            wanted = choose(
                connection,
                site.office.editions,
                zone=zone_of(request),
                application=application,
                programme=programme,
                uen=identifier,
                actor=actor,
                kind=kind,
                first=first,
                last=last,
            )
            start = place[0] + 1 if place else 0
            rows = entries(connection, wanted, viewer=who.person, first=start, limit=limit + 1)
        return paged(request, response, rows, limit, lambda row: cursor_of(row["index"]))

    @made.get(f"{PREFIX}/audit/checkpoint", tags=["audit"], response_class=PlainTextResponse)
    @also(404)
    @see(Area.PUBLIC)
    def show_checkpoint(site: Here) -> Response:
        """Hand on the newest signed checkpoint, which anybody may keep. 404 while nothing has been sealed."""
        with site.office.database.snapshot() as connection:
            newest = log.newest_checkpoint(connection)
        if newest is None:
            raise NotFound("NO_CHECKPOINT", "The log has no entry yet. Ask again later.")
        return PlainTextResponse(newest.note)
