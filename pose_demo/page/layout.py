"""What stands on the page, and which event calls what. Components of later views join here, in files of their own."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from .. import weights
from ..joints import JOINT_SETS
from . import api, events, pickers, results, study_tab, words, xray
from .component import own
from .state import JOINT, THRESHOLD, Session

#: Uploaded photos are deleted within a day: seconds between two looks, and a file's age.
KEPT = (3600, 86400)
_LANGUAGE = "en"


def build(local: bool = True, max_megabytes: int = 30) -> gr.Blocks:
    """The page. local -- only its owner can reach it, so that weights may be imported from a file."""
    with gr.Blocks(
        title=words.say(_LANGUAGE, "title"), fill_width=True, analytics_enabled=False, delete_cache=KEPT
    ) as page:
        at = {"session": gr.State(Session())}
        at["header"] = _part("header", events=("language",), languages=words.LANGUAGES, language=_LANGUAGE)
        with gr.Tabs(elem_id="rooms"):
            with gr.Tab(words.say(_LANGUAGE, "tab_photo"), id="photo") as at["tab_photo"]:
                _photo_room(at, local, max_megabytes)
            with gr.Tab(words.say(_LANGUAGE, "tab_study"), id="study") as at["tab_study"]:
                at |= study_tab.build(_LANGUAGE)
        events.connect(page, at, local)
        api.expose(page)
    return page


def _part(name: str, **more: Any) -> gr.HTML:
    """A component of the photo's room, in the language that the page begins with."""
    return own(name, words.table(_LANGUAGE), **more)


def _photo_room(at: dict[str, Any], local: bool, max_megabytes: int) -> None:
    """One photo: in on the left, both networks' answers on the right, the X-ray below."""
    with gr.Row(elem_id="page"):
        with gr.Column(elem_id="controls"):
            at["photo"] = _part("photo", events=("take", "frame"), megabytes=max_megabytes)
            _controls(at, local)
        with gr.Column(elem_id="results"):
            at["views"] = _part("views", events=("pick",), busy=words.say(_LANGUAGE, "starting"))
            at["heat"] = _part("heat")
            with gr.Column(elem_id="cost-box"):
                at["cost_heading"] = gr.HTML(results.heading(_LANGUAGE), apply_default_css=False)
                at["cost"] = gr.Plot(show_label=False, container=False, elem_id="cost")
    at.update(xray.build())


def _controls(at: dict[str, Any], local: bool) -> None:
    say = partial(words.say, _LANGUAGE)
    pair = weights.default_pair()
    for side, name in zip(("left", "right"), pair, strict=True):
        at[side] = gr.Dropdown(
            pickers.choices(_LANGUAGE), value=name, label=say(side), elem_id=f"pick-{side}", filterable=True
        )
        with gr.Group(visible=False, elem_classes="missing") as at[f"{side}_group"]:
            at[f"{side}_note"] = gr.HTML("", apply_default_css=False, elem_classes="note")
            with gr.Row():
                at[f"{side}_fetch"] = gr.Button(say("fetch"), size="sm", variant="primary", min_width=80)
                at[f"{side}_import"] = gr.UploadButton(say("import"), size="sm", min_width=80, visible=local)
    with gr.Column(elem_id="stop-box"):
        at["stop"] = gr.Slider(0, 3, value=0, step=1, label=say("stop"), elem_id="stop", buttons=[])
        at["stops"] = _part("stops", **events.stops(_LANGUAGE, *pair))
    at["threshold"] = gr.Slider(
        0, 1, value=THRESHOLD, step=0.05, label=say("threshold"), elem_id="threshold", buttons=[]
    )
    names = list(dict.fromkeys(name for known in JOINT_SETS.values() for name in known.joints))
    at["joint"] = gr.Dropdown(names, value=JOINT, label=say("joint"), elem_id="pick-joint")
    with gr.Accordion(say("more"), open=False, elem_id="more") as at["more"]:
        at["decoder"] = gr.Radio(events.decoders(_LANGUAGE), value="argmax", label=say("decoder"), elem_id="decoder")
        at["flip"] = gr.Checkbox(False, label=say("flip"), elem_id="flip")
