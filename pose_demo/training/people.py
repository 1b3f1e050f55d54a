"""Trains the finder of people: the loop, the files and the resuming of loop.py, with photos and boxes of its own.

A run begins with small inputs, which see parts of the photos at the scale of the whole, at a constant rate; after
`grown` of the budget the inputs have full size and the rate falls to nothing. So a run that must end earlier can be
given a smaller budget when it goes on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import person, weights
from ..joints import PEOPLE
from ..locales import UserError
from ..networks import zoo
from ..networks.base import PoseNetwork
from ..networks.files import contents
from ..networks.finder import overlaps, people
from ..networks.model import normalise
from ..photo import read
from ..study.detection import average_precision
from ..study.label_npz import array
from . import people_loss
from .begin import begun
from .data import Source, decoded
from .experiments import Experiment
from .loop import Trainer
from .people_data import PERSON, UNSURE, PeopleAugmentation, Photos
from .recipe import PeopleRecipe
from .together import whole

_REACH = 5.0  # what the boxes' loss weighs beside that of the centres, as in TTFNet


class PeopleTrainer(Trainer):
    """One run of a network like networks/finder.py's. `frozen` keeps its early layers as they are."""

    recipe: PeopleRecipe
    recorded = False

    def __init__(self, *args: Any, frozen: bool = False, **options: Any):
        super().__init__(*args, **options)
        self.augment = PeopleAugmentation(full=self.recipe.size)
        self.frozen = self.net.early() if frozen else ()
        for module in self.frozen:
            module.requires_grad_(False)

    def _rate(self, done: float) -> float:
        r = self.recipe
        warm = min(1.0, (done + 1e-6) / r.warm_up) if r.warm_up else 1.0
        return r.rate * warm * min(1.0, (1 - done) / (1 - r.grown) + 0.01)

    def _batch(self, part: Tensor) -> tuple[Tensor, ...]:
        return self.augment(self.train[part], self.recipe.small if self.done < self.recipe.grown else self.recipe.size)

    def _loss(self, images: Tensor, boxes: Tensor, kinds: Tensor, mine: slice) -> tuple[Tensor, Tensor]:
        for module in self.frozen:
            module.eval()
        answer = self._forward(images[mine])[-1].float()
        stride = images.shape[-1] // answer.shape[-1]
        target = people_loss.targets(boxes[mine], kinds[mine], answer.shape[-1], stride)
        count = (kinds == PERSON).sum().clamp(min=1)
        loss = (people_loss.focal(answer[:, 0], target) + _REACH * people_loss.reach_loss(answer, target)) / count
        return loss, loss.detach() if self.world == 1 else whole(loss)

    def _measured(self) -> dict[str, Any]:
        found = {name: measure(self.average.net, held, self.recipe.size) for name, held in self.held.items()}
        return {"ap": found, "people": {n: int((h.kinds == PERSON).sum()) for n, h in self.held.items()}}


@torch.inference_mode()
def measure(net: torch.nn.Module, photos: Photos, size: int, batch: int = 16) -> float:
    """Average precision at an IoU of 0.5 on photos, each seen whole at size x size pixels."""
    net.eval()
    parameter, found = next(net.parameters()), []
    for part in torch.arange(len(photos)).split(batch):
        images = photos.images[part].to(parameter.device).float() / 255
        images = torch.nn.functional.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
        answer = net(normalise(images, "imagenet").to(parameter.dtype))[-1]
        found += [(b.cpu().numpy(), s.cpu().numpy()) for b, s in people(answer, size // answer.shape[-1])]
    scale = size / photos.images.shape[-1]
    boxes, kinds = (photos.boxes.cpu().numpy() + 0.5) * scale - 0.5, photos.kinds.cpu().numpy()
    sure, unsure = ([b[k == kind] for b, k in zip(boxes, kinds, strict=True)] for kind in (PERSON, UNSURE))
    return round(average_precision(found, sure, unsure), 4)


def somebody(net: PoseNetwork, photo: np.ndarray) -> np.ndarray:
    """(K, 4) whom the app finds in a photo (H, W, 3) with this finder: by all that `compare` asks, thresholds too."""
    first, second = (zoo.shared(name) for name in weights.default_pair())
    return np.reshape([one.box for one in person.people(photo, net, first, second)[0]], (-1, 4))


def labelled_found(net: PoseNetwork, file: Path) -> tuple[int, int]:
    """A JSON file {photo beside it: boxes, the labelled person's first} -> how many of these are found (IoU at least
    0.5), of how many. Raises UserError for another file."""
    try:
        told = {file.parent / name: np.array(boxes[0], float) for name, boxes in json.loads(file.read_bytes()).items()}
    except (ValueError, AttributeError, LookupError, TypeError):
        raise UserError("train.no_boxes", file=file) from None
    found = [bool((overlaps(somebody(net, read(f)), box - 0.5) >= 0.5).any()) for f, box in told.items()]
    return sum(found), len(told)


def nobody_found(net: PoseNetwork, file: Path) -> tuple[int, int]:
    """Of the photos of a .npz that nobody's box is in: how many are answered with somebody, of how many."""
    held = {name: array(file, name) for name in ("webp", "offset", "shape", "box_offset")}
    empty = np.flatnonzero(np.diff(held["box_offset"]) == 0)
    photos = (decoded(held["webp"], held["offset"], k, tuple(held["shape"][k][::-1])) for k in empty)
    return sum(len(somebody(net, photo)) > 0 for photo in photos), len(empty)


def begin(net: torch.nn.Module, file: Path) -> dict[str, Any]:
    """Puts what fits of a file's weights into an untrained finder: all but the last layers of a pose network's.

    Returns what the record keeps. Raises UserError where next to nothing fits.
    """
    saved, own = contents(file), net.state_dict()
    fits = {name: value.float() for name, value in saved.tensors.items()
            if name in own and own[name].shape == value.shape}  # fmt: skip
    share = sum(v.numel() for v in fits.values()) / sum(v.numel() for v in own.values())
    if share < 0.5:
        raise UserError("train.little_fits", file=file.name, share=share)
    net.load_state_dict({**own, **fits})
    return begun(file, saved)


def trainer(
    experiment: Experiment, sources: Sequence[Source], start: Path | None, out: Path, device: torch.device,
    compiled: bool = False,
) -> PeopleTrainer:  # fmt: skip
    """What trains an experiment of this task.

    sources -- as people_data.split gives them; start -- the file that it begins from: its early layers stay as they are
    """
    recipe, name = experiment.recipe, experiment.network
    net = zoo.build(name, len(PEOPLE), recipe.seed, trained_upsampling=recipe.upsampling, **experiment.options)
    begun = begin(net, start) if start else None
    network = {"name": name, "joints": PEOPLE.name, "options": experiment.options}
    return PeopleTrainer(net, network, PEOPLE, sources, recipe, out, device, compiled, begun, frozen=bool(start))
