"""`page`: the page in a browser, as `python app.py` opens it, which takes the same options."""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path
from typing import Any

from ..locales import UserError


def add_parser(commands: Any) -> None:
    p = commands.add_parser("page", help="open the page", description=__doc__)
    p.add_argument("--port", type=int, help="where it listens (default: 7860 or the next that is free)")
    auth = "let nobody in without them; @FILE reads them from a file, where others do not see them"
    p.add_argument("--auth", metavar="USER:PASSWORD", help=f"{auth} (default: POSE_DEMO_AUTH, else everybody)")
    p.add_argument("--mcp", action="store_true", help="answer programs that speak MCP, too, at /mcp (needs `mcp`)")
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    gc.disable()  # nothing that is loaded from here on is garbage: until the page has warmed up
    from .. import page

    auth = credentials(call.auth or os.environ.get("POSE_DEMO_AUTH", ""))
    page.launch(server_port=call.port, auth=auth, mcp=call.mcp)
    return 0


def credentials(given: str) -> tuple[str, str] | None:
    """ "user:password" or "@file" that holds it -> both; None for "". Raises UserError, which repeats no password."""
    if given.startswith("@"):
        given = Path(given[1:]).expanduser().read_text(encoding="utf-8").strip()
    elif not given:
        return None
    user, colon, password = given.partition(":")
    if not (user and colon and password):
        raise UserError("page.auth")
    return user, password
