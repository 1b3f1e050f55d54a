from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pose_demo import weights
from pose_demo.networks.mmpose_compat import prepare_torchvision
from pose_demo.weights import FetchError, ManifestError, UnknownWeights, WeightsCorrupt, WeightsMissing

BODY = b"what a network has learned" * 1000
SHA = hashlib.sha256(BODY).hexdigest()

TABLE = {
    "name": '"hrnet-w32-mpii"',
    "network": '"hrnet-w32"',
    "joints": '"mpii"',
    "input": "[256, 192]",
    "normalisation": '"imagenet"',
    "cells": '"corner"',
    "upsampling": '"nearest"',
    "file": '"file.pth"',
    "sha256": f'"{SHA[:8]}"',
    "licence": '"MIT"',
    "source": '"https://example.org"',
    "trained": '"published"',
}
PUBLISHED = '{ metric = "AP", value = 74.4, set = "COCO val2017", source = "a paper" }'


def table(**changes: str | None) -> str:
    """A [[weights]] table as text; None leaves a key out."""
    rows = {**TABLE, **changes}
    return "[[weights]]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items() if value is not None)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(tmp_path / "own"))
    return tmp_path / "own"


@pytest.fixture
def house(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """house(*tables) makes a repository's weights/ with this manifest and returns the folder."""

    def build(*tables: str) -> Path:
        home = tmp_path / "weights"
        home.mkdir()
        (home / "manifest.toml").write_text("\n".join(tables), encoding="utf-8")
        monkeypatch.setattr(weights, "HOME", home)
        return home

    return build


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a server that has file.pth."""
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file.pth").write_bytes(BODY)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "served"))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/file.pth"
        server.shutdown()


# --- the manifest that ships -------------------------------------------------------------------------------------

ENTRIES = list(weights.manifest().values())
PUBLISHED_ENTRIES = [e for e in ENTRIES if not e.embedded and e.joints != "people"]


def test_names_are_those_of_the_design():
    assert {e.name for e in PUBLISHED_ENTRIES} == {
        "hrnet-w32-coco-256x192", "hrnet-w32-coco-384x288", "hrnet-w48-coco-256x192", "hrnet-w48-coco-384x288",
        "hrnet-w32-mpii", "hrnet-w48-mpii", "hourglass-1-mpii", "hourglass-2-mpii", "hourglass-8-mpii",
        "mmpose-hourglass52-coco-256x256", "mmpose-hourglass52-mpii-256x256", "mmpose-hourglass52-mpii-384x384",
        "hrnet-w32-coco-official-256x192", "hrnet-w48-coco-official-384x288",
    }  # fmt: skip


@pytest.mark.parametrize("e", PUBLISHED_ENTRIES, ids=lambda e: e.name)
def test_published_entry_is_consistent(e):
    size = re.search(r"(\d+)x(\d+)", e.name)
    assert e.name.startswith(e.network + "-") and f"-{e.joints}" in e.name
    assert e.input == ((int(size[1]), int(size[2])) if size else (256, 256))
    assert (e.trained, e.upsampling, e.measured, e.training) == ("published", "nearest", (), None)
    bearpaw = e.network in ("hourglass-1", "hourglass-2", "hourglass-8")
    assert (e.normalisation, e.cells) == (("mpii", "centre") if bearpaw else ("imagenet", "corner"))
    if e.url:
        assert e.url.startswith("https://") and e.url.endswith("/" + e.file)
        assert re.search(rf"-{e.sha256}[_.]", e.file) and len(e.sha256) == 8
        publisher, licence = ("github.com/anibali", "GPL-3.0") if bearpaw else ("download.openmmlab.com", "Apache-2.0")
        assert publisher in e.url and e.licence.startswith(licence)
    else:
        assert "official" in e.name and len(e.sha256) == 64 and e.licence == "MIT"
        assert e.file == f"pose_{e.network.replace('-', '_')}_{size[0]}.pth"


@pytest.mark.parametrize("e", PUBLISHED_ENTRIES, ids=lambda e: e.name)
def test_published_figure_is_of_the_validation_set_of_its_data(e):
    if e.network == "hourglass-1":
        assert e.published is None  # nobody published one
        return
    data = {"coco": ("AP", "COCO val2017", 65, 77), "mpii": ("PCKh@0.5", "MPII val", 87, 91)}
    metric, where, low, high = data[e.joints]
    assert (e.published["metric"], e.published["set"]) == (metric, where)
    assert low < e.published["value"] < high and e.published["source"]


def test_the_detector_is_the_file_that_torchvision_names():
    prepare_torchvision()
    from torchvision.models.detection import SSDLite320_MobileNet_V3_Large_Weights as Published

    known, entry = Published.DEFAULT, weights.entry("ssdlite320-coco")
    assert entry.url == known.url and known.url.endswith(f"/{entry.file}") and f"-{entry.sha256}." in entry.file
    assert entry.published["value"] == known.meta["_metrics"]["COCO-val2017"]["box_map"] and not entry.embedded


# --- reading a manifest ------------------------------------------------------------------------------------------


def test_parses_an_embedded_table(tmp_path):
    path = tmp_path / "manifest.toml"
    more = {"embedded": "true", "measured": '[{ metric = "PCK@0.2", value = 71.3, count = 1000 }]', "also": '["old"]'}
    path.write_text(table(**more, training='{ epochs = 80, device = "CPU" }'))
    (found,) = weights.manifest(path).values()
    assert (found.name, found.input, found.embedded, found.url) == ("hrnet-w32-mpii", (256, 192), True, None)
    assert found.measured == ({"metric": "PCK@0.2", "value": 71.3, "count": 1000},) and found.also == ("old",)
    assert found.training == {"epochs": 80, "device": "CPU"} and found.published is None


def test_callers_cannot_spoil_the_list():
    weights.manifest().clear()
    assert weights.manifest()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (table(joints=None), "joints"),
        (table(colour='"red"'), "colour"),
        (table(joints='"face"'), "joints must be coco, mpii, lsp, or names of joints with commas, not 'face'"),
        (table(normalisation="3"), "normalisation must be text, not 3"),
        (table(input="[256]"), "height, width"),
        (table(input='"256x192"'), "height, width"),
        (table(input="[256, -1]"), "height, width"),
        (table(input="[256.0, 192]"), "height, width"),
        (table(sha256='"abc"'), "sha256"),
        (table(sha256=f'"{SHA.upper()}"'), "sha256"),
        (table(sha256=f'"{"g" * 64}"'), "sha256"),
        (table(file='"../file.pth"'), "plain file name"),
        (table(file='"a/file.pth"'), "plain file name"),
        (table(file='""'), "file must be a plain file name"),
        (table(name="7"), "name must be text"),
        (table(url='"ftp://example.org/file.pth"'), "https"),
        (table(url="1"), "url must be an address"),
        (table(embedded='"yes"'), "embedded"),
        (table(training='"long"'), "training"),
        (table(published='{ metric = "AP" }'), "metric, value, set and source"),
        (table(published=PUBLISHED.replace("74.4", '"74.4"')), "metric, value, set and source"),
        (table(published=PUBLISHED.replace("74.4", "0.744")), "percent"),
        (table(published=PUBLISHED.replace("val2017", "")), "val or a test set"),
        (table() + table(), "same name"),
        (table() + table(name='"another"'), "same file"),
        ("[weights]", "tables"),
        ("weights = 3", "tables"),
        ("[[weights]", "cannot be read"),
    ],
)
def test_a_slip_is_told(tmp_path, text, says):
    path = tmp_path / "manifest.toml"
    path.write_text(text)
    with pytest.raises(ManifestError, match=says) as told:
        weights.manifest(path)
    assert str(path) in str(told.value) and "\n" not in str(told.value).replace(text, "")


def test_no_manifest(tmp_path):
    with pytest.raises(ManifestError, match="cannot be read"):
        weights.manifest(tmp_path / "nowhere.toml")


def test_unknown_name_lists_the_nearest_first():
    with pytest.raises(UnknownWeights, match="'hrnet-w32-mpi'; there are hrnet-w32-mpii, "):
        weights.entry("hrnet-w32-mpi")


def test_default_pair(house):
    def embedded(name: str, **more: str) -> str:
        return table(name=f'"{name}-lsp"', network=f'"{name}"', file=f'"{name}"', embedded="true", **more)

    house(table(), embedded("hourglass-slim", pair="2"), embedded("hrnet-w18"), embedded("hrnet-slim", pair="1"))
    assert weights.default_pair() == ("hrnet-slim-lsp", "hourglass-slim-lsp")


def test_no_default_pair(house):
    house(table())
    with pytest.raises(ManifestError, match=r"one file .* must say pair = 1 and one pair = 2"):
        weights.default_pair()


# --- where files lie ---------------------------------------------------------------------------------------------


def test_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(tmp_path))
    assert weights.folder() == tmp_path
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", "~/models")
    assert weights.folder() == Path.home() / "models"
    monkeypatch.delenv("POSE_DEMO_WEIGHTS")
    assert weights.folder().parts[-2:] == ("pose_demo", "weights")
    monkeypatch.setattr(weights, "STORAGE", tmp_path)
    assert not weights.folder().is_relative_to(tmp_path), "only a Space keeps its files there"
    monkeypatch.setenv("SPACE_ID", "name/space")
    assert weights.folder() == tmp_path / "pose_demo" / "weights"
    monkeypatch.setattr(weights, "STORAGE", tmp_path / "none")
    assert not weights.folder().is_relative_to(tmp_path)


def test_find_looks_in_the_repository_first(house, own):
    home = house(table())
    assert weights.find("hrnet-w32-mpii") is None
    own.mkdir()
    (own / "file.pth").write_bytes(BODY)
    assert weights.find("hrnet-w32-mpii") == weights.locate("hrnet-w32-mpii") == own / "file.pth"
    (home / "file.pth").write_bytes(BODY)
    assert weights.find("hrnet-w32-mpii") == home / "file.pth"


def test_missing_says_what_to_do(house, own):
    tables = [
        table(url='"https://example.org/file.pth"'),
        table(name='"by-hand"', file='"b.pth"'),
        table(name='"ours"', file='"c.safetensors"', embedded="true"),
    ]
    home = house(*tables)
    told = {}
    for name in weights.manifest():
        with pytest.raises(WeightsMissing) as missing:
            weights.locate(name)
        told[name] = str(missing.value)
    for part in ("file.pth", "https://example.org/file.pth", str(own), "fetch hrnet-w32-mpii", "import hrnet-w32-mpii"):
        assert part in told["hrnet-w32-mpii"]
    assert "browser" in told["by-hand"] and "https://example.org" in told["by-hand"] and "fetch" not in told["by-hand"]
    assert "comes with the repository" in told["ours"] and str(home) in told["ours"]


@pytest.mark.parametrize("digits", [8, 11, 64])
def test_verify(house, own, digits):
    house(table(sha256=f'"{SHA[:digits]}"'))
    with pytest.raises(WeightsMissing):
        weights.verify("hrnet-w32-mpii")
    own.mkdir()
    (own / "file.pth").write_bytes(BODY)
    assert weights.verify("hrnet-w32-mpii") is None
    (own / "file.pth").write_bytes(BODY + b"!")
    found = hashlib.sha256(BODY + b"!").hexdigest()
    with pytest.raises(WeightsCorrupt, match=f"{SHA[:digits]}.*{found}"):
        weights.verify("hrnet-w32-mpii")


# --- fetch and import --------------------------------------------------------------------------------------------


def test_fetch(house, own, address):
    home, seen = house(table(url=f'"{address}"')), []
    path = weights.fetch("hrnet-w32-mpii", lambda done, total: seen.append((done, total)))
    assert path == own / "file.pth" == weights.locate("hrnet-w32-mpii") and path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    weights.fetch("hrnet-w32-mpii", lambda *_: pytest.fail("it is here already"))
    path.write_bytes(b"spoiled")
    assert weights.fetch("hrnet-w32-mpii").read_bytes() == BODY
    assert [p.name for p in home.iterdir()] == ["manifest.toml"]


def test_a_card_beside_its_weights_is_read_with_the_manifest(house):
    home = house(table())
    (home / "mine.toml").write_text(table(name='"mine"', file='"mine.safetensors"', also='["hers"]').split("\n", 1)[1])
    assert list(weights.manifest()) == ["hrnet-w32-mpii", "mine"]
    assert weights.canonical("hers") == "mine" == weights.entry("hers").name and weights.canonical("his") == "his"


def test_fetch_of_an_embedded_file_is_the_file(house):
    home = house(table(embedded="true"))
    (home / "file.pth").write_bytes(BODY)
    assert weights.fetch("hrnet-w32-mpii") == home / "file.pth"


def test_fetch_of_what_has_no_address(house):
    house(table())
    with pytest.raises(FetchError, match=r"cannot be fetched: download file\.pth with a browser"):
        weights.fetch("hrnet-w32-mpii")


def test_nothing_is_written_to_the_repository(house, address, tmp_path, monkeypatch):
    home = house(table(url=f'"{address}"'))
    for inside in (home, home / "deeper", Path(weights.__file__).parent):
        monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(inside))
        with pytest.raises(FetchError, match="only read"):
            weights.fetch("hrnet-w32-mpii")
        with pytest.raises(FetchError, match="only read"):
            weights.import_file("hrnet-w32-mpii", tmp_path / "served" / "file.pth")
    assert [p.name for p in home.iterdir()] == ["manifest.toml"]


def test_import(house, own, tmp_path):
    house(table())
    mine = tmp_path / "download (1).pth"
    mine.write_bytes(BODY)
    for _ in range(2):  # again does no harm
        assert weights.import_file("hrnet-w32-mpii", str(mine)) == own / "file.pth"
        assert (own / "file.pth").read_bytes() == BODY and mine.exists()
    assert weights.import_file("hrnet-w32-mpii", own / "file.pth") == own / "file.pth"
    assert [p.name for p in own.iterdir()] == ["file.pth"]


def test_import_of_another_file_changes_nothing(house, own, tmp_path):
    house(table(sha256=f'"{SHA}"'))
    mine = tmp_path / "mine.pth"
    mine.write_bytes(b"something else")
    with pytest.raises(WeightsCorrupt) as told:
        weights.import_file("hrnet-w32-mpii", mine)
    assert SHA in str(told.value) and hashlib.sha256(b"something else").hexdigest() in str(told.value)
    assert not own.exists() and mine.exists()
    for nothing in (tmp_path, tmp_path / "nowhere.pth"):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            weights.import_file("hrnet-w32-mpii", nothing)


def test_import_that_cannot_be_written(house, own, tmp_path):
    house(table())
    mine = tmp_path / "mine.pth"
    mine.write_bytes(BODY)
    own.write_text("a file where the folder should be")
    with pytest.raises(FetchError, match=r"mine\.pth could not be copied"):
        weights.import_file("hrnet-w32-mpii", mine)


def test_figures_that_ship_are_of_the_weights_that_ship():
    """Whoever replaces a file must measure it again: `weights measure`."""
    ours = [entry for entry in weights.manifest().values() if entry.embedded]
    assert len(ours) >= 2
    for entry in ours:
        assert entry.measured and all(m["weights_sha256"] == entry.sha256 for m in entry.measured)
        assert (weights.HOME / f"{entry.name}.toml").exists()
