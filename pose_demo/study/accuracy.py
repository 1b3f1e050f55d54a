"""How right is each network, and is one more right than the other?"""

from __future__ import annotations

import importlib.util
from itertools import combinations
from typing import Any

from .conduct import Context, Question, Settings
from .oks import AveragePrecision
from .rows import Row
from .subjects import Look, Subject
from .tally import Tally


class Accuracy(Question):
    """PCK, PCKh and OKS-AP of networks and of predictions from elsewhere, with tests of every pair."""

    name = "accuracy"
    text = "How right is each network, and is one more right than the other?"
    takes_peers = True

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        return [Look(of.name, of.input, of.stop(settings.upsampling)) for of in subjects]

    def begin(self, context: Context) -> None:
        self.context = context
        columns = context.columns
        self.tally = Tally(columns, context.records.joints, context.bootstrap, list(combinations(columns, 2)))
        self.precision, self.why_not = _precision(context)

    def add(self, rows: list[Row]) -> None:
        self.tally.add(rows)
        if self.precision:
            self.precision.add(rows)

    def answer(self) -> dict[str, Any]:
        rows = [{**self.context.describe(c), "measures": self.tally.shares(c), "per_joint": self.tally.per_joint(c)}
                for c in self.context.columns]  # fmt: skip
        tests, notes = self.tally.differences(), self.context.notes()
        if self.precision:
            found = self.precision.answer([p for p in self.tally.pairs if set(p) <= set(self.precision.found)])
            tests += found["differences"]
            for row in rows:
                row["oks"] = found["columns"].get(row["column"])
        else:
            notes.append(f"No OKS-AP: {self.why_not}.")
        return {"rows": rows, "tests": tests, "counted": counted(self.tally), "notes": notes + yardsticks(self.context)}


def counted(tally: Tally) -> dict[str, int]:
    """On how many people the measures rest."""
    return {
        "people": tally.people, "with_torso": tally.with_torso, "upright": tally.upright_people,
        "with_head": tally.with_head,
    }  # fmt: skip


def yardsticks(context: Context) -> list[str]:
    """How the figures of a set are to be read."""
    said = [
        "PCK counts a joint as right within 0.2 (0.1) of the torso, left shoulder to right hip; people without both "
        "do not count. Intervals are 95 % of bootstrap replicates by person. Each p stands by itself: among twenty "
        "tests of nothing, one is below 0.05. (Those of single joints, in result.json, are also given as Holm corrects "
        "them.)"
    ]
    if len(context.subjects) > 1:
        said.append(
            "Tests between networks compare these very weights. To rank two architectures, each has to be trained "
            "several times by one recipe."
        )
    if context.records.joints.name == "mpii":
        said.append(
            "PCKh is within half the head: 0.6 of the head box's diagonal where the labels have one, else from upper "
            "neck to head top. Its mean leaves out pelvis and thorax, as HRNet's and MMPose's evaluation does."
        )
    return said


def _precision(context: Context) -> tuple[AveragePrecision | None, str]:
    """OKS-AP of the columns that have all of COCO's joints, or why there is none."""
    records = context.records
    if records.kind != "coco":
        return None, "sigmas are published for COCO's joints only, and the set is not COCO's"
    if len(records.files) > 1:
        return None, "it is measured on one file of labels"
    if importlib.util.find_spec("pycocotools") is None:
        return None, "pycocotools is not installed"
    columns = [look.key for look in context.looks if context.subject(look).joints is records.joints]
    columns += [peer.name for peer in context.peers]
    if not columns:
        return None, "no network has all of COCO's joints"
    return AveragePrecision(records.files[0], columns, list(context.peers), context.bootstrap), ""
