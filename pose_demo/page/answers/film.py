"""The filmstrip: the heatmap of a joint, or the highest of all, at every moment of both networks."""

# ruff: noqa: UP013
from __future__ import annotations

from dataclasses import replace
from typing import Literal, NotRequired

import numpy as np
from scipy.special import expit
from typing_extensions import TypedDict

from ...networks.card import Card
from ...xray import filmstrip
from ..cached import Cached
from ..schema import NumberMap, Question
from .parts import ALL, number_map, why_not

#: "unsupervised": answers with a layer of its own that had no loss in training.
Kind = Literal["probe", "supervised", "unsupervised", "output"]
# fmt: off
#: peak -- its height; spread and distance from the last frame's in pixels of the photo; None: the map is no answer
Still = TypedDict("Still", {
    "name": str, "kind": Kind, "map": NumberMap, "peak": float | None,
    "spread": float | None, "distance": float | None,
})
#: path -- of the peak, pixels of the photo, None where a frame is no answer; note -- the word that says what the frames
#: are; clipped -- a frame is higher than the colours go
FilmSide = TypedDict("FilmSide", {
    "title": str, "why": NotRequired[str], "note": str, "frames": list[Still],
    "path": list[list[float] | None], "clipped": bool,
})
#: size -- width and height of the photo; top -- of the colour range
Film = TypedDict("Film", {"joint": str, "sides": list[FilmSide], "top": float, "size": tuple[int, int]})
#: What the frames are, by the kind of the first.
_NOTES: dict[Kind, str] = {"probe": "xray.lens_note", "output": "xray.lens_note", "supervised": "xray.stack_note",
                           "unsupervised": "xray.note_last"}
# fmt: on


def frames(cached: Cached, side: int, stop: str = "shown") -> list[filmstrip.Frame]:
    pose = cached.pose(side)
    found = filmstrip.frames(cached.trace(side, stop), cached.net(side), pose.card.cells, cached.comparison.decoder)
    if pose.card.joints.chance:
        found = [replace(f, heatmaps=expit(f.heatmaps), peaks=expit(f.peaks)) for f in found]
    return found


def film(cached: Cached, asked: Question) -> Film:
    joint, sides = asked["joint"], []
    for k, pose in enumerate(cached.comparison.poses):
        if why := why_not(cached, k, joint):
            sides.append({"title": cached.comparison.titles[k], "why": why})
            continue
        found = frames(cached, k)
        channel, kinds = None if joint == ALL else pose.card.joints.index(joint), _kinds(found, pose.card)
        sides.append({
            "title": cached.comparison.titles[k],
            "note": _NOTES[kinds[0]],
            "frames": [_frame(f, channel, kind, pose.crop.scale) for f, kind in zip(found, kinds, strict=True)],
            "path": [] if channel is None else [_place(pose.crop.to_photo(f.joints[channel])) for f in found],
        })  # fmt: skip
    shown = [frame for side in sides for frame in side.get("frames", ())]
    top = max((f["map"]["high"] for f in shown if f["kind"] != "probe"), default=1.0)
    for side in sides:
        side["clipped"] = any(frame["map"]["high"] > 1.001 * top for frame in side.get("frames", ()))
    for frame in shown:
        frame["map"] |= {"low": 0.0, "high": max(top, 1e-9)}
    height, width = cached.comparison.photo.shape[:2]
    return {"joint": joint, "sides": sides, "top": top, "size": (width, height)}


def _kinds(found: list[filmstrip.Frame], card: Card) -> list[Kind]:
    if any(frame.probe for frame in found):
        return ["probe" if frame.probe else "output" for frame in found]
    before: list[Kind] = ["unsupervised" if card.last_alone else "supervised" for _ in found[1:]]
    return [*before, "supervised"]


def _frame(frame: filmstrip.Frame, channel: int | None, kind: Kind, scale: float) -> Still:
    pick = slice(None) if channel is None else channel
    peak, spread, distance = (_mean(v[pick]) for v in (frame.peaks, scale * frame.spread, scale * frame.distance))
    return {
        "name": frame.name,
        "kind": kind,
        "map": number_map(frame.heatmaps.max(axis=0) if channel is None else frame.heatmaps[channel]),
        "peak": peak,
        "spread": spread,
        "distance": distance,
    }


def _mean(values: np.ndarray) -> float | None:
    """Over the joints that have an answer."""
    answered = values[np.isfinite(values)]
    return float(answered.mean()) if answered.size else None


def _place(at: np.ndarray) -> list[float] | None:
    return at.round(1).tolist() if np.isfinite(at).all() else None


def surface(cached: Cached, side: int, number: int, joint: str) -> tuple[np.ndarray, str, bool, float]:
    """The heatmap of one frame, its name, whether it is a probe, and the top of the strip's colour range."""
    pose, found = cached.pose(side), frames(cached, side)
    names, frame = pose.card.joints.joints, found[number]
    values = frame.heatmaps[names.index(joint)] if joint in names else frame.heatmaps.max(axis=0)
    return values, frame.name, frame.probe, float(max(f.heatmaps.max() for f in found if not f.probe))
