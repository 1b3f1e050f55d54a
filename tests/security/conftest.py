"""The real server, in this process: uvicorn on a port of its own, and plain HTTP from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pose_demo.page import serve


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Where uploads go."""
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="session")
def page(folder) -> Iterator:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        app = serve.launch("127.0.0.1", 0, prevent_thread_lock=True)
        yield app
        app.close(verbose=False)


@pytest.fixture(scope="session")
def visitor(page) -> Iterator[httpx.Client]:
    """A program that asks the page's server, without any browser's politeness."""
    with httpx.Client(base_url=page.local_url, timeout=60, trust_env=False) as client:
        yield client
