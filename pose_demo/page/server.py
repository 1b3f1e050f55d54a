"""The server under the page: a port, a thread, and a folder of its own for what visitors upload."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import stat
import tempfile
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast

import gradio as gr
import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..locales import UserError

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

#: Files of visitors are deleted when they are this old, in seconds; looked for that often. A photo that was read goes
#: after READ: another visitor may just have sent the same one, which lies at the same place.
KEPT, LOOKED, READ = 6 * 3600, 600, 600
#: Bytes of all of them together; of more the oldest go first.
MOST = int(float(os.environ.get("POSE_DEMO_UPLOADS_MB", "4000")) * 2**20)
_FIRST_PORT, _PORTS = 7860, 100
#: A folder of our own begins so, and has a file in it that is locked while its process lives.
_PREFIX, _LOCK = "pose_demo-", "lock"
_LOCKS: list[TextIO] = []


class Packed:
    """ASGI middleware that packs the page's own document and its events, which Gradio sends as they are. Each event
    leaves at once; no other answer is touched.
    """

    KINDS = ("text/html", "text/event-stream")

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return await self.app(scope, receive, send)
        packing: Any = None

        async def packed(message: Message) -> None:
            nonlocal packing
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                kind = headers.get("content-type", "")
                if message["status"] == 200 and kind.startswith(self.KINDS) and "content-encoding" not in headers:
                    packing = zlib.compressobj(wbits=31)  # gzip
                    headers["content-encoding"] = "gzip"
                    headers.add_vary_header("Accept-Encoding")
                    del headers["content-length"]
            elif message["type"] == "http.response.body" and packing:
                end = zlib.Z_SYNC_FLUSH if message.get("more_body") else zlib.Z_FINISH
                message = {**message, "body": packing.compress(message.get("body", b"")) + packing.flush(end)}
            await send(message)

        await self.app(scope, receive, packed)


class Server(uvicorn.Server):
    """As gr.Blocks knows it: `close` ends it."""

    thread: threading.Thread

    def start(self, listening: socket.socket) -> None:
        """Answers on a socket until it is closed. Raises UserError where it cannot start."""
        self.thread = threading.Thread(target=self.run, args=([listening],), daemon=True, name="server")
        self.thread.start()
        while not self.started:
            if not self.thread.is_alive():
                raise UserError("page.no_server")
            time.sleep(0.01)

    def close(self) -> None:
        self.should_exit = True
        self.thread.join(timeout=5)


def serve(page: gr.Blocks, app: Any, name: str, port: int | None) -> None:
    """Starts to answer with `app`; the page knows its address from then on, and page.close() ends it.

    port -- None: GRADIO_SERVER_PORT or 7860, or the next that is free. Raises UserError where none is.
    """
    host = name.strip("[]")
    listening = _listen(host, port)
    at: int = listening.getsockname()[1]
    how: Any = {"log_level": "warning", "ws": "none", "timeout_graceful_shutdown": 1}  # streams end with their pages
    server = Server(uvicorn.Config(app, host=host, port=at, **how))
    server.start(listening)
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)
    page.server, page.server_name, page.server_port = cast(Any, server), name, at
    page.local_url, page.local_api_url = f"http://{shown}:{at}/", f"http://{shown}:{at}/gradio_api/"


def _listen(host: str, port: int | None) -> socket.socket:
    first = int(os.environ.get("GRADIO_SERVER_PORT", _FIRST_PORT)) if port is None else port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for each in range(first, first + (_PORTS if port is None else 1)):
        with suppress(OSError):
            return socket.create_server((host, each), family=family)
    raise UserError("page.no_port", host=host, port=first)


def own_folder() -> Path:
    """Where uploads go: GRADIO_TEMP_DIR if that is set, else a folder that nobody else reads and that goes with us; or
    with the next of us, where we are killed."""
    if not os.environ.get("GRADIO_TEMP_DIR"):
        _sweep(Path(tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _LOCKS.append((folder / "locking").open("w"))
        if fcntl is not None:
            fcntl.flock(_LOCKS[-1], fcntl.LOCK_EX)
        (folder / "locking").rename(folder / _LOCK)  # so that nobody finds one that is there and free
        (folder / "uploads").mkdir()
        os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")  # where Gradio looks
    return Path(os.environ["GRADIO_TEMP_DIR"])


def _sweep(where: Path) -> None:
    """Deletes the folders of processes that ended otherwise than they should: the system let go of their locks."""
    for folder in where.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if fcntl is None or not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            with (folder / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def end_as_by_hand() -> None:
    """What ends this process from outside ends it as Ctrl+C does, so that its files go; nohup's choice stays."""
    for name in ("SIGTERM", "SIGHUP"):
        each = getattr(signal, name, None)
        if each is not None and signal.getsignal(each) is signal.SIG_DFL:
            signal.signal(each, signal.default_int_handler)


def keep_tidy(folder: Path) -> None:
    """Deletes what is old, or too much, from now on."""

    def work() -> None:
        while True:
            tidy(folder)
            time.sleep(LOOKED)

    threading.Thread(target=work, daemon=True, name="tidy").start()


def halves(folder: Path) -> list[Path]:
    """Uploads that still come, or were broken off: they lie in the folder itself."""
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(each.path) for each in entries if each.is_file(follow_symlinks=False)]
    return []


def drop(files: list[Path]) -> None:
    """Deletes uploads that were broken off."""
    for file in files:
        with suppress(OSError):
            os.truncate(file, 0)  # it may still be open, and would keep its room
            file.unlink()


def tidy(folder: Path, age: float | None = None, most: int | None = None) -> int:
    """Deletes every file below that is older than `age` seconds (KEPT), and the oldest above `most` bytes (MOST).
    An upload that still comes goes when it stood still for LOOKED seconds, but not as one of too many.

    Returns the bytes that are left.
    """
    found = []
    for file in folder.rglob("*"):
        with suppress(OSError):
            if file.is_file():
                status = file.stat()
                found.append((status.st_mtime, status.st_size, file))
    left, now = sum(size for _, size, _ in found), time.time()
    for changed, size, file in sorted(found, key=lambda each: each[0]):
        comes = file.parent == folder
        old = now - changed > (LOOKED if comes else KEPT if age is None else age)
        if comes and old:
            left -= size
            drop([file])
        elif not comes and (old or left > (MOST if most is None else most)):
            left -= size
            with suppress(OSError):
                file.unlink()
                file.parent.rmdir()  # only where nothing else is in it
    return left


def room(folder: Path, size: int) -> bool:
    """Makes room for so many bytes more: the oldest files go. False where that is not enough, or the disk is full."""
    left = tidy(folder)
    most = min(MOST, left + shutil.disk_usage(folder).free)
    return left + size <= most or tidy(folder, most=most - size) + size <= most


def was_read(file: Path) -> None:
    """A photo is in memory: its file goes after READ seconds, unless it is sent once more."""
    with suppress(OSError):
        os.utime(file, (time.time(), time.time() - KEPT + READ))
