"""`compare PHOTO --out DIR`: two skeletons, heatmaps and result.json of one photo.

Several photos, or a folder: results.json of them all, COCO-style. The same call again goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from math import isfinite
from pathlib import Path
from typing import Any

from ..locales import UserError, said, say
from . import network_options


def add_parser(commands: Any) -> None:
    p = commands.add_parser("compare", help="two skeletons of one photo, or of many", description=__doc__)
    p.add_argument("photo", nargs="+", help="a picture file; or several, or folders of them")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the pictures and results go")
    p.add_argument("--box", type=float, nargs=4, metavar=("X0", "Y0", "X1", "Y1"), help="the person, in pixels")
    p.add_argument("--pictures", action="store_true", help="of many photos: write both skeletons of each too")
    add_options(p)
    p.add_argument("--json", action="store_true", help="print the result, or what was done, instead of a summary")
    p.set_defaults(run=run)


def add_options(p: argparse.ArgumentParser) -> None:
    """How the networks look."""
    p.add_argument("--networks", nargs=2, metavar=("LEFT", "RIGHT"),
                   help="two names of `weights list`, or files of weights")  # fmt: skip
    p.add_argument("--upsampling", default="nearest", help="nearest, bilinear, bicubic or bilinear-corners")
    p.add_argument("--silence", action="append", default=[], metavar="PLACE[=HOW]",
                   help="cut a tap, an arrow source->target or a stack; HOW: zero or flat; repeatable")  # fmt: skip
    p.add_argument("--decoder", default="argmax", help="how a peak becomes a joint: argmax, dark")
    p.add_argument("--flip", action="store_true", help="average with the mirrored photo")
    p.add_argument("--threshold", type=float, default=0.1, help="draw joints whose score reaches this")
    network_options.add_options(p)


def options(call: argparse.Namespace) -> dict[str, Any]:
    """As `compare` takes them."""
    from ..networks import zoo

    told = network_options.told(call)
    networks = call.networks and [zoo.open(n, zoo.device(), **told) if zoo.is_file(n) else n for n in call.networks]
    silence = {place: how or "zero" for place, _, how in (cut.partition("=") for cut in call.silence)}
    asked = {name: getattr(call, name) for name in ("upsampling", "decoder", "flip")}
    return {"networks": networks, "silence": silence, **asked}


def run(call: argparse.Namespace) -> int:
    if len(call.photo) == 1 and not Path(call.photo[0]).is_dir():
        return one(call)
    if call.box:
        raise UserError("many.box")
    return many(call)


def one(call: argparse.Namespace) -> int:
    from PIL import Image

    from .. import compare
    from ..crop import closeup
    from ..draw import heatmap, skeleton

    result = compare(call.photo[0], call.box, **options(call))
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
    data = {"photo": call.photo[0], **result.to_json(), "files": written}
    (call.out / "result.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    print(json.dumps(data) if call.json else summary(result, call.out))
    return 0


def summary(result, out: Path) -> str:
    lines = [] if result.person else [say("en", "compare.nobody", found=f"{result.found:.2f}")]
    for pose in result.poses:
        score = said("compare.score", score=pose.score) if isfinite(pose.score) else said("compare.no_answer")
        facts = {"score": score, "ms": pose.seconds * 1000, "device": result.device}
        lines.append(say("en", "compare.line", network=pose.card.title, status=pose.card.status, **facts))
        if granted := pose.card.granted:
            lines.append(say("en", "compare.assumed", name=pose.card.title, assumed=granted))
        if pose.silence:
            lines.append(say("en", "compare.cut", network=pose.card.title, places=", ".join(pose.silence)))
    near = [d.pixels for d in result.distances() if isfinite(d.pixels)]
    if near:
        lines.append(say("en", "compare.apart", pixels=f"{sum(near) / len(near):.1f}", count=len(near)))
    lines.append(say("en", "compare.written", folder=out))
    return "\n".join(lines)


def many(call: argparse.Namespace) -> int:
    """Each photo whose result is not there yet; a line on stderr for each that fails."""
    from tqdm import tqdm

    from ..many import Results, look, pictures, probe

    asked = options(call)
    root = Path(call.photo[0]) if len(call.photo) == 1 else None
    files = pictures(call.photo, but=call.out)
    if not files:
        raise UserError("many.none", folder=", ".join(call.photo))
    results = Results(call.out, probe(asked), root)
    for net in asked["networks"] or ():
        if not isinstance(net, str) and net.card.assumed:
            print(say("en", "compare.assumed", name=net.card.title, assumed=net.card.granted), file=sys.stderr)
    todo, failed = [file for file in files if file not in results], []
    for file in tqdm(todo, unit="photo", disable=None):
        looked = look(file, **asked)
        if looked.result is None:
            failed.append({"file": str(file), "error": str(looked.error)})
            tqdm.write(f"compare: {looked.error}", sys.stderr)
            continue
        if call.pictures:
            name = file.relative_to(root) if root else Path(*(p for p in file.parts if p not in ("..", file.anchor)))
            paint(looked.result, call.threshold, call.out, name)
        results.add(file, looked.result)
    counts = {"done": len(todo) - len(failed), "before": len(files) - len(todo), "failed": len(failed)}
    written = results.finish()
    print(
        json.dumps({**counts, "failures": failed, "results": str(written)})
        if call.json
        else say("en", "many.done", **counts, file=written)
    )
    return 1 if failed else 0


def paint(result: Any, threshold: float, out: Path, name: Path) -> None:
    """Both skeletons of a photo beside each other, in `out` under the photo's own name."""
    import numpy as np
    from PIL import Image

    from ..crop import closeup
    from ..draw import skeleton

    seen, opacity = closeup(result.box, result.photo.shape), 1.0 if result.person else skeleton.PALE
    both = [skeleton.picture(result.photo, pose, threshold, seen, opacity) for pose in result.poses]
    file = out / "skeletons" / name.with_name(f"{name.name}.jpg")
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.hstack(both)).save(file, quality=88)
