"""All cuts together are each cut alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pose_demo.decode import decode
from pose_demo.networks import silence as cuts
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet
from pose_demo.networks.silence import SilenceError
from pose_demo.xray import effects


@pytest.fixture(scope="module")
def nets(randomise):
    return {"hrnet": randomise(HRNet(5, 8, units=2, stem=8)),
            "hourglass": randomise(StackedHourglass(5, 3, features=16, depth=3))}  # fmt: skip


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
@pytest.mark.parametrize("asked", [{}, {"upsampling": "bilinear", "how": "flat", "silence": True}])
def test_each_row_is_the_pass_with_that_cut_alone(which, asked, nets):
    net, x = nets[which], torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    known = list(cuts.places(net))
    base = {known[1]: "zero"} if asked.get("silence") else {}
    how, stop = asked.get("how", "zero"), asked.get("upsampling")
    picked = [known[k] for k in range(0, len(known), 1 + len(known) // 12)] + ["stem.unit1", "stage1.unit1"]
    picked = [place for place in picked if place in known or place.split(".")[0] in {n.split(".")[0] for n in known}]
    picked += ["stage4.module3.branch0.fused->heatmaps"] if which == "hrnet" else ["stack2.input->stack2.level0.skip"]
    found = effects.measure(net, x, stop, base, picked, how, together=7)
    with torch.no_grad():
        old = net(x, stop, silence=base)[-1]
        before, _ = decode(old, "dark")
        for k, place in enumerate(picked):
            new = net(x, stop, silence={**base, place: how})[-1]
            after, _ = decode(new, "dark")
            changed = (new - old).square().mean((2, 3)).sqrt() / old.square().mean((2, 3)).sqrt()
            assert np.allclose(found.changes[k], changed[0], atol=1e-4), place
            if new.flatten(2).std(2).min() > 0:
                assert np.abs(found.moves[k] - 4 * (after - before)[0].norm(dim=1).numpy()).max() < 0.1, place


def test_with_nothing_to_cut_it_says_where_the_joints_are(nets):
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = effects.measure(nets["hourglass"], x, places=[])
    assert found.places == () and found.moves.shape == (0, 5)
    with torch.no_grad():
        where, _ = decode(nets["hourglass"](x)[-1], "dark")
    assert np.abs(found.joints - 4 * where[0].numpy()).max() < 1e-3


def test_what_leaves_no_answer_matters_most(nets):
    found = effects.measure(nets["hourglass"], torch.randn(1, 3, 64, 64))
    assert set(found.places) == set(cuts.places(nets["hourglass"]))
    first = found.order()[0]
    assert found.places[first] == "stack3" and np.isnan(found.moves[first]).all() and np.isinf(found.move()[first])
    order = found.order(2)
    assert sorted(order) == list(range(len(found.places))) and (np.diff(found.move(2)[order][1:]) <= 0).all()


def test_a_joint_without_an_answer_cannot_be_moved(nets):
    x, places = torch.randn(1, 3, 64, 64), list(cuts.places(nets["hourglass"]))[:3]
    found = effects.measure(nets["hourglass"], x, silence={"stack3": "zero"}, places=places)
    assert np.isnan(found.joints).all() and np.isnan(found.move(2)).all() and np.isnan(found.move()).all()
    assert sorted(found.order()) == [0, 1, 2]
    some = replace(found, joints=np.float32([[1, 1], *[[np.nan] * 2] * 4]), moves=np.float32([[2] * 5, [np.nan] * 5]))
    assert some.move().tolist() == some.move(0).tolist() == [2, np.inf], "of all that had an answer"


@pytest.mark.parametrize("name", ["hrnet-slim", "hourglass-slim", "hrnet-w32", "hourglass-8"])
def test_it_costs_less_than_half_a_pass_for_each_arrow(name):
    from pose_demo.networks import zoo

    found = effects.cost(zoo.build(name))
    assert found.arrows > 20 and 1 < found.passes < 0.5 * found.arrows


def test_an_unknown_place_is_said_before_anything_runs(nets):
    with pytest.raises(SilenceError, match="near names"):
        effects.measure(nets["hrnet"], torch.zeros(1, 3, 64, 64), places=["stage9"])


@pytest.mark.parametrize("size", [(8, 8), (7, 9)])
@pytest.mark.parametrize(
    ("func", "asked"),
    [(F.max_pool2d, {"kernel_size": 2}), (F.max_pool2d, {"kernel_size": 2, "stride": 1}),
     (F.max_pool2d, {"kernel_size": 3, "padding": 1}), (F.interpolate, {"scale_factor": 2.0}),
     (F.interpolate, {"scale_factor": 4}), (F.interpolate, {"scale_factor": (2.0, 4.0)}),
     (F.interpolate, {"scale_factor": 0.5}), (F.interpolate, {"size": (11, 12)}),
     (F.interpolate, {"scale_factor": 2.0, "mode": "bilinear"})],
)  # fmt: skip
def test_what_is_quicker_is_the_same_to_the_bit(func, asked, size):
    x = torch.randn(3, 4, *size, generator=torch.Generator().manual_seed(0))
    x[0, 0, 2, 3] = np.nan
    with effects._Together():
        found = func(x, **asked)
    assert torch.equal(found.nan_to_num(7), func(x, **asked).nan_to_num(7))
    assert found.shape == func(x, **asked).shape
