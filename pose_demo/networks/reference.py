"""The same through MMPose: an independent implementation of HRNet, and an hourglass of MMPose's own.

MMPose's hourglass52 is not the paper's: strided basic blocks instead of pooling, five halvings instead of four,
one stack, no heatmap fed back. Through MMPose there is no slider and no trace: its upsampling mode is a property
of its modules, which all callers share.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from . import mmpose_compat
from .base import PoseNetwork
from .card import MMPOSE
from .checkpoints import load
from .files import Contents, Source
from .mmpose_compat import available
from .silence import Silence
from .trace import TapFunction, Trace, ignore
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


class MMPoseNetwork(PoseNetwork):
    """A backbone and a head of MMPose with the call of our networks: (N, 3, H, W) -> [(N, J, H/4, W/4)].

    places is empty: nothing in it can be enlarged in another way than nearest.
    """

    def __init__(self, backbone: nn.Module, head: nn.Module, joints: int, multiple: int):
        super().__init__()
        self.backbone, self.head = backbone, head
        self.joints, self.multiple = joints, multiple
        self.places, self.trained_upsampling = {}, "nearest"

    def forward(
        self, x: Tensor, upsampling: Request = None, tap: TapFunction = ignore, silence: Silence | None = None
    ) -> list[Tensor]:
        """Raises ValueError for any upsampling but None and "nearest"."""
        if upsampling not in (None, "nearest"):
            raise ValueError(f"through MMPose the upsampling is fixed to nearest; {upsampling!r} needs our own network")
        return super().forward(x, None, tap, silence)

    def trace(
        self,
        x: Tensor,
        upsampling: Request = None,
        names: Collection[str] | None = None,
        silence: Silence | None = None,
    ) -> Trace:
        """Raises ValueError: there is none."""
        raise ValueError("through MMPose the upsampling is fixed and there is no trace; take our own network for both")

    def _run(self, x: Tensor, stops: Mapping[str, str], tap: TapFunction) -> list[Tensor]:
        heatmaps = self.head(self.backbone(x))
        return [heatmaps] if isinstance(heatmaps, Tensor) else list(heatmaps)


def build(name: str, joints: int = 17, checkpoint: Source | Contents | None = None) -> MMPoseNetwork:
    """A network of NETWORKS (with or without the leading "mmpose-"), untrained where no checkpoint is given.

    checkpoint -- a file or state dict of MMPose 1.x or of 2020, read as strictly as by checkpoints.load

    Raises ValueError for an unknown name, RuntimeError where MMPose is not installed.
    """
    known = MMPOSE + name.removeprefix(MMPOSE)
    if known not in NETWORKS:
        raise ValueError(f"through MMPose there are {', '.join(NETWORKS)}, and no {name!r}")
    if not available():
        raise RuntimeError(
            f"{known} runs through MMPose, which is not installed; it has wheels for Python 3.11 and earlier only"
        )
    config, width, multiple = NETWORKS[known]
    backbone, head = _configuration(config)
    if width is not None:
        for stage in (2, 3, 4):
            backbone["extra"][f"stage{stage}"]["num_channels"] = tuple(width << b for b in range(stage))
        head["in_channels"] = width
    head["out_channels"] = joints
    make = _mmpose().MODELS.build
    net = MMPoseNetwork(make(backbone), make(head), joints, multiple)
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
