from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving import Server, running


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    shared.restart()
    yield shared
    shared.gate.set()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "own" / "weights.pth"
