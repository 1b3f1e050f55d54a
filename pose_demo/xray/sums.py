"""Click to computation: the terms that add up to a map.

    HRNet fusion        sum over j of f_ij(x_j), then ReLU            (CVPR 2019, section 3)
    Hourglass merge     skip + enlarged map from below                (ECCV 2016, section 3.1)
    Hourglass feedback  stack's input + features + heatmaps, remapped (ECCV 2016, section 3.3)
    residual unit       x, or its projection, + f(x); in HRNet with a ReLU behind it
    heatmap head        a weight times a channel, over all channels, plus the bias

All are read from the network's wiring. Terms are added in the order of the forward pass, so that the sum is the
network's own, bit for bit. Beside cuts a term is what the pass adds, not what the map it comes from holds; a map that
is cut itself is shown as it would be, and then what the pass goes on with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..networks.base import PoseNetwork
from ..networks.silence import Change, Silence, changes
from ..networks.trace import Node, Trace
from ..networks.wiring import Conv, Step, Wiring, wiring


@dataclass(frozen=True)
class Term:
    """One summand.

    name   -- its tap, or "channel12" of a head; role -- the tap's
    tensor -- (C, H, W), what is added
    before -- (C, h, w) before it was enlarged, None where nothing enlarges it
    source -- the map that it is made from, and steps -- through which layers
    share  -- its part of all terms' absolute values, 0 to 1; the shares of a sum add up to 1
    """

    name: str
    tensor: Tensor
    before: Tensor | None
    source: str
    share: float
    role: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Sum:
    """kind  -- "fusion", "merge", "feedback", "unit", "head", or "sum" for any other
    total -- (C, H, W), the tap that the terms add up to
    after -- (C, H, W), what is passed on where a ReLU follows, else None
    cut   -- (C, H, W), what the pass goes on with where this map is cut, else None
    """

    kind: str
    name: str
    terms: tuple[Term, ...]
    total: Tensor
    after: Tensor | None = None
    cut: Tensor | None = None

    def added(self) -> Tensor:
        """The terms added in the network's order."""
        result = self.terms[0].tensor
        for term in self.terms[1:]:
            result = result + term.tensor
        return result

    def error(self) -> float:
        """The largest difference between the terms' sum and the total, relative to the total's largest value."""
        return float((self.added() - self.total).abs().max() / self.total.abs().max().clamp_min(1e-30))


#: What a sum is called whose map has this role.
_KINDS = {"sum": "fusion", "merge": "merge", "stack": "feedback"}


def kind(net: PoseNetwork, name: str) -> str | None:
    """Which sum makes this tap; None where it is not a sum. Raises KeyError for a tap that the network has not."""
    nodes, at = wiring(net).nodes, _sum(net, name)
    if at is None or at.join == "head":
        return at and "head"
    unit = any(source in nodes and nodes[source].role == "residual" for source in at.sources)
    return "unit" if unit else _KINDS.get(at.role, "sum")


def taps(net: PoseNetwork, name: str) -> list[str]:
    """The taps that `find` reads: this one, the sum, its terms, and what they were before they were enlarged."""
    nodes, at = wiring(net).nodes, _sum(net, name)
    terms = list(at.sources) if at else []
    before = [b for term in terms if (b := _before(nodes[term]))]
    return list(dict.fromkeys([name, at.name if at else name, *terms, *before]))


def find(
    trace: Trace, name: str, net: PoseNetwork, joint: int | None = None, silence: Silence | None = None
) -> Sum | None:
    """The sum that makes a tap, None where it is not a sum. A head needs the joint's channel.

    silence -- as in the pass that left the trace

    Raises KeyError where the trace holds not all of `taps`: those inside units are recorded when they are named.
    """
    wired, what, chain = wiring(net), kind(net, name), _chain(net, name)
    if what is None:
        return None
    at, (lost, kept) = chain[-1], changes(net, silence or {})
    cut = any(n.name in lost for n in chain) or any(n.name in kept for n in chain[1:])
    if what == "head":
        if joint is None:
            raise ValueError("which channels carry a joint needs the joint's channel")
        return _head(trace, at, net, joint, lost | kept, cut)
    tensors = [kept.get(term, _same)(trace[term].tensor)[0] for term in at.sources]
    terms = []
    for term, tensor, share in zip(at.sources, tensors, shares(tensors), strict=True):
        node, (source, steps) = wired.nodes[term], _origin(wired, term)
        before = _before(node)
        terms.append(Term(term, tensor, trace[before].tensor[0] if before else None, source, share, node.role, steps))
    found = Sum(what, at.name, tuple(terms), trace[at.name].tensor[0])
    total = found.added() if at.name in lost else found.total
    after = total.relu() if any(n.join == "relu" for n in chain) else None
    return replace(found, total=total, after=after, cut=trace[name].tensor[0] if cut else None)


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _sum(net: PoseNetwork, name: str) -> Node | None:
    """The sum or head that a tap is, but for a ReLU or another name behind it."""
    node = _chain(net, name)[-1]
    return node if node.join == "sum" or (node.join == "head" and _layer(net, node)) else None


def _chain(net: PoseNetwork, name: str) -> list[Node]:
    """A tap, and through a ReLU or other names back to what it is."""
    nodes = wiring(net).nodes
    found = [nodes[name]]
    while found[-1].join in ("relu", "same") and found[-1].sources[0] in nodes:
        found.append(nodes[found[-1].sources[0]])
    return found


def _before(node: Node) -> str | None:
    return node.sources[0] if node.join == "enlarge" else None


def _origin(wired: Wiring, name: str) -> tuple[str, tuple[Step, ...]]:
    """Where a term comes from: itself where it stands in the picture, else the map that goes into it, and how."""
    steps: tuple[Step, ...] = ()
    while not wired.visible(name) and wired.nodes[name].role != "unit":
        name, before = next(iter(wired.ways[name].items()))
        steps = (*before, *steps)
    return name, steps


def _layer(net: PoseNetwork, head: Node) -> nn.Conv2d | None:
    """The 1x1 convolution that a head is; None where it is something else."""
    [steps] = wiring(net).ways[head.name].values()
    name = steps[0].layer if len(steps) == 1 and isinstance(steps[0], Conv) else ""
    layer = net.get_submodule(name)
    return layer if isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) else None


def _head(trace: Trace, at: Node, net: PoseNetwork, joint: int, changed: Mapping[str, Change], cut: bool) -> Sum:
    """A weighted sum of channels: one term a channel, the bias the last."""
    layer: Any = _layer(net, at)
    (source,) = at.sources
    goes_in = changed.get(f"{source}->{at.name}", changed.get(source, _same))
    features = goes_in(trace[source].tensor)[0]
    weights = layer.weight[joint, :, 0, 0].to(features)
    bias = torch.zeros(1) if layer.bias is None else layer.bias[joint]
    tensors = [*(weights[:, None, None] * features)[:, None], bias.to(features).expand_as(features[:1])]
    names = [*(f"channel{k}" for k in range(len(features))), "bias"]
    terms = [Term(n, t, None, source, s) for n, t, s in zip(names, tensors, shares(tensors), strict=True)]
    found = Sum("head", at.name, tuple(terms), trace[at.name].tensor[0, joint : joint + 1])
    return replace(found, total=found.added(), cut=found.total) if cut else found


def shares(tensors: list[Tensor]) -> list[float]:
    """Each tensor's part of all absolute values; they add up to 1 (all equal where everything is zero)."""
    sizes = torch.stack([t.abs().sum() for t in tensors]).double()
    whole = sizes.sum()
    return (sizes / whole).tolist() if whole > 0 else [1 / len(tensors)] * len(tensors)
