"""What a browser may ask of a comparison that it was shown, a view a file. A new view is a line here.

Each takes (shot, asked) and returns what its annotation declares; schema.typescript tells the browser's side of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..schema import Question
from ..store import Shot
from . import apart, cell, export, film, lab, lesson, pixels, story, terms

VIEWS: dict[str, Callable[[Shot, Question], Any]] = {
    "input": cell.photo,
    "cell": cell.cell,
    "channel": cell.channel,
    "pca": cell.pca,
    "effective": cell.effective,
    "sum": terms.computation,
    "pixels": pixels.pixels,
    "apart": apart.apart,
    "film": film.film,
    "lab": lab.upsampling,
    "difference": lab.difference,
    "story": story.tell,
    "lesson": lesson.lesson,
    "export": export.export,
}
