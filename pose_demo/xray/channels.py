"""What the channels of one map hold: (C, H, W) in, numbers and small maps out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..locales import UserError

#: By what a mosaic can be sorted.
ORDERS = ("energy", "variance", "joint", "index")


@dataclass(frozen=True)
class Summary:
    """shape -- (C, H, W); low, high, mean -- of all values
    dead  -- channels that are the same everywhere: they tell nothing of this photo
    zeros -- part of the values that are exactly 0, as a ReLU leaves them
    counts, edges -- a histogram of all values
    """

    shape: tuple[int, int, int]
    low: float
    high: float
    mean: float
    dead: tuple[int, ...]
    zeros: float
    counts: tuple[int, ...]
    edges: tuple[float, ...]


def _numbers(tensor: Tensor) -> Tensor:
    """The tensor. Raises UserError where it holds values that are no numbers: a network that overflowed."""
    if not (finite := tensor.isfinite()).all():
        raise UserError("xray.not_finite", share=100 * float((~finite).float().mean()))
    return tensor


def summary(tensor: Tensor, bins: int = 48) -> Summary:
    flat = _numbers(tensor).flatten(1)
    low, high = float(flat.min()), float(flat.max())
    top = high if high > low else low + 1
    counts, edges = torch.histc(flat, bins, low, top), np.linspace(low, top, bins + 1)
    return Summary(
        (tensor.shape[0], tensor.shape[1], tensor.shape[2]),
        low,
        high,
        float(flat.mean()),
        tuple(dead(tensor)),
        float((flat == 0).float().mean()),
        tuple(int(c) for c in counts),
        tuple(float(e) for e in edges),
    )


def dead(tensor: Tensor) -> list[int]:
    """Channels whose values are all the same."""
    flat = tensor.flatten(1)
    return (flat.amax(dim=1) == flat.amin(dim=1)).nonzero().flatten().tolist()


def energy(tensor: Tensor) -> Tensor:
    """(H, W): root of the mean square over channels, how strongly a place is answered to."""
    return tensor.square().mean(dim=0).sqrt()


def order(tensor: Tensor, by: str, at: tuple[float, float] | None = None) -> tuple[list[int], list[float]]:
    """Channels sorted by what they hold, the most first, and the value that sorted each.

    by -- "energy": mean square; "variance": over the map; "joint": how far a channel's highest value near a joint
          stands above its mean, in its own standard deviations; "index": as they come, with their energy
    at -- the joint's x, y in cells of this map; needed for "joint"
    Raises ValueError for another order, or "joint" without a place.
    """
    flat = tensor.flatten(1)
    if by == "variance":
        value = flat.var(dim=1, correction=0)
    elif by in ("energy", "index"):
        value = flat.square().mean(dim=1)
    elif by == "joint" and at is not None:
        value = near(tensor, at)
    else:
        raise ValueError(f"channels are sorted by {', '.join(ORDERS)}; a joint needs its place; not {by!r}")
    first = range(len(value)) if by == "index" else torch.argsort(value, descending=True, stable=True).tolist()
    return list(first), [float(value[k]) for k in first]


def near(tensor: Tensor, at: tuple[float, float], radius: int = 1) -> Tensor:
    """(C,): each channel's highest value within `radius` cells of x, y, above its mean, in standard deviations."""
    _, h, w = tensor.shape
    x, y = min(max(round(at[0]), 0), w - 1), min(max(round(at[1]), 0), h - 1)
    window = tensor[:, max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
    flat = tensor.flatten(1)
    deviation = flat.std(dim=1, correction=0)
    above = window.flatten(1).amax(dim=1) - flat.mean(dim=1)
    return torch.where(deviation > 0, above / deviation.clamp_min(1e-12), torch.zeros_like(above))


def pca(tensor: Tensor) -> tuple[np.ndarray, tuple[float, float, float]]:
    """The first three principal components over channels as red, green, blue.

    Returns (H, W, 3) uint8, each component stretched from its 1st to its 99th percentile, and the part of the
    variance that each explains. A component's sign is arbitrary; here its largest weight is positive.
    """
    c, h, w = tensor.shape
    flat = _numbers(tensor).flatten(1).T.double()
    flat = flat - flat.mean(dim=0)
    covariance = flat.T @ flat
    values, vectors = torch.linalg.eigh(covariance)
    top = vectors[:, -3:].flip(1)
    if c < 3:
        top = torch.cat([top, top.new_zeros(c, 3 - top.shape[1])], dim=1)
    top = top * torch.sign(top.gather(0, top.abs().argmax(dim=0, keepdim=True)))
    parts = (flat @ top).numpy()
    low, high = np.percentile(parts, [1, 99], axis=0)
    level = np.clip((parts - low) / np.maximum(high - low, 1e-12), 0, 1)
    whole = float(values.clamp_min(0).sum()) or 1.0
    explained = [float(v) / whole for v in values.clamp_min(0).flip(0)[:3]]
    red, green, blue = explained + [0.0] * (3 - len(explained))
    return np.round(level * 255).astype(np.uint8).reshape(h, w, 3), (red, green, blue)
