"""What a network costs: parameters, multiply-adds, milliseconds, each by the part of the paper's figure.

The trap of units. One multiply-add (MAC) is one multiplication and one addition; GMAC here is 1e9 of them, in
convolutions alone, for one image. What HRNet's papers and repository print as "GFLOPs" are multiply-adds too, but
divided by 2^30: 7.65 GMAC of HRNet-W32 at 256x192 are their 7.1 "GFLOPs". Others count a multiply-add as two
operations. Say GMAC, and say which.
"""

from __future__ import annotations

import copy
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from ..networks.base import PoseNetwork
from ..networks.hourglass import StackedHourglass
from ..networks.hrnet import HRNet
from ..networks.zoo import wait


@dataclass(frozen=True)
class Part:
    """One part of a network: "stem", "stage1" to "stage4" and "head" of HRNet, "stem" and "stack1", ... of Hourglass.

    milliseconds -- median, None where it was not measured
    """

    name: str
    parameters: int
    macs: int
    milliseconds: float | None = None


@dataclass(frozen=True)
class Cost:
    """What one image of height x width costs.

    macs         -- multiply-adds of the convolutions
    milliseconds -- median of `repeats` forward passes on `device`, None where it was not measured. The parts are
                    timed in passes of their own and need not add up to it exactly.
    """

    height: int
    width: int
    parameters: int
    macs: int
    parts: tuple[Part, ...]
    milliseconds: float | None = None
    device: str | None = None
    repeats: int = 0

    @property
    def gmac(self) -> float:
        """1e9 multiply-adds."""
        return self.macs / 1e9

    @property
    def hrnet_gflops(self) -> float:
        """The same in the unit that HRNet's papers print as "GFLOPs": multiply-adds / 2^30."""
        return self.macs / 2**30


def cost(net: PoseNetwork, height: int, width: int, repeats: int = 0) -> Cost:
    """Counts, and with `repeats` also times after one pass to warm up. `net` is neither changed nor disturbed.

    A network of MMPose has the parts "backbone" and "head", and no times by part.
    Raises ValueError for a size that the network does not take.
    """
    parameters, macs = _parameters(net), _macs(net, height, width)
    times, total, device = {}, None, None
    if repeats:
        device = str(next(net.parameters()).device)
        times, total = _milliseconds(net, height, width, repeats)
    return Cost(
        height=height,
        width=width,
        parameters=sum(parameters.values()),
        macs=sum(macs.values()),
        parts=tuple(Part(name, n, macs[name], times.get(name)) for name, n in parameters.items()),
        milliseconds=total,
        device=device,
        repeats=repeats,
    )


def part_of(net: nn.Module, name: str) -> str:
    """The part that a module or parameter of this name belongs to."""
    head, *rest = name.split(".")
    if isinstance(net, HRNet):
        return f"stage{int(rest[0]) + 2}" if head in ("transitions", "stages") else head
    if isinstance(net, StackedHourglass):
        return "stem" if head in ("conv1", "norm1", "stem") else f"stack{int(rest[0]) + 1}"
    return head


def _parameters(net: nn.Module) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, parameter in net.named_parameters():
        counts[part_of(net, name)] += parameter.numel()
    return Counter({part: counts[part] for part in sorted(counts, key=_order)})


def _order(part: str) -> tuple[int, int]:
    """In the order of the forward pass: stem, stages or stacks by number, head."""
    number = part.removeprefix("stage").removeprefix("stack")
    return (1, int(number)) if number.isdigit() else (2 if part == "head" else 0, 0)


def _macs(net: PoseNetwork, height: int, width: int) -> Counter[str]:
    """{part: multiply-adds}, counted by hooks in a copy that has shapes and no numbers: it costs nothing to run."""
    tensors = (*net.parameters(), *net.buffers())
    shapes = copy.deepcopy(net, {id(t): torch.empty_like(t, device="meta") for t in tensors}).eval()
    counts: Counter[str] = Counter()

    def count(part: str, module: nn.Conv2d, inputs: tuple[Tensor], output: Tensor) -> None:
        counts[part] += output.numel() * module.weight[0].numel()

    for name, module in shapes.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(partial(count, part_of(net, name)))
        elif isinstance(module, nn.BatchNorm2d):
            module.forward = lambda x: x  # changes no shape, and takes PyTorch long to find out
    with torch.no_grad():
        shapes(torch.empty(1, 3, height, width, device="meta", dtype=tensors[0].dtype))
    return counts


class _Stopwatch:
    """A tap that books the time since the tap before on the part where it stands."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = time.perf_counter()

    def __call__(self, name: str, tensor: Tensor, **told: Any) -> Tensor:
        wait(tensor.device)
        part = "head" if name == "heatmaps" else name.partition(".")[0]
        now = time.perf_counter()
        self.seconds[part] += now - self._last
        self._last = now
        return tensor


def _milliseconds(net: PoseNetwork, height: int, width: int, repeats: int) -> tuple[dict[str, float], float]:
    """({part: median}, median of whole passes), in a copy where `net` is in training mode and would learn from it."""
    net = copy.deepcopy(net).eval() if net.training else net
    first = next(net.parameters())
    x = torch.zeros(1, 3, height, width, device=first.device, dtype=first.dtype)
    totals: list[float] = []
    watches: list[_Stopwatch] = []
    with torch.inference_mode():
        wait(net(x)[-1].device)
        for _ in range(repeats):
            start = time.perf_counter()
            wait(net(x)[-1].device)
            totals.append(time.perf_counter() - start)
            watches.append(_Stopwatch())
            net(x, tap=watches[-1])
    parts = {part: 1000 * median(w.seconds[part] for w in watches) for part in watches[0].seconds}
    return parts, 1000 * median(totals)
