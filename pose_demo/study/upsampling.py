"""Does it matter how maps are enlarged, at test time, and against the mode a network was trained with?"""

from __future__ import annotations

from typing import Any

from ..networks.upsampling import STOPS
from .accuracy import counted, yardsticks
from .conduct import Context, Question, Settings
from .rows import Row
from .subjects import Look, Subject
from .tally import MAIN, Tally


class Upsampling(Question):
    """Every network at every stop of the slider; the grid of stops trained with against stops tested with."""

    name = "upsampling"
    text = "Does it matter how maps are enlarged?"

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        return [Look(of.name, of.input, stop) for of in subjects for stop in of.stops]

    def begin(self, context: Context) -> None:
        self.context = context
        self.trained = {look.key: Look(look.network, look.size, context.subject(look).upsampling).key
                        for look in context.looks}  # fmt: skip
        pairs = [(own, key) for key, own in self.trained.items() if key != own]
        self.tally = Tally(context.columns, context.records.joints, context.bootstrap, pairs,
                           [(key, own) for own, key in pairs])  # fmt: skip

    def add(self, rows: list[Row]) -> None:
        self.tally.add(rows)

    def answer(self) -> dict[str, Any]:
        rows = []
        for column in self.context.columns:
            own, shift = self.trained[column], {"torsos": {"value": 0.0, "low": 0.0, "high": 0.0}, "pixels": 0.0}
            moved = shift if column == own else self.tally.shift(column, own)
            rows.append({**self.context.describe(column), "trained_with": own.split("|")[2], "shift": moved,
                         "measures": self.tally.shares(column), "per_joint": self.tally.per_joint(column)})  # fmt: skip
        notes = [
            *self.context.notes(), *yardsticks(self.context),
            "The shift is how far a network's joints move, on average, when only the stop changes from the one that "
            "it was trained with, in torsos and in pixels of the photo.",
        ]  # fmt: skip
        return {"rows": rows, "grids": self._grids(rows), "tests": self.tally.differences(),
                "counted": counted(self.tally), "notes": notes}  # fmt: skip

    def _grids(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Per architecture and joint set: accuracy by [stop trained with][stop tested with], as lists of cells (one a
        network: several seeds may have been trained); an empty list was not measured."""
        groups: dict[tuple[str, str], list[Subject]] = {}
        for of in self.context.subjects:
            groups.setdefault((of.architecture, of.joints.name), []).append(of)
        grids = []
        for (architecture, joints), members in groups.items():
            cells = {trained: {tested: [] for tested in STOPS} for trained in STOPS}
            for row in rows:
                if row["network"] in [of.name for of in members]:
                    cell = {"network": row["network"], **row["measures"][MAIN.name]}
                    cells[row["trained_with"]][row["upsampling"]].append(cell)
            modes = sorted({of.upsampling for of in members}, key=STOPS.index)
            grids.append({"architecture": architecture, "joints": joints, "trained_modes": modes, "cells": cells})
        return grids
