"""API tokens: cut to roles, good until a day, revoked at once, and never a way around a second proof."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import NOW, TODAY, act, another_person, email_of, rows_of
from sqlalchemy import delete, update
from test_sign_in import entries

from states.facts import OPERATOR, Person
from workflow import models
from workflow.decisions.outcome import Act
from workflow.errors import BadInput, NotFound, NotPermitted
from workflow.models.base import table_of
from workflow.operations.add_token import AddedToken, add_token
from workflow.operations.revoke_token import revoke_token
from workflow.operations.token_holder import token_holder
from workflow.reports.sign_ins import tokens_of
from workflow.store.office import Office

_ROLE = table_of(models.OfficerRole)
_OFFICER = table_of(models.Officer)


@pytest.fixture
def both(office: Office) -> Person:
    return another_person(office, "p-21", "Ravi Menon", "officer", "approver")


@pytest.fixture
def admin(office: Office) -> Person:
    return another_person(office, "p-17", "Omar Said", "admin")


def added(
    office: Office, person: Person, *roles: str, by: Act | None = None, last_day: date | None = None
) -> AddedToken:
    given = {"email": email_of(person), "name": "nightly import", "roles": roles, "last_day": last_day}
    return add_token(office, act=by or act(person), **given)


def test_a_token_proves_the_person_with_its_roles_alone(office: Office, both: Person) -> None:
    token = added(office, both, "officer")

    assert token_holder(office, token.token, now=NOW) == (replace(both, roles=frozenset({"officer"})), token.token_id)
    assert token.token.startswith("aeo_")
    assert len(token.token) == len("aeo_") + 43


def test_without_roles_named_it_has_all_of_the_persons(office: Office, both: Person) -> None:
    assert token_holder(office, added(office, both).token, now=NOW) is not None
    assert added(office, both).roles == ("approver", "officer")


def test_a_role_that_the_person_loses_is_lost_to_the_token(office: Office, both: Person) -> None:
    token, other = added(office, both).token, added(office, both, "approver").token
    with office.database.transaction() as transaction:
        transaction.connection.execute(delete(_ROLE).where(_ROLE.c.role == "approver"))

    found = token_holder(office, token, now=NOW)

    assert found is not None
    assert found[0].roles == {"officer"}
    assert token_holder(office, other, now=NOW) is None


def test_a_disabled_account_has_no_token(office: Office, both: Person) -> None:
    token = added(office, both).token
    with office.database.transaction() as transaction:
        transaction.connection.execute(update(_OFFICER).where(_OFFICER.c.id == both.id).values(active=False))

    assert token_holder(office, token, now=NOW) is None


def test_it_ends_with_its_last_day_in_the_office_or_after_ninety(office: Office, both: Person) -> None:
    today, usual = added(office, both, last_day=TODAY), added(office, both)
    midnight = NOW + timedelta(hours=15)  # 24:00 in Singapore

    assert token_holder(office, today.token, now=midnight - timedelta(seconds=1)) is not None
    assert token_holder(office, today.token, now=midnight) is None
    assert token_holder(office, usual.token, now=NOW + timedelta(days=90)) is None


@pytest.mark.parametrize("days", [-1, 367])
def test_it_is_good_from_today_and_for_a_year_at_most(office: Office, both: Person, days: int) -> None:
    with pytest.raises(BadInput):
        added(office, both, last_day=TODAY + timedelta(days=days))


def test_a_revoked_one_proves_nothing(office: Office, both: Person) -> None:
    token = added(office, both)

    revoke_token(office, token_id=token.token_id, act=act(both))
    revoke_token(office, token_id=token.token_id, act=act(both))

    assert token_holder(office, token.token, now=NOW) is None
    assert len(entries(office, "access:token:revoked")) == 1


def test_another_persons_looks_like_one_that_does_not_exist(office: Office, both: Person) -> None:
    token, other = added(office, both), another_person(office, "p-19", "Paul Goh", "supervisor")

    told = set()
    for token_id in (token.token_id, "t_unknown"):
        with pytest.raises(NotFound) as caught:
            revoke_token(office, token_id=token_id, act=act(other))
        told.add(caught.value.sentence.replace(token_id, "ID"))

    assert len(told) == 1
    assert token_holder(office, token.token, now=NOW) is not None


@pytest.mark.parametrize("token", ["", "aeo_unknown", "\ud800", "x" * 10_000, "\x00"])
def test_an_unknown_one_proves_nothing(office: Office, token: str) -> None:
    assert token_holder(office, token, now=NOW) is None


def test_it_holds_no_role_that_the_person_lacks(office: Office, both: Person) -> None:
    with pytest.raises(BadInput, match="does not hold admin"):
        added(office, both, "admin")


def test_only_the_person_and_an_admin_add_one(office: Office, both: Person, admin: Person) -> None:
    other = another_person(office, "p-19", "Paul Goh", "supervisor")

    with pytest.raises(NotPermitted):
        added(office, both, by=act(other))

    assert added(office, both, by=act(admin)).roles


def test_in_production_an_admin_adds_none_that_decides(office: Office, both: Person, admin: Person) -> None:
    live = replace(office, production=True)

    with pytest.raises(NotPermitted, match="Ravi Menon alone"):
        added(live, both, by=act(admin))

    assert added(live, both, "officer", by=act(admin)).roles == ("officer",)
    assert added(live, both).roles == ("approver", "officer")


def test_in_production_the_operator_adds_the_first_admins_and_no_other(
    office: Office, both: Person, admin: Person
) -> None:
    live, operator = replace(office, production=True), Act(OPERATOR, "command line", NOW)
    with pytest.raises(NotPermitted):
        added(live, both, by=operator)

    first = added(live, admin, by=operator)

    with pytest.raises(NotPermitted):
        added(live, admin, by=operator)
    revoke_token(live, token_id=first.token_id, act=act(admin))
    assert added(live, admin, by=operator).roles == ("admin",)


def test_its_use_is_written_once_a_minute(office: Office, both: Person) -> None:
    token = added(office, both).token

    used = []
    for seconds in (0, 59, 60, 100, 121):
        token_holder(office, token, now=NOW + timedelta(seconds=seconds))
        (row,) = rows_of(office, models.ApiToken)
        used.append((row["last_used_at"] - NOW).total_seconds())

    assert used == [0, 0, 60, 60, 121]


def test_neither_the_tables_nor_the_trail_hold_its_text(office: Office, both: Person) -> None:
    token = added(office, both)

    kept = json.dumps([rows_of(office, model) for model in (models.ApiToken, models.AuditEntry)], default=str)

    assert token.token not in kept
    assert token.token not in repr(token)
    (entry,) = entries(office, "access:token:added")
    assert entry["detail"]["token"] == token.token_id


def test_the_list_says_what_each_is_good_for(office: Office, both: Person) -> None:
    token = added(office, both, "officer")
    token_holder(office, token.token, now=NOW)
    revoke_token(office, token_id=added(office, both).token_id, act=act(both))

    with office.database.snapshot() as connection:
        (good, revoked) = sorted(tokens_of(connection, NOW), key=lambda one: one["state"])
        later = {one["state"] for one in tokens_of(connection, NOW + timedelta(days=91), both.id)}

    assert (good["state"], good["email"], good["roles"], good["last_used_at"]) == (
        "good",
        email_of(both),
        ["officer"],
        NOW,
    )
    assert revoked["state"] == "revoked"
    assert later == {"over", "revoked"}
