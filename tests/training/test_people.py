"""The finder of people: its data, what it is taught, what it answers, and how its training goes on."""

import io
import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from pose_demo import person, weights
from pose_demo.__main__ import main
from pose_demo.joints import PEOPLE
from pose_demo.locales import UserError
from pose_demo.networks import zoo
from pose_demo.networks.finder import overlaps, people
from pose_demo.study.detection import average_precision
from pose_demo.training import people_loss
from pose_demo.training.experiments import QUEUE
from pose_demo.training.people import PeopleTrainer, begin
from pose_demo.training.people_data import NONE, PERSON, UNSURE, PeopleAugmentation, Photos, load, moved, split
from pose_demo.training.recipe import PeopleRecipe


def write_photos(file, count, seed=0, size=(96, 128)):
    """A file in the format of the photos with boxes: each person is a red rectangle, the unsure one a dark one."""
    rng, (height, width) = np.random.default_rng(seed), size
    blobs, offset, boxes, unsure = [], [0], [], []
    for k in range(count):
        picture = np.full((height, width, 3), 120, np.uint8)
        x, y = rng.integers(5, width - 45), rng.integers(5, height - 65)
        picture[y : y + 60, x : x + 30] = 255, 0, 0
        boxes += [[[x, y, x + 30, y + 60]]] if k % 4 else [[]]
        unsure.append([[0, 0, 10, 20]])
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "WEBP", quality=95)
        blobs.append(np.frombuffer(data.getvalue(), np.uint8))
        offset.append(offset[-1] + len(blobs[-1]))
    rows = {name: np.array([b for some in listed for b in some], np.float32).reshape(-1, 4)
            for name, listed in (("box", boxes), ("unsure", unsure))}  # fmt: skip
    ends = {
        f"{name}_offset": np.cumsum([0, *map(len, listed)]) for name, listed in (("box", boxes), ("unsure", unsure))
    }
    np.savez(file, webp=np.concatenate(blobs), offset=np.array(offset), shape=np.full((count, 2), size), **rows, **ends)
    return boxes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for k in range(2):
        write_photos(folder / f"train-{k}.npz", 8, seed=k)
    return folder


def red(image):
    """x0, y0, x1, y1 of what is red in an image (3, H, W) of 0..1."""
    y, x = ((image[0] > 0.7) & (image[1] < 0.3)).nonzero(as_tuple=True)
    return torch.stack([x.min() - 0.5, y.min() - 0.5, x.max() + 0.5, y.max() + 0.5])


def test_boxes_lie_where_the_people_are(tmp_path):
    boxes = write_photos(tmp_path / "train-0.npz", 5)
    photos = load(tmp_path / "train-0.npz", 64)
    assert photos.images.shape == (5, 3, 64, 64) and photos.inner[0].tolist() == [0, 8, 64, 56]
    for k in range(5):
        assert (photos.kinds[k] == PERSON).sum() == len(boxes[k]) and (photos.kinds[k] == UNSURE).sum() == 1
        if boxes[k]:
            found = red(photos.images[k] / 255)
            assert (found - photos.boxes[k][photos.kinds[k] == PERSON][0]).abs().max() <= 1.5
    with pytest.raises(UserError, match="crops"):
        np.savez(tmp_path / "crops.npz", webp=np.zeros(1))
        load(tmp_path / "crops.npz", 64)


def test_augmentation_moves_boxes_with_the_picture(folder):
    photos, plain = split(folder, 128).train, PeopleAugmentation(full=128, degraded=0, colour=0, grey=0, cut_out=0)
    torch.manual_seed(0)
    seen = 0
    for _ in range(4):
        images, boxes, kinds = plain(photos, 96)
        for image, box, kind in zip(images, boxes, kinds, strict=True):
            if (kind == PERSON).any():
                assert (red(image) - box[kind == PERSON][0]).abs().max() <= 2, (red(image), box)
                seen += 1
    assert seen > 10


def test_who_is_hardly_in_the_picture_is_not_asked_for():
    photos = Photos(torch.zeros(1, 3, 100, 100, dtype=torch.uint8),
                    torch.tensor([[[10.0, 10, 40, 40], [60, 10, 90, 40], [45, 45, 75, 75], [0, 0, 0, 0]]]),
                    torch.tensor([[PERSON, PERSON, PERSON, NONE]]), torch.tensor([[0.0, 0, 100, 100]]))  # fmt: skip
    left_half = torch.tensor([[[0.5, 0, -0.5], [0, 1, 0]]])  # x from 0 to 50
    boxes, kinds = moved(photos, left_half, 100)
    assert kinds.tolist() == [[PERSON, NONE, UNSURE, NONE]]
    assert boxes[0, 0].tolist() == pytest.approx([20.5, 10, 80.5, 40])  # twice as wide, edges and not centres


def answer_of(boxes, cells):
    """The finder's answer (1, 5, cells, cells) that says exactly these boxes, in cells."""
    answer = torch.full((1, 5, cells, cells), -9.0)
    for x0, y0, x1, y1 in boxes:
        x, y = int((x0 + x1) / 2), int((y0 + y1) / 2)
        reaches = [x + 0.5 - x0, y + 0.5 - y0, x1 - x - 0.5, y1 - y - 0.5]
        answer[0, :, y, x] = torch.tensor([3.0, *map(math.log, reaches)])
    return answer


def test_an_answer_becomes_boxes_and_scores():
    boxes = [(1.0, 2, 6, 12), (8, 4, 14, 12)]
    (found, scores), = people(answer_of(boxes, 16))  # fmt: skip
    assert found.tolist() == [pytest.approx([4 * v - 0.5 for v in box]) for box in boxes]
    assert scores.tolist() == pytest.approx([1 / (1 + math.exp(-3))] * 2)
    twice = answer_of([boxes[0], (1, 4, 6, 14)], 16)  # IoU 0.67
    twice[0, 0, 7, 3] = 5
    (found, _), = people(twice)  # fmt: skip
    assert found.tolist() == [pytest.approx([4 * v - 0.5 for v in boxes[0]])]
    assert len(people(torch.full((2, 5, 16, 16), -9.0))[1][0]) == 0


def test_the_right_answer_costs_nothing_and_others_do():
    boxes = torch.tensor([[[4.0, 8, 24, 48], [32, 16, 56, 48], [0, 40, 12, 60]]]) - 0.5
    kinds = torch.tensor([[PERSON, PERSON, UNSURE]])
    target = people_loss.targets(boxes, kinds, 16)
    assert target.heat.shape == (1, 16, 16) and (target.heat == 1).sum() == 2 and target.heat[0, 7, 3] == 1
    right = answer_of([(1, 2, 6, 12), (8, 4, 14, 12)], 16)
    right[:, 1:] = torch.where(right[:, 1:] == -9, 0.0, right[:, 1:])
    # Every cell of a person's Gaussian is asked for; make them all say the same box.
    y, x = torch.meshgrid(torch.arange(16) + 0.5, torch.arange(16) + 0.5, indexing="ij")
    for box, near in zip(target.boxes, target.near, strict=True):
        reaches = torch.stack([x - box[0], y - box[1], box[2] - x, box[3] - y]).clamp(min=0.01).log()
        right[0, 1:] = torch.where(near > 0, reaches, right[0, 1:])
    right[:, 0] = torch.where(target.heat == 1, 12.0, -12.0)
    assert people_loss.reach_loss(right, target) < 1e-4 and people_loss.focal(right[:, 0], target) < 1e-2
    wrong = right.clone()
    wrong[0, 0, 2, 14] = 3.0
    assert people_loss.focal(wrong[:, 0], target) > 2
    unsure = right.clone()
    unsure[0, 0, 12, 1] = 3.0  # in the middle of the unsure box
    assert people_loss.focal(unsure[:, 0], target) < 1e-2
    wide = right.clone()
    wide[:, 1:] += 1
    assert people_loss.reach_loss(wide, target) > 1


def test_losses_have_gradients_where_nobody_is():
    answer = torch.zeros(2, 5, 8, 8, requires_grad=True)
    target = people_loss.targets(torch.zeros(2, 0, 4), torch.zeros(2, 0, dtype=torch.long), 8)
    (people_loss.focal(answer[:, 0], target) + people_loss.reach_loss(answer, target)).backward()
    assert (answer.grad[:, 0] > 0).all() and (answer.grad[:, 1:] == 0).all()


def test_generalised_overlap_of_boxes():
    a = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 1, 1]])
    b = torch.tensor([[0.0, 0, 2, 2], [1, 0, 3, 2], [3, 0, 4, 1]])
    assert people_loss.giou(a, b).tolist() == pytest.approx([1, 1 / 3, -0.5])
    assert overlaps(a[:1], b).tolist() == [pytest.approx([1, 1 / 3, 0])]


def test_average_precision_is_cocos():
    """The same figure as pycocotools, on boxes drawn at random about people and unsure ones."""
    rng, found, sure, unsure = np.random.default_rng(0), [], [], []
    for _ in range(60):
        corners = rng.uniform(0, 200, (rng.integers(0, 6), 2))
        boxes = np.concatenate([corners, corners + rng.uniform(20, 80, corners.shape)], 1)
        known = rng.random(len(boxes)) < 0.7
        near = np.repeat(boxes, 2, 0) + rng.normal(0, 8, (2 * len(boxes), 4))
        far = rng.uniform(0, 100, (2, 4)) + np.array([0, 0, 120, 120])
        answers, scores = np.concatenate([near, far]), rng.random(2 * len(boxes) + 2)
        order = np.argsort(-scores)
        found.append((answers[order], scores[order]))
        sure.append(boxes[known])
        unsure.append(boxes[~known])
    ours = average_precision(found, sure, unsure)
    assert 0.2 < ours < 0.8 and ours == pytest.approx(cocos(found, sure, unsure), abs=1e-6)
    assert average_precision([(b, np.ones(len(b))) for b in sure], sure, unsure) == 1
    assert average_precision([], [], []) == 0


def cocos(found, sure, unsure):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def entry(k, box, **more):
        return {"image_id": k, "category_id": 1, "bbox": [*box[:2], box[2] - box[0], box[3] - box[1]], **more}

    truth, labels = COCO(), []
    for k, (some, others) in enumerate(zip(sure, unsure, strict=True)):
        # Out of the range of areas, a label is left out by IoU; COCO's crowds would be by another measure.
        labels += [entry(k, b, area=1.0, iscrowd=0) for b in some] + [entry(k, b, area=-1.0, iscrowd=0) for b in others]
    truth.dataset = {"images": [{"id": k} for k in range(len(found))], "categories": [{"id": 1}],
                     "annotations": [{**label, "id": k + 1} for k, label in enumerate(labels)]}  # fmt: skip
    truth.createIndex()
    results = [entry(k, b, score=float(s)) for k, (boxes, scores) in enumerate(found)
               for b, s in zip(boxes, scores, strict=True)]  # fmt: skip
    judge = COCOeval(truth, truth.loadRes(results), "bbox")
    judge.params.iouThrs, judge.params.areaRng, judge.params.areaRngLbl = np.array([0.5]), [[0.0, 1e12]], ["all"]
    judge.params.maxDets = [100]
    judge.evaluate()
    judge.accumulate()
    return judge.eval["precision"][0, :, 0, 0, 0].mean()


# --- the network and its training ------------------------------------------------------------------------------------


def test_the_finder_leaves_a_trace_like_any_network():
    from pose_demo.networks.wiring import wiring

    net = zoo.build("finder", 5).eval()
    assert net.card.joints == PEOPLE and len(net.levels) == 3
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        trace = net.trace(x)
        assert torch.equal(trace.heatmaps[0], net(x)[0]) and trace.heatmaps[0].shape == (1, 5, 16, 16)
        assert torch.equal(net.lens(trace["stage4.module1.branch0.fused"].tensor), trace.heatmaps[0])
    assert wiring(net).nodes["heatmaps"].sources == ("features",)
    with pytest.raises(ValueError, match="5 channels"):
        zoo.build("finder", 14)


@pytest.mark.parametrize("one", QUEUE["people"], ids=lambda one: one.name)
def test_all_but_the_last_layers_are_begun_from_a_pose_network(one, tmp_path):
    pose, net = zoo.build(one.begun, 14, seed=1), zoo.build(one.network, 5, **one.options)
    torch.save({"weights": pose.state_dict(), "record": {"photos": 7}}, tmp_path / "best.pt")
    assert begin(net, tmp_path / "best.pt")["photos"] == 7
    assert torch.equal(
        net.stages[2][0].exchange.terms[0][1][0].weight, pose.stages[2][0].exchange.terms[0][1][0].weight
    )
    torch.save(zoo.build("hourglass-tiny-1", 14).state_dict(), tmp_path / "other.pt")
    with pytest.raises(UserError, match="only"):
        begin(net, tmp_path / "other.pt")


RECIPE = PeopleRecipe(photos=64, size=96, small=64, batch=4, rate=2e-3, grown=0.5)


def trainer(folder, out, recipe=RECIPE, **options):
    net = zoo.build("finder", 5)
    network = {"name": "finder", "joints": "people", "options": {}}
    sources = [split(folder, 128)]
    return PeopleTrainer(net, network, PEOPLE, sources, recipe, out, torch.device("cpu"), **options)


def test_training_learns_goes_on_and_can_be_given_less(folder, tmp_path):
    run = trainer(folder, tmp_path, frozen=True)
    early = [p.clone() for m in run.net.early() for p in m.parameters()]
    run.run(every=1e9, show=lambda line: None, at_most=1e-6)
    assert 0 < run.photos < 64
    again = trainer(folder, tmp_path, replace(RECIPE, photos=24), frozen=True)
    assert again.resume() and again.photos == run.photos
    last = again.run(every=1e9, show=lambda line: None)
    assert again.photos == 24 and last["loss"] < run.log[0]["loss"] and 0 <= last["ap"][folder.name] <= 1
    assert all(
        torch.equal(a, b) for a, b in zip(early, (p for m in again.net.early() for p in m.parameters()), strict=True)
    )
    assert (tmp_path / "curve.png").exists()
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["photos"] == 24


def test_the_rate_stays_until_the_photos_are_whole_and_then_falls(folder, tmp_path):
    run = trainer(folder, tmp_path)
    assert run._rate(0.1) == run._rate(0.5) == RECIPE.rate
    assert run._rate(0.75) == pytest.approx(RECIPE.rate / 2, rel=0.05) and run._rate(1.0) < RECIPE.rate / 50


def test_all_that_finds_people_is_measured(tmp_path, monkeypatch, capsys):
    """Found are all who are red, but in the first photo: in one of two without a box, and three of four labelled."""
    boxes = write_photos(tmp_path / "test.npz", 8)
    empty = np.full((96, 128, 3), 120, np.uint8)
    for k in range(4):
        picture = empty.copy()
        picture[10:70, 20:50] = (255, 0, 0) if k else 90
        Image.fromarray(picture).save(tmp_path / f"{k}.png")
    told = {f"{k}.png": [[20, 10, 50, 70], [0, 0, 5, 5]] for k in range(4)}
    (tmp_path / "photos.json").write_text(json.dumps(told))
    shipped, cards = weights.HOME, tmp_path / "weights"
    cards.mkdir()
    for name in ("finder", *weights.default_pair()):
        for kind in ("toml", "safetensors"):
            shutil.copy(shipped / f"{name}.{kind}", cards)
    (cards / "manifest.toml").write_text("")
    monkeypatch.setattr(weights, "HOME", cards)
    asked = []

    def everybody(photo, net, *pair):
        asked.append(photo)
        there = (photo[..., 0] > 200) & (photo[..., 1] < 50)
        if len(asked) == 1 or not there.any():
            return [], 0.5
        y, x = np.nonzero(there)
        return [person.Found((x.min() - 0.5, y.min() - 0.5, x.max() + 0.5, y.max() + 0.5), 0.9)], 0.9

    monkeypatch.setattr(person, "people", everybody)
    files = [str(tmp_path / name) for name in ("test.npz", "photos.json")]
    assert main(["weights", "measure", "finder", "--test", *files]) == 0
    weights._read.cache_clear()
    shown = [row["set"] for row in weights.manifest(shipped / "manifest.toml")["finder"].measured]
    rows = weights.entry("finder").measured
    assert [row["set"] for row in rows[: len(shown)]] == shown, "figures of these weights on other sets stay"
    rows = rows[len(shown) :]
    asked_of = [(row["metric"].split()[0], row["count"]) for row in rows]
    assert asked_of == [("average", 8), ("photos", 2), ("labelled", 4)]
    assert [row["value"] for row in rows[1:]] == [50.0, 75.0] and len(asked) == 2 + 4
    assert rows[0]["people"] == sum(map(len, boxes)) == 6 and rows[0]["set"] == f"{tmp_path.name}/test.npz"
    capsys.readouterr()
    (tmp_path / "photos.json").write_text("[1, 2]")
    assert main(["weights", "measure", "finder", "--test", files[1]]) == 1
    assert "does not name photos" in capsys.readouterr().err
    weights._read.cache_clear()
