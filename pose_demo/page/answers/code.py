"""Show me the code: the lines of the network's own source that compute the cell, with the shapes that they gave."""

# ruff: noqa: UP013
from __future__ import annotations

from typing_extensions import TypedDict

from ...networks import source
from ...networks.trace import INPUT
from ..cached import Cached
from ..schema import Question
from .parts import side_of

# fmt: off
#: shapes -- of what this line computed, in order; None: it has no part in this cell
Line = TypedDict("Line", {"number": int, "text": str, "shapes": list[list[int]] | None})
Passage = TypedDict("Passage", {"name": str, "file": str, "lines": list[Line]})
#: A map that a cell is made from.
Given = TypedDict("Given", {"name": str, "shape": list[int]})
#: calls -- the lines that led there, from the outermost
CodeAnswer = TypedDict("CodeAnswer", {
    "passages": list[Passage], "shape": list[int], "made": list[Given], "calls": list[str],
})
# fmt: on


def code(cached: Cached, asked: Question) -> CodeAnswer:
    """Raises KeyError for a cell that is not in the picture, or is the photo."""
    side, name = side_of(cached, asked), asked["cell"]
    if name == INPUT:
        raise KeyError(name)
    found = source.source(cached.net(side), name, cached.pose(side).card.input)
    return {
        "passages": [{"name": p.name, "file": p.file, "lines": _lines(p)} for p in found.passages],
        "shape": list(found.shape),
        "made": [{"name": start, "shape": list(shape)} for start, shape in found.made.items()],
        "calls": found.calls,
    }


def _lines(passage: source.Passage) -> list[Line]:
    return [
        {"number": k, "text": text, "shapes": [list(s) for s in passage.marked[k]] if k in passage.marked else None}
        for k, text in enumerate(passage.text, start=passage.first)
    ]
