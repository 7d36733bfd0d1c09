"""The API: /api/v1, its description and its pages for reading. What it may do, operations and rules decide."""

from fastapi import APIRouter

from workflow.web.api import (
    applications,
    approvals,
    audit,
    calendar,
    checklist,
    companies,
    documents,
    information,
    me,
    notifications,
    programmes,
    register,
    visits,
)
from workflow.web.api.description import add_description
from workflow.web.api.routing import api_routes

# In the order in which the description shows them.
_AREAS = (
    applications,
    documents,
    checklist,
    visits,
    information,
    approvals,
    calendar,
    notifications,
    audit,
    register,
    programmes,
    companies,
    me,
)


def router() -> APIRouter:
    made = api_routes()
    for area in _AREAS:
        area.add_to(made)
    add_description(made)
    return made
