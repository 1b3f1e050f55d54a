"""Calls of `study` from the command line as the tests make them, and predictions from elsewhere."""

from __future__ import annotations

import csv
import json

import numpy as np

from pose_demo.__main__ import main
from pose_demo.locales import say

HRNET, HOURGLASS = "hrnet-slim-untrained", "hourglass-slim-untrained"
FEW = ["--replicates", "40", "--device", "cpu"]


def run(study, data, out, *more, page=True) -> dict:
    call = ["study", study, "--data", str(data), "--out", str(out), *FEW, *more]
    assert main([*call, *([] if page else ["--no-page"])]) == 0
    return json.loads((out / "result.json").read_text())


def english(said: list[dict]) -> list[str]:
    return [say("en", sentence["key"], **sentence["values"]) for sentence in said]


def notes(result) -> list[str]:
    """What must be known to read the figures, in English."""
    return english(result["notes"])


def table(out) -> list[dict]:
    with (out / "table.csv").open(newline="") as f:
        return list(csv.DictReader(f))


def noisy(data: dict, sigma: float, seed: int = 0) -> list[dict]:
    """Somebody else's predictions for a COCO file: the labels with noise, as COCO's results format has them. What is
    not marked is said to be in the middle of the person, and the nose, where it is not marked, not to be found."""
    rng = np.random.default_rng(seed)
    found = []
    for item in data["annotations"]:
        points = np.array(item["keypoints"], float).reshape(-1, 3)
        if (seen := points[:, 2] > 0).any():
            points[~seen, :2] = points[seen, :2].mean(axis=0)
            points[:, :2] += rng.normal(0, sigma, (17, 2))
            points[:, 2] = rng.random(17)
            points[0] *= seen[0]
            found.append({"image_id": item["image_id"], "category_id": 1, "keypoints": points.reshape(-1).tolist(),
                          "score": float(rng.random())})  # fmt: skip
    return found
