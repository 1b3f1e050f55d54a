"""A real HTTP server on this machine that misbehaves as told, for the tests of downloads."""

from __future__ import annotations

import hashlib
import json
import random
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pose_demo.download import download

BODY = random.Random(0).randbytes(300_000)
SHA = hashlib.sha256(BODY).hexdigest()
WRONG = BODY[:1000] + bytes([BODY[1000] ^ 1]) + BODY[1001:]

Step = Callable[["Handler"], None]


class Server(ThreadingHTTPServer):
    """Answers each request with the next step of `script`, and properly when that is used up."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.gate = threading.Event()
        self.restart()

    def restart(self, *script: Step) -> None:
        self.script: list[Step] = list(script)
        self.asked: list[str | None] = []  # the Range of every request
        self.etag: str | None = '"first"'
        self.gate.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.pth"

    def handle_error(self, request, client_address) -> None:
        pass  # a client that hangs up is part of the game


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.headers["Range"])
        (self.server.script.pop(0) if self.server.script else proper())(self)

    def log_message(self, *_) -> None:
        pass

    def begin(self, status: int, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


def proper(body: bytes = BODY, stop: int | None = None, then: Step | None = None, ranges: bool = True) -> Step:
    """Serves body[:stop] as a good server does, ranges and If-Range included, then does `then`."""

    def step(h: Handler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", h.headers["Range"] or "")
        same = h.headers["If-Range"] in (None, h.server.etag)
        start = int(asked[1]) if asked and same and ranges else 0
        if start >= len(body):
            h.begin(416, 0, Content_Range=f"bytes */{len(body)}")
            return
        if asked and same and ranges:
            h.begin(206, len(body) - start, Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            h.begin(200, len(body))
        h.wfile.write(body[start:stop])
        if then:
            then(h)

    return step


def waits(h: Handler) -> None:
    h.wfile.flush()
    h.server.gate.wait(300)


def slams(h: Handler) -> None:
    """Ends the connection with a reset instead of a good-bye."""
    h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    h.connection.close()


def says(status: int, **headers: str) -> Step:
    return lambda h: h.begin(status, 0, **headers)


def chunked(stop: int | None) -> Step:
    """No length told; with `stop`, breaks off in the middle."""

    def step(h: Handler) -> None:
        h.protocol_version, h.close_connection = "HTTP/1.1", True
        h.begin(200, Transfer_Encoding="chunked")
        for at in range(0, len(BODY), 40_000):
            block = BODY[at : at + 40_000]
            h.wfile.write(b"%x\r\n" % len(block) + block + b"\r\n")
            if stop is not None and at >= stop:
                return
        h.wfile.write(b"0\r\n\r\n")

    return step


@contextmanager
def running() -> Iterator[Server]:
    with Server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "*")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.gate.set()
        server.shutdown()


def get(server: Server, target: Path, progress=None, sha256: str = SHA, **more) -> Path:
    return download(server.url, target, sha256, progress, **{"timeout": 5.0, "pause": 0.001, **more})


def part(target: Path) -> Path:
    return target.with_name("weights.pth.part")


def leave(target: Path, data: bytes, note: object = None) -> None:
    """What an interrupted download leaves."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part(target).write_bytes(data)
    if note is not None:
        target.with_name("weights.pth.part.json").write_text(note if isinstance(note, str) else json.dumps(note))


def assert_done(target: Path) -> None:
    assert target.read_bytes() == BODY
    assert [p.name for p in target.parent.iterdir() if not p.name.endswith(".lock")] == ["weights.pth"]
