"""A webcam's frames, as a browser asks for them: what `compare` says of them, one at a time, nothing forged."""

import base64
import threading

import cv2
import numpy as np
import pytest

from pose_demo import compare
from pose_demo.draw import skeleton
from pose_demo.examples import examples
from pose_demo.locales import said
from pose_demo.moving import follow
from pose_demo.networks import memory, zoo
from pose_demo.page import xray
from pose_demo.page.answers import live
from pose_demo.page.answers.maps import picture
from pose_demo.page.answers.parts import values_of
from pose_demo.page.store import STORE
from pose_demo.photo import read

CELL = "stage3.module1.branch1.fused"


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    return cv2.resize(read(examples()[0].path), (320, 480), interpolation=cv2.INTER_AREA)


def packed(picture: np.ndarray) -> str:
    return base64.b64encode(cv2.imencode(".png", picture[..., ::-1])[1]).decode()


@pytest.fixture
def ask(frame):
    """ask(frame, ...) -> the answer; of a comparison with cuts, a stop of the slider and a decoder."""
    cuts = [{}, {"stack2.level0.skip": "zero"}]
    shown = compare(frame, (60, 40, 250, 470), None, "bicubic", silence=cuts, decoder="dark")
    key = STORE.keep(shown, "camera")

    def put(sent: str, **more):
        question = {"key": key, "view": "live", "joint": "*", "language": "en", "side": 0, "cell": CELL}
        return xray.ask({**question, "frame": sent, **more})

    put.key = key
    yield put
    STORE.forget("camera")


def test_a_frame_is_what_compare_says_of_the_box_that_is_followed(ask, frame, monkeypatch):
    monkeypatch.setattr(follow, "EVERY", 1e9)  # however slow this machine is, no time has come to search again
    first = ask(packed(frame))
    assert first["people"] >= 1 and first["seconds"] > 0
    with STORE.use(ask.key) as cached:
        follower = cached.camera.lens.follower
        box, (first_pose, other) = follower.people[0].box, cached.comparison.poses
        second = ask(packed(frame))
        alone = compare(frame, box, None, "bicubic", silence=[{}, other.silence], decoder="dark", trace=True)
    assert follower.searches == 1, "who was found once is followed"
    for pose, svg in zip(alone.poses, second["skeletons"], strict=True):
        assert svg.count("<circle") >= int(skeleton.drawn(pose, 0.1).sum())
        x, y = pose.joints[2]
        assert f'cx="{x:.1f}" cy="{y:.1f}"' in svg
    np.testing.assert_allclose(values_of(second["map"]), picture(alone.poses[0].trace, CELL), rtol=1e-3, atol=1e-4)
    assert first_pose.silence == {} and other.silence


def test_nobody_and_no_such_cell(ask, frame, monkeypatch):
    note = said("memory.cpu", device="cuda")
    monkeypatch.setitem(memory._elsewhere, zoo.shared(zoo.FINDER, zoo.device()), note)
    wall = ask(packed(np.full((120, 160, 3), 200, np.uint8)))
    assert wall["people"] == 0 and wall["map"] is None and wall["note"] == note
    assert all("<circle" not in svg for svg in wall["skeletons"])
    other = ask(packed(frame), cell="no such cell", side=1)
    assert other["map"] is None


def test_what_is_forged_is_a_sentence(ask, frame):
    assert ask("nothing in base64!")["error"]["key"] == "xray.wrong"
    assert ask(base64.b64encode(b"no picture").decode())["error"]["key"].startswith("photo.")
    assert ask(packed(np.zeros((64, 1300, 3), np.uint8)))["error"]["key"] == "live.large"
    assert "error" in xray.ask({"key": "x" * 32, "view": "live", "joint": "*", "language": "en", "frame": ""})


def test_a_large_frame_is_not_decoded(ask, monkeypatch):
    decoded = []
    monkeypatch.setattr("pose_demo.photo._decode", lambda *_: decoded.append(1) or np.zeros((64, 64, 3), np.uint8))
    large = ask(packed(np.zeros((1300, 1300, 3), np.uint8)))
    assert large["error"]["key"] == "photo.too_many_pixels" and not decoded
    assert ask(packed(np.zeros((1280, 1280, 3), np.uint8)))["people"] == 0 and decoded


def test_one_frame_at_a_time(ask, frame, monkeypatch):
    going, go = threading.Event(), threading.Event()

    def look(self, *_):
        going.set()
        go.wait(20)
        return {"people": [], "joints": [[], []], "scores": [np.zeros((0, 14))] * 2}, None

    monkeypatch.setattr(live.Camera, "look", look)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(packed(frame))))
    thread.start()
    assert going.wait(20)
    assert ask(packed(frame))["error"]["key"] == ask("not looked at")["error"]["key"] == "live.busy"
    go.set()
    thread.join(20)
    assert answers[0]["people"] == 0
