"""A command over many files in one process, with what each file costs: `python measured.py REPORT COMMAND FILE... --out
DIR ...`.

COMMAND is compare, which takes all files at once, or video, which takes one after the other (into DIR/its name). REPORT
gets a line a file: its name, the sentence that refused it or null, what was answered, the CPU seconds that it took, and
by how many MB memory rose at most above what the process held before the first. The rest is the command's own.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from pose_demo import __main__, many


def resident(which: str = "VmRSS", process: int | str = "self") -> float:
    """MB of memory: now, or (VmHWM) the most since `forget`."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(which))) / 1024


def forget(process: int | str = "self") -> None:
    Path(f"/proc/{process}/clear_refs").write_text("5")


class Meter:
    """Writes the report."""

    def __init__(self, report: Path):
        self._report, self._idle = report, 0.0

    def __call__(self, file: Path, ask: Callable[[], tuple[str | None, Any]]) -> None:
        """ask -- gives the sentence that refused the file, and what was answered"""
        self._idle = self._idle or resident()
        forget()
        begun = time.process_time()
        error, answer = ask()
        cost = {"seconds": time.process_time() - begun, "megabytes": resident("VmHWM") - self._idle}
        with self._report.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"file": file.name, "error": error, "answer": answer, **cost}) + "\n")


def compare(meter: Meter, arguments: list[str]) -> int:
    look = many.look

    def measured(file: Path, *how: Any, **asked: Any) -> many.Looked:
        kept = []

        def ask() -> tuple[str | None, Any]:
            kept[:] = [look(file, *how, **asked)]
            return (str(kept[0].error), None) if kept[0].error else (None, kept[0].result.to_json())

        meter(file, ask)
        return kept[0]

    many.look = measured
    return __main__.main(["compare", *arguments])


def video(meter: Meter, arguments: list[str]) -> int:
    at = arguments.index("--out")
    files, out, options = map(Path, arguments[:at]), Path(arguments[at + 1]), arguments[at + 2 :]

    def ask(file: Path) -> tuple[str | None, Any]:
        with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()) as complained:
            status = __main__.main(["video", str(file), "--out", str(out / file.name), "--json", *options])
        return (complained.getvalue().strip(), None) if status else (None, json.loads(said.getvalue()))

    for file in files:
        meter(file, lambda file=file: ask(file))
    return 0


if __name__ == "__main__":
    sys.exit({"compare": compare, "video": video}[sys.argv[2]](Meter(Path(sys.argv[1])), sys.argv[3:]))
