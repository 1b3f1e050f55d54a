"""The story of one joint in both networks: who answers to it first, and how its peak forms and moves."""

# ruff: noqa: UP013
from __future__ import annotations

from typing import Any, NotRequired

import numpy as np
import torch
from typing_extensions import TypedDict

from ...xray import story
from ..cached import Cached
from ..schema import NumberMap, Question
from .film import frames
from .parts import known, number_map, why_not

At = tuple[float, float]


# fmt: off
Who = TypedDict("Who", {"cell": str, "channel": int, "strength": float})
Answer = TypedDict("Answer", {"cell": str, "channel": int, "strength": float, "map": NumberMap})
#: what -- as story.Moment has it; off -- pixels of the photo from its place; at -- parts of the map's size; None: the
#: map is no answer
Moment = TypedDict("Moment", {
    "name": str, "what": str, "peak": float | None, "off": float | None, "map": NumberMap, "at": At | None,
})
#: answered -- `who` answers clearly, else it is but the strongest, None: nobody knows where the joint is; truth -- the
#: place that was marked by hand; top -- of the moments' colours; clipped -- one of them is higher
StorySide = TypedDict("StorySide", {
    "title": str, "why": NotRequired[str], "answered": bool, "who": Who | None, "answers": list[Answer],
    "moments": list[Moment], "truth": At | None, "top": float, "clipped": bool,
})
#: place -- the word for where the joint's place is from
Story = TypedDict("Story", {"joint": str, "place": str, "sides": list[StorySide]})
# fmt: on


def tell(cached: Cached, asked: Question) -> Story:
    joint, marked = asked["joint"], cached.placed()
    return {
        "joint": joint,
        "place": "truth_given" if joint in marked else "truth_none",
        "sides": [_side(cached, k, joint, marked) for k in range(len(cached.comparison.poses))],
    }


def _side(cached: Cached, side: int, joint: str, truth: dict[str, At]) -> StorySide | Any:
    pose = cached.pose(side)
    if why := why_not(cached, side, joint):
        return {"title": cached.comparison.titles[side], "why": why}
    k = pose.card.joints.index(joint)
    marked = np.array([truth.get(name, (np.nan, np.nan)) for name in pose.card.joints.joints])
    inside = pose.crop.to_input(marked)
    marks = bool(np.isfinite(inside[k]).all())
    film = frames(cached, side)
    last = story.placed(film, k)
    found, first, who = [], None, None
    own = pose.crop.to_input(pose.joints[k])
    at = inside[k] if marks else own if np.isfinite(own).all() else last.joints[k]
    if np.isfinite(at).all():
        found = story.answers(cached.trace(side), sentences(cached, side), tuple(at), pose.card.cells)
        first = story.first(found)
        who = first or max(found, key=lambda a: a.strength)
    moments = story.moments(film, pose.card.joints, k, pose.torso / pose.crop.scale, inside if truth else None)
    top = max(1e-9, float(last.heatmaps[k].max()))

    def place(point: Any) -> At | None:
        """x, y in pixels of the input -> parts of the map's width and height."""
        if not np.isfinite(point).all():
            return None
        (x, y), (height, width) = torch.as_tensor(point).tolist(), pose.card.input
        return round((x + 0.5) / width, 4), round((y + 0.5) / height, 4)

    return {
        "title": cached.comparison.titles[side],
        "answered": first is not None,
        "who": who and _who(who),
        "answers": [
            {**_who(a), "map": number_map(cached.tensor(side, a.name)[a.channel])} for a in _strip(found, first)
        ],
        "moments": [
            {"name": m.name, "what": m.what, "peak": known(m.peak), "off": known(m.pixels * pose.crop.scale),
             "map": number_map(film[m.frame].heatmaps[k], 0.0, top), "at": place(film[m.frame].joints[k])}
            for m in moments
        ],
        "truth": place(inside[k]) if marks else None,
        "top": top,
        "clipped": any(float(frame.heatmaps[k].max()) > 1.001 * top for frame in film),
    }  # fmt: skip


def _who(answer: story.Answer) -> Who:
    return {"cell": answer.name, "channel": answer.channel, "strength": round(max(0.0, answer.strength), 3)}


def sentences(cached: Cached, side: int) -> list[str]:
    """The maps of a network that stand in its picture, in the order of the forward pass."""
    nodes = cached.graph(side).nodes.values()
    return [node.name for node in nodes if node.visible and node.role not in ("heatmaps", "feedback")]


def _strip(found: list[story.Answer], first: story.Answer | None, most: int = 9) -> list[story.Answer]:
    """A strip that is short enough to read: evenly spaced over the way, the first to answer among them."""
    picks = {round(k) for k in np.linspace(0, len(found) - 1, min(most, len(found)))} if found else set()
    if first is not None:
        picks.add(found.index(first))
    return [found[k] for k in sorted(picks)]
