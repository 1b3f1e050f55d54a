"""What a browser needs to follow one place of the photo through every map without asking again."""

# ruff: noqa: UP013
from __future__ import annotations

import base64

import numpy as np
from torch import Tensor
from typing_extensions import TypedDict

from ...xray import channels
from ..cached import Cached
from ..schema import Question
from .parts import strongest

# fmt: off
#: Values of a map in 65,536 levels from low to high, uint16 in base64.
Levels = TypedDict("Levels", {"low": float, "high": float, "data": str})
#: channel -- whose highest value near the joint stands out most (a heatmap's is the joint's, None where the network has
#: none such), own -- its values;
#: rows, columns -- of each the edges, pixels of the input, of what its cells can depend on; heatmaps -- its channels
#: are the joints
PixelCell = TypedDict("PixelCell", {
    "h": int, "w": int, "energy": Levels, "channel": int | None, "own": Levels | None,
    "rows": list[tuple[int, int]], "columns": list[tuple[int, int]], "heatmaps": bool,
})
#: crop -- x0, y0, x1, y1 of the photo that the input covers; input -- its width and height; joints -- the network's
PixelSide = TypedDict("PixelSide", {
    "crop": tuple[float, float, float, float], "input": tuple[int, int], "cells": dict[str, PixelCell],
    "joints": list[str],
})
Pixels = TypedDict("Pixels", {"sides": list[PixelSide]})
# fmt: on


def pixels(cached: Cached, asked: Question) -> Pixels:
    return {"sides": [_side(cached, k, asked["joint"]) for k in range(len(cached.comparison.poses))]}


def _side(cached: Cached, side: int, joint: str) -> PixelSide:
    pose = cached.pose(side)
    height, width = pose.card.input
    x0, y0, x1, y1 = (float(v) for v in pose.crop.box)
    cells: dict[str, PixelCell] = {}
    if cached.traceable(side):
        picture = cached.graph(side).picture
        cells = {name: _cell(cached, side, name, joint) for name in picture}
    joints = list(pose.card.joints.joints)
    return {"crop": (x0, y0, x1, y1), "input": (width, height), "cells": cells, "joints": joints}


def _cell(cached: Cached, side: int, name: str, joint: str) -> PixelCell:
    values = cached.tensor(side, name)
    _, h, w = values.shape
    channel = strongest(cached, side, name, joint)
    rows, columns = cached.edges(side, name)
    return {
        "h": h, "w": w, "energy": levels(channels.energy(values)),
        "channel": channel, "own": None if channel is None else levels(values[channel]),
        "rows": rows, "columns": columns, "heatmaps": cached.trace(side)[name].role == "heatmaps",
    }  # fmt: skip


def levels(values: Tensor) -> Levels:
    data = np.nan_to_num(np.asarray(values, np.float32))  # where a network overflowed
    low, high = float(data.min()), float(data.max())
    steps = np.round((data - low) * (65535 / (high - low) if high > low else 0)).astype("<u2")
    return {"low": low, "high": high, "data": base64.b64encode(steps.tobytes()).decode("ascii")}
