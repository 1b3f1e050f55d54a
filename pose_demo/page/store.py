"""Where traces wait for clicks: one shot per comparison, under a key that nobody can guess.

A browser asks for a cell with the key that its own page was sent; who does not hold the key, or asks in another
session than the one it was made for, cannot read the shot.
Traces are large, so that only so many stay in memory: the least lately used are let go, and are computed again when
somebody asks. The same weights, photo and slider give the same numbers.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..comparison import Comparison, Pose
from ..networks import model, zoo
from ..networks.base import PoseNetwork
from ..networks.card import MMPOSE
from ..networks.trace import Trace
from ..networks.upsampling import Request, check
from . import work

if TYPE_CHECKING:
    from ..examples import Example

#: Bytes of traces kept for all visitors together, and comparisons remembered without their traces.
MEMORY = int(float(os.environ.get("POSE_DEMO_TRACE_MB", "1500")) * 2**20)
SHOTS = 400


class Unknown(KeyError):
    """There is no such shot, any more or at all."""


@dataclass
class Shot:
    """A comparison as it is shown. comparison -- without its traces; traces -- by side and request, a name, "shown" or
    "inside": what was last asked for of the inside of units;
    example -- whose photo it is, None for a visitor's own"""

    comparison: Comparison
    owner: str
    example: Example | None = None
    traces: dict[tuple[int, str], Trace] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pose(self, side: int) -> Pose:
        return self.comparison.poses[side]

    def net(self, side: int) -> PoseNetwork:
        return zoo.shared(self.pose(side).card.name, zoo.device())

    def traceable(self, side: int) -> bool:
        """MMPose's networks leave no trace."""
        return not self.pose(side).card.architecture.startswith(MMPOSE)

    def request(self, side: int) -> Request:
        """What this network was asked for: a mapping's keys that it has places for, else as trained."""
        return self.pose(side).upsampling

    def other(self, side: int, against: str | None) -> str:
        """The stop that is compared with: `against`, or the one that the network was trained with."""
        return self.pose(side).card.upsampling if against is None else check(against)

    def input(self, side: int) -> Tensor:
        """(1, 3, H, W), what the network saw, normalised."""
        return model.tensor(self.pose(side).image[None], self.net(side))

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
        with torch.inference_mode():
            return self.net(side).trace(self.input(side), wanted, names, silence=self.pose(side).silence).cpu()

    def tensor(self, side: int, name: str, stop: str = "shown") -> Tensor:
        """(C, H, W) float32 of a tap. Raises KeyError for one that the network has not."""
        return self.trace(side, stop)[name].tensor[0].float()

    def bytes(self) -> int:
        return sum(_bytes(trace) for trace in list(self.traces.values()))


def _bytes(trace: Trace) -> int:
    """Of distinct tensors: a stack's output is the next one's input."""
    known = {tap.tensor.data_ptr(): tap.tensor.numel() * tap.tensor.element_size() for tap in trace.values()}
    return sum(known.values())


class Store:
    """Shots by key, the least lately used first."""

    def __init__(self, memory: int = MEMORY, shots: int = SHOTS):
        self._shots: OrderedDict[str, Shot] = OrderedDict()
        self._memory, self._count = memory, shots
        self._lock = threading.Lock()

    def keep(self, comparison: Comparison, owner: str, example: Example | None = None) -> str:
        """Takes a comparison with or without traces; returns its key. An owner's shots but the last two are let go."""
        traces = {(k, "shown"): pose.trace.cpu() for k, pose in enumerate(comparison.poses) if pose.trace is not None}
        shot = Shot(without_traces(comparison), owner, example, traces)
        key = secrets.token_urlsafe(24)
        with self._lock:
            mine = [k for k, s in self._shots.items() if s.owner == owner]
            for old in mine[:-1]:
                del self._shots[old]
            self._shots[key] = shot
            self._trim()
        return key

    @contextmanager
    def use(self, key: str, visitor: str | None = None) -> Iterator[Shot]:
        """The shot under a key, for as long as the block runs. visitor -- who asks, where that is known.

        Raises Unknown, also for a shot of somebody else.
        """
        with self._lock:
            if key not in self._shots or visitor not in (None, self._shots[key].owner):
                raise Unknown(key)
            self._shots.move_to_end(key)
            shot = self._shots[key]
        yield shot
        with self._lock:
            self._trim()

    def __contains__(self, key: str) -> bool:
        return key in self._shots

    def forget(self, owner: str) -> None:
        """A visitor left."""
        with self._lock:
            for key in [k for k, s in self._shots.items() if s.owner == owner]:
                del self._shots[key]

    def _trim(self) -> None:
        while len(self._shots) > self._count:
            self._shots.popitem(last=False)
        used = {key: shot.bytes() for key, shot in self._shots.items()}
        total = sum(used.values())
        for key in list(self._shots)[:-1]:  # the one just used keeps its traces, however large
            if total <= self._memory:
                break
            self._shots[key].traces.clear()
            total -= used[key]


def without_traces(comparison: Comparison) -> Comparison:
    """The same result in little memory."""
    return replace(comparison, poses=tuple(replace(pose, trace=None) for pose in comparison.poses))


STORE = Store()
