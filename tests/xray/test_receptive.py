import pytest
import torch

from pose_demo.networks.trace import INPUT
from pose_demo.networks.upsampling import STOPS, reach
from pose_demo.networks.wiring import Conv, wiring
from pose_demo.xray import receptive


@pytest.mark.parametrize("stop", STOPS)
def test_no_gradient_leaves_the_theoretical_field(net, image, stop):
    names = {"stem", "stage3.module1.branch0.from2", "stage2.module1.branch1.fused", "stack1.level3.merge"}
    trace = net.trace(image)
    for name in names & set(trace):
        check(net, image, name, stop, trace[name].tensor.shape[-1])


def check(net, image, name, stop, size):
    cell = (size // 2, size // 3)
    x0, y0, x1, y1 = receptive.field(net, name, cell, image.shape[2:], stop).box
    gradient = receptive.effective(net, image, name, cell, stop)
    assert gradient.shape == image.shape[2:]
    assert gradient[y0 : y1 + 1, x0 : x1 + 1].sum() > 0
    gradient[y0 : y1 + 1, x0 : x1 + 1] = 0
    assert gradient.abs().max() == 0


@pytest.mark.parametrize("stop", STOPS)
def test_the_edges_of_rows_and_columns_are_those_of_every_cells_box(net, image, stop):
    for name in [*wiring(net).picture][::6]:
        height, width = (length // wiring(net).nodes[name].stride for length in image.shape[2:])
        rows, columns = (receptive.edges(net, name, n, size, stop)
                         for n, size in zip((height, width), image.shape[2:], strict=True))  # fmt: skip
        assert (len(rows), len(columns)) == (height, width)
        for y, x in ((0, 0), (height // 3, width // 2), (height - 1, width - 1)):
            x0, y0, x1, y1 = receptive.field(net, name, (y, x), image.shape[2:], stop).box
            assert (rows[y], columns[x]) == ((y0, y1 + 1), (x0, x1 + 1)), (name, y, x)


def test_the_field_is_as_tight_as_the_layers_allow(hrnet, hourglass):
    """Worked by hand: two 3x3 convolutions of stride 2 see 7 pixels; 7x7 of stride 2 sees 7, a 3x3 behind it 11."""
    assert receptive.field(hrnet, "stem.conv1", (10, 10), (128, 128)).size == (3, 3)
    assert receptive.field(hrnet, "stem", (10, 10), (128, 128)).size == (7, 7)
    assert receptive.field(hrnet, "stage1.unit1", (10, 10), (128, 128)).size == (15, 15)
    assert receptive.field(hrnet, "stem", (0, 0), (128, 128)).box == (0, 0, 3, 3)
    assert receptive.field(hourglass, "stem.conv1", (9, 9), (128, 128)).size == (7, 7)
    assert receptive.field(hourglass, "stem.unit1", (9, 9), (128, 128)).size == (11, 11)
    assert receptive.field(hourglass, "stem.unit2", (9, 9), (128, 128)).size == (21, 21)


def test_the_effective_field_follows_cuts(hourglass, image):
    """What comes from below sees farther than the skip beside it; without it a merge looks at what the skip can see."""
    name, cell = "stack1.level0.merge", (16, 10)
    x0, y0, x1, y1 = receptive.field(hourglass, "stack1.level0.skip", cell, image.shape[2:]).box
    for silence, outside in ((None, True), ({"stack1.level0.upsampled": "zero"}, False)):
        gradient = receptive.effective(hourglass, image, name, cell, silence=silence)
        assert gradient[y0 : y1 + 1, x0 : x1 + 1].any()
        gradient[y0 : y1 + 1, x0 : x1 + 1] = 0
        assert bool(gradient.any()) == outside
    assert not receptive.effective(hourglass, image, name, cell, silence={name: "zero"}).any()


def test_an_unknown_tap_is_named():
    from pose_demo.networks import zoo

    with pytest.raises(KeyError, match="stage9"):
        receptive.field(zoo.build("hourglass-slim"), "stage9", (0, 0), (128, 128))


def test_a_convolutions_gradient_is_its_weights(hrnet, image):
    field = receptive.field(hrnet, "stem.conv1", (5, 7), image.shape[2:])
    gradient = receptive.effective(hrnet, image, "stem.conv1", (5, 7))
    x0, y0, x1, y1 = field.box
    assert (x1 - x0, y1 - y0) == (2, 2)
    assert torch.count_nonzero(gradient) <= 9


def test_an_unknown_stop_is_an_error(hrnet):
    with pytest.raises(ValueError, match="unknown upsampling 'cubic'"):
        receptive.field(hrnet, "stem", (0, 0), (128, 128), "cubic")
    with pytest.raises(ValueError, match="unknown upsampling 'cubic'"):
        reach(0, 0, 2, "cubic", 8)


def test_the_wiring_knows_every_tap_only_looks_back_and_names_the_layers(net, trace):
    read = wiring(net)
    assert [name for name, node in read.nodes.items() if not node.inside] == list(trace)
    seen = {INPUT}
    for tap, ways in read.ways.items():
        assert set(ways) <= seen
        seen.add(tap)
    layers = [s.layer for ways in read.ways.values() for steps in ways.values() for s in steps
              if isinstance(s, Conv) and not s.pool]  # fmt: skip
    assert set(layers) == {name for name, module in net.named_modules() if isinstance(module, torch.nn.Conv2d)}


def test_the_levels_are_where_an_answer_can_be_read(net, trace):
    *early, last = net.levels
    assert not last.probe and torch.equal(net.answer(last, trace[last.tap].tensor), trace.heatmaps[-1])
    assert all(net.answer(level, trace[level.tap].tensor).shape == trace.heatmaps[-1].shape for level in early)
    assert {level.probe for level in early} == {net.resolution == "parallel"}
