"""The finder of people is no pose network: every door says so in one sentence."""

import shutil

import pytest

from pose_demo import XRay, compare, weights
from pose_demo.__main__ import main
from pose_demo.examples import examples
from pose_demo.locales import UserError
from pose_demo.networks import zoo
from pose_demo.page import doors, pickers
from pose_demo.page.compare import run
from pose_demo.page.session import Session
from pose_demo.photo import read
from pose_demo.study.variants import open_network

PHOTO = examples()[0]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A copy, without its card."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return shutil.copy(weights.locate("finder"), tmp_path / "mine.safetensors")


def test_python(file):
    for ask in (compare, XRay):
        for network in (file, "finder", zoo.load("finder")):
            with pytest.raises(UserError) as refused:
                ask(PHOTO.path, PHOTO.box, [network, "hrnet-slim"])
            assert refused.value.key == "zoo.no_pose"


def test_the_commands_and_the_study(file, tmp_path, capsys):
    photo = str(PHOTO.path)
    for call in (
        ["compare", photo, "--networks", str(file), "hrnet-slim", "--out", str(tmp_path)],
        ["xray", photo, "--networks", "hrnet-slim", str(file), "--out", str(tmp_path)],
    ):
        assert main(call) == 1
        said = capsys.readouterr().err.strip()
        assert "answers with no joints" in said and "\n" not in said
    with pytest.raises(UserError) as refused:
        open_network(str(file), "cpu")
    assert refused.value.key == "zoo.no_pose"


def test_the_page_and_its_api(file):
    shows, name = pickers.own({"path": str(file)})
    assert name is None and shows["says"]["key"] == "zoo.no_pose"
    session = Session(networks=("finder", "hrnet-slim"))
    session.take(read(PHOTO.path), PHOTO.box)
    assert list(run(session, 0, "argmax", False))[-1][0]["error"]["key"] == "zoo.no_pose"
    with pytest.raises(UserError) as refused:
        doors.compare(str(PHOTO.path), networks=["finder", "hrnet-slim"])
    assert refused.value.key == "zoo.no_pose"
