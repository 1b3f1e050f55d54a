"""Long jobs of the page: run beside the event that wants them, tell how far they are, stop when nobody waits."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds before a visitor is told that something takes long, and between two tellings.
PATIENCE = 0.4

Tell = Callable[..., None]

#: Whether this thread is one of PASSES.
_turn = threading.local()


def _mine() -> None:
    _turn.mine = True


#: Forward passes share the machine's cores: more at once would make each slower. Downloads only wait.
PASSES = ThreadPoolExecutor(max(1, min(4, (os.cpu_count() or 2) // 2)), "pass", _mine)
DOWNLOADS = ThreadPoolExecutor(2, "download")


class Stale(Exception):
    """Nobody wants the job's answer any more."""


def in_turn(job: Callable[[], T]) -> T:
    """Runs a forward pass in the queue of all, and waits for it; at once where the caller's turn it is."""
    return job() if getattr(_turn, "mine", False) else PASSES.submit(job).result()


def follow(pool: ThreadPoolExecutor, job: Callable[[Tell], Any], stale: Callable[[], bool]) -> Iterator[Any]:
    """Runs job(tell) in `pool`. Yields what the job told last, at most every PATIENCE seconds, () while it waits for
    its turn, and at the end the finished Future. `tell` raises Stale in the job once `stale()` or the caller left; one
    that still waits then does not begin, and of one that is done nobody hears.
    """
    told: queue.SimpleQueue[tuple] = queue.SimpleQueue()
    left = False

    def tell(*what: Any) -> None:
        if left or stale():
            raise Stale
        told.put(what)

    future = pool.submit(copy_context().run, job, tell)  # who asks: whose share of a lent GPU it is
    last: tuple | None = None
    try:
        while not wait([future], timeout=PATIENCE).done:
            if stale() and future.cancel():
                raise Stale
            news = last
            while not told.empty():
                news = told.get()
            if news is None and not future.running():
                news = ()
            if news != last:
                last = news
                yield news
        if stale():
            raise Stale
        yield future
    finally:
        left = True
        future.cancel()
