"""A programme as a picture: Mermaid text and SVG on a fixed grid, where wanted with a way through it. It knows no case.

What leaves many states at once is drawn from one place that names them, so that the main line can still be seen.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap

from states.definition import BACK, DATED, SAME, Programme, State, Transition
from states.guards import some

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _EDGE, _LINE = 150, 44, 46, 70, 24, 20
_ROWS = {"waiting": 0, "review": 1, "certified": 1, "suspended": 2, "closed": 2}  # waiting, main line, ways out
_FEW = 3  # from more states than these an arrow is drawn once for all of them
_LETTER = 6.5  # how wide a letter of a note is
_WHERE_IT_WAS = "where_it_was"
_TITLE = "Back to where it was"


@dataclass
class _Picture:
    """Arrows between two states, and what leaves many states at once."""

    arrows: dict[tuple[str, str], list[Transition]] = field(default_factory=dict)
    shared: dict[tuple[str, ...], list[tuple[Transition, str]]] = field(default_factory=dict)


def mermaid(programme: Programme) -> str:
    """Return the programme as a Mermaid state diagram."""
    picture = _picture(programme)
    lines = ["stateDiagram-v2", f"    [*] --> {programme.initial}: submit"]
    lines += [_node(state.title, state.name) for state in programme.states]
    if any(target == _WHERE_IT_WAS for _, target in _pairs(picture)):
        lines.append(_node(_TITLE, _WHERE_IT_WAS))
    for (source, target), transitions in picture.arrows.items():
        lines.append(f"    {source} --> {target}: {_triggers(transitions)}")
    for number, (sources, ways) in enumerate(picture.shared.items(), 1):
        lines.append(_node(_any_of(programme, sources), f"any_{number}"))
        for target in dict.fromkeys(target for _, target in ways):
            lines.append(f"    any_{number} --> {target}: {_triggers([t for t, to in ways if to == target])}")
    lines += [f"    {state.name} --> [*]" for state in programme.states if state.kind == "closed"]
    return "\n".join(lines) + "\n"


def svg(
    programme: Programme,
    *,
    current: str | None = None,
    visited: Sequence[str] = (),
    possible: Collection[str] = (),
    since: str = "",
) -> str:
    """Return the programme as an SVG. Every transition stands in words for readers.

    `current` marks one state, in words `since` when. With it, `visited` is the way so far, state by state, and
    `possible` are the states that one step leads to: these are drawn strong, the rest thin, and there are no notes.
    """
    picture, place = _picture(programme), _places(programme)
    columns = 1 + max(x for x, _ in place.values())
    width = 2 * _EDGE + columns * _WIDTH + (columns - 1) * _GAP_X
    below = 2 * _EDGE + 3 * _HEIGHT + 2 * _GAP_Y
    way = list(itertools.pairwise(visited))
    on_the_way = bool(current and visited)
    said = [] if on_the_way else _notes(programme, picture)
    notes = [line for note in said for line in wrap(note, int((width - 2 * _EDGE) / _LETTER))]
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {below + _LINE * len(notes)}" role="img" '
            f'class="diagram" font-family="sans-serif" font-size="13" fill="none" stroke="currentColor">'
        ),
        f"<title>States of {escape(programme.code)}</title>",
        f"<desc>{escape(_way_in_words(programme, visited, possible) if on_the_way else _in_words(programme))}</desc>",
        f"<defs>{_head('arrow')}{_head('arrow-been') if way else ''}</defs>",
    ]
    drawn = [pair for pair in picture.arrows if pair[1] != _WHERE_IT_WAS]
    if on_the_way:
        here = [(str(current), target) for target in possible if target != current]
        parts += [_arrow(place[a], place[b], "rest") for a, b in drawn if (a, b) not in way and (a, b) not in here]
        parts += [_arrow(place[a], place[b], "possible") for a, b in here if (a, b) not in way]
        parts += [_arrow(place[a], place[b], "been") for a, b in dict.fromkeys(way) if a != b]
    else:
        parts += [_arrow(place[a], place[b]) for a, b in drawn]
    entered = Counter(visited)
    for state in programme.states:
        count = f"{entered[state.name]}\N{MULTIPLICATION SIGN}" if entered[state.name] > 1 else ""
        is_here = state.name == current
        beneath = " · ".join(filter(None, [f"since {since}" if is_here and since else "", count]))
        kind = "been" if state.name in entered else "rest" if on_the_way and state.name not in possible else ""
        parts.append(_box(state, place[state.name], is_here, kind=kind, beneath=beneath, ringed=on_the_way))
    parts += [
        f'<text x="{_EDGE}" y="{below + n * _LINE}" class="note" fill="currentColor" stroke="none">{escape(line)}</text>'
        for n, line in enumerate(notes)
    ]
    return "".join(parts) + "</svg>\n"


def _head(name: str) -> str:
    return (
        f'<marker id="{name}" class="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        '<path d="M0 0 8 4 0 8z" fill="currentColor" stroke="none"/></marker>'
    )


def _in_words(programme: Programme) -> str:
    return "; ".join(
        f"{programme.state_by_name[s].title} to {_target_title(programme, t, s)}: {t.title}"
        for t in programme.transitions
        for s in t.sources
    )


def _way_in_words(programme: Programme, visited: Sequence[str], possible: Collection[str]) -> str:
    titles = {state.name: state.title for state in programme.states}
    far = some([titles[name] for name in possible], "or", named=None) if possible else "nothing"
    return f"The way so far: {', then '.join(titles[name] for name in visited)}. Possible from here: {far}."


def _picture(programme: Programme) -> _Picture:
    picture = _Picture()
    for transition in programme.transitions:
        leaving: dict[str, list[str]] = {}
        for source in transition.sources:
            for target in _ends(programme, transition, source):
                leaving.setdefault(target, []).append(source)
        for target, sources in leaving.items():
            if len(sources) > _FEW:
                picture.shared.setdefault(tuple(sources), []).append((transition, target))
            else:
                for source in (s for s in sources if s != target):
                    picture.arrows.setdefault((source, target), []).append(transition)
    return picture


def _ends(programme: Programme, transition: Transition, source: str) -> tuple[str, ...]:
    """Return where an arrow from a state ends; where the target says to stay there is none."""
    suspended = programme.state_by_name[source].kind == "suspended"
    if transition.target == SAME:
        return ()
    if transition.target == BACK or (transition.target == DATED and suspended):
        return (_WHERE_IT_WAS,)
    if transition.target == DATED:  # an extension leads back to an earlier certified state, all else to a later one
        order = [state.name for state in programme.states]
        earlier = "extend_certificate" in transition.effects
        return tuple(
            target
            for target in programme.targets(transition, source)
            if target != source and (order.index(target) < order.index(source)) == earlier
        )
    return (transition.target,)


def _pairs(picture: _Picture) -> list[tuple[tuple[str, ...], str]]:
    shared = [(sources, target) for sources, ways in picture.shared.items() for _, target in ways]
    return [*[((source,), target) for source, target in picture.arrows], *shared]


def _node(title: str, name: str) -> str:
    words = title.replace('"', "'")
    return f'    state "{words}" as {name}'


def _triggers(transitions: list[Transition]) -> str:
    return ", ".join(dict.fromkeys(t.trigger for t in transitions))


def _any_of(programme: Programme, sources: tuple[str, ...]) -> str:
    """Name many states: those that are meant, or when these are most of all, those that are not."""
    others = [state.title for state in programme.states if state.name not in sources]
    if len(others) < len(sources):
        return f"Any state but {some(others, named=None)}" if others else "Any state"
    return some([programme.state_by_name[name].title for name in sources], "or", named=None)


def _target_title(programme: Programme, transition: Transition, source: str) -> str:
    ends = _ends(programme, transition, source)
    if not ends:
        return "the same state"
    if _WHERE_IT_WAS in ends:
        return _TITLE[0].lower() + _TITLE[1:]
    named = some([programme.state_by_name[name].title for name in ends], "or", named=None)
    return f"the same state or {named}" if transition.target == DATED else named


def _notes(programme: Programme, picture: _Picture) -> list[str]:
    """Say what is not drawn as an arrow: what leaves many states at once, and the ways back."""
    ways: dict[tuple[str, ...], list[tuple[Transition, str]]] = {}
    for (source, target), transitions in picture.arrows.items():
        if target == _WHERE_IT_WAS:
            ways.setdefault((source,), []).extend((t, target) for t in transitions)
    return [
        f"{_any_of(programme, sources)}: "
        + "; ".join(
            f"{t.title} ({programme.state_by_name[to].title if to in programme.state_by_name else _TITLE})"
            for t, to in found
        )
        + "."
        for sources, found in (ways | picture.shared).items()
    ]


def _places(programme: Programme) -> dict[str, tuple[int, int]]:
    """Give each state a column and a row: the main line in file order, ways out below where they first leave it."""
    place: dict[str, tuple[int, int]] = {}
    used: set[tuple[int, int]] = set()
    for state in sorted(programme.states, key=lambda s: _ROWS[s.kind] != 1):
        row = _ROWS[state.kind]
        sources = [
            place[s][0] for t in programme.transitions if t.target == state.name for s in t.sources if s in place
        ]
        column = len(place) if row == 1 else min(sources, default=0)
        while (column, row) in used:
            column += 1
        used.add((column, row))
        place[state.name] = (column, row)
    return place


def _corner(cell: tuple[int, int]) -> tuple[int, int]:
    return _EDGE + cell[0] * (_WIDTH + _GAP_X), _EDGE + cell[1] * (_HEIGHT + _GAP_Y)


def _box(
    state: State, cell: tuple[int, int], current: bool, *, kind: str = "", beneath: str = "", ringed: bool = False
) -> str:
    x, y = _corner(cell)
    weight = ' font-weight="600"' if current else ""
    classes = " ".join(filter(None, (state.kind, "current" if current else "", kind)))
    dashes = ' stroke-dasharray="4 4"' if kind == "rest" else ""
    thick = 3 if current else 1 if kind == "rest" else 1.5
    middle, line = x + _WIDTH // 2, y + _HEIGHT // 2 + (-2 if beneath else 5)
    ring = (
        f'<rect x="{x - 5}" y="{y - 5}" width="{_WIDTH + 10}" height="{_HEIGHT + 10}" rx="4" class="ring-around" '
        'stroke-width="1.5"/>'
        if current and ringed
        else ""
    )
    more = (
        f'<text x="{middle}" y="{line + 16}" text-anchor="middle" font-size="11" class="beneath" fill="currentColor" '
        f'stroke="none">{escape(beneath)}</text>'
        if beneath
        else ""
    )
    return (
        f'<g>{ring}<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="2" stroke-width="{thick}" '
        f'class="{classes}"{dashes}/>'
        f'<text x="{middle}" y="{line}" text-anchor="middle" fill="currentColor" stroke="none"'
        f"{weight}>{escape(state.title)}</text>{more}</g>"
    )


def _arrow(source: tuple[int, int], target: tuple[int, int], kind: str = "") -> str:
    (x1, y1), (x2, y2) = _corner(source), _corner(target)
    middle = _HEIGHT // 2
    if source[1] != target[1]:  # another row: leave and arrive at the middle of an edge
        down = target[1] > source[1]
        start, end = (y1 + _HEIGHT, y2) if down else (y1, y2 + _HEIGHT)
        return _path(f"M{x1 + _WIDTH // 2} {start} L{x2 + _WIDTH // 2} {end}", kind)
    if target[0] == source[0] + 1:
        return _path(f"M{x1 + _WIDTH} {y1 + middle} H{x2}", kind)
    if target[0] > source[0]:  # over the boxes between
        return _path(f"M{x1 + _WIDTH - 20} {y1} C{x1 + _WIDTH} {y1 - 34} {x2} {y2 - 34} {x2 + 20} {y2}", kind)
    below = y1 + _HEIGHT
    return _path(f"M{x1 + 20} {below} C{x1} {below + 34} {x2 + _WIDTH} {below + 34} {x2 + _WIDTH - 20} {below}", kind)


def _path(data: str, kind: str = "") -> str:
    """Return an arrow: of the way so far, possible from here, or the rest; by itself as the programme has it."""
    looks = {"been": ' stroke-width="3"', "possible": ' stroke-width="1.75"', "rest": ' stroke-dasharray="4 4"'}
    head = "arrow-been" if kind == "been" else "arrow"
    named = f' class="{kind}"' if kind else ""
    return f'<path d="{data}"{named}{looks.get(kind, "")} marker-end="url(#{head})"/>'
