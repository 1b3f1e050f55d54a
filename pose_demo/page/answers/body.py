"""The yardsticks of a body on the photo: the torso, and how wide COCO takes each joint to be."""

# ruff: noqa: UP013
from __future__ import annotations

from math import log, sqrt

import numpy as np
from typing_extensions import TypedDict

from ...crop import closeup
from ...joints import joint_set
from ...study import oks
from ..cached import Cached
from ..schema import Question

# fmt: off
#: A joint as the left network places it, pixels of the photo; half -- the distance at which its keypoint similarity
#: is a half, None where COCO has no such joint
Measure = TypedDict("Measure", {"joint": str, "x": float, "y": float, "half": float | None})
#: seen -- the part of the photo; torso -- in pixels, and where it ends: None where a joint is missing
Body = TypedDict("Body", {
    "seen": list[float], "torso": float | None, "ends": list[list[float]], "joints": list[Measure],
})
# fmt: on


def body(cached: Cached, asked: Question) -> Body:
    """Of the left network; the person's area is taken to be the box's, as nobody outlined it."""
    pose, box = cached.pose(0), cached.comparison.box
    seen = closeup(box, cached.comparison.photo.shape)
    known, coco = pose.card.joints, joint_set("coco").joints
    widths = oks.widths_by_area(np.array([(box[2] - box[0]) * (box[3] - box[1])]))[0] * sqrt(2 * log(2))
    found: list[Measure] = [
        {"joint": joint, "x": float(x), "y": float(y), "half": float(widths[coco.index(joint)]) if joint in coco
         else None}
        for joint, (x, y) in zip(known.joints, pose.joints, strict=True) if np.isfinite(x)
    ]  # fmt: skip
    ends = [pose.joints[k] for k in known.torso or ()]
    whole = bool(ends) and bool(np.isfinite(ends).all())
    return {
        "seen": [float(v) for v in seen],
        "torso": pose.torso if whole else None,
        "ends": [[float(v) for v in end] for end in ends] if whole else [],
        "joints": found,
    }
