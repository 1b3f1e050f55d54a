"""A link as a QR code, for a class that looks at the projector."""

# ruff: noqa: UP013
from __future__ import annotations

import io
from urllib.parse import urlsplit

import segno
from typing_extensions import TypedDict

from ...locales import UserError
from ..cached import Cached
from ..schema import Question

#: Characters of a link; more makes squares that no phone reads from the last row.
LONGEST = 500
Code = TypedDict("Code", {"svg": str})


def qr(cached: Cached, asked: Question) -> Code:
    """asked["what"]: the link. Raises UserError for what is none."""
    link = asked["what"]
    if len(link) > LONGEST or urlsplit(link).scheme not in ("http", "https"):
        raise UserError("xray.wrong")
    drawn = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=True, scale=4, dark="#000", light="#fff", omitsize=True, svgclass="qr"
    )
    return {"svg": drawn.getvalue().decode()}
