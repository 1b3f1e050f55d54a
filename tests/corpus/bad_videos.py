"""The corpus's videos, named as bad_files.py names the photos: `python tests/corpus/bad_videos.py FOLDER`.

Every container that we read, with codecs that people have, whole and damaged; headers that lie; what is no video.
"""

from __future__ import annotations

import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from bad_files import READ, damaged, encoded, extension, scene, write

sys.path.append(str(Path(__file__).parents[1] / "moving"))
import films

#: Container and codec: extension -> FFmpeg's name of what is in it.
_KINDS = (
    ("mp4", "libx264"), ("mov", "mjpeg"), ("3gp", "mpeg4"), ("mkv", "ffv1"), ("webm", "libvpx-vp9"), ("avi", "mpeg4"),
    ("flv", "flv"), ("mpg", "mpeg2video"), ("ts", "mpeg2video"), ("asf", "wmv2"), ("y4m", "rawvideo"),
)  # fmt: skip
FRAMES = 3


def corpus() -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file."""
    with tempfile.TemporaryDirectory() as folder:
        for part in (_damaged, _lying, _odd):
            yield from part(Path(folder))
    yield from _no_videos()


def _film(folder: Path, kind: str = "mp4", codec: str = "libx264", **how) -> bytes:
    pictures = how.pop("pictures", None) or [frame[::2, ::2] for frame in films.frames(FRAMES)]
    how = {"rate": 25, "options": {"fflags": "+bitexact"}, **how}
    return films.make(folder / f"film.{kind}", pictures, codec, **how).read_bytes()


def _damaged(folder: Path) -> Iterator[tuple[str, bytes]]:
    random = np.random.default_rng(18)
    for k, (kind, codec) in enumerate(_KINDS):
        data = _film(folder, kind, codec)
        yield f"whole-{kind}.answer.{kind}", data
        yield f"named-{kind}.answer.{_KINDS[k - 1][0]}", data
        for what, broken in damaged(data, random):
            yield f"{what}-{kind}.any.{kind}", broken


def _lying(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Headers that say what is not so."""
    (file := folder / "lies.mp4").write_bytes(_film(folder))
    yield "million-frames.any.mp4", films.million(file).read_bytes()
    whole = _film(folder)
    for name, skip, count in ((b"stco", 8, 1), (b"stsz", 8, 2), (b"stsc", 8, 3), (b"stts", 8, 2), (b"mdhd", 12, 2)):
        at = whole.find(name) + skip
        for value in (0, 2**31 - 1, 2**32 - 1):
            number = struct.pack(">I", value) * count
            yield f"lies-{name.decode()}-{value}.any.mp4", whole[:at] + number + whole[at + len(number) :]
    for width, height in ((65_535, 65_535), (0, 0), (1, 1), (30_000, 1), (-5, 7)):
        yield f"y4m-{width}x{height}.refuse.y4m", b"YUV4MPEG2 W%d H%d F25:1\nFRAME\n" % (width, height) + bytes(900)
    for rate in (b"0:0", b"1:0", b"2000000000:1", b"1:2000000000"):
        frame = b"FRAME\n" + bytes(range(256)) * 6
        yield f"rate-{rate.replace(b':', b'-').decode()}.any.y4m", b"YUV4MPEG2 W32 H32 F%s\n" % rate + 3 * frame
    for aspect in (40, 3_000_000):
        wide = [np.resize(picture, (480, 640, 3)) for picture in films.frames(FRAMES)]
        yield f"pixels-{aspect}-wide.refuse.mp4", _film(folder, pictures=wide, aspect=aspect)
    avi = bytearray(_film(folder, "avi", "mpeg4"))
    at = avi.find(b"strf") + 12
    avi[at : at + 8] = struct.pack("<ii", 60_000, -60_000)
    yield "header-60000.any.avi", bytes(avi)
    jpeg = b"\xff\xc0\0\x11\x08"  # what each frame says of itself, before its height and width
    mov = _film(folder, "mov", "mjpeg")
    yield "frames-of-65500.refuse.mov", mov.replace(jpeg + mov[mov.find(jpeg) + 5 :][:4], jpeg + 2 * b"\xff\xdc")


def _odd(folder: Path) -> Iterator[tuple[str, bytes]]:
    pictures = films.frames(FRAMES)
    for width, height in ((16, 16), (2, 2), (2000, 16), (14, 90), (4096, 2304), (4098, 2304)):
        made = [np.resize(picture, (height, width, 3)) for picture in pictures]
        must = "answer" if min(width, height) >= 16 and width <= 4096 else "refuse"
        yield f"size-{width}x{height}.{must}.mkv", _film(folder, "mkv", "mpeg4", pictures=made)
    yield "turned.answer.mp4", films.turned(films.make(folder / "t.mp4", pictures), 160, 240).read_bytes()
    for last in (3000, 90_000):
        yield f"gap-of-{last}-s.answer.mkv", _film(folder, "mkv", times=[0, 0.01, last])
    yield "sound.answer.mp4", _film(folder, sound="aac")
    whole = _film(folder, "mkv")
    yield "no-frames.refuse.mkv", whole[: whole.find(b"\x1fC\xb6u")]
    yield "two-in-one.answer.ts", _film(folder, "ts", "mpeg2video") * 2
    yield "rubbish-behind.answer.mp4", _film(folder) + bytes(5000)
    yield "sound-alone.refuse.mp4", _sound(folder / "sound.mp4")
    still = [scene().rotate(40 * k) for k in range(FRAMES)]
    yield "animated.answer.gif", encoded(still[0], "GIF", save_all=True, append_images=still[1:])


def _sound(file: Path) -> bytes:
    with av.open(str(file), "w") as out:
        hum = out.add_stream("aac", rate=44100)
        quiet = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        quiet.sample_rate, quiet.pts = 44100, 0
        out.mux([*hum.encode(quiet), *hum.encode()])
    return file.read_bytes()


def _no_videos() -> Iterator[tuple[str, bytes]]:
    """What would have FFmpeg open something else, and what only begins like a video."""
    random = np.random.default_rng(19)
    yield "list.refuse.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n"
    yield "list.refuse.mp4", b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\n/etc/passwd\n"
    yield "concat.refuse.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"
    yield "dash.refuse.mp4", b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>'
    yield "session.refuse.mp4", b"v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"
    for name, data in (("empty", b""), ("zeros", bytes(4096)), ("text", b"no video"), ("svg", b"<svg></svg>")):
        yield f"{name}.refuse.mp4", data
    starts = {"mp4": b"\0\0\0\x18ftypisom", "mkv": b"\x1aE\xdf\xa3", "avi": b"RIFF\0\0\0\0AVI ", "flv": b"FLV\x01\x05",
              "ogg": b"OggS", "mpg": b"\0\0\x01\xba", "asf": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "gif": b"GIF89a",
              "y4m": b"YUV4MPEG2 ", "mov": b"\0\0\0\x08wide"}  # fmt: skip
    for kind, start in starts.items():
        yield f"start-alone.refuse.{kind}", start
        yield f"start-and-zeros.refuse.{kind}", start + bytes(3000)
        yield f"start-and-random.refuse.{kind}", start + random.bytes(3000)
    for kind in (kind for kind in READ if kind not in ("GIF", "AVIF")):  # those move
        yield f"photo.refuse.{extension(kind)}", encoded(scene(), kind)


if __name__ == "__main__":
    print(f"{len(write(Path(sys.argv[1]), corpus()))} files")
