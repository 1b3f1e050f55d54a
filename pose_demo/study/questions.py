"""The questions of accuracy, upsampling, depth and resolution: which variants each takes, and its answer."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from .. import weights
from ..networks.base import PoseNetwork
from ..networks.costs import cost
from ..networks.model import card_of
from ..networks.upsampling import STOPS
from . import statistics as st
from .metrics import torso_lengths
from .oks import AveragePrecision
from .shares import MAIN, counted, measures, shift
from .study import Networks, Study
from .variants import Size, Variant, levels, multiply_adds, stop, stops


class Question:
    """One study: which variants it takes, and what it makes of the arrays.

    As it stands: every network as it was trained, and how many joints are right in each column.
    """

    name: ClassVar[str]
    takes_predictions: ClassVar[bool] = False

    def variants(self, networks: Networks, upsampling: str | None) -> list[Variant]:
        """Every way to ask each network; upsampling -- the stop that was asked for, None: as trained."""
        return [Variant(name, card_of(net).input, stop(net, upsampling)) for name, net in networks.items()]

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        """Columns to be tested against each other: each second one is compared with the first."""
        raise NotImplementedError

    def row(self, study: Study, variant: Variant) -> dict[str, Any]:
        """What a variant's row says beside its figures."""
        return {}

    def answer(self, study: Study) -> dict[str, Any]:
        """{"rows": [...], "tests": [...], "counted": {...}, ...} as plain data."""
        people, joints = study.people, study.labels.joints
        found = study.attempt("PCK", lambda: measures(study.points, people, joints, study.weights), {})
        rows = [
            {**study.describe(c), **(self.row(study, v) if (v := study.variant(c)) else {}),
             "measures": {name: shares.of(c) for name, shares in found.items()},
             "per_joint": {name: shares.per_joint(c) for name, shares in found.items()}}
            for c in study.columns
        ]  # fmt: skip
        tests = [
            {"a": a, "b": b, "measure": name, **s.difference(a, b), **s.mcnemar(a, b)}
            for a, b in self.pairs(study) for name, s in found.items()
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
        columns = [v.key for v in study.variants if card_of(study.networks[v.network]).joints is known]
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

    def variants(self, networks: Networks, upsampling: str | None) -> list[Variant]:
        return [Variant(name, card_of(net).input, at) for name, net in networks.items() for at in stops(net)]

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        return [(own.key, v.key) for v in study.variants if (own := self._trained(study, v)) != v]

    def _trained(self, study: Study, variant: Variant) -> Variant:
        """The same variant at the stop that its network was trained with."""
        return replace(variant, upsampling=card_of(study.networks[variant.network]).upsampling)

    def row(self, study: Study, variant: Variant) -> dict[str, Any]:
        own, moved = self._trained(study, variant), {"torsos": {"value": 0.0, "low": 0.0, "high": 0.0}, "pixels": 0.0}
        if variant != own:
            torso = torso_lengths(study.people.joints, study.labels.joints)
            moved = shift(study.points[variant.key], study.points[own.key], torso, study.weights)
        return {"trained_with": own.upsampling, "shift": moved, **_experiment(study, variant)}

    def answer(self, study: Study) -> dict[str, Any]:
        result = super().answer(study)
        study.note("note.shift")
        return {"rows": result["rows"], "grids": _grids(study, result["rows"]), **result}


def _experiment(study: Study, variant: Variant) -> dict[str, Any]:
    """Beside every row of a small-scale experiment: how small it is."""
    known = card_of(study.networks[variant.network]).training
    if not (known and known.get("photos")) or variant.network in weights.default_pair():
        return {}
    found = scale(study, variant)
    return {**found, "trained": {variant.network: found["trained"]}}


def scale(study: Study, variant: Variant) -> dict[str, Any]:
    """A network's cost, and what its weights have seen, where on: that a difference is small-scale evidence stands
    beside it."""
    net = study.networks[variant.network]
    return {"gmac": round(cost(net, *variant.size).gmac, 3), "trained": trained(card_of(net).training)}


def trained(known: Mapping[str, Any]) -> dict[str, Any]:
    """What runs of one seed have in common, as their cards say it; None for what one does not say."""
    data = ", ".join(" ".join(map(str, part.values())) for part in known.get("data", []))
    return {"photos": known.get("photos"), "device": known.get("device"),
            "precision": known.get("recipe", {}).get("precision"), "data": data or None}  # fmt: skip


def _grids(study: Study, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per architecture and joint set: accuracy by [stop trained with][stop tested with], as lists of cells (one a
    network: several seeds may have been trained); an empty list was not measured."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        card = card_of(study.networks[row["network"]])
        groups.setdefault((card.architecture, card.joints.name), []).append(row)
    grids = []
    for (architecture, joints), members in groups.items():
        cells = {trained: {tested: [] for tested in STOPS} for trained in STOPS}
        for row in members:
            cell = {"network": row["network"], **row["measures"].get(MAIN.name, {"value": None})}
            cells[row["trained_with"]][row["upsampling"]].append(cell)
        modes = sorted({row["trained_with"] for row in members}, key=STOPS.index)
        grids.append({"architecture": architecture, "joints": joints, "trained_modes": modes, "cells": cells})
    return grids


# --- depth -----------------------------------------------------------------------------------------------------------


class Depth(Question):
    """Accuracy over the cost spent so far, one point a stack or fusion (through HRNet's lens)."""

    name = "depth"

    def variants(self, networks: Networks, upsampling: str | None) -> list[Variant]:
        return [replace(v, level=level) for v in super().variants(networks, upsampling)
                for level in levels(networks[v.network])]  # fmt: skip

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        by_network = itertools.groupby(study.variants, lambda v: v.network)
        return [pair for _, some in by_network for pair in itertools.pairwise(v.key for v in some)]

    def row(self, study: Study, variant: Variant) -> dict[str, Any]:
        net = study.networks[variant.network]
        places = levels(net)
        at, last = places[variant.level], variant.level == list(places)[-1]
        read = "unsupervised" if card_of(net).last_alone else "supervised"
        kind = "the output" if last else "a probe" if at and at.probe else read
        return {"gmac": multiply_adds(net, variant.level, *variant.size) / 1e9, "kind": kind}

    def answer(self, study: Study) -> dict[str, Any]:
        study.note("note.gmac_so_far")
        study.note("note.lens")
        return super().answer(study)


# --- resolution ------------------------------------------------------------------------------------------------------

LOWEST, HIGHEST = 128, 384
_THROUGH = {"parallel": "kept in parallel from start to end", "skips": "reached again through skips"}


class Resolution(Question):
    """Input heights from 128 to 384 in steps of what each network takes, at its own aspect ratio."""

    name = "resolution"

    def variants(self, networks: Networks, upsampling: str | None) -> list[Variant]:
        return [replace(v, size=size) for v in super().variants(networks, upsampling)
                for size in sizes(networks[v.network])]  # fmt: skip

    def pairs(self, study: Study) -> list[tuple[str, str]]:
        own = {v.network: v.key for v in super().variants(study.networks, study.upsampling)}
        return [(own[v.network], v.key) for v in study.variants if v.key != own[v.network]]

    def row(self, study: Study, variant: Variant) -> dict[str, Any]:
        net, size = study.networks[variant.network], variant.size
        return {"gmac": cost(net, *size).gmac, "trained_size": size == card_of(net).input, **inside(net, size)}

    def answer(self, study: Study) -> dict[str, Any]:
        study.note("note.one_size")
        study.note("note.gmac")
        return super().answer(study)


def sizes(net: PoseNetwork) -> list[Size]:
    """(height, width) to be tried, the size of training always among them."""
    step, own = net.multiple, card_of(net).input
    heights = range(-(-LOWEST // step) * step, HIGHEST + 1, step)
    return sorted({(h, max(step, round(h * own[1] / own[0] / step) * step)) for h in heights} | {own})


def inside(net: PoseNetwork, size: Size) -> dict[str, Any]:
    """The coarsest map inside the network, and the finest that goes all the way through."""
    coarse, heatmap = ([side // step for side in size] for step in (net.multiple, 4))
    return {"coarsest_map": coarse, "heatmap": heatmap, "full_resolution": _THROUGH.get(net.resolution, "unknown")}
