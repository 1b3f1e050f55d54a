"""Bytes -> photo: everything that opens one goes through `read`; what cannot be used is a PhotoError, a sentence."""

from __future__ import annotations

import io
import stat
import warnings
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    features,
)

from .locales import UserError

# Pillow's and OpenCV's remarks on damaged files: what cannot be used is said by PhotoError.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

MAX_BYTES = 50 * 10**6
MAX_PIXELS = 60_000_000
MIN_SIDE = 16
#: Of kinds whose decoder keeps several copies at once: about 1 GB of memory.
_MAX_PIXELS_OF = {"WEBP": 32_000_000, "AVIF": 32_000_000}
#: Pixels times layers (scans) of a JPEG: about two seconds' work. A photo has ten layers, each for the whole picture.
_MAX_LAYERS = 2_000_000_000
#: Bits that a photo's numbers have: white is the most that the first which holds them all can say.
_DEPTHS = (8, 10, 12, 14, 16)

_TIFF_SAMPLES = {1: "whole", 2: "signed", 3: "float", 6: "complex"}
_TIFF_COLOURS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab", 32803: "camera raw"}

# First bytes of a file -> what opens it. Pillow's classes themselves and not Image.open, which warns or fails
# by a limit of its own that belongs to the whole process.
_OPENERS: tuple[tuple[bytes, Callable[[io.BytesIO], Image.Image]], ...] = (
    (b"\xff\xd8\xff", JpegImagePlugin.jpeg_factory),
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"RIFF....WEBP", WebPImagePlugin.WebPImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
    (b"II*\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0*", TiffImagePlugin.TiffImageFile),
    (b"GIF87a", GifImagePlugin.GifImageFile),
    (b"GIF89a", GifImagePlugin.GifImageFile),
    *((b"P%d%c" % (kind, space), PpmImagePlugin.PpmImageFile) for kind in range(1, 7) for space in b"\n\r\t "),
)
# What people hand in by mistake, by the locale files' word for its kind.
_OTHERS = (
    (b"....ftyphe", "heic"),
    (b"....ftypmif1", "heic"),
    (b"....ftypavi", "avif"),
    (b"....ftyp", "video"),
    (b"....moov", "video"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"RIFF....AVI ", "video"),
    (b"\0\0\x01\xba", "video"),
    (b"FLV\x01", "video"),
    (b"%PDF", "pdf"),
    (b"PK\x03\x04", "archive"),
    (b"8BPS", "photoshop"),
    (b"<svg", "svg"),
    (b"<!DOCTYPE svg", "svg"),
    (b"<!DOCTYPE html", "page"),
    (b"<html", "page"),
)


class PhotoError(UserError):
    """A photo or box that cannot be used."""


def read(source: Any, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """A photo as uint8 RGB (H, W, 3): upright as its EXIF says, transparency on white, the first frame of several.

    source -- a path, bytes, a PIL image, or a uint8 array (H, W), (H, W, 3) RGB or (H, W, 4) RGBA

    Bytes and pixels are checked before anything is decoded. More than 8 bits are scaled to 8 by what is in them (12
    bits in a file of 16 are no dark photo); CMYK is converted without its colour profile. The array is the caller's
    own. Raises PhotoError, and nothing else whatever the bytes.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        _check_size(source.size, max_pixels, "the picture")
        return _decode(source, "the picture")
    if isinstance(source, bytes | bytearray | memoryview):
        name, data = "the photo", bytes(source)
    elif isinstance(source, str | PathLike):
        name, data = shown(Path(source).name), _bytes_of(Path(source), max_bytes)
    else:
        raise PhotoError("photo.not_a_photo", type=type(source).__name__)
    if not data:
        raise PhotoError("photo.empty", name=name)
    check_bytes(len(data), max_bytes, name)
    try:
        with _open(data, name) as picture:
            _check_size(picture.size, min(max_pixels, _MAX_PIXELS_OF.get(picture.format or "", max_pixels)), name)
            if picture.format in ("JPEG", "MPO"):
                _check_layers(picture.width * picture.height, data.count(b"\xff\xda"), name)
            return _decode(picture, name, data)
    except PhotoError:
        if not data.startswith((b"II*\0", b"MM\0*")):
            raise
        pixels = _other_tiff(data, name, max_pixels)
        if pixels is None:
            raise
        return pixels


def _bytes_of(path: Path, max_bytes: int) -> bytes:
    """The file's bytes, at most one more than allowed: a file may grow while it is read."""
    name = shown(str(path))
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError("photo.folder", name=name)
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError("photo.pipe", name=name)
        check_bytes(status.st_size, max_bytes, name)
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise PhotoError("photo.missing", name=name) from None
    except PhotoError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise PhotoError("photo.closed", name=name, reason=shown(str(reason))) from None


def check_bytes(count: int, max_bytes: int, name: str) -> None:
    """Raises PhotoError for a file of more bytes than are allowed; said in megabytes, of a million bytes each."""
    if count > max_bytes:
        size, most = (f"{n / 1e6:.3g}" for n in (count, max_bytes))
        raise PhotoError("photo.too_large", name=name, size=size, most=most)


def _check_size(size: tuple[int, int], max_pixels: int, name: str) -> None:
    width, height = size
    if min(width, height) < MIN_SIDE:
        raise PhotoError("photo.too_small", name=name, width=width, height=height, least=MIN_SIDE)
    if width * height > max_pixels:
        most = f"{max_pixels / 1e6:g}"
        raise PhotoError("photo.too_many_pixels", name=name, width=width, height=height, most=most)


def _check_layers(pixels: int, layers: int, name: str) -> None:
    if pixels * layers > _MAX_LAYERS:
        raise PhotoError("photo.layers", name=name, layers=layers)


def _open(data: bytes, name: str) -> Image.Image:
    """The picture with its header read and nothing decoded."""
    for start, opener in _OPENERS:
        if _starts(data, start):
            return _opened(opener, data, name)
    if _is_avif(data):
        return _opened(AvifImagePlugin.AvifImageFile, data, name)
    text = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<?xml") and b"<svg" in text:
        text = b"<svg"
    for start, kind in _OTHERS:
        if _starts(text if start.startswith(b"<") else data, start):
            raise PhotoError("photo.other_kind", name=name, kind=kind)
    raise PhotoError("photo.unknown", name=name)


def _opened(opener: Callable[[io.BytesIO], Image.Image], data: bytes, name: str) -> Image.Image:
    try:
        return opener(io.BytesIO(data))
    except Exception:  # a hostile header can make a decoder fail in any way
        raise PhotoError("photo.header", name=name) from None


def _is_avif(data: bytes) -> bool:
    """One of the brands in its first box, which an HEIC photo begins with too; not every Pillow reads it."""
    brands = data[8 : min(int.from_bytes(data[:4]), 256)]
    known = any(brands[k : k + 4] in (b"avif", b"avis") for k in range(0, len(brands), 4))
    return data[4:8] == b"ftyp" and known and bool(features.check("avif"))


def _starts(data: bytes, start: bytes) -> bool:
    """Whether the bytes begin so; "...." stands for any four."""
    first, _, rest = start.partition(b"....")
    return data.startswith(first) and (not rest or data[len(first) + 4 :].startswith(rest))


def _decode(picture: Image.Image, name: str, data: bytes = b"") -> np.ndarray:
    try:
        # Of three channels of 16 bits Pillow keeps the upper eight alone, OpenCV all.
        deep = data and picture.mode != "I;16" and any("16" in str(tile[3]) for tile in getattr(picture, "tile", ()))
        (_open(data, name) if deep else picture).load()  # OpenCV reads on where a file is damaged
        pixels = _by_opencv(data) if deep else np.array(_to_rgb(picture))
    except Exception:
        raise PhotoError("photo.damaged", name=name) from None
    turned = deep and picture.format == "TIFF"  # OpenCV has done it
    return np.ascontiguousarray(pixels if turned else _upright(pixels, picture))


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        picture = Image.fromarray(_eight_bits(np.asarray(picture)))
    if picture.mode == "CMYK" and picture.format in ("JPEG", "MPO") and "adobe" not in picture.info:
        picture = ImageChops.invert(picture)  # Pillow takes every CMYK JPEG for an inverted one, as Adobe's are
    if picture.mode in ("La", "RGBa"):
        picture = picture.convert(picture.mode.upper())
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture)
        return white
    return picture.convert("RGB")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Whole numbers of one of `_DEPTHS` or up to their largest, floats in 0..1, 0..255 or likewise -> uint8."""
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "f":
        most = max((float(np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0).max()) for rows in values), default=0.0)
        top = 1.0 if most <= 1 else max(most, 255.0)
    else:
        top = next((2**bits - 1 for bits in _DEPTHS if values.max() < 2**bits), float(values.max()))
    # A row at a time: a large photo in floats would need many times its memory.
    result = np.empty(values.shape, np.uint8)
    for rows, whole in zip(values, result, strict=True):
        if values.dtype.kind == "f":
            rows = np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0)
        whole[:] = np.clip(rows * np.float64(255 / top), 0, 255).round()
    return result


def _by_opencv(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 of a PNG or TIFF of any depth, a TIFF already upright. Raises ValueError."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise ValueError("OpenCV cannot read it")
    if values.ndim == 2:
        return cv2.cvtColor(_eight_bits(values), cv2.COLOR_GRAY2RGB)
    alpha = _eight_bits(values[..., 3]) if values.shape[2] == 4 else None
    pixels = _eight_bits(np.ascontiguousarray(values[..., :3]))
    del values  # of a large photo more than all the rest
    cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return pixels if alpha is None else np.array(_to_rgb(Image.fromarray(np.dstack([pixels, alpha]))))


def _other_tiff(data: bytes, name: str, max_pixels: int) -> np.ndarray | None:
    """A whole TIFF of a kind that Pillow refuses, by OpenCV. None: it is damaged. PhotoError says what it is."""
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
        stream = io.BytesIO(data)
        stream.seek(tags.next)
        tags.load(stream)
        size, bits = (tags[256], tags[257]), tags.get(258, (1,))[0]
        sample = _TIFF_SAMPLES.get(tags.get(339, (1,))[0], "unusual")
        colours = _TIFF_COLOURS.get(tags[262], "unusual colours")
        parts = zip(tags.get(273) or tags[324], tags.get(279) or tags[325], strict=True)
        whole = all(at > 0 and at + length <= len(data) for at, length in parts)
    except Exception:
        return None
    if not whole:
        return None
    _check_size(size, max_pixels, name)
    try:
        return _by_opencv(data)
    except Exception:
        raise PhotoError("photo.tiff", name=name, bits=bits, sample=sample, colours=colours) from None


def _upright(pixels: np.ndarray, picture: Image.Image) -> np.ndarray:
    """Turned and mirrored as EXIF's tag 274 says (Exif 2.3, section 4.6.4); damaged EXIF counts as none."""
    try:
        orientation = picture.getexif().get(274, 1)
    except Exception:
        return pixels
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _from_array(array: np.ndarray, max_pixels: int) -> np.ndarray:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise PhotoError("photo.array", dtype=array.dtype, shape=array.shape)
    _check_size((array.shape[1], array.shape[0]), max_pixels, "the array")
    if array.ndim == 3 and array.shape[2] == 3:
        return np.array(array, order="C")
    return np.array(_to_rgb(Image.fromarray(array)))


def shown(text: str) -> str:
    """A name or path as it may stand in a sentence: on one line, and not too long."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= 120 else f"{text[:60]}...{text[-50:]}"
