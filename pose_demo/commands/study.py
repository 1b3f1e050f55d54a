"""`study accuracy`: how right a network is on labelled photos."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path


def add_parser(commands) -> None:
    p = commands.add_parser("study", help="questions asked of many photos", description=__doc__)
    studies = p.add_subparsers(dest="study", required=True)
    a = studies.add_parser("accuracy", help="PCK over all joints, per joint, and of upright people")
    a.add_argument("--network", required=True, help="a name of `weights list`, or a best.pt of `train`")
    a.add_argument("--data", type=Path, required=True, metavar="FILE", help="an .npz of labelled person crops")
    a.add_argument("--threshold", type=float, default=0.2, help="share of the torso (default 0.2)")
    a.add_argument("--upsampling", default=None, help="a stop of the slider (default: as trained)")
    a.add_argument("--decoder", choices=("argmax", "dark"), default="argmax")
    a.add_argument("--limit", type=int, default=None, help="only the first so many photos")
    a.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    a.set_defaults(run=accuracy)


def accuracy(call: argparse.Namespace) -> int:
    from ..study.accuracy import measure

    report = measure(call.network, call.data, call.threshold, call.upsampling, call.decoder, call.limit)
    if call.json:
        print(json.dumps(asdict(report)))
        return 0
    p = report.pck
    print(
        f"{report.network} on {report.data}: PCK@{p.threshold} {p.mean:.4f} over {p.joints} joints of {p.people} people"
    )
    print(f"upright people ({p.people_upright}): {p.upright:.4f}")
    for joint, share in p.per_joint.items():
        print(f"  {joint:16} {share:.4f}")
    print(f"upsampling {report.upsampling}, decoder {report.decoder}, {report.device}, torch {report.torch}")
    return 0
