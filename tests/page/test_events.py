"""Events of the page: what is forged, late or fails changes nothing."""

from types import SimpleNamespace

import pytest

from pose_demo.page import events, schema
from pose_demo.page.session import Session


def test_of_two_events_that_overtook_one_another_the_newer_stays():
    came: list[str] = []
    event = events.sent("choose", lambda _, asked: came.append(asked["joint"]), newest=("joint",))
    session = Session()
    for n, joint in ((3, "head top"), (2, "right wrist"), (3, "left wrist"), (4, "neck")):
        event(session, SimpleNamespace(_data={"n": n, "joint": joint}))
    assert came == ["head top", "neck"]
    event(session, SimpleNamespace(_data={"joint": "right wrist"}))
    assert came == ["head top", "neck"], "an event without its number is forged"


def test_whose_connection_broke_is_back_with_the_next_event():
    session, request = Session(), SimpleNamespace(session_hash="back")
    event = events.sent("choose", lambda *_: None)
    for _ in range(2):
        event(session, SimpleNamespace(_data={"joint": "neck"}), request)
        session.photo = "mine"
        events.left(request)
        assert session.photo is None and "back" not in events._OPEN


def test_an_event_that_fails_changes_nothing(caplog):
    def fail():
        raise RuntimeError("inside")

    assert events.guarded(fail)()["__type__"] == "update"
    assert len(events.guarded(fail, 3)()) == 3
    assert "inside" in caplog.text


@pytest.mark.parametrize("forged", [None, [], {"to": 5}, {"box": "x"}, {"n": "1", "path": 3}, {"key": {}}])
@pytest.mark.parametrize("newest", [(), ("box",)])
def test_a_forged_event_reaches_nothing(forged, newest):
    for name in schema.Events.__annotations__:
        if name in ("fetch", "pair_that_ships", "stop_video", "wake") or (name == "frame" and forged == {"box": None}):
            continue
        event = events.sent(name, lambda *_: pytest.fail("it was let through"), newest=newest)
        assert event(Session(), SimpleNamespace(_data=forged))["__type__"] == "update"
