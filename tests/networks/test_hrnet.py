"""Our HRNet against MMPose's, with the same random weights, and against the paper's figures."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn

from pose_demo.networks import checkpoints
from pose_demo.networks.hrnet import HRNet

TOLERANCE = 1e-5  # of the largest value


def enlarge_by(net: nn.Module, mode: str) -> None:
    """Sets how MMPose's network enlarges its maps, which there is a property of the modules."""
    places = [module for module in net.modules() if isinstance(module, nn.Upsample)]
    assert len(places) >= 10
    for module in places:
        module.mode, module.align_corners = mode, None if mode == "nearest" else False


@pytest.fixture(scope="module", params=[18, 32, 48])
def pair(request, reference, randomise):
    """(MMPose's network in the authors' size, ours with its weights)."""
    theirs = randomise(reference.build(f"mmpose-hrnet-w{request.param}"), seed=request.param)
    with torch.no_grad():
        ours = checkpoints.load(HRNet(17, request.param), theirs.state_dict()).eval()
    return theirs, ours


def test_equals_mmpose_however_maps_are_enlarged(pair, photo, distance):
    theirs, ours = pair
    x = photo(128, 96)
    answers = {}
    for mode in ("nearest", "bilinear"):
        enlarge_by(theirs.backbone, mode)
        [answers[mode]] = ours(x, upsampling=mode)
        assert distance(answers[mode], theirs(x)[0]) < TOLERANCE
    assert distance(answers["nearest"], answers["bilinear"]) > 1e-2, "the test would not see a wrong mode"


def test_bottleneck_units_equal_mmpose(mmpose_hrnet, photo, distance):
    theirs = mmpose_hrnet(8, "BOTTLENECK", modules=(1, 2, 1))
    ours = checkpoints.load(HRNet(17, 32, unit="bottleneck", modules=(1, 2, 1)), theirs.state_dict()).eval()
    x = photo(96, 64)
    for mode in ("nearest", "bilinear"):
        enlarge_by(theirs.backbone, mode)
        assert distance(ours(x, upsampling=mode)[0], theirs(x)[0]) < TOLERANCE


def test_fewer_fusions_are_fusions_that_pass_nothing_on(photo, randomise, distance):
    """A module without an exchange unit answers as one whose terms from other branches are 0."""
    small = {"units": 1, "modules": (1, 2, 1), "stem": 8}
    whole = randomise(HRNet(3, 8, **small), seed=1).eval()
    for fusions in (1, 2, 3):
        fewer = HRNet(3, 8, **small, fusions=fusions).eval()
        weights = {k: v.clone() for k, v in whole.state_dict().items()}
        for module in [m for stage in whole.stages for m in stage][: 4 - fusions]:
            for i, terms in enumerate(module.exchange.terms):
                for j, term in enumerate(terms):
                    if i != j:
                        nn.init.zeros_(list(term.modules())[-1].weight), nn.init.zeros_(list(term.modules())[-1].bias)
        fewer.load_state_dict({k: weights[k] for k in fewer.state_dict()})
        assert distance(fewer(photo(64, 64))[0], whole(photo(64, 64))[0]) < TOLERANCE
        whole.load_state_dict(weights)
    with pytest.raises(ValueError, match="fusions 1 to 4"):
        HRNet(3, 8, **small, fusions=5)


def test_heatmaps_from_another_branch(photo, randomise):
    """The last fusion makes the branch that the head reads, and the head's probe is laid on that branch."""
    net = randomise(HRNet(3, 8, units=1, modules=(1, 2, 1), stem=8, head_branch=1), seed=2).eval()
    seen = {}

    def tap(name, tensor, **told):
        seen[name] = tensor, told
        return tensor

    [heatmaps] = net(photo(64, 96), tap=tap)
    assert heatmaps.shape == (1, 3, 8, 12) and seen["heatmaps"][1]["stride"] == 8
    terms = [seen[f"stage4.module1.branch1.from{j}"][0] for j in range(4)]
    torch.testing.assert_close(net.head(sum(terms).relu()), heatmaps)
    probed = [name for name, (_, told) in seen.items() if told.get("role") == "fused" and told.get("answer")]
    assert probed == [f"{at}.branch1.fused" for at in ("stage2.module1", "stage3.module1", "stage3.module2")]
    assert all(net.lens(seen[name][0]).shape == heatmaps.shape for name in probed)


def test_gradients_reach_every_weight(photo):
    net = HRNet(3, 8, units=1, modules=(1, 1, 1), stem=8)
    with torch.enable_grad():
        net(photo(64, 64, count=2))[0].square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert all(p.grad.any() for p in net.parameters() if p.ndim == 4)  # a bias before a norm has none by rights


@pytest.mark.parametrize(("width", "millions"), [(18, 9.318), (32, 28.536), (48, 63.596)])
def test_parameters_as_published(width, millions):
    with torch.device("meta"):
        net = HRNet(17, width)
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=5e-4)


def test_the_papers_fusions_and_upsamplings():
    with torch.device("meta"):
        net = HRNet()
    assert sum(len(stage) for stage in net.stages) == 8
    assert Counter(net.places.values()) == {2: 16, 4: 9, 8: 3}
    assert "stage4.module3.branch0.from3" in net.places
    assert "stage4.module3.branch1.from2" not in net.places, "the last fusion makes branch 0 only"


def test_heatmaps_are_a_quarter_of_the_photo(photo):
    heatmaps = HRNet(5, 8, units=1, modules=(1, 1, 1), stem=8).eval()(photo(96, 64, count=2))
    assert [h.shape for h in heatmaps] == [(2, 5, 24, 16)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": "resnext"}, "basic"),
        ({"unit": "bottleneck", "width": 18}, "18 is no multiple"),
        ({"trained_upsampling": "lanczos"}, "lanczos"),
    ],
)
def test_impossible_networks(arguments, message):
    with pytest.raises(ValueError, match=message):
        HRNet(**arguments)


@pytest.mark.parametrize("shape", [(1, 3, 64, 60), (1, 3, 33, 64), (1, 1, 64, 64), (3, 64, 64), (0, 3, 64, 64)])
def test_impossible_photos(shape):
    net = HRNet(3, 8, units=1, modules=(1, 1, 1), stem=8)
    with pytest.raises(ValueError, match=r"multiples of 32|expected \(N, 3, H, W\)"):
        net(torch.zeros(shape))
