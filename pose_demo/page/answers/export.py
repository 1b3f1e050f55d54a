"""Taking it away: maps as SVG, joints as JSON, taps as .npz, the whole comparison as one HTML file."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from ... import __version__
from ...crop import cut
from ...draw import ghost, map_svg, skeleton
from ...draw.colour import css, diverging, viridis
from ...locales import drawn, number, say, word
from ...locales import tell as told
from ...networks import costs
from ..cached import Cached
from ..photo_input import data_address
from ..results import moved_from, nearer, table
from ..schema import NumberMap, Question, Said, said
from ..session import THRESHOLD
from . import cell as inspector
from . import matters, terms
from .beside import beside
from .cost import line
from .files import called, npz
from .film import film
from .gradient import gradient
from .maps import cut_words, maps, picture
from .parts import ALL, address, number_map, values_of
from .story import tell as story

#: Bytes of maps that travel in one answer.
LARGEST = 48 * 2**20
_TEMPLATE = Path(__file__).parents[1] / "web" / "report.html"


class File(TypedDict):
    """data -- in base64"""

    name: str
    type: str
    data: str


def export(cached: Cached, asked: Question) -> File:
    """asked["what"]: "json", "svg" of a side, "npz" of a cell or of all, "report". Raises KeyError else."""
    what, side, cell = asked["what"], asked.get("side"), asked.get("cell")
    if what == "npz" and cell == inspector.INPUT:  # the photo is no map: then all are
        side = cell = None
    ending, kind, make = {
        "json": (".json", "application/json", lambda: coco(cached).encode()),
        "svg": (".svg", "image/svg+xml", lambda: maps(cached, asked["language"])[side or 0]["svg"].encode()),
        "npz": (".npz", "application/octet-stream", lambda: npz(cached, side, cell, LARGEST)),
        "report": (".html", "text/html", lambda: report(cached, asked).encode()),
    }[what]
    one = {"svg": (side,), "npz": (side, cell)}.get(what, ())
    return {"name": called(cached, ending, *one), "type": kind, "data": base64.b64encode(make()).decode("ascii")}


def coco(cached: Cached) -> str:
    """COCO's results format, one annotation a network, and beside it how they came about."""
    comparison = cached.comparison
    whole = comparison.to_json()
    x0, y0, x1, y1 = (float(v) for v in comparison.box)
    annotations = [
        {"id": k + 1, "image_id": 1, "category_id": k + 1, "keypoints": pose["keypoints"], "score": pose["score"],
         "num_keypoints": len(pose["keypoints"]) // 3, "bbox": [x0, y0, x1 - x0, y1 - y0], "network": pose["network"],
         "status": pose["status"]}
        for k, pose in enumerate(whole["poses"])
    ]  # fmt: skip
    categories = [{"id": k + 1, **pose["category"]} for k, pose in enumerate(whole["poses"])]
    image = {"id": 1, **cached.image()}
    return json.dumps(
        {"images": [image], "categories": categories, "annotations": annotations, "comparison": whole}, indent=1
    )


def report(cached: Cached, asked: Question) -> str:
    """One HTML file in the visitor's language with everything in it: no address outside, no script."""
    import jinja2

    comparison, language = cached.comparison, asked["language"]
    seen = comparison.seen
    least, poses, marks = asked.get("threshold", THRESHOLD), comparison.poses, cached.placed()
    cuts = any(pose.silence for pose in poses)
    bare = replace(comparison, poses=tuple(map(cached.bare, range(len(poses))))) if cuts else None
    _, whole = moved_from(comparison, bare)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["picture"] = _picture
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        language=language,
        t=partial(say, language),
        tell=partial(told, language),
        word=partial(word, language),
        number=number,
        name=cached.name,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        photo=data_address(cut(comparison.photo, seen)),
        comparison=comparison,
        cuts=[cut_words(cached, k, language) for k in range(len(comparison.poses))],
        pale=skeleton.PALE,
        svg=lambda drawn: skeleton.spoken(drawn, language),
        skeletons=[skeleton.svg(pose, seen, least) for pose in poses],
        ghosts=[old and ghost.svg(old, poses[k], seen, least) for k, old in enumerate(whole)],
        table=table(comparison, least, marks, bare),
        nearer=nearer(comparison, marks),
        covered=map_svg.covered,
        colours=css(),
        maps=maps(cached, language),
        drawn=partial(drawn, language),
        film=film(cached, asked),
        cells=[_cell(cached, {**asked, **at}) for at in _asked_sums(cached, asked)],
        beside=beside(cached, asked),
        matters=[matters.heaviest(cached, k, asked["joint"]) for k in cached.sides if cached.measured(k)],
        gradient=gradient(cached, asked),
        story=None if asked["joint"] == ALL else story(cached, asked),
        figures=[_figures(cached, k) for k in range(len(comparison.poses))],
        version=__version__,
        json=coco(cached),
    )


def _asked_sums(cached: Cached, asked: Question) -> list[dict[str, Any]]:
    """The pinned cell, and of each network the last map that is drawn as a sum."""
    found = []
    if asked.get("cell") and asked["cell"] != inspector.INPUT:
        found.append({"side": asked["side"], "cell": asked["cell"]})
    for k in cached.sides:
        sums = [name for name in cached.graph(k).picture if terms.kind(cached.net(k), name) not in (None, "head")]
        found += [{"side": k, "cell": name} for name in sums[-1:]]
    return [at for n, at in enumerate(found) if at not in found[:n]]


def _cell(cached: Cached, asked: dict[str, Any]) -> dict[str, Any]:
    """A cell and its computation."""
    side, name = asked["side"], asked["cell"]
    adds = terms.kind(cached.net(side), name)
    told: Any = terms.computation(cached, {**asked, "channel": None}) if adds else None  # type: ignore[typeddict-item]
    return {
        "name": name,
        "title": cached.comparison.titles[side],
        "picture": number_map(picture(cached.trace(side), name)),
        "sum": told,
        "of": told and _shown_of(cached, side, name, told),
    }


def _shown_of(cached: Cached, side: int, name: str, told: terms.SumAnswer) -> Said:
    """Whose numbers a computation shows: a joint's of a heatmap, else a channel's."""
    if cached.trace(side)[name].role == "heatmaps":
        return said("xray.of_joint", joint=told["joint"])
    return said("xray.channel", channel=told["channel"])


def _figures(cached: Cached, side: int) -> dict[str, Any]:
    """What is known of one network: counted here, measured here, published, each with where it is from."""
    card = cached.pose(side).card
    known = [] if card.entry is None else [*card.entry.measured, *filter(None, [card.entry.published])]
    return {"title": card.title, "source": card.source, "licence": card.licence, "known": known,
            "counted": line(card, costs.cost(cached.net(side), *card.input))}  # fmt: skip


def _picture(sent: NumberMap) -> str:
    values = values_of(sent)
    if sent["low"] < 0 and abs(sent["low"] + sent["high"]) < 1e-9:
        return address(diverging(values, sent["high"]), 100)
    return address(viridis(values, sent["low"], sent["high"]), 100)
