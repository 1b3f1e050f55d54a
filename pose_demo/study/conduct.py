"""How a study is conducted: the set, the networks, the forward passes, the answer, and what a result says of itself."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from .. import __version__, decode, weights
from ..networks.model import card_of
from ..networks.model import device as default_device
from . import predictions as elsewhere
from .faults import Faults
from .labels import Labels, open_labels
from .people import StudyError
from .predict import Found, Parts, Predictor, processes
from .predictions import Predictions
from .questions import Accuracy, Depth, Question, Resolution, Upsampling
from .seeds import Seeds
from .silencing import Silence
from .statistics import LEVEL, Bootstrap
from .study import Networks, Study
from .variants import open_network

FORMAT = 2
QUESTIONS: dict[str, type[Question]] = {
    question.name: question for question in (Accuracy, Upsampling, Depth, Resolution, Faults, Silence, Seeds)
}
_BAD_SHOWN = 100


@dataclass(frozen=True)
class Settings:
    """What a study is asked to do.

    data        -- files or a folder, see labels.py; joints, images -- as open_labels takes them
    networks    -- names of the zoo, or files; None: the embedded pair
    card_fields -- what tensors cannot tell of these files, see zoo.open
    predictions -- {name: file or folder}, see predictions.py
    batch       -- photos in a forward pass; None: 16 on a CPU, 128 on a GPU
    limit       -- only the first so many records
    command     -- what the user called, for the result
    """

    data: tuple[Path, ...]
    out: Path
    networks: tuple[str, ...] | None = None
    card_fields: dict[str, Any] = field(default_factory=dict)
    predictions: dict[str, Path] = field(default_factory=dict)
    joints: str | None = None
    images: Path | None = None
    limit: int | None = None
    batch: int | None = None
    decoder: str = "argmax"
    flip: bool = False
    upsampling: str | None = None
    seed: int = 0
    replicates: int = 1000
    strict: bool = False
    fresh: bool = False
    device: str | None = None
    command: str = ""

    def __post_init__(self) -> None:
        decode.check(self.decoder)
        for name, least in (("limit", 1), ("batch", 1), ("seed", 0), ("replicates", 0)):
            if (value := getattr(self, name)) is not None and value < least:
                raise StudyError("option.least", option=name, least=least, given=value)


def conduct(
    question: Question,
    settings: Settings,
    report: Callable[[str], None] = lambda line: None,
    step: Callable[[int], object] = lambda records: None,
) -> dict[str, Any] | None:
    """The result of a study, as result.json has it; None on every process but the first.

    report -- gets a line for each bad record; step -- the number of records done since the last call
    Raises ValueError where nothing could be evaluated.
    """
    start, s = time.perf_counter(), settings
    with processes() as place:
        device = _device(s)
        labels, networks, predictions = _prepare(question, s, device)
        variants = tuple(question.variants(networks, s.upsampling))
        predictor = Predictor(labels, networks, variants, s.decoder, s.flip, report, step, s.strict)
        batch = s.batch or (128 if device.type == "cuda" else 16)
        shaping = {
            "study": question.name, "version": __version__, "torch": torch.__version__, "device": device.type,
            "looks": [v.key for v in variants], "joints": labels.joints.name, "batch": batch, "limit": s.limit,
            "weights": {name: card_of(net).sha256 for name, net in networks.items()},
            "decoder": s.decoder, "flip": s.flip, "card_fields": {k: repr(v) for k, v in s.card_fields.items()},
            "files": {str(f): [f.stat().st_size, f.stat().st_mtime_ns] for f in labels.files}, "images": str(s.images),
        }  # fmt: skip
        parts = Parts(s.out / "parts", shaping, place, s.fresh)
        if place.first:
            for line in (line for p in predictions for line in p.bad + p.strangers):
                report(line)
        found = predictor.run(parts, place, batch, s.limit)
        spent = place.gather((predictor.seconds, predictor.resumed, predictor.note))
        result = None
        if found is not None and len(found.rows):
            points = {v.key: p for v, p in zip(variants, found.points, strict=True)}
            points |= {p.name: p.of_people(labels)[found.rows] for p in predictions}
            study = Study(labels, networks, variants, predictions, Bootstrap(s.seed, s.replicates), s.upsampling,
                          s.limit, found.rows, points, decoder=s.decoder, flip=s.flip)  # fmt: skip
            result = _result(question, study, found)
            seconds, resumed, notes = zip(*spent, strict=True)
            result["notes"] += list(filter(None, notes))[:1]
            result["made"] = _made(s, device, batch, place.world) | {
                "seconds": {"all": round(time.perf_counter() - start, 2), "forward": round(sum(seconds), 2)},
                "records_resumed": sum(resumed), "versions": versions()}  # fmt: skip
        place.agree(None)  # nobody still writes
        parts.remove()
    if found is not None and result is None:
        bad = zip(found.bad, found.reasons, strict=True)
        example = next((f", the first {labels.people.name[k]}: {why}" for k, why in bad), "")
        raise StudyError("study.nothing", set=labels.name, bad=len(found.bad), example=example)
    return result


def _prepare(
    question: Question, settings: Settings, device: torch.device
) -> tuple[Labels, Networks, tuple[Predictions, ...]]:
    if settings.predictions and not question.takes_predictions:
        raise StudyError("study.no_predictions", study=question.name)
    names = weights.default_pair() if settings.networks is None else settings.networks
    if not names and not settings.predictions:
        raise StudyError("study.name_one")
    if len(set(names)) < len(names):
        raise StudyError("study.twice")
    if clash := set(names) & settings.predictions.keys():
        raise StudyError("study.clash", names=", ".join(clash))
    labels = open_labels(settings.data, settings.joints, settings.images)
    if not len(labels.people):
        raise StudyError("study.nothing", set=labels.name, bad=0, example="")
    predictions = tuple(elsewhere.read(name, file, labels) for name, file in settings.predictions.items())
    networks = {name: open_network(name, device, settings.card_fields) for name in names}
    return labels, networks, predictions


def _device(settings: Settings) -> torch.device:
    """Several processes on one machine take a GPU each."""
    chosen = default_device(settings.device)
    if chosen.type == "cuda" and chosen.index is None:
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    return chosen


def _result(question: Question, study: Study, found: Found) -> dict[str, Any]:
    study.introduce()
    labels, answer = study.labels, question.answer(study)
    bad = [{"name": labels.people.name[k], "reason": str(why)} for k, why in zip(found.bad, found.reasons, strict=True)]
    data = {
        "name": labels.name, "kind": labels.kind, "joints": labels.joints.name, "limit": study.limit,
        "evaluated": len(study.rows), "bad": len(bad), "bad_records": bad[:_BAD_SHOWN],
    }  # fmt: skip
    return {
        "study": question.name, "format": FORMAT, "data": data,
        "networks": study.facts(), "predictions": [p.facts() for p in study.predictions],
        **answer, "notes": study.notes,
    }  # fmt: skip


def _made(settings: Settings, device: torch.device, batch: int, processes: int) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU ({platform.machine()})"
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "command": settings.command, "device": name,
        "processes": processes, "batch": batch, "seed": settings.seed, "decoder": settings.decoder,
        "flip_test": settings.flip, "bootstrap": {"replicates": settings.replicates, "level": LEVEL, "unit": "person"},
    }  # fmt: skip


def versions() -> dict[str, str]:
    """Of what shapes figures."""
    found = {"pose_demo": __version__, "python": sys.version.split()[0], "torch": torch.__version__}
    for package in ("numpy", "pillow", "opencv-python", "pycocotools", "scipy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
