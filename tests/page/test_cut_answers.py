"""What is cut on the page: where the drawing shows it, and what is refused."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pose_demo import compare
from pose_demo.comparison import silenced
from pose_demo.networks import patch, zoo
from pose_demo.networks.upsampling import STOPS
from pose_demo.networks.wiring import wiring
from pose_demo.page import compare as page
from pose_demo.page import lent, link, results
from pose_demo.page.answers import maps
from pose_demo.page.session import Request, Session

NETWORKS = ("hrnet-slim", "hourglass-slim")


@pytest.mark.parametrize(
    ("network", "place", "how", "ends", "cells"),
    [("hrnet-slim", "stem", "zero", {("stem", "stage1.unit1")}, {"stem"}),
     ("hourglass-slim", "stem.conv1", "zero", {("stem.conv1", "stem.unit1")}, {"stem.conv1"}),
     ("hourglass-slim", "stem", "zero", {("stem.unit2", "stem")}, {"stem"}),
     ("hourglass-slim", "stem.unit1", object(), {("stem.unit1", "stem.unit2")}, {"stem.unit1"}),
     ("hourglass-slim", "stack2", "zero", set(), None)],
)  # fmt: skip
def test_what_is_cut_is_drawn_broken_where_it_is_lost(network, place, how, ends, cells):
    """Of a unit f(x), on the way in; of any other map, and of one that a photo's map replaces, all that leads on."""
    net = zoo.shared(network, "cpu")
    pose = SimpleNamespace(silence={place: how})
    asked: Any = SimpleNamespace(net=lambda _: net, graph=lambda _: wiring(net), pose=lambda _: pose)
    drawn = maps.broken(asked, 0)
    assert drawn.arrows == dict.fromkeys(ends, place)
    assert drawn.cells == (cells or {name for name in wiring(net).picture if name.startswith("stack2.")})


def test_no_flip_test_is_asked_for_a_map_that_its_mirrored_pass_has_not(photo):
    """What was refused is not kept, so that all that comes next goes on."""
    borrowed = ({}, {"stack1.features": "patch:garden"})
    session = Session(photo=photo, networks=NETWORKS, cuts=borrowed)
    for done in (({}, {}), ({}, {"stack1.features": "zero"})):
        (first, *_) = next(page.run(session, 0, "argmax", True))
        assert first["error"]["key"] == "silence.flip" and session.cuts == done
        session.done = Request(0, NETWORKS, "nearest", "argmax", True, ({}, {"stack1.features": "zero"}))
        session.cuts = borrowed
    query = {"flip": "1", "cuts": "1:patch:garden:stack1.features", "left": NETWORKS[0], "right": NETWORKS[1]}
    linked = Session(networks=NETWORKS)
    told = link.restore(linked, SimpleNamespace(query_params=query))[-1]["note"]
    assert linked.cuts == ({}, {}) and query["cuts"] in str(told)


def test_one_pass_of_an_example_gives_all_that_is_taken_from_it(monkeypatch):
    net, passes = zoo.shared("hourglass-slim", "cpu"), []
    trace = type(net).trace
    monkeypatch.setattr(type(net), "trace", lambda *all: passes.append(all) or trace(*all))
    how = {"stack1.features": "patch:garden", "stack1.level0.skip": "patch:garden", "stem": "patch:patio",
           "stack2": "zero"}  # fmt: skip
    found = patch.patched(how, net, "nearest")
    assert len(passes) == 2 and silenced(found) == how
    assert {place: set(each) for place, each in found.items() if each != "zero"} == {
        "stack1.features": {"stack1.features", "stack1.level0.skip"},
        "stack1.level0.skip": {"stack1.features", "stack1.level0.skip"}, "stem": {"stem"}}  # fmt: skip


def test_what_cuts_are_measured_by_needs_a_pass_of_the_network_that_is_cut_alone(photo, untrained, monkeypatch):
    looked, box = [], (20.0, 10.0, 200.0, 170.0)
    monkeypatch.setattr(lent, "compare", lambda photo, **how: looked.append(how["networks"]) or compare(photo, **how))
    session = Session()
    session.take(photo, box)
    session.networks, session.cuts = untrained, ({}, {"stack1": "zero"})
    for stop, decoder, passes in ((0, "argmax", 3), (0, "dark", 2), (1, "dark", 3), (1, "dark", 0)):
        looked.clear()
        *_, (told, *_) = page.run(session, stop, decoder, False)
        assert told["error"] is None and sum(map(len, looked)) == passes
        _, measure = session.bare
        alone = compare(photo, box, untrained, STOPS[stop], decoder=decoder)
        for mine, theirs in zip(measure.poses, alone.poses, strict=True):
            assert np.array_equal(mine.joints, theirs.joints, equal_nan=True) and not mine.silence
            assert np.array_equal(mine.scores, theirs.scores, equal_nan=True)
    ghosts = [pose["ghost"] for pose in results.views(*page.shown(session))["poses"]]
    assert ghosts[0] is None and ghosts[1] is not None
