"""Where X-rays wait for clicks: one per comparison, under a key that nobody can guess.

A browser asks for a cell with the key that its own page was sent; who does not hold the key, or asks in another
session than the one it was made for, cannot read it.
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
from typing import TYPE_CHECKING

from ..comparison import Comparison
from .xrayed import XRay

if TYPE_CHECKING:
    from ..examples import Example

#: Bytes of traces kept for all visitors together, and X-rays remembered without them.
MEMORY = int(float(os.environ.get("POSE_DEMO_TRACE_MB", "1500")) * 2**20)
COUNT = 400


class Unknown(KeyError):
    """There is no such X-ray, any more or at all."""


class Store:
    """X-rays by key, the least lately used first."""

    def __init__(self, memory: int = MEMORY, count: int = COUNT):
        self._kept: OrderedDict[str, XRay] = OrderedDict()
        self._memory, self._count = memory, count
        self._lock = threading.Lock()

    def keep(self, comparison: Comparison, owner: str, example: Example | None = None, name: str = "photo") -> str:
        """Takes a comparison with or without traces; returns its key. An owner's but the last two are let go."""
        cached = XRay.of(comparison, owner, example, name)
        key = secrets.token_urlsafe(24)
        with self._lock:
            mine = [k for k, s in self._kept.items() if s.owner == owner]
            for old in mine[:-1]:
                del self._kept[old]
            self._kept[key] = cached
            self._trim()
        return key

    @contextmanager
    def use(self, key: str, visitor: str | None = None) -> Iterator[XRay]:
        """The X-ray under a key, for as long as the block runs. visitor -- who asks, where that is known.

        Raises Unknown, also for one of somebody else.
        """
        with self._lock:
            if key not in self._kept or visitor not in (None, self._kept[key].owner):
                raise Unknown(key)
            self._kept.move_to_end(key)
            cached = self._kept[key]
        yield cached
        with self._lock:
            self._trim()

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def forget(self, owner: str) -> None:
        """A visitor left."""
        with self._lock:
            for key in [k for k, s in self._kept.items() if s.owner == owner]:
                del self._kept[key]

    def _trim(self) -> None:
        while len(self._kept) > self._count:
            self._kept.popitem(last=False)
        used = {key: cached.bytes() for key, cached in self._kept.items()}
        total = sum(used.values())
        for key in list(self._kept)[:-1]:  # the one just used keeps its traces, however large
            if total <= self._memory:
                break
            self._kept[key].traces.clear()
            total -= used[key]


STORE = Store()
