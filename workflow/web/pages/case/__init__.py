"""The pages of one case. All stand in one shell: who and where, the route, the sections, the next step."""

from fastapi import APIRouter

from workflow.web.guard import routes
from workflow.web.pages.case import (
    acting,
    checklist,
    clock,
    company,
    deciding,
    documents,
    history,
    information,
    messages,
    overview,
    printed,
    recording,
    visits,
)

_SECTIONS = (
    overview,
    checklist,
    documents,
    visits,
    information,
    messages,
    clock,
    history,
    company,
    printed,
    acting,
    deciding,
    recording,
)


def router() -> APIRouter:
    made = routes()
    for section in _SECTIONS:
        made.include_router(section.router())
    return made
