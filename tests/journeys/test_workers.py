"""`aeo serve --workers 2` on PostgreSQL: whichever process answers, sessions, forms and cookies hold."""

import http.client
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from pathlib import Path

from sqlalchemy import URL
from test_serve import AEO, free_port, wait_until_ready

from workflow.operations.demonstration.sign_ins import PASSWORD

ASKED = 12  # requests on connections of their own; that all meet one process of two has a chance of 1 in 2,048


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AEO_")}
    return kept | {"AEO_DATA_DIR": str(folder / "var"), "AEO_ENV": "test"} | more


class Visitor:
    """Asks on a new connection each time, so that any process may answer, and keeps cookies."""

    def __init__(self, port: int) -> None:
        self._port, self.cookies = port, {}

    def ask(self, method: str, address: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, address, urllib.parse.urlencode(form) if form is not None else None, headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        told = answer.status, answer.read().decode(), answer.getheader("Location") or ""
        connection.close()
        return told


def test_several_processes_share_sessions_and_forms(make_url_of, tmp_path: Path) -> None:
    url: URL = make_url_of("postgresql", False)
    environment = environment_of(tmp_path, AEO_DATABASE_URL=url.render_as_string(hide_password=False))
    for command in (("db", "upgrade"), ("demo", "load")):
        subprocess.run([AEO, *command], cwd=tmp_path, env=environment, check=True, capture_output=True)
    port = free_port()
    process = subprocess.Popen(
        [AEO, "serve", "--port", str(port), "--workers", "2"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        visitor = Visitor(port)
        entered = visitor.ask("POST", "/sign-in", {"email": "tan.weiming@casework.example", "password": PASSWORD})
        pages = {visitor.ask("GET", "/work")[0] for _ in range(ASKED)}
        csrf = re.search(r'name="csrf" value="([^"]+)"', visitor.ask("GET", "/cases/new")[1])
        looks = {
            visitor.ask("POST", "/me/look", {"csrf": csrf[1], "theme": "dark", "back": "/work"})[0]
            for _ in range(ASKED)
        }
        wrong = {visitor.ask("POST", "/me/look", {"csrf": "wrong", "theme": "dark"})[0] for _ in range(ASKED)}
        uen = {"uen": "201890417D", "company_name": "Quillhaven Logistics Pte. Ltd.", "programme": "STP"}
        form = {"csrf": csrf[1], "once": "the same press"} | uen
        made = [visitor.ask("POST", "/cases/new", form) for _ in range(4)]
        left = visitor.ask("POST", "/sign-out", {"csrf": csrf[1]})
        after = {visitor.ask("GET", "/work")[0] for _ in range(ASKED)}
    finally:
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=60)

    assert len(children) >= 2
    assert (entered[0], entered[2]) == (303, "/work")
    assert pages == {200}
    assert looks == {303}
    assert wrong == {403}
    assert [one[0] for one in made] == [303] * 4, made[0][1]
    assert len({one[2] for one in made}) == 1  # one case, however often and wherever it was pressed
    assert left[0] == 303
    assert after == {303}
    assert process.returncode in (0, -signal.SIGTERM), printed.decode()
    assert "Traceback" not in printed.decode()


def test_several_processes_are_refused_on_sqlite(tmp_path: Path) -> None:
    environment = environment_of(tmp_path)
    subprocess.run([AEO, "db", "upgrade"], cwd=tmp_path, env=environment, check=True, capture_output=True)

    done = subprocess.run(
        [sys.executable, AEO, "serve", "--workers", "2"],
        cwd=tmp_path, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 2
    assert "2 processes need PostgreSQL" in done.stderr
