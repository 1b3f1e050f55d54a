"""Rows -> figures, as a stream: sums for the sample and for every bootstrap replicate, and never a list of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..joints import JointSet
from . import statistics as st
from .metrics import hits, torso_lengths, upright
from .rows import Row


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


class Tally:
    """Counts hits of several columns (looks and peers) on the same people.

    pairs  -- (a, b) columns to be compared, b against a
    shifts -- (column, reference): how far the joints lie from where the reference puts them
    """

    def __init__(
        self,
        columns: list[str],
        joints: JointSet,
        bootstrap: st.Bootstrap,
        pairs: list[tuple[str, str]] | None = None,
        shifts: list[tuple[str, str]] | None = None,
    ):
        self.columns, self.joints, self.bootstrap = columns, joints, bootstrap
        self.pairs, self.shifts = pairs or [], shifts or []
        self.measures = (*MEASURES, PCKH) if joints.name == "mpii" else MEASURES
        self.people = self.with_torso = self.with_head = self.upright_people = 0
        v, j, b = len(columns), len(joints), 1 + bootstrap.replicates
        self._right = {m.name: np.zeros((b, v, j)) for m in self.measures}
        self._counted = {m.name: np.zeros((b, v, j)) for m in self.measures}
        self._only = {m.name: np.zeros((len(self.pairs), 2, j), np.int64) for m in self.measures}
        self._by_person = {m.name: np.zeros((len(self.pairs), 2)) for m in self.measures}
        self._moved = np.zeros((b, len(self.shifts), 2))  # sum of torsos, count
        self._pixels = np.zeros((len(self.shifts), 2))

    def add(self, rows: list[Row]) -> None:
        if not rows:
            return
        truth = np.stack([row.person.joints for row in rows])
        found = {column: np.stack([row.found[column] for row in rows]) for column in self.columns}
        weights = self.bootstrap.weights(np.array([row.index for row in rows]))
        torso = torso_lengths(truth, self.joints)
        head = np.array([row.person.head or np.nan for row in rows], np.float64)
        up = upright(truth, self.joints)
        self.people += len(rows)
        self.with_torso += int(np.isfinite(torso).sum())
        self.with_head += int(np.isfinite(head).sum())
        self.upright_people += int((up & np.isfinite(torso)).sum())
        for measure in self.measures:
            yardstick = {"torso": torso, "head": head}[measure.yardstick]
            yardstick = np.where(up, yardstick, np.nan) if measure.upright else yardstick
            right = np.stack(
                [hits(f[..., :2], truth, self.joints, measure.threshold, yardstick) for f in found.values()]
            )
            self._count(measure, right, weights)
        for k, (column, reference) in enumerate(self.shifts):
            self._shift(k, found[column], found[reference], torso, weights)

    def _count(self, measure: Measure, right: np.ndarray, weights: np.ndarray) -> None:
        """right -- (V, N, J) of 1, 0, nan"""
        (v, n, j), name, mean = right.shape, measure.name, self._in_mean(measure)
        counted = np.isfinite(right)
        for sums, values in ((self._right, np.where(counted, right, 0)), (self._counted, counted.astype(float))):
            sums[name] += (weights.T @ values.transpose(1, 0, 2).reshape(n, v * j)).reshape(-1, v, j)
        for k, (a, b) in enumerate(self.pairs):
            ra, rb = right[self.columns.index(a)], right[self.columns.index(b)]
            only_a, only_b = (ra == 1) & (rb == 0), (ra == 0) & (rb == 1)
            self._only[name][k] += np.stack([only_a.sum(axis=0), only_b.sum(axis=0)])
            d = only_a[:, mean].sum(axis=1) - only_b[:, mean].sum(axis=1)
            self._by_person[name][k] += d.sum(), (d**2).sum()

    def _shift(self, k: int, found: np.ndarray, reference: np.ndarray, torso: np.ndarray, weights: np.ndarray) -> None:
        with np.errstate(invalid="ignore"):  # inf - inf, where a peer has no prediction
            pixels = np.linalg.norm(found[..., :2].astype(float) - reference[..., :2], axis=-1)
        known = np.isfinite(pixels)
        self._pixels[k] += pixels[known].sum(), known.sum()
        torsos = np.where(known & np.isfinite(torso)[:, None], pixels / torso[:, None], np.nan)
        each = np.stack([np.nansum(torsos, axis=1), np.isfinite(torsos).sum(axis=1)], axis=1)
        self._moved[:, k] += weights.T @ each

    # -- figures ---------------------------------------------------------------------------------------------------

    def shares(self, column: str) -> dict[str, Any]:
        """{measure: {value, low, high, joints}} of a column, over the joints that it knows."""
        v = self.columns.index(column)
        return {m.name: self._estimate(m.name, v, self._in_mean(m)) for m in self.measures if self._any(m.name)}

    def per_joint(self, column: str) -> dict[str, dict[str, Any]]:
        """{measure: {joint: {value, low, high, joints}}}."""
        v, result = self.columns.index(column), {}
        for measure in (m.name for m in self.measures if self._any(m.name)):
            result[measure] = {
                joint: self._estimate(measure, v, np.arange(len(self.joints)) == k)
                for k, joint in enumerate(self.joints.joints)
            }
        return result

    def _any(self, measure: str) -> bool:
        return bool(self._counted[measure][0].any())

    def _in_mean(self, measure: Measure) -> np.ndarray:
        left_out = NOT_IN_PCKH if measure.yardstick == "head" else ()
        return np.array([joint not in left_out for joint in self.joints.joints])

    def _pooled(self, measure: str, v: int, which: np.ndarray) -> np.ndarray:
        """(1 + replicates,) share over the joints of `which`, the sample first."""
        right, counted = (sums[measure][:, v][:, which].sum(axis=1) for sums in (self._right, self._counted))
        return np.divide(right, counted, out=np.full(len(right), np.nan), where=counted > 0)

    def _estimate(self, measure: str, v: int, which: np.ndarray) -> dict[str, Any]:
        shares = self._pooled(measure, v, which)
        return {**estimate(shares), "joints": int(self._counted[measure][0, v, which].sum())}

    def differences(self) -> list[dict[str, Any]]:
        """The tests of every pair and measure: b less a, over the joints that both know."""
        return [
            self._difference(k, measure) for k in range(len(self.pairs)) for measure in self.measures
            if self._any(measure.name)
        ]  # fmt: skip

    def _difference(self, k: int, measure: Measure) -> dict[str, Any]:
        name, (a, b) = measure.name, (self.columns.index(c) for c in self.pairs[k])
        known = (self._counted[name][0, [a, b]] > 0).all(axis=0)
        which = known & self._in_mean(measure)
        samples = self._pooled(name, b, which) - self._pooled(name, a, which)
        only = self._only[name][k]
        p = [st.mcnemar(int(x), int(y)) for x, y in only.T]
        corrected = st.holm([p[j] for j in np.flatnonzero(known)])
        joints = {
            self.joints.joints[j]: {"only_a": int(only[0, j]), "only_b": int(only[1, j]), "p": p[j], "p_holm": holm}
            for j, holm in zip(np.flatnonzero(known), corrected, strict=True)
        }
        return {
            "a": self.pairs[k][0], "b": self.pairs[k][1], "measure": name, "difference": estimate(samples),
            "p_bootstrap": st.p_of_bootstrap(samples[1:]), "p_mcnemar": st.mcnemar_by_person(*self._by_person[name][k]),
            "only_a": int(only[0, which].sum()), "only_b": int(only[1, which].sum()), "mcnemar_per_joint": joints,
        }  # fmt: skip

    def shift(self, column: str, reference: str) -> dict[str, Any]:
        """{"torsos": {value, low, high}, "pixels": mean} between where the two put the same joints."""
        k = self.shifts.index((column, reference))
        total, count = self._moved[:, k].T
        torsos = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        pixels, joints = self._pixels[k]
        return {"torsos": estimate(torsos), "pixels": number(pixels / joints) if joints else None}


def estimate(samples: np.ndarray) -> dict[str, float | None]:
    """The sample's own figure (first) with the interval of its replicates."""
    around = st.interval(samples[1:])
    low, high = around or (None, None)
    return {"value": number(samples[0]), "low": number(low), "high": number(high)}


def number(value: Any, digits: int = 5) -> float | None:
    """A figure as it is written down: None for what is no number."""
    return round(float(value), digits) if value is not None and np.isfinite(value) else None
