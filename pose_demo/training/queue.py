"""Where the queue stands, and who is at what: any number of processes share it without knowing of each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .experiments import QUEUE, Experiment

try:
    import fcntl
except ImportError:  # not on Windows: there one process has the queue to itself
    fcntl = None


@contextmanager
def claim(out: Path) -> Iterator[bool]:
    """True while this process alone is at the run in `out`. The claim ends with the process, however that ends."""
    import torch.distributed as dist

    if fcntl is None or dist.is_initialized():  # processes of one torchrun are at one run together
        yield True
        return
    out.mkdir(parents=True, exist_ok=True)
    with (out / "claim").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def photos_seen(out: Path) -> int:
    """Of a run, as its log says; 0 where it has not begun."""
    log = out / "log.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    return json.loads(lines[-1])["photos"] if lines else 0


def state(out: Path, experiment: Experiment) -> str:
    """ "not begun", "stands at N of M photos", or "finished"."""
    seen = photos_seen(out)
    if seen >= experiment.recipe.photos:
        return "finished"
    return f"stands at {seen} of {experiment.recipe.photos} photos" if seen else "not begun"


def stands(out: Path, experiment: Experiment) -> str:
    """`state`, and whether another process is at it."""
    if not (out / "claim").exists():
        return state(out, experiment)
    with claim(out) as ours:
        return state(out, experiment) + ("" if ours else ", another process is at it")


def waits_for(experiment: Experiment, out: Path) -> str | None:
    """The earlier run of the queue that must be finished first, where there is one that is not."""
    before = next((e for listed in QUEUE.values() for e in listed if e.name == experiment.begun), None)
    return before.name if before and state(out / before.name, before) != "finished" else None
