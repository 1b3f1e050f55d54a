"""Targets and the loss: squared error against Gaussians, for both networks alike."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..decode import to_cells


def targets(joints: Tensor, size: int, stride: int, sigma: float, cells: str = "centre") -> tuple[Tensor, Tensor]:
    """joints (N, J, 3) in pixels of a size x size input -> heatmaps (N, J, s, s), s = size / stride; weights (N, J).

    A marked joint is a Gaussian of height 1 and `sigma` cells; one that was moved out of the picture is a map of
    zeros that counts; one that was never marked does not count.
    """
    at = to_cells(joints[..., :2], stride, cells)
    grid = torch.arange(size // stride, device=joints.device)
    gx, gy = (torch.exp(-((grid - at[..., k, None]) ** 2) / (2 * sigma**2)) for k in (0, 1))
    inside = ((joints[..., :2] >= -0.5) & (joints[..., :2] <= size - 0.5)).all(-1)
    marked = joints[..., 2] > 0
    return gy[..., :, None] * gx[..., None, :] * (inside & marked)[..., None, None], marked.float()


def joint_losses(heatmaps: list[Tensor], target: Tensor, sigma: float) -> Tensor:
    """(N, J): squared error summed over the map and averaged over supervisions; 1 is what an empty map costs."""
    per_stack = [(h.float() - target).square().sum((2, 3)) for h in heatmaps]
    return torch.stack(per_stack).mean(0) / (math.pi * sigma**2)


def masked_mean(losses: Tensor, weights: Tensor, drop: float = 0.0) -> Tensor:
    """Mean over joints that count, without the worst share `drop` of them (swapped or misplaced labels).

    Nothing here waits for the GPU, as picking by a mask would.
    """
    counted = weights > 0
    ordered = torch.where(counted, losses, torch.inf).flatten().sort().values
    keep = (counted.sum() * (1 - drop)).round().clamp_min(1)
    kept = (torch.arange(ordered.numel(), device=losses.device) < keep) & (ordered != torch.inf)
    return torch.where(kept, ordered, 0.0).sum() / keep
