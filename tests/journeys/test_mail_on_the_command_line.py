"""What an operator and an officer type about mail: deliver and stop, send again, what came back, letters."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bounce_samples import POSTFIX_LIKE, sample
from console import OFFICER, SUPERVISOR, Console, submit
from scripted_smtp import ScriptedServer

AEO = Path(sys.executable).with_name("aeo")
JO = "jo@quillhaven.example"


def test_a_delivery_that_is_told_to_stop_finishes_what_is_on_its_way(
    office: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uen in ("201890417D", "201512345C"):
        submit(office, uen=uen, contact_email=JO)
    waiting = len(office.json("outbox", "list"))
    process: list[int] = []

    def told_to_stop(_: str) -> None:
        os.kill(process[0], signal.SIGTERM)

    with ScriptedServer({"rcpt": [told_to_stop]}) as server:
        url = f"smtp://127.0.0.1:{server.port}?starttls=off&connections=1"
        monkeypatch.setenv("AEO_SMTP_URL", url)
        with subprocess.Popen([AEO, "outbox", "deliver", "--json"], stdout=subprocess.PIPE) as run:
            process.append(run.pid)
            printed, _ = run.communicate(timeout=60)
        statuses = [one["status"] for one in office.json("outbox", "list")]
        rest = office.json("outbox", "deliver")

    assert (run.returncode, printed.split()) == (0, [b"{", b'"sent":', b"1", b"}"])
    assert sorted(statuses) == ["queued"] * (waiting - 1) + ["sent"]
    assert rest == {"sent": waiting - 1}
    assert len(server.accepted) == waiting


def test_mail_that_comes_back_becomes_a_letter_until_the_address_is_mended(
    office: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = submit(office, contact_email=JO)
    office("outbox", "deliver")
    message = next(one for one in office.json("outbox", "list") if one["recipient"].startswith("contact:"))
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "bounces" / folder).mkdir(parents=True)
    (tmp_path / "bounces" / "new" / "1").write_bytes(sample(POSTFIX_LIKE, JO, message["message_id"]))
    assert "AEO_BOUNCES" in office("outbox", "bounces", expect=2)
    monkeypatch.setenv("AEO_BOUNCES", str(tmp_path / "bounces"))

    assert office("outbox", "bounces") == "Came back: 1 suppressed."

    assert [one["address"] for one in office.json("outbox", "suppressed")] == [JO]
    (letter,) = office.json("task", "list", "--role", "officer")
    assert (letter["application"], letter["message"], letter["letter"]) == (reference, message["id"], True)
    closing = ("task", "close", str(letter["id"]), "--outcome", "Posted.", "--as", OFFICER)
    assert "--posted-on" in office(*closing, expect=2)
    assert "posted on Mon 5 Jan 2026" in office(*closing, "--posted-on", "2026-01-05")
    assert office("task", "list") == "No task is open."

    again = ("outbox", "retry", str(message["id"]), "--as", OFFICER)
    office("outbox", "release", JO, "--reason", "They have mended it.", "--as", SUPERVISOR)
    office(*again)
    assert office.json("outbox", "deliver")["sent"] >= 1
    assert "is sent" in office(*again, expect=2)
