"""What the company reads of its case: the same facts in its own words, and what is withheld and why."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area
from workflow.reports import acting as reading
from workflow.reports import case_file, case_page, mail
from workflow.web import words
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import section
from workflow.web.site import Here, Who

_MOST = 200  # messages; a case has some dozens in a term


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}/company")
    @see(Area.CASES)
    def company(request: Request, site: Here, who: Who, reference: str) -> Response:
        now, office = site.clock(), site.office
        with office.database.snapshot() as connection:
            moment = reading.moment(connection, office, reference=reference, viewer=who.person, now=now)
            case = moment.case
            stations = case_page.route(connection, office, reference=reference, viewer=who.person)
            titles = {state.name: words.for_company(state.name, state.kind)[0] for state in moment.programme.states}
            title, next_ = words.for_company(
                case.state, case.state_kind, no_reply=case_page.ended_by(connection, case) == "no_reply"
            )
            requests = case_file.requests(connection, reference=reference, viewer=who.person)
            return section(
                request,
                connection,
                "case/company.html",
                reference,
                told={"title": title, "next": next_},
                steps=[one | {"title": title if one["status"] == "here" else titles[one["state"]]} for one in stations],
                open_requests=[one for one in requests if one["status"] == "open"],
                contacts=reading.contacts(connection, case),
                letters=mail.messages(
                    connection, office, viewer=who.person, now=now, reference=reference, arrived=True, limit=_MOST
                ),
            )

    return made
