"""What half an hour of atheris found (fuzz.py, as it stands there) is told in a sentence now."""

from __future__ import annotations

from pathlib import Path

import pytest

from pose_demo.locales import UserError
from pose_demo.networks import files
from pose_demo.study.labels import open_labels

FOUND = sorted((Path(__file__).parent / "found").iterdir())
KINDS = {"checkpoint": (".pth", ".safetensors", ".tar", ".bin"), "labels": (".json", ".csv", ".npz", ".json")}


@pytest.mark.parametrize("found", FOUND, ids=lambda file: file.name)
def test_it_is_told_in_a_sentence(found, tmp_path):
    reader, data = found.name.partition("-")[0], found.read_bytes()
    file = tmp_path / f"input{KINDS[reader][data[0] % 4]}"
    file.write_bytes(data[1:])
    with pytest.raises(UserError) as problem:
        files.contents(file) if reader == "checkpoint" else open_labels([file])
    assert "\n" not in str(problem.value)


def test_an_archive_whose_list_would_fill_the_memory_is_not_unpacked(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(70 * 2**20))
    assert (tmp_path / "bomb.pth").stat().st_size < 100_000
    with pytest.raises(UserError, match="too long"):
        files.contents(tmp_path / "bomb.pth")
