"""What accuracy, upsampling, depth and resolution have in common: shares of right joints, and paired tests of them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from .conduct import Context, Question
from .rows import Row
from .tally import Tally


class Shares(Question):
    """A question that is answered by how many joints are right in each of several columns."""

    #: Whether the distance between the joints of each pair is measured too.
    shifts = False

    @abstractmethod
    def pairs(self) -> list[tuple[str, str]]:
        """Columns to be tested against each other: each second one is compared with the first."""

    def begin(self, context: Context) -> None:
        self.context = context
        pairs = self.pairs()
        moved = [(b, a) for a, b in pairs] if self.shifts else []
        self.tally = Tally(context.columns, context.records.joints, context.bootstrap, pairs, moved)

    def add(self, rows: list[Row]) -> None:
        self.tally.add(rows)

    def row(self, column: str) -> dict[str, Any]:
        """What a column's row says beside its figures."""
        return {}

    def notes(self) -> list[str]:
        """How the figures of this question are to be read."""
        return []

    def answer(self) -> dict[str, Any]:
        rows = [
            {**self.context.describe(c), **self.row(c), "measures": self.tally.shares(c),
             "per_joint": self.tally.per_joint(c)}
            for c in self.context.columns
        ]  # fmt: skip
        notes = [*self.context.notes(), *yardsticks(self.context), *self.notes()]
        return {"rows": rows, "tests": self.tally.differences(), "counted": counted(self.tally), "notes": notes}


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
