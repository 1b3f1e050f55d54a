"""`bench`: how fast things are here, as ratios within one run (absolute times differ from machine to machine).

import   -- `import pose_demo` against `import torch`
busy     -- a comparison beside another busy process against the same comparison alone
drawing  -- from the heatmaps to what the page sends, against two forward passes of networks of the papers' size
embedded -- the same against the passes of the small pair that ships
cut      -- an arrow that is cut, to new skeletons and maps, against a move of the slider
matters  -- "what matters here" (all arrows cut alone), against as many passes as there are arrows
page     -- the X-ray's first view of both networks, against the same two passes
start    -- until the page answers its first request, against `python -c "import torch, gradio"`
study    -- `study accuracy` of 500 people, from file to figures, against the bare forward passes of both networks
video    -- `video` of 1080p, from file to file, against decoding, bare passes and encoding, each alone
memory   -- by how many megabytes two minutes of 1080p grow after the first five seconds, against 100
"""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from ..locales import UserError

#: Networks of the papers' size; their weights do not matter for how long they take.
_PAPERS = ["hrnet-w32-untrained", "hourglass-2-untrained"]
_COMPARISON = """
import time, sys
from pose_demo import compare
from pose_demo.examples import examples
photo = examples()[0]
compare(photo.path, photo.box, sys.argv[2:])
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    compare(photo.path, photo.box, sys.argv[2:])
    print(time.perf_counter() - start)
"""
_SPIN = "while True: sum(range(10000))"
_START = "from pose_demo import page; page.launch()"


def add_parser(commands: Any) -> None:
    p = commands.add_parser(
        "bench", help="how fast it is here", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("which", nargs="*", metavar="BENCH", help=f"some of {', '.join(BENCHES)} (default: all)")
    p.add_argument("--runs", type=int, default=5, help="how often each is repeated; the median counts")
    p.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    if unknown := set(call.which) - set(BENCHES):
        raise UserError("bench.unknown", given=", ".join(sorted(unknown)), known=", ".join(BENCHES))
    results = {name: BENCHES[name](call.runs) for name in call.which or BENCHES}
    if call.json:
        print(json.dumps(results))
    else:
        for name, r in results.items():
            seconds = ", ".join(f"{k} {v:.3f} {r.get('unit', 's')}" for k, v in r["seconds"].items())
            print(f"{name:9} ratio {r['ratio']:.3f} (at most {r['bar']}): {seconds}")
    return 0 if all(r["ratio"] <= r["bar"] for r in results.values()) else 1


def _import(runs: int) -> dict[str, Any]:
    """What an import costs beyond starting Python."""
    empty, torch, ours = (
        median(timed(runs, lambda code=code: _python(code))) for code in ("pass", "import torch", "import pose_demo")
    )
    return _result(0.1, {"import pose_demo": max(ours - empty, 0), "import torch": torch - empty})


def _busy(runs: int) -> dict[str, Any]:
    """Networks of the papers' size, so that it is the forward passes that are measured."""
    alone = _comparison(runs)
    # One busy process for every core but one would leave a core free; one for each leaves none.
    others = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(max(1, (os.cpu_count() or 2) // 2))]
    try:
        beside = _comparison(runs)
    finally:
        for other in others:
            other.kill()
            other.wait()
    return _result(3.0, {"beside a busy process": beside, "alone": alone})


def _comparison(runs: int) -> float:
    return median(float(line) for line in _python(_COMPARISON, str(runs), *_PAPERS).split())


def _drawing(runs: int, networks: list[str] | None = _PAPERS) -> dict[str, Any]:
    """The page's own way from the heatmaps to what is sent, decoding included, which compare has done already."""
    import torch

    from ..decode import decode
    from ..page import compare as page

    def draw(session: Any) -> None:
        for pose in session.result.poses:
            decode(torch.from_numpy(pose.heatmaps[-1])[None])
        page.everything(session, 0)

    return _after_the_passes(runs, networks, 0.25, draw)


def _embedded(runs: int) -> dict[str, Any]:
    return _drawing(runs, None)


def _page(runs: int) -> dict[str, Any]:
    """Every thumbnail, both maps."""
    from ..page import xray
    from ..page.store import STORE

    def view(session: Any) -> None:
        session.key = STORE.keep(session.result, "bench")
        xray.fill(session, session.result)

    return _after_the_passes(runs, _PAPERS, 1 / 3, view, trace=True)


def _after_the_passes(
    runs: int, networks: list[str] | None, bar: float, view: Callable[[Any], None], trace: bool = False
) -> dict[str, Any]:
    """What is done with a comparison, against its forward passes; the first of both warms up."""
    from ..comparison import compare
    from ..examples import examples
    from ..page.session import Session

    photo, passes, after = examples()[0], [], []
    for _ in range(runs + 1):
        session = Session()
        session.result = compare(photo.path, photo.box, networks, trace=trace)
        after += timed(1, lambda session=session: view(session))
        passes.append(sum(pose.seconds for pose in session.result.poses))
    return _result(bar, {"after the passes": median(after[1:]), "forward passes": median(passes[1:])})


def _cut(runs: int) -> dict[str, Any]:
    from . import bench_xray

    cut, move = bench_xray.cut(max(1, runs), timed)
    return _result(1.5, {"a cut": cut, "a move of the slider": move})


def _matters(runs: int) -> dict[str, Any]:
    from . import bench_xray

    return bench_xray.matters(max(1, runs), timed)


def _start(runs: int) -> dict[str, Any]:
    answer, imports = median(timed(runs, _first_answer)), median(timed(runs, lambda: _python("import torch, gradio")))
    return _result(1.5, {"the page's first answer": answer, "import torch, gradio": imports})


def _first_answer() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment, quiet = {**os.environ, "GRADIO_SERVER_PORT": str(port)}, subprocess.DEVNULL
    app = subprocess.Popen([sys.executable, "-c", _START], env=environment, stdout=quiet, stderr=quiet)
    try:
        for _ in range(3000):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60):
                    return
            except OSError:
                time.sleep(0.02)
        raise UserError("bench.no_answer")
    finally:
        app.kill()
        app.wait()


def _study(runs: int, people: int = 500, batches: tuple[int, ...] = (8, 16, 32)) -> dict[str, Any]:
    """Pictures read, forward passes, decoding, figures with intervals and tests, against the bare forward passes of
    the same two networks on as many photos, in the best of a few batch sizes.
    """
    from .. import weights
    from ..networks import zoo
    from ..study.conduct import Settings, conduct
    from ..study.questions import Accuracy

    names, device = weights.default_pair(), str(zoo.device())
    nets = [(zoo.load(name, device), zoo.card(name).input) for name in names]

    def bare(batch: int) -> float:
        return people * sum(_seconds_a_photo(net, size, batch) for net, size in nets)

    best = min(batches, key=bare)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings((_crops(Path(folder) / "crops.npz", people),), Path(folder) / "out", names, batch=best)
        studies = timed(max(1, runs), lambda: conduct(Accuracy(), settings))
    return _result(1.2, {"the study": median(studies), f"bare forward passes in batches of {best}": bare(best)})


def _seconds_a_photo(net: Any, size: tuple[int, int], batch: int) -> float:
    """Of a forward pass over a batch that lies on the device already; the median of three after one to warm up."""
    import torch

    from ..networks import zoo

    where = next(net.parameters()).device
    x = torch.rand(batch, 3, *size, device=where).contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def once() -> None:
        net(x)
        zoo.wait(where)

    return median(timed(4, once)[1:]) / batch


def _crops(file: Path, people: int) -> Path:
    """Pictures as large as the crops that the networks were trained on (178 pixels in the median), and labels."""
    import numpy as np
    from PIL import Image

    rng, pictures = np.random.default_rng(0), []
    for _ in range(people):
        coarse, packed = Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)), io.BytesIO()
        coarse.resize((178, 178), Image.Resampling.BICUBIC).save(packed, "WEBP", quality=80)
        pictures.append(packed.getvalue())
    labels = np.concatenate([rng.uniform(1, 176, (people, 14, 2)), np.ones((people, 14, 1))], axis=2)
    np.savez(
        file, webp=np.frombuffer(b"".join(pictures), np.uint8), joints=labels.astype(np.float32),
        offset=np.cumsum([0, *map(len, pictures)]), size=np.full(people, 178), image_id=np.arange(people),
    )  # fmt: skip
    return file


def _video(runs: int, frames: int = 48) -> dict[str, Any]:
    from . import bench_video

    with tempfile.TemporaryDirectory() as folder:
        film = bench_video.film(Path(folder) / "film.mp4", frames / bench_video.RATE)
        measured = [bench_video.parts(film, Path(folder), frames) for _ in range(max(1, runs))]
    return _result(1.3, {name: median(each[name] for each in measured) for name in measured[0]})


def _memory(runs: int, seconds: float = 120) -> dict[str, Any]:
    """Once, however often the others are repeated: how much memory it is does not tremble."""
    from . import bench_video

    grown = bench_video.growth(seconds)
    return {"ratio": grown["memory that grew"] / 100, "bar": 1.0, "seconds": grown, "unit": "MB"}


def _python(code: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True).stdout


def timed(runs: int, call: Callable[[], Any]) -> list[float]:
    """Seconds of each of so many calls."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times


def _result(bar: float, seconds: dict[str, float]) -> dict[str, Any]:
    """The first time over the second."""
    first, second = seconds.values()
    return {"ratio": first / second, "bar": bar, "seconds": seconds}


#: Each takes how often it is repeated and returns {"ratio", "bar": the most it should be, "seconds"}.
BENCHES: dict[str, Callable[[int], dict[str, Any]]] = {
    "import": _import, "busy": _busy, "drawing": _drawing, "embedded": _embedded, "cut": _cut, "matters": _matters,
    "page": _page, "start": _start, "study": _study, "video": _video, "memory": _memory,
}  # fmt: skip
