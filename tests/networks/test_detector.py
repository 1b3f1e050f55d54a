"""Torchvision's detector finds people at every door, with weights made here and not the published ones."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from little_memory import LittleMemory

from pose_demo import compare, person, weights
from pose_demo.__main__ import main
from pose_demo.examples import examples
from pose_demo.locales import UserError
from pose_demo.moving.video import Lens
from pose_demo.networks import detector, memory, mmpose_compat, zoo
from pose_demo.networks.finder import apart
from pose_demo.page import doors, events, link
from pose_demo.page.compare import run
from pose_demo.page.session import Session
from pose_demo.photo import read

NAME, PHOTO = "ssdlite320-coco", examples()[0]
PERSON, DOG = 1, 18


@pytest.fixture(scope="module")
def made():
    """The architecture with random weights, and last biases that see people with some anchors and dogs with others."""
    mmpose_compat.prepare_torchvision()
    from torchvision.models import detection

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None).eval()
    net.score_thresh = 0.5  # random weights find a little of everything everywhere
    with torch.no_grad():
        biases = net.head.classification_head.module_list[5][1].bias.view(6, 91)  # one cell that sees all
        for anchor, kind, bias in ((0, DOG, 9.0), (2, PERSON, 9.0), (3, PERSON, 8.5), (4, PERSON, 8.0)):
            biases[anchor, kind] = bias  # a dog, somebody wide, somebody high, and nearly the wide one again
    return net


@pytest.fixture
def fetched(made, tmp_path, monkeypatch):
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    torch.save(made.state_dict(), tmp_path / "own" / weights.entry(NAME).file)
    monkeypatch.setattr(weights, "check", lambda file, wanted, found: None)  # these are not the published bytes
    detector.shared.cache_clear()
    yield tmp_path
    detector.shared.cache_clear()


def test_it_says_what_torchvisions_own_call_says_of_people(made, fetched, monkeypatch):
    def suppressed(boxes, scores, labels, most):
        """torchvision.ops.batched_nms, whose operator does not load beside every torch."""
        order = scores.argsort(descending=True)
        far = boxes + labels[:, None] * 10_000  # boxes of two kinds never meet
        return order[torch.from_numpy(apart(far[order].numpy(), most))]

    monkeypatch.setattr("torchvision.ops.boxes.batched_nms", suppressed)
    photo = read(PHOTO.path)
    with torch.inference_mode():
        (all_,) = made([torch.from_numpy(photo).permute(2, 0, 1) / 255])
    sure = all_["scores"] >= 0.5
    wanted = all_["boxes"][sure & (all_["labels"] == PERSON)].numpy() - 0.5
    boxes, scores = detector.people(detector.shared(NAME), photo, 0.5)
    assert (all_["labels"][sure] == DOG).any() and len(wanted) == 2
    assert np.abs(boxes - wanted).max() < 1e-2 and (np.diff(scores) <= 0).all()


def test_python_and_a_large_photo(fetched):
    photo = read(PHOTO.path)
    found = compare(photo, finder=NAME)
    boxes, _ = detector.people(detector.shared(NAME), photo, 0.5)
    assert len(found.people) == len(boxes) and found.person == found.people[0].box and found.finder == NAME
    assert found.to_json()["finder"] == NAME and compare(photo, PHOTO.box).to_json()["finder"] is None
    large = np.tile(photo, (1 + 1600 // len(photo), 1, 1))
    there, best = person.detected(large, detector.shared(NAME))
    assert best == max(one.confidence for one in there) > 0.5
    for one in there:
        assert -0.5 <= one.box[0] < one.box[2] <= large.shape[1] - 0.5 and one.box[3] <= len(large) - 0.5
    assert max(one.box[3] for one in there) > 0.7 * len(large)


def test_command_api_and_video(fetched, capsys):
    wanted = [one.confidence for one in compare(PHOTO.path, finder=NAME).people]
    call = ["compare", str(PHOTO.path), "--out", str(fetched / "out"), "--finder", NAME, "--json"]
    assert main(call) == 0
    for said in (json.loads(capsys.readouterr().out), doors.compare(str(PHOTO.path), finder=NAME)):
        assert said["finder"] == NAME and [one["confidence"] for one in said["people"]] == pytest.approx(
            wanted, abs=1e-4
        )
    (seen,) = Lens(None, "nearest", "cpu", finder=NAME).look([read(PHOTO.path)], [0.0])
    assert len(seen["boxes"]) == len(wanted)


def test_the_page_offers_it_where_it_was_fetched(fetched):
    choice = events.finders("en")
    assert choice["visible"] and [name for _, name in choice["choices"]] == ["", NAME]
    session = Session(networks=weights.default_pair())
    session.take(read(PHOTO.path))
    events._finder(session, NAME)
    assert list(run(session, 0, "argmax", False))[-1][0]["error"] is None
    assert session.result.finder == NAME and len(session.people) == len(compare(PHOTO.path, finder=NAME).people)
    turn = session.turn
    events._finder(session, "")
    assert session.finder is None and session.people is None and session.turn > turn
    with pytest.raises(UserError):
        events._finder(session, "hrnet-slim")


@pytest.mark.parametrize(("there", "kept"), [(True, NAME), (False, None)])
def test_a_link_has_it(fetched, there, kept, tmp_path, monkeypatch):
    if not there:
        monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(tmp_path / "elsewhere"))
    session = Session(networks=weights.default_pair())
    *_, choice, header = link.restore(session, SimpleNamespace(query_params={"finder": NAME}))
    assert session.finder == kept and choice["value"] == (kept or "")
    assert (header["note"] is None) == there and (there or NAME in header["note"]["values"]["parts"])


def test_without_its_weights_it_is_told_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(tmp_path))
    assert not events.finders("zh")["visible"]
    with pytest.raises(weights.WeightsMissing, match=f"weights fetch {NAME}"):
        compare(PHOTO.path, finder=NAME)
    for ask in (compare, doors.compare):
        with pytest.raises(UserError, match="finds no people; there are finder, ssdlite320-coco"):
            ask(str(PHOTO.path), finder="hrnet-slim")
    with pytest.raises(UserError) as refused:
        compare(PHOTO.path, PHOTO.box, [NAME, "hrnet-slim"])
    assert refused.value.key == "zoo.no_pose" and NAME not in zoo.names()


def test_a_device_that_runs_out(made, monkeypatch):
    photo = read(PHOTO.path)
    free = detector.people(made, photo, 0.5)
    with LittleMemory(monkeypatch, 10) as little, memory.heard() as notes:
        found = detector.people(made, photo, 0.5)
    assert little.refused and [note["key"] for note in notes] == ["memory.cpu"]
    for one, other in zip(found, free, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
