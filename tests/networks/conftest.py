"""Random weights that leave nothing to chance, and the code of others that ours is held against."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn


def _distance(a: Tensor, b: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    assert a.shape == b.shape
    assert torch.isfinite(a).all() and torch.isfinite(b).all()
    return float((a - b).abs().max() / b.abs().max())


def _photo(height: int, width: int, count: int = 1, seed: int = 0) -> Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="session")
def distance() -> Callable[[Tensor, Tensor], float]:
    return _distance


@pytest.fixture(scope="session")
def photo() -> Callable[..., Tensor]:
    """photo(height, width) -> (1, 3, height, width), the same for the same arguments."""
    return _photo


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(scope="session")
def reference(mmpose):
    """pose_demo.networks.reference where MMPose can be installed at all."""
    from pose_demo.networks import reference

    assert reference.available(), "MMPose is missing: python -m pip install -r requirements-dev.txt"
    return reference


@pytest.fixture(scope="session")
def mmpose_hrnet(reference, randomise):
    """mmpose_hrnet(planes, block, modules, joints): MMPose's HRNet of any shape, randomised."""

    def make(planes: int, block: str = "BASIC", modules: tuple[int, int, int] = (1, 1, 1), joints: int = 17):
        models = reference._mmpose().MODELS
        extra = {
            f"stage{s}": {
                "num_modules": count,
                "num_branches": s,
                "block": block,
                "num_blocks": (4,) * s,
                "num_channels": tuple(planes << b for b in range(s)),
            }
            for s, count in zip((2, 3, 4), modules, strict=True)
        }
        extra["stage1"] = {
            "num_modules": 1, "num_branches": 1, "block": "BOTTLENECK", "num_blocks": (4,), "num_channels": (64,)
        }  # fmt: skip
        width = 4 * planes if block == "BOTTLENECK" else planes
        backbone = models.build({"type": "HRNet", "in_channels": 3, "extra": extra})
        head = models.build(
            {
                "type": "HeatmapHead",
                "in_channels": width,
                "out_channels": joints,
                "deconv_out_channels": None,
                "loss": {"type": "KeypointMSELoss"},
            }
        )
        return randomise(reference.MMPoseNetwork(backbone, head, joints, 32))

    return make


@pytest.fixture(scope="session")
def package_hourglass(randomise):
    """package_hourglass(stacks, joints): the network of the PyPI package pytorch-stacked-hourglass, randomised."""
    from stacked_hourglass.model import hg

    def make(stacks: int, joints: int = 16) -> nn.Module:
        return randomise(hg(num_stacks=stacks, num_blocks=1, num_classes=joints))

    return make
