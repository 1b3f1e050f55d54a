"""Labelled photos of any of four kinds, read once, as arrays.

    *.npz                  square person crops (see the README of the training data): webp, offset, size, joints,
                           image_id; joints (N, J, 3) x, y, 1 if marked
    *.json that is {...}   COCO keypoints: images, annotations, categories; label_json.py
    *.json that is [...]   MPII as HRNet's authors publish it, or as mpii_annotations.json; label_json.py
    *.csv                  one line a person; label_csv.py
    a folder               its *.npz, in order of their names, or else its only *.csv

A label that cannot be used keeps its row, with the reason; the others go on. Pictures are read when they are asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ..joints import JointSet, joint_set
from . import label_csv, label_json, label_npz
from .people import People, Person, Photo, Source

_READERS = {".npz": label_npz.read, ".csv": label_csv.read, ".json": label_json.read}


@dataclass(frozen=True)
class Labels:
    """A set of labels.

    kind    -- "crops", "coco", "mpii" or "csv"
    people  -- the people who are asked for, a row each; names, reasons -- of these rows, for people ("": usable)
    ignored -- crowds, and people without a marked joint: finding them is neither right nor wrong
    order   -- see Source; of predictions that come in the file's own order
    """

    files: tuple[Path, ...]
    kind: str
    joints: JointSet
    people: People
    ignored: People
    names: list[str]
    reasons: list[str]
    photos: list[Photo]
    order: tuple[int, ...] | None = None
    listed: int | None = None

    @property
    def name(self) -> str:
        return ", ".join(file.name for file in self.files)

    @cached_property
    def beside(self) -> np.ndarray:
        """(P, 2) rows of labelled people who share a photo: (one, another), each pair both ways."""
        labelled = np.flatnonzero((self.people.joints[..., 2] > 0).sum(axis=1) > 1)
        by_photo: dict[int, list[int]] = {}
        for row in labelled:
            by_photo.setdefault(int(self.people.photo[row]), []).append(int(row))
        pairs = [pair for rows in by_photo.values() for pair in itertools.permutations(rows, 2)]
        return np.array(pairs, int).reshape(-1, 2)

    def picture(self, row: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB of a row's photo. Raises ValueError or OSError where label or photo cannot be used."""
        if self.reasons[row]:
            raise ValueError(self.reasons[row])
        photo = self.photos[self.people.photo[row]].read()
        height, width = photo.shape[:2]
        joints, box = self.people.joints[row], self.people.box[row]
        marked = joints[joints[:, 2] > 0, :2]
        # One pixel of grace: labels come from tools that count from 0 or from 1, centres or edges.
        if ((marked < -1.5) | (marked > np.array([width, height]) + 0.5)).any():
            raise ValueError(f"a joint lies outside the photo of {width} by {height} pixels")
        if not np.isnan(box[0]) and not (box[0] < width and box[1] < height and box[2] > 0 and box[3] > 0):
            raise ValueError(f"the person's box lies outside the photo of {width} by {height} pixels")
        return photo


def open_labels(paths: Sequence[str | Path], joints: str | None = None, images: str | Path | None = None) -> Labels:
    """Labels from files of one kind, or from a folder of them.

    joints -- "coco", "mpii" or "lsp" where the labels do not say; images -- folder of the pictures (default: the
    labels' own). Raises ValueError or FileNotFoundError in one sentence where nothing at all can be read.
    """
    files = tuple(file for path in paths for file in _files(Path(path)))
    if not files:
        raise ValueError("give at least one file of labels")
    kinds, sources = set(), []
    wanted = joint_set(joints) if joints else None
    for file in files:
        if file.suffix.lower() not in _READERS:
            raise ValueError(
                f"{file} is no set of labels: there are .npz, .json (COCO, MPII), .csv, and folders of these"
            )
        folder = Path(images) if images else file.parent
        kind, source = _READERS[file.suffix.lower()](file, wanted, folder)
        kinds.add(kind)
        sources.append((file, source))
    if len(kinds) > 1:
        raise ValueError(f"one study takes labels of one kind, these are {', '.join(sorted(kinds))}")
    return _together(files, kinds.pop(), sources)


def _together(files: tuple[Path, ...], kind: str, sources: list[tuple[Path, Source | str]]) -> Labels:
    """One set of several files; a file that could not be read (its reason instead) is one bad row."""
    read = [source for _, source in sources if isinstance(source, Source)]
    if not read:
        raise ValueError("; ".join(f"{file} {source}" for file, source in sources))
    known, people, photos = read[0].joints, [], []
    for file, source in sources:
        reason = source if isinstance(source, str) else "" if source.people else "holds no record"
        if isinstance(source, Source) and (source.joints, source.order) != (known, read[0].order):
            reason = f"has joints of {source.joints.name} where {files[0].name} has {known.name}, or another order"
        if reason:
            people.append(Person(file.name, reason=reason))
            continue
        people += [replace(p, photo=p.photo + len(photos) if p.photo >= 0 else -1) for p in source.people]
        photos += source.photos
    asked, ignored = ([p for p in people if p.asked is which] for which in (True, False))
    return Labels(
        files, kind, known, People.of(asked, len(known)), People.of(ignored, len(known)), [p.name for p in asked],
        [p.reason for p in asked], photos, read[0].order, read[0].listed,
    )  # fmt: skip


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
