"""How right a set of joints is. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..joints import JointSet


@dataclass(frozen=True)
class PCK:
    """Share of joints that lie within `threshold` of the torso's length.

    mean       -- over all counted joints, pooled; nan where nothing could be counted
    per_joint  -- {joint: share}
    upright    -- pooled over people whose torso points up
    joints, people, people_upright -- how many were counted
    """

    threshold: float
    mean: float
    per_joint: dict[str, float]
    upright: float
    joints: int
    people: int
    people_upright: int


def torso_lengths(truth: np.ndarray, joints: JointSet) -> np.ndarray:
    """(N, J, 3) x, y, visible -> (N,) distance from left shoulder to right hip in the same pixels, nan if unmarked."""
    if joints.torso is None:
        raise ValueError(f"the joint set {joints.name} has no torso to measure by")
    a, b = (truth[:, k] for k in joints.torso)
    length = np.linalg.norm(a[:, :2] - b[:, :2], axis=1)
    return np.where((a[:, 2] > 0) & (b[:, 2] > 0) & (length > 0), length, np.nan)


def upright(truth: np.ndarray, joints: JointSet) -> np.ndarray:
    """(N,) True where the way from the hips to the shoulders points up within 45 degrees; False where unmarked."""
    ends = []
    for part in ("hip", "shoulder"):
        pair = truth[:, [joints.index(f"left {part}"), joints.index(f"right {part}")]]
        seen = pair[..., 2:] > 0
        count = seen.sum(axis=1)
        ends.append(np.where(count > 0, (pair[..., :2] * seen).sum(axis=1) / np.maximum(count, 1), np.nan))
    dx, dy = (ends[1] - ends[0]).T
    with np.errstate(invalid="ignore"):
        return -dy > np.abs(dx)


def hits(
    predicted: np.ndarray,
    truth: np.ndarray,
    joints: JointSet,
    threshold: float = 0.2,
    yardstick: np.ndarray | None = None,
) -> np.ndarray:
    """(N, J) float: 1 right, 0 wrong, nan not counted (joint not visible, no yardstick, or the prediction is nan).

    predicted -- (N, J, 2) in the pixels of truth (N, J, 3); nan for a joint that was not looked for
    yardstick -- (N,) pixels, nan where a person has none; None: the torso. The head's length makes it PCKh.
    """
    if predicted.shape != (*truth.shape[:2], 2) or truth.shape[1:] != (len(joints), 3):
        raise ValueError(
            f"expected predictions (N, {len(joints)}, 2) and truth (N, {len(joints)}, 3), "
            f"got {predicted.shape} and {truth.shape}"
        )
    length = (torso_lengths(truth, joints) if yardstick is None else yardstick)[:, None]
    distance = np.linalg.norm(predicted - truth[..., :2], axis=-1)
    counted = (truth[..., 2] > 0) & np.isfinite(length) & ~np.isnan(distance)
    return np.where(counted, distance <= threshold * np.where(counted, length, 0), np.nan)


def pck(predicted: np.ndarray, truth: np.ndarray, joints: JointSet, threshold: float = 0.2) -> PCK:
    """PCK over the visible joints, pooled, of people with a marked torso (see the data's own README for its use)."""
    right = hits(predicted, truth, joints, threshold)
    people = np.isfinite(right).any(axis=1)
    up = upright(truth, joints) & people
    return PCK(
        threshold=threshold,
        mean=_share(right),
        per_joint={joint: _share(right[:, k]) for k, joint in enumerate(joints.joints)},
        upright=_share(right[up]),
        joints=int(np.isfinite(right).sum()),
        people=int(people.sum()),
        people_upright=int(up.sum()),
    )


def _share(right: np.ndarray) -> float:
    counted = right[np.isfinite(right)]
    return float(counted.mean()) if counted.size else float("nan")
