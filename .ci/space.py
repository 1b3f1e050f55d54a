"""Starts a clean copy of the last commit as a Hugging Face Space starts it, and asks it for one comparison.

    python .ci/space.py             in an environment that was made from requirements.txt alone, as the Space's is;
                                    says where Python or Gradio are not README's, and CI fails there
    python .ci/space.py --install   makes that environment first, anew, in a folder that is removed again

Prints README's figures: minutes and megabytes of the installation, megabytes of the checkout, and seconds from the
start of app.py to the first skeletons. It needs git.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 180  # seconds until it answers, on a busy machine


def main() -> int:
    return _install() if "--install" in sys.argv else _start()


def _install() -> int:
    with tempfile.TemporaryDirectory() as folder:
        python, start = Path(folder, "bin", "python"), time.monotonic()
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", ROOT / "requirements.txt"], check=True)
        print(f"installed in {(time.monotonic() - start) / 60:.1f} minutes")
        return subprocess.call([python, __file__])


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _pinned(name: str) -> str:
    """What README's front matter says."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    return next(line.partition(": ")[2].strip('"') for line in lines if line.startswith(f"{name}: "))


def _start() -> int:
    here = {"python_version": "{}.{}".format(*sys.version_info), "sdk_version": version("gradio")}
    others = [f"{name} is {is_here}, not {_pinned(name)}" for name, is_here in here.items() if is_here != _pinned(name)]
    print(*others, sep="\n", end="\n" if others else "")
    if others and os.environ.get("CI"):
        return 1
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        # What a Space sets, and no hub to reach: nothing may be fetched to start.
        space = {"SPACE_ID": "name/space", "SYSTEM": "spaces", "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
        known = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "GRADIO_SERVER_NAME")}
        print(f"the checkout has {_megabytes(Path(folder)):.0f} MB, what is installed beside it "
              f"{_megabytes(Path(sysconfig.get_path('purelib'))):.0f} MB")  # fmt: skip
        start = time.monotonic()
        process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env={**known, **space})
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(process, address)
            done = _ask(address, Path(folder), start)
            print(f"in memory: {_resident(process):.0f} MB")
            return done
        finally:
            process.terminate()
            process.wait(30)


def _resident(process: subprocess.Popen) -> float:
    """Megabytes, on Linux."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def _wait(process: subprocess.Popen, address: str) -> None:
    start, opener = time.monotonic(), urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < start + _PATIENCE and process.poll() is None:
        try:
            opener.open(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"the Space did not answer (exit status {process.poll()})")


def _ask(address: str, folder: Path, start: float) -> int:
    from gradio_client import Client, handle_file

    answered = time.monotonic() - start

    photo = next((folder / "assets" / "examples").glob("*.jpg"))
    answer = Client(address, verbose=False).predict(handle_file(photo), api_name="/compare")
    joints = [len(pose["keypoints"]) // 3 for pose in answer["poses"]]
    print(f"the Space answered after {answered:.0f} s, the first skeletons were there after "
          f"{time.monotonic() - start:.0f} s; {photo.name}: {joints} joints, person {answer['person']}")  # fmt: skip
    return 0 if min(joints) and answer["person"] else 1


if __name__ == "__main__":
    sys.exit(main())
