"""Small sets of labelled photos of every kind, with people who stand, lie and hang in smooth noise."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from pose_demo.joints import COCO, LSP, MPII, JointSet

#: Where the joints of one person stand in a unit square.
STANDING = {
    "head top": (0.5, 0.05), "neck": (0.5, 0.2), "nose": (0.5, 0.12), "left eye": (0.53, 0.1), "right eye": (0.47, 0.1),
    "left ear": (0.56, 0.11), "right ear": (0.44, 0.11), "thorax": (0.5, 0.25), "pelvis": (0.5, 0.55),
    "left shoulder": (0.6, 0.25), "right shoulder": (0.4, 0.25), "left elbow": (0.7, 0.4), "right elbow": (0.3, 0.4),
    "left wrist": (0.75, 0.55), "right wrist": (0.25, 0.55), "left hip": (0.57, 0.55), "right hip": (0.43, 0.55),
    "left knee": (0.6, 0.75), "right knee": (0.4, 0.75), "left ankle": (0.62, 0.95), "right ankle": (0.38, 0.95),
}  # fmt: skip


def person(joints: JointSet, at: tuple[float, float], side: float, seed: int = 0, marked: float = 0.9) -> np.ndarray:
    """(J, 3) float32: a person in the square of this side at (x, y); the torso is always marked."""
    rng = np.random.default_rng(seed)
    points = np.array([STANDING[joint] for joint in joints.joints]) + rng.normal(0, 0.02, (len(joints), 2))
    seen = rng.random(len(joints)) < marked
    seen[list(joints.torso)] = True
    xy = np.clip(points, 0.01, 0.99) * side + np.array(at)
    return np.column_stack([np.where(seen[:, None], xy, 0), seen]).astype(np.float32)


def picture(height: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def encoded(pixels: np.ndarray, form: str = "WEBP") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, quality=80)
    return file.getvalue()


def write_crops(file: Path, count: int, first: int = 0, **changed: np.ndarray) -> Path:
    """An .npz of LSP crops; `changed` replaces whole arrays."""
    sides = np.array([64 + 8 * (k % 3) for k in range(count)], np.int32)
    pictures = [encoded(picture(s, s, first + k)) for k, s in enumerate(sides)]
    labels = [person(LSP, (0, 0), s, first + k) for k, s in enumerate(sides)]
    arrays = {
        "webp": np.frombuffer(b"".join(pictures), np.uint8),
        "offset": np.cumsum([0, *map(len, pictures)]).astype(np.int64), "size": sides,
        "joints": np.array(labels, np.float32).reshape(count, 14, 3), "image_id": np.arange(first, first + count),
    }  # fmt: skip
    np.savez(file, **{**arrays, **changed})
    return file


def write_coco(folder: Path, photos: int = 4) -> Path:
    """COCO keypoints: two people in every photo, a crowd in the first, an unlabelled person in the second."""
    images, people = [], []

    def add(photo: int, labels: np.ndarray | None, box: list[float], **more) -> None:
        points = np.zeros((17, 3)) if labels is None else labels * [1, 1, 2]
        people.append({
            "id": 100 + len(people), "image_id": photo, "category_id": 1, "bbox": box, "area": 0.6 * box[2] * box[3],
            "iscrowd": 0, "keypoints": [round(float(v), 2) for v in points.reshape(-1)],
            "num_keypoints": int((points[:, 2] > 0).sum()), **more,
        })  # fmt: skip

    for k in range(1, photos + 1):
        Image.fromarray(picture(120, 200, k)).save(folder / f"{k:012d}.jpg")
        images.append({"id": k, "file_name": f"{k:012d}.jpg", "height": 120, "width": 200})
        add(k, person(COCO, (5, 10), 90, 10 * k), [5, 10, 90, 90])
        add(k, person(COCO, (104, 20), 80, 10 * k + 1), [104, 20, 80, 80])
    add(1, None, [0, 0, 30, 30], iscrowd=1)
    add(2, None, [150, 80, 40, 30])
    file = folder / "people.json"
    file.write_text(json.dumps({"info": {}, "images": images, "annotations": people,
                                "categories": [{"id": 1, "name": "person"}]}))  # fmt: skip
    return file


def write_mpii(folder: Path, photos: int = 4) -> Path:
    """MPII as HRNet's authors have it: pixels count from 1."""
    people = []
    for k in range(photos):
        Image.fromarray(picture(120, 160, k)).save(folder / f"{k:09d}.jpg")
        labels = person(MPII, (30, 10), 100, k)
        labels[[8, 9], 2] = 1  # neck and head top are always there
        points = np.where(labels[:, 2:] > 0, labels[:, :2] + 1, -1)
        people.append({"image": f"{k:09d}.jpg", "center": [80.0, 55.0], "scale": 0.5, "joints": points.tolist(),
                       "joints_vis": labels[:, 2].tolist()})  # fmt: skip
    file = folder / "mpii.json"
    file.write_text(json.dumps(people))
    return file


def write_csv(folder: Path, rows: list[dict], columns: list[str] | None = None) -> Path:
    file = folder / "people.csv"
    with file.open("w", newline="") as f:
        table = csv.DictWriter(f, columns or list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return file


def csv_row(image: str, labels: np.ndarray, joints: JointSet = LSP, **more) -> dict:
    cells = {}
    for joint, (x, y, seen) in zip(joints.joints, labels, strict=True):
        cells |= {f"{joint} x": float(x) if seen else "", f"{joint} y": float(y) if seen else ""}
    return {"image": image, **cells, **more}
