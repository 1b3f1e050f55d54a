"""Shares of right joints, PCK and PCKh, of several columns on the same people: with intervals and paired tests."""

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
    """A share of joints: within `threshold` of a yardstick ("torso" or "head"), of all people or of upright ones."""

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
    """Hits of the columns of `points`, {column: (N, J, 3)}, on N people.

    weights -- (N, 1 + B) of the bootstrap; pairs -- (a, b) columns to be compared, b against a
    """

    def __init__(
        self,
        points: dict[str, np.ndarray],
        people: People,
        joints: JointSet,
        weights: np.ndarray,
        pairs: list[tuple[str, str]] | None = None,
    ):
        self.columns, self.joints, self.tests = list(points), joints, []
        self._right: dict[str, np.ndarray] = {}
        self._counted: dict[str, np.ndarray] = {}
        torso, up = torso_lengths(people.joints, joints), upright(people.joints, joints)
        self.counted = {
            "people": len(people), "with_torso": int(np.isfinite(torso).sum()),
            "upright": int((up & np.isfinite(torso)).sum()), "with_head": int(np.isfinite(people.head).sum()),
        }  # fmt: skip
        for measure in (*MEASURES, PCKH) if joints.name == "mpii" else MEASURES:
            yardstick = people.head if measure.yardstick == "head" else torso
            yardstick = np.where(up, yardstick, np.nan) if measure.upright else yardstick
            found = [hits(p[..., :2], people.joints, joints, measure.threshold, yardstick) for p in points.values()]
            if not np.isfinite(found).any():
                continue
            self._right[measure.name] = np.stack([st.resampled(weights, np.nan_to_num(f)) for f in found], axis=1)
            self._counted[measure.name] = np.stack([st.resampled(weights, np.isfinite(f)) for f in found], axis=1)
            by_column = dict(zip(points, found, strict=True))
            self.tests += [self._test(a, b, measure, by_column[a], by_column[b]) for a, b in pairs or ()]
        # Pair by pair, and of a pair measure by measure.
        self.tests.sort(key=lambda test: (pairs or []).index((test["a"], test["b"])))

    def of(self, column: str) -> dict[str, Any]:
        """{measure: {value, low, high, joints}}, over the joints that the column knows."""
        return {name: self._estimate(name, column, self._in_mean(name)) for name in self._right}

    def per_joint(self, column: str) -> dict[str, dict[str, Any]]:
        """{measure: {joint: {value, low, high, joints}}}."""
        each = np.eye(len(self.joints), dtype=bool)
        return {
            name: {joint: self._estimate(name, column, each[k]) for k, joint in enumerate(self.joints.joints)}
            for name in self._right
        }

    def _in_mean(self, measure: str) -> np.ndarray:
        left_out = NOT_IN_PCKH if measure == PCKH.name else ()
        return np.array([joint not in left_out for joint in self.joints.joints])

    def _pooled(self, measure: str, column: str, which: np.ndarray) -> np.ndarray:
        """(1 + B,) share over the joints of `which`, the sample first."""
        v = self.columns.index(column)
        return st.ratio(*(sums[measure][:, v, which].sum(axis=1) for sums in (self._right, self._counted)))

    def _estimate(self, measure: str, column: str, which: np.ndarray) -> dict[str, Any]:
        joints = int(self._counted[measure][0, self.columns.index(column), which].sum())
        return {**st.estimate(self._pooled(measure, column, which)), "joints": joints}

    def _test(self, a: str, b: str, measure: Measure, hits_a: np.ndarray, hits_b: np.ndarray) -> dict[str, Any]:
        """b less a, over the joints that both know; hits -- (N, J) of 1, 0, nan."""
        in_mean = self._in_mean(measure.name)
        known = np.isfinite(hits_a).any(axis=0) & np.isfinite(hits_b).any(axis=0)
        samples = np.subtract(*(self._pooled(measure.name, column, known & in_mean) for column in (b, a)))
        a_alone, b_alone = (hits_a == 1) & (hits_b == 0), (hits_a == 0) & (hits_b == 1)
        only_a, only_b = a_alone.sum(axis=0), b_alone.sum(axis=0)
        p = [st.mcnemar(only_a[j], only_b[j]) for j in np.flatnonzero(known)]
        by_joint = {
            self.joints.joints[j]: {"only_a": int(only_a[j]), "only_b": int(only_b[j]), "p": p_j, "p_holm": holm}
            for j, p_j, holm in zip(np.flatnonzero(known), p, st.holm(p), strict=True)
        }
        by_person = (a_alone[:, in_mean].sum(axis=1) - b_alone[:, in_mean].sum(axis=1)).astype(float)
        return {
            "a": a, "b": b, "measure": measure.name, "difference": st.estimate(samples),
            "p_bootstrap": st.p_of_bootstrap(samples[1:]), "p_mcnemar": st.mcnemar_by_person(by_person),
            "only_a": int(only_a[known & in_mean].sum()), "only_b": int(only_b[known & in_mean].sum()),
            "mcnemar_per_joint": by_joint,
        }  # fmt: skip


def shift(found: np.ndarray, reference: np.ndarray, torso: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """{"torsos": {value, low, high}, "pixels": mean} between where two columns (N, J, 3) put the same joints."""
    with np.errstate(invalid="ignore"):  # inf - inf, where both have no prediction
        pixels = np.linalg.norm(found[..., :2].astype(float) - reference[..., :2], axis=-1)
    pixels = np.where(np.isfinite(pixels), pixels, np.nan)
    torsos = pixels / torso[:, None]
    each = np.stack([np.nansum(torsos, axis=1), np.isfinite(torsos).sum(axis=1)], axis=1)
    total, count = st.resampled(weights, each).T
    known = pixels[np.isfinite(pixels)]
    return {"torsos": st.estimate(st.ratio(total, count)), "pixels": st.number(known.mean()) if known.size else None}
