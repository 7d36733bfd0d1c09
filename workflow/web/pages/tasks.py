"""What waits for a person because the system may not or cannot do it: letters, mail that did not arrive, and more."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow import inputs
from workflow.access import Area
from workflow.decisions.outcome import Done
from workflow.operations.close_task import close_task
from workflow.reports import mail
from workflow.reports.tasks import open_tasks
from workflow.web import words
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import Problems, at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.messages import before_of
from workflow.web.rendering import page, zone_of
from workflow.web.site import Acting, Here, caller_of, site_of


def router() -> APIRouter:
    made = routes()

    @made.get("/tasks")
    @see(Area.MESSAGES)
    def tasks(request: Request) -> Response:
        return _list(request)

    @made.post("/tasks/{task}/close")
    @see(Area.MESSAGES)
    def close(request: Request, site: Here, acting: Acting, task: str) -> Response:
        posted, number = posted_of(request), mail.number(task)

        def closed() -> Done:
            problems, today = Problems(), words.local(acting.now, zone_of(request)) or acting.now.date()
            outcome = problems.take(
                lambda: at("outcome", lambda: inputs.text(posted.text("outcome"), "What was done")), ""
            )
            posted_on = problems.take(lambda: posted.day("posted_on", "The day of posting", today))
            problems.stop()
            field = "posted_on" if "posted_on" in posted.data else "outcome"
            done: Done = at(
                field,
                lambda: close_task(site.office, task_id=number, outcome=outcome, posted_on=posted_on, act=acting),
            )
            return done

        return act(request, closed, to="/tasks", again=lambda problem: _list(request, problem, about=number))

    return made


def _list(request: Request, problem: Problem | None = None, *, about: int = 0) -> Response:
    site, caller = site_of(request), caller_of(request)
    with site.office.database.snapshot() as connection:
        found = open_tasks(connection, viewer=caller.person)
    roles = caller.person.roles
    rows = [one | {"yours": bool(roles & {one["role"], "supervisor"})} for one in found]
    asked = request.query_params.get("close", "")
    return page(
        request,
        "messages/tasks.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        yours=[one for one in rows if one["yours"]],
        others=[one for one in rows if not one["yours"]],
        about=about or before_of(asked),
    )
