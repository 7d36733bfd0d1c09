"""Who may do what, generated: every route, every role, every state of a case, and objects that are theirs or not.

The whole of it is behind `exhaustive`; the usual run takes a sample, the same every time.
"""

from pathlib import Path
from typing import Any

import browsing as w
import builders as b
import policy
import pytest
from policy import ABSENT, LATER, NO_ROLE, NOBODY, OTHER_MANAGER, Desk, World, every, routes_of

from workflow.access import OPENED_BY, Area, sees_all
from workflow.reports import cases
from workflow.web.app import create_app

API = "/api/"
ABSENT_UEN = "201899999K"
STATES = (
    "submitted", "checklist_review", "awaiting_information", "validation", "certified", "revalidation_due", "suspended",
    "lapsed", "rejected", "withdrawn", "revoked",
)  # fmt: skip
CALLERS = (
    "officer", "approver", "second_approver", policy.OWNER, OTHER_MANAGER, "supervisor", "auditor", "admin", NO_ROLE,
    NOBODY,
)  # fmt: skip
TRIGGERS = (
    "start_review", "request_information", "supply_information", "pass_checklist", "return_to_checklist", "certify",
    "reject", "withdraw", "open_revalidation", "renew", "lapse", "suspend", "reinstate", "revoke", "surrender",
    "extend", "set_aside",
)  # fmt: skip
# What an address names beside a case, where no test needs another one.
NAMED = {
    "criterion": "A1", "document": "1", "trigger": "withdraw", "outcome": "certify", "what": "correct", "finding": "1",
    "number": "1", "approval": "1", "notification": "1", "code": "STP", "session_id": "none", "token_id": "none",
    "view": "1", "table": "by_state", "person_id": "p-01", "index": "0", "day": "2026-12-25", "message": "1", "key": "none", "task": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return policy.make_world(sqlite_template, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def desk(world: World, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Desk(world, tmp_path_factory.mktemp("desk"))
    yield made
    made.close()


def all_routes() -> list[tuple[str, str, Area]]:
    """Return (method, path, area) of every route there is."""
    app = create_app(w.site(None))  # type: ignore[arg-type]  # no request is made
    return [
        (method, route.path, route.area)
        for route in routes_of(app.router)
        for method in sorted(route.methods - {"HEAD"})
    ]


ROUTES = all_routes()


def address(path: str, reference: str = ABSENT, uen: str = ABSENT_UEN) -> str:
    named = NAMED | {"reference": reference, "uen": uen}
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:int}}", value)
    assert "{" not in path, f"Name what {path} names."
    return path


def sees(desk: Desk, caller: str) -> bool:
    """Say whether somebody sees the cases of the world, all of which one account manager looks after."""
    person = desk.world.callers[caller]
    return person is not None and (sees_all(person) or caller == policy.OWNER)


def opened(desk: Desk, caller: str, area: Area) -> bool:
    person = desk.world.callers[caller]
    return area is Area.PUBLIC or (person is not None and bool(OPENED_BY[area] & person.roles))


def check_denied(desk: Desk, caller: str, method: str, path: str, answer: Any, status: int) -> None:
    """Hold a denial to what it may be: its status, and at most one entry in the trail."""
    where = (caller, method, path, answer.status_code, w.words_of(answer)[:200])
    assert answer.status_code == status, where
    changed = desk.changes()
    assert set(changed) <= {"audit_entry"}, (where, changed)
    assert changed.get("audit_entry", 0) <= (0 if caller == NOBODY else 1), (where, changed)


def masked(answer: Any, *names: str) -> str:
    text = answer.text
    for name in names:
        text = text.replace(name, "-")
    return text


def closed(desk: Desk, caller: str, method: str, path: str, area: Area, **given: Any) -> bool:
    """Say whether a route is closed to somebody, and check that it is closed as it should be."""
    if area is Area.PUBLIC or (opened(desk, caller, area) and caller != NOBODY):
        return False
    there = address(path, desk.world.cases["validation"])
    answer = desk.ask(caller, method, there, **given)
    if caller != NOBODY:
        check_denied(desk, caller, method, path, answer, 403)
    elif path.startswith(API):
        check_denied(desk, caller, method, path, answer, 401)
    elif method == "GET":
        check_denied(desk, caller, method, path, answer, 303)
        assert answer.headers["location"].startswith("/sign-in?next=")
    else:
        check_denied(desk, caller, method, path, answer, 401)
    return True


def form_of(method: str, path: str) -> dict[str, Any]:
    """Return an empty form or body, as the route takes it."""
    if method == "GET":
        return {}
    if not path.startswith(API):
        return {"data": {"csrf": w.CSRF}}
    if path.endswith("/documents"):
        return {"files": {"file": ("a.pdf", b.PDF, "application/pdf")}, "data": {"kind": "bizfile_report"}}
    return {"json": {}, "headers": {"If-Match": "*"}}


AREAS = [(caller, route) for caller in CALLERS for route in ROUTES]
OBJECTS = [
    (caller, route, state)
    for caller in CALLERS
    for route in ROUTES
    if "{reference}" in route[1]
    for state in STATES
    if route[0] == "GET" or state == "validation"  # what is posted is the same in every state: an empty form
]


def check_areas(desk: Desk, chosen: list[Any]) -> None:
    """Every route of an area is closed to those whom the area is not for, in the same way, and changes nothing."""
    desk.changes()
    for caller, (method, path, area) in chosen:
        closed(desk, caller, method, path, area, **form_of(method, path))


def check_objects(desk: Desk, chosen: list[Any]) -> None:
    """A case of somebody else looks like one that is not there; one's own is there."""
    desk.changes()
    for caller, (method, path, area), state in chosen:
        if area is Area.PUBLIC or not opened(desk, caller, area) or caller == NOBODY:
            continue
        reference, form = desk.world.cases[state], form_of(method, path)
        absent = desk.ask(caller, method, address(path), **form)
        check_denied(desk, caller, method, path, absent, 422 if absent.status_code == 422 else 404)
        answer = desk.ask(caller, method, address(path, reference), **form)
        if not sees(desk, caller):
            check_denied(desk, caller, method, path, answer, absent.status_code)
            assert masked(answer, reference) == masked(absent, ABSENT), (caller, path)
            continue
        where = (caller, method, path, state, answer.status_code, w.words_of(answer)[:300])
        assert answer.status_code < 500, where
        assert answer.status_code not in (401, 403) or method != "GET", where
        if method == "GET" and not set(NAMED) & {one.strip("{}") for one in path.split("/")}:
            assert answer.status_code == 200, where
        if method != "GET" and desk.changes():
            desk.begin_again()
            desk.changes()
        if method == "GET" and not path.endswith("/file"):  # that a document was opened is in the trail
            assert not desk.changes(), where


def test_every_area_is_closed_to_whom_it_is_not_for(desk):
    check_areas(desk, every(AREAS, 8))


@pytest.mark.exhaustive
def test_every_area_is_closed_to_whom_it_is_not_for_by_every_route(desk):
    check_areas(desk, AREAS)


def test_somebody_elses_case_looks_like_none(desk):
    check_objects(desk, every(OBJECTS, 18))


@pytest.mark.exhaustive
def test_somebody_elses_case_looks_like_none_by_every_route_in_every_state(desk):
    check_objects(desk, OBJECTS)


# Transitions: what may be done is what explain() says, through both doors


FIRING = [
    (door, caller, state, trigger)
    for door in ("page", "api")
    for caller in CALLERS
    for state in STATES
    for trigger in TRIGGERS
]


def check_transitions(desk: Desk, chosen: list[Any]) -> set[tuple[str, str, str]]:
    """Fire each trigger with a complete form. Done is what explain() allows, and nothing else; return what was done."""
    done = set()
    desk.changes()
    for door, caller, state, trigger in chosen:
        reference, person = desk.world.cases[state], desk.world.callers[caller]
        with desk.office.database.snapshot() as connection:
            listed = (
                cases.actions(connection, desk.office, reference=reference, actor=person, now=b.NOW)
                if person is not None and sees(desk, caller)
                else []
            )
        allowed = any(one["trigger"] == trigger and one["allowed"] for one in listed)
        answer = _fire(desk, door, caller, state, trigger)
        where = (door, caller, state, trigger, answer.status_code, w.words_of(answer)[:400])
        assert (answer.status_code in (200, 303)) == allowed, where
        if allowed:
            done.add((caller, state, trigger))
            assert desk.changes().get("decision"), where
            desk.begin_again()
            desk.changes()
        else:
            status = 409 if sees(desk, caller) else 404 if opened(desk, caller, Area.CASES) else 403
            if person is None:
                status = 401
            if status == 409 and not any(one["trigger"] == trigger for one in listed):
                status = (
                    answer.status_code
                )  # what is given with a trigger that the state does not have is bad input too
                assert status in (409, 422), where
            check_denied(desk, caller, "POST", trigger, answer, status)
    return done


def _fire(desk: Desk, door: str, caller: str, state: str, trigger: str) -> Any:
    reference = desk.world.cases[state]
    with desk.office.database.snapshot() as connection:
        case = cases.show(connection, desk.office, reference=reference, viewer=b.people(desk.office).auditor, now=b.NOW)
        programme = desk.office.editions.newest(connection, "STP").programme
    named = [t for t in programme.transitions if t.trigger == trigger]
    transition = next((t for t in named if state in t.sources), named[0])
    values = {"date": LATER, "text": "All of it.", "document": str(desk.world.orders.get(state, ""))}
    given = {name: values[kind] for name, kind in transition.given.items() if values[kind]}
    if trigger == "certify":
        given = {"valid_from": b.TODAY.isoformat()}
    if trigger == "request_information":
        given = {"reply_by": "2026-12-22"}
    if trigger == "set_aside" and state != "lapsed":
        given.pop("valid_until")
    if trigger == "supply_information":
        given = {}
    said = {"reason": "The facts ask for it."} if transition.reason != "none" else {}
    codes = [code for code in transition.reason_codes if code not in ("emergency", "no_reply")]
    said |= {"reason_code": codes[0]} if codes else {}
    if door == "api":
        body = said | {"trigger": trigger, "given": given, "version": case["version"]}
        return desk.ask(caller, "POST", f"/api/v1/applications/{reference}/transitions", json=body)
    form = (
        said | {"csrf": w.CSRF, "version": case["version"]} | {f"given_{name}": value for name, value in given.items()}
    )
    return desk.ask(caller, "POST", f"/cases/{reference}/do/{trigger}", data=form)


def test_what_may_be_done_is_what_explain_says(desk):
    assert check_transitions(desk, every(FIRING, 14))


@pytest.mark.exhaustive
def test_what_may_be_done_is_what_explain_says_for_every_role_state_and_trigger(desk):
    done = check_transitions(desk, FIRING)
    assert {trigger for _, _, trigger in done} >= set(TRIGGERS) - {"lapse", "reinstate", "supply_information"}
