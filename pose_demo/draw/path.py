"""The path of one joint through a video: where each network places it over time, across and down."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

#: The networks' colours, told apart by everybody and none of them a side of the body: bluish green, reddish purple.
COLOURS = ("#009E73", "#CC79A7")
_WIDE, _HIGH, _LEFT, _TOP, _BETWEEN = 800, 130, 84, 26, 20
#: More points than this become the lowest and highest of as many groups: what trembles stays visible.
_POINTS = 700


Paths = Sequence[np.ndarray | None]


def svg(paths: Paths, names: Sequence[str], title: str, raw: Paths = ()) -> str:
    """An <svg> with two panels: x over time, and y (upwards is upwards in the picture).

    paths -- of each network (T, 3): time, x, y, rows of nan between pieces; None: it has no such joint
    raw   -- the same before smoothing, drawn thin under them

    A click's time: (x - data-left) / (data-right - data-left) of the width, between data-from and data-to seconds.
    """
    known = [path for path in paths if path is not None and np.isfinite(path).any()]
    times = np.concatenate([path[:, 0] for path in known] or [np.array([0.0, 1.0])])
    start, end = float(np.nanmin(times)), float(np.nanmax(times))
    end = max(end, start + 1e-3)
    high = _TOP + 2 * (_HIGH + _BETWEEN) + 6
    parts = [
        f'<svg class="path" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {high}" role="img" '
        f'font-family="sans-serif" font-size="13" aria-label="{escape(title)}" data-from="{start:.4f}" '
        f'data-to="{end:.4f}" data-left="{_LEFT / _WIDE:.4f}" data-right="{1 - 8 / _WIDE:.4f}">',
        _legend(names, title),
    ]
    for axis in (1, 2):
        top = _TOP + (axis - 1) * (_HIGH + _BETWEEN)
        parts.append(_panel(paths, raw, axis, top, (start, end)))
    parts += [_time(value, start, end, high) for value in _ticks(start, end, 8)]
    return "".join([*parts, "</svg>"])


def _legend(names: Sequence[str], title: str) -> str:
    said, x = [f'<text x="{_LEFT}" y="14" font-weight="bold" fill="currentColor">{escape(title)}</text>'], 300
    for name, colour, dash in zip(names, COLOURS, ("", "6 3"), strict=False):
        said.append(
            f'<line x1="{x}" y1="10" x2="{x + 26}" y2="10" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{dash}"/><text x="{x + 32}" y="14" fill="currentColor">{escape(name)}</text>'
        )
        x += 250
    return "".join(said)


def _panel(paths: Paths, raw: Paths, axis: int, top: int, span: tuple[float, float]) -> str:
    values = [path[:, axis] for path in (*paths, *raw) if path is not None and np.isfinite(path[:, axis]).any()]
    low, most = (min(map(np.nanmin, values)), max(map(np.nanmax, values))) if values else (0.0, 1.0)
    room = max(0.05 * (most - low), 1.0)
    low, most = low - room, most + room
    parts = [f'<text x="4" y="{top + 14}" font-weight="bold" fill="currentColor">{"xy"[axis - 1]}, px</text>']

    def place(value: np.ndarray) -> np.ndarray:
        share = (value - low) / (most - low)
        return top + _HIGH * (share if axis == 2 else 1 - share)

    ticks = _ticks(low, most, 4)
    for tick, y in zip(ticks.tolist(), place(ticks).tolist(), strict=True):
        parts.append(
            f'<path d="M{_LEFT} {y:.1f}H{_WIDE - 8}" stroke="currentColor" stroke-opacity=".15"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="currentColor">{tick:g}</text>'
        )
    for lines, width, opacity in ((raw, 1, 0.45), (paths, 2, 1)):
        for path, colour, dash in zip(lines, COLOURS, ("", "6 3"), strict=False):
            if path is not None:
                x = _LEFT + (path[:, 0] - span[0]) / (span[1] - span[0]) * (_WIDE - 8 - _LEFT)
                parts.append(
                    f'<path d="{_line(x, place(path[:, axis]))}" fill="none" stroke="{colour}" stroke-width="{width}" '
                    f'stroke-opacity="{opacity}" stroke-dasharray="{dash if width > 1 else ""}"/>'
                )
    return "".join(parts)


def _line(x: np.ndarray, y: np.ndarray) -> str:
    if len(x) > _POINTS:
        groups = np.array_split(np.arange(len(x)), _POINTS // 2)
        kept = [k for group in groups for k in _ends(group, y)]
        x, y = x[kept], y[kept]
    pieces, before = [], False
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        there = a == a and b == b
        if there:
            pieces.append(f"{'L' if before else 'M'}{a:.1f} {b:.1f}")
        before = there
    return "".join(pieces)


def _ends(group: np.ndarray, y: np.ndarray) -> list[int]:
    """The lowest and the highest of a group, in order; a gap stays one."""
    here = y[group]
    if not np.isfinite(here).all():
        return group[[0]].tolist() if np.isfinite(here[0]) else group[~np.isfinite(here)][:1].tolist()
    return sorted({int(group[here.argmin()]), int(group[here.argmax()])})


def _ticks(low: float, high: float, count: int) -> np.ndarray:
    """Round numbers between two."""
    step = 10 ** np.floor(np.log10((high - low) / count))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (step * k) <= count)
    return np.round(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step, 6)


def _time(value: float, start: float, end: float, high: float) -> str:
    x = _LEFT + (value - start) / (end - start) * (_WIDE - 8 - _LEFT)
    return f'<text x="{x:.1f}" y="{high - 4}" text-anchor="middle" fill="currentColor">{value:g} s</text>'
