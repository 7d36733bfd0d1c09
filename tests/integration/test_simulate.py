"""A simulation: the live database stays as it is, and the copy ends where the live one would have ended."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import builders
import pytest

from notifications.rendering import Renderer
from notifications.transport import MaildirTransport
from workflow import bootstrap, models
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations import sweep as sweeping
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.simulate import Happening, Outage, Span, Summary, check, simulate
from workflow.operations.sweep import sweep
from workflow.settings import Settings
from workflow.store.office import Office

FROM = date(2026, 11, 23)
LAST = date(2029, 11, 23)  # the last valid day
DAY = timedelta(days=1)
# What differs between two installations: identity, Message-IDs, names of files in a mailbox.
OWN = {"message_id", "last_reply", "reply", "entry_id", "canonical", "leaf", "id"}


def morning(shift: int) -> datetime:
    """Nine o'clock in Singapore, so many days from the last valid day."""
    return builders.morning_of(LAST + shift * DAY)


@dataclass
class Ran:
    summary: Summary
    happenings: list[Happening]
    after: dict[str, list[dict[str, Any]]]  # all rows of the copy
    mailbox: Path

    def of(self, reference: str) -> list[Happening]:
        """What the clock did for a case; the letters that were waiting when the copy was made are not among it."""
        return [one for one in self.happenings if one.application == reference and one.status != "sent"]


def ran(office: Office, folder: Path, span: Span) -> Ran:
    folder.mkdir(exist_ok=True)
    happenings: list[Happening] = []
    with bootstrap.open_scratch(Settings(env="test"), office.database, folder, now=span.start) as (copy, post):
        summary = simulate(copy, post, span, tell=happenings.append)
        return Ran(summary, happenings, builders.everything(copy), folder / "mailbox")


def comparable(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Leave out what two installations never share."""
    kept = {name: found for name, found in rows.items() if name not in ("Installation", "DocumentChunk")}
    kept["AuditEntry"] = [row for row in kept["AuditEntry"] if row["kind"] != "system:installation:opened"]
    return {
        name: [{column: value for column, value in row.items() if column not in OWN} for row in found]
        for name, found in kept.items()
    }


def three_cases(office: Office) -> list[str]:
    staff = builders.people(office)
    return [builders.certified_cheaply(office, staff, 1, valid_from=FROM + shift * DAY)[0] for shift in (0, 17, 60)]


class TestCopy:
    def test_leaves_the_live_database_as_it_is(self, office: Office, tmp_path: Path):
        three_cases(office)
        before = builders.everything(office)

        there = ran(office, tmp_path / "copy", Span(morning(-300), morning(90), 10))

        assert builders.everything(office) == before
        assert there.happenings

    def test_has_every_row_but_contents_of_documents(self, office: Office, tmp_path: Path):
        three_cases(office)
        span = Span(morning(-900), morning(-900), outages=[Outage(morning(-901), morning(0))])

        there = ran(office, tmp_path / "copy", span)

        assert comparable(there.after) == comparable(builders.everything(office))
        assert there.after["DocumentChunk"] == []

    def test_has_an_identity_of_its_own(self, office: Office, tmp_path: Path):
        three_cases(office)
        folder = tmp_path / "copy"
        folder.mkdir()

        with bootstrap.open_scratch(Settings(env="test"), office.database, folder, now=morning(-300)) as (copy, _):
            (row,) = builders.rows_of(copy, models.Installation)
            assert (copy.origin, copy.salt) == (row["origin"], row["salt"])
            assert copy.origin != office.origin
            assert copy.salt != office.salt
            with copy.database.writer.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert bootstrap.unsound(copy.database, Settings(env="test")) == []

        assert sorted(path.name for path in folder.iterdir()) == ["casework.db"]

    def test_keeps_an_event_that_names_an_earlier_one(self, office: Office, tmp_path: Path):
        reference = three_cases(office)[0]
        case = builders.case_of(office, reference)
        (certificate,) = builders.rows_of(office, models.Certificate, application_id=case["id"])
        event = {"certificate_id": certificate["id"], "effective_on": FROM, "recorded_at": morning(-1000)}
        events = table_of(models.CertificateEvent)
        with office.database.transaction() as transaction:
            for kind, undoes in (("consent", None), ("set_aside", 1)):
                transaction.connection.execute(events.insert(), event | {"kind": kind, "undoes": undoes})

        there = ran(office, tmp_path / "copy", Span(morning(-900), morning(-900)))

        assert [row["undoes"] for row in there.after["CertificateEvent"]] == [None, 1]


class TestSimulate:
    def test_ends_where_sweeping_day_by_day_ends(self, office: Office, tmp_path: Path):
        three_cases(office)
        span = Span(morning(-290), morning(70), 3)

        there = ran(office, tmp_path / "copy", span)

        post = Post(MaildirTransport(tmp_path / "live"), Renderer(None), Settings(env="test").mail_from)
        done: list[dict[str, Any]] = []
        for at in span.instants():
            done += sweep(office, now=at).done
            deliver_outbox(office, post, now=at)
        assert comparable(there.after) == comparable(builders.everything(office))
        assert [(h.application, h.rule, h.due_at, h.status) for h in there.happenings if h.status != "sent"] == [
            (one["application"], one["rule"], one["due_at"], one["status"]) for one in done
        ]
        assert len(list((there.mailbox / "new").iterdir())) == len(list((tmp_path / "live" / "new").iterdir()))

    def test_sums_up(self, sqlite_office: Office, tmp_path: Path):
        reference = three_cases(sqlite_office)[0]

        there = ran(sqlite_office, tmp_path / "copy", Span(morning(-290), morning(30)))

        summary = there.summary
        mails = len(list((there.mailbox / "new").iterdir()))
        assert (summary.ticks, summary.ticks_down, summary.end) == (321, 0, morning(30))
        assert (summary.rules["lapse"], summary.mails) == ({"done": 2}, {"sent": mails})
        assert (summary.states, summary.standings) == (
            {"lapsed": 2, "revalidation_due": 1},
            {"ended": 2, "in_force": 1},
        )
        assert (summary.overdue, summary.held) == ([], "")
        (invited,) = [one for one in there.of(reference) if one.rule == "T-210"]
        assert len(invited.recipients) == 2
        assert "dewi.lestari@customs.example" in invited.recipients
        assert sum(len(one.recipients) for one in there.happenings) == mails

    def test_ticks_only_every_so_many_days(self, sqlite_office: Office, tmp_path: Path):
        three_cases(sqlite_office)

        there = ran(sqlite_office, tmp_path / "copy", Span(morning(-290), morning(30), step=7))

        assert there.summary.ticks == 46
        assert {(one.at - morning(-290)).days % 7 for one in there.happenings} == {0}
        assert there.summary.states == {"lapsed": 2, "revalidation_due": 1}

    @pytest.mark.parametrize(("first", "days"), [(-215, 40), (-280, 400)])
    def test_an_outage_loses_nothing_and_doubles_nothing(self, office: Office, tmp_path: Path, first: int, days: int):
        references = three_cases(office)
        outage = Outage(morning(first), morning(first + days))

        through = ran(office, tmp_path / "through", Span(morning(-290), morning(130), 5))
        there = ran(office, tmp_path / "down", Span(morning(-290), morning(130), 5, [outage]))

        assert there.summary.ticks_down == days / 5
        assert there.summary.overdue == []
        assert (there.summary.states, there.summary.standings) == (through.summary.states, through.summary.standings)
        assert effective(there) == effective(through)
        assert Counter(letter_key(row) for row in there.after["Notification"]).most_common(1)[0][1] == 1
        for reference in references:
            assert_settled_once(through.of(reference), there.of(reference))
            back = [one for one in there.of(reference) if one.at == outage.end and one.recipients]
            assert len({one.rule for one in back if one.outcome.endswith("recipients")}) <= 1
        assert not [one for one in there.happenings if outage.start <= one.at < outage.end]

    def test_shows_what_is_owed_when_it_is_down_at_the_end(self, sqlite_office: Office, tmp_path: Path):
        three_cases(sqlite_office)
        outage = Outage(morning(-20), morning(40))

        there = ran(sqlite_office, tmp_path / "copy", Span(morning(-290), morning(10), outages=[outage]))

        assert {"lapse", "T-7", "T-0"} <= {one["rule"] for one in there.summary.overdue}
        assert there.summary.states["revalidation_due"] == 3


def effective(there: Ran) -> list[tuple[Any, ...]]:
    """Every decision and what it did to a certificate, with the days from which they hold."""
    return [
        *((d["application_id"], d["trigger"], d["effective_at"]) for d in sorted_by(there, "Decision", "decision_no")),
        *((e["certificate_id"], e["kind"], e["effective_on"]) for e in sorted_by(there, "CertificateEvent", "kind")),
    ]


def sorted_by(there: Ran, name: str, column: str) -> list[dict[str, Any]]:
    key = "certificate_id" if name == "CertificateEvent" else "application_id"
    return sorted(there.after[name], key=lambda row: (row[key], row[column]))


def letter_key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["message"], row["cause"], row["address"]


def assert_settled_once(through: Sequence[Happening], there: Sequence[Happening]) -> None:
    """The same actions are settled with and without an outage, each once; only what was overtaken is not sent."""
    assert sorted((one.rule, one.due_at) for one in there) == sorted((one.rule, one.due_at) for one in through)
    assert {one.status for one in there} <= {"done", "superseded"}


class TestLapseGuard:
    SPAN = Span(morning(-2), morning(4))

    @pytest.fixture
    def many(self, sqlite_office: Office) -> list[str]:
        return builders.certified_cheaply(
            sqlite_office, builders.people(sqlite_office), sweeping.GUARD_COUNT + 1, valid_from=FROM
        )

    @pytest.mark.usefixtures("many")
    def test_is_confirmed_by_the_copys_supervisor(self, sqlite_office: Office, tmp_path: Path):
        there = ran(sqlite_office, tmp_path / "copy", self.SPAN)

        held = [(one.at, one.status) for one in there.happenings if one.rule == "sweep"]
        assert held == [(morning(1), "held"), (morning(1), "confirmed")]
        assert (there.summary.states, there.summary.held) == ({"lapsed": 21}, "")

    @pytest.mark.usefixtures("many")
    def test_stays_held_where_there_is_no_supervisor(self, sqlite_office: Office, tmp_path: Path):
        officers, supervisor = table_of(models.Officer), builders.people(sqlite_office).supervisor.id
        with sqlite_office.database.transaction() as transaction:
            transaction.connection.execute(officers.update().where(officers.c.id == supervisor).values(active=False))

        there = ran(sqlite_office, tmp_path / "copy", self.SPAN)

        assert [one.status for one in there.happenings if one.rule == "sweep"] == ["held"]
        assert there.summary.held.startswith("21 certificates")
        assert sum(one["rule"] == "lapse" for one in there.summary.overdue) == 21
        assert there.summary.standings == {"ended": 21}


class TestSpan:
    def test_may_not_begin_before_what_is_decided(self, office: Office):
        builders.certified(office, builders.people(office), valid_from=FROM)
        newest = builders.morning_of(FROM)

        check(office.database, Span(newest, newest))
        with pytest.raises(BadInput, match=r"Start at 2026-11-23T01:00:00\+00:00 or later"):
            check(office.database, Span(newest - DAY, newest))

    def test_begins_anywhere_where_nothing_is_decided(self, sqlite_office: Office):
        check(sqlite_office.database, Span(datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC)))

    def test_refuses_an_outage_that_leaves_no_tick(self, sqlite_office: Office):
        outages = [Outage(morning(0), morning(2)), Outage(morning(2), morning(4))]

        with pytest.raises(BadInput, match="no tick at all"):
            check(sqlite_office.database, Span(morning(0), morning(3), outages=outages))

    @pytest.mark.parametrize("first", [-5, 4], ids=["before", "after"])
    def test_refuses_an_outage_outside_the_time(self, sqlite_office: Office, first: int):
        span = Span(morning(0), morning(3), outages=[Outage(morning(first), morning(first + 1))])

        with pytest.raises(BadInput, match="lies outside"):
            check(sqlite_office.database, span)
