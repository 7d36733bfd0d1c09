"""What the API lets read beside cases: calendar, messages, register, programmes, companies, the trail."""

from datetime import date

import builders as b
import pytest
from calling import AT, Client, sealed

from workflow.operations.record_consent import record_consent
from workflow.reports.calendar import calendar
from workflow.store.cases import read


@pytest.fixture
def staff(office):
    return b.people(office)


def pages(client, address):
    """Return the items of every page, two at a time."""
    items, cursor = [], ""
    while cursor is not None:
        answer = client.get(f"{AT}/{address}{'&' if '?' in address else '?'}limit=2&cursor={cursor}")
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next"]
    return items


def test_the_calendar_comes_whole_in_pages_and_to_the_instant(office, staff):
    b.certified_cheaply(office, staff, 2)
    told = pages(Client(office, staff.officer), "calendar?from=2029-01-01&to=2029-12-31")
    with office.database.snapshot() as connection:
        whole = calendar(connection, office, viewer=staff.officer, first=date(2029, 1, 1), last=date(2029, 12, 31))
    assert [(one["application"], one["rule"], one["due_on"]) for one in told] == [
        (row["application"], row["rule"], row["due_on"].isoformat()) for row in whole
    ]
    assert len(told) > 4
    of_others = Client(office, staff.officer).get(
        f"{AT}/calendar?from=2029-01-01&to=2029-12-31&account_manager=adeline.goh@customs.example"
    )
    assert of_others.json()["items"] == []


def test_messages_are_listed_newest_first_with_what_they_say_and_every_try(office, staff):
    reference = b.submit(office, b.act(staff.officer))
    b.submit(office, b.act(staff.officer))
    client = Client(office, staff.officer)
    told = pages(client, f"notifications?application={reference}")
    assert [one["id"] for one in told] == sorted((one["id"] for one in told), reverse=True)
    assert {one["application"] for one in told} == {reference}
    one = client.get(f"{AT}/notifications/{told[0]['id']}").json()
    assert one["payload"]["reference"] == reference
    assert one["tries"] == []
    assert client.get(f"{AT}/notifications?status=failed").json()["items"] == []
    assert client.get(f"{AT}/notifications?status=lost").status_code == 422


def test_the_register_names_those_who_consented_on_the_day(office, staff):
    act = b.act(staff.officer)
    first, second = b.certified(office, staff), b.certified(office, staff)
    client = Client(office, staff.auditor)
    assert client.get(f"{AT}/register").json()["items"] == []
    for reference in (first, second):
        with office.database.snapshot() as connection:
            number = read(connection, reference, staff.officer).certificate_number
        b.done(record_consent(office, number=number, publication=True, partners=None, act=act))
    told = pages(client, "register")
    assert len(told) == 2
    assert told[0]["standing"] == "in_force"
    assert "publication_consent" not in told[0]
    assert client.get(f"{AT}/register?as_at=2026-11-22").json()["items"] == []
    assert client.get(f"{AT}/register?programme=NONE").json()["items"] == []


def test_auditors_and_supervisors_read_the_sealed_trail_in_its_order(office, staff, tmp_path):
    reference = b.submit(office, b.act(staff.officer))
    b.submit(office, b.act(staff.second_officer))
    auditor = Client(office, staff.auditor)
    assert auditor.get(f"{AT}/audit").json()["items"] == []  # nothing is sealed yet
    sealed(office, tmp_path)
    told = pages(auditor, "audit")
    assert [one["index"] for one in told] == list(range(len(told)))
    assert {one["application"] for one in pages(auditor, f"audit?application={reference}")} == {reference}
    assert {one["actor_name"] for one in pages(auditor, "audit?actor=bala.krishnan@customs.example")} == {
        "Bala Krishnan"
    }
    assert auditor.get(f"{AT}/audit?to=2026-11-22").json()["items"] == []
    assert auditor.get(f"{AT}/audit?kind=case:application:submitted&from=2026-11-23").json()["items"]
    for asked in ("kind=foo", "programme=FOO", "uen=123", "actor=nobody", "from=2026-12-01&to=2026-01-01"):
        assert auditor.get(f"{AT}/audit?{asked}").status_code == 422, asked
    assert auditor.get(f"{AT}/audit?kind=case:visit:planned&uen=201890417D&actor=clock").json()["items"] == []
    assert Client(office, staff.officer).get(f"{AT}/audit").status_code == 403
    note = Client(office).get(f"{AT}/audit/checkpoint")
    assert note.headers["content-type"].startswith("text/plain")
    assert note.text.startswith(office.origin)


def test_programmes_companies_and_me_say_what_a_client_needs(office, staff):
    uen = b.valid_uen(73_001)
    reference = b.submit(office, b.act(staff.officer), uen=uen, sites=["Tuas warehouse"])
    b.submit(office, b.act(staff.officer))
    client = Client(office, staff.officer)
    assert [one["code"] for one in client.get(f"{AT}/programmes").json()["items"]] == ["STP"]
    programme = client.get(f"{AT}/programmes/STP").json()
    assert {"certify", "renew"} <= {one["trigger"] for one in programme["transitions"]}
    assert [one["code"] for one in programme["criteria"]] == b.criteria(office)
    assert len(pages(client, "companies")) == 2
    (company,) = client.get(f"{AT}/companies?uen={uen}").json()["items"]
    assert (company["sites"], company["applications"]) == (["Tuas warehouse"], [reference])
    assert client.get(f"{AT}/me").json()["roles"] == ["officer"]
