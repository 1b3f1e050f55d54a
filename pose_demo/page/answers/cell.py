"""What the inspector shows of the cell that was clicked: its channels, what made it, what it can see."""

# ruff: noqa: UP013
from __future__ import annotations

from typing import Any, NotRequired

import numpy as np
import torch
from torch import Tensor
from typing_extensions import TypedDict

from ...decode import to_cells
from ...draw import mosaic
from ...xray import channels, receptive, sums
from ...xray.graph import INPUT, graph
from .. import work
from ..schema import NumberMap, Question, Said, said
from ..store import Shot
from .parts import address, number_map, one, side_of, values_of

# fmt: off
Picture = TypedDict("Picture", {"src": str})
#: shares -- of the variance, of three components
Pca = TypedDict("Pca", {"src": str, "shares": list[float]})
#: A map that a cell is made from, and through what.
Made = TypedDict("Made", {"source": str, "steps": list[str]})
Stats = TypedDict("Stats", {"low": float, "mean": float, "high": float})
Histogram = TypedDict("Histogram", {"counts": list[int], "low": float, "high": float})
#: All channels in one picture: (height, width) of a tile, tiles a row; order -- channels, values -- what ordered them
Mosaic = TypedDict("Mosaic", {
    "src": str, "tile": list[int], "columns": int, "order": list[int], "values": list[float], "low": float,
    "high": float,
})
Channel = TypedDict("Channel", {"h": int, "w": int, "low": float, "high": float, "data": str, "number": int})
#: The theoretical receptive field of the middle cell, pixels of the input; inside -- its part within the input
Field = TypedDict("Field", {
    "box": tuple[float, float, float, float], "input": tuple[int, int], "width": int, "height": int, "inside": float,
})
#: Everything about a cell that needs no further pass; of the photo only itself.
CellAnswer = TypedDict("CellAnswer", {
    "shape": list[int], "photo": NotRequired[str], "by": str, "made": list[Made], "sum": str | None, "stats": Stats,
    "dead": int, "zeros": float, "histogram": Histogram, "mosaic": Mosaic, "mean": NumberMap, "maximum": NumberMap,
    "energy": NumberMap, "channel": Channel, "field": Field,
})
#: half -- the radius in pixels that holds half of it
Effective = TypedDict("Effective", {"h": int, "w": int, "low": float, "high": float, "data": str, "half": float})
#: A map of a sum; before -- it was enlarged
Term = TypedDict("Term", {
    "name": str, "label": NotRequired[Said], "source": str, "share": float, "map": NumberMap,
    "before": NumberMap | None,
})
#: missed -- by how much the terms miss the sum, of its largest value
SumAnswer = TypedDict("SumAnswer", {
    "kind": str, "joint": str, "terms": list[Term], "channels": int, "total": NumberMap, "after": NumberMap | None,
    "missed": float,
})
# fmt: on


def photo(shot: Shot, asked: Question) -> Picture:
    """What the network saw."""
    return {"src": address(shot.pose(side_of(shot, asked)).image, 90)}


def cell(shot: Shot, asked: Question) -> CellAnswer:
    """Raises KeyError for a cell that is not there."""
    side, name = side_of(shot, asked), asked["cell"]
    if name == INPUT:
        itself: Any = {"photo": photo(shot, asked)["src"], "shape": [3, *shot.pose(side).card.input]}
        return itself
    tap, values = shot.trace(side)[name], shot.tensor(side, name)
    at = _place(shot, side, asked["joint"], tap.stride)
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
        "made": made(shot, side, name),
        "sum": sums.kind(shot.trace(side), name),
        "stats": {"low": facts.low, "mean": facts.mean, "high": facts.high},
        "dead": len(facts.dead),
        "zeros": facts.zeros,
        "histogram": {"counts": list(facts.counts), "low": facts.edges[0], "high": facts.edges[-1]},
        "mosaic": {"src": address(sheet.picture, 80), "tile": sheet.tile, "columns": sheet.columns,
                   "order": order, "values": [float(v) for v in sorted_by], "low": low, "high": high},
        "mean": number_map(values.mean(dim=0)),
        "maximum": number_map(values.amax(dim=0)),
        "energy": number_map(channels.energy(values)),
        "channel": {**number_map(values[order[0]]), "number": order[0]},
        "field": _field(shot, side, name),
    }  # fmt: skip


def _place(shot: Shot, side: int, joint: str, stride: int) -> tuple[float, float] | None:
    """The network's own joint as x, y in cells of a map with this stride; None where it has no such joint."""
    pose = shot.pose(side)
    if joint not in pose.card.joints.joints:
        return None
    at = pose.crop.to_input(pose.joints[pose.card.joints.index(joint)])
    x, y = to_cells(torch.as_tensor(at), stride, pose.card.cells).tolist()
    return x, y


def _range(values: Tensor) -> tuple[float, float]:
    """One range for all channels: the lowest value, and the highest but for outliers."""
    flat = values.flatten()
    step = max(1, len(flat) // 65536)  # a sample is enough to find where outliers begin
    high = float(flat[::step].kthvalue(max(1, int(0.999 * len(flat[::step])))).values)
    low = float(flat.min())
    return low, high if high > low else low + 1


def channel(shot: Shot, asked: Question) -> Channel:
    """One channel large, in its own range. Raises IndexError for a channel that is not there."""
    values, number = shot.tensor(side_of(shot, asked), asked["cell"]), asked["channel"]
    if number is None or number not in range(len(values)):
        raise IndexError(number)
    return {**number_map(values[number]), "number": number}


def made(shot: Shot, side: int, name: str) -> list[Made]:
    edges = graph(shot.net(side)).get(name, ())
    return [{"source": edge.source, "steps": [str(step) for step in edge.steps]} for edge in edges]


def pca(shot: Shot, asked: Question) -> Pca:
    picture, explained = channels.pca(shot.tensor(side_of(shot, asked), asked["cell"]))
    return {"src": address(picture, 100), "shares": [float(e) for e in explained]}


def _field(shot: Shot, side: int, name: str) -> Field:
    height, width = shot.pose(side).card.input
    found = receptive.field(shot.net(side), name, _middle(shot, side, name), (height, width), shot.request(side))
    x0, y0, x1, y1 = found.box
    inside = (x1 - x0 + 1) * (y1 - y0 + 1) / (found.size[0] * found.size[1])
    return {"box": (x0, y0, x1 + 1, y1 + 1), "input": (width, height), "width": found.size[1],
            "height": found.size[0], "inside": inside}  # fmt: skip


def _middle(shot: Shot, side: int, name: str) -> tuple[int, int]:
    h, w = shot.trace(side)[name].tensor.shape[2:]
    return h // 2, w // 2


def effective(shot: Shot, asked: Question) -> Effective:
    """The input gradient of the cell in the middle: one more pass, there and back, when its turn comes."""
    side, name = side_of(shot, asked), asked["cell"]
    at = _middle(shot, side, name)
    gradient = work.in_turn(
        lambda: receptive.effective(shot.net(side), shot.input(side), name, at, shot.request(side)).cpu()
    )
    top = float(gradient.flatten().kthvalue(max(1, int(0.999 * gradient.numel()))).values) or 1.0
    return {**number_map(gradient, 0.0, top), "half": _half(gradient)}


def _half(gradient: Tensor) -> float:
    """The radius about the gradient's centre of mass that holds half of it."""
    h, w = gradient.shape
    mass = gradient.double() / gradient.double().sum().clamp_min(1e-30)
    ys, xs = torch.arange(h).double()[:, None].expand(h, w), torch.arange(w).double()[None].expand(h, w)
    distance = ((ys - (mass * ys).sum()) ** 2 + (xs - (mass * xs).sum()) ** 2).sqrt().flatten()
    order = distance.argsort()
    held = mass.flatten()[order].cumsum(0)
    return float(distance[order][min(len(held) - 1, int((held < 0.5).sum()))])


def computation(shot: Shot, asked: Question) -> SumAnswer:
    """The terms that add up to a cell, as maps: of one channel, or averaged over all. Raises KeyError for no sum."""
    side, name, number = side_of(shot, asked), asked["cell"], asked.get("channel")
    trace, known = shot.trace(side), shot.pose(side).card.joints.joints
    kind = sums.kind(trace, name)
    if kind is None:
        raise KeyError(name)
    joint = asked["joint"] if asked["joint"] in known else known[0]
    found: Any = sums.find(trace, name, shot.net(side), known.index(joint))
    terms = _heads(found) if kind == "head" else _terms(found, number)
    total = one(found.total, number if kind != "head" else 0)
    top = max(float(np.abs(v).max()) for v in [*(values_of(t["map"]) for t in terms), total.numpy()]) or 1.0
    for term in terms:
        for shown in (term["map"], term["before"]):
            if shown:
                shown |= {"low": -top, "high": top}
    return {
        "kind": kind,
        "joint": joint,
        "terms": terms,
        "channels": int(found.total.shape[0]),
        "total": number_map(total, -top, top),
        "after": None if found.after is None else number_map(one(found.after, number), -top, top),
        "missed": max(found.error(), 1e-7),
    }


def _terms(found: sums.Sum, number: int | None) -> list[Term]:
    return [
        {
            "name": t.name,
            "source": t.source,
            "share": t.share,
            "map": number_map(one(t.tensor, number)),
            "before": None if t.before is None else number_map(one(t.before, number)),
        }
        for t in found.terms
    ]


def _heads(found: sums.Sum, most: int = 7) -> list[Term]:
    """The channels with the largest share, the rest in one term, and the bias."""
    *each, bias = found.terms
    order = sorted(range(len(each)), key=lambda k: -each[k].share)
    rest = [each[k] for k in order[most:]]

    def term(label: Said, share: float, values: Any) -> Term:
        return {"name": "", "label": label, "source": each[0].source, "share": share, "map": number_map(values),
                "before": None}  # fmt: skip

    shown = [term(said("xray.channel", channel=k), each[k].share, each[k].tensor[0]) for k in order[:most]]
    if rest:
        together = torch.stack([t.tensor[0].double() for t in rest]).sum(dim=0)
        shown.append(term(said("xray.rest", channels=len(rest)), sum(t.share for t in rest), together))
    return [*shown, term(said("xray.bias"), bias.share, bias.tensor[0])]
