"""Does it matter how maps are enlarged, at test time, and against the mode a network was trained with?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..networks.upsampling import STOPS
from .conduct import Settings
from .shares import Shares
from .subjects import Look, Subject
from .tally import MAIN


class Upsampling(Shares):
    """Every network at every stop of the slider; the grid of stops trained with against stops tested with."""

    name = "upsampling"
    text = "Does it matter how maps are enlarged?"
    shifts = True

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        return [Look(of.name, of.input, stop) for of in subjects for stop in of.stops]

    def pairs(self) -> list[tuple[str, str]]:
        return [(own.key, look.key) for look in self.context.looks if (own := self._trained(look)) != look]

    def row(self, column: str) -> dict[str, Any]:
        own, none = self._trained(self.context.look(column)), {"value": 0.0, "low": 0.0, "high": 0.0}
        shift = {"torsos": none, "pixels": 0.0} if column == own.key else self.tally.shift(column, own.key)
        return {"trained_with": own.upsampling, "shift": shift}

    def _trained(self, look: Look) -> Look:
        """The same look at the stop that its network was trained with."""
        return replace(look, upsampling=self.context.subject(look).upsampling)

    def notes(self) -> list[str]:
        return [
            "The shift is how far a network's joints move, on average, when only the stop changes from the one that "
            "it was trained with, in torsos and in pixels of the photo."
        ]

    def answer(self) -> dict[str, Any]:
        result = super().answer()
        return {"rows": result["rows"], "grids": self._grids(result["rows"]), **result}

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
