"""The X-ray of photos in files: a report that opens in any browser; on request all maps, and what every arrow does."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..comparison import Comparison
from ..joints import JOINT_SETS
from ..locales import UserError
from ..many import Far, Looked, Paths, listed, over, places, probe
from ..writing import writing
from .answers import files, matters
from .xrayed import XRay


def xray_all(
    photos: Paths,
    out: str | os.PathLike[str],
    progress: Callable[[Far], None] | None = None,
    *,
    npz: bool = False,
    effects: bool = False,
    joint: str | None = None,
    language: str = "en",
    **options: Any,
) -> Iterator[Looked]:
    """As `compare_all`, and the files of `write` of each photo: in `out`, in the photo's own folder below it."""
    how = {"npz": npz, "effects": effects, "joint": known(joint), "language": language}
    photos = listed(photos)
    called = names(places(photos, but=Path(out)))

    def do(file: Path, name: Path, **asked: Any) -> Comparison:
        return write(file, Path(out) / name.parent, called[file], **how, **asked)[0]

    return over(photos, out, probe(options) | {"xray": how}, do, progress, **options)


def names(photos: Mapping[Path, Path]) -> dict[Path, str]:
    """What the files of each photo are called, in the folder of its place: by its name without ending, by that with it
    (one.jpg beside one.png), or with a hash of its path: no two have one name, on a system that knows no case either.
    """

    def ways(file: Path) -> dict[str, tuple[Path, str]]:
        return {way: (photos[file].parent, files.plain(way).casefold()) for way in (file.stem, file.name)}

    often = Counter(place for file in photos for place in set(ways(file).values()))
    return {
        file: next(
            (way for way, place in ways(file).items() if often[place] == 1),
            f"{file.stem[:60]}-{hashlib.sha256(os.fsencode(file)).hexdigest()[:8]}",
        )
        for file in photos
    }


def write(
    photo: Path, out: Path, name: str, *, npz: bool, effects: bool, joint: str | None, language: str, **options: Any
) -> tuple[Comparison, list[Path]]:
    """The comparison of one photo, and the files that were written of it: NAME.html, the report.

    npz     -- every map of both networks too (some megabytes)
    effects -- as JSON how far each arrow, cut alone, moves every joint; it is in the report then
    joint   -- whose story the report tells, None: that of the page, "*": none; language -- of the report
    options -- as `compare` takes them
    """
    xray = XRay(photo, **options)
    xray.name = name
    # Before the report, which has it too.
    measured = [matters.measured(xray, k) for k in xray.sides] if effects else []
    out.mkdir(parents=True, exist_ok=True)
    written = [xray.to_html(out, language, joint)]
    if npz:
        written.append(xray.to_npz(out))
    if effects:
        written.append(written[0].with_suffix(".effects.json"))
        with writing(written[-1], "w") as file:
            file.write(json.dumps({"about": files.about(xray), "effects": measured}, indent=1))
    return xray.comparison, written


def known(joint: str | None) -> str | None:
    """The same. Raises UserError for a joint that no network has."""
    names = {name for joints in JOINT_SETS.values() for name in joints.joints}
    if joint not in {None, "*", *names}:
        raise UserError("command.joint", given=joint, known=", ".join(sorted(names)))
    return joint
