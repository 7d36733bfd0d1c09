"""How late the clock and the mail are can be read from outside."""

from datetime import UTC, date, datetime, timedelta

import builders
import pytest
from prometheus_client.parser import text_string_to_metric_families

from workflow.operations.note_heartbeat import note_heartbeat
from workflow.operations.sweep import sweep
from workflow.reports.metrics import exposition
from workflow.reports.readiness import problems
from workflow.store.office import Office

FROM = date(2026, 11, 23)
REAL = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def figures(office: Office, now: datetime) -> dict[tuple[str, ...], float]:
    told = exposition(office, now=now, real_now=REAL).decode()
    families = text_string_to_metric_families(told)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


class TestClock:
    def test_shows_nothing_late_in_an_office_without_cases(self, office: Office):
        told = figures(office, builders.NOW)

        assert told["aeo_clock_backlog_cases",] == told["aeo_clock_lateness_seconds",] == 0
        assert told["aeo_mail_lateness_seconds",] == told["aeo_mail_messages", "queued"] == 0

    def test_shows_how_long_something_has_been_due_until_a_sweep_does_it(self, office: Office):
        builders.certified(office, builders.people(office), valid_from=FROM)
        opens = datetime(2029, 4, 26, 16, 0, tzinfo=UTC)  # 27 April, midnight in Singapore
        sweep(office, now=opens - timedelta(seconds=1))

        late = figures(office, opens + timedelta(hours=2))
        sweep(office, now=opens + timedelta(hours=2))
        done = figures(office, opens + timedelta(hours=2))

        assert (late["aeo_clock_backlog_cases",], late["aeo_clock_lateness_seconds",]) == (1, 7200)
        assert (done["aeo_clock_backlog_cases",], done["aeo_clock_lateness_seconds",]) == (0, 0)

    def test_shows_how_long_mail_has_waited(self, office: Office):
        builders.certified(office, builders.people(office), valid_from=FROM)
        written = figures(office, builders.NOW)["aeo_mail_messages", "queued"]

        told = figures(office, builders.morning_of(FROM) + timedelta(days=1))

        assert told["aeo_mail_messages", "queued"] == written > 0
        assert told["aeo_mail_lateness_seconds",] >= 86_400


class TestJobs:
    @pytest.fixture
    def beating(self, office: Office) -> Office:
        note_heartbeat(office, job="sweep", at=REAL - timedelta(seconds=61))
        note_heartbeat(office, job="deliver_outbox", at=REAL - timedelta(seconds=5), error="OSError: no route")
        return office

    def test_show_their_silence_and_their_failure(self, beating: Office):
        told = figures(beating, REAL)

        assert told["aeo_job_silence_seconds", "sweep"] == 61
        assert told["aeo_job_failed", "deliver_outbox"] == 1

    def test_make_the_installation_not_ready(self, beating: Office):
        found = problems(beating, now=builders.NOW, real_now=REAL, jobs=("sweep", "deliver_outbox"))

        assert [sentence.split(".")[0] for sentence in found] == [
            "The job sweep has not run in the last minute",
            "The job deliver_outbox failed when it last ran: OSError: no route",
        ]
