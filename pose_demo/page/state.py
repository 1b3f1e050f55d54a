"""What one visitor's page knows: one object a session, in gr.State, never shared, changed only by its own events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..comparison import Comparison

#: What a new page begins with: the score from which joints are shown, and the joint of the heatmaps.
THRESHOLD, JOINT = 0.1, "right wrist"

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Wish:
    """All that decides a comparison. turn counts the session's photos and boxes; the rest are the controls."""

    turn: int
    networks: tuple[str, str]
    upsampling: str | dict[str, str]
    decoder: str
    flip: bool


@dataclass
class Session:
    """language -- of words.py
    photo    -- (H, W, 3) uint8 RGB; preview -- the same as a data address, small enough to send
    box      -- as the visitor or the example gave it; found -- the person that was looked for, with the confidence
    turn     -- grows with every photo and box; a run for an older turn stops
    heard    -- the newest of the browser's own numbers, so that a slow upload cannot replace a newer photo
    networks -- in the two pickers
    done     -- the wish that `result` answers
    scope    -- the one stage or stack that the slider changes, "" for all places
    pin      -- the cell that a link opens, until it is open
    xray_key -- under which xray_store.py keeps the result's traces; xrayed -- the wish and language that it shows
    """

    language: str = "en"
    photo: np.ndarray | None = None
    preview: str = ""
    box: Box | None = None
    found: tuple[Box, float] | None = None
    turn: int = 0
    heard: int = -1
    done: Wish | None = None
    result: Comparison | None = None
    networks: tuple[str, str] = ("", "")
    threshold: float = THRESHOLD
    joint: str = JOINT
    scope: str = ""
    pin: dict | None = None
    xray_key: str = ""
    xrayed: tuple[Wish | None, str] | None = None
    _patches: int = 0

    def take(self, photo: np.ndarray, preview: str, box: Box | None) -> None:
        """A new photo; what was known of the old one's person goes."""
        self.photo, self.preview = photo, preview
        self.frame(box)

    def frame(self, box: Box | None) -> None:
        """Another box on the same photo, or none."""
        self.box, self.found = box, None
        self.turn += 1

    def newer(self, number: int) -> bool:
        """Whether the browser's event is newer than all before; remembers it."""
        if number <= self.heard:
            return False
        self.heard = number
        return True

    def patch(self, **changes: object) -> dict[str, object]:
        """What a component of the page shall change; numbered, because the browser skips a value it has."""
        self._patches += 1
        return {"n": self._patches, **changes}
