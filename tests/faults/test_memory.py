"""Too little memory: fewer images at a time, then the CPU, and the answer says so."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from little_memory import LittleMemory
from pictures import beside_each_other

from pose_demo import XRay, compare, compare_all
from pose_demo.examples import examples
from pose_demo.locales import UserError, said, tell
from pose_demo.networks import memory, model, zoo
from pose_demo.page import work
from pose_demo.page.answers import files, gradient, matters
from pose_demo.person import Found

EXAMPLE = examples()[0]
ROOT = Path(__file__).parents[2]
#: A batch whose maps need more than the address space that is left; one image needs much less.
SCRIPT = """
import json, resource, sys
import numpy as np
from pose_demo.locales import UserError
from pose_demo.networks import model, zoo
net = zoo.load("hourglass-tiny-1-untrained")
images = np.random.default_rng(0).integers(0, 255, (4, 96, 96, 3), np.uint8)
free = model.see(net, images)
size = int(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmSize"))) * 1024
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[1]) * 2**20,) * 2)
try:
    again = model.see(net, np.concatenate([images] * 32))
    print(json.dumps({"note": again.note, "same": float(abs(again.joints[:4] - free.joints).max())}))
except UserError as problem:
    print(json.dumps({"error": problem.key}))
"""


def in_so_little(megabytes: int) -> dict:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(megabytes)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_batch_that_does_not_fit_is_done_in_parts():
    found = in_so_little(70)
    assert found["note"]["key"] == "memory.fewer" and found["same"] < 1e-3


def test_one_image_that_does_not_fit_is_told(monkeypatch):
    """The CPU's copy gives the same; who is on the CPU already is told."""
    net = zoo.load("hourglass-slim-untrained")
    weights = {id(p): p for p in net.parameters()}
    copy = memory._on_cpu(net)
    assert copy is memory._on_cpu(net) and not any(id(p) in weights for p in copy.parameters())
    image = np.random.default_rng(0).integers(0, 255, (1, 128, 128, 3), np.uint8)
    assert torch.equal(model.see(copy, image).joints, model.see(net, image).joints)

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(net, "_run", full)
    with pytest.raises(UserError, match="not enough memory"):  # it is on the CPU already
        model.see(net, image)


@pytest.mark.parametrize(("share", "key"), [(1.5, "memory.fewer"), (0.5, "memory.cpu")])
def test_compare_on_a_device_that_runs_out(share, key, monkeypatch):
    """All who are found, in one batch: less at a time, then the CPU; the joints are the same, and each pose says so."""
    photo, boxes = beside_each_other(4)
    people = [Found(tuple(box), 0.9) for box in boxes]
    networks = ["hrnet-slim", "hrnet-slim"]
    with LittleMemory(monkeypatch) as enough:
        compare(photo, boxes[0], networks)
    free = compare(photo, networks=networks, people=people)
    with LittleMemory(monkeypatch, share * enough.largest) as little:
        found = compare(photo, networks=networks, people=people)
    assert little.refused and not any(pose.note for pose in free.poses)
    for pose, other, row in zip(found.poses, free.poses, found.to_json()["poses"], strict=True):
        assert pose.note["key"] == key and row["note"] == tell("en", pose.note)
        assert np.abs(pose.joints - other.joints).max() < 0.05
        assert [one.person for one in pose.others] == [2, 3, 4]
        for one, known in zip(pose.others, other.others, strict=True):
            assert np.abs(one.joints - known.joints).max() < 0.05


@pytest.mark.parametrize(("share", "key"), [(0.6, "memory.fewer"), (0.01, "memory.cpu")])
def test_what_matters_on_a_device_that_runs_out(share, key, monkeypatch):
    """Fewer cuts at a time, then the CPU; the figures are the same, and the answer says so."""
    monkeypatch.setattr(work._turn, "mine", True, raising=False)  # in this thread, which has little memory
    xray, other = (XRay(EXAMPLE, networks=["hrnet-slim"]) for _ in range(2))
    with LittleMemory(monkeypatch) as enough:
        free = other.effects(0)
    with LittleMemory(monkeypatch, share * enough.largest) as little:
        found = xray.effects(0)
    assert little.refused and found.places == free.places
    np.testing.assert_allclose(found.moves, free.moves, atol=0.05)
    assert matters.measured(xray, 0)["note"]["key"] == key
    assert matters.measured(other, 0)["note"] is None


def test_the_gradient_and_a_map_on_a_device_that_runs_out(monkeypatch):
    monkeypatch.setattr(work._turn, "mine", True, raising=False)
    asked = {"key": "", "view": "gradient", "joint": "neck", "language": "en"}
    xray = XRay(EXAMPLE, networks=["hourglass-slim"])
    free = XRay(EXAMPLE, networks=["hourglass-slim"]).gradients(0)
    with LittleMemory(monkeypatch, 10_000, backwards=True) as little:
        found = xray.gradients(0)
    assert little.refused
    np.testing.assert_allclose(found.sizes, free.sizes, rtol=0.02, atol=1e-6)
    assert xray.note("gradients", 0)["key"] == "memory.cpu"
    assert xray.note("gradients", 0) in gradient.gradient(xray, asked)["sides"][0]["says"]
    seen = xray.effective(0, "stack1.features")
    with LittleMemory(monkeypatch, 10_000, backwards=True) as little:
        again = xray.effective(0, "stack1.features")
    assert little.refused and xray.note("effective", 0)["key"] == "memory.cpu"
    np.testing.assert_allclose(again, seen, rtol=0.02, atol=1e-6)
    with LittleMemory(monkeypatch, 10_000):
        xray.trace(0, "bicubic")
    assert files.about(xray)["networks"][0]["notes"] == [tell("en", xray.note("maps", 0))]


def test_weights_for_which_there_is_no_room_lie_on_the_cpu_and_answers_say_so(monkeypatch):
    real = torch.nn.Module.to

    def to(net, where):
        if str(where) == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(net, where)

    monkeypatch.setattr(torch.nn.Module, "to", to)
    net = zoo.shared("hrnet-tiny-untrained", "cuda")
    assert net is zoo.shared("hrnet-tiny-untrained", "cuda") is not zoo.shared("hrnet-tiny-untrained")
    images = np.zeros((1, 96, 96, 3), np.uint8)
    assert model.see(net, images).note == said("memory.cpu", device="cuda")
    assert model.see(zoo.shared("hrnet-tiny-untrained"), images).note is None


def test_a_finder_that_ran_on_the_cpu_is_told_of_in_a_folders_results_too(monkeypatch, tmp_path):
    note = said("memory.cpu", device="cuda")
    monkeypatch.setitem(memory._elsewhere, zoo.shared(zoo.FINDER, "cpu"), note)
    (looked,) = compare_all([EXAMPLE.path], tmp_path, networks=["hrnet-slim", "hrnet-slim"], device="cpu")
    assert [pose.note for pose in looked.result.poses] == [note, note]
    told = json.loads((tmp_path / "results.json").read_text())["annotations"]
    assert {row["note"] for row in told} == {tell("en", note)}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_that_is_full():
    """Really full: the process may have next to nothing of it."""
    net, images = zoo.load("hourglass-8-untrained", "cuda"), np.zeros((64, 256, 256, 3), np.uint8)
    images[:] = np.random.default_rng(0).integers(0, 255, images.shape)
    free = model.see(net, images)
    total, held = torch.cuda.get_device_properties(0).total_memory, torch.cuda.memory_allocated()
    torch.cuda.empty_cache()
    try:
        torch.cuda.set_per_process_memory_fraction((held + 700 * 2**20) / total)
        some = model.see(net, images)
        assert some.note["key"] == "memory.fewer" and (some.joints.cpu() - free.joints.cpu()).abs().max() < 1.1
        torch.cuda.set_per_process_memory_fraction((held + 2**20) / total)
        torch.cuda.empty_cache()
        one = model.see(net, images[:1])
        assert one.note["key"] == "memory.cpu" and one.joints.device.type == "cpu"
        assert "ran on the CPU" in tell("en", one.note)
        assert np.abs(one.heatmaps[-1].numpy() - free.heatmaps[-1][:1].cpu().numpy()).max() < 0.05
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
