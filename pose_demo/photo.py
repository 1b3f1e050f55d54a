"""Bytes -> photo, and a person's box -> what a network sees, and back.

Everything that opens a photo goes through `read`; a photo that cannot be used is a PhotoError, one sentence long.
Coordinates are pixels with centres at whole numbers: pixel i covers i - 0.5 to i + 0.5.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

Box = tuple[float, float, float, float]

MAX_BYTES = 50 * 2**20
MAX_PIXELS = 60_000_000
MIN_SIDE = 16
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
_READS = "JPEG, PNG, WebP, BMP, TIFF or GIF"


class PhotoError(ValueError):
    """A photo or box that cannot be used; the message is one sentence that says why and what to do."""


def read(source: Any, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """A photo as uint8 RGB (H, W, 3): upright as its EXIF says, transparency on white, the first frame of several.

    source -- a path, bytes, a PIL image, or a uint8 array (H, W), (H, W, 3) RGB or (H, W, 4) RGBA

    Bytes and pixels are checked before anything is decoded. Raises PhotoError.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        _check_size(source.size, max_pixels, "the picture")
        return _decode(source, "the picture")
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = "the photo", bytes(source)
    elif isinstance(source, str | PathLike):
        name, data = Path(source).name, _bytes_of(Path(source), max_bytes)
    else:
        raise PhotoError(f"a photo is a file, bytes, a picture or an array, not {type(source).__name__}")
    if not data:
        raise PhotoError(f"{name} is empty: choose another file")
    if len(data) > max_bytes:
        raise PhotoError(f"{name} has {len(data) / 2**20:.0f} MB, more than the {max_bytes / 2**20:.0f} MB allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size warning: ours is the limit that counts
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise PhotoError(f"{name} is no picture that can be read here: it should be {_READS}") from None
    except Exception as error:  # a hostile header can make a decoder fail in any way
        raise PhotoError(f"{name} is damaged and cannot be read ({_first_line(error)})") from None
    with picture:
        _check_size(picture.size, max_pixels, name)
        return _decode(picture, name)


def _bytes_of(path: Path, max_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise PhotoError(f"{path} is a folder: give a picture file")
        if path.stat().st_size > max_bytes:
            size = path.stat().st_size / 2**20
            raise PhotoError(f"{path.name} has {size:.0f} MB, more than the {max_bytes / 2**20:.0f} MB allowed")
        return path.read_bytes()
    except FileNotFoundError:
        raise PhotoError(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, PhotoError):
            raise
        raise PhotoError(f"{path} cannot be opened ({_first_line(error)})") from None


def _check_size(size: tuple[int, int], max_pixels: int, name: str) -> None:
    width, height = size
    if min(width, height) < MIN_SIDE:
        raise PhotoError(f"{name} is {width} x {height} pixels, too small: each side needs at least {MIN_SIDE}")
    if width * height > max_pixels:
        raise PhotoError(
            f"{name} is {width} x {height} pixels, more than the {max_pixels / 1e6:.0f} million allowed: scale it down"
        )


def _decode(picture: Image.Image, name: str) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture.load()
            picture = ImageOps.exif_transpose(picture)
            return np.array(_to_rgb(picture))
    except Exception as error:
        raise PhotoError(f"{name} is cut short or damaged and cannot be decoded ({_first_line(error)})") from None


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(picture, dtype=np.float64)
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        top = 65535.0 if picture.mode != "F" else max(values.max(), 1e-12)
        return Image.fromarray(np.clip(values / top * 255, 0, 255).round().astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def _from_array(array: np.ndarray, max_pixels: int) -> np.ndarray:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise PhotoError(f"an array must be uint8 (H, W), (H, W, 3) or (H, W, 4), not {array.dtype} {array.shape}")
    _check_size((array.shape[1], array.shape[0]), max_pixels, "the array")
    if array.ndim == 3 and array.shape[2] == 3:
        return np.ascontiguousarray(array)
    return np.array(_to_rgb(Image.fromarray(array)))


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:120]


# --- the person's box ------------------------------------------------------------------------------------------------


def whole(shape: Sequence[int]) -> Box:
    """The box of a whole photo (H, W, ...): from the outer edge of its first pixels to that of its last."""
    return -0.5, -0.5, shape[1] - 0.5, shape[0] - 0.5


def check_box(box: Sequence[float], shape: Sequence[int]) -> Box:
    """x0, y0, x1, y1 in order and within the photo (H, W, ...). Raises PhotoError where nothing is left of it."""
    try:
        numbers = [float(v) for v in box]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != 4 or not np.isfinite(numbers).all():
        raise PhotoError(f"a box is four numbers x0, y0, x1, y1 in pixels, not {box!r}")
    left, top, right, bottom = whole(shape)
    x0, x1 = (min(max(v, left), right) for v in sorted((numbers[0], numbers[2])))
    y0, y1 = (min(max(v, top), bottom) for v in sorted((numbers[1], numbers[3])))
    if x1 - x0 < 2 or y1 - y0 < 2:
        raise PhotoError(
            f"the box {', '.join(f'{v:g}' for v in numbers)} holds nothing of the photo, which is {shape[1]} x "
            f"{shape[0]} pixels: draw it around the person"
        )
    return x0, y0, x1, y1


@dataclass(frozen=True)
class Crop:
    """Where a network looks: a rectangle of the photo of the network's own shape, which may reach beyond the photo.

    box  -- x0, y0, x1, y1 in pixels of the photo, edges
    size -- (height, width) of the network's input
    """

    box: Box
    size: tuple[int, int]

    @classmethod
    def around(cls, box: Sequence[float], size: tuple[int, int], padding: float = 1.25) -> Crop:
        """The box padded about its centre and then widened or heightened to the input's shape.

        1.25 is what both networks' training pads by (HRNet's code, MMPose's GetBBoxCenterScale).
        """
        x0, y0, x1, y1 = (float(v) for v in box)
        height, width = size
        scale = max((x1 - x0) / width, (y1 - y0) / height) * padding
        cx, cy, half_w, half_h = (x0 + x1) / 2, (y0 + y1) / 2, scale * width / 2, scale * height / 2
        return cls((cx - half_w, cy - half_h, cx + half_w, cy + half_h), (height, width))

    @property
    def scale(self) -> float:
        """Pixels of the photo per pixel of the input."""
        return (self.box[2] - self.box[0]) / self.size[1]

    @cached_property
    def matrix(self) -> np.ndarray:
        """(2, 3): photo -> input, pixel centres at whole numbers."""
        s = 1 / self.scale
        return np.array([[s, 0, -self.box[0] * s - 0.5], [0, s, -self.box[1] * s - 0.5]])

    def to_input(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of the photo -> pixels of the network's input."""
        return (np.asarray(points, np.float64) - self.box[:2]) / self.scale - 0.5

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of the network's input -> pixels of the photo: the inverse of `to_input`."""
        return (np.asarray(points, np.float64) + 0.5) * self.scale + self.box[:2]

    def warp(self, photo: np.ndarray) -> np.ndarray:
        """What the network sees of the photo (H, W, 3) uint8: (height, width, 3) uint8.

        Shrinking averages, so that nothing flickers between pixels; beyond the photo lies its mean colour.
        """
        height, width = self.size
        photo, matrix = _nearby(photo, self)
        fill = tuple(float(v) for v in photo.mean((0, 1)))
        shrink = int(1 / np.hypot(*matrix[0, :2]))
        if shrink >= 2:  # whole blocks are averaged first, the rest is left to the bilinear warp
            h, w = (-(-n // shrink) * shrink for n in photo.shape[:2])
            photo = cv2.copyMakeBorder(
                photo, 0, h - photo.shape[0], 0, w - photo.shape[1], cv2.BORDER_CONSTANT, value=fill
            )
            photo = cv2.resize(photo, (w // shrink, h // shrink), interpolation=cv2.INTER_AREA)
            # Block k covers pixels k * shrink to (k + 1) * shrink - 1: its centre is k * shrink + (shrink - 1) / 2.
            matrix = np.column_stack([matrix[:, :2] * shrink, matrix[:, 2] + matrix[:, :2].sum(1) * (shrink - 1) / 2])
        return cv2.warpAffine(photo, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=fill)


def _nearby(photo: np.ndarray, crop: Crop) -> tuple[np.ndarray, np.ndarray]:
    """The part of the photo that the crop needs, and the matrix from there: a small person in a large photo is quick."""
    margin = 2 * crop.scale + 2
    x0, y0 = (int(max(np.floor(v - margin), 0)) for v in crop.box[:2])
    x1, y1 = (int(np.ceil(v + margin)) for v in crop.box[2:])
    part = photo[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    if not part.size:
        part, x0, y0 = photo, 0, 0
    matrix = crop.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ (x0, y0)
    return np.ascontiguousarray(part), matrix
