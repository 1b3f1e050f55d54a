"""Many photos through the networks, by any number of processes, with nothing lost when one is killed.

Records are dealt out in batches: batch b, records b * size to (b + 1) * size - 1, belongs to process b modulo their
number. (Not record by record: a network's last digits depend on what else is in a batch, and figures must not depend
on the number of processes.) Each finished batch is one line of OUT/parts/GROUP.RANK.jsonl. A process that begins
reads the lines that are there, whoever wrote them, and does what is missing. At the end rank 0 collects the lines in
the order of the records, a group of batches at a time.

Start several with `torchrun --nproc_per_node N -m pose_demo study ...`. Machines that share OUT share what a killed
run has left; without a shared folder each resumes its own part.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch.distributed as dist

from ..joints import JointSet, shared
from .datasets import Bad, LabelledSet, Record
from .peers import Peer
from .rows import Row
from .subjects import Eyes
from .views import Ready, prepare

GROUP = 32  # batches in one file
#: Batches whose pictures are read while a GPU computes. A CPU takes turns: a forward pass waits for the slowest of its
#: threads, so that pictures read beside it cost several times what they cost by themselves.
_AHEAD = {"cuda": 2, "cpu": 0}


class StrictError(ValueError):
    """A bad record where none was to be accepted."""


@dataclass(frozen=True)
class Place:
    """This process among the others."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0


@contextmanager
def processes() -> Iterator[Place]:
    """Joins the other processes where torchrun started this one, and leaves them at the end."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world == 1 or dist.is_initialized():
        yield Place(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else Place()
        return
    # Only small Python objects travel, whatever computes: gloo serves GPU machines as well. One process may have
    # far slower photos than another, so that the usual half hour of patience is not enough.
    dist.init_process_group("gloo", timeout=timedelta(days=7))
    try:
        yield Place(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def agree(place: Place, value: Any) -> Any:
    """What the first process has for `value`, on every process."""
    values = [value]
    if place.world > 1:
        dist.broadcast_object_list(values, 0)
    return values[0]


def total(place: Place, value: float) -> float:
    """The sum of every process's `value`, on every process."""
    values = [value] * place.world
    if place.world > 1:
        dist.all_gather_object(values, value)
    return sum(values)


def _together(place: Place) -> None:
    if place.world > 1:
        dist.barrier()


class Runner:
    """One study's forward passes over one set."""

    def __init__(
        self,
        records: LabelledSet,
        eyes: Eyes,
        peers: list[Peer],
        out: Path,
        *,
        batch: int = 32,
        limit: int | None = None,
        strict: bool = False,
        fresh: bool = False,
        fingerprint: dict[str, Any] | None = None,
        place: Place | None = None,
        tell: Callable[[str], None] = lambda line: None,
        step: Callable[[int], None] = lambda records: None,
    ):
        """
        fingerprint -- all else that shapes the rows; parts with another one are not gone on with
        tell -- gets each bad record's line; step -- how many records were done since the last call
        """
        self.records, self.eyes, self.peers = records, eyes, peers
        self.parts, self.batch, self.limit, self.strict = out / "parts", batch, limit, strict
        self.place, self.tell, self.step = place or Place(), tell, step
        self.batches = 0
        self.resumed = 0
        self._begin({"batch": batch, "limit": limit, **(fingerprint or {})}, fresh)

    def _begin(self, fingerprint: dict[str, Any], fresh: bool) -> None:
        if fresh and int(os.environ.get("LOCAL_RANK", 0)) == 0:
            shutil.rmtree(self.parts, ignore_errors=True)
        _together(self.place)
        self.parts.mkdir(parents=True, exist_ok=True)
        file, text = self.parts / "run.json", json.dumps(fingerprint, sort_keys=True)
        if not file.exists():
            mine = file.with_suffix(f".{self.place.rank}")
            mine.write_text(text)
            mine.replace(file)
        before, now = json.loads(file.read_text()), json.loads(text)
        if before != now:
            differs = ", ".join(sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k)))
            raise ValueError(
                f"{self.parts} holds the beginning of another study (it differs in {differs}): "
                "begin anew with --fresh, or give another --out"
            )

    # -- the forward passes ---------------------------------------------------------------------------------------

    def work(self) -> None:
        """This process's batches, as far as they are not done."""
        waiting: deque[tuple[int, list]] = deque()
        ahead = _AHEAD[self.eyes.device.type]
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            try:
                for number, records in self._mine():
                    sizes = self.eyes.sizes
                    waiting.append((number, [(i, pool.submit(prepare, record, sizes)) for i, record in records]))
                    if len(waiting) > ahead:
                        self._do(*waiting.popleft())
                while waiting:
                    self._do(*waiting.popleft())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        _together(self.place)

    def _mine(self) -> Iterator[tuple[int, list[tuple[int, Record | Bad]]]]:
        stream, done, group = self.records.take(self.limit), set(), -1
        for number in itertools.count():
            records = list(itertools.islice(stream, self.batch))
            if not records:
                return
            self.batches = number + 1
            if number // GROUP != group:
                group = number // GROUP
                done = {line["batch"] for line in self._lines(group)}
            if number % self.place.world == self.place.rank:
                if number in done:
                    self.resumed += len(records)
                    self.step(len(records))
                else:
                    yield number, records

    def _do(self, number: int, prepared: list) -> None:
        results = [(index, future.result()) for index, future in prepared]
        for _, result in results:
            if isinstance(result, Bad):
                self.tell(str(result))
                if self.strict:
                    raise StrictError(f"{result} (and --strict accepts no bad record)")
        good = [(index, result) for index, result in results if isinstance(result, Ready)]
        rows = [row.pack() for row in self._see(good)] if good else []
        bad = [[index, result.name, result.reason] for index, result in results if isinstance(result, Bad)]
        with _whole_lines(self.parts / f"{number // GROUP:05d}.{self.place.rank}.jsonl") as file:
            file.write(json.dumps({"batch": number, "rows": rows, "bad": bad}) + "\n")
        self.step(len(results))

    def _see(self, ready: list[tuple[int, Ready]]) -> Iterator[Row]:
        images = {size: np.stack([r.views[size].image for _, r in ready]) for size in self.eyes.sizes}
        seen = self.eyes.see(images)
        for k, (index, r) in enumerate(ready):
            found = {}
            for look in self.eyes.looks:
                points = r.views[look.size].to_photo(seen[look.key][k])
                found[look.key] = _in_set(points, self.eyes.subjects[look.network].joints, self.records.joints)
            for peer in self.peers:
                found[peer.name] = peer.find(r.record)
            yield Row.of(index, r.record, found)

    # -- the lines ------------------------------------------------------------------------------------------------

    def _lines(self, group: int) -> Iterator[dict[str, Any]]:
        """The finished batches of a group; a line that a killed process left unfinished is no batch."""
        for file in sorted(self.parts.glob(f"{group:05d}.*.jsonl")):
            with file.open(encoding="utf-8") as f:
                for line in f:
                    if line.endswith("\n"):
                        yield json.loads(line)

    def collect(self) -> Iterator[tuple[list[Row], list[Bad]]]:
        """On rank 0 (good rows, bad records) of each group in the order of the records; elsewhere nothing.

        Every process must exhaust it.
        """
        for group in range(-(-self.batches // GROUP)):
            mine = {
                line["batch"]: line
                for line in self._lines(group)
                if line["batch"] % self.place.world == self.place.rank
            }
            gathered: list[dict[int, dict]] | None = [mine]
            if self.place.world > 1:
                gathered = [{}] * self.place.world if self.place.first else None
                dist.gather_object(mine, gathered)
            if gathered is None:
                continue
            lines = dict(sorted((number, line) for part in gathered for number, line in part.items()))
            rows = [Row.unpack(row) for line in lines.values() for row in line["rows"]]
            yield rows, [Bad(name, reason) for line in lines.values() for _, name, reason in line["bad"]]

    def finish(self) -> None:
        """The parts have served: what is left are the results."""
        _together(self.place)
        if int(os.environ.get("LOCAL_RANK", 0)) == 0:
            shutil.rmtree(self.parts, ignore_errors=True)


def _in_set(points: np.ndarray, of: JointSet, wanted: JointSet) -> np.ndarray:
    """A network's joints in the order of the set's, nan for those that it does not know."""
    if of is wanted:
        return points
    result = np.full((len(wanted), 3), np.nan, np.float32)
    for _, a, b in shared(wanted, of):
        result[a] = points[b]
    return result


@contextmanager
def _whole_lines(file: Path) -> Iterator[Any]:
    """A file to append lines to, without what a killed process left of its last one."""
    with file.open("a+b") as f:
        size = f.seek(0, os.SEEK_END)
        if size:
            f.seek(size - 1)
            if f.read(1) != b"\n":
                f.seek(0)
                f.truncate(f.read().rfind(b"\n") + 1)
    with file.open("a", encoding="utf-8") as f:
        yield f
