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
import os
import shutil
import time
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
from ..decode import decode, flip_merge, to_input
from ..joints import JointSet, shared
from ..networks import zoo
from ..networks.model import normalise
from .labels import Labels
from .people import StudyError
from .variants import Network, Variant, heatmaps

#: Batches whose pictures are read while a GPU computes. A CPU takes turns: a forward pass waits for the slowest of its
#: threads, so that pictures read beside it cost several times what they cost by themselves.
_AHEAD = {"cuda": 2, "cpu": 0}
#: Pixels in one forward pass on a CPU: more than sixteen photos of 128x128 leave its caches, and were slower.
_CPU_PIXELS = 16 * 128 * 128
Size = tuple[int, int]
Cut = tuple[Size, str]  # input size and cells, see Crop.around


# --- processes -------------------------------------------------------------------------------------------------------


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
        if self.world == 1:
            return [value]
        values = [None] * self.world if self.first else None
        dist.gather_object(value, values)
        return values or []

    def wait(self) -> None:
        if self.world > 1:
            dist.barrier()


@contextmanager
def processes() -> Iterator[Place]:
    """Joins the other processes where torchrun started this one, and leaves them at the end."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world == 1 or dist.is_initialized():
        yield Place(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else Place()
        return
    # Only Python objects travel, whatever computes: gloo serves GPU machines as well. One process may have far
    # slower photos than another, so that the usual half hour of patience is not enough.
    dist.init_process_group("gloo", timeout=timedelta(days=7))
    try:
        yield Place(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


# --- what is found ---------------------------------------------------------------------------------------------------


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
        self.folder = folder
        if fresh and int(os.environ.get("LOCAL_RANK", 0)) == 0:
            shutil.rmtree(folder, ignore_errors=True)
        place.wait()
        folder.mkdir(parents=True, exist_ok=True)
        file, text = folder / "run.json", json.dumps(fingerprint, sort_keys=True)
        if not file.exists():
            mine = file.with_suffix(f".{place.rank}")
            mine.write_text(text)
            mine.replace(file)
        before, now = json.loads(file.read_text()), json.loads(text)
        if before != now:
            differs = ", ".join(sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k)))
            raise StudyError("study.another", folder=folder, what=differs)

    def __getitem__(self, batch: int) -> Found | None:
        """A batch that is finished, None for one that is not."""
        try:
            with np.load(self.folder / f"{batch:06d}.npz", allow_pickle=False) as part:
                return Found(part["rows"], part["points"], part["bad"], part["reasons"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def __setitem__(self, batch: int, found: Found) -> None:
        part = self.folder / f"{batch:06d}.{os.getpid()}"
        with part.open("wb") as file:
            np.savez(file, **vars(found))
        part.replace(self.folder / f"{batch:06d}.npz")

    def remove(self) -> None:
        """They have served: what is left are the results."""
        if int(os.environ.get("LOCAL_RANK", 0)) == 0:
            shutil.rmtree(self.folder, ignore_errors=True)


class Predictor:
    """Networks and variants, ready for the rows of a set.

    report -- gets each bad record's line; step -- how many records were done since the last call
    seconds, resumed -- what the forward passes alone took so far; how many records were found done
    """

    def __init__(
        self,
        labels: Labels,
        networks: tuple[Network, ...],
        variants: tuple[Variant, ...],
        decoder: str = "argmax",
        flip: bool = False,
        report: Callable[[str], None] = lambda line: None,
        step: Callable[[int], None] = lambda records: None,
        strict: bool = False,
    ):
        self.labels, self.networks, self.variants = labels, {n.name: n for n in networks}, variants
        self.decoder, self.flip, self.report, self.step, self.strict = decoder, flip, report, step, strict
        self.seconds, self.resumed = 0.0, 0
        self.cuts = sorted({self._cut(v.network, v.size) for v in variants})
        self.passes: dict[tuple[str, Size, str], list[int]] = {}
        for k, v in enumerate(variants):
            self.passes.setdefault((v.network, v.size, v.upsampling), []).append(k)
        # The CPU where there is no network: predictions from elsewhere alone.
        self.device = next((next(n.net.parameters()).device for n in networks), torch.device("cpu"))

    def run(self, parts: Parts, place: Place, batch: int, limit: int | None = None) -> Found | None:
        """All rows; None on every process but the first."""
        count = min(len(self.labels.people), limit or len(self.labels.people))
        mine = [n for n in range(-(-count // batch)) if n % place.world == place.rank]
        rows = {n: range(n * batch, min((n + 1) * batch, count)) for n in mine}
        done = {n: part for n in mine if (part := parts[n]) is not None}
        self.resumed = sum(len(rows[n]) for n in done)
        self.step(self.resumed)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            try:
                for n, reading in self._reading(pool, {n: rows[n] for n in mine if n not in done}):
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

    def _cut(self, network: str, size: Size) -> Cut:
        return size, self.networks[network].cells if network in self.networks else "centre"

    def read(self, row: int) -> dict[Cut, View] | str:
        """A row's photo as the networks see it, by input size and cells; or why it cannot be used."""
        cut = _crop if self.labels.kind == "crops" else _person
        try:
            photo = self.labels.picture(row)
            return {of: cut(photo, self.labels.people.box[row], *of) for of in self.cuts}
        except (OSError, ValueError) as problem:
            return str(problem).replace("\n", " ")

    def _batch(self, rows: range, views: list[dict[Cut, View] | str]) -> Found:
        bad = {row: view for row, view in zip(rows, views, strict=True) if isinstance(view, str)}
        for row, reason in bad.items():
            self.report(line := f"{self.labels.people.name[row]}: {reason}")
            if self.strict:
                raise StudyError("study.strict", line=line)
        good = {row: view for row, view in zip(rows, views, strict=True) if not isinstance(view, str)}
        points = np.full((len(self.variants), len(good), len(self.labels.joints), 3), np.nan, np.float32)
        if good:
            for k, found in self._points(list(good.values())):
                points[k] = found
        self.step(len(rows))
        return Found(np.array(list(good), int), points, np.array(list(bad), int), np.array(list(bad.values()), str))

    @torch.inference_mode()
    def _points(self, views: list[dict[Cut, View]]) -> Iterator[tuple[int, np.ndarray]]:
        """(place of the variant, (n, J, 3) in pixels of the photos and joints of the labels)."""
        for (name, size, stop), which in self.passes.items():
            of, seen = self.networks[name], [view[self._cut(name, size)] for view in views]
            x = torch.from_numpy(np.stack([v.image for v in seen])).to(self.device, non_blocking=True)
            x = normalise(x.permute(0, 3, 1, 2).float() / 255, of.normalisation)
            maps = self._maps(of, x.contiguous(memory_format=torch.channels_last), stop, which)
            scale = np.array([v.scale for v in seen], np.float32)[:, None, None]
            offset = np.array([v.offset for v in seen])[:, None]
            for k in which:
                at, scores = decode(maps[self.variants[k].level], self.decoder)
                at = to_input(at, size[0] // maps[self.variants[k].level].shape[2], of.cells).float().cpu().numpy()
                found = np.concatenate([at * scale + offset, scores.float().cpu().numpy()[..., None]], axis=2)
                yield k, _in_set(found.astype(np.float32), of.joints, self.labels.joints)

    def _maps(self, of: Network, x: Tensor, stop: str, which: list[int]) -> dict[str, Tensor]:
        levels = [self.variants[k].level for k in which]
        zoo.wait(x.device)
        start = time.perf_counter()
        maps = _in_pieces(of.net, x, stop, levels)
        if self.flip:
            mirrored = _in_pieces(of.net, x.flip(-1), stop, levels)
            shift = of.cells == "corner"
            maps = {level: flip_merge(m, mirrored[level], of.joints.flip, shift) for level, m in maps.items()}
        zoo.wait(x.device)
        self.seconds += time.perf_counter() - start
        return maps


def _in_pieces(net: torch.nn.Module, x: Tensor, stop: str, levels: list[str]) -> dict[str, Tensor]:
    """`heatmaps` of a batch, on a CPU a few photos at a time."""
    count = len(x) if x.device.type != "cpu" else max(1, _CPU_PIXELS // (x.shape[2] * x.shape[3]))
    parts = [heatmaps(net, part, stop, levels) for part in x.split(count)]
    return {level: torch.cat([part[level] for part in parts]) for level in levels}


def _in_set(points: np.ndarray, of: JointSet, wanted: JointSet) -> np.ndarray:
    """(n, J, 3) of a network in the order of the set's joints, nan for those that it does not know."""
    result = np.full((len(points), len(wanted), 3), np.nan, np.float32)
    for _, a, b in shared(wanted, of):
        result[:, a] = points[:, b]
    return result


# --- a photo as networks see it --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """image -- (h, w, 3) uint8; photo = input * scale + offset, pixel centres at whole numbers on both sides."""

    image: np.ndarray
    scale: float
    offset: np.ndarray


def _person(photo: np.ndarray, box: np.ndarray, size: Size, cells: str) -> View:
    """As compare() does it: the box, padded as in training, out of the photo. Without a box the photo as it is."""
    known = not np.isnan(box[0])
    inside = check_box(box, photo.shape) if known else whole(photo.shape)
    crop = Crop.around(inside, size, 1.25 if known else 1.0, cells)
    corner, step = crop.to_photo(np.array([[0.0, 0.0], [1.0, 1.0]]))
    return View(crop.warp(photo), float(step[0] - corner[0]), corner)


def _crop(photo: np.ndarray, box: np.ndarray, size: Size, cells: str) -> View:
    """As training.data.load does it, to the bit: the square crop, resized by Pillow, in the middle of the input."""
    from PIL import Image

    height, width = size
    side = min(size)
    left, top = (width - side) // 2, (height - side) // 2
    image = np.zeros((height, width, 3), np.uint8)
    resized = Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR)
    image[top : top + side, left : left + side] = resized
    scale = photo.shape[0] / side
    return View(image, scale, (0.5 - np.array([left, top])) * scale - 0.5)
