"""The gate of every route: who gets in, whose form counts, what a denial leaves behind."""

import json

import browsing as w
import builders as b
import pytest
from sqlalchemy import func, select

from workflow import models
from workflow.access import Area
from workflow.models.base import table_of
from workflow.web.guard import GuardedRoute, routes

_ENTRY = table_of(models.AuditEntry)


def entries(office):
    with office.database.snapshot() as connection:
        return connection.execute(select(func.count()).select_from(_ENTRY)).scalar_one()


def test_a_route_without_an_area_cannot_be_registered():
    made = routes()
    with pytest.raises(TypeError, match="names no area"):
        made.get("/somewhere")(lambda: "")


def test_every_route_stands_behind_the_gate(sqlite_office):
    app = w.create_app(w.site(sqlite_office))
    found = list(_routes(app.router))
    assert len(found) > 5
    assert all(isinstance(route, GuardedRoute) and isinstance(route.area, Area) for route in found)


def _routes(router):
    """Yield every route that answers requests; the folder of static files is no route."""
    for one in router.routes:
        inner = getattr(one, "original_router", None)
        if inner is not None:
            yield from _routes(inner)
        elif hasattr(one, "endpoint"):
            yield one


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(sqlite_office):
    answer = w.browser(sqlite_office).get("/cases?state=submitted")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/cases%3Fstate%3Dsubmitted"


def test_a_form_of_another_site_or_of_another_session_does_nothing(office):
    staff = b.people(office)
    browser = w.browser(office, staff.officer)
    before = entries(office)
    for answer in (
        browser.post("/cases/STP-2026-000001", csrf="wrong"),
        browser.post("/cases/STP-2026-000001", Origin="https://elsewhere.example"),
        browser.post("/cases/STP-2026-000001", **{"Sec-Fetch-Site": "cross-site"}),
    ):
        assert answer.status_code in (403, 405)
    assert entries(office) == before


def test_an_address_that_no_record_could_have_is_not_found(office):
    staff = b.people(office)
    for person in (staff.officer, staff.account_manager):
        assert w.browser(office, person).get("/cases/%00").status_code == 404


def test_absent_and_not_yours_look_the_same_and_the_denial_is_in_the_trail(office):
    staff = b.people(office)
    reference = b.submit(office, b.act(staff.officer), company_name="Tideglass Freight Pte. Ltd.")
    other = b.another_person(office, "p-99", "Ong Kah Seng", "account_manager")
    browser = w.browser(office, other)
    before = entries(office)
    theirs, absent = browser.get(f"/cases/{reference}"), browser.get("/cases/STP-2026-999999")
    assert theirs.status_code == absent.status_code == 404
    assert w.words_of(theirs) == w.words_of(absent)
    assert entries(office) == before + 1
    with office.database.snapshot() as connection:
        newest = connection.execute(select(_ENTRY.c.canonical).order_by(_ENTRY.c.id.desc()).limit(1)).scalar_one()
    told = json.loads(newest)
    assert told["kind"] == "access:route:denied"
    assert told["detail"] == {"method": "GET", "route": "/cases/{reference}"}
