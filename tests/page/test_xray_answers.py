"""What the X-ray answers to a browser, and to one that forges its questions."""

import base64
import dataclasses
import io
import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pose_demo import compare
from pose_demo.page import link, results, schema, xray
from pose_demo.page.answers import export, film, maps
from pose_demo.page.cached import Cached, without_traces
from pose_demo.page.session import Session
from pose_demo.page.store import STORE, Store, Unknown

NETWORKS = ("hrnet-slim", "hourglass-slim")


@pytest.fixture(scope="module")
def comparison(photo):
    return compare(photo, (60, 20, 180, 160), NETWORKS, "nearest", trace=True)


@pytest.fixture
def key(comparison):
    yield STORE.keep(comparison, "me")
    STORE.forget("me")


def numbers(array) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(array["data"]), np.float32)
    return data.reshape(array["h"], array["w"]).astype(float)


def ask(key, view, **more):
    return xray.ask({"key": key, "view": view, "language": "en", "joint": "right wrist", **more})


def test_a_first_view_of_both_networks_is_far_below_a_megabyte(key):
    with STORE.use(key) as cached:
        sides = maps.maps(cached)
    assert all(side["svg"].count("data:image/webp") == 1 for side in sides), "one sprite a network"
    first = len(json.dumps(sides)) + sum(len(json.dumps(ask(key, view))) for view in ("film", "beside", "story"))
    assert first < 600_000


def test_nobody_reads_a_shot_without_its_key(key, comparison):
    for forged in (None, ["a"], {"a": 1}, 7):
        assert ask(forged, "cell", side=0, cell="stem") == {"error": schema.said("xray.wrong")}
    for forged in ("", "x" * 32, key[:-1], key + "a"):
        assert ask(forged, "cell", side=0, cell="stem") == {"error": schema.said("xray.gone")}
    other = STORE.keep(comparison, "somebody else")
    assert other != key and len(key) >= 32
    STORE.forget("somebody else")
    assert "error" in ask(other, "film")
    assert "error" not in ask(key, "film")


@pytest.mark.parametrize(
    "question",
    [None, 5, [], {}, {"view": []}, {"view": "cell"}, {"view": "cell", "side": 2, "cell": "stem"},
     {"view": "cell", "side": 0, "cell": "stage9"}, {"view": "channel", "side": 0, "cell": "stem", "channel": 10**6},
     {"view": "export", "what": "../../etc/passwd"}, {"view": "sum", "side": 0, "cell": "heatmaps", "channel": "x"},
     {"view": "__class__"}, {"view": "film", "joint": {}}, {"view": "export", "what": "report", "language": "../en"}],
)  # fmt: skip
def test_a_forged_question_ends_in_a_sentence(key, question):
    if isinstance(question, dict):
        question = {"key": key, "language": "en", "joint": "nose", **question}
    answer = xray.ask(question)
    assert answer["error"]["key"].startswith("xray.")
    assert "Traceback" not in str(answer)


def test_every_sum_that_is_shown_adds_up_to_the_map_that_is_shown(key):
    with STORE.use(key) as cached:
        cells = [(side, name) for side in (0, 1) for name in cached.trace(side)]
    checked = 0
    for side, name in cells:
        for channel in (None, 3):
            answer = ask(key, "sum", side=side, cell=name, channel=channel)
            if "error" in answer:
                assert ask(key, "cell", side=side, cell=name)["sum"] is None
                continue
            total = numbers(answer["total"])
            gap = sum(numbers(term["map"]) for term in answer["terms"]) - total
            assert np.abs(gap).max() <= 1e-6 * np.abs(total).max(), (name, channel)
            assert sum(term["share"] for term in answer["terms"]) == pytest.approx(1)
            checked += 1
    units = 2 + 9 + 6 + 3 + 1 + 2 * 13  # stage 1, branches, as terms; stem, as first input, levels
    assert checked == 2 * (2 * 6 + 1 + 8 + 2 + 2 + units)  # fusions twice, head; merges, feedback twice, heads


def test_a_residual_unit_is_x_plus_what_its_layers_add(key):
    answer = ask(key, "sum", side=0, cell="stage1.unit1")
    assert answer["kind"] == "unit" and [t["label"]["key"] for t in answer["terms"]] == [
        "xray.unit_projected", "xray.unit_f"]  # fmt: skip
    assert [step["values"]["kernel"] for step in answer["terms"][1]["steps"]] == [1, 3, 1]
    assert np.allclose(numbers(ask(key, "sum", side=0, cell="stage1.unit1", channel=5)["after"]),
                       numbers(ask(key, "channel", side=0, cell="stage1.unit1", channel=5)))  # fmt: skip
    answer = ask(key, "sum", side=1, cell="stack1.level2.skip")
    assert [t["label"]["key"] for t in answer["terms"]] == ["xray.unit_x", "xray.unit_f"] and answer["after"] is None


def test_a_cell_shows_its_channels_sorted_and_its_own_values(key, comparison):
    name = "stage3.module1.branch1.fused"
    truth = comparison.poses[0].trace[name].tensor[0]
    for by in ("energy", "variance", "joint", "index"):
        answer = ask(key, "cell", side=0, cell=name, by=by)
        order = answer["mosaic"]["order"]
        assert answer["by"] == by and sorted(order) == list(range(len(truth)))
        assert np.allclose(numbers(answer["channel"]), truth[order[0]].numpy())
    energy = truth.square().mean(dim=(1, 2))
    assert ask(key, "cell", side=0, cell=name, by="energy")["mosaic"]["order"][0] == int(energy.argmax())
    assert sum(answer["histogram"]["counts"]) == truth.numel()


def test_what_a_cell_sees_is_of_the_place_that_is_pinned(key, comparison):
    cell, pose = {"side": 0, "cell": "stage2.module1.branch0.fused"}, comparison.poses[0]
    middle, corner = ask(key, "field", **cell), ask(key, "field", **cell, at=[1, 2])
    assert middle == ask(key, "cell", **cell)["field"] and corner["at"] == (1, 2)
    assert corner["box"][:2] == (0, 0) and corner["box"][2] < middle["box"][2] and corner["box"][3] < middle["box"][3]
    seen = ask(key, "effective", **cell, at=[1, 2])
    assert seen["x"] < corner["box"][2] and seen["y"] < corner["box"][3] and not np.allclose(
        numbers(seen), numbers(ask(key, "effective", **cell)))  # fmt: skip
    circle = seen["photo"]
    assert np.allclose(pose.crop.to_input(np.array([circle["x"], circle["y"]])), [seen["x"], seen["y"]])
    assert circle["r"] == pytest.approx(seen["half"] * pose.crop.scale)
    assert seen["over"] == (numbers(seen) > seen["high"]).mean() and 0 < seen["over"] < 0.002, "what the colours cut"
    small = ask(key, "effective", side=0, cell="stem.conv1")  # nine pixels: less than is cut
    assert small["high"] == numbers(small).max() > 0 == small["over"]
    for at in ([99, 0], [0, -1], [1]):
        assert ask(key, "field", **cell, at=at)["error"] == schema.said("xray.wrong")


def test_a_pointer_sees_the_box_that_the_tab_draws(key):
    sent = ask(key, "pixels")["sides"]
    assert (sent[0]["cells"]["stem"]["columns"][0], sent[0]["cells"]["stem"]["rows"][1]) == ((0, 4), (1, 8))
    for side, name in ((0, "stem.conv1"), (0, "stem"), (0, "stage2.module1.branch0.fused"), (1, "stem.conv1"),
                       (1, "stem.unit1"), (1, "stack1.level3.merge")):  # fmt: skip
        map_ = sent[side]["cells"][name]
        for y, x in ((0, 0), (3, 2), (map_["h"] - 1, map_["w"] - 1)):
            (x0, x1), (y0, y1) = map_["columns"][x], map_["rows"][y]
            assert ask(key, "field", side=side, cell=name, at=[y, x])["box"] == (x0, y0, x1, y1), (name, y, x)


def test_no_other_joints_value_stands_for_one_that_a_network_lacks(key, comparison):
    for joint, known in (("right wrist", True), ("nose", False)):
        for side, pose in zip(ask(key, "pixels", joint=joint)["sides"], comparison.poses, strict=True):
            *_, heatmaps = (cell for cell in side["cells"].values() if cell["heatmaps"])
            assert heatmaps["channel"] == (pose.card.joints.index(joint) if known else None)
            assert (heatmaps["own"] is not None) == known and side["cells"]["stem"]["own"]["data"]


def test_a_cell_is_read_from_trained_to_chosen_and_is_never_empty(key):
    at = {"side": 1, "cell": "stack1.level0.merge"}
    gap = ask(key, "difference", **at)
    assert [name["values"]["stops"] for name in gap["names"]] == [["nearest"], ["bilinear"]] and not gap["same"]
    assert gap["unasked"] == "xray.as_trained"
    assert np.allclose(numbers(gap["second"]) - numbers(gap["first"]), numbers(gap["gap"]), atol=1e-5)
    assert ask(key, "difference", **at, against="nearest")["same"]
    offers = ask(key, "beside")["offers"]
    assert [(each["network"], each["stop"], each["own"]) for each in offers] == [
        ("hrnet-slim", "nearest", "bilinear"), ("hourglass-slim", "nearest", "bilinear")]  # fmt: skip


def test_one_network_on_both_sides_says_which_places_differ_and_what_moves(photo):
    two = compare(photo, (60, 20, 180, 160), ["hourglass-slim"] * 2, ["nearest", {"stack2": "bicubic"}], trace=True)
    key = STORE.keep(two, "switch")
    answer = ask(key, "beside")
    assert answer["same"] and answer["differ"] and len(answer["places"]) == 8 and len(answer["moved"]) == 14
    names = ["Hourglass-Slim A (14 joints 128x128)", "Hourglass-Slim B (14 joints 128x128)"]
    with STORE.use(key) as cached:
        drawn = maps.maps(cached)
    for sides in (drawn, results.views(two, 0.1, {})["poses"], ask(key, "matters_cost")["sides"]):
        assert [side["title"] for side in sides] == names, "wherever two names stand it says which side each is"
    assert {p["place"] for p in answer["places"] if p["total"] > 0} == {f"stack2.level{k}" for k in range(4)}
    assert {cell.split(".")[0] for cell, share in ask(key, "apart")["cells"].items() if share > 0} == {"stack2"}
    gap = ask(key, "difference", side=1, cell="stack2.level0.merge")
    assert [name["values"]["stops"] for name in gap["names"]] == [["nearest"], ["nearest", "bicubic"]]
    assert gap["unasked"] == "xray.other_side"
    report = [base64.b64decode(ask(key, "export", what="report", **more)["data"]).decode()
              for more in ({}, {"threshold": 2.0})]  # fmt: skip
    assert 'class="ghost"' in report[0] and "moved from left to right" in report[0], "as the page has it"
    places = report[0].split("Which places change their map most")[1].split("Where the gradient")[0]
    assert places.count('class="gauge"') == 8 and "First figure, bar: both ways on the same map" in places
    assert "read by DARK" in report[0].split("How far each joint moves")[1].split("Which places")[0]
    dots = [re.findall(r"<circle[^>]*data-joint", one.split("<table>")[0]) for one in report]
    assert dots[0] and not dots[1], "the page's threshold"
    STORE.forget("switch")


def test_what_is_cut_on_the_left_alone_differs_though_there_is_nothing_to_measure_it_by(photo):
    place = "stage2.module1.branch0.from1"
    cuts = [{place: "zero"}, {}]
    two = compare(photo, (60, 20, 180, 160), ["hrnet-slim"] * 2, "nearest", silence=cuts, trace=True)
    key = STORE.keep(two, "zero")
    told = ask(key, "apart")
    assert told["cells"][place] is None and told["first"] == place and told["top"] > 0
    assert next(way["share"] for way in told["ways"] if way["place"] == place) is None
    (row,) = (each for each in ask(key, "beside")["places"] if each["total"] is None)
    assert row["alone"] == 0 and json.dumps(told, allow_nan=False)
    assert "0.0% /\nright only" in base64.b64decode(ask(key, "export", what="report")["data"]).decode()
    STORE.forget("zero")


def test_a_cut_sum_goes_on_with_the_map_that_is_there(photo):
    name = "stage3.module1.branch1.fused"
    cut = compare(photo, (60, 20, 180, 160), NETWORKS, "nearest", silence=[{name: "flat"}, {}], trace=True)
    mine, at = STORE.keep(cut, "flat"), {"side": 0, "cell": name, "channel": 5}
    answer = ask(mine, "sum", **at)
    assert np.allclose(numbers(answer["cut"]), numbers(ask(mine, "channel", **at)), atol=1e-6)
    assert not np.allclose(numbers(answer["cut"]), numbers(answer["after"]))
    STORE.forget("flat")


def test_film_and_story_say_what_is_a_probe(key):
    hrnet, hourglass = ask(key, "film")["sides"]
    assert [f["kind"] for f in hrnet["frames"]] == ["probe", "probe", "output"]
    assert all(f["kind"] == "supervised" for f in hourglass["frames"]) and len(hourglass["frames"]) == 2
    assert hrnet["note"] == "xray.lens_note"
    with STORE.use(key) as cached:
        for k, side in enumerate((hrnet, hourglass)):  # in pixels of the photo, as all on the page
            joint, scale = cached.pose(k).card.joints.index("right wrist"), cached.pose(k).crop.scale
            for f, still, at in zip(film.frames(cached, k), side["frames"], side["path"], strict=True):
                assert still["spread"] == pytest.approx(scale * f.spread[joint])
                assert still["distance"] == pytest.approx(np.hypot(*np.subtract(at, side["path"][-1])), abs=0.2)
    for side in ask(key, "story")["sides"]:
        assert side["moments"][-1]["name"].endswith("heatmaps") and side["answers"]


def test_a_stack_that_had_no_loss_in_training_is_not_called_supervised(photo):
    pair = ("hourglass-tiny-2", "hourglass-tiny-2-last")
    two = STORE.keep(compare(photo, (60, 20, 180, 160), pair, "nearest", trace=True), "last")
    every, last = ask(two, "film")["sides"]
    assert [f["kind"] for f in every["frames"]] == ["supervised"] * 2 and every["note"] == "xray.stack_note"
    assert [f["kind"] for f in last["frames"]] == ["unsupervised", "supervised"] and last["note"] == "xray.note_last"
    with STORE.use(two) as cached:
        assert [side["notes"] for side in maps.maps(cached)] == [["xray.note_h"], ["xray.note_last", "xray.note_h"]]
    says = [{said["key"] for said in side["says"]} for side in ask(two, "gradient")["sides"]]
    assert "xray.gradient_by_all" in says[0] - says[1] and "xray.gradient_by_last" in says[1] - says[0]
    STORE.forget("last")


@pytest.mark.parametrize("blank", [0, 1])
def test_a_cut_stack_is_no_answer_in_filmstrip_story_and_report(photo, blank):
    cut = compare(photo, (60, 20, 180, 160), NETWORKS, "nearest", silence={f"stack{blank + 1}": "zero"}, trace=True)
    mine = STORE.keep(cut, "cut")
    for joint in ("right wrist", "*"):
        film = xray.ask({"key": mine, "view": "film", "language": "en", "joint": joint})
        frames = film["sides"][1]["frames"]
        assert json.dumps(film, allow_nan=False), "no nan crosses the wire"
        assert [f["peak"] is None for f in frames] == [k == blank for k in (0, 1)] and frames[blank]["spread"] is None
    side = ask(mine, "story")["sides"][1]
    assert json.dumps(side, allow_nan=False)
    assert [m["what"] == "silent" for m in side["moments"]] == [k == blank for k in (0, 1)]
    assert side["answers"] and side["moments"][1 - blank]["off"] == 0, "the last that answers is the reference"
    report = base64.b64decode(ask(mine, "export", what="report")["data"]).decode()
    seen = re.sub('(?s)<pre>.*?</pre>|data:[^"]*', "", report)
    assert "no answer" in seen and not re.search(r"\bnan\b|None", seen)
    assert 'class="ghost"' in seen and ("moved by the cuts" in seen) == (blank == 0), "else nobody knows where to"
    STORE.forget("cut")


def test_the_gradients_figure_is_in_the_report(key):
    report = base64.b64decode(ask(key, "export", what="report")["data"]).decode()
    figure = report.split("Where the gradient comes from")[1]
    assert figure.count('class="xmap"') == 2 and "<image" not in figure and figure.count('class="rim" ') > 60
    (side,) = [s for s in ask(key, "gradient")["sides"] if "Hourglass" in s["title"]]
    tile = figure.split('data-cell="stem"')[2].split("</g>")[0]
    assert f"{side['cells']['stem']:.0%}" in tile and 'fill="#' in tile
    assert re.search(r"Shown: channel \d+\.", report), "of which channel the numbers are"


def test_exports(key, comparison):
    def take(what, **more):
        answer = ask(key, "export", what=what, **more)
        return base64.b64decode(answer["data"])

    coco = json.loads(take("json"))
    assert len(coco["annotations"]) == 2 and len(coco["annotations"][0]["keypoints"]) == 3 * 14
    taps = np.load(io.BytesIO(take("npz")))
    assert np.array_equal(taps["1.stack1.level0.skip"], comparison.poses[1].trace["stack1.level0.skip"].tensor[0])
    assert set(np.load(io.BytesIO(take("npz", side=0, cell="stem")))) == {"0.stem", "0.joints", "1.joints", "about"}
    assert take("svg", side=0).startswith(b"<svg xmlns")
    named = [ask(key, "export", what=what, **at)["name"] for what, at in (("svg", {"side": 0}), ("svg", {"side": 1}),
             ("npz", {"side": 1, "cell": "stack1.level0.merge"}), ("json", {"side": 1, "cell": "stem"}))]  # fmt: skip
    assert len(set(named)) == 4 and "hrnet" in named[0] and "hourglass" not in named[0]
    assert named[2].endswith("_stack1.level0.merge.npz") and "stem" not in named[3]
    report = take("report", side=1, cell="stack1.level0.merge", joint="left wrist").decode()
    assert "HRNet-Slim" in report and "<script" not in report and "What matters here" not in report
    assert datetime.now(UTC).strftime("%Y-%m-%d") in report and report.count("<details>") == 1
    assert ": stack1.level0.merge</h2>" in report and ": stack2.level0.merge</h2>" in report
    story = report.split("The story of left wrist")[1].split("<h2>")[0]
    assert story.count("<img") > 8, "the story has pictures"
    with STORE.use(key) as cached:
        cached.effects(1)
    measured = take("report").decode().split("What matters here")[1]
    assert "The last figure is the change of the heatmap" in measured, "it was measured"
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", report), "the report reaches outside itself"
    report = re.sub(
        r"(?s)<(style|pre)>.*?</\1>|<span class=\"quiet\">.*?</span>", "", take("report", language="zh").decode()
    )
    words = re.findall(r">([^<>]+)<|(?:title|aria-label)=\"([^\"]+)", report)
    assert "<title>左腕，得分" in report and not [w for w in words if re.search("[A-Za-z]{2,} [a-z]{2,}", "".join(w))]


def test_a_report_says_what_the_flip_test_is_of(comparison):
    for flip in (False, True):
        key = STORE.keep(dataclasses.replace(comparison, flip=flip), "flip")
        report = base64.b64decode(ask(key, "export", what="report", joint="*")["data"]).decode()
        assert ("are of the photo itself, not of its mirror image" in report) == flip
    STORE.forget("flip")


def test_too_many_maps_are_refused_in_a_sentence(key, monkeypatch):
    monkeypatch.setattr(export, "LARGEST", 1000)
    assert ask(key, "export", what="npz")["error"]["key"] == "xray.too_large"


def test_memory_is_bounded_and_what_was_let_go_is_computed_again(comparison):
    store = Store(memory=comparison.photo.nbytes, count=3)
    keys = [store.keep(comparison, f"visitor {k}") for k in range(5)]
    with pytest.raises(Unknown), store.use(keys[0]):
        pass
    with store.use(keys[3]) as cached:
        assert cached.traces == {}
        again = cached.trace(0)
    assert torch.equal(again.heatmaps[-1], comparison.poses[0].trace.heatmaps[-1])
    mine = [store.keep(comparison, "me") for _ in range(4)]
    assert [key in store for key in mine] == [False, False, True, True]


def test_photos_are_in_the_same_budget_and_the_oldest_go_whole(comparison):
    bare, photo = without_traces(comparison), comparison.photo
    store = Store(memory=2 * photo.nbytes)
    shared = [store.keep(bare, f"visitor {k}") for k in range(4)]
    assert all(key in store for key in shared), "one photo, once in memory"
    own = [store.keep(dataclasses.replace(bare, photo=photo.copy()), f"own {k}") for k in range(2)]
    assert [key in store for key in (*shared, *own)] == [False] * 4 + [True] * 2


def test_mmpose_says_why_there_is_nothing_to_see(comparison):
    pose = comparison.poses[0]
    through = dataclasses.replace(
        pose, card=dataclasses.replace(pose.card, name="mmpose-hrnet-w32", architecture="mmpose-hrnet-w32"), trace=None
    )
    cached = Cached(without_traces(dataclasses.replace(comparison, poses=(through, comparison.poses[1]))), "me")
    first, second = maps.maps(cached)
    assert first["why"] == "xray.no_trace" and second["svg"]


@pytest.mark.parametrize(("channel", "read", "lost"), [("7", 7, False), ("-1", -1, False), ("999", None, True),
                         ("²", None, True), ("9" * 5000, None, True), ("", None, True)])  # fmt: skip
def test_a_link_names_a_channel_that_there_is(channel, read, lost):
    query = {"cell": f"0:stem:{channel}", "joint": "left knee"}
    session = Session(networks=NETWORKS)
    changed = link.restore(session, SimpleNamespace(query_params=query))
    assert session.pin == {"side": 0, "cell": "stem"} and session.channel == read and session.joint == "left knee"
    cell = {"cell": f"0:stage9:{channel}"}
    assert link.restore(session, SimpleNamespace(query_params=cell))[-1]["note"] and session.pin is None
    assert (f"cell={query['cell']:.60}" in str(changed[-1]["note"])) == lost == bool(changed[-1]["note"])


def test_a_link_restores_only_what_exists():
    assert link.pin({"cell": "0:stage2.module1.branch0:7"}) == (
        {"side": 0, "cell": "stage2.module1.branch0"}, 7
    )  # fmt: skip
    assert link.pin({"cell": "9:x"}) == (None, None) == link.pin({})
    assert link.example({"example": "b"}, ["a", "b"]) == "b"
    assert link.example({"example": "/etc/passwd"}, ["a", "b"]) == "a"
    cuts = "0:zero:stem->stage1.unit1|1:patch:garden:stack1|1:flat:stack2|7:zero:stem|0:zero:|stem"
    assert link.cut({"cuts": cuts}) == [
        {"stem->stage1.unit1": "zero"}, {"stack1": "patch:garden", "stack2": "flat"}]  # fmt: skip
    there = {"example": "patio", "box": "-9,20,300.5,400", "who": "3"}
    assert link.framed(there) == {"box": [-0.5, 20, 300.5, 400], "who": 3}
    assert link.framed(there | {"box": "none", "who": "0"}) == {"box": None}
    assert link.framed(there | {"box": "9,9"}) == {"who": 3} and link.framed(there | {"example": "own"}) == {}
    bad = {"tab": "attic", "pixel": "here", "threshold": "7", "box": "9,9", "who": "0", "cell": "stem", "apart": "yes"}
    good = {"tab": "study", "pixel": "3.0,-7", "threshold": "0.5", "box": "1,2,30,40", "who": "1", "cell": "0:stem",
            "apart": "1", "example": "patio"}  # fmt: skip
    session = Session(networks=NETWORKS)
    bad |= {"joint": "nose", "cuts": "nonsense"}  # a joint of other networks
    assert set(link._unknown(session, bad)) == set(bad) and not [*link._unknown(session, good)]
    many = {"cuts": "|".join(f"0:zero:stage{k}" for k in range(xray.MOST + 1))}
    assert [*link._unknown(session, many)] == ["cuts"], "more than are followed"
    session.scope = "stage9"
    assert xray.scoped(session, NETWORKS, "bicubic") == "bicubic" and session.scope == ""
    session.scope = "stack1"
    assert xray.scoped(session, NETWORKS, "bicubic") == {"stack1": "bicubic"}
    session.own = "bilinear"  # of the right network, which alone has that part
    assert xray.scoped(session, NETWORKS, "bicubic") == ("bicubic", "bilinear") and session.scope == ""
    assert xray.scopes(session, NETWORKS) == list(xray.heads("hrnet-slim"))
    session.scope = "stage3"
    assert xray.scoped(session, NETWORKS, "bicubic") == ({"stage3": "bicubic"}, "bilinear")
