"""COCO's and MPII's label files.

COCO keypoints: {"images": [...], "annotations": [...], "categories": [...]}. The file's own categories say who is a
person and in which order the joints stand; without them every annotation is a person with COCO's joints.
MPII: a list, as HRNet's authors publish it (image, center, scale, joints, joints_vis) or as in mpii_annotations.json
(img_paths, objpos, scale_provided, joint_self); pixels count from 1.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import COCO, MPII, JointSet
from .people import Person, PhotoIndex, Source, StudyError, bbox_of, checked_box, named, photo_of, points_of

#: The head segment that PCKh means is 0.6 of the diagonal of MPII's head box (Andriluka et al., CVPR 2014).
HEAD_OF_BOX = 0.6
_PEOPLE = ("person", "people", "human", "pedestrian")


def load(file: Path) -> Any:
    """A JSON file in UTF-8, UTF-16 or UTF-32. Raises StudyError that names the file where it is none."""
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as problem:
        what = "neither UTF-8 nor UTF-16 text" if isinstance(problem, UnicodeDecodeError) else problem
        raise StudyError("labels.json", file=file, problem=what) from None


def reason_of(problem: Exception) -> str:
    """Why an item is not as it should be, in words."""
    return str(StudyError("label.has_no", what=problem.args[0]) if isinstance(problem, KeyError) else problem)


#: What reading an item that is not as it should be may raise.
ODD = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)


def read(file: Path, wanted: JointSet | None, images: Path) -> Source:
    """What the file holds. Raises StudyError where it is neither COCO's nor MPII's."""
    data = load(file)
    if isinstance(data, dict) and isinstance(data.get("annotations"), list) and isinstance(data.get("images"), list):
        return _coco(data, file, wanted, images)
    if not isinstance(data, list):
        raise StudyError("labels.neither", file=file)
    if data and isinstance(data[0], dict) and "keypoints" in data[0]:
        raise StudyError("labels.predictions", file=file, name=file.name)
    return _mpii(data, file, wanted or MPII, images)


# --- COCO ------------------------------------------------------------------------------------------------------------


def _coco(data: dict[str, Any], file: Path, wanted: JointSet | None, images: Path) -> Source:
    """Persons with marked joints are asked for; crowds and persons without are not, as in COCO's own evaluation."""
    which, names = _person_category(data.get("categories"), file)
    joints, order = named(names, wanted, file) if names else (wanted or COCO, tuple(range(len(wanted or COCO))))
    count, by_id = len(names) or len(joints), {str(i.get("id")): i for i in data["images"] if isinstance(i, dict)}
    photos = [photo_of(images, item.get("id"), str(item.get("file_name"))) for item in by_id.values()]
    index, people = PhotoIndex(photos), []
    for number, item in enumerate(data["annotations"]):
        if not isinstance(item, dict):
            people.append(Person(f"{file.name} annotation number {number}", reason=str(StudyError("label.nothing"))))
        elif which is None or _key(item.get("category_id", next(iter(which)))) in which:
            person = Person(f"{file.name} annotation {item.get('id', f'number {number}')}")
            people.append(person)
            if places := index(item.get("image_id"), files=False):
                person.photo, person.name = places[0], f"{photos[places[0]].file} in {person.name}"
            try:
                _fill_coco(person, item, count, order)
            except ODD as problem:
                person.reason = str(problem)
    return Source("coco", joints, people, photos, order, count)


def _person_category(categories: Any, file: Path) -> tuple[set[str] | None, list[str]]:
    """(ids of what is a person, the names of its joints); (None, []) where the file does not say.

    Raises StudyError where it has categories, and none of them is a person.
    """
    known = [c for c in categories if isinstance(c, dict)] if isinstance(categories, list) else []
    called = [c for c in known if str(c.get("name")).strip().lower() in _PEOPLE]
    chosen = called or [c for c in known if c.get("keypoints")] or known
    if not called and len(chosen) > 1:
        raise StudyError("labels.no_person", file=file, categories=", ".join(str(c.get("name")) for c in known))
    return ({_key(c.get("id")) for c in chosen}, list(chosen[0].get("keypoints") or ())) if chosen else (None, [])


def _key(category: Any) -> str:
    return str(category).strip().removesuffix(".0")


def _fill_coco(person: Person, item: dict[str, Any], count: int, order: tuple[int, ...]) -> None:
    person.box, person.area = bbox_of(item.get("bbox")), _area(item.get("area"))
    person.joints = points_of(item.get("keypoints") or [0] * 3 * count, count)[list(order)]
    person.crowd = str(item.get("iscrowd")).strip().lower() not in ("0", "0.0", "false", "none", "")
    person.asked = bool(person.joints[:, 2].any()) and not person.crowd
    if person.photo < 0:
        raise StudyError("label.no_image", image=item.get("image_id"))


def _area(value: Any) -> float:
    try:
        return area if math.isfinite(area := float(value)) and area > 0 else math.nan
    except (TypeError, ValueError):
        return math.nan


# --- MPII ------------------------------------------------------------------------------------------------------------


def _mpii(data: list[Any], file: Path, joints: JointSet, images: Path) -> Source:
    """`center` and `scale` (in 200 pixels) give the box as HRNet's authors take it."""
    people, known = [], {}
    for number, item in enumerate(data):
        photo = (item.get("image") or item.get("img_paths")) if isinstance(item, dict) else None
        people.append(person := Person(f"{photo or 'a person'} in {file.name}, number {number}"))
        try:
            if not photo:
                raise StudyError("label.names_no_image")
            person.photo = known.setdefault(photo, len(known))
            _fill_mpii(person, item, joints)
        except ODD as problem:
            person.reason = reason_of(problem)
    return Source("mpii", joints, people, [photo_of(images, photo, str(photo)) for photo in known])


def _fill_mpii(person: Person, item: dict[str, Any], joints: JointSet) -> None:
    if "joint_self" in item:
        points, centre, scale = item["joint_self"], item["objpos"], float(item["scale_provided"])
    else:
        places, seen = item.get("joints", [[0, 0]] * len(joints)), item.get("joints_vis", [0] * len(joints))
        if len(places) != len(seen):
            raise StudyError("label.marks", joints=len(places), marks=len(seen))
        points = [[*place, mark] for place, mark in zip(places, seen, strict=True)]
        centre, scale = item["center"], float(item["scale"])
    person.joints = points_of(points, len(joints))
    person.joints[:, :2] -= person.joints[:, 2:]  # the labels count pixels from 1
    x, y = (float(v) - 1 for v in centre)
    person.box = checked_box(x - 100 * scale, y - 85 * scale, x + 100 * scale, y + 115 * scale)
    if item.get("headbox"):
        x0, y0, x1, y1 = (float(v) for v in item["headbox"])
        person.head = HEAD_OF_BOX * math.hypot(x1 - x0, y1 - y0)
    else:  # from upper neck to head top
        neck, top = person.joints[[joints.index("neck"), joints.index("head top")]]
        length = float(np.linalg.norm(neck[:2] - top[:2]))
        person.head = length if neck[2] > 0 and top[2] > 0 and length > 0 else math.nan
