"""A programme as a picture: Mermaid text and SVG on a fixed grid. It must not know any case."""

from html import escape

from states.definition import Programme, State

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _EDGE = 150, 44, 46, 70, 24
_ROWS = {"waiting": 0, "review": 1, "certified": 1, "suspended": 2, "closed": 2}  # waiting, main line, ways out


def mermaid(programme: Programme) -> str:
    """Return the programme as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {programme.initial}: submit"]
    lines += [f'    state "{state.title}" as {state.name}' for state in programme.states]
    for transition in programme.transitions:
        lines += [f"    {source} --> {transition.target}: {transition.trigger}" for source in transition.sources]
    lines += [f"    {state.name} --> [*]" for state in programme.states if state.kind == "closed"]
    return "\n".join(lines) + "\n"


def svg(programme: Programme, *, current: str | None = None) -> str:
    """Return the programme as an SVG; `current` marks one state. The transitions stand in the title for readers."""
    place = _places(programme)
    columns = 1 + max(x for x, _ in place.values())
    width = 2 * _EDGE + columns * _WIDTH + (columns - 1) * _GAP_X
    height = 2 * _EDGE + 3 * _HEIGHT + 2 * _GAP_Y
    words = "; ".join(
        f"{programme.state_by_name[s].title} to {programme.state_by_name[t.target].title}: {t.title}"
        for t in programme.transitions
        for s in t.sources
    )
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" class="diagram" '
            f'font-family="sans-serif" font-size="13" fill="none" stroke="currentColor">'
        ),
        f"<title>States of {escape(programme.code)}</title><desc>{escape(words)}</desc>",
        (
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="currentColor" stroke="none"/></marker></defs>'
        ),
    ]
    pairs = dict.fromkeys((s, t.target) for t in programme.transitions for s in t.sources)
    parts += [_arrow(place[source], place[target]) for source, target in pairs]
    parts += [_box(state, place[state.name], state.name == current) for state in programme.states]
    return "".join(parts) + "</svg>\n"


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


def _box(state: State, cell: tuple[int, int], current: bool) -> str:
    x, y = _corner(cell)
    weight = ' font-weight="600"' if current else ""
    return (
        f'<g><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="2" stroke-width="{3 if current else 1.5}" '
        f'class="{state.kind}{" current" if current else ""}"/>'
        f'<text x="{x + _WIDTH // 2}" y="{y + _HEIGHT // 2 + 5}" text-anchor="middle" fill="currentColor" stroke="none"'
        f"{weight}>{escape(state.title)}</text></g>"
    )


def _arrow(source: tuple[int, int], target: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = _corner(source), _corner(target)
    middle = _HEIGHT // 2
    if source[1] != target[1]:  # another row: leave and arrive at the middle of an edge
        down = target[1] > source[1]
        start, end = (y1 + _HEIGHT, y2) if down else (y1, y2 + _HEIGHT)
        return _path(f"M{x1 + _WIDTH // 2} {start} L{x2 + _WIDTH // 2} {end}")
    if target[0] == source[0] + 1:
        return _path(f"M{x1 + _WIDTH} {y1 + middle} H{x2}")
    if target[0] > source[0]:  # over the boxes between
        return _path(f"M{x1 + _WIDTH - 20} {y1} C{x1 + _WIDTH} {y1 - 34} {x2} {y2 - 34} {x2 + 20} {y2}")
    return _path(
        f"M{x1 + 20} {y1 + _HEIGHT} C{x1} {y1 + _HEIGHT + 34} {x2 + _WIDTH} {y2 + _HEIGHT + 34} {x2 + _WIDTH - 20} {y2 + _HEIGHT}"
    )


def _path(data: str) -> str:
    return f'<path d="{data}" marker-end="url(#arrow)"/>'
