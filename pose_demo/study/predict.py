"""Many photos through the networks, by any number of processes, with nothing lost when one is killed.

Rows of the labels are dealt out in batches: batch b, rows b * size to (b + 1) * size - 1, belongs to process b modulo
their number. (Not row by row: a network's last digits depend on what else is in a batch, and figures must not depend
on the number of processes.) Photos are streamed; what is found is kept in memory, and each finished batch also as
OUT/parts/BATCH.npz, written whole or not at all. A process that begins takes those of its batches that are there,
whoever wrote them, and does what is missing. At the end rank 0 has the batches of all.

Start several with `torchrun --nproc_per_node N -m pose_demo study ...`. Machines that share OUT share what a killed
run has left; without a shared folder each resumes its own part.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from ..crop import Crop, check_box, whole
from ..joints import JointSet, shared
from ..locales import Said, UserError
from ..networks import model
from ..networks.base import PoseNetwork
from ..writing import writing
from .labels import Labels
from .people import StudyError
from .variants import Size, Variant, answers

#: Batches whose pictures are read while a GPU computes. A CPU takes turns: a forward pass waits for the slowest of its
#: threads, so that pictures read beside it cost several times what they cost by themselves.
_AHEAD = {"cuda": 2, "cpu": 0}
#: Pixels in one forward pass on a CPU: more than sixteen photos of 128x128 leave its caches, and were slower.
_CPU_PIXELS = 16 * 128 * 128
Cut = tuple[Size, str]  # input size and cells, see Crop.around
#: (h, w, 3) uint8, scale, (x, y) offset: photo = input * scale + offset, pixel centres at whole numbers on both sides.
View = tuple[np.ndarray, float, np.ndarray]


# --- processes and parts ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """This process among the others."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def agree(self, value: Any) -> Any:
        """What the first process has for `value`, on every process."""
        values = [value]
        if self.world > 1:
            dist.broadcast_object_list(values, 0)
        return values[0]

    def gather(self, value: Any) -> list[Any]:
        """Every process's `value` on the first process; elsewhere nothing."""
        values = [value] * self.world if self.first else None
        if self.world > 1:
            dist.gather_object(value, values)
        return values or []


@contextmanager
def processes() -> Iterator[Place]:
    """Joins the other processes where torchrun started this one, and leaves them at the end."""
    joined = dist.is_available() and dist.is_initialized()
    if joined or int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield Place(dist.get_rank(), dist.get_world_size()) if joined else Place()
        return
    # Only Python objects travel, whatever computes: gloo serves GPU machines as well. One process may have far
    # slower photos than another, so that the usual half hour of patience is not enough.
    dist.init_process_group("gloo", timeout=timedelta(days=7))
    try:
        yield Place(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True)
class Found:
    """What was made of some rows of the labels.

    rows   -- (n,) those whose photo could be used; points -- (V, n, J, 3) float32 x, y in pixels of the photo, score,
              for each variant, in the joints of the labels; nan for a joint that the network does not know
    bad    -- (m,) the other rows; reasons -- (m,) text
    """

    rows: np.ndarray
    points: np.ndarray
    bad: np.ndarray
    reasons: np.ndarray

    @classmethod
    def together(cls, parts: list[Found]) -> Found:
        parts = sorted(parts, key=lambda part: min([*part.rows, *part.bad]))
        rows, bad, reasons = (np.concatenate([getattr(p, f) for p in parts]) for f in ("rows", "bad", "reasons"))
        return cls(rows, np.concatenate([p.points for p in parts], axis=1), bad, reasons)


class Parts:
    """The finished batches of a study, as files. fingerprint -- all that shapes them; others are not gone on with."""

    def __init__(self, folder: Path, fingerprint: dict[str, Any], place: Place, fresh: bool = False):
        self.folder, self.first = folder, int(os.environ.get("LOCAL_RANK", 0)) == 0
        if fresh:
            self.remove()
        place.agree(None)  # nobody begins before that is done
        folder.mkdir(parents=True, exist_ok=True)
        file, now = folder / "run.json", json.loads(json.dumps(fingerprint))
        if not file.exists():
            with writing(file, "w", f".{place.rank}") as out:
                out.write(json.dumps(now))
        before = json.loads(file.read_text())
        if differs := sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k)):
            raise StudyError("study.another", folder=folder, what=", ".join(differs))

    def __getitem__(self, batch: int) -> Found | None:
        """A batch that is finished, None for one that is not."""
        try:
            with np.load(self.folder / f"{batch:06d}.npz", allow_pickle=False) as part:
                return Found(part["rows"], part["points"], part["bad"], part["reasons"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def __setitem__(self, batch: int, found: Found) -> None:
        with writing(self.folder / f"{batch:06d}.npz", who=f".{os.getpid()}") as file:
            np.savez(file, **vars(found))

    def remove(self) -> None:
        """They have served: what is left are the results."""
        if self.first:
            shutil.rmtree(self.folder, ignore_errors=True)


# --- predictions -----------------------------------------------------------------------------------------------------


@dataclass
class Predictor:
    """Networks and variants, ready for the rows of a set.

    networks -- {name: network with its card}
    report -- gets each bad record's line; step -- how many records were done since the last call
    seconds, resumed -- what the forward passes alone took so far; how many records were found done
    note -- what is to be said where the device's memory was too small
    """

    labels: Labels
    networks: dict[str, PoseNetwork]
    variants: tuple[Variant, ...]
    decoder: str = "argmax"
    flip: bool = False
    report: Callable[[str], None] = lambda line: None
    step: Callable[[int], object] = lambda records: None
    strict: bool = False
    seconds: float = 0.0
    resumed: int = 0
    note: Said | None = None

    def __post_init__(self) -> None:
        self.cuts = sorted({(v.size, self.cells(v.network)) for v in self.variants})
        self.passes: dict[tuple[str, Size, str, str], list[int]] = {}
        for k, v in enumerate(self.variants):
            self.passes.setdefault((v.network, v.size, v.upsampling, v.cut), []).append(k)
        # The CPU where there is no network: predictions from elsewhere alone.
        self.device = next((next(net.parameters()).device for net in self.networks.values()), torch.device("cpu"))

    def run(self, parts: Parts, place: Place, batch: int, limit: int | None = None) -> Found | None:
        """All rows; None on every process but the first."""
        count = min(len(self.labels.people), limit or len(self.labels.people))
        rows = {n: range(n * batch, min((n + 1) * batch, count))
                for n in range(place.rank, -(-count // batch), place.world)}  # fmt: skip
        done = {n: part for n in rows if (part := parts[n]) is not None}
        self.resumed = sum(len(rows[n]) for n in done)
        self.step(self.resumed)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            try:
                for n, reading in self._reading(pool, {n: mine for n, mine in rows.items() if n not in done}):
                    parts[n] = done[n] = self._batch(rows[n], [future.result() for future in reading])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        gathered = place.gather(list(done.values()))
        return Found.together([part for some in gathered for part in some]) if place.first else None

    def _reading(self, pool: ThreadPoolExecutor, batches: dict[int, range]) -> Iterator[tuple[int, list[Future]]]:
        """(batch, its pictures as they are being read), a few batches ahead of the one that is asked for."""
        waiting: deque[tuple[int, list[Future]]] = deque()
        for n, rows in batches.items():
            waiting.append((n, [pool.submit(self.read, row) for row in rows]))
            if len(waiting) > _AHEAD.get(self.device.type, 2):
                yield waiting.popleft()
        yield from waiting

    def cells(self, network: str) -> str:
        return model.card_of(self.networks[network]).cells

    def read(self, row: int) -> dict[Cut, View] | str:
        """A row's photo as the networks see it, by input size and cells; or why it cannot be used. Of what should not
        have happened the trace goes to the log."""
        cut = _crop if self.labels.kind == "crops" else _person
        try:
            photo = self.labels.picture(row)
            return {of: cut(photo, self.labels.people.box[row], *of) for of in self.cuts}
        except (OSError, UserError) as problem:
            return str(problem).replace("\n", " ")
        except Exception as problem:
            name = self.labels.people.name[row]
            logging.getLogger(__name__).exception("%s failed", name)
            return str(StudyError("many.fault", name=name, kind=type(problem).__name__))

    def _batch(self, rows: range, views: list[dict[Cut, View] | str]) -> Found:
        bad = {row: view for row, view in zip(rows, views, strict=True) if isinstance(view, str)}
        good = {row: view for row, view in zip(rows, views, strict=True) if not isinstance(view, str)}
        for row, reason in bad.items():
            self.report(line := f"{self.labels.people.name[row]}: {reason}")
            if self.strict:
                raise StudyError("study.strict", line=line)
        points = np.full((len(self.variants), len(good), len(self.labels.joints), 3), np.nan, np.float32)
        for (name, size, stop, cut), which in self.passes.items() if good else ():
            net = self.networks[name]
            images, scale, offset = zip(*(view[size, self.cells(name)] for view in good.values()), strict=True)
            found = self._points(net, np.stack(images), stop, [self.variants[k].level for k in which], cut)
            for k, (at, scores) in zip(which, found, strict=True):
                at = at * np.array(scale, np.float32)[:, None, None] + np.array(offset)[:, None]
                points[k] = _in_set(np.dstack([at, scores]), model.card_of(net).joints, self.labels.joints)
        self.step(len(rows))
        return Found(np.array(list(good), int), points, np.array(list(bad), int), np.array(list(bad.values()), str))

    def _points(
        self, net: PoseNetwork, images: np.ndarray, stop: str, levels: list[str], cut: str
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Joints (n, J, 2) in pixels of the input, infinitely far where there is no answer, and scores (n, J), for
        each level.
        """
        height, width = images.shape[1:3]
        pieces = len(images) if self.device.type != "cpu" else max(1, _CPU_PIXELS // (height * width))

        def run(net: PoseNetwork, x: Tensor) -> list[Tensor]:
            """On a CPU a few photos at a time."""
            x = x.contiguous(memory_format=torch.channels_last)
            parts = [answers(net, part, stop, levels, cut) for part in x.split(pieces)]
            return [torch.cat(some) for some in zip(*parts, strict=True)]

        answer = model.see(net, images, stop, decoder=self.decoder, flip=self.flip, run=run)
        self.seconds, self.note = self.seconds + answer.seconds, answer.note or self.note
        found = [model.joints(maps, model.card_of(net), height, self.decoder) for maps in answer.heatmaps]
        return [
            (at.float().nan_to_num(nan=torch.inf).cpu().numpy(), scores.float().cpu().numpy()) for at, scores in found
        ]


def _in_set(points: np.ndarray, of: JointSet, wanted: JointSet) -> np.ndarray:
    """(n, J, 3) of a network in the order of the set's joints, nan for those that it does not know."""
    result = np.full((len(points), len(wanted), 3), np.nan, np.float32)
    for _, a, b in shared(wanted, of):
        result[:, a] = points[:, b]
    return result


def _person(photo: np.ndarray, box: np.ndarray, size: Size, cells: str) -> View:
    """As compare() does it: the box, padded as in training, out of the photo. Without a box the photo as it is."""
    known = not np.isnan(box[0])
    inside = check_box(box.tolist(), photo.shape) if known else whole(photo.shape)
    crop = Crop.around(inside, size, 1.25 if known else 1.0, cells)
    return crop.warp(photo), crop.scale, crop.to_photo(np.zeros(2))


def _crop(photo: np.ndarray, box: np.ndarray, size: Size, cells: str) -> View:
    """As training.data.load does it, to the bit: the square crop, resized by Pillow, in the middle of the input."""
    from PIL import Image

    height, width = size
    side = min(size)
    left, top = (width - side) // 2, (height - side) // 2
    image = np.zeros((height, width, 3), np.uint8)
    resized = Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR)
    image[top : top + side, left : left + side] = np.asarray(resized)
    scale = photo.shape[0] / side
    return image, scale, (0.5 - np.array([left, top])) * scale - 0.5
