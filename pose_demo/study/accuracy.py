"""How right is each network, and is one more right than the other?"""

from __future__ import annotations

import importlib.util
from itertools import combinations
from typing import Any

from .conduct import Context, Settings
from .oks import AveragePrecision
from .rows import Row
from .shares import Shares
from .subjects import Look, Subject


class Accuracy(Shares):
    """PCK, PCKh and OKS-AP of networks and of predictions from elsewhere, with tests of every pair."""

    name = "accuracy"
    text = "How right is each network, and is one more right than the other?"
    takes_peers = True

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        return [Look(of.name, of.input, of.stop(settings.upsampling)) for of in subjects]

    def pairs(self) -> list[tuple[str, str]]:
        return list(combinations(self.context.columns, 2))

    def begin(self, context: Context) -> None:
        super().begin(context)
        self.precision, self.why_not = _precision(context)

    def add(self, rows: list[Row]) -> None:
        super().add(rows)
        if self.precision:
            self.precision.add(rows)

    def notes(self) -> list[str]:
        return [] if self.precision else [f"No OKS-AP: {self.why_not}."]

    def answer(self) -> dict[str, Any]:
        result = super().answer()
        if self.precision:
            found = self.precision.answer([p for p in self.tally.pairs if set(p) <= set(self.precision.found)])
            result["tests"] += found["differences"]
            for row in result["rows"]:
                row["oks"] = found["columns"].get(row["column"])
        return result


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
