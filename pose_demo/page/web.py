"""Components of our own: a module of web/ each, which the browser fetches and which draws what it is sent.

web/ is served under a name made of its content, so that a browser may keep it for ever; the locale files are part of
it. Addresses are relative to the page: that holds offline, under a sub-path and in a Space's frame.
"""

from __future__ import annotations

import hashlib
import mimetypes
from abc import ABCMeta
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

import gradio as gr
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .. import locales

WEB = Path(__file__).parent / "web"
_KINDS = {".js": "text/javascript", ".json": "application/json"}


@cache
def files() -> dict[str, bytes]:
    """{path as the browser asks for it: content} of all that is served."""
    kinds = ("*.js", "tours/*.json")
    found = {file.relative_to(WEB).as_posix(): file.read_bytes() for kind in kinds for file in sorted(WEB.rglob(kind))}
    words = {f"locales/{language}.json": locales.FOLDER / f"{language}.json" for language in locales.LANGUAGES}
    return found | {name: file.read_bytes() for name, file in words.items()}


@cache
def folder() -> str:
    """ "pose-web/" and the hash of everything in it."""
    content = b"".join(name.encode() + b"\\0" + data for name, data in files().items())
    return f"pose-web/{hashlib.sha256(content).hexdigest()[:16]}"


async def _serve(request: Request) -> Response:
    name = request.path_params["file"]
    if name not in files():
        return Response(status_code=404)
    kind = _KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    headers = {"cache-control": "public, max-age=31536000, immutable", "access-control-allow-origin": "*"}
    return Response(files()[name], media_type=kind, headers=headers)


def routes() -> list[Route]:
    """For the server: what answers when the browser fetches a module."""
    return [Route(f"/{folder()}/{{file:path}}", _serve)]


def _text(value: Any) -> str:
    """What crosses the wire: Gradio's two ends copy and look through a value number by number, but a text at once."""
    return to_json(value, inf_nan_mode="null").decode()


def _postprocess(self: gr.HTML, value: dict[str, Any] | None) -> str | None:
    return None if value is None else _text(value)


#: Made past Gradio's metaclass, which writes a file beside a module that makes a class of its own.
_Own: type[gr.HTML] = ABCMeta.__new__(type(gr.HTML), "Own", (gr.HTML,), {"postprocess": _postprocess})


def _answering(do: Callable[..., Any]) -> Callable[..., str]:
    @wraps(do)
    def answer(*asked: Any) -> str:
        return _text(do(*asked))

    return answer


def own(
    module: str, *, events: tuple[str, ...] = (), answers: tuple[Callable[..., Any], ...] = (), name: str = "",
    **value: Any,
) -> gr.HTML:  # fmt: skip
    """A component that web/MODULE.js draws, in web/MODULE.html where there is one.

    events  -- what it triggers, of schema.Events: Gradio looks for their names in the script
    answers -- functions that it may call; name -- its id, else the module's; value -- its first patch
    """
    page, short = WEB / f"{module}.html", module.rpartition("/")[2]
    loader = (WEB / "loader.js").read_text(encoding="utf-8")
    for part, text in (("WEB", folder()), ("MODULE", f"{module}.js"), ("EVENTS", ", ".join(f"'{e}'" for e in events))):
        loader = loader.replace(part, text)
    return _Own(
        {"n": 0, **value},
        html_template=page.read_text(encoding="utf-8") if page.exists() else "",
        js_on_load=loader,
        apply_default_css=False,
        elem_id=name or short,
        server_functions=[_answering(do) for do in answers] or None,
    )
