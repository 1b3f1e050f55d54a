"""The corpus on disk, and how much of it is asked."""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path

import bad_files
import bad_videos
import pytest

HERE = Path(__file__).parent
#: What makes the files; no hash of their own, as a few hold the time.
_MAKERS = (HERE / "bad_files.py", HERE / "bad_videos.py", HERE.parent / "pictures.py", HERE.parent / "moving/films.py")
_DOORS = {"photos through the command line", "videos through the command line", "all through one server"}
SAID = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    parser.addoption("--whole-corpus", action="store_true", help="every file of tests/corpus through every door")


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(SAID, []):
        terminalreporter.write_line(line)


class Corpus:
    """photos, videos -- all files, in order; asked(files) -- those that go through the doors in this run
    last -- what the last run of all files through every door found: CI asks a part of them
    """

    last = HERE / "whole.json"

    def __init__(self, folder: Path, whole: bool, said: list[str]):
        self.photos = bad_files.write(folder / "photos", bad_files.corpus())
        self.videos = bad_files.write(folder / "videos", bad_videos.corpus())
        self._whole, self._open, self.say = whole, set(_DOORS), said.append

    def asked(self, files: list[Path], every: int = 1) -> list[Path]:
        """All of them; or of those that are merely damaged every fifth, and all others; of these every `every`th."""
        damaged = [file for file in files if file.name.split("-")[1] in ("cut", "flipped", "named")]
        left_out = {file for k, file in enumerate(damaged) if k % 5}
        return files if self._whole else [file for file in files if file not in left_out][::every]

    def hash(self) -> str:
        """Of all names, and of what makes the files."""
        names = "".join(f"{file.name}\n" for file in self.photos + self.videos)
        return hashlib.sha256(b"".join([names.encode(), *(file.read_bytes() for file in _MAKERS)])).hexdigest()

    def passed(self, door: str) -> None:
        """Nothing was wrong at one of _DOORS. When all were passed with every file, that is written down."""
        self._open.remove(door)
        if self._whole and not self._open:
            count, today = len(self.photos + self.videos), datetime.date.today().isoformat()
            last = {"files": count, "answered": count, "sha256": self.hash(), "date": today}
            self.last.write_text(json.dumps(last, indent=1) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory, pytestconfig) -> Corpus:
    said = pytestconfig.stash.setdefault(SAID, [])
    return Corpus(tmp_path_factory.mktemp("corpus"), pytestconfig.getoption("--whole-corpus", False), said)
