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
from .people import Person, PhotoIndex, Source, bbox_of, named, photo_of, points_of

#: The head segment that PCKh means is 0.6 of the diagonal of MPII's head box (Andriluka et al., CVPR 2014).
HEAD_OF_BOX = 0.6
_PEOPLE = ("person", "people", "human", "pedestrian")
#: What reading an item that is not as it should be may raise.
ODD = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)


def load(file: Path) -> Any:
    """A JSON file in UTF-8, UTF-16 or UTF-32. Raises ValueError that names the file where it is none."""
    try:
        return json.loads(file.read_bytes())
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not usable JSON: neither UTF-8 nor UTF-16 text") from None
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"{file} is not usable JSON: {problem}") from None


def read(file: Path, wanted: JointSet | None, images: Path) -> tuple[str, Source]:
    """("coco" or "mpii", what the file holds). Raises ValueError where it is neither."""
    data = load(file)
    if isinstance(data, dict) and isinstance(data.get("annotations"), list) and isinstance(data.get("images"), list):
        return "coco", coco(data, file, wanted, images)
    if isinstance(data, list):
        if data and isinstance(data[0], dict) and "keypoints" in data[0]:
            raise ValueError(f"{file} holds predictions, not labels: give it as --predictions NAME={file.name}")
        return "mpii", mpii(data, file, wanted or MPII, images)
    raise ValueError(f"{file} has no lists of images and annotations, as COCO's labels have, and is no list of MPII's")


# --- COCO ------------------------------------------------------------------------------------------------------------


def coco(data: dict[str, Any], file: Path, wanted: JointSet | None, images: Path) -> Source:
    """Persons with marked joints are asked for; crowds and persons without are not, as in COCO's own evaluation."""
    which, names = _person_category(data.get("categories"), file)
    joints, order = named(names, wanted, str(file)) if names else (wanted or COCO, None)
    listed = {str(item.get("id")): item for item in data["images"] if isinstance(item, dict)}
    photos = [photo_of(images, item.get("id"), str(item.get("file_name"))) for item in listed.values()]
    index, people = PhotoIndex(photos), []
    for number, item in enumerate(data["annotations"]):
        if not isinstance(item, dict):
            people.append(Person(f"{file.name} annotation number {number}", reason="is no annotation"))
        elif which is None or "category_id" not in item or _key(item["category_id"]) in which:
            name = f"{file.name} annotation {item.get('id', f'number {number}')}"
            people.append(_coco_person(name, item, joints, order, len(names), photos, index))
    return Source(joints, people, photos, order, len(names) or None)


def _person_category(categories: Any, file: Path) -> tuple[set[str] | None, list[str]]:
    """(ids of what is a person, the names of its joints); (None, []) where the file does not say.

    Raises ValueError where it has categories, and none of them is a person.
    """
    known = [c for c in categories if isinstance(c, dict)] if isinstance(categories, list) else []
    if not known:
        return None, []
    called = [c for c in known if str(c.get("name")).strip().lower() in _PEOPLE]
    chosen = called or [c for c in known if c.get("keypoints")] or known
    if not called and len(chosen) > 1:
        raise ValueError(f"{file} has no category person, but {', '.join(str(c.get('name')) for c in known)}")
    return {_key(c.get("id")) for c in chosen}, list(chosen[0].get("keypoints") or ())


def _key(category: Any) -> str:
    return str(category).strip().removesuffix(".0")


def _coco_person(
    name: str, item: dict[str, Any], joints: JointSet, order: tuple[int, ...] | None, listed: int,
    photos: list, index: PhotoIndex,
) -> Person:  # fmt: skip
    person = Person(name)
    try:
        places = index(item.get("image_id"), files=False)
        if places:
            person.photo, person.name = places[-1], f"{photos[places[-1]].file} in {name}"
        person.box = bbox_of(item.get("bbox"))
        person.area = _positive(item.get("area"))
        points = points_of(item.get("keypoints") or [0] * 3 * (listed or len(joints)), listed or len(joints))
        person.joints = points[list(order)] if order else points
        person.crowd = _flag(item.get("iscrowd"))
        person.asked = bool(person.joints[:, 2].any()) and not person.crowd
        if not places:
            raise ValueError(f"its image {item.get('image_id')} is not among the file's images")
    except ODD as problem:
        person.reason = str(problem)
    return person


def _positive(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _flag(value: Any) -> bool:
    return str(value).strip().lower() not in ("0", "0.0", "false", "none", "")


# --- MPII ------------------------------------------------------------------------------------------------------------


def mpii(data: list[Any], file: Path, joints: JointSet, images: Path) -> Source:
    """`center` and `scale` (in 200 pixels) give the box as HRNet's authors take it."""
    people, photos, known = [], [], {}
    for number, item in enumerate(data):
        photo = (item.get("image") or item.get("img_paths")) if isinstance(item, dict) else None
        person = Person(f"{photo or 'a person'} in {file.name}, number {number}")
        people.append(person)
        try:
            if not photo:
                raise ValueError("names no image")
            if photo not in known:
                known[photo] = len(photos)
                photos.append(photo_of(images, photo, str(photo)))
            person.photo = known[photo]
            _fill(person, item, joints)
        except KeyError as problem:
            person.reason = f"has no {problem.args[0]}"
        except ODD as problem:
            person.reason = str(problem)
    return Source(joints, people, photos)


def _fill(person: Person, item: dict[str, Any], joints: JointSet) -> None:
    if "joint_self" in item:
        points, centre, scale = item["joint_self"], item["objpos"], item["scale_provided"]
    else:
        places, seen = item.get("joints", [[0, 0]] * len(joints)), item.get("joints_vis", [0] * len(joints))
        if len(places) != len(seen):
            raise ValueError(f"has {len(places)} joints and {len(seen)} marks of visibility")
        points = [[*place, mark] for place, mark in zip(places, seen, strict=True)]
        centre, scale = item["center"], item["scale"]
    # The labels count pixels from 1.
    person.joints = points_of(points, len(joints))
    person.joints[:, :2] -= person.joints[:, 2:]
    half, (x, y) = 100 * float(scale), (float(v) - 1 for v in centre)
    y += 15 * float(scale)
    person.box = x - half, y - half, x + half, y + half
    if not (half > 0 and np.isfinite(person.box).all()):
        raise ValueError("the person's box is empty or not a number")
    person.head = _head(item, person.joints, joints)


def _head(item: dict[str, Any], marked: np.ndarray, joints: JointSet) -> float | None:
    """From "headbox" (x0, y0, x1, y1) where the file has it, else from upper neck to head top."""
    if item.get("headbox"):
        x0, y0, x1, y1 = (float(v) for v in item["headbox"])
        return HEAD_OF_BOX * math.hypot(x1 - x0, y1 - y0)
    neck, top = marked[joints.index("neck")], marked[joints.index("head top")]
    return float(np.linalg.norm(neck[:2] - top[:2])) if neck[2] > 0 and top[2] > 0 else None
