"""A Comparison as what the page's components take: values, SVG, pictures. draw/ draws, the browser lays out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..joints import side_colour
from .photo_input import data_address
from .schema import Closeup, Row

if TYPE_CHECKING:
    from ..comparison import Comparison, Pose
    from ..crop import Box


def views(comparison: Comparison, threshold: float) -> dict[str, Any]:
    """Two skeletons, both in one view, and the table."""
    from ..crop import closeup
    from ..draw import overlap, skeleton

    seen = closeup(comparison.box, comparison.photo.shape)
    poses = [
        {
            **_who(pose),
            "svg": skeleton.svg(pose, seen, threshold),
            "shown": int((pose.scores >= threshold).sum()),
            "joints": len(pose.scores),
            "seconds": pose.seconds,
        }
        for pose in comparison.poses
    ]
    return {
        "poses": poses,
        "person": comparison.person is not None,
        "closeup": _closeup(comparison.photo, seen),
        "both": overlap.svg(comparison, threshold),
        "names": [_short(pose, comparison) for pose in comparison.poses],
        "torso": comparison.poses[0].torso,
        **_table(comparison, threshold),
    }


def _closeup(photo: np.ndarray, seen: Box) -> Closeup | None:
    from ..crop import cut, whole

    if seen == whole(photo.shape):
        return None
    near = cut(photo, seen)
    return {"src": data_address(near), "width": near.shape[1], "height": near.shape[0]}


def _who(pose: Pose) -> dict[str, Any]:
    return {"title": pose.card.title, "status": pose.card.status, "trained": pose.card.trained}


def _short(pose: Pose, comparison: Comparison) -> str:
    """The network's name without its data set, where that is enough to tell the two apart."""
    short = [p.card.title.partition(" (")[0] for p in comparison.poses]
    return pose.card.title if short[0] == short[-1] else pose.card.title.partition(" (")[0]


def _table(comparison: Comparison, threshold: float) -> dict[str, Any]:
    """Joints that both networks know, in the first one's order; the mean is of those that the threshold shows."""
    first, second = comparison.poses[0], comparison.poses[-1]
    rows: list[Row] = []
    for d in comparison.distances():
        scores = [float(first.scores[d.a]), float(second.scores[d.b])]
        rows.append({
            "joint": d.joint, "colour": side_colour(d.joint), "a": d.a, "b": d.b, "scores": scores, "pixels": d.pixels,
            "torsos": d.torsos if math.isfinite(d.torsos) else None, "shown": min(scores) >= threshold,
        })  # fmt: skip
    shown = [row for row in rows if row["shown"]]
    pixels, torsos = [row["pixels"] for row in shown], [row["torsos"] for row in shown if row["torsos"] is not None]
    mean = (sum(pixels) / len(pixels), sum(torsos) / len(torsos) if torsos else None) if pixels else None
    return {"rows": rows, "mean": mean}


def joints(comparison: Comparison) -> list[str]:
    """Every joint that either network knows, the first one's first."""
    names = [name for pose in comparison.poses for name in pose.card.joints.joints]
    return list(dict.fromkeys(names))


def heatmaps(comparison: Comparison, joint: str) -> dict[str, Any]:
    """Each network's heatmaps of one joint, a picture a supervision; one scale for all."""
    from ..draw import heatmap

    maps = [
        [h[names.index(joint)] for h in pose.heatmaps] if joint in (names := pose.card.joints.joints) else []
        for pose in comparison.poses
    ]
    top = max((float(each.max()) for own in maps for each in own), default=0.0)
    sides: list[Any] = [
        {**_who(pose), "pictures": [
            {"src": data_address(heatmap.over(pose.image, each, top), 256), "peak": float(each.max())} for each in own
        ]}
        for pose, own in zip(comparison.poses, maps, strict=True)
    ]  # fmt: skip
    return {"joint": joint, "sides": sides, "top": max(top, 0.0)}


def cost(comparison: Comparison) -> Any:
    """The bars of what the passes cost."""
    from ..draw import cost as drawing

    figure = drawing.figure(comparison)
    figure.update_xaxes(title_text="ms", gridcolor="rgba(128,128,128,.3)", zerolinecolor="rgba(128,128,128,.6)")
    return figure
