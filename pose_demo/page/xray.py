"""The X-ray on the page: its components, what fills them, and the one door through which a browser asks for more.

`build` puts the components where it is called, `connect` ties them to the page. A browser asks with the key of its
own shot (xray_store.py); whatever is forged ends in a sentence.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any

import gradio as gr

from ..comparison import Comparison
from ..networks import zoo
from ..networks.upsampling import STOPS
from . import results, words, work, xray_answers, xray_cost, xray_export, xray_inspector, xray_maps, xray_words
from .component import own
from .state import Session
from .xray_store import STORE, Shot, Unknown, without_traces
from .xray_words import say

_LANGUAGES = xray_words.LANGUAGES


def _cell(shot: Shot, ask: dict, language: str) -> dict:
    return xray_inspector.cell(shot, _side(shot, ask), ask["cell"], _joint(ask), str(ask.get("by")), language)


def _channel(shot: Shot, ask: dict, language: str) -> dict:
    return xray_inspector.channel(shot, _side(shot, ask), ask["cell"], int(ask["channel"]))


def _pca(shot: Shot, ask: dict, language: str) -> dict:
    return xray_inspector.pca(shot, _side(shot, ask), ask["cell"], language)


def _effective(shot: Shot, ask: dict, language: str) -> dict:
    return xray_inspector.effective(shot, _side(shot, ask), ask["cell"], language)


def _sum(shot: Shot, ask: dict, language: str) -> dict:
    return xray_inspector.computation(shot, _side(shot, ask), ask["cell"], _joint(ask), _number(ask), language)


def _film(shot: Shot, ask: dict, language: str) -> dict:
    return xray_answers.film(shot, _joint(ask), language)


def _lab(shot: Shot, ask: dict, language: str) -> dict:
    return xray_answers.upsampling(shot, ask.get("against"), language)


def _difference(shot: Shot, ask: dict, language: str) -> dict:
    side = _side(shot, ask)
    return xray_answers.difference(shot, side, ask["cell"], ask.get("against"), _number(ask), language)


def _story(shot: Shot, ask: dict, language: str) -> dict:
    truth = xray_export.truth(shot.comparison.photo)
    return xray_answers.tell(shot, _joint(ask), truth, language)


def _export(shot: Shot, ask: dict, language: str) -> dict:
    return xray_export.export(shot, ask, language)


#: What a browser may ask for.
VIEWS: dict[str, Callable[[Shot, dict, str], dict]] = {
    "cell": _cell, "channel": _channel, "pca": _pca, "effective": _effective, "sum": _sum, "film": _film,
    "lab": _lab, "difference": _difference, "story": _story, "export": _export,
}  # fmt: skip


def ask(question: Any) -> dict[str, Any]:
    """{"key", "view", "language", ...} -> the view's data, or {"error": one sentence}. Never raises."""
    if isinstance(question, list):
        question = question[0] if question else None
    asked = question if isinstance(question, dict) else {}
    language = asked.get("language") if asked.get("language") in _LANGUAGES else "en"
    view = VIEWS.get(asked.get("view")) if isinstance(asked.get("view"), str) else None
    try:
        with STORE.use(asked.get("key")) as shot:
            if view is None:
                return {"error": say(language, "wrong")}
            return view(shot, asked, language)
    except Unknown:
        return {"error": say(language, "gone")}
    except xray_export.TooLarge as problem:
        return {"error": str(problem)}
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        print(f"X-ray: {asked.get('view')!r} cannot be shown: {problem!r}", file=sys.stderr)
        return {"error": say(language, "wrong")}
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return {"error": say(language, "failed")}


def _side(shot: Shot, asked: dict) -> int:
    side = asked.get("side")
    if side not in range(len(shot.comparison.poses)) or not shot.traceable(side):
        raise ValueError(f"no side {side!r}")
    return side


def _joint(asked: dict) -> str:
    return str(asked.get("joint"))


def _number(asked: dict) -> int | None:
    number = asked.get("channel")
    return None if number is None else int(number)


# --- components ------------------------------------------------------------------------------------------------------


def _part(name: str, *more: str) -> gr.HTML:
    """A component of the X-ray: its scripts begin with what all of them share."""
    return own(name, xray_words.table("en"), ("xray_common", name, *more), answers=(ask,))


def build() -> dict[str, Any]:
    """The X-ray's components, in the order in which they stand. Call inside the page's gr.Blocks."""
    at: dict[str, Any] = {}
    with gr.Column(elem_id="xray-box"):
        at["xray_bar"] = _part("xray_bar")
        at["xray"] = _part("xray", "xray_inspector")
        at["xray_film"] = _part("xray_film")
        at["xray_surface"] = gr.Plot(show_label=False, container=False, elem_id="xray-surface", visible=False)
        at["xray_lab"] = _part("xray_lab")
        at["xray_pair"] = gr.ImageSlider(
            show_label=False, interactive=False, type="numpy", format="webp", slider_position=50, buttons=[],
            elem_id="xray-slider", visible=False,
        )  # fmt: skip
        at["xray_story"] = _part("xray_story")
        at["xray_cost"] = _part("xray_cost")
        at["xray_bars"] = gr.Plot(show_label=False, container=False, elem_id="xray-bars", visible=False)
        at["xray_take"] = _part("xray_take")
    return at


def connect(page: gr.Blocks, at: dict[str, Any], run: Callable[[Any], Any], joint: Callable) -> None:
    """Ties the X-ray to the page.

    run   -- run(event) makes the networks look again after an event; joint -- (session, name) -> [heat, picker]
    """
    session, options = at["session"], {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 20}
    at["xray_film"].surface(_heard(_surface), session, at["xray_surface"], **options)
    at["xray_lab"].pair(_heard(_pair), session, at["xray_pair"], **options)
    for part in ("xray_bar", "xray_film"):
        at[part].choose(_heard(joint, 2), session, [at["heat"], at["joint"]], **options)
    at["xray_cost"].measure(_heard(_costs, 2), session, [at["xray_cost"], at["xray_bars"]], **options)
    at["xray_bar"].stop(_heard(_stopped), session, at["stop"], **options)
    run(at["xray_bar"].scope(_heard(_scope), session, at["xray"], **options))
    at["joint"].change(_joint_changed, [session, at["joint"]], at["xray"], **options)
    page.unload(_left)


def _left(request: gr.Request) -> None:
    STORE.forget(request.session_hash or "")


def refresh(session: Session, request: gr.Request) -> Any:
    """The session's result in the X-ray: its traces under a new key, both maps drawn. Nothing new: nothing changes."""
    result, done = session.result, session.done
    if result is None or (session.xrayed == (done, session.language) and session.xray_key in STORE):
        return gr.skip()
    try:
        if not session.xrayed or session.xrayed[0] != done or session.xray_key not in STORE:
            key = STORE.keep(result, request.session_hash or "")
            if session.result is not result:  # a newer photo came meanwhile, and asks for an X-ray of its own
                return gr.skip()
            session.xray_key, session.result = key, without_traces(result)
        session.xrayed = (done, session.language)
        return session.patch(**fill(session))
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return gr.skip()


def fill(session: Session) -> dict[str, Any]:
    """What the browser needs to draw the maps, and to ask for the rest."""
    language, result = session.language, session.result
    with STORE.use(session.xray_key) as shot:
        sides = xray_maps.maps(shot, language)
    example = xray_export.known(result.photo)
    pin, session.pin = session.pin, None
    return {
        "pin": pin,
        "key": session.xray_key,
        "sides": sides,
        "joint": session.joint,
        "joint_names": {name: words.joint(language, name) for name in results.joints(result)},
        "language": language,
        "words": xray_words.table(language),
        "networks": [pose.network for pose in result.poses],
        "stop": _stop(result.upsampling),
        "stops": [[stop, words.say(language, stop)] for stop in STOPS],
        "trained": _trained(result),
        "scope": session.scope,
        "scopes": list(dict.fromkeys(h for pose in result.poses for h in heads(pose.card.architecture))),
        "example": example.title if example else None,
    }


@cache
def heads(architecture: str) -> tuple[str, ...]:
    """The stages or stacks of an architecture that enlarge maps; none through MMPose."""
    import torch

    if architecture not in zoo.ARCHITECTURES:
        return ()
    with torch.device("meta"):
        places = zoo.ARCHITECTURES[architecture](joints=1).places
    return tuple(dict.fromkeys(place.partition(".")[0] for place in places))


def _trained(result: Comparison) -> dict[str, str]:
    """{stop: the networks that were trained with it}."""
    found: dict[str, list[str]] = {}
    for pose in result.poses:
        if pose.card.trained:
            found.setdefault(pose.card.upsampling, []).append(pose.card.title.partition(" (")[0])
    return {stop: ", ".join(dict.fromkeys(names)) for stop, names in found.items()}


def _stop(upsampling: Any) -> str | None:
    """The slider's stop of a request that names one, for all places or for some."""
    return next(iter(upsampling.values())) if isinstance(upsampling, dict) else upsampling


def scoped(session: Session, networks: tuple[str, ...], stop: str) -> str | dict[str, str]:
    """The slider's stop for all places, or for the one stage or stack that the switch names."""
    known = {head for name in networks for head in heads(zoo.card(name).architecture)}
    if session.scope not in known:
        session.scope = ""
    return {session.scope: stop} if session.scope else stop


def _scope(session: Session, sent: dict[str, Any]) -> dict[str, Any]:
    session.scope = str(sent.get("to") or "")
    return session.patch(scope=session.scope)


def _stopped(session: Session, sent: dict[str, Any]) -> Any:
    """The slider follows; its own change makes the networks look again."""
    return gr.update(value=min(max(int(sent["to"]), 0), len(STOPS) - 1))


def _joint_changed(session: Session, joint: str) -> dict[str, Any]:
    return session.patch(joint=joint)


def _surface(session: Session, sent: dict[str, Any]) -> Any:
    """One frame of the filmstrip as a Plotly surface."""
    from ..draw import surface

    with STORE.use(sent.get("key")) as shot:
        figure = surface.figure(*xray_export.frame(shot, sent, session.language))
    return gr.update(value=figure, visible=True)


def _costs(session: Session, sent: dict[str, Any]) -> Any:
    """Runs both networks a few times, in the queue of all forward passes and not beside them."""
    with STORE.use(sent.get("key")) as shot:
        figure, lines = work.PASSES.submit(xray_cost.measure, shot, session.language).result()
    return session.patch(lines=lines), gr.update(value=figure, visible=True)


def _pair(session: Session, sent: dict[str, Any]) -> Any:
    """A cell before and after, for gr.ImageSlider."""
    with STORE.use(sent.get("key")) as shot:
        pictures = xray_export.pair(shot, _side(shot, sent), sent["cell"], sent.get("against"), _number(sent))
    return gr.update(value=pictures, visible=True)


def _heard(do: Callable[[Session, dict[str, Any]], Any], outputs: int = 1) -> Callable:
    """An event of our own components: whatever was forged changes nothing."""
    nothing = gr.skip() if outputs == 1 else (gr.skip(),) * outputs

    def event(session: Session, data: gr.EventData) -> Any:
        sent = getattr(data, "_data", None)
        try:
            return do(session, sent if isinstance(sent, dict) else {})
        except Unknown:
            return nothing
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return nothing

    return event
