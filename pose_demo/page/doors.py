"""What programs may ask: compare, inspect, silence, matters, study. One function each, for HTTP and MCP alike.

Photos are whatever comparison.compare takes; what else comes is plain JSON and is checked here, as nobody's types can
be trusted. What goes back is plain JSON, in English, and holds no picture.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from inspect import signature
from typing import Any, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ..comparison import Comparison, Each, Pose
from ..decode import DECODERS
from ..draw.ghost import moves
from ..draw.study_words import answers, source
from ..locales import Said, UserError, say, tell
from ..networks import zoo
from ..networks.upsampling import STOPS
from ..study import report
from . import lent, work
from .answers import cell as cells
from .answers import code as lines
from .answers import files, terms
from .answers import matters as weighed
from .xrayed import XRay

Upsampling = Each[str | dict[str, str] | None]
Cuts = dict[str, str]

_CUTS = (
    'an object {place: "zero", "flat" or "patch:EXAMPLE" (the map of an example photo)}, a place being a tap, an arrow '
    "source->target or a stack"
)
#: What each parameter is: in view_api(), in MCP's description of a tool, and in the sentence of an error.
TEXTS = {
    "photo": "a picture file: gradio_client.handle_file(path)",
    "box": "the person's box [x0, y0, x1, y1] in pixels of the photo, or null to look for the person",
    "networks": "a list of two names as `weights list` shows them, or null for the pair that ships",
    "upsampling": f"a stop of the slider ({', '.join(STOPS)}), an object {{place: stop}}, or null: as each was "
    "trained; or a list with one for each network",
    "decoder": f"how a peak becomes a joint: {', '.join(DECODERS)}",
    "flip": "true to average with the mirrored photo, or false",
    "silence": f"what is cut: {_CUTS}; a list of two such objects, one for each network; or null",
    "finder": f"what finds people where no box is given: {', '.join(zoo.finders())}, or null: what ships",
    "cell": 'a map by its name in the drawing, as "stage3.module1.branch1.fused" or "stack1.level2.merge"',
    "network": "the name of one network as `weights list` shows it, or null for the first of the pair that has the map",
    "joint": 'the joint whose channel is looked at, as "right wrist"',
    "cuts": _CUTS,
    "question": f"one of {', '.join(report.shipped())}, or null for the list of what was asked",
}


def compare(
    photo: Any,
    box: list[float] | None = None,
    networks: list[str] | None = None,
    upsampling: Upsampling = "nearest",
    decoder: str = "argmax",
    flip: bool = False,
    silence: Cuts | list[Cuts] | None = None,
    finder: str | None = None,
) -> dict[str, Any]:
    """One photo through two networks: keypoints (x, y, score) of both, how far apart each shared joint is, and how
    it came about. "person" is null where probably nobody is in the photo.
    """
    given = {"box": box, "networks": networks, "upsampling": upsampling, "decoder": decoder, "flip": flip}
    given |= {"silence": silence, "finder": finder}
    check(compare, given)
    return work.in_turn(lambda: lent.compare(photo, **given)).to_json()


def inspect(
    photo: Any,
    cell: str,
    network: str | None = None,
    box: list[float] | None = None,
    upsampling: str | dict[str, str] | None = "nearest",
    joint: str = "right wrist",
    silence: Cuts | None = None,
    finder: str | None = None,
) -> dict[str, Any]:
    """One map inside a network, on this photo: its shape, values, what it is made from, the terms of the sum that it
    is with their shares, what it can see of the photo, and the lines of source that compute it.
    """
    check(inspect, {"cell": cell, "network": network, "box": box, "upsampling": upsampling, "joint": joint,
                    "silence": silence, "finder": finder})  # fmt: skip
    how = {"upsampling": upsampling, "silence": silence, "finder": finder}
    return work.in_turn(lambda: _inspected(photo, cell, network, box, joint, how))


def _inspected(photo: Any, cell: str, network: str | None, box: Any, joint: str, how: dict[str, Any]) -> dict[str, Any]:
    xray = XRay(photo, box, None if network is None else [network], **how)
    known = [side for side in xray.sides if cell in xray.graph(side).picture]
    if not known:
        names = [name for side in xray.sides for name in xray.graph(side).picture]
        near = [name for name in names if name.partition(".")[0] == cell.partition(".")[0]] or names
        raise UserError("api.no_cell", cell=cell, near=", ".join(near[:20]))
    side = known[0]
    asked: Any = {"key": "", "view": "cell", "side": side, "cell": cell, "joint": joint, "language": "en"}
    found, tap = cells.cell(xray, asked), xray.trace(side)[cell]
    sum_ = terms.computation(xray, asked) if found["sum"] else None
    return {
        "network": xray.pose(side).network,
        "cell": cell,
        "shape": found["shape"],
        "stride": tap.stride,
        "role": tap.role,
        "made_from": [{"cell": m["source"], "through": list(map(_said, m["steps"]))} for m in found["made"]],
        "values": {**found["stats"], "zeros": found["zeros"], "dead_channels": found["dead"]},
        "sum": sum_ and {
            "kind": sum_["kind"],
            "terms": [{"name": _said(t["label"]) if "label" in t else t["name"], "share": t["share"]}
                      for t in sum_["terms"]],
            "misses_by": sum_["missed"],
        },
        "receptive_field": {name: found["field"][name] for name in ("width", "height", "inside")},
        "code": [
            {"function": p["name"], "file": p["file"], "lines": [k for k in p["lines"] if k["shapes"] is not None]}
            for p in lines.code(xray, asked)["passages"]
        ],
    }  # fmt: skip


def silence(
    photo: Any,
    cuts: Cuts,
    networks: list[str] | None = None,
    box: list[float] | None = None,
    upsampling: Upsampling = "nearest",
    decoder: str = "argmax",
    flip: bool = False,
    finder: str | None = None,
) -> dict[str, Any]:
    """The same photo with and without maps or arrows cut, for this call alone: how far each joint of each network
    moves, in pixels and in torsos. Effects of single cuts do not add up.
    """
    given = {"box": box, "networks": networks, "upsampling": upsampling, "decoder": decoder, "flip": flip,
             "finder": finder}  # fmt: skip
    check(silence, {"cuts": cuts, **given})
    if not cuts:
        raise UserError("api.wrong", name="cuts", text=TEXTS["cuts"], given=cuts)
    return work.in_turn(lambda: _silenced(photo, cuts, given))


def _silenced(photo: Any, cuts: Cuts, given: dict[str, Any]) -> dict[str, Any]:
    from ..comparison import compare as look

    before = look(photo, **given)
    after = look(photo, **{**given, "box": before.box}, silence=cuts)
    return {
        "cuts": cuts,
        "moved": [_moved(a, b) for a, b in zip(before.poses, after.poses, strict=True)],
        "before": _plain(before, before),
        "after": _plain(after, before),
    }


def _plain(found: Comparison, first: Comparison) -> dict[str, Any]:
    """A comparison whose box the first one may have found."""
    return {**found.to_json(), "person_confidence": first.found, "person": first.to_json()["person"]}


def _moved(before: Pose, after: Pose) -> dict[str, Any]:
    pixels = moves(before, after)

    def number(value: float) -> float | None:
        return round(float(value), 4) if np.isfinite(value) else None

    joints = [
        {"joint": joint, "pixels": number(p), "torsos": number(p / before.torso)}
        for joint, p in zip(before.card.joints.joints, pixels, strict=True)
    ]
    whole = [p for p in pixels if np.isfinite(p)]
    mean = float(np.mean(whole)) if whole else float("nan")
    return {
        "network": before.network,
        "cut": sorted(after.silence),
        "mean_pixels": number(mean),
        "mean_torsos": number(mean / before.torso),
        "joints": joints,
    }


def matters(
    photo: Any,
    box: list[float] | None = None,
    networks: list[str] | None = None,
    upsampling: Upsampling = "nearest",
    silence: Cuts | list[Cuts] | None = None,
    finder: str | None = None,
) -> dict[str, Any]:
    """What matters on one photo: every arrow of both networks cut alone, beside what is cut already, and how far that
    moves each joint (pixels of the photo, read by DARK; null: no answer any more; "answered" says which joints had one
    before) and changes its heatmap. Effects of single cuts do not add up. "about" says of what this was found.
    """
    given: Any = {"box": box, "networks": networks, "upsampling": upsampling, "silence": silence, "finder": finder}
    check(matters, given)
    return work.in_turn(lambda: _weighed(XRay(photo, **given)))


def _weighed(xray: XRay) -> dict[str, Any]:
    return {"about": files.about(xray), "matters": [weighed.measured(xray, side) for side in xray.sides]}


def study(question: str | None = None) -> dict[str, Any]:
    """What was asked of many photos, of the pair that ships or of small networks trained to be held against each
    other: the findings with their intervals, every figure, and where they come from. Without a question: which there
    are.
    """
    check(study, {"question": question})
    known = report.shipped()
    if question is None:
        return {"questions": {name: tell("en", {"key": f"study.{r['study']}"}) for name, r in known.items()}}
    if question not in known:
        raise UserError("api.wrong", name="question", text=TEXTS["question"], given=f"{question!r:.80}")
    result = known[question]
    return {
        "question": tell("en", {"key": f"study.{result['study']}"}),
        "findings": list(map(_said, answers(result))),
        "source": list(map(_said, source(result))),
        "notes": list(map(_said, result["notes"])),
        "rows": [{"label": row["label"], "status": row["status"], "figures": report.main_figures(row)}
                 for row in result["rows"]],
        "command": result["made"]["command"],
    }  # fmt: skip


def _said(sentence: Said) -> str:
    return tell("en", sentence)


def check(function: Any, given: dict[str, Any]) -> None:
    """Types strictly, names of networks as the zoo has them: a name that is a path would open a file of ours."""
    hints = get_type_hints(function)
    for name, value in given.items():
        try:
            TypeAdapter(hints[name]).validate_python(value, strict=True)
            fine = name != "networks" or value is None or len(value) == 2
        except ValidationError:
            fine = False
        if not fine:
            raise UserError("api.wrong", name=name, text=TEXTS[name], given=f"{value!r:.80}")
    for network in (*(given.get("networks") or ()), *filter(None, [given.get("network")])):
        if not (card := zoo.card(network)).available:
            raise UserError("page.cannot_run", network=card.title)


#: Every door, in the order in which they are offered.
DOORS: tuple[Callable[..., dict[str, Any]], ...] = (compare, inspect, silence, matters, study)


def offered(
    ask: Callable[..., dict[str, Any]], kind: Any, take: Callable[[dict[str, Any]], Any], refuse: Callable[[str], Any]
) -> Callable[..., dict[str, Any]]:
    """A door as a protocol calls it, with its name, signature and types, but the photo's.

    kind -- the type of what comes as a photo; take -- puts the photo that it is into what was given
    refuse -- makes the protocol's exception of the one sentence that says what is wrong
    """
    asked = signature(ask, eval_str=True)
    parameters = [p.replace(annotation=kind) if p.name == "photo" else p for p in asked.parameters.values()]

    @functools.wraps(ask)
    def door(*values: Any, **given: Any) -> dict[str, Any]:
        given |= dict(zip(asked.parameters, values, strict=False))
        try:
            if "photo" in asked.parameters:
                take(given)
            return ask(**given)
        except UserError as problem:
            raise refuse(str(problem)) from None
        except Exception:
            logging.getLogger(__name__).exception("%s failed", ask.__name__)
            raise refuse(say("en", "api.failed")) from None

    door.__signature__ = asked.replace(parameters=parameters)  # type: ignore[attr-defined]
    door.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": asked.return_annotation}
    return door
