"""Writes docs/first-run.md by running, for real, what it shows: a scratch database, the command line, an SMTP server."""

import email
import email.policy
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

HERE = Path(__file__).resolve().parent
AEO = Path(sys.executable).with_name("aeo")
ZONE = "+08:00"


class Sink:
    """A mail server on loopback that keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


class Tour:
    """Runs commands and writes down what they print."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.environment = os.environ | {
            "AEO_DATA_DIR": "var",
            "AEO_SMTP_URL": f"smtp://127.0.0.1:{port}?starttls=off",
            "COLUMNS": "160",
        }
        for name in ("AEO_OFFICER", "AEO_DATABASE_URL", "AEO_CLOCK", "AEO_ENV"):
            self.environment.pop(name, None)

    def say(self, text: str) -> None:
        self.lines += [text, ""]

    def run(self, *commands: str, clock: str = "", quiet: bool = False, expect: int = 0) -> str:
        """Run `aeo` commands in one block; `clock` moves the installation's clock first."""
        shown: list[str] = []
        printed = ""
        for command in commands:
            environment = self.environment | ({"AEO_CLOCK": clock} if clock else {})
            done = subprocess.run(
                [AEO, *shlex.split(command)],
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != expect:
                raise SystemExit(
                    f"aeo {command}: exit {done.returncode}, expected {expect}\n{done.stdout}{done.stderr}"
                )
            printed = (done.stdout + done.stderr).rstrip()
            prefix = f"AEO_CLOCK={clock} " if clock else ""
            shown += [f"$ {prefix}aeo {command}", *([printed] if printed else [])]
            if expect:
                shown.append(f"(exit {expect})")
        if not quiet:
            self.lines += ["```console", *shown, "```", ""]
        return printed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        sink = Sink()
        controller = Controller(sink, hostname="127.0.0.1", port=_free_port())
        controller.start()
        try:
            port = controller.port
            tour = Tour(Path(name), port)
            _tell(tour, sink)
        finally:
            controller.stop()
    text = "\n".join(tour.lines).rstrip() + "\n"
    text = text.replace(name, "/home/you/first-run").replace(f":{port}", ":2525")
    (HERE / "first-run.md").write_text(text, encoding="utf-8")


def _tell(tour: Tour, sink: Sink) -> None:
    tour.lines += [
        "# First run: one application from submission to lapse",
        "",
        "This page is written by `make first-run`, which runs every command shown here against a scratch database and a mail",
        "server on loopback. The company, its UEN and the people are fictitious. `AEO_CLOCK` moves the installation's clock.",
        "",
    ]
    _people(tour)
    reference = _review(tour)
    _decision(tour, reference)
    _years(tour, reference, sink)
    _trail(tour, reference)


def _people(tour: Tour) -> None:
    tour.say("## People")
    admin = "--as admin@casework.example"
    tour.run(
        "db upgrade",
        'officer add admin@casework.example --name "Rosnah Yusof" --role admin',
        f'officer add tan@casework.example --name "Tan Wei Ming" --role officer {admin}',
        f'officer add lee@casework.example --name "Lee Jia Hui" --role officer --role approver {admin}',
        f'officer add priya@casework.example --name "Priya Nair" --role approver {admin}',
        f'officer add nurul@casework.example --name "Nurul Huda" --role account_manager {admin}',
        f'officer add goh@casework.example --name "Goh Siew Ling" --role supervisor {admin}',
        f'officer add arun@casework.example --name "Arun Pillai" --role auditor {admin}',
    )


def _review(tour: Tour) -> str:
    tour.say("## An application arrives")
    reference = tour.run(
        'application submit --programme STP --uen 201890417D --company-name "Quillhaven Logistics Pte. Ltd." '
        "--contact-email adeline.goh@quillhaven.example --account-manager nurul@casework.example --as nurul@casework.example",
        clock=f"2026-11-23T09:00:00{ZONE}",
    ).splitlines()[-1]
    tour.say("The pack is not complete, so the review cannot start, and the refusal says what is missing:")
    tour.run(f"application advance {reference} start_review --as tan@casework.example", expect=1)
    kinds = ("application_form", "tradefirst_checklist", "bizfile_report", "financial_statements", "evidence")
    for kind in (*kinds, "visit_report"):
        (tour.folder / f"{kind}.pdf").write_bytes(b"%PDF-1.4\n% First run\n%%EOF\n" + kind.encode())
    tour.run(*(f"document add {reference} {kind}.pdf --kind {kind} --as nurul@casework.example" for kind in kinds))
    tour.run(f"application advance {reference} start_review --as tan@casework.example")
    tour.say("The company's answers are recorded with their evidence; the other criteria are answered in the same way.")
    criteria = json.loads(tour.run("programme show STP --json", quiet=True))
    codes = [c["code"] for i in criteria["instruments"] for s in i["sections"] for c in s["criteria"]]
    tour.run(f"checklist answer {reference} {codes[0]} yes --document 5 --as tan@casework.example")
    for code in codes[1:]:
        tour.run(f"checklist answer {reference} {code} yes --document 5 --as tan@casework.example", quiet=True)
    tour.run(
        f'checklist assess {reference} S3 action --note "Electronic visitor log agreed" --as tan@casework.example',
        f"checklist assess-all {reference} --as tan@casework.example",
        f"application advance {reference} pass_checklist --as tan@casework.example",
    )
    return reference


def _decision(tour: Tour, reference: str) -> None:
    tour.say("## A decision that takes two people")
    tour.say("Certifying now is refused, with every unmet rule at once and who can meet it:")
    tour.run(
        f"application advance {reference} certify --as priya@casework.example",
        clock=f"2027-01-18T10:00:00{ZONE}",
        expect=1,
    )
    tour.run(
        f"visit record {reference} --on 2027-01-15 --report visit_report.pdf --as tan@casework.example",
        "band set 201890417D Premium --assessed-on 2027-01-18 --as tan@casework.example",
        f'application recommend {reference} --outcome certify --reason "All criteria met" --as lee@casework.example',
    )
    tour.say("Lee Jia Hui is an approver too, but she recommended this case:")
    tour.run(f"application advance {reference} certify --as lee@casework.example", expect=1)
    tour.run(
        f"application advance {reference} certify --given valid_from=2027-01-18 --as priya@casework.example",
        f"application show {reference}",
    )


def _years(tour: Tour, reference: str, sink: Sink) -> None:
    tour.say("## Three years, planned in full")
    tour.run("calendar --from 2027-01-01 --to 2030-12-31")
    tour.run("outbox deliver", quiet=True)
    sink.messages.clear()
    plan = json.loads(tour.run("calendar --from 2027-01-01 --to 2030-12-31 --format json", quiet=True))
    tour.say("The clock is moved to each reminder. What the mail server on loopback received:")
    tour.lines += ["| due | rule | received by | subject |", "|---|---|---|---|"]
    for row in (one for one in plan if one["rule"].startswith("T-")):
        local = f"{row['due_on']}T08:00:00{ZONE}"
        tour.run("sweep", clock=local, quiet=True)
        tour.run("outbox deliver", quiet=True)
        tour.lines += [f"| {row['due_on']} | {row['rule']} | {m['To']} | {m['Subject']} |" for m in sink.messages]
        if not sink.messages:
            raise SystemExit(f"No mail for {row['rule']}.")
        sink.messages.clear()
    tour.lines.append("")
    last = next(one["due_on"] for one in plan if one["rule"] == "lapse")
    tour.say("## The last day")
    tour.say(
        "Half a minute before the end of the last day in Singapore nothing is due; at its end the certificate lapses."
    )
    tour.run("sweep", f"application show {reference}", clock=f"{last}T23:59:30{ZONE}")
    after = next(one["due_on"] for one in plan if one["rule"] == "T+1")
    tour.run("sweep", f"application show {reference}", clock=f"{after}T00:00:00{ZONE}")
    tour.run("sweep", "outbox deliver", clock=f"{after}T08:00:00{ZONE}")
    tour.lines += [f"- {m['To']}: {m['Subject']}" for m in sink.messages] + [""]
    tour.say("Running the sweep again changes nothing:")
    tour.run("sweep")


def _trail(tour: Tour, reference: str) -> None:
    tour.say("## The trail")
    tour.run(f"audit export --format csv --application {reference} --out trail.csv --as arun@casework.example")
    text = (tour.folder / "trail.csv").read_text(encoding="utf-8")
    lines = text.splitlines()
    shown = [re.sub(r"[0-9a-f]{56}$", "…", line) for line in (*lines[:3], "...", *lines[-3:])]
    tour.lines += ["```csv", *shown, "```", ""]
    tour.run("db check")


if __name__ == "__main__":
    main()
