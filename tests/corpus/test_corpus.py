"""The corpus through the command line, and through one server: each file is answered rightly, or refused in a sentence.

Of the files that are merely damaged a fifth is asked, of these and the others a quarter through the server; or all:
`python -m pytest tests/corpus --whole-corpus`.
tests/browser/test_corpus_page.py has the page.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import measured
import numpy as np
import pytest

from pose_demo import compare
from pose_demo.examples import examples
from pose_demo.locales import UserError, say

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
PAIR = ["hrnet-tiny", "hourglass-tiny-1"]
GOOD = examples()[0]
#: CPU seconds of a refusal and of an answer; MB above what the process held before.
REFUSAL, ANSWER, MEMORY = 2, 10, 1000
#: What no sentence holds: traces, places of the server, and what is said of a fault of ours.
NEVER = ("Traceback", "\n", str(ROOT), str(Path.home()), tempfile.gettempdir(), "site-packages",
         say("en", "api.failed")[:30], say("en", "command.fault")[:30], "failed with")  # fmt: skip
#: Files that hold the same pixels.
SAME = ("whole-bmp", "whole-png", "whole-ppm", "whole-tiff", "named-png", "mode-rgba", "with-rubbish", "icc-of-rubbish")
SAME_GREY = ("mode-l.", "16-bit.answer.png", "16-bit.answer.tif", "mode-f")

needs_proc = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells a process's peak")


def problems(rows: list[dict[str, Any]], files: list[Path], must: bool = True) -> list[str]:
    """What is wrong with the answers; must -- the files' names tell what must come."""
    found = [] if [row["file"] for row in rows] == [file.name for file in files] else ["not every file has its answer"]
    for row in rows:
        name, error, wanted = row["file"], row["error"], row["file"].split(".")[1] if must else "any"
        if wanted not in ("any", "refuse" if error else "answer"):
            found.append(f"{name}: must be {wanted}: {error}")
        if error and (not 20 < len(error) < 400 or any(never in error for never in NEVER)):
            found.append(f"{name}: no sentence: {error}")
        if row["seconds"] > (REFUSAL if error else ANSWER) or row["megabytes"] > MEMORY:
            found.append(f"{name}: {row['seconds']:.1f} s, {row['megabytes']:.0f} MB")
    return found


def told(what: str, rows: list[dict[str, Any]], all_: int) -> str:
    refused = [row for row in rows if row["error"]]
    answered = [row for row in rows if not row["error"]]

    def most(rows: list[dict[str, Any]], of: str) -> str:
        worst = max(rows, key=lambda row: row[of])
        return f"{worst[of]:.2f} ({worst['file']})"

    return (
        f"{what}: {len(rows)} of {all_} files asked, {len(answered)} answered, {len(refused)} refused in a sentence; "
        f"CPU seconds of an answer at most {most(answered, 'seconds')}, of a refusal {most(refused, 'seconds')}; "
        f"MB above idle {most(rows, 'megabytes')}"
    )


def command(command: str, folder: Path, files: list[Path]) -> list[dict[str, Any]]:
    """The report of one process over all files, which itself says one line on each that it refuses."""
    words = [sys.executable, str(HERE / "measured.py"), str(folder / "report"), command, *map(str, files),
             "--out", str(folder / "out"), "--networks", *PAIR]  # fmt: skip
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(words, env={**os.environ, "OMP_NUM_THREADS": "1", **path}, capture_output=True, text=True)
    rows = [json.loads(line) for line in (folder / "report").read_text(encoding="utf-8").splitlines()]
    said = [line for line in done.stderr.splitlines() if line]
    assert said == ([f"compare: {row['error']}" for row in rows if row["error"]] if command == "compare" else [])
    return rows


def joints(answer: dict[str, Any]) -> np.ndarray:
    """x, y, score of both networks' joints in a row, nan: no answer."""
    return np.array([v for pose in answer["poses"] for v in pose["keypoints"]], float)


def within(answer: dict[str, Any]) -> bool:
    """Every joint lies in the box that was looked at or within half its side of it, and has a score."""
    x0, y0, x1, y1 = answer["box"]
    side = max(x1 - x0, y1 - y0)
    points = joints(answer).reshape(-1, 3)
    near = (np.abs(points[:, :2] - ((x0 + x1) / 2, (y0 + y1) / 2)) <= side + 4).all(axis=1)
    return bool(len(points) == 28 and (near & np.isfinite(points[:, 2])).all())


@needs_proc
def test_photos_through_the_command_line(corpus, tmp_path):
    files = [*corpus.asked(corpus.photos)]
    for number in (0, len(files) // 2, len(files)):
        files.insert(number, tmp_path / f"good-{number}.answer.jpg")
        shutil.copy(GOOD.path, files[number])
    rows = command("compare", tmp_path, files)
    corpus.say(told("command line, photos", rows, len(corpus.photos) + 3))
    assert problems(rows, files) == []
    answers = {row["file"]: row["answer"] for row in rows if row["answer"]}
    assert [name for name, answer in answers.items() if not within(answer)] == []
    right(answers)
    corpus.passed("photos through the command line")


def right(answers: dict[str, dict[str, Any]]) -> None:
    """The same picture has the same answer whatever holds it, and whatever was asked before."""
    for kinds in (SAME, SAME_GREY, ("good-",)):
        first, *rest = (joints(answer) for name, answer in answers.items() if any(kind in name for kind in kinds))
        assert len(rest) >= min(len(kinds), 3) - 1
        for each in rest:
            np.testing.assert_array_equal(each, first)
    turned = [name for name in answers if "-turn-" in name]
    assert len(turned) == 14
    for name in turned:
        (upright,) = (answers[one] for one in turned if "-turn-1-" in one and one.split(".")[-1] == name.split(".")[-1])
        assert answers[name]["image"] == upright["image"]
        moved = np.abs(joints(answers[name]) - joints(upright)).reshape(-1, 3)
        assert moved[:, :2].max() < 3 and moved[:, 2].max() < 0.1  # a JPEG's blocks are turned with it


@needs_proc
def test_videos_through_the_command_line(corpus, tmp_path):
    files = corpus.asked(corpus.videos)
    rows = command("video", tmp_path, files)
    corpus.say(told("command line, videos", rows, len(corpus.videos)))
    assert problems(rows, files) == []
    for row in rows:
        folder = tmp_path / "out" / row["file"]
        made = {file.name for file in folder.iterdir()} if folder.exists() else set()
        if row["error"]:
            assert made == set(), row["file"]
        else:
            video = row["answer"]["video"]
            assert 1 <= video["frames"] <= 6 and "skeletons.mp4" in made and not any(".part" in one for one in made)
            if "whole" in row["file"]:
                assert video["frames"] == 3 and video["damaged"] == 0, row["file"]
    corpus.passed("videos through the command line")


class Server:
    """app.py in a process of its own, and what it costs."""

    def __init__(self, process: subprocess.Popen, address: str):
        self.process, self.client = process, httpx.Client(base_url=address, timeout=120, trust_env=False)

    @property
    def seconds(self) -> float:
        """Of the CPU, so far."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def compare(self, file: Path) -> tuple[str | None, Any]:
        """The sentence of a refusal, and the answer."""
        (path,) = self.client.post("/gradio_api/upload", files={"files": (file.name, file.read_bytes())}).json()
        photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
        asked = self.client.post("/gradio_api/call/compare", json={"data": [photo, None, PAIR, "nearest", "argmax",
                                                                           False, None, None]})  # fmt: skip
        text = self.client.get(f"/gradio_api/call/compare/{asked.json()['event_id']}").text
        how, data = re.findall(r"event: (\w+)\ndata: (.*)\n", text)[-1]
        return (json.loads(data)["error"], None) if how == "error" else (None, json.loads(data)[0])

    def settle(self) -> None:
        """Waits until what is loaded beside the first question is there."""
        self.compare(GOOD.path)
        last = -1.0
        while self.seconds - last > 0.1:
            last = self.seconds
            time.sleep(1)


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    (tmp_path / "tmp").mkdir()
    own = {"TMPDIR": str(tmp_path / "tmp"), "GRADIO_TEMP_DIR": ""}
    settings = {"GRADIO_SERVER_PORT": "0", "OMP_NUM_THREADS": "1", **own}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env={**os.environ, **settings},
                               stdout=subprocess.PIPE, stderr=(tmp_path / "log").open("w"), text=True)  # fmt: skip
    try:
        assert process.stdout
        yield Server(process, process.stdout.readline().split()[-1])
    finally:
        process.terminate()
        assert process.wait(30) == 0 and not [*(tmp_path / "tmp").glob("pose_demo-*")], "what was sent goes with it"


@needs_proc
def test_all_of_it_through_one_server(corpus, server, tmp_path):
    server.settle()
    _, before = server.compare(GOOD.path)
    photos, videos = (corpus.asked(files, every=4) for files in (corpus.photos, corpus.videos))
    idle, files, rows = measured.resident(process=server.process.pid), photos + videos, []
    for number, file in enumerate(files):
        measured.forget(server.process.pid)
        begun = server.seconds
        error, answer = server.compare(file)
        cost = {"seconds": server.seconds - begun,
                "megabytes": measured.resident("VmHWM", server.process.pid) - idle}  # fmt: skip
        rows.append({"file": file.name, "error": error, "answer": answer, **cost})
        if number % 50 == 49 or number == len(files) - 1:
            assert np.array_equal(joints(server.compare(GOOD.path)[1]), joints(before)), f"after {file.name}"
    corpus.say(told("HTTP API", rows, len(corpus.photos + corpus.videos)))
    count = len(photos)
    assert problems(rows[:count], photos) + problems(rows[count:], videos, must=False) == []
    assert [row["file"] for row in rows if row["answer"] and not within(row["answer"])] == []
    assert "Traceback" not in (tmp_path / "log").read_text()
    corpus.passed("all through one server")


@pytest.mark.parametrize("fill", [np.nan, np.inf, -np.inf, 0.5])
def test_arrays_that_are_no_photo_are_told_of(fill):
    with pytest.raises(UserError, match="float32"):
        compare(np.full((64, 48, 3), fill, np.float32), networks=PAIR)


def test_the_readme_names_the_corpus(corpus):
    count = len(corpus.photos + corpus.videos)
    assert f"**{count} of {count}**" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_says_what_the_last_whole_run_found(corpus):
    """`--whole-corpus` writes it down, of the corpus as it is made now."""
    last = json.loads(corpus.last.read_text(encoding="utf-8"))
    assert last["files"] == len(corpus.photos + corpus.videos) and last["sha256"] == corpus.hash(), "it has changed"
    assert f"**{last['answered']} of {last['files']}**" in (ROOT / "README.md").read_text(encoding="utf-8")
