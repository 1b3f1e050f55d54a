"""Components of our own: a page of HTML and scripts in static/, which the browser draws from the patches it is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

STATIC = Path(__file__).parent / "static"


def own(
    name: str,
    words: dict[str, str],
    scripts: tuple[str, ...] = (),
    *,
    events: tuple[str, ...] = (),
    answers: tuple[Callable[..., Any], ...] = (),
    **value: Any,
) -> gr.HTML:
    """static/NAME.html with the scripts common.js, NAME.js and, where they are told, `scripts` in their place.

    words   -- the component's sentences; events -- what its script triggers; answers -- functions that it may call
    value   -- what it shows first
    Raises ValueError where no script triggers one of the events.
    """
    script = "\n".join(_read(f"{part}.js") for part in ("common", *(scripts or (name,))))
    if absent := [event for event in events if f"'{event}'" not in script]:
        raise ValueError(f"{name}.js triggers no {', '.join(absent)}")
    return gr.HTML(
        {"n": 0, "words": words, **value},
        html_template=_read(f"{name}.html"),
        js_on_load=script,
        apply_default_css=False,
        elem_id=name,
        server_functions=list(answers) or None,
    )


def _read(file: str) -> str:
    return (STATIC / file).read_text(encoding="utf-8")
