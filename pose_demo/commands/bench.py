"""`bench`: how fast things are here, as ratios within one run (absolute times differ from machine to machine).

import   -- `import pose_demo` against `import torch`
busy     -- a comparison beside another busy process against the same comparison alone
drawing  -- from the heatmaps to what the page sends, against two forward passes of networks of the papers' size
embedded -- the same against the passes of the small pair that ships
page     -- the X-ray's first view of both networks, against the same two passes
start    -- until app.py answers its first request, against `python -c "import torch, gradio"`
study    -- `study accuracy` of 500 people, from file to figures, against the bare forward passes of both networks
"""

from __future__ import annotations

import argparse
import json

BENCHES = ("import", "busy", "drawing", "embedded", "page", "start", "study")


def add_parser(commands) -> None:
    p = commands.add_parser(
        "bench", help="how fast it is here", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("which", nargs="*", metavar="BENCH", help=f"some of {', '.join(BENCHES)} (default: all)")
    p.add_argument("--runs", type=int, default=5, help="how often each is repeated; the median counts")
    p.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    from .. import bench

    unknown = set(call.which) - set(BENCHES)
    if unknown:
        raise ValueError(f"no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    results = {name: getattr(bench, f"bench_{name}")(call.runs) for name in call.which or BENCHES}
    if call.json:
        print(json.dumps(results))
    else:
        for name, r in results.items():
            seconds = ", ".join(f"{k} {v:.3f} s" for k, v in r["seconds"].items())
            print(f"{name:9} ratio {r['ratio']:.3f} (at most {r['bar']}): {seconds}")
    return 0 if all(r["ratio"] <= r["bar"] for r in results.values()) else 1
