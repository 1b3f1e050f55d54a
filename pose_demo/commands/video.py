"""`video FILE --out DIR`: both skeletons side by side in a video, and the joints of all its frames as JSON and CSV.

Boxes follow people from frame to frame; whose joints they are made of is said. What plays is an MP4 (H.264).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..locales import UserError, say, tell
from ..writing import writing
from . import compare


def add_parser(commands: Any) -> None:
    p = commands.add_parser("video", help="two skeletons of a video", description=__doc__)
    p.add_argument("video", help="a video file, at most 200 MB")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the video and the joints go")
    p.add_argument("--box", type=float, nargs=4, metavar=("X0", "Y0", "X1", "Y1"),
                   help="the person to follow, in pixels of the first frame")  # fmt: skip
    p.add_argument("--smooth", action="store_true", help="draw joints smoothed by the One Euro filter, and say so")
    p.add_argument("--frames", type=int, metavar="N", help="no more than so many")
    p.add_argument("--path", action="append", default=[], metavar="JOINT", help="also draw this joint's path as SVG")
    compare.add_options(p)
    p.add_argument("--json", action="store_true", help="print what was done as JSON instead of a summary")
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ..moving.video import VIDEO, Far, compare_video

    with tqdm(total=1.0, disable=None, bar_format="{percentage:3.0f} % |{bar}| {postfix}") as bar:

        def progress(far: Far) -> None:
            bar.n = far.share
            left = "" if far.left is None else f", about {far.left:.0f} s more"
            bar.set_postfix_str(f"{far.frames} frames, {far.frames / far.seconds:.1f} a second{left}")

        result = compare_video(
            call.video, call.out, call.box, smooth=call.smooth, threshold=call.threshold, frames=call.frames,
            progress=progress, **compare.options(call),
        )  # fmt: skip
    files, first = [], next(iter(result.people), None)
    for joint in call.path:
        file = call.out / f"path-{joint.replace(' ', '-')}.svg"
        with writing(file, "w") as out:
            out.write(_path(result, joint, first or 1, call.smooth))
        files.append(file.name)
    jitter = {card.name: each for card, each in zip(result.cards, _jitter(result, first), strict=True)}
    if call.json:
        print(json.dumps({**result.about, "people": result.people, "jitter": jitter, "paths": files}))
    else:
        about = result.about
        print(say("en", "video.done", **about["video"], work=about["seconds"], follows=about["follows"],
                  people=len(result.people), file=call.out / VIDEO))  # fmt: skip
        if about["memory"]:
            print(tell("en", about["memory"]))
        if about["video"]["damaged"]:
            print(say("en", "video.damaged_parts", count=about["video"]["damaged"]))
        if about["video"]["sound"] and not about["video"]["sound_copied"]:
            print(say("en", "video.sound_left", sound=about["video"]["sound"]))
        for card, each in zip(result.cards, jitter.values(), strict=True):
            known = sorted(v for v in each.values() if v is not None)
            if known:
                print(say("en", "video.jitter", network=card.title, pixels=known[len(known) // 2]))
    return 0


def _path(result: Any, joint: str, person: int, smooth: bool) -> str:
    from ..draw import path

    names = [card.title for card in result.cards]
    shown = result.path(joint, person, smooth)
    if not any(one is not None for one in shown):
        raise UserError("video.no_joint", joint=joint, known=", ".join(result.cards[0].joints.joints))
    return path.svg(shown, names, joint, result.path(joint, person) if smooth else ())


def _jitter(result: Any, first: int | None) -> list[dict[str, float | None]]:
    """Of the person who is in most frames; None for a joint without one."""
    each = result.jitter(first) if first else [{} for _ in result.cards]
    return [{joint: round(v, 3) if v == v else None for joint, v in one.items()} for one in each]
