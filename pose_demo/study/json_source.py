"""COCO's and MPII's label files as records.

A label file is read once, item by item, into a temporary database on disk (SQLite deletes it by itself): images and
annotations refer to each other, and the file may hold more of them than fit into memory.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import JointSet
from .csv_source import read_photo
from .datasets import Bad, Box, Person, Record, box_of
from .json_stream import items

#: The head segment that PCKh means is 0.6 of the diagonal of MPII's head box (Andriluka et al., CVPR 2014).
HEAD_OF_BOX = 0.6


class _Store:
    """Photos and people, in the order in which they came."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("")  # a file of its own in the temporary folder, gone when it is closed
        self.database.execute("create table photo (id text primary key, file text)")
        self.database.execute("create table person (number integer primary key, photo text, item text)")
        self.database.execute("create index beside on person (photo)")

    def add_photo(self, key: Any, file: Any) -> None:
        self.database.execute("insert or replace into photo values (?, ?)", (str(key), str(file)))

    def add_person(self, photo: Any, item: Any) -> None:
        self.database.execute("insert into person (photo, item) values (?, ?)", (str(photo), json.dumps(item)))

    def people(self) -> Iterator[tuple[int, str, Any]]:
        for number, photo, item in self.database.execute("select number, photo, item from person order by number"):
            yield number, photo, json.loads(item)

    def beside(self, photo: str, number: int) -> list[Any]:
        found = self.database.execute(
            "select item from person where photo = ? and number <> ? order by number", (photo, number)
        )
        return [json.loads(item) for (item,) in found]

    def file(self, photo: str) -> str | None:
        found = self.database.execute("select file from photo where id = ?", (photo,)).fetchone()
        return found[0] if found else None


def coco(file: Path, joints: JointSet, images: Path) -> Iterator[Record | Bad]:
    """Persons with marked joints; crowds and persons without are no records, as in COCO's own evaluation."""
    store, trouble = _Store(), None
    try:
        for key, item in items(file):
            if key == "images" and isinstance(item, dict):
                store.add_photo(item.get("id"), item.get("file_name"))
            elif key == "annotations":
                store.add_person(item.get("image_id") if isinstance(item, dict) else None, item)
    except (OSError, ValueError) as problem:
        trouble = Bad(file.name, str(problem))
    for number, photo, item in store.people():
        name = f"{file.name} annotation {item.get('id') if isinstance(item, dict) else f'number {number}'}"
        try:
            if not isinstance(item, dict):
                raise ValueError("is no annotation")
            person = _coco_person(item, joints)
            if item.get("iscrowd") or not person.joints[:, 2].any():
                continue
            path = store.file(photo)
            if path is None:
                raise ValueError(f"its image {item.get('image_id')} is not among the file's images")
            others = _others(store.beside(photo, number), partial(_coco_person, joints=joints))
            yield Record(f"{path} in {name}", person, partial(read_photo, images / path), False, item["image_id"],
                         item.get("id"), others)  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            yield Bad(name, _reason(problem))
    if trouble:
        yield trouble


def mpii(file: Path, joints: JointSet, images: Path) -> Iterator[Record | Bad]:
    """Persons of MPII's list. `center` and `scale` (in 200 pixels) give the box as HRNet's authors take it."""
    store, trouble = _Store(), None
    try:
        for _, item in items(file):
            photo = (item.get("image") or item.get("img_paths")) if isinstance(item, dict) else None
            store.add_person(photo or "", item)
    except (OSError, ValueError) as problem:
        trouble = Bad(file.name, str(problem))
    for number, photo, item in store.people():
        name = f"{photo or 'a person'} in {file.name}, number {number - 1}"
        try:
            if not photo:
                raise ValueError("names no image")
            others = _others(store.beside(photo, number), partial(_mpii_person, joints=joints))
            yield Record(name, _mpii_person(item, joints), partial(read_photo, images / photo), False, photo,
                         None, others)  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            yield Bad(name, _reason(problem))
    if trouble:
        yield trouble


def _coco_person(item: dict[str, Any], joints: JointSet) -> Person:
    labels = np.array(item.get("keypoints", [0] * 3 * len(joints)), np.float32)
    if labels.shape != (3 * len(joints),):
        raise ValueError(f"has {labels.size} keypoint numbers, not {3 * len(joints)}")
    labels = labels.reshape(-1, 3)
    labels[:, 2] = np.where(np.isfinite(labels[:, 2]), labels[:, 2] > 0, np.nan)
    x, y, width, height = (float(v) for v in item["bbox"])
    # Box and keypoints are taken as they stand, as HRNet's and MMPose's code takes them.
    return Person(labels, (x, y, x + width, y + height), None, float(item["area"]))


def _mpii_person(item: dict[str, Any], joints: JointSet) -> Person:
    if "joint_self" in item:
        marked = np.array(item["joint_self"], np.float32)
        centre, scale = item["objpos"], item["scale_provided"]
    else:
        points, seen = item.get("joints", [[0, 0]] * len(joints)), item.get("joints_vis", [0] * len(joints))
        if len(points) != len(seen):
            raise ValueError(f"has {len(points)} joints and {len(seen)} marks of visibility")
        marked = np.array([[*point, mark] for point, mark in zip(points, seen, strict=True)], np.float32)
        centre, scale = item["center"], item["scale"]
    if marked.shape != (len(joints), 3):
        raise ValueError(f"has joints of shape {marked.shape}, not ({len(joints)}, 3)")
    marked[:, 2] = np.where(np.isfinite(marked[:, 2]), marked[:, 2] > 0, np.nan)
    marked[:, :2] -= 1  # the labels count pixels from 1
    return Person(marked, _mpii_box(centre, float(scale)), _head(item, marked, joints))


def _mpii_box(centre: Any, scale: float) -> Box:
    x, y = float(centre[0]) - 1, float(centre[1]) - 1 + 15 * scale
    half = 100 * scale
    return x - half, y - half, x + half, y + half


def _head(item: dict[str, Any], marked: np.ndarray, joints: JointSet) -> float | None:
    """From "headbox" (x0, y0, x1, y1) where the file has it, else from upper neck to head top."""
    if item.get("headbox"):
        x0, y0, x1, y1 = (float(v) for v in item["headbox"])
        return HEAD_OF_BOX * math.hypot(x1 - x0, y1 - y0)
    neck, top = marked[joints.index("neck")], marked[joints.index("head top")]
    length = float(np.linalg.norm(neck[:2] - top[:2]))
    return length if neck[2] > 0 and top[2] > 0 and length > 0 else None


def _others(found: list[Any], person: Any) -> tuple[Person, ...]:
    """The labelled people beside; one whose label is broken is told of at its own turn."""
    result = []
    for item in found:
        try:
            other = person(item)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if other.joints[:, 2].any() and np.isfinite(other.joints).all() and box_of(other.joints):
            result.append(other)
    return tuple(result)


def _reason(problem: Exception) -> str:
    return f"has no {problem.args[0]}" if isinstance(problem, KeyError) else str(problem)
