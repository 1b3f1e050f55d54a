"""One file over HTTP: resumed where it broke off, verified, and never half there under its final name.

While it comes, `FILE.part` holds what has arrived and `FILE.part.json` what the server said of it, so that another
process can go on from any byte. Only a file whose SHA-256 is right gets the final name.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from .locales import Said, UserError, said

#: Called with the bytes that are here and the bytes of the whole file, or None while that is unknown.
Progress = Callable[[int, int | None], None]

_BLOCK = 1 << 16
_ENOUGH = 1 << 20  # an attempt that brought this many bytes counts as a success: a long file may break off often
#: What a machine without a network, or behind a proxy, meets: words of ours, for the system's are English alone.
_WHY = {
    socket.gaierror: "fetch.why_unknown", ConnectionRefusedError: "fetch.why_refused",
    ssl.SSLCertVerificationError: "fetch.why_certificate",
}  # fmt: skip
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class FetchError(UserError, OSError):
    """A file could not be fetched; what had arrived is kept unless it was wrong."""


class _Cut(Exception):
    """An attempt ended early and another may do better. unreachable: the server could not even be spoken to."""

    def __init__(self, why: Said | str, unreachable: bool = False):
        super().__init__(why)
        self.why, self.unreachable = why, unreachable


def sha256_of(file: Path) -> str:
    """64 hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def download(
    url: str,
    target: Path,
    sha256: str,
    progress: Progress | None = None,
    *,
    timeout: float = 15.0,
    tries: int = 4,
    pause: float = 0.5,
) -> Path:
    """Fetches `url` to `target`, or does nothing if the right file is there; returns `target`.

    sha256  -- all 64 hex digits or the first of them
    timeout -- seconds without a byte after which an attempt is given up
    tries   -- attempts in a row that brought next to nothing; then it is an error
    pause   -- seconds before the second attempt, doubled before each further one

    May be interrupted at any byte: what arrived is kept and the next call goes on from there. A second process
    that wants the same file waits for the first. Raises FetchError.
    """
    report = progress or (lambda done, total: None)
    if urlsplit(url).scheme not in ("http", "https"):
        raise FetchError("fetch.scheme", url=url)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target, report):
            if not (target.is_file() and sha256_of(target).startswith(sha256)):
                _fetch(_Download(url, target, report, timeout), sha256, tries, pause)
    except FetchError:
        raise
    except OSError as problem:  # the network's own became a FetchError further down: this is the disk
        why = problem.strerror or str(problem)
        raise FetchError("fetch.disk", file=target.name, folder=target.parent, why=why) from problem
    return target


def _fetch(job: _Download, sha256: str, tries: int, pause: float) -> None:
    """Until the hash is right; a file put together from several answers gets a second chance, from zero."""
    second_chance = True
    while True:
        job.complete(tries, pause)
        found, patched = sha256_of(job.part.file), job.part.pieces > 1
        if found.startswith(sha256):
            job.part.finish(job.target)
            return
        job.part.discard()
        if not (patched and second_chance):
            told = {"url": job.url, "file": job.target.name, "folder": job.target.parent}
            raise FetchError("fetch.wrong", found=found[:12], wanted=sha256[:12], **told)
        second_chance = False


@contextmanager
def _alone(target: Path, report: Progress) -> Iterator[None]:
    """One process or thread at a time for each file; who waits sees how far the other has come."""
    lock, part = FileLock(target.with_name(target.name + ".lock")), _Part(target)
    while True:
        try:
            lock.acquire(timeout=0.2)
            break
        except Timeout:
            report(part.size, None)
    try:
        yield
    finally:
        lock.release()


class _Part:
    """The unfinished file.

    etag, total -- of the version that the first byte came from; None where the server said nothing
    pieces      -- of how many answers the file is put together
    """

    def __init__(self, target: Path):
        self.file = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".part.json")
        self.etag: str | None = None
        self.total: int | None = None
        self.pieces = 0

    @property
    def size(self) -> int:
        try:
            return self.file.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def whole(self) -> bool:
        return self.total is not None and self.size == self.total

    def recall(self) -> None:
        """What an earlier call left. A note that cannot be read is no loss: the hash has the last word."""
        if not self.size:
            return
        self.pieces = 1
        with suppress(OSError, ValueError, TypeError, KeyError):
            note = json.loads(self._note.read_text(encoding="utf-8"))
            self.etag, self.total = note["etag"], note["total"]

    def begin(self, etag: str | None, total: int | None) -> None:
        """From zero. The file is emptied before the note is written, so that the two never disagree."""
        self.file.write_bytes(b"")
        self.etag, self.total, self.pieces = etag, total, 0
        self._note.write_text(json.dumps({"etag": etag, "total": total}), encoding="utf-8")

    def discard(self) -> None:
        self.file.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.etag, self.total, self.pieces = None, None, 0

    def finish(self, target: Path) -> None:
        with self.file.open("rb+") as stream:
            os.fsync(stream.fileno())  # after a power cut the final name must not stand on an empty file
        self.file.replace(target)
        self._note.unlink(missing_ok=True)


class _Download:
    """One address, one unfinished file, as many attempts as it takes."""

    def __init__(self, url: str, target: Path, report: Progress, timeout: float):
        self.url, self.target, self.report, self.timeout = url, target, report, timeout
        self.part = _Part(target)
        self.part.recall()
        self._opener = urllib.request.build_opener(_Redirects())

    def complete(self, tries: int, pause: float) -> None:
        """Until the part is whole. A server that cannot be reached at all, or says no, is an error at once."""
        failures, at_first = 0, self.part.size
        while not self.part.whole:
            before = self.part.size
            try:
                self._attempt()
            except _Cut as cut:
                failures = 0 if self.part.size - before >= _ENOUGH else failures + 1
                if failures >= tries or (cut.unreachable and self.part.size == at_first):
                    raise self._error(cut.why) from cut
                time.sleep(pause * 2 ** max(failures - 1, 0))

    def _attempt(self) -> None:
        response = self._open()
        if response is None:
            return
        with response:
            self._agree(response)
            self._receive(response)

    def _open(self) -> http.client.HTTPResponse | None:
        """The answer, or None if it turns out that nothing is missing."""
        have, headers = self.part.size, {"User-Agent": "pose-demo", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if self.part.etag:
                headers["If-Range"] = self.part.etag
        try:
            return self._opener.open(urllib.request.Request(self.url, headers=headers), timeout=self.timeout)
        except urllib.error.HTTPError as answer:
            answer.close()
            if answer.code == 416 and have:
                return self._beyond_the_end(answer.headers.get("Content-Range"))
            told = _answered(answer.code, answer.reason)
            raise (_Cut(told) if answer.code in _TRY_AGAIN else self._error(told)) from answer
        except urllib.error.URLError as problem:
            raise _Cut(self._words(problem.reason), unreachable=True) from problem
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise _Cut(self._words(problem)) from problem

    def _beyond_the_end(self, content_range: str | None) -> None:
        """The server has no byte after ours: either all are here, or ours are of another file."""
        end = re.fullmatch(r"bytes \*/(\d+)", (content_range or "").strip())
        if end and int(end[1]) == self.part.size:
            self.part.total = self.part.size
        else:
            self.part.discard()
            raise _Cut(said("fetch.why_unfit"))

    def _agree(self, response: http.client.HTTPResponse) -> None:
        """Sets the part up for the body that follows: from zero, or where it broke off."""
        have, length = self.part.size, response.headers.get("Content-Length", "")
        length = int(length) if length.isdigit() else None
        if response.status == 200:
            etag = response.headers.get("ETag")
            self.part.begin(None if etag and etag.startswith("W/") else etag, length)  # If-Range takes no weak ones
        elif response.status == 206 and have:
            told = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            total = int(told[2]) if told and told[2] != "*" else self.part.total
            if not told or int(told[1]) != have or self.part.total not in (None, total):
                self.part.discard()
                raise _Cut(said("fetch.why_part"))
            self.part.total = total
        else:
            raise self._error(_answered(response.status, response.reason))
        self.part.pieces += 1
        self._check_space()

    def _check_space(self) -> None:
        if self.part.total is None:
            return
        missing, free = self.part.total - self.part.size, shutil.disk_usage(self.target.parent).free
        if missing > free:
            sizes = {"missing": f"{missing / 1e6:.1f}", "free": f"{free / 1e6:.1f}"}
            raise FetchError("fetch.space", file=self.target.name, folder=self.target.parent, **sizes)

    def _receive(self, response: http.client.HTTPResponse) -> None:
        done, total = self.part.size, self.part.total
        with self.part.file.open("ab") as out:
            self.report(done, total)
            while total is None or done < total:
                try:
                    block = response.read1(_BLOCK if total is None else min(_BLOCK, total - done))
                except (OSError, http.client.HTTPException) as problem:
                    raise _Cut(self._words(problem)) from problem
                if not block:
                    break
                out.write(block)
                out.flush()  # so that a process that is killed here leaves every byte behind
                done += len(block)
                self.report(done, total)
        if total is not None and done < total:
            raise _Cut(said("fetch.why_ended", done=done, total=total))
        self.part.total = done

    def _words(self, problem: object) -> Said | str:
        """An exception of urllib, http.client or a socket as the end of a sentence."""
        if isinstance(problem, TimeoutError):
            return said("fetch.why_silent", seconds=self.timeout)
        key = next((key for kind, key in _WHY.items() if isinstance(problem, kind)), None)
        return said(key) if key else getattr(problem, "strerror", None) or str(problem) or type(problem).__name__

    def _error(self, why: Said | str) -> FetchError:
        have = self.part.size
        key, told = ("fetch.broke_off", {"have": have}) if have else ("fetch.failed", {})
        return FetchError(key, file=self.target.name, url=self.url, why=why, folder=self.target.parent, **told)


def _answered(code: int, reason: str) -> Said:
    return said("fetch.why_answered", answer=" ".join(f"{code} {reason}".split()))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https, but never from https to http: where only the first digits of a hash are
    known, the connection's own protection must hold to the end."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urlsplit(newurl).scheme not in ("https", req.type):
            raise urllib.error.HTTPError(req.full_url, code, f"and leads to {newurl}, which is not safe", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
