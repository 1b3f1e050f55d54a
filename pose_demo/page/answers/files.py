"""Maps as a file that says what they are, and the name that it has."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ...comparison import silenced
from ...locales import UserError, tell
from ..cached import Cached

#: What a network's card says in a file beside its maps.
_CARD = ("network", "status", "weights_sha256", "trained_upsampling", "input", "normalisation", "cells", "assumed",
         "category")  # fmt: skip


def called(cached: Cached, ending: str, side: int | None = None, cell: str | None = None) -> str:
    """A file name that tells what is in it: the photo, the networks or the one of a side, the stops, how much was cut,
    the map where it is one alone.
    """
    poses = [pose for k, pose in enumerate(cached.comparison.poses) if side in (None, k)]
    asked = [pose.upsampling or "trained" for pose in poses]
    stops = dict.fromkeys(stop if isinstance(stop, str) else "mixed" for stop in asked)
    cut = sum(len(pose.silence) for pose in poses)
    parts = [cached.name, "+".join(dict.fromkeys(Path(pose.network).stem for pose in poses)), "+".join(stops)]
    parts += [f"{cut}-cut"] * bool(cut) + [cell] * bool(cell)
    return plain("_".join(filter(None, parts))) + ending


def plain(name: str) -> str:
    """As a file may be called on any system."""
    return re.sub(r"[^\w.+-]+", "-", name)[:120]


def npz(cached: Cached, side: int | None = None, cell: str | None = None, most: int | None = None) -> bytes:
    """Every map of both networks, or one: float32 (C, H, W) under "SIDE.NAME"; each network's joints and scores as
    "SIDE.joints" (J, 3); and "about", what all this is, as JSON; where the gradient was followed, with each map's part.

    most -- bytes of maps; more raise UserError
    """
    taps = [(k, name) for k in cached.sides for name in cached.trace(k)] if cell is None else [(side or 0, cell)]
    arrays: Any = {f"{k}.{name}": cached.tensor(k, name).numpy() for k, name in taps}
    size = sum(array.nbytes for array in arrays.values())
    if most is not None and size > most:
        raise UserError("xray.too_large", megabytes=size // 2**20, most=most // 2**20)
    known = {f"{k}.{name}": _map(cached, k, name) for k, name in taps}
    for k, pose in enumerate(cached.comparison.poses):
        arrays[f"{k}.joints"] = np.column_stack([pose.joints, pose.scores])
    file = io.BytesIO()
    np.savez_compressed(file, about=json.dumps({**about(cached), "maps": known}, ensure_ascii=False), **arrays)
    return file.getvalue()


def about(cached: Cached) -> dict[str, Any]:
    """The photo, what of it each network saw, the networks, their weights, stops and cuts, as plain data."""
    told = cached.comparison.to_json()
    networks = [
        {**{key: said[key] for key in _CARD}, "title": pose.card.title, "crop": [float(v) for v in pose.crop.box],
         "stops": cached.trace(k).stops if cached.traceable(k) else {}, "silence": silenced(pose.silence),
         "notes": [tell("en", note) for note in (pose.note, cached.note("maps", k)) if note]}
        for k, (pose, said) in enumerate(zip(cached.comparison.poses, told["poses"], strict=True))
    ]  # fmt: skip
    photo = {"name": cached.name, **cached.image(), "box": told["box"]}
    return {"photo": photo, "networks": networks, "decoder": told["decoder"], "versions": told["versions"]}


def _map(cached: Cached, side: int, name: str) -> dict[str, Any]:
    tap, found = cached.trace(side)[name], cached.followed(side)
    said = {"side": side, "name": name, "stride": tap.stride, "role": tap.role, "sources": list(tap.sources)}
    if found is None or name not in found.taps:
        return said
    k = found.taps.index(name)
    near = float(found.share[k]) if np.isfinite(found.share[k]) else None
    sizes = {"nearest_share": near, "all": float(found.total[k]), "last": float(found.last[k])}
    return {**said, "gradient": {**sizes, "losses": list(found.losses), "target": found.target}}
