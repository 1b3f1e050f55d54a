"""The page's parts that need no browser: words, the upload guard, the session, long jobs, the events' sentences."""

import re
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gradio.utils import get_upload_folder

from pose_demo import weights
from pose_demo.joints import JOINT_SETS
from pose_demo.page import events, photo_input, pickers, run, serve, words, work, xray
from pose_demo.page.layout import build
from pose_demo.page.state import Session


@pytest.fixture
def session(photo) -> Session:
    result = Session()
    result.take(photo, "data:,", (20.0, 10.0, 200.0, 170.0))
    return result


@pytest.fixture
def upload(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    folder = tmp_path / "gradio" / "abc"
    folder.mkdir(parents=True)
    return folder


def last(changes):
    return list(changes)[-1][0]


def test_both_languages_say_everything_with_the_same_blanks():
    for key, (english, chinese) in words.TABLE.items():
        assert chinese.strip(), key
        assert set(re.findall(r"{\d}", english)) == set(re.findall(r"{\d}", chinese)) or key == "by_hand", key
    for known in JOINT_SETS.values():
        for joint in known.joints:
            assert not re.search("[a-z]", words.joint("zh", joint)), joint
    assert words.preferred("fr-FR,zh-CN;q=0.8,en;q=0.7") == "zh"
    assert words.preferred("") == "en"


def test_only_uploaded_files_are_opened(upload, tmp_path):
    inside, outside = upload / "a.jpg", tmp_path / "secret.txt"
    for file in (inside, outside):
        file.write_bytes(b"x")
    (upload / "link").symlink_to(outside)
    assert Path(get_upload_folder()) == upload.parent
    assert photo_input.uploaded(str(inside)) == inside
    for wrong in (str(outside), f"{upload}/../../secret.txt", str(upload / "link"), str(upload), "", None, 7, "a\0b"):
        with pytest.raises(photo_input.Refused):
            photo_input.uploaded(wrong)


def test_a_photo_that_cannot_be_read_changes_nothing(session, upload):
    broken = upload / "broken.jpg"
    broken.write_bytes(b"no photo")
    before = session.photo
    for event in (
        {"n": 5, "path": str(broken)},
        {"n": 6, "path": "/etc/hostname"},
        {"n": 7, "example": "none such"},
        {},
    ):
        changed = photo_input.take(session, event)
        assert changed["error"] and "image" not in changed
    assert session.photo is before and session.turn == 1


def test_a_slow_upload_does_not_replace_a_newer_photo(session):
    titles = [thumbnail["title"] for thumbnail in photo_input.thumbnails()]
    assert photo_input.take(session, {"n": 8, "example": titles[1]})["example"] == titles[1]
    assert photo_input.take(session, {"n": 7, "example": titles[0]}) is None


def test_a_box_must_make_sense(session):
    assert photo_input.frame(session, {"box": [10, 10, 100, 100]})["box"] == [10, 10, 100, 100]
    for box in ([1, 2, 3], "box", [1, 2, float("nan"), 4], [900, 900, 950, 950], {"a": 1}):
        assert photo_input.frame(session, {"box": box})["error"]
        assert session.box == (10, 10, 100, 100)
    assert photo_input.frame(session, {"box": None})["box"] is None
    assert photo_input.frame(Session(), {"box": None})["error"]


def test_run_compares_once_and_redraws_without_networks(session, untrained, monkeypatch):
    changed = last(run.run(session, *untrained, 0, "argmax", False))
    assert [pose["badge"] for pose in changed["poses"]] == ["UNTRAINED", "UNTRAINED"]
    result = session.result
    assert "poses" not in last(run.run(session, *untrained, 0, "argmax", False))
    monkeypatch.setattr("pose_demo.comparison.compare", lambda *a, **k: pytest.fail("a network ran"))
    assert run.threshold(session, 2.0)["mean"] is None
    assert run.joint(session, "left knee")["joint"] == "left knee"
    session.language = "zh"
    assert "未训练" in str(run.again(session)[0])
    assert session.result is result


def test_errors_are_sentences_and_keep_the_result(session, untrained, monkeypatch, capsys):
    missing = next(n for n, e in weights.manifest().items() if weights.find(n) is None and e.url)
    list(run.run(session, *untrained, 0, "argmax", False))
    result = session.result
    assert "not on this machine" in last(run.run(session, missing, untrained[1], 0, "argmax", False))["error"]
    assert last(run.run(session, *untrained, 0, "no such decoder", False))["error"]

    def fail(*_, **__):
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr("pose_demo.comparison.compare", fail)
    said = last(run.run(session, *untrained, 1, "argmax", False))["error"]
    assert "secret" not in said and "secret" in capsys.readouterr().err
    assert session.result is result
    assert last(run.run(Session(), *untrained, 0, "argmax", False))["error"]


def test_an_x_ray_in_the_making_gives_way_to_a_newer_photo(session, untrained, monkeypatch):
    request = SimpleNamespace(session_hash="me")
    list(run.run(session, *untrained, 0, "argmax", False))
    keep, newer = xray.STORE.keep, replace(session.result)

    def slowly(result, owner):
        session.result = newer  # what the run of a newer photo does meanwhile
        return keep(result, owner)

    monkeypatch.setattr(xray.STORE, "keep", slowly)
    assert "sides" not in xray.refresh(session, request)
    assert session.result is newer and session.xrayed is None and session.xray_key == ""
    monkeypatch.setattr(xray.STORE, "keep", keep)
    assert len(xray.refresh(session, request)["sides"]) == 2 and session.xrayed[0] == session.done


def test_a_newer_photo_stops_the_older_run(session, untrained, monkeypatch):
    def look(*_, progress, **__):
        session.frame(None)
        progress(0.5, "half")

    monkeypatch.setattr("pose_demo.comparison.compare", look)
    assert list(run.run(session, *untrained, 0, "argmax", False)) == [run.NOTHING]


def test_a_long_job_tells_and_is_let_go(monkeypatch):
    monkeypatch.setattr(work, "PATIENCE", 0.01)
    told, stopped = threading.Event(), threading.Event()

    def job(tell):
        tell(1, "first")
        try:
            while not told.wait(0.01):
                tell(1, "first")
        except work.Stale:
            stopped.set()
            raise

    steps = work.follow(work.DOWNLOADS, job, lambda: False)
    while next(steps) != (1, "first"):
        pass
    steps.close()
    assert stopped.wait(10)


def test_weights_are_offered_where_they_are_missing(monkeypatch, upload):
    missing = next(n for n, e in weights.manifest().items() if weights.find(n) is None and e.url)
    group, note, button, file = pickers.panel(missing, "en", local=False)
    assert group["visible"] and button["visible"] and not file["visible"] and "not on this machine" in note
    assert pickers.panel("hrnet-slim-untrained", "en", local=True)[0]["visible"] is False
    labels = [label for label, _ in pickers.choices("en")]
    assert len(set(labels)) == len(labels)

    monkeypatch.setattr(weights, "fetch", lambda name, tell: tell(5_000_000, 10_000_000))
    assert list(pickers.fetch(missing, "en"))[-1] == ""

    def fail(name, tell):
        raise weights.FetchError("bench.no_answer")

    monkeypatch.setattr(weights, "fetch", fail)
    assert list(pickers.fetch(missing, "en"))[-1] == "the page did not answer within a minute"
    wrong = upload / "wrong.pth"
    wrong.write_bytes(b"x")
    assert "SHA-256" in pickers.import_file(missing, str(wrong), "en")
    assert pickers.import_file(missing, "/etc/hostname", "en")


def test_weights_are_imported_only_where_the_page_is_private(monkeypatch):
    for name in ("SPACE_ID", "POSE_DEMO_PUBLIC", "GRADIO_SHARE"):
        monkeypatch.delenv(name, raising=False)
    assert serve.is_local("127.0.0.1") and not serve.is_local("0.0.0.0") and not serve.is_local("127.0.0.1", share=True)
    for name, value in (("SPACE_ID", "a/b"), ("POSE_DEMO_PUBLIC", "1"), ("GRADIO_SHARE", "True")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert not serve.is_local("127.0.0.1")
    uploads = [sum(n == "upload" for f in build(local).fns.values() for _, n in f.targets) for local in (True, False)]
    assert uploads == [2, 0]


def test_the_page_is_built_and_offers_one_endpoint():
    page = build()
    public = [f.api_name for f in page.fns.values() if f.api_visibility == "public"]
    assert public == ["compare"]


def test_an_event_that_fails_changes_nothing(capsys):
    def fail():
        raise RuntimeError("inside")

    assert events.guarded(fail)()["__type__"] == "update"
    assert len(events.guarded(fail, 3)()) == 3
    assert "inside" in capsys.readouterr().err


def test_a_preview_is_small():
    address = photo_input.data_address(np.zeros((3000, 2000, 3), np.uint8))
    assert address.startswith("data:image/webp;base64,") and len(address) < 20_000
