"""Two small networks with random weights, and their traces of one photo."""

from __future__ import annotations

import pytest
import torch

from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet


def _randomise(net, seed=0):
    """No two layers alike, and no number that hides a mistake: no zero bias, no unit norm."""
    random = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data.normal_(0, (2 / module.weight[0].numel()) ** 0.5, generator=random)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.1, generator=random)
        elif isinstance(module, torch.nn.BatchNorm2d):
            module.weight.data.uniform_(0.4, 1.2, generator=random)
            module.bias.data.normal_(0, 0.1, generator=random)
            module.running_mean.normal_(0, 0.1, generator=random)
            module.running_var.uniform_(0.5, 2.0, generator=random)
    return net.requires_grad_(False).eval()


@pytest.fixture(scope="session")
def hrnet():
    return _randomise(HRNet(14, 8, units=1, modules=(1, 2, 2), stem=8))


@pytest.fixture(scope="session")
def hourglass():
    return _randomise(StackedHourglass(14, 3, features=16))


@pytest.fixture(scope="session", params=["hrnet", "hourglass"])
def net(request, hrnet, hourglass):
    return {"hrnet": hrnet, "hourglass": hourglass}[request.param]


@pytest.fixture(scope="session")
def image():
    return torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="session")
def trace(net, image):
    return net.trace(image)
