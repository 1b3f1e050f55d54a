"""Starts a clean copy of the last commit as a Hugging Face Space starts it, and asks it for one comparison.

    python .ci/space.py

Run it with the Python of an environment that was made from requirements.txt alone, as the Space's is. It needs git.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 180  # seconds until it answers, on a busy machine


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        # What a Space sets, and no hub to reach: nothing may be fetched to start.
        space = {"SPACE_ID": "name/space", "SYSTEM": "spaces", "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
        known = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "GRADIO_SERVER_NAME")}
        process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env={**known, **space})
        try:
            address = f"http://127.0.0.1:{port}"
            seconds = _wait(process, address)
            return _ask(address, Path(folder), seconds)
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen, address: str) -> float:
    start, opener = time.monotonic(), urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < start + _PATIENCE and process.poll() is None:
        try:
            opener.open(address, timeout=5).close()
            return time.monotonic() - start
        except OSError:
            time.sleep(0.2)
    sys.exit(f"the Space did not answer (exit status {process.poll()})")


def _ask(address: str, folder: Path, seconds: float) -> int:
    from gradio_client import Client, handle_file

    photo = next((folder / "assets" / "examples").glob("*.jpg"))
    answer = Client(address, verbose=False).predict(handle_file(photo), api_name="/compare")
    joints = [len(pose["keypoints"]) // 3 for pose in answer["poses"]]
    print(f"the Space answered after {seconds:.0f} s; {photo.name}: {joints} joints, person {answer['person']}")
    return 0 if min(joints) and answer["person"] else 1


if __name__ == "__main__":
    sys.exit(main())
