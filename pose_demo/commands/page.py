"""`page`: the page in a browser, as `python app.py` opens it, which takes the same options."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    p = commands.add_parser("page", help="open the page", description=__doc__)
    p.add_argument("--port", type=int, help="where it listens (default: 7860 or the next that is free)")
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    from .. import page

    page.launch(server_port=call.port)
    return 0
