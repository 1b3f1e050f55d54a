"""What matters here: every arrow cut alone, how far that moves each joint, and which arrows of the drawing it is."""

# ruff: noqa: UP013
from __future__ import annotations

from typing import Any, NotRequired

import numpy as np
from torch import nn
from typing_extensions import TypedDict

from ...networks.silence import resolve
from ...networks.wiring import wiring
from ..cached import Cached
from ..schema import Question, Said
from .parts import ALL, side_of, why_not

# fmt: off
#: One cut. kind -- as silence.KINDS has it, or "stack"; drawn -- the arrows [from, to] of the picture that it is;
#: moves -- of each joint, pixels of the photo, None where it leaves no answer; changes -- of each heatmap, of its RMS
Cut = TypedDict("Cut", {
    "place": str, "kind": str, "drawn": list[tuple[str, str]], "moves": list[float | None], "changes": list[float],
})
#: joints -- of moves and changes, in order; answered -- which of them have an answer before any of these cuts; torso --
#: pixels of the photo; cell -- of its heatmaps, pixels of the photo; note -- where the device's memory was too small
Matters = TypedDict("Matters", {
    "title": str, "joints": list[str], "answered": list[bool], "torso": float | None, "cell": float,
    "note": Said | None, "cuts": list[Cut],
})
#: What measuring would cost on this machine.
MattersCost = TypedDict("MattersCost", {
    "title": str, "why": NotRequired[str], "arrows": int, "passes": float, "seconds": float,
})
Costs = TypedDict("Costs", {"sides": list[MattersCost]})
# fmt: on


def cost(cached: Cached, asked: Question) -> Costs:
    sides: list[MattersCost] = []
    for k, pose in enumerate(cached.comparison.poses):
        side: MattersCost = {"title": cached.comparison.titles[k], "arrows": 0, "passes": 0.0, "seconds": 0.0}
        if why := why_not(cached, k):
            side["why"] = why
        else:
            found, once = cached.cost(k), pose.seconds / (2 if cached.comparison.flip else 1)
            side["arrows"], side["passes"], side["seconds"] = found.arrows, found.passes, found.passes * once
        sides.append(side)
    return {"sides": sides}


def matters(cached: Cached, asked: Question) -> Matters:
    return measured(cached, side_of(cached, asked))


def measured(cached: Cached, side: int) -> Matters:
    """Every arrow of one network, in the order of the pass. Effects of single cuts do not add up."""
    pose, net, found = cached.pose(side), cached.net(side), cached.effects(side)
    moves = found.moves * pose.crop.scale
    return {
        "title": cached.comparison.titles[side],
        "joints": list(pose.card.joints.joints),
        "answered": (~np.isnan(found.joints[:, 0])).tolist(),
        "torso": float(pose.torso) if np.isfinite(pose.torso) else None,
        "cell": pose.cell,
        "note": cached.note("effects", side),
        "cuts": [
            {"place": place, "kind": kind, "drawn": arrows(net, place),
             "moves": [round(float(v), 2) if np.isfinite(v) else None for v in own],
             "changes": [round(float(v), 4) for v in change]}
            for place, kind, own, change in zip(found.places, found.kinds, moves, found.changes, strict=True)
        ],
    }  # fmt: skip


def heaviest(cached: Cached, side: int, joint: str, most: int = 10) -> dict[str, Any]:
    """The cuts that move a joint the most, or where it has none all joints on average: for a document."""
    pose, found = cached.pose(side), cached.effects(side)
    names = pose.card.joints.joints
    one = names.index(joint) if joint in names else None
    moves = found.move(one) * pose.crop.scale
    changes = found.changes.mean(axis=1) if one is None else found.changes[:, one]
    rows = [(found.places[k], float(moves[k]), float(changes[k])) for k in found.order(one)[:most]]
    top = max((move for _, move, _ in rows if np.isfinite(move)), default=0.0)
    return {"title": cached.comparison.titles[side], "joint": names[one] if one is not None else ALL,
            "arrows": len(found.places), "cell": pose.cell,
            "rows": [(place, move, change, min(1.0, move / (top or 1.0)) if move >= 0 else 0.0)
                     for place, move, change in rows]}  # fmt: skip


def arrows(net: nn.Module, place: str, whole: bool = False) -> list[tuple[str, str]]:
    """The arrows [from, to] of the picture that a place is that can be cut; none for a stack, which is many.

    A map that stands in no picture lies on an arrow; of one that does the way that leads on from it is lost, or, where
    it loses its units alone, the way into it. whole -- as silence.resolve has it
    """
    wired = wiring(net)
    ways = [(source, target, way) for target, found in wired.picture.items() for source, way in found.items()]
    source, _, target = place.partition("->")
    if source in wired.picture.get(target, ()):
        return [(source, target)]
    if place not in wired.nodes:
        return []
    if not wired.visible(place):
        return [(source, target) for source, target, way in ways if place in way.through]
    lost = {cut.tap for cut in resolve(net, place, whole)}
    return [(source, target) for source, target, _ in ways if place == (source if place in lost else target)]
