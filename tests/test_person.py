import numpy as np
import pytest

from pose_demo import person
from pose_demo.examples import examples
from pose_demo.networks.finder import overlaps
from pose_demo.networks.zoo import shared
from pose_demo.photo import read
from pose_demo.weights import default_pair


@pytest.mark.parametrize("shape", [(100, 100), (300, 100), (640, 1200), (17, 900), (1500, 12_000)])
def test_windows_cover_every_pixel_at_every_size(shape):
    height, width = shape
    for share in person.SIDES:
        side = share * person.longest(*shape)
        of_size = [b for b in person.windows(*shape) if abs(b[2] - b[0] - side) < 1e-6]
        for x in np.linspace(0, width - 1, 20):
            for y in np.linspace(0, height - 1, 20):
                assert any(b[0] - 1 <= x <= b[2] + 1 and b[1] - 1 <= y <= b[3] + 1 for b in of_size)
    assert len(person.windows(*shape)) < 120


def test_a_box_holds_the_joints_that_answered():
    joints = np.array([[50.0, 40], [60, 90], [55, 60], [400, 400]])
    scores = np.array([0.8, 0.7, 0.9, 0.01])
    box = person.around(joints, scores, (0, 0, 100, 100), (200, 200, 3))
    assert box == pytest.approx((45, 35, 65, 95))
    # Too few answered: the box stays.
    assert person.around(joints, scores * [1, 1, 0, 0], (0, 0, 100, 100), (200, 200, 3)) == pytest.approx(
        (0, 0, 100, 100)
    )


@pytest.fixture(scope="module")
def finder():
    return [shared(name, "cpu") for name in default_pair()]


def easy():
    return [example for example in examples() if not example.hard]


@pytest.mark.parametrize("example", easy(), ids=lambda e: e.path.stem)
def test_the_person_of_an_example_is_found(example, finder):
    found = person.find(read(example.path), *finder)
    assert overlaps(found.box, example.box) > 0.5, found


@pytest.mark.parametrize("corner", [(0.05, 0.1), (0.6, 0.5)])
def test_a_small_person_in_a_large_photo_is_found(corner, finder):
    """A person of about a quarter of the photo's height, put into a large plain scene."""
    import cv2

    example = easy()[0]
    photo = read(example.path)
    x0, y0, x1, y1 = (round(v) for v in example.box)
    cut = photo[y0:y1, x0:x1]
    tall = 260
    cut = cv2.resize(cut, (round(tall * cut.shape[1] / cut.shape[0]), tall), interpolation=cv2.INTER_AREA)
    scene = np.empty((1000, 1400, 3), np.uint8)
    scene[:] = photo[:20].mean((0, 1))
    left, top = round(corner[0] * 1400), round(corner[1] * 1000)
    scene[top : top + tall, left : left + cut.shape[1]] = cut
    found = person.find(scene, *finder)
    assert overlaps(found.box, (left, top, left + cut.shape[1], top + tall)) > 0.4, found


@pytest.mark.parametrize("left", [1_000, 8_400])
def test_a_person_in_a_panorama_is_found(left, finder):
    """Eight times as wide as high, before a background that is not plain."""
    import cv2

    example, (height, width, tall) = easy()[0], (1500, 12_000, 900)
    photo = read(example.path)
    x0, y0, x1, y1 = (max(round(v), 0) for v in example.box)
    cut = cv2.resize(photo[y0:y1, x0:x1], (round(tall * (x1 - x0) / (y1 - y0)), tall), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(0)
    parts = (rng.normal(0, sigma, (height // k, width // k, 3)).astype(np.float32) for k, sigma in ((50, 25), (12, 15)))
    scene = sum(cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) for part in parts) + 120
    scene = scene.clip(0, 255).astype(np.uint8)
    scene[450 : 450 + tall, left : left + cut.shape[1]] = cut
    found = person.find(scene, *finder)
    assert overlaps(found.box, (left, 450, left + cut.shape[1], 450 + tall)) > 0.4, found


@pytest.mark.parametrize("kind", ["plain", "grain"])
def test_an_empty_wall_is_nobody(kind, finder):
    rng = np.random.default_rng(0)
    spread = {"plain": 0, "grain": 4}[kind]
    wall = rng.normal(180, spread, (300, 400, 3)).clip(0, 255).astype(np.uint8)
    found = person.find(wall, *finder)
    assert found.confidence < person.NOBODY and found.box == (-0.5, -0.5, 399.5, 299.5)


def test_the_examples_are_somebody(finder):
    assert all(person.find(read(example.path), *finder).confidence > person.NOBODY for example in examples())
