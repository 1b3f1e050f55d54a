"""Against a real HTTP server on this machine that misbehaves as told."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_demo import download as module
from pose_demo.download import FetchError, download, sha256_of

ROOT = Path(__file__).resolve().parent.parent
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
        self.reset()

    def reset(self, *script: Step) -> None:
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
    h.server.gate.wait(30)


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


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("no_proxy", "*")
            yield server
        server.gate.set()
        server.shutdown()


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    shared.reset()
    yield shared
    shared.gate.set()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "own" / "weights.pth"


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


# --- when all goes well ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [8, 64])
def test_fetches_whole_file_and_reports(server, target, digits):
    seen = []
    assert get(server, target, lambda done, total: seen.append((done, total)), SHA[:digits]) == target
    assert_done(target)
    assert seen[0] == (0, len(BODY)) and seen[-1] == (len(BODY), len(BODY)) and seen == sorted(seen)


def test_right_file_is_not_fetched_again_and_a_wrong_one_is_replaced(server, target):
    get(server, target)
    get(server, target)
    assert len(server.asked) == 1
    target.write_bytes(WRONG)
    get(server, target)
    assert len(server.asked) == 2
    assert_done(target)


def test_redirects_keep_the_range(server, target):
    server.reset(*[says(code, Location=f"/{code}") for code in (301, 302, 303, 307, 308)])
    leave(target, BODY[:1000])
    get(server, target)
    assert server.asked == ["bytes=1000-"] * 6
    assert_done(target)


def test_length_not_told(server, target):
    seen = []
    server.reset(chunked(None))
    get(server, target, lambda done, total: seen.append(total))
    assert set(seen) == {None}
    assert_done(target)


# --- going on where it broke off ---------------------------------------------------------------------------------


@pytest.mark.parametrize("then", [None, slams], ids=["truncated", "reset"])
def test_goes_on_after_a_broken_body(server, target, then):
    server.reset(proper(stop=100_000, then=then), proper(stop=200_000, then=then))
    get(server, target)
    assert server.asked[0] is None and all(re.fullmatch(r"bytes=\d+-", asked) for asked in server.asked[1:])
    if then is None:
        assert server.asked[1:] == ["bytes=100000-", "bytes=200000-"]
    assert_done(target)


def test_goes_on_after_a_stall(server, target):
    server.reset(proper(stop=100_000, then=waits))
    get(server, target, timeout=0.2)
    assert server.asked == [None, "bytes=100000-"]
    assert_done(target)


def test_goes_on_after_a_broken_chunked_body(server, target):
    server.reset(chunked(100_000))
    get(server, target)
    assert server.asked == [None, "bytes=160000-"]  # four chunks of 40,000 had come
    assert_done(target)


def test_gives_up_after_some_tries_and_keeps_what_came(server, target):
    server.reset(*[proper(stop=1000)] * 9)
    with pytest.raises(FetchError, match=r"ended after 1000 of 300000 bytes.*goes on after the 1000 bytes"):
        get(server, target, tries=3)
    assert len(server.asked) == 3 and part(target).read_bytes() == BODY[:1000] and not target.exists()
    server.reset()
    get(server, target)
    assert server.asked == ["bytes=1000-"]
    assert_done(target)


def test_attempts_that_bring_much_do_not_count(server, target, monkeypatch):
    monkeypatch.setattr(module, "_ENOUGH", 20_000)
    server.reset(*[proper(stop=stop) for stop in range(20_000, 300_000, 20_000)])
    get(server, target, tries=2)
    assert len(server.asked) == 15
    assert_done(target)


def test_file_that_changed_meanwhile_comes_from_zero(server, target):
    leave(target, WRONG[:5000], {"etag": '"older"', "total": len(BODY)})
    get(server, target)
    assert server.asked == ["bytes=5000-"]  # refused by If-Range: answered 200, with everything
    assert_done(target)


def test_without_etag_a_changed_length_gives_it_away(server, target):
    server.etag = None
    leave(target, WRONG[:5000], {"etag": None, "total": 7000})
    get(server, target)
    assert server.asked == ["bytes=5000-", None]
    assert_done(target)


def test_weak_etag_is_not_sent(server, target):
    server.etag = 'W/"weak"'
    server.script = [proper(stop=9000), lambda h: (says(400) if h.headers["If-Range"] else proper())(h)]
    get(server, target)
    assert server.asked == [None, "bytes=9000-"]
    assert_done(target)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"etag": 1}'])
def test_spoiled_note_is_no_loss(server, target, note):
    leave(target, BODY[:5000], note)
    get(server, target)
    assert server.asked == ["bytes=5000-"]
    assert_done(target)


def test_server_that_ignores_ranges(server, target):
    leave(target, BODY[:5000])
    server.reset(proper(ranges=False))
    get(server, target)
    assert_done(target)


@pytest.mark.parametrize("told", ["bytes 0-299999/300000", "nonsense"])
def test_server_that_sends_another_range(server, target, told):
    leave(target, BODY[:5000])
    server.reset(lambda h: h.begin(206, 0, Content_Range=told))
    get(server, target)
    assert server.asked == ["bytes=5000-", None]
    assert_done(target)


def test_whole_part_needs_no_network(server, target):
    leave(target, BODY, {"etag": '"first"', "total": len(BODY)})
    get(server, target)
    assert server.asked == []
    assert_done(target)


def test_416_for_a_whole_part(server, target):
    leave(target, BODY)
    get(server, target)
    assert server.asked == [f"bytes={len(BODY)}-"]
    assert_done(target)


@pytest.mark.parametrize("note", [None, {"etag": None, "total": len(BODY)}])
def test_part_longer_than_the_file(server, target, note):
    leave(target, BODY + b"more", note)
    get(server, target)
    assert server.asked[-1] is None
    assert_done(target)


# --- wrong bytes -------------------------------------------------------------------------------------------------


def test_wrong_file_is_deleted_and_reported(server, target):
    server.reset(proper(WRONG), proper(WRONG))
    with pytest.raises(FetchError, match=f"begins with .* not with {SHA[:12]}.*deleted"):
        get(server, target)
    assert len(server.asked) == 1 and not target.exists() and not part(target).exists()


def test_wrong_beginning_gets_one_more_chance(server, target):
    leave(target, WRONG[:5000])
    get(server, target)
    assert server.asked == ["bytes=5000-", None]
    assert_done(target)


def test_one_more_chance_is_all_it_gets(server, target):
    leave(target, WRONG[:5000])
    server.reset(*[proper(WRONG)] * 5)
    with pytest.raises(FetchError, match="deleted"):
        get(server, target)
    assert server.asked == ["bytes=5000-", None] and not target.exists() and not part(target).exists()


def test_the_good_file_survives_a_wrong_download(server, target):
    target.parent.mkdir()
    target.write_bytes(b"an older file")
    server.reset(proper(WRONG))
    with pytest.raises(FetchError):
        get(server, target)
    assert target.read_bytes() == b"an older file"


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [400, 403, 404, 410, 416])
def test_refusal_is_final(server, target, code):
    server.reset(says(code), says(code))
    with pytest.raises(
        FetchError, match=f"weights.pth could not be fetched from {server.url}: .* {code} .*put it into"
    ):
        get(server, target)
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_trouble_may_pass(server, target, code):
    server.reset(says(code), says(code))
    get(server, target)
    assert_done(target)
    target.unlink()
    server.reset(*[says(code)] * 9)
    with pytest.raises(FetchError, match=f"answered {code}"):
        get(server, target)
    assert len(server.asked) == 4


@pytest.mark.parametrize("code", [204, 206])
def test_answers_that_are_no_file(server, target, code):
    server.reset(says(code))
    with pytest.raises(FetchError, match=f"answered {code}"):
        get(server, target)


@pytest.mark.parametrize("bytes_sent", [b"", b"HTTP/1.0 banana\r\n\r\n"])
def test_answers_that_are_no_http(server, target, bytes_sent):
    server.reset(*[lambda h: h.wfile.write(bytes_sent)] * 2)
    get(server, target)
    assert_done(target)


def test_endless_redirect(server, target):
    server.reset(*[says(302, Location="/weights.pth")] * 20)
    with pytest.raises(FetchError, match="answered 302"):
        get(server, target)


@pytest.mark.parametrize("elsewhere", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_redirect_out_of_http_is_refused(server, target, elsewhere):
    server.reset(says(302, Location=elsewhere))
    with pytest.raises(FetchError, match="answered 302"):
        get(server, target)
    assert not target.exists()


def test_redirect_from_https_to_http_is_refused():
    request = urllib.request.Request("https://example.org/a")
    with pytest.raises(urllib.error.HTTPError, match="not safe"):
        module._Redirects().redirect_request(request, None, 302, "Found", {}, "http://example.org/b")
    assert module._Redirects().redirect_request(request, None, 302, "Found", {}, "https://example.org/b")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/hostname", "weights.pth", ""])
def test_only_http(target, url):
    with pytest.raises(FetchError, match="only http and https"):
        download(url, target, SHA)
    assert not target.parent.exists()


def test_nobody_there(target):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/weights.pth"
        with pytest.raises(FetchError) as failed:
            download(url, target, SHA, pause=100)  # refused: said at once, without the pause
    for part_of_message in ("weights.pth", url, "refused", str(target.parent)):
        assert part_of_message in str(failed.value)


# --- the disk ----------------------------------------------------------------------------------------------------


def test_disk_too_small(server, target, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 100_000))
    with pytest.raises(FetchError, match=r"needs another 0\.3 MB in .* only 0\.1 MB are free"):
        get(server, target)
    leave(target, BODY[:250_000])
    get(server, target)  # the rest fits
    assert_done(target)


def test_disk_full_on_the_way(server, target):
    def fills(done: int, total: int | None) -> None:
        if done > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FetchError, match=r"weights\.pth cannot be written to .*: No space left on device"):
        get(server, target, fills)
    assert part(target).stat().st_size > 100_000


def test_folder_cannot_be_made(server, tmp_path):
    (tmp_path / "own").write_text("a file where the folder should be")
    with pytest.raises(FetchError, match="cannot be written"):
        get(server, tmp_path / "own" / "weights.pth")


# --- interrupted, killed, two at once ----------------------------------------------------------------------------


@settings(max_examples=15, deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(0, len(BODY) - 1), max_size=3), stop=st.integers(0, len(BODY)))
def test_interrupted_at_any_byte(shared, cuts, stop):
    def interrupts(done: int, total: int | None) -> None:
        if done >= stop:
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "weights.pth"
        shared.reset(*[proper(stop=cut) for cut in cuts])
        with pytest.raises(KeyboardInterrupt):
            get(shared, target, interrupts)
        arrived = part(target).read_bytes()
        assert not target.exists() and len(arrived) >= stop and BODY.startswith(arrived)
        shared.script.clear()
        get(shared, target)
        assert_done(target)


def elsewhere(server: Server, target: Path) -> subprocess.Popen:
    code = "import pathlib, sys; from pose_demo.download import download as get; _, url, target, sha256 = sys.argv; "
    code += "get(url, pathlib.Path(target), sha256)"
    return subprocess.Popen([sys.executable, "-c", code, server.url, str(target), SHA], cwd=ROOT)


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def test_killed_process_leaves_every_byte(server, target):
    server.reset(proper(stop=123_456, then=waits))
    with elsewhere(server, target) as process:
        wait_for(lambda: part(target).exists() and part(target).stat().st_size == 123_456)
        process.kill()
    get(server, target)
    assert server.asked == [None, "bytes=123456-"]
    assert_done(target)


def test_two_processes_share_one_download(server, target):
    server.reset(proper(stop=100_000, then=lambda h: (waits(h), h.wfile.write(BODY[100_000:]))))
    seen = []

    def waiting(done: int, total: int | None) -> None:
        seen.append(done)
        server.gate.set()

    with elsewhere(server, target) as process:
        wait_for(lambda: part(target).exists() and part(target).stat().st_size == 100_000)
        get(server, target, waiting)
        assert process.wait(30) == 0
    assert seen[0] == 100_000 and len(server.asked) == 1
    assert_done(target)


def test_two_threads_share_one_download(server, target):
    errors = []

    def work() -> None:
        try:
            get(server, target)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == [] and len(server.asked) == 1
    assert_done(target)


def test_sha256_of(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()
