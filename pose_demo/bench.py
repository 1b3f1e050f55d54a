"""The measurements behind `python -m pose_demo bench`: medians of repeated runs, and the ratio that has a bar."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

_ROOT = Path(__file__).parents[1]
_COMPARISON = """
import time, sys
from pose_demo import compare
from pose_demo.examples import examples
photo = examples()[0]
names = sys.argv[2:] or None
compare(photo.path, photo.box, names)
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    compare(photo.path, photo.box, names)
    print(time.perf_counter() - start)
"""
#: Networks of the papers' size; their weights do not matter for how long they take.
_PAPERS = ["hrnet-w32-untrained", "hourglass-2-untrained"]
_SPIN = "while True: sum(range(10000))"


def bench_import(runs: int) -> dict[str, Any]:
    """What an import costs beyond starting Python."""
    empty, torch, ours = (
        _median(runs, lambda code=code: _python(code)) for code in ("pass", "import torch", "import pose_demo")
    )
    return _result(max(ours - empty, 0), torch - empty, 0.1, "import pose_demo", "import torch")


def bench_busy(runs: int) -> dict[str, Any]:
    """Networks of the papers' size, so that it is the forward passes that are measured."""
    alone = _comparison_seconds(runs, _PAPERS)
    # One busy process for every core but one would leave a core free; one for each leaves none.
    others = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(max(1, (os.cpu_count() or 2) // 2))]
    try:
        beside = _comparison_seconds(runs, _PAPERS)
    finally:
        for other in others:
            other.kill()
            other.wait()
    return _result(beside, alone, 3.0, "beside a busy process", "alone")


def bench_drawing(runs: int) -> dict[str, Any]:
    """The page's own way from the heatmaps to what is sent, beside the passes of networks of the papers' size."""
    return _after_the_passes(runs, _PAPERS, 0.25)


def bench_embedded(runs: int) -> dict[str, Any]:
    """The same for the pair that ships, whose passes are ten times shorter."""
    return _after_the_passes(runs, None, 0.25)


def bench_page(runs: int) -> dict[str, Any]:
    """The X-ray's first view of both networks: every thumbnail, both maps."""
    from .page import xray
    from .page.xray_store import STORE

    def view(session: Any) -> None:
        session.xray_key = STORE.keep(session.result, "bench")
        xray.fill(session)

    return _after_the_passes(runs, _PAPERS, 1 / 3, view)


def bench_study(runs: int) -> dict[str, Any]:
    """500 people from file to figures, beside the bare forward passes of both networks."""
    from .study import bench_study as study

    return study.bench_study(runs)


def _after_the_passes(
    runs: int, networks: list[str] | None, bar: float, view: Callable[[Any], None] | None = None
) -> dict[str, Any]:
    from .comparison import compare
    from .decode import decode
    from .examples import examples
    from .page import run
    from .page.state import Session

    photo, passes, rest = examples()[0], [], []
    for _ in range(runs + 1):
        session = Session()
        session.result = compare(photo.path, photo.box, networks, trace=view is not None)
        start = time.perf_counter()
        if view:
            view(session)
        else:
            for pose in session.result.poses:
                decode(torch.from_numpy(pose.heatmaps[-1])[None])  # compare has done it; it counts here
            run.everything(session, "")
        rest.append(time.perf_counter() - start)
        passes.append(sum(pose.seconds for pose in session.result.poses))
    after, before = statistics.median(rest[1:]), statistics.median(passes[1:])
    return _result(after, before, bar, "after the passes", "forward passes")


def bench_start(runs: int) -> dict[str, Any]:
    imports = _median(runs, lambda: _python("import torch, gradio"))
    return _result(_median(runs, _first_request), imports, 1.5, "app.py's first answer", "import torch, gradio")


def _first_request() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    app = subprocess.Popen(
        [sys.executable, "app.py"], cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(3000):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("app.py did not answer within a minute")
    finally:
        app.kill()
        app.wait()


def _comparison_seconds(runs: int, networks: list[str]) -> float:
    lines = _python(_COMPARISON, str(runs), *networks).split()
    return statistics.median(float(line) for line in lines)


def _python(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=_ROOT, check=True, capture_output=True, text=True
    ).stdout


def _median(runs: int, call: Callable[[], Any]) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _result(a: float, b: float, bar: float, name_a: str, name_b: str) -> dict[str, Any]:
    return {"ratio": a / b, "bar": bar, "seconds": {name_a: a, name_b: b}}
