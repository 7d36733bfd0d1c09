"""The colours, computed from the file of tokens: text can be read, borders and marks can be seen, light and dark."""

import itertools
import re

import pytest

from workflow.web.rendering import TEMPLATES

_FAMILIES = ("ours", "theirs", "force", "due", "adverse", "ended")
_GROUNDS = ("page", "surface", "band")
TEXT = [
    *((family, f"{family}-tint") for family in _FAMILIES),
    *((ink, ground) for ink in ("ink", "ink-2", "accent", "accent-strong") for ground in _GROUNDS),
    *((ink, "accent-tint") for ink in ("ink", "ink-2", "accent")),
    *(("danger", ground) for ground in (*_GROUNDS, "danger-tint")),
    *(("on-accent", ground) for ground in ("accent", "accent-strong")),
    *(("on-bar", ground) for ground in ("bar", "bar-field")),
    ("on-bar-2", "bar"),
    ("ink", "mark"),
]
MARKS = [
    # A family that ended quietly has no border: its word and its glyph tell.
    *((f"{family}-edge", ground) for family in _FAMILIES[:-1] for ground in ("page", "surface")),
    *(("edge", ground) for ground in ("page", "surface")),
    *((f"chart-{number}", "surface") for number in range(1, 5)),
    ("on-bar-2", "bar-field"),
    ("due-border", "surface"),
    ("focus", "page"),
    ("focus", "surface"),
    ("focus-on-bar", "bar"),
]


def _tokens() -> dict[str, dict[str, str]]:
    """Return the colours by name: light, dark by the system, dark by choice."""
    css = (TEMPLATES / "static" / "tokens.css").read_text(encoding="utf-8")
    light, by_system, by_choice = re.fullmatch(
        r"(.*?)@media \(prefers-color-scheme: dark\)(.*?\n})\n(.*)", css, re.DOTALL
    ).groups()
    first = _colours(light)
    return {"light": first, "dark": first | _colours(by_system), "chosen dark": first | _colours(by_choice)}


def _colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css))


TOKENS = _tokens()


@pytest.mark.parametrize("scheme", TOKENS)
def test_every_text_has_a_contrast_of_four_and_a_half(scheme):
    assert _below(4.5, TEXT, TOKENS[scheme]) == []


@pytest.mark.parametrize("scheme", TOKENS)
def test_every_border_mark_and_series_of_a_chart_has_a_contrast_of_three(scheme):
    assert _below(3, MARKS, TOKENS[scheme]) == []


@pytest.mark.parametrize("scheme", TOKENS)
def test_each_step_of_a_ramp_is_further_from_the_ground_than_the_one_before(scheme):
    tokens = TOKENS[scheme]
    steps = [_contrast(tokens[f"ramp-{number}"], tokens["surface"]) for number in range(1, 5)]
    assert steps == sorted(steps)
    assert all(later / earlier > 1.3 for earlier, later in itertools.pairwise(steps))


def test_who_chooses_the_dark_gets_the_same_colours_as_who_has_it_from_the_system():
    assert TOKENS["dark"] == TOKENS["chosen dark"]


def _below(least: float, pairs: list[tuple[str, str]], tokens: dict[str, str]) -> list[str]:
    found = {(one, ground): _contrast(tokens[one], tokens[ground]) for one, ground in pairs}
    return [f"{one} on {ground}: {ratio:.2f}" for (one, ground), ratio in found.items() if ratio < least]


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
