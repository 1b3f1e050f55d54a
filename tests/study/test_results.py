"""What a study leaves behind: files, pages and sentences; and calls that cannot be done."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from asked import FEW, HOURGLASS, HRNET, english, run, table
from labelled import csv_row, person, picture, write_crops, write_csv
from PIL import Image

from pose_demo.__main__ import main
from pose_demo.draw import study as drawing
from pose_demo.draw import study_page, study_words
from pose_demo.joints import LSP
from pose_demo.study import report


def test_all_studies_at_once_and_pages_that_need_no_network(tmp_path, monkeypatch, capsys):
    data = write_crops(tmp_path / "c.npz", 2)
    monkeypatch.setattr("pose_demo.study.questions.HIGHEST", 128)
    assert main(["study", "all", "--data", str(data), "--out", str(tmp_path / "out"), "--network", HRNET, HOURGLASS,
                 *FEW, "--json"]) == 0  # fmt: skip
    printed = json.loads(capsys.readouterr().out)
    assert [r["study"] for r in printed] == ["accuracy", "upsampling", "depth", "resolution", "faults", "silence"]
    for result in printed:
        out = tmp_path / "out" / result["study"]
        assert json.loads((out / "result.json").read_text()) == result and table(out)
        assert {"network", "measure", "joint", "value", "low", "high"} <= table(out)[0].keys()
        page = (out / "index.html").read_text()
        assert not re.search(r"<(script|link|img)[^>]+(src|href)=.?https?:", page)
        assert "untrained" in page and all(sentence in page for sentence in english(study_words.source(result)))
        assert page.count("Plotly.newPlot") >= len(drawing.figures(result)) >= 1
        assert f"study {result['study']} --data" in result["made"]["command"]
        assert str(tmp_path / "out") not in result["made"]["command"]


def test_a_name_cannot_become_code_in_the_page(tmp_path):
    data = write_crops(tmp_path / "<img src=x>.npz", 2)
    result = run("accuracy", data, tmp_path / "out", "--network", HRNET)
    result["data"] |= {"bad": 1, "bad_records": [{"name": "<script>alert(1)</script>", "reason": "<b>"}]}
    page = study_page.write(result, tmp_path / "x.html", language="zh").read_text()
    assert "<img src=x>" not in page and "<script>alert" not in page and "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--limit", "0"], "--limit must be at least 1"),
        (["--seed", "-1"], "--seed must be at least 0, not -1"),
        (["--predictions", "nofile"], "--predictions takes NAME=FILE"),
        (["--upsampling", "cubist"], "unknown upsampling 'cubist'"),
        (["--decoder", "luck"], "unknown decoder 'luck'; there are argmax, dark"),
        (["--network"], "name a network, or predictions from elsewhere"),
        (["--network", "nobody"], "the zoo has no network"),
    ],
)
def test_a_call_that_cannot_be_done_is_one_line(crops, tmp_path, capsys, more, said):
    assert main(["study", "accuracy", "--data", str(crops), "--out", str(tmp_path / "o"), *more]) == 1
    err = capsys.readouterr().err
    assert said in err and len(err.strip().splitlines()) == 1


def test_a_result_of_an_unknown_study_has_no_figures():
    with pytest.raises(ValueError, match="no figures are known for a study 'luck'"):
        drawing.figures({"study": "luck"})


def test_csv_of_a_labelled_folder(tmp_path):
    Image.fromarray(picture(100, 100, 1)).save(tmp_path / "a.png")
    write_csv(tmp_path, [csv_row("a.png", person(LSP, (5, 5), 80, 1))])
    result = run("accuracy", tmp_path, tmp_path / "out", "--network", HRNET, page=False)
    assert result["data"]["kind"] == "csv" and result["counted"]["with_torso"] == 1
    assert next(report.lines(result))["study"] == "accuracy"


def test_what_ships_is_found_by_study_and_can_be_drawn(tmp_path):
    for study in ("accuracy", "depth"):
        run(study, write_crops(tmp_path / "c.npz", 2), tmp_path / "ships" / study, "--network", HRNET, page=False)
    found = report.shipped(tmp_path / "ships")
    assert list(found) == ["accuracy", "depth"] and all(drawing.figures(r) for r in found.values())
    assert "2 labelled people of c.npz" in english(study_words.source(found["depth"]))[0]
    assert report.shipped(tmp_path / "none") == {}
    assert all(result["stale"] == [] for result in found.values())
    for result in report.shipped().values():  # the repository's own
        assert drawing.figures(result) and result["data"]["evaluated"] > 0
        files = re.sub(r" (people/|(runs|assets/study)/[\w-]+/)", " ", result["made"]["command"])
        assert "/" not in files, "no path of the machine that it was made on"


def test_figures_of_weights_that_were_replaced_are_called_stale(tmp_path):
    from pose_demo import weights

    name = weights.default_pair()[0]
    result = run("accuracy", write_crops(tmp_path / "c.npz", 2), tmp_path / "s" / "accuracy", page=False)
    assert result["networks"][0]["weights_sha256"] == weights.entry(name).sha256
    result["networks"][0]["weights_sha256"] = "0" * 64
    (tmp_path / "s" / "accuracy" / "result.json").write_text(json.dumps(result))
    found = report.shipped(tmp_path / "s")["accuracy"]
    assert found["stale"] == [name] and f"earlier weights of {name}" in english(study_words.source(found))[-1]


def test_the_short_table_names_its_command(crops, tmp_path):
    result = run("faults", crops, tmp_path / "out", "--network", HRNET, HOURGLASS, page=False)
    lines = (tmp_path / "out" / "table.md").read_text().splitlines()
    assert len(lines) == 6 and all(line.count("|") == lines[0].count("|") == 10 for line in lines[:4])
    assert "not measured" in lines[2] and lines[2].startswith("| HRNet-Slim (untrained 128x128) (untrained) | 0.")
    assert lines[5].endswith(f"`{result['made']['command']}`") and "10 people of crops.npz" in lines[5]


def test_all_studies_when_killed_go_on_with_the_one_that_was_under_way(tmp_path, monkeypatch):
    from pose_demo.commands import study as command

    data, out = write_crops(tmp_path / "c.npz", 2), tmp_path / "out"
    call = ["study", "all", "--data", str(data), "--out", str(out), "--network", HRNET, *FEW, "--no-page"]
    monkeypatch.setattr("pose_demo.study.questions.HIGHEST", 128)
    one, begun = command._study, []

    def counted(call, name, out):
        begun.append(name)
        if name == "depth" and len(begun) == 3:
            raise KeyboardInterrupt
        return one(call, name, out)

    monkeypatch.setattr(command, "_study", counted)
    assert main(call) == 1 and (out / "unfinished.json").exists()
    assert main(call) == 0 and not (out / "unfinished.json").exists()
    assert begun == ["accuracy", "upsampling", "depth", "depth", "resolution", "faults", "silence"]
    (out / "unfinished.json").write_text(json.dumps({"asked": {"command": "another"}, "done": ["accuracy"]}))
    begun[:] = ["x", "x", "x"]
    assert main(call) == 0 and begun[3:] == list(command.STUDIES)


def test_an_answer_is_a_sentence_of_the_result():
    for result in report.shipped().values():
        faults = result["study"] == "faults"  # leads with what each network does wrong
        tests = {t["difference"]["value"]: t for t in result["tests"]
                 if (t["measure"].startswith("share of") if faults else t["measure"] == "pck@0.2")}  # fmt: skip
        said = english(study_words.answers(result))
        if result["study"] == "upsampling" and study_words.of_experiments(result):
            assert [sentence.split(": ")[0] for sentence in said] == [
                "Trained with nearest, tested with bicubic", "Trained with bilinear, tested with nearest",
            ]  # fmt: skip
            for sentence in said:
                each = [float(points) for points in re.findall(r"[-+][0-9.]+", sentence)]
                assert len(each) == 3 and {abs(points) for points in each} <= {abs(round(100 * v, 1)) for v in tests}
            continue
        if result["study"] == "silence":
            kinds = {(row["network"], row["kind"]) for row in result["rows"] if row["cut"]}
            silent = {row["cut"] for row in result["rows"] if row["shift"]["torsos"]["value"] is None}
            carried = [sentence for sentence in said if " carries " in sentence]
            assert len(carried) == len(kinds) and silent
            assert all(any(cut in each for cut in silent) or "farthest" in each for each in carried)
            said = [sentence for sentence in said if sentence not in carried]
        for row in result["rows"] if faults else ():
            kinds = {kind: row["kinds"][kind]["value"] for kind in study_words.ERRORS}
            wrong = sum(value or 0 for value in kinds.values())
            assert said[0].startswith(f"{row['label']}: {100 * wrong:.1f} % of the marked joints are not good, namely")
            shares = [float(share) for share in re.findall(r" ([0-9.]+) %[,.]", said.pop(0))]
            assert shares == sorted((round(100 * v, 1) for v in kinds.values() if v is not None), reverse=True)
        networks = {row["network"] for row in result["rows"]}
        alone = {"accuracy": 1, "faults": 1, "seeds": len(networks) - 1}
        assert len(said) == alone.get(result["study"], len(networks))
        for sentence in said:
            points = float(re.search(r"([-+]?[0-9.]+) points", sentence)[1])
            near = [t for value, t in tests.items() if abs(abs(100 * value) - abs(points)) < 0.06]
            if "verdict" in near[0]:
                assert ("No difference found" in sentence) == (near[0]["verdict"] == "no difference found")
                continue
            test = next(t for t in near if f"p {t['p_bootstrap']:.3f}" in sentence)
            assert ("may be chance" in sentence) == (test["p_bootstrap"] >= 0.05)


@pytest.mark.parametrize("name", ["faults", "silence", "seeds-bottom"])
def test_the_page_speaks_the_language_that_was_asked_for(tmp_path, name):
    """No two English words in a row but in names, titles and the command."""
    result = report.shipped()[name] | {"predictions": [{"name": "theirs", "file": "x.json"}]}
    facts = {"name": "a", "joints": [{"joint": "left knee", "a": "good", "b": "jitter"}]}
    found = {network: np.zeros((14, 3)) for network in ("a", "b")}
    telling = study_page.telling(np.zeros((64, 64, 3), np.uint8), facts, "lsp", found, "zh")
    page = study_page.write(result, tmp_path / "x.html", [telling], "zh").read_text()
    assert '<html lang="zh">' in page and "左膝: 正确 / 抖动" in page and "<title>左膝，得分 0.00" in page
    assert '"locale": "zh"' in page or '"locale":"zh"' in page
    page = re.sub(r"(?s)<(style|script|pre)\b.*?</\1>", "", page).replace("head top", "")
    for network in result["networks"]:
        page = page.replace(network["title"], "")
    said = re.findall(r">([^<>]+)<|(?:alt|aria-label)=\"([^\"]+)", page)
    assert not [text for text in said if re.search("[A-Za-z]{3,} [a-z]{2,}", "".join(text))]


def test_a_worse_network_is_below_and_without_an_interval_nothing_is_said_of_chance():
    def row(name):
        return {"column": name, "network": name, "title": name, "label": name, "measures": {"pckh@0.5": {}}}

    test = {"a": "a", "b": "b", "measure": "pckh@0.5", "p_bootstrap": None,
            "difference": {"value": -0.0312, "low": None, "high": None}}  # fmt: skip
    result = {"study": "accuracy", "rows": [row("a"), row("b")], "tests": [test]}
    assert english(study_words.answers(result)) == ["b is 3.1 points below a in PCKh at 0.5 of the head."]
    assert study_words.answers({**result, "tests": []}) == []
