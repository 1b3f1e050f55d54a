"""A video file -> upright frames with their times, and back. PyAV decodes and encodes: it brings FFmpeg with it.

Nothing that a file says of itself is believed before a frame has come out of it: neither how many there are nor how
large they are. FFmpeg is told what kind of file it is and may open nothing but that file.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import av
import numpy as np
from av.error import FFmpegError

from ..locales import UserError
from ..photo import shown

MAX_BYTES = 200 * 10**6
#: Of one frame: 4096 x 2304.
MAX_PIXELS = 9_437_184
MIN_SIDE = 16
#: Seconds: a frame that says it comes later than so long after the one before does not know its time.
_GAP = 3600
#: Of a second: an MP4 counts times in 32 bits, several frames' of _GAP among them.
_FINEST = Fraction(1, 90000)
#: First bytes of a file, "....": any four -> FFmpeg's name of what reads it. No playlists: those open other files.
_KINDS = (
    (b"....ftyp", "mov"), (b"....moov", "mov"), (b"....mdat", "mov"), (b"....free", "mov"), (b"....skip", "mov"),
    (b"....wide", "mov"), (b"\x1aE\xdf\xa3", "matroska"), (b"RIFF....AVI ", "avi"), (b"FLV\x01", "flv"),
    (b"OggS", "ogg"), (b"\0\0\x01\xba", "mpeg"), (b"\x30\x26\xb2\x75", "asf"), (b"GIF8", "gif"),
    (b"YUV4MPEG2 ", "yuv4mpegpipe"),
)  # fmt: skip
#: Sound that an MP4 may hold as it is and a browser plays.
_SOUND = ("aac", "mp3", "opus", "flac")

T = TypeVar("T")


class VideoError(UserError):
    """A video that cannot be used."""


class Decoded(NamedTuple):
    """pixels -- (H, W, 3) uint8 RGB, upright; time -- seconds from the first; share -- how much of the file is read."""

    pixels: np.ndarray
    time: Fraction
    share: float


@dataclass
class Film:
    """A video file that was opened. Raises VideoError for what cannot be used. A context manager.

    size  -- (height, width) of its frames as they are shown: upright, with square pixels
    rate  -- frames a second on average; as its header says, which need not be true
    sound -- FFmpeg's name of its sound, "" for none; copied -- whether it goes into an MP4 as it is
    damaged -- how many parts of the file could not be decoded so far
    """

    name: str
    size: tuple[int, int]
    rate: Fraction
    base: Fraction
    sound: str
    damaged: int = 0

    def __init__(self, file: str | os.PathLike[str]):
        path = Path(file)
        self.name = shown(path.name)
        self._bytes, kind = _checked(path, self.name)
        own = {"protocol_whitelist": "file", "format_whitelist": kind}
        try:
            self._container = av.open(f"file:{path.absolute()}", format=kind, options=own, metadata_errors="replace")
        except (FFmpegError, ValueError, OverflowError):
            raise VideoError("video.damaged", name=self.name) from None
        try:
            self._begin()
        except BaseException:
            self._container.close()
            raise

    def _begin(self) -> None:
        streams = self._container.streams
        self._stream = next((s for s in streams.video if not s.disposition & s.disposition.attached_pic), None)
        if self._stream is None:
            raise VideoError("video.none", name=self.name)
        context = self._stream.codec_context
        context.thread_type = "AUTO"
        context.options = {"max_pixels": str(MAX_PIXELS)}
        self.audio = next(iter(streams.audio), None)
        self.sound = self.audio.codec_context.codec.canonical_name if self.audio else ""  # not mp3float
        self.rate = _rate(self._stream)
        self.base = self._stream.time_base or _FINEST
        self._raw = self._decoded()
        self._early, first = [], None
        for item in self._raw:
            if isinstance(item, av.VideoFrame):
                first = item
                break
            if self.copied:
                self._early.append(item)
        if first is None:
            raise VideoError("video.no_frames", name=self.name)
        high, wide = first.height, round(first.width * (self._stream.sample_aspect_ratio or 1))
        if max(first.width, wide) * high > MAX_PIXELS or min(wide, high) < MIN_SIDE:
            raise VideoError("video.size", name=self.name, width=wide, height=high)
        self._first, self._flat = first, (high, wide)
        self._turns = round(first.rotation / 90) % 4
        height, width = self._flat
        self.size = (width, height) if self._turns % 2 else (height, width)
        self._start = first.pts or 0

    @property
    def copied(self) -> bool:
        return self.sound in _SOUND

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def read(self) -> Iterator[Decoded | av.Packet]:
        """Every frame in order, once; between them the packets of sound that can be copied, their times moved so that
        the first frame is at 0. What cannot be decoded is left out and counted.
        """
        last = Fraction(-1)
        for item in self._frames():
            if isinstance(item, av.Packet):
                yield item
                continue
            time = Fraction((item.pts or 0) - self._start) * self.base
            if item.pts is None or not last < time <= last + _GAP:  # a file without times, or with wrong ones
                time = last + 1 / self.rate if last >= 0 else Fraction(0)
            last = time
            yield Decoded(self._upright(item), time, self._share)

    def _frames(self) -> Iterator[av.VideoFrame | av.Packet]:
        yield self._first
        for item in chain(self._early, self._raw):
            if isinstance(item, av.VideoFrame):
                yield item
            elif self.copied and item.pts is not None and item.time_base:
                moved = round(self._start * self.base / item.time_base)
                if item.pts >= moved:
                    item.pts, item.dts = item.pts - moved, (item.dts or item.pts) - moved
                    yield item

    def _decoded(self) -> Iterator[av.VideoFrame | av.Packet]:
        """What comes out of the file, as far as it can be read."""
        self._share = 0.0
        packets = self._container.demux([s for s in (self._stream, self.audio) if s])
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                if packet.pos:
                    self._share = max(self._share, min(packet.pos / self._bytes, 1.0))
                items = packet.decode() if packet.stream is self._stream else [packet]
            except (FFmpegError, ValueError, OverflowError) as problem:
                self.damaged += 1
                if isinstance(problem, EOFError) or not isinstance(problem, FFmpegError) or self.damaged > 10_000:
                    return
                continue
            yield from (item for item in items if isinstance(item, av.VideoFrame | av.Packet))

    def _upright(self, frame: av.VideoFrame) -> np.ndarray:
        height, width = self._flat
        try:
            pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
        except (FFmpegError, ValueError, MemoryError):
            raise VideoError("video.damaged", name=self.name) from None
        return np.ascontiguousarray(np.rot90(pixels, self._turns)) if self._turns else pixels


def _checked(path: Path, name: str) -> tuple[int, str]:
    """The file's bytes, and what kind it is by its first ones."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(564)
    except (OSError, ValueError) as problem:
        raise VideoError("video.closed", name=name, reason=getattr(problem, "strerror", None) or problem) from None
    if size > MAX_BYTES:
        raise VideoError("video.too_large", name=name, size=f"{size / 1e6:.0f}", most=MAX_BYTES // 10**6)
    for known, kind in _KINDS:
        first, _, rest = known.partition(b"....")
        if start.startswith(first) and start[len(first) + 4 * bool(rest) :].startswith(rest):
            return size, kind
    if len(start) > 376 and start[0] == start[188] == start[376] == 0x47:
        return size, "mpegts"
    raise VideoError("video.unknown" if start else "video.empty", name=name)


def _rate(stream: Any) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 1 / Fraction(_GAP) <= rate <= 1000:
            return Fraction(rate)
    return Fraction(25)


class Writer:
    """An MP4 of H.264 (yuv420p, so that every browser plays it), put in place when it is whole. A context manager:
    what an exception ends leaves no file behind.

    size -- (height, width), both even; film -- whose rate, unit of times and sound it gets
    stale -- files of an earlier run that go just before it is put in place: no two runs' lie side by side
    """

    def __init__(self, file: Path, size: tuple[int, int], film: Film, stale: Sequence[Path] = ()):
        self._file, self._part, self._stale = file, file.with_suffix(".part"), stale
        self._container = av.open(str(self._part), "w", format="mp4", options={"movflags": "+faststart"})
        self._base = film.base if _FINEST <= film.base <= 1 else _FINEST
        stream = self._container.add_stream("libx264", rate=min(film.rate, Fraction(240)))
        stream.height, stream.width = size
        stream.pix_fmt, stream.time_base = "yuv420p", self._base
        stream.codec_context.time_base = self._base
        stream.options = {"preset": "veryfast", "crf": "23"}
        self._stream, self._last = stream, -1
        self._sound = self._container.add_stream_from_template(film.audio) if film.audio and film.copied else None

    def frame(self, pixels: np.ndarray, time: Fraction) -> None:
        """(H, W, 3) uint8 RGB, shown from `time` on."""
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        self._last = max(round(time / self._base), self._last + 1)
        frame.pts, frame.time_base = self._last, self._base
        self._container.mux(self._stream.encode(frame))

    def sound(self, packet: av.Packet) -> None:
        if self._sound is not None:
            packet.stream = self._sound
            try:
                self._container.mux(packet)
            except FFmpegError as problem:  # sound that is out of order is left out
                if isinstance(problem, OSError):
                    raise

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode())
            self._container.close()
            if kind is None:
                for each in self._stale:
                    each.unlink(missing_ok=True)
                self._part.replace(self._file)
        finally:
            self._part.unlink(missing_ok=True)


def ahead(items: Iterator[T], depth: int = 2) -> Generator[T]:
    """The same items, made in a thread of their own at most `depth` before they are asked for."""
    made: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    left = threading.Event()

    def put(what: tuple[bool, Any]) -> bool:
        while not left.is_set():
            with contextlib.suppress(queue.Full):
                made.put(what, timeout=0.2)
                return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put((True, item)):
                    return
            put((False, None))
        except BaseException as problem:
            put((False, problem))

    thread = threading.Thread(target=work, name="film", daemon=True)
    thread.start()
    try:
        while True:
            more, what = made.get()
            if more:
                yield what
            elif what is None:
                return
            else:
                raise what
    finally:
        left.set()
        thread.join()
