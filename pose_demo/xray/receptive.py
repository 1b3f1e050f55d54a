"""What a cell can see of the photo, and what it does look at.

The theoretical receptive field follows every way from the cell back to the input through the layers' kernels,
strides and enlargements; the largest way counts. The effective one (Luo et al., NeurIPS 2016) is the gradient of
the cell with respect to the input: how much each pixel would move it, for this photo. It follows cuts; the theoretical
one is of the layers, and knows none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..networks.base import PoseNetwork
from ..networks.silence import Silence
from ..networks.trace import INPUT
from ..networks.upsampling import Request, plan, reach
from ..networks.wiring import Conv, Enlarge, Step, Wiring, wiring

Interval = tuple[int, int]


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
    wired, stops = wiring(net), plan(upsampling, net.places, net.trained_upsampling)
    if name not in wired.nodes:
        raise KeyError(f"this network makes no map {name!r}")
    sizes = [_seen(wired, name, k, stops, length) for k, length in zip(cell, shape, strict=True)]
    (y0, y1), (x0, x1) = ((max(0, a), min(n - 1, b)) for (a, b), n in zip(sizes, shape, strict=True))
    (top, bottom), (left, right) = sizes
    return Field((x0, y0, x1, y1), (bottom - top + 1, right - left + 1))


def _seen(wired: Wiring, name: str, cell: int, stops: dict[str, str], length: int) -> Interval:
    """Along one axis: the input's pixels that a cell of a tap depends on, borders ignored."""
    wanted = {name: (cell, cell)}
    for tap in reversed(wired.ways):
        if tap not in wanted:
            continue
        for source, steps in wired.ways[tap].items():
            cells = length if source == INPUT else length // wired.nodes[source].stride
            a, b = _back(steps, wanted[tap], stops, cells)
            before = wanted.get(source, (a, b))
            wanted[source] = min(a, before[0]), max(b, before[1])
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
    return 0, cells - 1


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
