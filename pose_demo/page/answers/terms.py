"""What adds up to a cell: its terms as maps, of one channel or averaged over all."""

# ruff: noqa: UP013
from __future__ import annotations

from typing import Any, NotRequired

import numpy as np
import torch
from typing_extensions import TypedDict

from ...xray import sums
from ...xray.sums import kind
from ..cached import Cached
from ..schema import NumberMap, Question, Said, said
from .parts import number_map, one, side_of, step, strongest, values_of

__all__ = ["computation", "kind"]

#: In the place of a channel's number: the mean over all.
MEAN = -1

# fmt: off
#: A map of a sum; before -- it was enlarged; source -- what it is made from, and through which layers
Term = TypedDict("Term", {
    "name": str, "label": NotRequired[Said], "source": str, "steps": list[Said], "share": float, "map": NumberMap,
    "before": NumberMap | None,
})
#: channel -- whose numbers these are, None: the mean over all, which knows no ReLU
#: cut -- what the pass goes on with where this map is cut
#: missed -- by how much the terms miss the sum, of its largest value
SumAnswer = TypedDict("SumAnswer", {
    "kind": str, "joint": str, "channel": int | None, "terms": list[Term], "channels": int,
    "total": NumberMap, "after": NumberMap | None, "cut": NumberMap | None,
    "missed": float,
})
# fmt: on


def computation(cached: Cached, asked: Question) -> SumAnswer:
    """The terms that add up to a cell, as maps: of one channel, where none is named the one that answers most clearly
    to the joint, or averaged over all (MEAN). Raises KeyError for a cell that is no sum.
    """
    side, name, number = side_of(cached, asked), asked["cell"], asked.get("channel")
    net, known = cached.net(side), cached.pose(side).card.joints.joints
    kind = sums.kind(net, name)
    if kind is None:
        raise KeyError(name)
    joint = asked["joint"] if asked["joint"] in known else known[0]
    if number is None:
        number = strongest(cached, side, name, joint)
    number = None if number == MEAN else number
    found: Any = cached.sum(side, name, known.index(joint))
    terms = _heads(found) if kind == "head" else _terms(found, number)
    total = one(found.total, number if kind != "head" else 0)
    cut = None if found.cut is None else one(found.cut, number if kind != "head" else 0)
    shown = [*(values_of(t["map"]) for t in terms), total.numpy(), *([] if cut is None else [cut.numpy()])]
    top = max(float(np.abs(v).max()) for v in shown) or 1.0
    for term in terms:
        for each in (term["map"], term["before"]):
            if each:
                each |= {"low": -top, "high": top}
    return {
        "kind": kind,
        "joint": joint,
        "channel": number,
        "terms": terms,
        "channels": int(found.total.shape[0]),
        "total": number_map(total, -top, top),
        "after": None if found.after is None or number is None else number_map(one(found.after, number), -top, top),
        "cut": None if cut is None else number_map(cut, -top, top),
        "missed": max(found.error(), 1e-7),
    }


#: The two terms of a residual unit, by role and whether layers lie in between.
_LABELS = {
    ("residual", True): said("xray.unit_f"), ("shortcut", True): said("xray.unit_projected"),
    ("shortcut", False): said("xray.unit_x"),
}  # fmt: skip


def _terms(found: sums.Sum, number: int | None) -> list[Term]:
    terms: list[Term] = []
    for t in found.terms:
        before = None if t.before is None else number_map(one(t.before, number))
        terms.append({"name": t.name, "source": t.source, "steps": [step(s) for s in t.steps], "share": t.share,
                      "map": number_map(one(t.tensor, number)), "before": before})  # fmt: skip
        if t.role in ("residual", "shortcut"):
            terms[-1]["label"] = _LABELS[t.role, bool(t.steps)]
    return terms


def _heads(found: sums.Sum, most: int = 7) -> list[Term]:
    """The channels with the largest share, the rest in one term, and the bias."""
    *each, bias = found.terms
    order = sorted(range(len(each)), key=lambda k: -each[k].share)
    rest = [each[k] for k in order[most:]]

    def term(label: Said, share: float, values: Any) -> Term:
        return {"name": "", "label": label, "source": each[0].source, "steps": [], "share": share,
                "map": number_map(values), "before": None}  # fmt: skip

    shown = [term(said("xray.channel", channel=k), each[k].share, each[k].tensor[0]) for k in order[:most]]
    if rest:
        together = torch.stack([t.tensor[0].double() for t in rest]).sum(dim=0)
        shown.append(term(said("xray.rest", channels=len(rest)), sum(t.share for t in rest), together))
    return [*shown, term(said("xray.bias"), bias.share, bias.tensor[0])]
