"""A heatmap as colour: viridis, one scale for everything that is compared."""

from __future__ import annotations

import cv2
import numpy as np


def picture(heatmap: np.ndarray, top: float, side: int = 192) -> np.ndarray:
    """(h, w) -> (H, W, 3) uint8 RGB with cells left visible, the longer side about `side` pixels.

    top -- the value of the brightest colour; 0 and below is the darkest. Give the same to all that is compared.
    """
    factor = max(1, round(side / max(heatmap.shape)))
    level = _level(heatmap, top)
    colour = cv2.applyColorMap(np.round(level * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    colour = cv2.cvtColor(colour, cv2.COLOR_BGR2RGB)
    return np.kron(colour, np.ones((factor, factor, 1), np.uint8))


def _level(heatmap: np.ndarray, top: float) -> np.ndarray:
    """0 to 1; what is no number is dark."""
    return np.nan_to_num(heatmap / top, posinf=1.0).clip(0, 1) if top > 0 else np.zeros(heatmap.shape)


def over(image: np.ndarray, heatmap: np.ndarray, top: float) -> np.ndarray:
    """A heatmap laid over what the network saw, (H, W, 3) uint8 RGB both in and out: brighter where it answers."""
    height, width = image.shape[:2]
    level = _level(heatmap, top).astype(np.float32)
    level = cv2.resize(level, (width, height), interpolation=cv2.INTER_LINEAR)
    colour = cv2.applyColorMap(np.round(level * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    grey = image.mean(axis=2, keepdims=True).repeat(3, axis=2)
    share = (0.35 + 0.5 * level)[..., None]
    return np.round(grey * (1 - share) + cv2.cvtColor(colour, cv2.COLOR_BGR2RGB) * share).astype(np.uint8)


def sheet(heatmaps: np.ndarray, top: float, columns: int = 7) -> np.ndarray:
    """(J, h, w) -> one picture (H, W, 3) uint8 RGB, joint by joint in rows of `columns`, a thin gap between."""
    tiles = [np.pad(picture(h, top, 128), ((0, 4), (0, 4), (0, 0)), constant_values=255) for h in heatmaps]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    return np.concatenate([np.concatenate(tiles[k : k + columns], axis=1) for k in range(0, len(tiles), columns)])
