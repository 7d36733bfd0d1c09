"""The canonical encoder against the rfc8785 library, and the limits the trail sets itself."""

import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from workflow.audit.canonical import MAX_BYTES, encode, instant
from workflow.audit.entry import Entry, leaf_hash

names = st.text(st.characters(max_codepoint=127), max_size=8)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)


class TestEncode:
    @given(values)
    def test_gives_the_bytes_of_rfc_8785(self, value: object):
        assert encode(value).encode() == rfc8785.dumps(value)

    @given(st.dictionaries(names, integers, max_size=6))
    def test_does_not_depend_on_the_order_of_members(self, value: dict[str, int]):
        assert encode(dict(reversed(value.items()))) == encode(value)

    @pytest.mark.parametrize("value", [0.5, 1.0, float("nan"), float("inf"), b"x", {1, 2}, object()])
    def test_refuses_what_has_no_canonical_form(self, value: object):
        with pytest.raises(TypeError, match="has no canonical form"):
            encode({"value": value})

    @pytest.mark.parametrize("value", [2**53, -(2**53)])
    def test_refuses_integers_that_others_would_round(self, value: int):
        with pytest.raises(ValueError, match="Integers beyond"):
            encode([value])

    @pytest.mark.parametrize("name", ["naïve", "\N{GRINNING FACE}", 1, None])
    def test_refuses_names_that_are_not_ascii_text(self, name: object):
        with pytest.raises(TypeError, match="ASCII"):
            encode({name: 1})

    def test_writes_instants_dates_and_decimals_as_text(self):
        value = {"at": datetime(2026, 11, 23, 1, tzinfo=UTC), "on": date(2026, 11, 23), "of": Decimal("1.50")}

        assert encode(value) == '{"at":"2026-11-23T01:00:00.000000Z","of":"1.50","on":"2026-11-23"}'

    @pytest.mark.parametrize(
        "letter", ["a", "\N{GREEK SMALL LETTER ALPHA}", "\N{CJK UNIFIED IDEOGRAPH-4E2D}", "\U0001f600"]
    )
    def test_takes_65535_bytes_and_not_one_more(self, letter: str):
        size = len(letter.encode())
        room = MAX_BYTES - 2  # the quotation marks
        fits = letter * (room // size) + "a" * (room % size)

        assert len(encode(fits).encode()) == 65_535
        with pytest.raises(ValueError, match="65535 bytes"):
            encode(fits + "a")


class TestInstant:
    @given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-5))])))
    def test_is_utc_with_microseconds(self, at: datetime):
        if not datetime(1, 1, 2, tzinfo=UTC) < at < datetime(9999, 12, 30, tzinfo=UTC):
            return  # outside these, UTC itself has no such date

        written = instant(at)

        assert len(written) == 27
        assert written[-1] == "Z"
        assert datetime.fromisoformat(written) == at

    def test_refuses_an_instant_without_a_zone(self):
        with pytest.raises(ValueError, match="time zone"):
            instant(datetime(2026, 11, 23))  # noqa: DTZ001  # the very thing that is refused


class TestEntry:
    def test_leaves_out_what_is_empty(self):
        entry = Entry("case:test:done", datetime(2026, 11, 23, 1, tzinfo=UTC), "p-01", "officer", "console")

        assert entry.canonical() == (
            '{"actor":"p-01","kind":"case:test:done","proven":"console",'
            '"recorded_at":"2026-11-23T01:00:00.000000Z","role":"officer","v":1}'
        )

    def test_keeps_a_number_that_is_zero(self):
        at = datetime(2026, 11, 23, 1, tzinfo=UTC)

        assert '"case_seq":0' in Entry("k", at, "p-01", "officer", "console", case_seq=0).canonical()


class TestLeafHash:
    def test_of_nothing_is_the_known_one_of_rfc_6962(self):
        assert leaf_hash("") == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"

    @given(texts)
    def test_is_sha_256_over_a_zero_byte_and_the_text(self, text: str):
        assert leaf_hash(text) == hashlib.sha256(bytes([0]) + text.encode()).hexdigest()
