"""Charts as SVG: bars with their numbers, months as columns. The table beside each says the same. Knows no report."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markupsafe import Markup

_BAR, _GAP, _LABEL, _WIDTH, _NUMBER = 22, 10, 140, 420, 84  # so narrow that a phone shows all of it
_HEIGHT, _COLUMN, _MARGIN = 150, 20, 32  # the margin holds half of the first name


def bars(title: str, rows: Sequence[Mapping[str, Any]], *, kind: str = "series") -> Markup:
    """Return horizontal bars of `count`, each with its name and number; the part `late` of a bar is marked."""
    most = max((row["count"] for row in rows), default=0) or 1
    room = _WIDTH - _LABEL - _NUMBER
    parts = [_open(title, _WIDTH, len(rows) * (_BAR + _GAP), "chart bars")]
    for n, row in enumerate(rows):
        y, width = n * (_BAR + _GAP), round(room * row["count"] / most)
        late = round(room * row.get("late", 0) / most)
        shade = f"ramp-{min(n, 3) + 1}" if kind == "ramp" else "series-1"
        parts.append(f'<text x="{_LABEL - 10}" y="{y + 16}" text-anchor="end">{escape(str(row["name"]))}</text>')
        parts.append(f'<rect x="{_LABEL}" y="{y}" width="{width}" height="{_BAR}" class="{shade}"/>')
        if late:
            parts.append(f'<rect x="{_LABEL}" y="{y}" width="{late}" height="{_BAR}" class="series-4"/>')
        told = f"{row['count']} ({row['late']} late)" if row.get("late") else str(row["count"])
        parts.append(f'<text x="{_LABEL + width + 8}" y="{y + 16}" class="number">{told}</text>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704  # what comes from data is escaped above


def columns(title: str, rows: Sequence[Mapping[str, Any]], *, every: int = 6) -> Markup:
    """Return a column for each row with its number on top; every few of them carry their name below."""
    most = max((row["count"] for row in rows), default=0) or 1
    width = len(rows) * _COLUMN + 2 * _MARGIN
    parts = [_open(title, width, _HEIGHT + 44)]
    for n, row in enumerate(rows):
        x, height = _MARGIN + n * _COLUMN, round(_HEIGHT * row["count"] / most)
        if height:
            parts.append(
                f'<rect x="{x}" y="{_HEIGHT + 18 - height}" width="{_COLUMN - 6}" height="{height}" class="series-1"/>'
            )
            parts.append(
                f'<text x="{x + _COLUMN // 2 - 3}" y="{_HEIGHT + 13 - height}" text-anchor="middle" class="number">{row["count"]}</text>'
            )
        if n % every == 0:
            middle = x + _COLUMN // 2 - 3
            parts.append(f'<path d="M{middle} {_HEIGHT + 18}v6" class="axis"/>')
            name = escape(str(row["name"]))
            parts.append(f'<text x="{middle}" y="{_HEIGHT + 38}" text-anchor="middle">{name}</text>')
    parts.append(f'<path d="M{_MARGIN} {_HEIGHT + 18}H{_MARGIN + len(rows) * _COLUMN}" class="axis"/>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704  # likewise


def _open(title: str, width: int, height: int, classes: str = "chart") -> str:
    return f'<svg class="{classes}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" width="{width}" height="{height}">'
