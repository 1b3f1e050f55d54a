"""Where traces wait for clicks: one shot per comparison, under a key that nobody can guess.

A browser asks for a cell with the key that its own page was sent; who does not hold the key cannot read the shot.
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
from typing import Any

import torch
from torch import Tensor

from ..comparison import Comparison, Pose, network
from ..networks import zoo
from ..networks.base import PoseNetwork
from ..networks.trace import Trace
from ..networks.upsampling import Request

#: Bytes of traces kept for all visitors together, and comparisons remembered without their traces.
MEMORY = int(float(os.environ.get("POSE_DEMO_TRACE_MB", "1500")) * 2**20)
SHOTS = 400


class Unknown(KeyError):
    """There is no such shot, any more or at all."""


@dataclass
class Shot:
    """A comparison as it is shown. comparison -- without its traces; sides -- what may be asked of each network."""

    comparison: Comparison
    owner: str
    traces: dict[tuple[int, str], Trace] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pose(self, side: int) -> Pose:
        return self.comparison.poses[side]

    def net(self, side: int) -> PoseNetwork:
        return network(self.pose(side).card.name, str(zoo.device()))

    def traceable(self, side: int) -> bool:
        """MMPose's networks leave no trace."""
        return not self.pose(side).card.name.startswith(zoo.MMPOSE)

    def request(self, side: int) -> Request:
        """What this network was asked for: a mapping's keys that it has places for, else as trained."""
        wanted = self.comparison.upsampling
        if wanted is None or isinstance(wanted, str):
            return wanted
        places = self.net(side).places
        fits = {k: v for k, v in wanted.items() if any(p == k or p.startswith(k + ".") for p in places)}
        return fits or None

    def input(self, side: int) -> Tensor:
        """(1, 3, H, W), what the network saw, normalised."""
        pose = self.pose(side)
        pixels = torch.from_numpy(pose.image).to(zoo.device()).permute(2, 0, 1)[None].float() / 255
        return zoo.normalise(pixels, pose.card.normalisation)

    def trace(self, side: int, request: Request | str = "shown") -> Trace:
        """The trace of one network as shown, or of the same photo under another request. Computed where not at hand."""
        wanted = self.request(side) if request == "shown" else request
        key = (side, "shown" if request == "shown" or wanted == self.request(side) else repr(wanted))
        with self.lock:
            if key not in self.traces:
                with torch.inference_mode():
                    found = on_cpu(self.net(side).trace(self.input(side), wanted))
                # Beside what is shown, only the last other position is kept: one before, one after.
                for old in [k for k in self.traces if k[0] == side and k[1] != "shown" and key[1] != "shown"]:
                    del self.traces[old]
                self.traces[key] = found
            return self.traces[key]

    def bytes(self) -> int:
        return sum(_bytes(trace) for trace in list(self.traces.values()))


def on_cpu(trace: Trace) -> Trace:
    """The same taps in main memory; the trace itself where they are there already."""
    if trace.heatmaps[-1].device.type == "cpu":
        return trace
    taps = {name: replace(tap, tensor=tap.tensor.cpu()) for name, tap in trace.items()}
    return Trace(taps, [h.cpu() for h in trace.heatmaps], trace.stops)


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

    def keep(self, comparison: Comparison, owner: str) -> str:
        """Takes a comparison with or without traces; returns its key. An owner's shots but the last two are let go."""
        traces = {
            (k, "shown"): on_cpu(pose.trace) for k, pose in enumerate(comparison.poses) if pose.trace is not None
        }  # fmt: skip
        shot = Shot(without_traces(comparison), owner, traces)
        key = secrets.token_urlsafe(24)
        with self._lock:
            mine = [k for k, s in self._shots.items() if s.owner == owner]
            for old in mine[:-1]:
                del self._shots[old]
            self._shots[key] = shot
            self._trim()
        return key

    @contextmanager
    def use(self, key: Any) -> Iterator[Shot]:
        """The shot under a key, for as long as the block runs. Raises Unknown."""
        with self._lock:
            if not isinstance(key, str) or key not in self._shots:
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
