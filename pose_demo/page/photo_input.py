"""The photo's side of the page: what the browser may hand us, and what it gets to show."""

from __future__ import annotations

import base64
import io
import logging
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .. import examples
from ..crop import check_box
from ..locales import UserError
from .schema import Chosen, Frame, Photo, Said, Take, Thumbnail, said
from .session import CHANGES, Box, Session

#: Longest side in pixels of what is sent to the browser, and of an example's thumbnail.
PREVIEW, THUMBNAIL = 1000, 112
#: Of an uploaded photo, in megabytes; and the pixels that are kept of one.
LARGEST, PIXELS = 30, 12_000_000


def uploaded(path: object) -> Path:
    """A file that was uploaded to this server. An event can be forged, so no other path is opened. Raises UserError."""
    from gradio.utils import get_upload_folder  # here, as whoever wants an XRay without a page needs no Gradio

    gone = False
    try:
        real = Path(path).resolve() if isinstance(path, str) and path else None
        if real is not None and real.is_relative_to(Path(get_upload_folder()).resolve()):
            if real.is_file():
                return real
            gone = not real.exists()
    except (OSError, ValueError):
        pass
    raise UserError("page.file_gone", name=_shown(path)) if gone else UserError("page.foreign_file")


#: Sentences that name no file.
_NAMELESS = ("page.failed", "page.foreign_file", "page.disk_full")


def of_file(name: object, what: Said) -> Said:
    """What is said of a visitor's file, by the name or path that they gave, also where the sentence names none."""
    named = isinstance(name, str) and name and what["key"] in _NAMELESS
    return said("page.of_file", name=_shown(name), what=what) if named else what


def _shown(path: object) -> str:
    from .. import photo

    return photo.shown(Path(str(path)).name)


def fits(file: Path) -> Path:
    """The same file of a photo. Raises PhotoError for one that is too large, before anything of it is read."""
    from .. import photo

    photo.check_bytes(file.stat().st_size, LARGEST * 10**6, photo.shown(file.name))
    return file


def take(session: Session, event: Take) -> dict[str, Any] | None:
    """An upload or an example -> the photo in the session.

    Returns the change of the photo component, None where a newer photo was given meanwhile, whatever became of this
    one. A photo that cannot be used leaves the old one in place.
    """
    number, gone = event["n"], session.gone
    if not session.newer("take", number):
        return None
    try:
        given, error = _given(event), None
    except UserError as problem:
        given, error = None, of_file(event.get("path"), problem.said)
    except Exception:
        logging.getLogger(__name__).exception("the photo could not be taken")
        given, error = None, of_file(event.get("path"), said("page.failed"))
    with CHANGES:
        if session.newest["take"] != number:
            return None
        if session.gone != gone:  # nobody hears it, but of a page whose connection broke for a moment
            error = said("page.expired")
        if given is None or error:
            return session.patch(asked=number, error=error)
        photo, box, example, name, whole = given
        session.newer("box", number)  # one that was drawn on the photo before is late
        session.take(photo, box, example, name, whole, event.get("who", 1))
        counted, around = session.number, boxes(session)
    about = example and {
        "name": example.name, "says": example.words(), "hard": example.hard, "box": _rounded(example.box)
    }  # fmt: skip
    height, width = photo.shape[:2]
    preview: Photo = {"number": counted, "src": data_address(photo), "width": width, "height": height,
                      "whole": whole and list(whole)}  # fmt: skip
    return session.patch(asked=number, error=None, photo=preview, example=about, nearer=None, **around)


def _given(event: Take) -> tuple[np.ndarray, Box | None, examples.Example | None, str, tuple[int, int] | None]:
    """The photo, the box on it, whose example it is, its name, and its file's size where it is kept smaller."""
    from .server import was_read  # here, as above

    if (name := event.get("example")) is not None:
        example = next((each for each in examples.examples() if each.name == name), None)
        if example is None:
            raise UserError("page.no_example")
        photo, box, name = read(example.path), example.box, example.name
    else:
        file = uploaded(event.get("path"))
        try:
            photo, box, example, name = read(file), None, None, file.stem
        finally:
            was_read(file)  # the browser sends it again should this server be started anew
    of, photo = photo.shape[:2], _smaller(photo)
    if "box" in event:
        box = check_box(event["box"], photo.shape) if event["box"] else None
    return photo, box, example, name, None if of == photo.shape[:2] else (of[1], of[0])


def boxes(session: Session) -> dict[str, Any]:
    """The box that was given or found, as the photo component takes it."""
    found, confidence = session.found or (None, None)
    return {
        "box": _rounded(session.box),
        "found": _rounded(found),
        "confidence": confidence,
        "person": session.people != (),
        "people": [_rounded(one.box) or [] for one in session.people or ()],
        "who": session.who,
    }


def choose(session: Session, event: Chosen) -> dict[str, Any]:
    """Another of the people who were found."""
    session.choose(event["who"])
    return session.patch(error=None, **boxes(session))


def frame(session: Session, event: Frame) -> dict[str, Any]:
    """The box into the session. A box that makes no sense changes nothing."""
    try:
        with CHANGES:
            if session.photo is None:
                raise UserError("page.expired")
            session.frame(None if event["box"] is None else check_box(event["box"], session.photo.shape))
    except UserError as problem:
        return session.patch(error=problem.said, **boxes(session))
    return session.patch(error=None, **boxes(session))


def read(source: object, max_pixels: int | None = None) -> np.ndarray:
    """As photo.read: (H, W, 3) uint8 RGB, PhotoError in a sentence. Imported late: it brings OpenCV."""
    from .. import photo

    return photo.read(source, LARGEST * 10**6, max_pixels or photo.MAX_PIXELS)


def _smaller(photo: np.ndarray) -> np.ndarray:
    """The same photo in at most PIXELS: it stays in memory as long as its visitor. Whatever is said of it, boxes too,
    is in pixels of this one."""
    import cv2

    from .. import photo as files

    height, width = photo.shape[:2]
    share = (PIXELS / (height * width)) ** 0.5
    if share >= 1:
        return photo
    size = [max(files.MIN_SIDE, int(side * share)) for side in (width, height)]
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


@cache
def thumbnails() -> list[Thumbnail]:
    """The examples as buttons: name, picture, hard or not. The same for every visitor."""
    from PIL import Image

    result = []
    for example in examples.examples():
        with Image.open(example.path) as file:
            file.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
            picture = np.asarray(file.convert("RGB"))
        result.append({"name": example.name, "hard": example.hard, "image": data_address(picture, THUMBNAIL)})
    return result


def data_address(picture: np.ndarray, side: int = PREVIEW) -> str:
    """uint8 RGB (H, W, 3) -> "data:image/webp;base64,...", its longer side at most `side` pixels."""
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=76, method=2)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _rounded(box: Box | None) -> list[float] | None:
    return None if box is None else [round(float(v), 1) for v in box]
