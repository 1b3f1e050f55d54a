"""From the queue of experiments to weights that ship."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pose_demo.networks import zoo
from pose_demo.training.recipe import Recipe


def test_a_run_is_packed_with_its_figure(folder, tmp_path, capsys):
    import tomllib

    from pose_demo.__main__ import main
    from pose_demo.networks import checkpoints
    from pose_demo.training.pack import _learned, measure, pack

    call = ["train", "--network", "hourglass-slim", "--data", str(folder), "--out", str(tmp_path), "--size", "64"]
    assert main([*call, "--batch", "10", "--photos", "10", "--json"]) == 0
    assert capsys.readouterr().err.startswith("hourglass-slim: photos 10, size 64, batch 10, rate 0.001, sigma 1.5, ")
    before = (tmp_path / "best.pt").read_bytes()
    for more, what in (
        ([], "would be written over"), (["--resume", "--init", str(tmp_path / "best.pt")], "leave out --init"),
        (["--resume", "--seed", "5"], "with seed 0, not with seed 5"),
    ):  # fmt: skip
        assert main([*call, *more]) == 1 and what in capsys.readouterr().err
    assert main([*call[:-2], "--resume", "--json"]) == 0  # by the recipe that it was begun with
    assert json.loads(capsys.readouterr().out)["finished"] and (tmp_path / "best.pt").read_bytes() == before
    run, test = tmp_path / "best.pt", folder / "train-1.npz"
    assert main(["weights", "pack", str(run), "mine", "--out", str(tmp_path), "--test", str(test), "--pair", "2"]) == 0
    assert "mine.safetensors" in capsys.readouterr().out and (tmp_path / "mine.png").exists()
    table = tomllib.loads((tmp_path / "mine.toml").read_text())
    assert table["trained"] == "trained briefly on a CPU" and table["training"]["photos"] == 10 and table["pair"] == 2
    assert table["training"]["recipe"]["photos"] == 10 and table["training"]["augmentation"]["flipped"] == 0.5
    assert table["measured"][0]["weights_sha256"] == table["sha256"]
    assert table["licence"] == "unknown" and table["source"].endswith(f'on folder "{folder.name}"')
    ours, other = (_learned({"data": [{"name": "people", "crops": n}]}, None, None) for n in (12575, 30))
    assert ours["licence"] == "MIT" and "Stanford 40" in ours["source"] and 'folder "people"' in other["source"]
    (tmp_path / "mine.toml").write_text('also = ["hers"]\n' + (tmp_path / "mine.toml").read_text())
    pack(run, "mine", tmp_path, [test], 2)
    assert tomllib.loads((tmp_path / "mine.toml").read_text()) == {**table, "also": ["hers"]}
    table["also"] = ["hers"]
    measure(tmp_path / "mine.toml", [test])
    assert tomllib.loads((tmp_path / "mine.toml").read_text()) == table
    net = checkpoints.load(zoo.build("hourglass-slim", 14), tmp_path / "mine.safetensors")
    saved = torch.load(run, weights_only=True)["weights"]
    for name, value in net.state_dict().items():
        torch.testing.assert_close(value, saved[name], rtol=1e-3, atol=1e-6)
    # The figure in the table is what `study accuracy` says of these weights (fp16 may move a joint across the line).
    study = ["study", "accuracy", "--network", str(run), "--data", str(test), "--out", str(tmp_path / "s")]
    assert main([*study, "--replicates", "0", "--no-page", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert table["measured"][0]["count"] == 20
    assert table["measured"][0]["value"] == pytest.approx(100 * row["measures"]["pck@0.2"]["value"], abs=2)


def queued(monkeypatch, *experiments):
    from pose_demo.training import experiments as module

    monkeypatch.setattr(module, "QUEUE", {"toy": experiments})
    monkeypatch.setattr("pose_demo.training.queue.QUEUE", {"toy": experiments})


def test_the_queue_resumes_and_takes_nothing_twice(folder, tmp_path, monkeypatch, capsys):
    from pose_demo.__main__ import main
    from pose_demo.training.experiments import Experiment
    from pose_demo.training.queue import claim

    toy = Recipe(20, size=64, batch=10)
    options = {"depth": 3, "features": 16}
    a = Experiment("a", "is it short?", "hourglass-slim", replace(toy, upsampling="bilinear"), options)
    b = Experiment("b", "is it long?", "hourglass-slim", replace(toy, photos=100_000), {"features": 16})
    c = Experiment("c", "is it reached?", "hourglass-slim", toy, {"features": 16}, begun="b")
    queued(monkeypatch, a, b, c)
    call = ["train", "--queue", "toy", "--data", str(folder), "--out", str(tmp_path), "--json"]
    assert main([*call, "--minutes", "0.1"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("a: not begun\nb: not begun\nc: not begun\na: photos 20, ")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [(line["name"], line["finished"]) for line in lines] == [("a", True), ("b", False)]
    saved = torch.load(tmp_path / "a" / "best.pt", weights_only=True)
    assert saved["network"]["options"] == options and saved["record"]["recipe"]["upsampling"] == "bilinear"

    with claim(tmp_path / "b") as ours:
        assert ours and main(call) == 0
    said = capsys.readouterr()
    assert said.out == "" and "a: finished" in said.err
    assert f"b: stands at {lines[1]['photos']} of 100000 photos, another process is at it" in said.err
    assert "b: another process is at it" in said.err and "c waits for b" in said.err

    queued(monkeypatch, a, replace(b, recipe=replace(toy, photos=lines[1]["photos"] + 10)), c)
    assert main(call) == 0
    b, c = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert b["finished"] and b["photos"] == lines[1]["photos"] + 10 and c["name"] == "c"
    record = torch.load(tmp_path / "c" / "best.pt", weights_only=True)["record"]
    assert record["begun"]["photos"] == b["photos"]
    assert main([*call[:1], "--queue", "nonsense", *call[3:]]) == 1
    assert "its lists are toy" in capsys.readouterr().err
    assert main([*call, "--seed", "5", "--upsampling", "bilinear", "--precision", "fp32"]) == 1
    assert "says itself what --seed, --upsampling would say" in capsys.readouterr().err


def test_the_finder_is_trained_in_the_queue_of_the_pair(folder, tmp_path, monkeypatch, capsys):
    """Each run takes the folders of its task; the finder begins from the pose network that ships, and goes on."""
    from test_people import write_photos

    from pose_demo.__main__ import main
    from pose_demo.training.experiments import QUEUE, Experiment

    finder, _ = QUEUE["people"]
    small = {"size": 96, "batch": 4, "photos": 8}
    pose = Experiment("a", "", "hourglass-slim", Recipe(10, size=64, batch=10), {"depth": 3, "features": 16})
    queued(monkeypatch, pose, replace(finder, recipe=replace(finder.recipe, small=64, **small)))
    (photos := tmp_path / "photos").mkdir()
    write_photos(photos / "train-0.npz", 8)
    call = ["train", "--queue", "toy", "--data", str(folder), str(photos), "--out", str(tmp_path / "runs"), "--json"]
    assert main(call) == 0
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(first["pck"]) == [folder.name] and list(last["ap"]) == ["photos"] and last["finished"]
    saved = torch.load(tmp_path / "runs" / "finder" / "best.pt", weights_only=True)
    assert saved["network"]["name"] == "finder" and saved["record"]["begun"]["file"] == "hrnet-slim.safetensors"
    assert main(call) == 0 and "finder: finished" in capsys.readouterr().err
    assert main(["train", "--queue", "finder", "--data", str(folder), "--out", str(tmp_path / "other")]) == 1
    assert "holds whole photos" in capsys.readouterr().err
    assert main([*call, "--task", "people"]) == 1 and "what --task would say" in capsys.readouterr().err


def test_every_experiment_builds_and_changes_one_thing():
    from pose_demo.training.experiments import QUEUE, SEEDS

    def in_pixels(one):  # a branch's cells are twice as large as those of the one before
        return {**vars(one.recipe), "sigma": one.recipe.sigma * 2 ** one.options.get("head_branch", 0)}

    assert in_pixels(QUEUE["branches"][0]) == in_pixels(QUEUE["branches"][1])
    table = (Path(__file__).parents[2] / "weights" / "README.md").read_text()
    for name, listed in QUEUE.items():
        base = in_pixels(listed[0])
        assert len({one.name for one in listed}) == len(listed)
        for one in listed:
            with torch.device("meta"):
                zoo.ARCHITECTURES[one.network](joints=5 if one.task == "people" else 14, **one.options)
            changed = {k for k, value in in_pixels(one).items() if value != base[k]} - {"seed", "photos"}
            assert len(changed) + bool(one.options) <= 1
            assert f"`{one.name.removesuffix(f'-seed{one.recipe.seed}')}`" in table
            assert one.asks in table
        if name not in ("pair", "people"):
            assert all(sum(o.name.startswith(one.name[:-1]) for o in listed) == SEEDS for one in listed)
