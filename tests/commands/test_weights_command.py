from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pose_demo import weights
from pose_demo.__main__ import main

BODY = b"weights" * 1000
ENTRY = """
[[weights]]
name = "{name}"
network = "{name}"
joints = "mpii"
input = [256, 192]
normalisation = "imagenet"
cells = "corner"
upsampling = "nearest"
file = "{name}.pth"
sha256 = "{sha256}"
licence = "MIT"
source = "https://example.org"
trained = "{trained}"
{more}
"""
FIGURE = 'published = { metric = "AP", value = 74.4, set = "COCO val2017", source = "a paper" }'

MEASURED = 'measured = [{ metric = "PCK@0.2", value = 71.3, set = "LSP test", count = 1000 }]'


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A repository with four sets of weights, none of them here, and an empty folder of the user's own."""
    home, own, sha256 = tmp_path / "weights", tmp_path / "own", hashlib.sha256(BODY).hexdigest()
    home.mkdir()
    rows = [
        ("known", "published", FIGURE + '\nproven = "the code of its authors"'),
        ("unmeasured", "published", ""),
        ("ours", "briefly", "embedded = true"),
        ("measured", "briefly", f"{MEASURED}\ntraining = {{ photos = 9 }}"),
    ]
    text = "".join(ENTRY.format(name=n, trained=t, more=m, sha256=sha256) for n, t, m in rows)
    (home / "manifest.toml").write_text(text)
    monkeypatch.setattr(weights, "HOME", home)
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(own))
    return own


def call(*arguments: str) -> int:
    return main(["weights", *arguments])


def here(own: Path, name: str, body: bytes = BODY) -> Path:
    own.mkdir(exist_ok=True)
    (own / f"{name}.pth").write_bytes(body)
    return own / f"{name}.pth"


def test_list(house, capsys):
    here(house, "known")
    assert call("list") == 0
    head, known, unmeasured, ours, measured = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "network", "joints", "input", "here", "figure"]
    assert known.split()[:5] == ["known", "known", "mpii", "256x192", "yes"]
    assert known.endswith("AP 74.4 on COCO val2017 (a paper)")
    assert unmeasured.split()[4] == "no" and "unknown; not proven: never run beside" in unmeasured
    assert ours.endswith("not measured (briefly)")
    assert measured.endswith(
        "PCK@0.2 71.3 on LSP test (measured here; briefly; one training each, which ranks nothing)"
    )


def test_list_as_json(house, capsys):
    path = here(house, "known")
    assert call("list", "--json") == 0
    known, unmeasured, ours, _ = json.loads(capsys.readouterr().out)
    assert known["path"] == str(path) and known["published"]["value"] == 74.4 and known["input"] == [256, 192]
    assert known["proven"] == "the code of its authors" and unmeasured["proven"] is None
    assert unmeasured["path"] is None and unmeasured["published"] is None and ours["embedded"] is True


def test_import_and_verify(house, capsys, tmp_path):
    mine = tmp_path / "mine"
    mine.write_bytes(BODY)
    assert call("import", "known", str(mine)) == 0
    assert str(house / "known.pth") in capsys.readouterr().out
    assert call("import", "known", str(mine), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": "known", "path": str(house / "known.pth"), "licence": "MIT",
    }  # fmt: skip
    assert call("verify", "known") == 0
    assert capsys.readouterr().out.startswith("known: right")


def test_verify_of_all_that_is_here(house, capsys):
    assert call("verify") == 0
    assert capsys.readouterr().out == "no weights are here\n"
    here(house, "known")
    here(house, "unmeasured", b"wrong")
    assert call("verify") == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("known: right") and "unmeasured" in shown.err and len(shown.err.splitlines()) == 1
    assert call("verify", "--json") == 1
    known, unmeasured = json.loads(capsys.readouterr().out)
    assert known["right"] and known["error"] is None
    assert not unmeasured["right"] and "SHA-256" in unmeasured["error"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verify", "known"], "not here"),
        (["fetch", "known"], "cannot be fetched"),
        (["import", "known", "nowhere.pth"], "there is no file nowhere.pth"),
    ],
)
def test_failure_is_status_1_and_a_sentence(house, capsys, arguments, says):
    assert call(*arguments) == 1
    shown = capsys.readouterr()
    assert says in shown.err and len(shown.err.splitlines()) == 1 and shown.out == ""
    assert call(*arguments, "--json") == 1
    value = json.loads(capsys.readouterr().out)
    assert says in (value[0] if isinstance(value, list) else value)["error"]


def test_fetch_shows_progress_and_the_licence(house, capsys, monkeypatch):
    def fetch(name, progress):
        for done, total in ((0, None), (500, 1000), (0, 1000), (1000, 1000)):  # starts over in between
            progress(done, total)
        return house / "known.pth"

    monkeypatch.setattr(weights, "fetch", fetch)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert call("fetch", "known") == 0
    shown = capsys.readouterr()
    assert "licence: MIT" in shown.out and "known: 100%" in shown.err and "1.00k/1.00k" in shown.err
    assert call("fetch", "known", "--json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["name"] == "known" and shown.err == ""


def test_interrupted(house, capsys, monkeypatch):
    def fetch(name, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "fetch", fetch)
    assert call("fetch", "known") == 1
    assert "interrupted; what has arrived is kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["list", "known"], ["fetch"], ["fetch", "knwn"], ["import", "known"], ["burn"]]
)
def test_wrong_call_is_status_2(house, capsys, arguments):
    with pytest.raises(SystemExit) as left:
        call(*arguments)
    assert left.value.code == 2
    assert "knwn" not in arguments or "no weights 'knwn'; there are known" in capsys.readouterr().err


@pytest.mark.parametrize("action", [[], ["list"], ["fetch"], ["verify"], ["import"]])
def test_help(house, capsys, action):
    with pytest.raises(SystemExit) as left:
        call(*action, "--help")
    assert left.value.code == 0 and ("--json" in capsys.readouterr().out or not action)


def test_a_process_of_its_own_loads_no_torch(tmp_path):
    code = (
        "import argparse, sys; from pose_demo.commands import weights as w; p = argparse.ArgumentParser(); "
        "w.add_parser(p.add_subparsers()); a = p.parse_args(); status = a.run(a); "
        "assert not {'torch', 'numpy', 'gradio'} & sys.modules.keys(); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "weights", "list", "--json"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "POSE_DEMO_WEIGHTS": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [row["name"] for row in json.loads(done.stdout)] == list(weights.manifest())
