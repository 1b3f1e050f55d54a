"""The upsampling lab: the same weights, the same photo, another way to enlarge. An intervention at test time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..networks.base import PoseNetwork
from ..networks.trace import Trace
from ..networks.upsampling import enlarge
from ..networks.wiring import wiring


@dataclass(frozen=True)
class PlaceDifference:
    """One place that enlarges a map.

    tap   -- what it gives; factor -- by which it enlarges; before, after -- the two stops
    alone -- both stops on the map that arrived in the first pass: what this place does by itself
    total -- what it gave in the first pass against the second: all earlier differences included
    Both are the root mean square of the difference over that of the first pass's map.
    """

    place: str
    tap: str
    factor: int
    before: str
    after: str
    alone: float
    total: float


def places(net: PoseNetwork, first: Trace, second: Trace) -> list[PlaceDifference]:
    """Every place of a network in two passes over the same photo, in the order of the forward pass."""
    result = []
    for node in wiring(net).nodes.values():
        if node.place is None:
            continue
        place, factor = node.place, net.places[node.place]
        a, b = first[node.name].tensor, second[node.name].tensor
        before, after = first.stops[place], second.stops[place]
        alone = enlarge(first[node.sources[0]].tensor, factor, after) - a
        result.append(
            PlaceDifference(place, node.name, factor, before, after, _relative(alone, a), _relative(b - a, a))
        )
    return result


def _relative(difference: torch.Tensor, reference: torch.Tensor) -> float:
    size = float(reference.square().mean().sqrt())
    return float(difference.square().mean().sqrt()) / size if size > 0 else 0.0


@dataclass(frozen=True)
class Shift:
    """How far a joint moved: pixels of the photo, and torsos (nan where there is no torso)."""

    joint: str
    pixels: float
    torsos: float


def shifts(names: tuple[str, ...], before: np.ndarray, after: np.ndarray, torso: float) -> list[Shift]:
    """before, after -- (J, 2) pixels of the photo; torso -- its length in pixels, of the first pass."""
    moved = np.linalg.norm(after - before, axis=1)
    yardstick = torso if torso > 0 else float("nan")
    return [Shift(name, float(d), float(d) / yardstick) for name, d in zip(names, moved, strict=True)]
