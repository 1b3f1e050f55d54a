"""What happens when the page is touched."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any, get_type_hints
from weakref import WeakValueDictionary

import gradio as gr

from .. import locales, weights
from ..decode import DECODERS
from ..locales import UserError, say, word
from ..networks import zoo
from ..networks.upsampling import STOPS
from . import compare, link, photo_input, pickers, plot, schema, study_tab, video_tab, xray
from .session import JOINT, THRESHOLD, Session

log = logging.getLogger(__name__)

#: An event of the page's own: nothing of the API, no spinner of Gradio's (the page says itself what it does), not
#: one after the other for all visitors.
_OWN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 20}
#: Of several changes while one is worked on only the last counts.
_LAST: dict[str, Any] = {**_OWN, "trigger_mode": "always_last"}
#: Every change counts.
_EACH: dict[str, Any] = {**_OWN, "trigger_mode": "multiple"}
_SIDES = ("left", "right")
#: What is decided by who chooses both networks and all that is set up for them.
_PAIR = ("beside", "setup", *_SIDES)
#: A session's events that are ordered are done one after the other; a lock of its own a session could not be copied.
_IN_ORDER = [threading.Lock() for _ in range(64)]
#: Sessions by Gradio's names of them, as only these are known when a visitor leaves.
_OPEN: WeakValueDictionary[str, Session] = WeakValueDictionary()


def connect(page: gr.Blocks, at: dict[str, Any], local: bool) -> None:
    """Ties the components of layout.build to what they do."""
    session, controls = at["session"], [at[k] for k in ("stop", "decoder", "flip")]
    results = [at[k] for k in ("views", "table", "heat", "photo", "joint")]
    drawn = [at[k] for k in ("xray", "surface", "bars")]

    def look(event: Callable | list[Callable]) -> None:
        """The networks look, and the X-ray shows what they left."""
        go = {"fn": compare.run, "inputs": [session, *controls], "outputs": results, **_LAST}
        looked = gr.on(event, **go) if isinstance(event, list) else event(**go)
        looked.then(xray.refresh, session, drawn, **_OWN)

    both = [at[k] for k in _SIDES]

    def came(session: Session, request: gr.Request) -> tuple:
        return open_page(session, request, local)

    opened = page.load(came, session, [session, at["header"], at["photo"], *_labelled(at), *both, at["stops"]], **_OWN)
    linked = [at[k] for k in ("stop", "joint", "decoder", "flip", "threshold", "finder", "header")]
    look(opened.then(guarded(link.restore, 7), session, linked, **_OWN).then)
    look(at["photo"].take(sent("take", photo_input.take), session, at["photo"], **_EACH).then)
    for name, do in (("frame", photo_input.frame), ("person", photo_input.choose)):
        look(getattr(at["photo"], name)(sent(name, do, newest=("box",)), session, at["photo"], **_EACH).then)
    for name in ("photo", "xray"):
        shown = at[name].inside(sent("inside", xray.inside, 3), session, drawn, **_EACH)
        shown.then(xray.refresh, session, drawn, **_OWN)
    for name in ("xray", "tour"):
        look(at[name].setup(sent("setup", xray.setup, 0, ("setup",)), session, None, **_EACH).then)
    look([at["stop"].change, at["decoder"].input, at["flip"].input])
    look(at["finder"].input(guarded(_finder, 0), [session, at["finder"]], None, **_LAST).then)

    _same_result(at)
    for name in ("below", "xray", "tour"):
        shows = [*both, at["stops"], at["stop"]]
        look(at[name].beside(sent("beside", _beside, 4, _PAIR), session, shows, **_EACH).then)
    _lesson(at, look)
    page.unload(left)
    at["header"].wake(_wake, None, None, **_EACH)
    _video(at)

    said = [*_labelled(at), *drawn[1:]]
    spoken = at["header"].language(sent("language", _language, 14, ("language",)), session, said, **_EACH)
    for side in range(2):
        _picker(at, side, local, look)
    if "own" in at:
        look(at["own"].own(sent("own", _own, 4), session, [at["own"], *both, at["stops"]], **_EACH).then)
    asked = {"inputs": [session, at["study_question"]], **_LAST}
    gr.on([at["tab_study"].select, at["study_question"].input], _study, outputs=study_tab.outputs(at), **asked)
    spoken.then(_study, outputs=study_tab.outputs(at), **asked)


def _same_result(at: dict[str, Any]) -> None:
    """What shows more of one result, and runs no network but to measure it."""
    session, below, shows = at["session"], at["below"], [at["heat"], at["surface"]]
    again = [at["views"], at["table"]]
    at["threshold"].change(guarded(compare.threshold, 2), [session, at["threshold"]], again, **_LAST)
    at["joint"].input(guarded(_joint, 2), [session, at["joint"]], shows, **_LAST)
    for component, name in (("table", "pick"), ("xray", "choose"), ("below", "choose")):
        getattr(at[component], name)(sent(name, _pick, 3, ("joint",)), session, [*shows, at["joint"]], **_EACH)
    below.surface(sent("surface", xray.surface), session, at["surface"], **_OWN)
    below.measure(sent("measure", xray.measure, 2), session, [at["xray"], at["bars"]], **_OWN)


def _lesson(at: dict[str, Any], look: Callable) -> None:
    session, tour, both = at["session"], at["tour"], [at[k] for k in (*_SIDES, "stops")]
    look(tour.pair_that_ships(sent("pair_that_ships", _ours, 3, _PAIR), session, both, **_EACH).then)
    renewed = [at["photo"], *both, *(at[k] for k in ("stop", "decoder", "flip", "threshold", "finder"))]
    begin = sent("anew", _anew, len(renewed), (*_PAIR, "joint", "box"))
    look(tour.anew(begin, session, renewed, **_EACH).then)


def _video(at: dict[str, Any]) -> None:
    session, tab = at["session"], at["video"]
    controls = [at[k] for k in ("stop", "decoder", "flip", "threshold")]

    def video(session: Session, stop: float, decoder: str, flip: bool, threshold: float, request: gr.Request,
              data: gr.EventData) -> Iterator[dict]:  # fmt: skip
        here(session, request)
        yield from video_tab.run(session, stop, decoder, flip, threshold, request, data)

    tab.video(video, [session, *controls], tab, **_EACH)
    tab.stop_video(sent("stop_video", video_tab.cancel, 0), session, None, **_EACH)
    tab.see_video(sent("see_video", video_tab.see, newest=("seen",)), session, tab, **_EACH)


def _picker(at: dict[str, Any], side: int, local: bool, look: Callable) -> None:
    """One network's picker: what was picked, and where its weights are missing what can be done about it."""
    session, picker = at["session"], at[_SIDES[side]]

    def pick(session: Session, event: schema.To) -> tuple:
        zoo.card(event["to"])  # raises for one that the zoo has not
        pair = list(session.networks)
        pair[side] = event["to"]
        session.networks = pair[0], pair[1]
        session.cuts = ({}, session.cuts[1]) if side == 0 else (session.cuts[0], {})
        return session.patch(value=event["to"], **pickers.panel(event["to"], local)), stops(session)

    def arrived(session: Session, says: schema.Said | None) -> dict:
        """After a download or an import: an error stays, success closes the panel and renews the picker."""
        if says:
            return session.patch(says=says)
        return session.patch(groups=pickers.groups(), **pickers.panel(session.networks[side], local))

    def fetch(session: Session) -> Iterator[dict]:
        says = None
        for says in pickers.fetch(session.networks[side]):
            yield session.patch(says=says)
        yield arrived(session, says)

    def take(session: Session, file: schema.Uploaded) -> dict:
        return arrived(session, pickers.take(session, side, file))

    look(picker.network(sent("network", pick, 2, (_SIDES[side],)), session, [picker, at["stops"]], **_EACH).then)
    look(picker.fetch(fetch, session, picker, **_OWN).then)
    if local:
        look(picker.take_weights(sent("take_weights", take), session, picker, **_OWN).then)


def open_page(session: Session, request: gr.Request, local: bool) -> tuple:
    """A visitor comes: their browser's language, the first example, what there is to choose from."""
    here(session, request)
    session.networks = link.networks(request.query_params, weights.default_pair())
    session.language = link.language(request.query_params, request.headers.get("accept-language", ""))
    try:
        thumbnails = photo_input.thumbnails()
        name = link.example(request.query_params, [each["name"] for each in thumbnails])
        asked: Any = {"n": 0, "example": name, **link.framed(request.query_params)}
        opening = photo_input.take(session, asked) or session.patch()
        opening["thumbnails"] = thumbnails
    except Exception:
        log.exception("the page could not be opened")
        opening = session.patch(error=schema.said("page.failed"))
    known = pickers.groups()
    pair = [session.patch(groups=known, value=each, **pickers.panel(each, local)) for each in session.networks]
    return (
        session, session.patch(language=session.language), opening, *labels(session.language), *pair, stops(session)
    )  # fmt: skip


def here(session: Session, request: gr.Request | None) -> None:
    """A visitor's page is open: after its connection broke for a moment too."""
    if request is not None:
        _OPEN[request.session_hash or ""] = session


def left(request: gr.Request) -> None:
    """The visitor left, or their connection broke: then the page sends its photo again when it is next touched."""
    xray.left(request)
    video_tab.left(request)
    if session := _OPEN.pop(request.session_hash or "", None):
        session.empty()


def _labelled(at: dict[str, Any]) -> list[Any]:
    """The components that are Gradio's own."""
    keys = ("stop", "threshold", "joint", "more", "decoder", "flip", "tab_photo", "tab_video", "tab_live", "finder")
    return [at[k] for k in (*keys, "tab_study", "study_question")]


def labels(language: str) -> tuple:
    """Changes of `_labelled`."""
    tell = partial(say, language)
    return (
        *(gr.update(label=tell(f"page.{key}")) for key in ("stop", "threshold", "joint", "more")),
        gr.update(label=tell("page.decoder"), choices=decoders(language)),
        *(gr.update(label=tell(f"page.{key}")) for key in ("flip", "tab_photo", "tab_video", "tab_live")),
        gr.update(**finders(language)),
        gr.update(label=tell("page.tab_study")),
        gr.update(label=tell("page.study_ask"), choices=study_tab.choices(language)),
    )


def _wake() -> None:
    """Answers nothing: what the browser had closed its stream of answers under comes with it."""


def _language(session: Session, event: schema.To) -> tuple:
    """The visitor chose a language: only what is Gradio's own is said by Python; both plots, in the old one, go."""
    if event["to"] not in locales.LANGUAGES:
        raise UserError("xray.wrong")
    session.language = event["to"]
    return *labels(session.language), *plot.gone()


def _own(session: Session, file: schema.Own) -> tuple:
    """A network of the owner's: it joins both pickers, and is looked through at the right."""
    shows, name = pickers.own(file)
    if name:
        session.networks, session.cuts = (session.networks[0], name), (session.cuts[0], {})
    known = pickers.groups()
    pair = [session.patch(groups=known, value=each) for each in session.networks]
    return session.patch(**shows), *pair, stops(session)


def _ours(session: Session, event: schema.Nothing) -> tuple:
    """The pair that ships, as a lesson needs it."""
    return _paired(session, *weights.default_pair())


def _anew(session: Session, event: schema.Take) -> tuple:
    """A photo, and all else as a new page has it: the next group of a class begins."""
    session.own, session.scope, session.pin = None, "", None
    session.joint, session.threshold, session.finder = JOINT, THRESHOLD, None
    taken = photo_input.take(session, event)
    values = (0, "argmax", False, THRESHOLD, "")
    return (
        gr.skip() if taken is None else taken,
        *_paired(session, *weights.default_pair()),
        *(gr.update(value=value) for value in values),
    )


def _paired(session: Session, left: str, right: str, cuts: Any = None) -> tuple:
    """Two networks at once, and what is cut in them: changes of both pickers and of the stops."""
    session.networks, session.cuts = (left, right), cuts or ({}, {})
    known = pickers.groups()
    return *(session.patch(groups=known, value=each) for each in session.networks), stops(session)


def _beside(session: Session, event: schema.Pair) -> tuple:
    """Two networks, or one beside itself, each with its stop and its cuts: also a change of the slider."""
    pair, asked = event["networks"], {event["stop"], event["own"] or event["stop"]}
    if len(pair) != 2 or not {*pair} <= {*zoo.names()} or not asked <= {*STOPS}:
        raise UserError("xray.wrong")
    cuts = xray.cut(pair, event["cuts"])
    session.own, session.scope = event["own"], ""
    return *_paired(session, *pair, cuts=cuts), gr.update(value=STOPS.index(event["stop"]))


def _study(session: Session, question: str) -> tuple:
    return study_tab.show(question, session.language)


def _joint(session: Session, name: str) -> tuple:
    """Another joint: its heatmaps, and the surface of the last one's goes."""
    return compare.joint(session, name), plot.gone()[0]


def _pick(session: Session, event: schema.Joint) -> tuple:
    """A joint of the table, or of the X-ray's choices."""
    return *_joint(session, event["joint"]), gr.update(value=session.joint)


def stops(session: Session) -> dict[str, Any]:
    """What stands under the slider: which of its stops the weights were trained with."""
    return session.patch(**stops_of(*session.networks))


def stops_of(left: str, right: str) -> dict[str, Any]:
    return {"stops": list(STOPS), "trained": xray.trained(zoo.card(left), zoo.card(right))}


def decoders(language: str) -> list[tuple[str, str]]:
    return [(word(language, "peak", name), name) for name in DECODERS]


def finders(language: str) -> dict[str, Any]:
    """What can find people, as the choice has it: it is seen only where another than what ships was fetched."""
    others = [(zoo.card(name).title, name) for name in link.finders()]
    choices = [(say(language, "page.finder_own"), ""), *others]
    return {"choices": choices, "visible": len(choices) > 1, "label": say(language, "page.finder")}


def _finder(session: Session, name: str) -> None:
    """Another way to find people: whoever was found is looked for again."""
    if name and name not in link.finders():
        raise UserError("xray.wrong")
    session.finder = name or None
    session.frame(session.box)


def _nothing(outputs: int) -> Any:
    return gr.skip() if outputs == 1 else (gr.skip(),) * outputs or None


def guarded(do: Callable, outputs: int = 1) -> Callable:
    """An event that fails changes nothing: its trace goes to the log, never to the page."""

    @wraps(do)
    def event(*inputs: Any) -> Any:
        try:
            return do(*inputs)
        except Exception:
            log.exception("an event failed")
            return _nothing(outputs)

    return event


def sent(
    name: str, do: Callable[[Session, Any], Any], outputs: int = 1, newest: tuple[str, ...] = ()
) -> Callable:  # fmt: skip
    """An event of our own components, `name` of schema.Events: what was forged changes nothing.

    newest -- what each of these events decides anew: of two that overtook one another the newer one stays. The first is
              what it competes for; what it decides beside, no older event may decide after it.
    """
    kind = get_type_hints(schema.Events)[name]

    def event(session: Session, data: gr.EventData, request: gr.Request | None = None) -> Any:
        try:
            here(session, request)
            given = getattr(data, "_data", None)
            asked = schema.read(kind, given)
            if newest:
                with _IN_ORDER[id(session) % len(_IN_ORDER)]:
                    number = schema.read(schema.Sent, given)["n"]
                    in_time, *_ = [session.newer(each, number) for each in newest]
                    changed = do(session, asked) if in_time else None
            else:
                changed = do(session, asked)
        except (UserError, KeyError, IndexError) as problem:
            log.warning("%s cannot be done: %r", name, problem)
            changed = None
        except Exception:
            log.exception("%s failed", name)
            changed = None
        return _nothing(outputs) if changed is None else changed

    return event
