"""A Comparison as what the page's components take: text, SVG, pictures. draw/ draws, the browser lays out."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from ..joints import side_colour
from . import words
from .photo_input import data_address
from .words import say

if TYPE_CHECKING:
    from ..comparison import Comparison, Pose


def views(comparison: Comparison, threshold: float, language: str) -> dict[str, Any]:
    """Two skeletons, both in one view, and the table."""
    from ..draw import overlap, skeleton

    height, width = comparison.photo.shape[:2]
    poses = comparison.poses
    return {
        "width": width,
        "height": height,
        "poses": [
            {**_who(pose, language), "svg": skeleton.svg(pose, comparison.photo.shape, threshold),
             "foot": _foot(pose, threshold, language)}
            for pose in poses
        ],
        "both": overlap.svg(comparison, threshold),
        "both_key": say(language, "both_key", *(_short(pose, comparison) for pose in poses)),
        "stop": comparison.upsampling,
        **_table(comparison, threshold, language),
    }  # fmt: skip


def _who(pose: Pose, language: str) -> dict[str, Any]:
    trained = pose.card.trained
    badge = words.status(language, pose.card.status) if trained else say(language, "untrained")
    return {"title": pose.card.title, "badge": badge, "trained": trained}


def _short(pose: Pose, comparison: Comparison) -> str:
    """The network's name without its data set, where that is enough to tell the two apart."""
    short = [p.card.title.partition(" (")[0] for p in comparison.poses]
    return pose.card.title if short[0] == short[-1] else pose.card.title.partition(" (")[0]


def _foot(pose: Pose, threshold: float, language: str) -> str:
    count = int((pose.scores >= threshold).sum())
    return (
        say(language, "joints_shown", count, len(pose.scores)) + " · " + say(language, "pass", _time(pose.seconds))
    )  # fmt: skip


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _table(comparison: Comparison, threshold: float, language: str) -> dict[str, Any]:
    """Joints that both networks know, in the first one's order; the mean is of those that the threshold shows."""
    first, second = comparison.poses[0], comparison.poses[-1]
    rows, pixels, torsos = [], [], []
    for d in comparison.distances():
        scores = float(first.scores[d.a]), float(second.scores[d.b])
        shown = min(scores) >= threshold
        rows.append(
            {
                "joint": d.joint,
                "name": words.joint(language, d.joint),
                "colour": side_colour(d.joint),
                "a": d.a,
                "b": d.b,
                "scores": [f"{s:.2f}" for s in scores],
                "pixels": d.pixels,
                "torsos": _ratio(d.torsos),
                "shown": shown,
            }
        )
        if shown:
            pixels.append(d.pixels)
            torsos.append(d.torsos)
    top = max((row["pixels"] for row in rows), default=0.0) or 1.0
    for row in rows:
        row["share"], row["pixels"] = row["pixels"] / top, f"{row['pixels']:.1f}"
    mean = [f"{sum(pixels) / len(pixels):.1f}", _ratio(sum(torsos) / len(torsos))] if pixels else None
    return {
        "rows": rows,
        "mean": mean,
        "heads": [_short(first, comparison), _short(second, comparison)],
        "note": say(language, "table_note", f"{first.torso:.0f}") if rows else say(language, "no_shared"),
    }


def _ratio(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"


def joints(comparison: Comparison) -> list[str]:
    """Every joint that either network knows, the first one's first."""
    names = [name for pose in comparison.poses for name in pose.card.joints.joints]
    return list(dict.fromkeys(names))


def heatmaps(comparison: Comparison, joint: str, language: str) -> dict[str, Any]:
    """Each network's heatmaps of one joint, a picture a supervision; one scale for all."""
    from ..draw import heatmap

    channels = [_channel(pose, joint) for pose in comparison.poses]
    known = [
        h[k] for pose, k in zip(comparison.poses, channels, strict=True) if k is not None for h in pose.heatmaps
    ]  # fmt: skip
    top = max((float(h.max()) for h in known), default=0.0)
    sides = []
    for pose, k in zip(comparison.poses, channels, strict=True):
        pictures = []
        for number, maps in enumerate(pose.heatmaps if k is not None else (), 1):
            last = number == len(pose.heatmaps)
            name = say(language, "answer") if last else say(language, "supervision", number)
            peak = f"{float(maps[k].max()):.2f}"
            pictures.append(
                {"src": data_address(heatmap.over(pose.image, maps[k], top), 256), "name": name, "peak": peak}
            )  # fmt: skip
        sides.append({**_who(pose, language), "pictures": pictures})
    name = words.joint(language, joint)
    return {"heading": say(language, "heatmaps", name), "joint": joint, "sides": sides, "top": f"{max(top, 0):.2f}"}


def cost(comparison: Comparison, language: str) -> tuple[str, Any]:
    """A heading that says what was measured and where, and the bars."""
    from ..draw import cost as drawing

    passes = say(language, "passes_flip" if comparison.flip else "passes_one")
    figure = drawing.figure(comparison)
    figure.update_xaxes(title_text="ms", gridcolor="rgba(128,128,128,.3)", zerolinecolor="rgba(128,128,128,.6)")
    return heading(language, say(language, "cost_note", passes, comparison.device)), figure


def heading(language: str, note: str = "") -> str:
    note = f'<p class="cost-note">{escape(note)}</p>' if note else ""
    return f'<h2 class="section">{say(language, "cost")}</h2>{note}'


def _channel(pose: Pose, joint: str) -> int | None:
    names = pose.card.joints.joints
    return names.index(joint) if joint in names else None
