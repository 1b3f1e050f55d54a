"""The Video tab without a browser: what goes in, what is told, who may fetch what comes out, and when it goes."""

import shutil
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pose_demo import compare_video
from pose_demo.locales import tell
from pose_demo.moving import film
from pose_demo.networks.upsampling import STOPS
from pose_demo.page import video_tab, work
from pose_demo.page.session import Session

sys.path.append(str(Path(__file__).parents[1] / "moving"))
import films


@pytest.fixture
def upload(tmp_path, monkeypatch) -> Path:
    """A visitor's file, where Gradio puts it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    (tmp_path / "gradio" / "abc").mkdir(parents=True)
    return films.make(tmp_path / "gradio" / "abc" / "walk.mp4", films.frames(6))


def session(networks=("hrnet-slim", "hourglass-slim")) -> Session:
    result = Session()
    result.networks = networks
    return result


def asked(visitor: Session, sent, stop=0, owner="me"):
    request, data = SimpleNamespace(session_hash=owner), SimpleNamespace(_data=sent)
    return video_tab.run(visitor, stop, "argmax", False, 0.1, request, data)


def test_what_is_shown_is_what_the_library_says(upload, tmp_path):
    visitor = session()
    visitor.cuts = ({}, {"stack2.level0.skip": "zero"})
    patches = list(asked(visitor, {"path": str(upload), "smooth": True}, stop=1))
    numbers = [p["n"] for p in patches]
    assert patches[0]["busy"]["key"] == "page.starting" and numbers == sorted(set(numbers))
    last = patches[-1]
    assert last["busy"] is None and last["result"]["frames"] == 6 and last["result"]["smooth"]
    silence = [{}, {"stack2.level0.skip": "zero"}]
    alone = compare_video(upload, tmp_path / "out", upsampling=STOPS[1], silence=silence, smooth=True)
    for joint, values in last["seen"]["jitter"].items():
        known = [each[joint] for pair in zip(alone.jitter(), alone.jitter(1, True), strict=True) for each in pair]
        assert values == pytest.approx(known)
    other = video_tab.see(visitor, {"joint": "left ankle", "person": 1})["seen"]
    assert other["joint"] == "left ankle" and other["svg"].count("<path") >= 4
    shutil.rmtree(visitor.video.folder)


@pytest.mark.parametrize("sent", [{"path": "/etc/hostname", "smooth": False}, {"path": "x"}, None])
def test_what_is_forged_or_no_video_is_a_sentence(upload, sent):
    error = list(asked(session(), sent))[-1]["error"]
    assert error["key"] == "xray.wrong" or error["values"]["what"]["key"] == "page.foreign_file"
    (upload.parent / "page.mp4").write_bytes(b"<html></html>")
    patches = list(asked(session(), {"path": str(upload.parent / "page.mp4"), "smooth": False}))
    assert patches[-1]["error"]["key"] == "video.unknown" and patches[-1]["busy"] is None
    assert not list((upload.parents[1] / "videos").glob("*"))


def test_what_is_no_longer_there_is_said(upload):
    """The file, the result, the session."""
    path = {"path": str(upload), "smooth": False}
    upload.unlink()
    assert "walk.mp4 is no longer on the server" in tell("en", list(asked(session(), path))[-1]["error"])
    seen = video_tab.see(session(), {"joint": "neck", "person": 1})
    assert seen["error"]["key"] == "video.gone" and seen["result"] is seen["seen"] is None
    assert list(asked(Session(), path))[-1]["error"]["key"] == "page.expired"


def test_a_stopped_one_ends_and_leaves_nothing(upload, monkeypatch):
    monkeypatch.setattr(work, "PATIENCE", 0.01)
    slow, seen = threading.Event(), []

    def in_turn(job):
        seen.append(1)
        slow.wait(20)
        return job()

    monkeypatch.setattr(work, "in_turn", in_turn)
    visitor = session()
    patches = asked(visitor, {"path": str(upload), "smooth": False})
    next(patches)
    threading.Timer(0.3, lambda: (video_tab.cancel(visitor), slow.set())).start()
    told = list(patches)
    assert told[-1]["busy"] is None and "result" not in told[-1] and visitor.video is None
    assert not list((upload.parents[1] / "videos").glob("*")) and not video_tab.RESULTS.working


def test_who_leaves_while_it_is_worked_on_stops_it(upload):
    visitor = session()
    patches = asked(visitor, {"path": str(upload), "smooth": False}, owner="gone")
    next(patches)
    video_tab.left(SimpleNamespace(session_hash="gone"))
    assert "result" not in list(patches)[-1] and visitor.video is None


def test_files_are_fetched_by_their_key_alone_in_ranges_until_the_visitor_leaves(upload):
    visitor = session()
    (last,) = list(asked(visitor, {"path": str(upload), "smooth": False}, owner="she"))[-1:]
    client = TestClient(Starlette(routes=video_tab.routes()))
    at = "/" + last["result"]["address"]
    whole = client.get(at + "skeletons.mp4")
    part = client.get(at + "skeletons.mp4", headers={"range": "bytes=4-11"})
    assert whole.headers["content-type"] == "video/mp4" and part.status_code == 206
    assert part.content == whole.content[4:12] == b"ftypisom"
    assert client.get(at + "joints.json").status_code == client.get(at + "joints.csv").status_code == 200
    for wrong in (at + "joints.npy", at + "..%2f..%2fabc%2fwalk.mp4", "/pose-video/x/skeletons.mp4", at):
        assert client.get(wrong).status_code == 404
    folder = visitor.video.folder
    video_tab.left(SimpleNamespace(session_hash="somebody else"))
    assert client.get(at + "joints.csv").status_code == 200
    video_tab.left(SimpleNamespace(session_hash="she"))
    assert client.get(at + "joints.csv").status_code == 404 and not folder.exists()


def test_the_oldest_result_goes_when_there_are_too_many(tmp_path):
    results = video_tab.Results(most=2)
    folders = [tmp_path / str(k) for k in range(3)]
    for k, folder in enumerate(folders):
        folder.mkdir()
        results.keep(f"visitor {k}", folder)
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_a_photo_waits_for_a_batch_and_not_for_the_video(upload):
    """A video's passes stand in the queue of all: what another visitor asks meanwhile comes between two batches."""
    order, real = [], work.in_turn

    def in_turn(job):
        result = real(job)
        order.append("batch")
        if len(order) == 1:
            work.PASSES.submit(lambda: order.append("photo")).result(20)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "in_turn", in_turn)
        list(asked(session(), {"path": str(upload), "smooth": False}))
    assert order[:2] == ["batch", "photo"] and order.count("batch") == 2


def test_a_long_one_is_cut_and_that_is_told(upload, monkeypatch):
    monkeypatch.setattr(video_tab, "FRAMES", 4)
    (last,) = list(asked(visitor := session(), {"path": str(upload), "smooth": False}))[-1:]
    assert last["result"]["frames"] == 4
    note = next(each for each in last["result"]["notes"] if each["key"] == "video.most_frames")
    assert "first 4 frames" in tell("en", note) and "前 4 帧" in tell("zh", note)
    shutil.rmtree(visitor.video.folder)


def test_limits(upload, monkeypatch):
    """The door lets through what the largest kind may have; a video has its own limit before anything is decoded."""
    assert video_tab.LARGEST * 10**6 == film.MAX_BYTES
    monkeypatch.setattr(film, "MAX_BYTES", 1000)
    start = time.process_time()
    patches = list(asked(session(), {"path": str(upload), "smooth": False}))
    assert patches[-1]["error"]["key"] == "video.too_large" and time.process_time() - start < 2
