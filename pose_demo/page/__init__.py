"""The page: Gradio, and what happens when it is touched. `build` gives the gr.Blocks, `launch` serves it."""

from __future__ import annotations

import os

# Before Gradio is imported: the page must work offline, and nothing of its visitors leaves the machine.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from .layout import build
from .serve import launch

__all__ = ["build", "launch"]
