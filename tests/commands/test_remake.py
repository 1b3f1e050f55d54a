"""What depends on the weights is made by one command, and README and docs/STUDY.md hold what it made."""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

import pytest

from pose_demo import weights
from pose_demo.commands import remake, study
from pose_demo.download import sha256_of
from pose_demo.draw import study_words
from pose_demo.locales import say, tell
from pose_demo.shipped import shipped
from pose_demo.study import report


@pytest.mark.parametrize(("name", "part"), [("README.md", remake.findings), ("docs/STUDY.md", remake.tables)])
def test_the_results_that_ship_are_the_ones_that_are_shown(name, part):
    text = (shipped("assets").parent / name).read_text(encoding="utf-8")
    assert text.partition(remake._BEGIN)[2].partition(remake._END)[0].strip() == part().strip()


def test_each_table_has_its_command_and_what_it_is_about():
    text = remake.tables()
    headings = re.findall(r"^\*\*.*\*\*$", text, re.MULTILINE)
    assert len(set(headings)) == len(headings) == len(report.shipped())
    for name, result in report.shipped().items():
        assert f"`{result['made']['command']}`" in text
        assert (report.SHIPPED / name / "table.md").read_text(encoding="utf-8") == report.markdown(result)
        if result["study"] != "seeds":
            continue
        scale = tell("en", study_words.small(result["rows"]))
        assert scale in text, "nowhere without how small it is"
        for test in result["tests"]:
            assert f"| {test['b']} less {test['a']}: {test['verdict']} | {test['difference']['value']:+.3f} (" in text


def test_the_findings_are_five_lines_of_a_length():
    lines = remake.findings().strip().splitlines()
    assert len(lines) == 5 and max(map(len, lines)) < 700
    seeds = [result for result in report.shipped().values() if result["study"] == "seeds"]
    assert tell("en", study_words.small([row for result in seeds for row in result["rows"]])) in lines[-1]
    for test in (test for result in seeds for test in result["tests"]):
        points = f"{100 * test['difference']['value']:+.1f}"
        assert f"{test['b']} against {test['a']}, {points}" in lines[-1].partition(test["verdict"].capitalize())[2]


def test_two_single_trainings_are_no_rank():
    told = next(line for line in remake.findings().splitlines() if "points above" in line)
    assert say("en", "note.these_weights") in told
    assert all(f"(14 joints 128x128) saw {photos} photos" in told for photos in ("1,778,752", "1,305,020"))


def test_only_what_stands_between_the_marks_is_written():
    text = f"before\n{remake._BEGIN}\nold\n{remake._END}after\n"
    assert remake._between(text, "new\n") == f"before\n{remake._BEGIN}\nnew\n{remake._END}after\n"


def called(*options):
    parser = argparse.ArgumentParser()
    remake.add_parser(parser.add_subparsers())
    call = parser.parse_args(["remake", *options])
    return call.run(call)


def test_every_card_is_measured_on_its_own_files_and_each_study_made_as_it_ships(monkeypatch):
    """The finder's on whole photos with boxes, all others on labelled people; what comes after is not made."""
    asked, made = {}, {}

    def stop(_):
        raise InterruptedError

    monkeypatch.setattr("pose_demo.training.pack.measure", lambda card, tests: asked.update({card.stem: tests}))
    monkeypatch.setattr(
        "pose_demo.commands.study._study", lambda call, name, out: made.update({out: study.command_line(call, name)})
    )
    monkeypatch.setattr(remake, "_words", stop)
    call = ["--data", "people/test.npz", "--test", "b.npz", "--people", "c.npz", "--no-picture"]
    with pytest.raises(InterruptedError):
        called(*call)
    poses = {name for name, entry in weights.manifest().items() if entry.embedded} - {"finder"}
    people = [Path(file) for file in ("people/test.npz", "b.npz")]
    assert asked == {"finder": [Path("c.npz")], **dict.fromkeys(poses, people)}
    ship = {report.SHIPPED / name: result["made"]["command"] for name, result in report.shipped().items()}
    assert made == {out: command for out, command in ship.items() if "runs/" not in command}


def test_words_alone_are_made_of_what_ships(monkeypatch, tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/STUDY.md"):
        (tmp_path / name).write_text(f"before\n{remake._BEGIN}\nold\n{remake._END}after\n")
    monkeypatch.setattr("pose_demo.shipped.shipped", lambda name: tmp_path / name)
    assert called("--words") == 0
    assert remake.findings() in (tmp_path / "README.md").read_text()
    study_text = (tmp_path / "docs" / "STUDY.md").read_text()
    assert study_text == f"before\n{remake._BEGIN}\n{remake.tables()}{remake._END}after\n"


def test_each_card_says_how_briefly_its_weights_were_trained():
    from pose_demo.training import pack

    ours = [entry for entry in weights.manifest().values() if entry.training]
    assert ours and all(entry.trained == pack._briefly(entry.training or {}) for entry in ours)


def test_figures_on_other_sets_stay_while_they_fit_the_weights(monkeypatch, tmp_path):
    """`weights measure --test a.npz` loses no figure on b.npz; where the file was replaced, no old one is left."""
    from pose_demo.training import pack

    def row(name, value, digest):
        return {"metric": "PCK@0.2 of the torso", "value": value, "set": name, "weights_sha256": digest}

    file, card = tmp_path / "mine.safetensors", tmp_path / "mine.toml"
    file.write_bytes(b"weights")
    digest = sha256_of(file)
    pack._write(card, {"file": file.name, "measured": [row(name, 1.0, digest) for name in ("x/a", "x/b", "x/c")]})
    monkeypatch.setattr(pack, "_measure", lambda file, tests: [row(f"x/{t}", 2.0, sha256_of(file)) for t in tests])
    pack.measure(card, [Path("d"), Path("b")])
    found = tomllib.loads(card.read_text())["measured"]
    assert [(each["set"], each["value"]) for each in found] == [("x/a", 1), ("x/b", 2), ("x/c", 1), ("x/d", 2)]
    file.write_bytes(b"others")
    pack.measure(card, [Path("b")])
    assert tomllib.loads(card.read_text())["measured"] == [row("x/b", 2.0, sha256_of(file))]
