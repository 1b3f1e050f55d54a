"""One study by one process or by several, at once or in pieces: the same figures."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from asked import notes
from labelled import write_coco, write_crops
from little_memory import LittleMemory

from pose_demo.networks import model, zoo
from pose_demo.study.conduct import Settings, conduct
from pose_demo.study.people import StudyError
from pose_demo.study.predict import Predictor
from pose_demo.study.questions import Accuracy

PAIR = ("hrnet-slim-untrained", "hourglass-slim-untrained")


def settings(data: Path, out: Path, **more) -> Settings:
    more = {"networks": PAIR[:1], "batch": 3, "replicates": 50, **more}
    return Settings(data=(data,), out=out, device="cpu", **more)


def figures(result: dict) -> dict:
    """All of a result but for how it was made."""
    return {key: value for key, value in result.items() if key != "made"}


def _one_of(rank: int, world: int, port: int, given: Settings, file: Path) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(world), LOCAL_RANK=str(rank),
                      MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))  # fmt: skip
    result = conduct(Accuracy(), given)
    assert (result is None) == (rank > 0)
    if result:
        file.write_text(json.dumps(result))


def by_several(world: int, given: Settings, file: Path) -> dict:
    """What `torchrun --nproc_per_node world` does, without its start-up time: processes that meet over gloo."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    started = [fork.Process(target=_one_of, args=(rank, world, port, given, file)) for rank in range(world)]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        assert process.exitcode == 0
    return json.loads(file.read_text())


@pytest.mark.parametrize("world", [2, 3])
def test_the_same_figures_for_any_number_of_processes(crops, tmp_path, world):
    alone = conduct(Accuracy(), settings(crops, tmp_path / "alone"))
    together = by_several(world, settings(crops, tmp_path / "together"), tmp_path / "result.json")
    assert figures(together) == json.loads(json.dumps(figures(alone)))
    assert together["made"]["processes"] == world and alone["made"]["processes"] == 1
    assert alone["data"]["evaluated"] == 10 and not (tmp_path / "together" / "parts").exists()


_ALONE = """
import json, sys
from pathlib import Path
from pose_demo.study.conduct import Settings, conduct
from pose_demo.study.questions import Accuracy
data, out, file = (Path(a) for a in sys.argv[1:])
given = Settings((data,), out, ("hrnet-slim-untrained",), batch=1, replicates=50, device="cpu")
file.write_text(json.dumps(conduct(Accuracy(), given)))
"""


class Killed(BaseException):
    """What no `except Exception` holds up."""


def _dies_after(monkeypatch: pytest.MonkeyPatch, passes: int | None) -> list[int]:
    """Counts the batches that are looked at, and ends the process, as it were, after so many."""
    seen: list[int] = []
    see = Predictor._points

    def counted(self, *asked):
        if len(seen) == passes:
            raise Killed
        seen.append(1)
        return see(self, *asked)

    monkeypatch.setattr(Predictor, "_points", counted)
    return seen


def test_a_killed_run_goes_on_where_it_was(crops, tmp_path):
    whole = conduct(Accuracy(), settings(crops, tmp_path / "whole"))
    given = settings(crops, tmp_path / "pieces")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        _dies_after(patch, 2)
        conduct(Accuracy(), given)
    parts = tmp_path / "pieces" / "parts"
    assert [part.name for part in sorted(parts.glob("*.npz"))] == ["000000.npz", "000001.npz"]
    (parts / "000002.4711").write_bytes((parts / "000001.npz").read_bytes()[:300])  # killed while it was writing
    (parts / "000003.npz").write_bytes(b"PK")  # or the machine itself went down
    with pytest.MonkeyPatch.context() as patch:
        seen = _dies_after(patch, None)
        resumed = conduct(Accuracy(), given)
    assert len(seen) == 2, "of four batches two were done"
    assert figures(resumed) == figures(whole) and resumed["made"]["records_resumed"] == 6


def test_more_processes_go_on_with_what_one_has_left(crops, tmp_path):
    whole = conduct(Accuracy(), settings(crops, tmp_path / "whole"))
    given = settings(crops, tmp_path / "pieces")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        _dies_after(patch, 3)
        conduct(Accuracy(), given)
    together = by_several(2, given, tmp_path / "result.json")
    assert figures(together) == json.loads(json.dumps(figures(whole)))
    assert together["made"]["records_resumed"] == 9


def test_parts_of_another_study_are_not_gone_on_with(crops, tmp_path):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        _dies_after(patch, 1)
        conduct(Accuracy(), settings(crops, tmp_path))
    with pytest.raises(ValueError, match=r"another study \(it differs in batch, decoder\).*--fresh"):
        conduct(Accuracy(), settings(crops, tmp_path, batch=4, decoder="dark"))
    assert conduct(Accuracy(), settings(crops, tmp_path, batch=4, fresh=True))["data"]["evaluated"] == 10


def test_bad_records_are_told_counted_and_passed_over_unless_strict(tmp_path):
    file = write_coco(tmp_path)
    (tmp_path / "000000000002.jpg").unlink()
    told: list[str] = []
    result = conduct(Accuracy(), settings(file, tmp_path / "out", batch=2), told.append)
    assert result["data"]["evaluated"] == 6 and result["data"]["bad"] == 2 and len(told) == 2
    assert [b["name"].split()[-1] for b in result["data"]["bad_records"]] == ["102", "103"]
    assert all("there is no file" in line and "000000000002.jpg in people.json annotation" in line for line in told)
    with pytest.raises(StudyError, match=r"annotation 102: there is no file .*--strict"):
        conduct(Accuracy(), settings(file, tmp_path / "strict", batch=2, strict=True))


def test_a_set_of_which_nothing_can_be_used(tmp_path):
    file = write_coco(tmp_path)
    for photo in tmp_path.glob("*.jpg"):
        photo.unlink()
    with pytest.raises(ValueError, match=r"people.json: no record could be evaluated \(8 bad, the first 0+1.jpg in"):
        conduct(Accuracy(), settings(file, tmp_path / "out"))
    data = json.loads(file.read_text())
    for person in data["annotations"]:
        person["iscrowd"] = 1
    (tmp_path / "crowds.json").write_text(json.dumps(data))
    with pytest.raises(StudyError, match=r"crowds.json: no record could be evaluated \(0 bad\)"):
        conduct(Accuracy(), settings(tmp_path / "crowds.json", tmp_path / "out"))
    (tmp_path / "empty.json").write_text("[]")
    with pytest.raises(ValueError, match=r"no record could be evaluated \(1 bad, the first empty.json: holds no rec"):
        conduct(Accuracy(), settings(tmp_path / "empty.json", tmp_path / "out"))


def test_what_cannot_be_asked_is_said_before_anything_is_done(crops, tmp_path):
    with pytest.raises(ValueError, match="named twice"):
        conduct(Accuracy(), settings(crops, tmp_path, networks=("a", "a")))
    with pytest.raises(ValueError, match="names a network and predictions"):
        conduct(Accuracy(), settings(crops, tmp_path, predictions={PAIR[0]: crops}))
    with pytest.raises(ValueError, match="the zoo has no network 'nobody'"):
        conduct(Accuracy(), settings(crops, tmp_path, networks=("nobody",)))


def test_a_process_that_is_killed_outright_loses_no_finished_batch(tmp_path):
    """SIGKILL while a study runs, again and again until it ends; the result is that of a run that nobody killed."""
    data, call = write_crops(tmp_path / "c.npz", 12), [sys.executable, "-c", _ALONE]
    whole = conduct(Accuracy(), settings(data, tmp_path / "whole", batch=1))
    parts, kills = tmp_path / "pieces" / "parts", 0
    file = tmp_path / "result.json"
    while not file.exists():
        process = subprocess.Popen([*call, str(data), str(tmp_path / "pieces"), str(file)])
        before, waited = len(list(parts.glob("*.npz"))), time.monotonic()
        while process.poll() is None and (kills > 1 or len(list(parts.glob("*.npz"))) < before + 2):
            assert time.monotonic() < waited + 120
            time.sleep(0.005)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    result = json.loads(file.read_text())
    assert kills == 2 and result["made"]["records_resumed"] >= 4
    assert figures(result) == json.loads(json.dumps(figures(whole)))


def test_limit_and_shards(tmp_path):
    for k in range(2):
        write_crops(tmp_path / f"s{k}.npz", 4, first=10 * k)
    result = conduct(Accuracy(), settings(tmp_path, tmp_path / "out", limit=6))
    assert result["data"]["evaluated"] == 6 and result["data"]["name"] == "s0.npz, s1.npz"
    assert "Only the first 6 records of the set were asked for." in notes(result)


@pytest.mark.parametrize(("share", "key"), [(1.5, "memory.fewer"), (0.5, "memory.cpu")])
def test_a_device_that_runs_out_of_memory_is_told(share, key, tmp_path, monkeypatch):
    data = write_crops(tmp_path / "crops.npz", 3)
    net = zoo.load(PAIR[0])
    with LittleMemory(monkeypatch) as enough:
        model.see(net, np.zeros((1, *model.card_of(net).input, 3), np.uint8))
    free = conduct(Accuracy(), settings(data, tmp_path / "free"))
    with LittleMemory(monkeypatch, share * enough.largest) as little:
        found = conduct(Accuracy(), settings(data, tmp_path / "little"))
    assert little.refused and [note["key"] for note in found["notes"]] == [*(n["key"] for n in free["notes"]), key]
    assert figures(found)["rows"] == figures(free)["rows"]
