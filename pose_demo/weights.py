"""Weights: what there is (weights/manifest.toml), where each file lies, and how it gets there.

Two places hold files: `weights/` of the repository, which is only ever read, and a folder of the user's own.
Nothing here loads torch.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from .download import FetchError, Progress, download, sha256_of
from .joints import JOINT_SETS
from .locales import Said, UserError, said
from .shipped import shipped

__all__ = [
    "Entry", "FetchError", "ManifestError", "UnknownWeights", "WeightsCorrupt", "WeightsMissing",
    "default_pair", "entry", "fetch", "find", "folder", "import_file", "locate", "manifest", "verify",
]  # fmt: skip

#: The project's own folder: the manifest and the embedded weights.
HOME = shipped("weights")
_COMMAND = "python -m pose_demo weights"


class ManifestError(UserError):
    """The manifest cannot be used; the message names the file, the table and what is wrong."""


class UnknownWeights(UserError):
    """No weights of that name; the message lists those there are, the nearest first."""


class WeightsMissing(UserError, FileNotFoundError):
    """The weights are known but their file is not here; the message says how to get it."""


class WeightsCorrupt(UserError, OSError):
    """A file is not what its name says; the message gives the SHA-256 expected and found."""


@dataclass(frozen=True)
class Entry:
    """One set of weights, as its table in the manifest has it.

    name           -- as zoo.load knows it
    network        -- architecture, as zoo.build knows it
    joints         -- "coco", "mpii" or "lsp", or the joints' names in order with commas between them
    input          -- height, width in pixels
    normalisation  -- "imagenet", "mpii" or "unit"
    cells          -- "centre" or "corner", see decode.py; flip_shift -- where a flip test does not do as these ask
    upsampling     -- the slider stop it was trained with
    file           -- file name, without a folder
    sha256         -- 64 hex digits, or the first eight or more
    licence, source -- of the weights; source is a page's address, or a few words
    url            -- http(s) address of the file, None where a program cannot download it
    embedded       -- the file belongs into the repository's weights/
    trained        -- "published", or in a few words how
    proven         -- whose code finds the same joints in the same photo with the same weights, None if nobody's was run
    published      -- somebody else's figure: {"metric", "value" (percent), "set", "source"}; None if nobody's is known
    measured       -- our own figures, one a test file, with the same keys and more; () if not measured
    training       -- how it was trained, None for published weights
    also           -- older names that still mean these weights
    assumed        -- which of these nobody told and no tensor shows
    pair           -- 1 or 2: compared in this order where nobody names others; None for all the rest
    """

    name: str
    network: str
    joints: str
    input: tuple[int, int]
    normalisation: str
    cells: str
    upsampling: str
    file: str
    sha256: str
    licence: str
    source: str
    trained: str
    url: str | None = None
    embedded: bool = False
    proven: str | None = None
    published: dict[str, Any] | None = None
    measured: tuple[dict[str, Any], ...] = ()
    training: dict[str, Any] | None = None
    also: tuple[str, ...] = ()
    pair: int | None = None
    flip_shift: bool | None = None
    assumed: tuple[str, ...] = ()

    @property
    def unproven(self) -> bool:
        """Published, and never run beside the code that they were trained with: wherever they are listed it says so."""
        return self.trained == "published" and not self.proven

    @property
    def single(self) -> bool:
        """Trained here, once: its figure beside another's ranks nothing, and wherever both are listed it says so."""
        return self.training is not None


def manifest(path: Path | None = None) -> dict[str, Entry]:
    """{name: Entry} in the manifest's order, then those of the files beside it, read once. Raises ManifestError."""
    return dict(_read((path or HOME / "manifest.toml").resolve()))


def beside(file: Path) -> Entry:
    """The card NAME.toml of weights that lie elsewhere. Raises ManifestError."""
    return _entry(_toml(file), str(file))


def entry(name: str) -> Entry:
    """One entry of the manifest. Raises UnknownWeights."""
    known = manifest()
    name = canonical(name)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=len(known), cutoff=0.0)
        raise UnknownWeights("weights.unknown", name=repr(name), known=", ".join(near))
    return known[name]


def canonical(name: str) -> str:
    """The name that the manifest has now for weights that once had another; any other name as it is."""
    return next((e.name for e in manifest().values() if name in e.also), name)


def default_pair() -> tuple[str, str]:
    """Names of the two networks that are compared where nobody names others. Raises ManifestError."""
    pair = sorted((e.pair, e.name) for e in manifest().values() if e.pair)
    if [place for place, _ in pair] != [1, 2]:
        raise ManifestError("manifest.pair", folder=HOME, given=str(pair))
    return pair[0][1], pair[1][1]


#: Where a Hugging Face Space has its persistent storage, if it has any.
STORAGE = Path("/data")


def folder() -> Path:
    """Where fetched and imported files lie: POSE_DEMO_WEIGHTS if that is set, else a Space's persistent storage where
    it has one, else the user's cache folder.
    """
    if chosen := os.environ.get("POSE_DEMO_WEIGHTS"):
        return Path(chosen).expanduser()
    if os.environ.get("SPACE_ID") and os.access(STORAGE, os.W_OK):
        return STORAGE / "pose_demo" / "weights"
    import platformdirs  # here, because training must run without it

    return platformdirs.user_cache_path("pose_demo") / "weights"


def find(name: str) -> Path | None:
    """The file, in the repository's weights/ or else in folder(); None if it is in neither. Does not look inside."""
    file = entry(name).file
    return next((path for path in (HOME / file, folder() / file) if path.is_file()), None)


def locate(name: str) -> Path:
    """The file, or WeightsMissing that says what to do."""
    found = find(name)
    if found is None:
        raise WeightsMissing("weights.missing", name=name, remedy=_remedy(entry(name)))
    return found


def verify(name: str) -> None:
    """Raises WeightsCorrupt if the file is not the one that the manifest means, WeightsMissing if it is not here."""
    file = locate(name)
    check(file, entry(name), sha256_of(file))


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The file, downloaded to folder() if it is not here or is wrong.

    progress -- called with bytes that are here and bytes of the whole file (None while unknown)

    Goes on where an earlier call broke off; raises FetchError (see download.py).
    """
    wanted = entry(name)
    here = find(name)
    if here is not None and sha256_of(here).startswith(wanted.sha256):
        return here
    if wanted.url is None:
        raise FetchError("fetch.no_address", name=name, remedy=_remedy(wanted))
    return download(wanted.url, _own_folder() / wanted.file, wanted.sha256, progress)


def import_file(name: str, file: str | Path) -> Path:
    """Copies a file that the user has to folder(), under its right name; returns the copy. The original stays.

    Raises WeightsCorrupt if it is another file than the manifest means, FileNotFoundError, FetchError (cannot write).
    """
    wanted, source = entry(name), Path(file).expanduser()
    if not source.is_file():
        raise WeightsMissing("weights.no_file", file=source)
    check(source, wanted, sha256_of(source))
    own = _own_folder()
    try:
        own.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=own, prefix=".import-") as aside:
            copy = Path(shutil.copyfile(source, Path(aside) / wanted.file))
            copy.replace(own / wanted.file)
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise FetchError("fetch.copy", file=source, folder=own, why=why) from problem
    return own / wanted.file


def _own_folder() -> Path:
    """folder(), unless it is the repository's: what is there is versioned, and only its authors write to it."""
    own = folder()
    for ours in (HOME.resolve(), Path(__file__).resolve().parent):
        if own.resolve().is_relative_to(ours):
            raise FetchError("fetch.ours", folder=ours)
    return own


def check(file: Path, wanted: Entry, found: str) -> None:
    """Raises WeightsCorrupt where `found`, a file's SHA-256, is not that of the file that the manifest means."""
    if not found.startswith(wanted.sha256):
        begin = "weights.corrupt" if len(wanted.sha256) == 64 else "weights.corrupt_begin"
        raise WeightsCorrupt(
            begin, file=file, name=wanted.name, wanted=wanted.sha256, found=found, right=wanted.file,
            source=wanted.url or wanted.source,
        )  # fmt: skip


def _remedy(wanted: Entry) -> Said:
    """How to get the file, as the end of a sentence."""
    how = "browser" if wanted.url is None else "fetch"
    how = "shipped" if wanted.embedded and wanted.url is None else how
    return said(
        f"remedy.{how}", file=wanted.file, name=wanted.name, command=_COMMAND, source=wanted.source, url=wanted.url,
        licence=wanted.licence, folder=str(HOME if how == "shipped" else folder()),
    )  # fmt: skip


@cache
def _read(path: Path) -> dict[str, Entry]:
    tables = [(path, table) for table in _tables(path)]
    tables += [(file, _toml(file)) for file in sorted(path.parent.glob("*.toml")) if file != path]
    found: dict[str, Entry] = {}
    for number, (file, table) in enumerate(tables, 1):
        where = f"{file}, weights {number} ({table.get('name', 'no name')})"
        made = _entry(table, where)
        if made.name in found or made.file in (e.file for e in found.values()):
            raise ManifestError("manifest.twice", where=where)
        found[made.name] = made
    return found


def _tables(path: Path) -> list[dict[str, Any]]:
    tables = _toml(path).get("weights", [])
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise ManifestError("manifest.tables", file=path)
    return tables


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ManifestError("manifest.unreadable", file=path, why=str(problem)) from problem


def _entry(table: dict[str, Any], where: str) -> Entry:
    """A table of the manifest, checked: a slip there should be told here and not surface as a bad skeleton."""
    known = {f.name: f for f in fields(Entry)}
    required = {name for name, f in known.items() if f.default is MISSING}
    if wrong := (required - table.keys()) | (table.keys() - known.keys()):
        raise ManifestError("manifest.keys", where=where, keys=", ".join(sorted(wrong)))
    for name, value in table.items():
        what, fine = _MUST.get(name, _MUST["name"])
        if not fine(value):
            raise ManifestError("manifest.must", where=where, field=name, what=what, given=repr(value))
    if (published := table.get("published")) is not None:
        if published.keys() != _PUBLISHED.keys() or not all(isinstance(published[k], t) for k, t in _PUBLISHED.items()):
            raise ManifestError("manifest.published", where=where)
        if not (1 < published["value"] <= 100 and re.search("val|test", published["set"])):
            raise ManifestError("manifest.figure", where=where)
    lists = {name: tuple(table.get(name, ())) for name in ("input", "measured", "also", "assumed")}
    return Entry(**{**table, **lists})


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(side) is int and side > 0 for side in value)


def _is_list(value: Any, of: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, of) for one in value)


def _is_joints(value: Any) -> bool:
    return isinstance(value, str) and (value in JOINT_SETS or "," in value)


_PUBLISHED = {"metric": str, "value": (int, float), "set": str, "source": str}
#: What a field must be: a word of the locale files, and the test. A field that is not here is text, as `name` is.
_MUST: dict[str, tuple[str, Callable[[Any], object]]] = {
    "name": ("text", lambda v: isinstance(v, str) and v),
    "joints": ("joints", _is_joints),
    "input": ("size", _is_size),
    "sha256": ("sha256", lambda v: isinstance(v, str) and re.fullmatch("[0-9a-f]{8,64}", v)),
    "file": ("file", lambda v: isinstance(v, str) and re.fullmatch(r"\w[\w.-]*", v)),
    "url": ("url", lambda v: isinstance(v, str) and v.startswith(("https://", "http://"))),
    "embedded": ("switch", lambda v: type(v) is bool),
    "flip_shift": ("switch", lambda v: type(v) is bool),
    "pair": ("pair", lambda v: v in (1, 2)),
    "published": ("table", lambda v: isinstance(v, dict)),
    "training": ("table", lambda v: isinstance(v, dict)),
    "measured": ("tables", lambda v: _is_list(v, dict)),
    "also": ("names", lambda v: _is_list(v, str)),
    "assumed": ("names", lambda v: _is_list(v, str)),
}
