"""Pages, one file for each area: they read reports, call one operation, and render. No rule is decided here."""

from workflow.web.pages import case, home, programmes, settings, work

AREAS = (home, work, case, programmes, settings)
