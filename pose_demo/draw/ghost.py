"""Where a skeleton stood before something was cut, and how far each joint went from there."""

from __future__ import annotations

import numpy as np

from ..comparison import Pose, reread
from ..crop import Box
from ..locales import said
from .overlap import DISTANCE
from .skeleton import drawn, opening, stroke_of, strokes


def placed(pose: Pose) -> np.ndarray:
    """(J, 2) pixels of the photo, read by DARK: a move below a cell is seen. nan for a joint without an answer."""
    return reread(pose, "dark").joints


def moves(before: Pose, after: Pose) -> np.ndarray:
    """(J,) pixels of the photo that each joint moved; nan where either gives no answer."""
    return np.linalg.norm(placed(after) - placed(before), axis=1)


def svg(before: Pose, after: Pose, seen: Box, threshold: float) -> str:
    """The skeleton as it was, pale and dashed, and a line from each joint to where it is now, both read by DARK."""
    stroke, dash = stroke_of(seen), stroke_of(seen) * 2
    old = strokes(before.card.joints, before.joints, before.scores, stroke, threshold, f'stroke-dasharray="{dash:.2f}"')
    lines = [
        f'<line x1="{xa:.1f}" y1="{ya:.1f}" x2="{xb:.1f}" y2="{yb:.1f}" stroke="{DISTANCE}" '
        f'stroke-width="{1.6 * stroke:.2f}" stroke-linecap="round"/>'
        for (xa, ya), (xb, yb), a, b in zip(
            placed(before), placed(after), drawn(before, threshold), drawn(after, threshold), strict=True
        )
        if a and b
    ]
    label = said("page.skeleton_of", network=before.card.title, count=len(before.joints))
    start = opening(seen, label).replace('class="skeleton"', 'class="ghost"')
    return f'{start}<g opacity=".55">{old}</g>{"".join(lines)}</svg>'
