"""A CSV, one line a person.

    image               the picture's path from the CSV's folder; the one required column
    x0, y0, x1, y1      the person's box as a detector gives it, edges in pixels; without it the box of the marked
                        joints, and without these the whole photo
    head                the head's length in pixels, for PCKh
    id                  image_id of predictions from elsewhere (default: the image's path)
    NAME x, NAME y      a joint, pixel centres at whole numbers; NAME as in joints.py
    NAME marked         0 where it is not; an empty x does the same

Cells are separated by commas, semicolons (then 12,5 is 12.5), tabs or bars, as the first line shows; text is UTF-8,
UTF-16 or GBK. Capitals and underscores in the first line make no difference.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
from pathlib import Path

import numpy as np

from ..joints import JOINT_SETS, JointSet
from .people import Person, Source, joint_name, named, photo_of

_BOX = ("x0", "y0", "x1", "y1")
_OTHER = ("image", "id", "head", *_BOX)
_ENDS = (" x", " y", " marked")


def read(file: Path, wanted: JointSet | None, images: Path) -> tuple[str, Source]:
    """("csv", what the file holds). Raises ValueError that says what is wrong with it as a whole."""
    text = _text(file)
    columns, separator = _columns(file, text)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    next(table)
    people, photos, known = [], [], {}
    joints, lines = None, []
    try:
        lines = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
    except csv.Error as problem:
        raise ValueError(f"{file} cannot be read at line {table.line_num}: {problem}") from None
    joints = _joints(file, columns, [row for _, row in lines], wanted)
    for number, row in lines:
        cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
        image = cells.get("image", "")
        person = Person(f"{file.name}:{number} {image}".rstrip())
        people.append(person)
        try:
            if len(row) != len(columns):
                raise ValueError("has more or fewer cells than the first line has columns")
            if not image:
                raise ValueError("names no image")
            key = cells.get("id") or image
            if (key, image) not in known:
                known[key, image] = len(photos)
                photos.append(photo_of(images, key, image))
            person.photo = known[key, image]
            _fill(person, cells, joints, separator == ";")
        except ValueError as problem:
            person.reason = str(problem)
    return "csv", Source(joints, people, photos)


def _text(file: Path) -> str:
    raw = file.read_bytes()
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codings = ["utf-16"]
    elif b"\0" in raw[:200]:
        codings = ["utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"]
    else:
        codings = ["utf-8-sig", "gb18030"]
    for coding in codings:
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{file} is neither UTF-8 nor UTF-16 nor GBK text: save it as UTF-8")


def _columns(file: Path, text: str) -> tuple[list[str], str]:
    """The first line's names, and what separates them."""
    for separator in ",;\t|":
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True), [])
        columns = [_column(name) for name in first]
        if "image" in columns:
            break
    else:
        line = text.splitlines()[0][:80] if text.strip() else ""
        raise ValueError(f"{file} has no column image; its first line is {line!r}")
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise ValueError(f"{file} has the column {', '.join(twice)} twice")
    return columns, separator


def _column(name: str) -> str:
    name = joint_name(name)
    joint, end = next(((name.removesuffix(end), end) for end in _ENDS if name.endswith(end)), (name, ""))
    return joint_name(joint) + end


def _joints(file: Path, columns: list[str], rows: list[list[str]], wanted: JointSet | None) -> JointSet:
    """The set whose joints all have columns. Numbers in a column that says nothing to us are an error where no joint
    is known: labels must not be passed over without a word."""
    joints = [c.removesuffix(" x") for c in columns if c.endswith(" x") and f"{c.removesuffix(' x')} y" in columns]
    if joints or any(c.endswith(_ENDS) for c in columns):
        return named(joints, wanted, str(file))[0]
    strange = [c for k, c in enumerate(columns)
               if c and c not in _OTHER and any(_is_number(row[k]) for row in rows if k < len(row))]  # fmt: skip
    if strange:
        raise ValueError(
            f"{file} has numbers in columns that are not understood: {', '.join(strange)}; the joint left wrist has "
            "columns left wrist x and left wrist y, a box x0, y0, x1, y1"
        )
    return wanted or JOINT_SETS["lsp"]  # no labels at all: any set does


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell.replace(",", ".")))
    except ValueError:
        return False


def _fill(person: Person, cells: dict[str, str], joints: JointSet, comma: bool) -> None:
    def number(column: str) -> float | None:
        cell = cells.get(column, "")
        if not cell:
            return None
        try:
            return float(cell.replace(",", ".") if comma else cell)
        except ValueError:
            raise ValueError(f"has {cell!r} as {column}") from None

    labels = np.zeros((len(joints), 3))
    for k, joint in enumerate(joints.joints):
        x, y = number(f"{joint} x"), number(f"{joint} y")
        if (x is None) != (y is None):
            raise ValueError(f"has only one of {joint} x and {joint} y")
        if x is not None and y is not None and number(f"{joint} marked") != 0:
            labels[k] = x, y, 1
    if not np.isfinite(labels).all():
        raise ValueError("a joint is not a number")
    corners = [number(key) for key in _BOX]
    given = [corner for corner in corners if corner is not None]
    if given and len(given) < 4:
        raise ValueError("has only some of x0, y0, x1, y1")
    if given and not (np.isfinite(given).all() and given[2] > given[0] and given[3] > given[1]):
        raise ValueError("the person's box is empty or not a number")
    person.joints, person.head = labels, number("head")
    person.box = (given[0], given[1], given[2], given[3]) if given else None
