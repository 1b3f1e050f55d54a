"""`python -m pose_demo compare | video | study | train | weights | bench | page | remake`; installed: `pose-demo ...`.

Exit status 0, 1 (ran and failed: one line on stderr, and with --json {"error": ...}) or 2 (wrong call).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from importlib import import_module
from pathlib import Path

COMMANDS = ("compare", "video", "study", "train", "weights", "bench", "page", "remake")


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
    try:
        status = call.run(call)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # as in `... | head`: who reads has enough; what is printed comes after the work
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, RuntimeError, FloatingPointError) as error:  # what our own code raises in a sentence
        why = str(error)
    except KeyboardInterrupt:
        why = getattr(call, "interrupted", "interrupted")
    if getattr(call, "json", False):
        print(json.dumps({"error": why}))
    print(f"{call.command}: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
