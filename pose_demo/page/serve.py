"""Starts the page: who can reach it, what it looks like, and what is loaded before anybody asks."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from fastapi import FastAPI
from gradio import networking
from gradio.themes import Base
from starlette.middleware.cors import CORSMiddleware

from .. import weights
from ..draw import colour
from ..locales import UserError
from . import guard, lent, mcp_door, pickers, server, video_tab
from .layout import build
from .web import WEB, routes

#: Visitors whose photo is kept at the same time; the one who did nothing for longest is let go first.
_SESSIONS = 60
_FONTS = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", '
    '"Liberation Sans", sans-serif'
)


def launch(
    server_name: str | None = None,
    server_port: int | None = None,
    *,
    auth: tuple[str, str] | None = None,
    share: bool | None = None,
    prevent_thread_lock: bool = False,
    mcp: bool = False,
    **options: Any,
) -> gr.Blocks:
    """Serves the page until interrupted, or beside the caller (prevent_thread_lock); page.close() ends it.

    auth    -- user and password without whom nobody gets in; options go to gr.mount_gradio_app
    mcp     -- answers at /mcp, too, which takes no password

    It listens on this machine alone unless GRADIO_SERVER_NAME says otherwise or it runs as a Space. Where others can
    reach it (a Space, a share link, another address, POSE_DEMO_PUBLIC=1), weights cannot be imported from a file.
    Other sites' pages are refused but those that POSE_DEMO_ORIGINS names, as "https://host,https://other".
    """
    if not prevent_thread_lock and threading.current_thread() is threading.main_thread():
        server.end_as_by_hand()
    name = server_name or os.environ.get("GRADIO_SERVER_NAME") or _default_name()
    share = os.environ.get("GRADIO_SHARE", "").lower() == "true" if share is None else share
    folder, local = server.own_folder(), is_local(name, share)
    page = build(local)
    if mcp and auth:
        raise UserError("mcp.auth")
    app = application(page, local, mcp, server_name=name, auth=auth, **options)
    server.serve(page, app, name, server_port)
    server.keep_tidy(folder)
    print(f"* Running on local URL:  {str(page.local_url).rstrip('/')}", flush=True)
    lent.begin()
    if share:
        token = secrets.token_urlsafe(32)
        print(
            f"* Running on public URL: {networking.setup_tunnel(name, page.server_port, token, None, None)}", flush=True
        )
    threading.Thread(target=_warm, daemon=True, name="warm").start()
    if not prevent_thread_lock:
        try:
            while page.is_running:
                time.sleep(0.1)
        except KeyboardInterrupt:  # streams to open pages are cut off: nothing to be told
            logging.getLogger("uvicorn.error").disabled = True
            video_tab.end()
            page.close(verbose=False)
    return page


def application(page: gr.Blocks, local: bool, mcp: bool = False, **options: Any) -> FastAPI:
    """The page, and MCP beside it, on an app of our own, behind the guard; options go to gr.mount_gradio_app."""
    origins = [each.strip() for each in os.environ.get("POSE_DEMO_ORIGINS", "").split(",") if each.strip()]
    hosts = guard.LOOPBACK | {urlsplit(each).hostname or "" for each in origins} if local else None
    # One limit for all doors: the largest kind that is allowed here. Each door checks its own.
    largest = (pickers.LARGEST if local else video_tab.LARGEST) * 10**6
    page.queue(default_concurrency_limit=20, max_size=100)
    # Gradio looks a thousand times a second whether somebody asked, which takes a tenth of a core.
    page._queue.sleep_when_free = max(0.01, page._queue.sleep_when_free)
    page.state_session_capacity = _SESSIONS
    app, more = FastAPI(openapi_url=None), {}
    if mcp:
        app, more = _speaks_mcp(local), {mcp_door.PATH.strip("/"): mcp_door.LARGEST}
    app.add_middleware(server.Packed)
    app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["*"])
    app.add_middleware(guard.Guard, page=page, upload=largest, origins=origins, hosts=hosts, more=more)
    return gr.mount_gradio_app(
        app,
        page,
        path="/",
        root_path=os.environ.get("GRADIO_ROOT_PATH", ""),
        show_error=False,
        max_file_size=largest,
        footer_links=["api"],
        ssr_mode=False,
        pwa=False,
        run_history=False,
        theme=theme(),
        css=colour.css(),
        css_paths=[WEB / "page.css", WEB / "xray.css", WEB / "tour" / "tour.css", WEB / "video.css", WEB / "live.css"],
        app_kwargs={"routes": [*routes(), *video_tab.routes()]},
        **options,
    )


def _speaks_mcp(local: bool) -> FastAPI:
    speaks = mcp_door.server(local)
    inner = speaks.streamable_http_app(
        streamable_http_path=mcp_door.PATH, json_response=True, stateless_http=True,
        max_request_body_size=mcp_door.LARGEST, transport_security=None, host="",  # hosts and origins are the guard's
    )  # fmt: skip

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with speaks.session_manager.run():
            yield

    app = FastAPI(openapi_url=None, lifespan=life)
    app.router.routes.extend(inner.routes)
    return app


def is_local(name: str, share: bool | None = None) -> bool:
    """Only people at this machine can reach the page."""
    share = share or os.environ.get("GRADIO_SHARE", "").lower() == "true"
    public = os.environ.get("SPACE_ID") or os.environ.get("POSE_DEMO_PUBLIC", "") not in ("", "0")
    return name.strip("[]") in guard.LOOPBACK and not share and not public


def _default_name() -> str:
    return "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"


def _warm() -> None:
    """What the first visitor needs, loaded while their browser still fetches the page."""
    try:
        from ..networks import zoo
        from . import photo_input

        photo_input.thumbnails()
        for name in weights.default_pair():
            zoo.shared(name, zoo.device())
        import plotly.graph_objects  # noqa: F401
    except Exception:  # it will fail again when it is asked for, and be told then
        logging.getLogger(__name__).exception("warming up failed")
    finally:
        if (
            not gc.isenabled()
        ):  # in a process of its own: what it was loaded with stays, and is not looked through again
            gc.collect()
            gc.freeze()
            gc.enable()


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
