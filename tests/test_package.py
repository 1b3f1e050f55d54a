"""What `pip install .` gives: the command and the library in any folder, with everything that ships."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import pose_demo

ROOT = Path(__file__).parents[1]
_CODE = """
from pathlib import Path
import pose_demo
from pose_demo import compare
from pose_demo.examples import examples
from pose_demo.page import build
from pose_demo.study import report
from pose_demo import weights
assert "checkout" not in Path(pose_demo.__file__).parts
assert len(report.shipped()) >= 5 and build()
assert all(weights.find(name) for name in weights.default_pair())
assert len(compare(examples()[0].path).poses) == 2
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel made of a copy of the checkout, and the folder where it is installed."""
    top = tmp_path_factory.mktemp("package")
    checkout, wheels, site = top / "checkout", top / "wheels", top / "site"
    checkout.mkdir()
    for name in ("pose_demo", "weights", "assets"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.d.ts"))
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout / name)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", checkout, "--no-deps", "--no-build-isolation", "-w", wheels], check=True)
    (wheel,) = wheels.glob("pose_demo-*.whl")
    subprocess.run([*pip, "install", wheel, "--no-deps", "--target", site], check=True)
    return checkout, wheel, site


def _elsewhere(site: Path, folder: Path, *command: str | Path, **environment: str) -> subprocess.CompletedProcess:
    """Runs in a folder that knows nothing of the checkout."""
    known = {**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, check=False)


def test_the_wheel_holds_every_file_of_the_package_and_what_ships(built):
    checkout, wheel, _ = built
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"pose_demo-{pose_demo.__version__}.dist-info/METADATA").decode()
    files = [path.relative_to(checkout).as_posix() for path in checkout.rglob("*") if path.is_file()]
    code = {name for name in files if name.startswith("pose_demo/")}
    shipped = {f"pose_demo/shipped_files/{name}" for name in files if name.startswith(("weights/", "assets/"))}
    pictures = {f"pose_demo/shipped_files/assets/{name}" for name in ("page.png", "cut.webp")}  # README's
    assert packed == code | shipped - pictures
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {line.partition(";")[0].strip() for line in wanted if line and not line.startswith("#")}
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert len(needed) == len(wanted) and "Requires-Dist: mmpose==1.1.0; python" in metadata


def test_an_installed_package_works_in_any_folder(built, tmp_path):
    _, _, site = built
    done = _elsewhere(site, tmp_path, sys.executable, "-c", _CODE)
    assert done.returncode == 0, done.stderr.decode()
    photo = next(site.rglob("garden.jpg"))
    command = site / "bin" / "pose-demo"
    done = _elsewhere(site, tmp_path, command, "compare", photo, "--out", "out", "--json")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == json.loads((tmp_path / "out" / "result.json").read_text())
    assert b"usage: pose-demo" in _elsewhere(site, tmp_path, command, "--help").stdout


@pytest.mark.parametrize("page", ["cp1252", "ascii", "utf-8"])
def test_no_code_page_undoes_what_was_done(tmp_path, page, untrained):
    """A photo's name that the terminal has no letters for, the output redirected."""
    name = "人物 é.jpg"
    shutil.copy(ROOT / "assets" / "examples" / "garden.jpg", tmp_path / name)
    call = [sys.executable, "-m", "pose_demo", "compare", name, "--out", "出", "--networks", *untrained]
    settings = {"PYTHONIOENCODING": page, "PYTHONUTF8": "0"}
    done = _elsewhere(ROOT, tmp_path, *call, **settings)
    assert done.returncode == 0 and b"written to" in done.stdout, done.stderr.decode()
    assert json.loads((tmp_path / "出" / "result.json").read_text(encoding="utf-8"))["photo"] == name
    done = _elsewhere(ROOT, tmp_path, *call[:4], "没有.jpg", "--out", "x", **settings)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


def test_a_reader_that_has_enough_undoes_nothing():
    """As `... | head -0`: nobody reads what is printed."""
    known = {**os.environ, "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-m", "pose_demo", "weights", "list"]
    with subprocess.Popen(call, env=known, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        command.stdout.close()
        assert (command.stderr.read(), command.wait()) == (b"", 0)


def test_ranges_stand_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["dynamic"]) == {"version", "dependencies"}
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
