"""Pages, one file for each area: they read reports, call one operation, and render. No rule is decided here."""

from workflow.web.pages import account, approvals, case, home, programmes, settings, sign_in, work

AREAS = (
    sign_in,
    home,
    account,
    work,
    approvals,
    case,
    programmes,
    settings,
)
