"""`aeo serve` as an operator starts it: a real process, a real port, the clock running."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from workflow.operations.demonstration.sign_ins import PASSWORD

AEO = Path(sys.executable).with_name("aeo")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, cookie: str = "") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Cookie": cookie})  # noqa: S310  # our own loopback address
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # likewise
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def wait_until_ready(address: str) -> str:
    for _ in range(150):
        status, body = get(f"{address}/readyz")
        if status == 200:
            return body
        time.sleep(0.2)
    raise AssertionError(f"Not ready within 30 seconds: {body}")


def test_serves_pages_and_runs_the_clock_until_it_is_told_to_stop(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AEO_")}
    subprocess.run([AEO, "db", "upgrade"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    subprocess.run([AEO, "demo", "load"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    port = free_port()
    command = [AEO, "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        ready = wait_until_ready(address)
        cookie = sign_in(address)
        pages = ("/", "/cases/STP-2026-000001", "/cases/STP-1")
        worklist, case, missing = (get(f"{address}{page}", cookie) for page in pages)
    finally:
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=30)

    assert json.loads(ready) == {"status": "ready"}
    assert worklist[0] == case[0] == 200
    assert "Pte. Ltd." in worklist[1]
    assert missing[0] == 404
    assert "Traceback" not in printed.decode()
    assert f"Everybody's password: {PASSWORD}" in printed.decode()
    assert "priya.nair@casework.example" in printed.decode()


def sign_in(address: str) -> str:
    """Sign in as a person of the demonstration, as printed, and return the cookie."""
    form = urllib.parse.urlencode({"email": "tan.weiming@casework.example", "password": PASSWORD}).encode()
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("POST", "/sign-in", form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    assert answer.status == 303, answer.read().decode()
    connection.close()
    return str(answer.getheader("Set-Cookie")).partition(";")[0]


def test_refuses_to_be_seen_from_elsewhere(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AEO_")}
    subprocess.run([AEO, "db", "upgrade"], cwd=tmp_path, env=environment, check=True, capture_output=True)

    everywhere = "0.0.0.0"  # noqa: S104  # what must be refused
    done = subprocess.run(
        [AEO, "serve", "--host", everywhere],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "loopback" in done.stderr
