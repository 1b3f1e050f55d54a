"""A link's query -> networks, slider, scope, joint, cell and example. Whatever is unknown is left as it is."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from ..joints import JOINT_SETS
from ..locales import UserError
from ..networks import zoo
from ..networks.upsampling import STOPS
from . import xray
from .schema import Pin, Setup, read
from .session import Session


def restore(session: Session, request: gr.Request) -> tuple:
    """Changes of: the slider, the joint's picker."""
    query = dict(request.query_params)
    stop, joint = query.get("upsampling"), query.get("joint")
    if joint and any(joint in known.joints for known in JOINT_SETS.values()):
        session.joint = joint
    scope, own, cuts = query.get("scope", "")[:20], query.get("own"), cut(query)
    for setup in ({"scope": scope, "own": own, "cuts": cuts}, {"scope": scope, "own": None, "cuts": [{}, {}]}):
        try:
            xray.setup(session, read(Setup, setup))
            break
        except UserError:
            continue  # of a link whose cuts are not these networks', the rest is followed
    session.pin, session.channel = pin(query)
    return gr.update(value=STOPS.index(stop)) if stop in STOPS else gr.skip(), gr.update(value=session.joint)


def networks(query: Mapping[str, str], pair: tuple[str, str]) -> tuple[str, str]:
    """The two that a link names, those of `pair` where it names none that there is."""
    left, right = (
        name if (name := query.get(side)) in zoo.names() else old
        for side, old in zip(("left", "right"), pair, strict=True)
    )
    return left, right


def cut(query: Mapping[str, str]) -> list[dict[str, str]]:
    """ "0:zero:stem->stage1.unit1|1:flat:stack1" -> the cuts of each side."""
    found: list[dict[str, str]] = [{}, {}]
    for each in query.get("cuts", "").split("|")[:40]:
        side, how, place = (*each.split(":", 2), "", "")[:3]
        if side in ("0", "1") and place:
            found[int(side)][place[:160]] = how
    return found


def example(query: Mapping[str, str], names: list[str]) -> str:
    """The example that a link names, else the first."""
    return query["example"] if query.get("example") in names else names[0]


def pin(query: Mapping[str, str]) -> tuple[Pin | None, int | None]:
    """ "0:stage3.module1.branch1.fused:12" -> a cell and its channel; None where a link pins nothing."""
    side, _, rest = query.get("cell", "").partition(":")
    cell, _, channel = rest.partition(":")
    if side not in ("0", "1") or not cell:
        return None, None
    return {"side": int(side), "cell": cell[:80]}, int(channel) if channel.isdigit() else None
