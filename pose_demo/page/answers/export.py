"""Taking it away: maps as SVG, joints as JSON, taps as .npz, the whole comparison as one HTML file."""

from __future__ import annotations

import base64
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from ... import __version__
from ...comparison import Comparison
from ...crop import closeup, cut
from ...draw import skeleton
from ...draw.colour import diverging, viridis
from ...locales import UserError, say, word
from ..photo_input import data_address
from ..schema import NumberMap, Question
from ..store import Shot
from . import cell as inspector
from . import terms
from .film import film
from .lab import upsampling
from .maps import maps, picture
from .parts import ALL, address, number_map, values_of
from .story import tell

#: Bytes of maps that travel in one answer.
LARGEST = 48 * 2**20
_TEMPLATE = Path(__file__).parents[1] / "web" / "report.html"


class File(TypedDict):
    """data -- in base64"""

    name: str
    type: str
    data: str


def export(shot: Shot, asked: Question) -> File:
    """asked["what"]: "json", "svg" of a side, "npz" of a cell or of all, "report". Raises KeyError else."""
    name, kind, make = {
        "json": ("pose-xray.json", "application/json", lambda: coco(shot.comparison).encode()),
        "svg": ("pose-xray.svg", "image/svg+xml", lambda: maps(shot, standalone=True)[asked["side"]]["svg"].encode()),
        "npz": ("pose-xray.npz", "application/octet-stream", lambda: npz(shot, asked)),
        "report": ("pose-xray.html", "text/html", lambda: report(shot, asked).encode()),
    }[asked["what"]]
    return {"name": name, "type": kind, "data": base64.b64encode(make()).decode("ascii")}


def coco(comparison: Comparison) -> str:
    """COCO's results format, one annotation a network, and beside it how they came about."""
    whole = comparison.to_json()
    x0, y0, x1, y1 = (float(v) for v in comparison.box)
    annotations = [
        {"id": k + 1, "image_id": 1, "category_id": k + 1, "keypoints": pose["keypoints"], "score": pose["score"],
         "num_keypoints": len(pose["keypoints"]) // 3, "bbox": [x0, y0, x1 - x0, y1 - y0], "network": pose["network"],
         "status": pose["status"]}
        for k, pose in enumerate(whole["poses"])
    ]  # fmt: skip
    categories = [{"id": k + 1, **pose["category"]} for k, pose in enumerate(whole["poses"])]
    image = {"id": 1, **whole["image"]}
    return json.dumps(
        {"images": [image], "categories": categories, "annotations": annotations, "comparison": whole}, indent=1
    )


def npz(shot: Shot, asked: Question) -> bytes:
    """One cell, or every tap of both networks: float32 (C, H, W) under "side.tap"."""
    sides = [k for k in range(len(shot.comparison.poses)) if shot.traceable(k)]
    taps = [(k, name) for k in sides for name in shot.trace(k)]
    if asked.get("cell"):
        taps = [(asked["side"], asked["cell"])]
    arrays: Any = {f"{side}.{name}": shot.tensor(side, name).numpy() for side, name in taps}
    size = sum(a.nbytes for a in arrays.values())
    if size > LARGEST:
        raise UserError("xray.too_large", megabytes=size // 2**20, most=LARGEST // 2**20)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def report(shot: Shot, asked: Question) -> str:
    """One HTML file in the visitor's language with everything in it: no address outside, no script."""
    import jinja2

    comparison, language = shot.comparison, asked["language"]
    seen = closeup(comparison.box, comparison.photo.shape)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["picture"] = _picture
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        language=language,
        t=partial(say, language),
        word=partial(word, language),
        photo=data_address(cut(comparison.photo, seen)),
        comparison=comparison,
        pale=skeleton.PALE,
        svg=lambda pose: skeleton.svg(pose, seen, 0.1),
        maps=maps(shot, standalone=True),
        film=film(shot, asked),
        cell=_cell(shot, asked),
        lab=upsampling(shot, asked),
        story=None if asked["joint"] == ALL else tell(shot, asked),
        version=__version__,
        json=coco(comparison),
    )


def _cell(shot: Shot, asked: Question) -> dict[str, Any] | None:
    """The pinned cell and its computation."""
    if not asked.get("cell") or asked["cell"] == inspector.INPUT:
        return None
    side, name = asked["side"], asked["cell"]
    trace = shot.trace(side)
    adds = terms.kind(shot.net(side), name)
    return {
        "name": name,
        "title": shot.pose(side).card.title,
        "picture": number_map(picture(trace, name)),
        "sum": terms.computation(shot, {**asked, "channel": None}) if adds else None,
    }


def _picture(sent: NumberMap) -> str:
    values = values_of(sent)
    if sent["low"] < 0 and abs(sent["low"] + sent["high"]) < 1e-9:
        return address(diverging(values, sent["high"]), 100)
    return address(viridis(values, sent["low"], sent["high"]), 100)
