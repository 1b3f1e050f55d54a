"""The door: what every request passes before Gradio sees it, and what goes with every answer.

Only the routes that the page needs exist; what comes is small and quick enough before anything is decoded; another
site's page can neither read nor ask; no address that a visitor names is fetched, and nobody's upload can be read back.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse

from ..locales import UserError, say
from . import server

log = logging.getLogger(__name__)

#: The session of the request that is being answered; None where no server is between (tests, a notebook).
VISITOR: ContextVar[str | None] = ContextVar("visitor", default=None)

#: What the page and gradio_client ask for: the first part of a path, and of one below /gradio_api.
_PAGES = frozenset((
    "", "config", "theme.css", "assets", "static", "svelte", "favicon.ico", "robots.txt", "manifest.json", "pose-web",
    "pose-video", "login", "logout", "login_check",
))  # fmt: skip
_API = frozenset((
    "info", "queue", "call", "upload", "upload_progress", "component_server", "heartbeat", "startup-events", "cancel",
    "reset", "app_id", "user", "login_check", "theme.css", "mcp",
))  # fmt: skip
#: Bytes of a question; an upload may have as many as its file, and this for what is around it.
_QUESTION = 2**20
#: Bytes of an upload after which it is looked again whether there is room for it.
_STEP = 16 * 2**20
#: Seconds in which a body must have begun, and bytes that must come in each second from then on.
_PATIENCE, _PACE = 20, 20_000
#: Events that one session may have waiting, and questions to the X-ray. A page that is used fast has a handful.
_WAITING = 30
#: Questions at a time on further routes (MCP), where no session says whose they are.
_FURTHER = 4
#: The queue that all doors for programs share, and how much may wait in it: the rest of Gradio's is the page's.
PROGRAMS, _PROGRAMS = "doors", 20
#: Logins that are being refused at a time; each takes a second, so that nobody tries many passwords. And how many may
#: wait for their turn.
_LOGINS, _ENTERING = 5, 40

_HEADERS = {
    "content-security-policy": "frame-ancestors 'self' https://huggingface.co https://*.hf.space",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
#: What the system says where there is no room for a file.
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class Refused(UserError):
    """A request that goes no further. status -- HTTP's"""

    def __init__(self, status: int, key: str, **values: object):
        super().__init__(key, **values)
        self.status = status


@dataclass
class Guard:
    """ASGI middleware around everything.

    page    -- whose queue says how much a session has waiting
    upload  -- bytes of the largest file that may come
    origins -- other sites' that may ask, as "https://host"; hosts -- names under which the page answers, None: any
    more    -- {first part of a further route: bytes that may come there}
    """

    app: Callable
    page: gr.Blocks
    upload: int
    origins: Collection[str] = ()
    hosts: Collection[str] | None = None
    more: Mapping[str, int] = field(default_factory=dict)
    asking: Counter[str] = field(default_factory=Counter)
    logins: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LOGINS))
    entering: int = 0  # logins
    coming: int = 0  # uploads
    further: int = 0  # questions on further routes

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        answer = _Answer(send)
        try:
            await self._pass(Request(scope), receive, answer)
            await answer.end()
        except Exception as problem:
            refused = problem if isinstance(problem, Refused) else answer.refused
            if refused is None and full(problem):
                refused = Refused(507, "page.disk_full")
            if refused is None:  # a forged question that Gradio trips over: it ends here, and the connection goes on
                log.warning("a request failed: %r", problem, exc_info=True)
                refused = Refused(500, "api.failed")
            answer.refused = refused
        if answer.refused and not answer.begun:
            body = JSONResponse(
                {"detail": say("en", answer.refused.key, **answer.refused.values)}, answer.refused.status
            )
            await body(scope, receive, answer.through)

    async def _pass(self, request: Request, receive: Callable, answer: _Answer) -> None:
        parts = _parts(request.scope)
        self._check(request, parts)
        carries = parts[:2] == ["gradio_api", "upload"]
        body = _Body(receive, self.upload if carries else self.more.get(parts[0], 0), answer)
        body.check(request)
        if carries:
            return await self._upload(request, body, answer)
        if parts[0] == "login" and request.method == "POST":
            return await self._login(request, body, answer)
        if parts[0] in self.more and request.method == "POST":
            return await self._further(request, body, answer)
        if request.method != "POST" or parts[0] != "gradio_api" or parts[1] == "mcp":
            return await self.app(request.scope, body, answer)
        asked = await body.read(request)
        visitor = _checked(asked)
        busy = self._waiting(visitor)
        if busy >= _WAITING and parts[1] not in ("cancel", "reset"):
            raise Refused(429, "guard.busy", count=_WAITING)
        door = self._is_door(parts, asked)
        if door and self._at_doors() >= _PROGRAMS:
            raise Refused(429, "guard.many", count=_PROGRAMS)
        token, mine = VISITOR.set(visitor), Counter([visitor, *["/doors"] * door])  # no visitor's name has a slash
        self.asking += mine
        try:
            await self.app(request.scope, body, answer)
        finally:
            VISITOR.reset(token)
            self.asking -= mine

    async def _login(self, request: Request, body: _Body, answer: _Answer) -> None:
        if self.entering >= _ENTERING:
            raise Refused(429, "guard.many", count=_ENTERING)
        answer.pause, self.entering = 1, self.entering + 1
        try:
            async with self.logins:
                await self.app(request.scope, body, answer)
        finally:
            self.entering -= 1

    async def _upload(self, request: Request, body: _Body, answer: _Answer) -> None:
        """What all visitors sent takes no more than it may: a session is a name that they give themselves."""
        folder = Path(get_upload_folder())
        body.room, self.coming = partial(_room, folder), self.coming + 1
        try:
            await self.app(request.scope, body, answer)
        except Exception:
            await body.rest()  # a browser that cannot send all of it does not hear why
            raise
        finally:
            self.coming -= 1
            if not self.coming:  # what is half there now stays so; what begins from now on is another
                await asyncio.to_thread(server.drop, server.halves(folder))

    async def _further(self, request: Request, body: _Body, answer: _Answer) -> None:
        """Only so many at a time, as each takes a thread and memory that the page needs."""
        if self.further >= _FURTHER:
            raise Refused(429, "guard.many", count=_FURTHER)
        self.further += 1
        try:
            await self.app(request.scope, body, answer)
        finally:
            self.further -= 1

    def _waiting(self, visitor: str) -> int:
        queued = self.page._queue.pending_event_ids_session.get(visitor, ())
        return len(queued) + self.asking[visitor]

    def _is_door(self, parts: list[str], asked: dict[str, Any]) -> bool:
        """Whether a question joins the programs' queue. What is no event of the page counts as one of theirs."""
        index = asked.get("fn_index")
        event = self.page.fns.get(index) if type(index) is int else None
        return parts[1] == "call" or (parts[1] == "queue" and (event is None or event.concurrency_id == PROGRAMS))

    def _at_doors(self) -> int:
        """How many wait there, and those that are just joining: a session is a name that they give themselves."""
        doors = self.page._queue.event_queue_per_concurrency_id.get(PROGRAMS)
        return self.asking["/doors"] + (len(doors.queue) if doors else 0)

    def _check(self, request: Request, parts: list[str]) -> None:
        """Raises Refused for a route that the page does not need, Gradio's files among them, and another site."""
        known = {*_PAGES, *self.more} if parts[0] != "gradio_api" else _API
        if (parts[1] if known is _API and len(parts) > 1 else parts[0]) not in known:
            raise Refused(404, "guard.route")
        host = request.headers.get("host", "")
        if self.hosts is not None and _hostname(f"//{host}") not in self.hosts:
            raise Refused(421, "guard.host", host=f"{host:.80}")
        if request.method not in ("GET", "HEAD", "OPTIONS") and not self._own(request, host):
            raise Refused(403, "guard.origin")

    def _own(self, request: Request, host: str) -> bool:
        """Whether our own page asks, or a program. A browser says of a request whence it comes."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if origin in self.origins or (origin is None and site is None):
            return True
        if site is not None:
            return site in ("same-origin", "none")
        asked = urlsplit(origin or "").netloc
        return bool(asked) and asked in (host, request.headers.get("x-forwarded-host"))


def full(problem: BaseException) -> bool:
    """Whether it is the disk that has no room."""
    return isinstance(problem, OSError) and problem.errno in _FULL


async def _room(folder: Path, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not await asyncio.to_thread(server.room, folder, size):
        raise Refused(507, "page.disk_full")


def _parts(scope: MutableMapping[str, Any]) -> list[str]:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    parts = [part for part in unquote(path).split("/") if part] or [""]
    return parts if parts != ["gradio_api"] else ["gradio_api", ""]


def _hostname(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _checked(asked: Any) -> str:
    """The session that asks. Raises Refused for a name that is none, and where a file is given by its address."""
    if not isinstance(asked, dict):
        raise Refused(400, "guard.json")
    visitor = asked.get("session_hash") or ""
    if not (isinstance(visitor, str) and re.fullmatch(r"[A-Za-z0-9_-]{0,64}", visitor)):
        raise Refused(400, "guard.json")
    waiting = [asked]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            path = each.get("path")
            if isinstance(path, str) and "://" in path:
                raise Refused(400, "guard.address")
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return visitor


class _Body:
    """A request's body as the app receives it: no larger and no slower than allowed, whatever was announced."""

    def __init__(self, receive: Callable, file: int, answer: _Answer):
        self._receive, self._most, self._answer = receive, file + _QUESTION, answer
        self._got, self._more, self._begun = 0, True, time.monotonic()
        self._kept: bytes | None = None
        self.room: Callable[[int], Awaitable[None]] | None = None  # raises Refused where there is none
        self._announced, self._looked = 0, -_STEP

    def check(self, request: Request) -> None:
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._most:
            raise self._large()
        self._announced = int(length)

    def _large(self) -> Refused:
        return Refused(413, "guard.large", most=f"{self._most / 2**20:.0f}")

    async def __call__(self) -> dict:
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return {"type": "http.request", "body": kept, "more_body": False}
        if not self._more:
            return await self._receive()
        left = self._begun + _PATIENCE + self._got / _PACE - time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0.01))
        except TimeoutError:
            self._refuse(Refused(408, "guard.slow"))
        self._more = message.get("more_body", False)
        self._got += len(message.get("body", b""))
        if self._got > self._most:
            self._refuse(self._large())
        if self.room and self._got >= self._looked + _STEP:
            ahead = self._announced if self._looked < 0 else 0  # now that it comes: who may not send never gets here
            self._looked = self._got
            try:
                await self.room(ahead)
            except Refused as refused:
                self._refuse(refused)
        return message

    def _refuse(self, refused: Refused) -> None:
        self._answer.refused = self._answer.refused or refused
        raise refused

    async def rest(self) -> None:
        """Lets what was announced come, as far as it may, and keeps nothing of it."""
        self.room = None
        with suppress(Refused):
            while self._more and self._announced:
                await self()

    async def read(self, request: Request) -> Any:
        """All of it, parsed; the app receives it afterwards. Raises Refused."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refused(415, "guard.json")
        parts = []
        while self._more:
            message = await self()
            if message["type"] == "http.disconnect":
                raise Refused(400, "guard.json")
            parts.append(message.get("body", b""))
        self._kept = b"".join(parts)
        try:
            return json.loads(self._kept, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Refused(400, "guard.json") from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


class _Answer:
    """What goes back: with our headers; nothing of the app's once the request was refused."""

    def __init__(self, send: Callable):
        self._send, self.begun = send, False
        self.refused: Refused | None = None
        self.pause = 0  # seconds before an error is told
        self._failed: list[MutableMapping[str, Any]] = []  # an app's answer to its own fault, until we know of which

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if self._failed or message.get("status") == 500:
            self._failed.append(message)
        elif self.refused is None:
            await self.through(message)

    async def end(self) -> None:
        for message in self._failed if self.refused is None else ():
            await self.through(message)

    async def through(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            if message["status"] >= 400:
                await asyncio.sleep(self.pause)
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await self._send(message)
