"""A new key takes over: what the old one signed stays good, the last checkpoint bears both signatures."""

import stat
from pathlib import Path

import builders
import pytest
from builders import act

from states.facts import OPERATOR
from workflow import models
from workflow.audit import bundle
from workflow.audit.bundle import header_of
from workflow.audit.note import BadNote, open_checkpoint, verifier_of
from workflow.operations.rotate_key import rotate_key
from workflow.operations.seal_log import seal_log
from workflow.operations.set_up_installation import renew_identity
from workflow.reports.trail.as_bundle import bundle_lines
from workflow.store import signing
from workflow.store.office import Office
from workflow.store.signing import signer_of


@pytest.fixture
def file(office: Office, tmp_path: Path) -> Path:
    renew_identity(office.database, now=builders.NOW)
    signing.make_key(tmp_path / "log.key")
    return tmp_path / "log.key"


def lines(office: Office, file: Path) -> list[bytes]:
    signer = signer_of(str(file), file.parent)
    sealed = seal_log(office, signer, now=builders.NOW)
    with office.database.snapshot() as connection:
        vkey = signer.verifier(sealed.origin).text
        return [line.encode() for line in bundle_lines(connection, note=sealed.note or "", verifier=vkey)]


def test_the_last_checkpoint_is_opened_with_either_key(office: Office, file: Path):
    made = rotate_key(office, file, act=act(OPERATOR)).data

    for vkey in (made["before"], made["after"]):
        assert open_checkpoint(made["checkpoint"], [verifier_of(vkey)]).size == made["size"] == 2
    assert builders.rows_of(office, models.AuditEntry)[-1]["kind"] == "audit:key:rotated"


def test_old_and_new_bundles_verify_each_with_its_own_key(office: Office, file: Path):
    old = lines(office, file)
    made = rotate_key(office, file, act=act(OPERATOR)).data
    new = lines(office, file)

    assert bundle.verify(iter(old), key=made["before"]).holds
    assert bundle.verify(iter(new), key=made["after"], checkpoint=made["checkpoint"]).holds


def test_whoever_trusts_the_new_key_may_use_a_checkpoint_that_only_the_old_one_signed(office: Office, file: Path):
    signed_by_the_old = header_of(lines(office, file)[0]).checkpoint
    made = rotate_key(office, file, act=act(OPERATOR)).data

    assert bundle.verify(iter(lines(office, file)), key=made["after"], checkpoint=signed_by_the_old).holds


def test_the_log_grows_under_the_new_key_alone(office: Office, file: Path):
    made = rotate_key(office, file, act=act(OPERATOR)).data
    again = rotate_key(office, file, act=act(OPERATOR, builders.NOW.replace(year=2027))).data

    assert again["before"] == made["after"]
    with pytest.raises(BadNote):
        open_checkpoint(again["checkpoint"], [verifier_of(made["before"])])


def test_the_old_key_is_kept_for_its_owner_alone(office: Office, file: Path):
    before = file.read_bytes()
    kept = Path(rotate_key(office, file, act=act(OPERATOR)).data["kept"])

    assert kept.read_bytes() == before != file.read_bytes()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (kept, file)] == [0o600, 0o600]
