"""Whatever is asked through the public doors: an answer of the right shape and finite, or a UserError."""

from __future__ import annotations

import contextlib
import io
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from pose_demo import compare, weights
from pose_demo.__main__ import main
from pose_demo.comparison import Comparison
from pose_demo.locales import UserError
from pose_demo.networks import zoo
from pose_demo.networks.silence import HOWS, places
from pose_demo.networks.upsampling import STOPS
from pose_demo.page import doors, link, schema
from pose_demo.page.session import Session

PAIR = ["hrnet-tiny", "hourglass-tiny-1"]
PLACES = [place for name in PAIR for place in places(zoo.shared(name, "cpu"))]


def times(count: int):
    """The same examples each time, and no clock: the machine may be busy."""
    return settings(
        max_examples=count, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


@st.composite
def photos(draw) -> np.ndarray:
    """Any size and shape, mostly small; flat or noisy."""
    sizes = st.integers(1, 150) | st.sampled_from([16, 17, 700, 3000])
    height, width = draw(sizes), draw(sizes)
    if draw(st.booleans()):
        return np.full((height, width, 3), draw(st.integers(0, 255)), np.uint8)
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


NUMBERS = st.floats() | st.floats(-50, 200) | st.integers(-20, 200) | st.integers()
ODD = NUMBERS.map(str) | st.text(max_size=5) | st.none() | st.booleans() | st.just(10**400) | st.just([1.0])
BOXES = (
    st.none()
    | st.tuples(*4 * [st.floats(0, 60)]).map(lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3]))
    | st.lists(NUMBERS, min_size=4, max_size=4)
    | st.lists(NUMBERS | ODD, max_size=6)
    | ODD
    | st.just({"x0": 1}) | st.just(np.full((2, 2), 3.0))
)  # fmt: skip
TEXT = st.text(max_size=12) | st.sampled_from([*STOPS, "NEAREST", "nearest ", "bilinear\n", "\ud800", "x" * 3000])
ANYWHERE = st.sampled_from([*PLACES, "stack1", "stage3", "a->b", "->", "stem->stem", "heatmaps"]) | st.text(max_size=8)
REQUESTS = (
    st.none() | TEXT | st.dictionaries(ANYWHERE, st.sampled_from(STOPS) | TEXT, max_size=2)
    | st.lists(st.none() | st.sampled_from(STOPS) | TEXT, max_size=3)
)  # fmt: skip
WAYS = st.sampled_from(HOWS) | st.text(max_size=5) | st.sampled_from([
    torch.zeros(1, 8, 3, 3), torch.zeros(0), torch.tensor(math.nan),
])  # fmt: skip
CUTS = st.none() | st.dictionaries(ANYWHERE, WAYS, max_size=3)


def told(problem: UserError) -> None:
    """One sentence, which can cross the wire."""
    assert str(problem) and "\n" not in str(problem) and json.dumps(problem.said, allow_nan=False)


def whole(result: Comparison, photo: np.ndarray) -> None:
    """Joints and scores of both networks where they looked, nan only after a cut; the box is in the photo."""
    x0, y0, x1, y1 = result.box
    assert -0.5 <= x0 < x1 <= photo.shape[1] - 0.5 and -0.5 <= y0 < y1 <= photo.shape[0] - 0.5
    assert len(result.poses) == 2
    for pose in result.poses:
        assert pose.joints.shape == (14, 2) and pose.scores.shape == (14,)
        known, (left, top, right, bottom) = np.isfinite(pose.scores), pose.crop.box
        assert (known[:, None] == np.isfinite(pose.joints)).all() and (known.all() or pose.silence)
        joints = pose.joints[known]
        assert (joints >= (left - 1, top - 1)).all() and (joints <= (right + 1, bottom + 1)).all()
    json.dumps(result.to_json(), allow_nan=False)


def ask(photo: np.ndarray, **how) -> None:
    try:
        result = compare(photo, networks=PAIR, **how)
    except UserError as problem:
        told(problem)
    else:
        whole(result, photo)


@times(60)
@given(photos(), BOXES)
@example(np.zeros((64, 48, 3), np.uint8), [0, 0, math.inf, 40])
@example(np.zeros((64, 48, 3), np.uint8), [-1e308, -1e308, 1e308, 1e308])
@example(np.zeros((16, 3000, 3), np.uint8), None)
def test_any_photo_and_any_box(photo, box):
    ask(photo, box=box)


@times(150)
@given(REQUESTS, CUTS | st.lists(CUTS, max_size=3), TEXT | st.sampled_from(["argmax", "dark"]), st.booleans())
def test_any_stop_any_cut_and_any_decoder(photo, stop, cuts, decoder, flip):
    ask(photo, box=(60, 20, 180, 170), upsampling=stop, silence=cuts, decoder=decoder, flip=flip)


@times(40)
@given(st.sampled_from(PLACES), st.sampled_from(HOWS), st.sampled_from(STOPS), st.sampled_from(["argmax", "dark"]))
def test_every_arrow_can_be_cut_at_any_stop(photo, place, how, stop, decoder):
    whole(compare(photo, (60, 20, 180, 170), PAIR, stop, silence={place: how}, decoder=decoder), photo)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(PLACES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6,
)  # fmt: skip


@times(100)
@given(st.fixed_dictionaries({}, optional={
    "box": JSON | BOXES.filter(lambda box: not isinstance(box, np.ndarray)),
    "networks": JSON | st.just(PAIR) | st.just([__file__] * 2), "upsampling": JSON | REQUESTS, "decoder": JSON,
    "flip": JSON, "silence": JSON | CUTS,
}))  # fmt: skip
def test_any_json_at_the_door_for_programs(photo, asked):
    try:
        answer = doors.compare(photo, **{"box": [60, 20, 180, 170], "networks": PAIR, **asked})
    except UserError as problem:
        told(problem)
    else:
        assert len(answer["poses"]) == 2 and json.dumps(answer, allow_nan=False)


@times(60)
@given(st.sampled_from(["stem", "stage3", *PLACES]) | JSON, JSON | st.sampled_from(PAIR), JSON | st.just("neck"))
def test_any_cell_at_the_door_for_programs(photo, cell, network, joint):
    try:
        answer = doors.inspect(photo, cell, network, [60, 20, 180, 170], joint=joint)
    except UserError as problem:
        told(problem)
    else:
        assert answer["cell"] == cell and json.dumps(answer, allow_nan=False)


KINDS = [kind for kind in vars(schema).values() if isinstance(kind, type) and hasattr(kind, "__required_keys__")]


@times(150)
@given(st.sampled_from(KINDS), JSON, st.data())
def test_any_json_from_a_browser(kind, sent, data):
    fields = {name: data.draw(JSON) for name in kind.__annotations__ if data.draw(st.booleans())}
    for each in (sent, fields):
        with contextlib.suppress(UserError):
            assert schema.read(kind, each).keys() <= kind.__annotations__.keys()


@times(100)
@given(st.dictionaries(st.sampled_from([
    "left", "right", "upsampling", "own", "against", "joint", "decoder", "flip", "lang", "example", "scope", "cuts",
    "cell", "channel", "at",
    "threshold"]) | st.text(max_size=5), TEXT | ANYWHERE | NUMBERS.map(str) | st.sampled_from(PAIR),
    max_size=6))  # fmt: skip
def test_any_link(query):
    class Request:
        query_params = query

    session = Session(networks=weights.default_pair())
    link.restore(session, Request())
    assert 0 <= session.threshold <= 1
    assert len(session.networks) == 2 and all(zoo.card(name) for name in session.networks)


WORDS = st.sampled_from(["--box", "--upsampling", "--silence", "--decoder", "--flip", "--threshold", "--networks",
                         "--json", "--pictures", "--out"])  # fmt: skip
VALUES = NUMBERS.map(str) | TEXT | ANYWHERE | st.sampled_from(["nan", "inf", "1e999", "-1", "=zero", "stem=flat"])


@times(60)
@given(st.lists(WORDS | VALUES, max_size=7))
@example(["--box", "0", "0", "nan", "10"])
@example(["--box", "0", "0", "1e999", "10"])
@example(["--threshold", "nan", "--flip"])
def test_any_words_on_the_command_line(photo, tmp_path, words):
    file, said, complained = tmp_path / "photo.png", io.StringIO(), io.StringIO()
    Image.fromarray(photo).save(file)
    words = [word.replace("\0", "") for word in words if not ("/" in word or word.startswith("--out"))]
    call = [
        "compare",
        str(file),
        "--out",
        str(tmp_path / "out"),
        "--networks",
        *PAIR,
        "--box",
        "60",
        "20",
        "180",
        "170",
    ]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            status = main([*call, *words])
        except SystemExit as wrong_call:
            status = wrong_call.code
    assert status in (0, 1, 2) and "Traceback" not in complained.getvalue()
    if status == 1:
        assert complained.getvalue().count("\n") == 1


def test_numbers_that_come_as_text_are_numbers(photo):
    given_ = compare(photo, ("60", "20", "180", "170.0"), PAIR)
    assert given_.box == pytest.approx((60, 20, 180, 170))
