"""The endpoints for programs over HTTP, one for each of doors.py."""

from __future__ import annotations

from functools import partial
from inspect import signature
from typing import Any, cast

import gradio as gr
from gradio.events import api as endpoint

from ..locales import UserError
from . import doors, guard
from .photo_input import fits, uploaded

#: Doors open at a time, all together: each holds a thread while it waits for its turn, and the page needs these too.
AT_ONCE = 4


def expose(page: gr.Blocks) -> None:
    """Inside the page's context."""
    for ask in doors.DOORS:
        name, refuse = ask.__name__, partial(gr.Error, print_exception=False)
        own = doors.offered(ask, gr.FileData, _photo, refuse)
        endpoint(own, api_name=name, api_description=ask.__doc__, concurrency_limit=AT_ONCE,
                 concurrency_id=guard.PROGRAMS)  # fmt: skip
        (made,) = (fn for fn in page.fns.values() if fn.api_name == name)
        for parameter, given in zip(made.inputs, signature(own).parameters, strict=True):
            cast(Any, parameter).api_info()["additional_description"] = doors.TEXTS[given]  # view_api() prints it


def _photo(given: dict[str, Any]) -> None:
    told = given["photo"]
    path = told.get("path") if isinstance(told, dict) else getattr(told, "path", None)
    if not isinstance(path, str):
        raise UserError("api.no_photo")
    given["photo"] = fits(uploaded(path))
