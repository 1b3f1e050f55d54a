"""What a cell can see of the photo, and what it does look at.

The theoretical receptive field follows every way from the cell back to the input through the layers' kernels,
strides and enlargements; the largest way counts. The effective one (Luo et al., NeurIPS 2016) is the gradient of
the cell with respect to the input: how much each pixel would move it, for this photo. It follows cuts; the theoretical
one is of the layers, and knows none.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from ..networks.base import PoseNetwork
from ..networks.silence import Silence
from ..networks.trace import INPUT
from ..networks.upsampling import Request, plan, reach
from ..networks.wiring import Conv, Enlarge, Step, wiring

#: First and last cell or pixel along an axis, of one cell or of many: arrays of one shape.
Interval = tuple[np.ndarray, np.ndarray]
#: What `edges` found: it is the same for every photo.
_EDGES: WeakKeyDictionary[PoseNetwork, dict[tuple, list[tuple[int, int]]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Field:
    """box  -- x0, y0, x1, y1 in pixels of the input, both ends seen, clipped to it
    size -- (height, width) in pixels on a map without borders
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]


def field(
    net: PoseNetwork, name: str, cell: tuple[int, int], shape: tuple[int, int], upsampling: Request = None
) -> Field:
    """The theoretical receptive field.

    name  -- a tap; cell -- row and column in its map; shape -- (height, width) of the input
    Raises KeyError for a tap that the network has not, ValueError for an unknown stop.
    """
    sizes = [_seen(net, name, np.array([k]), n, upsampling) for k, n in zip(cell, shape, strict=True)]
    (y0, y1), (x0, x1) = ((max(0, int(a[0])), min(n - 1, int(b[0]))) for (a, b), n in zip(sizes, shape, strict=True))
    height, width = (int(b[0] - a[0]) + 1 for a, b in sizes)
    return Field((x0, y0, x1, y1), (height, width))


def edges(net: PoseNetwork, name: str, cells: int, length: int, upsampling: Request = None) -> list[tuple[int, int]]:
    """Of each of a map's rows, or columns, where the boxes of its cells begin and end: the edges of their first and
    last pixel, of which pixel k has k and k + 1. The map has `cells` of them, the input `length` pixels.

    Raises what `field` raises.
    """
    known = _EDGES.setdefault(net, {})
    asked = (name, cells, length, *plan(upsampling, net.places, net.trained_upsampling).items())
    if asked not in known:
        first, last = _seen(net, name, np.arange(cells), length, upsampling)
        known[asked] = [*zip(first.clip(0, length).tolist(), (last + 1).clip(0, length).tolist(), strict=True)]
    return known[asked]


def _seen(net: PoseNetwork, name: str, cells: np.ndarray, length: int, upsampling: Request) -> Interval:
    """Along one axis of `length` pixels: those of the input that these cells of a tap depend on, borders ignored."""
    wired, stops = wiring(net), plan(upsampling, net.places, net.trained_upsampling)
    if name not in wired.nodes:
        raise KeyError(f"this network makes no map {name!r}")
    wanted = {name: (cells, cells)}
    for tap in reversed(wired.ways):
        if tap not in wanted:
            continue
        for source, steps in wired.ways[tap].items():
            there = length if source == INPUT else length // wired.nodes[source].stride
            a, b = _back(steps, wanted[tap], stops, there)
            before = wanted.get(source, (a, b))
            wanted[source] = np.minimum(a, before[0]), np.maximum(b, before[1])
    return wanted[INPUT]


def _back(steps: tuple[Step, ...], interval: Interval, stops: dict[str, str], cells: int) -> Interval:
    """From cells behind some steps to cells before them, of which there are `cells`."""
    if not steps:
        return interval
    first, *rest = steps
    if isinstance(first, Conv):
        a, b = _back(tuple(rest), interval, stops, (cells + 2 * first.padding - first.kernel) // first.stride + 1)
        return a * first.stride - first.padding, b * first.stride - first.padding + first.kernel - 1
    if isinstance(first, Enlarge):
        a, b = _back(tuple(rest), interval, stops, cells * first.factor)
        return reach(a, b, first.factor, stops[first.place] if first.place else first.stop, cells)
    a, b = interval
    return np.zeros_like(a), np.full_like(b, cells - 1)


def effective(
    net: PoseNetwork,
    x: Tensor,
    name: str,
    cell: tuple[int, int],
    upsampling: Request = None,
    silence: Silence | None = None,
) -> Tensor:
    """How much each pixel moves a cell: |d sum of the cell's channels / d pixel|, summed over red, green, blue.

    x -- (1, 3, H, W) as the network takes it; returns (H, W). One more forward pass and one backward.
    """
    with torch.inference_mode(False), torch.enable_grad():
        pixels = x.detach().clone().requires_grad_(True)
        tensor = net.trace(pixels, upsampling, [name], silence)[name].tensor
        if not tensor.requires_grad:  # what stands in a cut map's stead knows no pixel
            return torch.zeros_like(x[0, 0])
        gradient = torch.autograd.grad(tensor[0, :, cell[0], cell[1]].sum(), pixels)[0]
    return gradient[0].abs().sum(dim=0)
