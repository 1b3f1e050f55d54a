from pathlib import Path

import pytest
from labelled import write_crops


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Ten LSP crops."""
    return write_crops(tmp_path / "crops.npz", 10)
