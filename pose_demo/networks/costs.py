"""What a network costs: parameters, multiply-adds, milliseconds, each by the part of the paper's figure.

The trap of units. One multiply-add (MAC) is one multiplication and one addition; GMAC here is 1e9 of them, in
convolutions alone, for one image. What HRNet's papers and repository print as "GFLOPs" are multiply-adds too, but
divided by 2^30: 7.65 GMAC of HRNet-W32 at 256x192 are their 7.1 "GFLOPs". Others count a multiply-add as two
operations. Say GMAC, and say which.
"""

from __future__ import annotations

import copy
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from .base import Level
from .trace import Node
from .wiring import bare
from .zoo import wait


@dataclass(frozen=True)
class Part:
    """One part of a network, as its taps name it: "stem", "stage1", ... "head", or "stem", "stack1", ...

    milliseconds -- median, None where it was not measured; spread -- the fastest and the slowest pass
    """

    name: str
    parameters: int
    macs: int
    milliseconds: float | None = None
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Cost:
    """What one image of height x width costs.

    macs         -- multiply-adds of the convolutions
    milliseconds -- median of `repeats` forward passes on `device`, None where it was not measured. The parts are
                    timed in passes of their own and need not add up to it exactly.
    spread       -- the fastest and the slowest of these passes
    """

    height: int
    width: int
    parameters: int
    macs: int
    parts: tuple[Part, ...]
    milliseconds: float | None = None
    spread: tuple[float, float] | None = None
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


def cost(net: nn.Module, height: int, width: int, repeats: int = 0, until: Level | None = None) -> Cost:
    """Counts, and with `repeats` also times after one pass to warm up. `net` is neither changed nor disturbed.

    until -- the level where the pass ends, to know what its answer has cost
    A network that leaves no trace has the parts that its modules are called by, and no times by part.
    Raises ValueError for a size that the network does not take.
    """
    parameters, macs = _count(net, height, width, until)
    times, totals, device = {}, [], None
    if repeats:
        device = str(next(net.parameters()).device)
        times, totals = _milliseconds(net, height, width, repeats)
    return Cost(
        height=height,
        width=width,
        parameters=sum(parameters.values()),
        macs=sum(macs.values()),
        parts=tuple(Part(name, n, macs[name], *_summed(times.get(name, []))) for name, n in parameters.items()),
        milliseconds=_summed(totals)[0],
        spread=_summed(totals)[1],
        device=device,
        repeats=repeats,
    )


def _summed(times: list[float]) -> tuple[float | None, tuple[float, float] | None]:
    """The median, and the smallest and the largest; None where there is nothing."""
    return (median(times), (min(times), max(times))) if times else (None, None)


class _Reached(Exception):
    """The level is reached: what comes after it costs nothing."""


def _count(net: nn.Module, height: int, width: int, until: Level | None) -> tuple[Counter[str], Counter[str]]:
    """{part: parameters}, {part: multiply-adds} of one pass that has shapes and no numbers: it costs nothing to run.

    What a layer does belongs to the part of the tap that comes next.
    """
    shapes: Any = bare(net)
    parts: dict[str, str] = {}
    macs: Counter[str] = Counter()
    waiting: list[tuple[str, int]] = []

    def watch(name: str) -> Callable:
        def count(module: nn.Module, _: Any, output: Tensor) -> None:
            waiting.append((name, output.numel() * module.weight[0].numel() if isinstance(module, nn.Conv2d) else 0))

        return count

    def book(part: str | None) -> None:
        for name, spent in waiting:
            macs[parts.setdefault(name, part or name.partition(".")[0])] += spent
        waiting.clear()

    def tap(name: str, tensor: Tensor, **facts: Any) -> Tensor:
        book(_part(name, facts))
        if until and name == until.tap:
            shapes.answer(until, tensor)
            book("head")
            raise _Reached
        return tensor

    owners = {name: module for name, module in shapes.named_modules() if list(module.parameters(recurse=False))}
    for name, module in owners.items():
        module.register_forward_hook(watch(name))
    photo = torch.empty(1, 3, height, width, device="meta", dtype=next(shapes.parameters()).dtype)
    with torch.no_grad(), suppress(_Reached):
        shapes(photo, tap=tap)
    book(None)
    parameters: Counter[str] = Counter()
    for name in dict.fromkeys([*parts, *owners]):  # the parts in the order of the pass, then what it did not use
        own = sum(p.numel() for p in owners[name].parameters(recurse=False))
        parameters[parts.get(name, name.partition(".")[0])] += own
    return parameters, macs


def _part(name: str, facts: dict[str, Any]) -> str:
    return name.partition(".")[0] if facts.get("role") == "arrow" else Node(name=name, **facts).part


class _Stopwatch:
    """A tap that books the time since the tap before on the part where it stands."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._last = time.perf_counter()

    def __call__(self, name: str, tensor: Tensor, **facts: Any) -> Tensor:
        wait(tensor.device)
        now = time.perf_counter()
        self.seconds[_part(name, facts)] += now - self._last
        self._last = now
        return tensor


def _milliseconds(net: nn.Module, height: int, width: int, repeats: int) -> tuple[dict[str, list[float]], list[float]]:
    """({part: of each pass}, of whole passes), after one to warm up; in a copy where `net` is in training mode and
    would learn from it.
    """
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
            totals.append(1000 * (time.perf_counter() - start))
            watches.append(_Stopwatch())
            net(x, tap=watches[-1])
    return {part: [1000 * w.seconds[part] for w in watches] for part in watches[0].seconds}, totals
