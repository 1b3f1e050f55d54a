"""The questions of accuracy, upsampling, depth and resolution: which variants each takes, and its answer."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
from dataclasses import replace
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn

from ..networks import upsampling as up
from ..networks.base import PoseNetwork
from ..networks.hrnet import HRNet
from . import statistics as st
from .costs import cost
from .metrics import torso_lengths
from .oks import AveragePrecision
from .shares import MAIN, counted, measures, shift
from .study import Study
from .variants import LAST, Network, Variant, levels


class Question:
    """One study: which variants it takes, and what it makes of the arrays.

    As it stands: every network as it was trained, and how many joints are right in each column.
    """

    name: ClassVar[str]
    takes_predictions: ClassVar[bool] = False

    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        """Every way to ask each network; upsampling -- the stop that was asked for, None: as trained."""
        return [Variant(of.name, of.input, of.stop(upsampling)) for of in networks]

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        """Columns to be tested against each other: each second one is compared with the first."""
        raise NotImplementedError

    def row(self, study: Study, column: str) -> dict[str, Any]:
        """What a column's row says beside its figures."""
        return {}

    def answer(self, study: Study) -> dict[str, Any]:
        """{"rows": [...], "tests": [...], "counted": {...}, ...} as plain data."""
        people, joints = study.people, study.labels.joints
        shares = study.attempt("PCK", lambda: measures(study.points, people, joints, study.weights), {})
        rows = [
            {**study.describe(c), **self.row(study, c), "measures": {name: s.of(c) for name, s in shares.items()},
             "per_joint": {name: s.per_joint(c) for name, s in shares.items()}}
            for c in study.columns
        ]  # fmt: skip
        tests = [
            {"a": a, "b": b, "measure": name, **s.difference(a, b), **s.mcnemar(a, b)}
            for a, b in self.pairs(study) for name, s in shares.items()
        ]  # fmt: skip
        study.note("note.pck")
        if len(study.networks) > 1:
            study.note("note.these_weights")
        if joints.name == "mpii":
            study.note("note.pckh")
        return {"rows": rows, "tests": tests, "counted": counted(people, joints)}


# --- accuracy --------------------------------------------------------------------------------------------------------


class Accuracy(Question):
    """PCK, PCKh and OKS-AP of networks and of predictions from elsewhere, with tests of every pair."""

    name = "accuracy"
    takes_predictions = True

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        return list(combinations(study.columns, 2))

    def answer(self, study: Study) -> dict[str, Any]:
        result, known = super().answer(study), study.labels.joints
        columns = [v.key for v in study.variants if study.network(v).joints is known]
        columns += [p.name for p in study.predictions]
        if why_not := _no_oks(study, columns):
            study.note(f"note.oks_{why_not}")
            return result
        found = study.attempt("OKS-AP", lambda: _precision(study, columns), {})
        for row in result["rows"]:
            row["oks"] = found[row["column"]][0] if row["column"] in found else None
        result["tests"] += [
            {"a": a, "b": b, "measure": "OKS-AP", **st.difference(found[b][1] - found[a][1])}
            for a, b in self.pairs(study) if a in found and b in found
        ]  # fmt: skip
        if without := int(np.isnan(study.people.area).sum()):
            study.note("note.without_area", count=without)
        return result


def _no_oks(study: Study, columns: list[str]) -> str | None:
    """Why there is no OKS-AP of any column, as a key; None where there is."""
    if study.labels.kind != "coco" or study.labels.joints.name != "coco":
        return "not_coco"
    if np.isnan(study.people.area).all():
        return "no_area"
    if importlib.util.find_spec("pycocotools") is None:
        return "not_installed"
    return None if columns else "no_network"


def _precision(study: Study, columns: list[str]) -> dict[str, tuple[dict[str, Any], np.ndarray]]:
    precision = AveragePrecision(study.labels, study.rows, study.bootstrap, whole=study.limit is None)
    predictions = {p.name: p for p in study.predictions}
    return {c: precision.of(predictions.get(c, study.points[c])) for c in columns}


# --- upsampling ------------------------------------------------------------------------------------------------------


class Upsampling(Question):
    """Every network at every stop of the slider; the grid of stops trained with against stops tested with."""

    name = "upsampling"

    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        return [Variant(of.name, of.input, stop) for of in networks for stop in of.stops]

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        return [(own, v.key) for v in study.variants if (own := self._trained(study, v).key) != v.key]

    def _trained(self, study: Study, variant: Variant) -> Variant:
        """The same variant at the stop that its network was trained with."""
        return replace(variant, upsampling=study.network(variant).upsampling)

    def row(self, study: Study, column: str) -> dict[str, Any]:
        own = self._trained(study, study.variant(column))
        moved = {"torsos": {"value": 0.0, "low": 0.0, "high": 0.0}, "pixels": 0.0}
        if column != own.key:
            torso = torso_lengths(study.people.joints, study.labels.joints)
            moved = shift(study.points[column], study.points[own.key], torso, study.weights)
        return {"trained_with": own.upsampling, "shift": moved}

    def answer(self, study: Study) -> dict[str, Any]:
        result = super().answer(study)
        study.note("note.shift")
        return {"rows": result["rows"], "grids": _grids(study, result["rows"]), **result}


def _grids(study: Study, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per architecture and joint set: accuracy by [stop trained with][stop tested with], as lists of cells (one a
    network: several seeds may have been trained); an empty list was not measured."""
    groups: dict[tuple[str, str], list[Network]] = {}
    for of in study.networks:
        groups.setdefault((of.architecture, of.joints.name), []).append(of)
    grids = []
    for (architecture, joints), members in groups.items():
        cells = {trained: {tested: [] for tested in up.STOPS} for trained in up.STOPS}
        for row in rows:
            if row["network"] in [of.name for of in members]:
                cell = {"network": row["network"], **row["measures"][MAIN.name]}
                cells[row["trained_with"]][row["upsampling"]].append(cell)
        modes = sorted({of.upsampling for of in members}, key=up.STOPS.index)
        grids.append({"architecture": architecture, "joints": joints, "trained_modes": modes, "cells": cells})
    return grids


# --- depth -----------------------------------------------------------------------------------------------------------


class Depth(Question):
    """Accuracy over the cost spent so far, one point a stack (supervised) or fusion (through HRNet's lens)."""

    name = "depth"

    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        return [Variant(of.name, of.input, of.stop(upsampling), level) for of in networks for level in levels(of.net)]

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        by_network = itertools.groupby(study.variants, lambda v: v.network)
        return [pair for _, some in by_network for pair in itertools.pairwise(v.key for v in some)]

    def row(self, study: Study, column: str) -> dict[str, Any]:
        variant = study.variant(column)
        net = study.network(variant).net
        last = variant.level in (LAST, levels(net)[-1])
        return {
            "gmac": multiply_adds(net, variant.level, *variant.size) / 1e9,
            "kind": "the output" if last else "a probe" if isinstance(net, HRNet) else "supervised",
        }

    def answer(self, study: Study) -> dict[str, Any]:
        study.note("note.gmac_so_far")
        study.note("note.lens")
        return super().answer(study)


class _Reached(Exception):
    """The place is reached: what comes after it costs nothing."""


class _Until(nn.Module):
    """A network that stops where a level's answer can be read, so that `cost` counts what it has cost until there."""

    def __init__(self, net: PoseNetwork, level: str):
        super().__init__()
        self.net, self.level = net, level
        self.tap = f"{level}.branch0.fused" if isinstance(net, HRNet) else f"{level}.heatmaps"

    def forward(self, x: Tensor) -> None:
        with contextlib.suppress(_Reached):
            self.net(x, tap=self._stop)

    def _stop(self, name: str, tensor: Tensor, **told: Any) -> Tensor:
        if name == self.tap:
            if isinstance(self.net, HRNet):
                self.net.lens(tensor)
            raise _Reached
        return tensor


def multiply_adds(net: nn.Module, level: str, height: int, width: int) -> int:
    """Multiply-adds of the convolutions until a level's answer can be read; see costs.py for the unit."""
    return cost(net if level == LAST else _Until(net, level), height, width).macs


# --- resolution ------------------------------------------------------------------------------------------------------

LOWEST, HIGHEST = 128, 384


class Resolution(Question):
    """Input heights from 128 to 384 in steps of what each network takes, at its own aspect ratio."""

    name = "resolution"

    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        return [Variant(of.name, size, of.stop(upsampling)) for of in networks for size in sizes(of)]

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        own = {v.network: v.key for v in super().variants(study.networks, study.upsampling)}
        return [(own[v.network], v.key) for v in study.variants if v.key != own[v.network]]

    def row(self, study: Study, column: str) -> dict[str, Any]:
        variant = study.variant(column)
        of, size = study.network(variant), variant.size
        return {"gmac": cost(of.net, *size).gmac, "trained_size": size == of.input, **inside(of, size)}

    def answer(self, study: Study) -> dict[str, Any]:
        study.note("note.one_size")
        study.note("note.gmac")
        return super().answer(study)


def sizes(of: Network) -> list[tuple[int, int]]:
    """(height, width) to be tried, the size of training always among them."""
    step, (height, width) = of.net.multiple, of.input
    tried = {(h, max(step, round(h * width / height / step) * step)) for h in range(step, HIGHEST + 1, step)
             if h >= LOWEST}  # fmt: skip
    return sorted(tried | {of.input})


def inside(of: Network, size: tuple[int, int]) -> dict[str, Any]:
    """The coarsest map inside the network, and the finest that goes all the way through."""
    height, width = size
    coarse = [height // of.net.multiple, width // of.net.multiple]
    through = "kept in parallel from start to end" if isinstance(of.net, HRNet) else "reached again through skips"
    return {"coarsest_map": coarse, "heatmap": [height // 4, width // 4], "full_resolution": through}
