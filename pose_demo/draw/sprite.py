"""All thumbnails of one network in one picture, so that they travel as one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from .colour import viridis

#: Longest side of a thumbnail in the sprite: larger maps are averaged down, smaller ones keep every cell.
LARGEST = 72
#: Around every thumbnail, so that lossy blocks of neighbours do not bleed into it.
_MARGIN = 2


@dataclass(frozen=True)
class Sprite:
    """picture -- (H, W, 3) uint8 RGB; at -- {name: (x, y, width, height)} in its pixels"""

    picture: np.ndarray
    at: dict[str, tuple[int, int, int, int]]


def sprite(maps: Mapping[str, np.ndarray], tops: Mapping[str, float]) -> Sprite:
    """Packs maps into rows, the tall ones first.

    maps -- {name: (h, w) magnitudes, or (h, w, 3) uint8 RGB as it is}
    tops -- {name: the value of the brightest colour}; the same for all that is compared
    """
    small = {name: _reduce(values) for name, values in maps.items()}
    order = sorted(small, key=lambda name: -small[name].shape[0])
    area = sum((s.shape[0] + _MARGIN) * (s.shape[1] + _MARGIN) for s in small.values())
    wide = max(max(s.shape[1] for s in small.values()) + _MARGIN, int((1.2 * area) ** 0.5))
    at, x, y, row = {}, 0, 0, 0
    for name in order:
        h, w = small[name].shape[:2]
        if x + w > wide:
            x, y, row = 0, y + row + _MARGIN, 0
        at[name] = (x, y, w, h)
        x, row = x + w + _MARGIN, max(row, h)
    picture = np.zeros((y + row, wide, 3), np.uint8)
    for name, (x, y, w, h) in at.items():
        values = small[name]
        picture[y : y + h, x : x + w] = values if values.ndim == 3 else viridis(values, 0, tops[name])
        _bleed(picture, x, y, w, h)
    return Sprite(picture, at)


def _bleed(picture: np.ndarray, x: int, y: int, w: int, h: int) -> None:
    """Repeats a thumbnail's last column and row into the margin."""
    picture[y : y + h, x + w : x + w + _MARGIN] = picture[y : y + h, x + w - 1 : x + w]
    picture[y + h : y + h + _MARGIN, x : x + w] = picture[y + h - 1 : y + h, x : x + w]


def _reduce(values: np.ndarray) -> np.ndarray:
    longest = max(values.shape[:2])
    if longest <= LARGEST:
        return values
    factor = LARGEST / longest
    h, w = (max(1, round(n * factor)) for n in values.shape[:2])
    return cv2.resize(values, (w, h), interpolation=cv2.INTER_AREA)
