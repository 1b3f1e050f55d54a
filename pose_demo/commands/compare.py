"""`compare PHOTO --out DIR`: two skeletons, heatmaps and result.json of one photo.

Several photos, or a folder: results.json of them all, COCO-style. The same call again goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..locales import UserError, said, say, tell
from ..writing import writing
from . import network_options

if TYPE_CHECKING:
    from ..many import Far, Looked


def add_parser(commands: Any) -> None:
    p = commands.add_parser("compare", help="two skeletons of one photo, or of many", description=__doc__)
    p.add_argument("photo", nargs="+", help="a picture file; or several, or folders of them")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the pictures and results go")
    p.add_argument("--box", type=float, nargs=4, metavar=("X0", "Y0", "X1", "Y1"), help="the person, in pixels")
    p.add_argument("--pictures", action="store_true", help="of many photos: write both skeletons of each too")
    add_options(p)
    p.add_argument("--json", action="store_true", help="print the result, or what was done, instead of a summary")
    p.set_defaults(run=run)


def add_options(p: argparse.ArgumentParser, threshold: bool = True) -> None:
    """How the networks look; threshold -- and from which score on joints are drawn."""
    p.add_argument("--networks", nargs=2, metavar=("LEFT", "RIGHT"),
                   help="two names of `weights list`, or files of weights")  # fmt: skip
    p.add_argument("--finder", help="what finds people where no box is given: finder, or a detector of `weights list`")
    p.add_argument("--upsampling", default="nearest", help=f"the slider's stop: {network_options.words('stop')}")
    p.add_argument("--silence", action="append", default=[], metavar="PLACE[=HOW]",
                   help="cut a tap, an arrow source->target or a stack; HOW: zero, flat, or patch:EXAMPLE or a photo "
                        "whose map stands there instead; repeatable")  # fmt: skip
    p.add_argument("--decoder", default="argmax", help=f"how a peak becomes a joint: {network_options.words('peak')}")
    p.add_argument("--flip", action="store_true", help="average with the mirrored photo")
    if threshold:
        p.add_argument("--threshold", type=float, default=0.1, help="draw joints whose score reaches this")
    network_options.add_options(p)


def options(call: argparse.Namespace) -> dict[str, Any]:
    """As `compare` takes them. What is taken for granted of networks of one's own is said on stderr."""
    from ..networks import zoo
    from ..networks.model import card_of

    fields, names = network_options.card_fields(call), call.networks or ()
    own: dict[str, Any] = {n: zoo.posing(zoo.open(n, zoo.device(), **fields)) for n in names if zoo.is_file(n)}
    networks = call.networks and [own.get(n, n) for n in names]
    for card in (zoo.card(net) if isinstance(net, str) else card_of(net) for net in networks or ()):
        if card.assumed:
            print(say("en", "compare.assumed", name=card.title, assumed=card.granted), file=sys.stderr)
    silence = {place: how or "zero" for place, _, how in (cut.partition("=") for cut in call.silence)}
    asked = {name: getattr(call, name) for name in ("upsampling", "decoder", "flip", "finder")}
    return {"networks": networks, "silence": _patched(silence, networks, call.upsampling), **asked}


def _patched(silence: dict[str, str], networks: Any, upsampling: str) -> Any:
    """Where a photo stands for the way to cut, its map at that place, in the pass of the network that has the place."""
    from .. import comparison, weights
    from ..networks import silence as cuts
    from ..networks import zoo

    photos = {place: how for place, how in silence.items() if how not in cuts.HOWS and Path(how).is_file()}
    if not photos:
        return silence
    nets = [zoo.posing(zoo.shared(each, zoo.device())) for each in networks or weights.default_pair()]
    known = comparison.placed(silence | dict.fromkeys(photos, "zero"), nets)

    @cache
    def trace(photo: str, k: int) -> Any:
        return comparison.compare(photo, None, [nets[k]], upsampling, trace=True).poses[0].trace

    return [
        {place: trace(photos[place], k) if place in photos else how for place, how in own.items()}
        for k, own in enumerate(known)
    ]


def run(call: argparse.Namespace) -> int:
    if len(call.photo) == 1 and not Path(call.photo[0]).is_dir():
        return one(call)
    if call.box:
        raise UserError("many.box")
    return many(call)


def one(call: argparse.Namespace) -> int:
    from PIL import Image

    from .. import compare
    from ..draw import heatmap, skeleton

    result = compare(call.photo[0], call.box, **options(call))
    call.out.mkdir(parents=True, exist_ok=True)
    written = []

    def write(name: str, pixels) -> None:
        with writing(call.out / name) as file:
            Image.fromarray(pixels).save(file, "PNG")
        written.append(name)

    seen, opacity = result.seen, 1.0 if result.person else skeleton.PALE
    top = max(float(pose.heatmaps[-1].max()) for pose in result.poses)
    for side, pose in zip(("left", "right"), result.poses, strict=True):
        write(f"{side}-skeleton.png", skeleton.picture(result.photo, pose, call.threshold, seen, opacity))
        write(f"{side}-input.png", pose.image)
        for s, maps in enumerate(pose.heatmaps, start=1):
            write(f"{side}-heatmaps-{s}.png", heatmap.sheet(maps, top))
    data = {"photo": call.photo[0], **result.to_json(), "files": written}
    with writing(call.out / "result.json", "w") as file:
        file.write(json.dumps(data, indent=1))
    print(json.dumps(data) if call.json else summary(result, call.out))
    return 0


def summary(result, out: Path) -> str:
    lines = [] if result.person else [say("en", "compare.nobody", found=f"{result.found:.2f}")]
    for pose in result.poses:
        score = said("compare.score", score=pose.score) if isfinite(pose.score) else said("compare.no_answer")
        facts = {"score": score, "ms": pose.seconds * 1000, "device": result.device}
        lines.append(say("en", "compare.line", network=pose.card.title, status=pose.card.status, **facts))
        if pose.note:
            lines.append(tell("en", pose.note))
        if pose.silence:
            lines.append(say("en", "compare.cut", network=pose.card.title, places=", ".join(pose.silence)))
    near = [d.pixels for d in result.distances() if isfinite(d.pixels)]
    if near:
        lines.append(say("en", "compare.apart", pixels=f"{sum(near) / len(near):.1f}", count=len(near)))
    lines.append(say("en", "compare.written", folder=out))
    return "\n".join(lines)


def many(call: argparse.Namespace) -> int:
    from .. import compare
    from ..many import over, probe

    def do(file: Path, name: Path, **asked: Any) -> Any:
        result = compare(file, **asked)
        if call.pictures:
            paint(result, call.threshold, call.out, name)
        return result

    asked = options(call)
    settings = probe(asked) | ({"pictures": call.threshold} if call.pictures else {})
    return each(call, lambda tell: over(call.photo, call.out, settings, do, tell, **asked))


def each(call: argparse.Namespace, begin: Callable[..., Iterator[Looked]]) -> int:
    """A run over the photos that `begin` starts, which is given whom to tell how far it is; a line on stderr for each
    photo that fails."""
    from tqdm import tqdm

    from ..many import RESULTS, pictures

    if not pictures(call.photo, but=call.out):
        raise UserError("many.none", folder=", ".join(call.photo))
    at: list[Far] = []
    failed = []
    with tqdm(unit="photo", disable=None) as bar:

        def tell(far: Far) -> None:
            at[:], bar.total = [far], far.photos - far.before
            bar.update(far.done + far.failed - bar.n)

        for looked in begin(tell):
            if looked.result is None:
                failed.append({"file": str(looked.file), "error": str(looked.error)})
                tqdm.write(f"{call.command}: {looked.error}", sys.stderr)
    counts = {name: getattr(at[0], name) for name in ("done", "before", "failed")}
    written = call.out / RESULTS
    print(
        json.dumps({**counts, "failures": failed, "results": str(written)})
        if call.json
        else say("en", f"many.{call.command}", **counts, file=written)
    )
    return 1 if failed else 0


def paint(result: Any, threshold: float, out: Path, name: Path) -> None:
    """Both skeletons of a photo beside each other, in `out` under the photo's own name."""
    import numpy as np
    from PIL import Image

    from ..draw import skeleton

    seen, opacity = result.seen, 1.0 if result.person else skeleton.PALE
    both = [skeleton.picture(result.photo, pose, threshold, seen, opacity) for pose in result.poses]
    file = out / "skeletons" / name.with_name(f"{name.name}.jpg")
    file.parent.mkdir(parents=True, exist_ok=True)
    with writing(file) as whole:
        Image.fromarray(np.hstack(both)).save(whole, "JPEG", quality=88)
