"""What the inspector shows of the cell that was clicked: its channels, what made it, what it can see."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..decode import to_cells
from ..draw import mosaic
from ..draw.colour import webp
from ..xray import channels, receptive, sums
from ..xray.graph import INPUT, graph
from . import words
from .xray_maps import address, tensor
from .xray_store import Shot
from .xray_words import say


def array(values: Tensor | np.ndarray, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """A map for the browser to colour: (h, w), its values as float32 in base64, and the range of its colours."""
    data = np.ascontiguousarray(np.asarray(values, np.float32))
    return {
        "h": data.shape[0],
        "w": data.shape[1],
        "low": float(data.min()) if low is None else low,
        "high": float(data.max()) if high is None else high,
        "data": base64.b64encode(data.tobytes()).decode("ascii"),
    }


def place(shot: Shot, side: int, joint: str, stride: int) -> tuple[float, float] | None:
    """The network's own joint as x, y in cells of a map with this stride; None where it has no such joint."""
    pose = shot.pose(side)
    if joint not in pose.card.joints.joints:
        return None
    at = pose.crop.to_input(pose.joints[pose.card.joints.index(joint)])
    cells = to_cells(torch.as_tensor(at), stride, pose.card.cells).tolist()
    return cells[0], cells[1]


def cell(shot: Shot, side: int, name: str, joint: str, by: str, language: str) -> dict[str, Any]:
    """Everything about a cell that needs no further pass. Raises KeyError for a cell that is not there."""
    if name == INPUT:
        return {
            "name": name,
            "photo": address(webp(shot.pose(side).image, 90)),
            "shape": [3, *shot.pose(side).card.input],
        }
    tap, values = shot.trace(side)[name], tensor(shot, side, name)
    at = place(shot, side, joint, tap.stride)
    if (by == "joint" and at is None) or by not in channels.ORDERS:
        by = "energy"
    order, sorted_by = channels.order(values, by, at)
    facts = channels.summary(values)
    low, high = _range(values)
    sheet = mosaic.mosaic(values[order].numpy(), low, high)
    return {
        "name": name,
        "shape": list(facts.shape),
        "stride": tap.stride,
        "by": by,
        "made": made(shot, side, name),
        "sum": sums.kind(shot.trace(side), name),
        "stats": say(language, "stats", *(f"{v:.3g}" for v in (facts.low, facts.mean, facts.high))),
        "dead": say(language, "dead", len(facts.dead), facts.shape[0]),
        "zeros": say(language, "zeros", f"{100 * facts.zeros:.0f}%"),
        "histogram": {"counts": facts.counts, "low": facts.edges[0], "high": facts.edges[-1]},
        "mosaic": {"src": address(webp(sheet.picture, 80)), "tile": sheet.tile, "columns": sheet.columns,
                   "order": order, "values": [f"{v:.3g}" for v in sorted_by], "low": low, "high": high},
        "mean": array(values.mean(dim=0)),
        "maximum": array(values.amax(dim=0)),
        "energy": array(channels.energy(values)),
        "channel": channel(shot, side, name, order[0]),
        "joint": at,
        "field": field(shot, side, name, language),
    }  # fmt: skip


def _range(values: Tensor) -> tuple[float, float]:
    """One range for all channels: the lowest value, and the highest but for outliers."""
    flat = values.flatten()
    step = max(1, len(flat) // 65536)  # a sample is enough to find where outliers begin
    high = float(flat[::step].kthvalue(max(1, int(0.999 * len(flat[::step])))).values)
    low = float(flat.min())
    return low, high if high > low else low + 1


def channel(shot: Shot, side: int, name: str, number: int) -> dict[str, Any]:
    """One channel large, in its own range. Raises IndexError for a channel that is not there."""
    values = tensor(shot, side, name)
    if not 0 <= number < len(values):
        raise IndexError(number)
    return {"number": number, **array(values[number])}


def made(shot: Shot, side: int, name: str) -> list[dict[str, Any]]:
    """The maps that this one is made from, and through what."""
    edges = graph(shot.net(side)).get(name, ())
    return [{"source": edge.source, "steps": [str(step) for step in edge.steps]} for edge in edges]


def pca(shot: Shot, side: int, name: str, language: str) -> dict[str, Any]:
    picture, explained = channels.pca(tensor(shot, side, name))
    text = say(language, "view_pca", " + ".join(f"{100 * e:.0f}%" for e in explained))
    return {"src": address(webp(picture, 100)), "text": text}


def field(shot: Shot, side: int, name: str, language: str) -> dict[str, Any]:
    """The theoretical receptive field of the cell in the middle, in pixels of the input."""
    h, w = shot.trace(side)[name].tensor.shape[2:]
    shape = shot.pose(side).card.input
    at = (h // 2, w // 2)
    found = receptive.field(shot.net(side), name, at, shape, shot.request(side))
    x0, y0, x1, y1 = found.box
    inside = (x1 - x0 + 1) * (y1 - y0 + 1) / (found.size[0] * found.size[1])
    text = say(language, "theory", found.size[1], found.size[0], f"{100 * inside:.0f}%")
    return {"box": [x0, y0, x1 + 1, y1 + 1], "input": [shape[1], shape[0]], "cell": at, "text": text}


def effective(shot: Shot, side: int, name: str, language: str) -> dict[str, Any]:
    """The input gradient of the cell in the middle: one more pass, there and back."""
    h, w = shot.trace(side)[name].tensor.shape[2:]
    gradient = receptive.effective(shot.net(side), shot.input(side), name, (h // 2, w // 2), shot.request(side)).cpu()
    top = float(gradient.flatten().kthvalue(max(1, int(0.999 * gradient.numel()))).values) or 1.0
    return {**array(gradient, 0.0, top), "text": say(language, "half", f"{_half(gradient):.0f}")}


def _half(gradient: Tensor) -> float:
    """The radius about the gradient's centre of mass that holds half of it."""
    h, w = gradient.shape
    mass = gradient.double() / gradient.double().sum().clamp_min(1e-30)
    ys, xs = torch.arange(h).double()[:, None].expand(h, w), torch.arange(w).double()[None].expand(h, w)
    distance = ((ys - (mass * ys).sum()) ** 2 + (xs - (mass * xs).sum()) ** 2).sqrt().flatten()
    order = distance.argsort()
    held = mass.flatten()[order].cumsum(0)
    return float(distance[order][min(len(held) - 1, int((held < 0.5).sum()))])


def computation(shot: Shot, side: int, name: str, joint: str, number: int | None, language: str) -> dict[str, Any]:
    """The terms that add up to a cell, as maps: of one channel, or averaged over all (which keeps the sum a sum)."""
    trace, pose = shot.trace(side), shot.pose(side)
    kind = sums.kind(trace, name)
    if kind is None:
        return {"kind": None, "made": made(shot, side, name)}
    k = pose.card.joints.index(joint) if joint in pose.card.joints.joints else 0
    found = sums.find(trace, name, shot.net(side), k)
    terms = _heads(found, k, pose, language) if kind == "head" else _terms(found, number)
    total = one(found.total, number if kind != "head" else 0)
    shown = [np.frombuffer(base64.b64decode(t["map"]["data"]), np.float32) for t in terms]
    top = max(float(np.abs(v).max()) for v in [*shown, total.numpy()]) or 1.0
    for term in terms:
        term["map"] |= {"low": -top, "high": top}
        if term["before"]:
            term["before"] |= {"low": -top, "high": top}
    titled = say(language, "head_title", words.joint(language, pose.card.joints.joints[k])) if kind == "head" else None
    return {
        "kind": kind,
        "title": titled or say(language, kind),
        "terms": terms,
        "channels": int(found.total.shape[0]),
        "number": number,
        "total": array(total, -top, top),
        "after": None if found.after is None else array(one(found.after, number), -top, top),
        "note": say(language, "share_note", f"{max(found.error(), 1e-7):.0e}"),
    }


def one(values: Tensor, number: int | None) -> Tensor:
    """(C, H, W) -> (H, W): one channel, or the mean over all."""
    return values.double().mean(dim=0) if number is None else values[min(max(number, 0), len(values) - 1)]


def _terms(found: sums.Sum, number: int | None) -> list[dict[str, Any]]:
    return [
        {
            "name": t.name,
            "source": t.source,
            "share": t.share,
            "map": array(one(t.tensor, number)),
            "before": None if t.before is None else array(one(t.before, number)),
        }
        for t in found.terms
    ]


def _heads(found: sums.Sum, joint: int, pose: Any, language: str, most: int = 7) -> list[dict[str, Any]]:
    """The channels with the largest share, the rest in one term, and the bias."""
    *each, bias = found.terms
    order = sorted(range(len(each)), key=lambda k: -each[k].share)
    rest = [each[k] for k in order[most:]]
    shown = [
        {"name": say(language, "channel", k), "channel": k, "share": each[k].share, "map": array(each[k].tensor[0])}
        for k in order[:most]
    ]
    if rest:
        together = torch.stack([t.tensor[0].double() for t in rest]).sum(dim=0)
        shown.append(
            {"name": say(language, "rest", len(rest)), "share": sum(t.share for t in rest), "map": array(together)}
        )
    shown.append({"name": say(language, "bias"), "share": bias.share, "map": array(bias.tensor[0])})
    return [{"source": each[0].source, "before": None, **term} for term in shown]


def enlarged(values: Tensor, side: int) -> Tensor:
    """(H, W) -> about `side` cells on its longer side, cells repeated."""
    return F.interpolate(values[None, None], scale_factor=max(1, side // max(values.shape)))[0, 0]
