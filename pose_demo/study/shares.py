"""Shares of joints, such as those that are right (PCK, PCKh), of several columns on the same people: with intervals and
paired tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..joints import JointSet
from . import statistics as st
from .metrics import hits, torso_lengths, upright
from .people import People


@dataclass(frozen=True)
class Measure:
    """Joints within `threshold` of a yardstick ("torso" or "head"), of all people or of upright ones."""

    name: str
    threshold: float
    yardstick: str = "torso"
    upright: bool = False


MAIN = Measure("pck@0.2", 0.2)
MEASURES = (MAIN, Measure("pck@0.1", 0.1), Measure("pck@0.2 upright", 0.2, upright=True))
PCKH = Measure("pckh@0.5", 0.5, "head")

#: MPII's own mean leaves these out (HRNet's and MMPose's evaluation do so too).
NOT_IN_PCKH = ("pelvis", "thorax")


class Shares:
    """Of the joints of N people the share for which something holds.

    holds   -- {column: (N, J)} 1, 0, or nan where the joint does not count
    weights -- (N, 1 + B) of the bootstrap; left_out -- joints that the pooled figure is without
    """

    def __init__(
        self, holds: dict[str, np.ndarray], weights: np.ndarray, joints: JointSet, left_out: tuple[str, ...] = ()
    ):
        self.holds, self.joints = holds, joints
        self.pooled = np.array([joint not in left_out for joint in joints.joints])
        # (1 + B, J), the sample's own first
        self.held = {c: st.resampled(weights, np.nan_to_num(h)) for c, h in holds.items()}
        self.counted = {c: st.resampled(weights, np.isfinite(h)) for c, h in holds.items()}

    def samples(self, column: str, which: np.ndarray | None = None) -> np.ndarray:
        """(1 + B,) the share over the pooled joints, or over `which` (J,) bool; the sample's own first."""
        which = self.pooled if which is None else which
        return st.ratio(self.held[column][:, which].sum(axis=1), self.counted[column][:, which].sum(axis=1))

    def of(self, column: str, which: np.ndarray | None = None) -> dict[str, Any]:
        """{value, low, high, joints} over the joints that the column knows; which -- (J,) bool; None: pooled."""
        which = self.pooled if which is None else which
        return {**st.estimate(self.samples(column, which)), "joints": int(self.counted[column][0, which].sum())}

    def per_joint(self, column: str) -> dict[str, dict[str, Any]]:
        each = np.eye(len(self.joints), dtype=bool)
        return {joint: self.of(column, one) for joint, one in zip(self.joints.joints, each, strict=True)}

    def known(self, a: str, b: str) -> np.ndarray:
        """(J,) bool: the joints that both columns know."""
        return (self.counted[a][0] > 0) & (self.counted[b][0] > 0)

    def difference(self, a: str, b: str) -> dict[str, Any]:
        """b less a within the same replicates."""
        both = self.known(a, b) & self.pooled
        return st.difference(self.samples(b, both) - self.samples(a, both))

    def mcnemar(self, a: str, b: str) -> dict[str, Any]:
        """McNemar's tests: pooled by person, and exactly by joint."""
        known, (of_a, of_b) = self.known(a, b), (self.holds[a], self.holds[b])
        a_alone, b_alone = (of_a == 1) & (of_b == 0), (of_a == 0) & (of_b == 1)
        only_a, only_b, which = a_alone.sum(axis=0), b_alone.sum(axis=0), np.flatnonzero(known)
        p = [st.mcnemar(only_a[j], only_b[j]) for j in which]
        by_person = (a_alone[:, self.pooled].sum(axis=1) - b_alone[:, self.pooled].sum(axis=1)).astype(float)
        return {
            "p_mcnemar": st.mcnemar_by_person(by_person), "only_a": int(only_a[known & self.pooled].sum()),
            "only_b": int(only_b[known & self.pooled].sum()),
            "mcnemar_per_joint": {
                self.joints.joints[j]: {"only_a": int(only_a[j]), "only_b": int(only_b[j]), "p": p_j, "p_holm": holm}
                for j, p_j, holm in zip(which, p, st.holm(p), strict=True)
            },
        }  # fmt: skip


def measures(points: dict[str, np.ndarray], people: People, joints: JointSet, weights: np.ndarray) -> dict[str, Shares]:
    """{measure: shares of right joints} of columns {column: (N, J, 3)}; without those that measure nothing here."""
    torso, up, found = torso_lengths(people.joints, joints), upright(people.joints, joints), {}
    for measure in (*MEASURES, PCKH) if joints.name == "mpii" else MEASURES:
        yardstick = people.head if measure.yardstick == "head" else torso
        yardstick = np.where(up, yardstick, np.nan) if measure.upright else yardstick
        right = {c: hits(p[..., :2], people.joints, joints, measure.threshold, yardstick) for c, p in points.items()}
        if any(np.isfinite(r).any() for r in right.values()):
            found[measure.name] = Shares(right, weights, joints, NOT_IN_PCKH if measure is PCKH else ())
    return found


def counted(people: People, joints: JointSet) -> dict[str, int]:
    """On how many people the measures rest."""
    torso = np.isfinite(torso_lengths(people.joints, joints))
    return {
        "people": len(people), "with_torso": int(torso.sum()),
        "upright": int((upright(people.joints, joints) & torso).sum()),
        "with_head": int(np.isfinite(people.head).sum()),
    }  # fmt: skip


def shift(found: np.ndarray, reference: np.ndarray, torso: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """{"torsos": {value, low, high}, "pixels": mean} between where two columns (N, J, 3) put the same joints."""
    with np.errstate(invalid="ignore"):  # inf - inf, where both have no prediction
        pixels = np.linalg.norm(found[..., :2].astype(float) - reference[..., :2], axis=-1)
    pixels = np.where(np.isfinite(pixels), pixels, np.nan)
    torsos = pixels / torso[:, None]
    each = np.stack([np.nansum(torsos, axis=1), np.isfinite(torsos).sum(axis=1)], axis=1)
    known = pixels[np.isfinite(pixels)]
    moved = st.ratio(*st.resampled(weights, each).T)
    return {"torsos": st.estimate(moved), "pixels": st.number(known.mean()) if known.size else None}
