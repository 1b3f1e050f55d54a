"""Crops from .npz archives, a row at a time: an archive of any size takes no more memory than its largest picture."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..joints import JointSet, joint_set
from .datasets import Bad, Person, Record

_ROWS = ("joints", "size", "image_id")


class _Column:
    """An array of an .npz, read from its start on. Raises ValueError where it is missing or no plain array."""

    def __init__(self, archive: zipfile.ZipFile, name: str):
        try:
            self.file = archive.open(f"{name}.npy")
            version = np.lib.format.read_magic(self.file)
            header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            self.shape, in_columns, self.dtype = header[version](self.file)
        except (KeyError, ValueError) as trouble:
            raise ValueError(f"has no {name}: {trouble}") from None
        if in_columns or self.dtype.hasobject or not self.shape:
            raise ValueError(f"has {name} as something else than a plain array")
        self.row = int(np.prod(self.shape[1:], dtype=int)) * self.dtype.itemsize
        self.at = 0

    def __len__(self) -> int:
        return self.shape[0]

    def take(self, rows: int = 1) -> np.ndarray:
        """The next so many rows; fewer bytes than promised is a ValueError."""
        raw = self.file.read(rows * self.row)
        if len(raw) != rows * self.row:
            raise ValueError("the archive ends here")
        self.at += rows
        return np.frombuffer(raw, self.dtype).reshape(rows, *self.shape[1:])

    def skip(self, rows: int) -> None:
        while rows > 0:
            step = min(rows, 1 << 20)
            self.take(step)
            rows -= step


def joints_of(files: tuple[Path, ...]) -> JointSet:
    """Told by the number of joints in the first archive that can be read."""
    trouble = ""
    for file in files:
        try:
            with zipfile.ZipFile(file) as archive:
                return joint_set(int(_Column(archive, "joints").shape[1]))
        except (OSError, ValueError, IndexError, zipfile.BadZipFile) as problem:
            trouble = trouble or f"{file} cannot be read as crops: {problem}"
    raise ValueError(trouble)


def read(file: Path, joints: JointSet, images: Path) -> Iterator[Record | Bad]:
    """The records of one archive; where its arrays have unequal lengths, the rows that lack something are bad."""
    try:
        with zipfile.ZipFile(file) as archive:
            columns = {name: _Column(archive, name) for name in (*_ROWS, "offset", "webp")}
            if columns["joints"].shape[1:] != (len(joints), 3):
                yield Bad(file.name, f"has labels of shape {columns['joints'].shape}, not (N, {len(joints)}, 3)")
                return
            yield from _rows(file.name, columns)
    except (OSError, ValueError, zipfile.BadZipFile) as trouble:
        yield Bad(file.name, f"cannot be read as crops: {trouble}")


def _rows(name: str, columns: dict[str, _Column]) -> Iterator[Record | Bad]:
    lengths = {key: len(columns[key]) for key in _ROWS} | {"picture": len(columns["offset"]) - 1}
    webp = columns["webp"]
    start = int(columns["offset"].take()[0]) if lengths["picture"] >= 0 else 0
    for k in range(max(lengths.values())):
        at = f"{name}#{k}"
        here = {key: columns[key].take()[0] for key in _ROWS if k < lengths[key]}
        end = int(columns["offset"].take()[0]) if k < lengths["picture"] else None
        if lacking := [key for key, length in lengths.items() if k >= length]:
            yield Bad(at, f"has no {' and no '.join(lacking)}: the archive's arrays have unequal lengths")
            continue
        if not webp.at <= start <= end <= len(webp):
            yield Bad(at, f"bytes {start} to {end} of webp are no picture")
            start = end
            continue
        webp.skip(start - webp.at)
        picture, start = webp.take(end - start).tobytes(), end
        person = Person(np.array(here["joints"], np.float32))
        side = int(here["size"])
        yield Record(at, person, lambda b=picture, s=side: _decode(b, s), True, int(here["image_id"]))


def _decode(picture: bytes, side: int) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        if image.size != (side, side):
            raise ValueError(f"the picture is {image.width} by {image.height}, its label says {side} by {side}")
        return np.asarray(image.convert("RGB"))
