"""The X-ray as one object: what it answers is what its parts compute, and its files say what they are."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pose_demo import XRay, compare, xray_all
from pose_demo.__main__ import main
from pose_demo.examples import examples
from pose_demo.locales import UserError
from pose_demo.many import places
from pose_demo.networks import zoo
from pose_demo.page.answers import export, files, gradient, lesson, matters, story
from pose_demo.page.reports import names
from pose_demo.page.results import table
from pose_demo.xray import effects, receptive
from pose_demo.xray.gradient import gradients

EXAMPLE = examples()[0]


@pytest.fixture(scope="module")
def xray():
    return XRay(EXAMPLE, upsampling="bilinear", silence={"stack1.level0.skip": "zero"})


def test_it_holds_what_compare_and_the_networks_say(xray):
    found = compare(EXAMPLE.path, EXAMPLE.box, upsampling="bilinear", silence={"stack1.level0.skip": "zero"})
    for k, (mine, theirs) in enumerate(zip(xray.skeletons, found.poses, strict=True)):
        assert np.array_equal(mine.joints, theirs.joints) and mine.silence == theirs.silence
        with torch.inference_mode():
            trace = xray.net(k).trace(xray.input(k), "bilinear", silence=mine.silence)
        assert list(xray.maps(k)) == list(trace) == [n for n, node in xray.graph(k).nodes.items() if not node.inside]
        assert all(torch.equal(xray.maps(k)[name].tensor, trace[name].tensor) for name in trace)
    assert xray.sum(0, "stage3.module1.branch1.fused").error() < 1e-6 and xray.sum(0, "stem.conv1") is None
    cell = receptive.field(xray.net(1), "stack1.level2.skip", (1, 2), (128, 128), "bilinear")
    assert xray.field(1, "stack1.level2.skip", (1, 2)) == cell


def test_effects_are_beside_what_is_cut_and_asked_once(xray, monkeypatch):
    places = ["stack1.level1.skip", "stack2"]
    asked = effects.measure(xray.net(1), xray.input(1), "bilinear", {"stack1.level0.skip": "zero"}, places)
    found = xray.effects(1, places)
    assert np.array_equal(found.moves, asked.moves, equal_nan=True) and found.places == tuple(places)
    monkeypatch.setattr("pose_demo.page.cached.measure", None)
    assert xray.effects(1, places) is found


def test_gradients_aim_at_the_hand_placed_joints_and_know_the_untrained(xray):
    found, pose = xray.gradients(1), xray.skeletons[1]
    marks = np.column_stack([pose.crop.to_input(EXAMPLE.joints[:, :2]), np.ones(14)])
    again = gradients(xray.net(1), xray.input(1), marks, "bilinear", pose.silence)
    assert found.target == "given" and np.allclose(found.share, again.share, equal_nan=True)
    fresh = xray.gradients(1, untrained=True)
    assert fresh.taps == found.taps and np.isfinite(fresh.total).all() and not np.allclose(fresh.total, found.total)
    assert XRay(EXAMPLE.path, EXAMPLE.box, ["hrnet-slim-untrained"] * 2).gradients(0).target == "own"


def test_hand_placed_joints_are_one_persons():
    both = next(example for example in examples() if example.name == "two-people")
    for box, target, place in ((both.box, "given", "truth_given"), ((400, 60, 690, 952), "own", "truth_none")):
        other = XRay(both, box, ["hourglass-slim"] * 2)
        told = story.tell(other, {"key": "", "view": "story", "joint": "left knee", "language": "en"})
        assert other.gradients(0).target == target and told["place"] == place
        assert (lesson._nearer(other, 0, {})["value"] is None) == (target == "own")


def test_maps_in_a_file_say_what_they_are(xray, tmp_path):
    followed = xray.gradients(1)
    file = xray.to_npz(tmp_path)
    assert file.name == f"{EXAMPLE.name}_hrnet-slim+hourglass-slim_bilinear_1-cut.npz"
    found = np.load(file, allow_pickle=False)
    about = json.loads(str(found["about"]))
    assert about["photo"]["name"] == EXAMPLE.name and about["photo"]["box"] == pytest.approx(EXAMPLE.box, abs=0.01)
    for k, network in enumerate(about["networks"]):
        pose = xray.skeletons[k]
        assert network["network"] == pose.network and network["weights_sha256"] == pose.card.sha256
        assert network["crop"] == pytest.approx(pose.crop.box) and set(network["stops"].values()) == {"bilinear"}
        assert network["silence"] == pose.silence and network["assumed"] == list(pose.card.assumed)
        assert np.array_equal(found[f"{k}.joints"], np.column_stack([pose.joints, pose.scores]))
    assert set(about["maps"]) == {f"{k}.{name}" for k in (0, 1) for name in xray.maps(k)}
    for key, told in about["maps"].items():
        tap = xray.maps(told["side"])[told["name"]]
        assert told["stride"] == tap.stride and np.array_equal(found[key], tap.tensor[0].numpy())
    parts = {name: about["maps"][f"1.{name}"]["gradient"]["nearest_share"] for name in ("stem", "stack2.features")}
    shares = dict(zip(followed.taps, followed.share.tolist(), strict=True))
    assert parts == pytest.approx({name: shares[name] for name in parts}) and 0 < parts["stem"] < 1
    photo_open = {"key": "", "view": "export", "what": "npz", "language": "en", "side": 1, "cell": "input"}
    assert export.export(xray, photo_open)["name"] == file.name, "the photo is no map: all of them"
    one = xray.to_npz(tmp_path / "one.npz", side=1, cell="stack1.features")
    assert set(np.load(one)) == {"1.stack1.features", "0.joints", "1.joints", "about"}


def test_a_report_and_a_notebook_show_both_networks_and_reach_for_nothing(xray, tmp_path):
    file = xray.to_html(tmp_path / "new" / "folder", language="zh", joint="left knee")
    pages = [file.read_text(encoding="utf-8"), xray._repr_html_(), xray._repr_html_()]
    for page in pages:
        assert not re.search(r"(src|href)=['\"]https?:|<script", page)
        assert page.count('class="xmap"') == (4 if page is pages[0] else 2), "the report has the gradient's, too"
        assert all(pose.card.title in page for pose in xray.skeletons)
    assert 'lang="zh"' in pages[0] and "左膝 的故事" in pages[0]
    opened = xray.html()
    assert "The story of right wrist" in opened, "as the page opens"
    for told in ("Peak to joint: argmax, shifted", "Nearer to the joints placed by hand: ", "HRNet-Slim: score</th>",
                 "Hourglass-Slim: error, px</th>", "DARK (see “Peak to joint”) reads in between",
                 "→ ReLU → fused<", "How far a joint moved is read by DARK, and so are the lines"):  # fmt: skip
        assert told in opened, told
    wrist = next(row for row in table(xray.comparison, 0.1, xray.placed())["rows"] if row["joint"] == "right wrist")
    cells = re.findall("<td>(.*?)</td>", re.search("(?s)<td>right wrist</td>(.*?)</tr>", opened)[1])
    shown = [f"{v:.2f}" for v in wrist["scores"]] + [f"{wrist['pixels']:.1f}", f"{wrist['torsos']:.2f}"]
    assert cells[:6] == [*shown, *(f"{v:.1f}" for v in wrist["errors"])] and len(cells) == 7, "and its move by the cut"
    ids = [set(re.findall(r'id="(sprite[^"]+)"', page)) for page in pages[1:]]
    assert len(ids[0]) == 2 and not ids[0] & ids[1], "two in one document keep their pictures"


def test_it_takes_modules_and_needs_no_gradio(untrained, tmp_path):
    mine = zoo.build("hrnet-slim", joints=14)
    xray = XRay(str(EXAMPLE.path), EXAMPLE.box, [mine, untrained[1]])
    assert xray.net(0) is mine and xray.name == EXAMPLE.name and xray.to_npz(tmp_path).suffix == ".npz"
    code = "import sys; from pose_demo import XRay; sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_python_writes_reports_of_many_and_tells_how_far(tmp_path, untrained):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    shutil.copy(EXAMPLE.path, tmp_path / "one.jpg")
    out, told, how = tmp_path / "out", [], {"networks": untrained, "silence": {"stack1": "zero"}}
    for times in range(2):
        found = list(xray_all(tmp_path, out, told.append, joint="left knee", language="zh", **how))
        assert [one.error is None for one in found] == [False, True][: 2 - times]
        assert told[-1] == (1 - times, 1, times, 2) and (out / "results.json").exists()
    (report,) = out.rglob("one_*.html")
    assert 'lang="zh"' in report.read_text(encoding="utf-8")
    with pytest.raises(UserError, match="joint tail"):
        xray_all(tmp_path, out, joint="tail", **how)


def test_the_command_writes_reports_of_a_folder_and_a_line_for_what_fails(tmp_path, capsys, untrained):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    shutil.copy(EXAMPLE.path, photos / "one.jpg")
    (photos / "broken.png").write_bytes(b"no picture")
    (photos / "below").mkdir()
    for ending in ("png", "webp"):  # of one name, as another is in the folder above
        Image.open(EXAMPLE.path).resize((90, 60)).save(photos / "below" / f"one.{ending}")
    call = [
        "xray",
        str(photos),
        "--out",
        str(out),
        "--networks",
        *untrained,
        "--npz",
        "--effects",
        "--silence",
        "stack1",
        "--silence",
        f"stack2.features={EXAMPLE.path}",
    ]
    assert main(call) == 1
    printed = capsys.readouterr()
    assert printed.err.count("xray: ") == 1 and "broken.png" in printed.err and "3 photos X-rayed, 0" in printed.out
    name = "one_hrnet-slim-untrained+hourglass-slim-untrained_nearest_2-cut"
    ends = (".html", ".npz", ".effects.json")
    written = {str(file.relative_to(out)) for file in out.rglob("*.*")} - {"results.lines", "results.json"}
    begun = ("", *(f"below/one.{ending}" for ending in ("png", "webp")))
    assert written == {f"{photo}{name.removeprefix('one') if photo else name}{end}" for photo in begun for end in ends}
    report = (out / f"{name}.html").read_text(encoding="utf-8")
    assert "stack2.features (another photo&#39;s map)" in report and "No gradient arrives at stem.conv1" in report
    whole = json.loads((out / "results.json").read_text())
    assert [image["file_name"] for image in whole["images"]] == ["one.jpg", "below/one.png", "below/one.webp"]
    assert len(whole["annotations"]) >= 6
    shutil.rmtree(out / "below")
    assert main(call) == 1 and "0 photos X-rayed, 3 were" in capsys.readouterr().out and not (out / "below").exists()
    found = json.loads((out / f"{name}.effects.json").read_text())
    assert found["about"]["photo"]["name"] == "one" and [len(side["cuts"]) for side in found["effects"]] == [26, 21]
    assert main(["xray", str(EXAMPLE.path), "--out", str(out), "--joint", "tail"]) == 1
    assert "joint tail" in capsys.readouterr().err


def test_a_photo_that_was_made_smaller_says_of_what(xray, monkeypatch):
    monkeypatch.setattr(xray, "whole", (5000, 4000))
    (image,) = json.loads(export.coco(xray))["images"]
    assert {**image, "id": None} == {**xray.image(), "id": None}
    about = files.about(xray)["photo"]
    assert about["file_width"] == image["file_width"] == 5000 and about["file_height"] == 4000 != about["height"]


def test_no_two_photos_have_one_name(tmp_path):
    """Of one name where it is written plainly, or cut, or where folders were given that only `..` tells apart."""
    for name in ("team photo.jpg", "team-photo.jpg", "\N{GRINNING FACE}.jpg", "\N{BICYCLE}.jpg", "a.jpg.png", "a.jpg",
                 "a.png", f"{'b' * 130}1.jpg", f"{'b' * 130}2.jpg", "alone.jpg", "below/alone.jpg"):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    aside = [Path("up/c.jpg"), Path("../up/c.jpg")]
    for photos in (places(tmp_path), places(aside)):
        called = names(photos)
        written = [str(place.parent / files.plain(f"{called[file]}_networks")) for file, place in photos.items()]
        assert len(set(written)) == len(photos) in (11, 2)
        assert all(called.get(tmp_path / name, "alone") == "alone" for name in ("alone.jpg", "below/alone.jpg"))


def test_a_measured_cut_knows_its_arrows_of_the_drawing(xray):
    for side in (0, 1):
        found = matters.measured(xray, side)
        drawn = {(source, target) for target, ways in xray.graph(side).picture.items() for source in ways}
        for cut in found["cuts"]:
            assert bool(cut["drawn"]) == (cut["kind"] != "stack") and set(cut["drawn"]) <= drawn
        wired, term = xray.graph(side), next(cut for cut in found["cuts"] if cut["kind"] == "term")
        ((source, target),) = term["drawn"]
        assert wired.picture[target][source].through.count(term["place"]) == 1
    assert matters.cost(xray, {})["sides"][1]["arrows"] == len(found["cuts"])


def test_behind_a_cut_that_leaves_no_answer_nothing_matters(untrained):
    xray = XRay(EXAMPLE, networks=["hourglass-slim-untrained"] * 2, silence={"stack2": "zero"})
    assert not any(matters.measured(xray, 1)["answered"])
    rows = matters.heaviest(xray, 1, "nose")["rows"]
    assert all(np.isnan(move) and share == 0 for _, move, _, share in rows)
    report = xray.html()
    assert "no answer before it" in report and "no answer any more" not in report


def test_the_gradient_is_shown_as_it_was_measured(xray, tmp_path):
    for side, told in enumerate(gradient.gradient(xray, {"language": "en"})["sides"]):
        found = xray.gradients(side)
        share = dict(zip(found.taps, found.share.tolist(), strict=True))
        seen = [name for name in xray.graph(side).picture if np.isfinite(share.get(name, np.nan))]
        assert told["cells"] == {name: share[name] for name in seen}, "what is cut sends nothing back"
        said = [each["key"] for each in told["says"]]
        assert told["svg"].count("<polyline") == 4 and "xray.gradient_given" in said
        assert ("xray.gradient_by_all" in said) == (side == 1), "of the one that has several losses"
        sentence = told["says"][said.index("xray.gradient_given") + 1]
        if len(found.losses) > 1:
            later = "xray.gradient_strong" if found.share[0] <= 0.5 else "xray.gradient_part"
            assert sentence["key"] == later and sentence["values"]["share"] == pytest.approx(found.share[0])
        else:
            assert sentence["key"] == "xray.gradient_one" and set(told["cells"].values()) == {1}
    blank = XRay(EXAMPLE, networks=["hourglass-slim"], silence={"stack1": "zero"})
    (told,) = gradient.gradient(blank, {"language": "en"})["sides"]
    (sentence,) = (each for each in told["says"] if each["key"] == "xray.gradient_one")
    assert sentence["values"]["loss"] == "stack2.heatmaps", "the first stack's blank heatmaps send nothing"
    arrow = "stage4.module1.branch3->stage4.module1.branch0.fused"
    cut = XRay(EXAMPLE, networks=["hrnet-slim"], silence={arrow: "zero"})
    (told,) = gradient.gradient(cut, {"language": "en"})["sides"]
    assert told["svg"].count("<polyline") == 4, "beside a cut too, behind which the untrained one has other maps"
    alone = cut.html()
    row = re.search("(?s)<td>right wrist</td>(.*?)</tr>", alone)
    assert row and row[1].count("<td>") == 3, "score, error and move of the one, and nothing beside it"
    assert cut.to_npz(tmp_path).name == f"{EXAMPLE.name}_hrnet-slim_nearest_1-cut.npz"
