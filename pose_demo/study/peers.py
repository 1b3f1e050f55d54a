"""Predictions from elsewhere: any JSON in COCO's format of keypoint results, studied like a network of ours.

    [{"image_id": ..., "keypoints": [x, y, score, ...], "score": ..., "bbox": [x, y, width, height]}, ...]

image_id is COCO's number, an .npz's image_id, MPII's file name, a CSV's id; bbox may be missing. A prediction belongs
to the labelled person of its photo whose box it overlaps most; of several that belong to one person the one that
overlaps most counts, and a person without any has all joints missed.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import JointSet
from .datasets import Bad, Box, Person, Record, box_of
from .json_stream import items


class Peer:
    """One file of predictions, kept in a temporary database on disk.

    name -- for people and figures; bad -- the predictions that cannot be used
    Raises ValueError where the file holds no usable prediction at all.
    """

    def __init__(self, name: str, file: str | Path, joints: JointSet):
        self.name, self.file, self.joints = name, Path(file), joints
        self.bad: list[Bad] = []
        self.count = 0
        self.database = sqlite3.connect("")
        self.database.execute("create table found (photo text, item text)")
        for number, (_, item) in enumerate(items(file)):
            self._add(number, item)
        self.database.execute("create index photo on found (photo)")
        if not self.count:
            raise ValueError(f"{file} holds no keypoint predictions with {len(joints)} joints")

    def _add(self, number: int, item: Any) -> None:
        name = f"{self.file.name} number {number}"
        try:
            points = np.array(item["keypoints"], np.float64)
            if points.shape != (3 * len(self.joints),):
                raise ValueError(f"has {points.size} keypoint numbers, not {3 * len(self.joints)}")
            if not np.isfinite(points).all():
                raise ValueError("a joint is not a number")
            kept = {"keypoints": points.tolist(), "score": float(item.get("score", 1)), "bbox": item.get("bbox")}
            row = (str(item["image_id"]), json.dumps(kept))
        except KeyError as problem:
            self.bad.append(Bad(name, f"has no {problem.args[0]}"))
        except (ValueError, TypeError, AttributeError) as problem:
            self.bad.append(Bad(name, str(problem)))
        else:
            self.database.execute("insert into found values (?, ?)", row)
            self.count += 1

    def of_photo(self, image_id: int | str) -> list[dict[str, Any]]:
        found = self.database.execute("select item from found where photo = ? order by rowid", (str(image_id),))
        return [json.loads(item) for (item,) in found]

    def find(self, record: Record) -> np.ndarray:
        """(J, 3) x, y, score of the prediction that belongs to the record's person; infinitely far where none does."""
        nothing = np.tile(np.float32([np.inf, np.inf, 0]), (len(self.joints), 1))
        wanted = _box(record.person)
        best, rank = nothing, (-1.0, 0.0)
        for prediction in self.of_photo(record.image_id):
            points = np.array(prediction["keypoints"], np.float32).reshape(-1, 3)
            said = points[:, :2].any(axis=1)  # 0, 0 is how several tools write a joint that they have not found
            box = _given(prediction["bbox"]) or box_of(np.column_stack([points[:, :2], said]))
            here = _overlap(box, wanted)
            beside = max((_overlap(box, _box(other)) for other in record.others), default=0.0)
            if (here > beside or not record.others) and (here, prediction["score"]) > rank:
                best, rank = points, (here, prediction["score"])
        return best


def _given(bbox: Any) -> Box | None:
    if not bbox:
        return None
    x, y, width, height = (float(v) for v in bbox)
    return x, y, x + width, y + height


def _box(person: Person) -> Box | None:
    return person.box or box_of(person.joints)


def _overlap(a: Box | None, b: Box | None) -> float:
    """Intersection over union; 0 where a box is unknown."""
    if a is None or b is None:
        return 0.0
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
