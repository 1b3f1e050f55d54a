"""Augmentation of whole batches where the data are, on the GPU if they are there.

One warp does scale, shift, rotation, flip and the border; then sharpness, colour and cut-out. Everything is drawn
per photo except the blur's and the resampling's strength, which a batch shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..networks.mmpose_compat import prepare_torchvision
from ..networks.model import constant
from .data import Crops


@dataclass(frozen=True)
class Augmentation:
    """Strengths; the defaults are the recipe of weights/README.md.

    scale -- smallest and largest magnification, log-uniform; shift -- largest, as share of the side
    rotation -- degrees, for the share `rotated` of photos; `any_angle` of them turn by anything
    flipped, degraded, grey, cut_out -- shares of photos; colour -- largest change, as share
    """

    scale: tuple[float, float] = (0.75, 1.6)
    shift: float = 0.1
    rotation: float = 35.0
    rotated: float = 0.5
    any_angle: float = 0.05
    flipped: float = 0.5
    degraded: float = 0.35
    colour: float = 0.3
    grey: float = 0.1
    cut_out: float = 0.3

    def __call__(self, crops: Crops, size: int, flip: tuple[int, ...], turn: bool = True) -> tuple[Tensor, Tensor]:
        """A batch of crops -> images (N, 3, size, size) float in 0..1, joints (N, J, 3) in their pixels.

        A joint that left the picture keeps its place outside and its mark.
        """
        images = crops.images.float() / 255
        matrix, mirrored = self._geometry(len(crops), turn, images.device)
        images = self._warp(images, crops.inner, matrix, size)
        joints = _move(crops.joints, crops.images.shape[-1], matrix, size)
        joints = torch.where(mirrored[:, None, None], joints[:, list(flip)], joints)
        return self._cut_out(self._recolour(self._degrade(images))).clamp(0, 1), joints

    def _geometry(self, n: int, turn: bool, device: torch.device) -> tuple[Tensor, Tensor]:
        """(N, 2, 3) from output to input, both in -1..1, and which photos are mirrored."""
        rand = lambda: torch.rand(n, device=device)  # noqa: E731
        low, high = (math.log(s) for s in self.scale)
        zoom = torch.exp(low + (high - low) * rand())
        angle = (rand() * 2 - 1) * math.radians(self.rotation) * (rand() < self.rotated)
        angle = torch.where(rand() < self.any_angle, (rand() * 2 - 1) * math.pi, angle) * turn
        mirrored = rand() < self.flipped
        c, s, sign = angle.cos() / zoom, angle.sin() / zoom, torch.where(mirrored, -1.0, 1.0)
        shift = (torch.rand(2, n, device=device) * 2 - 1) * 2 * self.shift
        rows = [torch.stack([c * sign, -s, shift[0]], 1), torch.stack([s * sign, c, shift[1]], 1)]
        return torch.stack(rows, 1), mirrored

    def _warp(self, images: Tensor, inner: Tensor, matrix: Tensor, size: int) -> Tensor:
        """Samples the photo; what lies beyond it becomes black, its mean colour, its edge, or another crop blurred."""
        n, side, device = len(images), images.shape[-1], images.device
        grid = F.affine_grid(matrix, [n, 3, size, size], align_corners=False)
        edge = (inner / side * 2 - 1)[:, None, None]  # x0, y0, x1, y1
        low, high = edge[..., :2], edge[..., 2:]
        pixel = 1 / side
        within = ((grid >= low) & (grid <= high)).all(-1)[:, None]
        held = torch.minimum(torch.maximum(grid, low + pixel), high - pixel)
        out = F.grid_sample(images, held, padding_mode="border", align_corners=False)

        kind = torch.randint(4, (n, 1, 1, 1), device=device)
        mean = (
            images.mean((2, 3), keepdim=True)
            * side**2
            / ((inner[:, 2] - inner[:, 0]) * (inner[:, 3] - inner[:, 1]))[:, None, None, None].clamp_min(1)
        )
        other = F.interpolate(F.adaptive_avg_pool2d(images.roll(1, 0), 8), size=size, mode="bilinear")
        fill = torch.where(kind == 0, torch.zeros_like(mean), mean)
        fill = torch.where(kind == 2, other, fill.expand_as(out))
        return torch.where(within | (kind == 3), out, fill)

    def _degrade(self, images: Tensor) -> Tensor:
        """Some of the photos lose or gain sharpness: down and up again, a blur, an unsharp mask, or JPEG."""
        size = images.shape[-1]
        chosen = torch.randperm(len(images), device=images.device)[: round(len(images) * self.degraded)]
        kinds = (_coarsen, _blur, _sharpen, jpeg)
        strengths = (size * (0.4 + 0.6 * _uniform()), 0.5 + _uniform(), 0.5 + _uniform(), 20 + 60 * _uniform())
        for part, kind, strength in zip(chosen.tensor_split(len(kinds)), kinds, strengths, strict=True):
            if len(part):
                images[part] = kind(images[part], strength)
        return images

    def _recolour(self, images: Tensor) -> Tensor:
        """Brightness, contrast, saturation and a tint by up to `colour`; some photos turn grey."""

        def factor() -> Tensor:
            return 1 + (torch.rand(len(images), 1, 1, 1, device=images.device) * 2 - 1) * self.colour

        images = images * factor()
        mean = images.mean((1, 2, 3), keepdim=True)
        images = mean + (images - mean) * factor()
        weights = constant((0.299, 0.587, 0.114), images.device)[None, :, None, None]
        grey = (images * weights).sum(1, keepdim=True)
        keep = torch.rand(len(images), 1, 1, 1, device=images.device) >= self.grey
        tint = 1 + (torch.rand(len(images), 3, 1, 1, device=images.device) * 2 - 1) * self.colour / 3
        return torch.where(keep, (grey + (images - grey) * factor()) * tint, grey)

    def _cut_out(self, images: Tensor) -> Tensor:
        """A rectangle of one colour over some of the photos: joints behind it must be guessed from the rest."""
        n, size, device = len(images), images.shape[-1], images.device
        centre, half = torch.rand(2, n, 1, device=device), (0.05 + 0.1 * torch.rand(2, n, 1, device=device))
        at = (torch.arange(size, device=device) + 0.5)[None] / size
        covered = (at - centre[0]).abs()[..., None, :] < half[0][..., None]
        covered = covered & ((at - centre[1]).abs()[..., None] < half[1][..., None])
        covered &= torch.rand(n, 1, 1, device=device) < self.cut_out
        return torch.where(covered[:, None], torch.rand(n, 3, 1, 1, device=device), images)


def _move(joints: Tensor, side: int, matrix: Tensor, size: int) -> Tensor:
    """Joints of a side x side crop -> pixels of the warped size x size picture: the warp's inverse."""
    source = (joints[..., :2] + 0.5) / side * 2 - 1
    inverse = torch.linalg.inv(matrix[..., :2])
    target = (source - matrix[:, None, :, 2]) @ inverse.transpose(1, 2)
    return torch.cat([(target + 1) * size / 2 - 0.5, joints[..., 2:]], dim=-1)


def _uniform() -> float:
    return torch.rand(()).item()


def _coarsen(images: Tensor, size: float) -> Tensor:
    small = F.interpolate(images, size=max(8, round(size)), mode="bilinear", antialias=True)
    return F.interpolate(small, size=images.shape[-1], mode="bilinear")


def _sharpen(images: Tensor, sigma: float) -> Tensor:
    return images + 0.8 * (images - _blur(images, sigma))


def _blur(images: Tensor, sigma: float) -> Tensor:
    prepare_torchvision()
    from torchvision.transforms.v2.functional import gaussian_blur

    return gaussian_blur(images, [7, 7], [sigma, sigma])


# Luminance quantisation of the JPEG standard, annex K (ITU-T T.81, table K.1).
_QUANTISATION = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


def jpeg(images: Tensor, quality: float) -> Tensor:
    """What JPEG's quantisation does to (N, 3, H, W) in 0..1 with H and W multiples of 8, as a batch on the device.

    Each channel by itself with the luminance table (no chroma subsampling): the blocks and ringing that matter.
    """
    n, c, h, w = images.shape
    k = torch.arange(8, device=images.device, dtype=images.dtype)
    basis = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    table = constant(_QUANTISATION, images.device).reshape(8, 8)
    table = (table * (50 / quality if quality < 50 else 2 - quality / 50)).clamp_min(1) / 255
    blocks = images.reshape(n, c, h // 8, 8, w // 8, 8).transpose(3, 4)
    quantised = ((basis @ (blocks - 0.5) @ basis.T) / table).round() * table
    return (basis.T @ quantised @ basis + 0.5).transpose(3, 4).reshape(n, c, h, w)
