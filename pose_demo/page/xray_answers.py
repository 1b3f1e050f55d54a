"""Filmstrip, upsampling lab and story: what both networks say of one joint, as plain data for the browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..draw import architecture
from ..networks.hrnet import HRNet
from ..networks.upsampling import STOPS
from ..xray import filmstrip, lab, story
from ..xray.graph import INPUT
from . import words
from .xray_inspector import array, one
from .xray_maps import tensor
from .xray_store import Shot
from .xray_words import say

ALL = "*"


def frames(shot: Shot, side: int) -> list[filmstrip.Frame]:
    pose = shot.pose(side)
    return filmstrip.frames(shot.trace(side), shot.net(side), pose.card.cells, shot.comparison.decoder)


def film(shot: Shot, joint: str, language: str) -> dict[str, Any]:
    """The heatmap of a joint, or the highest of all, at every moment of both networks, on one colour range."""
    sides = []
    for k, pose in enumerate(shot.comparison.poses):
        known = joint == ALL or joint in pose.card.joints.joints
        if not shot.traceable(k) or not known:
            sides.append({"title": pose.card.title, "why": _why(shot, k, language)})
            continue
        found = frames(shot, k)
        channel = None if joint == ALL else pose.card.joints.index(joint)
        probing = isinstance(shot.net(k), HRNet)
        sides.append({
            "title": pose.card.title,
            "note": say(language, "lens_note" if probing else "stack_note"),
            "frames": [_frame(f, channel, language) for f in found],
            "path": [] if channel is None else [pose.crop.to_photo(f.joints[channel]).round(1).tolist() for f in found],
        })  # fmt: skip
    top = max((f["map"]["high"] for s in sides for f in s.get("frames", ()) if not f["probe"]), default=1.0)
    for side in sides:
        for frame in side.get("frames", ()):
            frame["map"] |= {"low": 0.0, "high": max(top, 1e-9)}
    name = say(language, "all_joints") if joint == ALL else words.joint(language, joint)
    height, width = shot.comparison.photo.shape[:2]
    return {"heading": say(language, "film", name), "sides": sides, "top": f"{top:.2f}", "size": [width, height]}


def _why(shot: Shot, side: int, language: str) -> str:
    return say(language, "no_trace") if not shot.traceable(side) else words.say(language, "no_joint")


def _frame(frame: filmstrip.Frame, channel: int | None, language: str) -> dict[str, Any]:
    values = frame.heatmaps.max(axis=0) if channel is None else frame.heatmaps[channel]
    pick = slice(None) if channel is None else channel
    peak, spread, distance = (float(np.mean(v[pick])) for v in (frame.peaks, frame.spread, frame.distance))
    kind = "probe" if frame.probe else "output" if frame.name == "heatmaps" else "supervised"
    return {
        "name": frame.name,
        "probe": frame.probe,
        "kind": say(language, kind),
        "map": array(values),
        "foot": say(language, "frame_foot", f"{peak:.2f}", f"{spread:.1f}", f"{distance:.1f}"),
    }


def upsampling(shot: Shot, against: str | None, language: str) -> dict[str, Any]:
    """The shown position of the slider against another, or against each network's trained one (None)."""
    sides = []
    for k, pose in enumerate(shot.comparison.poses):
        if not shot.traceable(k):
            sides.append({"title": pose.card.title, "why": say(language, "no_trace")})
            continue
        other = against if against in STOPS else pose.card.upsampling
        sides.append(_against(shot, k, other, language))
    names = [words.say(language, stop) for stop in STOPS]
    return {"sides": sides, "stops": [[stop, name] for stop, name in zip(STOPS, names, strict=True)]}


def _against(shot: Shot, side: int, other: str, language: str) -> dict[str, Any]:
    pose, shown = shot.pose(side), shot.trace(side)
    result = {
        "title": pose.card.title,
        "now": say(language, "now", stop_name(shown.stops, language)),
        "trained": say(language, "trained_with", words.say(language, pose.card.upsampling)),
        "other": words.say(language, other),
        "same": set(shown.stops.values()) == {other},
    }
    if result["same"]:
        return result
    second = shot.trace(side, other)
    found = sorted(lab.places(shot.net(side), shown, second), key=lambda p: -p.alone)
    before = frames(shot, side)[-1].joints
    after = filmstrip.frames(second, shot.net(side), pose.card.cells, shot.comparison.decoder)[-1].joints
    moved = lab.shifts(
        pose.card.joints.joints, pose.crop.to_photo(before), pose.crop.to_photo(after), pose.torso
    )  # fmt: skip
    top = max((max(p.alone, p.total) for p in found), default=0) or 1.0
    return {
        **result,
        "places": [
            {"place": p.place, "factor": p.factor, "alone": p.alone / top, "total": p.total / top,
             "text": f"{100 * p.alone:.1f}% / {100 * p.total:.1f}%", "cell": shown_cell(p.place)}
            for p in found
        ],
        "joints": [
            {"joint": s.joint, "name": words.joint(language, s.joint), "pixels": f"{s.pixels:.1f}", "size": s.pixels,
             "torsos": f"{s.torsos:.3f}" if np.isfinite(s.torsos) else "–"}
            for s in sorted(moved, key=lambda s: -s.pixels)
        ],
    }  # fmt: skip


def shown_cell(place: str) -> str:
    """The map cell behind a place: HRNet's fusion, the Hourglass's merge."""
    return f"{place.rpartition('.')[0]}.fused" if ".from" in place else f"{place}.merge"


def stop_name(stops: dict[str, str], language: str) -> str:
    """ "bilinear", or "nearest and bilinear" where a switch changed some places only."""
    return " / ".join(words.say(language, stop) for stop in STOPS if stop in stops.values())


def difference(
    shot: Shot, side: int, name: str, against: str | None, number: int | None, language: str
) -> dict[str, Any]:
    """A cell under both positions and the signed difference: one channel, or the mean over all."""
    pose = shot.pose(side)
    other = against if against in STOPS else pose.card.upsampling
    first = one(tensor(shot, side, name), number).float()
    second = one(tensor(shot, side, name, other), number).float()
    low, high = float(min(first.min(), second.min())), float(max(first.max(), second.max()))
    gap = second - first
    top = float(gap.abs().max())
    now = stop_name(shot.trace(side).stops, language)
    return {
        "first": array(first, low, high),
        "second": array(second, low, high),
        "gap": array(gap, -(top or 1.0), top or 1.0),
        "title": say(language, "cell_pair", name, now, words.say(language, other)),
        "gap_title": say(language, "difference", words.say(language, other), now),
        "same": top == 0,
    }


def tell(shot: Shot, joint: str, truth: dict[str, tuple[float, float]], language: str) -> dict[str, Any]:
    """The story of one joint in both networks. truth -- {joint: x, y in pixels of the photo}, marked by hand."""
    sides = [_story(shot, k, joint, truth, language) for k in range(len(shot.comparison.poses))]
    given = say(language, "truth_given" if joint in truth else "truth_none")
    return {
        "heading": say(language, "story", words.joint(language, joint)),
        "note": say(language, "story_note", given),
        "truth": truth.get(joint),
        "sides": sides,
    }


def _story(shot: Shot, side: int, joint: str, truth: dict[str, tuple[float, float]], language: str) -> dict[str, Any]:
    pose = shot.pose(side)
    title = {"title": pose.card.title}
    if not shot.traceable(side) or joint not in pose.card.joints.joints:
        return {**title, "why": _why(shot, side, language)}
    k, trace = pose.card.joints.index(joint), shot.trace(side)
    marked = np.array([truth.get(name, (np.nan, np.nan)) for name in pose.card.joints.joints])
    inside = pose.crop.to_input(marked)
    at = inside[k] if np.isfinite(inside[k]).all() else pose.crop.to_input(pose.joints[k])
    found = story.answers(trace, told(shot, side), tuple(at), pose.card.cells)
    first = story.first(found)
    strongest = max(found, key=lambda a: a.strength)
    who = first or strongest
    shots = frames(shot, side)
    moments = story.moments(shots, pose.card.joints, k, pose.torso / pose.crop.scale, inside if truth else None)
    return {
        **title,
        "first": say(
            language, "first_answers" if first else "nobody_answers", who.name, who.channel, f"{who.strength:.2f}"
        ),
        "who": {"cell": who.name, "channel": who.channel},
        "answers": [
            {"cell": a.name, "channel": a.channel, "strength": round(max(0.0, a.strength), 3),
             "map": array(tensor(shot, side, a.name)[a.channel])}
            for a in _strip(found, first)
        ],
        "moments": [
            {"name": m.name, "what": say(language, m.what), "kind": m.what, "peak": f"{m.peak:.2f}",
             "off": say(language, "off_by", f"{m.pixels * pose.crop.scale:.1f}"),
             "map": array(shots[m.frame].heatmaps[k], 0.0, max(1e-9, float(shots[-1].heatmaps[k].max()))),
             "at": _at(shots[m.frame].joints[k], shots[m.frame].heatmaps.shape, pose.card.input)}
            for m in moments
        ],
        "truth": _at(inside[k], shots[-1].heatmaps.shape, pose.card.input) if np.isfinite(inside[k]).all() else None,
        "steps": len(found),
    }  # fmt: skip


def told(shot: Shot, side: int) -> list[str]:
    """The maps of a network that stand in its picture, in the order of the forward pass."""
    trace = shot.trace(side)
    shapes = {INPUT: (3, *shot.pose(side).card.input), **{n: tuple(t.tensor.shape[1:]) for n, t in trace.items()}}
    drawn = architecture.layout(shapes, 1.0).cells
    return [name for name in trace if name in drawn and trace[name].role != "heatmaps" and "feedback" not in name]


def _strip(found: list[story.Answer], first: story.Answer | None, most: int = 9) -> list[story.Answer]:
    """A strip that is short enough to read: evenly spaced over the way, the first to answer among them."""
    picks = {round(k) for k in np.linspace(0, len(found) - 1, min(most, len(found)))}
    if first is not None:
        picks.add(found.index(first))
    return [found[k] for k in sorted(picks)]


def _at(point: Any, shape: tuple[int, ...], size: tuple[int, int]) -> list[float]:
    """x, y in pixels of the input -> parts of the map's width and height."""
    x, y = (float(v) for v in torch.as_tensor(point).tolist())
    return [round((x + 0.5) / size[1], 4), round((y + 0.5) / size[0], 4)]
