"""What a cell can see of the photo, and what it does look at.

The theoretical receptive field follows every way from the cell back to the input through the layers' kernels,
strides and enlargements; the largest way counts. The effective one (Luo et al., NeurIPS 2016) is the gradient of
the cell with respect to the input: how much each pixel would move it, for this photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import torch
from torch import Tensor

from ..networks.base import PoseNetwork
from ..networks.upsampling import Request, plan
from .graph import INPUT, Conv, Edge, Enlarge, Graph, graph

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
    Raises KeyError for a tap that the network has not.
    """
    ways, stops = graph(net), plan(upsampling, net.places, net.trained_upsampling)
    if name not in ways:
        raise KeyError(f"this network makes no map {name!r}")
    sizes = [_reach(ways, name, (k, k), stops, length) for k, length in zip(cell, shape, strict=True)]
    (y0, y1), (x0, x1) = ((max(0, int(a)), min(n - 1, int(b))) for (a, b), n in zip(sizes, shape, strict=True))
    return Field((x0, y0, x1, y1), tuple(int(b - a) + 1 for a, b in sizes))


def _reach(ways: Graph, name: str, interval: Interval, stops: dict[str, str], length: int) -> Interval:
    """Along one axis: the input pixels that cells a..b of a tap depend on, borders ignored."""
    wanted, lengths = {name: interval}, _lengths(ways, length)
    for tap in reversed(ways):
        if tap not in wanted:
            continue
        for edge in ways[tap]:
            a, b = _back(edge, wanted[tap], stops, lengths[edge.source])
            before = wanted.get(edge.source, (a, b))
            wanted[edge.source] = min(a, before[0]), max(b, before[1])
    return wanted[INPUT]


def _lengths(ways: Graph, length: int) -> dict[str, int]:
    """{tap: cells along one axis} for an input of `length` pixels."""
    found = {INPUT: length}
    for tap, edges in ways.items():
        n = found[edges[0].source]
        for step in edges[0].steps:
            n = _after(step, n)
        found[tap] = n
    return found


def _after(step: Conv | Enlarge, n: int) -> int:
    return n * step.factor if isinstance(step, Enlarge) else (n + 2 * step.padding - step.kernel) // step.stride + 1


def _back(edge: Edge, interval: Interval, stops: dict[str, str], n: int) -> Interval:
    """From cells of an edge's end to cells of its source, which has n."""
    befores = []
    for step in edge.steps:
        befores.append(n)
        n = _after(step, n)
    a, b = interval
    for step, before in zip(reversed(edge.steps), reversed(befores), strict=True):
        if isinstance(step, Conv):
            a = a * step.stride - step.padding
            b = b * step.stride - step.padding + step.kernel - 1
        else:
            a, b = _smaller(step.factor, a, b, stops[step.place], before)
    return a, b


def _smaller(f: int, a: int, b: int, stop: str, n: int) -> Interval:
    """The cells before an enlargement of n cells by f that cells a..b after it are made from."""
    if stop == "nearest":
        return floor(a / f), floor(b / f)
    if stop == "bilinear-corners":  # corners stay corners: one cell after is (n - 1) / (f * n - 1) of one before
        ratio = (n - 1) / (f * n - 1)
        return floor(a * ratio), floor(b * ratio) + 1
    first, last = floor((a + 0.5) / f - 0.5), floor((b + 0.5) / f - 0.5)
    return (first - 1, last + 2) if stop.startswith("bicubic") else (first, last + 1)


def effective(net: PoseNetwork, x: Tensor, name: str, cell: tuple[int, int], upsampling: Request = None) -> Tensor:
    """How much each pixel moves a cell: |d sum of the cell's channels / d pixel|, summed over red, green, blue.

    x -- (1, 3, H, W) as the network takes it; returns (H, W). One more forward pass and one backward.
    """
    with torch.inference_mode(False), torch.enable_grad():
        pixels = x.detach().clone().requires_grad_(True)
        tensor = net.trace(pixels, upsampling)[name].tensor
        gradient = torch.autograd.grad(tensor[0, :, cell[0], cell[1]].sum(), pixels)[0]
    return gradient[0].abs().sum(dim=0)
