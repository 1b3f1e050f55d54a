"""The page's one use case: the session's photo and the controls -> compare() -> the results, newest wish first."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from typing import Any

import gradio as gr

from ..networks import zoo
from ..networks.upsampling import STOPS
from . import results, work, xray
from .photo_input import boxes
from .state import Session, Wish
from .words import joint as joint_word
from .words import say, told

#: Changes of: the views, the heatmaps, the cost's heading and plot, the photo component, the picker of the joint.
NOTHING = (gr.skip(),) * 6


def run(session: Session, left: str, right: str, stop: float, decoder: str, flip: bool) -> Iterator[tuple]:
    """Does what the controls say, unless that is what is shown already. Never raises: what goes wrong is a sentence."""
    language = session.language
    if session.photo is None:
        yield _only(session.patch(error=say(language, "expired"), busy=None))
        return
    try:
        upsampling = xray.scoped(session, (left, right), STOPS[int(stop)])
        wish = Wish(session.turn, (left, right), upsampling, decoder, bool(flip))
        absent = [card.title for card in map(zoo.card, wish.networks) if not card.available]
        if absent:
            yield _only(session.patch(error=say(language, "cannot_run", absent[0]), busy=None))
        elif wish == session.done:
            yield _only(session.patch(error=None, busy=None))
        else:
            yield from _compare(session, wish)
    except work.Stale:
        yield NOTHING
    except (ValueError, FileNotFoundError) as problem:  # ours: one sentence, written for people
        yield _only(session.patch(error=str(problem), busy=None))
    except Exception:
        traceback.print_exc(file=sys.stderr)
        yield _only(session.patch(error=say(language, "failed"), busy=None))


def _compare(session: Session, wish: Wish) -> Iterator[tuple]:
    photo, preview = session.photo, session.preview
    box = session.box or (session.found and session.found[0])

    def job(tell: work.Tell) -> Any:
        tell(0.0, "")
        from ..comparison import compare

        return compare(
            photo, box, wish.networks, wish.upsampling, decoder=wish.decoder, flip=wish.flip, trace=True, progress=tell
        )

    result = None
    for news in work.follow(work.PASSES, job, lambda: session.turn != wish.turn):
        if isinstance(news, tuple):
            yield _only(session.patch(error=None, busy=_progress(news, session.language)))
        else:
            result = news.result()
    if session.turn != wish.turn:
        raise work.Stale
    if result.found is not None:
        session.found = result.box, result.found
    session.result = result
    changes = everything(session, preview)
    session.done = wish
    yield changes


def _progress(news: tuple, language: str) -> str:
    if not news:
        return say(language, "waiting")
    what = news[1]
    return told(language, what) if what else say(language, "starting")


def everything(session: Session, preview: str) -> tuple:
    """All that the page shows of the session's result."""
    result, language = session.result, session.language
    names = results.joints(result)
    if session.joint not in names:
        session.joint = names[0]
    picker = gr.update(choices=[(joint_word(language, name), name) for name in names], value=session.joint)
    picture = results.views(result, session.threshold, language)
    return (
        session.patch(error=None, busy=None, image=preview, **picture),
        session.patch(**results.heatmaps(result, session.joint, language)),
        *results.cost(result, language),
        session.patch(**boxes(session)),
        picker,
    )


def again(session: Session) -> tuple:
    """The same result in another language: nothing is computed again."""
    return NOTHING if session.result is None else everything(session, session.preview)


def threshold(session: Session, value: float) -> Any:
    """The same result under another threshold: no network runs."""
    session.threshold = float(value)
    if session.result is None:
        return gr.skip()
    return session.patch(**results.views(session.result, session.threshold, session.language))


def joint(session: Session, name: str) -> Any:
    """The same result's heatmaps of another joint."""
    if session.result is None or name not in results.joints(session.result):
        return gr.skip()
    session.joint = name
    return session.patch(**results.heatmaps(session.result, name, session.language))


def _only(views: dict[str, Any]) -> tuple:
    return (views, *NOTHING[1:])
