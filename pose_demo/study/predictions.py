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

from .label_json import ODD, load
from .labels import Labels
from .people import PhotoIndex, bbox_of, box_of

_UNKNOWN = (np.nan,) * 4


@dataclass(frozen=True)
class Predictions:
    """P predictions that belong to photos of a set of labels.

    photo  -- (P,) int: place in Labels.photos; points -- (P, J, 3) float32 x, y, score in the set's joints
    box    -- (P, 4) float64: given, else around the joints found; nan where neither is known; score -- (P,)
    bad    -- (name, reason) of those that cannot be used; strangers -- the same of those that name no photo of the set
    own_order -- whether the joints came in the set's own order, not in that of the label file's categories
    """

    name: str
    file: Path
    photo: np.ndarray
    points: np.ndarray
    box: np.ndarray
    score: np.ndarray
    bad: list[tuple[str, str]]
    strangers: list[tuple[str, str]]
    own_order: bool = True

    def __len__(self) -> int:
        return len(self.photo)

    def facts(self) -> dict[str, Any]:
        """What a result says of them."""
        return {"name": self.name, "file": self.file.name, "predictions": len(self), "bad": len(self.bad),
                "without_photo": len(self.strangers)}  # fmt: skip

    def notes(self, labels: Labels) -> list[str]:
        said = []
        if self.strangers:
            example = " ".join(self.strangers[0])
            said.append(f"{len(self.strangers)} predictions of {self.name} belong to no photo of the set: {example}.")
        if labels.order and labels.order != tuple(range(len(labels.joints))):
            whose = f"{labels.joints.name.upper()}'s own order" if self.own_order else "the order of the label file"
            said.append(f"The joints of {self.name} were taken in {whose}, in which they lie nearer to the labels.")
        return said

    def of_people(self, labels: Labels) -> np.ndarray:
        """(N, J, 3) float32: for each labelled person the prediction that belongs to it; infinitely far where none
        does."""
        people = labels.people
        found = np.full((len(people), len(labels.joints), 3), np.inf, np.float32)
        found[..., 2] = 0
        by_person, by_prediction = np.argsort(people.photo, kind="stable"), np.argsort(self.photo, kind="stable")
        for photo in np.unique(self.photo):
            rows = by_person[slice(*np.searchsorted(people.photo[by_person], [photo, photo + 1]))]
            mine = by_prediction[slice(*np.searchsorted(self.photo[by_prediction], [photo, photo + 1]))]
            for row, prediction in _pairs(self.box[mine], self.score[mine], people.box[rows]):
                found[rows[row]] = self.points[mine[prediction]]
        return found


def read(name: str, file: str | Path, labels: Labels) -> Predictions:
    """The predictions of a file, or of a folder of MMPose's. Raises ValueError where none of them can be used."""
    path, index, lengths = Path(file), PhotoIndex(labels.photos), {len(labels.joints), labels.listed}
    kept, bad, strangers = [], [], []
    for where, item, stem in _items(path):
        try:
            item = _of_mmpose(item, stem) if "keypoint_scores" in item and "image_id" not in item else item
            points = np.array(item["keypoints"], float).ravel()
            if points.size % 3 or points.size // 3 not in lengths:
                raise ValueError(f"has {points.size} keypoint numbers, not {3 * len(labels.joints)}")
            photos, score, box = index(item["image_id"]), float(item.get("score", 1)), bbox_of(item.get("bbox"))
            if not np.isfinite([*points, score]).all():
                raise ValueError("a joint is not a number")
        except KeyError as problem:
            bad.append((where, f"has no {problem.args[0]}"))
        except ODD as problem:
            bad.append((where, str(problem)))
        else:
            if len(photos) == 1:
                kept.append((photos[0], points.reshape(-1, 3), box, score))
            else:
                what = f"names {item['image_id']!r}, which is {len(photos) or 'no'} photo{'s' * (len(photos) > 1)} of"
                strangers.append((where, f"{what} {labels.name}"))
    if not kept:
        of_photos = f" of photos of {labels.name}" if strangers else ""
        why = [f": {where} {reason}" for where, reason in strangers[:1] + bad[:1]][:1]
        raise ValueError(
            f"{path} holds no keypoint predictions with {len(labels.joints)} joints{of_photos}{''.join(why)}"
        )
    return _ordered(name, path, kept, bad, strangers, labels)


def _ordered(name: str, path: Path, kept: list, bad: list, strangers: list, labels: Labels) -> Predictions:
    """The joints in the set's order. Results name no joints: they come in the order of the label file's categories,
    or in the set's own, whichever lies nearer to the labels (another order lies far off)."""
    count, order = len(labels.joints), list(labels.order or ())

    def arranged(own: bool) -> Predictions:
        points = np.array([p if len(p) == count != labels.listed or (own and len(p) == count) else p[order]
                           for _, p, _, _ in kept])  # fmt: skip
        found = points[..., :2].any(axis=2, keepdims=True)  # 0, 0 is how several tools write a joint not found
        around = [box_of(p) for p in np.concatenate([points[..., :2], found], axis=2)]
        boxes = [given or box or _UNKNOWN for (_, _, given, _), box in zip(kept, around, strict=True)]
        return Predictions(
            name, path, np.array([photo for photo, *_ in kept]), points.astype(np.float32), np.array(boxes, float),
            np.array([score for *_, score in kept]), bad, strangers, own,
        )  # fmt: skip

    if not order or order == list(range(count)):
        return arranged(True)
    return min(arranged(False), arranged(True), key=lambda found: _distance(found, labels))


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
            raise ValueError(f"{file} is no list of predictions, neither COCO's nor MMPose's")
        if data and isinstance(data[0], dict) and "instances" in data[0]:
            raise ValueError(f"{file} is MMPose's result of a video: it names frames, not photos")
        yield from ((f"{file.name} number {number}", item, file.stem) for number, item in enumerate(data))


def _of_mmpose(item: dict[str, Any], stem: str) -> dict[str, Any]:
    """MMPose's keypoints (J, 2), keypoint_scores (J,) and bbox x0, y0, x1, y1 as COCO's."""
    scores = np.array(item["keypoint_scores"], float).ravel()
    points = np.array(item["keypoints"], float).reshape(len(scores), -1)[:, :2]
    result = {"image_id": stem.removeprefix("results_"), "keypoints": np.column_stack([points, scores])}
    if item.get("bbox") is not None:
        x0, y0, x1, y1 = np.array(item["bbox"], float).ravel()[:4]
        result["bbox"] = [x0, y0, x1 - x0, y1 - y0]
    return {**result, "score": scores.mean()}


def _pairs(boxes: np.ndarray, scores: np.ndarray, people: np.ndarray) -> Iterator[tuple[int, int]]:
    """(person, prediction) of one photo that belong together."""
    overlap, known = _overlaps(boxes, people), np.isfinite(people[:, 0])
    for person in range(len(people)):
        others = known & (np.arange(len(people)) != person)
        beside = overlap[:, others].max(axis=1, initial=0)
        mine = np.flatnonzero((overlap[:, person] > beside) | (not others.any()))
        if len(mine):
            yield person, mine[np.lexsort((-mine, scores[mine], overlap[mine, person]))[-1]]


def _overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(A, 4), (B, 4) -> (A, B) intersection over union; 0 where a box is unknown."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(both / (area_a[:, None] + area_b[None] - both))
