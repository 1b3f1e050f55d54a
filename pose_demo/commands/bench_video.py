"""What `bench` measures of video: a 1080p film made of an example's person, what its parts take alone, its memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..moving.video import Lens

#: (height, width) of the film; frames a second; seconds that are encoded, and then repeated.
SIZE, RATE, _PIECE = (1080, 1920), 24, 2
#: The person's box in the first frame.
BOX = (200.0, 20.0, 900.0, 1060.0)


def film(file: Path, seconds: float) -> Path:
    """Writes an MP4 in which the first example's person walks to the right, and after two seconds again."""
    import av
    import cv2

    from ..examples import examples
    from ..photo import read

    height, width = SIZE
    photo = cv2.resize(read(examples()[0].path), (height * 2 // 3, height), interpolation=cv2.INTER_AREA)
    still = np.pad(photo, ((0, 0), (160, width - 160 - photo.shape[1]), (0, 0)), mode="edge")
    with av.open(str(file), "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "23", "bf": "0", "g": str(RATE * _PIECE)}
        packets = []
        for k in range(RATE * _PIECE):
            frame = av.VideoFrame.from_ndarray(np.roll(still, 4 * k, axis=1).astype(np.uint8), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, RATE)
            packets += stream.encode(frame)
        pieces = [(bytes(each), each.is_keyframe) for each in (*packets, *stream.encode())]
        for k in range(round(seconds * RATE)):  # the same pieces again: nothing is encoded twice
            data, key = pieces[k % len(pieces)]
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, RATE), key
            packet.pts = packet.dts = k
            out.mux(packet)
    return file


def parts(file: Path, out: Path, frames: int) -> dict[str, float]:
    """Seconds of a video through both networks, and of its decoding, passes and encoding, each alone."""
    from ..draw.film import Board
    from ..moving.film import Decoded, Film, Writer
    from ..moving.video import Lens, compare_video

    compare_video(file, out, BOX, frames=8)  # warms up
    whole = _seconds(lambda: compare_video(file, out, BOX, frames=frames))
    decoded: list[Decoded] = []

    def decode() -> None:
        with Film(file) as source:
            decoded.extend(islice((each for each in source.read() if isinstance(each, Decoded)), frames))

    lens = Lens(None, "nearest", None, BOX)
    alone = [_seconds(decode), _seconds(lambda: _passes(lens, frames))]
    with Film(file) as source:
        board = Board(source.size, [side.card for side in lens.sides], 0.1, False)
        nobody = [np.zeros((0, 0)) for _ in lens.sides]
        pictures = [board.frame(one.pixels, [], nobody, nobody) for one in decoded]

        def encode() -> None:
            with Writer(out / "alone.mp4", board.size, source) as writer:
                for picture, one in zip(pictures, decoded, strict=True):
                    writer.frame(picture, one.time)

        alone.append(_seconds(encode))
    return {"video": whole, "decoding, passes and encoding, each alone": sum(alone)}


def _passes(lens: Lens, frames: int) -> None:
    """Bare forward passes of as many inputs: one by one of the network that is followed, else in batches."""
    import torch

    from ..moving.video import BATCH
    from ..networks.model import wait

    with torch.inference_mode():
        for side in lens.sides:
            where = next(side.net.parameters()).device
            batch = 1 if side.card is lens.follows else BATCH
            x = torch.rand(batch, 3, *side.card.input, device=where)
            for _ in range(frames // batch):
                side.net(x)
            wait(where)


def growth(seconds: float, after: float = 5) -> dict[str, float]:
    """Megabytes by which the most that a process ever held grows between `after` seconds of a video and its end. In a
    process of its own, because what was held before counts too.
    """
    code = f"from pose_demo.commands.bench_video import _growth; print(*_growth({seconds}, {after}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    early, end = map(float, done.stdout.split())
    return {"memory that grew": end - early, "memory at the beginning": early}


def _growth(seconds: float, after: float) -> tuple[float, float]:
    from ..moving.video import Far, compare_video

    held: dict[int, float] = {}

    def progress(far: Far) -> None:
        held[far.frames] = _most()

    with tempfile.TemporaryDirectory() as folder:
        compare_video(film(Path(folder) / "film.mp4", seconds), folder, BOX, progress=progress)
    assert len(held) == round(seconds * RATE)
    return held[round(after * RATE)], _most()


def _most() -> float:
    """Megabytes: the most that this process ever held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 1024)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
