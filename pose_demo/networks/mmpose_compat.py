"""Two libraries that cannot be imported as they come, and what lets them. Call before importing them.

Beside a CPU-only torch, the wheel of torchvision from PyPI was compiled for CUDA: its operators do not load, and
its own import then fails with "operator torchvision::nms does not exist", because it describes two operators that
nobody declared. Declaring their signatures is enough; nothing here calls them.

MMPose imports xtcocotools, whose wheel was compiled for numpy 1 and does not load beside numpy 2. Its compiled
module is pycocotools' with another name, so pycocotools' takes the place. Nothing here calls that either.
"""

from __future__ import annotations

import importlib.util
import sys

import torch

_declared: list[torch.library.Library] = []  # a declaration lasts as long as its Library


def available() -> bool:
    """Whether MMPose is installed. Imports nothing."""
    return importlib.util.find_spec("mmpose") is not None


def prepare_torchvision() -> None:
    """Makes `import torchvision` work. Raises ImportError where it is not installed."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _declare()


def prepare() -> None:
    """Makes `import mmpose` work. Raises ImportError where torchvision or pycocotools are not installed."""
    prepare_torchvision()
    from pycocotools import _mask  # pyright: ignore[reportAttributeAccessIssue]

    sys.modules.setdefault("xtcocotools._mask", _mask)


def _declare() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.append(library)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # what the failed import left half done
    import torchvision  # noqa: F401
