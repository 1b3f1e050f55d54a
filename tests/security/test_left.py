"""A visitor leaves: nothing of what they sent stays in memory, though Gradio keeps their session for an hour."""

from __future__ import annotations

import atexit
import os
import signal
import tempfile
import time
from types import SimpleNamespace

import pytest

from pose_demo import compare
from pose_demo.examples import examples
from pose_demo.page import events, photo_input, server, xray
from pose_demo.page.session import Request, Session
from pose_demo.page.store import STORE


def test_who_leaves_leaves_no_photo_behind(page, visitor):
    (load,) = (fn for fn in page.fns.values() if (page._id, "load") in fn.targets)
    asked = {"data": [None] * len(load.inputs), "fn_index": load._id, "session_hash": "leaves"}
    assert visitor.post("/gradio_api/queue/join", json=asked).status_code == 200
    with visitor.stream("GET", "/gradio_api/queue/data", params={"session_hash": "leaves"}) as told:
        assert any("process_completed" in line for line in told.iter_lines())
    session = events._OPEN["leaves"]
    assert session.photo is not None and session.example is not None
    with visitor.stream("GET", "/gradio_api/heartbeat/leaves") as beats:
        next(beats.iter_lines())
    end = time.monotonic() + 20
    while session.photo is not None and time.monotonic() < end:
        time.sleep(0.05)
    assert session.photo is session.example is session.result is session.video is None
    assert "leaves" not in events._OPEN


def test_what_is_done_after_the_visitor_left_is_not_kept(untrained, monkeypatch):
    example, keep = examples()[0], STORE.keep
    found, session = compare(example.path, example.box, untrained, trace=True), Session()

    def leaves(*given):
        session.empty()
        STORE.forget("gone")
        return keep(*given)

    monkeypatch.setattr(STORE, "keep", leaves)
    monkeypatch.setattr(xray.finder, "look", lambda _: found)
    session.result, session.done = found, Request(0, untrained, None, "argmax", False)
    xray.refresh(session, SimpleNamespace(session_hash="gone"))
    session.photo, session.visitor = found.photo, "gone"
    assert xray.inside(session, {"finder": True}) is None
    assert [kept for kept in STORE._kept.values() if kept.owner == "gone"] == []
    monkeypatch.setattr(photo_input, "read", lambda _: (session.empty(), found.photo)[1])
    told = photo_input.take(session, {"n": 1, "example": example.name})
    assert session.photo is None and told["error"]["key"] == "page.expired" and "photo" not in told


def test_what_a_killed_process_left_goes_with_the_next(tmp_path, monkeypatch):
    """And nothing that belongs to one that lives, or to somebody else."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(server, "_LOCKS", [])
    monkeypatch.setattr(atexit, "register", lambda *_, **__: None)

    def begin():
        monkeypatch.setenv("GRADIO_TEMP_DIR", "")
        return server.own_folder()

    killed, alive = begin(), begin()
    (killed / "photo.png").write_bytes(b"mine")
    (tmp_path / "pose_demo-other").mkdir()
    server._LOCKS[0].close()  # as the system does for who is killed
    mine = begin()
    left = {folder.name for folder in tmp_path.iterdir()}
    assert left == {alive.parent.name, mine.parent.name, "pose_demo-other"} and mine.is_dir()


def test_what_ends_the_process_ends_it_as_by_hand(monkeypatch):
    for name in (signal.SIGTERM, signal.SIGHUP):
        before = signal.signal(name, signal.SIG_DFL)
        try:
            server.end_as_by_hand()
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), name)
                time.sleep(5)
            signal.signal(name, signal.SIG_IGN)  # as nohup does
            server.end_as_by_hand()
            assert signal.getsignal(name) is signal.SIG_IGN
        finally:
            signal.signal(name, before)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
