"""A dispatcher in a process of its own, that kills itself where it is told to: `dispatcher.py DATABASE PORT STAGE`.

Stages: `claimed` (rows are leased, nothing is composed), `answered` (the server took a message, nothing is noted),
`settled` (the first answers are noted, later ones are not), `whole` (it lives).
"""

import os
import signal
import sys
from typing import Any

import builders
from installed import opened
from sqlalchemy import make_url

from notifications.rendering import Renderer
from notifications.transport import Relay, SMTPTransport
from workflow.operations import deliver_outbox as module


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(database: str, port: str, stage: str) -> None:
    settle = module.settle
    calls: list[int] = []

    def settle_and_die_later(*given: Any) -> Any:
        rows = given[2]
        calls.append(len(rows))
        if rows and sum(1 for count in calls if count) > 1:
            die()
        return settle(*given)

    if stage == "claimed":
        module._compose = die
    elif stage == "answered":
        module._fates = die
    elif stage == "settled":
        module.settle = settle_and_die_later
    relay = Relay("127.0.0.1", int(port), start_tls=False, connections=2)
    with opened(make_url(database)) as office:
        post = module.Post(SMTPTransport(relay), Renderer(), "casework@casework.example")
        module.deliver_outbox(office, post, now=builders.NOW, batch=6)


if __name__ == "__main__":
    main(*sys.argv[1:])
