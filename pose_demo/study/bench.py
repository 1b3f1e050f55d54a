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

_ROOT = Path(__file__).parents[2]
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
_SPIN = "while True: sum(range(10000))"


def bench_import(runs: int) -> dict[str, Any]:
    """What an import costs beyond starting Python."""
    empty, torch, ours = (
        _median(runs, lambda code=code: _python(code)) for code in ("pass", "import torch", "import pose_demo")
    )
    return _result(max(ours - empty, 0), torch - empty, 0.1, "import pose_demo", "import torch")


def bench_busy(runs: int) -> dict[str, Any]:
    """Big networks (their architectures untrained), so that the forward passes are what is measured."""
    names = ["hrnet-w32-untrained", "hourglass-2-untrained"]
    alone = _comparison_seconds(runs, names)
    # One busy process for every core but one would leave a core free; one for each leaves none.
    others = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(max(1, (os.cpu_count() or 2) // 2))]
    try:
        beside = _comparison_seconds(runs, names)
    finally:
        for other in others:
            other.kill()
            other.wait()
    return _result(beside, alone, 3.0, "beside a busy process", "alone")


def bench_drawing(runs: int) -> dict[str, Any]:
    """Everything after the two forward passes, up to what is sent, in the page's own way."""
    from ..comparison import compare
    from ..examples import examples
    from ..page.view import respond

    photo = examples()[0]
    passes, rest = [], []
    for _ in range(runs + 1):
        comparison = compare(photo.path, photo.box)
        start = time.perf_counter()
        respond(comparison)
        rest.append(time.perf_counter() - start)
        passes.append(sum(pose.seconds for pose in comparison.poses))
    return _result(
        statistics.median(rest[1:]), statistics.median(passes[1:]), 0.25, "decoding and drawing", "forward passes"
    )


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
