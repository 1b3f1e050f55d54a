"""How a study is conducted: the set, the networks, the forward passes, the answer, and what a result says of itself."""

from __future__ import annotations

import os
import platform
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

import torch

from .. import __version__, weights
from ..networks import zoo
from .datasets import Bad, LabelledSet, open_set
from .peers import Peer
from .rows import Row
from .runner import Runner, processes, total
from .statistics import LEVEL, Bootstrap
from .subjects import Eyes, Look, Subject, subject

FORMAT = 1
_BAD_SHOWN = 100


@dataclass(frozen=True)
class Settings:
    """What a study is asked to do.

    data     -- files or a folder, see datasets.py; joints, images -- as open_set takes them
    networks -- names of the zoo or best.pt files; None: the embedded pair
    peers    -- {name: COCO-format predictions}
    batch    -- photos in a forward pass; None: 16 on a CPU, 128 on a GPU
    limit    -- only the first so many records
    command  -- what the user called, for the result
    """

    data: tuple[Path, ...]
    out: Path
    networks: tuple[str, ...] | None = None
    peers: dict[str, Path] = field(default_factory=dict)
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


@dataclass(frozen=True)
class Context:
    """What a question works on. columns: keys of looks, then names of peers."""

    settings: Settings
    records: LabelledSet
    subjects: tuple[Subject, ...]
    looks: tuple[Look, ...]
    peers: tuple[Peer, ...]
    bootstrap: Bootstrap

    @property
    def columns(self) -> list[str]:
        return [look.key for look in self.looks] + [peer.name for peer in self.peers]

    def look(self, column: str) -> Look | None:
        """The look whose key a column is; None for a peer."""
        return next((look for look in self.looks if look.key == column), None)

    def subject(self, look: Look) -> Subject:
        return next(s for s in self.subjects if s.name == look.network)

    def label(self, column: str) -> str:
        """For people: the network's title and what tells this look from its others; a peer's name."""
        look = self.look(column)
        if look is None:
            return column
        beside, of = [other for other in self.looks if other.network == look.network], self.subject(look)
        twins = [s for s in self.subjects if s.title == of.title]
        parts = [of.title if len(twins) == 1 else of.name]
        parts += ["x".join(map(str, look.size))] * (len({other.size for other in beside}) > 1)
        parts += [look.upsampling] * (len({other.upsampling for other in beside}) > 1)
        parts += [look.level] * (len({other.level for other in beside}) > 1)
        return ", ".join(parts)

    def describe(self, column: str) -> dict[str, Any]:
        """The beginning of a result's row."""
        look = self.look(column)
        if look is None:
            status = "predictions from elsewhere"
            return {"column": column, "label": column, "network": column, "title": column, "status": status}
        of = self.subject(look)
        return {
            "column": column, "label": self.label(column), "network": of.name, "title": of.title, "status": of.status,
            "size": list(look.size), "upsampling": look.upsampling, "level": look.level,
        }  # fmt: skip

    def notes(self) -> list[str]:
        """What must be known to read the figures rightly, whatever the question."""
        known, said = self.records.joints, []
        for of in self.subjects:
            if of.joints is not known:
                names = [joint for joint in known.joints if joint in of.joints.joints]
                said.append(
                    f"{of.title} was trained on {of.joints.name.upper()}'s joints: it is measured on the {len(names)} "
                    f"that {known.name.upper()} has too ({', '.join(names)})."
                )
            if of.status == "untrained":
                said.append(f"{of.title} is untrained: its figures are those of chance.")
        if self.settings.limit is not None:
            said.append(f"Only the first {self.settings.limit} records of the set were asked for.")
        return said


class Question(ABC):
    """One study: which looks it takes, and what it makes of the rows."""

    name: ClassVar[str]
    text: ClassVar[str]
    takes_peers: ClassVar[bool] = False

    @abstractmethod
    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        """Every way to look at each photo."""

    @abstractmethod
    def begin(self, context: Context) -> None:
        """Once, on the process that answers, before the first rows."""

    @abstractmethod
    def add(self, rows: list[Row]) -> None:
        """Rows in the order of the records."""

    @abstractmethod
    def answer(self) -> dict[str, Any]:
        """{"rows": [...], "tests": [...], "notes": [...], ...} as plain data."""


def conduct(
    question: Question,
    settings: Settings,
    tell: Callable[[str], None] = lambda line: None,
    step: Callable[[int], None] = lambda records: None,
) -> dict[str, Any] | None:
    """The result of a study, as result.json has it; None on every process but the first.

    tell -- gets a line for each bad record; step -- the number of records done since the last call
    Raises ValueError where nothing could be evaluated.
    """
    start = time.perf_counter()
    with processes() as place:
        context, device = _prepare(question, settings), _device(settings)
        eyes = Eyes(context.subjects, context.looks, settings.decoder, settings.flip)
        runner = Runner(
            context.records, eyes, list(context.peers), settings.out,
            batch=settings.batch or (128 if device.type == "cuda" else 16), limit=settings.limit,
            strict=settings.strict, fresh=settings.fresh, fingerprint=_fingerprint(question, context, device),
            place=place, tell=tell, step=step,
        )  # fmt: skip
        if place.first:
            question.begin(context)
            for bad in (bad for peer in context.peers for bad in peer.bad):
                tell(str(bad))
        runner.work()
        evaluated, bad = 0, _Bad()
        for rows, broken in runner.collect():
            question.add(rows)
            evaluated += len(rows)
            bad.add(broken)
        result, forward, resumed = None, total(place, eyes.seconds), total(place, runner.resumed)
        if place.first and evaluated:
            answer = question.answer()
            seconds = {"all": round(time.perf_counter() - start, 2), "forward": round(forward, 2)}
            data = {**_facts(context), "evaluated": evaluated, **bad.facts()}
            result = {
                **_head(question, context, data),
                **answer,
                "made": _made(settings, device, runner, resumed, seconds),
            }
        runner.finish()
    if place.first and not evaluated:
        raise ValueError(f"{context.records.name}: no record could be evaluated ({bad.summary()})")
    return result


def _prepare(question: Question, settings: Settings) -> Context:
    if settings.peers and not question.takes_peers:
        raise ValueError(f"study {question.name} asks the networks themselves; predictions from elsewhere do not help")
    records = open_set(settings.data, settings.joints, settings.images)
    names = weights.default_pair() if settings.networks is None else settings.networks
    if not names and not settings.peers:
        raise ValueError("name a network, or predictions from elsewhere")
    if len(set(names)) < len(names):
        raise ValueError("a network is named twice")
    if clash := set(names) & settings.peers.keys():
        raise ValueError(f"{', '.join(clash)} names a network and predictions from elsewhere: give another name")
    subjects = tuple(subject(name, _device(settings)) for name in names)
    peers = tuple(Peer(name, file, records.joints) for name, file in settings.peers.items())
    looks = tuple(question.looks(subjects, settings))
    return Context(settings, records, subjects, looks, peers, Bootstrap(settings.seed, settings.replicates))


def _device(settings: Settings) -> torch.device:
    """Several processes on one machine take a GPU each."""
    chosen = torch.device(settings.device or zoo.device())
    if chosen.type == "cuda" and chosen.index is None:
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    return chosen


class _Bad:
    """Bad records: all counted, the first of them by name."""

    def __init__(self) -> None:
        self.count, self.first = 0, []

    def add(self, bad: list[Bad]) -> None:
        self.count += len(bad)
        self.first += [{"name": b.name, "reason": b.reason} for b in bad][: _BAD_SHOWN - len(self.first)]

    def facts(self) -> dict[str, Any]:
        return {"bad": self.count, "bad_records": self.first}

    def summary(self) -> str:
        if not self.first:
            return "none is there"
        return f"{self.count} bad, the first {self.first[0]['name']}: {self.first[0]['reason']}"


def _facts(context: Context) -> dict[str, Any]:
    boxes = {"crops": "the crops as they are", "csv": "the boxes of the labels, padded by 1.25"}
    return {
        "name": context.records.name, "kind": context.records.kind, "joints": context.records.joints.name,
        "limit": context.settings.limit,
        "people": boxes.get(context.records.kind, "ground-truth boxes, padded by 1.25"),
    }  # fmt: skip


def _fingerprint(question: Question, context: Context, device: torch.device) -> dict[str, Any]:
    """Everything that shapes rows and is not the runner's own."""
    s, files = context.settings, (*context.records.files, *context.settings.peers.values())
    return {
        "study": question.name, "version": __version__, "torch": torch.__version__, "device": device.type,
        "looks": [look.key for look in context.looks], "joints": context.records.joints.name,
        "weights": {subject.name: subject.sha256 for subject in context.subjects},
        "files": {str(f): [f.stat().st_size, f.stat().st_mtime_ns] for f in files}, "peers": list(s.peers),
        "decoder": s.decoder, "flip": s.flip, "images": str(s.images),
    }  # fmt: skip


def _head(question: Question, context: Context, data: dict[str, Any]) -> dict[str, Any]:
    peers = [{"name": p.name, "file": p.file.name, "predictions": p.count, "bad": len(p.bad)} for p in context.peers]
    return {
        "study": question.name, "format": FORMAT, "question": question.text, "data": data,
        "networks": [s.facts() for s in context.subjects], "peers": peers,
    }  # fmt: skip


def _made(
    settings: Settings, device: torch.device, runner: Runner, resumed: float, seconds: dict[str, float]
) -> dict[str, Any]:
    """seconds -- "all" as the clock has it, "forward" summed over processes"""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU ({platform.machine()})"
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "command": settings.command, "device": name,
        "processes": runner.place.world, "batch": runner.batch, "seed": settings.seed, "decoder": settings.decoder,
        "flip_test": settings.flip, "bootstrap": {"replicates": settings.replicates, "level": LEVEL, "unit": "person"},
        "seconds": seconds, "records_resumed": int(resumed), "versions": versions(),
    }  # fmt: skip


def versions() -> dict[str, str]:
    """Of what shapes figures."""
    found = {"pose_demo": __version__, "python": sys.version.split()[0], "torch": torch.__version__}
    for package in ("numpy", "pillow", "opencv-python", "pycocotools"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
