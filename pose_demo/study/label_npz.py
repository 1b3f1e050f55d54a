"""Person crops from .npz archives; pictures are decoded when they are asked for."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from ..joints import JointSet, joint_set
from .people import Person, Photo, Source, points_of

_ROWS = ("joints", "size", "image_id")


def read(file: Path, wanted: JointSet | None, images: Path) -> tuple[str, Source | str]:
    """("crops", what the archive holds, or why it cannot be read); rows that lack something are bad."""
    try:
        columns = {name: _array(file, name) for name in (*_ROWS, "offset")}
        shape = columns["joints"].shape
        known = wanted or joint_set(shape[1] if len(shape) == 3 else 0)
    except ValueError as problem:
        return "crops", f"cannot be read as crops: {problem}"
    if shape[1:] != (len(known), 3):
        return "crops", f"has labels of shape {shape}, not (N, {len(known)}, 3)"
    lengths = {key: len(columns[key]) for key in _ROWS} | {"picture": max(0, len(columns["offset"]) - 1)}
    people, photos = [], []
    for k in range(max(lengths.values())):
        person = Person(f"{file.name}#{k}")
        people.append(person)
        if lacking := [key for key, length in lengths.items() if k >= length]:
            person.reason = f"has no {' and no '.join(lacking)}: the archive's arrays have unequal lengths"
            continue
        try:
            person.joints = points_of(columns["joints"][k], len(known))
        except ValueError as problem:
            person.reason = str(problem)
        person.photo = len(photos)
        start, end = (int(v) for v in columns["offset"][k : k + 2])
        decode = partial(_decode, file, start, end, int(columns["size"][k]))
        photos.append(Photo(int(columns["image_id"][k]), person.name, decode))
    return "crops", Source(known, people, photos)


def _array(file: Path, name: str) -> np.ndarray:
    try:
        with np.load(file, allow_pickle=False) as archive:
            return archive[name]
    except KeyError:
        raise ValueError(f"has no {name}") from None
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as problem:
        raise ValueError(f"no archive of numpy arrays ({type(problem).__name__})") from None


@lru_cache(maxsize=2)
def _pictures(file: Path, changed: int) -> np.ndarray:
    """All pictures of an archive, end to end; of the last archives only, so that memory does not grow with a set."""
    return _array(file, "webp")


def _decode(file: Path, start: int, end: int, side: int) -> np.ndarray:
    from PIL import Image

    webp = _pictures(file, file.stat().st_mtime_ns)
    if not 0 <= start < end <= len(webp):
        raise ValueError(f"bytes {start} to {end} of webp are no picture")
    with Image.open(io.BytesIO(webp[start:end].tobytes())) as image:
        if image.size != (side, side):
            raise ValueError(f"the picture is {image.width} by {image.height}, its label says {side} by {side}")
        return np.asarray(image.convert("RGB"))
