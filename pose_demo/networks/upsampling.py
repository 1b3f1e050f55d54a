"""The slider: how a network enlarges a map.

Both papers enlarge by repeating the nearest cell (HRNet section 3; Stacked Hourglass section 3.1).
Here the mode is an argument of the forward pass and never a property of a module, so that two callers
who share a network cannot see each other's choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from ..locales import UserError

#: The slider's stops, in order. "nearest-exact" is missing because at whole factors it equals "nearest".
STOPS: tuple[str, ...] = ("nearest", "bilinear", "bicubic", "bilinear-corners")

#: What a call may ask for: one stop for all places, stops by place ("the rest as trained"), or None (as trained).
Request = str | Mapping[str, str] | None

_INTERPOLATE = {
    "nearest": {"mode": "nearest"},
    "bilinear": {"mode": "bilinear", "align_corners": False},
    "bicubic": {"mode": "bicubic", "align_corners": False},
    "bilinear-corners": {"mode": "bilinear", "align_corners": True},
}


def enlarge(x: Tensor, factor: int, stop: str) -> Tensor:
    """(N, C, H, W) -> (N, C, factor * H, factor * W)."""
    return F.interpolate(x, scale_factor=float(factor), **_INTERPOLATE[check(stop)])


Cells = TypeVar("Cells", int, np.ndarray)

#: How many cells on each side of a place go into it.
_SIDE = {"nearest": 0, "bilinear": 1, "bicubic": 2}


def reach(first: Cells, last: Cells, factor: int, stop: str, cells: int) -> tuple[Cells, Cells]:
    """The cells, of `cells` along one axis, that cells first..last after an enlargement are made from."""
    how = _INTERPOLATE[check(stop)]
    side = _SIDE[how["mode"]]
    if not side:
        return first // factor, last // factor
    if how["align_corners"]:  # corners stay corners
        low, high = (k * (cells - 1) // (factor * cells - 1) for k in (first, last))
    else:  # (k + 0.5) / factor - 0.5, rounded down
        low, high = ((2 * k + 1 - factor) // (2 * factor) for k in (first, last))
    return low - side + 1, high + side


def plan(request: Request, places: Iterable[str], trained: str) -> dict[str, str]:
    """What every place of a network does in this call: {place: stop}.

    A place is named by where it stands ("stage3.module2.branch0.from1", "stack2.level0"). A key of `request`
    may be a place or any leading part of one ("stage3"); where several fit, the longest wins.

    Raises UserError for a stop that does not exist, a key that fits no place, or another stop than the trained one
    where a network enlarges nothing that could be enlarged otherwise.
    """
    places = tuple(places)
    if not places and request not in (None, trained):
        raise UserError("upsampling.fixed", own=trained, given=check(request) if isinstance(request, str) else request)
    if request is None or isinstance(request, str):
        stop = check(trained if request is None else request)
        return dict.fromkeys(places, stop)
    result = dict.fromkeys(places, check(trained))
    for key in sorted(request, key=len):
        inside = [place for place in places if place == key or place.startswith(key + ".")]
        if not inside:
            heads = sorted({place.split(".")[0] for place in places})
            raise UserError("upsampling.no_place", place=repr(key), known=", ".join(heads))
        result.update(dict.fromkeys(inside, check(request[key])))
    return result


def check(stop: str) -> str:
    """The stop itself, or a UserError that lists the stops there are."""
    if stop not in STOPS:
        raise UserError("upsampling.unknown", stop=repr(stop), known=", ".join(STOPS))
    return stop
