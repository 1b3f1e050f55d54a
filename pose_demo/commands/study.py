"""Questions asked of many labelled photos. Each study writes result.json, table.csv and index.html into --out.

accuracy    how right each network is, and whether one is more right than another
upsampling  every stop of the slider, and what a network was trained with against what it is tested with
depth       accuracy after every stack, and through HRNet's lens after every fusion, over the cost so far
resolution  input sizes from 128 to 384, over cost
faults      kinds of error (jitter, inversion, swap, miss), and where two networks disagree
silence     every arrow of a network cut alone: what it carries, joint by joint (read by DARK)
all         these six, each in a folder of its own
seeds       networks trained with several seeds (NAME-seed0, ...): which differences hold for all of them; its result
            keeps what each run got right, so that --kept goes on from it without their weights

    python -m pose_demo study accuracy --data lspet/test.npz
    torchrun --nproc_per_node 4 -m pose_demo study all --data annotations.json --images val2017 --out results

Labels (--data) are .npz crops, COCO keypoints JSON, MPII JSON, or a .csv; pose_demo/study/labels.py describes them.
A killed study goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..locales import LANGUAGES, tell
from ..writing import writing
from . import network_options

STUDIES = {
    "accuracy": "how right each network is",
    "upsampling": "does it matter how maps are enlarged",
    "depth": "how right on the way, over cost",
    "resolution": "what input size buys, over cost",
    "faults": "kinds of error, and where networks disagree",
    "silence": "what every arrow of a network carries",
}
SEEDS = "which differences training makes, seed by seed"
_ONE_BY_ONE = ("data", "images", "joints", "network", "predictions", "upsampling", "decoder", "flip", "limit", "batch",
               "device", "seed", "replicates", "strict", "gallery", "kept", *network_options.NAMES)  # fmt: skip


def add_parser(commands) -> None:
    p = commands.add_parser(
        "study", help="questions asked of many photos", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    studies = p.add_subparsers(dest="study", required=True, metavar="STUDY")
    for name, text in STUDIES.items():
        _options(studies.add_parser(name, help=text), name)
    _options(studies.add_parser("all", help="the first six"), "all")
    _options(studies.add_parser("seeds", help=SEEDS), "seeds")


def _options(p: argparse.ArgumentParser, name: str) -> None:
    p.add_argument("--data", type=Path, nargs="+", required=True, metavar="FILE", help="labels, or a folder of them")
    p.add_argument("--images", type=Path, metavar="DIR", help="the pictures, where they lie apart from the labels")
    p.add_argument("--joints", choices=("coco", "mpii", "lsp"), help="joint set, where the labels do not say")
    p.add_argument("--network", nargs="*", metavar="NAME", help="names of `weights list`, or files of weights "
                   "(default: the embedded pair; without a name: none, only --predictions)")  # fmt: skip
    network_options.add_options(p)
    p.set_defaults(predictions=[], gallery=0, upsampling=None, run=run)
    if name in ("accuracy", "faults"):
        p.add_argument("--predictions", nargs="+", metavar="NAME=FILE",
                       help="predictions from elsewhere: COCO keypoint results, or MMPose's JSON")  # fmt: skip
    if name != "upsampling":
        p.add_argument("--upsampling", help=f"the slider's stop: {network_options.words('stop')} (default: as trained)")
    p.add_argument("--decoder", default="argmax", help=f"how a peak becomes a joint: {network_options.words('peak')}")
    p.add_argument("--flip", action="store_true", help="average with the mirrored photo, as published figures do")
    p.add_argument("--limit", type=int, help="only the first so many people")
    p.add_argument("--batch", type=int, help="photos in a forward pass (default: 16 on a CPU, 128 on a GPU)")
    p.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: the GPU if there is one)")
    p.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    p.add_argument("--replicates", type=int, default=1000, help="of the bootstrap")
    p.add_argument("--out", type=Path, metavar="DIR", help="where results go (default: out/study/STUDY)")
    if name == "seeds":
        p.add_argument("--kept", type=Path, nargs="+", metavar="FILE", default=[], help="result.json of earlier seeds: "
                       "their runs of what is named count, too, and of what they held it against")  # fmt: skip
    p.add_argument("--strict", action="store_true", help="stop at the first record that cannot be used")
    p.add_argument("--fresh", action="store_true", help="do not go on from what a killed study left")
    if name in ("faults", "all"):
        p.add_argument("--gallery", type=int, metavar="N",
                       help="put the N most telling photos into index.html (mind whose photos they are)")  # fmt: skip
    p.add_argument("--language", choices=LANGUAGES, default="en", help="of index.html")
    p.add_argument("--no-page", action="store_true", help="result.json and table.csv only (index.html has 5 MB)")
    p.add_argument("--json", action="store_true", help="print result.json instead of a summary")


def run(call: argparse.Namespace) -> int:
    if call.study == "all":
        return _all(call)
    result = _study(call, call.study, call.out or Path("out/study") / call.study)
    if result and call.json:
        print(json.dumps(result))
    return 0


def _all(call: argparse.Namespace) -> int:
    """Each study in turn; OUT/unfinished.json remembers, until all are done, which of them need no second time."""
    from ..study.predict import processes

    out = call.out or Path("out/study")
    note, asked = out / "unfinished.json", {"command": command_line(call, "all"), "weights": _weights(call)}
    results = []
    with processes() as place:
        before = json.loads(note.read_text()) if note.exists() and not call.fresh else {}
        done = place.agree(before.get("done", []) if before.get("asked") == asked else [])
        for name in STUDIES:
            if name in done:
                results.append(json.loads((out / name / "result.json").read_text()) if place.first else None)
                continue
            results.append(_study(call, name, out / name))
            done.append(name)
            if place.first:
                with writing(note, "w") as file:
                    file.write(json.dumps({"asked": asked, "done": done}))
        if place.first:
            note.unlink()
    if call.json and None not in results:
        print(json.dumps(results))
    return 0


def _weights(call: argparse.Namespace) -> dict[str, str]:
    """What a finished study must have been made with, to count as finished."""
    from .. import weights
    from ..download import sha256_of

    known = weights.manifest()
    names = weights.default_pair() if call.network is None else call.network
    return {name: known[name].sha256 if name in known else sha256_of(Path(name)) for name in names
            if name in known or Path(name).is_file()}  # fmt: skip


def _study(call: argparse.Namespace, name: str, out: Path) -> dict[str, Any] | None:
    """Conducts one study and writes its results; None on every process but the first."""
    from tqdm import tqdm

    from ..study.conduct import QUESTIONS, Settings, conduct
    from ..study.people import StudyError

    predictions = {}
    for given in call.predictions:
        column, equals, file = given.partition("=")
        if not (column and equals and file):
            raise StudyError("study.name_file", given=repr(given))
        predictions[column] = Path(file)
    asked = {f.name: getattr(call, f.name) for f in fields(Settings) if hasattr(call, f.name)}
    asked |= {"data": tuple(call.data), "out": out, "networks": call.network and tuple(call.network)}
    asked["card_fields"] = network_options.card_fields(call)
    asked |= {"predictions": predictions, "command": command_line(call, name)}
    if name == "upsampling":
        asked["upsampling"] = None
    if name == "silence":
        asked["decoder"] = "dark"  # moves below a cell count, too
    options = {"faults": lambda: (max(call.gallery, 24),), "seeds": lambda: (tuple(call.kept),)}.get(name, tuple)()
    question = QUESTIONS[name](*options)
    silent = call.json or int(os.environ.get("RANK", 0)) > 0 or not sys.stderr.isatty()
    with tqdm(total=call.limit, unit=" people", desc=name, disable=silent) as bar:
        result = conduct(question, Settings(**asked), lambda line: bar.write(line, file=sys.stderr), bar.update)
    if result is None:
        return None
    from ..study import report

    files = report.write(result, out)
    if not call.no_page:
        files.append(_page(call, result, out / "index.html"))
    if not call.json:
        print(summary(result))
        print(f"written to {', '.join(str(file) for file in files)}")
    return result


def command_line(call: argparse.Namespace, name: str) -> str:
    """What to type to have the same again, but for where it goes."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    words = ["python" if world == 1 else f"torchrun --nproc_per_node {world}", "-m pose_demo study", name]
    defaults = {"seed": 0, "replicates": 1000, "decoder": "argmax", "predictions": [], "gallery": 0, "kept": []}
    for option in _ONE_BY_ONE:
        value = getattr(call, option, None)
        if value is None or value is False or value == defaults.get(option):
            continue
        values = [] if value is True else value if isinstance(value, list) else [value]
        words.append(" ".join([f"--{option.replace('_', '-')}", *(shlex.quote(str(v)) for v in values)]))
    return " ".join(words)


def _page(call: argparse.Namespace, result: dict[str, Any], file: Path) -> Path:
    """index.html, with the photos on which the first two networks disagree most where these are asked for."""
    import numpy as np

    from ..draw import study_page
    from ..study.labels import open_labels

    pictures = []
    if call.gallery and result.get("disagreements"):
        labels = open_labels(call.data, call.joints, call.images)
        for facts in result["disagreements"][0]["telling"][: call.gallery]:
            found = {c: np.array(points, float) for c, points in facts["poses"].items()}
            photo = labels.picture(facts["index"])
            pictures.append(study_page.telling(photo, facts, result["data"]["joints"], found, call.language))
    return study_page.write(result, file, pictures, call.language)


def summary(result: dict[str, Any]) -> str:
    """A few lines for a terminal: each look's main figure with its interval, what is taken for granted of networks of
    one's own, and what was left out."""
    from ..study.report import main_figures, said

    data, made, lines = result["data"], result["made"], []
    for row in result["rows"]:
        figures = ", ".join(f"{name} {said(figure, 4)}" for name, figure in main_figures(row).items())
        lines.append(f"{row['label']} ({row['status']}): {figures or 'nothing to measure by'}")
    lines += [tell("en", note) for note in result["notes"] if note["key"] == "note.assumed"]
    lines.append(
        f"{data['evaluated']} people of {data['name']}, {data['bad']} records could not be used; {made['device']}, "
        f"{made['seconds']['all']} s, of these {made['seconds']['forward']} s forward passes"
    )
    return "\n".join(lines)
