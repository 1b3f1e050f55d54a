"""A Comparison as what the page's components take: values, SVG, pictures. draw/ draws, the browser lays out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..joints import side_colour
from .photo_input import data_address
from .schema import Closeup, Row, Said, said

if TYPE_CHECKING:
    from ..comparison import Comparison, Pose
    from ..crop import Box


#: {joint: x, y in pixels of the photo} as somebody placed them by hand.
Marks = Mapping[str, tuple[float, float]]


def views(comparison: Comparison, threshold: float, marks: Marks, bare: Comparison | None = None) -> dict[str, Any]:
    """The two skeletons, the joints that were placed by hand, and where each moved from: in `bare` nothing is cut."""
    from ..draw import ghost, skeleton

    seen, (_, befores) = comparison.seen, moved_from(comparison, bare)
    poses = [
        {
            **_who(comparison, k),
            "what": resolution(pose),
            "note": pose.note,
            "svg": skeleton.svg(pose, seen, threshold),
            "ghost": ghost.svg(before, pose, seen, threshold) if (before := befores[k]) else None,
            "shown": int((pose.scores >= threshold).sum()),
            "joints": len(pose.scores),
            "seconds": pose.seconds,
        }
        for k, pose in enumerate(comparison.poses)
    ]
    return {
        "poses": poses,
        "threshold": threshold,
        "person": comparison.person is not None,
        "closeup": _closeup(comparison.photo, seen),
        "marks": [{"joint": joint, "x": x, "y": y} for joint, (x, y) in marks.items()],
    }


def moved_from(comparison: Comparison, bare: Comparison | None) -> tuple[str | None, list[Pose | None]]:
    """What each pose moved away from, and by what: "cuts", or from the left side to the right one of one network."""
    poses = comparison.poses
    if bare:
        return "cuts", [bare.poses[k] if pose.silence else None for k, pose in enumerate(poses)]
    moved = poses[0].network == poses[-1].network and poses[0].upsampling != poses[-1].upsampling
    return ("sides", [None, poses[0]]) if moved else (None, [None] * len(poses))


def _closeup(photo: np.ndarray, seen: Box) -> Closeup | None:
    from ..crop import cut, whole

    if seen == whole(photo.shape):
        return None
    near = cut(photo, seen)
    return {"src": data_address(near), "width": near.shape[1], "height": near.shape[0]}


def _who(comparison: Comparison, side: int) -> dict[str, Any]:
    card = comparison.poses[side].card
    return {"title": comparison.titles[side], "status": card.status, "trained": card.trained}


def _short(comparison: Comparison) -> list[str]:
    """The networks' names without their data sets, where that is enough to tell the two apart."""
    from ..networks.card import short

    names = [short(title) for title in comparison.titles]
    return comparison.titles if names[0] == names[-1] else names


def resolution(pose: Pose) -> str | None:
    """How full resolution comes through this network, as networks/base.py has it: the page's sentence on it."""
    from ..networks import zoo

    return zoo.shared(pose.network, zoo.device()).resolution or None


def table(comparison: Comparison, threshold: float, marks: Marks, bare: Comparison | None = None) -> dict[str, Any]:
    """Both skeletons in one view, and the joints that both networks know, in the first one's order; of one network its
    own, at no distance.

    mean, errors -- of the joints that the threshold shows; steps -- why distances come in steps, where they do, and how
    moves are read
    """
    from ..draw import ghost, overlap

    by, befores = moved_from(comparison, bare)
    poses = comparison.poses
    moved = [ghost.moves(old, pose) if old else None for old, pose in zip(befores, poses, strict=True)]
    rows: list[Row] = []
    for d in comparison.distances():
        own = list(zip(poses, moved, (d.a, d.b), strict=False))
        scores = [float(pose.scores[k]) for pose, _, k in own]
        off = [float(np.linalg.norm(pose.joints[k] - marks[d.joint])) if d.joint in marks else None
               for pose, _, k in own]  # fmt: skip
        rows.append({
            "joint": d.joint, "colour": side_colour(d.joint), "a": d.a, "b": d.b,
            "scores": [_finite(s) for s in scores], "pixels": _finite(d.pixels), "torsos": _finite(d.torsos),
            "shown": min(scores) >= threshold, "errors": [_finite(o) for o in off],
            "moved": [None if each is None else _finite(each[k]) for _, each, k in own],
        })  # fmt: skip
    shown = [row for row in rows if row["shown"]]
    names = _short(comparison)
    return {
        "both": overlap.svg(comparison, threshold),
        "names": names,
        "untrained": any(not pose.card.trained for pose in comparison.poses),
        "torso": _finite(poses[0].torso),
        "moved": by,
        "steps": _steps(comparison, names, by is not None) if rows else [],
        "rows": rows,
        "mean": [_mean(row["pixels"] for row in shown), _mean(row["torsos"] for row in shown)],
        "errors": [_mean(row["errors"][k] for row in shown) for k in range(len(poses))] if marks else None,
    }


def _steps(comparison: Comparison, names: list[str], moved: bool) -> list[Said]:
    """Read in quarters of a cell, joints lie on a grid, and where it is one for both networks distances do too; how far
    one moved is read finer, so that the ghost's lines end beside them.
    """
    first, second = comparison.poses[0], comparison.poses[-1]
    finer = [said("page.moved_finer")] if moved and comparison.decoder != "dark" else []
    if comparison.decoder != "argmax":
        return finer
    if first.cell != second.cell:
        return [said("page.cells", network=names[0], cell=first.cell, other=names[1], far=second.cell), *finer]
    told = [said("page.cell", cell=first.cell)]
    if first.crop == second.crop and first is not second:
        told.append(said("page.steps", one=first.cell / 2, both=first.cell / math.sqrt(2)))
    return [*told, *finer]


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def nearer(comparison: Comparison, marks: Marks) -> Said | None:
    """Which network is nearer to the joints that were placed by hand; None where nobody placed any, or of one."""
    both = [(d.joint, d.a, d.b) for d in comparison.distances() if d.joint in marks and math.isfinite(d.pixels)]
    if not both or len(comparison.poses) < 2:
        return None
    poses = comparison.poses[0], comparison.poses[-1]
    off = [
        float(np.mean([np.linalg.norm(pose.joints[ks[side]] - marks[joint]) for joint, *ks in both]))
        for side, pose in enumerate(poses)
    ]
    first = int(off[1] < off[0])
    names = [_short(comparison)[k] for k in (-first, first - 1)]
    return said(
        "page.nearer" if names[0] != names[1] else "page.nearer_same", network=names[0], off=off[first], other=names[1],
        far=off[1 - first], joints=len(both),
    )  # fmt: skip


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
        {**_who(comparison, k), "pictures": [
            {"src": data_address(heatmap.over(pose.image, each, top), 256), "peak": float(each.max())} for each in own
        ]}
        for k, (pose, own) in enumerate(zip(comparison.poses, maps, strict=True))
    ]  # fmt: skip
    return {"joint": joint, "sides": sides, "top": max(top, 0.0)}
