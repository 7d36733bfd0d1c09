"""The bundle: whole, it holds; damaged, it is told where. Tampering at every place: test_tampering.py."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from logs import KEY, ORIGIN, VKEY, Lines, bundle, checkpoint, entry, leaf, numbered, part, written

from workflow.audit import bundle as bundles
from workflow.audit.bundle import BadBundle, Header, Verdict, entry_line, verify
from workflow.audit.entry import Entry
from workflow.audit.note import BadNote, Checkpoint, Verifier, sign_checkpoint

SIZE = 300
HONEST = [entry(n) for n in range(SIZE)]
FORKED = [*HONEST[:150], *(entry(n, note="forked") for n in range(150, SIZE + 4))]


@pytest.fixture(params=[1, 3, 32], autouse=True)
def together(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the verifier says does not depend on how many entries it looks at together."""
    monkeypatch.setattr(bundles, "_STRETCH", request.param)


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

    def test_one_that_no_known_key_signed_does_not_say_where(self):
        lines = bundle([*HONEST[:150], entry(150, note="other"), *HONEST[151:]])
        stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
        forged = [checkpoint([entry(0, note="other")], stranger), checkpoint(HONEST[:200], stranger)]

        verdict = verify(lines, checkpoint=checkpoint(HONEST), earlier=[checkpoint(HONEST[:100]), *forged], key=VKEY)

        assert verdict.between == (100, 299)
        assert sum("signed by none of the keys" in one for one in verdict.problems) == len(forged)


class TestSomeEntriesBesideACheckpoint:
    """Proofs show that entries are in a log, not that this is the log of which a checkpoint was kept."""

    @pytest.mark.parametrize("log", [HONEST[:250], FORKED])
    def test_leave_open_whether_it_is_the_same_log(self, log: list[str]):
        """The kept checkpoint is of 200 entries; one of the logs extends it and the other does not."""
        verdict = verify(part(log, [3, 147]), checkpoint=checkpoint(HONEST[:200]), key=VKEY)

        assert (verdict.holds, verdict.problems) == (False, [])
        assert f"whether their checkpoint, of {len(log)} entries, belongs to the same log" in verdict.unanswered[0]
        assert "Verify an export of the whole trail" in verdict.unanswered[0]

    def test_leave_it_open_too_where_the_checkpoint_is_newer(self):
        verdict = verify(part(HONEST[:200], [3]), checkpoint=checkpoint(HONEST), key=VKEY)

        assert (verdict.holds, verdict.problems, len(verdict.unanswered)) == (False, [], 1)

    def test_hold_or_do_not_where_both_are_of_the_same_size(self):
        other = checkpoint([entry(0, note="other"), *HONEST[1:]])

        assert verify(part(HONEST, [3]), checkpoint=checkpoint(HONEST), key=VKEY).holds
        assert "not the same root" in verify(part(HONEST, [3]), checkpoint=other, key=VKEY).problems[0]

    def test_every_checkpoint_is_answered(self):
        kept = [checkpoint(HONEST[:size]) for size in (100, 300, 200)]

        assert len(verify(part(HONEST, [3]), checkpoint=kept[0], earlier=kept[1:], key=VKEY).unanswered) == 2

    def test_are_judged_all_the_same(self):
        lines = part(HONEST, [3, 7])
        lines[2] = lines[2].replace(b"yes", b"not")

        verdict = verify(lines, checkpoint=checkpoint(HONEST[:200]), key=VKEY)

        assert (verdict.first_bad, len(verdict.unanswered)) == (7, 1)


class TestWhatSaysNothingAboutTheBundle:
    @pytest.mark.parametrize("key", ["", "garbage", "vkey", VKEY[:-1]])
    def test_no_key(self, key: str):
        with pytest.raises(BadNote):
            verify(bundle(HONEST), key=key)

    def test_no_checkpoint(self):
        for kept in ("", "hello", checkpoint(HONEST).replace("\n300\n", "\n301\n")):
            with pytest.raises(BadNote, match="The checkpoint that was kept elsewhere: "):
                verify(bundle(HONEST), checkpoint=kept, key=VKEY)


class TestWhatAProblemIsAbout:
    def test_is_told_apart(self):
        other = Ed25519PrivateKey.from_private_bytes(bytes(32))
        rewritten = checkpoint([entry(0, note="other"), *HONEST[1:100]])
        edited = [line.replace(b"said", b"sold") if n == 9 else line for n, line in enumerate(bundle(HONEST))]

        assert verify(bundle(HONEST), checkpoint=rewritten, key=VKEY).about == {"kept"}
        assert verify(bundle(HONEST), checkpoint=checkpoint(HONEST, other), key=VKEY).about == {"kept"}
        assert verify(bundle(HONEST, note=checkpoint(HONEST, other)), key=VKEY).about == {"signature"}
        assert verify(edited, key=VKEY).about == {"entries"}
        assert verify(edited, checkpoint=checkpoint(HONEST), key=VKEY).about == {"entries", "kept"}
        assert verify(bundle(HONEST), checkpoint=checkpoint(HONEST), key=VKEY).about == set()


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

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda lines: [*lines[:2], *lines[3:]], "counts 3 entries, 2 are there: 1 line is missing"),
            (lambda lines: [lines[0], *lines[2:]], "begins with entry 3, it begins with 7"),
            (lambda lines: lines[:-1], "The end line is missing"),
            (lambda lines: [*lines[:2], b'{"entry":?}\n', *lines[3:]], "The line after that of entry 3 cannot be read"),
            (lambda lines: [lines[0], b'{"entry":?}\n', *lines[2:]], "The line after the first one cannot be read"),
        ],
    )
    def test_a_line_that_is_gone_or_damaged_is_told_and_no_entry_named_that_nobody_knows(
        self, change: Callable[[Lines], Lines], said: str
    ):
        verdict = found(change(part(HONEST, [3, 7, 200])))

        assert said in verdict.problems[0]
        assert verdict.first_bad is None

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

    @pytest.mark.parametrize(
        "number", ["1.0", "0.5", "-1.5", "1e3", "1e22", "-1e-7", str(2**53), str(-(2**60)), "[1,2.0]", "[-0.0]"]
    )
    def test_a_number_that_readers_write_differently_is_refused(self, number: str):
        odd = HONEST[4].replace('"case_seq":5', f'"case_seq":{number}')
        entries = [*HONEST[:4], odd, *HONEST[5:]]

        verdict = verify(bundle(entries), checkpoint=checkpoint(entries), key=VKEY)

        assert verdict.first_bad == 4
        assert "not in canonical form" in verdict.problems[0]

    @pytest.mark.parametrize(
        "canonical",
        [
            '{"a.b":1,"ab":"1e5","aea":true,"aeb":[false,null,"1.5"]}',
            '{"a":"\\u000e.\\u001ee","b":{"":"e"}}',
            '{"e":9007199254740991,"ex":-9007199254740991,"f":"."}',
            '{"true":"truex","true.":true,"truea":false,"truex":"falsex","trux":"e"}',
        ],
    )
    def test_points_and_letters_that_numbers_may_have_are_allowed_elsewhere(self, canonical: str):
        entries = [canonical, *HONEST[1:3]]

        assert verify(bundle(entries), checkpoint=checkpoint(entries), key=VKEY).problems == []

    @pytest.mark.parametrize(
        "odd",
        [
            '{"b":1,"a.":2}',
            '{"ae":1,"ab":2}',
            '{"e":1,"e":1}',
            '{"a": "e"}',
            '{"a":"\\u0065"}',
            '{"a":true,"b":1.5}',
            '{"truex":1,"true":2}',
            '{"a":[{"b":[true,1e22]}]}',
            '{"a":"\\u001E"}',
        ],
    )
    def test_another_form_is_refused(self, odd: str):
        entries = [odd, *HONEST[1:3]]

        assert verify(bundle(entries), checkpoint=checkpoint(entries), key=VKEY).first_bad == 0

    @pytest.mark.parametrize(
        "odd", [['{"a":1},{"b":2}', '{"a":[1', "2]}"], ["1,2", "[3", "4]"], ['{"a":1', '"b":2}', "3,4"], ["", "1", "2"]]
    )
    def test_entries_that_are_none_by_themselves_are_refused(self, odd: list[str]):
        """Side by side they would make one list of as many members."""
        entries = [*HONEST[:3], *odd, *HONEST[6:9]]

        verdict = verify(bundle(entries), checkpoint=checkpoint(entries), key=VKEY)

        assert verdict.first_bad == 3

    def test_the_like_in_a_text_is_none(self):
        texts = ["a,1.5", '":2.0', "[3e5", "[e", f",{2**60}"]
        entries = [*HONEST[:4], *(entry(n, note=text) for n, text in enumerate(texts, start=4))]

        assert verify(bundle(entries), checkpoint=checkpoint(entries), key=VKEY).problems == []

    def test_a_first_or_last_line_in_another_encoding_is_refused(self):
        lines = bundle([])
        assert not verify([lines[0], lines[1].decode().encode("utf-16")]).holds
        with pytest.raises(BadBundle):
            verify([lines[0].decode().encode("utf-16"), lines[1]])

    @pytest.mark.parametrize("at", [0, -1])
    def test_a_first_or_last_line_with_a_member_twice_is_refused(self, at: int):
        lines = bundle([])
        lines[at] = lines[at].replace(b"{", b'{"type":"x",', 1)

        verdict = None
        with suppress(BadBundle):
            verdict = verify(lines)
        assert verdict is None or not verdict.holds

    def test_a_missing_or_wrong_end_is_found(self):
        assert "The end line is missing" in spoiled(lambda lines: lines[:-1]).problems[0]
        assert "counts 299" in spoiled(lambda lines: [*lines[:-1], b'{"type":"end","count":299}\n']).problems[0]
        assert "after the end line" in spoiled(lambda lines: [*lines, b"more\n"]).problems[0]

    def test_a_wrong_end_of_a_whole_log_makes_no_entry_a_bad_one(self):
        for change in (
            lambda lines: lines[:-1],
            lambda lines: [*lines[:-1], b'{"type":"end","count":99}\n'],
            lambda lines: [*lines[:-1], b'{"type":"end","count":301}\n'],
            lambda lines: [*lines[:-1], b'{"type":"fin"}\n'],
            lambda lines: [*lines[:-1], b'{"entry":?}\n'],
            lambda lines: [*lines, b"more\n"],
        ):
            verdict = spoiled(change)
            assert (len(verdict.problems), verdict.first_bad, verdict.between) == (1, None, None)

    def test_a_line_that_cannot_be_read_is_the_first_bad_entry_of_a_whole_log(self):
        for line in (b'{"entry":?}\n', b"\n"):
            assert spoiled(lambda lines, line=line: [*lines[:4], line, *lines[5:]]).first_bad == 3  # type: ignore[misc]

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


class TestRotatedKeys:
    """Who trusts the newest key may hold a bundle to a checkpoint that only an older one signed."""

    KEYS = (KEY, *(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2)))
    VKEYS = tuple(Verifier(ORIGIN, one.public_key().public_bytes_raw()).text for one in KEYS)

    def rotated(self, n: int, before: int, after: int) -> str:
        at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=n)
        detail = {"before": self.VKEYS[before], "after": self.VKEYS[after]}
        return Entry("audit:key:rotated", at, "x", "operator", "x", detail=detail).canonical()

    @pytest.fixture
    def entries(self) -> list[str]:
        made = HONEST[:40]
        made[10], made[20] = self.rotated(10, 0, 1), self.rotated(20, 1, 2)
        return made

    def verified(self, entries: list[str], kept: str, *, trusted: int = 2) -> Verdict:
        header = Header(checkpoint(entries, self.KEYS[trusted]), self.VKEYS[trusted], ORIGIN, 0, True)
        return verify(written(header, numbered(entries)), checkpoint=kept, key=self.VKEYS[trusted])

    @pytest.mark.parametrize(("size", "by"), [(5, 0), (11, 0), (15, 1), (21, 2), (40, 2)])
    def test_lead_back_to_any_key_that_signed_before(self, entries: list[str], size: int, by: int):
        assert self.verified(entries, checkpoint(entries[:size], self.KEYS[by])).problems == []

    def test_lead_back_to_each_of_several(self, entries: list[str]):
        header = Header(checkpoint(entries, self.KEYS[2]), self.VKEYS[2], ORIGIN, 0, True)
        lines = written(header, numbered(entries))
        first, *others = (checkpoint(entries[:size], self.KEYS[by]) for size, by in [(40, 2), (5, 0), (15, 1)])

        assert verify(lines, checkpoint=first, earlier=others, key=self.VKEYS[2]).problems == []

    def test_do_not_excuse_a_log_that_was_rewritten(self, entries: list[str]):
        kept = checkpoint([entry(0, note="other"), *entries[1:5]])

        assert any("the log was rewritten" in one for one in self.verified(entries, kept).problems)

    def test_lead_to_no_key_that_follows_or_was_never_used(self, entries: list[str]):
        stranger = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)

        assert not self.verified(entries, checkpoint(entries[:5], stranger)).holds
        assert not self.verified(entries, checkpoint(entries[:30], self.KEYS[2]), trusted=1).holds

    def test_are_not_followed_where_the_log_itself_does_not_hold(self, entries: list[str]):
        lines = bundle(entries)
        edited = entry_line(entry(30, note="other"), 30, leaf(entries[30])).encode() + b"\n"
        kept = checkpoint(entries[:5], self.KEYS[1])

        verdict = verify([*lines[:31], edited, *lines[32:]], checkpoint=kept, key=VKEY)

        assert verdict.first_bad == 30
        assert "signed by none of the keys" in verdict.problems[-1]

    @pytest.mark.parametrize("detail", ['"x"', "[]", "{}", '{"after":"+","before":1}', "null"])
    def test_that_are_told_in_another_form_lead_nowhere(self, entries: list[str], detail: str):
        entries[10] = f'{{"detail":{detail},"kind":"audit:key:rotated"}}'

        verdict = self.verified(entries, checkpoint(entries[:5]))

        assert verdict.problems == [
            "The checkpoint that was kept elsewhere: The note is signed by none of the keys that were given."
        ]

    def test_are_not_followed_in_a_bundle_of_some_entries_which_says_what_is_missing(self):
        verdict = verify(part(HONEST, [3]), checkpoint=checkpoint(HONEST[:2], self.KEYS[1]), key=VKEY)

        assert (verdict.holds, verdict.problems) == (False, [])
        assert "An earlier key of this log may have signed it" in verdict.unanswered[0]
        assert "Verify an export of the whole trail, without filters" in verdict.unanswered[0]
