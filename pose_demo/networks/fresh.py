"""Untrained networks as a control that is worth looking at: weights drawn at random, batch norm as in training.

Batch norm's statistics are those of no map before a network saw anything (mean 0, variance 1): through the many sums
of an untrained HRNet-W32 maps grow from unit to unit, until all are one colour and scores are -200,000. In training
each batch is normalised by its own statistics; here those of a few photos are kept.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from ..examples import examples

#: How many of the example photos the statistics come from.
PHOTOS = 4


def settle(net: nn.Module, x: Tensor) -> None:
    """Batch norm's statistics become those of this batch. The network is left in eval mode.

    x -- (N, 3, H, W), normalised
    """
    norms = [(module, module.momentum) for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for module, _ in norms:
        module.momentum = 1.0
    with torch.no_grad():
        net.train()(x)
    for module, momentum in norms:
        module.momentum = momentum
    net.eval()


def photos(size: tuple[int, int]) -> np.ndarray:
    """(PHOTOS, H, W, 3) uint8 RGB: the people of the first example photos, as large as an input. Without OpenCV."""
    height, width = size
    found = []
    for example in examples()[:PHOTOS]:
        with Image.open(example.path) as photo:
            box = (max(0.0, example.box[0]), max(0.0, example.box[1]), min(float(photo.width), example.box[2]),
                   min(float(photo.height), example.box[3]))  # fmt: skip
            found.append(np.asarray(photo.convert("RGB").resize((width, height), Image.Resampling.BILINEAR, box)))
    return np.stack(found)
