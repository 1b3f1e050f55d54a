"""`xray PHOTO...`: everything between photo and skeletons, of one photo or of many, in files.

Of each photo a report that opens in any browser (skeletons, both networks drawn with this photo's maps, sums, story),
and where they are asked for all maps as .npz, and as JSON how far each arrow, cut alone, moves every joint. Of many
photos results.json has the joints of all, COCO-style; the same call again goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..locales import LANGUAGES, UserError, say
from .compare import add_options, each, options


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
    from ..page.reports import known, write, xray_all

    how: Any = {"npz": call.npz, "effects": call.effects, "joint": known(call.joint), "language": call.language}
    if len(call.photo) > 1 or Path(call.photo[0]).is_dir():
        if call.box:
            raise UserError("many.box")
        asked = options(call)
        return each(call, lambda tell: xray_all(call.photo, call.out, tell, **how, **asked))
    file = Path(call.photo[0])
    written = [str(one) for one in write(file, call.out, file.stem, box=call.box, **how, **options(call))[1]]
    print(json.dumps({"written": written}) if call.json else say("en", "xray.written", files=", ".join(written)))
    return 0
