"""Starts the page: who can reach it, what it looks like, and what is loaded before anybody asks."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from gradio.themes import Base

from .. import weights
from ..draw import colour
from . import photo_input, pickers
from .layout import build
from .web import WEB, routes

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: Visitors whose photo is kept at the same time; the one who did nothing for longest is let go first.
_SESSIONS = 60
_FONTS = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", '
    '"Liberation Sans", sans-serif'
)


def launch(**options: Any) -> Any:
    """Serves the page until interrupted; options go to gr.Blocks.launch (share, server_port, prevent_thread_lock, ...).

    It listens on this machine alone unless GRADIO_SERVER_NAME says otherwise or it runs as a Space. Where others can
    reach it (a Space, a share link, another address, POSE_DEMO_PUBLIC=1), weights cannot be imported from a file.
    """
    name = options.pop("server_name", None) or os.environ.get("GRADIO_SERVER_NAME") or _default_name()
    block = not options.pop("prevent_thread_lock", False)
    local = is_local(name, options.get("share"))
    page = build(local)
    page.queue(default_concurrency_limit=20, max_size=100)
    page.launch(
        server_name=name,
        show_error=False,
        # One limit for all doors: the largest kind that is allowed here. Each door checks its own.
        max_file_size=(pickers.LARGEST if local else photo_input.LARGEST) * 10**6,
        footer_links=["api"],
        state_session_capacity=_SESSIONS,
        ssr_mode=False,
        pwa=False,
        theme=theme(),
        css=colour.css(),
        css_paths=[WEB / "page.css", WEB / "xray.css"],
        app_kwargs={"routes": routes()},
        prevent_thread_lock=True,
        **options,
    )
    threading.Thread(target=_warm, daemon=True, name="warm").start()
    if block:
        page.block_thread()
    return page


def is_local(name: str, share: bool | None = None) -> bool:
    """Only people at this machine can reach the page."""
    shared = share or os.environ.get("GRADIO_SHARE", "").lower() == "true"
    public = os.environ.get("SPACE_ID") or os.environ.get("POSE_DEMO_PUBLIC", "") not in ("", "0")
    return name in _LOOPBACK and not shared and not public


def _default_name() -> str:
    return "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"


def _warm() -> None:
    """What the first visitor needs, loaded while their browser still fetches the page."""
    try:
        from ..comparison import network
        from ..networks import zoo
        from . import photo_input

        photo_input.thumbnails()
        for name in weights.default_pair():
            network(name, str(zoo.device()))
        import plotly.graph_objects  # noqa: F401
    except Exception:  # it will fail again when it is asked for, and be told then
        logging.getLogger(__name__).exception("warming up failed")


def theme() -> Base:
    """Quiet neutral surfaces: the photos are the colour. System fonts, so that nothing comes from the internet."""
    result = Base(primary_hue="blue", neutral_hue="slate", radius_size="md", spacing_size="sm", text_size="md")
    result.font, result.font_mono = _FONTS, 'ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace'
    result.set(
        body_background_fill="#f4f6f9",
        body_background_fill_dark="#0d1117",
        block_border_width="0px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
    )
    return result
