"""How late the clock and the mail are, as figures for Prometheus. Reads counts and oldest instants; it names nobody."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, or_, select

from workflow import models
from workflow.models.base import table_of
from workflow.models.notification import STATUSES
from workflow.store import log
from workflow.store.office import Office

_A = table_of(models.Application)
_BEAT = table_of(models.WorkerHeartbeat)
_N = table_of(models.Notification)
_TASK = table_of(models.Task)


def exposition(office: Office, *, now: datetime, real_now: datetime) -> bytes:
    """Return the figures in Prometheus's text format. `now` is the office's clock. Raises Unavailable."""
    registry = CollectorRegistry(auto_describe=False)
    with office.database.snapshot() as connection:
        registry.register(
            _Figures(
                [
                    *_clock(connection, now),
                    *_mail(connection, now),
                    *_log(connection, now),
                    *_work(connection, real_now),
                ]
            )
        )
    return generate_latest(registry)


class _Figures(Collector):
    """Gauges that were read in one snapshot."""

    def __init__(self, gauges: list[GaugeMetricFamily]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._gauges


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=value)


def _by(name: str, told: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, told, labels=[label])
    for one, value in values.items():
        gauge.add_metric([one], value)
    return gauge


def _clock(connection: Connection, now: datetime) -> list[GaugeMetricFamily]:
    query = select(func.count(), func.min(_A.c.next_due)).where(_A.c.next_due <= now)
    waiting, oldest = connection.execute(query).one()
    late = (now - oldest).total_seconds() if oldest else 0.0
    return [
        _gauge("aeo_clock_backlog_cases", "Cases with something due that the clock has not done yet.", waiting),
        _gauge("aeo_clock_lateness_seconds", "How long the oldest of it has been due; 0 when nothing is.", late),
    ]


def _mail(connection: Connection, now: datetime) -> list[GaugeMetricFamily]:
    statuses = dict.fromkeys(STATUSES, 0.0)
    counted = select(_N.c.status, func.count()).group_by(_N.c.status)
    statuses |= {status: float(count) for status, count in connection.execute(counted)}
    due = or_(_N.c.next_try_at.is_(None), _N.c.next_try_at <= now)
    oldest = connection.execute(select(func.min(_N.c.created_at)).where(_N.c.status == "queued", due)).scalar_one()
    late = (now - oldest).total_seconds() if oldest else 0.0
    return [
        _by("aeo_mail_messages", "Messages of the outbox by status.", "status", statuses),
        _gauge("aeo_mail_lateness_seconds", "How long the oldest message that may go out now has waited.", late),
    ]


def _log(connection: Connection, now: datetime) -> list[GaugeMetricFamily]:
    oldest = log.oldest_waiting(connection)
    late = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return [
        _gauge(
            "aeo_log_size_entries", "Entries of the trail that have their position in the log.", log.size(connection)
        ),
        _gauge("aeo_log_lateness_seconds", "How long the oldest entry has waited for its position.", late),
    ]


def _work(connection: Connection, real_now: datetime) -> list[GaugeMetricFamily]:
    counted = select(_TASK.c.role, func.count()).where(_TASK.c.closed_at.is_(None)).group_by(_TASK.c.role)
    tasks = {role: float(count) for role, count in connection.execute(counted.order_by(_TASK.c.role))}
    beats = connection.execute(select(_BEAT).order_by(_BEAT.c.job)).all()
    silent = {beat.job: (real_now - beat.finished_at).total_seconds() for beat in beats}
    failed = {beat.job: float(bool(beat.error)) for beat in beats}
    return [
        _by("aeo_tasks_open", "What waits for a person, by role.", "role", tasks),
        _by("aeo_job_silence_seconds", "Real time since a job last ran to its end.", "job", silent),
        _by("aeo_job_failed", "1 when a job failed when it last ran.", "job", failed),
    ]
