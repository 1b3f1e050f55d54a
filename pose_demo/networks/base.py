"""What a call of either network looks like; the networks themselves say only how maps flow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor, nn

from . import upsampling as up
from .card import Card
from .trace import Recorder, Trace, ignore

if TYPE_CHECKING:
    from collections.abc import Mapping

TapFunction = Callable[..., None]


class PoseNetwork(nn.Module, ABC):
    """Photo crops (N, 3, H, W), normalised as the weights want it -> heatmaps.

    Assumes H and W are multiples of `multiple`; raises ValueError otherwise.

    joints     -- J, the number of heatmap channels
    places     -- {place: factor}: every spot that enlarges a map, in the order of the forward pass
    trained_upsampling -- the stop the weights were trained with; what a call gets that asks for none
    card   -- what must be known beside the weights; None until zoo.build, load or open gives it one
    """

    card: Card | None = None

    multiple: int
    joints: int
    places: dict[str, int]
    trained_upsampling: str

    def forward(self, x: Tensor, upsampling: up.Request = None) -> list[Tensor]:
        """Heatmaps, one (N, J, H/4, W/4) per supervision, the last the answer.

        upsampling -- a stop for all places, {place: stop} for some ("the rest as trained"), or None (as trained)
        """
        self._check(x)
        return self._run(x, up.plan(upsampling, self.places, self.trained_upsampling), ignore)

    def trace(self, x: Tensor, upsampling: up.Request = None) -> Trace:
        """The same pass, and every tap on the way."""
        self._check(x)
        stops = up.plan(upsampling, self.places, self.trained_upsampling)
        recorder = Recorder()
        heatmaps = self._run(x, stops, recorder)
        return Trace(recorder.taps, heatmaps, stops)

    @abstractmethod
    def _run(self, x: Tensor, stops: Mapping[str, str], tap: TapFunction) -> list[Tensor]: ...

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"expected (N, 3, H, W), got {tuple(x.shape)}")
        if x.shape[2] % self.multiple or x.shape[3] % self.multiple or not x.numel():
            raise ValueError(f"height and width must be multiples of {self.multiple}, got {tuple(x.shape[2:])}")
