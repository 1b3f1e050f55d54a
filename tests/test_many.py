"""Many photos: a generator, and a folder's results in one file that any cut leaves whole."""

import json
import shutil
from types import GeneratorType

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

import pose_demo
from pose_demo import many
from pose_demo.__main__ import main
from pose_demo.examples import examples
from pose_demo.locales import UserError


@pytest.fixture
def folder(tmp_path):
    """Two photos, one of them in a folder below, a broken one, and what is no picture."""
    photos = tmp_path / "photos"
    (photos / "below").mkdir(parents=True)
    shutil.copy(examples()[0].path, photos / "a.jpg")
    shutil.copy(examples()[1].path, photos / "below" / "b.JPG")
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (photos / "notes.txt").write_text("no picture")
    (photos / ".hidden.jpg").write_bytes(b"no picture")
    return photos


def run(folder, out, untrained, *more):
    return main(["compare", str(folder), "--out", str(out), "--networks", *untrained, *more])


def test_a_generator_that_keeps_nothing(folder, untrained, monkeypatch):
    asked = []
    monkeypatch.setattr(many, "compare", lambda file, *rest, _real=many.compare, **how: (
        asked.append(str(file)[-5:]), _real(file, *rest, **how))[1])  # fmt: skip
    found = pose_demo.compare_all(folder, networks=untrained, upsampling="bilinear")
    assert isinstance(found, GeneratorType) and len(asked) == 1  # the call itself was tried, no photo yet
    first = next(found)
    assert first.file.name == "a.jpg" and first.result.upsampling == "bilinear" and asked[1:] == ["a.jpg"]
    broken, last = found
    assert broken.result is None and "broken.png is damaged" in str(broken.error)
    assert last.file.name == "b.JPG" and len(last.result.poses) == 2


def test_python_goes_on_where_it_was_stopped_and_tells_how_far(folder, tmp_path, untrained):
    """The same file as the command's; a loop that was left is gone on with."""
    out, told = tmp_path / "out", []
    for looked in pose_demo.compare_all(folder, out, networks=untrained):
        assert looked.file.name == "a.jpg" and not (out / "results.json").exists()
        break
    again = list(pose_demo.compare_all(str(folder), str(out), told.append, networks=untrained))
    assert [one.file.name for one in again] == ["broken.png", "b.JPG"]
    assert told == [many.Far(0, 0, 1, 3), many.Far(0, 1, 1, 3), many.Far(1, 1, 1, 3)]
    mine = (out / "results.json").read_text()
    assert run(folder, out, untrained) == 1 and (out / "results.json").read_text() == mine
    with pytest.raises(UserError, match="other networks or settings"):
        pose_demo.compare_all(folder, out, networks=untrained, flip=True)


def test_what_is_wrong_with_every_photo_is_said_once(folder, untrained):
    with pytest.raises(ValueError, match="unknown upsampling"):
        pose_demo.compare_all(folder, networks=untrained, upsampling="cubic")


def test_a_fault_of_one_photo_ends_nothing(folder, untrained, monkeypatch, caplog):
    real = many.compare

    def faulty(file, *rest, **how):
        if str(file).endswith("a.jpg"):
            raise MemoryError
        if str(file).endswith("broken.png"):
            raise UserError("network.no_device", name="moon")
        return real(file, *rest, **how)

    monkeypatch.setattr(many, "compare", faulty)
    names = [folder / name for name in ("a.jpg", "broken.png", "below")]
    fault, told, fine = pose_demo.compare_all(names, networks=untrained)
    assert "MemoryError" in str(fault.error) and fine.result is not None and caplog.text.count("Traceback") == 1
    assert told.error.key == "network.no_device", "what was meant for people is said as it is"


def test_one_file_for_the_folder_a_line_for_each_failure(folder, tmp_path, untrained, capsys):
    assert run(folder, tmp_path / "out", untrained, "--pictures") == 1
    said = capsys.readouterr()
    assert said.err.strip().splitlines() == [
        "compare: broken.png is damaged, its header makes no sense: get the file again"
    ]
    assert "2 photos compared, 0 were done before, 1 failed" in said.out
    coco = COCO(str(tmp_path / "out" / "results.json"))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == ["a.jpg", "below/b.JPG"]
    assert [c["name"] for c in coco.cats.values()] == ["person"]
    alone = pose_demo.compare(folder / "a.jpg", networks=untrained)
    first = [each for each in coco.loadAnns(coco.getAnnIds(imgIds=[1])) if each["person_number"] == 1]
    for annotation, pose in zip(first, alone.poses, strict=True):
        assert annotation["network"] == pose.network and annotation["num_keypoints"] == 14
        points = np.reshape(annotation["keypoints"], (14, 3))
        np.testing.assert_allclose(points[:, :2], pose.joints, atol=0.001)
        x, y, width, height = annotation["bbox"]
        np.testing.assert_allclose((x, y, x + width, y + height), alone.box, atol=0.02)
    size = Image.open(tmp_path / "out/skeletons/below/b.JPG.jpg").size
    photo = coco.loadImgs([2])[0]
    assert size == (2 * photo["width"], photo["height"])


def test_the_same_call_again_goes_on(folder, tmp_path, untrained, capsys):
    """Killed in the middle of a line, a photo changed, one mended: what is whole and the same is not done again."""
    out = tmp_path / "out"
    assert run(folder, out, untrained) == 1
    before = json.loads((out / "results.json").read_text())
    lines = (out / "results.lines").read_bytes()
    (out / "results.lines").write_bytes(lines[:-40])  # the last photo's line is cut
    (out / "results.json").unlink()
    shutil.copy(folder / "a.jpg", folder / "broken.png")
    capsys.readouterr()
    assert run(folder, out, untrained, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["done"], said["before"], said["failed"]) == (2, 1, 0)
    after = json.loads((out / "results.json").read_text())
    names = [image["file_name"] for image in after["images"]]
    assert names == ["a.jpg", "broken.png", "below/b.JPG"]
    assert after["annotations"][:2] == before["annotations"][:2]
    Image.open(folder / "a.jpg").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "a.jpg")
    assert run(folder, out, untrained, "--json") == 0
    assert json.loads(capsys.readouterr().out)["done"] == 1
    assert len(json.loads((out / "results.json").read_text())["images"]) == 3


def test_results_of_other_settings_are_not_mixed(folder, tmp_path, untrained, capsys):
    assert run(folder, tmp_path / "out", untrained) == 1
    assert run(folder, tmp_path / "out", untrained, "--flip") == 1
    assert "results of other networks or settings" in capsys.readouterr().err
    with pytest.raises(UserError):
        many.Results(tmp_path / "out", {})


def test_another_folders_photos_are_not_mixed(folder, tmp_path, untrained, capsys):
    """Those of the same name would pass as done, or stand in place of the first folder's."""
    shutil.copytree(folder, tmp_path / "other")  # with its times
    assert run(folder, tmp_path / "out", untrained) == 1
    assert run(tmp_path / "other", tmp_path / "out", untrained) == 1
    assert "results of another folder's photos" in capsys.readouterr().err


def test_photos_that_went_are_not_in_the_results(folder, tmp_path, untrained, monkeypatch):
    """One between two runs, one while it is looked at, and one that was whole before."""
    out, real = tmp_path / "out", many.compare

    def names():
        return [image["file_name"] for image in json.loads((out / "results.json").read_text())["images"]]

    def vanish(file, *rest, **how):
        found = real(file, *rest, **how)
        if str(file).endswith("b.JPG"):
            file.unlink()
        return found

    assert len(list(pose_demo.compare_all(folder, out, networks=untrained))) == 3
    assert names() == ["a.jpg", "below/b.JPG"]
    (folder / "a.jpg").write_bytes(b"\xff\xd8\xff broken now")
    (folder / "below" / "b.JPG").touch()
    monkeypatch.setattr(many, "compare", vanish)
    looked = list(pose_demo.compare_all(folder, out, networks=untrained))
    assert [one.result is not None for one in looked] == [False, False, True] and names() == ["below/b.JPG"]
    assert len(list(pose_demo.compare_all(folder, out, networks=untrained))) == 2 and names() == []


def test_what_was_done_without_pictures_does_not_count_as_done_with_them(folder, tmp_path, untrained, capsys):
    """Nor with those of another threshold."""
    assert run(folder, tmp_path / "out", untrained) == 1
    for more in ([], ["--threshold", "0.3"]):
        capsys.readouterr()
        assert run(folder, tmp_path / "out", untrained, "--pictures", *more) == 1
        assert "results of other networks or settings" in capsys.readouterr().err
        shutil.rmtree(tmp_path / "out")
        assert run(folder, tmp_path / "out", untrained, "--pictures") == 1
        assert (tmp_path / "out/skeletons/a.jpg.jpg").exists()


def test_an_empty_folder_and_a_box_for_many_are_errors(tmp_path, untrained, capsys):
    assert run(tmp_path, tmp_path / "out", untrained) == 1
    assert "no pictures in" in capsys.readouterr().err
    assert run(tmp_path, tmp_path / "out", untrained, "--box", "0", "0", "9", "9") == 1
    assert "a box belongs to one photo" in capsys.readouterr().err


def test_results_inside_the_folder_are_not_photos(folder, untrained):
    (folder / "broken.png").unlink()
    for _ in range(2):
        assert run(folder, folder / "out", untrained, "--pictures") == 0
    assert len(json.loads((folder / "out" / "results.json").read_text())["images"]) == 2
