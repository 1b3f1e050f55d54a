"""What happens when the page is touched."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import gradio as gr

from ..networks import zoo
from ..networks.upsampling import STOPS
from . import photo_input, pickers, run, study_tab, words, xray, xray_link
from .state import Session
from .words import say

#: An event of the page's own: nothing of the API, no spinner of Gradio's (the page says itself what it does), not
#: one after the other for all visitors.
_OWN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 20}
#: Of several changes while one is worked on only the last counts.
_LAST: dict[str, Any] = {**_OWN, "trigger_mode": "always_last"}
#: Every change counts.
_EACH: dict[str, Any] = {**_OWN, "trigger_mode": "multiple"}


def connect(page: gr.Blocks, at: dict[str, Any], local: bool) -> None:
    """Ties the components of layout.build to what they do."""
    session, controls = at["session"], [at[k] for k in ("left", "right", "stop", "decoder", "flip")]
    go: dict[str, Any] = {
        "fn": run.run, "inputs": [session, *controls], **_LAST,
        "outputs": [at[k] for k in ("views", "heat", "cost_heading", "cost", "photo", "joint")],
    }  # fmt: skip

    see: dict[str, Any] = {"fn": xray.refresh, "inputs": session, "outputs": at["xray"], **_OWN}

    def look(event: Any) -> None:
        """After an event: the networks look, and the X-ray shows what they left."""
        event.then(**go).then(**see)

    opened = page.load(open_page, [session, *controls[:2]], [session, *_spoken(at)], **_OWN)
    restored = [at[k] for k in ("left", "right", "stop", "joint")]
    look(opened.then(guarded(xray_link.restore, 4), session, restored, **_OWN))
    for event, do in ((at["photo"].take, photo_input.take), (at["photo"].frame, photo_input.frame)):
        look(event(_heard(do), session, at["photo"], **_EACH))
    changed = [at[k].change for k in ("left", "right")] + [at["stop"].change, at["decoder"].input, at["flip"].input]
    gr.on(changed, **go).then(**see)
    xray.connect(page, at, look, _pick)

    at["threshold"].change(guarded(run.threshold), [session, at["threshold"]], at["views"], **_LAST)
    at["joint"].input(guarded(run.joint), [session, at["joint"]], [at["heat"]], **_LAST)
    at["views"].pick(_heard(_pick), session, [at["heat"], at["joint"]], **_EACH)
    spoken = at["header"].language(_heard(_language), session, _spoken(at), **_EACH)
    spoken.then(guarded(run.again, len(run.NOTHING)), session, go["outputs"], **_OWN).then(**see)
    gr.on(
        [at[k].change for k in ("left", "right")],
        guarded(_stops),
        [session, at["left"], at["right"]],
        at["stops"],
        **_LAST,
    )
    for side in ("left", "right"):
        _weights(at, side, local, look)
    asked = {"fn": study_tab.show, "inputs": at["study_question"], "outputs": study_tab.outputs(at), **_LAST}
    gr.on([at["tab_study"].select, at["study_question"].input], **asked)


def _weights(at: dict[str, Any], side: str, local: bool, look: Callable[[Any], None]) -> None:
    """The panel under a picker: shown where weights are missing, with what can be done about it."""
    session, picker = at["session"], at[side]
    panel = [at[f"{side}_{part}"] for part in ("group", "note", "fetch", "import")]

    def show(session: Session, name: str) -> tuple:
        return pickers.panel(name, session.language, local)

    def arrived(session: Session, name: str, note: str) -> tuple:
        """After a download or an import: an error stays, success closes the panel and renews the picker."""
        if note:
            return (*(gr.skip(),) * 4, gr.skip())
        return (*pickers.panel(name, session.language, local), gr.update(choices=pickers.choices(session.language)))

    def fetch(session: Session, name: str) -> Any:
        yield from pickers.fetch(name, session.language)

    def take(session: Session, name: str, file: str) -> str:
        return pickers.import_file(name, file, session.language)

    def finish(step: Any) -> None:
        look(step.then(guarded(arrived, 5), [session, picker, panel[1]], [*panel, picker], **_OWN))

    picker.change(guarded(show, 4), [session, picker], panel, **_LAST)
    finish(at[f"{side}_fetch"].click(fetch, [session, picker], panel[1], **_OWN))
    if local:
        finish(at[f"{side}_import"].upload(guarded(take), [session, picker, at[f"{side}_import"]], panel[1], **_OWN))


def open_page(session: Session, left: str, right: str, request: gr.Request) -> tuple:
    """A visitor comes: their browser's language, the first example, the examples to choose from."""
    session.networks = left, right
    session.language = words.preferred(request.headers.get("accept-language", ""))
    opening: dict[str, Any] = {}
    try:
        thumbnails = photo_input.thumbnails()
        title = xray_link.example(request.query_params, [each["title"] for each in thumbnails])
        opening = photo_input.take(session, {"n": 0, "example": title}) or {}
        opening["thumbnails"] = thumbnails
    except Exception:
        traceback.print_exc(file=sys.stderr)
        opening = session.patch(error=say(session.language, "failed"))
    spoken = _speak(session, **opening)
    return session, *spoken


def _spoken(at: dict[str, Any]) -> list[Any]:
    """The components that speak."""
    return [at[k] for k in (
        "header", "photo", "views", "stops", "heat", "left", "right", "stop", "threshold", "joint", "more", "decoder",
        "flip", "left_fetch", "left_import", "right_fetch", "right_import",
        "tab_photo", "tab_study", "study_question",
    )]  # fmt: skip


def _speak(session: Session, **photo: Any) -> tuple:
    """Changes of `_spoken`, in the session's language."""
    tell = partial(say, session.language)
    table = words.table(session.language)
    labelled = [gr.update(label=tell(key)) for key in ("stop", "threshold", "joint", "more")]
    own = [
        session.patch(words=table, language=session.language),
        {**photo, **session.patch(words=table)},
        session.patch(words=table),
        session.patch(words=table, **stops(session.language, *session.networks)),
        session.patch(words=table),
    ]
    choices = pickers.choices(session.language)
    return (
        *own,
        *(gr.update(label=tell(side), choices=choices) for side in ("left", "right")),
        *labelled,
        gr.update(label=tell("decoder"), choices=decoders(session.language)),
        gr.update(label=tell("flip")),
        *(gr.update(value=tell("fetch")) if k % 2 == 0 else gr.update(label=tell("import")) for k in range(4)),
        *(gr.update(label=tell(key)) for key in ("tab_photo", "tab_study")),
        gr.update(label=tell("study_ask"), choices=study_tab.choices(session.language)),
    )


def _language(session: Session, event: dict[str, Any]) -> tuple:
    """The visitor chose a language. The results are said again in the event after this one."""
    if event.get("to") in words.LANGUAGES:
        session.language = event["to"]
    return _speak(session)


def _pick(session: Session, event: dict[str, Any]) -> tuple:
    """A joint of the table or of a skeleton was clicked."""
    changed = run.joint(session, str(event.get("joint")))
    return changed, gr.update(value=session.joint)


def _stops(session: Session, left: str, right: str) -> dict[str, Any]:
    session.networks = left, right
    return session.patch(**stops(session.language, left, right))


def stops(language: str, left: str, right: str) -> dict[str, Any]:
    """What stands under the slider: its stops, and which of them the weights were trained with."""
    trained: dict[str, list[str]] = {}
    for card in (zoo.card(name) for name in (left, right)):
        short = card.title.partition(" (")[0]
        if card.trained and short not in trained.setdefault(card.upsampling, []):
            trained[card.upsampling].append(short)
    notes = {
        stop: say(language, "trained_with" if len(names) == 1 else "both_trained_with", names[0], say(language, stop))
        for stop, names in trained.items()
    }
    return {"stops": STOPS, "trained": notes}


def decoders(language: str) -> list[tuple[str, str]]:
    return [(say(language, "argmax"), "argmax"), (say(language, "dark_decoder"), "dark")]


def guarded(do: Callable, outputs: int = 1) -> Callable:
    """An event that fails changes nothing: its trace goes to the log, never to the page."""

    @wraps(do)
    def event(*inputs: Any) -> Any:
        try:
            return do(*inputs)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return gr.skip() if outputs == 1 else (gr.skip(),) * outputs

    return event


def _heard(do: Callable[[Session, dict[str, Any]], Any]) -> Callable:
    """An event of our own components: what the browser sent along is a dictionary, whatever was forged."""

    def event(session: Session, data: gr.EventData) -> Any:
        sent = getattr(data, "_data", None)
        try:
            changed = do(session, sent if isinstance(sent, dict) else {})
        except Exception:
            traceback.print_exc(file=sys.stderr)
            changed = None
        return gr.skip() if changed is None else changed

    return event
