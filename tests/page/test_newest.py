"""What comes at the same time: the newest photo counts, and whoever was let go of meanwhile is told."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_demo.locales import tell
from pose_demo.page import compare, photo_input
from pose_demo.page.session import Session


@pytest.fixture
def session(photo, untrained) -> Session:
    result = Session(networks=untrained)
    result.take(photo, (20.0, 10.0, 200.0, 170.0))
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Where visitors' files lie."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def test_a_sentence_names_the_file_whatever_went_wrong(session, folder, monkeypatch):
    (folder / "a.jpg").write_bytes(b"x")
    monkeypatch.setattr(photo_input, "read", lambda *_: 1 / 0)
    for n, path in enumerate((folder / "a.jpg", "/etc/hostname", folder / "gone.jpg")):
        told = tell("en", photo_input.take(session, {"n": n, "path": str(path)})["error"])
        assert told.startswith(path.name if isinstance(path, Path) else "hostname"), told


@pytest.mark.parametrize("slow", ["good.png", "bad.png"])
def test_of_two_photos_the_newer_counts_though_one_is_refused(session, folder, photo, monkeypatch, slow):
    (quick,) = {"good.png", "bad.png"} - {slow}
    Image.fromarray(photo[::-1]).save(folder / "good.png")
    (folder / "bad.png").write_bytes(b"no photo")
    before, read, newer = session.photo, photo_input.read, []

    def slowly(file, *more):
        if file.name == slow:
            newer.append(photo_input.take(session, {"n": 6, "path": str(folder / quick)}))
        return read(file, *more)

    monkeypatch.setattr(photo_input, "read", slowly)
    assert photo_input.take(session, {"n": 5, "path": str(folder / slow)}) is None
    assert bool(newer[0]["error"]) == (quick == "bad.png") == (session.photo is before)


def test_a_photo_that_comes_as_a_run_ends_stays(session, photo, monkeypatch):
    """Between the look whether it is the newest and the change nobody comes in."""
    ends, newer = threading.Event(), np.ascontiguousarray(photo[::-1])

    def come():
        ends.wait(20)
        session.take(newer)

    thread = threading.Thread(target=come)
    thread.start()

    def replaced(result, **changes):
        if "photo" in changes:
            ends.set()
            thread.join(0.3)
        return replace(result, **changes)

    monkeypatch.setattr(compare, "replace", replaced)
    list(compare.run(session, 0, "argmax", False))
    thread.join(20)
    assert session.photo is newer and session.done.turn != session.turn


def test_a_page_that_was_let_go_says_so_when_a_photo_comes(session):
    """A session that Gradio made anew has no networks; one that seemed to leave has no photo any more."""
    session.networks, networks = ("", ""), session.networks
    assert list(compare.run(session, 0, "argmax", False))[-1][0]["error"]["key"] == "page.expired"
    session.networks = networks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pose_demo.comparison.compare", lambda *_, **__: session.empty())
        changed = list(compare.run(session, 0, "argmax", False))[-1][0]
    assert changed["error"]["key"] == "page.expired" and changed["busy"] is None
