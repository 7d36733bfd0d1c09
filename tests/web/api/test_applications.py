"""The API's way from an application to a certificate, and what is in the way."""

import builders as b
import pytest
from calling import AT, Client


@pytest.fixture
def staff(office):
    return b.people(office)


def show(client, reference):
    return client.get(f"{AT}/applications/{reference}").json()


def test_an_application_goes_from_submission_to_its_certificate(office, staff):
    officer, approver = Client(office, staff.officer), Client(office, staff.approver)
    uen = b.valid_uen(70_001)
    answer = officer.post(
        f"{AT}/applications",
        {
            "programme": "STP",
            "uen": uen,
            "company_name": "Quillhaven Logistics Pte. Ltd.",
            "contact_email": "trade@quillhaven.example",
            "account_manager": "dewi.lestari@customs.example",
        },
    )
    assert answer.status_code == 201, answer.text
    reference = answer.json()["reference"]
    assert answer.headers["location"] == f"{AT}/applications/{reference}"
    assert answer.headers["etag"] == '"1"'
    at = f"{AT}/applications/{reference}"

    for kind in b.PACK:
        assert officer.upload(reference, f"{kind}.pdf", b.PDF, kind).status_code == 201
    assert fire(officer, reference, "start_review")["state"] == "checklist_review"
    evidence = officer.upload(reference, "evidence.pdf", b.PDF, "evidence").json()["document"]
    for criterion in b.criteria(office):
        body = {"answer": "yes", "documents": [evidence], "version": show(officer, reference)["version"]}
        assert officer.put(f"{at}/checklist/{criterion}/answer", body).status_code == 200
    assert officer.post(f"{at}/checklist/assessments").json()["assessed"] == sorted(b.criteria(office))
    assert fire(officer, reference, "pass_checklist")["state"] == "validation"
    report = officer.upload(reference, "visit.pdf", b.PDF, "visit_report").json()["document"]
    visited = officer.post(f"{at}/visits", {"held_on": b.TODAY.isoformat(), "report": report})
    assert visited.status_code == 201, visited.text
    band = officer.post(f"{AT}/companies/{uen}/bands", {"band": "Premium", "assessed_on": b.TODAY.isoformat()})
    assert band.status_code == 201, band.text
    told = {"outcome": "certify", "reason": "All is met.", "version": show(officer, reference)["version"]}
    assert officer.post(f"{at}/recommendations", told).status_code == 201

    certified = fire(approver, reference, "certify", given={"valid_from": b.TODAY.isoformat()})
    assert (certified["state"], certified["standing"]) == ("certified", "in_force")
    assert show(officer, reference)["certificate"]["valid_from"] == b.TODAY.isoformat()


def test_a_recommendation_is_taken_back_at_the_version_that_was_read(office, staff):
    reference = b.ready_to_certify(office, staff)
    client, at = Client(office, staff.officer), f"{AT}/applications/{reference}/recommendations/taking-back"
    assert client.post(at, {"reason": "A visit is missing."}).status_code == 428

    answer = client.post(at, {"reason": "A visit is missing.", "version": show(client, reference)["version"]})

    assert answer.status_code == 201, answer.text
    assert show(client, reference)["waits_for"] == "officer"


def fire(client, reference, trigger, **more):
    version = show(client, reference)["version"]
    answer = client.post(f"{AT}/applications/{reference}/transitions", {"trigger": trigger, "version": version} | more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    return answer.json()


def test_a_case_says_what_may_be_done_and_every_rule_that_is_not_met(office, staff):
    reference = b.submit(office, b.act(staff.officer))
    answer = Client(office, staff.officer).get(f"{AT}/applications/{reference}")
    case = answer.json()
    assert answer.headers["etag"] == f'"{case["version"]}"'
    assert (case["state"], case["standing"], case["cycle"]) == ("submitted", "none", 1)
    start = next(action for action in case["actions"] if action["trigger"] == "start_review")
    assert not start["allowed"]
    assert [one["code"] for one in start["unmet"]] == ["DOCUMENTS_MISSING"]
    assert all(one["sentence"] and one["who"] for one in start["unmet"])


def test_programs_are_not_told_what_to_type(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.submit(sqlite_office, b.act(staff.officer), account_manager="")
    b.complete_pack(sqlite_office, b.act(staff.officer), reference)
    b.done(b.advance(sqlite_office, b.act(staff.officer), reference, "start_review"))
    client = Client(sqlite_office, staff.officer)
    shown = show(client, reference)
    told = next(one for one in shown["actions"] if one["trigger"] == "pass_checklist")
    asked = {"trigger": "pass_checklist", "version": shown["version"]}
    refused = client.post(f"{AT}/applications/{reference}/transitions", asked).json()
    for unmet in (told["unmet"], refused["unmet"]):
        (sentence,) = (one["sentence"] for one in unmet if one["code"] == "NO_ACCOUNT_MANAGER")
        assert sentence.endswith("Name one.")


def test_a_refusal_is_409_with_every_unmet_rule_and_stands_in_the_trail(office, staff):
    reference = b.submit(office, b.act(staff.officer))
    client = Client(office, staff.account_manager)
    answer = client.post(f"{AT}/applications/{reference}/transitions", {"trigger": "start_review", "version": 1})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (409, "REFUSED")
    assert {one["code"] for one in problem["unmet"]} == {"WRONG_ROLE", "DOCUMENTS_MISSING"}
    assert [entry["kind"] for entry in b.entries_of(office, reference)][-1] == "case:transition:refused"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"If_Match": '"1"'}, {}, 200),
        ({"If_Match": "*"}, {}, 200),
        ({"If_Match": '"7", "1"'}, {}, 200),
        ({}, {"version": 1}, 200),
        ({"If_Match": '"2"'}, {}, 412),
        ({"If_Match": 'W/"1"'}, {}, 412),
        ({"If_Match": '"1"'}, {"version": 2}, 412),
        ({}, {"version": 2}, 409),
        ({"If_Match": "*"}, {"version": 2}, 409),
        ({}, {}, 428),
        ({"If_Match": "1"}, {}, 422),
    ],
)
def test_a_change_says_which_version_it_was_made_from(sqlite_office, headers, body, status):
    staff = b.people(sqlite_office)
    reference = b.submit(sqlite_office, b.act(staff.officer))
    client = Client(sqlite_office, staff.officer)
    wish = {"to": "bala.krishnan@customs.example"} | body
    answer = client.put(f"{AT}/applications/{reference}/assignee", wish, **headers)
    assert answer.status_code == status, answer.text
    assert (b.case_of(sqlite_office, reference)["assignee_id"] is not None) == (status == 200)


def test_cursors_lead_through_the_whole_list_without_gaps_while_cases_come_and_change(office, staff):
    act, client = b.act(staff.officer), Client(office, staff.officer)
    before = [b.submit(office, act) for _ in range(7)]
    seen, cursor, pages = [], "", 0
    while True:
        page = client.get(f"{AT}/applications?limit=3&cursor={cursor}")
        seen += [one["reference"] for one in page.json()["items"]]
        pages += 1
        if pages == 1:
            late = b.submit(office, act)
            b.complete_pack(office, act, before[5])  # its deadline moves, its place does not
            b.done(b.advance(office, act, before[5], "start_review"))
        cursor = page.json()["next"]
        if cursor is None:
            assert "link" not in page.headers
            break
        assert f"cursor={cursor}" in page.headers["link"]
        assert page.headers["link"].endswith('rel="next"')
    assert seen == [*before, late]


@pytest.mark.parametrize(
    "cursor", ["x", "WyJhIl0", "WzEsMl0", "Wy0xXQ", "e30", "A" * 401, "WzFlOTldCg", "%F0%9F%98%80"]
)
def test_a_cursor_of_another_list_is_bad_input(sqlite_office, cursor):
    staff = b.people(sqlite_office)
    answer = Client(sqlite_office, staff.officer).get(f"{AT}/applications?cursor={cursor}")
    assert answer.status_code == 422


def test_lists_are_narrowed_by_state_company_programme_and_officer(office, staff):
    act, client = b.act(staff.officer), Client(office, staff.officer)
    uen = b.valid_uen(70_002)
    wanted, _other = b.submit(office, act, uen=uen), b.submit(office, act)
    client.put(f"{AT}/applications/{wanted}/assignee", {"to": "bala.krishnan@customs.example", "version": 1})
    for query in (f"uen={uen}", "assignee=bala.krishnan@customs.example", f"uen={uen}&state=submitted&programme=STP"):
        assert [one["reference"] for one in client.get(f"{AT}/applications?{query}").json()["items"]] == [wanted]
    assert client.get(f"{AT}/applications?programme=NONE").json() == {"items": [], "next": None}
    assert client.get(f"{AT}/applications?state=nowhere").status_code == 422


def test_history_goes_on_where_a_page_ended(office, staff):
    act = b.act(staff.officer)
    reference = b.submit(office, act)
    b.complete_pack(office, act, reference)
    client = Client(office, staff.officer)
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{AT}/applications/{reference}/history?limit=2&cursor={cursor}").json()
        seen += [one["kind"] for one in page["items"]]
        cursor = page["next"]
    assert seen == [entry["kind"] for entry in b.entries_of(office, reference)]


def test_what_may_not_be_seen_looks_as_if_it_did_not_exist(office, staff):
    reference = b.submit(office, b.act(staff.officer))
    other = b.another_person(office, "p-99", "Ong Kah Seng", "account_manager")
    client = Client(office, other)
    for part in ("", "/history", "/documents", "/checklist", "/visits", "/requests", "/corrective-actions"):
        theirs = client.get(f"{AT}/applications/{reference}{part}")
        absent = client.get(f"{AT}/applications/STP-2026-999999{part}")
        assert theirs.status_code == absent.status_code == 404
        assert theirs.text.replace(reference, "") == absent.text.replace("STP-2026-999999", "")
    assert client.get(f"{AT}/applications").json()["items"] == []
    assert client.get(f"{AT}/companies").json()["items"] == []
    assert client.get(f"{AT}/notifications").json()["items"] == []


def test_a_role_that_may_not_submit_is_403_with_one_entry_in_the_trail(office, staff):
    client = Client(office, staff.approver)
    before = len(b.everything(office)["AuditEntry"])
    body = {"programme": "STP", "uen": b.valid_uen(70_003), "company_name": "Lanternmoor Trading"}
    assert client.post(f"{AT}/applications", body).status_code == 403
    assert len(b.everything(office)["AuditEntry"]) == before + 1
    assert b.everything(office)["Application"] == []


def test_sites_contacts_and_requests_are_kept(office, staff):
    client = Client(office, staff.officer)
    act = b.act(staff.officer)
    reference = b.submit(office, act)
    at = f"{AT}/applications/{reference}"
    assert client.post(f"{at}/sites", {"name": "Tuas warehouse"}).json()["sites"] == ["Tuas warehouse"]
    b.done(b.advance(office, act, reference, "request_information", reason="Which warehouse?"))
    assert client.get(f"{at}/requests").json()["items"][0]["status"] == "open"
    asked = client.post(f"{at}/requests", {"question": "And since when?", "reply_by": "2026-12-21"})
    assert asked.status_code == 201, asked.text
    answered = client.post(f"{at}/requests/{asked.json()['number']}/answer", {"text": "Since May."})
    assert answered.json()["open"] == 1


def test_what_waits_for_a_second_person_is_confirmed_by_one(office, staff):
    officer, approver = Client(office, staff.officer), Client(office, staff.approver)
    reference = b.submit(office, b.act(staff.officer))
    asked = officer.post(
        f"{AT}/applications/{reference}/waivers", {"kind": "financial_statements", "reason": "A new company."}
    )
    assert asked.status_code == 201, asked.text
    number = asked.json()["approval"]
    assert [one["id"] for one in approver.get(f"{AT}/approvals").json()["items"]] == [number]
    assert officer.post(f"{AT}/approvals/{number}/confirmation").status_code == 409
    assert approver.post(f"{AT}/approvals/{number}/confirmation").json()["status"] == "confirmed"
    assert approver.post(f"{AT}/approvals/{number}/refusal", {"reason": "No."}).status_code == 422
    assert approver.get(f"{AT}/approvals").json()["items"] == []
    assert approver.get(f"{AT}/approvals?status=confirmed").json()["items"][0]["id"] == number
