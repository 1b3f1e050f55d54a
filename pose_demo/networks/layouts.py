"""Names of weights: as others publish them -> as our networks have them.

A layout is a table. On the left stands how a name in the file begins, "{}" for each whole number in it; on the
right what our network calls the same layer, made from those numbers. What follows the last dot ("weight",
"running_mean") is the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from torch import nn

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


def bearpaw(net: StackedHourglass) -> Rules:
    """bearpaw/pytorch-pose and anibali/pytorch-stacked-hourglass. They count levels from the bottom."""
    top = len(net.hourglasses[0].skip) - 1
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


def princeton(net: StackedHourglass) -> Rules:
    """princeton-vl/pytorch_stacked_hourglass. An hourglass holds the next smaller one as its "low2"."""
    depth = len(net.hourglasses[0].skip)
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
    """title -- as messages call it; rename -- a name in the file -> ours, None for a name that it does not have."""

    title: str
    rename: Rename


# What the names of a layout have in common and no other's have, what it is called, what it fits, and its table.
_KNOWN: tuple[tuple[str, str, type[nn.Module], Callable[[nn.Module], Rules] | None], ...] = (
    ("backbone.stage2.", "MMPose's HRNet", HRNet, lambda net: MMPOSE_HRNET),
    ("stage2.0.", "the official HRNet", HRNet, lambda net: OFFICIAL),
    ("stages.0.", "our own HRNet", HRNet, None),
    ("hg.0.hg.", "bearpaw's and anibali's hourglass", StackedHourglass, bearpaw),
    ("hgs.0.", "princeton-vl's hourglass", StackedHourglass, princeton),
    ("hourglasses.0.", "our own hourglass", StackedHourglass, None),
)
_MMPOSE_HOURGLASS = "backbone.hourglass_modules."


def recognise(names: Iterable[str], net: nn.Module) -> Layout:
    """The layout that a file with these names has. Raises ValueError where none is known or it cannot fit `net`."""
    names = tuple(names)

    def has(beginning: str) -> bool:
        return any(name.startswith(beginning) for name in names)

    if hasattr(net, "backbone"):  # built by MMPose, see reference.py
        rules = renamer(MMPOSE_HEADS)
        return Layout("MMPose", lambda name: rules(name) or name)
    if has(_MMPOSE_HOURGLASS):
        raise ValueError(
            "this is MMPose's own hourglass, which is another architecture than the paper's and fits no network of "
            "ours; take a network whose name begins with mmpose-hourglass52-..., which runs through MMPose"
        )
    for mark, title, network, rules_for in _KNOWN:
        if has(mark):
            if not isinstance(net, network):
                raise ValueError(f"the file is in the layout of {title} and does not fit a {type(net).__name__}")
            return Layout(title, renamer(rules_for(net)) if rules_for else str)
    raise ValueError(
        f"no layout that is known here; its names begin with {', '.join(islice(names, 4)) or 'nothing'}, "
        f"and known are {', '.join(title for _, title, _, _ in _KNOWN)}"
    )


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
