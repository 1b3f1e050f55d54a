"""Person crops from .npz archives; pictures are decoded when they are asked for."""

from __future__ import annotations

import io
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from ..joints import JointSet, joint_set
from .people import Person, Photo, Source, StudyError, points_of

_ROWS = ("joints", "size", "image_id")


def read(file: Path, wanted: JointSet | None, images: Path) -> Source:
    """What the archive holds; rows that lack something are bad. Raises StudyError where it cannot be read."""
    columns = {name: array(file, name) for name in (*_ROWS, "offset")}
    shape = columns["joints"].shape
    try:
        known = wanted or joint_set(shape[1])
    except (IndexError, ValueError):
        known = None
    if known is None or shape[1:] != (len(known), 3):
        raise StudyError("labels.crops_shape", file=file, shape=shape, joints=len(known) if known else "14, 16 or 17")
    lengths = {key: len(columns[key]) for key in _ROWS} | {"picture": len(columns["offset"]) - 1}
    people, photos = [], []
    for k in range(max(lengths.values())):
        people.append(person := Person(f"{file.name}#{k}"))
        if lacking := [key for key, length in lengths.items() if k >= length]:
            person.reason = str(StudyError("label.lacks", what=" and no ".join(lacking)))
            continue
        try:
            person.joints = points_of(columns["joints"][k], len(known))
        except StudyError as problem:
            person.reason = str(problem)
        person.photo = len(photos)
        decode = partial(_decode, file, *map(int, columns["offset"][k : k + 2]), int(columns["size"][k]))
        photos.append(Photo(int(columns["image_id"][k]), person.name, decode))
    return Source("crops", known, people, photos)


def array(file: Path, name: str) -> np.ndarray:
    """One array of an archive. Raises StudyError where there is none."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return archive[name]
    except Exception as problem:  # bytes from anywhere can make a reader fail in any way
        key = "labels.crops_lack" if isinstance(problem, KeyError) else "labels.crops"
        raise StudyError(key, file=file, name=name) from None


@lru_cache(maxsize=2)
def _pictures(file: Path, changed: int) -> np.ndarray:
    """All pictures of an archive, end to end; of the last archives only, so that memory does not grow with a set."""
    return array(file, "webp")


def _decode(file: Path, start: int, end: int, side: int) -> np.ndarray:
    from PIL import Image

    webp = _pictures(file, file.stat().st_mtime_ns)
    if not 0 <= start < end <= len(webp):
        raise StudyError("label.no_picture", start=start, end=end)
    with Image.open(io.BytesIO(webp[start:end].tobytes())) as image:
        if image.size != (side, side):
            raise StudyError("label.size", width=image.width, height=image.height, side=side)
        return np.asarray(image.convert("RGB"))
