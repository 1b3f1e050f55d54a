"""A unit opened to its layers: each map is what that layer gives when it is called by hand."""

from typing import Any

import torch

from pose_demo.networks import zoo
from pose_demo.networks.wiring import wiring
from pose_demo.xray import layers


def test_layers_are_what_the_modules_give():
    net = zoo.build("hrnet-slim").eval()
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = layers.layers(net, x, "stage1.unit1")
    modules = dict(net.named_modules())
    with torch.no_grad():
        stem = net.trace(x)["stem"].tensor
        unit: Any = modules["stage1.0"]
        truth = {"shortcut.0": modules["stage1.0.shortcut.0"](stem), "conv1.0": modules["stage1.0.conv1.0"](stem)}
        inner = unit.conv1(stem).relu()
        truth["conv2.0"] = modules["stage1.0.conv2.0"](inner)
        truth["conv3.0"] = modules["stage1.0.conv3.0"](unit.conv2(inner).relu())
    assert [each.step.layer.removeprefix("stage1.0.") for each in found] == list(truth)
    for each in found:
        assert torch.equal(each.tensor, truth[each.step.layer.removeprefix("stage1.0.")][0])


def test_every_layer_belongs_to_one_map_of_the_picture_or_to_a_term():
    for name in ("hrnet-slim", "hourglass-slim"):
        net = zoo.build(name).eval()
        wired = wiring(net)
        owned = [node.name for cell in wired.picture for node in layers.owned(net, cell)]
        assert len(owned) == len(set(owned))
        inside = {n.name for n in wired.nodes.values() if n.inside and not n.name.endswith(".feedback.input")}
        assert inside <= set(owned)
