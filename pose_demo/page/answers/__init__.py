"""What a browser may ask of a comparison that it was shown, a view a file. A new view is a line here.

Each takes (cached, asked) and returns what its annotation declares; schema.typescript tells the browser's side of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cached import Cached
from ..schema import Question
from . import beside, body, cell, code, export, film, gradient, lesson, live, matters, pixels, qr, story, terms, way

VIEWS: dict[str, Callable[[Cached, Question], Any]] = {
    "input": cell.photo,
    "cell": cell.cell,
    "channel": cell.channel,
    "pca": cell.pca,
    "field": cell.field,
    "effective": cell.effective,
    "sum": terms.computation,
    "pixels": pixels.pixels,
    "apart": beside.apart,
    "beside": beside.beside,
    "way": way.way,
    "layers": way.opened,
    "film": film.film,
    "difference": beside.difference,
    "story": story.tell,
    "matters": matters.matters,
    "matters_cost": matters.cost,
    "gradient": gradient.gradient,
    "code": code.code,
    "body": body.body,
    "lesson": lesson.lesson,
    "qr": qr.qr,
    "live": live.live,
    "export": export.export,
}
