"""The picture of a programme shows all of it and no case."""

import re
from xml.etree import ElementTree as ET

import pytest
from rule_cases import changed, shipped

from states.definition import Programme
from states.diagram import mermaid, svg

SVG = "{http://www.w3.org/2000/svg}"


# Where a transition of the shipped programmes leads on the picture, where it depends on the case.
BACK = "where_it_was"
DATED = {
    ("reinstate", "suspended"): {BACK},
    ("reinstate", "certified"): {"revalidation_due"},
    ("extend", "revalidation_due"): {"certified"},
}


def expected_arrows(programme: Programme) -> set[tuple[str, str, str]]:
    """Every (from, to, trigger) that a reader must find; nothing is drawn for staying in a state."""
    found = set()
    for t in programme.transitions:
        for source in t.sources:
            if t.target == "dated":
                targets = DATED.get((t.trigger, source), set())
            else:
                targets = {BACK if t.target == "back" else t.target} - {source}
            found |= {(source, target, t.trigger) for target in targets}
    return found


def meant(words: str, programme: Programme) -> set[str]:
    """The states that the name of a shared place speaks of."""
    titles = {state.title: state.name for state in programme.states}
    named = {titles[word] for word in re.split(", | and | or ", words.removeprefix("Any state but "))}
    return set(titles.values()) - named if words.startswith("Any state but ") else named


class TestMermaid:
    @pytest.mark.parametrize("name", ["stp", "stp_plus"])
    def test_shows_every_transition(self, name: str):
        programme = shipped(name)
        text = mermaid(programme)
        places = {n: meant(words, programme) for words, n in re.findall(r'state "(.+)" as (any_[0-9]+)', text)}
        arrows = re.findall(r"^    (\w+) --> (\w+): (.+)$", text, re.MULTILINE)

        shown = {
            (one, target, trigger)
            for source, target, triggers in arrows
            for one in places.get(source, {source})
            for trigger in triggers.split(", ")
        }

        assert {arrow for arrow in shown if arrow[0] != arrow[1]} == expected_arrows(programme)
        assert "    [*] --> submitted: submit\n" in text

    def test_names_each_state_and_each_end(self, stp: Programme):
        text = mermaid(stp)

        assert all(f'state "{state.title}" as {state.name}' in text for state in stp.states)
        assert [line.split()[0] for line in text.splitlines() if line.endswith("--> [*]")] == [
            "lapsed",
            "rejected",
            "withdrawn",
            "revoked",
        ]

    def test_stays_readable(self, stp: Programme):
        arrows = [line for line in mermaid(stp).splitlines() if "-->" in line]

        assert len(arrows) < 35  # of 69 pairs of state and trigger
        assert not [line for line in arrows if re.match(r"\s*(\w+) --> \1:", line)]

    def test_draws_no_way_back_where_there_is_none(self, stp: Programme):
        forth = [t for t in stp.model_dump(by_alias=True)["transitions"] if t["to"] not in ("back", "dated")]

        assert "where_it_was" not in mermaid(changed(stp, transitions=forth))


def boxes(root: ET.Element) -> list[str | None]:
    return [text.text for text in root.iter(f"{SVG}text") if text.get("class") != "note"]


class TestSvg:
    def test_is_xml_with_a_box_for_each_state(self, stp: Programme):
        root = ET.fromstring(svg(stp))  # noqa: S314  # our own text

        assert sorted(boxes(root)) == sorted(state.title for state in stp.states)
        assert len(list(root.iter(f"{SVG}rect"))) == len(stp.states)

    def test_draws_an_arrow_or_says_the_rest_beneath(self, stp: Programme):
        root = ET.fromstring(svg(stp))  # noqa: S314  # our own text

        drawn = len([p for p in root.iter(f"{SVG}path") if p.get("marker-end")])
        notes = " ".join(text.text for text in root.iter(f"{SVG}text") if text.get("class") == "note")
        assert drawn == 17
        assert "Suspended: End of validity while suspended (Back to where it was)" in notes
        assert "Any state but Submitted, Suspended, Lapsed and Revoked: Suspend the certificate (Suspended)." in notes

    def test_has_room_for_every_line(self, stp: Programme):
        root = ET.fromstring(svg(stp))  # noqa: S314  # our own text

        width, height = (int(n) for n in root.get("viewBox").split()[2:])
        for text in root.iter(f"{SVG}text"):
            assert int(text.get("y")) < height - 5
            if text.get("class") == "note":
                assert len(text.text) * 6.5 < width

    def test_puts_no_two_boxes_on_one_place(self, stp: Programme):
        root = ET.fromstring(svg(stp))  # noqa: S314  # our own text

        places = [(r.get("x"), r.get("y")) for r in root.iter(f"{SVG}rect")]
        assert len(set(places)) == len(places)

    @pytest.mark.parametrize("current", ["submitted", "lapsed"])
    def test_marks_the_current_state_alone(self, stp: Programme, current: str):
        root = ET.fromstring(svg(stp, current=current))  # noqa: S314  # our own text

        marked = [r for r in root.iter(f"{SVG}rect") if "current" in (r.get("class") or "").split()]
        assert [r.get("class") for r in marked] == [f"{stp.state_by_name[current].kind} current"]

    def test_tells_readers_every_transition(self, stp: Programme):
        root = ET.fromstring(svg(stp))  # noqa: S314  # our own text

        words = root.findtext(f"{SVG}desc") or ""
        assert all(t.title in words for t in stp.transitions)
        assert "Suspended to back to where it was: Reinstate the certificate" in words
        assert "Certified to the same state or Revalidation due: Reinstate the certificate" in words
        assert "Validation to the same state: Extend the certificate" in words

    def test_escapes_what_a_title_holds(self, stp: Programme):
        state = stp.states[0].model_copy(update={"title": 'A & B <"C">'})
        changed = Programme.model_validate(
            stp.model_dump(by_alias=True) | {"states": [s.model_dump() for s in (state, *stp.states[1:])]}
        )

        root = ET.fromstring(svg(changed))  # noqa: S314  # our own text

        assert 'A & B <"C">' in boxes(root)


class TestWay:
    """With a case's way the picture says where it was, where it is and what one step leads to."""

    def drawn(self, **way: object) -> ET.Element:
        given = {"visited": ["submitted", "checklist_review", "validation", "checklist_review", "validation"]} | way
        return ET.fromstring(svg(shipped("stp"), current="validation", **given))  # type: ignore[arg-type]  # noqa: S314  # our own

    def test_draws_the_way_strong_the_possible_solid_and_the_rest_dashed(self):
        picture = self.drawn(possible=["certified", "withdrawn"])
        kinds = [path.get("class") for path in picture.iter(f"{SVG}path") if path.get("marker-end")]
        assert kinds.count("been") == 3  # there, there, and back once
        assert kinds.count("possible") == 2  # one of them leaves many states, and has no arrow otherwise
        assert "rest" in kinds

    def test_marks_the_present_state_with_its_day_and_counts_visits(self):
        words = " ".join(text.text or "" for text in self.drawn(since="24 Nov 2026").iter(f"{SVG}text"))
        assert "since 24 Nov 2026 · 2\N{MULTIPLICATION SIGN}" in words
        assert "Checklist review 2\N{MULTIPLICATION SIGN}" in words

    def test_describes_the_way_and_has_no_notes(self):
        picture = self.drawn(possible=["certified"])
        said = picture.findtext(f"{SVG}desc") or ""
        assert said.startswith("The way so far: Submitted, then Checklist review, then Validation")
        assert said.endswith("Possible from here: Certified.")
        assert not [text for text in picture.iter(f"{SVG}text") if text.get("class") == "note"]

    def test_uses_no_style_attribute_and_draws_a_programme_alone_as_before(self):
        assert " style=" not in svg(shipped("stp"), current="validation", visited=["submitted", "validation"])
        assert 'class="rest"' not in svg(shipped("stp"), current="validation")
