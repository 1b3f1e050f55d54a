"""The training pipeline on data made here: people of a few coloured dots that a small network can learn."""

import io
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pose_demo.joints import LSP
from pose_demo.networks import zoo
from pose_demo.networks.hrnet import HRNet
from pose_demo.training.augmentation import Augmentation, jpeg
from pose_demo.training.data import epoch_order, load, photo_within, split
from pose_demo.training.loop import Recipe, Trainer, begin, predict, truth_in_file
from pose_demo.training.loss import joint_losses, kept, masked_mean, targets


def write_crops(file, count, seed=0, side=96):
    """A file in the format of the labelled crops; each joint is a bright square of its own colour."""
    rng = np.random.default_rng(seed)
    blobs, offset, joints = [], [0], np.zeros((count, 14, 3), np.float32)
    for n in range(count):
        picture = np.full((side, side, 3), 90, np.uint8)
        for j in range(14):
            x, y = rng.integers(12, side - 12, 2)
            picture[y - 3 : y + 4, x - 3 : x + 4] = (255 * (j % 3 == 0), 40 + 15 * j, 255 - 18 * j)
            joints[n, j] = (x, y, 1)
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "WEBP", quality=95)
        blobs.append(np.frombuffer(data.getvalue(), np.uint8))
        offset.append(offset[-1] + len(blobs[-1]))
    np.savez(
        file, webp=np.concatenate(blobs), offset=np.array(offset), size=np.full(count, side), joints=joints,
        image_id=np.arange(count),
    )  # fmt: skip
    return joints


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    for k in range(2):
        write_crops(folder / f"train-{k}.npz", 20, seed=k)
    return folder


@pytest.mark.parametrize("size", [64, 96, 128, (128, 96)])
def test_labels_go_to_any_input_and_back(tmp_path, size):
    joints = write_crops(tmp_path / "a.npz", 3)
    crops = load(tmp_path / "a.npz", size)
    height, width = (size, size) if isinstance(size, int) else size
    assert crops.images.shape == (3, 3, height, width)
    np.testing.assert_allclose(truth_in_file(crops).numpy(), joints, atol=1e-3)
    # The first joint's square is where its label says: saturated red of joint 0.
    x, y = crops.joints[0, 0, :2].round().long().tolist()
    assert crops.images[0, 0, y, x] > 180


def test_validation_is_the_end_of_the_last_shard(folder):
    source = split(folder, 64)
    assert (len(source.train), len(source.held)) == (30, 10)
    whole = load(folder / "train-1.npz", 64)
    assert torch.equal(source.held.images, whole.images[10:])


def test_better_labels_beside_a_shard_are_taken(tmp_path):
    joints = write_crops(tmp_path / "train-0.npz", 4)
    better = joints + np.float32([2, 3, 0])
    np.savez(tmp_path / "clean-0.npz", joints=better, image_id=np.arange(4))
    np.testing.assert_allclose(truth_in_file(load(tmp_path / "train-0.npz", 64)).numpy(), better, atol=1e-3)
    np.savez(tmp_path / "clean-0.npz", joints=better, image_id=np.arange(4)[::-1])
    with pytest.raises(ValueError, match="same people in the same order"):
        load(tmp_path / "train-0.npz", 64)


def test_each_set_is_drawn_as_often_as_its_weight_says():
    orders = [epoch_order((10, 6), (1.0, 2.5), 3, epoch) for epoch in (0, 0, 1)]
    assert torch.equal(orders[0], orders[1]) and not torch.equal(orders[0], orders[2])
    counts = torch.bincount(orders[0], minlength=16)
    assert counts[:10].tolist() == [1] * 10 and sorted(counts[10:].tolist()) == [2, 2, 2, 3, 3, 3]
    assert not torch.equal(epoch_order((10, 6), (1.0, 2.5), 4, 0), orders[0])


def test_bad_data_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="no train-"):
        split(tmp_path, 64)
    np.savez(tmp_path / "b.npz", webp=np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="lacks image_id, joints, offset, size"):
        load(tmp_path / "b.npz", 64)


def test_the_photo_within_a_crop_is_found():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[5:30, 8:40] = 120
    assert photo_within(picture) == (8, 5, 40, 30)
    assert photo_within(np.zeros_like(picture)) == (0, 0, 40, 40)


def test_augmentation_moves_labels_with_the_picture(tmp_path):
    """A lone bright dot stays under its label through every scale, shift, turn and flip."""
    torch.manual_seed(0)
    crops = load_dots(tmp_path)
    calm = Augmentation(degraded=0, colour=0, grey=0, cut_out=0)
    checked = 0
    for _ in range(8):
        images, joints = calm(crops, 96, LSP.flip)
        for image, points in zip(images, joints, strict=True):
            seen = points[points[:, 2] > 0][0, :2]
            if ((seen > 8) & (seen < 87)).all():
                brightness = (image.sum(0) - 0.3).clamp_min(0)
                ys, xs = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
                at = torch.stack([(brightness * xs).sum(), (brightness * ys).sum()]) / brightness.sum()
                assert (at - seen).abs().max() < 1.0
                checked += 1
    assert checked > 60


def load_dots(tmp_path):
    write_crops(tmp_path / "dots.npz", 16)
    crops = load(tmp_path / "dots.npz", 96)
    crops.images.zero_()
    crops.inner[:] = torch.tensor([0, 0, 96, 96])
    crops.joints.zero_()
    for n in range(16):
        x, y = 20 + 3 * n, 30 + 2 * n
        crops.images[n, :, y - 1 : y + 2, x - 1 : x + 2] = 255
        crops.joints[n, 9] = torch.tensor([x, y, 1.0])
    return crops


def test_augmentation_fills_borders_and_changes_looks(folder):
    torch.manual_seed(1)
    crops = split(folder, 64).train
    images, joints = Augmentation()(crops, 64, LSP.flip)
    assert images.shape == (30, 3, 64, 64) and joints.shape == (30, 14, 3)
    assert images.min() >= 0 and images.max() <= 1 and torch.isfinite(joints).all()
    upright, _ = Augmentation(flipped=0, shift=0, scale=(1, 1))(crops, 64, LSP.flip, turn=False)
    assert not torch.equal(upright, crops.images.float() / 255)


def test_jpeg_keeps_what_quality_keeps():
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(2, 3, 4, 4), size=32, mode="bilinear")
    errors = [(jpeg(smooth, q) - smooth).abs().mean().item() for q in (95, 50, 10)]
    assert errors[0] < errors[1] < errors[2] < 0.1
    assert errors[0] < 0.01


def test_targets_peak_at_the_joint_and_know_absence():
    joints = torch.tensor([[[31.5, 15.5, 1.0], [-9.0, 20.0, 1.0], [0.0, 0.0, 0.0]]])
    heatmaps, weights = targets(joints, 64, 4, 1.5)
    assert heatmaps.shape == (1, 3, 16, 16)
    # Pixel 31.5 is the border of cells 7 and 8: (31.5 + 0.5) / 4 - 0.5 = 7.5.
    assert heatmaps[0, 0, 3, 7] == pytest.approx(heatmaps[0, 0, 3, 8].item())
    assert heatmaps[0, 0].max().item() == pytest.approx(math.exp(-(0.5**2 + 0.5**2) / (2 * 1.5**2)))
    assert heatmaps[0, 1].max() == 0 and heatmaps[0, 2].max() == 0
    assert weights.tolist() == [[1, 1, 0]]


def test_an_empty_map_costs_one_and_the_worst_labels_can_be_dropped():
    joints = torch.tensor([[[30.0, 30.0, 1.0]]])
    target, _ = targets(joints, 64, 4, 1.5)
    assert joint_losses([torch.zeros_like(target)] * 2, target, 1.5).item() == pytest.approx(1, abs=0.01)
    losses, weights = torch.arange(10.0)[None], torch.ones(1, 10)
    assert masked_mean(losses, kept(losses, weights, 0.2)) == losses[0, :8].mean()
    weights[0, 9] = 0
    assert masked_mean(losses, kept(losses, weights)) == losses[0, :9].mean()
    assert masked_mean(losses.fill_(float("nan")), kept(losses, weights)).isnan()
    assert masked_mean(losses, kept(losses, torch.zeros(1, 10))) == 0


def tiny():
    return HRNet(14, 8, units=1, modules=(1, 1, 1), stem=8)


def trainer(folder, out, **recipe):
    settings = {"size": 64, "batch": 10, "sigma": 1.5, "photos": 120, **recipe}
    network = {"name": "tiny", "joints": "lsp", "options": {}}
    torch.manual_seed(0)
    source = split(folder, 64)
    return Trainer(tiny(), network, LSP, [source], Recipe(**settings), out, torch.device("cpu"))


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


def test_another_networks_state_is_refused(folder, tmp_path):
    trainer(folder, tmp_path, photos=10).run(show=lambda line: None)
    other = trainer(folder, tmp_path)
    other.network = {"name": "other", "joints": "lsp"}
    with pytest.raises(ValueError, match="give another --out"):
        other.resume()


def test_a_run_needs_an_end_and_stops_at_a_broken_loss(folder, tmp_path):
    with pytest.raises(ValueError, match="give --photos"):
        Recipe(0)
    broken = trainer(folder, tmp_path)
    with torch.no_grad():
        broken.net.head.bias.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="half of --rate"):
        broken.run(every=0)


def test_supervising_the_last_stack_only_leaves_the_first_head_to_its_feedback(folder, tmp_path):
    net = zoo.ARCHITECTURES["hourglass-slim"](joints=14, features=16)
    before = net.heads[0].weight.clone()
    recipe = Recipe(10, size=64, batch=10, supervise="last")
    run = Trainer(net, {"name": "x"}, LSP, [split(folder, 64)], recipe, tmp_path, torch.device("cpu"))
    run.run(show=lambda line: None)
    assert not torch.equal(before, net.heads[0].weight)  # its heatmaps still feed the second stack


@pytest.mark.parametrize("network", ["hrnet-slim", "hourglass-slim"])
def test_any_number_of_processes_train_the_same_network(folder, tmp_path, network):
    """1, 2 and 3 processes: a batch of ten is shared unevenly, and the norms' and the loss's sums are the whole's."""
    found = {}
    for processes in (1, 2, 3):
        start = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
        out = tmp_path / str(processes)
        call = [
            sys.executable, *(start if processes > 1 else []), "-m", "pose_demo", "train", "--network", network,
            "--data", str(folder), "--out", str(out), "--size", "64", "--batch", "10", "--photos", "30", "--json",
            "--precision", "fp64",
        ]  # fmt: skip
        done = subprocess.run(call, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        last = json.loads(done.stdout.strip().splitlines()[-1])
        saved = torch.load(out / "best.pt", weights_only=True)
        assert saved["record"]["processes"] == processes
        found[processes] = ({k: last[k] for k in ("photos", "loss", "pck", "upright")}, saved["weights"])
    assert found[1][0]["photos"] == 30
    for other in (2, 3):
        assert found[other][0] == found[1][0]
        torch.testing.assert_close(found[other][1], found[1][1], rtol=1e-5, atol=1e-7)


def test_more_processes_than_photos_in_a_batch_are_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 0)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 11)
    with pytest.raises(ValueError, match="11 processes cannot share a batch of 10"):
        trainer(folder, tmp_path)
    with pytest.raises(ValueError, match="precision is auto, bf16, fp32, fp64, not fp8"):
        Recipe(1, precision="fp8")


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


def test_a_run_is_packed_with_its_figure(folder, tmp_path, capsys):
    import tomllib

    from pose_demo.__main__ import main
    from pose_demo.networks import checkpoints
    from pose_demo.training.pack import measure, pack

    call = ["train", "--network", "hourglass-slim", "--data", str(folder), "--out", str(tmp_path), "--size", "64"]
    assert main([*call, "--batch", "10", "--photos", "10", "--json"]) == 0
    capsys.readouterr()
    run, test = tmp_path / "best.pt", folder / "train-1.npz"
    assert main(["weights", "pack", str(run), "mine", "--out", str(tmp_path), "--test", str(test), "--pair", "2"]) == 0
    assert "mine.safetensors" in capsys.readouterr().out and (tmp_path / "mine.png").exists()
    table = tomllib.loads((tmp_path / "mine.toml").read_text())
    assert table["trained"] == "trained briefly on a CPU" and table["training"]["photos"] == 10 and table["pair"] == 2
    assert table["training"]["recipe"]["photos"] == 10 and table["training"]["augmentation"]["flipped"] == 0.5
    assert table["measured"][0]["weights_sha256"] == table["sha256"]
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
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["name"], line["finished"]) for line in lines] == [("a", True), ("b", False)]
    saved = torch.load(tmp_path / "a" / "best.pt", weights_only=True)
    assert saved["network"]["options"] == options and saved["record"]["recipe"]["upsampling"] == "bilinear"

    with claim(tmp_path / "b") as ours:
        assert ours and main(call) == 0
    said = capsys.readouterr()
    assert said.out == "" and "a: finished" in said.err
    assert "b: another process is at it" in said.err and "c waits for b" in said.err

    queued(monkeypatch, a, replace(b, recipe=replace(toy, photos=lines[1]["photos"] + 10)), c)
    assert main(call) == 0
    b, c = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert b["finished"] and b["photos"] == lines[1]["photos"] + 10 and c["name"] == "c"
    record = torch.load(tmp_path / "c" / "best.pt", weights_only=True)["record"]
    assert record["begun"]["photos"] == b["photos"]
    assert main([*call[:1], "--queue", "nonsense", *call[3:]]) == 1
    assert "its lists are toy" in capsys.readouterr().err


def test_every_experiment_builds_and_changes_one_thing():
    from pose_demo.training.experiments import QUEUE, SEEDS

    table = (Path(__file__).parents[2] / "weights" / "README.md").read_text()
    for name, listed in QUEUE.items():
        base = listed[0].recipe
        assert len({one.name for one in listed}) == len(listed)
        for one in listed:
            with torch.device("meta"):
                zoo.ARCHITECTURES[one.network](joints=14, **one.options)
            changed = {k for k in vars(base) if getattr(one.recipe, k) != getattr(base, k)} - {"seed", "photos"}
            assert len(changed) + bool(one.options) <= 1
            assert f"`{one.name.removesuffix(f'-seed{one.recipe.seed}')}`" in table
            assert one.asks in table
        if name != "pair":
            assert all(sum(o.name.startswith(one.name[:-1]) for o in listed) == SEEDS for one in listed)
