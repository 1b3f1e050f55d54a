"""Predictions from elsewhere, studied like a network of ours.

    COCO's keypoint results   [{"image_id": ..., "keypoints": [x, y, score, ...], "score": ..., "bbox": [x, y, w, h]}]
    MMPose's own results      the JSON that its demos and its inferencer write for a photo, or a folder of them; the
                              file's name (without "results_") names the photo

image_id is COCO's number, an .npz's image_id, MPII's file name, a CSV's id, or a photo's file name; bbox may be
missing. A prediction belongs to the labelled person of its photo whose box it overlaps most; of several that belong
to one person the one that overlaps most counts, and a person without any has all joints missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..networks.finder import overlaps
from .label_json import ODD, load, reason_of
from .labels import Labels
from .people import Box, PhotoIndex, StudyError, bbox_of, box_of


@dataclass(frozen=True)
class Predictions:
    """P predictions that belong to photos of a set of labels.

    photo  -- (P,) int: place in Labels.photos; points -- (P, J, 3) float32 x, y, score in the set's joints
    box    -- (P, 4) float64: given, else around the joints found; nan where neither is known; score -- (P,)
    bad    -- a line for each that cannot be used; strangers -- for each that names no photo of the set
    own_order -- whether the joints came in the set's own order, not in that of the label file's categories
    """

    name: str
    file: Path
    photo: np.ndarray
    points: np.ndarray
    box: np.ndarray
    score: np.ndarray
    bad: list[str]
    strangers: list[str]
    own_order: bool

    def facts(self) -> dict[str, Any]:
        """What a result says of them."""
        return {"name": self.name, "file": self.file.name, "predictions": len(self.photo), "bad": len(self.bad),
                "without_photo": len(self.strangers)}  # fmt: skip

    def of_people(self, labels: Labels) -> np.ndarray:
        """(N, J, 3) float32: for each labelled person the prediction that belongs to it; infinitely far where none
        does."""
        people = labels.people
        found = np.full((len(people), len(labels.joints), 3), np.array([np.inf, np.inf, 0], np.float32), np.float32)
        by_person, by_prediction = np.argsort(people.photo, kind="stable"), np.argsort(self.photo, kind="stable")
        for photo in np.unique(self.photo):
            rows = by_person[slice(*np.searchsorted(people.photo[by_person], [photo, photo + 1]))]
            mine = by_prediction[slice(*np.searchsorted(self.photo[by_prediction], [photo, photo + 1]))]
            for row, prediction in _pairs(self.box[mine], self.score[mine], people.box[rows]):
                found[rows[row]] = self.points[mine[prediction]]
        return found


def read(name: str, file: str | Path, labels: Labels) -> Predictions:
    """The predictions of a file, or of a folder of MMPose's. Raises StudyError where none of them can be used."""
    path, index, lengths = Path(file), PhotoIndex(labels.photos), {len(labels.joints), labels.listed}
    kept: list[tuple[int, np.ndarray, Box | None, float]] = []
    bad, strangers = [], []
    for where, item, stem in _items(path):
        try:
            item = _of_mmpose(item, stem) if "keypoint_scores" in item and "image_id" not in item else item
            points = np.array(item["keypoints"], float).ravel()
            photos, score = index(item["image_id"]), float(item.get("score", 1))
            if points.size % 3 or points.size // 3 not in lengths:
                raise StudyError("label.count", found=points.size, wanted=3 * len(labels.joints))
            if not np.isfinite([*points, score]).all():
                raise StudyError("label.joint")
        except ODD as problem:
            bad.append(f"{where} {reason_of(problem)}")
            continue
        if len(photos) == 1:
            kept.append((photos[0], points.reshape(-1, 3), bbox_of(item.get("bbox")), score))
        else:
            key = "label.two_photos" if photos else "label.no_photo"
            strangers.append(f"{where} {StudyError(key, photo=repr(item['image_id']), set=labels.name)}")
    if not kept:
        example = (strangers + bad or [str(StudyError("labels.empty"))])[0]
        raise StudyError("predictions.none", file=path, joints=len(labels.joints), set=labels.name, example=example)

    def arranged(own: bool) -> Predictions:
        count, order = len(labels.joints), list(labels.order or ())
        joints = [p if len(p) == count and (own or labels.listed != count) else p[order] for _, p, _, _ in kept]
        points = np.array(joints, np.float32)
        found = points[..., :2].any(axis=2, keepdims=True)  # 0, 0 is how several tools write a joint not found
        around = [box_of(p) for p in np.concatenate([points[..., :2], found], axis=2)]
        boxes = [given or box or (np.nan,) * 4 for (_, _, given, _), box in zip(kept, around, strict=True)]
        photo, score = (np.array([one[k] for one in kept]) for k in (0, 3))
        return Predictions(name, path, photo, points, np.array(boxes, float), score, bad, strangers, own)

    if in_order(labels):
        return arranged(True)
    # Results name no joints: they come in the order of the label file's categories, or in the set's own, whichever
    # lies nearer to the labels (another order lies far off).
    return min(arranged(False), arranged(True), key=lambda found: _distance(found, labels))


def in_order(labels: Labels) -> bool:
    """Whether the label file has the joints in the set's own order."""
    return not labels.order or labels.order == tuple(range(len(labels.joints)))


def _distance(predictions: Predictions, labels: Labels) -> float:
    """Median pixels between what is predicted and marked."""
    marked = labels.people.joints
    far = np.linalg.norm(predictions.of_people(labels)[..., :2] - marked[..., :2], axis=-1)
    far = far[(marked[..., 2] > 0) & np.isfinite(far)]
    return float(np.median(far)) if far.size else np.inf


def _items(path: Path) -> Iterator[tuple[str, Any, str]]:
    """(name for people, prediction, the file's own name) of a file or a folder."""
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        data = load(file)
        data = data.get("instance_info", data) if isinstance(data, dict) else data
        if not isinstance(data, list):
            raise StudyError("predictions.no_list", file=file)
        if data and isinstance(data[0], dict) and "instances" in data[0]:
            raise StudyError("predictions.video", file=file)
        yield from ((f"{file.name} number {number}", item, file.stem) for number, item in enumerate(data))


def _of_mmpose(item: dict[str, Any], stem: str) -> dict[str, Any]:
    """MMPose's keypoints (J, 2), keypoint_scores (J,) and bbox x0, y0, x1, y1 as COCO's."""
    scores = np.array(item["keypoint_scores"], float).ravel()
    points = np.array(item["keypoints"], float).reshape(len(scores), -1)[:, :2]
    box = np.array(item["bbox"], float).ravel()[:4] if item.get("bbox") is not None else None
    return {"image_id": stem.removeprefix("results_"), "keypoints": np.column_stack([points, scores]),
            "bbox": None if box is None else [*box[:2], *(box[2:] - box[:2])], "score": scores.mean()}  # fmt: skip


def _pairs(boxes: np.ndarray, scores: np.ndarray, people: np.ndarray) -> Iterator[tuple[int, int]]:
    """(person, prediction) of one photo that belong together."""
    overlap, known = np.nan_to_num(overlaps(boxes, people)), np.isfinite(people[:, 0])
    for person in range(len(people)):
        others = known & (np.arange(len(people)) != person)
        beside = overlap[:, others].max(axis=1, initial=0)
        mine = np.flatnonzero((overlap[:, person] > beside) | (not others.any()))
        if len(mine):
            yield person, int(mine[np.lexsort((-mine, scores[mine], overlap[mine, person]))[-1]])
