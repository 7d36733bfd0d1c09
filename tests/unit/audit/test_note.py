"""Signed notes and checkpoints: a published example of the format, what is refused, and what is passed over."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from workflow.audit.note import (
    BadNote,
    Checkpoint,
    Verifier,
    checkpoint_of,
    note_in,
    open_checkpoint,
    opened,
    sign,
    sign_checkpoint,
    verifier_of,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "casework.example/trail"
CHECKPOINT = Checkpoint(ORIGIN, 42, bytes(range(32)))


def verifier(key: Ed25519PrivateKey = KEY, name: str = ORIGIN) -> Verifier:
    return Verifier(name, key.public_key().public_bytes_raw())


class TestVerifierKey:
    def test_is_read_as_the_formats_own_example(self):
        """The example key of Go's sumdb note package."""
        text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

        found = verifier_of(text)

        assert (found.name, found.id.hex(), found.text) == ("PeterNeumann", "c74f20a3", text)

    def test_verifies_the_formats_own_example(self):
        found = verifier_of("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
        note = (
            f"{text}\n\N{EM DASH} PeterNeumann "
            "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        )

        assert opened(note, [found]) == (text, found)

    def test_goes_there_and_back(self):
        assert verifier_of(verifier().text) == verifier()

    @pytest.mark.parametrize(
        ("altered", "why"),
        [
            ("casework", "looks like"),
            ("a b+00000000+AQ==", "looks like"),
            (verifier().text.replace("+", "+0", 1), "id does not belong"),
            (verifier().text.replace(ORIGIN, "other.example"), "id does not belong"),
            (verifier().text[:-4], "not proper base64|not one for Ed25519"),
            (f"{ORIGIN}+00000000+{base64.b64encode(bytes([2]) + bytes(32)).decode()}", "not one for Ed25519"),
        ],
    )
    def test_is_refused_with_the_reason(self, altered: str, why: str):
        with pytest.raises(BadNote, match=why):
            verifier_of(altered)


class TestNote:
    @given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=60))
    def test_gives_its_text_back(self, line: str):
        text = f"{line}\n\nmore\n"

        assert opened(sign(text, ORIGIN, KEY), [verifier()]) == (text, verifier())

    def test_passes_over_signatures_it_does_not_know(self):
        note = sign("text\n", ORIGIN, KEY)
        witnessed = note + sign("text\n", "witness.example", OTHER_KEY).split("\n\n")[1]

        assert opened(witnessed, [verifier()])[1] == verifier()
        assert opened(witnessed, [verifier(OTHER_KEY, "witness.example")])[1].name == "witness.example"

    def test_is_refused_when_a_known_signature_does_not_hold(self):
        forged = sign("text\n", ORIGIN, KEY).replace("text", "next")

        with pytest.raises(BadNote, match="was altered"):
            opened(forged, [verifier()])

    def test_is_refused_when_none_of_the_keys_signed_it(self):
        with pytest.raises(BadNote, match="by none of the keys"):
            opened(sign("text\n", ORIGIN, OTHER_KEY), [verifier()])

    @pytest.mark.parametrize(
        "note",
        [
            "",
            "text\n",
            "text\n\n",
            sign("text\n", ORIGIN, KEY)[:-1],
            sign("text\n", ORIGIN, KEY).replace("\N{EM DASH}", "-"),
            sign("text\n", ORIGIN, KEY).replace("=\n", "\n"),
            "text\n\n" + f"\N{EM DASH} {ORIGIN} AAAA\n",
            "te\x00xt\n\n" + sign("text\n", ORIGIN, KEY).split("\n\n")[1],
            "text\n\n" + sign("text\n", ORIGIN, KEY).split("\n\n")[1] * 101,
        ],
    )
    def test_is_refused_when_it_is_damaged(self, note: str):
        with pytest.raises(BadNote):
            opened(note, [verifier()])

    @pytest.mark.parametrize("name", ["", "a b", "a+b"])
    def test_is_not_signed_under_a_name_that_cannot_be_read_back(self, name: str):
        with pytest.raises(BadNote, match="cannot name a key"):
            sign("text\n", name, KEY)


class TestCheckpoint:
    def test_goes_there_and_back(self):
        assert open_checkpoint(sign_checkpoint(CHECKPOINT, KEY), [verifier()]) == CHECKPOINT

    def test_has_three_lines(self):
        assert CHECKPOINT.text == f"{ORIGIN}\n42\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

    def test_may_be_extended(self):
        assert checkpoint_of(CHECKPOINT.text + "more\n") == CHECKPOINT

    def test_of_one_log_is_not_signed_by_another(self):
        note = sign(CHECKPOINT.text, "other.example", KEY)

        with pytest.raises(BadNote, match=r"but other\.example signed it"):
            open_checkpoint(note, [verifier(name="other.example")])

    @pytest.mark.parametrize("size", ["042", "-1", "4.2", "", "x", "٤"])
    def test_is_refused_with_a_size_that_is_no_plain_number(self, size: str):
        with pytest.raises(BadNote, match="no plain number"):
            checkpoint_of(CHECKPOINT.text.replace("\n42\n", f"\n{size}\n"))

    @pytest.mark.parametrize("text", ["", "origin\n", f"{ORIGIN}\n42\nAAEC\n", f"{ORIGIN}\n42\n?\n"])
    def test_is_refused_when_it_is_damaged(self, text: str):
        with pytest.raises(BadNote):
            checkpoint_of(text)


class TestFindingACheckpoint:
    """People keep mails and files that other programs saved anew, not only the note to the byte."""

    NOTE = sign_checkpoint(CHECKPOINT, KEY)
    OTHER = sign_checkpoint(Checkpoint(ORIGIN, 43, bytes(32)), KEY)

    @pytest.mark.parametrize(
        "text",
        [
            NOTE,
            NOTE.rstrip("\n"),
            NOTE.replace("\n", "\r\n"),
            f"\ufeff{NOTE}",
            f"Arun Pillai, this is the newest checkpoint of\n{ORIGIN}\n\n{NOTE}\n\nThe verifier key:\n\nx+y+z\n",
            "".join(f"> {line}\n" for line in NOTE.split("\n")),
            "".join(f"    {line}  \r\n" for line in NOTE.split("\n")),
            f"{NOTE}\n\nand once more:\n\n{NOTE}",
        ],
    )
    def test_takes_it_from_a_text_in_which_it_stands(self, text: str):
        assert note_in(text) == self.NOTE

    def test_takes_extensions_and_all_signatures_with_it(self):
        note = sign(f"{CHECKPOINT.text}an extension\n", ORIGIN, KEY)
        note += sign("x\n", "witness.example", OTHER_KEY).split("\n\n")[1]

        assert note_in(f"Dear Arun,\n\n{note}\nYours\n") == note

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "no signed checkpoint in it"),
            ("hello", "no signed checkpoint in it"),
            (CHECKPOINT.text, "no signed checkpoint in it"),
            (NOTE.replace("\n\n", "\n"), "no signed checkpoint in it"),
            (NOTE + "\n" + OTHER, "There are 2 checkpoints in it"),
            (NOTE.replace("\n42\n", "\n042\n"), "no plain number"),
        ],
    )
    def test_says_what_is_missing(self, text: str, why: str):
        with pytest.raises(BadNote, match=why):
            note_in(text)
