"""Who could do what on a day, how long the clock stood still, and a sample that anybody can draw again."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import builders
import pytest
from builders import act, done, morning_of

from states.facts import OPERATOR, Person
from workflow import models
from workflow.errors import BadInput, NotFound, NotPermitted
from workflow.operations.answer_information import answer_information
from workflow.operations.assign_application import assign_application
from workflow.operations.attest_roles import attest_roles
from workflow.operations.disable_officer import disable_officer
from workflow.operations.draw_sample import draw_sample
from workflow.operations.manage_officers import add_officer, change_roles
from workflow.operations.record_absence import record_absence
from workflow.reports.access import access_on, staffing_changes
from workflow.reports.sample import draw
from workflow.reports.stops import by_cause, stops
from workflow.store.office import Office

BEGIN = builders.TODAY
DAY = timedelta(days=1)


class Staff:
    """Accounts that are made, changed and disabled over some days, through the real operations."""

    def __init__(self, office: Office) -> None:
        self.office = office
        boss = add_officer(
            office, email="boss@customs.example", name="Rosnah Yusof", roles=["admin"], act=act(OPERATOR)
        )
        self.boss = Person(boss.data["id"], "Rosnah Yusof", frozenset({"admin"}))
        self.tan = self.add("tan@customs.example", "Tan Wei Ming", "officer")
        self.lee = self.add("lee@customs.example", "Lee Jia Hui", "officer")

    def by(self, now: datetime = builders.NOW) -> Any:
        return act(self.boss, now)

    def add(self, email: str, name: str, *roles: str, now: datetime = builders.NOW) -> Person:
        made = add_officer(self.office, email=email, name=name, roles=list(roles), act=self.by(now))
        return Person(made.data["id"], name, frozenset(roles))

    def on(self, day: date) -> dict[str, dict[str, Any]]:
        with self.office.database.snapshot() as connection:
            found = access_on(connection, self.office, day=day)
        return {one["name"]: one for one in found["people"]}

    def roles_on(self, day: date) -> dict[str, list[str]]:
        return {name: one["roles"] for name, one in self.on(day).items()}


class TestAccess:
    def test_is_what_the_trail_says_of_that_day_and_not_of_today(self, office: Office):
        staff = Staff(office)
        noon = morning_of(BEGIN + 2 * DAY) + timedelta(hours=3)
        change_roles(office, email="tan@customs.example", add=["approver"], remove=["officer"], act=staff.by(noon))
        disable_officer(office, email="lee@customs.example", act=staff.by(morning_of(BEGIN + 4 * DAY)))

        assert staff.on(BEGIN - DAY) == {}
        assert staff.roles_on(BEGIN) == {
            "Rosnah Yusof": ["admin"], "Tan Wei Ming": ["officer"], "Lee Jia Hui": ["officer"],
        }  # fmt: skip
        assert staff.roles_on(BEGIN + 2 * DAY)["Tan Wei Ming"] == ["officer", "approver"]
        assert staff.on(BEGIN + 2 * DAY)["Tan Wei Ming"]["changes"] == ["12:00 roles officer became approver"]
        assert staff.roles_on(BEGIN + 3 * DAY)["Tan Wei Ming"] == ["approver"]
        assert staff.on(BEGIN + 4 * DAY)["Lee Jia Hui"]["changes"] == ["09:00 account disabled"]
        assert staff.on(BEGIN + 4 * DAY)["Lee Jia Hui"]["active"] is False
        assert "Lee Jia Hui" not in staff.on(BEGIN + 5 * DAY)

    def test_does_not_change_when_the_tables_are_changed_behind_it(self, sqlite_office: Office):
        staff = Staff(sqlite_office)
        with sqlite_office.database.transaction() as transaction:
            transaction.connection.exec_driver_sql("UPDATE officer_role SET role = 'supervisor'")
            transaction.connection.exec_driver_sql("UPDATE officer SET active = false")

        assert staff.roles_on(BEGIN)["Tan Wei Ming"] == ["officer"]

    def test_names_who_was_away_and_who_stood_in(self, sqlite_office: Office):
        staff = Staff(sqlite_office)
        away = {"first": BEGIN + DAY, "last": BEGIN + 3 * DAY, "deputy": "lee@customs.example"}
        record_absence(sqlite_office, email="tan@customs.example", act=staff.by(), **away)

        on_it, after = staff.on(BEGIN + 3 * DAY), staff.on(BEGIN + 4 * DAY)
        assert (on_it["Tan Wei Ming"]["absent_until"], on_it["Tan Wei Ming"]["deputy"]) == (
            BEGIN + 3 * DAY,
            "Lee Jia Hui",
        )
        assert on_it["Lee Jia Hui"]["stands_in_for"] == ["Tan Wei Ming"]
        assert after["Tan Wei Ming"]["absent_until"] is None

    def test_says_what_each_role_may_do(self, sqlite_office: Office):
        Staff(sqlite_office)
        with sqlite_office.database.snapshot() as connection:
            roles = {one["role"]: one for one in access_on(connection, sqlite_office, day=BEGIN)["roles"]}
            before = {one["role"]: one for one in access_on(connection, sqlite_office, day=date(2020, 1, 1))["roles"]}

        assert "certify" in roles["approver"]["triggers"]["STP 2026-03"]
        assert "certify" not in roles["officer"]["triggers"]["STP 2026-03"]
        assert "assess an answer" in roles["officer"]["deeds"]
        assert "lapse" in roles["clock"]["triggers"]["STP 2026-03"]
        assert before["approver"]["triggers"] == {}

    def test_tells_in_a_period_how_it_changed(self, office: Office):
        staff = Staff(office)
        reference = builders.submit(office, act(staff.tan), account_manager="")
        later = morning_of(BEGIN + DAY)
        change_roles(office, email="lee@customs.example", add=["approver"], remove=[], act=staff.by(later))
        done(assign_application(office, reference=reference, to="lee@customs.example", act=act(staff.tan, later)))

        with office.database.snapshot() as connection:
            rows = staffing_changes(connection, first=BEGIN + DAY, last=BEGIN + DAY)
            earlier = staffing_changes(connection, first=BEGIN, last=BEGIN)
        assert [(row["who"], row["what"], row["before"], row["after"]) for row in rows] == [
            ("Rosnah Yusof", "Roles of Lee Jia Hui changed", "officer", "approver, officer"),
            ("Tan Wei Ming", "Assigned to Lee Jia Hui", None, "Lee Jia Hui"),
        ]
        assert [row["what"] for row in earlier][-1] == "Account added for Lee Jia Hui with roles officer"


class TestAttestation:
    def digest(self, office: Office, day: date = BEGIN) -> tuple[str, Any]:
        with office.database.snapshot() as connection:
            found = access_on(connection, office, day=day)
        return found["digest"], found["attested"]

    def test_is_of_the_list_that_was_looked_at_and_is_remembered(self, office: Office):
        staff = Staff(office)
        digest, before = self.digest(office)

        attest_roles(office, digest=digest, act=staff.by())

        present, attested = self.digest(office)
        assert before is None
        assert (attested["by"], attested["digest"]) == ("Rosnah Yusof", present)

    def test_is_refused_once_the_list_is_another_one(self, sqlite_office: Office):
        staff = Staff(sqlite_office)
        digest, _ = self.digest(sqlite_office)
        staff.add("new@customs.example", "Siti Rahmah", "officer")

        with pytest.raises(BadInput, match="Look at them again"):
            attest_roles(sqlite_office, digest=digest, act=staff.by())

    def test_is_for_a_supervisor_or_an_admin(self, sqlite_office: Office):
        staff = Staff(sqlite_office)

        with pytest.raises(NotPermitted, match="a supervisor or an administrator"):
            attest_roles(sqlite_office, digest="", act=act(staff.tan))


class TestStops:
    def asked(self, office: Office, staff: builders.People, *, on: date, answered: date | None) -> str:
        reference = builders.submit(office, act(staff.officer))
        ask = {"reason": "Where?", "given": {"reply_by": "2027-06-01"}}
        done(builders.advance(office, act(staff.officer, morning_of(on)), reference, "request_information", **ask))
        if answered:
            by = act(staff.officer, morning_of(answered + 2 * DAY))  # it is recorded later, and counts from its day
            done(answer_information(office, reference=reference, number=1, received_on=answered, act=by))
            done(builders.advance(office, by, reference, "supply_information"))
        return reference

    def found(self, office: Office, **more: Any) -> list[dict[str, Any]]:
        with office.database.snapshot() as connection:
            return stops(connection, office, now=morning_of(BEGIN + 30 * DAY), **more)

    def test_are_summed_up_by_cause_with_the_longest(self, office: Office):
        staff = builders.people(office)
        self.asked(office, staff, on=BEGIN, answered=BEGIN + 4 * DAY)
        longest = self.asked(office, staff, on=BEGIN + DAY, answered=BEGIN + 12 * DAY)
        self.asked(office, staff, on=BEGIN + 25 * DAY, answered=None)

        assert by_cause(self.found(office)) == [
            {
                "cause": "Request information", "from_state": "submitted", "reason_code": "", "stops": 3, "open": 1,
                "cases": 3, "days": 4 + 11 + 5, "longest": 11, "longest_of": longest,
            },
        ]  # fmt: skip

    def test_are_counted_in_the_period_in_which_they_began(self, sqlite_office: Office):
        staff = builders.people(sqlite_office)
        self.asked(sqlite_office, staff, on=BEGIN, answered=BEGIN + 4 * DAY)

        (stop,) = self.found(sqlite_office, first=BEGIN, last=BEGIN)
        assert (stop["since"], stop["until"], stop["days"]) == (BEGIN, BEGIN + 4 * DAY, 4)
        assert self.found(sqlite_office, first=BEGIN + DAY) == []
        assert self.found(sqlite_office, programme="STP-PLUS") == []


SAMPLE_OF_THREE = ["STP-2026-000003", "STP-2026-000001", "STP-2026-000002"]


class TestASample:
    def test_is_ranked_by_the_digest_of_seed_and_reference(self):
        """Told apart from the code: `printf '%s\\n%s' SEED REFERENCE | sha256sum`."""
        references = [f"STP-2026-{n:06}" for n in range(1, 101)]

        sample = draw(reversed(references), 42, 10)

        ranks = {hashlib.sha256(b"42\n" + one.encode()).hexdigest(): one for one in references}
        assert list(sample.drawn) == [ranks[rank] for rank in sorted(ranks)][:10]
        assert sample.digest == hashlib.sha256("".join(f"{one}\n" for one in references).encode()).hexdigest()
        assert draw(references, 42, 20).drawn[:10] == sample.drawn
        assert draw(references, 43, 10).drawn != sample.drawn

    def test_is_the_same_on_both_databases_and_in_the_trail(self, office: Office):
        staff = builders.people(office)
        for _ in range(3):
            builders.submit(office, act(staff.officer))

        drawn = draw_sample(office, seed=7, size=3, act=act(staff.auditor))

        assert drawn.data["drawn"] == sorted(
            SAMPLE_OF_THREE, key=lambda one: hashlib.sha256(f"7\n{one}".encode()).hexdigest()
        )
        entry = builders.rows_of(office, models.AuditEntry, kind="audit:sample:drawn")
        assert len(entry) == 1
        assert drawn.data["digest"] in entry[0]["canonical"]

    def test_may_be_of_one_programme_and_of_some_days_of_receipt(self, sqlite_office: Office):
        staff = builders.people(sqlite_office)
        old = builders.submit(sqlite_office, act(staff.officer), received_on=BEGIN - DAY)
        builders.submit(sqlite_office, act(staff.officer))

        drawn = draw_sample(sqlite_office, seed=1, programme="STP", last=BEGIN - DAY, act=act(staff.auditor))

        assert drawn.data["drawn"] == [old]

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"size": 0}, BadInput),
            ({"size": 1_001}, BadInput),
            ({"seed": -1}, BadInput),
            ({"seed": 2**53}, BadInput),
            ({"programme": "NONE"}, NotFound),
            ({"last": date(2020, 1, 1)}, BadInput),
        ],
    )
    def test_that_cannot_be_is_a_sentence_and_no_entry(self, sqlite_office: Office, wrong: dict, error: type):
        staff = builders.people(sqlite_office)
        builders.submit(sqlite_office, act(staff.officer))
        before = builders.everything(sqlite_office)

        with pytest.raises(error):
            draw_sample(sqlite_office, **({"seed": 1, "act": act(staff.auditor)} | wrong))
        assert builders.everything(sqlite_office) == before

    def test_is_drawn_by_auditors_and_supervisors(self, sqlite_office: Office):
        staff = builders.people(sqlite_office)

        with pytest.raises(NotPermitted, match="an auditor or a supervisor"):
            draw_sample(sqlite_office, seed=1, act=act(staff.officer))
