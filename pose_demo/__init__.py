"""An X-ray of two pose networks: HRNet (CVPR 2019) and Stacked Hourglass (ECCV 2016), side by side.

`import pose_demo` is light; torch and the rest load when `compare` is first asked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .comparison import Comparison, Pose, compare
    from .many import compare_all
    from .moving.video import compare_video
    from .page.reports import xray_all
    from .page.xrayed import XRay

# Must be set before torch starts its threads: by default a thread that waits for another spins, and where two
# threads share a core that is busy with something else, a forward pass was seen to take forty times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
#: Where what stands here comes from.
_HOMES = {
    "Comparison": ".comparison", "Pose": ".comparison", "compare": ".comparison", "compare_all": ".many",
    "compare_video": ".moving.video", "XRay": ".page.xrayed", "xray_all": ".page.reports",
}  # fmt: skip
__all__ = ["Comparison", "Pose", "XRay", "compare", "compare_all", "compare_video", "xray_all"]


def __getattr__(name: str):
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
