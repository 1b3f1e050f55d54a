"""The X-ray on the page: what fills it, and the one door through which a browser asks for more.

A browser asks with the key of its own cached (store.py); whatever is forged ends in a sentence.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..draw import colour
from ..examples import examples
from ..locales import UserError, say
from ..networks import patch, zoo
from ..networks.card import Card
from ..networks.upsampling import STOPS
from . import inside as finder
from . import plot, results, work
from .answers import VIEWS, cost, film
from .answers.maps import maps
from .cached import without_traces
from .guard import VISITOR
from .schema import Inside, Key, Question, Setup, Surface, read, said
from .session import CHANGES, Session
from .store import STORE, Unknown
from .web import own

if TYPE_CHECKING:
    from ..comparison import Comparison

log = logging.getLogger(__name__)

#: Cuts at once, in both networks.
MOST = 60
#: Changes of: the X-ray, its surface, its bars.
NOTHING = (gr.skip(),) * 3


def ask(question: Any) -> dict[str, Any]:
    """A schema.Question -> the view's data, or {"error": what is to be said}. Never raises."""
    try:
        asked = read(Question, question[0] if isinstance(question, list) and question else question)
        with STORE.use(asked["key"], VISITOR.get()) as cached:
            return VIEWS[asked["view"]](cached, asked)
    except Unknown:
        return {"error": said("xray.gone")}
    except UserError as problem:
        return {"error": problem.said}
    except (KeyError, IndexError) as problem:
        log.warning("%.200r cannot be shown: %r", question, problem)
        return {"error": said("xray.wrong")}
    except Exception:
        log.exception("%.200r failed", question)
        return {"error": said("xray.failed")}


def build() -> dict[str, Any]:
    """The X-ray, and the parts of it that only Gradio has; xray.css puts these where they belong. In a gr.Blocks."""
    with gr.Column(elem_id="xray-box"):
        plot: dict[str, Any] = {"show_label": False, "container": False, "visible": False}
        return {
            "xray": own(
                "xray/xray", events=("setup", "choose", "inside", "beside"), answers=(ask,), ramps=colour.ramps(),
                examples=[example.name for example in examples()], **_nothing(),
            ),
            "table": own("table", events=("pick",)),
            "heat": own("heat"),
            "below": own("xray/below", events=("choose", "surface", "beside", "measure")),
            "surface": gr.Plot(elem_id="xray-surface", **plot),
            "bars": gr.Plot(elem_id="xray-bars", **plot),
        }  # fmt: skip


def _nothing() -> dict[str, Any]:
    return {"key": "", "sides": [], "networks": [], "joints": [], "stops": list(STOPS)}


def left(request: gr.Request) -> None:
    """The visitor left."""
    STORE.forget(request.session_hash or "")


def refresh(session: Session, request: gr.Request) -> Any:
    """The session's result in the X-ray: its traces under a new key, both maps drawn, and the plots of the last one go.
    Nothing new: nothing changes.
    """
    with CHANGES:
        result, done, gone = session.result, session.done, session.gone
        about = session.example, session.name, session.whole
    if result is None or (session.shown == done and session.key in STORE):
        return NOTHING
    try:
        session.visitor = request.session_hash
        key = STORE.keep(result, session.visitor or "", *about)
        with CHANGES:
            if session.gone != gone:
                STORE.forget(session.visitor or "")
            if session.result is not result:  # a newer photo came meanwhile, and asks for an X-ray of its own
                return NOTHING
            session.key, session.result, session.shown = key, without_traces(result), done
        return session.patch(**fill(session, result)), *plot.gone()
    except Exception:
        log.exception("the X-ray cannot be shown")
        return NOTHING


def inside(session: Session, asked: Inside) -> Any:
    """The finder of people in the place of the two pose networks; or, after the next `refresh`, these again."""
    if session.photo is None or session.visitor is None or not asked["finder"]:
        session.shown = None
        return None
    turn, gone, seen = session.turn, session.gone, work.in_turn(partial(finder.look, session.photo))
    key = STORE.keep(seen, session.visitor, session.example, session.name, session.whole)
    with CHANGES:
        if session.gone != gone:
            STORE.forget(session.visitor)
        if session.turn != turn:  # a newer photo came meanwhile
            return None
        session.key = key
    told = {"finder": finder.says(seen, session.people or ()), "joint": "person"}
    return session.patch(**{**fill(session, seen), **told, "cuts": [{}, {}]}), *plot.gone()


def fill(session: Session, result: Comparison) -> dict[str, Any]:
    """What the browser needs to draw the maps, and to ask for the rest."""
    with STORE.use(session.key) as cached:
        sides, name = maps(cached), cached.name
    pin = {"pin": session.pin, "channel": session.channel} if session.pin else {}
    session.pin = None
    return {
        **pin,
        "key": session.key,
        "sides": sides,
        "joint": session.joint,
        "joints": results.joints(result),
        "networks": [pose.network for pose in result.poses],
        "stop": _stop(result.upsampling),
        "trained": trained(*(pose.card for pose in result.poses)),
        "scope": session.scope,
        "own": session.own,
        "decoder": result.decoder,
        "flip": result.flip,
        "found_by": session.finder,
        "cuts": list(session.done.silence if session.done else ({}, {})),
        "scopes": scopes(session, [pose.card.name for pose in result.poses]),
        "example": session.example and session.example.name,
        "name": name,
        "finder": None,
        "costs": None,
    }


def heads(network: str) -> tuple[str, ...]:
    """The stages or stacks of a network that enlarge maps; none through MMPose."""
    places = zoo.shared(network, zoo.device()).places
    return tuple(dict.fromkeys(place.partition(".")[0] for place in places))


def trained(*cards: Card) -> dict[str, list[str]]:
    """{stop: the networks that were trained with it}."""
    found: dict[str, list[str]] = {}
    for card in cards:
        if card.trained and card.short not in found.setdefault(card.upsampling, []):
            found[card.upsampling].append(card.short)
    return found


def _stop(upsampling: Any) -> str | None:
    """The slider's stop of a request that names one, for all places or for some; the left network's of two."""
    if isinstance(upsampling, tuple):
        upsampling = upsampling[0]
    return next(iter(upsampling.values())) if isinstance(upsampling, dict) else upsampling


def scoped(session: Session, networks: tuple[str, ...], stop: str) -> Any:
    """The slider's stop for all places, or for the one stage or stack that the switch names; one for each network
    where the right one has a stop of its own.
    """
    if session.scope and session.scope not in scopes(session, networks):
        session.scope = ""
    slid = {session.scope: stop} if session.scope else stop
    return slid if session.own is None else (slid, session.own)


def scopes(session: Session, networks: Sequence[str]) -> list[str]:
    """The stages and stacks to which the slider can be kept: not the right network's where it has its own stop."""
    sides = networks[:1] if session.own else networks
    return list(dict.fromkeys(head for name in sides for head in heads(name)))


def setup(session: Session, asked: Setup) -> None:
    """Where the slider acts, the right network's own stop, what is cut in each. Raises UserError for what is not."""
    if asked["own"] not in (None, *STOPS):
        raise UserError("xray.wrong")
    cuts = cut(session.networks, asked["cuts"])
    session.scope, session.own, session.cuts = asked["scope"], asked["own"], cuts


def cut(networks: Sequence[str], asked: list[dict[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """What a browser wants cut in each network. Raises UserError for what cannot be."""
    if len(asked) != 2 or sum(map(len, asked)) > MOST:
        raise UserError("xray.wrong")
    for name, cuts in zip(networks, asked, strict=True):
        for place, how in cuts.items():
            patch.check(zoo.shared(name, zoo.device()), place, how)
    left, right = asked
    return left, right


def surface(session: Session, sent: Surface) -> Any:
    """One frame of the filmstrip as a Plotly surface."""
    from ..draw import surface as drawing

    with STORE.use(sent["key"], session.visitor) as cached:
        values, name, probe, top = film.surface(cached, sent["side"], sent["frame"], sent["joint"])
        title = f"{cached.pose(sent['side']).card.title}: {name}"
    if probe:
        title += f" · {say(session.language, 'xray.probe')}"
    if sent["key"] != session.key:  # another comparison came meanwhile
        return None
    return plot.shown(drawing.figure(values, title, top), session.language)


def measure(session: Session, sent: Key) -> Any:
    """Runs both networks a few times, in the queue of all forward passes and not beside them."""
    with STORE.use(sent["key"], session.visitor) as cached:
        figure, lines = work.in_turn(lambda: cost.measure(cached, session.language))
    if sent["key"] != session.key:
        return None
    return session.patch(costs=lines), plot.shown(figure, session.language)
