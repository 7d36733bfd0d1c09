"""Claiming and assigning a case, and the page of one action: what it changes, who is told, what it asks, its button.

Every trigger is reachable here; whether it may be fired the rules say, on the page and again on press.
"""

from datetime import date
from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from states.dates import local_day
from states.definition import Transition
from states.guards import reason_required
from workflow.access import Area
from workflow.decisions.outcome import Act, Outcome
from workflow.errors import BadInput, CaseworkError, NotFound
from workflow.operations.advance_application import advance_application
from workflow.operations.assign_application import assign_application
from workflow.reports import acting, cases, people
from workflow.reports.acting import Moment
from workflow.web import acts, words
from workflow.web.answers import Problem, act
from workflow.web.forms import Posted, Problems, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import section
from workflow.web.rendering import go, zone_of
from workflow.web.site import Acting, Caller, Here, Site, Who, caller_of, site_of


def router() -> APIRouter:
    made = routes()

    @made.post("/cases/{reference}/claim")
    @see(Area.CASES)
    def claim(request: Request, site: Here, who: Who, by: Acting, reference: str) -> Response:
        return _claim(request, site, who, by, reference)

    @made.get("/cases/{reference}/assign")
    @see(Area.CASES)
    def assignment(request: Request, reference: str) -> Response:
        return _assign_page(request, reference, None)

    @made.post("/cases/{reference}/assign")
    @see(Area.CASES)
    def assign(request: Request, site: Here, by: Acting, reference: str) -> Response:
        posted = posted_of(request)

        def assigned() -> Outcome:
            if not posted.text("to"):
                raise BadInput("OFFICER", "Choose the officer who gets the case.", field="to")
            return assign_application(
                site.office,
                reference=reference,
                to=posted.text("to"),
                act=by,
                version=posted.version,
                idempotency_key=posted.once,
            )

        again = lambda problem: _assign_page(request, reference, problem)  # noqa: E731  # one line, used once
        return act(request, assigned, to=f"/cases/{reference}", again=again)

    @made.get("/cases/{reference}/do/{trigger}")
    @see(Area.CASES)
    def action(request: Request, site: Here, who: Who, reference: str, trigger: str) -> Response:
        with site.office.database.snapshot() as connection:
            moment = acting.moment(connection, site.office, reference=reference, viewer=who.person, now=site.clock())
        if any(one["trigger"] == trigger and one["recommendable"] for one in moment.actions):
            return RedirectResponse(f"/cases/{reference}/decide/{trigger}", status_code=303)
        return action_page(request, reference, trigger)

    @made.post("/cases/{reference}/do/{trigger}")
    @see(Area.CASES)
    def do(request: Request, site: Here, by: Acting, reference: str, trigger: str) -> Response:
        return fire(request, site, by, reference, trigger, again=action_page)

    return made


def _claim(request: Request, site: Site, who: Caller, by: Act, reference: str) -> Response:
    """Assign the case to who asks, unless somebody has it."""
    posted = posted_of(request)
    with site.office.database.snapshot() as connection:
        case = cases.show(connection, site.office, reference=reference, viewer=who.person, now=by.now)
    if case["assignee"]:  # a list offered it that was a while old, or this is the second press
        whose = (
            "Already done: the case is yours"
            if case["assignee"] == who.person.name
            else f"{case['assignee']} has this case already"
        )
        return go(request, f"/cases/{reference}", said=f"{whose}. Nothing was done.")

    def claimed() -> Outcome:
        return assign_application(
            site.office,
            reference=reference,
            to=who.email,
            act=by,
            version=posted.version or case["version"],
            idempotency_key=posted.once,
        )

    return act(request, claimed, to=f"/cases/{reference}", said=lambda _: "The case is yours.")


def fire(request: Request, site: Site, by: Act, reference: str, trigger: str, *, again: Any) -> Response:
    """Fire what a form asks for; the page that `again` makes comes back with what was typed when it is not done."""
    posted = posted_of(request)

    def fired() -> Outcome:
        transition, declared, today = _declared(site, by, reference, trigger)
        problems = Problems(_left_empty(posted, transition, by.actor.roles))
        effective_on = problems.take(lambda: posted.day("effective_on", "The effective day", today))
        given = given_of(posted, declared, today, problems)
        version = problems.take(lambda: posted.version)
        problems.stop()
        try:
            return advance_application(
                site.office,
                reference=reference,
                trigger=trigger,
                act=by,
                reason_code=posted.text("reason_code"),
                reason=posted.text("reason"),
                internal_reason=posted.text("internal_reason"),
                effective_on=effective_on,
                given=given,
                version=version,
                idempotency_key=posted.once,
            )
        except BadInput as error:
            if (name := error.details.get("field")) in declared:
                raise BadInput(error.code, error.sentence, **(error.details | {"field": f"given_{name}"})) from None
            raise

    to = f"/cases/{reference}{acts.AFTERWARDS.get(trigger, '')}"
    return act(
        request,
        fired,
        to=to,
        again=lambda problem: again(request, reference, trigger, problem),
        said=lambda done: acts.done(trigger, reference, done.sentence),
    )


def given_of(posted: Posted, declared: dict[str, str], today: date, problems: Problems) -> dict[str, str]:
    """Return the given facts as operations take them; days may be written as people write them."""
    return {
        name: problems.take(partial(_iso_day, posted, name, today), value) if declared.get(name) == "date" else value
        for name, value in posted.given().items()
    }


def _iso_day(posted: Posted, name: str, today: date) -> str:
    found = posted.day(f"given_{name}", acts.given(name, [])[0], today, needed=True)
    return found.isoformat() if found else ""


def _left_empty(posted: Posted, transition: Transition, roles: frozenset[str]) -> list[CaseworkError]:
    """Return what the act asks for and the form leaves empty: a slip is said here, before a rule refuses on record."""
    found: list[CaseworkError] = []
    at_once = {transition.emergency.reason_code} if transition.emergency else set()
    chooses = not transition.reason_code_optional and set(transition.reason_codes) - at_once
    if chooses and not posted.text("reason_code"):
        found.append(BadInput("REASON_CODE", "Choose the ground.", field="reason_code"))
    if reason_required(transition, roles) and not posted.text("reason").strip():
        sentence = f"The {acts.reason_label(transition.trigger).lower()} is empty. Write it."
        found.append(BadInput("TEXT_EMPTY", sentence, field="reason"))
    return found


def _declared(site: Site, by: Act, reference: str, trigger: str) -> tuple[Transition, dict[str, str], date]:
    """Return what a trigger means here, the types of what it takes, and today where the case is. Raises NotFound."""
    with site.office.database.snapshot() as connection:
        moment = acting.moment(connection, site.office, reference=reference, viewer=by.actor, now=by.now)
    named = [t for t in moment.programme.transitions if t.trigger == trigger]
    if not named:
        raise NotFound("NO_ACTION", f'{moment.programme.code} has no action "{trigger[:40]}".')
    here = moment.programme.transition(trigger, moment.case.state, moment.case.back_to) or named[0]
    return here, {name: kind for t in named for name, kind in t.given.items()}, moment.facts.today


def action_page(request: Request, reference: str, trigger: str, problem: Problem | None = None) -> Response:
    """Return the page of one action. Raises NotFound for one that the programme does not have."""
    site, person = site_of(request), caller_of(request).person
    with site.office.database.snapshot() as connection:
        moment = acting.moment(connection, site.office, reference=reference, viewer=person, now=site.clock())
        titles = [t.title for t in moment.programme.transitions if t.trigger == trigger]
        if not titles:
            raise NotFound("NO_ACTION", f'{moment.programme.code} has no action "{trigger[:40]}".')
        found = next((one for one in moment.actions if one["trigger"] == trigger), None)
        values = {
            "heading": acts.button(trigger, titles[0]),
            "action": found and action_of(moment, found),
            "contacts": acting.contacts(connection, moment.case),
            "orders": acting.orders(connection, moment.case),
            "back": f"/cases/{reference}",
            "here_of": moment.programme.state_by_name[moment.case.state].title,
            "state_has_it": _where(moment, trigger),
        }
        return section(request, connection, "case/do.html", reference, problem=problem, on_its_own_page=True, **values)


def action_of(moment: Moment, one: dict[str, Any]) -> dict[str, Any]:
    """Return an action with the words and places that its page shows."""
    roles, trigger = moment.viewer.roles, one["trigger"]
    return one | {
        "label": acts.button(trigger, one["title"]),
        "unmet": [acts.unmet(u, moment.case.reference, trigger, roles, uen=moment.case.uen) for u in one["unmet"]],
        "met": [line for m in one["met_rules"] if (line := acts.met(m["rule"], m["value"]))],
        "mine": bool(set(one["roles"]) & roles),
        "grave": trigger in acts.GRAVE,
        "leads_to": _leads_to(moment, one),
        "effects_said": acts.effects(one["effects"]),
        "fields": [
            {"name": name, "kind": kind, "label": label, "hint": hint}
            for name, kind in one["given"].items()
            for label, hint in [acts.given(name, one["effects"])]
        ],
        "codes": acts.code_choices(
            [code for code in one["reason_codes"] if code != one["emergency_code"]],
            optional=one["reason_code_optional"],
        ),
        "only_emergency": bool(one["emergency_code"]) and {u["code"] for u in one["unmet"]} <= _LEFT_OUT_IN_EMERGENCY,
    }


_LEFT_OUT_IN_EMERGENCY = frozenset({"RECOMMENDATION_MISSING", "RECOMMENDATION_STALE", "FOUR_EYES", "FOUR_EYES_NOBODY"})


def _leads_to(moment: Moment, one: dict[str, Any]) -> str:
    """Return the state after the action in words; one that depends on what is given is told by its effects."""
    states = moment.programme.state_by_name
    if one["target"] in states:
        return states[one["target"]].title
    return states[moment.facts.back].title if one["target"] == "back" and moment.facts.back in states else ""


def _where(moment: Moment, trigger: str) -> list[str]:
    """Return the titles of the states that have an action."""
    sources = {source for t in moment.programme.transitions if t.trigger == trigger for source in t.sources}
    return [state.title for state in moment.programme.states if state.name in sources]


def _assign_page(request: Request, reference: str, problem: Problem | None) -> Response:
    site = site_of(request)
    with site.office.database.snapshot() as connection:
        staff = people.officers(connection, local_day(site.clock(), zone_of(request)))
        return section(
            request,
            connection,
            "case/assign.html",
            reference,
            problem=problem,
            on_its_own_page=True,
            officers=[
                ("", "Choose an officer"),
                *(_choice(one) for one in staff if one["active"] and "officer" in one["roles"]),
            ],
        )


def _choice(officer: dict[str, Any]) -> tuple[str, str]:
    away = officer["absent_until"]
    return officer["email"], f"{officer['name']}, absent to {words.day(away)}" if away else officer["name"]
