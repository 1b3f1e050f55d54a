from collections import Counter

import pytest
import torch

from pose_demo.networks import zoo
from pose_demo.networks.wiring import wiring
from pose_demo.xray import sums

STOPS = ("nearest", "bilinear", "bicubic", "bilinear-corners")


def every_sum(trace, net, image, stop=None, silence=None):
    whole = net.trace(image, stop, list(wiring(net).nodes), silence)
    for name in trace:
        if sums.kind(net, name):
            yield sums.find(whole, name, net, 3, silence)


@pytest.mark.parametrize("stop", STOPS)
def test_every_sum_adds_up_to_what_the_network_passes_on(net, image, stop):
    trace = net.trace(image, stop)
    found = list(every_sum(trace, net, image, stop))
    own = {"fusion"} if hasattr(net, "stages") else {"merge", "feedback"}
    assert {s.kind for s in found} == {"unit", "head", *own}
    for each in found:
        assert each.error() <= 1e-6, each.name
        assert sum(t.share for t in each.terms) == pytest.approx(1)
        if each.after is not None:
            assert torch.equal(each.after, each.total.relu())
    sent = [trace[name].tensor[0] for name in trace if sums.kind(net, name)]
    for each, passed in zip(found, sent, strict=True):
        assert torch.equal(goes_on(each), passed[3:4] if each.kind == "head" else passed), each.name


def goes_on(each):
    return each.cut if each.cut is not None else each.after if each.after is not None else each.total


#: Terms, and arrows whose source stays whole; maps that are sums themselves; what goes into a head; a whole stack.
CUTS = {
    "hrnet": ["stage4.module2.branch3->stage4.module2.branch0.fused", "stage2.module1.branch0.from1",
              "stage3.module1.branch1->stage3.module1.branch0.fused", "stage3.module1.branch1.fused",
              "stage3.module1.branch1.sum", "stage3.module2.branch0", "stage4.module2.branch0.fused->heatmaps",
              "heatmaps"],
    "hourglass": ["stack1.feedback.heatmaps->stack2.input", "stack1.level0.skip->stack1.level0.merge",
                  "stack1.level1.up->stack1.level0.merge", "stack2.level1.merge", "stack1.level2.skip", "stack2.input",
                  "stem->stack1.input", "stack2.features->stack2.heatmaps", "stack3.heatmaps", "stack2"],
}  # fmt: skip


@pytest.mark.parametrize("how", ["zero", "flat"])
@pytest.mark.parametrize(("which", "place"), [(which, place) for which, places in CUTS.items() for place in places])
def test_beside_a_cut_every_sum_is_what_the_pass_adds(which, place, how, request, image):
    net, seen = request.getfixturevalue(which), 0
    trace = net.trace(image, silence={place: how})
    names = [name for name in trace if sums.kind(net, name)]
    for name, each in zip(names, every_sum(trace, net, image, silence={place: how}), strict=True):
        passed = trace[name].tensor[0]
        assert each.error() <= 1e-6, name
        assert torch.equal(goes_on(each), passed[3:4] if each.kind == "head" else passed), name
        seen += each.cut is not None or any(_even(t.tensor) for t in each.terms)
    assert seen, "one of them shows the cut"


def _even(tensor):
    return torch.equal(tensor, tensor[:, :1, :1].expand_as(tensor))


def test_a_cut_term_has_no_share(hourglass, image):
    silence = {"stack1.feedback.heatmaps->stack2.input": "zero"}
    trace = hourglass.trace(image, names=sums.taps(hourglass, "stack2.input"), silence=silence)
    shares = {t.name: t.share for t in sums.find(trace, "stack2.input", hourglass, silence=silence).terms}
    assert shares.pop("stack1.feedback.heatmaps") == 0 and min(shares.values()) > 0


@pytest.mark.parametrize("name", ["hrnet-slim", "hourglass-slim"])
def test_with_trained_weights_every_joint_of_every_head_adds_up(name):
    net = zoo.load(name)
    with torch.inference_mode():
        image = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(2))
        trace = net.trace(image)
        for each in every_sum(trace, net, image):
            assert each.error() <= 1e-6, each.name
        for tap in trace.where(role="heatmaps"):
            for joint in range(net.joints):
                assert sums.find(trace, tap.name, net, joint).error() <= 1e-6


def test_sums_are_counted_and_not_only_found(hrnet, hourglass, image):
    kinds = Counter(sums.kind(hrnet, n) for n in hrnet.trace(image))
    assert kinds["fusion"] == 2 * (2 + 3 + 3 + 4 + 1)  # each as .sum and .fused
    assert kinds["unit"] == 1 + 2 + 2 * 3 + 2 * 4 + (2 + 3 + 3 + 4 + 1)  # stage 1, branches, and each as a term
    kinds = Counter(sums.kind(hourglass, n) for n in hourglass.trace(image))
    assert (kinds["merge"], kinds["feedback"], kinds["head"]) == (3 * 4, 2 * 2, 3)  # an output is the next one's input
    assert kinds["unit"] == 3 + 1 + 3 * (4 * 3 + 1)  # the stem, which is the first stack's input, and the levels


def test_a_unit_is_what_it_is(hrnet, hourglass, image):
    """Of HRNet's first unit both ways are layers, of its last branch x comes as it is; Hourglass has no ReLU."""

    def unit(net, name):
        return sums.find(net.trace(image, names=sums.taps(net, name)), name, net)

    first = unit(hrnet, "stage1.unit1")
    assert [(t.role, t.source, [s.kernel for s in t.steps]) for t in first.terms] == [
        ("shortcut", "stem", [1]), ("residual", "stem", [1, 3, 1])]  # fmt: skip
    assert torch.equal(first.added().relu(), first.after)
    x, f = unit(hrnet, "stage3.module2.branch2").terms
    assert (x.steps, x.source, [s.kernel for s in f.steps]) == ((), "stage3.module1.branch2.fused", [3, 3])
    skip = unit(hourglass, "stack2.level1.skip")
    assert skip.after is None and skip.terms[0].source == "stack2.level1.down"
    assert torch.equal(skip.added(), skip.total)


def test_terms_know_what_they_were_before_they_were_enlarged(hrnet, image):
    trace = hrnet.trace(image)
    fusion = sums.find(trace, "stage4.module1.branch1.fused", hrnet)
    assert [t.before is not None for t in fusion.terms] == [False, False, True, True]
    assert fusion.terms[3].before.shape[-1] * 4 == fusion.terms[3].tensor.shape[-1]
    assert fusion.terms[0].source == "stage4.module1.branch0"


def test_what_is_no_sum_is_none_and_a_head_says_what_it_needs(hrnet, image):
    trace = hrnet.trace(image)
    assert sums.find(trace, "stem", hrnet) is None
    with pytest.raises(ValueError, match="joint"):
        sums.find(trace, "heatmaps", hrnet)
