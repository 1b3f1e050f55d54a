"""The photo's side of the page: what the browser may hand us, and what it gets to show."""

from __future__ import annotations

import base64
import io
import math
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from gradio.utils import get_upload_folder

from .state import Box, Session
from .words import say

#: Longest side in pixels of what is sent to the browser, and of an example's thumbnail.
PREVIEW, THUMBNAIL = 1000, 112


class Refused(ValueError):
    """The browser sent what it may not, or what makes no sense; the message is for the page."""


def uploaded(path: object, language: str = "en") -> Path:
    """A file that was uploaded to this server. An event can be forged, so no other path is opened. Raises Refused."""
    if isinstance(path, str) and path:
        try:
            real = Path(path).resolve()
            if real.is_relative_to(Path(get_upload_folder()).resolve()) and real.is_file():
                return real
        except (OSError, ValueError):
            pass
    raise Refused(say(language, "foreign_file"))


def take(session: Session, event: dict[str, Any]) -> dict[str, Any] | None:
    """{"n": number, "path": uploaded file} or {"n": number, "example": title} -> the photo in the session.

    Returns the change of the photo component, None where a newer photo came first. A photo that cannot be used
    leaves the old one in place.
    """
    language = session.language
    try:
        if event.get("example") is not None:
            photo, box, extra = _example(event["example"], language)
        else:
            photo, box, extra = read(uploaded(event.get("path"), language)), None, {"example": None, "caption": ""}
    except ValueError as problem:  # Refused and PhotoError
        return session.patch(error=str(problem), reading=False)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return session.patch(error=say(language, "failed"), reading=False)
    if not session.newer(_number(event.get("n"))):
        return None
    session.take(photo, data_address(photo), box)
    return session.patch(error=None, reading=False, **shown(session), **extra)


def shown(session: Session) -> dict[str, Any]:
    """The photo, its size and its box as the photo component takes them."""
    height, width = session.photo.shape[:2]
    return {"image": session.preview, "width": width, "height": height, **boxes(session)}


def boxes(session: Session) -> dict[str, Any]:
    found, confidence = session.found or (None, None)
    return {"box": _rounded(session.box), "found": _rounded(found), "confidence": confidence and round(confidence, 2)}


def frame(session: Session, event: dict[str, Any]) -> dict[str, Any]:
    """{"box": [x0, y0, x1, y1] or None} -> the box in the session. A box that makes no sense changes nothing."""
    if session.photo is None:
        return session.patch(error=say(session.language, "expired"))
    try:
        session.frame(_box(event.get("box"), session))
    except Refused as problem:
        return session.patch(error=str(problem), **boxes(session))
    return session.patch(error=None, **boxes(session))


def _box(numbers: object, session: Session) -> Box | None:
    if numbers is None:
        return None
    from ..crop import check_box

    try:
        x0, y0, x1, y1 = (float(v) for v in numbers)
        if not all(map(math.isfinite, (x0, y0, x1, y1))):
            raise ValueError
    except (TypeError, ValueError):
        raise Refused(say(session.language, "box_bad")) from None
    try:
        return check_box((x0, y0, x1, y1), session.photo.shape)
    except ValueError as problem:
        raise Refused(str(problem)) from None


def read(source: object) -> np.ndarray:
    """As photo.read: (H, W, 3) uint8 RGB, PhotoError in a sentence. Imported late: it brings OpenCV."""
    from .. import photo

    return photo.read(source)


def _example(title: object, language: str) -> tuple[np.ndarray, Box | None, dict[str, Any]]:
    from .. import examples

    for example in examples.examples():
        if example.title == title:
            box = tuple(float(v) for v in example.box) if example.box is not None else None
            extra = {"example": example.title, "caption": example.caption, "hard": example.hard}
            return read(example.path), box, extra
    raise Refused(say(language, "no_example"))


@cache
def thumbnails() -> list[dict[str, Any]]:
    """The examples as buttons: title, picture, hard or not. The same for every visitor."""
    from PIL import Image

    from .. import examples

    result = []
    for example in examples.examples():
        with Image.open(example.path) as file:
            file.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
            picture = np.asarray(file.convert("RGB"))
        result.append({"title": example.title, "hard": example.hard, "image": data_address(picture, THUMBNAIL)})
    return result


def data_address(picture: np.ndarray, side: int = PREVIEW) -> str:
    """uint8 RGB (H, W, 3) -> "data:image/webp;base64,...", its longer side at most `side` pixels."""
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=84, method=2)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _rounded(box: Box | None) -> list[float] | None:
    return None if box is None else [round(float(v), 1) for v in box]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
