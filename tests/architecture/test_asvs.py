"""The list of what ASVS asks names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (.*?) ?\|$", TEXT, re.MULTILINE)


def test_every_test_that_it_names_is_there():
    named = set(re.findall(r"`(tests/[^`:]+)(?:::(\w+))?`", TEXT))
    assert len(named) > 80
    for file, name in named:
        path = ROOT / file
        assert path.is_file(), file
        assert not name or re.search(rf"def {name}\(", path.read_text(encoding="utf-8")), (file, name)


def test_every_requirement_has_a_test_a_gap_or_a_reason_why_it_does_not_apply():
    assert len({number for number, *_ in LINES}) == len(LINES) == 253
    assert {number.partition(".")[0] for number, *_ in LINES} == {str(n) for n in range(1, 18)}
    for number, _, how, shown_by in LINES:
        assert shown_by or how.startswith("does not apply: "), number
