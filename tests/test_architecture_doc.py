"""docs/ARCHITECTURE.md's worked examples, carried out in a copy of the package exactly as their text says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
#: What an example may touch of the package, tests and locale files aside.
AT_MOST = {"a network family": 5, "a slider stop": 2, "a decoder": 2, "an X-ray view": 4, "a language": 0}

#: What holds of an example's outcome beside what its text says, as Python in the same copy. A family that nobody knew
#: before has every answer that the page gives of HRNet, read from its pass alone and right by hand; a new decoder is
#: one for a study, too.
ALSO = {
    "a decoder": """
from pose_demo.__main__ import parser
from pose_demo.study.conduct import Settings

call = parser().parse_args("study accuracy --data x.npz --decoder peak".split())
assert Settings((), call.out, decoder=call.decoder).decoder == "peak"
""",
    "a network family": """
import numpy as np, torch
from pose_demo import XRay
from pose_demo.examples import examples
from pose_demo.networks import silence, zoo
from pose_demo.networks.costs import cost
from pose_demo.page.answers import VIEWS

xray = XRay(examples()[0], networks=["plain-untrained", "plain-untrained"])
net, trace, x = xray.net(0), xray.trace(0), xray.input(0)
stem, more, heatmaps = (trace[name].tensor for name in ("stem", "more", "heatmaps"))
side, joints = x.shape[-1], net.joints

assert xray.field(0, "stem").size == (4, 4) and xray.field(0, "sum").size == (12, 12)
seen = xray.effective(0, "sum").nonzero()
assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [12, 12]

assert [term.name for term in xray.sum(0, "sum").terms] == ["stem", "more"]
assert [level.name for level in net.levels] == ["heatmaps"]
assert silence.places(net) == {"more": "branch"}
cut = net(x, silence={"more": "zero"})[0]
assert torch.equal(cut, net.head(stem)) and not torch.equal(cut, heatmaps)
found = xray.effects(0)
change = (cut - heatmaps).square().mean((2, 3)).sqrt() / heatmaps.square().mean((2, 3)).sqrt()
assert found.places == ("more",) and np.allclose(found.changes[0], change[0].detach(), rtol=1e-3)

macs = {"stem": 3 * 16 * 8, "more": 8 * 9 * 8, "head": 8 * joints}
counted = {part.name: part.macs for part in cost(net, side, side).parts}
assert counted == {name: n * (side // 4) ** 2 for name, n in macs.items()}
sent = xray.gradients(0)
assert sent.taps[-1] == "heatmaps" and (sent.total > 0).all() and (sent.nearest == 0).all()

torch.save(zoo.build("hourglass-slim", 14).state_dict(), "mine.pth")
assert zoo.open("mine.pth").card.architecture == "hourglass-slim"  # a file is still told from all that there are

for name, view in VIEWS.items():
    if name not in ("lesson", "live", "qr"):  # which ask about the pair that ships, a webcam and a link
        asked = {"key": "", "view": name, "joint": "right wrist", "language": "en", "side": 0, "cell": "sum",
                 "channel": 0, "against": "nearest", "what": "report"}
        assert view(xray, asked) is not None, name
""",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of the document: ```language path."""

    language: str
    path: str
    text: str


def section(title: str) -> str:
    """From "## Add TITLE" to the next heading."""
    return re.split(r"^## ", DOCUMENT.split(f"\n## Add {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def blocks(text: str) -> list[Block]:
    found = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", text, flags=re.M | re.S)
    return [Block(*parts) for parts in found]


def changed(old: str, block: Block) -> str:
    """A diff's hunks, which begin with @@: what stands there, with its lines of context, must stand there once."""
    for hunk in re.split(r"^@@.*\n", block.text, flags=re.M)[1:]:
        lines = [(line[:1], line[1:]) for line in hunk.splitlines(keepends=True)]
        before = "".join(text for sign, text in lines if sign != "+") or "\n"
        after = "".join(text for sign, text in lines if sign != "-")
        assert old.count(before) == 1, f"{block.path} does not hold exactly once:\n{before}"
        old = old.replace(before, after)
    return old


def carry_out(block: Block, copy: Path) -> None:
    target = copy / block.path
    if block.language == "diff":
        target.write_text(changed(target.read_text(encoding="utf-8"), block), encoding="utf-8")
    elif block.path:
        assert not target.exists(), f"{block.path} is there already"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, encoding="utf-8")
    elif block.language == "sh":
        subprocess.run(block.text, shell=True, cwd=copy, check=True)
    else:
        assert block.language == "python"
        known = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-c", block.text], cwd=copy, env=known, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def touched(copy: Path) -> set[str]:
    """Files of the package that are new or differ; locale files do not count."""
    files = {p.relative_to(copy).as_posix() for p in (copy / "pose_demo").rglob("*")
             if p.is_file() and "__pycache__" not in p.parts}  # fmt: skip
    return {
        name for name in files
        if not re.fullmatch(r"pose_demo/locales/\w+\.json", name)
        and not ((ROOT / name).is_file() and (ROOT / name).read_bytes() == (copy / name).read_bytes())
    }  # fmt: skip


@pytest.fixture
def copy(tmp_path) -> Path:
    for name in ("pose_demo", "weights", "assets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("title", [title for title in AT_MOST if f"\n## Add {title}\n" in DOCUMENT])
def test_a_worked_example_works(title, copy):
    text = section(title)
    assert len([line for line in text.splitlines() if line.strip() and not line.startswith("```")]) <= 30
    steps = blocks(text)
    checks = [step for step in steps if step.language == "python" and not step.path]
    assert checks and "assert" in checks[-1].text, "an example ends with what holds afterwards"
    for step in [*steps, *(Block("python", "", more) for more in [ALSO.get(title)] if more)]:
        carry_out(step, copy)
    assert len(touched(copy)) <= AT_MOST[title], touched(copy)
    new = {p.name for p in (copy / "pose_demo/locales").iterdir()} - {
        p.name for p in (ROOT / "pose_demo/locales").iterdir()
    }
    assert len(new - {"__pycache__"}) == (title == "a language")


def test_every_module_that_the_document_names_is_there():
    for name in re.findall(r"`((?:\w+/)*\w+\.(?:py|toml|json|js))`", DOCUMENT):
        assert list(ROOT.glob(name)) or list((ROOT / "pose_demo").glob(name)), name
    assert len(DOCUMENT.split("\n## ")[0].splitlines()) <= 80, "the house stands on one page"
