"""Where X-rays wait for clicks: one per comparison, under a key that nobody can guess.

A browser asks for a cell with the key that its own page was sent; who does not hold the key, or asks in another
session than the one it was made for, cannot read it.
Traces and photos are large, so that only so many stay in memory. The least lately used traces are let go, and are
computed again when somebody asks: the same weights, photo and slider give the same numbers. Where the photos
alone are too many, the least lately used X-rays go.
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

#: Bytes of traces and photos kept for all visitors together, and X-rays remembered without traces.
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

    def keep(
        self, comparison: Comparison, owner: str, example: Example | None = None, name: str = "photo",
        whole: tuple[int, int] | None = None,
    ) -> str:  # fmt: skip
        """Takes a comparison with or without traces; returns its key. An owner's but the last two are let go."""
        cached = XRay.of(comparison, owner, example, name)
        cached.whole = whole
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
        old = list(self._kept)[:-1]  # the one just used stays as it is, however large
        for key in [key for key in old if self._kept[key].traces]:
            if self._photos() + sum(each.bytes() for each in self._kept.values()) <= self._memory:
                return
            self._kept[key].traces.clear()
        for key in old:
            if self._photos() <= self._memory:
                return
            del self._kept[key]

    def _photos(self) -> int:
        """Bytes of distinct photos: a visitor's X-rays may be of one."""
        photos = {id(each.comparison.photo): each.comparison.photo.nbytes for each in self._kept.values()}
        return sum(photos.values())


STORE = Store()
