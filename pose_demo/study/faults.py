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
from .questions import Question
from .shares import Shares
from .study import Study

KINDS = ("good", "jitter", "inversion", "swap", "miss")
GOOD, JITTER, INVERSION, SWAP, MISS = range(len(KINDS))
_NEAR, _CLOSE, _RADIUS = 0.5, 0.85, 0.2
_CHUNK = 1 << 14  # pairs of people whose joints are compared at once


class Faults(Question):
    """Kinds of error by network and joint, and the table of two networks' kinds against each other."""

    name = "faults"
    takes_predictions = True

    def __init__(self, telling: int = 24):
        self.telling = telling

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        return list(combinations(study.columns, 2))

    def answer(self, study: Study) -> dict[str, Any]:
        result, known = super().answer(study), study.labels.joints
        for row in result["rows"]:
            del row["per_joint"]
        study.note("note.kinds")
        if known.name != "coco":
            study.note("note.widths")
        kinds = _Kinds(study)
        if not kinds.swaps:
            study.note("note.no_swaps")
        for row in result["rows"]:
            row |= study.attempt("kinds of error", lambda c=row["column"]: kinds.row(c), {})
        disagreements, tests = [], []
        for a, b in self.pairs(study):
            disagreements.append({"a": a, "b": b, "kinds": list(KINDS), "table": kinds.table(a, b),
                                  "telling": telling(study, kinds.of, a, b, self.telling)})  # fmt: skip
            tests += kinds.tests(a, b)
        return {"rows": result["rows"], "disagreements": disagreements, **result, "tests": tests + result["tests"]}


class _Kinds:
    """of -- {column: (N, J) index into KINDS, -1 where there is none}; swaps -- whether these can be seen at all"""

    def __init__(self, study: Study):
        labels, self.joints = study.labels, study.labels.joints
        self.swaps = bool(np.isin(labels.beside[:, 0], study.rows).any())
        self.of = {c: kinds_of(p, study.rows, labels.people, labels.beside, self.joints)
                   for c, p in study.points.items()}  # fmt: skip
        self.shares = {
            kind: Shares({c: np.where(k < 0, np.nan, k == n) for c, k in self.of.items()}, study.weights, self.joints)
            for n, kind in enumerate(KINDS)
        }

    def row(self, column: str) -> dict[str, Any]:
        each = zip(self.joints.joints, np.eye(len(self.joints), dtype=bool), strict=True)
        by_joint = {joint: self._figures(column, which) for joint, which in each}
        return {"kinds": self._figures(column, np.ones(len(self.joints), bool)), "kinds_per_joint": by_joint}

    def _figures(self, column: str, which: np.ndarray) -> dict[str, Any]:
        """The share of each kind among these joints, and how many are of it. Swaps that cannot be seen are unknown,
        which is not the same as none."""
        joints = {kind: int((self.of[column][:, which] == n).sum()) for n, kind in enumerate(KINDS)}
        found = {kind: {**self.shares[kind].of(column, which), "joints": joints[kind]} for kind in KINDS}
        return found if self.swaps else found | {"swap": {"value": None, "low": None, "high": None, "joints": 0}}

    def table(self, a: str, b: str) -> list[list[int]]:
        """How many joints are of each kind in `a` (lines) and in `b` (columns)."""
        both, table = (self.of[a] >= 0) & (self.of[b] >= 0), np.zeros((len(KINDS), len(KINDS)), int)
        np.add.at(table, (self.of[a][both], self.of[b][both]), 1)
        return table.tolist()

    def tests(self, a: str, b: str) -> list[dict[str, Any]]:
        return [{"a": a, "b": b, "measure": f"share of {kind}", **self.shares[kind].difference(a, b)}
                for kind in KINDS if kind != "swap" or self.swaps]  # fmt: skip


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
    labelled = np.any(people.joints[..., 2], axis=1)
    torsos = _torsos_apart(study.points[a], study.points[b], joints)
    scores = np.where(labelled, apart.sum(axis=1), torsos)
    chosen = np.lexsort((study.rows, -scores))[:count]
    result = []
    for k in (k for k in chosen if scores[k] > 0):
        photo = study.labels.photos[people.photo[k]]
        facts = {"index": int(study.rows[k]), "name": people.name[k], "image_id": photo.id}
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
