"""Downloads: refusals, the disk, interruptions, two at once."""

from __future__ import annotations

import errno
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from misbehaving import BODY, SHA, Server, assert_done, get, leave, part, proper, says, waits

from pose_demo import download as module
from pose_demo.download import FetchError, download
from pose_demo.locales import tell

ROOT = Path(__file__).resolve().parents[2]


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [400, 403, 404, 410, 416])
def test_refusal_is_final(server, target, code):
    server.restart(says(code), says(code))
    with pytest.raises(
        FetchError, match=f"weights.pth could not be fetched from {server.url}: .* {code} .*put it into"
    ):
        get(server, target)
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_trouble_may_pass(server, target, code):
    server.restart(says(code), says(code))
    get(server, target)
    assert_done(target)
    target.unlink()
    server.restart(*[says(code)] * 9)
    with pytest.raises(FetchError, match=f"answered {code}"):
        get(server, target)
    assert len(server.asked) == 4


@pytest.mark.parametrize("code", [204, 206])
def test_answers_that_are_no_file(server, target, code):
    server.restart(says(code))
    with pytest.raises(FetchError, match=f"answered {code}"):
        get(server, target)


@pytest.mark.parametrize("bytes_sent", [b"", b"HTTP/1.0 banana\r\n\r\n"])
def test_answers_that_are_no_http(server, target, bytes_sent):
    server.restart(*[lambda h: h.wfile.write(bytes_sent)] * 2)
    get(server, target)
    assert_done(target)


def test_endless_redirect(server, target):
    server.restart(*[says(302, Location="/weights.pth")] * 20)
    with pytest.raises(FetchError, match="answered 302"):
        get(server, target)


@pytest.mark.parametrize("elsewhere", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_redirect_out_of_http_is_refused(server, target, elsewhere):
    server.restart(says(302, Location=elsewhere))
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


@pytest.fixture
def nobody() -> Iterator[str]:
    """The address of a port where connections are refused."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}/weights.pth"


def test_nobody_there_is_said_at_once(nobody, target, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", lambda _: pytest.fail("no use in waiting"))
    with pytest.raises(FetchError) as failed:
        download(nobody, target, SHA)
    for part_of_message in ("weights.pth", nobody, "refused", str(target.parent)):
        assert part_of_message in str(failed.value)
    assert "拒绝" in tell("zh", failed.value.said)


@pytest.mark.parametrize("problem, words", [
    (socket.gaierror(-2, "Name or service not known"), "cannot be found from here"),
    (ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] (_ssl.c:1000)"), "not trusted"),
    (OSError(101, "Network is unreachable"), "Network is unreachable"),
])  # fmt: skip
def test_without_a_network_it_is_one_sentence_and_no_errno(target, monkeypatch, problem, words):
    def fails(*_, **__):
        raise problem

    monkeypatch.setattr(socket, "create_connection", fails)
    with pytest.raises(FetchError, match=words) as failed:
        download("http://192.0.2.1/weights.pth", target, SHA, tries=1)
    assert not re.search(r"[Ee]rrno|\[|_ssl", str(failed.value))


def test_network_that_goes_away_on_the_way_is_tried_again(server, nobody, target):
    server.restart(proper(stop=1000), says(302, Location=nobody))
    get(server, target)
    assert server.asked == [None, "bytes=1000-", "bytes=1000-"]
    assert_done(target)


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
        shared.restart(*[proper(stop=cut) for cut in cuts])
        with pytest.raises(KeyboardInterrupt):
            get(shared, target, interrupts)
        arrived = part(target).read_bytes()
        assert not target.exists() and len(arrived) >= stop and BODY.startswith(arrived)
        shared.script.clear()
        get(shared, target)
        assert_done(target)


@contextmanager
def elsewhere(server: Server, target: Path) -> Iterator[subprocess.Popen]:
    """A download in a process of its own, which does not outlive the block."""
    code = "import pathlib, sys; from pose_demo.download import download as get; _, url, target, sha256 = sys.argv; "
    code += "get(url, pathlib.Path(target), sha256, timeout=300)"
    with subprocess.Popen([sys.executable, "-c", code, server.url, str(target), SHA], cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


@pytest.mark.parametrize("stop", [100, 123_456])
def test_killed_process_leaves_every_byte(server, target, stop):
    server.restart(proper(stop=stop, then=waits))
    with elsewhere(server, target):
        wait_for(lambda: part(target).exists() and part(target).stat().st_size == stop)
    get(server, target)
    assert server.asked == [None, f"bytes={stop}-"]
    assert_done(target)


def test_two_processes_share_one_download(server, target):
    server.restart(proper(stop=100_000, then=lambda h: (waits(h), h.wfile.write(BODY[100_000:]))))
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
