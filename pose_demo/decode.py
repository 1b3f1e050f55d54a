"""Heatmaps -> joints, and the two conventions by which a cell stands for pixels of the network's input.

"centre" -- cell i covers input pixels i * stride to (i + 1) * stride - 1, so its centre is
            (i + 0.5) * stride - 0.5. Our own weights are trained with it, and so are the stacks of bearpaw and
            anibali: their targets round joint / stride down, to the cell that covers the joint.
"corner" -- cell i stands for pixel i * stride. HRNet's and MMPose's weights are trained with it: their targets round
            joint / stride to the nearest cell, and their decoding multiplies by the stride.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .locales import UserError

CELLS = ("centre", "corner")


def decode(heatmaps: Tensor, method: str = "argmax") -> tuple[Tensor, Tensor]:
    """Where each heatmap peaks, in cells, and how high.

    heatmaps -- (N, J, H, W)
    method   -- a key of DECODERS. "argmax": the highest cell, moved a quarter cell towards the higher neighbour on
                each axis (Stacked Hourglass section 3.4, HRNet section 4.1); errs by up to a quarter cell.
                "dark": Taylor expansion of the smoothed log-heatmap (Zhang et al., CVPR 2020, section 3.2).

    Returns joints (N, J, 2) float32 as x, y in cells, cell centres at whole numbers, and scores (N, J) float32,
    the value of the highest cell. A map without any positive value peaks where it is highest, with its score.
    A constant map, and one with a value that is no number, is no answer: its joint and its score are nan, so that no
    threshold shows it.
    """
    check(method)
    n, j, h, w = heatmaps.shape
    flat = heatmaps.float().reshape(n * j, h, w)
    scores, at = flat.flatten(1).max(dim=1)
    x, y = at % w, at // w
    offset = DECODERS[method](flat, x, y)
    joints = torch.stack([x, y], dim=1).float() + offset
    silent = (scores == flat.flatten(1).amin(dim=1)) | ~scores.isfinite()
    joints, scores = joints.masked_fill(silent[:, None], torch.nan), scores.masked_fill(silent, torch.nan)
    return joints.reshape(n, j, 2), scores.reshape(n, j)


def check(method: str) -> str:
    """The decoder's name itself, or a UserError that lists those there are."""
    if method not in DECODERS:
        raise UserError("decoder.unknown", name=repr(method), known=", ".join(DECODERS))
    return method


def to_input(joints: Tensor, stride: int, cells: str) -> Tensor:
    """Cells of a heatmap -> pixels of the network's input, pixel centres at whole numbers; (..., 2) both."""
    return joints * stride + ((stride - 1) / 2 if cells == "centre" else 0.0)


def to_cells(joints: Tensor, stride: int, cells: str) -> Tensor:
    """The inverse of `to_input`."""
    return (joints - ((stride - 1) / 2 if cells == "centre" else 0.0)) / stride


def gaussians(at: Tensor, size: tuple[int, int], sigma: float) -> Tensor:
    """Cells (..., 2) as x, y -> (..., h, w): what a network is trained to answer, height 1 and `sigma` cells wide."""
    gy, gx = (
        torch.exp(-((torch.arange(length, device=at.device) - at[..., k, None]) ** 2) / (2 * sigma**2))
        for k, length in ((1, size[0]), (0, size[1]))
    )
    return gy[..., :, None] * gx[..., None, :]


def flip_merge(heatmaps: Tensor, mirrored: Tensor, flip: tuple[int, ...], shift: bool = False) -> Tensor:
    """The flip test: the mean of the heatmaps of a photo and of its mirror image.

    mirrored -- (N, J, H, W), heatmaps of the mirrored photo as the network gave them
    flip     -- channel of each joint in the mirrored photo (JointSet.flip)
    shift    -- move the mirrored maps one cell to the right, as HRNet's SHIFT_HEATMAP: needed with weights whose
                cells are "corner", where mirroring moves everything by one cell less a pixel
    """
    back = mirrored.flip(-1)[:, list(flip)]
    if shift:
        back = torch.cat([back[..., :1], back[..., :-1]], dim=-1)
    return (heatmaps + back) / 2


def _window(flat: Tensor, x: Tensor, y: Tensor, radius: int) -> Tensor:
    """(K, H, W), (K,), (K,) -> (K, 2r + 1, 2r + 1) around each peak, zero outside the map."""
    padded = F.pad(flat, (radius,) * 4)
    steps = torch.arange(2 * radius + 1, device=flat.device)
    k = torch.arange(len(flat), device=flat.device)[:, None, None]
    return padded[k, (y[:, None] + steps)[:, :, None], (x[:, None] + steps)[:, None, :]]


def _quarter(flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
    h, w = flat.shape[1:]
    around = _window(flat, x, y, 1)
    dx = torch.sign(around[:, 1, 2] - around[:, 1, 0]) * ((x > 0) & (x < w - 1))
    dy = torch.sign(around[:, 2, 1] - around[:, 0, 1]) * ((y > 0) & (y < h - 1))
    return torch.stack([dx, dy], dim=1) * 0.25


def _taylor(flat: Tensor, x: Tensor, y: Tensor, sigma: float = 2.0, radius: int = 5) -> Tensor:
    """DARK's offset. Near the border the smoothing kernel shrinks to what fits, so that zeros from beyond the map
    cannot pull the peak inwards; elsewhere it is the usual 11x11 Gaussian."""
    h, w = flat.shape[1:]
    room = torch.stack([x, w - 1 - x, y, h - 1 - y]).min(dim=0).values
    inside = room >= 1
    reach = (room - 1).clamp(0, radius)[:, None]  # the stencil itself takes one cell on each side
    steps = torch.arange(-radius, radius + 1, device=flat.device)[None]
    kernel = torch.exp(-(steps**2) / (2 * sigma**2)) * (steps.abs() <= reach)
    kernel = kernel / kernel.sum(dim=1, keepdim=True)

    rows = _window(flat, x, y, radius + 1).unfold(1, 2 * radius + 1, 1)  # (K, 3, 2r + 3, 2r + 1)
    smooth = torch.einsum("kacr,kr->kac", rows, kernel).unfold(2, 2 * radius + 1, 1)
    smooth = torch.einsum("kabr,kr->kab", smooth, kernel)  # (K, 3, 3)

    log = smooth.clamp_min(1e-10).log()
    gx, gy = (log[:, 1, 2] - log[:, 1, 0]) / 2, (log[:, 2, 1] - log[:, 0, 1]) / 2
    hxx = log[:, 1, 2] - 2 * log[:, 1, 1] + log[:, 1, 0]
    hyy = log[:, 2, 1] - 2 * log[:, 1, 1] + log[:, 0, 1]
    hxy = (log[:, 2, 2] - log[:, 2, 0] - log[:, 0, 2] + log[:, 0, 0]) / 4
    det = hxx * hyy - hxy**2
    peak = inside & (det > 1e-12) & (hxx < 0)
    det = torch.where(peak, det, torch.ones_like(det))
    offset = torch.stack([(hxy * gy - hyy * gx) / det, (hxy * gx - hxx * gy) / det], dim=1)
    # A Taylor step of more than a cell and a half leaves the stencil it was computed from: not a peak's shape.
    peak &= offset.abs().amax(dim=1) <= 1.5
    return torch.where(peak[:, None], offset, torch.zeros_like(offset))


#: By name: heatmaps (K, h, w) and the highest cell's x, y, (K,) each -> (K, 2) what is to be added to x, y, in cells.
DECODERS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"argmax": _quarter, "dark": _taylor}
