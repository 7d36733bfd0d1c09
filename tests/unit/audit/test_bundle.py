"""The bundle: whole, it holds; damaged, it is told where. Tampering at every place: test_tampering.py."""

import base64
import json
from collections.abc import Callable, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from logs import KEY, ORIGIN, VKEY, Lines, bundle, checkpoint, entry, leaf, written

from workflow.audit import merkle
from workflow.audit.bundle import BadBundle, Header, Verdict, entry_line, verify
from workflow.audit.note import Checkpoint, Verifier, sign_checkpoint

SIZE = 300
HONEST = [entry(n) for n in range(SIZE)]


def part(entries: Sequence[str], numbers: Sequence[int]) -> Lines:
    """Some entries of a log, each with its proof."""
    hashes: dict[tuple[int, int], bytes] = {}
    frontier = merkle.Frontier(complete=lambda level, index, made: hashes.update({(level, index): made}))
    for one in entries:
        frontier.append(leaf(one))
    proofs = {n: merkle.inclusion_proof(n, len(entries), lambda *key: hashes[key]) for n in numbers}
    header = Header(checkpoint(entries), VKEY, ORIGIN, min(numbers, default=0), False)
    return written(header, [entry_line(entries[n], n, leaf(entries[n]), proofs[n]) for n in numbers])


class TestHonest:
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, SIZE])
    def test_complete_bundles_hold(self, size: int):
        verdict = verify(bundle(HONEST[:size]), checkpoint=checkpoint(HONEST[:size]), key=VKEY)

        assert (verdict.problems, verdict.entries, verdict.size) == ([], size, size)

    def test_bundles_larger_than_what_is_hashed_at_once_hold(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("workflow.audit.bundle._LEVEL", 3)
        monkeypatch.setattr("workflow.audit.bundle._CHUNK", 8)
        for earlier in (1, 7, 8, 9, 16, 299, 300):
            assert verify(bundle(HONEST), checkpoint=checkpoint(HONEST[:earlier])).holds

    @pytest.mark.parametrize("numbers", [[0], [299], [3, 4, 200], list(range(SIZE)), []])
    def test_parts_hold(self, numbers: list[int]):
        verdict = verify(part(HONEST, numbers), checkpoint=checkpoint(HONEST), key=VKEY)

        assert (verdict.problems, verdict.entries) == ([], len(numbers))

    @pytest.mark.parametrize("earlier", [0, 1, 128, 299])
    def test_hold_beside_a_checkpoint_of_any_earlier_day(self, earlier: int):
        assert verify(bundle(HONEST), checkpoint=checkpoint(HONEST[:earlier]), key=VKEY).holds

    def test_hold_with_what_a_later_version_adds_to_the_first_line(self):
        header = Header(checkpoint(HONEST[:1]), VKEY, ORIGIN, 0, True, {"programmes": [{"code": "STP"}]})
        lines = written(header, [entry_line(HONEST[0], 0, leaf(HONEST[0]))])

        assert verify(lines).holds


def found(lines: Lines) -> Verdict:
    return verify(lines, checkpoint=checkpoint(HONEST), key=VKEY)


class TestSeveralCheckpoints:
    @pytest.mark.parametrize("changed", [0, 99, 100, 199, 250, 299])
    def test_checkpoints_of_several_days_show_between_which_two_a_log_was_rewritten(self, changed: int):
        lines = bundle([*HONEST[:changed], entry(changed, note="other"), *HONEST[changed + 1 :]])
        days = (100, 200, 300)

        verdict = verify(lines, checkpoint=checkpoint(HONEST), earlier=[checkpoint(HONEST[:day]) for day in days[:2]])

        assert verdict.between == (changed // 100 * 100, changed // 100 * 100 + 99)
        assert (verdict.first_bad, found(lines).between) == (None, (0, 299))

    def test_two_checkpoints_that_are_one_entry_apart_name_it(self):
        lines = bundle([*HONEST[:7], entry(7, note="other"), *HONEST[8:]])

        verdict = verify(lines, checkpoint=checkpoint(HONEST[:7]), earlier=[checkpoint(HONEST[:8])])

        assert verdict.first_bad == 7


class TestEveryByte:
    def test_every_flipped_byte_of_a_small_bundle_is_noticed(self):
        lines = bundle(HONEST[:3])
        for number, line in enumerate(lines):
            for at in range(len(line) - 1):
                flipped = line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]
                verdict = _verdict([*lines[:number], flipped, *lines[number + 1 :]])
                assert verdict is None or not verdict.holds, flipped


def _verdict(lines: Lines) -> Verdict | None:
    try:
        return verify(lines, checkpoint=checkpoint(HONEST[:3]), key=VKEY)
    except BadBundle:
        return None


class TestParts:
    def test_an_altered_proof_is_named(self):
        lines = part(HONEST, [3, 7, 200])
        members = json.loads(lines[2])
        raw = bytearray(base64.b64decode(members["proof"][2]))
        raw[0] ^= 1
        proof = [base64.b64decode(one) for one in members["proof"]]
        lines[2] = entry_line(HONEST[7], 7, leaf(HONEST[7]), [*proof[:2], bytes(raw), *proof[3:]]).encode() + b"\n"

        assert found(lines).first_bad == 7

    def test_an_edited_entry_is_named(self):
        lines = part(HONEST, [3, 7])
        lines[2] = lines[2].replace(b"yes", b"not")

        assert found(lines).first_bad == 7

    def test_an_entry_without_proof_is_named(self):
        lines = part(HONEST, [3, 7])
        lines[2] = entry_line(HONEST[7], 7, leaf(HONEST[7])).encode() + b"\n"

        assert found(lines).first_bad == 7

    def test_entries_out_of_order_are_named(self):
        assert found(part(HONEST, [7, 3])).first_bad == 3
        assert found(part(HONEST, [3, 3])).first_bad == 3


def spoiled(change: Callable[[Lines], Lines]) -> Verdict:
    return found(change(bundle(HONEST)))


class TestDamage:
    def test_a_member_named_twice_is_refused(self):
        twice = HONEST[4][:-1] + ',"v":1}'
        entries = [*HONEST[:4], twice, *HONEST[5:]]

        verdict = verify(bundle(entries), checkpoint=checkpoint(entries), key=VKEY)

        assert verdict.first_bad == 4
        assert "not in canonical form" in verdict.problems[0]

    def test_a_missing_or_wrong_end_is_found(self):
        assert "The end line is missing" in spoiled(lambda lines: lines[:-1]).problems[0]
        assert "counts 299" in spoiled(lambda lines: [*lines[:-1], b'{"type":"end","count":299}\n']).problems[0]
        assert "after the end line" in spoiled(lambda lines: [*lines, b"more\n"]).problems[0]

    def test_another_logs_checkpoint_or_key_is_refused(self):
        other = Ed25519PrivateKey.from_private_bytes(bytes(32))
        other_key = Verifier(ORIGIN, other.public_key().public_bytes_raw()).text
        elsewhere = Checkpoint("other.example", 1, bytes(32))

        assert not verify(bundle(HONEST), key=other_key).holds
        assert not verify(bundle(HONEST), checkpoint=checkpoint(HONEST, other), key=VKEY).holds
        assert not verify(bundle(HONEST), checkpoint=sign_checkpoint(elsewhere, KEY), key=VKEY).holds
        assert not verify(bundle(HONEST, note=sign_checkpoint(elsewhere, KEY)), key=VKEY).holds

    @pytest.mark.parametrize(
        "first",
        [b"", b"{}\n", b"[]\n", b"not json\n", b'{"type":"bundle"}\n', b'{"type":"end","count":0}\n', b"[" * 100_000],
    )
    def test_what_is_no_bundle_is_refused(self, first: bytes):
        with pytest.raises(BadBundle):
            verify([first])

    @pytest.mark.parametrize(
        "line", [b"\n", b"{}\n", b'{"entry":{}}\n', b'{"entry":' + b"[" * 50_000 + b"\n", b"\xff\n"]
    )
    def test_a_line_that_cannot_be_read_is_told(self, line: bytes):
        assert not spoiled(lambda lines: [*lines[:3], line, *lines[4:]]).holds
