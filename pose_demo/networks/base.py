"""What a call of any network looks like; the networks themselves say only how maps flow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from ..locales import UserError
from . import upsampling as up
from .card import Card
from .silence import Silence, silenced
from .trace import Recorder, TapFunction, Trace, ignore
from .wiring import wiring


def begin_near_zero(head: nn.Conv2d) -> None:
    """The last layer's first weights: heatmaps start near zero, as the targets are, which is decisive."""
    nn.init.normal_(head.weight, std=0.001)
    if head.bias is not None:
        nn.init.zeros_(head.bias)


def unit_sum(
    unit: Any, x: Tensor, tap: TapFunction, name: str, source: str, stride: int
) -> tuple[Tensor, Sequence[str]]:
    """x + f(x) of a residual unit, which has `shortcut` and `residual`, and the names of the two taps it is made of."""
    if tap is ignore:  # nobody looks inside: names and places are made for a third of the taps only
        return unit.shortcut(x) + unit.residual(x), ()
    inner: dict[str, Any] = {"sources": (source,), "stride": stride, "inside": True}
    way = "same" if isinstance(unit.shortcut, nn.Identity) else "conv"
    short = tap(f"{name}.shortcut", unit.shortcut(x), join=way, role="shortcut", **inner)
    y = tap(f"{name}.residual", unit.residual(x), join="conv", role="residual", **inner)
    return short + y, (f"{name}.shortcut", f"{name}.residual")


@dataclass(frozen=True)
class Level:
    """A point of the pass where an answer can be read.

    name  -- "stack1" or "stage2.module1"; tap -- whose map is read there (PoseNetwork.answer)
    probe -- the network was not trained to answer there: the final layer is applied to an earlier map
    """

    name: str
    tap: str
    probe: bool


class PoseNetwork(nn.Module, ABC):
    """Photo crops (N, 3, H, W), normalised as the weights want it -> heatmaps.

    A family of its own writes `_run` and calls `tap` in it (see trace.py); all else is read from that.
    Assumes H and W are multiples of `multiple`; raises ValueError otherwise.

    joints     -- J, the number of heatmap channels
    places     -- {place: factor}: every spot that enlarges a map, in the order of the forward pass
    trained_upsampling -- the stop the weights were trained with; what a call gets that asks for none
    card       -- what must be known beside the weights; None until zoo.build, load or open gives it one
    resolution -- how full resolution comes through: "parallel" (kept from start to end), "skips" (reached again
                  through skips), or "" where nobody said
    answers    -- what the channels of the answer are, where a family knows; else they are joints
    taps       -- whether its pass calls taps: else nothing in it can be traced or cut
    """

    multiple: int
    joints: int
    places: dict[str, int]
    trained_upsampling: str
    resolution: str = ""
    answers: tuple[str, ...] = ()
    taps: bool = True
    card: Card | None = None

    def forward(
        self, x: Tensor, upsampling: up.Request = None, tap: TapFunction = ignore, silence: Silence | None = None
    ) -> list[Tensor]:
        """Heatmaps, one (N, J, H/4, W/4) per supervision, the last the answer.

        upsampling -- a stop for all places, {place: stop} for some ("the rest as trained"), or None (as trained)
        tap        -- called at every place of interest; the pass goes on with what it returns
        silence    -- {place: "zero", "flat", or another photo's Trace or map}: what is cut in this call (silence.py)

        Raises SilenceError for a place that there is not, or for what cannot stand there.
        """
        self._check(x)
        if silence:
            tap = silenced(self, silence, tap)
        return self._run(x, up.plan(upsampling, self.places, self.trained_upsampling), tap)

    def trace(
        self,
        x: Tensor,
        upsampling: up.Request = None,
        names: Collection[str] | None = None,
        silence: Silence | None = None,
    ) -> Trace:
        """The same pass, and taps on the way: all but those inside units, or exactly those of `names`.

        Raises KeyError for a name that there is not.
        """
        recorder = Recorder(names)
        heatmaps = self(x, upsampling, recorder, silence)
        return recorder.trace(heatmaps, up.plan(upsampling, self.places, self.trained_upsampling))

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Where an answer can be read, in the order of the pass; the last is the network's own."""
        nodes = [n for n in wiring(self).nodes.values() if n.answer or n.role == "heatmaps"]
        return tuple(
            Level(n.answer or n.name.removesuffix(".heatmaps"), n.name, n.role != "heatmaps") for n in nodes
        )  # fmt: skip

    def answer(self, level: Level, tensor: Tensor) -> Tensor:
        """(N, C, H, W), the map of a level's tap -> heatmaps (N, J, H, W); a family with probes has a lens for them."""
        return tensor

    @abstractmethod
    def _run(self, x: Tensor, stops: Mapping[str, str], tap: TapFunction) -> list[Tensor]: ...

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"expected (N, 3, H, W), got {tuple(x.shape)}")
        if x.shape[2] % self.multiple or x.shape[3] % self.multiple or not x.numel():
            height, width = x.shape[2:]
            raise UserError("network.multiple", multiple=self.multiple, height=height, width=width)
