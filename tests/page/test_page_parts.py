"""The page's parts that need no browser: words, the upload guard, the session, long jobs, the events' sentences."""

import json
import re
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gradio.utils import get_upload_folder
from no_checkpoints import NO_CHECKPOINTS, no_checkpoint
from PIL import Image

from pose_demo import person, weights
from pose_demo.locales import UserError, tell
from pose_demo.networks import zoo
from pose_demo.page import api, compare, events, mcp_door, photo_input, pickers, schema, serve, server, web, work, xray
from pose_demo.page.layout import build
from pose_demo.page.session import Session


@pytest.fixture
def session(photo) -> Session:
    result = Session()
    result.take(photo, (20.0, 10.0, 200.0, 170.0))
    return result


@pytest.fixture
def upload(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    folder = tmp_path / "gradio" / "abc"
    folder.mkdir(parents=True)
    return folder


def run(session, networks, *how):
    session.networks = networks
    return compare.run(session, *how)


def last(changes):
    return list(changes)[-1][0]


def test_only_uploaded_files_are_opened(upload, tmp_path):
    inside, outside = upload / "a.jpg", tmp_path / "secret.txt"
    for file in (inside, outside):
        file.write_bytes(b"x")
    (upload / "link").symlink_to(outside)
    assert Path(get_upload_folder()) == upload.parent
    assert photo_input.uploaded(str(inside)) == inside
    for wrong in (str(outside), f"{upload}/../../secret.txt", str(upload / "link"), str(upload), "", None, 7, "a\0b"):
        with pytest.raises(UserError, match="Only a photo uploaded"):
            photo_input.uploaded(wrong)
    with pytest.raises(UserError, match=r"^gone\.jpg is no longer on the server"):
        photo_input.uploaded(str(upload / "gone.jpg"))


def test_a_photo_that_cannot_be_read_changes_nothing(session, upload):
    broken = upload / "broken.jpg"
    broken.write_bytes(b"no photo")
    before = session.photo
    for event in (
        {"n": 5, "path": str(broken)},
        {"n": 6, "path": "/etc/hostname"},
        {"n": 7, "example": "none such"},
        {"n": 8},
    ):
        changed = photo_input.take(session, event)
        assert changed["error"]["key"] and "photo" not in changed and changed["asked"] == event["n"]
    assert session.photo is before and session.turn == 1


def test_a_photo_that_was_read_goes_soon_unless_somebody_sends_it_again(session, upload, photo, monkeypatch):
    mine, theirs = upload / "mine.png", upload / "theirs.png"
    for file in (mine, theirs):
        Image.fromarray(photo).save(file)
    photo_input.take(session, {"n": 5, "path": str(theirs)})
    server.tidy(upload.parent)
    assert theirs.exists(), "another visitor may be about to have it read"
    monkeypatch.setattr(server, "READ", -1)
    for n, file in enumerate((mine, theirs), start=6):
        assert "photo" in photo_input.take(session, {"n": n, "path": str(file)})
    Image.fromarray(photo).save(theirs)
    server.tidy(upload.parent)
    assert not mine.exists() and theirs.exists()


def test_of_a_large_photo_a_smaller_one_is_kept_and_boxes_are_in_its_pixels(session, upload):
    file = upload / "large.jpg"
    Image.new("RGB", (5000, 4000), "red").save(file)
    changed = photo_input.take(session, {"n": 5, "path": str(file), "box": [100, 100, 3800, 3000]})
    height, width = session.photo.shape[:2]
    assert (changed["photo"]["width"], changed["photo"]["height"]) == (width, height)
    assert changed["photo"]["whole"] == [5000, 4000] == list(session.whole)
    assert 11.9e6 < width * height <= 12e6 and width / height == pytest.approx(1.25, abs=0.001)
    assert (session.photo[0, 0] == session.photo[-1, -1]).all() and session.box == (100, 100, 3800, 3000)
    error = photo_input.frame(session, {"box": [4200, 100, 4900, 3000]})["error"]
    assert error, "outside of the smaller one"


def test_a_slow_upload_does_not_replace_a_newer_photo(session):
    names = [thumbnail["name"] for thumbnail in photo_input.thumbnails()]
    assert photo_input.take(session, {"n": 8, "example": names[1]})["example"]["name"] == names[1]
    assert photo_input.take(session, {"n": 7, "example": names[0]}) is None


def test_a_box_must_make_sense(session):
    assert photo_input.frame(session, {"box": [10, 10, 100, 100]})["box"] == [10, 10, 100, 100]
    for box in ([1, 2, 3], [1, 2, float("nan"), 4], [900, 900, 950, 950]):
        assert photo_input.frame(session, {"box": box})["error"]
        assert session.box == (10, 10, 100, 100)
    assert photo_input.frame(session, {"box": None})["box"] is None
    assert photo_input.frame(Session(), {"box": None})["error"]


def test_run_compares_once_and_redraws_without_networks(session, untrained, monkeypatch):
    changed = last(run(session, untrained, 0, "argmax", False))
    assert [pose["trained"] for pose in changed["poses"]] == [False, False]
    assert changed["photo"] == session.number and "data:image" not in str(changed), "the browser has the photo already"
    result = session.result
    assert session.photo is result.photo, "one copy of the pixels"
    again = last(run(session, untrained, 0, "argmax", False))
    assert set(again) == {"n", "error", "busy"} and session.result is result, "nothing is computed anew"
    monkeypatch.setattr("pose_demo.comparison.compare", lambda *a, **k: pytest.fail("a network ran"))
    assert compare.threshold(session, 2.0)[1]["mean"] == [None, None]
    assert compare.joint(session, "left knee")["joint"] == "left knee"
    assert session.result is result


def test_a_change_of_language_computes_nothing(session, untrained, monkeypatch):
    """Python says only what Gradio's own components are labelled with; the wire holds no sentence in any language."""
    changes = list(run(session, untrained, 0, "argmax", False))[-1]
    monkeypatch.setattr("pose_demo.comparison.compare", lambda *a, **k: pytest.fail("a network ran"))
    for draw in ("results.views", "results.table", "results.heatmaps", "xray.fill", "photo_input.data_address"):
        monkeypatch.setattr(f"pose_demo.page.{draw}", lambda *a, **k: pytest.fail("something was drawn"))
    assert "翻转测试" in str(events._language(session, {"to": "zh"})) and session.language == "zh"
    sent = str(changes[:4])
    assert not re.search("[\u4e00-\u9fff]", sent) and "UNTRAINED" not in sent and "forward pass" not in sent


def test_errors_are_keys_and_keep_the_result(session, untrained, monkeypatch, caplog):
    missing = next(n for n, e in weights.manifest().items() if weights.find(n) is None and e.url)
    list(run(session, untrained, 0, "argmax", False))
    result = session.result
    assert last(run(session, (missing, untrained[1]), 0, "argmax", False))["error"]["key"] == "page.cannot_run"
    assert last(run(session, untrained, 0, "no such decoder", False))["error"]

    def fail(*_, **__):
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr("pose_demo.comparison.compare", fail)
    assert last(run(session, untrained, 1, "argmax", False))["error"] == schema.said("page.failed")
    assert "secret" in caplog.text
    assert session.result is result
    assert last(run(Session(), untrained, 0, "argmax", False))["error"]["key"] == "page.expired"


def test_an_x_ray_in_the_making_gives_way_to_a_newer_photo(session, untrained, monkeypatch):
    request = SimpleNamespace(session_hash="me")
    list(run(session, untrained, 0, "argmax", False))
    keep, newer = xray.STORE.keep, replace(session.result)

    def slowly(*given):
        session.result = newer  # what the run of a newer photo does meanwhile
        return keep(*given)

    monkeypatch.setattr(xray.STORE, "keep", slowly)
    assert xray.refresh(session, request) == xray.NOTHING
    assert session.result is newer and session.shown is None and session.key == ""
    monkeypatch.setattr(xray.STORE, "keep", keep)
    filled, *plots = xray.refresh(session, request)
    assert len(filled["sides"]) == 2 and session.shown == session.done
    assert all(each["visible"] is False for each in plots), "what they showed is of the last photo"


@pytest.mark.parametrize("there", [0, 2])
def test_a_link_to_somebody_who_is_not_there_shows_the_last_who_is(session, untrained, monkeypatch, there):
    people = tuple(person.Found((20.0 + 100 * k, 10.0, 110.0 + 100 * k, 170.0), 0.9) for k in range(there))
    monkeypatch.setattr("pose_demo.comparison.find", lambda *_: (list(people), 0.1))
    session.frame(None)
    session.who = 7
    session.cuts = ({}, {"stack1": "zero"})
    changes = list(run(session, untrained, 0, "argmax", False))[-1]
    assert changes[0]["error"] is None and len(changes[0]["poses"]) == 2
    assert changes[3]["error"] == schema.said("compare.who", given=7, count=there)
    assert changes[3]["who"] == session.who == session.result.who == max(1, there)
    assert "error" not in list(run(session, untrained, 1, "argmax", False))[-1][3], "said once"


def test_a_newer_photo_stops_the_older_run(session, untrained, monkeypatch):
    def look(*_, progress, **__):
        session.frame(None)
        progress(0.5, "half")

    monkeypatch.setattr("pose_demo.comparison.compare", look)
    assert list(run(session, untrained, 0, "argmax", False)) == [compare.NOTHING]


def test_a_long_job_tells_and_is_let_go(monkeypatch):
    monkeypatch.setattr(work, "PATIENCE", 0.01)
    told, stopped = threading.Event(), threading.Event()

    def job(tell):
        tell(1, "first")
        try:
            while not told.wait(0.01):
                tell(1, "first")
        except work.Stale:
            stopped.set()
            raise

    steps = work.follow(work.DOWNLOADS, job, lambda: False)
    while next(steps) != (1, "first"):
        pass
    steps.close()
    assert stopped.wait(10)
    gone: list[int] = []
    with pytest.raises(work.Stale):  # of one that is done too
        list(work.follow(work.DOWNLOADS, lambda _: gone.append(1), lambda: bool(gone)))


def test_weights_are_offered_where_they_are_missing(monkeypatch, upload):
    missing = next(n for n, e in weights.manifest().items() if weights.find(n) is None and e.url)
    panel = pickers.panel(missing, local=False)
    assert panel["fetch"] and not panel["take"] and panel["says"]["key"] == "page.missing"
    assert pickers.panel(missing, local=True)["take"]
    assert pickers.panel("hrnet-slim-untrained", local=True)["says"] is None
    groups = {group["group"]: group["choices"] for group in pickers.groups()}
    titles = [choice["title"] for choices in groups.values() for choice in choices]
    assert len(set(titles)) == len(titles) and tuple(groups) == tuple(g for g in pickers.GROUPS if g in groups)
    assert missing in {choice["name"] for choice in groups["fetch"]}
    assert all(choice["figure"] for choice in groups["here"] if choice["name"] in weights.manifest())
    assert not any(choice["unproven"] for choices in groups.values() for choice in choices)
    single = {choice["name"] for choices in groups.values() for choice in choices if choice["single"]}
    assert single == {name for name, e in weights.manifest().items() if e.embedded and e.joints != "people"}
    known = {name: replace(e, proven=None) for name, e in weights.manifest().items()}
    with monkeypatch.context() as patch:
        patch.setattr(weights, "manifest", lambda: known)
        listed = {choice["name"]: choice["unproven"] for group in pickers.groups() for choice in group["choices"]}
    assert listed[missing] and not listed["hrnet-slim-untrained"] and not listed[weights.default_pair()[0]]

    monkeypatch.setattr(weights, "fetch", lambda name, tell: tell(5_000_000, 10_000_000))
    assert list(pickers.fetch(missing))[-1] is None

    def fail(name, tell):
        raise UserError("page.no_example")

    monkeypatch.setattr(weights, "fetch", fail)
    assert list(pickers.fetch(missing))[-1] == schema.said("page.no_example")
    session = Session(networks=(missing, missing))
    wrong = upload / "wrong.pth"
    wrong.write_bytes(b"x")
    assert "SHA-256" in tell("en", pickers.take(session, 0, {"path": str(wrong)}))
    assert pickers.take(session, 1, {"path": "/etc/hostname"})["key"] == "page.foreign_file"


def test_a_network_of_ones_own_joins_the_pickers(upload, monkeypatch):
    """What its tensors cannot tell is shown as it is taken, and can be told."""
    monkeypatch.setattr(zoo, "_own", {})
    file = upload / "mine.pth"
    torch.save(zoo.build("hourglass-slim", 5).state_dict(), file)
    shows, name = pickers.own({"path": str(file)})
    assert "input 128x128, normalisation imagenet, cells centre" in tell("en", shows["says"])
    assert shows["fields"]["flip_shift"] == "off" and shows["known"]["cells"] == ["centre", "corner"]
    patch, left, right, _ = events._own(
        Session(networks=("hrnet-slim-untrained",) * 2),
        {"path": str(file), "fields": {"cells": "corner", "input": "64x64"}},
    )
    assert (patch["fields"]["input"], patch["fields"]["flip_shift"]) == ("64x64", "on") and left["groups"]
    card = zoo.card(right["value"])
    assert card.name != name and (card.cells, card.input, card.flip_shift) == ("corner", (64, 64), True)
    assert zoo.load(card.name).card == card and {name, card.name} <= {
        one["name"] for group in pickers.groups() for one in group["choices"]
    }
    shows, name = pickers.own({"path": str(file), "fields": {"cells": "middle"}})
    assert shows["says"]["key"] == "card.unknown" and name is None


@pytest.mark.parametrize(("kind", "key"), NO_CHECKPOINTS.items())
def test_what_is_no_checkpoint_is_said_on_the_page(kind, key, upload):
    shows, name = pickers.own({"path": str(no_checkpoint(kind, upload))})
    assert name is None and shows["says"]["key"] == key and tell("zh", shows["says"]) != tell("en", shows["says"])


def test_every_door_checks_its_own_size(upload, monkeypatch, session):
    """Gradio has one limit for all, the largest kind's: weights, else video. A photo of 31 MB is refused."""
    large = upload / "large.png"
    with large.open("wb") as file:
        file.truncate(31 * 10**6)
    assert photo_input.take(session, {"n": 9, "path": str(large)})["error"]["key"] == "photo.too_large"
    for door in (lambda: api._photo(given := {"photo": {"path": str(large)}}) or given,
                 lambda: mcp_door.photo(str(large), local=True)):  # fmt: skip
        with pytest.raises(UserError, match=r"^large\.png has 31 MB, more than the 30 MB allowed"):
            door()
    with large.open("wb") as file:
        file.truncate(301 * 10**6)
    assert pickers.take(Session(networks=("hrnet-slim-untrained",) * 2), 0, {"path": str(large)})["key"] == (
        "page.weights_large"
    )
    for local, megabytes in ((True, 300), (False, 200)):
        serve.application(page := build(local), local)
        assert page.max_file_size == megabytes * 10**6


def test_weights_are_imported_only_where_the_page_is_private(monkeypatch):
    for name in ("SPACE_ID", "POSE_DEMO_PUBLIC", "GRADIO_SHARE"):
        monkeypatch.delenv(name, raising=False)
    assert serve.is_local("127.0.0.1") and not serve.is_local("0.0.0.0") and not serve.is_local("127.0.0.1", share=True)
    for name, value in (("SPACE_ID", "a/b"), ("POSE_DEMO_PUBLIC", "1"), ("GRADIO_SHARE", "True")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert not serve.is_local("127.0.0.1")
    taken = [
        sum(n == "take_weights" for f in build(local).fns.values() for _, n in f.targets) for local in (True, False)
    ]
    assert taken == [2, 0]
    for local in (True, False):  # a lesson says whether a class can come
        tour = next(block for block in build(local).blocks.values() if getattr(block, "elem_id", "") == "tour")
        assert json.loads(tour.value)["local"] is local


def test_the_page_is_built_and_offers_its_doors():
    page = build()
    public = [f.api_name for f in page.fns.values() if f.api_visibility == "public"]
    assert public == ["compare", "inspect", "silence", "matters", "study"]


def test_what_the_browser_fetches_is_named_by_its_content(monkeypatch):
    folder = web.folder()
    assert re.fullmatch("pose-web/[0-9a-f]{16}", folder) and "locales/zh.json" in web.files()
    changed = {**web.files(), "store.js": b"other"}
    monkeypatch.setattr(web, "files", lambda: changed)
    assert web.folder.__wrapped__() != folder


def test_a_preview_is_small():
    address = photo_input.data_address(np.zeros((3000, 2000, 3), np.uint8))
    assert address.startswith("data:image/webp;base64,") and len(address) < 20_000


def test_where_nobody_is_it_stays_so_when_the_slider_moves(untrained):
    """The box that was found is not taken for one that was given."""
    session = Session()
    session.take(np.full((200, 260, 3), 200, np.uint8), None, None)
    for stop in (0, 1):
        patch = last(run(session, untrained, stop, "argmax", False))
        assert patch["person"] is False and patch["closeup"] is None and session.result.person is None
    assert photo_input.boxes(session)["person"] is False


def test_a_panorama_is_shown_near(untrained):
    session = Session()
    session.take(np.full((200, 2600, 3), 200, np.uint8), (1000.0, 20.0, 1080.0, 180.0), None)
    patch, table, *_ = list(run(session, untrained, 0, "argmax", False))[-1]
    assert patch["closeup"]["width"] == 640 and patch["closeup"]["height"] == 200
    assert 'viewBox="720.5 -0.5 640 200"' in table["both"] and 'viewBox="720.5' in patch["poses"][0]["svg"]


def test_hand_placed_joints_are_shown_measured_and_summed_up(untrained):
    """Of an example alone, and never of the example that was chosen while the result of another photo stands."""
    session = Session()
    example = photo_input.examples.examples()[0]
    photo_input.take(session, {"n": 0, "example": example.name})
    views, table, _, photo, _ = list(run(session, untrained, 0, "argmax", False))[-1]
    assert len(views["marks"]) == 14 and {pose["what"] for pose in views["poses"]} == {"parallel", "skips"}
    wrist = next(row for row in table["rows"] if row["joint"] == "right wrist")
    apart = np.array(example.marks(example.box)["right wrist"]) - session.result.poses[1].joints[wrist["b"]]
    assert wrist["errors"][1] == pytest.approx(float(np.hypot(*apart)), abs=1e-3)
    found, (left, right) = session.result, session.result.poses
    x0, y0, x1, y1 = right.crop.box
    wide = replace(right, crop=replace(right.crop, box=(x0, y0, 2 * x1 - x0, 2 * y1 - y0)))
    for other, keys in ((found, ["page.cell", "page.steps"]), (replace(found, poses=(left, wide)), ["page.cells"]),
                        (replace(found, decoder="dark"), [])):  # fmt: skip
        session.result = other
        steps = compare.threshold(session, 0.0)[1]["steps"]
        assert [step["key"] for step in steps] == keys
        assert "far" not in str(steps) or steps[0]["values"]["far"] == pytest.approx(2 * steps[0]["values"]["cell"])
    session.result = found
    off = photo["nearer"]["values"]
    assert photo["nearer"]["key"] == "page.nearer" and off["off"] <= off["far"] and off["joints"] == 14
    photo_input.take(session, {"n": 1, "example": photo_input.examples.examples()[1].name})
    assert compare.threshold(session, 0.0)[0]["marks"] == []
    photo_input.take(session, {"n": 2, "example": "two-people", "box": [400, 60, 690, 952]})
    views, table, _, photo, _ = list(run(session, untrained, 0, "argmax", False))[-1]
    assert (views["marks"], table["errors"], photo["nearer"]) == ([], None, None), "nobody marked this one"
