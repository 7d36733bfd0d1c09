"""A reminder that did not reach a company: who is told when nobody deals with it, after how long, and how often."""

from datetime import date, timedelta

import builders
import pytest

from states.loader import load_programme
from workflow import models
from workflow.models.base import table_of
from workflow.operations.escalate_tasks import escalate_tasks
from workflow.operations.sweep import sweep
from workflow.store import editions
from workflow.store.office import Office
from workflow.store.tasks import add_task, close

DAY = timedelta(days=1)
LAST = date(2029, 11, 23)
THURSDAY = date(2029, 8, 23)
FRIDAY = THURSDAY + DAY  # T-90
TUESDAY, WEDNESDAY = FRIDAY + 4 * DAY, FRIDAY + 5 * DAY  # the second office day after, and the third


@pytest.fixture
def reminded(office: Office) -> Office:
    """One certified case whose reminder T-90 is in the outbox."""
    builders.certified(office, builders.people(office), valid_from=date(2026, 11, 23))
    sweep(office, now=builders.morning_of(FRIDAY))
    return office


def failed(office: Office, recipient: str = "contact", message: str = "renewal_reminder", on: date = FRIDAY) -> int:
    """Make the task that a delivery makes which failed; return its id."""
    rows = builders.rows_of(office, models.Notification, message=message)
    (mail,) = [row for row in rows if row["recipient"].startswith(recipient)]
    key, sentence = f"mail:{mail['id']}:failed:1", f"Message {mail['id']} could not be delivered."
    case, now = mail["application_id"], builders.morning_of(on)
    with office.database.transaction() as transaction:
        add_task(transaction.connection, key, "officer", sentence, now, case, notification_id=mail["id"])
    return int(builders.rows_of(office, models.Task, key=key)[0]["id"])


def told(office: Office) -> list[dict]:
    return builders.rows_of(office, models.Notification, message="reminder_of_task")


class TestEscalateTasks:
    def test_waits_for_three_office_days_and_tells_the_supervisors_once(self, reminded: Office):
        task = failed(reminded)
        supervisor = f"officer:{builders.people(reminded).supervisor.id}"

        early = escalate_tasks(reminded, now=builders.morning_of(TUESDAY))
        done = escalate_tasks(reminded, now=builders.morning_of(WEDNESDAY))
        again = [escalate_tasks(reminded, now=builders.morning_of(WEDNESDAY + n * DAY)) for n in range(3)]

        assert (early, again) == ([], [[], [], []])
        assert [(one["task"], one["due_on"], one["recipients"]) for one in done] == [(task, WEDNESDAY, [supervisor])]
        (mail,) = told(reminded)
        assert (mail["cause"], mail["recipient"]) == (f"task:{task}", supervisor)
        assert "could not be delivered" in mail["payload"]
        assert len(builders.rows_of(reminded, models.AuditEntry, kind="clock:task:escalated")) == 1

    def test_leaves_alone_what_somebody_has_dealt_with(self, reminded: Office):
        task = failed(reminded)
        with reminded.database.transaction() as transaction:
            now = builders.morning_of(TUESDAY)
            close(transaction.connection, [task], by="p-01", outcome="Phoned.", now=now)

        assert escalate_tasks(reminded, now=builders.morning_of(WEDNESDAY)) == []

    def test_is_about_reminders_to_companies_alone(self, reminded: Office):
        failed(reminded, recipient="account_manager")
        failed(reminded, message="certified", on=FRIDAY)

        assert escalate_tasks(reminded, now=builders.morning_of(WEDNESDAY)) == []

    def test_rehearsed_says_the_same_and_writes_nothing(self, reminded: Office):
        failed(reminded)
        before = builders.everything(reminded)

        rehearsed = escalate_tasks(reminded, now=builders.morning_of(WEDNESDAY), dry_run=True)

        assert builders.everything(reminded) == before
        assert rehearsed == escalate_tasks(reminded, now=builders.morning_of(WEDNESDAY)) != []

    def test_does_nothing_where_the_programme_does_not_ask_for_it(self, reminded: Office, stp_text: str):
        failed(reminded)
        older = stp_text.replace("[escalation]\ndays = 3\n", "").replace('edition = "2026-03"', 'edition = "2026-02"')
        with reminded.database.transaction() as transaction:
            editions.install(transaction.connection, load_programme(older, file="older.toml"), now=builders.NOW)
            transaction.connection.execute(table_of(models.Application).update().values(edition="2026-02"))

        assert escalate_tasks(reminded, now=builders.morning_of(WEDNESDAY)) == []
