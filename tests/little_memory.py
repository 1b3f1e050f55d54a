"""A device that has too little memory, where there is none: the passes and what is done about it are the real ones."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pose_demo.networks import memory


class LittleMemory(TorchDispatchMode):
    """While it lasts networks are taken to lie on a GPU, where no convolution of a pass may give more than `most`
    bytes; those of the copy that lies on the CPU may.

    backwards -- of passes that keep what a gradient needs, not of others
    largest -- bytes that one gave; refused -- how often it was too much
    """

    def __init__(self, monkeypatch: Any, most: float = float("inf"), backwards: bool = False):
        super().__init__()
        self.backwards = backwards
        self.most, self.largest, self.refused = most, 0, 0
        real = memory._where
        monkeypatch.setattr(memory, "_where", lambda net: real(net) if self._copied(net) else torch.device("cuda"))

    def _counts(self) -> bool:
        return torch.is_grad_enabled() if self.backwards else torch.is_inference_mode_enabled()

    @staticmethod
    def _copied(net: torch.nn.Module) -> bool:
        return any(net is copy for copy in memory._copies.values())

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func.overloadpacket.__name__ in ("convolution", "conv2d") and self._counts():
            mine = any(args[1] is each for copy in memory._copies.values() for each in copy.parameters())
            self.largest = max(self.largest, result.nbytes)
            if not mine and result.nbytes > self.most:
                self.refused += 1
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return result
