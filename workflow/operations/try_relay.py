"""Sends one letter to the person who asks, past the outbox, and tells what the mail server answered. Changes no case."""

import asyncio
import secrets
from contextlib import suppress
from datetime import datetime
from html import escape

from notifications.composition import Envelope, compose
from notifications.connection import Reply, Unreachable
from notifications.rendering import Rendered
from notifications.retry import Outcome
from workflow.access import Deed, role_for
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import NotPermitted, Unavailable
from workflow.operations.deliver_outbox import Post
from workflow.store import people
from workflow.store.office import Office


def try_relay(office: Office, post: Post, *, act: Act, real_now: datetime) -> Done:
    """Send a test letter to the actor's own address. Raises NotPermitted but for admins, Unavailable with the answer."""
    if role_for(Deed.TRY_RELAY, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An admin tries the mail relay.")
    with office.database.snapshot() as connection:
        name, address = people.contact_of(connection, act.actor.id)
    words = f"This letter was sent by {name} to see whether mail leaves. Nobody needs to do anything."
    letter = Rendered("Test of the mail relay", words + "\n", f"<p>{escape(words)}</p>\n")
    number = secrets.token_hex(8)
    envelope = Envelope(post.sender, address, post.sender, f"<test.{number}@{office.origin}>", real_now)
    try:
        reply = asyncio.run(_send(post, address, compose(envelope, letter)))
    except Unreachable as error:
        raise _not_left(str(error)) from error
    with office.database.transaction() as transaction:
        enter_act(transaction.connection, act, "mail:relay:tried", {"outcome": str(reply.outcome)})
    if reply.outcome is not Outcome.SENT:
        raise _not_left(reply.text)
    return Done(f"The test letter to {address} left. The server answered: {reply.text}.")


def _not_left(why: str) -> Unavailable:
    return Unavailable("RELAY", f"The test letter did not leave: {why}. Check AEO_SMTP_URL, then try again.")


async def _send(post: Post, address: str, content: bytes) -> Reply:
    with suppress(Unreachable):  # sending tries again, and its answer says why
        await post.transport.open()
    try:
        return await post.transport.send(post.sender, address, content)
    finally:
        await post.transport.close()
