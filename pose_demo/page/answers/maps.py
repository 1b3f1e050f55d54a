"""The two architecture maps of a shot: the layout filled with this photo's own maps."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ...draw import architecture, map_svg
from ...draw.sprite import sprite
from ...networks.trace import INPUT, Trace
from ...networks.wiring import wiring
from ...xray.channels import energy
from ..schema import MapSide
from ..store import Shot
from .parts import address

#: The part of a group's values that reaches the brightest colour; single outliers would darken all else.
_TOP = 0.998


def maps(shot: Shot, standalone: bool = False) -> list[MapSide]:
    """One entry a side: its <svg>, legend and remarks, or why there is none. standalone -- for a file."""
    sides = [k for k in range(len(shot.comparison.poses)) if shot.traceable(k)]
    traces = {k: shot.trace(k) for k in sides}
    scale = architecture.scale(*(_shape(traces[k].heatmaps[-1]) for k in sides)) if sides else 1.0
    drawn = {k: architecture.layout(wiring(shot.net(k)), _shapes(shot, k, traces[k]), scale) for k in sides}
    pictures = {k: {name: picture(traces[k], name) for name in drawn[k].cells if name != INPUT} for k in sides}
    answers = [(k, tap.name) for k in sides for tap in traces[k].where(role="heatmaps") if tap.visible]
    top = max((float(pictures[k][name].max()) for k, name in answers), default=1.0)
    result = []
    for k, pose in enumerate(shot.comparison.poses):
        entry = {"title": pose.card.title, "status": pose.card.status, "trained": pose.card.trained}
        if k in sides:
            entry |= _side(shot, k, drawn[k], pictures[k], top, standalone)
        else:
            entry |= {"why": "xray.no_trace", "svg": "", "width": 0.0, "groups": [], "ways": [], "notes": []}
        result.append(entry)
    return result


def _side(
    shot: Shot, k: int, drawn: architecture.Layout, pictures: dict[str, np.ndarray], top: float, standalone: bool
) -> dict:
    groups: dict[str, float] = {}
    for cell in drawn.cells.values():
        if cell.group == "heatmaps":
            groups["heatmaps"] = max(top, 1e-12)
        elif cell.group != INPUT:
            groups[cell.group] = max(groups.get(cell.group, 1e-12), _high(pictures[cell.name]))
    tops = {name: groups.get(cell.group, 1.0) for name, cell in drawn.cells.items()}
    packed = sprite({**pictures, INPUT: shot.pose(k).image}, tops)
    height, width = packed.picture.shape[:2]
    names = {name: f"{name}" if name != INPUT else "photo" for name in drawn.cells}
    text = map_svg.svg(
        drawn, packed.at, f"{address(packed.picture, 82)}|{width}|{height}", str(k), shot.pose(k).card.title, names,
        standalone,
    )  # fmt: skip
    kinds = {arrow.kind for arrow in drawn.arrows}
    return {
        "svg": text,
        "width": drawn.width,
        "groups": list(groups.items()),
        "ways": [(way, f"xray.{way}") for way in ("same", "up", "down", "skip", "back") if way in kinds],
        "notes": drawn.notes,
    }


def _high(values: np.ndarray) -> float:
    flat = values.reshape(-1)
    at = min(len(flat) - 1, int(_TOP * len(flat)))
    return float(np.partition(flat, at)[at])


def picture(trace: Trace, name: str) -> np.ndarray:
    """(h, w) magnitudes of a tap: energy over channels; heatmaps their highest joint, nothing below 0."""
    tensor = trace[name].tensor[0].float()
    if trace[name].role == "heatmaps":
        return tensor.amax(dim=0).clamp_min(0).numpy()
    return energy(tensor).numpy()


def _shapes(shot: Shot, side: int, trace: Trace) -> dict[str, tuple[int, int, int]]:
    height, width = shot.pose(side).card.input
    return {INPUT: (3, height, width), **{name: _shape(tap.tensor) for name, tap in trace.items()}}


def _shape(tensor: Tensor) -> tuple[int, int, int]:
    c, h, w = tensor.shape[1:]
    return c, h, w
