"""The slider: its stops, the plan of a call, and that the choice belongs to the call."""

from __future__ import annotations

import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pose_demo.networks import upsampling as up
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet


@pytest.fixture(scope="module")
def hrnet(randomise):
    return randomise(HRNet(5, 8, units=1, modules=(1, 2, 2), stem=8))


@pytest.fixture(scope="module")
def hourglass(randomise):
    return randomise(StackedHourglass(5, 2, features=16))


@pytest.mark.parametrize("stop", up.STOPS)
@pytest.mark.parametrize("factor", [2, 4, 8])
def test_enlarge_by_pytorchs_own_words(stop, factor):
    x = torch.randn(2, 3, 5, 4)
    mode, _, corners = stop.partition("-")
    module = nn.Upsample(scale_factor=factor, mode=mode, align_corners=None if mode == "nearest" else bool(corners))
    assert torch.equal(up.enlarge(x, factor, stop), module(x))


def test_nearest_repeats_cells():
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    assert torch.equal(up.enlarge(x, 4, "nearest"), x.repeat_interleave(4, 2).repeat_interleave(4, 3))


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_nearest_exact_needs_no_stop(factor):
    x = torch.randn(1, 2, 7, 5)
    exact = F.interpolate(x, scale_factor=float(factor), mode="nearest-exact")
    assert torch.equal(up.enlarge(x, factor, "nearest"), exact)


@pytest.mark.parametrize("stop", up.STOPS)
@pytest.mark.parametrize("factor", [2, 4, 8])
def test_order_of_1x1_and_enlarging_cannot_matter(stop, factor, randomise, distance):
    reduce = randomise(nn.Sequential(nn.Conv2d(16, 8, 1, bias=False), nn.BatchNorm2d(8)))
    x = torch.randn(1, 16, 6, 5)
    assert distance(reduce(up.enlarge(x, factor, stop)), up.enlarge(reduce(x), factor, stop)) < 1e-6


def test_plan_asks_for_nothing_one_or_some(hrnet):
    places = hrnet.places
    assert set(up.plan(None, places, "bilinear").values()) == {"bilinear"}
    assert set(up.plan("bicubic", places, "nearest").values()) == {"bicubic"}
    assert list(up.plan(None, places, "nearest")) == list(places)
    some = up.plan(
        {"stage3": "bilinear", "stage3.module2.branch0.from1": "bicubic", "stage3.module2": "bilinear-corners"},
        places,
        "nearest",
    )
    assert some["stage2.module1.branch0.from1"] == "nearest"
    assert some["stage3.module1.branch0.from2"] == "bilinear"
    assert some["stage3.module2.branch0.from2"] == "bilinear-corners"
    assert some["stage3.module2.branch0.from1"] == "bicubic"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("lanczos", "unknown upsampling 'lanczos'; the slider has nearest, bilinear"),
        ({"stage3": "cubic"}, "unknown upsampling 'cubic'"),
        ({"stage9": "nearest"}, "nothing is enlarged at 'stage9'; this network enlarges in stage2, stage3, stage4"),
        ({"stage": "nearest"}, "nothing is enlarged at 'stage'"),
        ({"stage2.module1.branch1": "nearest"}, "nothing is enlarged"),
        ({"stack1": "nearest"}, "nothing is enlarged"),
    ],
)
def test_plan_errors(request_, message, hrnet, photo):
    for call in (hrnet, hrnet.trace):
        with pytest.raises(ValueError, match=message):
            call(photo(32, 32), upsampling=request_)


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_every_place_is_used_and_each_matters(which, request, photo):
    net = request.getfixturevalue(which)
    x = photo(128, 128)
    plain = net(x)[-1]
    for place in net.places:
        assert not torch.equal(net(x, upsampling={place: "bilinear"})[-1], plain), place
    everywhere = net(x, upsampling=dict.fromkeys(net.places, "bicubic"))[-1]
    assert torch.equal(everywhere, net(x, upsampling="bicubic")[-1])


def test_as_trained_is_what_a_call_gets_that_asks_for_nothing(hrnet, photo):
    x = photo(64, 64)
    other = HRNet(5, 8, units=1, modules=(1, 2, 2), stem=8, trained_upsampling="bilinear").eval()
    other.load_state_dict(hrnet.state_dict())
    assert torch.equal(other(x)[0], hrnet(x, upsampling="bilinear")[0])
    assert torch.equal(other(x, upsampling={"stage2": "nearest"})[0], other(x, {"stage2": "nearest"})[0])


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_two_visitors_of_one_network_each_get_what_they_asked_for(which, request, photo):
    net = request.getfixturevalue(which)
    x = photo(64, 64)
    expected = {stop: net(x, upsampling=stop)[-1] for stop in up.STOPS}
    assert len({tuple(e.flatten().tolist()) for e in expected.values()}) == len(up.STOPS)
    start, wrong = threading.Barrier(len(up.STOPS)), []

    def visit(stop: str) -> None:
        start.wait()
        with torch.no_grad():
            for _ in range(8):
                if not torch.equal(net(x, upsampling=stop)[-1], expected[stop]):
                    wrong.append(stop)

    visitors = [threading.Thread(target=visit, args=(stop,)) for stop in up.STOPS]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert not wrong
