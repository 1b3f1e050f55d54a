"""A process that is killed while it writes, anywhere: nothing half-written is trusted, and the next run goes on.

It is really killed, in a child of this process: by SIGKILL at each opening, renaming and removal of a file in turn,
and by the system in the middle of a write, when a file grows beyond so many bytes (RLIMIT_FSIZE).
"""

import gc
import json
import os
import resource
import shutil
import signal
import sys
import traceback
from pathlib import Path

import av
import numpy as np
from PIL import Image
from safetensors.torch import load_file

from pose_demo import compare, compare_video, many, weights
from pose_demo.__main__ import main
from pose_demo.moving import records, video
from pose_demo.moving.records import Recorder, load
from pose_demo.networks import checkpoints, zoo
from pose_demo.networks.files import contents
from pose_demo.page import xrayed
from pose_demo.page.answers import files, matters
from pose_demo.study import report
from pose_demo.study.predict import Found, Parts

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("training", "moving")]
import crops
import films
from crops import write_crops

EVENTS = {"open", "os.rename", "os.remove", "os.truncate", "os.mkdir"}


def killed(do, folder: Path, at: int = 10**9, most: int | None = None) -> bool:
    """Runs do() in a child; whether it was killed at its `at`th change below `folder`, or at a file's byte `most`."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        assert status == 0 or os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXFSZ)
        return os.WIFSIGNALED(status)
    try:
        left = [at]

        def watch(event: str, given: tuple) -> None:
            if event in EVENTS and str(given[0]).startswith(str(folder)) and (event != "open" or given[1] != "r"):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        gc.freeze()  # what the parent left is not this process's to free: a decoder's threads are not here
        sys.addaudithook(watch)
        if most is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        do()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(9)


def every_death(do, folder: Path, check, sizes=(0, 1, 100, 1000, 10_000, 100_000)) -> int:
    """Kills do() everywhere; check() after each death. How many deaths there were."""
    deaths = 0
    while killed(do, folder, at=deaths):
        check()
        deaths += 1
        assert deaths < 200
    for most in sizes:
        if killed(do, folder, most=most):
            check()
            deaths += 1
    return deaths


def test_the_weights_that_were_there_stay(tmp_path):
    file, old, new = tmp_path / "w.safetensors", *(zoo.build("hourglass-tiny-1", 14, seed) for seed in (1, 2))
    checkpoints.save(old, file, {"name": "old"})
    whole = [file.read_bytes()]
    checkpoints.save(new, tmp_path / "other", {"name": "new"})
    whole.append((tmp_path / "other").read_bytes())

    def check():
        assert file.read_bytes() in whole and load_file(file)

    assert every_death(lambda: checkpoints.save(new, file, {"name": "new"}), tmp_path, check) >= 4
    checkpoints.save(new, file, {"name": "new"})
    assert file.read_bytes() == whole[1]


def test_many_photos_go_on_behind_the_last_whole_line(tmp_path, untrained, photo):
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for k in range(3):
        Image.fromarray(np.roll(photo, 20 * k, 1)).save(photos / f"{k}.png")
    known = [  # looked at once: this is about writing
        many.look(file, compare, networks=untrained, box=(20, 20, 160, 170)) for file in many.pictures(photos)
    ]
    settings = many.probe({"networks": untrained})

    def write(folder: Path = out):
        results = many.Results(folder, settings, photos)
        for file, result, _ in known:
            if file not in results:
                results.add(file, result, many.stat(file))
        results.finish([file for file, _, _ in known])

    def check():
        if (out / many.RESULTS).exists():
            json.loads((out / many.RESULTS).read_text())

    assert every_death(write, out, check, sizes=(0, 1, 1500, 4000, 9000)) >= 6
    write()
    write(tmp_path / "undisturbed")
    assert (out / many.RESULTS).read_text() == (tmp_path / "undisturbed" / many.RESULTS).read_text()


def test_a_training_run_goes_on(tmp_path):
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    out.mkdir()
    write_crops(data / "train-0.npz", 8)

    run = crops.trainer(data, out, photos=400)
    measured = run._measured()
    run._measured = lambda: measured  # this is about writing

    def evaluate():
        run.resume()
        run.photos += 4
        run._evaluate(1.0, 1.0)
        run.save()

    def check():
        log = out / "log.jsonl"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        run.photos = 0
        assert run.resume() >= bool(lines)
        assert run.photos >= (lines[-1]["photos"] if lines else 0)  # what the log says was done is there
        if lines:
            assert contents(out / "best.pt").record["photos"] >= lines[-1]["photos"]

    assert every_death(evaluate, out, check, sizes=(0, 1000, 100_000)) >= 8
    evaluate()
    check()


def test_a_study_is_whole_or_is_not_there(tmp_path):
    result = report.shipped()["accuracy"]

    def check():
        if (tmp_path / "result.json").exists():
            assert json.loads((tmp_path / "result.json").read_text())["study"] == "accuracy"
            assert (tmp_path / "table.csv").exists() and (tmp_path / "table.md").exists()

    assert every_death(lambda: report.write(result, tmp_path), tmp_path, check) >= 8


class Alone:
    first, rank = True, 0

    def agree(self, value):
        return value


def test_a_studys_batches_are_whole_or_are_made_again(tmp_path):
    folder, made = (
        tmp_path / "parts",
        Found(np.arange(3), np.ones((1, 3, 2, 3), np.float32), np.array([]), np.array([])),
    )

    def write():
        Parts(folder, {"seed": 1}, Alone())[0] = made

    def check():
        found = Parts(folder, {"seed": 1}, Alone())[0]
        assert found is None or (found.points == made.points).all()

    assert every_death(write, tmp_path, check, sizes=(0, 10, 200)) >= 4


def test_a_videos_joints_are_whole_or_are_not_there(tmp_path):
    def write():
        recorder = Recorder(tmp_path, [3, 2], smooth=False)
        for frame in range(400):
            joints = {"joints0": np.full((3, 3), frame), "joints1": np.zeros((2, 3))}
            recorder.add(frame, frame / 25, [(1, (0, 0, 9, 9), joints)])
        recorder.close()

    def check():
        if (tmp_path / "joints.npy").exists():
            assert (load(tmp_path)["joints0"][:, 0, 0] == np.arange(400)).all()

    assert every_death(write, tmp_path, check, sizes=(0, 100, 20_000, 30_000)) >= 5
    write()
    check()


def test_a_videos_files_are_all_of_one_run(tmp_path, monkeypatch, untrained):
    """Where the JSON lies, which is written last: else some are missing, but no two are of different runs."""
    source, out, before = tmp_path / "film.mp4", tmp_path / "out", tmp_path / "before"
    films.make(source, films.frames(6))

    def looked(film, *_):  # this is about writing
        shots = [shot for shot in film.read() if not isinstance(shot, av.Packet)]
        for k, shot in enumerate(shots):
            joints, scores = [np.full((1, 14, 2), 50.0)] * 2, [np.ones((1, 14))] * 2
            yield video.Seen(k, shot.time, shot.share, shot.pixels, [1], [films.BOX], joints, scores)

    monkeypatch.setattr(video, "look_through", looked)
    compare_video(source, before, films.BOX, untrained, frames=3)
    shutil.copytree(before, out)
    seen = set()

    def counted(file) -> int:
        with av.open(str(file)) as film:
            return sum(1 for _ in film.decode(video=0))

    def frames() -> dict[str, int]:
        """Of each file of results that lies there, how many frames it has."""
        counts = {
            video.VIDEO: counted,
            records.ROWS: lambda file: len(np.load(file)),
            video.CSV: lambda file: (file.read_text().count("\n") - 1) // (2 * 14),
            video.JSON: lambda file: len(json.loads(file.read_text())["frames"]),
        }
        return {name: count(out / name) for name, count in counts.items() if (out / name).exists()}

    def check():
        found = frames()
        assert len(set(found.values())) <= 1 and (video.JSON not in found or len(found) == 4)
        seen.update(found.values())
        shutil.rmtree(out)
        shutil.copytree(before, out)

    assert every_death(lambda: compare_video(source, out, films.BOX, untrained), out, check, (0, 1000, 5000)) >= 8
    assert seen == {3, 6}


def test_an_xrays_files_are_whole_or_are_not_there(tmp_path, monkeypatch, untrained, photo):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    made = xrayed.XRay(tmp_path / "photo.png", (20, 20, 160, 170), untrained)
    monkeypatch.setattr(xrayed, "XRay", lambda *_, **__: made)  # looked at once: this is about writing
    monkeypatch.setattr(type(made), "html", lambda *_: "<p>" * 999)
    monkeypatch.setattr(files, "npz", lambda *_: b"0" * 9999)
    monkeypatch.setattr(matters, "measured", lambda *_: {"effects": [0.5] * 999})
    call = ["xray", str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"), "--npz", "--effects"]
    assert main(call) == 0
    whole = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert sorted(Path(name).suffix for name in whole) == [".html", ".json", ".npz"]
    shutil.rmtree(tmp_path / "out")

    def check():
        for file in (tmp_path / "out").glob("*"):
            assert file.suffix == ".part" or file.read_bytes() == whole[file.name]

    assert every_death(lambda: main(call), tmp_path / "out", check, sizes=(0, 1, 1000, 5000)) >= 8


def test_imported_weights_are_whole_or_are_not_there(tmp_path, monkeypatch):
    own, name = tmp_path / "own", weights.default_pair()[0]
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(own))
    shipped = weights.locate(name)
    entry = weights.entry(name)

    def check():
        if (own / entry.file).exists():
            weights.check(own / entry.file, entry, weights.sha256_of(own / entry.file))

    assert every_death(lambda: weights.import_file(name, shipped), own, check, sizes=(0, 1000, 10**6)) >= 4
    weights.import_file(name, shipped)
    check()


def test_a_death_is_one(tmp_path):
    """The measure itself: a write that is not careful is caught."""

    def careless():
        (tmp_path / "x").write_bytes(b"0" * 1000)

    assert killed(careless, tmp_path, most=100) and (tmp_path / "x").stat().st_size == 100
