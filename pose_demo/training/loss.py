"""Targets and the loss: squared error against Gaussians, for both networks alike."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..decode import gaussians, to_cells


def targets(joints: Tensor, size: int, stride: int, sigma: float, cells: str = "centre") -> tuple[Tensor, Tensor]:
    """joints (N, J, 3) in pixels of a size x size input -> heatmaps (N, J, s, s), s = size / stride; weights (N, J).

    A marked joint is a Gaussian of height 1 and `sigma` cells; one that was moved out of the picture is a map of
    zeros that counts; one that was never marked does not count.
    """
    at = to_cells(joints[..., :2], stride, cells)
    inside = ((joints[..., :2] >= -0.5) & (joints[..., :2] <= size - 0.5)).all(-1)
    marked = joints[..., 2] > 0
    maps = gaussians(at, (size // stride, size // stride), sigma)
    return maps * (inside & marked)[..., None, None], marked.float()


def joint_losses(heatmaps: list[Tensor], target: Tensor, sigma: float) -> Tensor:
    """(N, J): squared error summed over the map and averaged over supervisions; 1 is what an empty map costs."""
    # The target is fp32 at least, and so are the differences.
    per_stack = [(h - target).square().sum((2, 3)) for h in heatmaps]
    return torch.stack(per_stack).mean(0) / (math.pi * sigma**2)


def kept(losses: Tensor, weights: Tensor, drop: float = 0.0) -> Tensor:
    """(N, J) bool: the joints that count, without the worst share `drop` of them (swapped or misplaced labels).

    Nothing here waits for the GPU, as picking by a mask would.
    """
    counted = weights > 0
    ordered = torch.where(counted, losses.detach(), torch.inf).flatten().sort().values
    last = (counted.sum() * (1 - drop)).round().long().clamp_min(1) - 1
    return counted & ~(losses.detach() > ordered.gather(0, last[None]))  # not <=, so that nan stays and is noticed


def masked_mean(losses: Tensor, mask: Tensor, count: Tensor | None = None) -> Tensor:
    """Sum of the losses in the mask by `count`, the number of them where none is given; 0 where there is none."""
    count = mask.sum() if count is None else count
    return torch.where(mask, losses, 0.0).sum() / count.clamp_min(1)
