"""The upsampling lab: the shown position of the slider against another, or against each network's trained one."""

# ruff: noqa: UP013
from __future__ import annotations

from typing import Any, NotRequired

import numpy as np
from typing_extensions import TypedDict

from ...draw.colour import viridis
from ...networks.upsampling import STOPS
from ...networks.wiring import wiring
from ...xray import lab
from ..schema import NumberMap, Question
from ..store import Shot
from .film import frames
from .parts import number_map, one, side_of, why_not

# fmt: off
#: A place that enlarges; alone, total -- how much its map differs, of the map; cell -- the map behind it
Place = TypedDict("Place", {"place": str, "factor": int, "alone": float, "total": float, "cell": str})
Moved = TypedDict("Moved", {"joint": str, "pixels": float, "torsos": float | None})
LabSide = TypedDict("LabSide", {
    "title": str, "why": NotRequired[str], "now": list[str], "trained": str, "other": str, "same": bool,
    "places": list[Place], "joints": list[Moved],
})
Lab = TypedDict("Lab", {"sides": list[LabSide]})
#: A cell under both positions and the signed difference: one channel, or the mean over all.
Difference = TypedDict("Difference", {
    "first": NumberMap, "second": NumberMap, "gap": NumberMap, "stops": list[str], "other": str, "same": bool,
})
# fmt: on


def upsampling(shot: Shot, asked: Question) -> Lab:
    return {"sides": [_side(shot, k, asked.get("against")) for k in range(len(shot.comparison.poses))]}


def _side(shot: Shot, side: int, against: str | None) -> LabSide | Any:
    pose = shot.pose(side)
    if why := why_not(shot, side):
        return {"title": pose.card.title, "why": why}
    now, other = shot.trace(side), shot.other(side, against)
    result = {
        "title": pose.card.title,
        "now": stops(shot, side),
        "trained": pose.card.upsampling,
        "other": other,
        "same": set(now.stops.values()) == {other},
    }
    if result["same"]:
        return {**result, "places": [], "joints": []}
    shown = wiring(shot.net(side)).shown
    places = lab.places(shot.net(side), now, shot.trace(side, other))
    before, after = frames(shot, side)[-1].joints, frames(shot, side, other)[-1].joints
    moved = lab.shifts(pose.card.joints.joints, pose.crop.to_photo(before), pose.crop.to_photo(after), pose.torso)
    return {
        **result,
        "places": [
            {"place": p.place, "factor": p.factor, "alone": p.alone, "total": p.total, "cell": shown(p.tap)}
            for p in sorted(places, key=lambda p: -p.alone)
        ],
        "joints": [
            {"joint": s.joint, "pixels": s.pixels, "torsos": s.torsos if np.isfinite(s.torsos) else None}
            for s in sorted(moved, key=lambda s: -s.pixels)
        ],
    }


def stops(shot: Shot, side: int) -> list[str]:
    """The stops that are shown: two where a switch changed some places only."""
    return [stop for stop in STOPS if stop in shot.trace(side).stops.values()]


def difference(shot: Shot, asked: Question) -> Difference:
    side, name, number = side_of(shot, asked), asked["cell"], asked.get("channel")
    other = shot.other(side, asked.get("against"))
    first, second = (one(shot.tensor(side, name, stop), number).float() for stop in ("shown", other))
    low, high = float(min(first.min(), second.min())), float(max(first.max(), second.max()))
    gap = second - first
    top = float(gap.abs().max())
    return {
        "first": number_map(first, low, high),
        "second": number_map(second, low, high),
        "gap": number_map(gap, -(top or 1.0), top or 1.0),
        "stops": stops(shot, side),
        "other": other,
        "same": top == 0,
    }


def pair(shot: Shot, asked: Any, wide: int = 640) -> tuple[np.ndarray, ...]:
    """A cell as shown and under the other position: two (H, W, 3) uint8 RGB in one colour range, cells visible."""
    side, name = side_of(shot, asked), asked["cell"]
    both = ("shown", shot.other(side, asked["against"]))
    data = [one(shot.tensor(side, name, stop), asked["channel"]).numpy() for stop in both]
    low, high = min(float(d.min()) for d in data), max(float(d.max()) for d in data)
    factor = max(1, wide // max(data[0].shape))
    return tuple(np.kron(viridis(d, low, high), np.ones((factor, factor, 1), np.uint8)) for d in data)
