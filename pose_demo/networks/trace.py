"""What a forward pass leaves behind: every map on the way, named by where it stands in the paper.

A network calls `tap(name, tensor, ...)` at each place of interest. In a plain forward pass the tap is `ignore`,
in a trace it is a `Recorder`. Neither touches the tensor, and no tapped tensor is written to afterwards, so
outputs with and without taps are equal bit for bit and a trace needs no copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Tap:
    """One map on the way.

    name    -- "stage3.module2.branch1" or "stack2.level0.skip": unique in its trace
    tensor  -- (N, C, H, W)
    role    -- what it is: "stem", "unit", "transition", "branch" (enters a fusion), "reduced" (a fusion term
               before it is enlarged), "term", "sum" (before the ReLU), "fused" (after it), "skip", "down",
               "bottom", "up", "upsampled", "merge", "features", "feedback", "stack" (enters or leaves a stack),
               "heatmaps"
    stride  -- input pixels per cell
    stage, module, branch, source -- HRNet: stage 1 to 4, module from 1, branch from 0 (the finest);
               source is the branch that a fusion term comes from
    stack, level -- Hourglass: stack from 1; level 0 is the stack's full resolution, each further one half of it
    """

    name: str
    tensor: Tensor
    role: str
    stride: int
    stage: int | None = None
    module: int | None = None
    branch: int | None = None
    source: int | None = None
    stack: int | None = None
    level: int | None = None

    @property
    def channels(self) -> int:
        return self.tensor.shape[1]


class Trace(Mapping[str, Tap]):
    """All taps of one forward pass in the order in which they came to be; `heatmaps` is what the call returned.

    heatmaps -- list of (N, J, H, W), one per supervision
    stops    -- {place: stop}, how each place enlarged its map in this pass
    """

    def __init__(self, taps: dict[str, Tap], heatmaps: list[Tensor], stops: dict[str, str]):
        self._taps = taps
        self.heatmaps = heatmaps
        self.stops = stops

    def __getitem__(self, name: str) -> Tap:
        try:
            return self._taps[name]
        except KeyError:
            head = name.split(".")[0]
            near = [n for n in self._taps if n.startswith(head)] or list(self._taps)
            raise KeyError(f"no tap {name!r}; nearby are {', '.join(near[:12])}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._taps)

    def __len__(self) -> int:
        return len(self._taps)

    def where(self, **wanted: Any) -> list[Tap]:
        """The taps whose fields have these values: `trace.where(role="term", stage=3)`."""
        return [t for t in self._taps.values() if all(getattr(t, k) == v for k, v in wanted.items())]


class Recorder:
    """Keeps every tap of one pass."""

    def __init__(self) -> None:
        self.taps: dict[str, Tap] = {}

    def __call__(self, name: str, tensor: Tensor, role: str, stride: int, **place: int) -> None:
        if name in self.taps:
            raise RuntimeError(f"two taps are named {name!r}")
        self.taps[name] = Tap(name, tensor, role, stride, **place)


def ignore(name: str, tensor: Tensor, role: str, stride: int, **place: int) -> None:
    """The tap of a plain forward pass: does nothing."""
