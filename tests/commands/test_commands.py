"""The command line as a user calls it."""

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pose_demo.__main__ import COMMANDS, main, parser
from pose_demo.examples import examples


def test_compare_writes_pictures_and_a_result(tmp_path, capsys, untrained):
    example = examples()[0]
    box = [str(v) for v in example.box]
    call = ["compare", str(example.path), "--out", str(tmp_path), "--networks", *untrained, "--box", *box]
    assert main([*call, "--upsampling", "bilinear", "--decoder", "dark", "--flip"]) == 0
    assert "untrained" in capsys.readouterr().out
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["upsampling"] == "bilinear" and result["decoder"] == "dark" and result["flip_test"]
    size = (result["image"]["width"], result["image"]["height"])
    for name in result["files"]:
        picture = Image.open(tmp_path / name)
        assert picture.size == size if "skeleton" in name else picture.width > 100
    assert {"left-heatmaps-1.png", "right-heatmaps-2.png"} <= set(result["files"])


def test_json_on_request(tmp_path, capsys, untrained):
    call = ["compare", str(examples()[1].path), "--out", str(tmp_path), "--networks", *untrained, "--json"]
    assert main(call) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "result.json").read_text())
    assert printed["person_confidence"] is not None


def test_what_cannot_be_done_is_one_line_and_status_1(tmp_path, capsys):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert main(["compare", str(tmp_path / "broken.jpg"), "--out", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert main(["compare", str(tmp_path / "missing.jpg"), "--out", str(tmp_path)]) == 1
    assert main(["study", "accuracy", "--network", "nobody", "--data", "x.npz"]) == 1
    assert main(["bench", "nonsense", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"].startswith("no bench nonsense") and "bench: no bench" in printed.err


def test_only_what_was_meant_for_people_is_a_sentence(tmp_path, capsys, caplog, monkeypatch):
    """numpy's and torch's own words are no answer: a trace in the log, a calm line, status 1."""
    import numpy as np

    monkeypatch.setattr("pose_demo.compare", lambda *a, **k: np.zeros(2).reshape(3, 5))
    call = ["compare", str(examples()[0].path), "--out", str(tmp_path), "--json"]
    assert main(call) == 1
    printed = capsys.readouterr()
    said = json.loads(printed.out)["error"]
    assert "should not have" in said and "reshape" not in printed.out
    assert "cannot reshape array" in caplog.text and "Traceback" in caplog.text


def test_a_file_that_the_system_refuses_is_named(tmp_path, capsys, untrained):
    (tmp_path / "taken").write_text("a file, no folder")
    call = ["compare", str(examples()[0].path), "--networks", *untrained, "--out", str(tmp_path / "taken")]
    assert main(call) == 1
    assert capsys.readouterr().err == f"compare: {tmp_path / 'taken'}: File exists\n"


def test_a_device_that_is_not_here_is_no_fault(tmp_path, capsys):
    call = ["study", "accuracy", "--data", "x.npz", "--device", "abacus", "--out", str(tmp_path)]
    assert main(call) == 1
    assert capsys.readouterr().err == "study: there is no device abacus here: name cpu, or cuda where there is a GPU\n"


@pytest.mark.parametrize("call", [[], ["fly"], ["compare"], ["train", "--network", "hrnet-slim"], ["study"]])
def test_a_wrong_call_is_status_2(call, capsys):
    with pytest.raises(SystemExit) as stop:
        main(call)
    assert stop.value.code == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0 and "usage" in capsys.readouterr().out


def test_readme_names_the_commands_without_json():
    def has(command: argparse.ArgumentParser) -> bool:
        inner = [each for action in command._actions if isinstance(action, argparse._SubParsersAction)
                 for each in action.choices.values()]  # fmt: skip
        return "--json" in command.format_help() or any(map(has, inner))

    (commands,) = (action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    without = " and ".join(f"`{name}`" for name, each in commands.items() if not has(each))
    assert f"all but {without} have `--json`" in (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_help_loads_no_torch():
    code = "import sys; from pose_demo.__main__ import parser; parser(); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


_FAULTS = """
import resource, sys
import numpy as np
from pose_demo.__main__ import keep_freed
if sys.argv[1] == "keep": keep_freed()
for _ in range(6):
    maps = [np.ones(10 * 2**17) for _ in range(5)]
    del maps
    if _ == 0: before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, which is left as it is")
def test_freed_memory_is_used_again():
    def faults(how):
        call = [sys.executable, "-c", _FAULTS, how]
        return int(subprocess.run(call, capture_output=True, text=True, check=True).stdout)

    assert faults("keep") < faults("give back") / 10
