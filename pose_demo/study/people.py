"""People as arrays, and what all readers of label files share: numbers, boxes, names of joints and of photos."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import COCO, LSP, MPII, JointSet
from ..locales import UserError

Box = tuple[float, float, float, float]

#: What other tools call joints that the joint sets here call differently.
_ALSO = {"upper neck": "neck", "top head": "head top", "top of head": "head top"}


class StudyError(UserError):
    """Labels, predictions or a call that a study cannot use."""


@dataclass(frozen=True)
class Photo:
    """A photo of a set: what predictions call it, its file, and `read`, which gives (H, W, 3) uint8 RGB or raises
    OSError or UserError."""

    id: int | str
    file: str
    read: Callable[[], np.ndarray]


@dataclass
class Person:
    """One label as a file has it; see People.

    asked -- False for crowds and people without joints: no network is asked for them
    """

    name: str
    photo: int = -1
    joints: np.ndarray | None = None
    box: Box | None = None
    head: float = np.nan
    area: float = np.nan
    crowd: bool = False
    reason: str = ""
    asked: bool = True


@dataclass(frozen=True)
class People:
    """N people as arrays.

    name   -- (N,) text: the file and what tells the person apart in it
    photo  -- (N,) int: place in the list of photos, -1 where there is none
    joints -- (N, J, 3) float32: x, y in pixels of the photo, centres at whole numbers, 1 if marked; else all three 0
    box    -- (N, 4) float64: x0, y0, x1, y1 as a detector gives it, else around the joints; nan where neither is known
    head   -- (N,) float64: length of the head in pixels, PCKh's yardstick; nan where unknown
    area   -- (N,) float64: COCO's own area in square pixels, OKS's yardstick; nan where unknown
    crowd  -- (N,) bool: COCO's mark of several people in one label
    reason -- (N,) text: why the label cannot be used, "" where it can
    """

    name: np.ndarray
    photo: np.ndarray
    joints: np.ndarray
    box: np.ndarray
    head: np.ndarray
    area: np.ndarray
    crowd: np.ndarray
    reason: np.ndarray

    def __len__(self) -> int:
        return len(self.photo)

    def __getitem__(self, rows: Any) -> People:
        return People(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def of(cls, people: Sequence[Person], joints: int) -> People:
        labels, boxes = np.zeros((len(people), joints, 3), np.float32), np.full((len(people), 4), np.nan)
        for k, person in enumerate(people):
            labels[k] = 0 if person.joints is None else person.joints
            boxes[k] = person.box or box_of(labels[k]) or np.nan

        def column(key: str, kind: type) -> np.ndarray:
            return np.array([getattr(person, key) for person in people], kind)

        return cls(column("name", object), column("photo", int), labels, boxes, column("head", float),
                   column("area", float), column("crowd", bool), column("reason", object))  # fmt: skip


@dataclass(frozen=True)
class Source:
    """What one file holds. order -- place in the file's own list of `listed` joints of each joint of the set."""

    kind: str
    joints: JointSet
    people: list[Person]
    photos: list[Photo]
    order: tuple[int, ...] | None = None
    listed: int | None = None


def points_of(values: Any, count: int) -> np.ndarray:
    """(count, 3) float64 x, y, mark from a list of numbers, flat or nested, some of them perhaps as text.

    Raises StudyError where it is none, or where what is marked is no number. What is not marked is 0.
    """
    try:
        found = np.array(values, float)
    except (TypeError, ValueError) as problem:
        raise StudyError("label.no_numbers", problem=problem) from None
    if found.size != 3 * count:
        raise StudyError("label.count", found=found.size, wanted=3 * count)
    found = found.reshape(count, 3)
    seen = found[:, 2] > 0
    if np.isnan(found[:, 2]).any() or not np.isfinite(found[seen, :2]).all():
        raise StudyError("label.joint")
    return np.where(seen[:, None], np.column_stack([found[:, :2], seen]), 0)


def box_of(joints: np.ndarray) -> Box | None:
    """Edges of the smallest box around the marked joints; None where fewer than two are marked or one is no number."""
    marked = joints[joints[:, 2] > 0, :2]
    if len(marked) < 2 or not np.isfinite(marked).all():
        return None
    (x0, y0), (x1, y1) = marked.min(axis=0) - 0.5, marked.max(axis=0) + 0.5
    return float(x0), float(y0), float(x1), float(y1)


def bbox_of(bbox: Any) -> Box | None:
    """COCO's x, y, width, height as x0, y0, x1, y1; None where it is missing, empty or no numbers.

    Box and keypoints are taken as they stand, as HRNet's and MMPose's code takes them.
    """
    try:
        x, y, width, height = (float(v) for v in np.array(bbox, float).ravel())
        return checked_box(x, y, x + width, y + height)
    except (TypeError, ValueError):
        return None


def checked_box(x0: float, y0: float, x1: float, y1: float) -> Box:
    """The same box. Raises StudyError where it is empty or no numbers."""
    if not (np.isfinite([x0, y0, x1, y1]).all() and x1 > x0 and y1 > y0):
        raise StudyError("label.box")
    return x0, y0, x1, y1


def named(names: Iterable[Any], wanted: JointSet | None, where: Path) -> tuple[JointSet, tuple[int, ...]]:
    """The joint set that is among these names, and the place of each of its joints there.

    LSP's joints are among MPII's, so the larger sets are asked first. Raises StudyError that names both lists.
    """
    found = [joint_name(name) for name in names]
    tried = (wanted,) if wanted else (COCO, MPII, LSP)
    for known in tried:
        if set(known.joints) <= set(found):
            return known, tuple(found.index(joint) for joint in known.joints)
    sets = "; ".join(f"{known.name}: {', '.join(known.joints)}" for known in tried)
    raise StudyError("labels.joints", file=where, joints=", ".join(found), sets=sets)


def joint_name(name: Any) -> str:
    """ "Left_Shoulder", "left-shoulder" and "leftShoulder" are "left shoulder"."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(name))
    text = " ".join(re.split(r"[\W_]+", text.lower())).strip()
    return _ALSO.get(text, text)


# --- photos ----------------------------------------------------------------------------------------------------------


def photo_of(folder: Path, photo_id: Any, name: str) -> Photo:
    return Photo(photo_id, name, partial(_read, folder, name))


def _read(folder: Path, name: str) -> np.ndarray:
    """By way of photo.read; OpenCV is loaded only here. Windows' back-slashes separate folders."""
    from ..photo import read

    path = folder / name
    return read(path if "\\" not in name or path.exists() else folder / name.replace("\\", "/"))


class PhotoIndex:
    """Finds a photo by what somebody calls it: its id; its id written otherwise (1.0, "1" or "001" for 1); its file's
    name, with or without folders and ending."""

    def __init__(self, photos: Sequence[Photo]):
        self._known: list[dict[str, list[int]]] = [{} for _ in range(5)]
        for k, photo in enumerate(photos):
            for known, key in zip(self._known, (*_ids(photo.id), *_files(photo.file)), strict=True):
                known.setdefault(key, []).append(k)

    def __call__(self, name: Any, files: bool = True) -> list[int]:
        """Places of the photos that the name may mean: one, none, or several where it is not enough.

        files -- whether it may be the name of a file
        """
        keys = (*_ids(name), *(_files(name) if files else ()))
        return next((known[key] for known, key in zip(self._known, keys, strict=False) if key in known), [])


def _ids(name: Any) -> tuple[str, str]:
    text = str(int(name) if isinstance(name, float) and name.is_integer() else name).strip()
    number = re.fullmatch(r"0*(\d+)(\.0*)?", text)
    return text, number[1] if number else text


def _files(name: Any) -> tuple[str, str, str]:
    path = str(name).strip().replace("\\", "/")
    last = path.rsplit("/", 1)[-1]
    return path, last, last.rsplit(".", 1)[0]
