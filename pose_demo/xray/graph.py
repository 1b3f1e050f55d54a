"""Which tap is made from which, and through which layers: read off the network's own modules.

The receptive field walks it backwards, the maps draw its edges, the page says in words what made a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from torch import nn

from ..networks.base import PoseNetwork
from ..networks.hourglass import StackedHourglass
from ..networks.hrnet import HRNet

#: The name of the photo that goes in; every other name is a tap's.
INPUT = "input"


@dataclass(frozen=True)
class Conv:
    """A convolution, or a pooling with kernel = stride: padded on both sides."""

    kernel: int
    stride: int = 1
    padding: int = 0
    pool: bool = False

    def __str__(self) -> str:
        if self.pool:
            return f"{self.kernel}x{self.kernel} max pooling"
        return f"{self.kernel}x{self.kernel} convolution" + (f", stride {self.stride}" if self.stride > 1 else "")


@dataclass(frozen=True)
class Enlarge:
    """An enlargement by `factor` at a place of the slider."""

    factor: int
    place: str

    def __str__(self) -> str:
        return f"enlarged {self.factor} times"


@dataclass(frozen=True)
class Edge:
    """source -- a tap's name or "input"; steps -- what its map goes through, in order"""

    source: str
    steps: tuple[Conv | Enlarge, ...] = ()


Graph = dict[str, tuple[Edge, ...]]

_POOL = Conv(2, 2, 0, pool=True)


def convs(module: nn.Module) -> tuple[Conv, ...]:
    """The convolutions on a module's longest way; the shortcut of a residual unit never reaches farther."""
    return tuple(
        Conv(m.kernel_size[0], m.stride[0], m.padding[0])
        for name, m in module.named_modules()
        if isinstance(m, nn.Conv2d) and "shortcut" not in name
    )


@lru_cache(maxsize=16)
def graph(net: PoseNetwork) -> Graph:
    """{tap: edges into it}, in the order of the forward pass. Raises ValueError for a network without a trace.

    Read only: a network's graph is made once.
    """
    if isinstance(net, HRNet):
        return _hrnet(net)
    if isinstance(net, StackedHourglass):
        return _hourglass(net)
    raise ValueError(f"{type(net).__name__} leaves no trace; only this project's own HRNet and Hourglass do")


def _hrnet(net: HRNet) -> Graph:
    found: Graph = {
        "stem.conv1": (Edge(INPUT, convs(net.stem[0])),),
        "stem": (Edge("stem.conv1", convs(net.stem[1])),),
    }
    last = "stem"
    for k, unit in enumerate(net.stage1, start=1):
        found[f"stage1.unit{k}"] = (Edge(last, convs(unit)),)
        last = f"stage1.unit{k}"
    xs = [last]
    for s, (transition, stage) in enumerate(zip(net.transitions, net.stages, strict=True), start=2):
        first = len(stage[0].branches) - len(transition)
        new = [f"stage{s}.transition.branch{b}" for b in range(first, first + len(transition))]
        for name, conv in zip(new, transition, strict=True):
            found[name] = (Edge(xs[-1], convs(conv)),)
        xs = xs[:first] + new
        for m, module in enumerate(stage, start=1):
            xs = _module(found, module, f"stage{s}.module{m}", xs)
    found["heatmaps"] = (Edge(xs[0], convs(net.head)),)
    return found


def _module(found: Graph, module: nn.Module, at: str, xs: list[str]) -> list[str]:
    branches = [f"{at}.branch{b}" for b in range(len(xs))]
    for name, x, units in zip(branches, xs, module.branches, strict=True):
        found[name] = (Edge(x, convs(units)),)
    fused = []
    for i, terms in enumerate(module.exchange.terms):
        name = f"{at}.branch{i}"
        for j, term in enumerate(terms):
            place = f"{name}.from{j}"
            if j > i:
                found[f"{place}.reduced"] = (Edge(branches[j], convs(term)),)
                found[place] = (Edge(f"{place}.reduced", (Enlarge(1 << (j - i), place),)),)
            else:
                found[place] = (Edge(branches[j], convs(term)),)
        found[f"{name}.sum"] = tuple(Edge(f"{name}.from{j}") for j in range(len(terms)))
        found[f"{name}.fused"] = (Edge(f"{name}.sum"),)
        fused.append(f"{name}.fused")
    return fused


def _hourglass(net: StackedHourglass) -> Graph:
    conv1 = net.conv1
    found: Graph = {
        "stem.conv1": (Edge(INPUT, convs(conv1)),),
        "stem.unit1": (Edge("stem.conv1", convs(net.stem[0])),),
        "stem.unit2": (Edge("stem.unit1", (_POOL, *convs(net.stem[1]))),),
        "stem": (Edge("stem.unit2", convs(net.stem[2])),),
    }
    x = "stem"
    for k, hourglass in enumerate(net.hourglasses):
        at = f"stack{k + 1}"
        found[f"{at}.input"] = (Edge(x),)
        out = _u(found, hourglass, at)
        found[f"{at}.features"] = (Edge(out, convs(net.after[k]) + convs(net.linear[k])),)
        found[f"{at}.heatmaps"] = (Edge(f"{at}.features", convs(net.heads[k])),)
        if k < len(net.feed_features):
            found[f"{at}.feedback.features"] = (Edge(f"{at}.features", convs(net.feed_features[k])),)
            found[f"{at}.feedback.heatmaps"] = (Edge(f"{at}.heatmaps", convs(net.feed_heatmaps[k])),)
            parts = (f"{at}.input", f"{at}.feedback.features", f"{at}.feedback.heatmaps")
            found[f"{at}.output"] = tuple(Edge(part) for part in parts)
            x = f"{at}.output"
    return found


def _u(found: Graph, hourglass: nn.Module, at: str) -> str:
    """One hourglass; returns the name of the map that leaves it."""
    x, depth = f"{at}.input", len(hourglass.skip)
    for k in range(depth):
        found[f"{at}.level{k}.skip"] = (Edge(x, convs(hourglass.skip[k])),)
        found[f"{at}.level{k + 1}.down"] = (Edge(x, (_POOL, *convs(hourglass.down[k]))),)
        x = f"{at}.level{k + 1}.down"
    found[f"{at}.level{depth}.bottom"] = (Edge(x, convs(hourglass.bottom)),)
    x = f"{at}.level{depth}.bottom"
    for k in reversed(range(depth)):
        level = f"{at}.level{k}"
        found[f"{at}.level{k + 1}.up"] = (Edge(x, convs(hourglass.up[k])),)
        found[f"{level}.upsampled"] = (Edge(f"{at}.level{k + 1}.up", (Enlarge(2, level),)),)
        found[f"{level}.merge"] = (Edge(f"{level}.skip"), Edge(f"{level}.upsampled"))
        x = f"{level}.merge"
    return x
