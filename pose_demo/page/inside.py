"""The finder of people, an HRNet itself, in the X-ray: as it looks at the whole photo, and beside that the same pass
without the branch that keeps the highest resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .. import comparison, person
from ..crop import whole
from ..networks import finder, zoo
from .schema import Said, said


def look(photo: np.ndarray) -> comparison.Comparison:
    """Both passes over a photo (H, W, 3), with their traces. Raises WeightsMissing where the finder is not here."""
    net: Any = zoo.shared(zoo.FINDER, zoo.device())
    box, how = whole(photo.shape), {"decoder": "argmax", "flip": False, "padding": 1.0}
    poses = tuple(comparison.pose_in(photo, box, {}, net, None, cut, True, **how) for cut in ({}, {net.finest: "zero"}))
    return comparison.Comparison(photo, box, None, poses, None, "argmax", False, zoo.device().type)


def says(seen: comparison.Comparison, people: Sequence[person.Found]) -> Said:
    """Why resolution matters: how many cells the smallest of the people who were found has on the finest branch and
    on the coarsest, and how many of them are still found without the finest."""
    pose, without = seen.poses
    size = pose.card.input[0]
    if not people:
        return said("xray.finder", size=size)
    boxes = pose.crop.to_input(np.reshape([one.box for one in people], (-1, 2))).reshape(-1, 4)
    ((left, _),) = finder.people(torch.from_numpy(without.heatmaps[-1])[None], at_least=person.LEAST)
    still = int((finder.overlaps(boxes, left) > 0.5).any(1).sum())
    high = float((boxes[:, 3] - boxes[:, 1]).min())
    return said("xray.finder_people", size=size, count=len(people), fine=high / 4, coarse=high / 32, left=still)
