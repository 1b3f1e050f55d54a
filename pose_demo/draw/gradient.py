"""What arrives of the gradient along a network, as lines in an SVG: for the page and for the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape

import numpy as np

#: Colours of Okabe and Ito's, and how a line is broken: of all losses together, of the last alone.
_LINES = ("#0072B2", "#D55E00")
_WIDTH, _HEIGHT, _LEFT, _TOP = 640.0, 220.0, 46.0, 34.0


def span(lines: Iterable[np.ndarray]) -> tuple[float, float]:
    """The powers of ten between which all that is above 0 lies: what stands side by side has one axis."""
    known = np.concatenate([line[line > 0] for line in lines])
    return float(np.floor(np.log10(known.min()))), float(np.ceil(np.log10(known.max())))


def svg(
    names: list[str], lines: Mapping[str, np.ndarray], labels: tuple[str, str], axis: tuple[float, float],
    tell: Callable[[str], str] = str,
) -> str:  # fmt: skip
    """names -- of T maps in the order of the pass; lines -- {what it is: (T,) sizes}, in pairs: of all losses, and of
    the last alone, of one network after the other; later pairs are broken lines. labels -- of the axes; axis -- its
    ends in powers of ten, see `span`; tell -- a part of the network in another language, see locales.drawn.
    """
    low, high = axis
    right, bottom = _WIDTH - 8, _HEIGHT - 26

    def y(value: float) -> float:
        return bottom - (np.log10(value) - low) / max(1.0, high - low) * (bottom - _TOP)

    x = np.linspace(_LEFT, right, len(names))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
             f'aria-label="{escape(labels[1])}" font-size="12.5" fill="currentColor" style="width:100%">']  # fmt: skip
    for power in range(int(low), int(high) + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="currentColor" stroke-opacity=".18"/>'
                     f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">1e{power}</text>')  # fmt: skip
    for k, (name, line) in enumerate(lines.items()):
        dash, colour = ("" if k < 2 else ' stroke-dasharray="6 4"'), _LINES[k % 2]
        points = " ".join(f"{a:.1f},{y(v):.1f}" for a, v in zip(x, line, strict=True) if v > 0)
        at = _LEFT + k * (right - _LEFT) / len(lines)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.4"{dash}/>'
                     f'<path d="M{at} 12h26" stroke="{colour}" stroke-width="3"{dash}/>'
                     f'<text x="{at + 31}" y="16">{escape(name)}</text>')  # fmt: skip
    starts: dict[str, float] = {}
    for name, a in zip(names, x, strict=True):
        starts.setdefault(tell(name.partition(".")[0]), a)
    free = 0.0  # from where on there is room for the next word
    for part, a in starts.items():
        wide = sum(13 if each > "\u2e80" else 7 for each in part)
        if free <= a <= right - wide:
            parts.append(f'<text x="{a:.1f}" y="{_HEIGHT - 8}">{escape(part)}</text>')
            free = a + wide + 6
    return "".join(parts) + "</svg>"
