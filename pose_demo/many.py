"""Many photos, one after the other: the same use case as `compare`, and the results of a folder in one file.

A run may be stopped at any moment, by a fault of the machine too: each photo's result is a line of its own, written
when it is known; half a line counts for nothing, and the next run goes on behind the last whole one.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .comparison import Comparison, compare
from .locales import UserError
from .photo import shown
from .writing import named, writing

#: What is taken of a folder: names that end so. A file that is named itself is opened whatever its name.
SUFFIXES = frozenset(
    (".avif", ".bmp", ".gif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
#: In a folder of results: a line a photo, and the file that is made of them.
LINES, RESULTS = "results.lines", "results.json"

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


class Looked(NamedTuple):
    """A photo that was looked at: `result`, or `error` that says in one sentence why there is none."""

    file: Path
    result: Comparison | None
    error: UserError | None


class Far(NamedTuple):
    """How far a run is: photos done, failed, done before, and all."""

    done: int
    failed: int
    before: int
    photos: int


def compare_all(
    photos: Paths,
    out: str | os.PathLike[str] | None = None,
    progress: Callable[[Far], None] | None = None,
    **options: Any,
) -> Iterator[Looked]:
    """Photos through two networks, each when it is asked for: no more than one is in memory at a time.

    photos   -- files and folders, one or several; of a folder all pictures (SUFFIXES) in it and below, in order of name
    out      -- a folder for their results: RESULTS in it, COCO-style, is written after the last photo. What has its
                result there is passed over, so that the same call again goes on where it was stopped
    progress -- told how far it is: before the first photo and after each
    options  -- as `compare` takes them, but the box, which belongs to one photo

    A photo that cannot be used does not end it. Raises at once, as `compare` does, what is wrong with every one of
    them: an unknown network or stop, missing weights; and UserError where `out` holds results of other settings, or of
    another folder's photos.
    """
    return over(photos, out, probe(options), lambda file, name, **asked: compare(file, **asked), progress, **options)


def over(
    photos: Paths,
    out: str | os.PathLike[str] | None,
    settings: dict[str, Any],
    do: Callable[..., Comparison],
    progress: Callable[[Far], None] | None = None,
    **options: Any,
) -> Iterator[Looked]:
    """As compare_all, with whatever gives a comparison of each photo.

    settings -- what decides the results (`probe`); do -- is given the file, `name`: its path below the folder that was
    given, and the options
    """
    given = listed(photos)
    folder = None if out is None else Path(out)
    results, files = folder and Results(folder, settings, _root(given)), places(given, but=folder)
    return _over(files, results, do, progress or (lambda far: None), options)


def _over(
    files: dict[Path, Path],
    results: Results | None,
    do: Callable[..., Comparison],
    tell: Callable[[Far], None],
    options: dict[str, Any],
) -> Iterator[Looked]:
    todo = [file for file in files if results is None or file not in results]
    kept = set(files).difference(todo)
    tell(far := Far(0, 0, len(files) - len(todo), len(files)))
    try:
        for file in todo:
            before, looked = stat(file), look(file, do, name=files[file], **options)
            if looked.result is not None and results is not None:
                results.add(file, looked.result, before)
                kept.add(file)
            failed = looked.result is None
            tell(far := far._replace(done=far.done + (not failed), failed=far.failed + failed))
            yield looked
            del looked  # not while the next is looked at
        if results is not None:
            results.finish(kept)
    finally:
        if results is not None:
            with suppress(OSError):  # of what a full disk did not take, which was told
                results.close()


def look(file: Path, ask: Callable[..., Comparison], **options: Any) -> Looked:
    """One photo, by what gives a comparison. Whatever fails becomes a sentence; the trace of what should not have
    happened goes to the log."""
    try:
        return Looked(file, ask(file, **options), None)
    except UserError as error:
        return Looked(file, None, error)
    except Exception as error:
        logging.getLogger(__name__).exception("%s failed", file)
        return Looked(file, None, UserError("many.fault", name=shown(file.name), kind=type(error).__name__))


def probe(options: dict[str, Any]) -> dict[str, Any]:
    """What decides the results, found by looking at nothing: raises what would be wrong with every photo."""
    said = compare(np.zeros((64, 64, 3), np.uint8), (0, 0, 63, 63), **options).to_json()
    about = ("network", "weights_sha256", "upsampling", "silence", "input", "normalisation", "cells", "flip_shift",
             "trained_upsampling", "category")  # fmt: skip
    poses = [{key: pose[key] for key in about if key in pose} for pose in said["poses"]]
    kept = {key: said[key] for key in ("upsampling", "silence", "decoder", "flip_test", "versions") if key in said}
    return {"poses": poses, "finder": options.get("finder"), **kept}


def listed(photos: Paths) -> list[Path]:
    return [Path(one) for one in ([photos] if isinstance(photos, str | os.PathLike) else photos)]


def pictures(where: Paths, but: Path | None = None) -> list[Path]:
    """The files that are named and the pictures in the folders that are, each once. but -- a folder left out."""
    found: dict[Path, None] = {}
    for path in listed(where):
        found.update(dict.fromkeys(_below(path, but) if path.is_dir() else [path]))
    return list(found)


def places(photos: Paths, but: Path | None = None) -> dict[Path, Path]:
    """Of each of `pictures` its path below the folder that was given; where files or several were, what of its own
    leads down."""
    root, files = _root(listed(photos)), pictures(photos, but)
    return {
        file: file.relative_to(root) if root else Path(*(p for p in file.parts if p not in ("..", file.anchor)))
        for file in files
    }


def _root(given: list[Path]) -> Path | None:
    return given[0] if len(given) == 1 and given[0].is_dir() else None


def _below(folder: Path, but: Path | None) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):  # symbolic links to folders are not followed: no circles
        here = Path(at)
        folders[:] = sorted(name for name in folders if name[0] != "." and not _same(here / name, but))
        yield from (here / name for name in sorted(names) if name[0] != "." and Path(name).suffix.lower() in SUFFIXES)


def _same(folder: Path, other: Path | None) -> bool:
    return other is not None and folder.resolve() == other.resolve()


class Results:
    """The results of many photos in a folder: what is there already, and what is added.

    settings -- as `probe` gives them
    root     -- of the names in the file, as COCO's are; None: names as they were given

    Raises UserError where the folder holds results of other settings, or of another root: names are told apart by it.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], root: Path | None = None):
        self.file, self._lines, self._root = folder / RESULTS, folder / LINES, root
        self._settings = json.loads(json.dumps(settings))
        self._done: dict[str, list[int]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        whole = self._read()
        self._out = self._lines.open("ab")
        self._out.truncate(whole)
        if not whole:
            self._write({"settings": self._settings, "root": self._where()})

    def _read(self) -> int:
        """Learns what is done; returns how many bytes of the lines are whole."""
        whole = 0
        for line, found in self._found():
            if not whole and found.get("settings") != self._settings:
                raise UserError("many.other_settings", folder=self._lines.parent)
            if not whole and found.get("root", self._where()) != self._where():
                raise UserError("many.other_photos", folder=self._lines.parent)
            whole += len(line)
            if "file" in found:
                self._done[found["file"]] = found["stat"]
        return whole

    def _found(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Each whole line, and what it says; up to the first that is none."""
        if not self._lines.exists():
            return
        with self._lines.open("rb") as file:
            for line in file:
                try:
                    found = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    found = None
                if not isinstance(found, dict):
                    return
                yield line, found

    def __contains__(self, file: Path) -> bool:
        """Whether this very file, as it is now, has its result."""
        now = stat(file)
        return bool(now) and self._done.get(self._name(file)) == now

    def add(self, file: Path, result: Comparison, before: list[int]) -> None:
        """before -- the file's `stat` before it was looked at."""
        said = result.to_json()
        about = {key: said[key] for key in ("box", "person", "person_confidence", "people", "who", "poses")}
        self._write({"file": self._name(file), "stat": before, "image": said["image"], **about})
        self._done[self._name(file)] = before

    def close(self) -> None:
        self._out.close()

    def finish(self, files: Collection[Path]) -> Path:
        """Makes one COCO-style file of these files' lines, a photo at a time, and puts it in place when it is whole."""
        self.close()
        names = {self._name(file) for file in files}
        with writing(self.file, "w") as out:
            out.write('{"info": ' + json.dumps(self._settings))
            for name, rows in (("images", self._images(names)), ("annotations", self._annotations(names))):
                out.write(f',\n"{name}": [')
                for k, row in enumerate(rows):
                    out.write((",\n" if k else "\n") + json.dumps(row))
                out.write("]")
            out.write(',\n"categories": ' + json.dumps(self._categories()) + "}\n")
        return self.file

    def _latest(self, names: set[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each photo's number, from 1, and its last line."""
        last: dict[str, int] = {}
        for k, (_, found) in enumerate(self._found()):
            if found.get("file") in names:
                last[found["file"]] = k
        wanted = {k: number for number, k in enumerate(last.values(), start=1)}
        for k, (_, found) in enumerate(self._found()):
            if k in wanted:
                yield wanted[k], found

    def _images(self, names: set[str]) -> Iterator[dict[str, Any]]:
        for number, found in self._latest(names):
            yield {"id": number, "file_name": found["file"], **found["image"]}

    def _annotations(self, names: set[str]) -> Iterator[dict[str, Any]]:
        """One for each person and network: `bbox` is COCO's x, y, width, height, keypoints x, y, score in a row."""
        known, number = self._categories(), 0
        for image, found in self._latest(names):
            boxes = {one["person"]: one["box"] for one in found["people"]} or {1: found["box"]}
            for pose in found["poses"]:
                same = (each["id"] for each in known if each["keypoints"] == pose["category"]["keypoints"])
                about = {"image_id": image, "category_id": next(same), "network": pose["network"]}
                about |= {"note": pose["note"]} if pose["note"] else {}
                for person, points in _everybody(found["who"] or 1, pose):
                    number += 1
                    yield {
                        "id": number, **about, **_annotation(boxes[person], points), "person_number": person,
                        "person": found["person"] is not None, "person_confidence": found["person_confidence"],
                    }  # fmt: skip

    def _categories(self) -> list[dict[str, Any]]:
        """One for each set of joints."""
        first = next((found["poses"] for _, found in self._found() if "file" in found), [])
        known = {tuple(pose["category"]["keypoints"]): pose["category"] for pose in first}
        return [{"id": k, **category} for k, category in enumerate(known.values(), start=1)]

    def _write(self, what: dict[str, Any]) -> None:
        with named(self._lines):
            self._out.write(json.dumps(what).encode() + b"\n")
            self._out.flush()

    def _where(self) -> str | None:
        return None if self._root is None else str(self._root.resolve())

    def _name(self, file: Path) -> str:
        below = self._root is not None and file.is_relative_to(self._root)
        return (file.relative_to(self._root) if below and self._root else file).as_posix()


def _everybody(who: int, pose: dict[str, Any]) -> Iterator[tuple[int, list[float | None]]]:
    """Each person's number, and x, y, score of their joints in a row."""
    yield who, pose["keypoints"]
    yield from ((one["person"], one["keypoints"]) for one in pose["others"])


def _annotation(box: list[float], points: list[float | None]) -> dict[str, Any]:
    """A person as COCO has one; score -- the mean of the joints that have an answer."""
    (x0, y0, x1, y1), scores = box, [score for score in points[2::3] if score is not None]
    return {
        "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0,
        "keypoints": [value or 0 for value in points], "num_keypoints": len(scores),
        "score": round(sum(scores) / len(scores), 4) if scores else None,
    }  # fmt: skip


def stat(file: Path) -> list[int]:
    """What changes with a file; empty for one that is not there."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return []
    return [status.st_size, status.st_mtime_ns]
