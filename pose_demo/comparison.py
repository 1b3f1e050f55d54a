"""THE use case: one photo, two networks, one position of the slider -> a Comparison.

The page, the command line and `from pose_demo import compare` call this same function.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import nn

from . import __version__, person, weights
from .crop import Box, Crop, check_box, closeup, whole
from .joints import shared
from .locales import Said, UserError, said, tell
from .networks import detector, memory, model, zoo
from .networks.base import PoseNetwork
from .networks.card import Card
from .networks.patch import check, patched
from .networks.silence import Silence, SilenceError
from .networks.trace import Trace
from .networks.upsampling import Request
from .photo import read

_Asked = TypeVar("_Asked")
#: The same for all networks, or a list with one for each.
Each = _Asked | list[_Asked] | tuple[_Asked, ...]


class Other(NamedTuple):
    """Somebody else in the photo: their number, from 1, and what the network says of them, as in Pose."""

    person: int
    joints: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Pose:
    """What one network says of the photo.

    joints   -- (J, 2) float32 x, y in pixels of the photo, pixel centres at whole numbers; nan: no answer
    scores   -- (J,) float32, height of each heatmap's peak: about 0 to 1 for trained networks, not a probability;
                nan: no answer
    heatmaps -- one float32 (J, h, w) per supervision, the last the answer (after the flip test, if asked for)
    crop     -- where the network looked; image -- (H, W, 3) uint8, what it saw
    seconds  -- the forward pass alone (both passes of a flip test), on this machine
    trace    -- every map on the way, if asked for
    upsampling, silence -- how this network was asked: its stop of the slider, and what was cut
    note     -- what is to be said where the device's memory was too small for it, else None
    others   -- everybody else who was found, looked at many in a pass
    """

    card: Card
    joints: np.ndarray
    scores: np.ndarray
    heatmaps: list[np.ndarray]
    crop: Crop
    image: np.ndarray
    seconds: float
    trace: Trace | None = None
    upsampling: Request = None
    silence: Silence = field(default_factory=dict)
    note: Said | None = None
    others: tuple[Other, ...] = ()

    @property
    def network(self) -> str:
        return self.card.name

    @property
    def score(self) -> float:
        """Mean over the joints that have an answer; nan where none has."""
        answered = self.scores[np.isfinite(self.scores)]
        return float(answered.mean()) if answered.size else float("nan")

    @property
    def cell(self) -> float:
        """The side of the heatmaps' cells, in pixels of the photo."""
        return float(self.crop.scale) * self.crop.size[0] / self.heatmaps[-1].shape[1]

    @property
    def torso(self) -> float:
        """Left shoulder to right hip in pixels of the photo: PCK's yardstick."""
        ends = self.card.joints.torso
        return float(np.linalg.norm(self.joints[ends[0]] - self.joints[ends[1]])) if ends else float("nan")


@dataclass(frozen=True)
class JointDistance:
    """How far apart the two networks place a joint that both know: in pixels of the photo, and in torsos.

    a, b -- the joint's channel in either network; torsos is nan where the first network sees no torso
    """

    joint: str
    a: int
    b: int
    pixels: float
    torsos: float


@dataclass(frozen=True)
class Comparison:
    """One photo (H, W, 3) uint8, the person's box x0, y0, x1, y1 in its pixels, and what two networks make of it.

    box   -- what the networks looked at: the person, or the whole photo where probably nobody is
    found -- how sure it is that somebody is there, where people were looked for; None: the box was given
    people, who -- everybody who was found, and whom of them, from 1, the box and the poses are of
    finder -- by what they were asked to be found, see `find`
    """

    photo: np.ndarray
    box: Box
    found: float | None
    poses: tuple[Pose, ...]
    upsampling: Each[Request]
    decoder: str
    flip: bool
    device: str
    people: tuple[person.Found, ...] = ()
    who: int = 1
    finder: str | None = None

    @property
    def person(self) -> Box | None:
        """The person's box; None where probably nobody is there."""
        return self.box if self.found is None or self.people else None

    @property
    def seen(self) -> Box:
        """What of the photo is worth showing: all who were found, and what is around them."""
        boxes = [self.box, *(one.box for one in self.people)]
        low, high = (pick([box[k : k + 2] for box in boxes], axis=0) for k, pick in ((0, np.min), (2, np.max)))
        return closeup((*low, *high), self.photo.shape)

    @property
    def titles(self) -> list[str]:
        """What each side is called; of one network on both sides "HRNet-W32 A (MPII 256x256)" and B."""
        names = [pose.card.title for pose in self.poses]
        if len(names) < 2 or self.poses[0].network != self.poses[-1].network:
            return names
        lettered = zip(names, ascii_uppercase, strict=False)
        return [re.sub(r"(?= \(|$)", f" {letter}", name, count=1) for name, letter in lettered]

    def distances(self) -> list[JointDistance]:
        """The joints that both networks know, in the first one's order."""
        first, second = self.poses[0], self.poses[-1]
        torso = first.torso or float("nan")
        result = []
        for joint, a, b in shared(first.card.joints, second.card.joints):
            pixels = float(np.linalg.norm(first.joints[a] - second.joints[b]))
            result.append(JointDistance(joint, a, b, pixels, pixels / torso))
        return result

    def to_json(self) -> dict[str, Any]:
        """Plain data: COCO-style keypoints (x, y, score in a row) of each network, and how they came about."""
        box = [round(float(v), 2) for v in self.box]
        return {
            "image": {"height": self.photo.shape[0], "width": self.photo.shape[1]},
            "box": box,
            "person": box if self.person else None,
            "person_confidence": self.found,
            "people": [
                {"person": k, "box": [round(float(v), 2) for v in one.box], "confidence": round(one.confidence, 4)}
                for k, one in enumerate(self.people, start=1)
            ],
            "who": self.who if self.people else None,
            "finder": self.finder,
            "upsampling": self.upsampling,
            "decoder": self.decoder,
            "flip_test": self.flip,
            "poses": [_pose_json(pose) for pose in self.poses],
            "distances": [
                {"joint": d.joint, "pixels": _finite(d.pixels), "torsos": _finite(d.torsos)} for d in self.distances()
            ],
            "versions": {"pose_demo": __version__, "torch": torch.__version__, "python": platform.python_version()},
            "device": self.device,
        }  # fmt: skip


def _pose_json(pose: Pose) -> dict[str, Any]:
    return {
        "network": pose.network,
        "status": pose.card.status,
        "weights_sha256": pose.card.sha256,
        "trained_upsampling": pose.card.upsampling,
        "input": list(pose.card.input), "normalisation": pose.card.normalisation, "cells": pose.card.cells,
        "flip_shift": pose.card.flip_shift,
        "assumed": list(pose.card.assumed),
        "upsampling": pose.upsampling,
        "silence": silenced(pose.silence),
        "category": {"name": "person", "keypoints": list(pose.card.joints.joints),
                     "skeleton": [[a + 1, b + 1] for a, b in pose.card.joints.limb_indices]},
        "keypoints": _keypoints(pose),
        "score": _finite(pose.score),
        "forward_seconds": round(pose.seconds, 4),
        "note": tell("en", pose.note) if pose.note else None,
        "others": [{"person": one.person, "keypoints": _keypoints(one)} for one in pose.others],
    }  # fmt: skip


def _keypoints(pose: Pose | Other) -> list[float | None]:
    """x, y, score of each joint in a row."""
    points = np.concatenate([pose.joints, pose.scores[:, None]], axis=1)
    return [_finite(v, 3) for v in points.reshape(-1)]


def silenced(silence: Silence) -> dict[str, str]:
    """What was cut, as plain data: a map of an example is "patch:EXAMPLE", of another photo "patch"."""
    return {place: how if isinstance(how, str) else getattr(how, "label", "") or "patch"
            for place, how in silence.items()}  # fmt: skip


def _finite(value: float, digits: int = 4) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def compare(
    photo: Any,
    box: Sequence[float] | None = None,
    networks: Sequence[str | Path | nn.Module] | None = None,
    upsampling: Each[Request] = "nearest",
    *,
    silence: Each[Silence | None] = None,
    decoder: str = "argmax",
    flip: bool = False,
    trace: bool = False,
    device: str | None = None,
    people: Sequence[person.Found] | None = None,
    who: int = 1,
    finder: str | None = None,
    progress: Callable[[float, Said], None] | None = None,
) -> Comparison:
    """One photo through two networks.

    photo      -- a path, bytes, a PIL image or uint8 RGB (H, W, 3)
    box        -- x0, y0, x1, y1 in pixels as a detector gives it (it is padded by 1.25 here), or None: find the person
    networks   -- names of the zoo, files of weights, or modules (zoo.open says what is taken for granted of these, and
                  makes a module of a file of which you know better); None: the pair that ships with the project
    upsampling -- a stop of the slider for both networks, {place: stop}, or None: as each was trained. A mapping
                  may name places of either network; each takes those that it has. A list: one for each network.
    silence    -- {place: "zero", "flat", "patch:EXAMPLE", or another photo's Trace or map}: what is cut
                  (networks/silence.py, patch.py), for both or in a list, as with upsampling
    decoder    -- "argmax" or "dark"; flip -- average with the mirrored photo
    people     -- whom an earlier call found in this photo: nobody is looked for again
    finder     -- by what people are looked for where no box is given, see `find`; trace -- keep every map on the way
    who        -- which of the people who are found, from 1, the poses are of; Pose.others are the rest
    progress   -- called with (share done, what happens next: locales.tell says it)

    Raises PhotoError or ValueError in one sentence for a photo, box, network or stop that cannot be used, and
    WeightsMissing with the remedy for weights that are not here.
    """
    tell = progress or (lambda share, what: None)
    pixels, where = read(photo), zoo.device(device)
    tell(0.05, said("progress.loading"))
    nets = [zoo.posing(zoo.shared(each, where)) for each in (networks or weights.default_pair())]
    requests, silences = requests_of(upsampling, nets), placed(silence, nets)
    there, at, found, note = _looked_at(pixels, box, people, who, (where, finder), tell)

    poses, how = [], {"decoder": decoder, "flip": flip, "trace": trace}
    for k, (net, request, cut) in enumerate(zip(nets, requests, silences, strict=True)):
        tell(0.4 + 0.5 * k / len(nets), said("progress.looks", network=model.card_of(net).title))
        pose = pose_in(pixels, at, _but(there, who), net, request, silence=patched(cut, net, request), **how)
        poses.append(replace(pose, note=pose.note or note))
    tell(1.0, said("progress.done"))
    return Comparison(pixels, at, found, tuple(poses), upsampling, decoder, flip, device_name(where), tuple(there), who,
                      finder)  # fmt: skip


def _looked_at(
    pixels: np.ndarray, box: Sequence[float] | None, people: Sequence[person.Found] | None, who: int,
    how: tuple[torch.device, str | None], tell: Callable[[float, Said], None],
) -> tuple[Sequence[person.Found], Box, float | None, Said | None]:  # fmt: skip
    """Everybody who was found, the box of who is asked for, how sure it is that somebody is there: None where the box
    was given; and what is to be said of memory. Without anybody the whole photo is the box."""
    there: Sequence[person.Found] = ()
    found, notes = None, []
    if box is None:
        tell(0.2, said("progress.person"))
        with memory.heard() as notes:
            there, found = find(pixels, *how) if people is None else (people, 0.0)
        if not 1 <= who <= max(1, len(there)):
            raise UserError("compare.who", given=who, count=len(there))
        box, found = (there[who - 1].box, there[who - 1].confidence) if there else (whole(pixels.shape), found)
    return there, check_box(box, pixels.shape), found, next(iter(notes), None)


def find(
    photo: np.ndarray, where: torch.device | str = "cpu", finder: str | None = None
) -> tuple[list[person.Found], float]:
    """Everybody in a photo (H, W, 3) uint8, see person.people.

    finder -- by which of zoo.finders; None: by the one that ships, and where it is not here by the pair that does

    Raises UserError for one that there is not, WeightsMissing where its weights are not here.
    """
    here = zoo.FINDER in weights.manifest() and weights.find(zoo.FINDER)
    if finder not in (None, *zoo.finders()):
        raise UserError("compare.finder", given=f"{finder!r:.80}", known=", ".join(zoo.finders()))
    if finder not in (None, zoo.FINDER):
        return person.detected(photo, detector.shared(finder, where))
    net = zoo.shared(zoo.FINDER, where) if here or finder else None
    first, second = (zoo.shared(name, where) for name in weights.default_pair())
    return person.people(photo, net, first, second)


def _but(there: Sequence[person.Found], who: int) -> dict[int, Box]:
    return {k: one.box for k, one in enumerate(there, start=1) if k != who}


def pose_in(
    photo: np.ndarray, box: Box, others: dict[int, Box], net: PoseNetwork, request: Request, silence: Silence,
    trace: bool, **how: Any,
) -> Pose:  # fmt: skip
    """What a network says of the person in a box of a photo (H, W, 3) uint8, and of `others`, {number: box}."""
    seen = model.look(net, photo, [box], request, silence=silence, trace=trace, **how)
    rest: tuple[Other, ...] = ()
    note = seen.answer.note
    if others:
        beside = model.looks(net, photo, list(others.values()), request, silence=silence, **how)
        found = ((joints, scores) for part in beside for joints, scores in zip(part.joints, part.scores, strict=True))
        rest = tuple(Other(who, *each) for who, each in zip(others, found, strict=True))
        note = note or next((part.answer.note for part in beside if part.answer.note), None)
    heatmaps = [h[0].float().cpu().numpy() for h in seen.answer.heatmaps]
    return Pose(
        model.card_of(net), seen.joints[0], seen.scores[0], heatmaps, seen.crops[0], seen.images[0],
        seen.answer.seconds, seen.answer.trace, request, silence, note, rest,
    )  # fmt: skip


def reread(pose: Pose, decoder: str) -> Pose:
    """The same heatmaps, read by another decoder; without the others, whose heatmaps are not kept."""
    answer = torch.as_tensor(pose.heatmaps[-1])[None]
    at, scores = model.joints(answer, pose.card, pose.card.input[0], decoder)
    joints = pose.crop.to_photo(at[0].numpy()).astype(np.float32)
    return replace(pose, joints=joints, scores=scores[0].numpy(), others=())


def _each(asked: list[_Asked] | tuple[_Asked, ...], nets: list[PoseNetwork]) -> list[_Asked]:
    if len(asked) != len(nets):
        raise UserError("compare.each", given=len(asked), count=len(nets))
    return list(asked)


def requests_of(upsampling: Each[Request], nets: list[PoseNetwork]) -> list[Request]:
    """A mapping's keys go to the networks that have such places; a key that fits neither is an error."""
    if isinstance(upsampling, list | tuple):
        return _each(upsampling, nets)
    if upsampling is None or isinstance(upsampling, str):
        return [upsampling] * len(nets)

    def fits(key: str, net: PoseNetwork) -> bool:
        return any(place == key or place.startswith(key + ".") for place in net.places)

    for key in upsampling:
        if not any(fits(key, net) for net in nets):
            raise UserError("compare.no_place", place=repr(key))
    return [{key: stop for key, stop in upsampling.items() if fits(key, net)} or None for net in nets]


def placed(silence: Each[Silence | None], nets: list[PoseNetwork]) -> list[Silence]:
    """Each network gets the places that it has; one that none has is an error, which lists near names of each."""
    if isinstance(silence, list | tuple):
        return [own or {} for own in _each(silence, nets)]
    found: list[dict[str, Any]] = [{} for _ in nets]
    for place, how in (silence or {}).items():
        problems = []
        for net, own in zip(nets, found, strict=True):
            try:
                check(net, place, how)
                own[place] = how
            except SilenceError as problem:
                problems.append(problem)
        if len(problems) == len(nets):
            near = [problem.values["near"] for problem in problems if "near" in problem.values]
            raise SilenceError(problems[0].key, **{**problems[0].values, **({"near": ", ".join(near)} if near else {})})
    return list(found)


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
