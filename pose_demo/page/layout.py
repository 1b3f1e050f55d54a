"""What stands on the page. Which event calls what: events.py."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .. import locales, weights
from ..joints import JOINT_SETS
from ..locales import say
from ..networks import zoo
from ..networks.upsampling import STOPS
from . import api, events, photo_input, pickers, server, study_tab, video_tab, xray
from .session import JOINT, THRESHOLD, Session
from .web import own

_LANGUAGE = "en"


def build(local: bool = True) -> gr.Blocks:
    """The page. local -- only its owner can reach it, so that weights may be imported from a file."""
    with gr.Blocks(
        title=say(_LANGUAGE, "page.title"),
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(server.LOOKED, server.KEPT),
    ) as page:
        at: dict[str, Any] = {"session": gr.State(Session())}
        at["header"] = own("header", events=("language", "wake"), languages=locales.LANGUAGES)
        with gr.Tabs(elem_id="rooms"):
            with gr.Tab(say(_LANGUAGE, "page.tab_photo"), id="photo") as at["tab_photo"]:
                _photo_room(at, local)
            with gr.Tab(say(_LANGUAGE, "page.tab_video"), id="video") as at["tab_video"]:
                at["video"] = own("video", events=("video", "stop_video", "see_video"), megabytes=video_tab.LARGEST)
            with gr.Tab(say(_LANGUAGE, "page.tab_live"), id="live") as at["tab_live"]:
                own("live")
            with gr.Tab(say(_LANGUAGE, "page.tab_study"), id="study") as at["tab_study"]:
                at |= study_tab.build(_LANGUAGE)
        sends = ("pair_that_ships", "setup", "beside", "anew")
        at["tour"] = own("tour/tour", events=sends, pair=list(weights.default_pair()), local=local)
        events.connect(page, at, local)
        api.expose(page)
    return page


def _photo_room(at: dict[str, Any], local: bool) -> None:
    """One photo: in on the left, both networks' answers on the right, the X-ray and all else below."""
    with gr.Row(elem_id="page"):
        with gr.Column(elem_id="controls"):
            here = {"megabytes": photo_input.LARGEST, "finder": weights.find(zoo.FINDER) is not None}
            at["photo"] = own("photo", events=("take", "frame", "person", "inside"), **here)
            _controls(at, local)
        with gr.Column(elem_id="results"):
            taken = ("network", "fetch", "take_weights") if local else ("network", "fetch")
            with gr.Row(elem_id="pickers"):
                for side, name in zip(("left", "right"), weights.default_pair(), strict=True):
                    sent = {"side": side, "value": name, "megabytes": pickers.LARGEST}
                    at[side] = own("picker", events=taken, name=f"pick-{side}", **sent)
            at["views"] = own("views")
    at.update(xray.build())


def _controls(at: dict[str, Any], local: bool) -> None:
    def say(key: str) -> str:
        return locales.say(_LANGUAGE, f"page.{key}")

    with gr.Column(elem_id="stop-box"):
        at["stop"] = gr.Slider(0, len(STOPS) - 1, value=0, step=1, label=say("stop"), elem_id="stop", buttons=[])
        at["stops"] = own("stops", **events.stops_of(*weights.default_pair()))
    names = list(dict.fromkeys(name for known in JOINT_SETS.values() for name in known.joints))
    with gr.Accordion(say("more"), open=False, elem_id="more") as at["more"]:
        at["joint"] = gr.Dropdown(names, value=JOINT, label=say("joint"), elem_id="pick-joint")
        at["threshold"] = gr.Slider(
            0, 1, value=THRESHOLD, step=0.05, label=say("threshold"), elem_id="threshold", buttons=[]
        )
        at["finder"] = gr.Radio(value="", elem_id="finder", **events.finders(_LANGUAGE))
        at["decoder"] = gr.Radio(events.decoders(_LANGUAGE), value="argmax", label=say("decoder"), elem_id="decoder")
        at["flip"] = gr.Checkbox(False, label=say("flip"), elem_id="flip")
        if local:
            at["own"] = own("weights", events=("own",), name="own-network", own=True, megabytes=pickers.LARGEST)
