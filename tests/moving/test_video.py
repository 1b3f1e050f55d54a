"""A video through two networks: what `compare` says of its frames, on the disk, in memory that does not grow."""

import csv
import json
import threading
import tracemalloc
from itertools import islice

import av
import films
import numpy as np
import pytest
from little_memory import LittleMemory

from pose_demo import compare, compare_video
from pose_demo.__main__ import main
from pose_demo.draw import path as drawn
from pose_demo.moving import records
from pose_demo.moving.film import Film
from pose_demo.moving.video import Lens, Seen, look_through
from pose_demo.page import video_tab

PAIR = ("hourglass-slim", "hrnet-slim")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return films.make(tmp_path_factory.mktemp("film") / "walk.mp4", films.frames(10))


@pytest.fixture(scope="module")
def result(file, tmp_path_factory):
    return compare_video(file, tmp_path_factory.mktemp("out"), films.BOX, smooth=True, upsampling="bilinear")


def test_each_frame_is_what_compare_says_of_it(file, result):
    with Film(file) as film:
        seen = list(look_through(film, Lens(None, "bilinear", None, films.BOX)))
    assert [one.frame for one in seen] == list(range(10)) and all(isinstance(one, Seen) for one in seen)
    for k in (0, 4, 9):
        alone = compare(seen[k].pixels, seen[k].boxes[0], upsampling="bilinear")
        row = result.rows[k]
        for side, pose in enumerate(alone.poses):
            np.testing.assert_allclose(seen[k].joints[side][0], pose.joints, atol=0.05)
            np.testing.assert_allclose(row[f"joints{side}"], np.c_[pose.joints, pose.scores], atol=0.05)
    assert seen[9].boxes[0][0] > seen[1].boxes[0][0] + 10  # the box goes with the person, 16 pixels to the right


def test_a_last_batch_that_is_full_is_followed_by_none(tmp_path):
    with Film(films.make(tmp_path / "eight.mp4", films.frames(8))) as film:
        assert [one.frame for one in look_through(film, Lens(None, "bicubic", None, films.BOX))] == list(range(8))


def test_boxes_do_not_depend_on_the_slider_or_the_networks(file, untrained):
    boxes = []
    for networks, stop in ((None, "nearest"), (PAIR, "bicubic"), (untrained, "nearest")):
        with Film(file) as film:
            found = islice(look_through(film, Lens(networks, stop, None, films.BOX)), 4)
            boxes.append([one.boxes[0] for one in found])
    np.testing.assert_allclose(boxes[1], boxes[0], atol=1e-3)
    np.testing.assert_allclose(boxes[2], boxes[0], atol=1e-3)


def test_the_video_has_both_skeletons_and_says_what_was_done(result):
    with av.open(str(result.folder / "skeletons.mp4")) as made:
        frames = [frame.to_ndarray(format="rgb24") for frame in made.decode(video=0)]
        assert [round(float(f.time), 3) for f in av.open(str(result.folder / "skeletons.mp4")).decode(video=0)] == [
            k / 10 for k in range(10)
        ]
    assert len(frames) == 10 and frames[0].shape == (196, 484, 3)
    left, right = frames[5][36:, :240].astype(int), frames[5][36:, 244:].astype(int)
    clean = np.roll(films.still(), 5 * films.STEP, axis=1)
    for side in (left, right):
        assert 300 < (np.abs(side - clean).max(axis=2) > 90).sum() < 8000  # lines, on the frame as it was
    about = result.about
    assert about["video"]["frames"] == 10 and about["smooth"] and about["upsampling"] == "bilinear"
    assert about["follows"].startswith("HRNet-Slim") and about["searches"] == 0


def test_json_and_csv_hold_every_frame(result):
    said = json.loads((result.folder / "joints.json").read_text())
    assert [frame["frame"] for frame in said["frames"]] == list(range(10))
    person = said["frames"][3]["people"][0]
    row = result.rows[3]
    assert person["person"] == 1 and len(person["poses"]) == 2
    np.testing.assert_allclose(person["poses"][1]["keypoints"], row["joints1"].ravel(), atol=1e-3)
    np.testing.assert_allclose(person["poses"][1]["smoothed"], row["smooth1"].ravel(), atol=1e-3)
    with (result.folder / "joints.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 10 * 2 * 14
    line = lines[3 * 28 + 14 + 2]
    assert (line["frame"], line["person"], line["network"], line["joint"]) == ("3", "1", "hourglass-slim", "right hip")
    assert float(line["x"]) == pytest.approx(float(row["joints1"][2, 0]), abs=1e-3)


def rows_of(xs, frames=None):
    """One person in one network with one joint that is at these x."""
    kind = [("frame", "<u4"), ("time", "<f8"), ("person", "<u2"), ("box", "<f4", 4), ("joints0", "<f4", (1, 3))]
    rows = np.zeros(len(xs), kind)
    rows["frame"] = frames or range(len(xs))
    rows["time"], rows["person"], rows["joints0"][:, 0, 0] = rows["frame"] / 10, 1, xs
    return rows


def test_jitter_is_what_differs_from_steady_motion():
    assert records.jitter(rows_of([0, 3, 6, 9, 12]), 1, 0) == pytest.approx([0])
    assert records.jitter(rows_of([0, 2, 0, 2, 0, 2]), 1, 0) == pytest.approx([2])
    # Frame 3 is missing: no line is drawn across the gap.
    assert records.jitter(rows_of([0, 1, 2, 50, 51, 52], [0, 1, 2, 4, 5, 6]), 1, 0) == pytest.approx([0])
    assert np.isnan(records.jitter(rows_of([0, 1]), 1, 0)).all()


def test_jitter_of_an_hour_needs_little_memory():
    """A joint at a time: all frames of all joints are never in memory."""
    rows = np.zeros(50_000, [("frame", "<u4"), ("time", "<f8"), ("person", "<u2"), ("joints0", "<f4", (40, 3))])
    rows["frame"], rows["person"] = np.arange(50_000), 1
    rows["time"] = rows["frame"] / 10
    rows["joints0"][:, :, 0] = np.arange(40) * (rows["frame"] % 2)[:, None]
    rows["joints0"][:, 7] = np.nan
    tracemalloc.start()
    try:
        found, most = records.jitter(rows, 1, 0), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(found, [np.nan if k == 7 else k for k in range(40)])
    assert most < rows.nbytes / 2


def test_a_path_has_a_gap_where_the_person_was_lost(result):
    path = records.path(rows_of([0, 1, 2, 50], [0, 1, 2, 6]), 1, 0, 0)
    assert np.isnan(path[3]).all() and path[4].tolist() == pytest.approx([0.6, 50, 0])
    svg = drawn.svg([path, None], ["a <b>", "c"], "right wrist")
    assert svg.count("M") >= 2 and "a &lt;b&gt;" in svg and "nan" not in svg
    long = np.stack([np.arange(20000) / 30, np.sin(np.arange(20000)), np.arange(20000)], 1)
    assert len(drawn.svg([long, long], ["a", "b"], "x")) < 100_000
    smooth, raw = result.path("right wrist", smooth=True)[0], result.path("right wrist")[0]
    assert raw.shape == (10, 3) and not np.array_equal(smooth, raw)
    quiet, loud = result.jitter(smooth=True)[0], result.jitter()[0]
    assert np.nanmean(list(quiet.values())) < np.nanmean(list(loud.values()))
    assert "nan" not in drawn.svg(result.path("neck"), ["a", "b"], "neck", result.path("neck"))


def test_nobody_in_it(tmp_path):
    wall = [np.full((120, 160, 3), 200, np.uint8)] * 3
    result = compare_video(films.make(tmp_path / "wall.mp4", wall), tmp_path / "out")
    assert result.people == {} and result.about["searches"] == 1
    said = json.loads((tmp_path / "out" / "joints.json").read_text())
    assert [frame["people"] for frame in said["frames"]] == [[], [], []]
    assert (tmp_path / "out" / "joints.csv").read_text().count("\n") == 1


def test_cancel_leaves_nothing_and_ends_the_reading_thread(file, tmp_path):
    class Enough(Exception):
        pass

    def progress(far):
        assert 0 < far.share <= 1 and far.frames == 1
        raise Enough

    with pytest.raises(Enough):
        compare_video(file, tmp_path / "out", films.BOX, progress=progress)
    assert list((tmp_path / "out").iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "film"]


def test_command_line(file, tmp_path, capsys, untrained):
    box = [str(v) for v in films.BOX]
    call = ["video", str(file), "--out", str(tmp_path), "--box", *box, "--networks", *untrained, "--frames", "3"]
    assert main([*call, "--path", "left ankle", "--smooth", "--upsampling", "bicubic"]) == 0
    said = capsys.readouterr().out
    assert "3 frames" in said and "boxes follow the joints of HRNet-Slim" in said
    assert (tmp_path / "path-left-ankle.svg").read_text().startswith("<svg")
    assert main([*call, "--json"]) == 0
    network = json.loads(capsys.readouterr().out)["networks"][0]
    assert (network["status"], network["assumed"]) == ("untrained", [])
    assert main([*call, "--path", "tail"]) == 1
    (tmp_path / "no.mp4").write_bytes(b"no video")
    assert main(["video", str(tmp_path / "no.mp4"), "--out", str(tmp_path)]) == 1
    assert main(["video", str(file), "--out", str(tmp_path / "none"), "--frames", "-1"]) == 1
    assert not (tmp_path / "none").exists()
    *errors, few = capsys.readouterr().err.strip().splitlines()
    assert (
        few == "video: -1 frames are asked for: ask for 1 or more"
        and "neither network knows a joint tail" in errors[0]
        and "no.mp4 is no video" in errors[-1]
    )


def test_a_cut_goes_to_the_network_that_has_the_place(file):
    """As `compare` shares them out: a place that one network has is no error, and the other is as it was."""
    places = {"stack2.level0.skip": "zero"}
    with Film(file) as film:
        lens = Lens(None, "nearest", None, films.BOX, silence=places)
        (seen,) = islice(look_through(film, lens), 1)
    assert [side.how["silence"] for side in lens.sides] == [{}, places]
    alone = compare(seen.pixels, seen.boxes[0], upsampling="nearest", silence=places)
    for side, pose in enumerate(alone.poses):
        np.testing.assert_allclose(seen.joints[side][0], pose.joints, atol=0.05)


@pytest.mark.parametrize(("share", "key"), [(1.5, "memory.fewer"), (0.5, "memory.cpu")])
def test_a_device_that_runs_out_of_memory_is_told(share, key, file, tmp_path, monkeypatch):
    """The followed network sees a frame at a time, the other four."""
    how = {"networks": ("hrnet-slim", "hrnet-slim"), "upsampling": "bicubic", "frames": 4}
    with LittleMemory(monkeypatch) as enough:
        compare(films.still(), films.BOX, how["networks"])
    free = compare_video(file, tmp_path / "free", films.BOX, **how)
    with LittleMemory(monkeypatch, share * enough.largest) as little:
        found = compare_video(file, tmp_path / "little", films.BOX, **how)
    assert little.refused and found.about["memory"]["key"] == key and free.about["memory"] is None
    assert key in [said["key"] for said in video_tab._result(found)["notes"]]
    for side in ("joints0", "joints1"):
        np.testing.assert_allclose(found.rows[side], free.rows[side], atol=0.05)
