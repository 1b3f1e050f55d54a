"""Where a network enlarges maps, and what another way to enlarge changes there. An intervention at test time."""

from __future__ import annotations

from dataclasses import dataclass

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
    Both are the root mean square of the difference over that of the first pass's map; see `relative`.
    """

    place: str
    tap: str
    factor: int
    before: str
    after: str
    alone: float
    total: float


def differences(net: PoseNetwork, first: Trace, second: Trace) -> list[PlaceDifference]:
    """Every place of a network in two passes over the same photo, in the order of the forward pass."""
    result = []
    for node in wiring(net).nodes.values():
        if node.place is None:
            continue
        place, factor = node.place, net.places[node.place]
        a, b = first[node.name].tensor, second[node.name].tensor
        before, after = first.stops[place], second.stops[place]
        plain, other = (enlarge(first[node.sources[0]].tensor, factor, stop) for stop in (before, after))
        alone = relative(other - plain, plain)  # not `a`, which may be cut
        result.append(PlaceDifference(place, node.name, factor, before, after, alone, relative(b - a, a)))
    return result


def relative(difference: torch.Tensor, reference: torch.Tensor) -> float:
    """The root mean square of a difference over that of what it differs from; infinite where that alone is zero."""
    size, apart = (float(each.square().mean().sqrt()) for each in (reference, difference))
    return apart / size if size > 0 else float("inf") if apart > 0 else 0.0
