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

import csv
import io
import math
from pathlib import Path

import numpy as np

from ..joints import LSP, JointSet
from .people import Person, Source, StudyError, checked_box, joint_name, named, photo_of

_BOX = ("x0", "y0", "x1", "y1")
_OTHER = ("image", "id", "head", *_BOX, "")
_ENDS = (" x", " y", " marked")


def read(file: Path, wanted: JointSet | None, images: Path) -> Source:
    """What the file holds. Raises StudyError that says what is wrong with it as a whole."""
    lines = list(io.StringIO(_text(file), newline=""))
    columns, separator = _columns(file, lines)
    table = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    try:
        rows = [(table.line_num, [cell.strip() for cell in row]) for row in table if any(map(str.strip, row))][1:]
    except csv.Error as problem:
        raise StudyError("labels.csv_line", file=file, line=table.line_num, problem=problem) from None
    joints = _joints(file, columns, [row for _, row in rows], wanted)
    people, known = [], {}
    for number, row in rows:
        cells = dict(zip(columns, row, strict=False))
        image = cells.get("image", "")
        people.append(person := Person(f"{file.name}:{number} {image}".rstrip()))
        try:
            if len(row) != len(columns):
                raise StudyError("label.cells")
            if not image:
                raise StudyError("label.names_no_image")
            person.photo = known.setdefault((cells.get("id") or image, image), len(known))
            _fill(person, cells, joints, separator)
        except StudyError as problem:
            person.reason = str(problem)
    return Source("csv", joints, people, [photo_of(images, *photo) for photo in known])


def _text(file: Path) -> str:
    raw = file.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:200]:
        codings = ["utf-16" if raw[0] > 0xF0 else "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"]
    else:
        codings = ["utf-8-sig", "gb18030"]
    for coding in codings:
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    raise StudyError("labels.csv_text", file=file)


def _columns(file: Path, lines: list[str]) -> tuple[list[str], str]:
    """The first line's names, and what separates them."""
    for separator in ",;\t|":
        columns = [_column(name) for name in next(csv.reader(lines, delimiter=separator, skipinitialspace=True), [])]
        if "image" in columns:
            if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
                raise StudyError("labels.csv_twice", file=file, columns=", ".join(twice))
            return columns, separator
    raise StudyError("labels.csv_image", file=file, line=repr("".join(lines[:1]).strip()[:80]))


def _column(name: str) -> str:
    name = joint_name(name)
    end = next((end for end in _ENDS if name.endswith(end)), "")
    return joint_name(name.removesuffix(end)) + end


def _joints(file: Path, columns: list[str], rows: list[list[str]], wanted: JointSet | None) -> JointSet:
    """The set whose joints all have columns. Numbers in a column that says nothing to us are an error where no joint
    is known: labels must not be passed over without a word."""
    if any(column.endswith(_ENDS) for column in columns):
        return named([c[:-2] for c in columns if c.endswith(" x") and f"{c[:-2]} y" in columns], wanted, file)[0]
    strange = [c for k, c in enumerate(columns) if c not in _OTHER and any(_is_number(row[k : k + 1]) for row in rows)]
    if strange:
        raise StudyError("labels.csv_strange", file=file, columns=", ".join(strange))
    return wanted or LSP  # no labels at all: any set does


def _is_number(cell: list[str]) -> bool:
    try:
        return math.isfinite(float(cell[0].replace(",", ".")))
    except (IndexError, ValueError):
        return False


def _fill(person: Person, cells: dict[str, str], joints: JointSet, separator: str) -> None:
    def number(column: str) -> float:
        cell = cells.get(column) or "nan"
        try:
            return float(cell.replace(",", ".") if separator == ";" else cell)
        except ValueError:
            raise StudyError("label.cell", cell=repr(cell), column=column) from None

    person.joints = np.zeros((len(joints), 3))
    for k, joint in enumerate(joints.joints):
        given = [bool(cells.get(f"{joint} {axis}")) for axis in "xy"]
        if given[0] != given[1]:
            raise StudyError("label.one_of", what=f"{joint} x, {joint} y")
        if given[0] and number(f"{joint} marked") != 0:
            person.joints[k] = number(f"{joint} x"), number(f"{joint} y"), 1
    if not np.isfinite(person.joints).all():
        raise StudyError("label.joint")
    corners = [number(key) for key in _BOX if cells.get(key)]
    if corners and len(corners) < len(_BOX):
        raise StudyError("label.one_of", what=", ".join(_BOX))
    person.box, person.head = checked_box(*corners) if corners else None, number("head") or math.nan
