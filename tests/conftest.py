import sys

import numpy as np
import pytest
import torch

torch.set_num_threads(1)  # two spinning threads on busy cores are many times slower than one


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
