"""Names of weights: as others publish them -> as our networks have them.

A layout is a table. On the left stands how a name in the file begins, "{}" for each whole number in it; on the
right what our network calls the same layer, made from those numbers. What follows the last dot ("weight",
"running_mean") is the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from torch import Tensor

from .files import CheckpointError, Contents
from .finder import PeopleFinder
from .hourglass import StackedHourglass
from .hrnet import HRNet

Rules = dict[str, Callable[..., str]]
Rename = Callable[[str], str | None]

#: leoxiaobin/deep-high-resolution-net.pytorch. Its stage n is our stages[n - 2]; a chain of strided convolutions
#: counts its steps, where ours counts the ReLUs between them too.
OFFICIAL: Rules = {
    "conv{}.": lambda n: f"stem.{n - 1}.0.",
    "bn{}.": lambda n: f"stem.{n - 1}.1.",
    "layer1.{}.conv{}.": lambda u, n: f"stage1.{u}.conv{n}.0.",
    "layer1.{}.bn{}.": lambda u, n: f"stage1.{u}.conv{n}.1.",
    "layer1.{}.downsample.{}.": lambda u, p: f"stage1.{u}.shortcut.{p}.",
    "transition1.0.{}.": lambda p: f"transitions.0.0.{p}.",
    "transition1.1.0.{}.": lambda p: f"transitions.0.1.{p}.",
    "transition2.2.0.{}.": lambda p: f"transitions.1.0.{p}.",
    "transition3.3.0.{}.": lambda p: f"transitions.2.0.{p}.",
    "stage{}.{}.branches.{}.{}.conv{}.": lambda s, m, b, u, n: f"stages.{s - 2}.{m}.branches.{b}.{u}.conv{n}.0.",
    "stage{}.{}.branches.{}.{}.bn{}.": lambda s, m, b, u, n: f"stages.{s - 2}.{m}.branches.{b}.{u}.conv{n}.1.",
    "stage{}.{}.fuse_layers.{}.{}.{}.": lambda s, m, i, j, p: f"stages.{s - 2}.{m}.exchange.terms.{i}.{j}.{p}.",
    "stage{}.{}.fuse_layers.{}.{}.{}.{}.": (
        lambda s, m, i, j, step, p: f"stages.{s - 2}.{m}.exchange.terms.{i}.{j}.{2 * step}.{p}."
    ),
    "final_layer.": lambda: "head.",
}

#: MMPose keeps the official names inside its backbone. Its 2020 files call the head keypoint_head, and some of
#: them put the last layer into a sequence of one.
MMPOSE_HRNET: Rules = {
    **{f"backbone.{left}": right for left, right in OFFICIAL.items() if left != "final_layer."},
    "head.final_layer.": lambda: "head.",
    "keypoint_head.final_layer.": lambda: "head.",
    "keypoint_head.final_layer.0.": lambda: "head.",
}

#: A network that MMPose built, whichever it is, has MMPose 1.x's names; only the heads of 2020 differ.
MMPOSE_HEADS: Rules = {
    "keypoint_head.final_layer.": lambda: "head.final_layer.",
    "keypoint_head.final_layer.0.": lambda: "head.final_layer.",
    "keypoint_head.multi_final_layers.{}.": lambda s: f"head.multi_final_layers.{s}.",
    "keypoint_head.multi_final_layers.{}.0.": lambda s: f"head.multi_final_layers.{s}.",
}


def bearpaw(names: Iterable[str]) -> Rules:
    """bearpaw/pytorch-pose and anibali/pytorch-stacked-hourglass. They count levels from the bottom."""
    top = count(names, r"hg\.0\.hg\.(\d+)\.") - 1
    units: Rules = {
        "layer{}.0.": lambda n: f"stem.{n - 1}.",
        "hg.{}.hg.{}.0.0.": lambda s, n: f"hourglasses.{s}.skip.{top - n}.",
        "hg.{}.hg.{}.1.0.": lambda s, n: f"hourglasses.{s}.down.{top - n}.",
        "hg.{}.hg.{}.2.0.": lambda s, n: f"hourglasses.{s}.up.{top - n}.",
        "hg.{}.hg.0.3.0.": lambda s: f"hourglasses.{s}.bottom.",
        "res.{}.0.": lambda s: f"after.{s}.",
    }
    inside: Rules = {
        "bn{}.": lambda n: f"norm{n}.",
        "conv{}.": lambda n: f"conv{n}.",
        "downsample.0.": lambda: "shortcut.",
    }
    return {
        "conv1.": lambda: "conv1.",
        "bn1.": lambda: "norm1.",
        **_each(units, inside),
        "fc.{}.{}.": lambda s, p: f"linear.{s}.{p}.",
        "score.{}.": lambda s: f"heads.{s}.",
        "fc_.{}.": lambda s: f"feed_features.{s}.",
        "score_.{}.": lambda s: f"feed_heatmaps.{s}.",
    }


def princeton(names: Iterable[str]) -> Rules:
    """princeton-vl/pytorch_stacked_hourglass. An hourglass holds the next smaller one as its "low2"."""
    depth = max((name.count("low2.") for name in names), default=0)
    units: Rules = {
        "pre.1.": lambda: "stem.0.",
        "pre.3.": lambda: "stem.1.",
        "pre.4.": lambda: "stem.2.",
        "hgs.{}.0." + depth * "low2.": lambda s: f"hourglasses.{s}.bottom.",
        "features.{}.0.": lambda s: f"after.{s}.",
    }
    for level in range(depth):
        for theirs, ours in (("up1", "skip"), ("low1", "down"), ("low3", "up")):
            at = "hgs.{}.0." + level * "low2." + theirs + "."
            units[at] = lambda s, ours=ours, level=level: f"hourglasses.{s}.{ours}.{level}."
    inside: Rules = {
        "bn{}.": lambda n: f"norm{n}.",
        "conv{}.conv.": lambda n: f"conv{n}.",
        "skip_layer.conv.": lambda: "shortcut.",
    }
    return {
        "pre.0.conv.": lambda: "conv1.",
        "pre.0.bn.": lambda: "norm1.",
        **_each(units, inside),
        "features.{}.1.conv.": lambda s: f"linear.{s}.0.",
        "features.{}.1.bn.": lambda s: f"linear.{s}.1.",
        "outs.{}.conv.": lambda s: f"heads.{s}.",
        "merge_features.{}.conv.conv.": lambda s: f"feed_features.{s}.",
        "merge_preds.{}.conv.conv.": lambda s: f"feed_heatmaps.{s}.",
    }


def _each(outer: Rules, inner: Rules) -> Rules:
    """Every layer of `inner` inside every unit of `outer`."""

    def join(left: str, right: Callable[..., str], rest: Callable[..., str]) -> Callable[..., str]:
        count = left.count("{}")
        return lambda *numbers: right(*numbers[:count]) + rest(*numbers[count:])

    return {a + b: join(a, right, rest) for a, right in outer.items() for b, rest in inner.items()}


@dataclass(frozen=True)
class Layout:
    """How a file calls the weights of a network.

    name   -- a word of the locale files; mark -- what its names have in common and no other's have
    family -- the class of ours that it fits, None for MMPose's own hourglass; rules -- its table, from the file's names
    usual  -- what its published weights have and no tensor shows: fields of a card
    """

    name: str
    mark: str
    family: type[HRNet] | type[StackedHourglass] | None
    rules: Callable[[Iterable[str]], Rules] | None
    usual: dict[str, Any]


_CORNER = {"normalisation": "imagenet", "cells": "corner"}
_CENTRE = {"normalisation": "imagenet", "cells": "centre"}
LAYOUTS = (
    Layout("mmpose-hrnet", "backbone.stage2.", HRNet, lambda _: MMPOSE_HRNET, _CORNER),
    Layout("mmpose-hourglass", "backbone.hourglass_modules.", None, lambda _: MMPOSE_HEADS, _CORNER),
    Layout("official-hrnet", "stage2.0.", HRNet, lambda _: OFFICIAL, _CORNER),
    Layout("finder", "features.weight", PeopleFinder, None, _CENTRE),
    Layout("hrnet", "stages.0.", HRNet, None, _CENTRE),
    Layout("bearpaw", "hg.0.hg.", StackedHourglass, bearpaw,
           {"normalisation": "mpii", "cells": "centre"}),
    Layout("princeton", "hgs.0.", StackedHourglass, princeton,
           {"normalisation": "unit", "cells": "centre"}),
    Layout("hourglass", "hourglasses.0.", StackedHourglass, None, _CENTRE),
)  # fmt: skip
#: MMPose's networks have its own names, whichever they are.
BUILT_BY_MMPOSE = Layout("mmpose", "backbone.", None, lambda _: MMPOSE_HEADS, _CORNER)


@dataclass(frozen=True)
class Renamed:
    """file -- its name; tensors -- by its names, less their common beginning; ours -- {that name: ours or None}"""

    file: str
    layout: Layout
    tensors: dict[str, Tensor]
    ours: dict[str, str | None]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """{our name: shape}"""
        return {ours: tuple(self.tensors[name].shape) for name, ours in self.ours.items() if ours is not None}


def recognise(content: Contents, layouts: Sequence[Layout] = LAYOUTS) -> Renamed:
    """The layout of a file. What stands before its mark is taken off ("module.", "_orig_mod.", "net.", ...), and what
    does not begin so, a loss or a teacher, is left aside. Raises CheckpointError where none is known.
    """
    for layout in layouts:
        prefix = next((p for name in content.tensors if (p := _before(name, layout.mark)) is not None), None)
        if prefix is not None:
            tensors = {n.removeprefix(prefix): t for n, t in content.tensors.items() if n.startswith(prefix)}
            rename = renamer(layout.rules(tensors)) if layout.rules else str
            return Renamed(content.name, layout, tensors, {name: rename(name) for name in tensors})
    names, known = ", ".join(islice(content.tensors, 4)), [layout.name for layout in LAYOUTS]
    raise CheckpointError("checkpoint.layout", file=content.name, names=names, known=known)


def _before(name: str, mark: str) -> str | None:
    at = name.find(mark)
    return name[:at] if at == 0 or (at > 0 and name[at - 1] == ".") else None


def count(names: Iterable[str], pattern: str) -> int:
    """How many there are of what the names count from 0: one more than the largest number, 0 if there is none."""
    return max((int(found[1]) + 1 for name in names if (found := re.match(pattern, name))), default=0)


def options(found: Renamed) -> dict[str, Any]:
    """What a network of the layout's family must be built with, joints included, read from names and shapes.

    Raises CheckpointError where the tensors that would tell are missing, or tell of a network that cannot be.
    """
    shapes = found.shapes
    try:
        body = _hrnet(shapes) if found.layout.family in (HRNet, PeopleFinder) else _hourglass(shapes)
        counts = [body.get("units", 1), body.get("stacks", 1), body.get("depth", 1), *body.get("modules", ())]
        if not all(0 < count <= len(shapes) for count in counts):  # a name may hold any number
            raise ValueError
    except (LookupError, ValueError, ZeroDivisionError):
        raise CheckpointError("checkpoint.no_body", file=found.file, layout=found.layout.name) from None
    return body


def _hrnet(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    first = "stages.0.0.branches.0."
    joints, width = shapes["head.weight"][:2]
    width = shapes.get("features.weight", (0, width))[1]  # before the head a finder has one layer more
    body = {
        "joints": joints, "width": width, "stem": shapes["stem.0.0.weight"][0],
        "units": count(shapes, re.escape(first) + r"(\d+)\."),
        "modules": tuple(count(shapes, rf"stages\.{s}\.(\d+)\.") for s in range(3)),
    }  # fmt: skip
    if f"{first}0.conv3.0.weight" in shapes:
        body |= {"unit": "bottleneck", "expansion": width // shapes[f"{first}0.conv1.0.weight"][0]}
    return body


def _hourglass(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    joints, features = shapes["heads.0.weight"][:2]
    return {
        "joints": joints, "features": features, "stacks": count(shapes, r"heads\.(\d+)\."),
        "depth": count(shapes, r"hourglasses\.0\.skip\.(\d+)\."),
        "stem": "bearpaw" if shapes["stem.1.conv3.weight"][0] == features else "newell",
    }  # fmt: skip


def renamer(rules: Rules) -> Rename:
    """A table -> the function that applies it."""
    table = [
        (re.compile(re.escape(left).replace(r"\{\}", r"(\d+)") + r"([^.]+)"), right) for left, right in rules.items()
    ]

    def rename(name: str) -> str | None:
        for pattern, right in table:
            if found := pattern.fullmatch(name):
                *numbers, leaf = found.groups()
                return right(*map(int, numbers)) + leaf
        return None

    return rename
