"""A visitor leaves: nothing of what they sent stays in memory, though Gradio keeps their session for an hour."""

from __future__ import annotations

import time

from pose_demo.page import events


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
