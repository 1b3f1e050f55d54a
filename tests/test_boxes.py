"""One convention: a box is x0, y0, x1, y1 wherever a person gives or gets one, and what comes out can be given back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from pose_demo import compare
from pose_demo.__main__ import main
from pose_demo.crop import whole
from pose_demo.page import photo_input
from pose_demo.page.session import Session
from pose_demo.photo import PhotoError

BOX, TURNED = (60.0, 20.0, 180.0, 170.0), (180.0, 20.0, 60.0, 170.0)


@pytest.fixture
def call(photo, untrained, tmp_path):
    """call(box) -> what the command line writes."""
    Image.fromarray(photo).save(tmp_path / "photo.png")

    def run(box) -> dict:
        words = ["--box", *map(str, box)] if box else []
        assert (
            main(["compare", str(tmp_path / "photo.png"), "--out", str(tmp_path), "--networks", *untrained, *words])
            == 0
        )
        return json.loads((tmp_path / "result.json").read_text())

    return run


def test_a_box_that_ends_before_it_begins_is_an_error(photo, untrained, tmp_path, capsys):
    """Nowhere are its edges swapped; the API is asked in tests/page/test_api.py."""
    says = "the box 180, 20, 60, 170 ends before it begins"
    with pytest.raises(PhotoError, match=says):
        compare(photo, TURNED, untrained)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    out = ["--out", str(tmp_path / "out"), "--box", *map(str, TURNED)]
    assert main(["compare", str(tmp_path / "photo.png"), *out]) == 1
    assert says in capsys.readouterr().err
    session = Session()
    session.take(photo, BOX)
    answer = photo_input.frame(session, {"box": list(TURNED)})
    assert answer["error"]["key"] == "box.turned" and answer["box"] == list(BOX) == list(session.box)


@pytest.mark.parametrize("box", [BOX, None], ids=["given", "looked for"])
def test_what_comes_out_can_be_given_back_in(box, photo, untrained, call):
    first = compare(photo, box, untrained)
    assert box is None or first.box == box
    again = compare(photo, first.box, untrained)
    said = call(first.to_json()["box"])
    shown = Session()
    shown.take(photo)
    photo_input.frame(shown, {"box": said["box"]})
    assert photo_input.boxes(shown)["box"] == pytest.approx(first.box, abs=0.06)
    for a, b, c in zip(first.poses, again.poses, said["poses"], strict=True):
        assert np.array_equal(a.joints, b.joints)
        assert np.array(c["keypoints"]).reshape(-1, 3)[:, :2] == pytest.approx(a.joints, abs=0.1)


def test_the_whole_photo_is_a_box_too(photo, untrained):
    result = compare(photo, whole(photo.shape), untrained)
    assert compare(photo, result.to_json()["box"], untrained).box == result.box == (-0.5, -0.5, 239.5, 179.5)
