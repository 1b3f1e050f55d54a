"""What each loss sends back, held against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pose_demo.decode import decode, gaussians
from pose_demo.networks import zoo
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet
from pose_demo.xray.gradient import gradients

SIGMA = 2.0


def small(which: str, randomise):
    net = HRNet(3, 4, units=1, stem=4) if which == "hrnet" else StackedHourglass(3, 3, features=8, depth=2)
    net.card = zoo.build("hrnet-slim", 3).card
    return randomise(net).double()


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_sizes_are_those_of_finite_differences(which, randomise):
    """The derivative along a direction d is <g, d>; along g itself, of length 1, it is the size of g."""
    net, random = small(which, randomise), torch.Generator().manual_seed(0)
    x = torch.randn(1, 3, 64, 64, generator=random).double()
    joints = np.array([[20.0, 30, 1], [40, 10, 1], [1, 1, 0]])
    found = gradients(net, x, joints)
    at = torch.tensor((joints[:, :2] - 1.5) / 4)
    target = gaussians(at, (16, 16), SIGMA)

    def losses(tap) -> torch.Tensor:
        maps = net(x, tap=tap)
        return torch.stack([(m[0, :2] - target[:2]).square().sum() / (np.pi * SIGMA**2) / 2 for m in maps])

    picks = np.random.default_rng(0).choice(len(found.taps), 8, replace=False)
    for t in picks:
        name, eps = found.taps[t], 1e-6
        kept = {}

        def start(n, tensor, name=name, kept=kept, **told):
            if n == name:
                kept["x"] = tensor = tensor.detach().clone().requires_grad_()
            return tensor

        values = losses(start)
        grads = [torch.autograd.grad(v, kept["x"], retain_graph=True, allow_unused=True)[0] for v in values]
        grads = [None if own is None or not own.any() else own for own in grads]  # the stack of all gives zeros

        def along(step, direction, name=name):
            return losses(lambda n, tensor, **told: tensor + step * direction if n == name else tensor).detach()

        for k, own in enumerate(grads):
            if own is None:
                assert found.sizes[t, k] == 0
                continue
            unit = own / own.norm()
            slope = (along(eps, unit) - along(-eps, unit))[k] / (2 * eps)
            assert float(slope) == pytest.approx(found.sizes[t, k], rel=1e-5)
        near = next(k for k, own in enumerate(grads) if own is not None)
        later = sum((own for own in grads[near + 1 :]), torch.zeros(()))
        total = sum((own for own in grads if own is not None), torch.zeros(()))
        assert found.nearest[t] == near and found.total[t] == pytest.approx(float(total.norm()))
        share = float(grads[near].norm() / (grads[near].norm() + later.norm()))
        assert found.share[t] == pytest.approx(share) and found.last[t] == found.sizes[t, -1]


def test_one_loss_is_all_and_each_stack_has_its_own(randomise):
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)).double()
    hrnet, hourglass = (gradients(small(which, randomise), x) for which in ("hrnet", "hourglass"))
    assert hrnet.losses == ("heatmaps",) and (hrnet.share == 1).all() and (hrnet.total == hrnet.last).all()
    assert hourglass.losses == tuple(f"stack{k}.heatmaps" for k in (1, 2, 3)) and hourglass.target == "own"
    by_name = dict(zip(hourglass.taps, hourglass.nearest, strict=True))
    assert by_name["stem"] == by_name["stack1.heatmaps"] == 0 and by_name["stack1.feedback.features"] == 1
    assert by_name["stack3.level1.skip"] == 2
    shares = dict(zip(hourglass.taps, hourglass.share, strict=True))
    assert shares["stack3.heatmaps"] == 1 and 0 < shares["stem"] < 1


def test_the_own_answer_is_the_target_where_none_is_told(randomise):
    net = small("hourglass", randomise)
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2)).double()
    joints, _ = decode(net(x)[-1].detach(), "dark")
    told = torch.cat([4 * joints[0] + 1.5, torch.ones(3, 1)], dim=1)
    assert np.allclose(gradients(net, x).sizes, gradients(net, x, told).sizes, rtol=1e-4)


def test_it_works_on_a_frozen_network_and_leaves_nothing_behind():
    net = zoo.load("hourglass-slim-untrained")
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        found = gradients(net, x.clone(), silence={"stack1.feedback.input": "zero"})
    assert (found.sizes[:, -1] > 0).any() and all(p.grad is None and not p.requires_grad for p in net.parameters())
