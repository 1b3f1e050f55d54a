"""The endpoint for programs, as gradio_client calls it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file

from pose_demo import weights
from pose_demo.examples import examples
from pose_demo.page import doors
from pose_demo.page.layout import build

ROOT = Path(__file__).parents[2]
PHOTO = examples()[0]


@pytest.fixture(scope="module")
def page():
    app = build()
    app.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, show_error=False, ssr_mode=False)
    yield app
    app.close()


@pytest.fixture(scope="module")
def client(page):
    return Client(page.local_url, verbose=False)


def refused(client, photo=None, **given) -> str:
    """The one sentence of an error; it shows no path of the server."""
    with pytest.raises(Exception) as problem:
        client.predict(handle_file(PHOTO.path) if photo is None else photo, api_name="/compare", **given)
    text = str(problem.value)
    assert "\n" not in text and "the app failed" not in text
    for place in (ROOT, Path.home(), weights.folder(), Path("/tmp")):
        assert str(place) not in text
    return text


def test_all_doors_together_leave_the_page_its_threads(page):
    """Each had 20 of Gradio's 40, and holds one while it waits for its turn."""
    names = {ask.__name__ for ask in doors.DOORS}
    own, others = ([fn for fn in page.fns.values() if (fn.api_name in names) is door] for door in (True, False))
    assert {(fn.concurrency_id, fn.concurrency_limit) for fn in own} == {("doors", 4)} and len(own) == len(names)
    assert "doors" not in {fn.concurrency_id for fn in others}


def test_every_parameter_has_its_text(client):
    shown = client.view_api(print_info=False, return_format="str")
    for name, text in doors.TEXTS.items():
        assert re.search(rf"\] {name}: .*{re.escape(text)}", shown), name


def test_what_matters_is_what_python_measures(client, untrained):
    from pose_demo import XRay

    silence = {"stack1.level0.skip": "zero"}
    answer = client.predict(handle_file(PHOTO.path), box=list(PHOTO.box), networks=list(untrained), silence=silence,
                            api_name="/matters")  # fmt: skip
    xray = XRay(PHOTO, networks=untrained, silence=silence)
    assert [network["silence"] for network in answer["about"]["networks"]] == [{}, silence]
    for side, told in enumerate(answer["matters"]):
        found, scale = xray.effects(side), xray.skeletons[side].crop.scale
        assert [cut["place"] for cut in told["cuts"]] == list(found.places)
        for cut, moves, changes in zip(told["cuts"], found.moves, found.changes, strict=True):
            assert np.allclose(
                [np.nan if m is None else m for m in cut["moves"]], moves * scale, atol=0.01, equal_nan=True
            )
            assert np.allclose(cut["changes"], changes, atol=1e-4)


def test_it_does_what_python_does(client, untrained):
    from pose_demo import compare

    given = {"box": list(PHOTO.box), "networks": list(untrained), "upsampling": {"stage3": "bilinear"},
             "decoder": "dark", "flip": True,
             "silence": {"stack1": "zero", "stage3.module1.branch0": "flat"}}  # fmt: skip
    answer = client.predict(handle_file(PHOTO.path), api_name="/compare", **given)
    expected = compare(PHOTO.path, **given).to_json()
    for pose in (*answer["poses"], *expected["poses"]):
        del pose["forward_seconds"]
    assert answer == expected
    again = client.predict(handle_file(PHOTO.path), api_name="/compare", **{**given, "box": answer["box"]})
    assert again["poses"][0]["keypoints"] == answer["poses"][0]["keypoints"]


@pytest.mark.parametrize("photo", [str(PHOTO.path), 5, ["x"], {"path": 7}, {"url": "x"}])
def test_a_photo_that_is_no_file_is_told_how_to_be_given(client, photo):
    assert "give the photo as gradio_client.handle_file(path)" in refused(client, photo)


@pytest.mark.parametrize("name", ["/etc/hostname", "../../etc/hostname", __file__])
def test_a_path_of_the_server_is_no_photo(page, client, name):
    assert name not in refused(client, {"path": name})


@pytest.mark.parametrize(
    ("name", "value"),
    [("box", "1234"), ("box", [1, 2, "3", 4]), ("box", {"x0": 1}), ("box", [True, False, True, True]),
     ("networks", "hrnet-slim-untrained"), ("networks", ["hrnet-slim-untrained"]), ("networks", [1, 2]),
     ("upsampling", 7), ("upsampling", {"stage3": 1}), ("decoder", ["dark"]), ("decoder", None), ("flip", "yes"),
     ("flip", 1), ("silence", ["stack1"]), ("silence", {"stack1": 0})],
)  # fmt: skip
def test_types_are_checked(client, name, value):
    said = refused(client, **{name: value})
    assert said.startswith(f"{name} is ") and doors.TEXTS[name] in said


def test_values_are_checked(client, tmp_path):
    assert "a box is four numbers" in refused(client, box=[1, 2, 3])
    assert "holds nothing of the photo" in refused(client, box=[9e5, 9e5, 1e6, 1e6])
    assert "ends before it begins" in refused(client, box=[200, 10, 20, 100])
    assert "has no network" in refused(client, networks=["hrnet-slim-untrained", "weights/x.pth"])
    missing = next(n for n, e in weights.manifest().items() if weights.find(n) is None)
    assert "not on this machine" in refused(client, networks=[missing, "hrnet-slim-untrained"])
    assert "unknown decoder" in refused(client, decoder="luck") and "luck" in refused(client, upsampling="luck")
    assert "near names are" in refused(client, silence={"stack9": "zero"})
    assert "neither network" in refused(client, upsampling={"stage9": "nearest"})
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    assert refused(client, handle_file(broken)).startswith("broken.jpg is damaged")


def test_what_the_readme_says_works(page, tmp_path, monkeypatch):
    """Its lines on the API, as they stand there but for the address."""
    (text,) = re.findall(r"```python\n(from gradio_client import .*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(text.splitlines()) <= 10
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(PHOTO.path.read_bytes())
    known: dict = {}
    exec(text.replace("http://127.0.0.1:7860", page.local_url), known)
    assert len(known["answer"]["poses"]) == 2 and known["joints"]
