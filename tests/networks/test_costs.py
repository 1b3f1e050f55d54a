"""Costs against NUMBERS measured on the authors' code, in the unit that is said."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pose_demo.networks.costs import cost
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet
from pose_demo.networks.zoo import build


@pytest.mark.parametrize(
    ("make", "size", "millions", "gmac"),
    [
        (lambda: HRNet(17, 32), (256, 192), 28.54, 7.65),
        (lambda: HRNet(17, 32), (384, 288), 28.54, 17.20),
        (lambda: HRNet(17, 48), (256, 192), 63.60, 15.69),
        (lambda: HRNet(17, 48), (384, 288), 63.60, 35.31),
        (lambda: HRNet(17, 18), (256, 256), 9.32, 4.25),
        (lambda: StackedHourglass(16, 1), (256, 256), 3.59, 5.80),
        (lambda: StackedHourglass(16, 2), (256, 256), 6.73, 8.99),
        (lambda: StackedHourglass(16, 4), (256, 256), 13.02, 15.36),
        (lambda: StackedHourglass(16, 8), (256, 256), 25.59, 28.09),
    ],
)
def test_sizes_as_measured_on_the_authors_code(make, size, millions, gmac):
    with torch.device("meta"):
        net = make()
    found = cost(net, *size)
    assert (round(found.parameters / 1e6, 2), round(found.gmac, 2)) == (millions, gmac)
    assert sum(part.macs for part in found.parts) == found.macs
    assert sum(part.parameters for part in found.parts) == found.parameters


def test_the_unit_of_hrnets_papers():
    with torch.device("meta"):
        found = cost(HRNet(17, 32), 256, 192)
    assert round(found.hrnet_gflops, 1) == 7.1


def test_one_layer_by_hand():
    class One(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Conv2d(3, 8, 3, stride=2, padding=1, groups=1)
            self.head = nn.Conv2d(8, 8, 5, padding=2, groups=4, bias=False)

        def forward(self, x, tap=None):
            return [self.head(self.body(x))]

    found = cost(One(), 16, 12)
    assert [(part.name, part.macs) for part in found.parts] == [
        ("body", 8 * 8 * 6 * 3 * 9),
        ("head", 8 * 8 * 6 * 2 * 25),
    ]


def test_parts_are_the_papers_and_in_its_order():
    hrnet, hourglass = HRNet(3, 8, units=1, modules=(1, 1, 1), stem=8), StackedHourglass(3, 2, features=16)
    found = [[part.name for part in cost(net, 64, 64).parts] for net in (hrnet, hourglass)]
    assert found == [["stem", "stage1", "stage2", "stage3", "stage4", "head"], ["stem", "stack1", "stack2"]]
    own = sum(p.numel() for module in (hrnet.transitions[0], hrnet.stages[0]) for p in module.parameters())
    assert cost(hrnet, 64, 64).parts[2].parameters == own
    feed = (hourglass.hourglasses[0], hourglass.after[0], hourglass.linear[0], hourglass.heads[0],
            hourglass.feed_features[0], hourglass.feed_heatmaps[0])  # fmt: skip
    own = sum(p.numel() for module in feed for p in module.parameters())
    assert cost(hourglass, 64, 64).parts[1].parameters == own


@pytest.mark.parametrize("name", ["hrnet-slim", "hourglass-slim"])
def test_what_an_answer_on_the_way_has_cost(name):
    net = build(name, 14)
    until = [cost(net, 128, 128, until=level).macs for level in net.levels]
    assert until == sorted(set(until)) and until[-1] == cost(net, 128, 128).macs


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "net", [HRNet(3, 8, units=1, modules=(1, 1, 1), stem=8), StackedHourglass(3, 2, features=16)], ids=type
)
def test_the_network_is_neither_changed_nor_disturbed(net, training):
    net.train(training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = cost(net, 64, 64, repeats=2)
    assert net.training is training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())
    assert found.device == "cpu" and found.repeats == 2 and found.milliseconds > 0
    assert found.spread[0] <= found.milliseconds <= found.spread[1]
    assert all(0 < part.spread[0] <= part.milliseconds <= part.spread[1] for part in found.parts)


def test_what_was_not_timed_has_no_time():
    found = cost(HRNet(3, 8, units=1, modules=(1, 1, 1), stem=8), 64, 64)
    assert found.milliseconds is None and found.device is None
    assert all(part.milliseconds is None for part in found.parts)


def test_a_size_that_does_not_fit():
    with pytest.raises(ValueError, match="multiples of 64"):
        cost(StackedHourglass(3, 1, features=16), 96, 96)
