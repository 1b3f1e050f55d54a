"""The joints of every frame: a row for each person in it, on the disk and never all in memory."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import JointSet
from ..writing import named, writing

#: In the folder of a video's results.
ROWS = "joints.npy"


class Recorder:
    """Adds frame by frame; `close` puts joints.npy in place.

    A row: frame, time (seconds), person (from 1; 0: nobody in this frame), box (x0, y0, x1, y1), and for network k
    `joints{k}` (J, 3) as x, y, score, and where they are smoothed `smooth{k}` (J, 2).
    """

    def __init__(self, folder: Path, joints: Sequence[int], smooth: bool):
        fields: list[Any] = [("frame", "<u4"), ("time", "<f8"), ("person", "<u2"), ("box", "<f4", 4)]
        fields += [(f"joints{k}", "<f4", (count, 3)) for k, count in enumerate(joints)]
        fields += [(f"smooth{k}", "<f4", (count, 2)) for k, count in enumerate(joints) if smooth]
        self._type, self._file, self._part = np.dtype(fields), folder / ROWS, folder / "joints.part"
        self._out = self._part.open("wb")
        self._rows = 0

    def add(self, frame: int, time: Fraction, people: Sequence[tuple[int, Sequence[float], dict[str, Any]]]) -> None:
        """people -- of each its number, box, and what its fields hold."""
        rows = np.zeros(max(1, len(people)), self._type)
        for name in () if people else (self._type.names or ())[3:]:
            rows[name] = np.nan
        rows["frame"], rows["time"] = frame, float(time)
        for row, (number, box, fields) in zip(rows, people, strict=False):
            row["person"], row["box"] = number, box
            for name, values in fields.items():
                row[name] = values
        with named(self._part):
            self._out.write(rows.tobytes())
        self._rows += len(rows)

    def close(self) -> None:
        with named(self._part):
            self._out.close()
        head = {"descr": np.lib.format.dtype_to_descr(self._type), "fortran_order": False, "shape": (self._rows,)}
        with self._part.open("rb") as rows, writing(self._file) as out:
            np.lib.format.write_array_header_1_0(out, head)
            shutil.copyfileobj(rows, out)
        self._part.unlink()

    def drop(self) -> None:
        """Nothing is kept."""
        self._out.close()
        self._part.unlink(missing_ok=True)


def load(folder: Path) -> np.ndarray:
    """The rows of a video's results, read from the disk as they are asked for."""
    return np.load(folder / ROWS, mmap_mode="r")


def people(rows: np.ndarray) -> dict[int, int]:
    """{number: frames that the person is in}, who is in most first."""
    numbers, counts = np.unique(rows["person"], return_counts=True)
    found = {int(n): int(c) for n, c in zip(numbers, counts, strict=True) if n}
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def path(rows: np.ndarray, person: int, network: int, joint: int, smooth: bool = False) -> np.ndarray:
    """(T, 3) time, x, y of one joint of a person; a row of nan where it was lost in between."""
    mine = np.flatnonzero(rows["person"] == person)
    name = f"smooth{network}" if smooth else f"joints{network}"
    points = np.column_stack([rows["time"][mine], rows[name][mine, joint, :2]])
    gaps = np.flatnonzero(np.diff(rows["frame"][mine].astype(int)) > 1) + 1
    return np.insert(points, gaps, np.nan, axis=0)


def jitter(rows: np.ndarray, person: int, network: int, smooth: bool = False) -> np.ndarray:
    """(J,) pixels: how far a joint lies from the straight line, walked steadily, between where it was a frame before
    and will be a frame after; the median over all frames. 0 for a joint that rests or moves steadily.
    """
    mine = np.flatnonzero(rows["person"] == person)
    every, time = rows[f"smooth{network}" if smooth else f"joints{network}"], rows["time"][mine]
    steps = np.diff(rows["frame"][mine].astype(int))
    at = np.flatnonzero((steps[:-1] == 1) & (steps[1:] == 1))
    share = ((time[at + 1] - time[at]) / (time[at + 2] - time[at]))[:, None]

    def median(joint: int) -> float:
        points = every[mine, joint, :2].astype(float)
        line = points[at] + share * (points[at + 2] - points[at])
        apart = np.linalg.norm(points[at + 1] - line, axis=-1)
        return float(np.nanmedian(apart)) if np.isfinite(apart).any() else np.nan

    return np.array([median(joint) for joint in range(every.shape[1])])


def write_json(file: Path, about: dict[str, Any], sets: Sequence[JointSet], rows: np.ndarray) -> None:
    """All frames, one after the other: `people` of each with number, box, and keypoints x, y, score in a row."""
    with writing(file, "w") as out:
        out.write(json.dumps(about)[:-1] + ',\n"frames": [')
        for k, (frame, time, those) in enumerate(_frames(rows)):
            said = {"frame": frame, "time": time, "people": [_person(row, len(sets)) for row in those]}
            out.write((",\n" if k else "\n") + json.dumps(said))
        out.write("]}\n")


def _person(row: Any, networks: int) -> dict[str, Any]:
    said = {"person": int(row["person"]), "box": [round(float(v), 2) for v in row["box"]]}
    poses = []
    for k in range(networks):
        pose = {"keypoints": _plain(row[f"joints{k}"])}
        if f"smooth{k}" in row.dtype.names:
            pose["smoothed"] = _plain(row[f"smooth{k}"])
        poses.append(pose)
    return {**said, "poses": poses}


def _plain(values: np.ndarray) -> list[float | None]:
    return [round(v, 3) if v == v else None for v in values.ravel().tolist()]


def write_csv(file: Path, names: Sequence[str], sets: Sequence[JointSet], rows: np.ndarray) -> None:
    """A line for each joint: frame, time, person, network, joint, x, y, score, and where smoothed its x and y."""
    smooth = "smooth0" in (rows.dtype.names or ())
    with writing(file, "w") as out:
        table = csv.writer(out)
        head = ["frame", "time", "person", "network", "joint", "x", "y", "score"]
        table.writerow(head + ["smoothed_x", "smoothed_y"] * smooth)
        for frame, time, those in _frames(rows):
            for row in those:
                for k, (name, known) in enumerate(zip(names, sets, strict=True)):
                    values = row[f"joints{k}"]
                    if smooth:
                        values = np.column_stack([values, row[f"smooth{k}"]])
                    start = [frame, round(time, 6), int(row["person"]), name]
                    table.writerows(
                        [*start, joint, *("" if v != v else round(v, 3) for v in line)]
                        for joint, line in zip(known.joints, values.tolist(), strict=True)
                    )


def _frames(rows: np.ndarray) -> Iterator[tuple[int, float, list[Any]]]:
    """Each frame's number, time and people."""
    every = (row for start in range(0, len(rows), 1024) for row in np.array(rows[start : start + 1024]))
    for frame, those in groupby(every, key=lambda row: int(row["frame"])):
        found = list(those)
        yield frame, float(found[0]["time"]), [row for row in found if row["person"]]
