"""`--auth`: nobody gets in without user and password; and other sites, where they are named."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from gradio_client import Client, handle_file

from pose_demo.commands.page import credentials
from pose_demo.examples import examples
from pose_demo.locales import UserError
from pose_demo.page import guard, serve, video_tab

FRIEND = "https://friend.example"


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        patch.setenv("POSE_DEMO_ORIGINS", FRIEND)
        app = serve.launch("127.0.0.1", 0, auth=("teacher", "chalk"), prevent_thread_lock=True)
        yield app
        app.close(verbose=False)


@pytest.fixture
def stranger(locked):
    with httpx.Client(base_url=locked.local_url, timeout=60, trust_env=False) as client:
        yield client


def test_without_a_password_there_is_nothing_to_see(stranger):
    assert stranger.get("/config").status_code == 401
    assert stranger.get("/gradio_api/info").status_code == 401
    assert stranger.post("/gradio_api/upload", files={"files": ("a", b"b")}).status_code == 401
    for route in ("queue/join", "call/compare", "component_server"):
        assert stranger.post(f"/gradio_api/{route}", json={"session_hash": "abcdefgh", "data": []}).status_code == 401
    assert "hourglass" not in stranger.get("/").text


def test_a_video_too_is_seen_with_a_password_alone(stranger, tmp_path):
    (tmp_path / "joints.csv").write_text("mine")
    video_tab.RESULTS.keep("me", tmp_path)
    try:
        at = f"/{video_tab.ADDRESS}/{tmp_path.name}/joints.csv"
        assert stranger.get(at).status_code == 401
        stranger.post("/login", data={"username": "teacher", "password": "chalk"})
        assert stranger.get(at).text == "mine"
    finally:
        video_tab.RESULTS.forget("me")


def test_only_so_many_logins_wait(stranger, monkeypatch):
    monkeypatch.setattr(guard, "_ENTERING", 2)

    def guess(_):
        return httpx.post(f"{stranger.base_url}login", data={"username": "teacher", "password": "?"}, trust_env=False)

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(answer.status_code for answer in pool.map(guess, range(6)))
    assert set(answers) == {400, 429} and answers.count(400) >= 2


def test_a_wrong_password_is_refused_slowly_and_a_right_one_opens(locked, stranger):
    begun = time.monotonic()
    assert stranger.post("/login", data={"username": "teacher", "password": "chalk?"}).status_code == 400
    assert time.monotonic() - begun >= 1
    assert stranger.post("/login", data={"username": "teacher", "password": "chalk"}).status_code == 200
    assert stranger.get("/config").status_code == 200
    photo = examples()[0]
    client = Client(locked.local_url, auth=("teacher", "chalk"), verbose=False)
    assert client.predict(handle_file(photo.path), box=list(photo.box), api_name="/compare")["person"]


def test_a_site_that_is_named_may_ask(stranger):
    stranger.post("/login", data={"username": "teacher", "password": "chalk"})
    answer = stranger.post("/gradio_api/upload", files={"files": ("a", b"b")}, headers={"Origin": FRIEND})
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == FRIEND


def test_user_and_password_as_they_are_told(tmp_path):
    (tmp_path / "secret").write_text("teacher:a:b\n")
    assert credentials("teacher:chalk") == ("teacher", "chalk") and credentials("") is None
    assert credentials(f"@{tmp_path / 'secret'}") == ("teacher", "a:b")
    for wrong in ("teacher", ":chalk", "teacher:"):
        with pytest.raises(UserError) as problem:
            credentials(wrong)
        assert "chalk" not in str(problem.value)
