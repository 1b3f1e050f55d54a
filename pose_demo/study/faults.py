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

import contextlib
import heapq
import math
from itertools import combinations
from typing import Any

import numpy as np

from ..joints import JointSet
from . import statistics as st
from .conduct import Context, Question, Settings
from .datasets import LabelledSet, Person, Record
from .metrics import torso_lengths
from .oks import similarity, widths_by_area
from .rows import Row
from .shares import counted, yardsticks
from .subjects import Look, Subject
from .tally import Tally, estimate, number

KINDS = ("good", "jitter", "inversion", "swap", "miss")
GOOD, JITTER, INVERSION, SWAP, MISS = range(len(KINDS))
_NEAR, _CLOSE, _RADIUS = 0.5, 0.85, 0.2


class Faults(Question):
    """Kinds of error by network and joint, and the table of two networks' kinds against each other."""

    name = "faults"
    text = "Which errors does each network make, and where do they disagree?"
    takes_peers = True

    def __init__(self, telling: int = 24):
        self.telling = telling

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        return [Look(of.name, of.input, of.stop(settings.upsampling)) for of in subjects]

    def begin(self, context: Context) -> None:
        self.context, self.joints = context, context.records.joints
        columns = context.columns
        self.pairs = list(combinations(range(len(columns)), 2))
        self.tally = Tally(columns, self.joints, context.bootstrap, [(columns[a], columns[b]) for a, b in self.pairs])
        self.sums = np.zeros((1 + context.bootstrap.replicates, len(columns), len(self.joints), len(KINDS)))
        self.tables = np.zeros((len(self.pairs), len(KINDS), len(KINDS)), np.int64)
        self.most: list[list[tuple[float, int, dict]]] = [[] for _ in self.pairs]
        self.beside = 0

    def add(self, rows: list[Row]) -> None:
        if not rows:
            return
        self.tally.add(rows)
        kinds = np.stack([[kinds_of(row, row.found[c], self.joints) for c in self.context.columns] for row in rows])
        each = (kinds[..., None] == np.arange(len(KINDS))).astype(float)
        weights = self.context.bootstrap.weights(np.array([row.index for row in rows]))
        self.sums += (weights.T @ each.reshape(len(rows), -1)).reshape(self.sums.shape)
        self.beside += sum(bool(row.others) for row in rows)
        for p, (a, b) in enumerate(self.pairs):
            both = (kinds[:, a] >= 0) & (kinds[:, b] >= 0)
            np.add.at(self.tables[p], (kinds[:, a][both], kinds[:, b][both]), 1)
            for row, ka, kb in zip(rows, kinds[:, a], kinds[:, b], strict=True):
                self._remember(p, row, ka, kb)

    def _remember(self, p: int, row: Row, kinds_a: np.ndarray, kinds_b: np.ndarray) -> None:
        """Keeps the records on which the two disagree most, in a heap of fixed size."""
        a, b = (self.context.columns[k] for k in self.pairs[p])
        score, facts = disagreement(row, a, b, kinds_a, kinds_b, self.joints)
        if score > 0:
            poses = {c: [[number(v, 2) for v in point] for point in row.found[c]] for c in (a, b)}
            entry = (score, -row.index, {**facts, "poses": poses})
            push = heapq.heappush if len(self.most[p]) < self.telling else heapq.heappushpop
            if self.telling:
                push(self.most[p], entry)

    def answer(self) -> dict[str, Any]:
        columns = self.context.columns
        rows = [{**self.context.describe(c), "measures": self.tally.shares(c), "kinds": self._shares(v, None),
                 "kinds_per_joint": {joint: self._shares(v, k) for k, joint in enumerate(self.joints.joints)}}
                for v, c in enumerate(columns)]  # fmt: skip
        disagreements = [
            {"a": columns[a], "b": columns[b], "kinds": list(KINDS), "table": self.tables[p].tolist(),
             "telling": [facts for *_, facts in sorted(self.most[p], key=lambda e: e[:2], reverse=True)]}
            for p, (a, b) in enumerate(self.pairs)
        ]  # fmt: skip
        return {"rows": rows, "disagreements": disagreements, "tests": self._tests() + self.tally.differences(),
                "counted": counted(self.tally), "notes": self._notes()}  # fmt: skip

    def _pooled(self, v: int, joint: int | None) -> np.ndarray:
        """(1 + replicates, kinds) shares of a column, of one joint or of all."""
        counts = self.sums[:, v].sum(axis=1) if joint is None else self.sums[:, v, joint]
        total = counts.sum(axis=1, keepdims=True)
        return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)

    def _shares(self, v: int, joint: int | None) -> dict[str, Any]:
        shares = self._pooled(v, joint)
        counts = self.sums[0, v].sum(axis=0) if joint is None else self.sums[0, v, joint]
        found = {kind: {**estimate(shares[:, k]), "joints": int(counts[k])} for k, kind in enumerate(KINDS)}
        if not self.beside:  # unknown, which is not the same as none
            found["swap"] = {"value": None, "low": None, "high": None, "joints": 0}
        return found

    def _tests(self) -> list[dict[str, Any]]:
        """By kind, the difference of the networks' shares within the same bootstrap replicates."""
        found = []
        for a, b in self.pairs:
            difference = self._pooled(b, None) - self._pooled(a, None)
            for k, kind in enumerate(KINDS):
                if kind == "swap" and not self.beside:
                    continue
                found.append({
                    "a": self.context.columns[a], "b": self.context.columns[b], "measure": f"share of {kind}",
                    "difference": estimate(difference[:, k]), "p_bootstrap": st.p_of_bootstrap(difference[1:, k]),
                })  # fmt: skip
        return found

    def _notes(self) -> list[str]:
        said = [*self.context.notes(), *yardsticks(self.context),
                "Kinds of error as Ronchi and Perona (ICCV 2017) define them, by the labelled place to which a joint "
                "is most similar: good (ks 0.85 or more), jitter (0.5 to 0.85), inversion (the same person's other "
                "side), swap (another labelled person's joint), miss (ks below 0.5 everywhere)."]  # fmt: skip
        if self.joints.name != "coco":
            said.append("Widths of joints are published for COCO only: here ks is 0.5 at 0.2 of the torso, and 0.85, "
                        "by the same Gaussian, at 0.097 of it.")  # fmt: skip
        if not self.beside:
            said.append("No photo of this set has a second labelled person: swaps cannot be seen and count as misses.")
        return said


def kinds_of(row: Row, found: np.ndarray, joints: JointSet) -> np.ndarray:
    """(J,) index into KINDS for each joint of a find (J, 3); -1 where the joint is not marked or not known."""
    people = [row.person, *row.others]
    widths = [_widths(person, joints) for person in people]
    if widths[0] is None:
        return np.full(len(joints), -1)
    similar = np.zeros((2 * len(people), len(joints)))
    for k, (person, width) in enumerate(zip(people, widths, strict=True)):
        if width is None:
            continue
        for side, order in enumerate((np.arange(len(joints)), np.array(joints.flip))):
            place = person.joints[order]
            distance = np.linalg.norm(found[:, :2].astype(float) - place[:, :2], axis=1)
            similar[2 * k + side] = np.where(place[:, 2] > 0, similarity(distance, width), 0)
    best, whose = similar.max(axis=0), similar.argmax(axis=0)
    kinds = np.select(
        [best < _NEAR, whose == 1, whose > 1, best < _CLOSE], [MISS, INVERSION, SWAP, JITTER], default=GOOD
    )
    counted = (row.person.joints[:, 2] > 0) & ~np.isnan(found[:, 0])
    return np.where(counted, kinds, -1)


def _widths(person: Person, joints: JointSet) -> np.ndarray | None:
    """(J,) pixels of the similarity's Gaussian; None where the person has no yardstick."""
    if joints.name == "coco" and person.area:
        return widths_by_area(person.area)
    torso = torso_lengths(person.joints[None], joints)[0]
    return np.full(len(joints), _RADIUS * torso / math.sqrt(2 * math.log(2))) if np.isfinite(torso) else None


def disagreement(
    row: Row, a: str, b: str, kinds_a: np.ndarray, kinds_b: np.ndarray, joints: JointSet
) -> tuple[float, dict[str, Any]]:
    """How telling a record is, and what to say of it.

    With labels: the number of joints that one network finds (good or jitter) and the other does not. Without: the mean
    distance between the two in torsos as the first network sees them, so that a user's own photos need no labels.
    """
    found_a, found_b = row.found[a], row.found[b]
    facts = {"index": row.index, "name": row.name, "image_id": row.image_id}
    if row.person.joints[:, 2].any():
        right_a, right_b = (np.isin(kinds, (GOOD, JITTER)) for kinds in (kinds_a, kinds_b))
        counted = (kinds_a >= 0) & (kinds_b >= 0)
        apart = np.flatnonzero((right_a != right_b) & counted)
        told = [{"joint": joints.joints[k], "a": KINDS[kinds_a[k]], "b": KINDS[kinds_b[k]]} for k in apart]
        return float(len(apart)), {**facts, "joints": told}
    left, right = joints.torso
    torso = float(np.linalg.norm(found_a[left, :2] - found_a[right, :2]))
    distance = np.linalg.norm(found_a[:, :2] - found_b[:, :2], axis=1)
    mean = float(np.nanmean(distance)) / torso if torso > 0 and np.isfinite(distance).any() else 0.0
    return (mean if math.isfinite(mean) else 0.0), {**facts, "torsos_apart": round(mean, 3)}


def photos(records: LabelledSet, indices: set[int]) -> dict[int, np.ndarray]:
    """{index: (H, W, 3) uint8} of a few records of a set, read again; those that cannot be are left out."""
    found = {}
    for index, record in records.take(max(indices, default=-1) + 1):
        if index in indices and isinstance(record, Record):
            with contextlib.suppress(OSError, ValueError):
                found[index] = record.read()
    return found
