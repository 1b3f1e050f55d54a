"""All channels of a map as one picture of tiles, in one colour range."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .colour import viridis

#: Longest side of a tile in pixels, most tiles in a row, and the gap between two.
_TILE, _WIDE, GAP = 32, 24, 2
#: Grey of the gaps; a tile that stands for no channel is hatched with a lighter one.
_GREY, _HATCH = 128, 168


@dataclass(frozen=True)
class Mosaic:
    """picture -- (H, W, 3) uint8 RGB; tile -- [width, height] in it, its gap included; columns -- tiles in a row"""

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
    high_tile, wide_tile = th + GAP, tw + GAP
    sheet = np.full((rows * across, high_tile, wide_tile, 3), _GREY, np.uint8)
    y, x = np.indices((th, tw))
    sheet[count:, :th, :tw][:, (x + y) % 6 < 2] = _HATCH
    sheet[:count, :th, :tw] = viridis(maps.reshape(-1, tw), low, high).reshape(count, th, tw, 3)
    sheet = sheet.reshape(rows, across, high_tile, wide_tile, 3).swapaxes(1, 2)
    return Mosaic(sheet.reshape(rows * high_tile, across * wide_tile, 3), [wide_tile, high_tile], across)
