"""Sessions: how long they last, who ends them, and that what an admin takes away is gone at once."""

import json
from datetime import timedelta

import pytest
from builders import NOW, act, another_person, email_of, rows_of
from sign_ins import PASSWORD, SECRETS, Somebody, enrolled, enter, hash_quickly, somebody
from sqlalchemy import delete, update
from test_sign_in import entries

from states.facts import OPERATOR, Person
from workflow import models
from workflow.decisions.outcome import Act
from workflow.errors import BadInput, NotFound, NotPermitted, NotSignedIn, TooMany
from workflow.models.base import table_of
from workflow.operations.end_session import end_session, end_sessions_of
from workflow.operations.resume import resume
from workflow.operations.set_password import change_password, set_password
from workflow.reports.sign_ins import sessions_of
from workflow.store.office import Office
from workflow.store.sessions import IDLE, LONGEST
from workflow.store.sign_in_counts import LIMITS

_ROLE = table_of(models.OfficerRole)
_OFFICER = table_of(models.Officer)
MINUTE = timedelta(minutes=1)
NEW = "windmill Tuesday copper"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)


@pytest.fixture
def officer(office: Office) -> Somebody:
    return somebody(office, "p-11", "Irfan Malik", "officer", "account_manager")


@pytest.fixture
def admin(office: Office) -> Person:
    return another_person(office, "p-17", "Omar Said", "admin")


class TestLasts:
    def test_thirty_minutes_without_a_click(self, office: Office, officer: Somebody):
        token = enter(office, officer).token

        assert resume(office, token, now=NOW + IDLE) is None
        assert resume(office, token, now=NOW) is None  # ended for good, whatever the clock says

    def test_on_while_it_is_used(self, office: Office, officer: Somebody):
        token = enter(office, officer).token

        for minutes in range(0, 240, 29):
            assert resume(office, token, now=NOW + minutes * MINUTE) is not None

    def test_twelve_hours_at_most(self, office: Office, officer: Somebody):
        token = enter(office, officer).token
        at = NOW
        while at < NOW + LONGEST:
            assert resume(office, token, now=at) is not None
            at += 20 * MINUTE

        assert resume(office, token, now=at) is None

    def test_being_seen_is_written_once_a_minute(self, office: Office, officer: Somebody):
        token = enter(office, officer).token

        seen = []
        for seconds in (0, 59, 60, 100, 121):
            resume(office, token, now=NOW + timedelta(seconds=seconds))
            (row,) = rows_of(office, models.Session)
            seen.append((row["seen_at"] - NOW).total_seconds())

        assert seen == [0, 0, 60, 60, 121]

    def test_its_end_by_time_is_told(self, office: Office, officer: Somebody):
        token = enter(office, officer).token

        resume(office, token, now=NOW + IDLE)
        resume(office, token, now=NOW + IDLE)

        assert [entry["detail"]["why"] for entry in entries(office, "access:session:ended")] == ["idle"]

    @pytest.mark.parametrize("token", ["", "unknown", "\ud800", "x" * 10_000, "\x00"])
    def test_not_at_all_under_an_unknown_token(self, office: Office, token: str):
        assert resume(office, token, now=NOW) is None


class TestRolesAreReadFresh:
    def test_a_role_that_is_taken_away_is_gone(self, office: Office, officer: Somebody):
        token = enter(office, officer).token
        with office.database.transaction() as transaction:
            transaction.connection.execute(delete(_ROLE).where(_ROLE.c.role == "officer"))

        found = resume(office, token, now=NOW)

        assert found is not None
        assert found.person.roles == {"account_manager"}

    def test_a_disabled_account_has_no_session(self, office: Office, officer: Somebody):
        token = enter(office, officer).token
        with office.database.transaction() as transaction:
            gone = update(_OFFICER).where(_OFFICER.c.id == officer.person.id).values(active=False)
            transaction.connection.execute(gone)

        assert resume(office, token, now=NOW) is None


class TestEnds:
    def test_by_signing_out(self, office: Office, officer: Somebody):
        started = enter(office, officer)

        end_session(office, session_id=started.session_id, act=Act(officer.person, "password", NOW))

        assert resume(office, started.token, now=NOW) is None
        (entry,) = entries(office, "access:session:ended")
        assert (entry["actor"], entry["detail"]["why"]) == (officer.person.id, "signed out")

    def test_all_others_from_one(self, office: Office, officer: Somebody):
        here, *others = [enter(office, officer, agent=f"browser {n}") for n in range(3)]

        done = end_sessions_of(office, officer_id=officer.person.id, act=act(officer.person), but=here.session_id)

        assert done.data == {"ended": 2}
        assert resume(office, here.token, now=NOW) is not None
        assert [resume(office, one.token, now=NOW) for one in others] == [None, None]

    def test_by_an_admin(self, office: Office, officer: Somebody, admin: Person):
        token = enter(office, officer).token

        end_sessions_of(office, officer_id=officer.person.id, act=act(admin))

        assert resume(office, token, now=NOW) is None

    def test_never_by_somebody_else_who_cannot_tell_whether_it_exists(self, office: Office, officer: Somebody):
        started, other = enter(office, officer), another_person(office, "p-19", "Paul Goh", "supervisor")

        told = []
        for session_id in (started.session_id, "s_unknown"):
            with pytest.raises(NotFound) as caught:
                end_session(office, session_id=session_id, act=act(other))
            told.append(caught.value.sentence)
        with pytest.raises(NotFound):
            end_sessions_of(office, officer_id=officer.person.id, act=act(other))

        assert told[0] == told[1]
        assert resume(office, started.token, now=NOW) is not None

    def test_and_the_list_shows_those_that_go_on(self, office: Office, officer: Somebody):
        first = enter(office, officer, agent="Firefox")
        enter(office, officer, NOW + 20 * MINUTE, agent="Chromium")
        resume(office, first.token, now=NOW + 10 * MINUTE)

        with office.database.snapshot() as connection:
            found = sessions_of(connection, officer.person.id, NOW + 35 * MINUTE)
            later = sessions_of(connection, officer.person.id, NOW + 45 * MINUTE)

        assert [one["agent"] for one in found] == ["Chromium", "Firefox"]
        assert [one["agent"] for one in later] == ["Chromium"]


class TestAPassword:
    def test_is_changed_given_the_old_one_and_other_sessions_end(self, office: Office, officer: Somebody):
        here, other = enter(office, officer), enter(office, officer)

        after = change_password(office, SECRETS, token=here.token, old=PASSWORD, new=NEW, now=NOW)

        assert resume(office, here.token, now=NOW) is None
        assert resume(office, other.token, now=NOW) is None
        assert resume(office, after.token, now=NOW) is not None
        assert after.session_id == here.session_id
        assert enter(office, officer, password=NEW).stage == "complete"
        with pytest.raises(NotSignedIn):
            enter(office, officer)

    def test_is_not_changed_without_it_and_guessing_is_slowed_down(self, office: Office, officer: Somebody):
        token = enter(office, officer).token

        for _ in range(LIMITS["account"]):
            with pytest.raises(NotSignedIn):
                change_password(office, SECRETS, token=token, old="wrong password here", new=NEW, now=NOW)

        with pytest.raises(TooMany):
            change_password(office, SECRETS, token=token, old=PASSWORD, new=NEW, now=NOW)

    def test_is_set_by_an_admin_and_all_sessions_end(self, office: Office, officer: Somebody, admin: Person):
        token = enter(office, officer).token
        for _ in range(LIMITS["account"]):
            with pytest.raises(NotSignedIn):
                enter(office, officer, password="wrong password here")

        set_password(office, email=officer.email, password=NEW, act=act(admin))

        assert resume(office, token, now=NOW) is None
        assert enter(office, officer, password=NEW).stage == "complete"  # the count begins anew too
        assert entries(office, "access:password:set")[-1]["actor"] == admin.id
        (told,) = rows_of(office, models.Notification, message="sign_in_changed")
        assert told["recipient"] == f"officer:{officer.person.id}"
        assert json.loads(told["payload"])["by"] == admin.name

    def test_that_one_sets_oneself_is_no_news(self, office: Office, admin: Person):
        set_password(office, email=email_of(admin), password=NEW, act=act(admin))

        assert rows_of(office, models.Notification, message="sign_in_changed") == []

    def test_is_not_set_by_anybody_else(self, office: Office, officer: Somebody):
        with pytest.raises(NotPermitted):
            set_password(office, email=officer.email, password=NEW, act=act(officer.person))

    def test_is_not_set_by_the_operator_in_production(self, office: Office, officer: Somebody):
        from dataclasses import replace  # noqa: PLC0415

        with pytest.raises(NotPermitted):
            set_password(
                replace(office, production=True), email=officer.email, password=NEW, act=Act(OPERATOR, "x", NOW)
            )

    @pytest.mark.parametrize(
        ("password", "code"),
        [
            ("elevenchars", "PASSWORD_LENGTH"),
            ("x1" * 65, "PASSWORD_LENGTH"),
            ("Password12345!", "PASSWORD_COMMON"),
            ("!!QwertyUiop!!", "PASSWORD_COMMON"),
            ("1234567890123", "PASSWORD_COMMON"),
            ("839201748362", "PASSWORD_COMMON"),
            ("abcdefghijklmno", "PASSWORD_COMMON"),
            ("aaaabbbbaaaab", "PASSWORD_COMMON"),
            ("Irfan in the harbour", "PASSWORD_OWN"),
            ("mALIK-in-the-harbour", "PASSWORD_OWN"),
            ("harbour\x00lantern", "PASSWORD_TEXT"),
        ],
    )
    def test_that_is_tried_first_is_not_taken(self, sqlite_office: Office, password: str, code: str):
        person = another_person(sqlite_office, "p-11", "Irfan Malik", "officer")

        with pytest.raises(BadInput) as caught:
            set_password(sqlite_office, email=email_of(person), password=password, act=Act(OPERATOR, "x", NOW))

        assert caught.value.code == code

    @pytest.mark.parametrize("password", ["windmill Tuesday copper", "7#kQ!zr9@Lw2", "海関 灯台 静かな 港 一二三四"])
    def test_of_any_other_kind_is_taken(self, sqlite_office: Office, password: str):
        person = another_person(sqlite_office, "p-11", "Irfan Malik", "officer")

        set_password(sqlite_office, email=email_of(person), password=password, act=Act(OPERATOR, "x", NOW))

        assert enter(sqlite_office, Somebody(person), password=password).stage == "complete"


def test_a_session_that_misses_its_code_changes_no_password(office: Office) -> None:
    phone = enrolled(office, somebody(office, "p-12", "Jasmine Koh", "approver"))
    token = enter(office, phone).token

    with pytest.raises(NotSignedIn):
        change_password(office, SECRETS, token=token, old=PASSWORD, new=NEW, now=NOW)
