"""Labelled photos of any of four kinds as one stream of records. Nothing here keeps more than one record.

    *.npz                  square person crops (see the README of the training data): webp, offset, size, joints,
                           image_id; joints (N, J, 3) x, y, 1 if marked
    *.json that is {...}   COCO keypoints: images, annotations; a record is a person with marked joints, no crowd
    *.json that is [...]   MPII as HRNet's authors publish it (image, center, scale, joints, joints_vis) or as in
                           mpii_annotations.json (img_paths, objpos, scale_provided, joint_self); pixels count from 1
    *.csv                  one line a person:
                               image               the picture's path from the CSV's folder; the one required column
                               x0, y0, x1, y1      the person's box as a detector gives it, edges in pixels; without
                                                   it the box of the marked joints, and without these the whole photo
                               head                the head's length in pixels, for PCKh
                               id                  image_id of predictions from elsewhere (default: the image's path)
                               NAME x, NAME y      a joint, pixel centres at whole numbers; NAME as in joints.py
                               NAME marked         0 where it is not; an empty x does the same
    a folder               its *.npz, in order of their names, or else its only *.csv

A record that cannot be used becomes a Bad with its name and one reason; the others go on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..joints import JOINT_SETS, JointSet, joint_set

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Person:
    """What is known of one person in a photo.

    joints -- (J, 3) float32: x, y in pixels of the photo, centres at whole numbers, 1 if marked, else 0
    box    -- x0, y0, x1, y1 as a detector gives it, None where the photo is the person's
    head   -- length of the head in pixels, PCKh's yardstick; None where unknown
    area   -- COCO's own area in square pixels, OKS's yardstick; None elsewhere
    """

    joints: np.ndarray
    box: Box | None = None
    head: float | None = None
    area: float | None = None


@dataclass(frozen=True)
class Record:
    """One person to be found, and how to get the photo.

    name     -- for people: the file and what tells the person apart in it
    read     -- the photo as (H, W, 3) uint8 RGB; raises OSError or ValueError
    crop     -- the photo is a square crop made for networks, which see all of it, as in training
    image_id -- of the photo, for predictions from elsewhere
    id       -- of the annotation, in COCO's files
    others   -- the labelled people beside this one
    """

    name: str
    person: Person
    read: Callable[[], np.ndarray]
    crop: bool = False
    image_id: int | str = 0
    id: int | None = None
    others: tuple[Person, ...] = field(default=())


@dataclass(frozen=True)
class Bad:
    """A record that cannot be used; `str()` is its one line."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class LabelledSet:
    """A stream of records, the same in the same order each time it is begun.

    files  -- what it is read from
    kind   -- "crops", "coco", "mpii" or "csv"
    images -- folder of the pictures, where the labels do not hold them
    """

    files: tuple[Path, ...]
    kind: str
    joints: JointSet
    images: Path | None = None

    @property
    def name(self) -> str:
        return ", ".join(file.name for file in self.files)

    def __iter__(self) -> Iterator[Record | Bad]:
        from . import csv_source, json_source, npz_source

        read = {"crops": npz_source.read, "coco": json_source.coco, "mpii": json_source.mpii, "csv": csv_source.read}
        for file in self.files:
            empty = True
            for record in read[self.kind](file, self.joints, self.images or file.parent):
                empty = False
                yield record
            if empty:
                yield Bad(file.name, "holds no record")

    def take(self, limit: int | None = None) -> Iterator[tuple[int, Record | Bad]]:
        """(index, record) of the first `limit`."""
        return itertools.islice(enumerate(self), limit)


def open_set(paths: Sequence[str | Path], joints: str | None = None, images: str | Path | None = None) -> LabelledSet:
    """A set from files of one kind, or from a folder of them.

    joints -- "coco", "mpii" or "lsp" where the labels do not say; images -- folder of the pictures (default: the
    labels' own). Raises ValueError or FileNotFoundError in one sentence where nothing at all can be read.
    """
    files = tuple(file for path in paths for file in _files(Path(path)))
    if not files:
        raise ValueError("give at least one file of labels")
    kinds = {kind(file) for file in files}
    if len(kinds) > 1:
        raise ValueError(f"one study takes labels of one kind, these are {', '.join(sorted(kinds))}")
    found = kinds.pop()
    known = joint_set(joints) if joints else _joints_of(found, files)
    return LabelledSet(files, found, known, None if images is None else Path(images))


def kind(file: Path) -> str:
    """ "crops", "coco", "mpii" or "csv". Raises ValueError for anything else."""
    suffix = file.suffix.lower()
    if suffix in (".npz", ".csv"):
        return {".npz": "crops", ".csv": "csv"}[suffix]
    if suffix != ".json":
        raise ValueError(f"{file} is no set of labels: there are .npz, .json (COCO, MPII), .csv, and folders of these")
    with file.open(encoding="utf-8-sig", errors="replace") as f:
        start = f.read(4096).lstrip()[:1]
    return "mpii" if start == "[" else "coco"


def box_of(joints: np.ndarray) -> Box | None:
    """Edges of the smallest box around the marked joints; None where fewer than two are marked or it has no area."""
    marked = joints[joints[:, 2] > 0, :2]
    if len(marked) < 2 or not np.isfinite(marked).all():
        return None
    (x0, y0), (x1, y1) = marked.min(axis=0) - 0.5, marked.max(axis=0) + 0.5
    return float(x0), float(y0), float(x1), float(y1)


def problem(record: Record, shape: tuple[int, ...]) -> str | None:
    """Why a record cannot be used with a photo of this shape (H, W, ...), or None."""
    joints, box = record.person.joints, record.person.box
    marked = joints[joints[:, 2] > 0, :2]
    if not np.isfinite(joints[:, 2]).all() or not np.isfinite(marked).all():
        return "a joint is not a number"
    # One pixel of grace: labels come from tools that count from 0 or from 1, centres or edges.
    if ((marked < -1.5) | (marked > np.array([shape[1], shape[0]]) + 0.5)).any():
        return f"a joint lies outside the photo of {shape[1]} by {shape[0]} pixels"
    if box is not None and not (np.isfinite(box).all() and box[2] > box[0] and box[3] > box[1]):
        return "the person's box is empty or not a number"
    if box is not None and not (box[0] < shape[1] and box[1] < shape[0] and box[2] > 0 and box[3] > 0):
        return f"the person's box lies outside the photo of {shape[1]} by {shape[0]} pixels"
    return None


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}")
    if not path.is_dir():
        return [path]
    shards, tables = sorted(path.glob("*.npz")), sorted(path.glob("*.csv"))
    if shards:
        return shards
    if len(tables) != 1:
        what = "no .npz and no .csv" if not tables else f"{len(tables)} .csv files: give one of them"
        raise ValueError(f"{path} holds {what}")
    return tables


def _joints_of(kind: str, files: tuple[Path, ...]) -> JointSet:
    if kind in ("coco", "mpii"):
        return JOINT_SETS[kind]
    from . import csv_source, npz_source

    return (npz_source if kind == "crops" else csv_source).joints_of(files)
