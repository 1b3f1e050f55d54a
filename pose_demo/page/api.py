"""The one endpoint for programs: /compare, the same use case as the page's."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import gradio as gr

from . import work
from .photo_input import uploaded


def compare(
    photo: gr.FileData,
    box: list[float] | None = None,
    networks: list[str] | None = None,
    upsampling: str = "nearest",
) -> dict[str, Any]:
    """One photo through two networks.

    photo: an image file. box: the person as [x0, y0, x1, y1] in pixels, or null to look for them. networks: two names
    of the zoo, or null for the pair that ships. upsampling: nearest, bilinear, bicubic or bilinear-corners.
    Returns keypoints (x, y, score) of both networks, the distance of each joint they share, and how it came about.
    """
    from ..comparison import compare as look

    try:
        path = photo["path"] if isinstance(photo, dict) else photo.path
        file = uploaded(path)
        result = work.PASSES.submit(look, file, box, networks, upsampling).result()
        return result.to_json()
    except (ValueError, FileNotFoundError) as problem:
        raise gr.Error(str(problem), print_exception=False) from None
    except Exception:
        traceback.print_exc(file=sys.stderr)
        raise gr.Error("the app failed; its log says why", print_exception=False) from None


def expose() -> None:
    """Inside a gr.Blocks context."""
    gr.api(compare, api_name="compare", concurrency_limit=20)
