"""A record's photo as the networks see it, for every input size of a study; and from there back to the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..crop import Crop, check_box, whole
from .datasets import Bad, Record, problem

Size = tuple[int, int]


@dataclass(frozen=True)
class View:
    """image -- (h, w, 3) uint8; photo = input * scale + offset, pixel centres at whole numbers on both sides."""

    image: np.ndarray
    scale: float
    offset: np.ndarray

    def to_photo(self, found: np.ndarray) -> np.ndarray:
        """(J, 3) x, y in pixels of the input, score -> the same in pixels of the photo, float32."""
        return np.column_stack([found[:, :2] * self.scale + self.offset, found[:, 2]]).astype(np.float32)


@dataclass(frozen=True)
class Ready:
    """A record whose photo has been read; `views` by input size."""

    record: Record
    views: dict[Size, View]


def prepare(record: Record | Bad, sizes: list[Size]) -> Ready | Bad:
    """Reads the photo and cuts out the person. What cannot be used becomes a Bad."""
    if isinstance(record, Bad):
        return record
    try:
        photo = record.read()
    except (OSError, ValueError) as trouble:
        return Bad(record.name, str(trouble).replace("\n", " "))
    if reason := problem(record, photo.shape):
        return Bad(record.name, reason)
    try:
        return Ready(record, {size: (_whole if record.crop else _person)(record, photo, size) for size in sizes})
    except ValueError as trouble:
        return Bad(record.name, str(trouble))


def _person(record: Record, photo: np.ndarray, size: Size) -> View:
    """As compare() does it: the box, padded as in training, out of the photo. Without a box the photo as it is."""
    box = record.person.box
    crop = Crop.around(check_box(box, photo.shape) if box else whole(photo.shape), size, 1.25 if box else 1.0)
    corner, step = crop.to_photo(np.array([[0.0, 0.0], [1.0, 1.0]]))
    return View(crop.warp(photo), float(step[0] - corner[0]), corner)


def _whole(record: Record, photo: np.ndarray, size: Size) -> View:
    """As training.data.load does it, to the bit: the square crop, resized by Pillow, in the middle of the input."""
    from PIL import Image

    height, width = size
    side = min(size)
    left, top = (width - side) // 2, (height - side) // 2
    image = np.zeros((height, width, 3), np.uint8)
    resized = Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR)
    image[top : top + side, left : left + side] = resized
    scale = photo.shape[0] / side
    return View(image, scale, (0.5 - np.array([left, top])) * scale - 0.5)
