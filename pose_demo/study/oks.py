"""Object keypoint similarity, and OKS-AP through pycocotools.

Sigmas, the widths that OKS allows each joint, are published for COCO's 17 joints only; other sets have no OKS here.

Everything else in a study is a stream; this is not: pycocotools wants all labels and predictions of the set in
memory, about 10 kB a person.
"""

from __future__ import annotations

import contextlib
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from . import statistics as st
from .json_stream import items
from .peers import Peer
from .rows import Row
from .tally import estimate, number

#: COCO's own, in the order of its joints (cocodataset.org, keypoints evaluation; also in pycocotools).
COCO_SIGMAS = np.array(
    [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089]
)  # fmt: skip

STATS = ("AP", "AP50", "AP75", "AP medium", "AP large", "AR", "AR50", "AR75", "AR medium", "AR large")


def similarity(distance: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Keypoint similarity exp(-d^2 / (2 w^2)), 1 at the label, of a distance and a width in the same pixels."""
    return np.exp(-((distance / width) ** 2) / 2)


def widths_by_area(area: float) -> np.ndarray:
    """(17,) pixels: COCO's width of each joint, 2 sigma times the root of the person's area."""
    return 2 * COCO_SIGMAS * math.sqrt(area)


class AveragePrecision:
    """OKS-AP of several columns on a COCO file, people taken in their labelled boxes (columns of peers: as found)."""

    def __init__(self, file: Path, columns: list[str], peers: list[Peer], bootstrap: st.Bootstrap):
        self.file, self.bootstrap = file, bootstrap
        self.peers = {peer.name: peer for peer in peers}
        self.found: dict[str, list[dict[str, Any]]] = {column: [] for column in columns}
        self.people: set[Any] = set()
        self.photos: dict[Any, None] = {}

    def add(self, rows: list[Row]) -> None:
        for row in rows:
            self.people.add(row.id)
            new = row.image_id not in self.photos
            self.photos[row.image_id] = None
            for column, kept in self.found.items():
                if column not in self.peers:
                    kept.append(prediction(row, column))
                elif new:
                    for p in self.peers[column].of_photo(row.image_id):
                        kept.append({"image_id": row.image_id, "category_id": 1, "keypoints": p["keypoints"],
                                     "score": p["score"]})  # fmt: skip

    def answer(self, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        """{"columns": {column: {AP: {value, low, high}, AP50: ..., ...}}, "differences": [...]}."""
        labels = self._labels()
        columns, samples = {}, {}
        for column, found in self.found.items():
            if not found:  # a peer without a prediction for any of these photos
                columns[column] = {**dict.fromkeys(STATS, 0.0), "AP": {"value": 0.0, "low": None, "high": None}}
                samples[column] = np.zeros(1 + self.bootstrap.replicates)
                continue
            evaluation = evaluate(labels, found, list(self.photos))
            samples[column] = resampled(evaluation, self.bootstrap)
            stats = {name: number(value) for name, value in zip(STATS, evaluation.stats, strict=True)}
            columns[column] = {**stats, "AP": {**estimate(samples[column]), "value": stats["AP"]}}
        differences = []
        for a, b in pairs:
            d = samples[b] - samples[a]
            differences.append({"a": a, "b": b, "measure": "OKS-AP", "difference": estimate(d),
                                "p_bootstrap": st.p_of_bootstrap(d[1:])})  # fmt: skip
        return {"columns": columns, "differences": differences}

    def _labels(self) -> dict[str, Any]:
        """The file's labels of the photos that were studied. People who were not (a bad record, beyond a limit) are
        ignored as crowds are: no network was asked for them, and finding them is no mistake."""
        people = []
        for key, item in items(self.file):
            if key != "annotations" or not isinstance(item, dict) or item.get("image_id") not in self.photos:
                continue
            if {"id", "bbox", "area"} <= item.keys() and len(item.get("keypoints", ())) == 3 * len(COCO_SIGMAS):
                studied = item["id"] in self.people
                marked = sum(v > 0 for v in item["keypoints"][2::3]) if studied else 0
                people.append({"iscrowd": 0, **item, "num_keypoints": marked, "category_id": 1})
        return {
            "info": {}, "images": [{"id": photo} for photo in self.photos], "annotations": people,
            "categories": [{"id": 1, "name": "person"}],
        }  # fmt: skip


def prediction(row: Row, column: str) -> dict[str, Any]:
    """A row's find as one of COCO's keypoint results; its score is the mean of the heatmaps' peaks."""
    points = row.found[column].astype(float)
    return {
        "image_id": row.image_id, "category_id": 1, "keypoints": points.reshape(-1).tolist(),
        "score": float(points[:, 2].mean()),
    }  # fmt: skip


def evaluate(labels: dict[str, Any], found: list[dict[str, Any]], photos: list[Any]) -> Any:
    """A pycocotools COCOeval, evaluated. Raises RuntimeError where pycocotools is not installed."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise RuntimeError("OKS-AP needs pycocotools, which is not installed") from None
    with contextlib.redirect_stdout(io.StringIO()):  # it reports each of its steps
        truth = COCO()
        truth.dataset = labels
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "keypoints")
        evaluation.params.imgIds = photos
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def resampled(evaluation: Any, bootstrap: st.Bootstrap) -> np.ndarray:
    """(1 + replicates,) AP with whole photos drawn anew; the first is the sample's own, as pycocotools has it.

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
