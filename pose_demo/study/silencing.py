"""The question of cuts: what every arrow of a network carries, asked of many photos."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..networks import silence as cuts
from ..networks.base import PoseNetwork
from .metrics import torso_lengths
from .questions import Question
from .shares import MAIN, shift
from .study import Networks, Study
from .variants import Variant


class Silence(Question):
    """Every term of a sum, branch, skip, feedback and stack cut alone (zero in its stead), one after the other: how
    many joints are right without it, and how far each joint moves. Effects of single cuts do not add up.
    """

    name = "silence"

    def variants(self, networks: Networks, upsampling: str | None) -> list[Variant]:
        return [replace(v, cut=cut) for v in super().variants(networks, upsampling)
                for cut in ("", *_places(networks[v.network]))]  # fmt: skip

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        """Not where a cut leaves no answer at all: there is nothing to compare."""
        return [(replace(v, cut="").key, v.key) for v in study.variants
                if v.cut and np.isfinite(study.points[v.key]).any()]  # fmt: skip

    def row(self, study: Study, variant: Variant) -> dict[str, Any]:
        found, whole = study.points[variant.key], study.points[replace(variant, cut="").key]
        torso, joints = torso_lengths(study.people.joints, study.labels.joints), study.labels.joints.joints
        each = {joint: shift(found[:, j : j + 1], whole[:, j : j + 1], torso, study.weights)["torsos"]
                for j, joint in enumerate(joints)} if variant.cut else {}  # fmt: skip
        kind = _places(study.networks[variant.network]).get(variant.cut, "")
        return {"cut": variant.cut, "kind": kind, "shift": shift(found, whole, torso, study.weights), "moves": each}

    def answer(self, study: Study) -> dict[str, Any]:
        """Of the measures the main one: with a row for each arrow all would be too much to read."""
        result = super().answer(study)
        for row in result["rows"]:
            row["measures"], row["per_joint"] = (
                {name: found for name, found in row[part].items() if name == MAIN.name}
                for part in ("measures", "per_joint")
            )
        result["tests"] = [
            {name: value for name, value in test.items() if name != "mcnemar_per_joint"}
            for test in result["tests"] if test["measure"] == MAIN.name
        ]  # fmt: skip
        study.note("note.silence")
        return result


def _places(net: PoseNetwork) -> dict[str, str]:
    """{place: kind}; empty for a network that leaves no trace."""
    try:
        return cuts.places(net)
    except cuts.SilenceError:
        return {}
