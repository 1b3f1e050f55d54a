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
from .people import People, Person, Photo, Source, StudyError

_READERS = {".npz": label_npz.read, ".csv": label_csv.read, ".json": label_json.read}


@dataclass(frozen=True)
class Labels:
    """A set of labels.

    kind    -- "crops", "coco", "mpii" or "csv"
    people  -- the people who are asked for, a row each
    ignored -- crowds, and people without a marked joint: finding them is neither right nor wrong
    order, listed -- see Source; of predictions that come in the file's own order
    """

    files: tuple[Path, ...]
    kind: str
    joints: JointSet
    people: People
    ignored: People
    photos: list[Photo]
    order: tuple[int, ...] | None = None
    listed: int | None = None

    @property
    def name(self) -> str:
        return ", ".join(file.name for file in self.files)

    @cached_property
    def beside(self) -> np.ndarray:
        """(P, 2) rows of labelled people who share a photo: (one, another), each pair both ways."""
        by_photo: dict[int, list[int]] = {}
        for row in np.flatnonzero((self.people.joints[..., 2] > 0).sum(axis=1) > 1):
            by_photo.setdefault(int(self.people.photo[row]), []).append(int(row))
        pairs = [pair for rows in by_photo.values() for pair in itertools.permutations(rows, 2)]
        return np.array(pairs, int).reshape(-1, 2)

    def picture(self, row: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB of a row's photo. Raises UserError or OSError where label or photo cannot be used."""
        if self.people.reason[row]:
            raise StudyError("label.unusable", reason=self.people.reason[row])
        photo = self.photos[self.people.photo[row]].read()
        height, width = photo.shape[:2]
        (x0, y0, x1, y1), joints = self.people.box[row], self.people.joints[row]
        marked = joints[joints[:, 2] > 0, :2]
        # One pixel of grace: labels come from tools that count from 0 or from 1, centres or edges.
        if ((marked < -1.5) | (marked > np.array([width, height]) + 0.5)).any():
            raise StudyError("label.joint_outside", width=width, height=height)
        if x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0:
            raise StudyError("label.box_outside", width=width, height=height)
        return photo


def open_labels(paths: Sequence[str | Path], joints: str | None = None, images: str | Path | None = None) -> Labels:
    """Labels from files of one kind, or from a folder of them.

    joints -- "coco", "mpii" or "lsp" where the labels do not say; images -- folder of the pictures (default: the
    labels' own). A file among others that cannot be read is one row that cannot be used. Raises StudyError where
    nothing at all can be read.
    """
    files = tuple(file for path in paths for file in _files(Path(path)))
    wanted, sources = joint_set(joints) if joints else None, []
    for file in files:
        if file.suffix.lower() not in _READERS:
            raise StudyError("labels.unknown", file=file)
        try:
            sources.append((file, _READERS[file.suffix.lower()](file, wanted, Path(images) if images else file.parent)))
        except StudyError as problem:
            if len(files) == 1:
                raise
            sources.append((file, problem))
    return _together(files, sources)


def _together(files: tuple[Path, ...], sources: list[tuple[Path, Source | StudyError]]) -> Labels:
    read = [source for _, source in sources if isinstance(source, Source)]
    if not read:
        raise StudyError("labels.none", reasons="; ".join(str(problem) for _, problem in sources))
    if len(kinds := {source.kind for source in read}) > 1:
        raise StudyError("labels.kinds", kinds=", ".join(sorted(kinds)))
    first, people, photos = read[0], [], []
    for file, source in sources:
        if isinstance(source, StudyError):
            reason = str(source)
        elif (source.joints, source.order) != (first.joints, first.order):
            reason = str(StudyError("labels.other_joints", file=files[0].name, joints=source.joints.name))
        else:
            reason = "" if source.people else str(StudyError("labels.empty"))
            people += [replace(p, photo=p.photo + len(photos) if p.photo >= 0 else -1) for p in source.people]
            photos += source.photos
        people += [Person(file.name, reason=reason)] * bool(reason)
    asked, ignored = (People.of([p for p in people if p.asked is which], len(first.joints)) for which in (True, False))
    return Labels(files, first.kind, first.joints, asked, ignored, photos, first.order, first.listed)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise StudyError("labels.missing", file=path)
    found = (sorted(path.glob("*.npz")) or sorted(path.glob("*.csv"))) if path.is_dir() else [path]
    if not found or (len(found) > 1 and found[0].suffix == ".csv"):
        raise StudyError("labels.folder", file=path, count=len(found))
    return found
