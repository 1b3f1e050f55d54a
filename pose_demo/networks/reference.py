"""The same through MMPose: an independent implementation of HRNet, and an hourglass of MMPose's own.

MMPose's hourglass52 is not the paper's: strided basic blocks instead of pooling, five halvings instead of four,
one stack, no heatmap fed back. Through MMPose there is no slider and no trace: its upsampling mode is a property
of its modules, which all callers share.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..locales import UserError
from . import mmpose_compat
from .base import PoseNetwork
from .card import MMPOSE
from .checkpoints import load
from .files import Contents, Source
from .mmpose_compat import available
from .trace import TapFunction, Trace
from .upsampling import Request

_CONFIGS = ".mim/configs/body_2d_keypoint/topdown_heatmap/coco"
_HRNET = "td-hm_hrnet-w32_8xb64-210e_coco-256x192.py"
_HOURGLASS = "td-hm_hourglass52_8xb32-210e_coco-256x256.py"

#: {name: (MMPose's configuration, width or None, what height and width must be multiples of)}
NETWORKS: dict[str, tuple[str, int | None, int]] = {
    "mmpose-hrnet-w18": (_HRNET, 18, 32),
    "mmpose-hrnet-w32": (_HRNET, 32, 32),
    "mmpose-hrnet-w48": (_HRNET, 48, 32),
    "mmpose-hourglass52": (_HOURGLASS, None, 128),
}


class MMPoseMissing(UserError, RuntimeError):
    """MMPose is not installed, and cannot be on Pythons later than 3.11."""


class MMPoseNetwork(PoseNetwork):
    """A backbone and a head of MMPose with the call of our networks: (N, 3, H, W) -> [(N, J, H/4, W/4)].

    places is empty: nothing in it can be enlarged in another way than nearest.
    """

    taps = False

    def __init__(self, backbone: nn.Module, head: nn.Module, joints: int, multiple: int):
        super().__init__()
        self.backbone, self.head = backbone, head
        self.joints, self.multiple = joints, multiple
        self.places, self.trained_upsampling = {}, "nearest"

    def trace(self, x: Tensor, upsampling: Request = None, *_: Any, **__: Any) -> Trace:
        """Raises UserError: there is none."""
        raise UserError("network.no_trace", network=type(self).__name__)

    def _run(self, x: Tensor, stops: Mapping[str, str], tap: TapFunction) -> list[Tensor]:
        heatmaps = self.head(self.backbone(x))
        return [heatmaps] if isinstance(heatmaps, Tensor) else list(heatmaps)


def build(name: str, joints: int = 17, checkpoint: Source | Contents | None = None) -> MMPoseNetwork:
    """A network of NETWORKS (with or without the leading "mmpose-"), untrained where no checkpoint is given.

    checkpoint -- a file or state dict of MMPose 1.x or of 2020, read as strictly as by checkpoints.load

    Raises UserError for an unknown name, MMPoseMissing where MMPose is not installed.
    """
    known = MMPOSE + name.removeprefix(MMPOSE)
    if known not in NETWORKS:
        raise UserError("zoo.mmpose_unknown", name=repr(name), known=", ".join(NETWORKS))
    if not available():
        raise MMPoseMissing("zoo.mmpose_missing", name=known)
    config, width, multiple = NETWORKS[known]
    backbone, head = _configuration(config)
    if width is not None:
        for stage in (2, 3, 4):
            backbone["extra"][f"stage{stage}"]["num_channels"] = tuple(width << b for b in range(stage))
        head["in_channels"] = width
    head["out_channels"] = joints
    make = _mmpose().MODELS.build
    net = MMPoseNetwork(make(backbone), make(head), joints, multiple)
    net.resolution = "parallel" if width else "skips"
    return net if checkpoint is None else load(net, checkpoint)


def _configuration(file: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Backbone and head as a configuration file in MMPose's own package has them."""
    from mmengine import Config

    model = Config.fromfile(Path(_mmpose().__file__).parent / _CONFIGS / file).model.to_dict()
    return {**model["backbone"], "init_cfg": None}, model["head"]  # init_cfg would fetch ImageNet weights


@cache
def _mmpose() -> Any:
    """mmpose.registry with the models registered."""
    mmpose_compat.prepare()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mmcv-lite says at length which compiled operators it lacks
        import mmpose.models
        import mmpose.registry
    return mmpose.registry
