"""A webcam's frame through both networks: who is in it, and one cell's map of the first of them.

Networks, slider, cuts and decoder are those of the comparison whose key the browser asks with.
"""

# ruff: noqa: UP013
from __future__ import annotations

import base64
import binascii
import threading
import time
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from ...locales import Said, UserError
from ...networks import memory
from .. import photo_input, work
from ..cached import Cached
from ..schema import NumberMap, Question, said
from ..session import THRESHOLD
from .maps import picture
from .parts import number_map

#: Longest side of a frame in pixels: what our page sends is smaller.
LARGEST = 1280

#: skeletons -- of both networks, an <svg> over the frame; map -- None where nobody is, or no such cell;
#: seconds -- that it took here, waiting for its turn included; note -- of a device whose memory was too small
Live = TypedDict("Live", {"skeletons": list[str], "people": int, "map": NumberMap | None, "seconds": float,
                          "note": Said | None})  # fmt: skip


class Camera:
    """What is kept from frame to frame: who was where. One frame at a time."""

    def __init__(self, cached: Cached):
        from ...moving.video import Lens

        poses, how = cached.comparison.poses, cached.comparison
        self.lens = Lens(
            [cached.net(side) for side in range(len(poses))], [pose.upsampling for pose in poses], None,
            silence=[pose.silence for pose in poses], decoder=how.decoder, flip=how.flip,
            finder=how.finder,
        )  # fmt: skip
        self.lock = threading.Lock()

    def look(self, frame: np.ndarray, asked: Question) -> tuple[dict[str, Any], NumberMap | None]:
        """Who is in a frame, with the `note` of it, and the asked cell's map."""
        side, cell = asked.get("side", -1), asked.get("cell", "")
        for k, each in enumerate(self.lens.sides):
            each.how["trace"] = k == side
        with memory.heard() as notes:
            (seen,) = self.lens.look([frame], [time.monotonic()])
        seen["note"] = next(iter(notes), None)
        trace = self.lens.sides[side].trace if side in range(len(self.lens.sides)) else None
        return seen, None if trace is None or cell not in trace else number_map(picture(trace.cpu(), cell), 0.0)


def live(cached: Cached, asked: Question) -> Live:
    """Raises UserError for what is no picture, and for a frame that comes before the one before it is done."""
    from ...crop import whole
    from ...draw import skeleton

    began = time.perf_counter()
    cached.camera = camera = cached.camera or Camera(cached)
    if not camera.lock.acquire(blocking=False):
        raise UserError("live.busy")
    try:
        frame = _frame(asked["frame"])
        seen, found = work.in_turn(lambda: camera.look(frame, asked))
    finally:
        camera.lock.release()
    area, skeletons = whole(frame.shape), []
    for side, joints, scores in zip(camera.lens.sides, seen["joints"], seen["scores"], strict=True):
        known, stroke = side.card.joints, skeleton.stroke_of(area)
        people = zip(joints, scores, strict=True)
        drawn = (skeleton.strokes(known, points, score, stroke, THRESHOLD) for points, score in people)
        label = said("page.skeleton_of", network=side.card.title, count=int((scores >= THRESHOLD).sum()))
        skeletons.append(f"{skeleton.opening(area, label)}{''.join(drawn)}</svg>")
    seconds, note = time.perf_counter() - began, seen.get("note")
    return {"skeletons": skeletons, "people": len(seen["people"]), "map": found, "seconds": seconds, "note": note}


def _frame(sent: str) -> np.ndarray:
    """base64 of a picture -> (H, W, 3) uint8 RGB. Raises UserError, of a large one before it is decoded."""
    try:
        frame = photo_input.read(base64.b64decode(sent, validate=True), LARGEST**2)
    except binascii.Error:
        raise UserError("xray.wrong") from None
    if max(frame.shape) > LARGEST:
        raise UserError("live.large", most=LARGEST)
    return frame
