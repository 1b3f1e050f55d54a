"""What a unit is made of: every layer between two maps of the picture, with the map that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ..networks.base import PoseNetwork
from ..networks.silence import Silence
from ..networks.trace import Node
from ..networks.upsampling import Request
from ..networks.wiring import Conv, wiring


@dataclass(frozen=True)
class Layer:
    """step -- a convolution; tap -- the tap that it leads to; tensor -- (C, H, W), what it gives before batch norm"""

    step: Conv
    tap: str
    tensor: Tensor


def owned(net: PoseNetwork, cell: str) -> list[Node]:
    """The taps inside a map of the picture and itself, in the order of the pass. Raises KeyError for any other name."""
    nodes = wiring(net).nodes
    if not nodes[cell].visible:
        raise KeyError(cell)
    cells = [name for name, node in nodes.items() if node.visible]

    def owner(name: str) -> str:
        return max((c for c in cells if name == c or name.startswith(c + ".")), key=len, default="")

    return [node for name, node in nodes.items() if (node.inside or name == cell) and owner(name) == cell]


def layers(
    net: PoseNetwork, x: Tensor, cell: str, upsampling: Request = None, silence: Silence | None = None
) -> list[Layer]:
    """The convolutions inside a map of the picture, in one pass over (1, 3, H, W). Empty where there are none."""
    wired = wiring(net)
    found = [(step, node.name) for node in owned(net, cell) for steps in wired.ways[node.name].values()
             for step in steps if isinstance(step, Conv) and step.layer]  # fmt: skip
    modules = dict(net.named_modules())
    keep = _Keep({id(modules[step.layer].weight): step.layer for step, _ in found})
    with torch.inference_mode(False), torch.no_grad(), keep:  # in inference mode operations would arrive whole
        net(x.clone(), upsampling=upsampling, silence=silence)
    return [Layer(step, tap, keep.kept[step.layer][0].float().cpu()) for step, tap in found if step.layer in keep.kept]


class _Keep(TorchDispatchMode):
    """Keeps what convolutions with these weights give, in this thread alone: others may use the network meanwhile."""

    def __init__(self, layers: dict[int, str]):
        super().__init__()
        self._layers = layers
        self.kept: dict[str, Tensor] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func.overloadpacket.__name__ == "convolution" and id(args[1]) in self._layers:
            self.kept[self._layers[id(args[1])]] = result.clone()
        return result
