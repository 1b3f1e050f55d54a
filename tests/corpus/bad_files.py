"""A corpus of what people, broken disks and hostile strangers hand in: `python tests/corpus/bad_files.py FOLDER`.

Seeded: the same Pillow writes the same files, but for the time that a few hold. Every format that we read, and as many
that we don't, is cut at every tenth of its length, has bytes flipped, and goes by another's name; then bombs, odd sizes
and kinds, all EXIF turns, and what is no picture at all. A name ends with what must come of it:

    .answer.EXT   must be answered; every `turn-N` as `turn-1` of its kind
    .refuse.EXT   must be refused, in one sentence
    .any.EXT      either

bad_videos.py has the videos.
"""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

sys.path.append(str(Path(__file__).parents[1]))
from pictures import chunk, jpeg_header, png_header

_SIZE = (96, 72)
#: What is read here, and what else Pillow writes.
READ = ("AVIF", "BMP", "GIF", "JPEG", "MPO", "PNG", "PPM", "TIFF", "WEBP")
_OTHERS = ("BLP", "DDS", "DIB", "EPS", "ICNS", "ICO", "IM", "JPEG2000", "MSP", "PALM", "PCX", "PDF", "QOI", "SGI",
           "SPIDER", "TGA", "XBM")  # fmt: skip
_EXTENSIONS = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif"}
#: All eight turns of the kind that cameras write, two of each of the others.
_TURNS = {"JPEG": range(1, 9), "PNG": (1, 6), "WEBP": (1, 7), "TIFF": (1, 8)}


def scene(width: int = _SIZE[0], height: int = _SIZE[1]) -> Image.Image:
    """A figure on a field, which no mirror image or turn resembles."""
    picture = Image.new("RGB", (width, height), (90, 130, 80))
    draw = ImageDraw.Draw(picture)
    x, y = width / 96, height / 72
    draw.rectangle((0, 0, 20 * x, 10 * y), fill=(200, 60, 40))
    draw.ellipse((40 * x, 8 * y, 54 * x, 22 * y), fill=(230, 190, 160))
    draw.rectangle((38 * x, 22 * y, 56 * x, 46 * y), fill=(40, 60, 170))
    for left, right in ((40, 34), (54, 62)):
        draw.line((left * x, 46 * y, right * x, 70 * y), fill=(30, 30, 30), width=max(1, round(5 * x)))
    return picture


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    """The picture in the first mode that the format takes."""
    for mode in ("RGB", "L", "P", "1", "F"):
        with suppress(ValueError, OSError):  # each format refuses in its own way
            return _saved(picture.convert(mode), kind, **options)
    raise ValueError(f"Pillow writes no {kind}")


def extension(kind: str) -> str:
    return _EXTENSIONS.get(kind, kind.lower())


def corpus() -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file."""
    for part in (_damaged, _turned, _odd, _bombs, _no_pictures):
        yield from part()


def _damaged() -> Iterator[tuple[str, bytes]]:
    random = np.random.default_rng(16)
    kinds = READ + _OTHERS
    for kind, other in zip(kinds, kinds[1:] + kinds[:1], strict=True):
        data, name, must = encoded(scene(), kind), kind.lower(), "answer" if kind in READ else "refuse"
        yield f"whole-{name}.{must}.{extension(kind)}", data
        yield f"named-{name}.{must}.{extension(other)}", data
        for what, broken in damaged(data, random):
            must = "refuse" if what.startswith("cut") or kind not in READ else "any"
            yield f"{what}-{name}.{must}.{extension(kind)}", broken


def damaged(data: bytes, random: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Cut at every tenth; then ever fewer bytes that are others."""
    for tenth in range(1, 10):
        yield f"cut-{tenth}", data[: len(data) * tenth // 10]
    for number in range(4):
        broken = np.frombuffer(data, np.uint8).copy()
        at = random.integers(0, len(data), max(1, len(data) // (40, 400, 4000, 10**6)[number]))
        broken[at] ^= random.integers(1, 256, len(at), np.uint8)
        yield f"flipped-{number}", broken.tobytes()


def _turned() -> Iterator[tuple[str, bytes]]:
    """As a camera stores it: what is upright once it is turned as tag 274 says. The same pixels each time."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transpose that undoes each turn
    for kind, turns in _TURNS.items():
        for turn in turns:
            tags = Image.Exif()
            tags[274] = turn
            picture = scene(96, 96) if kind == "JPEG" else scene()
            stored = picture if turn == 1 else picture.transpose(Image.Transpose(back[turn]))
            options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0}
            data = _saved(stored, kind, exif=tags, **(options if kind in ("WEBP", "JPEG") else {}))
            yield f"turn-{turn}-{kind.lower()}.answer.{extension(kind)}", data


def _odd() -> Iterator[tuple[str, bytes]]:
    picture = scene()
    for width, height in ((1, 1), (30_000, 1), (1, 30_000), (15, 400)):
        yield f"size-{width}x{height}.refuse.png", _saved(picture.resize((width, height)), "PNG")
    for width, height in ((16, 16), (30_000, 20), (20, 30_000)):
        yield f"size-{width}x{height}.answer.png", _saved(picture.resize((width, height)), "PNG")
    for kind in ("JPEG", "TIFF"):
        yield f"cmyk.answer.{extension(kind)}", _saved(picture.convert("CMYK"), kind)
    deep = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    yield "16-bit.answer.png", _saved(Image.fromarray(deep), "PNG")
    yield "16-bit.answer.tif", _saved(Image.fromarray(deep), "TIFF")
    yield "32-bit.answer.tif", _saved(Image.fromarray(deep.astype(np.int32) * 1000), "TIFF")
    for name, fill in (("nan", np.nan), ("infinite", np.inf), ("negative", -1e30)):
        floats = np.full(_SIZE[::-1], fill, np.float32)
        yield f"{name}.any.tif", _saved(Image.fromarray(floats), "TIFF")
        file = io.BytesIO()
        np.save(file, floats)
        yield f"{name}.refuse.npy", file.getvalue()
        np.savez(file := io.BytesIO(), floats)
        yield f"{name}.refuse.npz", file.getvalue()
    for mode in ("1", "L", "P", "RGBA", "LA"):
        yield f"mode-{mode.lower()}.answer.png", _saved(picture.convert(mode), "PNG")
    for mode in ("LAB", "YCbCr", "F", "I"):
        yield (
            f"mode-{mode.lower()}.any.tif",
            _saved(picture.convert("L" if mode in "FI" else "RGB").convert(mode), "TIFF"),
        )
    frames = [picture.rotate(40 * k) for k in range(8)]
    for kind in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        yield f"animated.answer.{extension(kind)}", _saved(frames[0], kind, save_all=True, append_images=frames[1:])
    yield "transparent.answer.gif", _saved(picture.quantize(8), "GIF", transparency=0)
    yield "with-rubbish-behind.answer.png", _saved(picture, "PNG") + bytes(5000)
    yield "much-exif.any.jpg", _saved(picture, "JPEG", exif=b"Exif\0\0" + b"MM\0*\0\0\0\x08" + b"\xff" * 60_000)
    yield "icc-of-rubbish.any.png", _saved(picture, "PNG", icc_profile=b"\0" * 4000)


def _bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that ask for much: of memory, or of time."""
    for side in (20_000, 65_000, 2**31 - 1):
        yield f"bomb-header-{side}.refuse.png", png_header(side, side)
    yield "bomb-header.refuse.jpg", jpeg_header(65_500, 65_500)
    yield "bomb-header.refuse.bmp", b"BM" + struct.pack("<IHHIIiiHHIIiiII", 1000, 0, 0, 54, 40, 60_000, 60_000, 1, 24,
                                                        0, 0, 0, 0, 0, 0) + bytes(900)  # fmt: skip
    yield "bomb-header.refuse.ppm", b"P6 60000 60000 255\n" + bytes(900)
    gif = bytearray(_saved(scene().quantize(4), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield "bomb-header.refuse.gif", bytes(gif)
    black = Image.new("L", (7500, 7500))
    yield "bomb-pixels.answer.png", _saved(black, "PNG", compress_level=9)
    yield "bomb-pixels.answer.gif", _saved(black.convert("P"), "GIF")
    for kind, options in (("WEBP", {"method": 0}), ("AVIF", {"speed": 10})):
        data = _saved(Image.new("RGB", (5600, 5600)), kind, quality=1, **options)
        yield f"bomb-pixels.answer.{extension(kind)}", data
        side = "<HH" if kind == "WEBP" else ">II"
        large = data.replace(struct.pack(side, 5600, 5600), struct.pack(side, 7000, 7000))
        yield f"bomb-pixels.refuse.{extension(kind)}", large
    yield "bomb-pixels.answer.jpg", _saved(black, "JPEG", quality=5)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"bomb-pixels-{compression}.answer.tif", _saved(black, "TIFF", compression=compression)
    yield "bomb-deep.answer.png", _saved(Image.fromarray(np.zeros((7500, 7500), np.uint16)), "PNG")
    yield "bomb-deep.any.tif", _deep_tiff(7500)
    text = b"Comment\0\0" + zlib.compress(bytes(60_000_000), 9)
    png = _saved(scene(), "PNG")
    yield "bomb-text.any.png", png[:33] + chunk(b"zTXt", text) + png[33:]
    profile = b"ICC\0\0" + zlib.compress(bytes(60_000_000), 9)
    yield "bomb-profile.any.png", png[:33] + chunk(b"iCCP", profile) + png[33:]
    one = _saved(Image.new("P", (4000, 4000)), "GIF")
    start = 13 + 3 * 2 ** ((one[10] & 7) + 1)  # behind the table of colours a frame follows, then the last byte
    yield "bomb-frames.answer.gif", one[:start] + 500 * one[start:-1] + one[-1:]
    frames = [Image.new("L", (2000, 2000), k) for k in range(12)]
    yield "bomb-frames.answer.png", _saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    yield "bomb-scans.any.jpg", _scans(400)
    tiff = bytearray(_saved(scene(), "TIFF"))
    start = struct.unpack("<I", tiff[4:8])[0]
    count = struct.unpack("<H", tiff[start : start + 2])[0]
    tiff[start + 2 + 12 * count : start + 6 + 12 * count] = struct.pack("<I", start)
    yield "bomb-circle.any.tif", bytes(tiff)
    for number, tag in enumerate((256, 257, 273, 278, 279)):
        yield f"bomb-tag-{number}.any.tif", _tag(_saved(scene(), "TIFF"), tag)


def _deep_tiff(side: int) -> bytes:
    """Three channels of 16 bits, which Pillow does not read whole."""
    import cv2

    done, data = cv2.imencode(".tiff", np.zeros((side, side, 3), np.uint16))
    return data.tobytes() if done else b""


def _scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each costs a pass over the whole picture."""
    data = _saved(Image.new("RGB", (6000, 6000), (90, 120, 200)), "JPEG", progressive=True, quality=30)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + b"\xff\xd9"


def _tag(tiff: bytes, tag: int) -> bytes:
    data, start = bytearray(tiff), struct.unpack("<I", tiff[4:8])[0]
    for at in range(start + 2, start + 2 + 12 * struct.unpack("<H", tiff[start : start + 2])[0], 12):
        if struct.unpack("<H", data[at : at + 2])[0] == tag:
            data[at + 8 : at + 12] = b"\xf0\xff\xff\x7f"
    return bytes(data)


def _no_pictures() -> Iterator[tuple[str, bytes]]:
    random = np.random.default_rng(17)
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    billion = (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "' + b"a" * 4000 + b'">]><svg>' + b"&a;" * 4000 + b"</svg>"
    )
    yield "svg.refuse.png", svg
    yield "svg-of-a-billion.refuse.png", billion
    yield "html.refuse.png", b"<!DOCTYPE html><html><script>alert(1)</script></html>"
    yield "text.refuse.jpg", "这不是照片".encode()
    yield "pickle.refuse.png", b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    yield "zip.refuse.png", b"PK\x03\x04" + bytes(400)
    yield "pdf.refuse.jpg", b"%PDF-1.7\n" + bytes(400)
    yield "postscript.refuse.jpg", b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n"
    yield "imagemagick.refuse.png", b"push graphic-context\nimage over 0,0 0,0 'url(http://127.0.0.1/)'\n"
    yield "elf.refuse.png", b"\x7fELF" + bytes(400)
    yield "empty.refuse.png", b""
    yield "zeros.refuse.png", bytes(4096)
    yield "one-byte.refuse.jpg", b"\xff"
    for kind, start in (("mp4", b"\0\0\0\x18ftypmp42"), ("avi", b"RIFF\0\0\0\0AVI "), ("webm", b"\x1aE\xdf\xa3")):
        yield f"start-of-{kind}.refuse.png", start + bytes(400)
    for number in range(12):
        yield f"random-{number}.refuse.png", random.bytes(int(random.integers(1, 5000)))
    starts = {"jpg": b"\xff\xd8\xff\xe0", "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF89a", "tif": b"II*\0", "bmp": b"BM",
              "webp": b"RIFF\0\0\0\0WEBPVP8 ", "avif": b"\0\0\0\x1cftypavif"}  # fmt: skip
    for name, start in starts.items():
        yield f"start-alone.refuse.{name}", start
        for number in range(4):
            yield f"start-and-random-{number}.refuse.{name}", start + random.bytes(3000)


def _saved(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def write(folder: Path, made: Iterable[tuple[str, bytes]]) -> list[Path]:
    """All of them, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, (name, data) in enumerate(made):
        files.append(folder / f"{number:03d}-{name}")
        files[-1].write_bytes(data)
    return files


if __name__ == "__main__":
    made = write(Path(sys.argv[1]), corpus())
    print(f"{len(made)} files, {sum(file.stat().st_size for file in made) / 1e6:.1f} MB")
