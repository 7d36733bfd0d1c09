"""Delivers what the outbox holds: take in hand, compose, hand over, note the answer. Nothing is sent inside a request.

The database is worked with in one thread and the mail server in another: the answers that come while earlier ones are
being committed are committed together after them.
"""

import asyncio
import threading
import zlib
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from notifications import deadlines
from notifications.composition import Envelope, compose
from notifications.rendering import Rendered, Renderer
from notifications.retry import Outcome, decide
from notifications.transport import Reply, Transport
from workflow.decisions.deliveries import plain, settle
from workflow.decisions.outgoing import Claimed, Parcel, claim
from workflow.errors import Unavailable
from workflow.store import outbox, recipients
from workflow.store.cases import read_many
from workflow.store.office import Office
from workflow.store.outbox import Fate, Mail
from workflow.store.tasks import add_task

BATCH = 50
_LONGEST = timedelta(minutes=20)  # one try, with every stage of it at its slowest; well within a lease
_STOPPED = "The worker stopped while sending."


@dataclass(frozen=True)
class Post:
    """How mail leaves: the transport, the templates, the sender's address."""

    transport: Transport
    renderer: Renderer
    sender: str


def deliver_outbox(
    office: Office,
    post: Post,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    stop: threading.Event | None = None,
    longest: timedelta | None = None,
    batch: int = BATCH,
) -> dict[str, int]:
    """Try every queued message that is due, once. Return how many ended in each status.

    `clock` tells the time as a long run goes on; without one it stays `now`. Once `stop` is set no further message is
    begun: those on their way are finished, the others go back into the queue; so too when `longest` is over.
    """
    _doubt_expired(office, now)
    until = now + longest if longest is not None else None
    run = _Run(office, post, clock or (lambda: now), stop or threading.Event(), until, batch)
    try:
        asyncio.run(run.deliver())
    finally:
        run.close()
    return dict(run.counts)


class _Run:
    """One run of the dispatcher. What touches the database happens in a thread of its own, one thing at a time."""

    def __init__(
        self,
        office: Office,
        post: Post,
        clock: Callable[[], datetime],
        stop: threading.Event,
        until: datetime | None,
        batch: int,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._office, self._post, self._batch = office, post, batch
        self._clock, self._stop, self._until = clock, stop, until
        self._waiting: deque[Parcel] = deque()
        self._answers: SimpleQueue[tuple[Parcel, Reply]] = SimpleQueue()
        self._database = ThreadPoolExecutor(1, "outbox")
        self._error: Exception | None = None
        self._faults: set[str] = set()  # of overriding templates, for which the shipped ones stood in
        self._over = self._opened = False

    async def deliver(self) -> None:
        """Send with as many at once as the transport takes."""
        self._claiming = asyncio.Lock()
        senders = [asyncio.create_task(self._send_all()) for _ in range(max(1, self._post.transport.size))]
        try:
            await asyncio.gather(*senders)
        finally:
            self._over = True
            await asyncio.wait(senders)
            await self._post.transport.close()

    def close(self) -> None:
        """Note every answer that came, and put back what was not begun. Raises what went wrong on the way."""
        self._database.shutdown()
        self._settle_answered()
        self._give_back(list(self._waiting))
        self._note_faults()
        if self._error is not None:
            raise self._error

    async def _send_all(self) -> None:
        while (parcel := await self._next()) is not None:
            reply = await self._send(parcel)
            self._answers.put((parcel, reply))
            self._database.submit(self._settle_answered)

    async def _next(self) -> Parcel | None:
        """Return a mail to send; nothing when nothing is due or the run is to end."""
        while not self._is_over():
            if not self._waiting:
                await self._claim_more()
                continue
            parcel = self._waiting.popleft()
            if _may_begin(parcel.mail, self._clock()):
                return parcel
            await self._in_database(self._give_back, [parcel])
        return None

    def _is_over(self) -> bool:
        if self._over or self._error is not None or self._stop.is_set():
            return True
        return self._until is not None and self._clock() > self._until

    async def _claim_more(self) -> None:
        async with self._claiming:
            if self._waiting or self._is_over():
                return
            claimed = await self._in_database(self._claim)
            self._waiting += claimed.parcels
            self._over = not claimed.looked_at
            if claimed.parcels and not self._opened:
                self._opened = await _open(self._post.transport)

    async def _in_database(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._database, work, *given)

    async def _send(self, parcel: Parcel) -> Reply:
        content = _compose(self._post, parcel, self._office.origin, self._faults)
        if isinstance(content, Reply):
            return content
        try:
            async with asyncio.timeout(_LONGEST.total_seconds()):
                return await self._post.transport.send(self._post.sender, parcel.mail.address, content)
        except Exception as error:  # noqa: BLE001  # whatever a server made a library do, it may have the text
            return Reply(Outcome.IN_DOUBT, f"{type(error).__name__}: {error}")

    # In the thread of the database

    def _claim(self) -> Claimed:
        with self._office.database.transaction() as transaction:
            claimed = claim(transaction.connection, self._office, self._clock(), self._batch)
        self.counts.update(claimed.held_back)
        return claimed

    def _give_back(self, parcels: Sequence[Parcel]) -> None:
        if parcels:
            with self._office.database.transaction() as transaction:
                outbox.give_back(transaction.connection, [mail for parcel in parcels for mail in parcel.mails])

    def _note_faults(self) -> None:
        """A template that cannot be used stops no mail, but an administrator must get to know."""
        if self._faults:
            with self._office.database.transaction() as transaction:
                for fault in sorted(self._faults):
                    add_task(transaction.connection, f"template:{fault}", "admin", fault, self._clock())

    def _settle_answered(self) -> None:
        """Settle every answer that has come by now."""
        answers: list[tuple[Parcel, Reply]] = []
        try:
            while True:
                answers.append(self._answers.get_nowait())
        except Empty:
            pass
        try:
            self._settle(answers)
        except Exception as error:  # noqa: BLE001  # raised by close(); rows that stay leased are in doubt later
            self._error = error

    def _settle(self, answers: Sequence[tuple[Parcel, Reply]]) -> None:
        """Settle in one transaction. An answer that cannot be written does not take the others with it."""
        if not answers:
            return
        now = self._clock()
        try:
            fates = [fate for parcel, reply in answers for fate in _fates(parcel, reply, now)]
            with self._office.database.transaction() as transaction:
                statuses = settle(transaction.connection, self._office, fates, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # likewise
            if len(answers) == 1:
                self._error = error
                return
            for answer in answers:
                self._settle([answer])
        else:
            self.counts.update(statuses)


async def _open(transport: Transport) -> bool:
    """Connect once ahead; where that fails, sending tries again and its answer says why."""
    try:
        await transport.open()
    except Exception:  # noqa: BLE001  # whatever the relay does, send() reports it as a reply
        return False
    return True


def _may_begin(mail: Mail, now: datetime) -> bool:
    """Say whether a try would end within the lease; later, another worker may think that this one has died."""
    return mail.lease_until is not None and now <= mail.lease_until - _LONGEST


def _compose(post: Post, parcel: Parcel, origin: str, faults: set[str]) -> bytes | Reply:
    try:
        return bytes_of(post, parcel, written(post.renderer, parcel, origin, faults))
    except Exception as error:  # noqa: BLE001  # nothing has left, so whatever is wrong with the text is certain
        return Reply(Outcome.PERMANENT, f"Not sent: {error}")


def bytes_of(post: Post, parcel: Parcel, letter: Rendered) -> bytes:
    """Return a letter as it goes to the server. Raises UnsafeMessage."""
    mail = parcel.mail
    # Its own date, not that of the try: a second mail after a doubt must be the same to the byte.
    reply_to = mail.payload.get("reply_to") or post.sender
    return compose(Envelope(post.sender, mail.address, reply_to, mail.message_id, mail.created_at), letter)


def written(renderer: Renderer, parcel: Parcel, origin: str, faults: set[str]) -> Rendered:
    """Return what a mail says, with what is attached; templates that could not be used go into `faults`."""
    letter, mail = _rendered(renderer, parcel, faults), parcel.mail
    if parcel.members:
        return letter
    beside = deadlines.attachments(mail.message, mail.payload, origin=origin, at=mail.created_at)
    return replace(letter, attachments=beside)


def _rendered(renderer: Renderer, parcel: Parcel, faults: set[str]) -> Rendered:
    def render(message: str, payload: Mapping[str, Any]) -> Rendered:
        made = renderer.render(message, payload)
        if made.fault:
            faults.add(made.fault)
        return made

    if not parcel.members:
        return render(parcel.mail.message, parcel.mail.payload)
    items = [
        {name: mail.payload.get(name) for name in ("reference", "company_name", "certificate_number", "valid_until")}
        | {"rule": mail.payload.get("rule", ""), "line": render(mail.message, mail.payload).subject}
        for mail in parcel.mails
    ]
    return render("colleague_bundle", parcel.mail.payload["bundle"] | {"items": items})


def _fates(parcel: Parcel, reply: Reply, now: datetime) -> list[Fate]:
    """Return what an answer means for every row of a mail."""
    mail = parcel.mail
    verdict = decide(
        reply.outcome,
        attempts=mail.attempts,
        created_at=mail.created_at,
        now=now,
        jitter=zlib.crc32(f"{mail.message_id}{mail.attempts}".encode()) / 2**32,
        resends=mail.resends,
        resend_in_doubt=mail.is_reminder,
    )
    text = plain(reply.text)
    return [
        Fate(one, verdict.status, text, verdict.next_try_at, str(reply.outcome), reply.dead_address)
        for one in parcel.mails
    ]


def _doubt_expired(office: Office, now: datetime) -> None:
    """A lease that ran out means a worker died while sending: the message may have gone out."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        rows = outbox.expired(connection, now)
        cases = read_many(connection, {row.application_id for row in rows if row.application_id is not None})
        fates: list[Fate] = []
        for row in rows:
            mail = outbox.as_it_stands(row, cases.get(row.application_id))
            person = mail.person or recipients.person_at(connection, row.recipient, row.address)
            fates += _fates(Parcel(replace(mail, person=person)), Reply(Outcome.IN_DOUBT, _STOPPED), now)
        settle(connection, office, fates, now)
