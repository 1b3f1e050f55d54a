"""How right are the networks already on the way: after every stack, and after every fusion?"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

from torch import Tensor, nn

from ..networks import upsampling as up
from ..networks.base import PoseNetwork
from ..networks.hrnet import HRNet
from .conduct import Settings
from .costs import cost
from .shares import Shares
from .subjects import LAST, Look, Subject, levels


class Depth(Shares):
    """Accuracy over the cost spent so far, one point a stack (supervised) or fusion (through HRNet's lens)."""

    name = "depth"
    text = "How right is each network on its way, for what it has cost so far?"

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        return [
            Look(of.name, of.input, of.stop(settings.upsampling), level) for of in subjects for level in levels(of.net)
        ]

    def pairs(self) -> list[tuple[str, str]]:
        by_network: dict[str, list[str]] = {}
        for look in self.context.looks:
            by_network.setdefault(look.network, []).append(look.key)
        return [pair for keys in by_network.values() for pair in itertools.pairwise(keys)]

    def row(self, column: str) -> dict[str, Any]:
        look = self.context.look(column)
        net = self.context.subject(look).net
        last = look.level in (LAST, levels(net)[-1])
        return {
            "gmac": multiply_adds(net, look.level, *look.size) / 1e9,
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
