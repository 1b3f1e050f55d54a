"""Programs that ask much of the page's server: what waits for them is never in the page's way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from pose_demo.page import api, doors, guard


def test_programs_never_take_the_pages_share_of_the_queue(page, visitor, monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(doors, "check", lambda *_: go.wait(30))
    (load,) = (fn for fn in page.fns.values() if (page._id, "load") in fn.targets)
    (study,) = (fn for fn in page.fns.values() if fn.api_name == "study")

    def join(index: object, inputs: int = 1, session: str = "programs") -> int:
        asked = {"data": [None] * inputs, "fn_index": index, "session_hash": session}
        return visitor.post("/gradio_api/queue/join", json=asked).status_code

    try:
        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(visitor.post, "/gradio_api/call/study", json={"data": [None]}) for _ in range(110)]
        found = sorted(each.result().status_code for each in asked)
        most = guard._PROGRAMS + api.AT_ONCE
        assert guard._PROGRAMS <= found.count(200) <= most and set(found) == {200, 429}
        assert join(study._id) == join(str(study._id), session="others") == 429
        assert join(load._id, len(load.inputs), "people") == 200
    finally:
        go.set()
