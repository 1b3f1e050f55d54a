"""`python -m pose_demo compare | study | train | weights | bench`: the same use cases from the command line.

Exit status 0, 1 (ran and failed) or 2 (wrong call).
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

COMMANDS = ("compare", "study", "train", "weights", "bench")


def parser() -> argparse.ArgumentParser:
    """Each command registers itself; a command's module loads torch only when the command runs."""
    top = argparse.ArgumentParser(prog="python -m pose_demo", description="An X-ray of two pose networks.")
    commands = top.add_subparsers(dest="command", required=True, metavar="{" + ",".join(COMMANDS) + "}")
    for name in COMMANDS:
        import_module(f".commands.{name}", __package__).add_parser(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    call = parser().parse_args(arguments)
    try:
        return call.run(call)
    except (OSError, ValueError, RuntimeError, FloatingPointError) as error:  # what our own code raises in a sentence
        print(f"{call.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{call.command}: interrupted", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
