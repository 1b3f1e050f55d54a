"""The same doors for programs that speak MCP, on request: `python app.py --mcp` answers at /mcp beside the page."""

from __future__ import annotations

import base64
import binascii
import functools
import inspect as signatures
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread

from .. import __version__
from ..examples import examples
from ..locales import UserError
from . import api, doors, photo_input

#: Where it answers, and bytes of a question: a photo in base64 is a third larger than its file.
PATH, LARGEST = "/mcp", photo_input.LARGEST * 10**6 * 3 // 2


def server(local: bool) -> Any:
    """The MCP server, an mcp.server.mcpserver.MCPServer. local -- it may be given paths of this machine.

    Raises UserError where the package is missing.
    """
    try:
        from mcp.server.mcpserver import MCPServer
    except ImportError:
        raise UserError("mcp.missing") from None
    made = MCPServer("pose-demo", title="Inside two pose networks", version=__version__, log_level="WARNING")
    logging.getLogger("mcp").setLevel(logging.WARNING)
    threads = CapacityLimiter(api.AT_ONCE)  # none of those that the page's own events run in
    for ask in doors.DOORS:
        made.add_tool(_tool(ask, local, threads), description=_description(ask, local))
    return made


def _description(ask: Callable[..., Any], local: bool) -> str:
    texts = {**doors.TEXTS, "photo": photo_text(local)}
    about = "\n".join(f"{name}: {texts[name]}" for name in signatures.signature(ask).parameters)
    return f"{signatures.cleandoc(ask.__doc__ or '')}\n\n{about}"


def photo_text(local: bool) -> str:
    path = ", the path of a picture on this machine," if local else ""
    return f"an example ({', '.join(each.name for each in examples())}){path} or a picture as data:image/...;base64,..."


def _tool(ask: Callable[..., Any], local: bool, threads: CapacityLimiter) -> Callable[..., Awaitable[dict[str, Any]]]:
    """As MCP calls it: the photo is text, and an example brings its person's box."""
    from mcp.server.mcpserver.exceptions import ToolError

    def take(given: dict[str, Any]) -> None:
        given["photo"], box = photo(given["photo"], local)
        if given.get("box") is None:
            given["box"] = box

    door = doors.offered(ask, str, take, ToolError)

    @functools.wraps(door)
    async def tool(**given: Any) -> dict[str, Any]:
        return await to_thread.run_sync(functools.partial(door, **given), limiter=threads)

    return tool


def photo(told: str, local: bool) -> tuple[Path | bytes, list[float] | None]:
    """A photo as text, and its person's box where that is known. Raises UserError."""
    for example in examples():
        if told == example.name:
            return example.path, list(map(float, example.box)) if example.box else None
    if told.startswith("data:"):
        head, _, data = told.partition(",")
        try:
            content = base64.b64decode(data, validate=True) if head.endswith(";base64") else b""
        except binascii.Error:
            content = b""
        if 0 < len(content) <= photo_input.LARGEST * 10**6:
            return content, None
    elif local and (path := Path(told).expanduser()).is_file():
        return photo_input.fits(path), None
    raise UserError("api.wrong", name="photo", text=photo_text(local), given=f"{told!r:.60}")
