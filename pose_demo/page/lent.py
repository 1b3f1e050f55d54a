"""Where a Space lends its GPU call by call (ZeroGPU): comparisons ask for it. Elsewhere all is as if it were not here.

There a lent function runs in a process of its own: what goes in and comes out is pickled, and lies in main memory.
Everything else, and a comparison that is lent nothing, runs on the CPU.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ..locales import UserError
from ..networks.model import LENT

try:
    import spaces  # pyright: ignore[reportMissingImports]
except ImportError:
    spaces = None

if TYPE_CHECKING:
    from ..comparison import Comparison

_Do = TypeVar("_Do", bound=Callable[..., Any])


def gpu(do: _Do) -> _Do:
    """spaces.GPU where that package is."""
    return do if spaces is None else spaces.GPU(do)


def begin() -> None:
    """Tells the Hub what may be lent; in spaces itself gr.Blocks.launch does, which server.py stands for."""
    if spaces is not None and LENT:
        spaces.zero.startup()


@gpu
def _there(photo: Any, how: dict[str, Any]) -> Comparison:
    from ..comparison import compare

    found = compare(photo, **how, device="cuda")
    return replace(found, poses=tuple(replace(pose, trace=pose.trace and pose.trace.cpu()) for pose in found.poses))


def compare(photo: Any, **how: Any) -> Comparison:
    """comparison.compare, on a GPU where one is lent."""
    from .. import comparison

    if spaces is not None and LENT:
        try:
            return _there(photo, {key: value for key, value in how.items() if key != "progress"})
        except UserError:
            raise
        except Exception as problem:  # all are lent, or this visitor's share of today is used up
            logging.getLogger(__name__).warning("no GPU was lent: %s", problem)
    return comparison.compare(photo, **how)
