"""The mean of the weights over a run's last steps, which is what ships."""

from __future__ import annotations

import copy

import torch
from torch import nn

from ..networks.base import PoseNetwork


class Average:
    """Exponential moving average of the weights, with warm-up; buffers are copied."""

    def __init__(self, net: PoseNetwork, decay: float):
        self.net, self.decay, self.steps = copy.deepcopy(net).eval().requires_grad_(False), decay, 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        pairs = list(zip(self.net.parameters(), net.parameters(), strict=True))
        torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]
            [a for a, _ in pairs], [b.detach() for _, b in pairs], 1 - keep
        )
        torch._foreach_copy_(  # pyright: ignore[reportPrivateImportUsage]
            list(self.net.buffers()), list(net.buffers())
        )
