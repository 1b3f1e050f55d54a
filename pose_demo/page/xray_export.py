"""Taking it away: maps as SVG, joints as JSON, taps as .npz, the whole comparison as one HTML file."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..comparison import Comparison
from ..draw import skeleton
from ..draw.colour import diverging, viridis, webp
from ..joints import LSP
from . import words, xray_answers, xray_inspector, xray_maps
from .photo_input import data_address
from .xray_inspector import one
from .xray_maps import address, tensor
from .xray_store import Shot
from .xray_words import say

#: Bytes of maps that travel in one answer.
LARGEST = 48 * 2**20
_TEMPLATE = Path(__file__).parent / "static" / "xray_report.html"


class TooLarge(ValueError):
    """More maps than one answer may carry; the message is for the page."""


def export(shot: Shot, asked: dict[str, Any], language: str) -> dict[str, str]:
    """{"what": "json" | "svg" | "npz" | "report", ...} -> {"name", "type", "data" in base64}."""
    what = asked.get("what")
    if what == "json":
        return _file("pose-xray.json", "application/json", coco(shot.comparison).encode())
    if what == "svg":
        side = int(asked["side"])
        drawn = xray_maps.maps(shot, language, standalone=True)[side]
        return _file(f"{shot.pose(side).network}.svg", "image/svg+xml", drawn["svg"].encode())
    if what == "npz":
        return _file("pose-xray.npz", "application/octet-stream", npz(shot, asked, language))
    if what == "report":
        return _file("pose-xray.html", "text/html", report(shot, asked, language).encode())
    raise ValueError(f"nothing is exported as {what!r}")


def _file(name: str, kind: str, data: bytes) -> dict[str, str]:
    return {"name": name, "type": kind, "data": base64.b64encode(data).decode("ascii")}


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


def npz(shot: Shot, asked: dict[str, Any], language: str) -> bytes:
    """One cell, or every tap of both networks: float32 (C, H, W) under "side.tap"."""
    if asked.get("cell"):
        side, name = int(asked["side"]), asked["cell"]
        arrays = {f"{side}.{name}": tensor(shot, side, name).numpy()}
    else:
        arrays = {
            f"{side}.{name}": tap.tensor[0].float().numpy()
            for side in range(len(shot.comparison.poses))
            if shot.traceable(side)
            for name, tap in shot.trace(side).items()
        }
    size = sum(a.nbytes for a in arrays.values())
    if size > LARGEST:
        raise TooLarge(say(language, "too_large", size // 2**20, LARGEST // 2**20))
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def frame(shot: Shot, asked: dict[str, Any], language: str) -> tuple[np.ndarray, str, float]:
    """The heatmap of a filmstrip's frame, its title, and the top of the strip's colour range."""
    side, number, joint = int(asked["side"]), int(asked["frame"]), str(asked.get("joint"))
    pose, found = shot.pose(side), xray_answers.frames(shot, side)
    moment = found[number]
    names = pose.card.joints.joints
    values = moment.heatmaps[names.index(joint)] if joint in names else moment.heatmaps.max(axis=0)
    probe = f" · {say(language, 'probe')}" if moment.probe else ""
    title = say(language, "surface_of", pose.card.title, moment.name) + probe
    return values, title, float(max(f.heatmaps.max() for f in found if not f.probe))


def pair(shot: Shot, side: int, name: str, against: Any, number: int | None, wide: int = 640) -> tuple[np.ndarray, ...]:
    """A cell as shown and under the other position: two (H, W, 3) uint8 RGB in one colour range, cells visible."""
    data = [one(tensor(shot, side, name, r), number).numpy() for r in ("shown", _other(shot, side, against))]
    low, high = min(float(d.min()) for d in data), max(float(d.max()) for d in data)
    factor = max(1, wide // max(data[0].shape))
    return tuple(np.kron(viridis(d, low, high), np.ones((factor, factor, 1), np.uint8)) for d in data)


def _other(shot: Shot, side: int, against: Any) -> str:
    return against if against in xray_answers.STOPS else shot.pose(side).card.upsampling


# --- what was marked by hand -----------------------------------------------------------------------------------------


def truth(photo: np.ndarray) -> dict[str, tuple[float, float]]:
    """{joint: x, y in pixels of the photo} of an example that somebody marked; empty for any other photo."""
    example = known(photo)
    if example is None or example.joints is None:
        return {}
    return {name: (float(x), float(y)) for name, (x, y, _) in zip(LSP.joints, example.joints, strict=True)}


def known(photo: np.ndarray) -> Any:
    """The example whose pixels these are, None for a photo of a visitor's own."""
    return _examples().get(_print(photo))


@cache
def _examples() -> dict[str, Any]:
    from .. import examples
    from ..photo import read

    return {_print(read(example.path)): example for example in examples.examples()}


def _print(photo: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(photo).tobytes() + str(photo.shape).encode()).hexdigest()


# --- the report ------------------------------------------------------------------------------------------------------


def report(shot: Shot, asked: dict[str, Any], language: str) -> str:
    """One HTML file with everything in it: no address outside, no script."""
    import jinja2

    comparison = shot.comparison
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    joint = str(asked.get("joint"))
    film = xray_answers.film(shot, joint, language)
    for side in film["sides"]:
        for moment in side.get("frames", ()):
            moment["src"] = _picture(moment["map"])
    against = asked.get("against")
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        language=language,
        t=lambda key, *parts: say(language, key, *parts),
        photo=data_address(comparison.photo),
        size=comparison.photo.shape,
        poses=[
            {"title": p.card.title, "status": words.status(language, p.card.status), "trained": p.card.trained,
             "svg": skeleton.svg(p, comparison.photo.shape, 0.1), "seconds": f"{1000 * p.seconds:.0f} ms"}
            for p in comparison.poses
        ],
        distances=[
            {"joint": words.joint(language, d.joint), "pixels": f"{d.pixels:.1f}", "torsos": f"{d.torsos:.2f}"}
            for d in comparison.distances()
        ],
        differ=words.say(language, "table"),
        maps=xray_maps.maps(shot, language, standalone=True),
        film=film,
        cell=_report_cell(shot, asked, language),
        lab=xray_answers.upsampling(shot, against, language),
        story=None if joint == xray_answers.ALL else xray_answers.tell(shot, joint, truth(comparison.photo), language),
        upsampling=comparison.upsampling,
        device=comparison.device,
        version=__version__,
        json=coco(comparison),
    )  # fmt: skip


def _report_cell(shot: Shot, asked: dict[str, Any], language: str) -> dict[str, Any] | None:
    """The pinned cell's computation."""
    if not asked.get("cell") or asked["cell"] == xray_maps.INPUT:
        return None
    side, name = int(asked["side"]), asked["cell"]
    found = xray_inspector.computation(shot, side, name, str(asked.get("joint")), None, language)
    if found["kind"]:
        for term in found["terms"]:
            term["src"] = _picture(term["map"])
        found["src"] = _picture(found["total"])
    picture = _picture(xray_inspector.array(xray_maps.picture(shot.trace(side), name)))
    return {"name": name, "title": shot.pose(side).card.title, "picture": picture, "sum": found}


def _picture(array: dict[str, Any]) -> str:
    values = np.frombuffer(base64.b64decode(array["data"]), np.float32).reshape(array["h"], array["w"])
    if array["low"] < 0 and abs(array["low"] + array["high"]) < 1e-9:
        return address(webp(diverging(values, array["high"]), 100))
    return address(webp(viridis(values, array["low"], array["high"]), 100))
