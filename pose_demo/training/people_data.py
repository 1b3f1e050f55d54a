"""Whole photos with the boxes of everybody in them: in memory, and augmented as batches."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from ..locales import UserError
from ..study.label_npz import array
from . import data
from .augmentation import Augmentation, _move
from .data import Rows, decoded

#: Of the photos that are read, within which side in pixels.
SIDE = 288
#: What a box of Photos is: nothing (it fills a row), a person, or something that may be one.
NONE, PERSON, UNSURE = 0, 1, 2
_SHOWN = 0.3  # of a person's box must be within the picture for a person to be asked for there


@dataclass
class Photos(Rows):
    """N photos, each whole in the middle of a square.

    images -- (N, 3, S, S) uint8 RGB, black beside the photo
    boxes  -- (N, K, 4) float32 x0, y0, x1, y1 in pixels of these images; pixel i covers i - 0.5 to i + 0.5
    kinds  -- (N, K) int64: NONE, PERSON or UNSURE
    inner  -- (N, 4) float32: where the photo lies in its square, edges in pixels from its corner
    """

    images: Tensor
    boxes: Tensor
    kinds: Tensor
    inner: Tensor

    @classmethod
    def cat(cls, parts: Sequence[Self]) -> Self:
        most = max(p.kinds.shape[1] for p in parts)
        wide = [(p, most - p.kinds.shape[1]) for p in parts]
        return super().cat([replace(p, boxes=pad(p.boxes, (0, 0, 0, n)), kinds=pad(p.kinds, (0, n))) for p, n in wide])


def load(file: str | Path, size: int, limit: int | None = None, threads: int = 4) -> Photos:
    """A .npz of photos (webp, offset, shape, box, box_offset, unsure, unsure_offset), each within size x size pixels.

    Raises UserError that names the file if a field is missing.
    """
    wanted = ("webp", "offset", "shape", "box", "box_offset", "unsure", "unsure_offset")
    held = {name: array(Path(file), name) for name in wanted}
    count = len(held["shape"]) if limit is None else min(limit, len(held["shape"]))
    images = torch.zeros(count, 3, size, size, dtype=torch.uint8)
    inner, found = torch.empty(count, 4), []
    for k in range(count):
        height, width = (int(v) for v in held["shape"][k])
        scale = size / max(height, width)
        h, w = round(height * scale), round(width * scale)
        left, top = (size - w) // 2, (size - h) // 2
        inner[k] = torch.tensor([left, top, left + w, top + h])
        rows = [held[name][held[f"{name}_offset"][k] : held[f"{name}_offset"][k + 1]] for name in ("box", "unsure")]
        # The files' boxes have edges counted from the photo's corner, as COCO's have.
        found.append([torch.from_numpy(r) * scale + torch.tensor([left, top] * 2) - 0.5 for r in rows])

    def decode(k: int) -> None:
        x0, y0, x1, y1 = (int(v) for v in inner[k])
        pixels = decoded(held["webp"], held["offset"], k, (x1 - x0, y1 - y0))
        images[k, :, y0:y1, x0:x1] = torch.from_numpy(pixels).permute(2, 0, 1)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(decode, range(count)))
    return Photos(images, *_padded(found), inner)


def _padded(found: list[list[Tensor]]) -> tuple[Tensor, Tensor]:
    """[[people's boxes, unsure ones] of each photo] -> boxes (N, K, 4), kinds (N, K)."""
    most = max((sum(map(len, rows)) for rows in found), default=0)
    boxes, kinds = torch.zeros(len(found), most, 4), torch.full((len(found), most), NONE)
    for k, (sure, unsure) in enumerate(found):
        both = torch.cat([sure, unsure])
        boxes[k, : len(both)] = both.float()
        kinds[k, : len(sure)], kinds[k, len(sure) : len(both)] = PERSON, UNSURE
    return boxes, kinds


#: As data.split, of photos.
split = partial(data.split, load=load)


def are(folder: str | Path) -> bool:
    """Whether a folder's train-*.npz are photos with boxes, and no crops with joints. Raises UserError for none."""
    shard = next(iter(sorted(Path(folder).glob("train-*.npz"))), None)
    if shard is None:
        raise UserError("train.no_shards", folder=folder)
    with np.load(shard) as file:
        return "box_offset" in file.files


@dataclass(frozen=True)
class PeopleAugmentation:
    """Crops that make people small and large, mirrored, less sharp, of other colours.

    scale -- smallest and largest magnification of a photo that fills `full` pixels, log-uniform: an input of fewer
             pixels sees a part of it at the same scale
    """

    scale: tuple[float, float] = (0.55, 1.4)
    full: int = 256
    shift: float = 0.25
    flipped: float = 0.5
    degraded: float = 0.3
    colour: float = 0.3
    grey: float = 0.05
    cut_out: float = 0.2

    def __call__(self, photos: Photos, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """A batch -> images (N, 3, size, size) in 0..1, boxes (N, K, 4) in their pixels, clipped, and kinds (N, K)."""
        low, high = (s * self.full / size for s in self.scale)
        looks = Augmentation((low, high), self.shift, 0.0, 0.0, 0.0, self.flipped, self.degraded, self.colour,
                             self.grey, self.cut_out)  # fmt: skip
        images = photos.images.float() / 255
        matrix, _ = looks._geometry(len(photos), False, images.device)
        images = looks._warp(images, photos.inner, matrix, size)
        images = looks._cut_out(looks._recolour(looks._degrade(images))).clamp(0, 1)
        return images, *moved(photos, matrix, size)


def moved(photos: Photos, matrix: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The boxes and kinds of photos that were warped by `matrix` (N, 2, 3), output to input in -1..1, to size x size.

    Of whom less than a third is still to be seen may be asked for or not; of whom nothing is, is nobody.
    """
    side = photos.images.shape[-1]
    corners = torch.stack([photos.boxes[..., :2], photos.boxes[..., 2:]], 2).flatten(1, 2)
    corners = _move(corners, side, matrix, size).unflatten(1, (-1, 2))
    boxes = torch.cat([corners.amin(2), corners.amax(2)], -1)
    whole = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    boxes = boxes.clamp(-0.5, size - 0.5)
    share = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1) / whole.clamp(min=1e-6)
    kinds = torch.where((photos.kinds == PERSON) & (share < _SHOWN), UNSURE, photos.kinds)
    return boxes, torch.where(share > 0.02, kinds, NONE)
