"""Show me the code: the marked lines are those that ran, and their shapes those of the real pass."""

import sys

import pytest
import torch
from torch import nn

from pose_demo.networks import source, zoo
from pose_demo.networks.wiring import wiring


@pytest.fixture(scope="module", params=["hrnet-slim", "hourglass-slim"])
def net(request):
    return zoo.load(request.param)


def marked(found: source.Source) -> dict[str, list]:
    return {p.text[k - p.first].strip(): shapes for p in found.passages for k, shapes in p.marked.items()}


def test_every_map_has_its_lines_and_its_real_shape(net):
    trace, seen = net.trace(torch.zeros(1, 3, 128, 128)), {}
    for name, ways in wiring(net).picture.items():
        found = source.source(net, name, (128, 128))
        assert found.shape == tuple(trace[name].tensor.shape) and found.made.keys() == ways.keys()
        assert all(k - p.first in range(len(p.text)) for p in found.passages for k in p.marked)
        assert found.passages and all(p.file.startswith("pose_demo/networks/") for p in found.passages)
        shapes = [shape for of in marked(found).values() for shape in of]
        assert found.shape in shapes or trace[name].join == "same"
        seen |= marked(found)
    assert len(seen) > 10


def test_marked_lines_are_those_that_really_ran(net):
    """Python's own tracing of a pass with its maps, another witness: every marked line of a network's file ran."""
    ran: set[tuple[str, int]] = set()

    def watch(frame, event, _):
        if "pose_demo/networks/" not in frame.f_code.co_filename:
            return None
        ran.add((frame.f_code.co_filename.split("pose_demo/networks/")[1], frame.f_lineno))
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        net.trace(torch.zeros(1, 3, 128, 128))
    finally:
        sys.settrace(before)
    for name in wiring(net).picture:
        for passage in source.source(net, name, (128, 128)).passages:
            file = passage.file.removeprefix("pose_demo/networks/")
            assert all((file, k) in ran for k, shapes in passage.marked.items() if shapes), (name, passage.name)


def test_a_fusion_shows_its_terms_and_what_each_gives():
    net = zoo.load("hrnet-slim")
    lines = marked(source.source(net, "stage3.module1.branch1.fused", (128, 128)))
    terms = next(shapes for text, shapes in lines.items() if "term(x)" in text)
    assert terms == [(1, 48, 16, 16), (1, 48, 8, 8)]  # a strided convolution, a 1x1 before it is enlarged; identity
    assert next(shapes for text, shapes in lines.items() if "total + y" in text) == [(1, 48, 16, 16)] * 2
    assert any("F.interpolate" in text for text in lines) and any("enlarge(" in text for text in lines)
    assert not any("self.conv1" in text for text in lines)  # that is the branches' code
    wide = source.source(net, "stage3.module1.branch1.fused", (256, 192))
    assert wide.shape == (1, 48, 32, 24)
    with pytest.raises(KeyError):
        source.source(net, "stage3.module1.branch1.sum", (128, 128))


def test_shapes_are_those_of_every_convolution_on_the_way():
    """Hooks, another witness, see the same outputs in the same order."""
    net, outputs = zoo.load("hrnet-slim"), []
    for unit in net.stages[1][0].branches[1]:
        for layer in unit.modules():
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(lambda _m, _i, out: outputs.append(tuple(out.shape)))
    net(torch.zeros(1, 3, 128, 128))
    lines = marked(source.source(zoo.load("hrnet-slim"), "stage3.module1.branch1", (128, 128)))
    convolved = next(shapes for text, shapes in lines.items() if "self.conv2(F.relu(self.conv1(x)))" in text)
    assert len(convolved) == len(outputs) * 3 // 2 and set(convolved) == set(outputs)  # a ReLU between each two
