"""What one visitor's page knows: one object a session, in gr.State, never shared, changed only by its own events."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..locales import UserError
from .schema import Pin

if TYPE_CHECKING:
    from ..comparison import Comparison
    from ..examples import Example
    from ..moving.video import VideoComparison
    from ..person import Found

#: What a new page begins with: the score from which joints are shown, and the joint of the heatmaps.
THRESHOLD, JOINT = 0.1, "right wrist"

Box = tuple[float, float, float, float]

#: Held for a moment, by whoever looks what a session has and changes it after what was seen. One for all: a lock of its
#: own a session could not be copied.
CHANGES = threading.RLock()


@dataclass(frozen=True)
class Request:
    """All that decides a comparison. turn counts the session's photos and boxes; the rest are the controls."""

    turn: int
    networks: tuple[str, str]
    upsampling: Any
    decoder: str
    flip: bool
    silence: tuple[dict[str, str], dict[str, str]] = ({}, {})
    finder: str | None = None


@dataclass
class Session:
    """language -- of Gradio's own components; the browser says the rest itself
    photo    -- (H, W, 3) uint8 RGB, number counts them; name -- its file's, without ending
    whole    -- the width and height that the file has, where the photo is kept smaller
    example  -- whose photo it is, None for the visitor's own
    box      -- as the visitor or the example gave it; found -- the person that was looked for, with the confidence
    people   -- everybody who was found, None before anybody was looked for; who -- whom of them we look at, from 1
    turn     -- grows with every photo and box; a run for an older turn stops
    newest   -- of the browser's own numbers for each kind of event: an older one that comes late changes nothing
    networks -- in the two pickers; finder -- by what people are found, None: by what ships
    done     -- the request that `result` answers
    scope    -- the one stage or stack that the slider changes, "" for all places
    own      -- the right network's own stop, None: the slider's; cuts -- {place: how} of each network
    bare     -- the last result in which nothing was cut, and the request that it answers: what cuts are measured by
    pin, channel -- the cell that a link opens, until it is open
    visitor  -- Gradio's name of the session, once there is an X-ray; None where no server is
    key      -- under which store.py keeps the result's traces; shown -- the request that the X-ray shows
    gone     -- how often the visitor left: what was begun before is not kept
    video    -- the last one's result; video_turn -- grows with each and when one is stopped: an older one ends
    """

    language: str = "en"
    photo: np.ndarray | None = None
    number: int = 0
    name: str = "photo"
    whole: tuple[int, int] | None = None
    example: Example | None = None
    box: Box | None = None
    found: tuple[Box, float] | None = None
    people: tuple[Found, ...] | None = None
    who: int = 1
    turn: int = 0
    newest: dict[str, int] = field(default_factory=dict)
    done: Request | None = None
    result: Comparison | None = None
    networks: tuple[str, str] = ("", "")
    finder: str | None = None
    threshold: float = THRESHOLD
    joint: str = JOINT
    scope: str = ""
    own: str | None = None
    cuts: tuple[dict[str, str], dict[str, str]] = ({}, {})
    bare: tuple[Request, Comparison] | None = None
    pin: Pin | None = None
    channel: int | None = None
    visitor: str | None = None
    key: str = ""
    shown: Request | None = None
    gone: int = 0
    video: VideoComparison | None = None
    video_turn: int = 0
    _patches: int = 0

    @property
    def comparison(self) -> Comparison:
        """`result`, where there must be one."""
        assert self.result is not None
        return self.result

    def take(
        self, photo: np.ndarray, box: Box | None = None, example: Example | None = None, name: str = "photo",
        whole: tuple[int, int] | None = None, who: int = 1,
    ) -> None:  # fmt: skip
        """A new photo; what was known of the old one's person goes."""
        with CHANGES:
            self.photo, self.example, self.name, self.whole = photo, example, name, whole
            self.number += 1
            self.frame(box)
            self.who = who

    def empty(self) -> None:
        """The visitor left: what they sent and what was made of it goes, and what still runs for it stops. Gradio keeps
        the session itself for another hour."""
        with CHANGES:
            self.gone += 1
            self.photo = self.example = self.result = self.bare = self.done = self.shown = self.video = None
            self.whole, self.name, self.key = None, "photo", ""
            self.frame(None)

    def frame(self, box: Box | None) -> None:
        """Another box on the same photo, or none."""
        with CHANGES:
            self.box, self.found, self.people, self.who = box, None, None, 1
            self.turn += 1

    def choose(self, who: int) -> None:
        """Another of the people who were found. Raises UserError where there is none of that number."""
        with CHANGES:
            if not 1 <= who <= len(self.people or ()):
                raise UserError("compare.who", given=who, count=len(self.people or ()))
            self.who = who
            self.turn += 1

    def newer(self, kind: str, number: int) -> bool:
        """Whether the browser's event is newer than all of its kind before; remembers it."""
        with CHANGES:
            if number <= self.newest.get(kind, -1):
                return False
            self.newest[kind] = number
            return True

    def patch(self, **changes: object) -> dict[str, object]:
        """What a component of the page shall change; numbered, because the browser skips a value it has: by the clock,
        as the page may be older than its session."""
        self._patches = max(self._patches + 1, time.time_ns() // 10**6)
        return {"n": self._patches, **changes}
