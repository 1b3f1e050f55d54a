"""`remake`: everything in a checkout that depends on the weights that ship, made anew in one go.

    python -m pose_demo remake --data people/test.npz --test lspet/test.npz --people people/finder/test.npz \\
        people/photos/photos.json
    python -m pose_demo remake --words

The cards' figures on all the files (the finder's on those of --people), assets/study on the first (silence on its first
40 people), README's findings and the tables of docs/STUDY.md, the examples' answers, and the pictures of the page and
docs/lesson.ipynb's (for which the tests' requirements must be installed). Each names the weights it was made with; the
tests find what is stale. Results of `study seeds` are of runs that do not ship: they are left as they are, and after
one has come --words writes what README and docs/STUDY.md say of all that is in assets/study, without any network.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..writing import writing

_BEGIN, _END = "<!-- written by `python -m pose_demo remake` -->\n", "<!-- until here -->\n"
#: Whose findings README has, a line each; docs/STUDY.md has the tables of all.
_FIVE = ("accuracy", "upsampling", "depth", "silence", "seeds")
#: Of how many people a study is made, where not of all: silence looks at each once for every arrow.
_LIMITS = {"silence": 40}
_PROBE = "note.lens"  # of a reading that is no answer of the network's own
_TRAINED = re.compile(r" \(trained briefly on a [CG]PU\)")  # said once, above the tables


def add_parser(commands) -> None:
    p = commands.add_parser(
        "remake", help="make anew what depends on the weights that ship (in a checkout)", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    what = p.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", metavar="FILE", help="the labelled .npz that the study is made on")
    what.add_argument("--words", action="store_true", help="what README and docs/STUDY.md say of assets/study, alone")
    p.add_argument("--test", type=Path, nargs="*", default=[], metavar="FILE", help="further ones, for the cards")
    p.add_argument("--people", type=Path, nargs="*", default=[], metavar="FILE",
                   help="whole photos with boxes, for the finder's card")  # fmt: skip
    p.add_argument("--no-picture", action="store_true",
                   help="leave assets/page.png and cut.webp, and docs/lesson.ipynb, as they are")  # fmt: skip
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    from .. import weights
    from ..shipped import shipped
    from ..training.pack import measure

    assets = shipped("assets")
    if call.words:
        _words(assets.parent)
        return 0
    for entry in weights.manifest().values():
        tests = call.people if entry.joints == "people" else [Path(call.data), *call.test]
        if entry.embedded and tests:
            print(measure(weights.HOME / f"{entry.name}.toml", tests))
    _studies(call.data, assets / "study")
    _words(assets.parent)
    text = json.dumps(marks(), indent=1, ensure_ascii=False)
    with writing(assets / "examples" / "answers.json", "w") as out:
        out.write(text + "\n")
    if call.no_picture:
        return 0
    tests = ["tests/browser/test_looks.py", "tests/test_lesson_notebook.py", "-k", "picture or beginning"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *tests], cwd=assets.parent, env={**os.environ, "POSE_DEMO_PICTURES": "1"}
    ).returncode


def _studies(data: str, out: Path) -> None:
    """Each of the studies of weights that ship, as it is asked for alone."""
    from . import study

    parser = argparse.ArgumentParser()
    study.add_parser(parser.add_subparsers())
    for name in study.STUDIES:
        few = ["--limit", str(_LIMITS[name])] if name in _LIMITS else []
        asked = ["study", name, "--data", data, *few, "--out", str(out / name), "--fresh", "--no-page"]
        again = parser.parse_args(asked)
        again.run(again)


def _words(home: Path) -> None:
    """README's findings and docs/STUDY.md's tables, of the results in assets/study."""
    for name, part in (("README.md", findings()), ("docs/STUDY.md", tables())):
        text = (home / name).read_text(encoding="utf-8")
        with writing(home / name, "w") as out:
            out.write(_between(text, part))


def _between(text: str, new: str) -> str:
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}\n{new}{_END}{tail}"


def findings() -> str:
    """README's part on the study: five questions with what was found, a line each."""
    from ..draw.study_words import answers, of_experiments
    from ..locales import say
    from ..study import report

    found: dict[str, list[str]] = {name: [] for name in _FIVE}
    people: dict[str, int] = {}
    for result in report.shipped().values():
        if result["study"] not in _FIVE or (of_experiments(result) and result["study"] != "seeds"):
            continue
        people[result["study"]] = result["data"]["evaluated"]
        if result["study"] == "seeds":
            continue
        for answer in answers(result):
            if not answer["key"].startswith("study.carries"):  # one for each kind of arrow: the Study tab
                found[result["study"]].append(say("en", answer["key"], **answer["values"]))
        if any(note["key"] == _PROBE for note in result["notes"]):
            found[result["study"]].append("(HRNet on its way is read by a probe.)")
        if result["study"] == "accuracy":  # of two single trainings: no rank
            found["accuracy"] += [f"{_seen(result)}.", say("en", "note.these_weights")]
    found["seeds"] = _trained([result for result in report.shipped().values() if result["study"] == "seeds"])
    return (
        "".join(
            f"- **{say('en', f'study.{name}')}** {_TRAINED.sub('', ' '.join(said))} ({people[name]} people)\n"
            for name, said in found.items()
        )
        + "\n"
    )


def _trained(results: list[dict[str, Any]]) -> list[str]:
    """What all trained experiments differ by, and on how little that stands; docs/STUDY.md has every seed."""
    from ..draw.study_words import small
    from ..locales import tell, word

    found: dict[str, list[str]] = {"better": [], "worse": []}
    for test in (test for result in results for test in result["tests"]):
        measure = word("en", "measure", test["measure"])
        points, low, high = (f"{100 * test['difference'][end]:+.1f}" for end in ("value", "low", "high"))
        unit, interval = ("", "") if any(found.values()) else (f" points of {measure}", "95 %: ")  # said once
        told = f"{test['b']} against {test['a']}, {points}{unit} ({interval}{low} to {high})"
        found.setdefault(test["verdict"], []).append(told)
    rows = [row for result in results for row in result["rows"]]
    return [*(f"{verdict.capitalize()}: {'; '.join(each)}." for verdict, each in found.items() if each),
            tell("en", small(rows))]  # fmt: skip


def _seen(result: dict[str, Any]) -> str:
    """How many photos each network of a result was trained on, as its card says."""
    from .. import weights

    seen = {}
    for network in result["networks"]:
        if how := weights.entry(network["name"]).training:
            seen[network["title"]] = how["photos"] + how.get("begun", {}).get("photos", 0)
    return ", ".join(f"{title} saw {photos:,} photos" for title, photos in seen.items())


def tables() -> str:
    """docs/STUDY.md's part: each question with its table and its command."""
    from ..draw.study_words import of_experiments, small
    from ..locales import say, tell
    from ..study import report

    parts = []
    for name, result in report.shipped().items():
        lines = report.markdown(result).splitlines()
        if name == "faults":  # PCK stands in the first table
            lines = [_without(line, range(2, 5)) if line.startswith("|") else line for line in lines]
        if any(note["key"] == _PROBE for note in result["notes"]):
            lines += ["", say("en", _PROBE)]
        if of_experiments(result):
            lines += ["", tell("en", small(result["rows"]))]
        table = "\n".join(_TRAINED.sub("", line) for line in lines)
        parts.append(f"**{say('en', 'study.' + result['study'])}{_experiments(result)}**\n\n{table}\n\n")
    return "".join(parts)


def _experiments(result: dict[str, Any]) -> str:
    """Which they are, of several results of trained experiments: what tells one's heading from another's."""
    from ..draw.study_words import of_experiments
    from ..locales import say

    if not of_experiments(result):
        return ""
    if result["study"] != "seeds":
        return " (of small networks that were trained with one stop or the other)"
    return " " + say("en", "figure.against", a=[test["b"] for test in result["tests"]], b=result["tests"][0]["a"])


def _without(line: str, columns: range) -> str:
    return "|".join(cell for k, cell in enumerate(line.split("|")) if k not in columns)


def marks() -> dict[str, Any]:
    """Where the pair's answers to the examples leave the hand-placed marks: {"weights", "examples"}.

    weights  -- {network: SHA-256}, of which this was found
    examples -- {file: {network: {"marks": how many were compared, "far": {joint: torsos}}}}, boxes given
    """
    import numpy as np

    from .. import compare, weights
    from ..examples import FAR, examples

    found: dict[str, Any] = {}
    for example in examples():
        if example.joints is None:
            continue
        found[example.path.name] = {}
        for pose in compare(example.path, box=example.box, upsampling=None).poses:
            ends = pose.card.joints.torso or (0, 0)
            torso = np.linalg.norm(np.subtract(*example.joints[list(ends), :2]))
            away = np.linalg.norm(pose.joints - example.joints[:, :2], axis=1) / torso
            seen = example.joints[:, 2] > 0
            far = {pose.card.joints.joints[k]: round(float(away[k]), 2) for k in np.flatnonzero(seen & (away > FAR))}
            found[example.path.name][pose.network] = {"marks": int(seen.sum()), "far": far}
    return {"weights": {name: weights.entry(name).sha256 for name in weights.default_pair()}, "examples": found}
