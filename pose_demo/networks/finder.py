"""A finder of people: HRNet's body, and on its highest-resolution map where centres of people are and how far they
reach.

"Objects as Points" (Zhou et al., 2019): an object is the peak of a heatmap of centres, and what else is to be known
of it is read at that cell. As in "Training-Time-Friendly Network for Real-Time Object Detection" (Liu et al., AAAI
2020) this is how far it reaches to each side. A whole photo goes in, not a person's crop.

Channels of the answer, the joint set `joints.PEOPLE`: the logit of "here is a person's centre", and the natural
logarithms of the distances in cells from this cell's centre to the person's left, top, right and bottom edge.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..joints import PEOPLE
from .hrnet import HRNet
from .trace import TapFunction, arrow

_MOST = 100  # people in a photo
_PRIOR, _REACH = 0.02, 8.0  # before training: how likely a cell is a person's centre, cells to each edge
_FARTHEST = 6.0  # e^6 cells are more than any input has


class PeopleFinder(HRNet):
    """HRNet whose answer is (N, 5, H/4, W/4): see the module. Two layers make it, a 3x3 and a 1x1 convolution."""

    answers = PEOPLE.joints

    def __init__(self, joints: int = 5, width: int = 32, **options: Any):
        if joints != 5:
            raise ValueError(f"a finder of people answers with 5 channels, not {joints}")
        super().__init__(joints, width, **options)
        self.features = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.head = nn.Conv2d(2 * width, joints, 1)
        nn.init.kaiming_normal_(self.features.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.head.weight, std=0.01)
        start = torch.full((joints,), math.log(_REACH))
        start[0] = math.log(_PRIOR / (1 - _PRIOR))
        self.head.bias = nn.Parameter(start)

    def _answer(self, x: Tensor, source: str, at: str, tap: TapFunction) -> Tensor:
        x = arrow(tap, source, "features", x)
        x = tap("features", F.relu(self.features(x)), sources=(source,), join="conv", role="features", stride=4)
        x = arrow(tap, "features", "heatmaps", x)
        facts = {"sources": ("features",), "join": "head", "role": "heatmaps", "stride": 4, "answer": at}
        return tap("heatmaps", self.head(x), **facts)

    @property
    def finest(self) -> str:
        """The last map of the branch that kept the highest resolution."""
        return f"stage4.module{len(self.stages[-1])}.branch0"

    def lens(self, fused: Tensor) -> Tensor:
        """A probe: the two last layers on branch 0 after any fusion."""
        return self.head(F.relu(self.features(fused)))

    def early(self) -> tuple[nn.Module, ...]:
        """What sees edges and colours, not people: a short training leaves it as a pose network's training made it."""
        return self.stem, self.stage1


def reach(answer: Tensor) -> Tensor:
    """(N, 5, h, w) -> (N, 4, h, w): boxes x0, y0, x1, y1 in cells, whose edges cell i has at i and i + 1."""
    y, x = (torch.arange(n, device=answer.device) + 0.5 for n in answer.shape[-2:])
    left, top, right, bottom = answer[:, 1:].clamp(max=_FARTHEST).exp().unbind(1)
    return torch.stack([x - left, y[:, None] - top, x + right, y[:, None] + bottom], 1)


def people(answer: Tensor, stride: int = 4, at_least: float = 0.05) -> list[tuple[Tensor, Tensor]]:
    """The finder's answer (N, 5, h, w) -> for each photo boxes (K, 4) and scores (K,) from 0 to 1, the surest first.

    Boxes are x0, y0, x1, y1 in pixels of the input, clipped to it; pixel i covers i - 0.5 to i + 0.5. A person is a
    cell that no neighbour exceeds; of two boxes that are nearly one (IoU above 0.6) the surer stays.
    """
    answer = answer.float()
    scores, boxes, found = answer[:, :1].sigmoid(), reach(answer) * stride - 0.5, []
    peak = (scores == F.max_pool2d(scores, 3, 1, 1)) & (scores >= at_least)
    height, width = (n * stride - 0.5 for n in answer.shape[-2:])
    high = torch.tensor([width, height, width, height], device=answer.device)
    for score, box, which in zip(scores[:, 0], boxes, peak[:, 0], strict=True):
        score, order = score[which].sort(descending=True)
        box = box[:, which].T[order][:_MOST].clamp(min=-0.5).minimum(high)
        kept = torch.from_numpy(apart(box.cpu().numpy())).to(box.device)
        found.append((box[kept], score[:_MOST][kept]))
    return found


def apart(boxes: np.ndarray, most: float = 0.6) -> np.ndarray:
    """(K,) bool: which of the boxes (K, 4), the surest first, overlap no surer kept one by an IoU above `most`."""
    overlap, kept = overlaps(boxes, boxes), np.ones(len(boxes), bool)
    for k in range(1, len(boxes)):
        kept[k] = not (overlap[k, :k][kept[:k]] > most).any()
    return kept


def overlaps(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Boxes (A, 4) and (B, 4), x0, y0, x1, y1 -> IoU (A, B): the area that two share by the area that they cover."""
    a, b = (np.asarray(boxes, np.float64).reshape(-1, 4) for boxes in (a, b))
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clip(0).prod(-1)
    areas = [(x[:, 2:] - x[:, :2]).clip(0).prod(-1) for x in (a, b)]
    return shared / (areas[0][:, None] + areas[1][None] - shared).clip(1e-9)
