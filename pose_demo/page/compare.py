"""The page's one use case: the session's photo and the controls -> compare() -> the results, newest request first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..locales import UserError, word
from ..networks import patch, zoo
from ..networks.upsampling import STOPS
from . import lent, results, work, xray
from .cached import without_traces
from .guard import full
from .photo_input import boxes
from .schema import Said, said
from .session import CHANGES, Request, Session

if TYPE_CHECKING:
    from ..comparison import Comparison

#: Changes of: the views, the table, the heatmaps, the photo component, the picker of the joint.
NOTHING = (gr.skip(),) * 5


def run(session: Session, stop: float, decoder: str, flip: bool) -> Iterator[tuple]:
    """Does what the controls say, unless that is what is shown already. Never raises: what goes wrong is a sentence."""
    try:
        if session.photo is None or not all(session.networks):  # Gradio has put a new session in its place
            raise UserError("page.expired")
        if flip:
            _unmirrored(session)
        upsampling = xray.scoped(session, session.networks, STOPS[int(stop)])
        request = Request(session.turn, session.networks, upsampling, decoder, bool(flip), session.cuts, session.finder)
        for card in map(zoo.card, request.networks):
            if not card.available:
                raise UserError("page.cannot_run", network=card.title)
        if request == session.done:
            yield _only(session.patch(error=None, busy=None))
        else:
            yield from _compare(session, request)
    except work.Stale:  # a newer one says how it goes on; but of a visitor who seemed to leave nothing is left
        gone = {"error": said("page.expired"), "busy": None}
        yield NOTHING if session.photo is not None else _only(session.patch(**gone))
    except Exception as problem:
        yield _only(session.patch(error=sentence(problem), busy=None))


def _unmirrored(session: Session) -> None:
    """Cuts that no flip test can have are refused, and those that are shown are the session's again."""
    try:
        patch.unmirrored(*session.cuts)
    except UserError:
        done = session.done
        session.cuts = done.silence if done and done.networks == session.networks else ({}, {})
        raise


def sentence(problem: Exception) -> Said:
    """What may be said of an error: what was meant for people, and nothing of what we did not expect."""
    if isinstance(problem, UserError):
        return problem.said
    if full(problem):
        return said("page.disk_full")
    logging.getLogger(__name__).error("the page failed", exc_info=problem)
    return said("page.failed")


def _compare(session: Session, request: Request) -> Iterator[tuple]:
    def job(tell: work.Tell) -> Any:
        tell(0.0, said("page.starting"))
        how: Any = {
            "box": session.box, "networks": request.networks, "upsampling": request.upsampling,
            "decoder": request.decoder, "flip": request.flip, "progress": tell, "who": session.who,
            "finder": request.finder,
        }  # fmt: skip
        ask = partial(_of_whom_there_is, session.photo, how)
        kept = _measure(session, bare) if bare != request else None
        people = session.people if kept is None else _there(kept)
        cut = ask(people=people, silence=request.silence, trace=True)
        return kept or _mended(cut, ask), cut

    number, bare = session.number, replace(request, silence=({}, {}))
    whole: Any = None
    result: Any = None
    lost: Said | None = None
    for news in work.follow(work.PASSES, job, lambda: session.turn != request.turn):
        if isinstance(news, tuple):
            yield _only(session.patch(error=None, busy=_progress(news)))
        else:
            whole, result = news.result()
    with CHANGES:
        if session.turn != request.turn:
            raise work.Stale
        if whole.found is not None:
            again = session.found if session.people == () else None  # nobody was there: it was known how surely
            session.people, session.found = whole.people, again or (whole.box, whole.found)
            result = replace(result, found=session.found[1])
            if whole.who != session.who:
                lost = said("compare.who", given=session.who, count=len(whole.people))
                session.who = whole.who
        session.result, session.done = result, request
        session.bare = bare, without_traces(replace(whole, photo=result.photo))
        session.photo = result.photo  # the same pixels, once in memory
    yield everything(session, number, **({"error": lost} if lost else {}))


def _measure(session: Session, bare: Request) -> Comparison | None:
    """What cuts are measured by, where it is known; another decoder needs no pass."""
    from ..comparison import reread

    if session.bare is None:
        return None
    asked, whole = session.bare
    if asked == bare:
        return whole
    if replace(asked, decoder=bare.decoder) != bare:
        return None
    return replace(whole, decoder=bare.decoder, poses=tuple(reread(pose, bare.decoder) for pose in whole.poses))


def _mended(cut: Comparison, ask: Callable[..., Comparison]) -> Comparison:
    """The same with nothing cut: another pass of each network in which something is."""
    poses = dict(enumerate(cut.poses))
    some = {k: pose for k, pose in poses.items() if pose.silence}
    if some:
        how = {"networks": [p.network for p in some.values()], "upsampling": [p.upsampling for p in some.values()]}
        poses |= zip(some, ask(people=_there(cut), **how).poses, strict=True)
    return replace(cut, poses=tuple(poses.values()))


def _there(known: Comparison) -> Any:
    """Whom nobody need look for again; None: a box was given."""
    return None if known.found is None else known.people


def _of_whom_there_is(photo: Any, how: dict[str, Any], **more: Any) -> Comparison:
    """compare, of the last one where fewer people are found than a link counted."""
    try:
        return lent.compare(photo, **{**how, **more})
    except UserError as problem:
        if problem.key != "compare.who":
            raise
        count: Any = problem.values["count"]
        how["who"] = max(1, count)
        return lent.compare(photo, **{**how, **more})


def _progress(news: tuple) -> Said:
    """What a job told last: () while it waits for its turn."""
    return news[1] if news else said("page.waiting")


def everything(session: Session, number: int, **beside: Any) -> tuple:
    """All that the page shows of the session's result, of its photo `number`; beside -- what is said at the photo."""
    result = session.comparison
    names = results.joints(result)
    if session.joint not in names:
        session.joint = names[0]
    return (
        session.patch(error=None, busy=None, photo=number, **results.views(*shown(session))),
        session.patch(**results.table(*shown(session))),
        session.patch(**results.heatmaps(result, session.joint)),
        session.patch(**boxes(session), nearer=results.nearer(result, marks(session)), **beside),
        picker(session),
    )


def marks(session: Session) -> results.Marks:
    """Where somebody placed the joints of the person that the result is of; empty for any other, and other photos."""
    example, done = session.example, session.done
    return example.marks(session.comparison.box) if example and done and done.turn == session.turn else {}


def picker(session: Session) -> Any:
    """The choice of a joint, in the language of the session."""
    names = results.joints(session.comparison)
    return gr.update(choices=[(word(session.language, "joint", name), name) for name in names], value=session.joint)


def threshold(session: Session, value: float) -> Any:
    """The same result under another threshold: no network runs."""
    session.threshold = float(value)
    if session.result is None:
        return (gr.skip(),) * 2
    return session.patch(**results.views(*shown(session))), session.patch(**results.table(*shown(session)))


def shown(session: Session) -> tuple[Comparison, float, results.Marks, Comparison | None]:
    """What the views and the table are drawn from: the result, and where something was cut the result without cuts."""
    cut = session.bare is not None and session.done is not None and any(session.done.silence)
    return session.comparison, session.threshold, marks(session), session.bare[1] if session.bare and cut else None


def joint(session: Session, name: str) -> Any:
    """The same result's heatmaps of another joint."""
    if session.result is None or name not in results.joints(session.result):
        return gr.skip()
    session.joint = name
    return session.patch(**results.heatmaps(session.result, name))


def _only(views: dict[str, Any]) -> tuple:
    return (views, *NOTHING[1:])
