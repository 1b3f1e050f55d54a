import json
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from pose_demo import compare, weights
from pose_demo.__main__ import main
from pose_demo.crop import whole
from pose_demo.decode import to_input
from pose_demo.draw import skeleton
from pose_demo.examples import examples
from pose_demo.locales import UserError, tell
from pose_demo.networks.upsampling import STOPS
from pose_demo.networks.zoo import shared
from pose_demo.photo import PhotoError

BOX = (60, 20, 180, 170)


@pytest.fixture(scope="module")
def result(photo, untrained):
    return compare(photo, BOX, untrained, trace=True)


def test_the_default_pair_is_the_manifests_and_is_trained():
    example = examples()[0]
    result = compare(example.path, example.box)
    assert tuple(pose.network for pose in result.poses) == weights.default_pair()
    assert all(pose.card.trained for pose in result.poses)
    assert result.photo.dtype == np.uint8 and result.found is None
    for pose in result.poses:
        assert pose.joints.shape == (14, 2) and pose.joints.dtype == np.float32


def test_joints_are_the_heatmaps_peaks_in_the_photo(result):
    for pose in result.poses:
        h = pose.heatmaps[-1].shape[1]
        for j, heatmap in enumerate(pose.heatmaps[-1]):
            y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
            back = pose.crop.to_input(pose.joints[j][None])[0]
            centre = to_input(torch.tensor([[x, y]]), pose.image.shape[0] // h, pose.card.cells).numpy()[0]
            assert np.abs(back - centre).max() <= 0.25 * 4 + 0.01  # the quarter cell
            assert pose.scores[j] == pytest.approx(heatmap.max(), abs=1e-5)


def test_supervisions_come_with_the_pose(result):
    assert [len(pose.heatmaps) for pose in result.poses] == [1, 2]  # HRNet has no intermediate supervision


def test_the_trace_is_of_the_same_pass(result):
    for pose in result.poses:
        assert torch.equal(pose.trace.heatmaps[-1][0].float(), torch.from_numpy(pose.heatmaps[-1]))


def test_an_examples_map_is_its_own_pass_at_the_same_place(photo, untrained):
    example, net = examples()[2], shared(untrained[1])
    theirs = compare(example.path, example.box, [net], "bilinear", trace=True).poses[0].trace
    for place in ("stack1.features", "stack1.level0.skip->stack1.level0.merge", "stack1"):
        patch = {place: f"patch:{example.name}"}
        found = compare(photo, BOX, [net], "bilinear", silence=patch)
        wanted = compare(photo, BOX, [net], "bilinear", silence={place: theirs})
        bare = compare(photo, BOX, [net], "bilinear")
        assert np.array_equal(found.poses[0].heatmaps[-1], wanted.poses[0].heatmaps[-1]), place
        assert not np.array_equal(found.poses[0].heatmaps[-1], bare.poses[0].heatmaps[-1])
        assert found.to_json()["poses"][0]["silence"] == patch
    with pytest.raises(UserError, match=f"no example photo 'nobody'; there are .*{example.name}"):
        compare(photo, BOX, untrained, silence={"stack1": "patch:nobody"})
    with pytest.raises(UserError, match="nothing can be cut at 'stack9'"):
        compare(photo, BOX, untrained, silence={"stack9": f"patch:{example.name}"})
    with pytest.raises(UserError, match="flip test"):
        compare(photo, BOX, untrained, silence={"stack1": f"patch:{example.name}"}, flip=True)


@pytest.mark.parametrize("stop", STOPS)
def test_the_slider_reaches_both_networks(photo, untrained, result, stop):
    moved = compare(photo, BOX, untrained, stop)
    for a, b in zip(moved.poses, result.poses, strict=True):
        assert np.array_equal(a.heatmaps[-1], b.heatmaps[-1]) == (stop == "nearest")


def test_a_mapping_reaches_the_network_that_has_the_place(photo, untrained, result):
    moved = compare(photo, BOX, untrained, {"stack2": "bicubic"})
    assert np.array_equal(moved.poses[0].heatmaps[0], result.poses[0].heatmaps[0])
    assert np.array_equal(moved.poses[1].heatmaps[0], result.poses[1].heatmaps[0])
    assert not np.array_equal(moved.poses[1].heatmaps[1], result.poses[1].heatmaps[1])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"upsampling": "cubic"}, "unknown upsampling 'cubic'; the slider has nearest"),
        ({"upsampling": {"stage9": "nearest"}}, "neither network enlarges a map at 'stage9'"),
        ({"networks": ("hrnet-w32", "hourglass-2")}, "the zoo has no network 'hrnet-w32'"),
        ({"box": (10, 10, 10, 50)}, "holds nothing of the photo"),
        ({"decoder": "softargmax"}, "unknown decoder"),
    ],
)
def test_wrong_calls_say_what_there_is(photo, untrained, wrong, says):
    with pytest.raises(ValueError, match=says):
        compare(photo, **{"box": BOX, "networks": untrained, **wrong})


def test_a_broken_photo_is_one_sentence():
    with pytest.raises(PhotoError) as error:
        compare(b"no picture at all")
    assert "\n" not in str(error.value)


def test_missing_weights_name_the_remedy(photo, monkeypatch, tmp_path):
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="weights fetch hrnet-w48-mpii"):
        compare(photo, BOX, ("hrnet-w48-mpii", "hrnet-slim-untrained"))


def test_flip_test_averages_with_the_mirrored_photo(photo, untrained):
    plain, flipped = compare(photo, BOX, untrained), compare(photo, BOX, untrained, flip=True)
    mirrored = compare(np.ascontiguousarray(photo[:, ::-1]), (239 - 180, 20, 239 - 60, 170), untrained, flip=True)
    for a, b, c in zip(plain.poses, flipped.poses, mirrored.poses, strict=True):
        assert not np.array_equal(a.heatmaps[-1], b.heatmaps[-1])
        # With the flip test a photo and its mirror image give mirrored heatmaps.
        back = c.heatmaps[-1][list(c.card.joints.flip), :, ::-1]
        np.testing.assert_allclose(b.heatmaps[-1], back, atol=1e-3 * np.abs(back).max())


def test_two_callers_with_two_slider_positions_get_what_they_asked_for(photo, untrained):
    alone = {stop: compare(photo, BOX, untrained, stop).poses[0].heatmaps[0] for stop in ("nearest", "bicubic")}
    wrong = []

    def ask(stop: str) -> None:
        for _ in range(4):
            got = compare(photo, BOX, untrained, stop).poses[0].heatmaps[0]
            if not np.array_equal(got, alone[stop]):
                wrong.append(stop)

    threads = [threading.Thread(target=ask, args=(stop,)) for stop in alone]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_networks_are_loaded_once(untrained):
    assert shared(untrained[0], "cpu") is shared(untrained[0])


def test_json_is_plain_and_complete(result):
    data = json.loads(json.dumps(result.to_json()))
    assert data["box"] == data["person"] == list(BOX) and data["upsampling"] == "nearest"
    for pose in data["poses"]:
        assert len(pose["keypoints"]) == 42 and pose["status"] == "untrained"
        assert len(pose["category"]["keypoints"]) == 14
    assert len(data["distances"]) == 14
    assert data["versions"]["torch"] == torch.__version__


def test_distances_are_between_the_same_joint(result):
    for d in result.distances():
        gap = np.linalg.norm(result.poses[0].joints[d.a] - result.poses[1].joints[d.b])
        assert d.pixels == pytest.approx(float(gap))
        assert d.torsos == pytest.approx(gap / result.poses[0].torso)


def test_progress_runs_from_start_to_done(photo, untrained):
    told = []
    compare(photo, BOX, untrained, progress=lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and told[-1] == (1.0, {"key": "progress.done", "values": {}})
    sentences = [tell("zh", what) for _, what in told]
    assert len(sentences) == 4 and not any(
        tell("en", what) == zh for (_, what), zh in zip(told, sentences, strict=True)
    )


def test_where_nobody_is_the_whole_photo_is_the_box(tmp_path, capsys, untrained):
    """An empty wall, in Python and on the command line; a box that was given is a person whatever it holds."""
    wall = np.random.default_rng(0).normal(200, 4, (240, 320, 3)).clip(0, 255).astype(np.uint8)
    result = compare(wall, networks=untrained)
    assert result.person is None and result.box == whole(wall.shape) and result.found < 0.14
    data = result.to_json()
    assert data["person"] is None and data["box"] == [-0.5, -0.5, 319.5, 239.5]
    Image.fromarray(wall).save(tmp_path / "wall.png")
    call = [
        "compare",
        str(tmp_path / "wall.png"),
        "--out",
        str(tmp_path),
        "--networks",
        *untrained,
        "--threshold",
        "-9",
    ]
    assert main(call) == 0 and "probably nobody here" in capsys.readouterr().out
    assert json.loads((tmp_path / "result.json").read_text())["person"] is None
    strong = compare(wall, result.box, networks=untrained)
    assert strong.person == strong.box and strong.found is None
    pale, full = (np.asarray(Image.open(tmp_path / "left-skeleton.png")), skeleton.picture(wall, strong.poses[0], -9))
    changed = (full != wall).any(axis=2)
    assert np.abs(pale.astype(int) - wall)[changed].mean() < 0.5 * np.abs(full.astype(int) - wall)[changed].mean()


def test_each_network_is_cut_where_it_has_the_place(photo, untrained, result):
    cut = compare(photo, BOX, untrained, silence={"stack1.feedback.input": "zero"})
    assert np.array_equal(cut.poses[0].heatmaps[-1], result.poses[0].heatmaps[-1])
    assert not np.allclose(cut.poses[1].heatmaps[-1], result.poses[1].heatmaps[-1])
    assert [pose.silence for pose in cut.poses] == [{}, {"stack1.feedback.input": "zero"}]
    assert [pose["silence"] for pose in cut.to_json()["poses"]] == [{}, {"stack1.feedback.input": "zero"}]
    with pytest.raises(ValueError, match=r"near names are stage3\.module1\.branch0\.from2.*stem\.unit1"):
        compare(photo, BOX, untrained, silence={"stage3.module1.branch0.from7": "zero"})


def test_each_side_may_have_its_own_stop_and_cuts(photo, untrained):
    twice = [untrained[0]] * 2
    both = compare(photo, BOX, twice, ["nearest", "bilinear"], silence=[{}, {"stage2.module1.branch1": "flat"}])
    alone = compare(photo, BOX, twice, "bilinear", silence={"stage2.module1.branch1": "flat"})
    plain = compare(photo, BOX, twice, "nearest")
    for pose, wanted in zip(both.poses, (plain.poses[0], alone.poses[1]), strict=True):
        assert np.array_equal(pose.heatmaps[-1], wanted.heatmaps[-1]) and pose.upsampling == wanted.upsampling
    with pytest.raises(ValueError, match="a list has one for each network: 2, not 3"):
        compare(photo, BOX, twice, ["nearest"] * 3)


def test_a_network_without_an_answer_has_no_joints_anywhere(photo, untrained, tmp_path, capsys):
    result = compare(photo, BOX, untrained, silence={"stack2": "zero"}, decoder="dark")
    blank = result.poses[1]
    assert np.isnan(blank.joints).all() and np.isnan(blank.scores).all() and np.isnan(blank.score)
    said = json.loads(json.dumps(result.to_json(), allow_nan=False))["poses"][1]
    assert set(said["keypoints"]) == {None} and said["score"] is None
    assert not skeleton.drawn(blank, -1e9).any() and "<circle" not in skeleton.svg(blank, BOX, -1e9)
    assert (skeleton.picture(result.photo, blank, -1e9) == result.photo).all()
    Image.fromarray(photo).save(tmp_path / "photo.png")
    call = ["compare", str(tmp_path / "photo.png"), "--box", *map(str, BOX), "--networks", *untrained, "--out"]
    assert main([*call, str(tmp_path), "--silence", "stack2", "--silence", "heatmaps=flat"]) == 0
    printed = capsys.readouterr().out
    assert "cut at stack2" in printed and "cut at heatmaps" in printed and "nan" not in printed
    written = json.loads((tmp_path / "result.json").read_text())
    assert [pose["silence"] for pose in written["poses"]] == [{"heatmaps": "flat"}, {"stack2": "zero"}]
    assert main([*call, str(tmp_path), "--silence", "stack9"]) == 1
    assert main([*call, str(tmp_path), "--silence", f"stack1.features={tmp_path / 'photo.png'}"]) == 0
    written = json.loads((tmp_path / "result.json").read_text())
    assert [pose["silence"] for pose in written["poses"]] == [{}, {"stack1.features": "patch"}]
