"""The person's box: what the network sees of the photo, and the way back."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_demo.crop import Crop, check_box, whole
from pose_demo.photo import PhotoError

SIZES = st.sampled_from([(256, 256), (256, 192), (384, 288), (128, 128), (64, 48)])
coordinate = st.floats(-500, 3000)


@st.composite
def boxes(draw, smallest=3.0, largest=4000.0):
    x0, y0 = draw(coordinate), draw(coordinate)
    return x0, y0, x0 + draw(st.floats(smallest, largest)), y0 + draw(st.floats(smallest, largest))


@given(boxes(), SIZES, st.floats(1, 2), st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=20))
def test_round_trips(box, size, padding, points):
    crop = Crop.around(box, size, padding)
    assert np.abs(crop.to_photo(crop.to_input(points)) - points).max() < 1e-6
    assert np.abs(crop.to_input(crop.to_photo(points)) - points).max() < 1e-6
    with_ones = np.column_stack([points, np.ones(len(points))])
    assert np.abs(with_ones @ crop.matrix.T - crop.to_input(points)).max() < 1e-6


@given(boxes(), SIZES, st.floats(1, 2))
def test_a_crop_is_the_padded_box_in_the_inputs_shape(box, size, padding):
    x0, y0, x1, y1 = Crop.around(box, size, padding).box
    assert (x1 - x0) / (y1 - y0) == pytest.approx(size[1] / size[0])
    assert (x0 + x1, y0 + y1) == pytest.approx((box[0] + box[2], box[1] + box[3]), abs=1e-6)
    wide, tall = (x1 - x0) / (box[2] - box[0]), (y1 - y0) / (box[3] - box[1])
    assert min(wide, tall) == pytest.approx(padding)


@given(boxes(), SIZES)
def test_edges_land_on_edges(box, size):
    """Pixel i covers i - 0.5 to i + 0.5, in the photo and in the input: no half pixel is lost on the way."""
    crop = Crop.around(box, size)
    edges = crop.to_input(np.reshape(crop.box, (2, 2)))
    assert edges == pytest.approx(np.array([[-0.5, -0.5], [size[1] - 0.5, size[0] - 0.5]]), abs=1e-6)
    area = np.prod(np.diff(edges, axis=0)) * crop.scale**2
    assert area == pytest.approx((crop.box[2] - crop.box[0]) * (crop.box[3] - crop.box[1]))


def test_a_box_of_the_inputs_size_is_the_photo_itself():
    photo = np.random.default_rng(0).integers(0, 256, (256, 192, 3), np.uint8)
    crop = Crop.around(whole(photo.shape), (256, 192), padding=1)
    assert np.array_equal(crop.matrix, [[1, 0, 0], [0, 1, 0]])
    assert np.array_equal(crop.warp(photo), photo)


@pytest.mark.parametrize("factor", [2, 3, 5, 8, 16])
def test_shrinking_by_a_whole_factor_is_the_mean_of_blocks(factor):
    photo = np.random.default_rng(0).integers(0, 256, (64 * factor, 48 * factor, 3), np.uint8)
    seen = Crop.around(whole(photo.shape), (64, 48), padding=1).warp(photo)
    blocks = photo.reshape(64, factor, 48, factor, 3).mean((1, 3))
    assert np.abs(seen - blocks)[1:-1, 1:-1].max() <= 2  # rounded two or three times on the way


def centroid(picture: np.ndarray) -> np.ndarray:
    weights = picture[..., 0].astype(float)
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()


@settings(deadline=None, max_examples=60)
@given(st.floats(20, 1500), st.floats(0.15, 1), st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)), SIZES, st.data())
def test_a_dot_lands_where_it_should(side, shape, at, size, data):
    """A square as large as a pixel of the input, or one pixel of the photo where the photo is enlarged."""
    box = (100.3, 80.8, 100.3 + side, 80.8 + side * shape)
    if data.draw(st.booleans()):
        box = (box[0], box[1], box[0] + side * shape, box[1] + side)
    crop = Crop.around(box, size)
    spread = math.ceil(crop.scale)
    place = np.floor([box[0] + at[0] * (box[2] - box[0]), box[1] + at[1] * (box[3] - box[1])]).astype(int)
    photo = np.zeros((1700, 1700, 3), np.uint8)
    photo[place[1] : place[1] + spread, place[0] : place[0] + spread] = 255
    seen = crop.warp(photo)
    seen = np.where(seen > 20, seen, 0)  # what lies beyond the photo has its mean colour, nearly black
    assert np.abs(centroid(seen) - crop.to_input(place + (spread - 1) / 2)).max() < 0.6


@settings(deadline=None, max_examples=60)
@given(st.floats(0.2, 14), st.tuples(st.floats(0.3, 0.7), st.floats(0.3, 0.7)), st.tuples(*[st.floats(0, 1)] * 2))
def test_a_smooth_spot_lands_exactly(scale, at, offset):
    """Half a pixel wrong anywhere would show: the spot is within a tenth of a pixel at every scale."""
    size = (96, 64)
    x0, y0 = 40 + offset[0], 30 + offset[1]
    box = np.array([x0, y0, x0 + size[1] * scale, y0 + size[0] * scale])
    crop = Crop.around(box, size, padding=1)
    place = box[:2] + np.array(at) * (box[2:] - box[:2])
    height, width = math.ceil(box[3]) + 20, math.ceil(box[2]) + 20
    sigma = max(4 * crop.scale, 1.2)
    row, column = (
        np.exp(-((np.arange(n) - c) ** 2) / (2 * sigma**2)) for n, c in ((height, place[1]), (width, place[0]))
    )
    spot = 255 * np.outer(row, column)
    seen = crop.warp(np.repeat(spot.round().astype(np.uint8)[..., None], 3, axis=2)).astype(float)
    seen[seen < 12] = 0  # tails of the spot that the input cuts off on one side only
    assert np.abs(centroid(seen) - crop.to_input(place)).max() < 0.1


@settings(deadline=None, max_examples=60)
@given(boxes(largest=400.0), SIZES, st.tuples(*[st.integers(0, 255)] * 3))
def test_a_plain_photo_stays_plain(box, size, colour):
    """Within and beyond: beyond lies the mean colour."""
    photo = np.full((70, 90, 3), colour, np.uint8)
    seen = Crop.around(box, size).warp(photo)
    assert seen.shape == (*size, 3) and seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - colour).max() <= 1


def test_a_plain_photo_that_whole_blocks_do_not_fit_stays_plain():
    photo = np.full((701, 903, 3), (200, 100, 50), np.uint8)
    assert np.abs(Crop.around(whole(photo.shape), (64, 48)).warp(photo) - np.array([200, 100, 50])).max() <= 1


@pytest.mark.parametrize("box", [(500, 500, 600, 700), (-900, -900, -500, -500), (40, -900, 50, -850)])
def test_a_box_that_misses_the_photo_shows_its_mean_colour(box):
    photo = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)
    seen = Crop.around(box, (64, 48)).warp(photo)
    assert np.abs(seen - photo.mean((0, 1))).max() <= 1


@pytest.mark.parametrize("shape", [(20, 40_000), (40_000, 20), (16, 33_000), (17, 17)])
def test_long_and_tiny_photos(shape):
    photo = np.full((*shape, 3), 90, np.uint8)
    photo[shape[0] // 2 :] = 200
    for box in (whole(photo.shape), (shape[1] - 12, shape[0] - 14, shape[1], shape[0])):
        seen = Crop.around(box, (64, 64)).warp(photo)
        assert seen.min() >= 89 and seen.max() <= 201
    assert Crop.around((-1e7, -1e7, 1e7, 1e7), (64, 64)).warp(photo).std() == 0


def test_stripes_finer_than_a_pixel_turn_grey():
    """Without averaging they would come back as moiré."""
    photo = np.zeros((1000, 1000, 3), np.uint8)
    photo[:, ::2] = 255
    for scale in (2.2, 3.1, 4.7, 9.3):
        crop = Crop.around((200, 200, 200 + 64 * scale, 200 + 64 * scale), (64, 64), padding=1)
        seen = crop.warp(photo).astype(int)
        assert np.abs(seen - 127.5).max() < 255 / 2 / scale + 5


def test_what_lies_around_does_not_matter():
    """Only the part that the input covers is looked at."""
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (800, 900, 3), np.uint8)
    other = rng.integers(0, 256, (800, 900, 3), np.uint8)
    for box in ((300.2, 200.7, 420.1, 410.9), (250, 200, 540, 500)):
        crop = Crop.around(box, (64, 48))
        x0, y0, x1, y1 = crop.box
        inside = np.s_[int(y0) - 1 : int(y1) + 3, int(x0) - 1 : int(x1) + 3]
        mixed = other.copy()
        mixed[inside] = photo[inside]
        assert np.array_equal(crop.warp(mixed), crop.warp(photo))


@pytest.mark.parametrize(
    "photo", [np.zeros((50, 50, 3)), np.zeros((50, 50), np.uint8), np.zeros((50, 50, 4), np.uint8)]
)
def test_warp_takes_what_read_gives(photo):
    with pytest.raises(ValueError, match="as read\\(\\) gives it"):
        Crop.around((1, 2, 30, 40), (64, 64)).warp(photo)


def test_crops_compare_by_value():
    a, b = (Crop.around((1, 2, 30, 40), (64, 64)) for _ in range(2))
    assert a == b and hash(a) == hash(b) and a != Crop.around((1, 2, 30, 41), (64, 64))
    assert a.matrix.shape == (2, 3)


# --- boxes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [(50, 60, 10, 80), (10, 60, 50, 20)])
def test_a_box_that_ends_before_it_begins_is_an_error(box):
    with pytest.raises(PhotoError, match="ends before it begins: give x0, y0, x1, y1"):
        check_box(box, (100, 200, 3))


def test_boxes_are_clipped():
    assert check_box(np.array([-30, -40, 500, 600.0]), (100, 200)) == whole((100, 200)) == (-0.5, -0.5, 199.5, 99.5)
    assert check_box(["1", 2, 30, 40], (100, 200)) == (1, 2, 30, 40)


@pytest.mark.parametrize(
    "box",
    [
        (10, 10, 10, 50), (10, 10, 11, 50), (300, 10, 400, 50), (-50, -50, -1, -1), (float("nan"), 0, 9, 9),
        (0, 0, float("inf"), 9), (1, 2, 3), (1, 2, 3, 4, 5), "abcd", None, 7, [[1, 2], [3, 4]], (10**400, 0, 9, 9),
        ("x" * 999,) * 4,
    ],
)  # fmt: skip
def test_boxes_that_hold_nothing(box):
    with pytest.raises(PhotoError, match="draw it") as problem:
        check_box(box, (100, 200, 3))
    assert "\n" not in str(problem.value) and len(str(problem.value)) < 300


@pytest.mark.parametrize("box", [(10, 10, 10, 50), (30, 10, 10, 50), (0, 0, float("nan"), 5), (0, 0, 1e308, 1e309)])
def test_no_crop_without_an_extent(box):
    with pytest.raises(PhotoError, match="draw it"):
        Crop.around(box, (64, 64))


@given(
    st.lists(st.floats() | st.integers(-(10**6), 10**6), min_size=4, max_size=4),
    st.tuples(*[st.integers(16, 5000)] * 2),
)
def test_any_box_is_used_or_refused(numbers, shape):
    try:
        x0, y0, x1, y1 = check_box(numbers, shape)
    except PhotoError:
        return
    assert -0.5 <= x0 < x1 <= shape[1] - 0.5 and -0.5 <= y0 < y1 <= shape[0] - 0.5
    Crop.around((x0, y0, x1, y1), (256, 192))
