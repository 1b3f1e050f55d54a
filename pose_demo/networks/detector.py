"""Torchvision's detector, where its weights have been fetched: another way to find people than networks/finder.py.

SSDLite320 on MobileNetV3-Large ("Searching for MobileNetV3", Howard et al., 2019), trained on COCO's objects. It is
torchvision's own code up to the boxes of every anchor; of its 90 kinds of object only people are read.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import weights
from . import memory, mmpose_compat
from .files import CheckpointError, contents
from .finder import apart

_PERSON, _MOST, _NEARLY = 1, 300, 0.55  # as torchvision has them: the label, candidates, IoU of two boxes that are one


@lru_cache(maxsize=1)
def shared(name: str, device: torch.device | str = "cpu") -> Any:
    """In eval mode, loaded once; on the CPU where the device has no room. Raises WeightsMissing with the remedy,
    WeightsCorrupt, CheckpointError."""
    return memory.placed(partial(_loaded, name), device)


def _loaded(name: str, device: torch.device | str) -> Any:
    mmpose_compat.prepare_torchvision()
    from torchvision.models import detection

    entry, file = weights.entry(name), weights.locate(name)
    content = contents(file)
    weights.check(file, entry, content.sha256)
    net = detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
    try:
        net.load_state_dict(content.tensors)
    except RuntimeError as problem:
        raise CheckpointError("checkpoint.no_state", file=content.name) from problem
    return net.eval().to(device)


def people(net: Any, photo: np.ndarray, at_least: float) -> tuple[np.ndarray, np.ndarray]:
    """Who is in a photo (H, W, 3) uint8: boxes (K, 4), x0, y0, x1, y1 in its pixels, centres at whole numbers, and
    scores (K,) from 0 to 1, the surest first."""
    return memory.within(net, lambda here: _people(here, photo, at_least))[0]


@torch.inference_mode()
def _people(net: Any, photo: np.ndarray, at_least: float) -> tuple[np.ndarray, np.ndarray]:
    device = next(net.parameters()).device
    images, _ = net.transform([torch.from_numpy(photo).to(device).permute(2, 0, 1).float() / 255])
    features = list(net.backbone(images.tensors).values())
    answer, (anchors,) = net.head(features), net.anchor_generator(images, features)
    scores: Tensor = answer["cls_logits"][0].softmax(-1)[:, _PERSON]
    scores, order = scores.topk(min(_MOST, len(scores)))
    boxes = net.box_coder.decode_single(answer["bbox_regression"][0][order], anchors[order])
    high, wide = images.image_sizes[0]
    boxes = boxes.clamp(min=0).minimum(boxes.new_tensor([wide, high, wide, high]))
    found = net.transform.postprocess([{"boxes": boxes}], images.image_sizes, [photo.shape[:2]])[0]["boxes"]
    sure = int((scores >= at_least).sum())
    inside, known = found[:sure].cpu().numpy() - 0.5, scores[:sure].cpu().numpy()  # its edges count from the corner
    kept = apart(inside, _NEARLY)
    return inside[kept], known[kept]
