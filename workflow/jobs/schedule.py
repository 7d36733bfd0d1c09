"""THE table of jobs: what is called how often. The scheduler holds no case and remembers nothing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from workflow.bootstrap import Opened
from workflow.operations.deliver_outbox import deliver_outbox
from workflow.operations.escalate_tasks import escalate_tasks
from workflow.operations.fold_sign_ins import fold_sign_ins
from workflow.operations.note_heartbeat import note_heartbeat
from workflow.operations.publish_checkpoint import put_into, send_checkpoint
from workflow.operations.read_bounces import read_bounces
from workflow.operations.seal_log import seal_log
from workflow.operations.send_digests import send_digests
from workflow.operations.sweep import sweep

_A_RUN = timedelta(seconds=30)  # so that the heartbeat goes on while a large outbox empties; the next tick goes on
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    name: str
    seconds: int
    run: Callable[[Opened], object]


def _sweep(opened: Opened) -> object:
    until = opened.clock() + _A_RUN
    return sweep(opened.office, now=opened.clock(), stop=lambda: opened.stop.is_set() or opened.clock() > until)


def _deliver(opened: Opened) -> object:
    post, clock = opened.post(), opened.clock
    return deliver_outbox(opened.office, post, now=clock(), clock=clock, stop=opened.stop, longest=_A_RUN)


def _read_bounces(opened: Opened) -> object:
    mailbox = opened.settings.bounces
    return None if mailbox is None else read_bounces(opened.office, mailbox, now=opened.clock())


def _seal(opened: Opened) -> object:
    """Seal the trail, and let the checkpoint leave the machine."""
    signer, now = opened.signer(), opened.clock()
    sealed = seal_log(opened.office, signer, now=now)
    vkey = signer.verifier(sealed.origin).text
    send_checkpoint(opened.office, sealed, vkey, now=now)
    if opened.settings.checkpoint_dir is not None:
        put_into(opened.settings.checkpoint_dir, sealed, vkey)
    return sealed


JOBS = (
    Job("sweep", 5, _sweep),
    Job("deliver_outbox", 5, _deliver),
    Job("seal_log", 10, _seal),
    Job("read_bounces", 20, _read_bounces),
    Job("send_digests", 30, lambda opened: send_digests(opened.office, now=opened.clock())),
    Job("fold_sign_ins", 60, lambda opened: fold_sign_ins(opened.office, now=opened.clock())),
    Job("escalate_tasks", 30, lambda opened: escalate_tasks(opened.office, now=opened.clock())),
)


def start(opened: Opened) -> BackgroundScheduler:
    """Start every job; each runs at once and then at its interval, late rather than never, never twice at a time."""
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    for job in JOBS:
        trigger = IntervalTrigger(seconds=job.seconds, timezone="UTC")
        scheduler.add_job(_run, trigger, args=[job, opened], id=job.name, next_run_time=datetime.now(UTC))
    scheduler.start()
    return scheduler


def stop(scheduler: BackgroundScheduler, opened: Opened) -> None:
    """Stop every job: mail on its way is finished, no further one is begun."""
    opened.stop.set()
    scheduler.shutdown(wait=True)


def _run(job: Job, opened: Opened) -> None:
    """A job that fails is logged and noted; the next tick tries again."""
    error = ""
    try:
        job.run(opened)
    except Exception as failure:  # noqa: BLE001  # the job runner is a door: it logs, notes and goes on
        _log.exception("Job %s failed.", job.name)
        error = f"{type(failure).__name__}: {failure}"
    try:
        note_heartbeat(opened.office, job=job.name, at=datetime.now(UTC), error=error)
    except Exception:  # noqa: BLE001  # likewise
        _log.exception("The heartbeat of %s could not be noted.", job.name)
