"""All channels of a map as one picture of tiles, in one colour range."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .colour import viridis

#: Longest side of a tile, and of the whole picture, in pixels.
_TILE, _WIDE = 32, 24


@dataclass(frozen=True)
class Mosaic:
    """picture -- (H, W, 3) uint8 RGB; tile -- [width, height] in it; columns -- tiles in a row"""

    picture: np.ndarray
    tile: list[int]
    columns: int


def mosaic(maps: np.ndarray, low: float, high: float, columns: int | None = None) -> Mosaic:
    """(C, h, w) -> tiles row by row in the order given; maps larger than a tile are averaged down."""
    count, h, w = maps.shape
    factor = _TILE / max(h, w)
    th, tw = (h, w) if factor >= 1 else (max(1, round(h * factor)), max(1, round(w * factor)))
    if (th, tw) != (h, w):
        maps = np.stack([cv2.resize(m, (tw, th), interpolation=cv2.INTER_AREA) for m in maps])
    across = columns or min(count, max(8, min(_WIDE, round((2.4 * count) ** 0.5))))
    rows = -(-count // across)
    sheet = np.full((rows * across, th, tw), low, np.float32)
    sheet[:count] = maps
    sheet = sheet.reshape(rows, across, th, tw).swapaxes(1, 2).reshape(rows * th, across * tw)
    return Mosaic(viridis(sheet, low, high), [tw, th], across)
