"""Object keypoint similarity, and OKS-AP through pycocotools.

Sigmas, the widths that OKS allows each joint, are published for COCO's 17 joints only; other sets have no OKS here.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np

from . import statistics as st
from .labels import Labels
from .people import People
from .predictions import Predictions

#: COCO's own, in the order of its joints (cocodataset.org, keypoints evaluation; also in pycocotools).
COCO_SIGMAS = np.array(
    [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089]
)  # fmt: skip

STATS = ("AP", "AP50", "AP75", "AP medium", "AP large", "AR", "AR50", "AR75", "AR medium", "AR large")


def similarity(distance: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Keypoint similarity exp(-d^2 / (2 w^2)), 1 at the label, of a distance and a width in the same pixels."""
    return np.exp(-((distance / width) ** 2) / 2)


def widths_by_area(area: np.ndarray) -> np.ndarray:
    """(N,) square pixels -> (N, 17) pixels: COCO's width of each joint, 2 sigma times the root of the area."""
    return 2 * COCO_SIGMAS * np.sqrt(area)[:, None]


class AveragePrecision:
    """OKS-AP of several columns, people taken in their labelled boxes (predictions from elsewhere: as found).

    rows  -- (N,) rows of labels.people that were evaluated. People who were not (bad labels, beyond a limit), who have
             no area, crowds, and people without joints are ignored: finding them is neither right nor wrong
    whole -- all of the set was asked for, so that photos without anybody count too
    Photos and people are numbered anew from 1: pycocotools takes an annotation's id 0 for "no match".
    """

    def __init__(self, labels: Labels, rows: np.ndarray, bootstrap: st.Bootstrap, whole: bool = True):
        self.people, self.rows = labels.people, rows
        seen = dict.fromkeys(labels.people.photo[rows].tolist())
        if whole:
            busy = seen.keys() | set(labels.people.photo.tolist())
            seen |= dict.fromkeys(k for k in range(len(labels.photos)) if k not in busy)
        self.photos = list(seen)
        self.bootstrap = bootstrap
        marked = np.zeros(len(labels.people), int)
        marked[rows] = (labels.people.joints[rows, :, 2] > 0).sum(axis=1)
        marked[np.isnan(labels.people.area)] = 0
        people = _annotations(labels.people, marked) + _annotations(labels.ignored, np.zeros(len(labels.ignored), int))
        kept = [person for person in people if person["image_id"] - 1 in seen]
        self.labels = {
            "info": {}, "images": [{"id": photo + 1} for photo in self.photos],
            "annotations": [{"id": k, **person} for k, person in enumerate(kept, 1)],
            "categories": [{"id": 1, "name": "person"}],
        }  # fmt: skip

    def of(self, found: np.ndarray | Predictions) -> tuple[dict[str, Any], np.ndarray]:
        """({AP: {value, low, high}, AP50: ..., ...}, (1 + B,) AP of the sample and its replicates).

        found -- (N, 17, 3) of the rows, each scored by the mean of its joints' scores; or predictions
        """
        if isinstance(found, Predictions):
            results = predicted(found.photo, found.points, found.score)
        else:
            results = predicted(self.people.photo[self.rows], found, found[..., 2].astype(float).mean(axis=1))
        results = [result for result in results if result["image_id"] - 1 in set(self.photos)]
        if not results:  # predictions, and none of them for any of these photos
            samples = np.zeros(1 + self.bootstrap.replicates)
            return {**dict.fromkeys(STATS, 0.0), "AP": {"value": 0.0, "low": None, "high": None}}, samples
        evaluation = evaluate(self.labels, results)
        samples = resampled(evaluation, self.bootstrap)
        # pycocotools says -1 where there is nothing to measure.
        stats = {name: st.number(v if v >= 0 else None) for name, v in zip(STATS, evaluation.stats, strict=True)}
        return {**stats, "AP": {**st.estimate(samples), "value": stats["AP"]}}, samples


def _annotations(people: People, marked: np.ndarray) -> list[dict[str, Any]]:
    """People as COCO's annotations; marked -- (N,) how many joints count, 0: the person is ignored."""
    x0, y0, x1, y1 = np.nan_to_num(people.box).T
    areas = np.where(np.isnan(people.area), (x1 - x0) * (y1 - y0), people.area)
    points = people.joints * [1, 1, 2]
    return [
        {"image_id": int(people.photo[k]) + 1, "category_id": 1, "iscrowd": int(people.crowd[k]),
         "area": float(areas[k]), "bbox": [float(x0[k]), float(y0[k]), float(x1[k] - x0[k]), float(y1[k] - y0[k])],
         "keypoints": points[k].ravel().tolist(), "num_keypoints": int(marked[k])}
        for k in range(len(people))
    ]  # fmt: skip


def predicted(photo: np.ndarray, points: np.ndarray, score: np.ndarray) -> list[dict[str, Any]]:
    """(N,) photos, (N, 17, 3) x, y, score, (N,) scores as COCO's keypoint results."""
    return [
        {"image_id": int(k) + 1, "category_id": 1, "keypoints": p.astype(float).ravel().tolist(), "score": float(s)}
        for k, p, s in zip(photo, points, score, strict=True)
    ]


def evaluate(labels: dict[str, Any], found: list[dict[str, Any]]) -> Any:
    """A pycocotools COCOeval, evaluated."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # it reports each of its steps
        truth: Any = COCO()
        truth.dataset = labels
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "keypoints")
        evaluation.params.imgIds = [image["id"] for image in labels["images"]]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def resampled(evaluation: Any, bootstrap: st.Bootstrap) -> np.ndarray:
    """(1 + B,) AP with whole photos drawn anew; the first is the sample's own, as pycocotools has it.

    Two networks see the same draws of the same photos. Matching is not done anew: it never crosses photos.
    """
    photos = [e for e in evaluation.evalImgs[: len(evaluation.params.imgIds)] if e is not None]  # area "all" is first
    order = {photo: k for k, photo in enumerate(evaluation.params.imgIds)}
    weights = bootstrap.weights(np.array([order[e["image_id"]] for e in photos], int))
    labelled = np.array([(np.asarray(e["gtIgnore"]) == 0).sum() for e in photos])
    scores = np.concatenate([e["dtScores"] for e in photos])
    photo_of = np.repeat(np.arange(len(photos)), [len(e["dtScores"]) for e in photos])
    matched = np.concatenate([e["dtMatches"] for e in photos], axis=1) > 0
    ignored = np.concatenate([e["dtIgnore"] for e in photos], axis=1).astype(bool)
    by_score = np.argsort(-scores, kind="mergesort")
    right = (matched & ~ignored)[:, by_score]
    wrong = (~matched & ~ignored)[:, by_score]
    recalls = evaluation.params.recThrs
    return np.array([
        _average(right, wrong, w[photo_of][by_score], float(w @ labelled), recalls) for w in weights.T
    ])  # fmt: skip


def _average(right: np.ndarray, wrong: np.ndarray, weights: np.ndarray, people: float, recalls: np.ndarray) -> float:
    """Mean over thresholds of the precision at 101 recalls, as COCO interpolates it; (T, D) hits by falling score."""
    if people == 0:
        return float("nan")
    hit, miss = np.cumsum(right * weights, axis=1), np.cumsum(wrong * weights, axis=1)
    precision = hit / np.maximum(hit + miss, np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    total = 0.0
    for recall, p in zip(hit / people, precision, strict=True):
        at = np.searchsorted(recall, recalls, side="left")
        total += p[at[at < len(p)]].sum()
    return total / (len(right) * len(recalls))
