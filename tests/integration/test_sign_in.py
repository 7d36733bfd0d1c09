"""Signing in: what proves who somebody is, what tells nobody who exists, and what slows guessing down."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from builders import NOW, act, another_person, email_of, rows_of
from sign_ins import PASSWORD, SECRETS, STEP, Somebody, enrolled, enter, hash_quickly, somebody
from sqlalchemy import update

from states.facts import OPERATOR
from workflow import models
from workflow.decisions.outcome import Act
from workflow.errors import BadInput, NotSignedIn, TooMany
from workflow.models.base import table_of
from workflow.operations.enrol_code import enrol_code, start_enrolment
from workflow.operations.fold_sign_ins import fold_sign_ins
from workflow.operations.give_code import give_code
from workflow.operations.reset_code import reset_code
from workflow.operations.resume import resume
from workflow.operations.sign_in import sign_in
from workflow.store import passwords
from workflow.store.office import Office
from workflow.store.sign_in_counts import LIMITS, WINDOW

_ROLE = table_of(models.OfficerRole)
_OFFICER = table_of(models.Officer)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)


@pytest.fixture
def officer(office: Office) -> Somebody:
    return somebody(office, "p-11", "Irfan Malik", "officer")


@pytest.fixture
def approver(office: Office) -> Somebody:
    return somebody(office, "p-12", "Jasmine Koh", "approver")


def entries(office: Office, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["canonical"]) for row in rows_of(office, models.AuditEntry, kind=kind)]


def refused(office: Office, **given: Any) -> NotSignedIn:
    with pytest.raises(NotSignedIn) as caught:
        sign_in(office, SECRETS, **({"password": PASSWORD, "now": NOW} | given))
    return caught.value


class TestWithAPassword:
    def test_an_officer_is_signed_in(self, office: Office, officer: Somebody):
        started = enter(office, officer, agent="Firefox")

        found = resume(office, started.token, now=NOW)
        assert found is not None
        assert (found.person, found.stage, found.proven) == (officer.person, "complete", "password")
        assert (started.csrf, started.session_id) == (found.csrf, found.session_id)

    def test_the_address_may_be_typed_in_capitals(self, office: Office, officer: Somebody):
        assert (
            sign_in(office, SECRETS, email=f" {officer.email.upper()} ", password=PASSWORD, now=NOW).stage == "complete"
        )

    def test_a_letter_is_the_same_however_the_keyboard_composes_it(self, office: Office):
        person = another_person(office, "p-13", "Kim Ooi", "officer")
        from workflow.operations.set_password import set_password  # noqa: PLC0415

        set_password(office, email=email_of(person), password="café lantern harbour", act=Act(OPERATOR, "x", NOW))

        assert sign_in(office, SECRETS, email=email_of(person), password="cafe\u0301 lantern harbour", now=NOW)

    def test_neither_password_nor_token_is_kept(self, office: Office, officer: Somebody):
        started = enter(office, officer)

        kept = json.dumps([rows_of(office, model) for model in (models.Session, models.Credential)], default=str)
        assert PASSWORD not in kept
        assert started.token not in kept

    def test_a_hash_of_weaker_days_is_renewed(self, office: Office, officer: Somebody, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))

        enter(office, officer)

        (kept,) = rows_of(office, models.Credential)
        assert "m=16,t=2" in kept["password_hash"]
        assert enter(office, officer).stage == "complete"

    def test_a_new_sign_in_ends_the_one_that_the_browser_had(self, office: Office, officer: Somebody):
        first = enter(office, officer)

        second = enter(office, officer, before=first.token)

        assert second.token != first.token
        assert resume(office, first.token, now=NOW) is None
        assert resume(office, second.token, now=NOW) is not None

    def test_a_token_that_a_stranger_planted_is_never_taken_over(self, office: Office, officer: Somebody):
        started = enter(office, officer, before="planted")

        assert started.token != "planted"
        assert resume(office, "planted", now=NOW) is None


class TestTellsNobodyWhoExists:
    def test_the_same_sentence_whatever_is_wrong(self, office: Office, officer: Somebody):
        disabled = somebody(office, "p-14", "Lena Tan", "officer")
        without = another_person(office, "p-15", "Mei Chua", "officer")
        with office.database.transaction() as transaction:
            gone = update(_OFFICER).where(_OFFICER.c.id == disabled.person.id).values(active=False)
            transaction.connection.execute(gone)

        told = [
            refused(office, email=officer.email, password="wrong password here"),
            refused(office, email="nobody@customs.example"),
            refused(office, email="no address at all\x00"),
            refused(office, email=disabled.email),
            refused(office, email=email_of(without)),
            refused(office, email=officer.email, password="\ud800"),
        ]

        assert {(one.code, one.sentence) for one in told} == {(told[0].code, told[0].sentence)}
        assert told[0].code == "SIGN_IN"

    def test_the_same_work_is_done(self, office: Office, officer: Somebody, monkeypatch: pytest.MonkeyPatch):
        class Counting(PasswordHasher):
            compared = 0

            def verify(self, hash: Any, password: Any) -> Any:  # noqa: A002  # the library's name
                Counting.compared += 1
                return super().verify(hash, password)

        monkeypatch.setattr(passwords, "HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
        found = []
        for email in (officer.email, "nobody@customs.example", "no address"):
            Counting.compared = 0
            refused(office, email=email, password="wrong password here")
            found.append(Counting.compared)

        assert found == [1, 1, 1]

    @pytest.mark.usefixtures("officer")
    @pytest.mark.parametrize("email", ["irfan.malik@customs.example", "nobody@customs.example"])
    def test_an_account_that_does_not_exist_is_slowed_down_all_the_same(self, office: Office, email: str):
        told = [refused(office, email=email, password="wrong password here").sentence for _ in range(LIMITS["account"])]

        with pytest.raises(TooMany) as caught:
            sign_in(office, SECRETS, email=email, password=PASSWORD, now=NOW)

        assert len(set(told)) == 1
        assert caught.value.sentence == "Too many sign-ins failed. Wait until 09:15."


class TestSlowsDown:
    def test_after_five_failures_even_the_right_password_waits(self, office: Office, officer: Somebody):
        for _ in range(LIMITS["account"]):
            refused(office, email=officer.email, password="wrong password here")

        with pytest.raises(TooMany) as caught:
            enter(office, officer, NOW + WINDOW - timedelta(seconds=1))

        assert caught.value.details["until"] == NOW + WINDOW
        assert enter(office, officer, NOW + WINDOW).stage == "complete"

    def test_a_sign_in_between_begins_the_count_anew(self, office: Office, officer: Somebody):
        for _ in range(3):
            for _ in range(LIMITS["account"] - 1):
                refused(office, email=officer.email, password="wrong password here")
            assert enter(office, officer).stage == "complete"

    def test_one_place_may_not_try_many_accounts(self, office: Office, officer: Somebody):
        for n in range(LIMITS["address"]):
            refused(office, email=f"somebody{n}@customs.example", address="192.0.2.7")

        with pytest.raises(TooMany):
            enter(office, officer, address="192.0.2.7")
        assert enter(office, officer, address="192.0.2.8").stage == "complete"

    def test_a_sign_in_does_not_forgive_what_its_place_has_tried(self, office: Office, officer: Somebody):
        for n in range(LIMITS["address"] - 1):
            refused(office, email=f"somebody{n}@customs.example", address="192.0.2.7")
        enter(office, officer, address="192.0.2.7")

        refused(office, email="last@customs.example", address="192.0.2.7")

        with pytest.raises(TooMany):
            enter(office, officer, address="192.0.2.7")

    def test_many_at_once_are_counted_before_they_are_judged(self, office: Office, officer: Somebody):
        judged: list[str] = []
        together = threading.Barrier(12)

        def guess() -> None:
            together.wait()
            try:
                enter(office, officer, password="wrong password here")
            except (NotSignedIn, TooMany) as error:
                judged.append(error.code)

        threads = [threading.Thread(target=guess) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(judged) == ["SIGN_IN"] * LIMITS["account"] + ["THROTTLED"] * (12 - LIMITS["account"])

    def test_an_address_is_kept_as_a_digest(self, office: Office, officer: Somebody):
        refused(office, email=officer.email, password="wrong password here", address="192.0.2.7")

        kept = json.dumps(rows_of(office, models.SignInCount), default=str)
        assert "192.0.2.7" not in kept
        assert officer.email not in kept


class TestInTheTrail:
    def test_a_sign_in_is_an_entry_of_the_person(self, office: Office, officer: Somebody):
        started = enter(office, officer)

        (entry,) = entries(office, "access:session:started")
        assert (entry["actor"], entry["role"], entry["proven"]) == (officer.person.id, "officer", "password")
        assert entry["detail"] == {"session": started.session_id}

    def test_failures_are_folded_by_account_and_window(self, office: Office, officer: Somebody):
        for minute in range(4):
            refused(office, email=officer.email, password="wrong password here", now=NOW + timedelta(minutes=minute))
        told_at_once = [entry["detail"]["failures"] for entry in entries(office, "access:sign_in:failed")]

        fold_sign_ins(office, now=NOW + WINDOW)

        found = entries(office, "access:sign_in:failed")
        assert told_at_once == [1]
        assert [entry["detail"]["failures"] for entry in found] == [1, 3]
        assert {entry["detail"]["whom"] for entry in found} == {officer.person.id}
        assert {entry["actor"] for entry in found} == {"unknown"}
        assert found[1]["detail"]["last"] == "2026-11-23T01:03:00.000000Z"

    def test_the_limit_is_told_at_once(self, office: Office, officer: Somebody):
        for _ in range(LIMITS["account"]):
            refused(office, email=officer.email, password="wrong password here")

        assert [one["detail"]["failures"] for one in entries(office, "access:sign_in:failed")] == [
            1,
            LIMITS["account"] - 1,
        ]

    def test_failures_before_a_sign_in_are_told_with_it(self, office: Office, officer: Somebody):
        for _ in range(3):
            refused(office, email=officer.email, password="wrong password here")

        enter(office, officer)

        assert sum(one["detail"]["failures"] for one in entries(office, "access:sign_in:failed")) == 3

    def test_every_failure_is_told_once_whatever_comes_between(self, office: Office, officer: Somebody):
        failures = 0
        for minute in range(0, 120, 4):
            try:
                enter(office, officer, NOW + timedelta(minutes=minute), password="wrong password here")
            except NotSignedIn:
                failures += 1
            except TooMany:
                continue
            if minute % 28 == 0:
                fold_sign_ins(office, now=NOW + timedelta(minutes=minute))

        fold_sign_ins(office, now=NOW + timedelta(hours=3))

        assert sum(one["detail"]["failures"] for one in entries(office, "access:sign_in:failed")) == failures
        assert rows_of(office, models.SignInCount) == []

    def test_nothing_in_it_is_a_password_a_token_or_an_address(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)
        refused(office, email=phone.email, password="wrong password here", address="192.0.2.7")
        refused(office, email="nobody@customs.example", address="192.0.2.7")
        session = enter(office, phone, code=phone.code(), address="192.0.2.7", agent="Firefox on a phone")

        trail = " ".join(row["canonical"] for row in rows_of(office, models.AuditEntry))

        for secret in (
            PASSWORD, "wrong password here", session.token, session.csrf, phone.secret, phone.code(), phone.email,
            "nobody@customs.example", "192.0.2.7", "Firefox",
        ):  # fmt: skip
            assert secret not in trail


class TestASecondProof:
    def test_an_approver_without_codes_must_set_them_up(self, office: Office, approver: Somebody):
        started = enter(office, approver)

        assert started.stage == "enrol"
        assert started.expires_at == NOW + timedelta(minutes=10)
        assert entries(office, "access:session:started") == []

    def test_setting_them_up_makes_the_session_whole_under_another_token(self, office: Office, approver: Somebody):
        started = enter(office, approver)
        enrolment = start_enrolment(office, SECRETS, token=started.token, now=NOW)
        phone = Somebody(approver.person, enrolment.secret)

        whole = enrol_code(office, SECRETS, token=started.token, code=phone.code(), now=NOW)

        assert enrolment.uri.startswith("otpauth://totp/")
        assert (whole.stage, whole.session_id) == ("complete", started.session_id)
        assert whole.token != started.token
        assert whole.csrf != started.csrf
        assert resume(office, started.token, now=NOW) is None
        found = resume(office, whole.token, now=NOW)
        assert found is not None
        assert (found.stage, found.proven) == ("complete", "password+code")
        assert [entry["proven"] for entry in entries(office, "access:session:started")] == ["password+code"]

    def test_the_secret_stays_the_same_while_it_waits(self, office: Office, approver: Somebody):
        token = enter(office, approver).token

        first = start_enrolment(office, SECRETS, token=token, now=NOW)

        assert start_enrolment(office, SECRETS, token=token, now=NOW) == first

    def test_the_secret_is_kept_sealed(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)

        assert phone.secret not in json.dumps(rows_of(office, models.Credential), default=str)

    def test_a_wrong_first_code_sets_nothing_up(self, office: Office, approver: Somebody):
        token = enter(office, approver).token
        start_enrolment(office, SECRETS, token=token, now=NOW)

        with pytest.raises(NotSignedIn):
            enrol_code(office, SECRETS, token=token, code="000000", now=NOW)

        assert enter(office, approver).stage == "enrol"

    def test_with_codes_set_up_the_password_alone_leads_to_the_code(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)
        started = enter(office, phone)

        whole = give_code(office, SECRETS, token=started.token, code=phone.code(), now=NOW)

        assert started.stage == "code"
        assert (whole.stage, whole.expires_at) == ("complete", NOW + timedelta(hours=12))
        assert resume(office, started.token, now=NOW) is None
        assert resume(office, whole.token, now=NOW) is not None

    def test_both_may_be_given_at_once(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)

        started = enter(office, phone, code=f" {phone.code()[:3]} {phone.code()[3:]}")

        assert started.stage == "complete"

    def test_a_code_counts_once(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)
        enter(office, phone, code=phone.code())

        assert refused(office, email=phone.email, code=phone.code()).code == "SIGN_IN"
        assert refused(office, email=phone.email, code=phone.code(NOW - STEP)).code == "SIGN_IN"
        assert enter(office, phone, code=phone.code(NOW + STEP)).stage == "complete"

    def test_of_two_at_the_same_moment_one_gets_in(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)
        waiting = [enter(office, phone) for _ in range(4)]
        got: list[str] = []

        def give(token: str) -> None:
            try:
                got.append(give_code(office, SECRETS, token=token, code=phone.code(), now=NOW).stage)
            except NotSignedIn as error:
                got.append(error.code)

        threads = [threading.Thread(target=give, args=[one.token]) for one in waiting]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(got) == ["CODE", "CODE", "CODE", "complete"]

    def test_a_code_of_another_time_or_person_is_wrong(self, office: Office, approver: Somebody):
        phone, other = enrolled(office, approver), enrolled(office, somebody(office, "p-16", "Nora Lim", "approver"))
        token = enter(office, phone).token

        for code in (phone.code(NOW - 3 * STEP), phone.code(NOW + 3 * STEP), other.code(), "", "12345\ud800"):
            with pytest.raises(NotSignedIn):
                give_code(office, SECRETS, token=token, code=code, now=NOW)

    def test_guessing_codes_is_slowed_down_also_with_the_password_known(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)
        for _ in range(LIMITS["account"]):
            token = enter(office, phone).token  # does not begin the count anew
            with pytest.raises(NotSignedIn):
                give_code(office, SECRETS, token=token, code="000000", now=NOW)

        with pytest.raises(TooMany):
            give_code(office, SECRETS, token=token, code=phone.code(), now=NOW)
        with pytest.raises(TooMany):
            enter(office, phone)

    def test_a_session_that_misses_the_code_is_over_after_ten_minutes(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)
        token = enter(office, phone).token
        later = NOW + timedelta(minutes=10)

        with pytest.raises(NotSignedIn) as caught:
            give_code(office, SECRETS, token=token, code=phone.code(later), now=later)

        assert caught.value.code == "SIGN_IN_OVER"

    def test_an_officer_who_becomes_approver_must_give_a_code_at_once(self, office: Office, officer: Somebody):
        session = enter(office, officer)
        with office.database.transaction() as transaction:
            row = {"officer_id": officer.person.id, "role": "approver"}
            transaction.connection.execute(_ROLE.insert(), row)

        found = resume(office, session.token, now=NOW)

        assert found is not None
        assert found.stage == "enrol"

    def test_an_admin_resets_codes_of_a_lost_phone(self, office: Office, approver: Somebody):
        admin = another_person(office, "p-17", "Omar Said", "admin")
        phone = enrolled(office, approver)
        session = enter(office, phone, code=phone.code())

        reset_code(office, email=phone.email, act=act(admin))

        assert resume(office, session.token, now=NOW) is None
        assert enter(office, phone).stage == "enrol"
        assert entries(office, "access:code:reset")[0]["actor"] == admin.id
        (told,) = rows_of(office, models.Notification, message="sign_in_changed")
        assert json.loads(told["payload"])["what"] == "codes"

    def test_codes_that_are_set_up_are_not_replaced_by_whoever_has_the_session(
        self, office: Office, approver: Somebody
    ):
        phone = enrolled(office, approver)
        token = enter(office, phone).token

        with pytest.raises(BadInput, match="set up already"):
            start_enrolment(office, SECRETS, token=token, now=NOW)

    def test_where_the_clock_is_moved_codes_follow_real_time(self, office: Office, approver: Somebody):
        phone = enrolled(office, approver)
        real = NOW + timedelta(days=400)

        assert enter(office, phone, code=phone.code(real), real_now=real).stage == "complete"


def test_everything_of_it_agrees_with_the_log(office: Office) -> None:
    from workflow.reports.log_replay import replay  # noqa: PLC0415

    phone = enrolled(office, somebody(office, "p-18", "Priyanka Das", "approver"))
    refused(office, email=phone.email, password="wrong password here")
    enter(office, phone, code=phone.code())

    with office.database.snapshot() as connection:
        found = [one for one in replay(connection, office.editions) if one.table == "audit_entry"]

    assert found == []
