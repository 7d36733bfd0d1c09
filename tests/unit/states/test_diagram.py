"""The picture of a programme shows all of it and no case."""

from xml.etree import ElementTree as ET

import pytest

from states.definition import Programme
from states.diagram import mermaid, svg

SVG = "{http://www.w3.org/2000/svg}"


class TestMermaid:
    def test_lists_each_transition(self, stp: Programme):
        lines = [line.strip() for line in mermaid(stp).splitlines()]

        arrows = [f"{source} --> {t.target}: {t.trigger}" for t in stp.transitions for source in t.sources]
        assert [line for line in lines if line in arrows] == arrows
        assert "[*] --> submitted: submit" in lines

    def test_names_each_state_and_each_end(self, stp: Programme):
        text = mermaid(stp)

        assert all(f'state "{state.title}" as {state.name}' in text for state in stp.states)
        assert [line.split()[0] for line in text.splitlines() if line.endswith("--> [*]")] == [
            "lapsed",
            "rejected",
            "withdrawn",
        ]


class TestSvg:
    def test_is_xml_with_a_box_for_each_state(self, stp: Programme):
        root = ET.fromstring(svg(stp))  # noqa: S314  # our own text

        assert [text.text for text in root.iter(f"{SVG}text")] != []
        assert {text.text for text in root.iter(f"{SVG}text")} == {state.title for state in stp.states}
        assert len(list(root.iter(f"{SVG}rect"))) == len(stp.states)

    def test_has_an_arrow_for_each_pair_of_states(self, stp: Programme):
        root = ET.fromstring(svg(stp))  # noqa: S314  # our own text

        pairs = {(source, t.target) for t in stp.transitions for source in t.sources}
        assert len([p for p in root.iter(f"{SVG}path") if p.get("marker-end")]) == len(pairs)

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

    def test_escapes_what_a_title_holds(self, stp: Programme):
        state = stp.states[0].model_copy(update={"title": 'A & B <"C">'})
        changed = Programme.model_validate(
            stp.model_dump(by_alias=True) | {"states": [s.model_dump() for s in (state, *stp.states[1:])]}
        )

        root = ET.fromstring(svg(changed))  # noqa: S314  # our own text

        assert 'A & B <"C">' in {text.text for text in root.iter(f"{SVG}text")}
