"""What the inspector shows of the cell that was clicked: its channels, what made it, what it can see."""

# ruff: noqa: UP013
from __future__ import annotations

from typing import Any, NotRequired

import numpy as np
import torch
from torch import Tensor
from typing_extensions import TypedDict

from ...draw import mosaic
from ...networks.trace import INPUT
from ...xray import channels
from ..cached import Cached
from ..schema import NumberMap, Question, Said
from . import terms
from .parts import address, number_map, place, side_of, step

# fmt: off
Picture = TypedDict("Picture", {"src": str})
#: shares -- of the variance, of three components
Pca = TypedDict("Pca", {"src": str, "shares": list[float]})
#: A map that a cell is made from, and through which layers.
Made = TypedDict("Made", {"source": str, "steps": list[Said]})
Stats = TypedDict("Stats", {"low": float, "mean": float, "high": float})
Histogram = TypedDict("Histogram", {"counts": list[int], "low": float, "high": float})
#: All channels in one picture: (height, width) of a tile, tiles a row; order -- channels, values -- what ordered them;
#: over -- part of the values that lie above the range of the colours
Mosaic = TypedDict("Mosaic", {
    "src": str, "tile": list[int], "columns": int, "order": list[int], "values": list[float], "low": float,
    "high": float, "over": float,
})
Channel = TypedDict("Channel", {"h": int, "w": int, "low": float, "high": float, "data": str, "number": int})
#: The theoretical receptive field of a cell, pixels of the input. at -- its row and column; inside -- the field's part
#: within the input
Field = TypedDict("Field", {
    "at": tuple[int, int],
    "box": tuple[float, float, float, float], "input": tuple[int, int], "width": int, "height": int, "inside": float,
})
#: Everything about a cell that needs no further pass; of the photo only itself. names -- joints, of heatmaps' channels
CellAnswer = TypedDict("CellAnswer", {
    "shape": list[int], "photo": NotRequired[str], "by": str, "made": list[Made], "sum": str | None, "stats": Stats,
    "names": list[str] | None,
    "dead": int, "zeros": float, "histogram": Histogram, "mosaic": Mosaic, "mean": NumberMap, "maximum": NumberMap,
    "energy": NumberMap, "channel": Channel, "field": Field,
})
#: A circle, in pixels of the photo.
Circle = TypedDict("Circle", {"x": float, "y": float, "r": float})
#: over -- part of the pixels that lie above the range of the colours; half -- the radius about its centre of mass, x,
#: y, that holds half of it, pixels of the input; photo -- this circle there; None where nothing moves the cell; note --
#: of a device whose memory was too small
Effective = TypedDict("Effective", {
    "h": int, "w": int, "low": float, "high": float, "data": str, "over": float, "half": float, "x": float, "y": float,
    "photo": Circle | None, "note": Said | None,
})
# fmt: on


def photo(cached: Cached, asked: Question) -> Picture:
    """What the network saw."""
    return {"src": address(cached.pose(side_of(cached, asked)).image, 90)}


def cell(cached: Cached, asked: Question) -> CellAnswer:
    """Raises KeyError for a cell that is not there."""
    side, name = side_of(cached, asked), asked["cell"]
    if name == INPUT:
        itself: Any = {"photo": photo(cached, asked)["src"], "shape": [3, *cached.pose(side).card.input]}
        return itself
    tap, values = cached.trace(side)[name], cached.tensor(side, name)
    at = place(cached, side, asked["joint"], tap.stride)
    by = asked.get("by", "")
    if (by == "joint" and at is None) or by not in channels.ORDERS:
        by = "energy"
    order, sorted_by = channels.order(values, by, at)
    facts = channels.summary(values)
    low, high = _range(values)
    sheet = mosaic.mosaic(values[order].numpy(), low, high)
    return {
        "shape": list(facts.shape),
        "by": by,
        "made": made(cached, side, name),
        "sum": terms.kind(cached.net(side), name),
        "names": list(cached.pose(side).card.joints.joints) if tap.role == "heatmaps" else None,
        "stats": {"low": facts.low, "mean": facts.mean, "high": facts.high},
        "dead": len(facts.dead),
        "zeros": facts.zeros,
        "histogram": {"counts": list(facts.counts), "low": facts.edges[0], "high": facts.edges[-1]},
        "mosaic": {"src": address(sheet.picture, 80), "tile": sheet.tile, "columns": sheet.columns,
                   "order": order, "values": [float(v) for v in sorted_by], "low": low, "high": high,
                   "over": float((values > high).float().mean())},
        "mean": number_map(values.mean(dim=0)),
        "maximum": number_map(values.amax(dim=0)),
        "energy": number_map(channels.energy(values)),
        "channel": {**number_map(values[order[0]]), "number": order[0]},
        "field": _field(cached, side, name, cached.middle(side, name)),
    }  # fmt: skip


def _range(values: Tensor) -> tuple[float, float]:
    """One range for all channels: the lowest value, and the highest but for outliers."""
    flat = values.flatten()
    step = max(1, len(flat) // 65536)  # a sample is enough to find where outliers begin
    high = float(flat[::step].kthvalue(max(1, int(0.999 * len(flat[::step])))).values)
    low = float(flat.min())
    return low, high if high > low else low + 1


def channel(cached: Cached, asked: Question) -> Channel:
    """One channel large, in its own range. Raises IndexError for a channel that is not there."""
    values, number = cached.tensor(side_of(cached, asked), asked["cell"]), asked["channel"]
    if number is None or number not in range(len(values)):
        raise IndexError(number)
    return {**number_map(values[number]), "number": number}


def made(cached: Cached, side: int, name: str) -> list[Made]:
    ways = cached.graph(side).into(name)
    return [{"source": source, "steps": [step(s) for s in way.steps]} for source, way in ways.items()]


def pca(cached: Cached, asked: Question) -> Pca:
    picture, explained = channels.pca(cached.tensor(side_of(cached, asked), asked["cell"]))
    return {"src": address(picture, 100), "shares": [float(e) for e in explained]}


def field(cached: Cached, asked: Question) -> Field:
    """Raises IndexError for a cell beside the map."""
    side = side_of(cached, asked)
    return _field(cached, side, asked["cell"], _at(cached, side, asked))


def _at(cached: Cached, side: int, asked: Question) -> tuple[int, int]:
    name, at = asked["cell"], asked.get("at")
    if at is None:
        return cached.middle(side, name)
    height, width = cached.trace(side)[name].tensor.shape[2:]
    if len(at) != 2 or at[0] not in range(height) or at[1] not in range(width):
        raise IndexError(at)
    return at[0], at[1]


def _field(cached: Cached, side: int, name: str, at: tuple[int, int]) -> Field:
    height, width = cached.pose(side).card.input
    found = cached.field(side, name, at)
    x0, y0, x1, y1 = found.box
    inside = (x1 - x0 + 1) * (y1 - y0 + 1) / (found.size[0] * found.size[1])
    return {"at": at, "box": (x0, y0, x1 + 1, y1 + 1), "input": (width, height), "width": found.size[1],
            "height": found.size[0], "inside": inside}  # fmt: skip


def effective(cached: Cached, asked: Question) -> Effective:
    """The input gradient of a cell: one more pass, there and back, when its turn comes."""
    side, name = side_of(cached, asked), asked["cell"]
    gradient, crop = cached.effective(side, name, _at(cached, side, asked)), cached.pose(side).crop
    top = float(gradient.flatten().kthvalue(max(1, int(0.999 * gradient.numel()))).values)
    top = top or float(gradient.max()) or 1.0  # a cell of the first layers sees fewer pixels than are left out
    x, y, half = _half(gradient)
    cx, cy = (float(v) for v in crop.to_photo(np.array([x, y])))
    circle: Circle = {"x": cx, "y": cy, "r": half * float(crop.scale)}
    return {**number_map(gradient, 0.0, top), "over": float((gradient > top).float().mean()), "half": half,
            "x": x, "y": y, "photo": circle if gradient.any() else None,
            "note": cached.note("effective", side)}  # fmt: skip


def _half(gradient: Tensor) -> tuple[float, float, float]:
    """x, y of the gradient's centre of mass, and the radius about it that holds half of it."""
    h, w = gradient.shape
    mass = gradient.double() / gradient.double().sum().clamp_min(1e-30)
    ys, xs = torch.arange(h).double()[:, None].expand(h, w), torch.arange(w).double()[None].expand(h, w)
    y, x = float((mass * ys).sum()), float((mass * xs).sum())
    distance = ((ys - y) ** 2 + (xs - x) ** 2).sqrt().flatten()
    order = distance.argsort()
    held = mass.flatten()[order].cumsum(0)
    return x, y, float(distance[order][min(len(held) - 1, int((held < 0.5).sum()))])
