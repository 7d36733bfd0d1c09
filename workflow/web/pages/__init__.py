"""Pages, one file for each area: they read reports, call one operation, and render. No rule is decided here."""

from workflow.web.pages import account, calendar, case, home, portfolio, programmes, settings, sign_in, team, work

AREAS = (
    sign_in,
    home,
    account,
    work,
    case,
    portfolio,
    calendar,
    team,
    programmes,
    settings,
)
