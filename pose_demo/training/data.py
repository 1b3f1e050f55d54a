"""Labelled person crops in memory: decoded once, kept as uint8, moved to the device whole."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..locales import UserError
from ..study.label_npz import array

VALIDATION = 300  # the last crops of the last training shard


class Rows:
    """Photos and what is known of them: a dataclass of tensors with a row for each photo, `images` among them."""

    images: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> Self:
        return self._each(lambda rows: rows[index])

    def to(self, device: torch.device | str) -> Self:
        return self._each(lambda rows: rows.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        return type(self)(*(change(getattr(self, f.name)) for f in fields(self)))  # type: ignore[arg-type]

    @classmethod
    def cat(cls, parts: Sequence[Self]) -> Self:
        return cls(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(cls)))  # type: ignore[arg-type]


@dataclass
class Crops(Rows):
    """N person crops of one size: the file's square crop, whole, in the middle of a network's input.

    images -- (N, 3, H, W) uint8 RGB; black beside the square where H and W differ
    joints -- (N, J, 3) float32 x, y in pixels of these images (centres at whole numbers), 1 if marked
    scale  -- (N,) float32: pixels of the file's crop per pixel here
    inner  -- (N, 4) float32: x0, y0, x1, y1 of the photo within the crop, edges in pixels; black beyond it
    ids    -- (N,) int64: number of the original photo
    """

    images: Tensor
    joints: Tensor
    scale: Tensor
    inner: Tensor
    ids: Tensor

    def to_file(self, points: Tensor) -> Tensor:
        """(N, J, 2) in pixels of these images -> pixels of the file's crops."""
        height, width = self.images.shape[2:]
        side = min(height, width)
        corner = torch.tensor([(width - side) // 2, (height - side) // 2], device=points.device)
        return (points - corner + 0.5) * self.scale.to(points.device)[:, None, None] - 0.5


def load(file: Path, size: int | tuple[int, int], limit: int | None = None, threads: int = 4) -> Crops:
    """A .npz of crops (webp, offset, size, joints, image_id), each resized for an input of (height, width) pixels.

    Raises UserError that names the file if it is none of crops, a field is missing or lengths differ.
    """
    webp, offset, sides, joints, ids = (array(file, n) for n in ("webp", "offset", "size", "joints", "image_id"))
    joints = _cleaned(file, joints, ids).astype(np.float32)
    count = len(sides) if limit is None else min(limit, len(sides))
    if len(offset) != len(sides) + 1 or len(joints) != len(sides) or len(ids) != len(sides):
        counts = {"sizes": len(sides), "images": len(offset) - 1, "labels": len(joints)}
        raise UserError("train.lengths", file=file, **counts)

    height, width = (size, size) if isinstance(size, int) else size
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    images = torch.zeros(count, 3, height, width, dtype=torch.uint8)
    inner = torch.empty(count, 4)
    corner = torch.tensor([left, top])

    def decode(k: int) -> None:
        pixels = decoded(webp, offset, k, (side, side))
        images[k, :, top : top + side, left : left + side] = torch.from_numpy(pixels).permute(2, 0, 1)
        inner[k] = torch.tensor(photo_within(pixels)) + corner.repeat(2)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(decode, range(count)))
    scale = torch.from_numpy(sides[:count].astype(np.float32) / side)
    labels = torch.from_numpy(joints[:count].copy())
    labels[..., :2] = (labels[..., :2] + 0.5) / scale[:, None, None] - 0.5 + corner
    return Crops(images, labels, scale, inner, torch.from_numpy(ids[:count].astype(np.int64)))


def decoded(webp: np.ndarray, offset: np.ndarray, k: int, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8, a new array: picture k of an archive's pictures, resized to (W, H)."""
    with Image.open(io.BytesIO(webp[offset[k] : offset[k + 1]].tobytes())) as picture:
        return np.array(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR))


def _cleaned(file: Path, joints: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The better joints of the clean-K.npz beside a train-K.npz, or the file's own where there is none."""
    better = file.with_name(file.name.replace("train-", "clean-"))
    if better == file or not better.exists():
        return joints
    cleaned = array(better, "joints")
    if not np.array_equal(array(better, "image_id"), ids) or cleaned.shape != joints.shape:
        raise UserError("train.other_people", file=better, other=file.name)
    return cleaned


def photo_within(pixels: np.ndarray, dark: int = 12) -> tuple[float, float, float, float]:
    """Edges x0, y0, x1, y1 of the photo in a crop (S, S, 3) that is black where the photo ended.

    An all dark crop counts as photo throughout.
    """
    bright = pixels.max(axis=2) > dark
    rows, columns = np.flatnonzero(bright.mean(axis=1) > 0.02), np.flatnonzero(bright.mean(axis=0) > 0.02)
    if not rows.size or not columns.size:
        return 0.0, 0.0, float(pixels.shape[1]), float(pixels.shape[0])
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


@dataclass
class Source:
    """One set of photos to train on.

    name   -- its folder's name
    weight -- how often each of them comes in an epoch; 0.5: half of them, others each time
    train, held -- to learn from, and the last 300 of its last shard, which nothing learns from
    """

    name: str
    weight: float
    train: Rows
    held: Rows


def split(
    folder: str | Path, size: int, limit: int | None = None, weight: float = 1.0, load: Callable[..., Any] = load
) -> Source:
    """A folder's train-*.npz, each as `load` reads it: the last 300 of the last shard validate.

    Where a clean-K.npz stands beside train-K.npz, its joints are taken (same people, in the same order).
    limit -- take only so many crops of each shard (for trials). Raises UserError if there is no shard.
    """
    shards = sorted(Path(folder).glob("train-*.npz"))
    if not shards:
        raise UserError("train.no_shards", folder=folder)
    parts = [load(shard, size, limit) for shard in shards]
    last, held = parts[-1], min(VALIDATION, len(parts[-1]) // 2)
    train = type(last).cat([*parts[:-1], last[: len(last) - held]])
    return Source(Path(folder).name, weight, train, last[len(last) - held :])


def epoch_order(sizes: Sequence[int], weights: Sequence[float], seed: int, epoch: int) -> Tensor:
    """The crops of an epoch, as numbers into the sources end to end: the same for the same seed and epoch.

    Each crop comes floor(weight) times, and a drawn share of them once more.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    parts, start = [], 0
    for size, weight in zip(sizes, weights, strict=True):
        whole = int(weight)
        more = torch.randperm(size, generator=generator)[: round((weight - whole) * size)]
        parts += [torch.arange(size).repeat(whole) + start, more + start]
        start += size
    numbers = torch.cat(parts)
    return numbers[torch.randperm(len(numbers), generator=generator)]
