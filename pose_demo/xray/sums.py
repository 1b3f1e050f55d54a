"""Click to computation: the terms that add up to a map.

    HRNet fusion        sum over j of f_ij(x_j), then ReLU            (CVPR 2019, section 3.2)
    Hourglass merge     skip + enlarged map from below                (ECCV 2016, section 3.1)
    Hourglass feedback  stack's input + features + heatmaps, remapped (ECCV 2016, section 3.2)
    heatmap head        a weight times a channel, over all channels, plus the bias

Terms are added in the order of the forward pass, so that the sum is the network's own, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..networks.base import PoseNetwork
from ..networks.hourglass import StackedHourglass
from ..networks.hrnet import HRNet
from ..networks.trace import Trace


@dataclass(frozen=True)
class Term:
    """One summand.

    name   -- its tap, or "channel12" of a head
    tensor -- (C, H, W), what is added
    before -- (C, h, w) before it was enlarged, None where nothing enlarges it
    source -- the tap that it is made from
    share  -- its part of all terms' absolute values, 0 to 1; the shares of a sum add up to 1
    """

    name: str
    tensor: Tensor
    before: Tensor | None
    source: str
    share: float


@dataclass(frozen=True)
class Sum:
    """kind  -- "fusion", "merge", "feedback" or "head"
    total -- (C, H, W), the tap that the terms add up to
    after -- (C, H, W), what is passed on where a ReLU follows, else None
    """

    kind: str
    name: str
    terms: tuple[Term, ...]
    total: Tensor
    after: Tensor | None = None

    def added(self) -> Tensor:
        """The terms added in the network's order."""
        result = self.terms[0].tensor
        for term in self.terms[1:]:
            result = result + term.tensor
        return result

    def error(self) -> float:
        """The largest difference between the terms' sum and the total, relative to the total's largest value."""
        return float((self.added() - self.total).abs().max() / self.total.abs().max().clamp_min(1e-30))


def kind(trace: Trace, name: str) -> str | None:
    """Which sum makes this tap; None where it is not a sum."""
    tap = trace[name]
    if tap.role in ("sum", "fused"):
        return "fusion"
    if tap.role == "merge":
        return "merge"
    if tap.role == "stack" and (name.endswith(".output") or tap.stack > 1):
        return "feedback"
    return "head" if tap.role == "heatmaps" else None


def find(trace: Trace, name: str, net: PoseNetwork | None = None, joint: int | None = None) -> Sum | None:
    """The sum that makes a tap, None where it is not a sum. A head needs the network and the joint's channel."""
    match kind(trace, name):
        case "fusion":
            return _fusion(trace, name)
        case "merge":
            level = name.removesuffix(".merge")
            stack, k = trace[name].stack, trace[name].level
            parts = [
                (f"{level}.skip", None, f"{level}.skip"),
                (f"{level}.upsampled", f"stack{stack}.level{k + 1}.up", f"stack{stack}.level{k + 1}.up"),
            ]
            return _sum("merge", trace, name, parts)
        case "feedback":
            stack = trace[name].stack - (0 if name.endswith(".output") else 1)
            at = f"stack{stack}"
            parts = [
                (f"{at}.input", None, f"{at}.input"),
                (f"{at}.feedback.features", None, f"{at}.features"),
                (f"{at}.feedback.heatmaps", None, f"{at}.heatmaps"),
            ]
            return _sum("feedback", trace, name, parts)
        case "head":
            if net is None or joint is None:
                raise ValueError("which channels carry a joint needs the network and the joint's channel")
            return _head(trace, name, net, joint)
    return None


def _fusion(trace: Trace, name: str) -> Sum:
    at = name.rpartition(".")[0]
    module = at.rpartition(".")[0]
    tap = trace[name]
    terms = trace.where(role="term", stage=tap.stage, module=tap.module, branch=tap.branch)
    parts = [
        (t.name, f"{t.name}.reduced" if f"{t.name}.reduced" in trace else None, f"{module}.branch{t.source}")
        for t in terms
    ]
    return _sum("fusion", trace, f"{at}.sum", parts, trace[f"{at}.fused"].tensor[0])


def _sum(kind: str, trace: Trace, name: str, parts: list, after: Tensor | None = None) -> Sum:
    tensors = [trace[part].tensor[0] for part, _, _ in parts]
    terms = tuple(
        Term(part, tensor, None if before is None else trace[before].tensor[0], source, share)
        for (part, before, source), tensor, share in zip(parts, tensors, shares(tensors), strict=True)
    )
    return Sum(kind, name, terms, trace[name].tensor[0], after)


def _head(trace: Trace, name: str, net: PoseNetwork, joint: int) -> Sum:
    """A 1x1 convolution is a weighted sum of channels: one term a channel, the bias the last."""
    layer, source = head(net, trace, name)
    features = trace[source].tensor[0]
    weights = layer.weight[joint, :, 0, 0].to(features)
    products = weights[:, None, None] * features
    bias = layer.bias[joint].to(features).expand_as(features[:1])
    tensors = [*products[:, None], bias]
    names = [f"channel{k}" for k in range(len(products))] + ["bias"]
    terms = tuple(
        Term(n, t, None, source, s) for n, t, s in zip(names, tensors, shares(tensors), strict=True)
    )  # fmt: skip
    return Sum("head", name, terms, trace[name].tensor[0, joint : joint + 1])


def head(net: PoseNetwork, trace: Trace, name: str) -> tuple[nn.Conv2d, str]:
    """The 1x1 layer that makes these heatmaps, and the tap that it reads."""
    if isinstance(net, StackedHourglass):
        stack = trace[name].stack
        return net.heads[stack - 1], f"stack{stack}.features"
    if isinstance(net, HRNet):
        last = len(net.stages[-1])
        return net.head, f"stage4.module{last}.branch0.fused"
    raise ValueError(f"{type(net).__name__} leaves no trace")


def shares(tensors: list[Tensor]) -> list[float]:
    """Each tensor's part of all absolute values; they add up to 1 (all equal where everything is zero)."""
    sizes = torch.stack([t.abs().sum() for t in tensors]).double()
    whole = sizes.sum()
    return (sizes / whole).tolist() if whole > 0 else [1 / len(tensors)] * len(tensors)
