import pytest
import torch

from pose_demo.networks import zoo
from pose_demo.xray import sums

STOPS = ("nearest", "bilinear", "bicubic", "bilinear-corners")


def every_sum(trace, net):
    for name in trace:
        if sums.kind(trace, name):
            yield sums.find(trace, name, net, joint=3)


@pytest.mark.parametrize("stop", STOPS)
def test_every_sum_adds_up_to_what_the_network_passes_on(net, image, stop):
    found = list(every_sum(net.trace(image, stop), net))
    assert {s.kind for s in found} == ({"fusion", "head"} if hasattr(net, "stages") else {"merge", "feedback", "head"})
    for each in found:
        assert each.error() <= 1e-6, each.name
        assert sum(t.share for t in each.terms) == pytest.approx(1)
        if each.after is not None:
            assert torch.equal(each.after, each.total.relu())


@pytest.mark.parametrize("name", ["hrnet-slim", "hourglass-slim"])
def test_with_trained_weights_every_joint_of_every_head_adds_up(name):
    net = zoo.load(name)
    with torch.inference_mode():
        trace = net.trace(torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(2)))
        for each in every_sum(trace, net):
            assert each.error() <= 1e-6, each.name
        for tap in trace.where(role="heatmaps"):
            for joint in range(net.joints):
                assert sums.find(trace, tap.name, net, joint).error() <= 1e-6


def test_fusions_and_merges_are_counted_and_not_only_found(hrnet, hourglass, image):
    trace = hrnet.trace(image)
    assert sum(sums.kind(trace, n) == "fusion" for n in trace) == 2 * (2 + 3 + 3 + 4 + 1)  # each as .sum and .fused
    trace = hourglass.trace(image)
    assert sum(sums.kind(trace, n) == "merge" for n in trace) == 3 * 4
    assert sum(sums.kind(trace, n) == "feedback" for n in trace) == 2 * 2  # a stack's output is the next one's input


def test_terms_know_what_they_were_before_they_were_enlarged(hrnet, image):
    trace = hrnet.trace(image)
    fusion = sums.find(trace, "stage4.module1.branch1.fused")
    assert [t.before is not None for t in fusion.terms] == [False, False, True, True]
    assert fusion.terms[3].before.shape[-1] * 4 == fusion.terms[3].tensor.shape[-1]
    assert fusion.terms[0].source == "stage4.module1.branch0"


def test_what_is_no_sum_is_none_and_a_head_says_what_it_needs(hrnet, image):
    trace = hrnet.trace(image)
    assert sums.find(trace, "stem") is None
    with pytest.raises(ValueError, match="joint"):
        sums.find(trace, "heatmaps")
