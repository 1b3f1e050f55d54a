"""`xray PHOTO...`: everything between photo and skeletons, of one photo or of many, in files.

Of each photo a report that opens in any browser (skeletons, both networks drawn with this photo's maps, sums, story),
and where they are asked for all maps as .npz, and as JSON how far each arrow, cut alone, moves every joint. Of many
photos results.json has the joints of all, COCO-style; the same call again goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from ..locales import LANGUAGES, UserError, say
from .compare import add_options, options, over


def add_parser(commands: Any) -> None:
    p = commands.add_parser("xray", help="the X-ray of photos, in files", description=__doc__,
                            formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    p.add_argument("photo", nargs="+", help="picture files, or folders of them")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go, under telling names")
    p.add_argument("--box", type=float, nargs=4, metavar=("X0", "Y0", "X1", "Y1"), help="the person, in pixels")
    p.add_argument("--npz", action="store_true", help="write every map of both networks too (some megabytes)")
    p.add_argument("--effects", action="store_true", help="cut every arrow alone, and write what that does")
    p.add_argument("--joint", help="whose story the report tells, such as 'left knee' (default: that of the page); "
                                   "*: none")  # fmt: skip
    p.add_argument("--language", choices=LANGUAGES, default="en", help="of the report")
    add_options(p, threshold=False)
    p.add_argument("--json", action="store_true", help="print what was done instead of lines")
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    from ..joints import JOINT_SETS
    from ..many import pictures

    names = {name for known in JOINT_SETS.values() for name in known.joints}
    if call.joint not in {None, "*", *names}:
        raise UserError("command.joint", given=call.joint, known=", ".join(sorted(names)))
    if len(call.photo) > 1 or Path(call.photo[0]).is_dir():
        if call.box:
            raise UserError("many.box")
        how = {name: getattr(call, name) for name in ("npz", "effects", "joint", "language")}
        often = Counter(file.with_suffix("") for file in pictures(call.photo, but=call.out))

        def do(file: Path, name: Path, **asked: Any) -> Any:
            called = file.stem if often[file.with_suffix("")] == 1 else file.name  # one.jpg beside one.png
            return _one(call, file, call.out / name.parent, asked, called)[0]

        return over(call, do, xray=how)
    file = Path(call.photo[0])
    written = _one(call, file, call.out, options(call), file.stem)[1]
    print(json.dumps({"written": written}) if call.json else say("en", "xray.written", files=", ".join(written)))
    return 0


def _one(call: argparse.Namespace, file: Path, out: Path, asked: dict[str, Any], name: str) -> tuple[Any, list[str]]:
    """The comparison of one photo, and the files that were written of it."""
    from ..page.answers import files, matters
    from ..page.xrayed import XRay

    xray = XRay(file, call.box, **asked)
    xray.name = name
    # Before the report, which has it too.
    measured = [matters.measured(xray, k) for k in xray.sides] if call.effects else []
    out.mkdir(parents=True, exist_ok=True)
    written = [xray.to_html(out, call.language, call.joint)]
    if call.npz:
        written.append(xray.to_npz(out))
    if call.effects:
        written.append(written[0].with_suffix(".effects.json"))
        found = {"about": files.about(xray), "effects": measured}
        written[-1].write_text(json.dumps(found, indent=1), encoding="utf-8")
    return xray.comparison, [str(each) for each in written]
