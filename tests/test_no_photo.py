"""What cannot be read as a photo: one sentence says so, whatever it is."""

import os
import warnings
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import (
    CORPUS,
    HEIGHT,
    PICTURE,
    WIDTH,
    encoded,
    jpeg_header,
    png_header,
    refused,
)
from PIL import Image

from pose_demo.examples import examples
from pose_demo.photo import MIN_SIDE, PhotoError, read


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"Dear diary", "no picture that can be read here"),
        (b"\0" * 1000, "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>", "an SVG drawing"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><svg/>", "an SVG drawing"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "an HEIC photo"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "damaged"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "a video"),
        (b"\x1aE\xdf\xa3\1\0\0\0", "a video"),
        (b"RIFF\0\1\0\0AVI LIST", "a video"),
        (b"PK\x03\x04\x14\0", "an archive"),
        (b"\xff\xd8\xff", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"RIFF\x1a\0\0\0WEBPVP8L", "damaged"),
        (b"GIF89a", "damaged"),
        (b"BM" + bytes(60), "damaged"),
        (b"II*\0\x08\0\0\0", "damaged"),
    ],
)
def test_what_is_no_photo(data, says, tmp_path):
    assert says in refused(data)
    file = tmp_path / "holiday.jpg"
    file.write_bytes(data)
    text = refused(file)
    assert says in text and text.startswith("holiday.jpg is ")


def test_paths_that_lead_nowhere(tmp_path):
    assert "is a folder" in refused(tmp_path)
    assert "there is no file" in refused(tmp_path / "missing.jpg")
    file = tmp_path / "photo.png"
    file.write_bytes(encoded(PICTURE, "PNG"))
    assert "there is no file" in refused(file / "inside.png")
    assert "cannot be opened" in refused("a\0b.jpg")
    assert "cannot be opened" in refused("long" * 5000 + ".jpg")
    assert "check the path" in refused("two\nlines\ud800.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in the file system")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "a device or a pipe" in refused(tmp_path / "pipe.jpg")


@pytest.mark.parametrize("source", [None, 3, [1, 2], {"path": "x.jpg"}])
def test_what_is_no_source(source):
    assert type(source).__name__ in refused(source)


@pytest.mark.parametrize(
    "array",
    [
        PICTURE / 255, PICTURE.astype(np.uint16), PICTURE[None], PICTURE[..., :2], PICTURE[0, :, 0],
        np.zeros((0, 0, 3), np.uint8), np.zeros((MIN_SIDE - 1, 500, 3), np.uint8),
    ],
)  # fmt: skip
def test_arrays_that_are_no_photo(array):
    assert "the array is" in refused(array)


def test_too_small():
    assert "1 x 1 pixels" in refused(encoded(PICTURE[:1, :1], "PNG"))
    assert "40 x 15 pixels" in refused(encoded(PICTURE[: MIN_SIDE - 1], "BMP"))
    assert read(encoded(PICTURE[:MIN_SIDE, :MIN_SIDE], "PNG")).shape == (MIN_SIDE, MIN_SIDE, 3)


GIGANTIC = {
    "png": png_header(100_000, 100_000),
    "png in Pillow's own zone of warnings": png_header(10_000, 10_000),
    "png of one bit": png_header(60_000, 60_000, bits=1, colour=0),
    "jpeg": jpeg_header(65_500, 65_500),
    "gif": CORPUS["gif"][:6] + b"\xff\xff\xff\xff" + CORPUS["gif"][10:],
    "bmp": CORPUS["bmp"][:18] + b"\xff\xff\0\0\xff\xff\0\0" + CORPUS["bmp"][26:],
}


@pytest.mark.parametrize("name", GIGANTIC)
def test_gigantic_pictures_are_refused_by_their_header(name):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert "more than the 60 million allowed" in refused(GIGANTIC[name])
    assert not told


def test_limits_can_be_set(tmp_path):
    data = encoded(PICTURE, "BMP")
    assert read(data, max_bytes=len(data), max_pixels=WIDTH * HEIGHT).shape == PICTURE.shape
    assert "pixels, more than" in refused(data, max_pixels=WIDTH * HEIGHT - 1)
    assert "more than" in refused(PICTURE, max_pixels=100) and "more than" in refused(
        Image.new("L", (99, 99)), max_pixels=9
    )
    file = tmp_path / "large.bmp"
    file.write_bytes(data)
    for source in (data, file):
        assert "MB, more than the" in refused(source, max_bytes=len(data) - 1)


def test_pillows_own_limit_does_not_matter(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    for name in ("png", "jpeg", "webp", "bmp"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read(CORPUS[name]).shape in (PICTURE.shape, (WIDTH, HEIGHT, 3))


def test_a_picture_that_was_closed():
    picture = Image.open(BytesIO(CORPUS["png"]))
    picture.fp.close()
    assert "cannot be decoded" in refused(picture)


@pytest.mark.parametrize("name", CORPUS)
def test_cut_short_at_every_length(name):
    """Nothing but PhotoError, unless all that is missing is a file's last, idle bytes."""
    data = CORPUS[name]
    everything = read(data)
    for length in {*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 20, len(data))}:
        try:
            pixels = read(data[:length])
        except PhotoError:
            continue
        assert np.array_equal(pixels, everything), f"{length} of {len(data)} bytes were enough"


def test_a_large_photo_cut_short():
    data = examples()[0].path.read_bytes()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        assert "cut short" in refused(data[: int(share * len(data))])


def test_a_chunk_that_lies_about_its_length():
    data = bytearray(CORPUS["png"])
    data[33:37] = b"\x7f\xff\xff\xff"
    assert "damaged" in refused(bytes(data))


def only_photos_or_photo_errors(data: bytes) -> None:
    try:
        pixels = read(data, max_pixels=200_000)
    except PhotoError as problem:
        assert "\n" not in str(problem)
    else:
        assert (
            pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and min(pixels.shape[:2]) >= MIN_SIDE
        )


STARTS = sorted({data[:12] for data in CORPUS.values()} | {b"", b"<svg", b"%PDF", b"\0\0\0\x20ftyp"})


@settings(max_examples=300, deadline=None)
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=300))
def test_any_bytes(start, rest):
    only_photos_or_photo_errors(start + rest)


@settings(max_examples=600, deadline=None)
@given(
    name=st.sampled_from(sorted(CORPUS)),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.sampled_from("sdi"), st.binary(max_size=6)), max_size=6),
    length=st.integers(0, 8000),
)
def test_any_damage(name, edits, length):
    data = bytearray(CORPUS[name])
    for at, how, what in edits:
        at %= len(data)
        data[at : at + {"s": len(what), "d": 5, "i": 0}[how]] = b"" if how == "d" else what
        data = data or bytearray(b"\0")
    only_photos_or_photo_errors(bytes(data[: length if length < 4000 else None]))
