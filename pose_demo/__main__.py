"""`python -m pose_demo compare | xray | video | study | train | weights | bench | page | remake`, or `pose-demo`.

Exit status 0, 1 (ran and failed: one line on stderr, and with --json {"error": ...}) or 2 (wrong call).
A fault of ours, or of a library, is status 1 too, with its trace in the log before that line.
"""

from __future__ import annotations

import argparse
import ctypes
import io
import json
import logging
import os
import sys
from importlib import import_module
from pathlib import Path

from .locales import UserError, say

COMMANDS = ("compare", "xray", "video", "study", "train", "weights", "bench", "page", "remake")


def parser() -> argparse.ArgumentParser:
    """Each command registers itself; a command's module loads torch only when the command runs."""
    name = "pose-demo" if Path(sys.argv[0]).stem == "pose-demo" else "python -m pose_demo"
    top = argparse.ArgumentParser(prog=name, description="An X-ray of two pose networks.")
    commands = top.add_subparsers(dest="command", required=True, metavar="{" + ",".join(COMMANDS) + "}")
    for command in COMMANDS:
        import_module(f".commands.{command}", __package__).add_parser(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the code page has no letter for is written as \\u4eba
            stream.reconfigure(errors="backslashreplace")
    call = parser().parse_args(arguments)
    keep_freed()
    try:
        status = call.run(call)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # as in `... | head`: who reads has enough; what is printed comes after the work
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        why = getattr(call, "interrupted", "interrupted")
    except Exception as error:
        why = sentence(error)
    if getattr(call, "json", False):
        print(json.dumps({"error": why}))
    print(f"{call.command}: {why}", file=sys.stderr)
    return 1


def keep_freed() -> None:
    """glibc gives freed memory back to the system, which clears each page of it anew when the next layer's maps want
    it: up to a fifth of a pass. Of blocks up to 16 MiB it keeps 64 MiB now; other C libraries are left as they are.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(trim_threshold, 64 * 2**20)
        mallopt(mmap_threshold, 16 * 2**20)


def sentence(error: Exception) -> str:
    """What is said of an error: what was meant for people, or which file the system would not give us."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return say("en", "command.file", file=error.filename, why=error.strerror)
    logging.getLogger(__name__).error("a fault", exc_info=error)
    return say("en", "command.fault")


if __name__ == "__main__":
    sys.exit(main())
