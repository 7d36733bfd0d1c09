"""Mail servers that answer anything, stall and cut, and dispatchers that are killed: nothing is lost, and a message
arrives twice only where the answer to its text was lost; then it was in doubt, and both are the same to the byte.
"""

import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import NOW
from mailroom import HOUR, a_case, attempts, queue, row
from scripted_smtp import CUT, STALL, ScriptedServer

from notifications.rendering import Renderer
from notifications.transport import Relay, SMTPTransport
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.store.office import Office

DISPATCHER = Path(__file__).parent.parent / "dispatcher.py"
SOON = 0.2  # seconds in which a server that works has answered


def reminders(office: Office, count: int) -> list[int]:
    reference = a_case(office)
    return [queue(office, reference) for _ in range(count)]


def deliver_to(server: ScriptedServer, office: Office, now: datetime = NOW, *, connections: int = 2) -> dict[str, int]:
    relay = Relay(server.host, server.port, start_tls=False, connections=connections)
    transport = SMTPTransport(relay, timeout=SOON, after_dot=SOON)
    return deliver_outbox(office, Post(transport, Renderer(), "casework@casework.example"), now=now)


def recover(server: ScriptedServer, office: Office) -> None:
    """Let workers run on later days as they would."""
    for hours in (1, 2, 3, 12):
        deliver_to(server, office, NOW + hours * HOUR)


def assert_nothing_is_lost_and_only_doubt_doubles(
    server: ScriptedServer, office: Office, messages: list[int]
) -> Counter[str]:
    """Return how often each message arrived."""
    bytes_of: dict[str, set[bytes]] = defaultdict(set)
    for taken in server.taken:
        bytes_of[taken.message_id].add(taken.content)
    accepted = Counter(taken.message_id for taken in server.accepted)
    for message in messages:
        one = row(office, message)
        assert one["status"] == "sent", one
        assert accepted[one["message_id"]] >= 1
        assert len(bytes_of[one["message_id"]]) == 1
        if accepted[one["message_id"]] > 1:
            assert (one["resends"], accepted[one["message_id"]]) == (1, 2)
            assert "in_doubt" in attempts(office, message)
    return accepted


LATER, NEVER, GARBAGE = "451 4.3.0 later", "554 5.7.1 never", "what is this"
BEFORE_THE_TEXT = ("mail", "rcpt", "data")


class TestAServerInTrouble:
    @pytest.mark.parametrize(
        ("stage", "statuses"),
        [
            *((stage, dict.fromkeys((LATER, NEVER, GARBAGE, STALL, CUT), "queued")) for stage in ("greeting", "ehlo")),
            *(
                (stage, dict.fromkeys((LATER, GARBAGE, STALL, CUT), "queued") | {NEVER: "failed"})
                for stage in ("mail", "rcpt", "data")
            ),
            (
                "dot",
                {LATER: "queued", NEVER: "failed", GARBAGE: "in_doubt", STALL: "in_doubt", CUT: "in_doubt"},
            ),
        ],
    )
    def test_leaves_each_message_in_the_status_of_its_answer(
        self, sqlite_office: Office, stage: str, statuses: dict[str, str]
    ):
        reference = a_case(sqlite_office)

        for step, status in statuses.items():
            message = queue(sqlite_office, reference)
            with ScriptedServer({stage: step}) as server:
                deliver_to(server, sqlite_office)
            assert (step, row(sqlite_office, message)["status"]) == (step, status)

    @pytest.mark.parametrize("stage", ["greeting", "mail", "data", "body", "dot"])
    def test_loses_nothing_once_it_works_again(self, sqlite_office: Office, stage: str):
        messages = reminders(sqlite_office, 6)

        with ScriptedServer({stage: [LATER, GARBAGE, STALL, CUT]}) as server:
            deliver_to(server, sqlite_office)
            recover(server, sqlite_office)

            assert_nothing_is_lost_and_only_doubt_doubles(server, sqlite_office, messages)

    def test_gets_what_it_took_and_did_not_answer_once_more(self, sqlite_office: Office):
        office = sqlite_office
        messages = reminders(office, 6)

        with ScriptedServer({"dot": [CUT, CUT, "250 kept", CUT]}) as server:
            deliver_to(server, office)
            doubted = [one for one in messages if row(office, one)["status"] == "in_doubt"]
            recover(server, office)

            assert_nothing_is_lost_and_only_doubt_doubles(server, office, messages)
        assert len(doubted) == 3
        texts = Counter(taken.message_id for taken in server.taken)
        assert {one: texts[row(office, one)["message_id"]] for one in messages} == {
            one: 2 if one in doubted else 1 for one in messages
        }


def killed(office: Office, server: ScriptedServer, stage: str, *, at: Callable[[int], None] = lambda _: None) -> None:
    """Run a dispatcher in its own process until it is killed. `at` is told its number as soon as it runs."""
    url = office.database.writer.url.render_as_string(hide_password=False)
    tests = str(DISPATCHER.parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([tests, str(DISPATCHER.parent.parent)])}
    process = subprocess.Popen([sys.executable, DISPATCHER, url, str(server.port), stage], env=environment)
    at(process.pid)
    assert process.wait(60) == -signal.SIGKILL


def kill_at(office: Office, stage: str) -> tuple[Counter[str], Counter[str]]:
    """Kill a dispatcher at a stage and let others go on; return the statuses it left, and how often each arrived."""
    messages = reminders(office, 12)
    process: list[int] = []
    seen: list[str] = []

    def kill_at_the_third(line: str) -> str | None:
        seen.append(line)
        if len(seen) == 3:
            os.kill(process[0], signal.SIGKILL)
        return None

    of_itself = stage in ("claimed", "answered", "settled")
    with ScriptedServer({} if of_itself else {stage: kill_at_the_third}) as server:
        killed(office, server, stage if of_itself else "whole", at=process.append)
        left = Counter(row(office, one)["status"] for one in messages)
        recover(server, office)
        return left, assert_nothing_is_lost_and_only_doubt_doubles(server, office, messages)


class TestADispatcherThatIsKilled:
    @pytest.mark.parametrize("stage", ["claimed", "data"])
    def test_before_the_text_has_arrived_loses_and_may_double_nothing_but_what_others_sent_beside_it(
        self, sqlite_office: Office, stage: str
    ):
        left, accepted = kill_at(sqlite_office, stage)

        assert 1 <= left["sending"] <= 6  # no more than one claim's
        assert sum(accepted.values()) - len(accepted) <= (0 if stage == "claimed" else left["sending"] - 1)

    @pytest.mark.parametrize("stage", ["dot", "settled"])
    def test_after_the_text_has_arrived_loses_nothing_and_doubles_what_was_in_doubt(
        self, sqlite_office: Office, stage: str
    ):
        left, accepted = kill_at(sqlite_office, stage)

        assert 1 <= left["sending"] <= 6
        assert 1 <= sum(accepted.values()) - len(accepted) <= left["sending"]
        if stage == "settled":
            assert left["sent"] >= 1

    @pytest.mark.parametrize("stage", ["after", "answered"])
    def test_on_postgresql_too(self, postgresql_office: Office, stage: str):
        left, accepted = kill_at(postgresql_office, stage)

        assert 1 <= sum(accepted.values()) - len(accepted) <= left["sending"] <= 6

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("stage", ["claimed", "rcpt", "data", "body", "dot", "after", "answered", "settled"] * 5)
    def test_again_and_again(self, office: Office, stage: str):
        left, accepted = kill_at(office, stage)

        assert sum(accepted.values()) - len(accepted) <= left["sending"] <= 6

    def test_leaves_what_is_no_reminder_to_a_person(self, sqlite_office: Office):
        office = sqlite_office
        message = queue(office, a_case(office), cause="decision:1")

        with ScriptedServer() as server:
            killed(office, server, "answered")
            recover(server, office)

        assert row(office, message)["status"] == "in_doubt"
        assert len(server.taken) == 1


@pytest.mark.exhaustive  # two threads do the same in test_delivery_doubt.py
def test_two_dispatchers_in_processes_of_their_own_send_each_message_once(office: Office) -> None:
    messages = reminders(office, 30)
    url = office.database.writer.url.render_as_string(hide_password=False)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, DISPATCHER.parents[:2]))}

    with ScriptedServer() as server:
        command: list[Any] = [sys.executable, DISPATCHER, url, str(server.port), "whole"]
        processes = [subprocess.Popen(command, env=environment) for _ in range(2)]
        assert [process.wait(60) for process in processes] == [0, 0]
        accepted = assert_nothing_is_lost_and_only_doubt_doubles(server, office, messages)

    assert set(accepted.values()) == {1}
    assert server.connections >= 2
    assert deliver_to(server, office, NOW + timedelta(days=1)) == {}
