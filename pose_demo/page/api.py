"""The one endpoint for programs: /compare, the same use case as the page's."""

from __future__ import annotations

import logging
from typing import Any, cast, get_type_hints

import gradio as gr
from gradio.events import api as endpoint
from pydantic import TypeAdapter, ValidationError

from ..decode import DECODERS
from ..locales import UserError, say
from ..networks import zoo
from ..networks.upsampling import STOPS
from . import work
from .photo_input import uploaded

#: What each parameter is: in view_api(), and in the sentence of an error.
TEXTS = {
    "photo": "a picture file: gradio_client.handle_file(path)",
    "box": "the person's box [x0, y0, x1, y1] in pixels of the photo, or null to look for the person",
    "networks": "a list of two names as `weights list` shows them, or null for the pair that ships",
    "upsampling": f"a stop of the slider ({', '.join(STOPS)}), an object {{place: stop}}, or null: as each was "
    "trained; or a list with one for each network",
    "decoder": f"how a peak becomes a joint: {', '.join(DECODERS)}",
    "flip": "true to average with the mirrored photo, or false",
    "silence": 'what is cut: an object {place: "zero" or "flat"}, a place being a tap, an arrow source->target or '
    "a stack; a list of two such objects, one for each network; or null",
}


def compare(
    photo: gr.FileData,
    box: list[float] | None = None,
    networks: list[str] | None = None,
    upsampling: str | dict[str, str] | list[str | dict[str, str] | None] | None = "nearest",
    decoder: str = "argmax",
    flip: bool = False,
    silence: dict[str, str] | list[dict[str, str]] | None = None,
) -> dict[str, Any]:
    """One photo through two networks: keypoints (x, y, score) of both, how far apart each shared joint is, and how
    it came about. "person" is null where probably nobody is in the photo.
    """
    from ..comparison import compare as look

    given = {"box": box, "networks": networks, "upsampling": upsampling, "decoder": decoder, "flip": flip}
    given["silence"] = silence
    try:
        file = _photo(photo)
        _check(given)
        return work.PASSES.submit(look, file, **given).result().to_json()
    except UserError as problem:
        raise gr.Error(str(problem), print_exception=False) from None
    except Exception:
        logging.getLogger(__name__).exception("/compare failed")
        raise gr.Error(say("en", "api.failed"), print_exception=False) from None


def _photo(given: Any) -> Any:
    path = given.get("path") if isinstance(given, dict) else getattr(given, "path", None)
    if not isinstance(path, str):
        raise UserError("api.no_photo")
    return uploaded(path)


def _check(given: dict[str, Any]) -> None:
    """Types strictly, names of networks as the zoo has them: a name that is a path would open a file of ours."""
    hints = get_type_hints(compare)
    for name, value in given.items():
        try:
            TypeAdapter(hints[name]).validate_python(value, strict=True)
            fine = name != "networks" or value is None or len(value) == 2
        except ValidationError:
            fine = False
        if not fine:
            raise UserError("api.wrong", name=name, text=TEXTS[name], given=f"{value!r:.80}")
    for network in given["networks"] or ():
        if not (card := zoo.card(network)).available:
            raise UserError("page.cannot_run", network=card.title)


def expose(page: gr.Blocks) -> None:
    """Inside the page's context."""
    endpoint(compare, api_name="compare", concurrency_limit=20)
    (made,) = (fn for fn in page.fns.values() if fn.api_name == "compare")
    for parameter, text in zip(made.inputs, TEXTS.values(), strict=True):
        cast(Any, parameter).api_info()["additional_description"] = text  # what view_api() prints beside it
