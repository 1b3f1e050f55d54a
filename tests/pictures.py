"""Pictures made in code for the tests of reading: a lopsided one, as bytes of every kind, and what is no photo."""

from __future__ import annotations

import io
import re
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from pose_demo.examples import examples
from pose_demo.photo import PhotoError, read

HEIGHT, WIDTH = 24, 40


def lopsided() -> np.ndarray:
    """(24, 40, 3) uint8 in which no mirror image or turn looks like another."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    picture = np.stack([x * 6, y * 10, 255 - x * 3 - y * 5], axis=2).astype(np.uint8)
    picture[:8, :8] = 255, 0, 0
    picture[-8:, :8] = 0, 0, 0
    return picture


PICTURE = lopsided()


def beside_each_other(count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many examples' people in one photo, and their boxes: (480, W, 3) uint8 and (count, 4)."""
    cuts, boxes, left = [], [], 0
    for example in [each for each in examples() if not each.hard][:count]:
        photo, (x0, y0, x1, y1) = read(example.path), example.box
        edge = 0.12 * (y1 - y0)
        top, start = max(0, int(y0 - edge)), max(0, int(x0 - edge))
        cut = photo[top : int(y1 + edge), start : int(x1 + edge)]
        share = 480 / cut.shape[0]
        cuts.append(cv2.resize(cut, (round(cut.shape[1] * share), 480), interpolation=cv2.INTER_AREA))
        boxes.append([left + (x0 - start) * share, (y0 - top) * share, left + (x1 - start) * share, (y1 - top) * share])
        left += cuts[-1].shape[1]
    return np.hstack(cuts), np.array(boxes)


def encoded(picture: np.ndarray | Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[274] = orientation
    return tags


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, bits: int = 8, colour: int = 2) -> bytes:
    """The start of a PNG that claims a size; a few bytes of pixels follow."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def png16(values: np.ndarray) -> bytes:
    """uint16, (H, W) or (H, W, 3) RGB, as a PNG of 16 bits."""
    return cv2.imencode(".png", values if values.ndim == 2 else values[..., ::-1])[1].tobytes()


def jpeg_header(width: int, height: int) -> bytes:
    """A small JPEG whose header was made to claim another size."""
    data = bytearray(encoded(PICTURE, "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def without_segment(jpeg: bytes, marker: bytes) -> bytes:
    """A JPEG without the segment that begins with this marker."""
    at = jpeg.index(marker)
    return jpeg[:at] + jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0] :]


def with_tiff_tag(tiff: bytes, old: int, new: int, value: int) -> bytes:
    """A little-endian TIFF whose tag `old` was made the tag `new` with this short value."""
    data, start = bytearray(tiff), int.from_bytes(tiff[4:8], "little")
    for at in range(start + 2, start + 2 + 12 * int.from_bytes(tiff[start : start + 2], "little"), 12):
        if int.from_bytes(data[at : at + 2], "little") == old:
            data[at : at + 12] = struct.pack("<HHIHH", new, 3, 1, value, 0)
            return bytes(data)
    raise ValueError(f"no tag {old}")


def animation() -> bytes:
    frames = [Image.fromarray(np.full((HEIGHT, WIDTH), v, np.uint8)) for v in (200, 100, 0)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)


#: One of each kind that can be read: name -> bytes.
CORPUS = {
    "jpeg": encoded(PICTURE, "JPEG", exif=exif(6)),
    "progressive jpeg": encoded(PICTURE, "JPEG", progressive=True),
    "cmyk jpeg": encoded(Image.fromarray(PICTURE).convert("CMYK"), "JPEG"),
    "png": encoded(PICTURE, "PNG", exif=exif(3)),
    "png of 16 bits": png16(PICTURE.astype(np.uint16) * 257),
    "palette png": encoded(Image.fromarray(PICTURE).quantize(16), "PNG", transparency=3),
    "webp": encoded(PICTURE, "WEBP", exif=exif(8)),
    "lossless webp": encoded(PICTURE, "WEBP", lossless=True),
    "bmp": encoded(PICTURE, "BMP"),
    "tiff": encoded(PICTURE, "TIFF"),
    "lzw tiff": encoded(PICTURE, "TIFF", compression="tiff_lzw", exif=exif(5)),
    "deflate tiff": encoded(PICTURE, "TIFF", compression="tiff_adobe_deflate"),
    "tiff of 16 bits": cv2.imencode(".tiff", PICTURE.astype(np.uint16) * 257)[1].tobytes(),
    "tiff of floats": cv2.imencode(".tiff", (PICTURE / 255).astype(np.float32))[1].tobytes(),
    "ycbcr tiff": encoded(Image.fromarray(PICTURE).convert("YCbCr"), "TIFF"),
    "avif": encoded(PICTURE, "AVIF"),
    "gif": animation(),
    "ppm": encoded(PICTURE, "PPM"),
}


def refused(source, **limits) -> str:
    """What is said of a photo that cannot be used: one sentence, on one line, that begins with a name."""
    with pytest.raises(PhotoError) as problem:
        read(source, **limits)
    text = str(problem.value)
    assert "\n" not in text and ". " not in text and 20 < len(text) < 300
    assert re.search(r": (choose|save|scale|get|give|check) ", text), f"{text!r} does not say what to do"
    return text
