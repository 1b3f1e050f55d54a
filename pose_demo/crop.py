"""A person's box -> what a network sees of the photo, and back.

Coordinates are pixels with centres at whole numbers: pixel i covers i - 0.5 to i + 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from .photo import PhotoError, shown

Box = tuple[float, float, float, float]


def whole(shape: Sequence[int]) -> Box:
    """The box of a whole photo (H, W, ...): from the outer edge of its first pixels to that of its last."""
    return -0.5, -0.5, shape[1] - 0.5, shape[0] - 0.5


def check_box(box: Sequence[float], shape: Sequence[int]) -> Box:
    """x0, y0, x1, y1 within the photo (H, W, ...). Raises PhotoError where nothing is left of it, or x1 < x0."""
    numbers = _numbers(box)
    left, top, right, bottom = whole(shape)
    if numbers[2] < numbers[0] or numbers[3] < numbers[1]:
        raise PhotoError("box.turned", box=_listed(numbers))
    x0, x1 = (min(max(v, left), right) for v in numbers[::2])
    y0, y1 = (min(max(v, top), bottom) for v in numbers[1::2])
    if x1 - x0 < 2 or y1 - y0 < 2:
        raise PhotoError("box.outside", box=_listed(numbers), width=shape[1], height=shape[0])
    return x0, y0, x1, y1


def _numbers(box: Sequence[float]) -> list[float]:
    try:
        numbers = [float(v) for v in box]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    if len(numbers) != 4 or not np.isfinite(numbers).all():
        raise PhotoError("box.not_four", given=shown(repr(box)))
    return numbers


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{v:g}" for v in numbers)


def closeup(box: Sequence[float], shape: Sequence[int]) -> Box:
    """What to show of a photo (H, W, ...): all of it, or where the person in the box would be too small to see, as in
    a panorama, four times the person's longer side about them. Its edges lie between pixels.
    """
    x0, y0, x1, y1 = box
    side, (left, top, right, bottom) = max(x1 - x0, y1 - y0), whole(shape)
    if 6 * side >= max(shape[:2]):
        return left, top, right, bottom
    cx, cy = round((x0 + x1) / 2) + 0.5, round((y0 + y1) / 2) + 0.5
    reach = math.ceil(2 * side)
    return max(cx - reach, left), max(cy - reach, top), min(cx + reach, right), min(cy + reach, bottom)


def cut(photo: np.ndarray, box: Box) -> np.ndarray:
    """The pixels (h, w, 3) of a photo within a box whose edges lie between pixels, as `closeup` gives it."""
    x0, y0, x1, y1 = (round(v + 0.5) for v in box)
    return photo[y0:y1, x0:x1]


@dataclass(frozen=True)
class Crop:
    """Where a network looks: a rectangle of the photo of the network's own shape, which may reach beyond the photo.

    box  -- x0, y0, x1, y1 in pixels of the photo, edges: what the input covers, the padding included
    size -- (height, width) of the network's input
    """

    box: Box
    size: tuple[int, int]

    @classmethod
    def around(cls, box: Sequence[float], size: tuple[int, int], padding: float = 1.25, cells: str = "centre") -> Crop:
        """The box padded about its centre and then widened or heightened to the input's shape.

        1.25 is what both networks' training pads by (HRNet's code, MMPose's GetBBoxCenterScale).
        cells -- with weights whose cells are "corner" (see decode.py) the box's centre falls on pixel (W/2, H/2) of
                 the input, as it did in their training: half a pixel up and to the left of the middle's usual place

        Raises PhotoError for a box without an extent; one that reaches beyond the photo is fine here.
        """
        x0, y0, x1, y1 = _numbers(box)
        height, width = size
        scale = max((x1 - x0) / width, (y1 - y0) / height) * padding
        if not (x1 > x0 and y1 > y0 and math.isfinite(scale)):
            raise PhotoError("box.empty", box=_listed((x0, y0, x1, y1)))
        shift = scale / 2 if cells == "corner" else 0.0
        cx, cy, half_w, half_h = (x0 + x1) / 2 - shift, (y0 + y1) / 2 - shift, scale * width / 2, scale * height / 2
        return cls((cx - half_w, cy - half_h, cx + half_w, cy + half_h), (height, width))

    @property
    def scale(self) -> float:
        """Pixels of the photo per pixel of the input."""
        return (self.box[2] - self.box[0]) / self.size[1]

    @cached_property
    def matrix(self) -> np.ndarray:
        """(2, 3): photo -> input, pixel centres at whole numbers; an edge of the box lands on an edge of the input."""
        s = 1 / self.scale
        return np.array([[s, 0, -self.box[0] * s - 0.5], [0, s, -self.box[1] * s - 0.5]])

    def to_input(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of the photo -> pixels of the network's input, float64."""
        return (np.asarray(points, np.float64) - self.box[:2]) / self.scale - 0.5

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of the network's input -> pixels of the photo, float64: the inverse of `to_input`."""
        return (np.asarray(points, np.float64) + 0.5) * self.scale + self.box[:2]

    def warp(self, photo: np.ndarray) -> np.ndarray:
        """What the network sees of the photo (H, W, 3) uint8: (height, width, 3) uint8.

        Beyond the photo lies its mean colour. Where the photo shrinks to less than half, each pixel of the input is
        the mean of what it covers: the warp goes to a grid that divides each pixel into `fine` x `fine`, and those
        are averaged; far smaller ones start from whole blocks of the photo, averaged before.
        """
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(f"expected a photo (H, W, 3) uint8 as read() gives it, got {photo.shape} {photo.dtype}")
        height, width = self.size
        fill = cv2.mean(photo)[:3] if self._reaches_beyond(photo) else (0.0, 0.0, 0.0)
        block = max(1, int(self.scale / 4))
        part, (x, y) = self._nearby(photo, block)
        if not part.size or self.scale > max(photo.shape):  # it lies elsewhere, or is less than a pixel
            return np.full((height, width, 3), np.round(fill), np.uint8)
        if block > 1:
            h, w = (-(-n // block) for n in part.shape[:2])
            missing = (0, h * block - part.shape[0], 0, w * block - part.shape[1])
            part = cv2.copyMakeBorder(part, *missing, cv2.BORDER_CONSTANT, value=fill)
            part = cv2.resize(part, (w, h), interpolation=cv2.INTER_AREA)
        fine = math.ceil(self.scale / block) if self.scale > 2 else 1
        # The same box in the coordinates of the blocks.
        x0, y0, x1, y1 = ((v + 0.5 - o) / block - 0.5 for v, o in zip(self.box, (x, y, x, y), strict=True))
        matrix = Crop((x0, y0, x1, y1), (height * fine, width * fine)).matrix
        seen = cv2.warpAffine(part, matrix, (width * fine, height * fine), flags=cv2.INTER_LINEAR, borderValue=fill)
        return cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA) if fine > 1 else seen

    def _reaches_beyond(self, photo: np.ndarray) -> bool:
        """Beyond the centres of the outer pixels, that is: there interpolation begins to look outside."""
        height, width = photo.shape[:2]
        return min(self.box[:2]) < 0 or self.box[2] > width - 1 or self.box[3] > height - 1

    def _nearby(self, photo: np.ndarray, block: int) -> tuple[np.ndarray, tuple[int, int]]:
        """The part of the photo that the input covers with two blocks more on each side, and where it starts (x, y).

        A small person in a large photo is quick, and a long photo stays within what OpenCV can warp (32767 a side).
        """
        height, width = photo.shape[:2]
        x0, y0 = (max(math.floor(v + 0.5) - 2 * block, 0) for v in self.box[:2])
        x1, y1 = (max(math.ceil(v + 0.5) + 2 * block, 0) for v in self.box[2:])
        return np.ascontiguousarray(photo[y0 : min(y1, height), x0 : min(x1, width)]), (x0, y0)
