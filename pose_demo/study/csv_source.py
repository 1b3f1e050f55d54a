"""A folder of photos with a CSV; its columns are described in datasets.py."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ..joints import JOINT_SETS, JointSet
from .datasets import Bad, Person, Record, box_of

_BOX = ("x0", "y0", "x1", "y1")


def joints_of(files: tuple[Path, ...]) -> JointSet:
    """The set whose joints all have columns; LSP's are among MPII's, so the larger set is asked first."""
    columns = _columns(files[0])
    for known in (JOINT_SETS["coco"], JOINT_SETS["mpii"], JOINT_SETS["lsp"]):
        if all(f"{joint} x" in columns for joint in known.joints):
            return known
    if any(column.endswith(" x") for column in columns):
        raise ValueError(f"{files[0]} has columns for no whole set of joints; say which it means: coco, mpii or lsp")
    return JOINT_SETS["lsp"]  # no labels at all: any set does


def read(file: Path, joints: JointSet, images: Path) -> Iterator[Record | Bad]:
    """The records of one CSV."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as f:
            table = csv.DictReader(f, restkey="", restval=None)
            if "image" not in (table.fieldnames or ()):
                yield Bad(file.name, "has no column image")
                return
            for row in table:
                name = f"{file.name}:{table.line_num} {row.get('image') or ''}".rstrip()
                try:
                    yield _record(name, row, joints, images)
                except ValueError as trouble:
                    yield Bad(name, str(trouble))
    except (OSError, UnicodeDecodeError, csv.Error) as trouble:
        yield Bad(file.name, f"cannot be read: {trouble}")


def _record(name: str, row: dict[str, str], joints: JointSet, images: Path) -> Record:
    if "" in row or None in row.values():
        raise ValueError("has more or fewer cells than the first line has columns")
    if not row["image"]:
        raise ValueError("names no image")
    labels = np.zeros((len(joints), 3), np.float32)
    for k, joint in enumerate(joints.joints):
        x, y = _number(row, f"{joint} x"), _number(row, f"{joint} y")
        if (x is None) != (y is None):
            raise ValueError(f"has only one of {joint} x and {joint} y")
        if x is not None and _number(row, f"{joint} marked") != 0:
            labels[k] = x, y, 1
    corners = [_number(row, key) for key in _BOX]
    if None in corners and any(corner is not None for corner in corners):
        raise ValueError("has only some of x0, y0, x1, y1")
    box = box_of(labels) if None in corners else tuple(corners)
    person = Person(labels, box, _number(row, "head"))
    return Record(name, person, partial(read_photo, images / row["image"]), image_id=row.get("id") or row["image"])


def read_photo(path: Path) -> np.ndarray:
    """(H, W, 3) uint8, by way of photo.read; OpenCV is loaded only here."""
    from ..photo import read

    return read(path)


def _number(row: dict[str, str], column: str) -> float | None:
    """A cell's number; None where there is none."""
    cell = (row.get(column) or "").strip()
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"has {cell!r} as {column}") from None


def _columns(file: Path) -> set[str]:
    with file.open(newline="", encoding="utf-8-sig") as f:
        return set(next(csv.reader(f), []))
