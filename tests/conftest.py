import gc
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

torch.set_num_threads(1)  # two spinning threads on busy cores are many times slower than one


@pytest.fixture(scope="module", autouse=True)
def _what_is_loaded_stays():
    """Not looked through for garbage again and again: a sixth of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def untrained() -> tuple[str, str]:
    """Two small networks that need no weights."""
    return "hrnet-slim-untrained", "hourglass-slim-untrained"


@pytest.fixture(scope="session")
def mmpose() -> None:
    """MMPose, ready to be imported. It must be there, but where it has no wheels."""
    if sys.version_info >= (3, 12):
        pytest.skip("MMPose has no wheels for Python 3.12 and later")
    from pose_demo.networks import mmpose_compat

    mmpose_compat.prepare()


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A photo-like picture, (180, 240, 3) uint8."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (9, 12, 3))
    return np.kron(coarse, np.ones((20, 20, 1))).astype(np.uint8)


def _randomise(net: nn.Module, seed: int = 0) -> nn.Module:
    """Every number of the network anew, norms and their statistics included, so that no two layers are alike.

    Convolutions keep the size of what passes through them, so that the photo is still in the heatmaps and a
    difference in how maps are enlarged shows.
    """
    random = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            spread = (2 / module.weight[0].numel()) ** 0.5
            module.weight.data.normal_(0, spread, generator=random)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.1, generator=random)
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.4, 1.2, generator=random)
            module.bias.data.normal_(0, 0.1, generator=random)
            module.running_mean.normal_(0, 0.1, generator=random)
            module.running_var.uniform_(0.5, 2.0, generator=random)
            module.num_batches_tracked.fill_(7)
    net.eval()
    return net


@pytest.fixture(scope="session")
def randomise() -> Callable[..., nn.Module]:
    return _randomise
