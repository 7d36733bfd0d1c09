"""The same request sent again: one effect, one answer."""

import asyncio

import browsing as w
import builders as b
import httpx
import pytest
from calling import AT, Client

from workflow.store.idempotency import KEPT

TIMES = 50


@pytest.fixture
def staff(office):
    return b.people(office)


def test_fifty_times_the_same_submission_with_a_key_makes_one_case(office, staff):
    body = {"programme": "STP", "uen": b.valid_uen(71_001), "company_name": "Quillhaven Logistics Pte. Ltd."}
    client = Client(office, staff.officer)
    answers = [client.post(f"{AT}/applications", body, Idempotency_Key="a") for _ in range(TIMES)]
    assert {(answer.status_code, answer.text, answer.headers["location"]) for answer in answers} == {
        (201, answers[0].text, answers[0].headers["location"])
    }
    assert len(b.everything(office)["Application"]) == 1


def test_the_same_request_at_once_from_many_sides_has_one_effect(office, staff):
    reference = b.submit(office, b.act(staff.officer))

    app = w.create_app(w.site(office, staff.officer))
    sent = {"files": {"file": ("a.pdf", b.PDF, "application/pdf")}, "data": {"kind": "bizfile_report"}}
    address = f"{AT}/applications/{reference}/documents"

    async def together():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=w.HOST) as client:
            calls = [client.post(address, **sent, headers={"Idempotency-Key": "one upload"}) for _ in range(TIMES)]
            return await asyncio.gather(*calls)

    answers = asyncio.run(together())
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert len(b.everything(office)["Document"]) == 1


def test_a_refusal_is_given_again_too_and_stands_in_the_trail_once(office, staff):
    reference = b.submit(office, b.act(staff.officer))
    client = Client(office, staff.officer)
    wish, headers = {"trigger": "start_review"}, {"If_Match": '"1"', "Idempotency_Key": "k"}
    answers = [client.post(f"{AT}/applications/{reference}/transitions", wish, **headers) for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(409, answers[0].text)}
    kinds = [entry["kind"] for entry in b.entries_of(office, reference)]
    assert kinds.count("case:transition:refused") == 1


def test_an_answer_is_given_again_although_the_case_has_moved_on(office, staff):
    act = b.act(staff.officer)
    reference = b.submit(office, act)
    b.complete_pack(office, act, reference)
    version = b.case_of(office, reference)["version"]
    client = Client(office, staff.officer)
    address, wish = f"{AT}/applications/{reference}/transitions", {"trigger": "start_review", "version": version}
    first = client.post(address, wish, Idempotency_Key="k")
    assert first.status_code == 200, first.text
    assert client.post(address, wish, Idempotency_Key="k").text == first.text
    assert client.post(address, wish).status_code == 409


def test_a_key_belongs_to_one_request_of_one_person_on_one_route(office, staff):
    first, second = b.submit(office, b.act(staff.officer)), b.submit(office, b.act(staff.officer))
    client = Client(office, staff.officer)
    address = f"{AT}/applications/{first}/sites"
    assert client.post(address, {"name": "Tuas"}, Idempotency_Key="k").status_code == 201
    other_body = client.post(address, {"name": "Changi"}, Idempotency_Key="k")
    assert (other_body.status_code, other_body.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    other_case = client.post(f"{AT}/applications/{second}/sites", {"name": "Tuas"}, Idempotency_Key="k")
    assert (other_case.status_code, other_case.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    other_route = client.post(
        f"{AT}/applications/{first}/visits/planned", {"planned_on": "2026-12-04"}, Idempotency_Key="k"
    )
    assert other_route.status_code in (201, 409)
    other_person = Client(office, staff.second_officer).post(address, {"name": "Changi"}, Idempotency_Key="k")
    assert other_person.status_code == 201


def test_a_request_that_failed_may_be_mended_under_the_same_key(office, staff):
    client = Client(office, staff.officer)
    body = {"programme": "STP", "uen": "201890417X", "company_name": "Quillhaven Logistics Pte. Ltd."}
    assert client.post(f"{AT}/applications", body, Idempotency_Key="k").status_code == 422
    mended = body | {"uen": b.valid_uen(71_002)}
    assert client.post(f"{AT}/applications", mended, Idempotency_Key="k").status_code == 201


def test_a_key_is_free_again_after_a_day(office, staff):
    reference = b.submit(office, b.act(staff.officer))
    address = f"{AT}/applications/{reference}/sites"
    assert Client(office, staff.officer).post(address, {"name": "Tuas"}, Idempotency_Key="k").status_code == 201
    later = Client(office, staff.officer, now=b.NOW + KEPT)
    assert later.post(address, {"name": "Changi"}, Idempotency_Key="k").status_code == 201
