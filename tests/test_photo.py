"""What can be read as a photo, and as which pixels."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from pictures import (
    HEIGHT,
    PICTURE,
    WIDTH,
    animation,
    encoded,
    exif,
    png16,
    refused,
    with_tiff_tag,
    without_segment,
)
from PIL import Image

from pose_demo.photo import read

WHITE = np.full_like(PICTURE, 255)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}), ("BMP", {}), ("PPM", {}), ("WEBP", {"lossless": True}), ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "packbits"}),
    ],
)  # fmt: skip
def test_lossless_formats_come_back_exactly(kind, options):
    pixels = read(encoded(PICTURE, kind, **options))
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous and pixels.flags.writeable
    assert np.array_equal(pixels, PICTURE)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_come_back_closely(kind):
    smooth = PICTURE.copy()
    smooth[:, :8] = smooth[:, 8:9]
    assert np.abs(read(encoded(smooth, kind, quality=95)).astype(int) - smooth).mean() < 3


def test_every_source_gives_the_same(tmp_path):
    file = tmp_path / "name.jpg"  # what is inside counts, not the name
    data = encoded(PICTURE, "PNG")
    file.write_bytes(data)
    for source in (file, str(file), data, bytearray(data), Image.fromarray(PICTURE), Image.open(file), PICTURE):
        assert np.array_equal(read(source), PICTURE)


def test_the_array_is_the_callers_own():
    mine = PICTURE.copy()
    read(mine)[:] = 0
    assert np.array_equal(mine, PICTURE)


def test_arrays_of_grey_and_with_alpha():
    assert np.array_equal(read(PICTURE[..., 0]), np.repeat(PICTURE[..., :1], 3, axis=2))
    assert np.array_equal(read(np.dstack([PICTURE, np.full((HEIGHT, WIDTH), 255, np.uint8)])), PICTURE)
    assert np.array_equal(read(np.dstack([PICTURE, np.zeros((HEIGHT, WIDTH), np.uint8)])), WHITE)
    assert np.array_equal(read(PICTURE[:, ::-1]), PICTURE[:, ::-1])


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_and_black_and_white(mode):
    grey = Image.fromarray(PICTURE).convert(mode)
    assert np.array_equal(read(encoded(grey, "PNG")), np.asarray(grey.convert("RGB")))


def test_palettes():
    palette = Image.fromarray(PICTURE).quantize(16)
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(read(encoded(palette, kind)), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("values", [PICTURE, PICTURE[..., 1]])
def test_sixteen_bits_are_scaled_to_eight(values):
    expected = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
    assert np.array_equal(read(png16(values.astype(np.uint16) * 257)), expected)


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bits_round_to_the_nearest(mode):
    values = np.linspace(0, 65535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint16)
    order = ">u2" if mode == "I;16B" else "<u2"
    data = encoded(Image.frombytes(mode, (WIDTH, HEIGHT), values.astype(order).tobytes()), "TIFF")
    assert np.array_equal(read(data)[..., 0], np.round(values / 257).astype(np.uint8))


@pytest.mark.parametrize("top", [1.0, 255.0, 4000.0])
def test_floats_are_scaled_to_eight_bits(top):
    values = (PICTURE[..., 0] / 255 * top).astype(np.float32)
    values[-1, -1] = top
    shown = read(encoded(Image.fromarray(values), "TIFF"))[..., 0].astype(int)
    assert np.abs(shown[:-1] - PICTURE[:-1, :, 0]).max() <= 1
    values[0, 0] = np.nan
    assert read(Image.fromarray(values))[0, 0, 0] == 0


@pytest.mark.parametrize("kind", [".png", ".tiff"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_is_in_a_deep_file_says_what_is_white(kind, bits, channels):
    values = np.round(PICTURE / 255 * (2**bits - 1)).astype(np.uint16)
    values = values[..., 0] if channels == 1 else values[..., ::-1]
    if channels == 4:
        values = np.dstack([values, np.full((HEIGHT, WIDTH), 65535, np.uint16)])
    expected = np.repeat(PICTURE[..., :1], 3, axis=2) if channels == 1 else PICTURE
    assert np.abs(read(cv2.imencode(kind, values)[1].tobytes()).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("top", [255, 4095, 70_000, 2**31 - 1])
def test_integers_of_32_bits(top):
    values = (PICTURE[..., 0] / 255 * top).astype(np.int32)
    values[-1, -1] = top
    shown = read(encoded(Image.fromarray(values), "TIFF"))[..., 0].astype(int)
    assert np.abs(shown[:-1] - PICTURE[:-1, :, 0]).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_kinds_of_tiff_that_pillow_refuses(orientation):
    """Floats in three channels, and YCbCr that is not compressed; and 16 bits, of which it keeps 8."""
    floats = cv2.imencode(".tiff", (PICTURE[..., ::-1] / 255).astype(np.float32))[1].tobytes()
    assert np.array_equal(read(floats), PICTURE)
    scene = stored(PICTURE, orientation)
    ycbcr = encoded(Image.fromarray(scene).convert("YCbCr"), "TIFF", exif=exif(orientation))
    assert np.abs(read(ycbcr).astype(int) - PICTURE).mean() < 1
    deep = cv2.imencode(".tiff", scene[..., ::-1].astype(np.uint16) * 16)[1].tobytes()
    deep = with_tiff_tag(deep, 284, 274, orientation)  # what says that its channels lie together makes room
    assert np.abs(read(deep).astype(int) - PICTURE).max() <= 1
    assert "pixels, more than" in refused(floats, max_pixels=500) and "pixels, more" in refused(ycbcr, max_pixels=500)


def test_a_tiff_that_nobody_reads_is_called_what_it_is():
    floats = cv2.imencode(".tiff", (PICTURE[..., ::-1] / 255).astype(np.float32))[1].tobytes()
    unknown = with_tiff_tag(floats, 259, 259, 31_000)  # how it is compressed
    assert "a TIFF of 32-bit floating-point numbers (RGB)" in refused(unknown)


@pytest.mark.parametrize("brand", [b"avif", b"mif1"])
def test_avif(brand):
    data = encoded(stored(PICTURE, 6), "AVIF", quality=100, subsampling="4:4:4", exif=exif(6))
    data = data[:8] + brand + data[12:]
    assert np.abs(read(data).astype(int) - PICTURE).mean() < 3
    assert "pixels, more than" in refused(data, max_pixels=500)


def test_transparency_lies_on_white():
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, WIDTH // 2 :] = 255
    alpha[0, 0] = 128
    for mode, kind in (("RGB", "PNG"), ("L", "PNG"), ("RGB", "WEBP"), ("RGB", "TIFF")):
        picture = Image.fromarray(PICTURE).convert(mode)
        solid = np.asarray(picture.convert("RGB"))
        picture.putalpha(Image.fromarray(alpha))
        pixels = read(encoded(picture, kind, **({"lossless": True} if kind == "WEBP" else {})))
        assert np.array_equal(pixels[:, WIDTH // 2 :], solid[:, WIDTH // 2 :])
        assert (pixels[1:, : WIDTH // 2] == 255).all()
        assert np.abs(pixels[0, 0] - (solid[0, 0] * (128 / 255) + 127)).max() <= 1.5


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palettes_transparent_colour_is_white(kind):
    palette = Image.fromarray(PICTURE).quantize(16)
    corner = palette.getpixel((2, 2))
    expected = np.array(palette.convert("RGB"))
    expected[np.asarray(palette) == corner] = 255
    assert np.array_equal(read(encoded(palette, kind, transparency=corner)), expected)


def test_a_transparent_colour_without_a_palette_is_white():
    expected = PICTURE.copy()
    expected[:8, :8] = 255
    assert np.array_equal(read(encoded(PICTURE, "PNG", transparency=(255, 0, 0))), expected)


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "HSV", "YCbCr", "RGBX"])
def test_rarer_modes_of_pil_images(mode):
    step = {"La": "LA", "RGBa": "RGBA", "PA": "P"}.get(mode)
    picture = Image.fromarray(PICTURE)
    picture = (picture.convert(step) if step else picture).convert(mode)
    grey = np.repeat(np.asarray(Image.fromarray(PICTURE).convert("L"))[..., None], 3, axis=2)
    expected = {"La": grey, "PA": np.asarray(Image.fromarray(PICTURE).convert("P").convert("RGB"))}.get(mode, PICTURE)
    assert np.abs(read(picture).astype(int) - expected).mean() < 3


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_has_the_right_colours(adobe):
    """Adobe's CMYK files are inverted and say so by a segment of their own; others are neither."""
    picture = Image.fromarray(np.kron(PICTURE[::8, ::8], np.ones((16, 16, 1), np.uint8)))
    if adobe:
        data = encoded(picture.convert("CMYK"), "JPEG", quality=95)
    else:
        inverted = Image.fromarray(255 - np.asarray(picture.convert("CMYK")), "CMYK")
        data = without_segment(encoded(inverted, "JPEG", quality=95), b"\xff\xee")
    assert np.abs(read(data).astype(int) - np.asarray(picture)).mean() < 3
    assert np.array_equal(read(encoded(picture.convert("CMYK"), "TIFF")), np.asarray(picture))


#: Exif 2.3, section 4.6.4: which side of the scene the stored first row and first column are.
SIDES = {
    1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left",
    5: "left top", 6: "right top", 7: "right bottom", 8: "left bottom",
}  # fmt: skip


def stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """How a camera that was held so stores the scene, pixel by pixel."""
    row, column = SIDES[orientation].split()
    height, width = upright.shape[:2]
    rows, columns = (height, width) if row in ("top", "bottom") else (width, height)
    result = np.empty((rows, columns, 3), np.uint8)
    for r in range(rows):
        for c in range(columns):
            place = {row: r, column: c}
            y = place["top"] if "top" in place else height - 1 - place["bottom"]
            x = place["left"] if "left" in place else width - 1 - place["right"]
            result[r, c] = upright[y, x]
    return result


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_exif_orientation(kind, orientation):
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(stored(PICTURE, orientation), kind, exif=exif(orientation), **options)
    for source in (data, Image.open(BytesIO(data))):
        pixels = read(source)
        assert pixels.shape == PICTURE.shape and pixels.flags.c_contiguous
        assert np.abs(pixels.astype(int) - PICTURE).max() <= (8 if kind == "JPEG" else 0)


def test_damaged_exif_counts_as_none():
    for tags in (b"II*\0\xff\xff\xff\x7f", b"neither Intel nor Motorola"):
        data = encoded(PICTURE, "JPEG", exif=b"Exif\0\0" + tags)
        assert np.array_equal(read(data), read(encoded(PICTURE, "JPEG")))
    assert read(encoded(PICTURE, "PNG", exif=exif(77))).shape == PICTURE.shape


def test_the_first_of_several_frames():
    assert (read(animation()) == 200).all()
    pages = [Image.fromarray(PICTURE), Image.fromarray(WHITE)]
    assert np.array_equal(read(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])), PICTURE)
