"""How much every map of one network differs between its two sides: two stops, or with and without cuts."""

# ruff: noqa: UP013
from __future__ import annotations

from typing_extensions import TypedDict

from ..schema import Question
from ..store import Shot

#: cells -- {tap: RMS(left - right) / RMS(left)}; empty for two different networks; top -- the largest
Apart = TypedDict("Apart", {"cells": dict[str, float], "top": float})


def apart(shot: Shot, asked: Question) -> Apart:
    left, right = shot.comparison.poses[0], shot.comparison.poses[-1]
    if left.network != right.network or not shot.traceable(0):
        return {"cells": {}, "top": 0.0}
    cells = {}
    for name in shot.trace(0):
        a, b = shot.tensor(0, name), shot.tensor(1, name)
        cells[name] = float((a - b).square().mean().sqrt() / a.square().mean().sqrt().clamp_min(1e-12))
    return {"cells": cells, "top": max(cells.values())}
