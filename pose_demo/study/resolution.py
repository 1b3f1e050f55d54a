"""What does resolution buy? The same weights on inputs of several sizes, accuracy over cost."""

from __future__ import annotations

from typing import Any

from ..networks.hrnet import HRNet
from .conduct import Settings
from .costs import cost
from .shares import Shares
from .subjects import Look, Subject

LOWEST, HIGHEST = 128, 384


class Resolution(Shares):
    """Input heights from 128 to 384 in steps of what each network takes, at its own aspect ratio."""

    name = "resolution"
    text = "What does resolution buy, for what it costs?"

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        return [Look(of.name, size, of.stop(settings.upsampling)) for of in subjects for size in sizes(of)]

    def pairs(self) -> list[tuple[str, str]]:
        stop = self.context.settings.upsampling
        own = {of.name: Look(of.name, of.input, of.stop(stop)).key for of in self.context.subjects}
        return [(own[look.network], look.key) for look in self.context.looks if look.key != own[look.network]]

    def row(self, column: str) -> dict[str, Any]:
        look = self.context.look(column)
        of = self.context.subject(look)
        return {"gmac": cost(of.net, *look.size).gmac, "trained_size": look.size == of.input, **inside(of, look.size)}

    def notes(self) -> list[str]:
        return [
            "Each network was trained at one size only (marked): at others the same weights see people larger or "
            "smaller than ever in training, so that this is not what networks trained for those sizes would do.",
            "GMAC: 1e9 multiply-adds of convolutions for one input.",
        ]


def sizes(of: Subject) -> list[tuple[int, int]]:
    """(height, width) to be tried, the size of training always among them."""
    step, (height, width) = of.net.multiple, of.input
    tried = {(h, max(step, round(h * width / height / step) * step)) for h in range(step, HIGHEST + 1, step)
             if h >= LOWEST}  # fmt: skip
    return sorted(tried | {of.input})


def inside(of: Subject, size: tuple[int, int]) -> dict[str, Any]:
    """The coarsest map inside the network, and the finest that goes all the way through."""
    height, width = size
    coarse = [height // of.net.multiple, width // of.net.multiple]
    through = "kept in parallel from start to end" if isinstance(of.net, HRNet) else "reached again through skips"
    return {"coarsest_map": coarse, "heatmap": [height // 4, width // 4], "full_resolution": through}
