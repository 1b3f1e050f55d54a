"""The example photos: what the page offers, what tests and benchmarks look at. Easy ones come first."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .joints import LSP
from .shipped import shipped

FOLDER = shipped("assets") / "examples"
#: How far a joint may lie from its hand-placed mark before it is called wrong, in torsos.
FAR = 0.3


@dataclass(frozen=True, eq=False)
class Example:
    """A photo that may be redistributed, and what is known of it.

    name    -- of the file, and of its words: example.NAME.title (short), example.NAME.caption (what to look for)
    hard    -- True where networks of this kind tend to fail or disagree
    box     -- x0, y0, x1, y1 of the main person in pixels, measured by eye as a detector would give it
    source, licence -- of the photo; assets/LICENSES.md has the licence's text
    joints  -- (14, 3) float32 in the order of joints.LSP: x, y in pixels (centres at whole numbers), 1 where visible;
               placed by hand. None where nobody placed them.
    far     -- {network: joints} that the embedded pair places further than FAR torsos from these marks
    """

    path: Path
    hard: bool
    box: tuple[float, float, float, float]
    source: str
    licence: str
    joints: np.ndarray | None = None
    far: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.stem

    def marks(self, box: Sequence[float]) -> dict[str, tuple[float, float]]:
        """{joint: x, y in pixels of the photo} of the joints that were placed; empty where nobody placed them, or where
        the box x0, y0, x1, y1 that is looked at holds fewer than half of them: then it is another person's."""
        if self.joints is None:
            return {}
        at = self.joints[:, :2]
        if 2 * ((at >= box[:2]) & (at <= box[2:])).all(axis=1).sum() < len(at):
            return {}
        return {name: (float(x), float(y)) for name, (x, y, _) in zip(LSP.joints, self.joints, strict=True)}

    def words(self) -> list[dict[str, Any]]:
        """What is said under the photo, as {"key", "values"}: what to look for, and what each network gets wrong."""
        said = [
            {"key": "example.far", "values": {"network": network, "torsos": FAR, "joints": joints}}
            for network, joints in self.far.items()
            if joints
        ]
        return [{"key": f"example.{self.name}.caption", "values": {}}, *said]


def examples() -> list[Example]:
    """The photos of assets/examples, in the order of examples.toml; read when first asked for."""
    return list(_examples())


@cache
def _examples() -> tuple[Example, ...]:
    entries = tomllib.loads((FOLDER / "examples.toml").read_text(encoding="utf-8"))["examples"]
    placed = json.loads((FOLDER / "joints.json").read_text(encoding="utf-8"))
    answers = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))["examples"]
    return tuple(
        _example(entry, placed.get(entry["file"], {}).get("lsp"), answers.get(entry["file"], {})) for entry in entries
    )


def _example(entry: dict, joints: list[list[float]] | None, answers: dict[str, Any]) -> Example:
    points = None
    x0, y0, x1, y1 = (float(v) for v in entry["box"])
    if joints is not None:
        points = np.array(joints, np.float32)
        points.setflags(write=False)  # shared by all who ask
    return Example(
        path=FOLDER / entry["file"],
        hard=entry["hard"],
        box=(x0, y0, x1, y1),
        source=entry["source"],
        licence=entry["licence"],
        joints=points,
        far={network: list(found["far"]) for network, found in answers.items()},
    )
