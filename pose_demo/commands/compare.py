"""`compare PHOTO --out DIR`: two skeletons, heatmaps and result.json of one photo."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..locales import say
from . import network_options


def add_parser(commands: Any) -> None:
    p = commands.add_parser("compare", help="two skeletons of one photo", description=__doc__)
    p.add_argument("photo", help="a picture file")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the pictures and result.json go")
    p.add_argument("--box", type=float, nargs=4, metavar=("X0", "Y0", "X1", "Y1"), help="the person, in pixels")
    p.add_argument("--networks", nargs=2, metavar=("LEFT", "RIGHT"),
                   help="two names of `weights list`, or files of weights")  # fmt: skip
    p.add_argument("--upsampling", default="nearest", help="nearest, bilinear, bicubic or bilinear-corners")
    p.add_argument("--decoder", default="argmax", help="how a peak becomes a joint: argmax, dark")
    p.add_argument("--flip", action="store_true", help="average with the mirrored photo")
    p.add_argument("--threshold", type=float, default=0.1, help="draw joints whose score reaches this")
    p.add_argument("--json", action="store_true", help="print result.json instead of a summary")
    network_options.add_options(p)
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    from PIL import Image

    from .. import compare
    from ..crop import closeup
    from ..draw import heatmap, skeleton
    from ..networks import zoo

    told = network_options.told(call)
    networks = call.networks and [zoo.open(n, zoo.device(), **told) if zoo.is_file(n) else n for n in call.networks]
    result = compare(
        call.photo, call.box, networks, call.upsampling, decoder=call.decoder, flip=call.flip
    )  # fmt: skip
    call.out.mkdir(parents=True, exist_ok=True)
    written = []

    def write(name: str, pixels) -> None:
        Image.fromarray(pixels).save(call.out / name)
        written.append(name)

    seen, opacity = closeup(result.box, result.photo.shape), 1.0 if result.person else skeleton.PALE
    top = max(float(pose.heatmaps[-1].max()) for pose in result.poses)
    for side, pose in zip(("left", "right"), result.poses, strict=True):
        write(f"{side}-skeleton.png", skeleton.picture(result.photo, pose, call.threshold, seen, opacity))
        write(f"{side}-input.png", pose.image)
        for s, maps in enumerate(pose.heatmaps, start=1):
            write(f"{side}-heatmaps-{s}.png", heatmap.sheet(maps, top))
    data = {"photo": str(call.photo), **result.to_json(), "files": written}
    (call.out / "result.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    print(json.dumps(data) if call.json else summary(result, call.out))
    return 0


def summary(result, out: Path) -> str:
    lines = [] if result.person else [say("en", "compare.nobody", found=f"{result.found:.2f}")]
    for pose in result.poses:
        lines.append(
            f"{pose.card.title}, {pose.card.status}: mean score {pose.scores.mean():.2f}, "
            f"{pose.seconds * 1000:.0f} ms on {result.device}"
        )
        if granted := pose.card.granted:
            lines.append(say("en", "compare.assumed", name=pose.card.title, assumed=granted))
    near = [d.pixels for d in result.distances()]
    if near:
        lines.append(say("en", "compare.apart", pixels=f"{sum(near) / len(near):.1f}", count=len(near)))
    lines.append(f"written to {out}")
    return "\n".join(lines)
