"""The front door: README's front matter and packages.txt, of which a Space is made; citation; links."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import SpaceCardData
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
#: https://huggingface.co/docs/hub/spaces-config-reference, read on 2026-11-25.
KEYS = {
    "title", "emoji", "colorFrom", "colorTo", "sdk", "python_version", "sdk_version", "suggested_hardware",
    "suggested_storage", "app_file", "app_port", "base_path", "fullWidth", "header", "short_description", "models",
    "datasets", "tags", "license", "thumbnail", "pinned", "hf_oauth", "hf_oauth_scopes", "disable_embedding",
    "startup_duration_timeout", "custom_headers", "preload_from_hub",
}  # fmt: skip
_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@pytest.fixture(scope="module")
def card() -> dict:
    import yaml

    front = re.match(r"---\n(.*?)\n---\n", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return SpaceCardData(**yaml.safe_load(front[1])).to_dict()


def test_the_hub_knows_every_key(card):
    assert set(card) <= KEYS
    assert {card["colorFrom"], card["colorTo"]} <= _COLOURS and len(card["short_description"]) <= 60
    assert card["license"] == "mit" and "MIT" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "preload_from_hub" not in card, "nothing is needed from a hub to start"


def test_it_names_what_is_here(card):
    assert card["sdk"] == "gradio" and (ROOT / card["app_file"]).is_file() and (ROOT / card["thumbnail"]).is_file()
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (gradio,) = (Requirement(line) for line in lines if line.startswith("gradio"))
    assert gradio.specifier.contains(card["sdk_version"]), "pip would replace the Space's Gradio"
    (lowest,) = (s.version for s in gradio.specifier if s.operator == ">=")
    assert card["sdk_version"].startswith(lowest), "the Space runs the version that requirements.txt begins at"


def test_what_is_uploaded_has_an_address_for_its_thumbnail(card):
    """As the Hub asks; here it is a path, as nobody knows whose Space it will be."""
    (line,) = re.findall("(?m)^sed .* > space/README.md$", (ROOT / "docs" / "DEPLOY.md").read_text(encoding="utf-8"))
    command = line.removesuffix(" > space/README.md").replace("NAME", "me/poses")
    said = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    address = f"https://huggingface.co/spaces/me/poses/resolve/main/{card['thumbnail']}"
    assert said == (ROOT / "README.md").read_text(encoding="utf-8").replace(
        f"thumbnail: {card['thumbnail']}", f"thumbnail: {address}", 1)  # fmt: skip


def test_the_pinned_python_is_one_that_everything_runs_on(card):
    major, minor = map(int, card["python_version"].split("."))
    assert (major, minor) == (3, 11), "MMPose has no wheels for later ones"
    assert sys.version_info >= (3, 11)


def test_system_libraries_are_those_that_readme_asks_for():
    named = (ROOT / "packages.txt").read_text().split()
    asked = re.search(r"`apt-get install (.*?)`", (ROOT / "README.md").read_text(encoding="utf-8"))[1].split()
    assert named == asked


def test_the_citation_names_this_version():
    import yaml

    import pose_demo

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == pose_demo.__version__ and citation["license"] == "MIT"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_every_link_in_the_documents_leads_somewhere():
    documents = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "weights/README.md")]
    for document in [*documents, *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
