"""The corpus on disk, and how much of it is asked."""

from __future__ import annotations

from pathlib import Path

import bad_files
import bad_videos
import pytest

SAID = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    parser.addoption("--whole-corpus", action="store_true", help="every file of tests/corpus through every door")


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(SAID, []):
        terminalreporter.write_line(line)


class Corpus:
    """photos, videos -- all files, in order; asked(files) -- those that go through the doors in this run"""

    def __init__(self, folder: Path, whole: bool, said: list[str]):
        self.photos = bad_files.write(folder / "photos", bad_files.corpus())
        self.videos = bad_files.write(folder / "videos", bad_videos.corpus())
        self._whole, self.say = whole, said.append

    def asked(self, files: list[Path], every: int = 1) -> list[Path]:
        """All of them; or of those that are merely damaged every fifth, and all others; of these every `every`th."""
        damaged = [file for file in files if file.name.split("-")[1] in ("cut", "flipped", "named")]
        left_out = {file for k, file in enumerate(damaged) if k % 5}
        return files if self._whole else [file for file in files if file not in left_out][::every]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory, pytestconfig) -> Corpus:
    said = pytestconfig.stash.setdefault(SAID, [])
    return Corpus(tmp_path_factory.mktemp("corpus"), pytestconfig.getoption("--whole-corpus", False), said)
