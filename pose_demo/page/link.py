"""A link's query -> all that the page was set to. What cannot be followed is left as it is, and said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

import gradio as gr

from .. import weights
from ..crop import check_box
from ..decode import DECODERS
from ..examples import examples
from ..locales import LANGUAGES, UserError, preferred, table
from ..networks import patch, zoo
from ..networks.upsampling import STOPS
from ..networks.wiring import wiring
from . import xray
from .photo_input import thumbnails
from .schema import Pin, Setup, read, said
from .session import THRESHOLD, Session

#: In the place of an example's name: the sender's own photo, which is in no link.
OWN = "own"
#: In the place of a box: none was given, though the example has one.
NO_BOX = "none"
#: What is open or not.
_SWITCHES = ("flip", "apart", "matters", "gradient")
_TAB = re.compile(r"page\.tab_(\w+)")
_CHANNEL = "-1|[0-9]{1,4}"
_CELL = re.compile(f"[01]:[^:]{{1,80}}(:({_CHANNEL}))?")


def restore(session: Session, request: gr.Request) -> tuple:
    """Changes of: the slider, the joint's picker, decoder, flip test, threshold, what finds people, and the header:
    what is lost."""
    query = dict(request.query_params)
    joint, decoder = query.get("joint"), query.get("decoder")
    if joint in _joints(session):
        session.joint = joint
    session.pin, session.channel = pin(query)
    session.threshold = threshold(query)
    session.finder = found_by if (found_by := query.get("finder")) in finders() else None
    lost = dict.fromkeys((*_unknown(session, query), *_unfit(session, query)))
    parts = ", ".join(f"{name}={query[name]:.60}" for name in lost)
    note = said("page.link_lost", parts=parts) if lost else None
    if query.get("example") == OWN:
        note = said("page.link_own")
    return (
        gr.update(value=STOPS.index(stop)) if (stop := query.get("upsampling")) in STOPS else gr.skip(),
        gr.update(value=session.joint),
        gr.update(value=decoder) if decoder in DECODERS else gr.skip(),
        gr.update(value=True) if query.get("flip") == "1" else gr.skip(),
        gr.update(value=session.threshold),
        gr.update(value=session.finder or ""),
        session.patch(note=note),
    )


def finders() -> list[str]:
    """What else than the network that ships finds people here: what was fetched for it."""
    return [name for name in zoo.finders() if name != zoo.FINDER and weights.find(name)]


def _joints(session: Session) -> set[str]:
    return {joint for name in session.networks for joint in zoo.card(name).joints.joints}


def _unknown(session: Session, query: Mapping[str, str]) -> Iterator[str]:
    """The parts of a link whose value there is not."""
    names, stops = zoo.names(), STOPS
    shown = [*(each["name"] for each in thumbnails()), OWN]
    tabs = [found[1] for key in table() if (found := _TAB.fullmatch(key))]
    known: dict[str, Collection[str]] = {
        "left": names, "right": names, "upsampling": stops, "own": stops, "against": stops,
        "joint": _joints(session),
        "decoder": DECODERS, "lang": LANGUAGES, "example": shown, "finder": finders(), "tab": tabs,
        **dict.fromkeys(_SWITCHES, ("1",)),
    }  # fmt: skip
    yield from (name for name, values in known.items() if query.get(name) and query[name] not in values)
    read = {
        "threshold": _score(query.get("threshold", "")) is not None, "cell": _CELL.fullmatch(query.get("cell", "")),
        "cuts": sum(map(len, cut(query))) == query.get("cuts", "").count("|") + 1,
        "pixel": re.fullmatch(r"-?\d+(\.\d+)?,-?\d+(\.\d+)?", query.get("pixel", "")) is not None,
        **{name: name in framed(query) for name in ("box", "who")},
    }  # fmt: skip
    yield from (name for name, fits in read.items() if query.get(name) and not fits)


def _unfit(session: Session, query: Mapping[str, str]) -> Iterator[str]:
    """Sets up what belongs to the two networks: the slider's part, cuts, the open cell; yields what does not fit."""
    scope, own, cuts = query.get("scope", "")[:20], query.get("own"), cut(query)
    session.own = own if own in STOPS else None
    if not all(zoo.card(name).available for name in session.networks):
        session.pin = None  # they look at nothing yet
        yield from (name for name in ("scope", "cuts", "cell") if query.get(name))
        return
    if scope and scope not in xray.scopes(session, session.networks):
        yield "scope"
        scope = ""
    asked: Any = {"scope": scope, "own": session.own}
    try:
        xray.setup(session, read(Setup, {**asked, "cuts": cuts}))
        if query.get("flip") == "1":
            patch.unmirrored(*cuts)
    except UserError:  # cuts that are not these networks', or no flip test's: the rest is followed
        yield "cuts"
        xray.setup(session, read(Setup, {**asked, "cuts": [{}, {}]}))
    if session.pin and max(0, session.channel or 0) >= (count := _channels(session, session.pin)):
        session.pin, session.channel = session.pin if count else None, None
        yield "cell"


def _channels(session: Session, at: Pin) -> int:
    """How many channels a cell's map has; 0 where it does not stand in its network's drawing."""
    try:
        graph, name = wiring(zoo.shared(session.networks[at["side"]], zoo.device())), at["cell"]
        return graph.channels.get(name, 3) if graph.visible(name) else 0  # the photo has three
    except (KeyError, ValueError):
        return 0


def language(query: Mapping[str, str], header: str) -> str:
    """The one that a link names, else the browser's."""
    return query["lang"] if query.get("lang") in LANGUAGES else preferred(header)


def networks(query: Mapping[str, str], pair: tuple[str, str]) -> tuple[str, str]:
    """The two that a link names, those of `pair` where it names none that there is."""
    left, right = (
        name if (name := query.get(side)) in zoo.names() else old
        for side, old in zip(("left", "right"), pair, strict=True)
    )
    return left, right


def cut(query: Mapping[str, str]) -> list[dict[str, str]]:
    """ "0:zero:stem->stage1.unit1|1:patch:garden:stack1" -> the cuts of each side, without what is none."""
    found: list[dict[str, str]] = [{}, {}]
    for each in query.get("cuts", "").split("|")[: xray.MOST]:
        side, _, rest = each.partition(":")
        how, _, place = rest.rpartition(":")
        if side in ("0", "1") and place:
            found[int(side)][place[:160]] = how
    return found


def example(query: Mapping[str, str], names: list[str]) -> str:
    """The example that a link names, else the first."""
    return query["example"] if query.get("example") in names else names[0]


def framed(query: Mapping[str, str]) -> dict[str, Any]:
    """The box on a link's example, and which of the people in it, as schema.Take has them; without what there is not:
    a box is its example's own where a link names none."""
    found: dict[str, Any] = {}
    photo = next((each for each in examples() if each.name == query.get("example")), None)
    if photo is None:
        return found
    if query.get("box") == NO_BOX:
        found["box"] = None
    elif query.get("box"):
        from PIL import Image

        with Image.open(photo.path) as file:
            shape = file.height, file.width
        with suppress(ValueError):
            found["box"] = list(check_box([float(v) for v in query["box"].split(",")], shape))
    if re.fullmatch("[1-9][0-9]?", query.get("who", "")):
        found["who"] = int(query["who"])
    return found


def threshold(query: Mapping[str, str]) -> float:
    """From which score joints are shown: 0 to 1, the page's own where a link names none."""
    given = _score(query.get("threshold", ""))
    return THRESHOLD if given is None else given


def _score(text: str) -> float | None:
    try:
        given = float(text)
    except ValueError:
        return None
    return given if 0 <= given <= 1 else None


def pin(query: Mapping[str, str]) -> tuple[Pin | None, int | None]:
    """ "0:stage3.module1.branch1.fused:12" -> a cell and its channel; None where a link pins nothing. Channel -1 is the
    mean of all."""
    side, _, rest = query.get("cell", "").partition(":")
    cell, _, channel = rest.partition(":")
    if side not in ("0", "1") or not cell:
        return None, None
    return {"side": int(side), "cell": cell[:80]}, int(channel) if re.fullmatch(_CHANNEL, channel) else None
