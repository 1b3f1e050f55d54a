"""A network that yields NaN: no answer, said as such, at every door; all is JSON, and nothing stops."""

import copy
import json
from dataclasses import replace

import numpy as np
import orjson
import pytest
import torch
from PIL import Image

from pose_demo import compare, person
from pose_demo.__main__ import main
from pose_demo.draw import skeleton
from pose_demo.networks import checkpoints, model, zoo
from pose_demo.page import results
from pose_demo.page.answers import VIEWS
from pose_demo.page.store import STORE
from pose_demo.page.xray import ask

BOX = (20, 20, 160, 170)


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Weights that are numbers, of a network whose maps are not: they overflow on the way."""
    net = zoo.build("hrnet-slim", 14)
    with torch.no_grad():
        for name, value in net.named_parameters():
            if name.startswith("stem"):
                value.fill_(6e4 if value.ndim == 4 else 1e30)
    file = tmp_path_factory.mktemp("nan") / "broken.safetensors"
    checkpoints.save(net, file, {})
    image = np.full((1, 128, 128, 3), 200, np.uint8)
    heatmaps = model.see(zoo.open(file, input=128), image).heatmaps[-1]
    assert not heatmaps.isfinite().all()
    return file


def test_compare_says_that_there_is_no_answer(broken, photo, untrained):
    result = compare(photo, BOX, [broken, untrained[1]])
    assert np.isnan(result.poses[0].joints).all() and np.isfinite(result.poses[1].joints).all()
    said = json.dumps(result.to_json(), allow_nan=False)
    assert json.loads(said)["poses"][0]["keypoints"][0] is None
    assert "nan" not in skeleton.svg(result.poses[0], (0, 0, 239, 179), 0.1).lower()


def test_where_the_finder_has_no_answer_the_windows_are_asked(photo, monkeypatch):
    finder, one = copy.deepcopy(zoo.shared(zoo.FINDER, "cpu")), person.Found(BOX, 0.9)
    monkeypatch.setattr(person, "find", lambda *_: one)
    assert person.people(photo, None, finder, finder) == ([one], 0.9)
    with torch.no_grad():
        finder.head.bias[0] = torch.nan
    assert person.people(photo, finder, finder, finder) == ([one], 0.9), "no number is not nobody"


def test_the_command_ends_well(broken, photo, tmp_path, capsys):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    call = ["compare", str(tmp_path / "photo.png"), "--box", *map(str, BOX), "--out", str(tmp_path / "out"),
            "--networks", str(broken), "hourglass-slim-untrained"]  # fmt: skip
    assert main(call) == 0
    assert "no answer" in capsys.readouterr().out
    json.loads((tmp_path / "out" / "result.json").read_text(), parse_constant=pytest.fail)


def test_the_page_shows_the_rest(broken, photo, untrained):
    card = zoo.add(broken, input=128)
    result = compare(photo, BOX, [card.name, untrained[1]], trace=True)
    for made in (results.views(result, 0.1, {}), results.table(result, 0.1, {}), results.heatmaps(result, "neck")):
        orjson.dumps(made)
    key = STORE.keep(replace(result), "me")
    asked = {"key": key, "joint": "neck", "language": "en", "side": 0, "cell": "stage2.module1.branch0.fused",
             "channel": 0}  # fmt: skip
    for view in VIEWS:
        answer = ask({**asked, "view": view, "what": "json"} if view == "export" else {**asked, "view": view})
        assert answer.get("error", {}).get("key") != "xray.failed", (view, answer)
        orjson.dumps(answer)  # as Gradio writes it: null for what is no number
