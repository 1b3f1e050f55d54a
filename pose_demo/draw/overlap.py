"""Both skeletons in one view, and a line from each joint to where the other network puts it."""

from __future__ import annotations

from ..comparison import Comparison
from ..locales import said
from .skeleton import drawn, opening, stroke_of, strokes, title

#: The distance lines: magenta of Okabe and Ito's palette, seen on orange, blue and most photos.
DISTANCE = "#CC79A7"


def svg(comparison: Comparison, threshold: float = 0.0) -> str:
    """An <svg> over the photo, or over what is seen of it: the first network's skeleton solid, the second's dashed."""
    seen = comparison.seen
    stroke = stroke_of(seen)
    first, second = comparison.poses[0], comparison.poses[-1]
    dash = f'stroke-dasharray="{3 * stroke:.2f} {2 * stroke:.2f}"'
    lines = []
    for d in comparison.distances():
        if drawn(first, threshold)[d.a] and drawn(second, threshold)[d.b]:
            (xa, ya), (xb, yb) = first.joints[d.a], second.joints[d.b]
            lines.append(
                f'<line x1="{xa:.1f}" y1="{ya:.1f}" x2="{xb:.1f}" y2="{yb:.1f}" stroke="{DISTANCE}" '
                f'stroke-width="{1.6 * stroke:.2f}" stroke-linecap="round">'
                f"{title(said('page.apart', joint=d.joint, pixels=round(d.pixels, 1)))}</line>"
            )
    return (
        f"{opening(seen, said('page.both'))}{strokes(first.card.joints, first.joints, first.scores, stroke, threshold)}"
        f"{strokes(second.card.joints, second.joints, second.scores, stroke, threshold, dash)}{''.join(lines)}</svg>"
    )
