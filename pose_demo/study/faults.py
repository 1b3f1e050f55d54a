"""Which kinds of error does each network make, and where do two networks disagree?

The kinds are Ronchi and Perona's ("Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV 2017).
With the keypoint similarity ks of a predicted joint to each place where a joint of its kind, or the same joint of the
other body side, is labelled, and the place where ks is highest:

    good       its own place, ks at least 0.85          swap   that of another person (either side), ks at least 0.5
    jitter     its own place, ks 0.5 to 0.85            miss   ks below 0.5 everywhere
    inversion  its own mirror joint, ks at least 0.5

ks needs a width for each joint. COCO's are published: 2 sigma times the root of the area. For other joint sets none
are, and PCK's radius takes their place: ks is 0.5 at 0.2 of the person's torso, hence 0.85 at 0.097 of it.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np

from ..joints import JointSet
from . import statistics as st
from .metrics import torso_lengths
from .oks import similarity, widths_by_area
from .people import People
from .questions import Question, as_trained, measured, yardsticks
from .study import Study
from .variants import Network, Variant

KINDS = ("good", "jitter", "inversion", "swap", "miss")
GOOD, JITTER, INVERSION, SWAP, MISS = range(len(KINDS))
_NEAR, _CLOSE, _RADIUS = 0.5, 0.85, 0.2
_UNKNOWN = {"value": None, "low": None, "high": None, "joints": 0}
_CHUNK = 1 << 14  # pairs of people whose joints are compared at once


class Faults(Question):
    """Kinds of error by network and joint, and the table of two networks' kinds against each other."""

    name = "faults"
    text = "Which errors does each network make, and where do they disagree?"
    takes_predictions = True

    def __init__(self, telling: int = 24):
        self.telling = telling

    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        return as_trained(networks, upsampling)

    def answer(self, study: Study) -> dict[str, Any]:
        pairs = list(combinations(study.columns, 2))
        shares, tests = measured(study, pairs)
        beside = bool(np.isin(study.labels.beside[:, 0], study.rows).any())
        kinds = study.attempt("kinds of error", lambda: _Kinds(study, beside), None)
        rows = [{**study.describe(c), "measures": shares.of(c) if shares else {}, **(kinds.of(c) if kinds else {})}
                for c in study.columns]  # fmt: skip
        disagreements = [
            {"a": a, "b": b, "kinds": list(KINDS), "table": kinds.table(a, b),
             "telling": telling(study, kinds.kinds, a, b, self.telling)}
            for a, b in pairs if kinds
        ]  # fmt: skip
        compared = [test for a, b in pairs if kinds for test in kinds.tests(a, b)]
        return {"rows": rows, "disagreements": disagreements, "tests": compared + tests,
                "counted": shares.counted if shares else {}, "notes": self._notes(study, beside)}  # fmt: skip

    def _notes(self, study: Study, beside: bool) -> list[str]:
        said = [*yardsticks(study),
                "Kinds of error as Ronchi and Perona (ICCV 2017) define them, by the labelled place to which a joint "
                "is most similar: good (ks 0.85 or more), jitter (0.5 to 0.85), inversion (the same person's other "
                "side), swap (another labelled person's joint), miss (ks below 0.5 everywhere)."]  # fmt: skip
        if study.labels.joints.name != "coco":
            said.append("Widths of joints are published for COCO only: here ks is 0.5 at 0.2 of the torso, and 0.85, "
                        "by the same Gaussian, at 0.097 of it.")  # fmt: skip
        if not beside:
            said.append("No photo of this set has a second labelled person: swaps cannot be seen and count as misses.")
        return said


class _Kinds:
    """kinds -- {column: (N, J) index into KINDS, -1 where there is none}; beside -- whether swaps can be seen at all"""

    def __init__(self, study: Study, beside: bool):
        self.joints, self.beside = study.labels.joints, beside
        everybody = study.labels.people
        self.kinds = {
            column: kinds_of(points, study.rows, everybody, study.labels.beside, self.joints)
            for column, points in study.points.items()
        }
        self.sums = {  # (1 + B, J, kinds)
            column: st.resampled(study.weights, kinds[..., None] == np.arange(len(KINDS)))
            for column, kinds in self.kinds.items()
        }

    def of(self, column: str) -> dict[str, Any]:
        sums = self.sums[column]
        by_joint = {joint: self._shares(sums[:, k]) for k, joint in enumerate(self.joints.joints)}
        return {"kinds": self._shares(sums.sum(axis=1)), "kinds_per_joint": by_joint}

    def _shares(self, counts: np.ndarray) -> dict[str, Any]:
        """(1 + B, kinds) counts; a swap is unknown where nobody stands beside, which is not the same as none."""
        shares = st.ratio(counts, np.broadcast_to(counts.sum(axis=1, keepdims=True), counts.shape))
        found = {kind: {**st.estimate(shares[:, k]), "joints": int(counts[0, k])} for k, kind in enumerate(KINDS)}
        return found if self.beside else {**found, "swap": dict(_UNKNOWN)}

    def table(self, a: str, b: str) -> list[list[int]]:
        """How many joints are of each kind in `a` (lines) and in `b` (columns)."""
        both = (self.kinds[a] >= 0) & (self.kinds[b] >= 0)
        size = len(KINDS)
        return (
            np.bincount(self.kinds[a][both] * size + self.kinds[b][both], minlength=size**2)
            .reshape(size, size)
            .tolist()
        )

    def tests(self, a: str, b: str) -> list[dict[str, Any]]:
        """By kind, the difference of the columns' shares within the same bootstrap replicates."""
        shares = [self.sums[column].sum(axis=1) for column in (b, a)]
        of_b, of_a = (st.ratio(s, np.broadcast_to(s.sum(axis=1, keepdims=True), s.shape)) for s in shares)
        difference = of_b - of_a
        return [
            {"a": a, "b": b, "measure": f"share of {kind}", "difference": st.estimate(difference[:, k]),
             "p_bootstrap": st.p_of_bootstrap(difference[1:, k])}
            for k, kind in enumerate(KINDS) if kind != "swap" or self.beside
        ]  # fmt: skip


def kinds_of(found: np.ndarray, rows: np.ndarray, people: People, beside: np.ndarray, joints: JointSet) -> np.ndarray:
    """(N, J) index into KINDS for each joint of `found` (N, J, 3); -1 where it is not marked or not known.

    rows -- (N,) rows of `people`; beside -- (P, 2) rows of people who share a photo, see Labels.beside
    """
    widths = _widths(people, joints)
    own, mirror = (_similar(found, people.joints[rows][:, o], widths[rows]) for o in (slice(None), list(joints.flip)))
    others, place = np.zeros_like(own), np.full(len(people), -1)
    place[rows] = np.arange(len(rows))
    pairs = beside[place[beside[:, 0]] >= 0]
    for k in range(0, len(pairs), _CHUNK):
        here, other = place[pairs[k : k + _CHUNK, 0]], pairs[k : k + _CHUNK, 1]
        for order in (slice(None), list(joints.flip)):
            np.maximum.at(others, here, _similar(found[here], people.joints[other][:, order], widths[other]))
    best = np.maximum(np.maximum(own, mirror), others)
    kinds = np.select(
        [best < _NEAR, (own < best) & (mirror == best), own < best, best < _CLOSE],
        [MISS, INVERSION, SWAP, JITTER],
        GOOD,
    )
    counted = (people.joints[rows, :, 2] > 0) & ~np.isnan(found[..., 0]) & np.isfinite(widths[rows, :1])
    return np.where(counted, kinds, -1)


def _similar(found: np.ndarray, places: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """(K, J) keypoint similarity of (K, J, 3) to labelled places (K, J, 3); 0 where nothing is marked."""
    distance = np.linalg.norm(found[..., :2].astype(float) - places[..., :2], axis=-1)
    return np.where((places[..., 2] > 0) & np.isfinite(widths), similarity(distance, widths), 0)


def _widths(people: People, joints: JointSet) -> np.ndarray:
    """(N, J) pixels of the similarity's Gaussian; nan where the person has no yardstick."""
    torso = _RADIUS * torso_lengths(people.joints, joints) / math.sqrt(2 * math.log(2))
    by_torso = np.repeat(torso[:, None], len(joints), axis=1)
    if joints.name != "coco":
        return by_torso
    return np.where(np.isnan(people.area)[:, None], by_torso, widths_by_area(people.area))


def telling(study: Study, kinds: dict[str, np.ndarray], a: str, b: str, count: int) -> list[dict[str, Any]]:
    """The records on which two columns disagree most, the most telling first, and what to say of each.

    With labels: by the number of joints that one finds (good or jitter) and the other does not. Without: by the mean
    distance between the two in torsos as the first sees them, so that a user's own photos need no labels.
    """
    joints, people = study.labels.joints, study.labels.people[study.rows]
    right_a, right_b = (np.isin(kinds[c], (GOOD, JITTER)) for c in (a, b))
    apart = (right_a != right_b) & (kinds[a] >= 0) & (kinds[b] >= 0)
    labelled = people.joints[..., 2].any(axis=1)
    torsos = _torsos_apart(study.points[a], study.points[b], joints)
    scores = np.where(labelled, apart.sum(axis=1), torsos)
    chosen = np.lexsort((study.rows, -scores))[:count]
    result = []
    for k in chosen[scores[chosen] > 0]:
        row = int(study.rows[k])
        facts = {"index": row, "name": study.labels.names[row], "image_id": study.labels.photos[people.photo[k]].id}
        if labelled[k]:
            facts["joints"] = [{"joint": joints.joints[j], "a": KINDS[kinds[a][k, j]], "b": KINDS[kinds[b][k, j]]}
                               for j in np.flatnonzero(apart[k])]  # fmt: skip
        else:
            facts["torsos_apart"] = round(float(torsos[k]), 3)
        poses = {c: [[st.number(v, 2) for v in point] for point in study.points[c][k]] for c in (a, b)}
        result.append({**facts, "poses": poses})
    return result


def _torsos_apart(a: np.ndarray, b: np.ndarray, joints: JointSet) -> np.ndarray:
    """(N,) mean distance of two columns (N, J, 3) in torsos as `a` has them; 0 where that is no number."""
    left, right = joints.torso or (0, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        torso = np.linalg.norm(a[:, left, :2] - a[:, right, :2], axis=1)
        distance = np.linalg.norm(a[..., :2] - b[..., :2], axis=2)
        known = ~np.isnan(distance)
        mean = np.where(known, distance, 0).sum(axis=1) / known.sum(axis=1)
        return np.nan_to_num(mean / torso, nan=0, posinf=0)
