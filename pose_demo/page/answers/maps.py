"""The two architecture maps of a comparison: the layout filled with this photo's own maps."""

from __future__ import annotations

from functools import partial

import numpy as np
from torch import Tensor

from ... import locales
from ...comparison import silenced
from ...draw import architecture, map_svg
from ...draw.sprite import sprite
from ...networks.patch import example_of
from ...networks.trace import INPUT, Trace
from ...xray.channels import energy
from ..cached import Cached
from ..schema import MapSide
from .beside import now
from .matters import arrows
from .parts import address

#: The part of a group's values that reaches the brightest colour; single outliers would darken all else.
_TOP = 0.998


def maps(cached: Cached, language: str | None = None) -> list[MapSide]:
    """One entry a side: its <svg>, legend and remarks, or why there is none. language -- the drawings as files of their
    own in a language; the page colours and translates its own.
    """
    sides = cached.sides
    traces = {k: cached.trace(k) for k in sides}
    scale = architecture.scale(*(_shape(traces[k].heatmaps[-1]) for k in sides)) if sides else 1.0
    drawn = {k: architecture.layout(cached.graph(k), _shapes(cached, k, traces[k]), scale) for k in sides}
    chance = [pose.card.joints.chance for pose in cached.comparison.poses]
    pictures = {
        k: {name: picture(traces[k], name, chance[k]) for name in drawn[k].cells if name != INPUT} for k in sides
    }
    answers = [(k, tap.name) for k in sides for tap in traces[k].where(role="heatmaps") if tap.visible]
    top = max((float(pictures[k][name].max()) for k, name in answers), default=1.0)
    result = []
    for k, pose in enumerate(cached.comparison.poses):
        entry = {"title": cached.comparison.titles[k], "status": pose.card.status, "trained": pose.card.trained}
        if k in sides:
            entry |= _side(cached, k, drawn[k], pictures[k], top, language)
        else:
            entry |= {"why": "xray.no_trace", "svg": "", "width": 0.0, "groups": [], "ways": [], "notes": []}
        result.append(entry)
    return result


def _side(
    cached: Cached,
    k: int,
    drawn: architecture.Layout,
    pictures: dict[str, np.ndarray],
    top: float,
    language: str | None,
) -> dict:
    groups: dict[str, float] = {}
    for cell in drawn.cells.values():
        if cell.group == "heatmaps":
            groups["heatmaps"] = max(top, 1e-12)
        elif cell.group != INPUT:
            groups[cell.group] = max(groups.get(cell.group, 1e-12), _high(pictures[cell.name]))
    tops = {name: groups.get(cell.group, 1.0) for name, cell in drawn.cells.items()}
    packed = sprite({**pictures, INPUT: cached.pose(k).image}, tops)
    height, width = packed.picture.shape[:2]
    names = {name: f"{name}" if name != INPUT else "photo" for name in drawn.cells}
    where = address(packed.picture, None if language else 82)
    text = map_svg.svg(
        drawn, packed.at, f"{where}|{width}|{height}", str(k), cached.comparison.titles[k], names,
        partial(locales.drawn, language or "en"), broken(cached, k),
    )  # fmt: skip
    kinds = {arrow.kind for arrow in drawn.arrows}
    return {
        "svg": map_svg.plain(text, heading(cached, k, language)) if language else text,
        "width": drawn.width,
        "groups": list(groups.items()),
        "ways": [(way, f"xray.{way}") for way in ("same", "up", "down", "skip", "back") if way in kinds],
        "notes": drawn.notes,
    }


def heading(cached: Cached, side: int, language: str) -> map_svg.Heading:
    """What a drawing in a file says of itself: network, photo, stops, weights, cuts; untrained ones in red."""
    pose, told = cached.pose(side), partial(locales.say, language)
    stops = ", ".join(locales.word(language, "stop", stop) for stop in now(cached, side))
    lines = [f"{cached.name} · {told('xray.slider')} {stops} · {locales.word(language, 'status', pose.card.status)}"]
    if pose.silence:
        lines.append(f"{told('xray.cuts')} {cut_words(cached, side, language)}")
    return map_svg.Heading(cached.comparison.titles[side], "" if pose.card.trained else told("page.untrained"), lines)


def cut_words(cached: Cached, side: int, language: str) -> str:
    """What is cut in one network: "stack1.level0.skip (nothing), ..." """
    asked = silenced(cached.pose(side).silence)
    return ", ".join(f"{place} ({_cut_word(language, how)})" for place, how in asked.items())


def _cut_word(language: str, how: str) -> str:
    name = example_of(how)
    if name is None:
        return locales.word(language, "cut", how)
    return locales.say(language, "cut.patch_of", title=locales.say(language, f"example.{name}.title"))


def broken(cached: Cached, side: int) -> map_svg.Cuts:
    """What is cut, as the drawing has it: arrows of any place that is one, and cells, those of a whole stack too."""
    asked, wired = cached.pose(side).silence, cached.graph(side)
    found = {
        ends: place
        for place, how in asked.items()
        for ends in arrows(cached.net(side), place, whole=not isinstance(how, str))
    }
    stacks = asked.keys() - wired.nodes.keys()
    return map_svg.Cuts(found, {name for name in wired.picture if name in asked or wired.nodes[name].part in stacks})


def _high(values: np.ndarray) -> float:
    flat = values.reshape(-1)
    at = min(len(flat) - 1, int(_TOP * len(flat)))
    return float(np.partition(flat, at)[at])


def picture(trace: Trace, name: str, chance: bool = False) -> np.ndarray:
    """(h, w) magnitudes of a tap: energy over channels; heatmaps their highest joint, nothing below 0.

    chance -- the heatmaps are as JointSet.chance says: then 0 to 1
    """
    tensor = trace[name].tensor[0].float()
    if trace[name].role == "heatmaps" and chance:
        return tensor[0].sigmoid().numpy()
    if trace[name].role == "heatmaps":
        return tensor.amax(dim=0).clamp_min(0).numpy()
    return energy(tensor).numpy()


def _shapes(cached: Cached, side: int, trace: Trace) -> dict[str, tuple[int, int, int]]:
    height, width = cached.pose(side).card.input
    return {INPUT: (3, height, width), **{name: _shape(tap.tensor) for name, tap in trace.items()}}


def _shape(tensor: Tensor) -> tuple[int, int, int]:
    c, h, w = tensor.shape[1:]
    return c, h, w
