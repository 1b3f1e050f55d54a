"""The story of one joint: who answers to it first, and how its peak forms, sharpens or jumps to the other side."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
import torch
from torch import Tensor

from ..decode import to_cells
from ..joints import JointSet
from ..networks.trace import Trace
from .filmstrip import Frame

#: A map answers to a joint when one of its channels correlates this much with a spot at the joint.
ANSWERS = 0.5


@dataclass(frozen=True)
class Answer:
    """A map's best channel for a joint: correlation over the map with a Gaussian spot there, -1 to 1."""

    name: str
    channel: int
    strength: float


@dataclass(frozen=True)
class Moment:
    """One frame of the filmstrip, judged.

    what -- "forms": the first frame, near its place; "stays" or "moves": by at most, or more than, a tenth of a torso;
            "jumps": to the other side's joint, within 0.4 torsos of it and nearer than to its own; "elsewhere": there
            from the start, or still; "astray": more than half a torso from its place and from the other side's too;
            "returns": back from the other side or from astray; "silent": the map is no answer; "unjudged": there is no
            torso to judge by
    pixels -- to the reference, in pixels of the input; the reference is the truth where there is one, else the
              last frame that answers; nan, as the peak, where the map is no answer
    """

    frame: int
    name: str
    what: str
    pixels: float
    peak: float


def spot(at: tuple[float, float], h: int, w: int, sigma: float = 1.0) -> Tensor:
    """(h, w): a Gaussian at x, y in cells."""
    ys, xs = torch.arange(h)[:, None], torch.arange(w)[None]
    return torch.exp(-((xs - at[0]) ** 2 + (ys - at[1]) ** 2) / (2 * sigma**2))


def answer(tensor: Tensor, at: tuple[float, float]) -> tuple[int, float]:
    """Of a map (C, H, W): the channel that correlates most with a spot at x, y in its cells, and how much."""
    c, h, w = tensor.shape
    target = spot(at, h, w).to(tensor).flatten()
    target = target - target.mean()
    flat = tensor.flatten(1)
    flat = flat - flat.mean(dim=1, keepdim=True)
    norms = flat.norm(dim=1) * target.norm()
    strength = torch.where(norms > 0, (flat @ target) / norms.clamp_min(1e-20), torch.zeros(c).to(flat))
    best = int(strength.argmax())
    return best, float(strength[best])


def answers(trace: Trace, names: list[str], at: tuple[float, float], cells: str) -> list[Answer]:
    """How each of these taps answers to a joint at x, y in pixels of the input."""
    result = []
    for name in names:
        tap = trace[name]
        place = to_cells(torch.tensor(at, dtype=torch.float64), tap.stride, cells).tolist()
        result.append(Answer(name, *answer(tap.tensor[0], (place[0], place[1]))))
    return result


def first(found: list[Answer], threshold: float = ANSWERS) -> Answer | None:
    """The first map on the way that answers; None where none does."""
    return next((a for a in found if a.strength >= threshold), None)


def moments(
    frames: list[Frame], joints: JointSet, joint: int, torso: float, truth: np.ndarray | None = None
) -> list[Moment]:
    """What happens to one joint's peak from frame to frame.

    torso -- in pixels of the input, nan: of the last frame that has one; truth -- (J, 2) pixels of the input, nan
             where unknown, or None
    """
    last = placed(frames, joint).joints
    if not torso > 0:
        torso = next((length for f in reversed(frames) if (length := yardstick(f.joints, joints)) > 0), np.nan)
    own, other = last[joint], last[joints.flip[joint]]
    if truth is not None and np.isfinite(truth[joint]).all():
        own = truth[joint]
        other = truth[joints.flip[joint]] if np.isfinite(truth[joints.flip[joint]]).all() else other
    result: list[Moment] = []
    before, judged = None, None
    for k, frame in enumerate(frames):
        place = frame.joints[joint]
        if not np.isfinite(place).all():
            result.append(Moment(k, frame.name, "silent", np.nan, np.nan))
            continue
        away, beside = (float(np.linalg.norm(place - p)) for p in (own, other))
        wrong = joints.flip[joint] != joint and beside < away and beside <= 0.4 * torso
        moved = 0.0 if before is None else hypot(*(place - before))
        before, judged = place, _judge(wrong, away > 0.5 * torso, moved > 0.1 * torso, judged)
        what = judged if torso > 0 else "unjudged"
        result.append(Moment(k, frame.name, what, away, float(frame.peaks[joint])))
    return result


def placed(frames: list[Frame], joint: int) -> Frame:
    """The last frame that answers where a joint is; the last of all where none does."""
    return next((frame for frame in reversed(frames) if np.isfinite(frame.joints[joint]).all()), frames[-1])


def yardstick(at: np.ndarray, joints: JointSet) -> float:
    """The torso of joints (J, 2), in their pixels; nan where there is none."""
    return float(np.linalg.norm(at[joints.torso[0]] - at[joints.torso[1]])) if joints.torso else np.nan


def _judge(wrong: bool, far: bool, moved: bool, before: str | None) -> str:
    if wrong:
        return "elsewhere" if before in (None, "jumps", "elsewhere") else "jumps"
    if far:
        return "astray"
    if before is None:
        return "forms"
    if before in ("jumps", "elsewhere", "astray"):
        return "returns"
    return "moves" if moved else "stays"
