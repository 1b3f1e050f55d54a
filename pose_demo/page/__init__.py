"""The page: Gradio, and what happens when it is touched. `build` gives the gr.Blocks, `launch` serves it.

Gradio is loaded when one of these is first asked for: an XRay in a notebook or on the command line needs none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .layout import build
    from .serve import launch

# Before Gradio is imported: the page must work offline, and nothing of its visitors leaves the machine.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

__all__ = ["build", "launch"]


def __getattr__(name: str):
    if name == "build":
        from .layout import build as found
    elif name == "launch":
        from .serve import launch as found
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
