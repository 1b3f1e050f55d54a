"""Videos made of the example photos: a person who walks sideways, in any container, with sound or without."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from pictures import beside_each_other

from pose_demo.examples import examples
from pose_demo.photo import read

#: The person's box in a still of 240 x 160 pixels.
BOX = (40.0, 6.0, 106.0, 156.0)
STEP = 2


@cache
def still() -> np.ndarray:
    """(160, 240, 3): the first example with room around it."""
    photo = cv2.resize(read(examples()[0].path), (107, 160), interpolation=cv2.INTER_AREA)
    return np.pad(photo, ((0, 0), (0, 133), (0, 0)), mode="edge")


def frames(count: int) -> list[np.ndarray]:
    """The still, STEP pixels further to the right each time."""
    return [np.roll(still(), STEP * k, axis=1) for k in range(count)]


def make(
    file: Path, pictures: Sequence[np.ndarray], codec: str = "libx264", rate: int = 10,
    times: Sequence[float] | None = None, sound: str = "", options: dict[str, str] | None = None, aspect: int = 0,
) -> Path:  # fmt: skip
    """Writes a video. times -- seconds of each picture, None: steady; aspect -- an MP4's pixels are so much wider than
    high, whatever its codec can say
    """
    with av.open(str(file), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 4_000_000
        stream.codec_context.sample_aspect_ratio = Fraction(min(aspect, 2))
        stream.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, rate)
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "crf": "10", "g": "5"}
        hum = out.add_stream(sound, rate=44100) if sound else None
        for k, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = Fraction(1, 1000) if times else Fraction(1, rate)
            frame.pts = round(1000 * times[k]) if times else k
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        if hum is not None:
            for k in range(round(44100 / 1024 * len(pictures) / rate)):
                quiet = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
                quiet.sample_rate, quiet.pts = 44100, 1024 * k
                out.mux(hum.encode(quiet))
            out.mux(hum.encode())
    if aspect:
        data = file.read_bytes()
        at = data.find(b"pasp") + 4
        file.write_bytes(data[:at] + struct.pack(">II", aspect, 1) + data[at + 8 :])
    return file


def camera(file: Path, rate: int = 20) -> Path:
    """A y4m file that Chromium takes for a webcam: two people walk to the right; who leaves comes again at the left."""
    photo, _ = beside_each_other(2)
    height, width = 160, round(160 * photo.shape[1] / photo.shape[0] / 2) * 2
    photo = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    with file.open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for left in range(0, width, STEP):
            picture = np.roll(photo, left, axis=1)
            out.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420).tobytes())
    return file


def turned(file: Path, height: int, width: int, by: int = 90) -> Path:
    """The same file, of frames of this size, whose header says that it is to be shown turned by so many degrees
    clockwise."""
    data = bytearray(file.read_bytes())
    at = data.find(b"tkhd")
    at += 8 + (32 if data[at + 4] == 1 else 20) + 16
    one = 1 << 16
    matrix = {
        90: (0, one, 0, -one, 0, 0, height * one, 0),
        180: (-one, 0, 0, 0, -one, 0, width * one, height * one),
        270: (0, -one, 0, one, 0, 0, 0, width * one),
    }
    data[at : at + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in (*matrix[by], 1 << 30))
    file.write_bytes(data)
    return file


def million(file: Path) -> Path:
    """The same file, whose header says that it holds a million frames more: stts' and stsz's counts, and durations."""
    data = bytearray(file.read_bytes())
    for name, skip in ((b"stts", 12), (b"stsz", 12), (b"mvhd", 20), (b"mdhd", 20)):
        at = data.find(name)
        assert at > 0
        data[at + skip : at + skip + 4] = (1_000_000).to_bytes(4, "big")
    file.write_bytes(data)
    return file
