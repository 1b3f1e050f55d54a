"""The tours: data of a declared shape, with words in every language, and questions that are measured."""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import replace
from typing import Literal, NotRequired

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from pose_demo import compare
from pose_demo.examples import examples
from pose_demo.locales import LANGUAGES, UserError, say, table
from pose_demo.networks import zoo
from pose_demo.networks.wiring import wiring
from pose_demo.page.answers import lesson
from pose_demo.page.cached import Cached
from pose_demo.page.store import STORE
from pose_demo.page.web import WEB

Step = TypedDict("Step", {  # noqa: UP013
    "id": str, "cell": list[str], "at": NotRequired[list[str]], "stop": NotRequired[str], "cut": NotRequired[str],
    "lit": NotRequired[list[str]], "pixel": NotRequired[bool], "study": NotRequired[list[str]],
    "view": NotRequired[Literal["channels", "computation", "field", "before_after", "code"]],
    "open": NotRequired[Literal["gradient", "film", "play", "layers", "beside"]], "measure": str,
    "edges": list[float], "options": int,
})  # fmt: skip
Tour = TypedDict("Tour", {"id": str, "has": str, "steps": list[Step]})  # noqa: UP013
TOURS = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted((WEB / "tour/tours").glob("*.json"))
}
STEPS = [(tour, step["id"]) for tour, data in TOURS.items() for step in data["steps"]]


@pytest.fixture(scope="module")
def cached():
    example = examples()[0]
    key = STORE.keep(compare(example.path, example.box, upsampling=None, trace=True), "visitor", example)
    with STORE.use(key) as found:
        yield found


def step_of(tour: str, name: str) -> dict:
    return next(step for step in TOURS[tour]["steps"] if step["id"] == name)


def measured(cached, tour: str, name: str, **asked) -> dict:
    step = step_of(tour, name)
    side = next(k for k in range(2) if TOURS[tour]["has"] in cached.trace(k))
    cell = next(cell for cell in step.get("at", step["cell"]) if cell in wiring(cached.net(side)).nodes)
    question = {"key": "", "view": "lesson", "measure": step["measure"], "side": side, "cell": cell, "language": "en",
                "joint": "left knee", "against": step.get("stop"), **asked}  # fmt: skip
    return lesson.lesson(cached, question)


def test_tours_are_data_of_the_declared_shape():
    assert list(TOURS) == ["hourglass", "hrnet", "upsampling"]
    for name, tour in TOURS.items():
        assert TypeAdapter(Tour).validate_python(tour, strict=False) == tour, "a field that nobody declared"
        assert tour["id"] == name and len({step["id"] for step in tour["steps"]}) == len(tour["steps"])
        for step in tour["steps"]:
            assert step["measure"] in lesson.MEASURES
            assert len(step["edges"]) == step["options"] - 1 and step["edges"] == sorted(step["edges"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_its_words(language):
    words, wanted = table(language), {f"tour.{tour}.title" for tour in TOURS}
    for tour, name in STEPS:
        step = step_of(tour, name)
        parts = [
            "title",
            "text",
            "paper",
            "ask",
            "saw",
            *map(str, range(step["options"])),
            *step.get("study", []),
        ]
        wanted |= {f"tour.{tour}.{name}.{part}" for part in parts}
    asked = words.keys() & {f"tour.{tour}.{name}.asked" for tour, name in STEPS}  # what is asked has a step each
    assert len(asked) == 11
    wanted |= asked
    assert {key for key in words if key.count(".") > 1 and key.startswith("tour.")} | {
        f"tour.{tour}.title" for tour in TOURS} == wanted  # fmt: skip


@pytest.mark.parametrize(("tour", "name"), STEPS)
def test_every_question_is_answered_by_a_measurement(cached, tour, name):
    found, step = measured(cached, tour, name), step_of(tour, name)
    assert found["value"] is not None and np.isfinite(found["value"])
    assert bisect.bisect_right(step["edges"], found["value"]) < step["options"]
    for language in LANGUAGES:
        told = say(language, f"tour.{tour}.{name}.saw", view=step.get("view"), **found["values"])
        assert told and "None" not in told and "–" not in told


#: The study note's points: where a tour says it, and a part of how, in English and in Chinese.
NOTE = [
    ("hrnet.parallel.text", "not one after the other", "而不是依次串联"),
    ("hrnet.fusion.text", "repeated (eight times in the paper's W32), not done once", "有八次），而不是只在最后做一次"),
    ("hrnet.branch.text", "many readers ask which is right", "许多读者追问哪个才对"),
    ("hrnet.stem.text", "as a Bottleneck would be possible", "本可以使用 Bottleneck"),
    ("upsampling.nearer.text", "bilinear might be more accurate", "双线性可能更精确"),
    ("hourglass.down.text", "symmetric", "左右对称"),
    ("hourglass.supervision.text", "intermediate supervision", "中间监督"),
    ("hourglass.gradient.text", "prevents vanishing gradients", "防止梯度消失"),
    ("hourglass.down.seeds-bottom", "counts 4x4 as a weak point", "认为 4x4 是一个弱点"),
    ("upsampling.output.text", "stops at 64x64 to save memory", "为节省显存止步于 64x64"),
]


@pytest.mark.parametrize("where", [each[0] for each in NOTE])
def test_the_tours_take_all_points_of_the_study_note_in_each_language(where):
    parts = dict(zip(("en", "zh"), next(each[1:] for each in NOTE if each[0] == where), strict=True))
    assert [language for language, part in parts.items() if part not in table(language)[f"tour.{where}"]] == []


def test_the_papers_network_fuses_eight_times():
    assert sum(node.role == "sum" and node.branch == 0 for node in wiring(zoo.build("hrnet-w32")).nodes.values()) == 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_names_a_figure_or_says_that_there_is_none(language):
    place = {"en": r"figure \d|table \d|no figure", "zh": r"图 \d|表 \d|没有.*图"}[language]
    for tour, name in STEPS:
        assert re.search(place, table(language)[f"tour.{tour}.{name}.paper"]), f"{tour}.{name}"


def test_what_is_cut_and_lit_is_drawn(cached):
    drawn = {
        (source, name) for k in range(2) for name, made in wiring(cached.net(k)).picture.items() for source in made
    }
    cuts = [step["cut"] for tour in TOURS.values() for step in tour["steps"] if "cut" in step]
    assert len(cuts) == 3 and {tuple(cut.split("->")) for cut in cuts} <= drawn
    for tour in TOURS.values():
        for step in tour["steps"]:
            assert "lit" not in step or {name for _, name in drawn} & set(step["lit"]), step["id"]


@pytest.mark.parametrize(("tour", "name"), [(t, n) for t, n in STEPS if "cut" in step_of(t, n)])
def test_a_cut_is_measured_against_the_whole_network(cached, tour, name):
    """The page has cut the place before it asks, whether as an arrow or as the map itself."""
    step, found = step_of(tour, name), measured(cached, tour, name)
    side = next(k for k in range(2) if TOURS[tour]["has"] in cached.trace(k))
    assert found["value"] > 0
    for place in (step["cut"], step.get("at", step["cell"])[0]):
        poses = [*cached.comparison.poses]
        poses[side] = replace(poses[side], silence={place: "zero"}, joints=poses[side].joints * 0.1)  # thrown together
        cut = Cached(replace(cached.comparison, poses=tuple(poses)))
        assert measured(cut, tour, name)["value"] == pytest.approx(found["value"]), "by the whole network's own torso"


@pytest.mark.parametrize(("tour", "name"), [(t, n) for t, n in STEPS if "study" in step_of(t, n)])
def test_what_was_trained_is_told_with_its_interval(cached, tour, name):
    from pose_demo.study.report import shipped

    names = step_of(tour, name)["study"]
    assert measured(cached, tour, name)["study"] == [], "nothing is told that nobody asked for"
    told = measured(cached, tour, name, what=",".join(names))["study"]
    assert [each["result"] for each in told] == [each for each in names if each in shipped()]
    for each in told:
        result = shipped()[each["result"]]
        ends = [[f"{100 * test['difference'][end]:+.1f}" for end in ("low", "high")] for test in result["tests"]
                if test["difference"]["low"] is not None]  # fmt: skip
        *found, carries = each["says"]
        assert found and all([one["values"]["low"], one["values"]["high"]] in ends for one in found)
        assert carries["key"] == ("study.small_scale" if result["study"] == "seeds" else "study.source")
    assert measured(cached, tour, name, what="seeds-nobody-trained")["study"] == []
    (forged,) = measured(cached, tour, name, what="upsampling-trained")["study"]
    assert len(forged["says"]) > 2, "a forged name breaks nothing"


def test_what_is_measured_with_a_stop_is_told_of_many_people_with_that_stop_and_this_network(cached):
    names = step_of("upsampling", "nearer")["study"]
    tested, trained = (each["says"] for each in measured(cached, "upsampling", "nearer", what=",".join(names))["study"])
    assert tested[0]["values"]["network"] == cached.pose(0).card.short and tested[0]["values"]["now"] == "bilinear"
    assert trained[0]["values"]["network"] == "hrnet-tiny-bilinear"
    other = measured(cached, "upsampling", "nearer", what="upsampling", against="bilinear-corners")["study"][0]["says"]
    assert other[0]["values"]["now"] == "bilinear-corners", "not that which changes most"


def test_what_is_read_and_by_which_network_is_named(cached):
    assert measured(cached, "upsampling", "output")["values"]["network"] == cached.pose(0).card.short == "HRNet-Slim"
    how = replace(cached.comparison, decoder="dark")
    for language in LANGUAGES:
        words = table(language)
        told = say(language, "tour.upsampling.quarter.saw", **measured(Cached(how), "upsampling", "quarter")["values"])
        assert all(words[key] in told for key in ("peak.dark", "page.decoder", "page.more"))


def test_the_two_readings_lie_apart_as_two_comparisons_say(cached):
    example = cached.example
    one, other = (compare(example.path, example.box, decoder=how).poses[0] for how in ("argmax", "dark"))
    apart = float(np.linalg.norm(one.joints - other.joints, axis=1).mean())
    found = measured(cached, "upsampling", "output")
    assert found["values"]["pixels"] == pytest.approx(apart, rel=1e-3)
    assert found["value"] == pytest.approx(apart / found["values"]["cell"], rel=1e-3)


def test_the_place_of_the_chosen_joint_is_the_networks_own(cached):
    pose = cached.pose(0)
    at = measured(cached, "hrnet", "stem")["at"]
    assert at == pytest.approx(pose.joints[pose.card.joints.joints.index("left knee")].tolist())
    assert measured(cached, "hrnet", "stem", joint="left ear")["at"] is None


def test_each_network_that_ships_has_the_cells(cached):
    for tour, name in STEPS:
        cells = step_of(tour, name)["cell"]
        drawn = {n for k in range(2) for n, node in wiring(cached.net(k)).nodes.items() if node.visible}
        assert drawn & set(cells), f"{tour}.{name} opens no cell"


def test_the_order_of_reduction_and_enlargement_cannot_matter(cached):
    """By hand: the term of branch 2 in stage 3, enlarged first."""
    net, trace = cached.net(0), cached.trace(0)
    term = net.stages[1][0].exchange.terms[0][2]
    enlarged = F.interpolate(trace["stage3.module1.branch2"].tensor, scale_factor=4, mode="nearest")
    with torch.inference_mode():
        away = (term(enlarged) - trace["stage3.module1.branch0.from2"].tensor).abs().max()
    assert away < 1e-4 and measured(cached, "hrnet", "order")["value"] < 1e-4


def test_moves_are_those_of_two_comparisons(cached):
    example, moves = examples()[0], []
    results = [compare(example.path, example.box, upsampling=stop).poses for stop in ("nearest", "bilinear")]
    for before, after in zip(*results, strict=True):
        moves.append(np.linalg.norm(after.joints - before.joints, axis=1).mean() / before.torso)
    found = measured(cached, "upsampling", "moved")
    assert [found["values"]["a"], found["values"]["b"]] == pytest.approx(moves, abs=1e-4)
    assert found["value"] == float(moves[1] > moves[0])


def test_marks_are_needed_to_say_what_is_nearer(cached):
    example = cached.example
    try:
        cached.example = None
        assert measured(cached, "upsampling", "nearer")["value"] is None
    finally:
        cached.example = example


def test_a_forged_question_is_an_error(cached):
    for wrong in ({"cell": "nowhere"}, {"measure": "nothing"}, {"cell": "stem", "measure": "largest"}):
        with pytest.raises(KeyError):
            measured(cached, "hrnet", "stem", **wrong)


def test_a_qr_code_holds_the_link(cached):
    """OpenCV, another witness, reads what Cairo draws of it."""
    import cairosvg
    import cv2

    from pose_demo.page.answers import qr

    link = "https://example.org/?tour=hrnet&step=fusion&example=garden"
    asked = {"key": "", "view": "qr", "joint": "", "language": "en", "what": link}
    drawn = cairosvg.svg2png(bytestring=qr.qr(cached, asked)["svg"].encode(), output_width=600)
    picture = cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_COLOR)
    assert cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0] == link
    for wrong in ("javascript:alert(1)", "https://x/" + "a" * 600):
        with pytest.raises(UserError):
            qr.qr(cached, {**asked, "what": wrong})
