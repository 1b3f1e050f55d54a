"""A run of the training loop, by one process or several."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from crops import tiny, trainer
from PIL import Image

from pose_demo.__main__ import main
from pose_demo.joints import LSP
from pose_demo.locales import UserError
from pose_demo.networks import zoo
from pose_demo.training.begin import begin, usual
from pose_demo.training.data import split
from pose_demo.training.loop import Trainer
from pose_demo.training.recipe import Recipe
from pose_demo.training.validation import predict
from pose_demo.weights import HOME


def test_a_run_learns_writes_and_resumes(folder, tmp_path):
    lines, name = [], folder.name
    first = trainer(folder, tmp_path)
    last = first.run(every=0, show=lines.append)
    assert last["photos"] == 120 and last["loss"] < json.loads(lines[0])["loss"]
    written = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert written == [json.loads(line) for line in lines] == first.log
    assert set(last["pck"]) == set(last["upright"]) == {name} and 0 < last["people"][name] <= 10
    assert Image.open(tmp_path / "curve.png").size == (720, 400)

    again = trainer(folder, tmp_path, photos=180)
    assert again.resume() and again.photos == 120 and again.log == first.log
    for a, b in zip(again.average.net.parameters(), first.average.net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert again.run(show=lines.append)["photos"] == 180

    saved = torch.load(tmp_path / "best.pt", weights_only=True)
    net = tiny()
    net.load_state_dict(saved["weights"])
    joints, scores = predict(net, again.held[name], 4)
    assert joints.shape == (10, 14, 2) and scores.shape == (10, 14)
    assert saved["record"]["photos"] == 180 and saved["record"]["recipe"]["sigma"] == 1.5
    assert saved["record"]["data"] == [{"name": name, "weight": 1.0, "crops": 30}]


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(folder, tmp_path):
    """Seeds belong to the step: that is what makes runs of one seed comparable."""
    whole = trainer(folder, tmp_path / "whole", photos=70, precision="fp32")
    whole.run(show=lambda line: None)
    for _ in range(3):
        part = trainer(folder, tmp_path / "parts", photos=70, precision="fp32")
        part.resume()
        part.run(show=lambda line: None, at_most=0.001)
    assert 0 < part.photos < 70
    part.run(show=lambda line: None)
    for a, b in zip(whole.net.parameters(), part.net.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_run_begins_from_given_weights(folder, tmp_path):
    trainer(folder, tmp_path, photos=30).run(show=lambda line: None)
    for file in ("best.pt", "state.pt"):
        net = tiny()
        begun = begin(net, tmp_path / file)
        assert begun["photos"] == 30 and begun["file"] == file and len(begun["sha256"]) == 64
        average = torch.load(tmp_path / "state.pt", weights_only=True)["average"]
        for name, value in net.state_dict().items():
            torch.testing.assert_close(value, average[name])


def test_size_sigma_and_stop_are_those_of_the_weights_or_of_the_queue():
    slim = {"size": 128, "sigma": 1.5, "upsampling": "nearest"}
    tiny = {"size": 96, "sigma": 1.5, "upsampling": "bilinear"}
    assert usual("hrnet-slim", None) == slim and usual("hrnet-w32", None) == {}
    assert usual("hrnet-tiny", HOME / "hrnet-tiny-bilinear.safetensors") == tiny


def test_only_a_run_of_the_same_network_recipe_and_data_goes_on(folder, tmp_path):
    trainer(folder, tmp_path, photos=10).run(show=lambda line: None)
    seeded, named, weighted = (trainer(folder, tmp_path, **recipe) for recipe in ({"seed": 5, "batch": 5}, {}, {}))
    named.network, weighted.sources = {"name": "other", "joints": "lsp"}, [["other", 0.5, 30]]
    told = {r"batch 10, seed 0, not with batch 5, seed 5": seeded, "'other'": named, r"other:0\.5 \(30\)": weighted}
    for what, other in told.items():
        with pytest.raises(UserError, match=rf"{what}.*give what it has, or another --out"):
            other.resume()


def test_a_record_names_all_that_carried_its_run_out(folder, tmp_path):
    trainer(folder, tmp_path, photos=10, precision="fp32").run(show=lambda line: None)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state.pop("sources") == [[folder.name, 1.0, 30]]
    assert state.pop("carried") == {"device": ["CPU"], "precision": ["fp32"]}
    gpu = {"device": ["NVIDIA H200"], "precision": ["bf16"]}
    told = {"CPU": state, "NVIDIA H200, CPU": {**state, "carried": gpu}}  # the first as earlier versions wrote it
    for device, written in told.items():
        torch.save(written, tmp_path / "state.pt")
        again = trainer(folder, tmp_path, precision="fp32")
        assert again.resume() and again.record()["device"] == device
    assert again.record()["recipe"]["precision"] == "bf16, fp32"


def test_data_are_the_same_in_whatever_order_and_never_nothing(folder, tmp_path):
    def run(*weights):
        given = [replace(split(folder, 64), name=name, weight=weight) for name, weight in weights]
        return Trainer(tiny(), {"name": "x"}, LSP, given, Recipe(10, size=64, batch=10), tmp_path, torch.device("cpu"))

    assert run(("b", 2.0), ("a", 1.0)).sources == [["a", 1.0, 30], ["b", 2.0, 30]]
    with pytest.raises(UserError, match="has no photo to learn from"):
        run(("b", 0.0), ("a", 0.01))


def test_a_run_needs_an_end_and_stops_at_a_broken_loss(folder, tmp_path):
    with pytest.raises(UserError, match="give --photos"):
        Recipe(0)
    broken = trainer(folder, tmp_path)
    with torch.no_grad():
        broken.net.head.bias.fill_(float("nan"))
    with pytest.raises(UserError, match="half of --rate"):
        broken.run(every=0)


def test_supervising_the_last_stack_only_leaves_the_first_head_to_its_feedback(folder, tmp_path):
    net = zoo.ARCHITECTURES["hourglass-slim"](joints=14, features=16)
    before = net.heads[0].weight.clone()
    recipe = Recipe(10, size=64, batch=10, supervise="last")
    run = Trainer(net, {"name": "x"}, LSP, [split(folder, 64)], recipe, tmp_path, torch.device("cpu"))
    run.run(show=lambda line: None)
    assert not torch.equal(before, net.heads[0].weight)  # its heatmaps still feed the second stack


@pytest.mark.parametrize("network", ["hrnet-slim", "hourglass-slim"])
def test_any_number_of_processes_train_the_same_network(folder, tmp_path, network, capsys):
    """As one does: three share a batch of ten unevenly, and the norms' and the loss's sums are the whole's."""
    asked = [
        "train", "--network", network, "--data", str(folder), "--size", "64", "--batch", "10", "--photos", "20",
        "--json", "--precision", "fp64",
    ]  # fmt: skip
    assert main([*asked, "--out", str(tmp_path / "one")]) == 0
    said = [capsys.readouterr().out]
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "3", "-m", "pose_demo"]
    done = subprocess.run(
        [*start, *asked, "--out", str(tmp_path / "three")], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    said.append(done.stdout)
    one, three = ({k: json.loads(out.strip().splitlines()[-1])[k] for k in ("photos", "loss", "pck", "upright")}
                  for out in said)  # fmt: skip
    assert one["photos"] == 20 and three == one
    one, three = (torch.load(tmp_path / name / "best.pt", weights_only=True) for name in ("one", "three"))
    assert (one["record"]["processes"], three["record"]["processes"]) == (1, 3)
    torch.testing.assert_close(three["weights"], one["weights"], rtol=1e-5, atol=1e-7)


def test_more_processes_than_photos_in_a_batch_are_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 0)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 11)
    with pytest.raises(UserError, match="11 processes cannot share a batch of 10"):
        trainer(folder, tmp_path)
    with pytest.raises(UserError, match="precision is auto, bf16, fp32, fp64, not fp8"):
        Recipe(1, precision="fp8")
    with pytest.raises(UserError, match="--supervise is all, last, not first"):
        Recipe(1, supervise="first")


def test_training_needs_torch_numpy_and_pillow_alone(folder, tmp_path):
    """On a bare GPU machine the rest is not installed: here it is made impossible to import."""
    block = """
import sys
for name in ("gradio", "cv2", "mmpose", "plotly", "safetensors", "platformdirs", "tqdm"):
    sys.modules[name] = None
from pose_demo.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    call = ["train", "--network", "hourglass-slim", "--data", str(folder), "--out", str(tmp_path), "--size", "64"]
    done = subprocess.run(
        [sys.executable, "-c", block, *call, "--batch", "10", "--photos", "10"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photos"] == 10
