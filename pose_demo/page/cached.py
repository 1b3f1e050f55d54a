"""What an X-ray holds of one comparison: both networks, every map on the way, and what can be asked of them.

The answers (answers/) take this; XRay (xrayed.py) makes one of a photo, and takes it away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..comparison import Comparison, Pose
from ..locales import Said
from ..networks import memory, model, zoo
from ..networks.base import PoseNetwork
from ..networks.card import MMPOSE
from ..networks.trace import Trace
from ..networks.upsampling import Request
from ..networks.wiring import Wiring, wiring
from ..xray import receptive, sums
from ..xray.effects import TOGETHER, Cost, Effects, cost, measure
from ..xray.gradient import Gradients, fresh, gradients
from . import work

if TYPE_CHECKING:
    from ..examples import Example

T = TypeVar("T")


@dataclass
class Cached:
    """A comparison as it is shown; of its two networks one is named by its side, 0 (left) or 1.

    comparison -- without its traces; owner -- whose it is, on the page
    example -- whose photo it is, None for one of your own; name -- the photo's, for files
    whole   -- the width and height of the photo's file, where the photo was made smaller
    nets    -- the networks, where the zoo does not know them by name
    camera  -- who is where in its webcam (answers/live.py)
    notes   -- where a device's memory was too small: what is to be said, by what was asked for and the side
    traces  -- by side and request, a name, "shown" or "inside": what was last asked for of the inside of units
    """

    comparison: Comparison
    owner: str = ""
    example: Example | None = None
    name: str = "photo"
    whole: tuple[int, int] | None = None
    nets: tuple[PoseNetwork, ...] = ()
    traces: dict[tuple[int, str], Trace] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    camera: Any = None
    notes: dict[tuple, Said] = field(default_factory=dict)
    _found: dict[tuple, Any] = field(default_factory=dict)

    def pose(self, side: int) -> Pose:
        return self.comparison.poses[side]

    def net(self, side: int) -> PoseNetwork:
        return self.nets[side] if self.nets else zoo.shared(self.pose(side).card.name, zoo.device())

    def traceable(self, side: int) -> bool:
        """MMPose's networks leave no trace, nor do strangers."""
        if self.pose(side).card.architecture.startswith(MMPOSE):
            return False
        try:
            return bool(self.graph(side).nodes)
        except ValueError:
            return False

    @property
    def sides(self) -> list[int]:
        """Those of the two networks that leave a trace."""
        return [k for k in range(len(self.comparison.poses)) if self.traceable(k)]

    def graph(self, side: int) -> Wiring:
        """Which map is made from which, and how. Raises ValueError for a network that leaves no trace."""
        return wiring(self.net(side))

    def request(self, side: int) -> Request:
        """What this network was asked for: a mapping's keys that it has places for, else as trained."""
        return self.pose(side).upsampling

    def input(self, side: int) -> Tensor:
        """(1, 3, H, W), what the network saw, normalised."""
        return self._input(side, self.net(side))

    def _input(self, side: int, net: PoseNetwork) -> Tensor:
        return model.tensor(self.pose(side).image[None], net)

    def trace(self, side: int, stop: str = "shown") -> Trace:
        """The trace of one network as shown, or of the same photo with `stop` everywhere. Where it is not at hand a
        pass waits for its turn; beside what is shown only the last other stop is kept: one before, one after."""
        found = self.traces.get((side, stop))
        return found or work.in_turn(lambda: self._trace(side, stop))

    def _trace(self, side: int, stop: str) -> Trace:
        with self.lock:  # taken by passes alone, whose turn it is: nobody waits for the queue with it
            if (side, stop) not in self.traces:
                found = self._pass(side, self.request(side) if stop == "shown" else stop)
                for old in [k for k in self.traces if k[0] == side and k[1] not in ("shown", "inside", stop)]:
                    del self.traces[old]
                self.traces[side, stop] = found
            return self.traces[side, stop]

    def inside(self, side: int, names: list[str]) -> Trace:
        """The trace as shown with these taps, those inside units too: another pass where they are not at hand."""
        shown, last = self.trace(side), self.traces.get((side, "inside"))
        if all(name in shown for name in names):
            return shown
        if last is None or not all(name in last for name in names):
            last = self.traces[side, "inside"] = work.in_turn(lambda: self._pass(side, self.request(side), names))
        return last

    def _pass(self, side: int, wanted: Request, names: list[str] | None = None) -> Trace:
        def ask(net: PoseNetwork) -> Trace:
            return net.trace(self._input(side, net), wanted, names, silence=self.pose(side).silence).cpu()

        with torch.inference_mode():
            return self._within(("maps", side), ask)

    def _within(self, key: tuple, ask: Callable[[PoseNetwork], T], fewer: Callable[[], T] | None = None) -> T:
        """What a network (key[1] is its side) gives, here or where there is memory for it."""
        found, note = memory.within(self.net(key[1]), ask, fewer)
        if note is not None:
            self.notes.setdefault(key, note)
        return found

    def note(self, what: str, side: int) -> Said | None:
        """What is to be said of "maps", "effects", "effective" or "gradients" where memory was too small for them."""
        return next((note for key, note in self.notes.items() if key[:2] == (what, side)), None)

    def bare(self, side: int) -> Pose:
        """What the network says where nothing is cut: what cuts are measured by. One more pass where something is."""
        pose, how = self.pose(side), {"decoder": self.comparison.decoder, "flip": self.comparison.flip}

        def ask() -> Pose:
            seen = model.see(self.net(side), pose.image[None], self.request(side), **how)
            at, scores = (each[0].float().cpu().numpy() for each in (seen.joints, seen.scores))
            maps = [each[0].float().cpu().numpy() for each in seen.heatmaps]
            return replace(pose, joints=pose.crop.to_photo(at), scores=scores, heatmaps=maps, silence={}, trace=None)

        return self._once(("bare", side), ask) if pose.silence else pose

    def tensor(self, side: int, name: str, stop: str = "shown") -> Tensor:
        """(C, H, W) float32 of a tap. Raises KeyError for one that the network has not."""
        return self.trace(side, stop)[name].tensor[0].float()

    # --- what is computed when somebody asks ------------------------------------------------------------------------

    def sum(self, side: int, name: str, joint: int | None = None) -> sums.Sum | None:
        """The terms that add up to a map, None where it is no sum; a head needs the joint's channel."""
        net = self.net(side)
        return sums.find(self.inside(side, sums.taps(net, name)), name, net, joint, self.pose(side).silence)

    def field(self, side: int, name: str, cell: tuple[int, int] | None = None) -> receptive.Field:
        """The theoretical receptive field of a cell (row, column), None: the one in the middle."""
        size = self.pose(side).card.input
        return receptive.field(self.net(side), name, cell or self.middle(side, name), size, self.request(side))

    def edges(self, side: int, name: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Of each row and of each column of a map the edges of what it can see, see receptive.edges."""
        axes = [*zip(self.trace(side)[name].tensor.shape[2:], self.pose(side).card.input, strict=True)]
        found = {axis: receptive.edges(self.net(side), name, *axis, self.request(side)) for axis in set(axes)}
        return found[axes[0]], found[axes[1]]

    def effective(self, side: int, name: str, cell: tuple[int, int] | None = None) -> Tensor:
        """(H, W): how much each pixel of the input would move a cell. One more pass, there and back."""
        asked = (name, cell or self.middle(side, name), self.request(side), self.pose(side).silence)

        def ask(net: PoseNetwork) -> Tensor:
            return receptive.effective(net, self._input(side, net), *asked).cpu()

        return work.in_turn(lambda: self._within(("effective", side), ask))

    def middle(self, side: int, name: str) -> tuple[int, int]:
        height, width = self.trace(side)[name].tensor.shape[2:]
        return height // 2, width // 2

    def effects(self, side: int, places: Collection[str] | None = None) -> Effects:
        """How far every arrow, cut alone beside what is cut already, moves each joint; None: of all arrows."""
        key = ("effects", side, None if places is None else tuple(places))
        how: Any = {"upsampling": self.request(side), "silence": self.pose(side).silence, "places": places}

        def ask(together: int = TOGETHER) -> Effects:
            fewer = None if together == 1 else lambda: ask(together // 2)
            return self._within(key, lambda net: measure(net, self._input(side, net), **how, together=together), fewer)

        return self._once(key, ask)

    def measured(self, side: int) -> Effects | None:
        """What `effects` of all arrows has found, where somebody asked for it."""
        return self._found.get(("effects", side, None))

    def cost(self, side: int) -> Cost:
        """What `effects` would compute."""
        return cost(self.net(side))

    def gradients(self, side: int, untrained: bool = False) -> Gradients:
        """What each loss sends back to every map: against the joints that somebody placed by hand where the person is
        an example's, else against the network's own answer.

        untrained -- of the same network with weights as training begins with them (xray.gradient.fresh)
        Raises UserError where there is no such network.
        """

        key = ("gradients", side, untrained)

        def ask(net: PoseNetwork) -> Gradients:
            x = self._input(side, net)
            return gradients(fresh(net, x) if untrained else net, x, self.marks(side), self.request(side),
                             self.pose(side).silence)  # fmt: skip

        return self._once(key, lambda: self._within(key, ask))

    def followed(self, side: int) -> Gradients | None:
        """What `gradients` has found, where somebody asked for it."""
        return self._found.get(("gradients", side, False))

    def placed(self) -> dict[str, tuple[float, float]]:
        """Where somebody placed the joints of who is looked at by hand, pixels of the photo; empty where nobody did."""
        return self.example.marks(self.comparison.box) if self.example else {}

    def marks(self, side: int) -> np.ndarray | None:
        """(J, 3) x, y in pixels of the input, 1 where somebody placed the joint by hand; None where nobody did."""
        placed, pose = self.placed(), self.pose(side)
        points = np.array([placed.get(name, (np.nan, np.nan)) for name in pose.card.joints.joints], np.float32)
        if np.isnan(points).all():
            return None
        return np.column_stack([pose.crop.to_input(points), np.isfinite(points[:, 0])])

    def _once(self, key: tuple, compute: Callable[[], T]) -> T:
        """A small answer is kept; it waits for its turn where it must be computed."""
        if key not in self._found:
            self._found[key] = work.in_turn(compute)
        return self._found[key]

    def image(self) -> dict[str, int]:
        """The photo's height and width, in whose pixels all is said; its file's where it was made smaller."""
        height, width = self.comparison.photo.shape[:2]
        own = {} if self.whole is None else {"file_height": self.whole[1], "file_width": self.whole[0]}
        return {"height": height, "width": width, **own}

    def bytes(self) -> int:
        return sum(_bytes(trace) for trace in list(self.traces.values()))


def _bytes(trace: Trace) -> int:
    """Of distinct tensors: a stack's output is the next one's input."""
    known = {tap.tensor.data_ptr(): tap.tensor.numel() * tap.tensor.element_size() for tap in trace.values()}
    return sum(known.values())


def without_traces(comparison: Comparison) -> Comparison:
    """The same result in little memory."""
    return replace(comparison, poses=tuple(replace(pose, trace=None) for pose in comparison.poses))
