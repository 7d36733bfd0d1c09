"""`aeo audit verify` on files that people have at hand: what it answers, and what it cannot use. No database, no settings."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from logs import VKEY, bundle, checkpoint, entry, part

from workflow.cli.main import run

HONEST = [entry(n) for n in range(40)]
Verified = Callable[..., tuple[int, str]]


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verified:
    """A folder with what somebody was given and what he kept, and the command in it."""
    for name in ("AEO_DATABASE_URL", "AEO_ENV", "AEO_DATA_DIR"):
        monkeypatch.setenv(name, "/proc/nowhere")
    monkeypatch.chdir(tmp_path)
    Path("trail.jsonl").write_bytes(b"".join(bundle(HONEST)))
    Path("part.jsonl").write_bytes(b"".join(part(HONEST, [3, 7])))
    Path("kept").write_text(checkpoint(HONEST[:30]), encoding="utf-8")
    Path("vkey").write_text(VKEY, encoding="utf-8")

    def verify(*arguments: str) -> tuple[int, str]:
        code = run(["audit", "verify", *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return verify


def test_a_whole_trail_holds_beside_the_checkpoint_and_the_key(verified: Verified):
    code, told = verified("--bundle", "trail.jsonl", "--checkpoint", "kept", "--key", VKEY)

    assert (code, told.count("\n")) == (0, 1)
    assert told.startswith("This holds: 40 entries (all)")


def test_one_entry_is_one(verified: Verified):
    Path("one.jsonl").write_bytes(b"".join(part(HONEST, [3])))

    assert verified("--bundle", "one.jsonl")[1].startswith("This holds: 1 entry (each with its proof) of")


def test_some_entries_do_not_show_how_the_log_grew(verified: Verified):
    code, told = verified("--bundle", "part.jsonl", "--checkpoint", "kept", "--key", VKEY)

    assert code == 1
    assert "This holds" not in told
    assert "does NOT hold" not in told
    assert "What was asked cannot be answered" in told
    assert "Verify an export of the whole trail, without filters" in told


def test_after_a_rotation_some_entries_beside_an_older_checkpoint_say_what_is_missing(verified: Verified):
    Path("kept").write_text(checkpoint(HONEST, Ed25519PrivateKey.from_private_bytes(bytes(32))), encoding="utf-8")
    Path("part.jsonl").write_bytes(b"".join(part(HONEST, [3, 7])))
    Path("older").write_text(checkpoint(HONEST[:9], Ed25519PrivateKey.from_private_bytes(bytes(32))), encoding="utf-8")

    code, told = verified("--bundle", "part.jsonl", "--checkpoint", "older", "--key", VKEY)

    assert code == 1
    assert "does NOT hold" not in told
    assert "An earlier key of this log may have signed it" in told
    assert verified("--bundle", "part.jsonl", "--checkpoint", "kept", "--key", VKEY)[0] == 0  # the very same checkpoint


@pytest.mark.parametrize("key", ["", " ", "garbage", "vkey"])
def test_what_is_no_key_is_refused(verified: Verified, key: str):
    code, told = verified("--bundle", "trail.jsonl", "--key", key)

    assert code == 2
    assert f'--key "{key}" is no verifier key' in told
    assert '--key "$(cat vkey)"' in told


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\xff\xfe", checkpoint(HONEST)[:-30].encode()])
def test_what_is_no_checkpoint_is_refused(verified: Verified, content: bytes):
    Path("odd").write_bytes(content)

    code, told = verified("--bundle", "trail.jsonl", "--checkpoint", "odd", "--key", VKEY)

    assert code == 2
    assert "hold" not in told.replace("holds no checkpoint", "")


def test_a_checkpoint_may_be_saved_anew_or_stand_in_a_mail(verified: Verified):
    note = checkpoint(HONEST[:30])
    Path("crlf").write_bytes(note.replace("\n", "\r\n").encode())
    Path("mail").write_text(f"Arun, this is the newest checkpoint.\n\n{note}\n\nThe key:\n\n{VKEY}\n", encoding="utf-8")

    for file in ("crlf", "mail"):
        assert verified("--bundle", "trail.jsonl", "--checkpoint", file, "--key", VKEY)[0] == 0


@pytest.mark.parametrize(
    "content", [b"", b"index,kind\n0,x\n", b"PK\x03\x04", bytes(range(256)), b"\xef\xbb\xbf" + bundle(HONEST)[0]]
)
def test_what_is_no_bundle_is_named_with_what_one_is(verified: Verified, content: bytes):
    Path("given.txt").write_bytes(content)

    code, told = verified("--bundle", "given.txt")

    assert code == 2
    assert "given.txt cannot be used." in told
    assert "aeo audit export --format jsonl" in told


def test_a_folder_is_no_bundle_and_a_packed_one_is_to_be_unpacked(verified: Verified):
    Path("trail.jsonl.gz").write_bytes(gzip.compress(Path("trail.jsonl").read_bytes()))
    Path("folder").mkdir()

    code, told = verified("--bundle", "folder")
    assert (code, "folder cannot be read" in told, "aeo audit export --format jsonl" in told) == (2, True, True)
    code, told = verified("--bundle", "trail.jsonl.gz")
    assert (code, "gunzip trail.jsonl.gz" in told) == (2, True)


@pytest.mark.parametrize("option", ["--bundle", "--key"])
def test_of_two_given_at_once_none_is_passed_over(verified: Verified, option: str):
    code, told = verified("--bundle", "trail.jsonl", option, "trail.jsonl", option, "part.jsonl")

    assert code == 2
    assert f"{option} was given" in told
