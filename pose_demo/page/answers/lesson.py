"""What a lesson's question is checked against: something that is measured now, on this photo, never a fixed answer.

A tour's step (web/tour/tours/) names a measure, the tap that it looks at, and where its options divide.
"""

# ruff: noqa: UP013
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from typing_extensions import TypedDict

from ...draw import study_words
from ...locales import said
from ...networks import model
from ...networks.card import Card
from ...networks.silence import Silence, resolve
from ...networks.upsampling import enlarge
from ...networks.wiring import wiring
from ...study import report
from ...xray import sums
from .. import work
from ..cached import Cached
from ..schema import Question, Said
from . import film
from .parts import side_of

#: value -- what the step's edges divide, None where this photo or network cannot tell; values -- for its words
Found = TypedDict("Found", {"value": float | None, "values": dict[str, Any]})
#: What a result that ships says.
Told = TypedDict("Told", {"result": str, "says": list[Said]})
#: at -- where the network has the chosen joint, pixels of the photo; study -- what was found on many people
Measured = TypedDict("Measured", {
    "value": float | None, "values": dict[str, Any], "at": list[float] | None, "study": list[Told],
})  # fmt: skip
Measure = Callable[[Cached, int, Question], Found]


def lesson(cached: Cached, asked: Question) -> Measured:
    """asked: measure, cell -- the tap, against -- a stop, what -- results that ship, with commas between.

    Raises KeyError for a measure or tap that there is not.
    """
    side = side_of(cached, asked)
    if asked["cell"] not in cached.graph(side).nodes:
        raise KeyError(asked["cell"])
    found = MEASURES[asked["measure"]](cached, side, asked)
    value = found["value"] if found["value"] is not None and np.isfinite(found["value"]) else None
    return {"value": value, "values": found["values"], "at": _at(cached, side, asked),
            "study": _study(asked, cached.pose(side).card)}  # fmt: skip


def _at(cached: Cached, side: int, asked: Question) -> list[float] | None:
    pose = cached.pose(side)
    if asked["joint"] not in pose.card.joints.joints:
        return None
    place = pose.joints[pose.card.joints.index(asked["joint"])]
    return place.tolist() if np.isfinite(place).all() else None


def _study(asked: Question, card: Card) -> list[Told]:
    """What each of these results that ships says, with intervals, and how far that carries.

    A result about several networks or stops is told of this network and of the step's stop, where it has them.
    """
    names = asked.get("what", "").split(",")
    shipped, stop = report.shipped() if any(names) else {}, asked.get("against")
    found: list[Told] = []
    for name in (each for each in names if each in shipped):
        result = shipped[name]
        trained = result["study"] == "seeds"
        every = study_words.answers(result if trained else _of_stop(result, stop))
        mine = [said(each["key"], **{**each["values"], "network": card.short})
                for each in every if each["values"].get("network") == card.title] or every  # fmt: skip
        source = [study_words.small(result["rows"])] if trained else study_words.source(result)
        found.append({"result": name, "says": mine + source})
    return found


def _of_stop(result: dict[str, Any], stop: str | None) -> dict[str, Any]:
    """A result without what it says of other stops, where it says something of this one."""
    with_it = {row["column"] for row in result["rows"] if row.get("upsampling") == stop}
    return {**result, "tests": [test for test in result["tests"] if test["b"] in with_it] or result["tests"]}


def _stride(cached: Cached, side: int, asked: Question) -> Found:
    """Pixels of the input per cell."""
    tap, width = cached.trace(side)[asked["cell"]], cached.pose(side).card.input[1]
    cells = tap.tensor.shape[3]
    return {"value": tap.stride, "values": {"stride": tap.stride, "cells": cells, "pixels": width}}


def _smallest(cached: Cached, side: int, asked: Question) -> Found:
    """Cells along a side of the network's coarsest map."""
    taps = cached.trace(side).values()
    least = min(taps, key=lambda tap: tap.tensor.shape[2])
    height, width = least.tensor.shape[2:]
    largest = cached.trace(side).heatmaps[-1].shape[3]
    return {"value": height, "values": {"height": height, "width": width, "cell": least.name, "heatmap": largest}}


def _field(cached: Cached, side: int, asked: Question) -> Found:
    """The side of the middle cell's theoretical receptive field, of the input's side; fields -- of the branches
    that go into the first fusion of stage 3, the finest first."""
    found, width = cached.field(side, asked["cell"]), cached.pose(side).card.input[1]
    first = [node.name for node in cached.graph(side).nodes.values()
             if (node.role, node.stage, node.module) == ("branch", 3, 1)]  # fmt: skip
    fields = [cached.field(side, name).size[1] for name in first]
    return {"value": found.size[1] / width, "values": {"field": found.size[1], "pixels": width, "fields": fields}}


def _sources(cached: Cached, side: int, asked: Question) -> Found:
    """How many maps a map is made from."""
    node = cached.graph(side).nodes[asked["cell"]]
    return {"value": len(node.sources), "values": {"count": len(node.sources), "names": ", ".join(node.sources)}}


def _sum(cached: Cached, side: int, asked: Question) -> Found:
    """0: the maps are added, with as many channels as each of them has; 1: anything else."""
    found = _found(cached, side, asked)
    same = all(len(term.tensor) == len(found.total) for term in found.terms) and found.error() < 1e-4
    values = {"terms": len(found.terms), "channels": len(found.total), "error": _bound(found.error(), 1e-7)}
    return {"value": 0 if same else 1, "values": values}


def _bound(found: float, least: float) -> float:
    """What a figure is "at most", in one digit; what is below `least` is told apart from nothing."""
    if not np.isfinite(found):
        return found
    digit = 10.0 ** np.floor(np.log10(max(found, least)))
    return float(np.ceil(max(found, least) / digit) * digit)


def _largest(cached: Cached, side: int, asked: Question) -> Found:
    """Which term of a sum has the largest part of all absolute values, in the order of the sum; None of equal ones."""
    terms = _found(cached, side, asked).terms
    best = max(range(len(terms)), key=lambda k: terms[k].share)
    shares = [said("tour.part", term=term.name.rpartition(".")[2], share=term.share) for term in terms]
    largest, next_one = sorted((term.share for term in terms), reverse=True)[:2]
    return {"value": None if np.isclose(largest, next_one) else best, "values": {"shares": shares}}


def _found(cached: Cached, side: int, asked: Question) -> sums.Sum:
    net, name = cached.net(side), asked["cell"]
    if sums.kind(net, name) is None:
        raise KeyError(name)
    found = cached.sum(side, name, _channel(cached, side, asked))
    if found is None:
        raise KeyError(asked["cell"])
    return found


def _channel(cached: Cached, side: int, asked: Question) -> int:
    known = cached.pose(side).card.joints.joints
    return known.index(asked["joint"]) if asked["joint"] in known else 0


def _commute(cached: Cached, side: int, asked: Question) -> Found:
    """How much a fusion's term differs where the map is enlarged first and goes through its 1x1 layers then."""
    net, name, trace = cached.net(side), asked["cell"], cached.trace(side)
    nodes, ways = wiring(net).nodes, wiring(net).ways
    step: Any  # an Enlarge
    layer: Any  # a Conv
    ((reduced, (step,)),) = ways[name].items()
    ((source, (layer, *_)),) = ways[reduced].items()
    path = layer.layer.rpartition(".")[0]  # the convolution and its norm, one after the other
    with torch.inference_mode():
        coarse = trace[source].tensor.to(next(net.parameters()).device)
        other = net.get_submodule(path)(enlarge(coarse, step.factor, trace.stops[nodes[name].place or ""])).cpu()
    term = trace[name].tensor
    difference = float((other - term).abs().max() / term.abs().max())
    return {"value": difference, "values": {"difference": _bound(difference, 1e-9)}}


def _cut(cached: Cached, side: int, asked: Question) -> Found:
    """How far the joints move when a place is cut beside whatever else is cut, in torsos; lost ones count as none.

    On the page the step has cut it already, under this name or as an arrow.
    """
    net, pose, place = cached.net(side), cached.pose(side), asked["cell"]
    mine = {cut.tap for cut in resolve(net, place)}
    whole = {k: how for k, how in pose.silence.items() if mine.isdisjoint(cut.tap for cut in resolve(net, k))}

    def placed(silence: Silence) -> np.ndarray:
        image, how = pose.image[None], {"decoder": cached.comparison.decoder, "flip": cached.comparison.flip}
        seen = work.in_turn(lambda: model.see(net, image, cached.request(side), silence=silence, **how))
        return pose.crop.to_photo(seen.joints[0].cpu().numpy())

    before, after = placed(whole), placed({**whole, place: "zero"})
    moved = np.linalg.norm(after - before, axis=1) / replace(pose, joints=before).torso
    if np.isnan(moved).all():
        return {"value": None, "values": {}}
    farthest = int(np.nanargmax(moved))
    values = {"torsos": float(np.nanmean(moved)), "most": float(moved[farthest])}
    return {"value": values["torsos"], "values": {**values, "joint": pose.card.joints.joints[farthest]}}


def _gradients(cached: Cached, side: int, name: str) -> tuple[float, float, float]:
    """At a tap: nearest loss's share, what the last sends, and that by the size of what all send together."""
    found = cached.gradients(side)
    t = found.taps.index(name)
    return float(found.share[t]), float(found.last[t]), float(found.last[t] / max(found.total[t], 1e-30))


def _gradient(cached: Cached, side: int, asked: Question) -> Found:
    """The part of the gradient that comes from the nearest loss, against all later ones."""
    share, _, part = _gradients(cached, side, asked["cell"])
    return {"value": share, "values": {"share": share, "part": part}}


def _reaches(cached: Cached, side: int, asked: Question) -> Found:
    """1 where the last loss reaches the tap, else 0."""
    _, size, part = _gradients(cached, side, asked["cell"])
    return {"value": float(size > 0), "values": {"size": size, "part": part}}


def _early(cached: Cached, side: int, asked: Question) -> Found:
    """How far from the last answer the joints are that are read at this level, in torsos."""
    (number,) = (k for k, level in enumerate(cached.net(side).levels) if level.tap == asked["cell"])
    frames = film.frames(cached, side)
    away = np.linalg.norm(_placed(cached, side, frames[number]) - _placed(cached, side, frames[-1]), axis=1)
    away = away[np.isfinite(away)] / cached.pose(side).torso
    values = {"torsos": _mean(away), "near": int((away < 0.2).sum()), "joints": len(away)}
    return {"value": values["torsos"], "values": values}


def _mean(away: np.ndarray) -> float:
    """Of all joints that have an answer both times; nan without any."""
    known = away[np.isfinite(away)]
    return float(known.mean()) if len(known) else float("nan")


def _placed(cached: Cached, side: int, frame: Any) -> np.ndarray:
    return cached.pose(side).crop.to_photo(frame.joints)


def _head(cached: Cached, side: int, asked: Question) -> Found:
    """The part of all channels that together hold half of what a heatmap is added up from."""
    *each, _ = _found(cached, side, asked).terms
    sizes = np.sort([term.share for term in each])[::-1]
    few = int((sizes.cumsum() < sizes.sum() / 2).sum()) + 1
    joint = cached.pose(side).card.joints.joints[_channel(cached, side, asked)]
    return {"value": few / len(each), "values": {"few": few, "channels": len(each), "joint": joint}}


def _places(cached: Cached, side: int, asked: Question) -> Found:
    """How many maps are enlarged in a pass."""
    factors = list(cached.net(side).places.values())
    said = ", ".join(f"{factors.count(f)} x {f}" for f in sorted(set(factors)))
    return {"value": len(factors), "values": {"places": len(factors), "factors": said}}


def _blocks(cached: Cached, side: int, asked: Question) -> Found:
    """The part of an enlarged map's cells that are equal to the first one of the block that came from one cell."""
    values = cached.tensor(side, asked["cell"])
    step: Any  # an Enlarge
    ((step,),) = cached.graph(side).ways[asked["cell"]].values()
    f = step.factor
    blocks = values[:, ::f, ::f].repeat_interleave(f, 1).repeat_interleave(f, 2)
    same = float((values == blocks).double().mean())
    return {"value": 1 - same, "values": {"same": same, "factor": f}}


def _answers(cached: Cached, side: int, stop: str) -> np.ndarray:
    """(J, 2) pixels of the photo, with one stop everywhere."""
    return _placed(cached, side, film.frames(cached, side, stop)[-1])


def _shift(cached: Cached, side: int, stop: str) -> float:
    """How far the joints are from where the stop of the training has them, in torsos, mean."""
    pose = cached.pose(side)
    moved = np.linalg.norm(_answers(cached, side, stop) - _answers(cached, side, pose.card.upsampling), axis=1)
    return _mean(moved) / pose.torso


def _moved(cached: Cached, side: int, asked: Question) -> Found:
    """0 where the first network's joints move more with another stop than the second's, 1 where less; None where both
    move alike, are one, were not both trained with nearest, or one has no answer."""
    both, stop = cached.sides, _stop(asked)
    cards = [cached.pose(k).card for k in both]
    if len({card.name for card in cards}) < 2 or {card.upsampling for card in cards} != {"nearest"}:
        return {"value": None, "values": {}}
    first, second = (_shift(cached, k, stop) for k in both)
    names = [card.short for card in cards]
    told = np.isfinite([first, second]).all() and not np.isclose(first, second)
    return {"value": float(second > first) if told else None, "values": {
        "stop": stop, "first": names[0], "second": names[1], "a": first, "b": second}}  # fmt: skip


def _nearer(cached: Cached, side: int, asked: Question) -> Found:
    """How much farther from an example's hand-placed joints the answer is with another stop, in torsos."""
    example, pose, stop = cached.example, cached.pose(side), _stop(asked)
    marked = example.joints if example and cached.placed() else None
    if marked is None or len(marked) != len(pose.card.joints):
        return {"value": None, "values": {}}
    away = np.array([np.linalg.norm(_answers(cached, side, s) - marked[:, :2], axis=1)
                     for s in (pose.card.upsampling, stop)])  # fmt: skip
    both = (marked[:, 2] > 0) & np.isfinite(away).all(axis=0)
    trained, other = (_mean(each[both]) / pose.torso for each in away)
    values = {"stop": stop, "trained": pose.card.upsampling, "before": trained, "after": other,
              "network": pose.card.short}  # fmt: skip
    return {"value": other - trained, "values": values}


def _more(cached: Cached, side: int, asked: Question) -> Found:
    """How many times as far a stop moves the joints as bilinear does, None where as far."""
    stop = _stop(asked)
    plain, other = _shift(cached, side, "bilinear"), _shift(cached, side, stop)
    values = {"stop": stop, "plain": plain, "other": other}
    return {"value": None if not plain or np.isclose(plain, other) else other / plain, "values": values}


def _quarter(cached: Cached, side: int, asked: Question) -> Found:
    """0: every joint that another stop moves, moves by whole quarters of a cell along each axis; 1: not so."""
    pose, stop = cached.pose(side), _stop(asked)
    before, after = (film.frames(cached, side, s)[-1].joints for s in (pose.card.upsampling, stop))
    quarters = (after - before) / pose.card.input[0] * cached.trace(side).heatmaps[-1].shape[2] * 4
    quarters = quarters[np.isfinite(quarters).all(axis=1)]
    still = int((np.abs(quarters).max(axis=1) < 1e-3).sum())
    whole = bool((np.abs(quarters - quarters.round()) < 1e-2).all())
    values = {"still": still, "joints": len(quarters), "cell": pose.cell, "decoder": cached.comparison.decoder,
              "choice": said("page.decoder"), "panel": said("page.more")}  # fmt: skip
    return {"value": None if not len(quarters) else 0 if whole else 1, "values": values}


def _output(cached: Cached, side: int, asked: Question) -> Found:
    """How far apart the answer's two readings are, in quarters of a cell and by DARK, in cells of the heatmap; and how
    fine these cells are."""
    pose, (height, width) = cached.pose(side), cached.trace(side).heatmaps[-1].shape[2:]
    heatmaps = torch.as_tensor(pose.heatmaps[-1])[None]
    quarters, between = (
        model.joints(heatmaps, pose.card, pose.card.input[0], how)[0][0].numpy() for how in ("argmax", "dark")
    )
    stride, cell = pose.card.input[0] / height, pose.cell
    away = _mean(np.linalg.norm(between - quarters, axis=1)) / stride
    values = {"away": away, "pixels": away * cell, "height": height, "width": width, "stride": stride,
              "network": pose.card.short, "cell": cell, "quarter": cell / 4 / pose.torso}  # fmt: skip
    return {"value": away, "values": values}


def _stop(asked: Question) -> str:
    return asked.get("against") or "bilinear"


MEASURES: dict[str, Measure] = {
    "stride": _stride, "smallest": _smallest, "field": _field, "sources": _sources, "sum": _sum, "largest": _largest,
    "commute": _commute,
    "cut": _cut, "early": _early, "head": _head, "places": _places, "blocks": _blocks, "moved": _moved,
    "gradient": _gradient,
    "reaches": _reaches,
    "nearer": _nearer, "more": _more, "quarter": _quarter,
    "output": _output,
}  # fmt: skip
