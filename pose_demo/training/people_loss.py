"""What the finder of people is taught: targets and losses, as "Training-Time-Friendly Network" (Liu et al., AAAI 2020)
has them for CenterNet's heatmap of centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..networks.finder import reach
from .people_data import PERSON, UNSURE

_SPREAD = 0.54 / 6  # the Gaussian's sigma as a share of the box's side
_NARROWEST = 0.35  # cells
_ASKED = 0.1  # cells with a higher Gaussian learn how far the person reaches
_UNSURE = 0.5  # of an unsure box's width and height, about its centre, no answer is wrong


@dataclass(frozen=True)
class Targets:
    """What a batch of N photos should answer at h x w cells.

    heat  -- (N, h, w): 1 at each person's centre cell, a Gaussian about it
    free  -- (N, h, w) bool: any answer is right here
    photo, boxes -- (M,) and (M, 4): the M people, boxes in cells, cell i from i to i + 1
    near  -- (M, h, w): each person's own Gaussian, 0 where it is low
    """

    heat: Tensor
    free: Tensor
    photo: Tensor
    boxes: Tensor
    near: Tensor


def targets(boxes: Tensor, kinds: Tensor, cells: int, stride: int = 4) -> Targets:
    """boxes (N, K, 4) in pixels of the input, kinds (N, K) -> targets at cells x cells."""
    boxes = (boxes + 0.5) / stride
    photo, row = (kinds == PERSON).nonzero(as_tuple=True)
    people = boxes[photo, row]
    centre = ((people[:, :2] + people[:, 2:]) / 2).floor().clamp(0, cells - 1)
    sigma = ((people[:, 2:] - people[:, :2]) * _SPREAD).clamp(min=_NARROWEST)
    grid = torch.arange(cells, device=boxes.device)
    x, y = (torch.exp(-((grid - centre[:, k, None]) ** 2) / (2 * sigma[:, k, None] ** 2)) for k in (0, 1))
    each = y[:, :, None] * x[:, None]
    near = torch.where(each > _ASKED, each, 0.0)
    return Targets(_highest(each, photo, len(boxes)), _unsure(boxes, kinds, cells), photo, people, near)


def _unsure(boxes: Tensor, kinds: Tensor, cells: int) -> Tensor:
    photo, row = (kinds == UNSURE).nonzero(as_tuple=True)
    some = boxes[photo, row]
    middle, half = (some[:, :2] + some[:, 2:]) / 2, (some[:, 2:] - some[:, :2]) / 2 * _UNSURE
    at = torch.arange(cells, device=boxes.device) + 0.5
    x, y = ((at - middle[:, k, None]).abs() <= half[:, k, None].clamp(min=1.0) for k in (0, 1))
    return _highest((y[:, :, None] & x[:, None]).float(), photo, len(boxes)) > 0


def _highest(maps: Tensor, photo: Tensor, photos: int) -> Tensor:
    """Maps (M, h, w) of the photos (M,) they belong to -> (N, h, w), the highest value of each photo's; 0 without."""
    return maps.new_zeros(photos, *maps.shape[1:]).scatter_reduce(0, photo[:, None, None].expand_as(maps), maps, "amax")


def focal(logits: Tensor, target: Targets) -> Tensor:
    """CornerNet's focal loss (Law and Deng, ECCV 2018, equation 1) as CenterNet has it, summed: (N, h, w) logits."""
    p = logits.sigmoid()
    here = -((1 - p) ** 2) * F.logsigmoid(logits)
    nobody = -((1 - target.heat) ** 4) * p**2 * F.logsigmoid(-logits)
    return torch.where(target.heat == 1, here, nobody.masked_fill(target.free, 0.0)).sum()


def reach_loss(answer: Tensor, target: Targets) -> Tensor:
    """1 - GIoU (Rezatofighi et al., CVPR 2019), averaged over each person's Gaussian, summed over people.

    answer -- (N, 5, h, w) as networks/finder.py has it
    """
    m, y, x = target.near.nonzero(as_tuple=True)
    found = reach(answer)[target.photo[m], :, y, x]
    wanted, weight = target.boxes[m], target.near[m, y, x]
    share = weight / target.near.sum((1, 2))[m]
    return ((1 - giou(found, wanted)) * share).sum()


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Boxes (M, 4) and (M, 4) -> (M,), from -1 (far apart) to 1 (equal)."""
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    areas = [(x[:, 2:] - x[:, :2]).clamp(min=0).prod(-1) for x in (a, b)]
    union = (areas[0] + areas[1] - shared).clamp(min=1e-6)
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    return shared / union - (around - union) / around.clamp(min=1e-6)
