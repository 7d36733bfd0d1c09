"""Pages, one file for each area: they read reports, call one operation, and render. No rule is decided here."""

from workflow.web.pages import approvals, case, home, work

AREAS = (home, work, approvals, case)
