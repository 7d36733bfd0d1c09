"""The pages as a browser without JavaScript gets them, an officer signed in."""

import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import browsing as w
import builders as b
import pytest

from workflow.errors import BadInput, NotFound, Unavailable
from workflow.operations.sweep import sweep
from workflow.reports import case_page, cases
from workflow.reports.calendar import calendar
from workflow.store.office import Office
from workflow.web.rendering import TEMPLATES


@pytest.fixture(params=["sqlite_office", "postgresql_office"])
def office(request: pytest.FixtureRequest) -> Office:
    """The installation itself; in the other journeys `office` is its command line."""
    return request.getfixturevalue(request.param)


def officers_browser(office: Office, **more: Any) -> w.Browser:
    """A browser in which an officer is signed in."""
    return w.browser(office, b.people(office).officer, **more)


def test_an_empty_list_says_what_to_do(sqlite_office):
    answer = officers_browser(sqlite_office).get("/cases")
    assert answer.status_code == 200
    assert "No application has been received yet" in w.words_of(answer)
    assert "Start a case for a company" in w.words_of(answer)


def test_the_list_shows_one_state(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.submit(sqlite_office, b.act(staff.officer))
    client = officers_browser(sqlite_office)
    assert reference in client.get("/cases?state=submitted").text
    assert reference not in client.get("/cases?state=lapsed").text


def test_a_case_page_shows_unmet_rules_and_who_decides(office):
    staff = b.people(office)
    reference = b.in_validation(office, staff)
    answer = officers_browser(office).get(f"/cases/{reference}")
    text = w.words_of(answer)
    assert answer.status_code == 200
    assert "Validation, first application · No certificate" in text
    assert "Recommend certification Not yet: 2 of 11 rules unmet" in text
    assert "No on-site visit with a report is recorded in this cycle." in text
    assert "An approver who took no part in this case decides. Chen Wei Ling can." in text
    assert "you act as" not in text  # what other roles do is one line, not a refusal
    assert "decide by Tue 23 Mar 2027" in text
    assert "Pass the checklist: Checklist review to Validation" in text


def test_a_certified_case_shows_standing_and_what_the_clock_will_do(office):
    staff = b.people(office)
    reference = b.certified(office, staff)
    text = w.words_of(officers_browser(office).get(f"/cases/{reference}"))
    assert "Certified, first application · In force to Fri 23 Nov 2029" in text
    assert "The certificate's last day is over: the case lapses by the clock itself" in text
    assert "T-90, to the company, the account manager and supervisors" in text
    assert "Recommended To certify, by Adeline Goh" in text


def test_a_certificate_is_in_force_on_its_whole_last_day_and_not_on_the_next(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.certified(sqlite_office, staff)
    last = date(2029, 11, 23)
    late = b.morning_of(last) + timedelta(hours=14, minutes=59)
    assert "In force to Fri 23 Nov 2029" in w.words_of(
        officers_browser(sqlite_office, now=late).get(f"/cases/{reference}")
    )
    over = late + timedelta(minutes=1)  # midnight in Singapore; the sweep has not run
    assert "Certificate ended on Fri 23 Nov 2029" in w.words_of(
        officers_browser(sqlite_office, now=over).get(f"/cases/{reference}")
    )
    sweep(sqlite_office, now=over)
    assert "Lapsed, first application" in w.words_of(
        officers_browser(sqlite_office, now=over).get(f"/cases/{reference}")
    )


def test_history_names_people_and_tells_refusals(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.in_validation(sqlite_office, staff)
    b.advance(sqlite_office, b.act(staff.officer), reference, "certify")
    with sqlite_office.database.snapshot() as connection:
        told = cases.history(connection, sqlite_office, reference=reference, viewer=staff.auditor)
    assert told[0]["sentence"].startswith(f"Application {reference} of Quillhaven Logistics")
    assert {one["actor"] for one in told} == {"Adeline Goh"}
    assert told[-1]["sentence"] == "Refused: Certify, 5 unmet"
    assert len(told[-1]["unmet"]) == 5
    assert all("not recorded" not in one["sentence"] for one in told)


def test_names_cannot_become_markup(sqlite_office):
    staff = b.people(sqlite_office)
    name = '<script>alert("1")</script> & Söhne'
    reference = b.submit(sqlite_office, b.act(staff.officer), company_name=name)
    for address in ("/cases", f"/cases/{reference}"):
        answer = officers_browser(sqlite_office).get(address)
        assert "<script>" not in answer.text
        assert name in unescape(answer.text)


@pytest.mark.parametrize("address", ["/cases/STP-2026-999999", "/cases/%3Cscript%3E", "/nowhere"])
def test_what_is_not_there_is_told_plainly(sqlite_office, address):
    answer = officers_browser(sqlite_office).get(address)
    assert answer.status_code == 404
    assert "We cannot show this page" in w.words_of(answer)
    assert "<script>" not in answer.text


def test_a_page_that_only_reads_takes_no_changes(sqlite_office):
    answer = officers_browser(sqlite_office).post("/cases")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert "takes no such request" in w.words_of(answer)


def test_a_defect_shows_a_plain_page_and_no_traceback(sqlite_office):
    def broken(_):
        raise RuntimeError("secret detail")

    site = replace(w.site(sqlite_office, b.people(sqlite_office).officer), identify=broken)
    answer = w.Browser(site).get("/cases")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in w.words_of(answer)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_an_unreachable_database_is_told_as_503(sqlite_office):
    def gone():
        raise Unavailable("DATABASE", "The database does not answer as it should.")

    answer = officers_browser(sqlite_office, ready=gone).get("/readyz")
    assert answer.status_code == 503
    assert "Casework cannot reach its records" in w.words_of(answer)


def test_health_and_readiness(sqlite_office):
    client = officers_browser(sqlite_office)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    answer = officers_browser(sqlite_office, ready=lambda: ["The worker has not reported."]).get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "problems": ["The worker has not reported."]}


def test_figures_for_monitoring(sqlite_office):
    answer = officers_browser(sqlite_office).get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "aeo_clock_lateness_seconds 0.0" in answer.text


def test_the_demonstration_clock_is_named_only_when_it_is_moved(sqlite_office):
    assert "Demonstration clock" not in officers_browser(sqlite_office).get("/cases").text
    told = w.words_of(officers_browser(sqlite_office, demonstration=True).get("/cases"))
    assert "Demonstration clock: Mon 23 Nov 2026, 9:00, Singapore time" in told


def test_every_answer_carries_strict_headers(sqlite_office):
    client = officers_browser(sqlite_office)
    for address in ("/cases", "/cases/none", "/healthz", "/static/aeo.css"):
        headers = client.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'"), address
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert client.get("/cases").headers["cache-control"] == "no-store"


def test_pages_need_no_script_and_no_inline_style(sqlite_office):
    staff = b.people(sqlite_office)
    pages = ["/cases", f"/cases/{b.certified(sqlite_office, staff)}", f"/cases/{b.in_validation(sqlite_office, staff)}"]
    for address in [*pages, "/cases/none"]:
        shape = w.Shape(officers_browser(sqlite_office).get(address).text)
        assert all(one.get("src", "").startswith("/static/") and "defer" in one for one in shape.all("script"))
        assert not shape.all("style")
        assert all("style" not in attributes for _, attributes in shape.tags)
        assert len(shape.all("h1")) == 1
        assert len(shape.all("main")) == 1
        assert shape.all("a")[0] == {"class": "skip", "href": "#content"}
        ids = [attributes["id"] for _, attributes in shape.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        targets = {f"#{one}" for one in ids}
        assert all(one["href"] in targets for one in shape.all("use"))


def test_the_list_pages_by_deadline_and_then_reference_without_gaps(office):
    staff = b.people(office)
    dated = [b.in_validation(office, staff, now=b.NOW - timedelta(days=days)) for days in (0, 30, 30)]
    undated = [b.submit(office, b.act(staff.officer)) for _ in range(3)]
    with office.database.snapshot() as connection:
        seen: list[str] = []
        while page := cases.list_(
            connection, office, viewer=staff.auditor, now=b.NOW, after=seen[-1] if seen else "", limit=2
        ):
            seen += [row["reference"] for row in page]
    assert seen == [*sorted(dated[1:]), dated[0], *sorted(undated)]


def test_reports_name_what_is_wrong(office):
    viewer = b.people(office).auditor
    with office.database.snapshot() as connection:
        with pytest.raises(NotFound):
            cases.show(connection, office, reference="STP-2026-000001", viewer=viewer, now=b.NOW)
        with pytest.raises(NotFound):
            cases.actions(connection, office, reference="none", actor=viewer, now=b.NOW)
        with pytest.raises(BadInput, match="Known: submitted"):
            cases.list_(connection, office, viewer=viewer, now=b.NOW, state="gone")
        with pytest.raises(BadInput, match="1 to 500"):
            cases.list_(connection, office, viewer=viewer, now=b.NOW, limit=0)
        with pytest.raises(BadInput):
            calendar(connection, office, viewer=viewer, first=b.TODAY, last=b.TODAY - timedelta(days=1))


def test_the_calendar_shows_what_the_clock_owes(office):
    staff = b.people(office)
    reference, other = b.certified(office, staff), b.certified(office, staff)
    with office.database.snapshot() as connection:
        everything = calendar(connection, office, viewer=staff.auditor, first=b.TODAY, last=date(2029, 12, 31))
        mine = calendar(
            connection, office, viewer=staff.auditor, first=b.TODAY, last=date(2029, 12, 31), reference=reference
        )
        of_manager = calendar(
            connection,
            office,
            viewer=staff.auditor,
            first=b.TODAY,
            last=date(2029, 12, 31),
            account_manager_id=staff.account_manager.id,
        )
        nobodys = calendar(
            connection, office, viewer=staff.auditor, first=b.TODAY, last=date(2029, 12, 31), account_manager_id="p-99"
        )
    assert {row["application"] for row in everything} == {reference, other}
    assert everything == of_manager
    assert nobodys == []
    assert [row["rule"] for row in mine] == [
        "T-270", "open_revalidation", "T-210", "T-180", "T-150", "T-120", "T-90", "T-60", "T-30", "T-7", "T-0",
        "lapse", "T+1",
    ]  # fmt: skip
    lapse = next(row for row in mine if row["rule"] == "lapse")
    assert (lapse["audience"], lapse["message"], lapse["due_on"]) == ("clock", "lapse", date(2029, 11, 23))
    assert lapse["valid_until"] == date(2029, 11, 23)


def test_the_route_shows_where_a_case_was_and_what_is_ahead(office):
    staff = b.people(office)
    reference = b.certified(office, staff)
    with office.database.snapshot() as connection:
        stations = case_page.route(connection, office, reference=reference, viewer=staff.auditor)
    assert [(one["state"], one["status"]) for one in stations] == [
        ("submitted", "done"),
        ("checklist_review", "done"),
        ("validation", "done"),
        ("certified", "here"),
        ("revalidation_due", "ahead"),
    ]
    assert stations[-1]["on"] == date(2029, 4, 27)


def test_nothing_is_loaded_from_elsewhere():
    for path in Path(TEMPLATES).rglob("*"):
        if path.suffix in (".html", ".css"):
            assert not re.search(r"(src|href)=\"https?:|url\(|@import", path.read_text()), path.name
