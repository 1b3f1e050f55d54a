"""`compare` over many files in one process, with what each costs: `python measured.py REPORT FILE... --out DIR`.

REPORT gets a line a file: its name, the sentence that refused it or null, the CPU seconds that it took, and by how
many MB memory rose at most above what the process held before the first. The rest is the command's own.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from pose_demo import __main__, many


def resident(which: str = "VmRSS") -> float:
    """MB of memory: now, or (VmHWM) the most since `forget`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(which))) / 1024


def forget() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def main(report: Path, arguments: list[str]) -> int:
    look = many.look
    idle: list[float] = []

    def measured(file: Path, **asked):
        idle[:] = idle or [resident()]
        forget()
        begun = time.process_time()
        looked = look(file, **asked)
        error, key = (str(looked.error), looked.error.key) if looked.error else (None, None)
        cost = {"seconds": time.process_time() - begun, "megabytes": resident("VmHWM") - idle[0]}
        line = {"file": file.name, "error": error, "key": key, **cost}
        with report.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
        return looked

    many.look = measured
    return __main__.main(["compare", *arguments])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
