"""Numbers as colours that colour-blind eyes tell apart: viridis for magnitudes, blue to orange for differences."""

from __future__ import annotations

import io

import cv2
import numpy as np

from ..joints import side_colour

_VIRIDIS = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)[:, 0, ::-1]
# Okabe and Ito's blue and vermilion: dark ends of equal weight, nothing at zero.
_ENDS = np.array([[0, 84, 159], [86, 180, 233], [247, 247, 247], [230, 159, 0], [178, 67, 0]], float)
_DIVERGING = np.stack(
    [np.interp(np.linspace(0, 4, 256), np.arange(5), _ENDS[:, k]) for k in range(3)], axis=1
).round().astype(np.uint8)  # fmt: skip


def viridis(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """(...) -> (..., 3) uint8 RGB; low and below is the darkest, high and above the brightest."""
    return _VIRIDIS[_levels(values, low, high)]


def diverging(values: np.ndarray, top: float) -> np.ndarray:
    """(...) -> (..., 3) uint8 RGB; -top is blue, 0 white, top orange."""
    return _DIVERGING[_levels(values, -top, top)]


def _levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    if not high > low:
        high = low + 1
    return np.clip((np.asarray(values, np.float32) - low) * (255 / (high - low)) + 0.5, 0, 255).astype(np.uint8)


def ramps() -> dict[str, str]:
    """Both maps for the browser: hexadecimal RGB of the 256 levels, one after the other."""
    return {"viridis": _VIRIDIS.tobytes().hex(), "diverging": _DIVERGING.tobytes().hex()}


def css() -> str:
    """Both maps as gradients, and the colours of the person's sides, for a page's style sheet."""
    shades = {name: [f"#{hexes[6 * k : 6 * k + 6]}" for k in range(0, 256, 15)] for name, hexes in ramps().items()}
    sides = {"right": side_colour("right "), "left": side_colour("left "), "middle": side_colour("")}
    values = {name: f"linear-gradient(to right, {', '.join(each)})" for name, each in shades.items()} | sides
    return f":root {{ {' '.join(f'--{name}: {value};' for name, value in values.items())} }}"


def webp(picture: np.ndarray, quality: int = 82) -> bytes:
    """(H, W, 3) uint8 RGB -> a WebP file; quality 100 keeps every pixel."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(
        file, "WEBP", quality=quality, lossless=quality >= 100, method=0 if quality < 100 else 1
    )
    return file.getvalue()


def png(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 RGB -> a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "PNG", optimize=True)
    return file.getvalue()
