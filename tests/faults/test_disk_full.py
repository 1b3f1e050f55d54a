"""A disk that is full: one sentence that names the file, nothing half-written, and all goes on once there is room.

The disk is a real one of a megabyte (tmpfs in a mount namespace of the command's own); where the system gives none, a
limit on the size of files (RLIMIT_FSIZE) fails the same writes.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_demo.locales import say

sys.path.append(str(Path(__file__).parents[1] / "moving"))
import films

ROOT = Path(__file__).parents[2]
#: Fills all but `free` KB of the small disk at $1, or lets no file grow beyond them, and runs the rest.
FULL = """
free=$1; at=$2; shift 2
if mount -t tmpfs -o size=1m none "$at" 2>/dev/null; then
  head -c $((1024 * (1024 - free))) /dev/zero > "$at/ballast"
else
  ulimit -f $((free * 2))
fi
"$@"; status=$?
ls -A "$at" | grep -v ballast >&2
exit $status
"""


#: A server whose uploads lie on that disk at $1, and what visitors are told; the video at $2 is one of theirs.
SERVER = """
import json, os, sys
from pathlib import Path
from types import SimpleNamespace
import httpx
folder = Path(sys.argv[1]) / "uploads"
os.environ["GRADIO_TEMP_DIR"] = str(folder)
from pose_demo.page import serve, video_tab
from pose_demo.page.session import Session
page = serve.launch("127.0.0.1", 0, prevent_thread_lock=True)
visitor = httpx.Client(base_url=page.local_url, timeout=60, trust_env=False)
kind = {"Content-Type": "multipart/form-data; boundary=x"}
head = b'--x\\r\\nContent-Disposition: form-data; name="files"; filename="a.png"\\r\\n\\r\\n'
def send(size, announced):
    parts = [head, *[bytes(5000)] * (size // 5000), b"\\r\\n--x--\\r\\n"]
    answer = visitor.post("/gradio_api/upload", content=b"".join(parts) if announced else iter(parts), headers=kind)
    return answer.status_code, answer.text, [each.name for each in folder.iterdir() if each.is_file()]
answers = [send(100_000, True), send(100_000, False), send(5000, True)]
video_tab.uploaded = Path
guest = Session(networks=("hrnet-slim-untrained", "hourglass-slim-untrained"))
asked = SimpleNamespace(_data={"path": sys.argv[2], "smooth": False})
video = list(video_tab.run(guest, 0, "argmax", False, 0.1, SimpleNamespace(session_hash="me"), asked))[-1]
print(json.dumps({"uploads": answers, "video": video["error"], "left": len(list(folder.glob("videos/*")))}))
"""


def on_a_full_disk(free: int, at: Path, *arguments) -> subprocess.CompletedProcess:
    """`python -m pose_demo` with these arguments, where only `free` KB can be written below `at`."""
    return python(free, at, "-m", "pose_demo", *arguments)


def python(free: int, at: Path, *arguments) -> subprocess.CompletedProcess:
    at.mkdir(exist_ok=True)
    command = ["sh", "-c", FULL, "sh", str(free), str(at), sys.executable, *map(str, arguments)]
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    may = subprocess.run([*apart, "true"], capture_output=True).returncode == 0
    return subprocess.run([*(apart if may else []), *command], cwd=ROOT, capture_output=True, text=True, timeout=180)


@pytest.fixture
def photos(tmp_path, photo):
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(3):
        noisy = photo + np.random.default_rng(k).integers(0, 60, photo.shape).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{k}.png")
    return folder


def told(ran: subprocess.CompletedProcess) -> str:
    """The sentence of a command that failed as it should."""
    lines = ran.stderr.splitlines()
    assert ran.returncode == 1 and "Traceback" not in ran.stderr, ran.stderr
    sentence = next(line for line in lines if line.startswith(("compare:", "weights:", "video:")))
    assert "No space left" in sentence or "File too large" in sentence
    assert not [line for line in lines if line.endswith(".part")], lines
    return sentence


_BOX = ("10", "10", "200", "170")
NETWORKS = ("--networks", "hrnet-slim-untrained", "hourglass-slim-untrained")


def test_one_photo(photos, tmp_path):
    at = tmp_path / "disk"
    sentence = told(on_a_full_disk(40, at, "compare", photos / "0.png", "--box", *_BOX, *NETWORKS, "--out", at))
    assert "disk/" in sentence


def test_a_folder_and_the_videos_and_weights(photos, tmp_path):
    at = tmp_path / "disk"
    assert "results.lines" in told(on_a_full_disk(4, at, "compare", photos, *NETWORKS, "--out", at / "out"))
    film = tmp_path / "film.mp4"
    films.make(film, films.frames(10))
    assert "disk/" in told(on_a_full_disk(24, at, "video", film, *NETWORKS, "--out", at / "out"))
    shipped = ROOT / "weights" / "hourglass-slim.safetensors"
    assert "new.safetensors" in told(on_a_full_disk(512, at, "weights", "pack", shipped, "new", "--out", at / "out"))


def test_the_page_says_so_and_takes_what_there_is_room_for(tmp_path):
    """An upload of announced and of unknown size, a small one after them, and a video's result."""
    at, film = tmp_path / "disk", tmp_path / "film.mp4"
    films.make(film, films.frames(10))
    ran = python(24, at, "-c", SERVER, at, film)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    for status, text, half in found["uploads"][:2]:
        assert status == 507 and json.loads(text)["detail"] == say("en", "page.disk_full") and not half
    assert found["uploads"][2][0] == 200
    assert (
        found["video"]["values"]["name"] == "film.mp4" and found["video"]["values"]["what"]["key"] == "page.disk_full"
    )
    assert found["left"] == 0


def test_results_go_on_once_there_is_room(photos, tmp_path):
    """The lines that were written whole are not computed again."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pose_demo", "compare", str(photos), *NETWORKS, "--out", str(out), "--json"]
    limited = ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *command]
    first = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True)
    assert first.returncode == 1 and "File too large" in json.loads(first.stdout)["error"], first
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    done = json.loads(again.stdout)
    assert done["done"] + done["before"] == 3 and 0 < done["before"] < 3
    assert len(json.loads((out / "results.json").read_text())["annotations"]) == 6
