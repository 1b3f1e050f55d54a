"""The questions of accuracy, upsampling, depth and resolution: which variants each takes, and its answer."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
from abc import ABC, abstractmethod
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
from .shares import MAIN, Shares, shift
from .study import Study
from .variants import LAST, Network, Variant, levels


class Question(ABC):
    """One study: which variants it takes, and what it makes of the arrays."""

    name: ClassVar[str]
    text: ClassVar[str]
    takes_predictions: ClassVar[bool] = False

    @abstractmethod
    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        """Every way to ask each network; upsampling -- the stop that was asked for, None: as trained."""

    @abstractmethod
    def answer(self, study: Study) -> dict[str, Any]:
        """{"rows": [...], "tests": [...], "counted": {...}, "notes": [...], ...} as plain data."""


def as_trained(networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
    return [Variant(of.name, of.input, of.stop(upsampling)) for of in networks]


def measured(study: Study, pairs: list[tuple[str, str]]) -> tuple[Shares | None, list[dict[str, Any]]]:
    """Shares of right joints and their paired tests; none where they cannot be computed."""
    shares = study.attempt(
        "PCK", lambda: Shares(study.points, study.people, study.labels.joints, study.weights, pairs), None
    )
    return shares, shares.tests if shares else []


class _ByShares(Question):
    """A question that is answered by how many joints are right in each of several columns."""

    @abstractmethod
    def pairs(self, study: Study) -> list[tuple[str, str]]:
        """Columns to be tested against each other: each second one is compared with the first."""

    def row(self, study: Study, column: str) -> dict[str, Any]:
        """What a column's row says beside its figures."""
        return {}

    def notes(self) -> list[str]:
        """How the figures of this question are to be read."""
        return []

    def answer(self, study: Study) -> dict[str, Any]:
        shares, tests = measured(study, self.pairs(study))
        rows = [
            {**study.describe(c), **self.row(study, c), "measures": shares.of(c) if shares else {},
             "per_joint": shares.per_joint(c) if shares else {}}
            for c in study.columns
        ]  # fmt: skip
        return {"rows": rows, "tests": tests, "counted": shares.counted if shares else {},
                "notes": [*yardsticks(study), *self.notes()]}  # fmt: skip


def yardsticks(study: Study) -> list[str]:
    """How the figures of a set are to be read."""
    said = [
        "PCK counts a joint as right within 0.2 (0.1) of the torso, left shoulder to right hip; people without both "
        "do not count. Intervals are 95 % of bootstrap replicates by person. Each p stands by itself: among twenty "
        "tests of nothing, one is below 0.05. (Those of single joints, in result.json, are also given as Holm corrects "
        "them.)"
    ]
    if len(study.networks) > 1:
        said.append(
            "Tests between networks compare these very weights. To rank two architectures, each has to be trained "
            "several times by one recipe."
        )
    if study.labels.joints.name == "mpii":
        said.append(
            "PCKh is within half the head: 0.6 of the head box's diagonal where the labels have one, else from upper "
            "neck to head top. Its mean leaves out pelvis and thorax, as HRNet's and MMPose's evaluation does."
        )
    return said


# --- accuracy --------------------------------------------------------------------------------------------------------


class Accuracy(_ByShares):
    """PCK, PCKh and OKS-AP of networks and of predictions from elsewhere, with tests of every pair."""

    name = "accuracy"
    text = "How right is each network, and is one more right than the other?"
    takes_predictions = True

    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        return as_trained(networks, upsampling)

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        return list(combinations(study.columns, 2))

    def answer(self, study: Study) -> dict[str, Any]:
        result, columns = super().answer(study), _with_all_joints(study)
        if why_not := _no_oks(study, columns):
            result["notes"].append(f"No OKS-AP: {why_not}.")
            return result
        figures, samples = study.attempt("OKS-AP", lambda: _precision(study, columns), ({}, {}))
        for a, b in self.pairs(study):
            if a in samples and b in samples:
                d = samples[b] - samples[a]
                result["tests"].append({"a": a, "b": b, "measure": "OKS-AP", "difference": st.estimate(d),
                                        "p_bootstrap": st.p_of_bootstrap(d[1:])})  # fmt: skip
        for row in result["rows"]:
            row["oks"] = figures.get(row["column"])
        if without := int(np.isnan(study.people.area).sum()):
            result["notes"].append(f"{without} people have no area and are ignored in OKS-AP.")
        return result


def _with_all_joints(study: Study) -> list[str]:
    """Columns that know all joints of the set."""
    columns = [v.key for v in study.variants if study.network(v).joints is study.labels.joints]
    return columns + [p.name for p in study.predictions]


def _no_oks(study: Study, columns: list[str]) -> str | None:
    """Why there is no OKS-AP; None where there is."""
    if study.labels.kind != "coco" or study.labels.joints.name != "coco":
        return "sigmas are published for COCO's joints only, and the set is not COCO's"
    if np.isnan(study.people.area).all():
        return "the labels have no area, by which it measures"
    if importlib.util.find_spec("pycocotools") is None:
        return "pycocotools is not installed"
    return None if columns else "no network has all of COCO's joints"


def _precision(study: Study, columns: list[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    precision = AveragePrecision(study.labels, study.rows, study.bootstrap, whole=study.limit is None)
    predictions = {p.name: p for p in study.predictions}
    found = {c: precision.of(predictions.get(c, study.points[c])) for c in columns}
    return {c: figures for c, (figures, _) in found.items()}, {c: samples for c, (_, samples) in found.items()}


# --- upsampling ------------------------------------------------------------------------------------------------------


class Upsampling(_ByShares):
    """Every network at every stop of the slider; the grid of stops trained with against stops tested with."""

    name = "upsampling"
    text = "Does it matter how maps are enlarged?"

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

    def notes(self) -> list[str]:
        return [
            "The shift is how far a network's joints move, on average, when only the stop changes from the one that "
            "it was trained with, in torsos and in pixels of the photo."
        ]

    def answer(self, study: Study) -> dict[str, Any]:
        result = super().answer(study)
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


class Depth(_ByShares):
    """Accuracy over the cost spent so far, one point a stack (supervised) or fusion (through HRNet's lens)."""

    name = "depth"
    text = "How right is each network on its way, for what it has cost so far?"

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

    def notes(self) -> list[str]:
        return [
            "GMAC: 1e9 multiply-adds of convolutions until the answer can be read at that place, for one input.",
            "A Hourglass was trained to answer after each stack. An HRNet was not: its lens is the final layer applied "
            "to the finest branch after an earlier fusion, a probe that shows how far this map already is, and says "
            "too little of what a layer trained for that place would find.",
        ]


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
            self.net._run(x, up.plan(None, self.net.places, self.net.trained_upsampling), self._stop)

    def _stop(self, name: str, tensor: Tensor, role: str, stride: int, **place: int) -> None:
        if name == self.tap:
            if isinstance(self.net, HRNet):
                self.net.lens(tensor)
            raise _Reached


def multiply_adds(net: nn.Module, level: str, height: int, width: int) -> int:
    """Multiply-adds of the convolutions until a level's answer can be read; see costs.py for the unit."""
    return cost(net if level == LAST else _Until(net, level), height, width).macs


# --- resolution ------------------------------------------------------------------------------------------------------

LOWEST, HIGHEST = 128, 384


class Resolution(_ByShares):
    """Input heights from 128 to 384 in steps of what each network takes, at its own aspect ratio."""

    name = "resolution"
    text = "What does resolution buy, for what it costs?"

    def variants(self, networks: tuple[Network, ...], upsampling: str | None) -> list[Variant]:
        return [Variant(of.name, size, of.stop(upsampling)) for of in networks for size in sizes(of)]

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        own = {v.network: v.key for v in as_trained(study.networks, study.upsampling)}
        return [(own[v.network], v.key) for v in study.variants if v.key != own[v.network]]

    def row(self, study: Study, column: str) -> dict[str, Any]:
        variant = study.variant(column)
        of, size = study.network(variant), variant.size
        return {"gmac": cost(of.net, *size).gmac, "trained_size": size == of.input, **inside(of, size)}

    def notes(self) -> list[str]:
        return [
            "Each network was trained at one size only (marked): at others the same weights see people larger or "
            "smaller than ever in training, so that this is not what networks trained for those sizes would do.",
            "GMAC: 1e9 multiply-adds of convolutions for one input.",
        ]


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
