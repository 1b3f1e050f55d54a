"""A video through two networks: people followed from frame to frame, both skeletons side by side in a new video.

Frames pass through, batch after batch; what is kept of them are the joints, on the disk. So memory does not grow with
the video's length.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch

from .. import comparison, weights
from ..crop import Box, Crop, check_box
from ..draw.film import Board
from ..locales import Said, UserError
from ..networks import model, zoo
from ..networks import upsampling as up
from ..networks.base import PoseNetwork
from ..networks.card import Card
from ..networks.patch import patched
from ..networks.trace import Trace
from ..networks.upsampling import Request
from . import records
from .euro import OneEuro
from .film import Film, Writer, ahead
from .follow import Follower

#: Frames that a network sees in one pass; so many lie in memory at once, and a few that are decoded ahead.
BATCH = 4
VIDEO, JSON, CSV = "skeletons.mp4", "joints.json", "joints.csv"

T = TypeVar("T")
#: What runs a batch's passes: at once, or when their turn has come.
Turn = Callable[[Callable[[], T]], T]


def at_once(job: Callable[[], T]) -> T:
    return job()


class Far(NamedTuple):
    """How far it is. share -- of the file, 0 to 1; left -- about so many seconds more, None: not known yet"""

    share: float
    frames: int
    seconds: float
    left: float | None


@dataclass(frozen=True)
class Seen:
    """What the networks make of one frame.

    pixels -- (H, W, 3) uint8 RGB, upright; time -- seconds from the first frame
    people -- numbers from 1 that stay a person's own; boxes -- x0, y0, x1, y1 of each
    joints, scores -- of each network (P, J, 2) in pixels of the frame and (P, J)
    """

    frame: int
    time: Fraction
    share: float
    pixels: np.ndarray
    people: list[int]
    boxes: list[Box]
    joints: list[np.ndarray]
    scores: list[np.ndarray]


@dataclass
class Side:
    """One network, and how it is asked: `how` as model.look takes it. trace -- of the people whom it last saw,
    the first model.TOGETHER of them, if asked for; note -- what is to be said where memory was too small"""

    net: PoseNetwork
    request: Request
    how: dict[str, Any] = field(default_factory=dict)
    trace: Trace | None = None
    note: Said | None = None

    @property
    def card(self) -> Card:
        return model.card_of(self.net)

    def look(
        self, photos: Sequence[np.ndarray], boxes: Sequence[Box], warp: model.Warp
    ) -> tuple[np.ndarray, np.ndarray]:
        """Joints (N, J, 2) and scores (N, J) of a box in each photo."""
        self.trace = None
        if not boxes:
            return np.zeros((0, len(self.card.joints), 2), np.float32), np.zeros((0, len(self.card.joints)), np.float32)
        seen = model.looks(self.net, photos, boxes, self.request, **self.how, warp=warp)
        self.trace = seen[0].answer.trace
        self.note = next((part.answer.note for part in seen if part.answer.note), self.note)
        return np.concatenate([part.joints for part in seen]), np.concatenate([part.scores for part in seen])


class Lens:
    """Two networks that look at frames one after the other, and who is followed in them.

    leader, follows -- the network whose joints become the next frame's boxes, and its card
    """

    def __init__(self, networks: Any, upsampling: Any, device: str | None, box: Box | None = None, *,
                 finder: str | None = None, **how: Any):  # fmt: skip
        where = str(device or zoo.device())
        self.sides = [Side(net, request, asked) for net, request, asked in _asked(networks, upsampling, where, how)]
        leader = zoo.shared(weights.default_pair()[0], where)

        def find(photo: np.ndarray) -> list[Box]:
            return [one.box for one in comparison.find(photo, where, finder)[0]]

        self.leader = Side(leader, None, {"decoder": how.get("decoder", "argmax")})
        self.follows, self.device = self.leader.card, comparison.device_name(torch.device(where))
        self.follower = Follower(find, box)
        self._same = next((k for k, side in enumerate(self.sides) if self._as_leader(side)), None)
        self.leader = self.leader if self._same is None else self.sides[self._same]

    def _as_leader(self, side: Side) -> bool:
        """Whether this side's answer is the one that is followed: it need not be asked twice."""
        net = side.net
        plans = [up.plan(request, net.places, net.trained_upsampling) for request in (side.request, None)]
        plain = not side.how.get("flip") and not side.how.get("silence")
        return net is self.leader.net and plain and plans[0] == plans[1]

    def look(self, photos: Sequence[np.ndarray], times: Sequence[float]) -> list[dict[str, Any]]:
        """One after the other the followed network, then all frames at once the others: people, boxes, joints and
        scores of each frame, as Seen has them."""
        found, led, warp = [], [], _each_once()
        for photo, when in zip(photos, times, strict=True):
            there = self.follower.look(photo, when)
            numbers, boxes = [one.number for one in there], [one.box for one in there]
            led.append(self.leader.look([photo] * len(boxes), boxes, warp))
            self.follower.seen(led[-1][0], led[-1][1], photo.shape)
            found.append({"people": numbers, "boxes": boxes, "joints": [], "scores": []})
        shown = [photo for photo, one in zip(photos, found, strict=True) for _ in one["boxes"]]
        boxes = [box for one in found for box in one["boxes"]]
        for k, side in enumerate(self.sides):
            if k == self._same:
                answers = led
            else:
                joints, scores = side.look(shown, boxes, warp)
                cuts = np.cumsum([len(one["boxes"]) for one in found])[:-1]
                answers = list(zip(np.split(joints, cuts), np.split(scores, cuts), strict=True))
            for one, (joints, scores) in zip(found, answers, strict=True):
                one["joints"].append(joints)
                one["scores"].append(scores)
        return found


def _each_once() -> model.Warp:
    """A warp for photos that stay as they are: networks that look at the same part of one share what is cut out."""
    known: dict[tuple[int, Crop], np.ndarray] = {}

    def warp(crop: Crop, photo: np.ndarray) -> np.ndarray:
        if (id(photo), crop) not in known:
            known[id(photo), crop] = crop.warp(photo)
        return known[id(photo), crop]

    return warp


def _asked(networks: Any, upsampling: Any, where: str, how: dict[str, Any]) -> list[tuple[PoseNetwork, Request, dict]]:
    nets = [zoo.posing(zoo.shared(each, where)) for each in (networks or weights.default_pair())]
    each = zip(nets, comparison.requests_of(upsampling, nets), comparison.placed(how.get("silence"), nets), strict=True)
    return [(net, request, {**how, "silence": patched(cut, net, request)}) for net, request, cut in each]


def look_through(
    film: Film, lens: Lens, sound: Callable[[Any], None] | None = None, turn: Turn = at_once
) -> Generator[Seen]:
    """What the networks make of every frame, in order. sound -- gets the packets of sound that lie between them."""
    batch, count = [], 0
    with closing(ahead(film.read())) as items:
        for item in items:
            if isinstance(item, tuple):
                batch.append(item)
            elif sound:
                sound(item)
            if len(batch) == BATCH:
                yield from _seen(lens, batch, count, turn)
                count, batch = count + len(batch), []
        if batch:
            yield from _seen(lens, batch, count, turn)


def _seen(lens: Lens, batch: list[Any], count: int, turn: Turn) -> Iterator[Seen]:
    found = turn(lambda: lens.look([frame.pixels for frame in batch], [float(frame.time) for frame in batch]))
    for k, (frame, one) in enumerate(zip(batch, found, strict=True), start=count):
        yield Seen(k, frame.time, frame.share, frame.pixels, **one)


@dataclass(frozen=True)
class VideoComparison:
    """A video's results, as they lie in `folder`: skeletons.mp4, joints.json, joints.csv and joints.npy.

    cards -- of the networks; about -- plain data on the video and how it was looked at
    """

    folder: Path
    cards: tuple[Card, ...]
    about: dict[str, Any]

    @property
    def rows(self) -> np.ndarray:
        """A row for each person in each frame (moving/records.py), read from the disk."""
        return records.load(self.folder)

    @property
    def people(self) -> dict[int, int]:
        """{person: frames}, who is in most first."""
        return records.people(self.rows)

    def path(self, joint: str, person: int = 1, smooth: bool = False) -> list[np.ndarray | None]:
        """Of each network (T, 3): time, x, y of a joint; None where it knows no such joint."""
        known = [card.joints.joints for card in self.cards]
        return [
            records.path(self.rows, person, k, names.index(joint), smooth) if joint in names else None
            for k, names in enumerate(known)
        ]

    def jitter(self, person: int = 1, smooth: bool = False) -> list[dict[str, float]]:
        """Of each network {joint: pixels}, see records.jitter."""
        return [
            dict(zip(card.joints.joints, map(float, records.jitter(self.rows, person, k, smooth)), strict=True))
            for k, card in enumerate(self.cards)
        ]


def compare_video(
    video: str | os.PathLike[str],
    out: str | os.PathLike[str],
    box: Sequence[float] | None = None,
    networks: Any = None,
    upsampling: Any = "nearest",
    *,
    smooth: bool = False,
    threshold: float = 0.1,
    frames: int | None = None,
    device: str | None = None,
    progress: Callable[[Far], None] | None = None,
    turn: Turn = at_once,
    **how: Any,
) -> VideoComparison:
    """A video through two networks.

    video  -- a file, at most 200 MB; out -- a folder for the results
    box    -- the person to follow, in pixels of the first frame; None: people are looked for
    smooth -- draw joints smoothed by the One Euro filter; what is kept and counted has them as they are, too
    frames -- at most so many, from 1; progress -- called after every frame: what it raises ends it, and no file stays
    turn   -- runs each batch's passes; networks, upsampling, decoder, flip, finder, ... -- as `compare` takes them

    Raises VideoError for a file that cannot be used. What cannot be decoded within one is left out and counted.
    """
    folder, began = Path(out), time.perf_counter()
    if frames is not None and frames < 1:
        raise UserError("video.frames", given=frames)
    with Film(video) as film:
        lens = Lens(networks, upsampling, device, None if box is None else check_box(box, film.size), **how)
        cards = tuple(side.card for side in lens.sides)
        board = Board(film.size, cards, threshold, smooth)
        folder.mkdir(parents=True, exist_ok=True)
        recorder = records.Recorder(folder, [len(card.joints) for card in cards], smooth)
        stale = [folder / name for name in (JSON, records.ROWS, CSV)]
        count, last = 0, Fraction(0)
        with ExitStack() as ending:
            ending.callback(recorder.drop)
            with Writer(folder / VIDEO, board.size, film, stale) as writer:
                every = ending.enter_context(closing(look_through(film, lens, writer.sound, turn)))
                for seen in _kept(islice(every, frames), board, writer, recorder, smooth):
                    count, last = count + 1, seen.time
                    if progress:
                        progress(_far(seen, time.perf_counter() - began, frames))
            recorder.close()
        about = _about(film, lens, count, last) | {
            "smooth": smooth, "upsampling": upsampling, "decoder": how.get("decoder", "argmax"),
            "flip_test": bool(how.get("flip")), "seconds": round(time.perf_counter() - began, 2),
        }  # fmt: skip
    return _written(VideoComparison(folder, cards, about))


def _kept(
    every: Iterator[Seen], board: Board, writer: Writer, recorder: records.Recorder, smooth: bool
) -> Iterator[Seen]:
    """The same frames, each once it is drawn and its joints are written."""
    filters: dict[tuple[int, int], OneEuro] = {}
    for seen in every:
        drawn = _smoothed(seen, filters) if smooth else seen.joints
        writer.frame(board.frame(seen.pixels, seen.people, drawn, seen.scores), seen.time)
        recorder.add(seen.frame, seen.time, _rows(seen, drawn, smooth))
        yield seen


def _about(film: Film, lens: Lens, frames: int, last: Fraction) -> dict[str, Any]:
    """The video, the networks, and who was followed by whose joints."""
    cards = [side.card for side in lens.sides]
    return {
        "video": {"name": film.name, "height": film.size[0], "width": film.size[1], "frames": frames,
                  "seconds": round(float(last + 1 / film.rate), 4), "rate": round(float(film.rate), 4),
                  "damaged": film.damaged, "sound": film.sound, "sound_copied": film.copied},
        "networks": [{"network": card.name, "title": card.title, "status": card.status,
                      "assumed": list(card.assumed), "keypoints": list(card.joints.joints),
                      "silence": comparison.silenced(side.how["silence"])}
                     for card, side in zip(cards, lens.sides, strict=True)],
        "follows": lens.follows.title, "searches": lens.follower.searches, "device": lens.device,
        "memory": next((side.note for side in (*lens.sides, lens.leader) if side.note), None),
    }  # fmt: skip


def _written(result: VideoComparison) -> VideoComparison:
    rows, sets, names = result.rows, [card.joints for card in result.cards], [card.name for card in result.cards]
    records.write_csv(result.folder / CSV, names, sets, rows)
    records.write_json(result.folder / JSON, result.about, sets, rows)  # last: where it lies, all four are of one run
    return result


def _smoothed(seen: Seen, filters: dict[tuple[int, int], OneEuro]) -> list[np.ndarray]:
    """Every person's joints in every network through the filter that is theirs."""
    drawn = []
    for k, joints in enumerate(seen.joints):
        mine = joints.copy()
        for p, (number, box) in enumerate(zip(seen.people, seen.boxes, strict=True)):
            euro = filters.setdefault((k, number), OneEuro())
            mine[p] = euro(joints[p], float(seen.time), max(box[2] - box[0], box[3] - box[1]))
        drawn.append(mine)
    return drawn


def _rows(seen: Seen, drawn: list[np.ndarray], smooth: bool) -> list[tuple[int, Box, dict[str, Any]]]:
    rows = []
    for p, (number, box) in enumerate(zip(seen.people, seen.boxes, strict=True)):
        fields = {}
        for k, (joints, scores) in enumerate(zip(seen.joints, seen.scores, strict=True)):
            fields[f"joints{k}"] = np.column_stack([joints[p], scores[p]])
            if smooth:
                fields[f"smooth{k}"] = drawn[k][p]
        rows.append((number, box, fields))
    return rows


def _far(seen: Seen, seconds: float, frames: int | None) -> Far:
    share = max(seen.share, (seen.frame + 1) / frames) if frames else seen.share
    left = seconds * (1 - share) / share if share > 0 and seen.frame >= 2 * BATCH else None
    return Far(share, seen.frame + 1, seconds, left)


__all__ = ["Far", "Film", "Lens", "Seen", "UserError", "VideoComparison", "compare_video", "look_through"]
