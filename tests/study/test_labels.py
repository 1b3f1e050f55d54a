"""Four kinds of labels, read once into arrays; what is broken keeps its row, with the reason."""

from __future__ import annotations

import codecs
import json
from dataclasses import replace

import numpy as np
import pytest
from labelled import csv_row, encoded, person, picture, write_coco, write_crops, write_csv, write_mpii
from PIL import Image

from pose_demo.joints import COCO, LSP, MPII
from pose_demo.networks import zoo
from pose_demo.study.labels import Labels, open_labels
from pose_demo.study.people import PhotoIndex, photo_of
from pose_demo.study.predict import Predictor
from pose_demo.study.variants import Variant


def predictor_of(labels: Labels, size) -> Predictor:
    return Predictor(labels, {"any": zoo.build("hrnet-slim", 14)}, (Variant("any", size, "nearest"),))


def read(labels: Labels, row: int):
    """A row's picture is read as a study does it: the cut-out by size, or the reason why there is none."""
    return predictor_of(labels, (64, 64)).read(row)


def usable(labels: Labels) -> tuple[list[int], dict[str, str]]:
    """(rows that can be used, {name: reason} of the others)."""
    found = {row: read(labels, row) for row in range(len(labels.people))}
    bad = {labels.people.name[row]: view for row, view in found.items() if isinstance(view, str)}
    return [row for row, view in found.items() if not isinstance(view, str)], bad


def test_crops_are_what_training_sees_to_the_bit(crops):
    from pose_demo.training.data import load

    known, labels = load(crops, (64, 48)), open_labels([crops])
    predictor = predictor_of(labels, (64, 48))
    for k in range(10):
        image, scale, offset = predictor.read(k)[(64, 48), "centre"]
        np.testing.assert_array_equal(image, known.images[k].permute(1, 2, 0).numpy())
        marked = labels.people.joints[k]
        seen = marked[:, 2] > 0
        found = known.joints[k, :, :2].numpy() * scale + offset
        np.testing.assert_allclose(found[seen], marked[seen, :2], atol=1e-3)
        assert labels.photos[k].id == k and labels.people.name[k] == f"crops.npz#{k}"


def test_shards_of_a_folder_follow_each_other(tmp_path):
    for k in (1, 0):
        write_crops(tmp_path / f"part-{k}.npz", 3, first=10 * k)
    labels = open_labels([tmp_path])
    assert [labels.photos[photo].id for photo in labels.people.photo] == [0, 1, 2, 10, 11, 12]
    np.testing.assert_array_equal(labels.picture(3), open_labels([tmp_path / "part-1.npz"]).picture(0))


def test_coco_people_know_who_stands_beside_them(tmp_path):
    labels = open_labels([write_coco(tmp_path)])
    assert len(labels.people) == 8, "the crowd and the person without joints are not asked for"
    assert labels.people.box[0].tolist() == [5, 10, 95, 100] and labels.people.area[0] == pytest.approx(0.6 * 8100)
    assert labels.beside.tolist() == [[k, k ^ 1] for k in range(8)]
    np.testing.assert_allclose(labels.people.joints[0], person(COCO, (5, 10), 90, 10), atol=0.01)
    assert labels.people.name[0] == "000000000001.jpg in people.json annotation 100"
    assert labels.photos[0].id == 1 and labels.picture(0).shape == (120, 200, 3)
    assert labels.ignored.crowd.tolist() == [True, False] and len(labels.photos) == 4


def test_mpii_counts_from_one_and_has_hrnets_box_and_a_head(tmp_path):
    labels = open_labels([write_mpii(tmp_path)])
    assert len(labels.people) == 4 and labels.photos[3].id == "000000003.jpg"
    joints, known = labels.people.joints[0], person(MPII, (30, 10), 100, 0)
    seen = (known[:, 2] > 0) & (joints[:, 2] > 0)
    np.testing.assert_allclose(joints[seen, :2], known[seen, :2], atol=1e-3)
    # centre (80, 55) counted from 1, moved down by 15 scales; the box is 200 scales wide
    assert labels.people.box[0] == pytest.approx((29, 11.5, 129, 111.5))
    neck, top = joints[MPII.index("neck")], joints[MPII.index("head top")]
    assert labels.people.head[0] == pytest.approx(np.linalg.norm(neck[:2] - top[:2]), rel=1e-5)


def test_mpii_in_its_other_form_and_with_a_head_box(tmp_path):
    write_mpii(tmp_path, 1)
    item = json.loads((tmp_path / "mpii.json").read_text())[0]
    marks = np.column_stack([item["joints"], item["joints_vis"]])
    other = {"img_paths": item["image"], "objpos": item["center"], "scale_provided": item["scale"],
             "joint_self": marks.tolist(), "headbox": [10, 10, 40, 50]}  # fmt: skip
    (tmp_path / "other.json").write_text(json.dumps([other]))
    ours, theirs = (open_labels([tmp_path / name]).people for name in ("mpii.json", "other.json"))
    np.testing.assert_array_equal(ours.joints, theirs.joints)
    np.testing.assert_array_equal(ours.box, theirs.box)
    assert theirs.head[0] == pytest.approx(0.6 * 50)


def test_a_folder_with_a_csv(tmp_path):
    Image.fromarray(picture(90, 70, 1)).save(tmp_path / "a.png")
    known = person(LSP, (5, 5), 60, 3)
    boxed = csv_row("a.png", known, x0=2, y0=3, x1=60, y1=80, head=11.5, id="first")
    plain = csv_row("a.png", known, x0="", y0="", x1="", y1="", head="", id="")
    nobody = csv_row("a.png", np.zeros((14, 3)), x0="", y0="", x1="", y1="", head="", id="")
    write_csv(tmp_path, [boxed, plain, nobody])
    labels = open_labels([tmp_path])
    assert labels.kind == "csv" and labels.joints is LSP and [p.id for p in labels.photos] == ["first", "a.png"]
    np.testing.assert_allclose(labels.people.joints[0], known, rtol=1e-6)
    assert labels.people.box[0].tolist() == [2, 3, 60, 80] and labels.people.head[0] == 11.5
    marked = known[known[:, 2] > 0]
    assert labels.people.box[1] == pytest.approx((*(marked[:, :2].min(0) - 0.5), *(marked[:, :2].max(0) + 0.5)))
    assert np.isnan(labels.people.box[2]).all() and usable(labels) == ([0, 1, 2], {}), "without a box: the photo itself"


def test_coco_columns_in_a_csv_are_coco_joints(tmp_path):
    write_csv(tmp_path, [csv_row("a.png", person(COCO, (0, 0), 60), COCO)])
    assert open_labels([tmp_path]).joints is COCO
    write_csv(tmp_path, [csv_row("a.png", person(MPII, (0, 0), 60), MPII)])
    assert open_labels([tmp_path]).joints is MPII and open_labels([tmp_path], "lsp").joints is LSP


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"left wrist x": "nan"}, "not a number"),
        ({"left wrist x": "many"}, "has 'many' as left wrist x"),
        ({"left wrist x": 500}, "lies outside the photo of 70 by 90"),
        ({"left wrist y": ""}, "only some of left wrist x, left wrist y"),
        ({"image": "nobody.png"}, "there is no file"),
        ({"image": ""}, "names no image"),
        ({"image": "text.png"}, "no picture"),
        ({"x0": 1}, "only some of x0"),
        ({"x0": 50, "y0": 5, "x1": 40, "y1": 9}, "box is empty"),
        ({"x0": 500, "y0": 5, "x1": 540, "y1": 9}, "box lies outside"),
    ],
)
def test_a_bad_line_of_a_csv_is_named_and_the_others_go_on(tmp_path, change, reason):
    Image.fromarray(picture(90, 70, 1)).save(tmp_path / "a.png")
    (tmp_path / "text.png").write_text("no picture at all")
    row = {**csv_row("a.png", person(LSP, (5, 5), 60, 3, marked=1)), "x0": "", "y0": "", "x1": "", "y1": ""}
    write_csv(tmp_path, [row, {**row, **change}, row])
    good, bad = usable(open_labels([tmp_path]))
    ((name, said),) = bad.items()
    assert good == [0, 2] and reason in said and name.startswith("people.csv:3") and "\n" not in said


def test_lines_of_unequal_length_in_a_csv(tmp_path):
    Image.fromarray(picture(90, 70, 1)).save(tmp_path / "a.png")
    (tmp_path / "people.csv").write_text("image,x0,y0,x1,y1\na.png,1,1,50,50\na.png,1,1\na.png,1,1,50,50,7\n")
    good, bad = usable(open_labels([tmp_path]))
    assert good == [0] and list(bad) == ["people.csv:3 a.png", "people.csv:4 a.png"]
    assert all("more or fewer cells" in reason for reason in bad.values())


def test_bad_rows_of_an_archive(tmp_path):
    write_crops(tmp_path / "fine.npz", 5)
    arrays = dict(np.load(tmp_path / "fine.npz"))
    arrays["joints"][1, 3, 0] = np.nan
    arrays["joints"][1, 3, 2] = 1
    arrays["joints"][2, 0] = 400, 3, 1
    arrays["size"][3] = 50
    file = write_crops(tmp_path / "bad.npz", 5, **{**arrays, "image_id": arrays["image_id"][:4]})
    assert usable(open_labels([file])) == ([0], {
        "bad.npz#1": "a joint is not a number",
        "bad.npz#2": "a joint lies outside the photo of 80 by 80 pixels",
        "bad.npz#3": "the picture is 64 by 64, its label says 50 by 50",
        "bad.npz#4": "has no image_id: the archive's arrays have unequal lengths",
    })  # fmt: skip


def test_pictures_that_are_not_where_the_archive_says(tmp_path):
    broken = encoded(picture(64, 64, 0))[:20]
    webp = broken + encoded(picture(64, 64, 1))
    offset = np.array([0, len(broken), len(webp), len(webp) + 99])
    file = write_crops(tmp_path / "x.npz", 3, webp=np.frombuffer(webp, np.uint8), offset=offset,
                       size=np.array([64] * 3), joints=np.zeros((3, 14, 3)))  # fmt: skip
    good, bad = usable(open_labels([file]))
    assert good == [1] and list(bad) == ["x.npz#0", "x.npz#2"] and "are no picture" in bad["x.npz#2"]


def test_a_fault_at_one_picture_is_a_bad_record_with_its_trace_in_the_log(tmp_path, caplog):
    labels = open_labels([write_crops(tmp_path / "x.npz", 2)])
    labels.photos[0] = replace(labels.photos[0], read=lambda: np.zeros(3).reshape(2, 2))
    assert usable(labels) == ([1], {"x.npz#0": "x.npz#0 could not be looked at: ValueError; the log says more"})
    assert "cannot reshape" in caplog.text


def test_an_archive_that_is_empty_or_none(tmp_path):
    (tmp_path / "0.npz").write_bytes(b"no archive")
    write_crops(tmp_path / "1.npz", 0, webp=np.zeros(0, np.uint8))
    write_crops(tmp_path / "2.npz", 2)
    write_crops(tmp_path / "3.npz", 2, joints=np.zeros((2, 17, 3), np.float32))
    np.savez(tmp_path / "4.npz", joints=np.zeros((2, 14, 3)))
    good, bad = usable(open_labels([tmp_path], "lsp"))
    assert len(good) == 2 and list(bad) == ["0.npz", "1.npz", "3.npz", "4.npz"]
    assert "cannot be read" in bad["0.npz"] and bad["1.npz"] == "holds no record"
    assert "(2, 17, 3)" in bad["3.npz"] and "has no size" in bad["4.npz"]


def test_bad_annotations_of_coco(tmp_path):
    file = write_coco(tmp_path)
    data = json.loads(file.read_text())
    people = data["annotations"]
    people[0]["keypoints"] = people[0]["keypoints"][:-3]
    people[1]["keypoints"][0:3] = [float("nan"), 3, 2]
    people[2]["image_id"] = 999
    people[3]["keypoints"] = "somewhere"
    people.insert(6, "nonsense")
    (tmp_path / f"{4:012d}.jpg").unlink()
    file.write_text(json.dumps(data))
    labels = open_labels([file])
    good, bad = usable(labels)
    assert [labels.people.name[row].split()[-1] for row in good] == ["104", "105"]
    reasons = "; ".join(f"{name}: {reason}" for name, reason in bad.items())
    for said in ("annotation 100: has 48 keypoint numbers, not 51", "annotation 101: a joint is not a number",
                 "annotation 102: its image 999 is not", "annotation 103: its keypoints are no list of numbers",
                 "is no annotation", "106: there is no file", "107: there is no"):  # fmt: skip
        assert said in reasons


def changed(file, change) -> Labels:
    """A COCO file after `change` has been at its data."""
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))
    return open_labels([file])


def test_odd_annotations_are_read_as_what_they_mean(tmp_path):
    file = write_coco(tmp_path)
    plain = open_labels([file]).people

    def odd(data):
        first, second, third, fourth, fifth, sixth = data["annotations"][:6]
        first |= {"id": "a-7", "keypoints": [str(v) for v in first["keypoints"]], "iscrowd": "0"}
        second["keypoints"] = np.reshape(second["keypoints"], (17, 3)).tolist()
        third["keypoints"] = [None if v == 0 and k % 3 < 2 else v for k, v in enumerate(third["keypoints"])]
        del third["area"]
        fourth |= {"bbox": [], "image_id": "2", "area": None}
        fifth |= {"bbox": [5, 5, -3, 10], "iscrowd": None, "image_id": 3.0}
        del sixth["bbox"], sixth["id"], sixth["category_id"]
        data["annotations"][8]["iscrowd"] = "1"
        for item in data["images"]:
            (tmp_path / "val").mkdir(exist_ok=True)
            (tmp_path / item["file_name"]).rename(tmp_path / "val" / item["file_name"])
            item["file_name"] = f"val\\{item['file_name']}"

    labels = changed(file, odd)
    assert usable(labels) == (list(range(8)), {})
    np.testing.assert_array_equal(labels.people.joints, plain.joints)
    np.testing.assert_array_equal(labels.people.photo, plain.photo)
    np.testing.assert_array_equal(np.isnan(labels.people.area), [False, False, True, True] + [False] * 4)
    for row in (3, 4, 5):  # no box, an empty one, none at all: the joints'
        marked = plain.joints[row, plain.joints[row, :, 2] > 0, :2]
        assert labels.people.box[row] == pytest.approx((*(marked.min(0) - 0.5), *(marked.max(0) + 0.5)))
    assert labels.ignored.crowd.tolist() == [True, False] and "annotation number 5" in labels.people.name[5]


def test_joints_in_another_order_are_put_in_order_by_name(tmp_path):
    file = write_coco(tmp_path)
    plain = open_labels([file])

    def reverse(data):
        names = [joint.replace(" ", "_").title() for joint in COCO.joints]
        data["categories"] = [{"id": 1, "name": "person", "keypoints": ["tail", *names[::-1]]}]
        for item in data["annotations"]:
            item["keypoints"] = [9, 9, 2, *np.reshape(item["keypoints"], (17, 3))[::-1].ravel().tolist()]

    labels = changed(file, reverse)
    np.testing.assert_array_equal(labels.people.joints, plain.people.joints)
    assert labels.order == tuple(range(17, 0, -1)) and labels.listed == 18


def test_mpii_s_joints_in_cocos_format_are_mpii(tmp_path):
    def mpii(data):
        names = [{"neck": "upper_neck"}.get(joint, joint.replace(" ", "_")) for joint in MPII.joints]
        data["categories"] = [{"id": 1, "name": "person", "keypoints": names}]
        for item in data["annotations"]:
            item["keypoints"] = item["keypoints"][:48]

    labels = changed(write_coco(tmp_path), mpii)
    assert labels.joints is MPII and labels.kind == "coco" and len(labels.people) == 8


def test_an_unknown_joint_set_is_refused_by_naming_both_lists(tmp_path):
    def hands(data):
        data["categories"] = [{"id": 1, "name": "person", "keypoints": ["thumb", "index finger"]}]

    with pytest.raises(ValueError, match=r"has the joints thumb, index finger, which are no whole set.*nose, left eye"):
        changed(write_coco(tmp_path), hands)


def test_other_categories_are_no_people(tmp_path):
    file = write_coco(tmp_path)

    def dogs(data):
        data["categories"] = [{"id": 18, "name": "dog"}, {"id": "1", "name": "Person"}]
        data["annotations"][1]["category_id"] = 18

    labels = changed(file, dogs)
    assert len(labels.people) == 7 and [name.split()[-1] for name in labels.people.name][:2] == ["100", "102"]
    with pytest.raises(ValueError, match="has no category person, but dog, cat"):
        changed(file, lambda data: data.update(categories=[{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]))


def test_a_label_file_that_breaks_off_is_refused_with_the_place(tmp_path):
    file = write_mpii(tmp_path)
    file.write_text(file.read_text()[:-200])
    with pytest.raises(ValueError, match=r"mpii\.json is not usable JSON: .* line 1 column \d+"):
        open_labels([file])


def test_predictions_are_not_labels(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps([{"image_id": 1, "keypoints": [1, 2, 3], "score": 1}]))
    with pytest.raises(ValueError, match=r"holds predictions, not labels: give it as --predictions NAME=p\.json"):
        open_labels([tmp_path / "p.json"])


def test_bad_people_of_mpii(tmp_path):
    file = write_mpii(tmp_path)
    people = json.loads(file.read_text())
    people[0]["joints"].pop()
    del people[1]["scale"]
    people[2] = {"scale": 1, "center": [1, 1]}
    people += ["nobody", {**people[3], "joints_vis": [None] * 16}, {**people[3], "scale": 0}]
    file.write_text(json.dumps(people))
    good, bad = usable(open_labels([file]))
    assert good == [3]
    assert list(bad.values()) == [
        "has 15 joints and 16 marks of visibility", "has no scale", "names no image", "names no image",
        "a joint is not a number", "the person's box is empty or not a number",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "x", "is no set of labels"),
        ("folder", None, "holds 0 .csv and no .npz"),
        ("gone.npz", None, "there is no"),
        ("a.npz", "no archive", "cannot be read as crops"),
        ("a.csv", "image,nose x\na.png,1\n", "no whole set of joints"),
        ("a.csv", "image;left wrist x;left wrist y\na.png;1;2\n", "no whole set of joints"),
        ("a.csv", "file;nose x\na.png;1\n", "has no column image; its first line is 'file;nose x'"),
        ("a.csv", "image,kp 1,kp 2\na.png,1,2\n", "numbers in columns that are not understood: kp 1, kp 2"),
        ("a.csv", "image,Head,head\na.png,1,2\n", "the column head twice"),
        ("a.csv", "", "has no column image"),
        ("a.csv", b"image,id\na.png,\xff\xff\xff\n", "neither UTF-8 nor UTF-16 nor GBK"),
        ("a.json", "", "not usable JSON"),
        ("a.json", '{"a": tru}', "not usable JSON"),
        ("a.json", b'["\xff\xfe"]', "neither UTF-8 nor UTF-16"),
        ("a.json", "3", "no lists of images and annotations"),
        ("a.json", '{"images": []}', "no lists of images and annotations"),
    ],
)
def test_what_is_no_set_at_all_is_said_in_a_sentence(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    elif name == "folder":
        path.mkdir()
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        open_labels([path])


def test_kinds_do_not_mix(tmp_path):
    with pytest.raises(ValueError, match="labels of one kind, these are coco, crops"):
        open_labels([write_coco(tmp_path), write_crops(tmp_path / "a.npz", 1)])


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "utf-16-le", "gbk"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_csv_as_spreadsheets_write_it(tmp_path, separator, coding):
    name = "\u7167\u7247.png"
    Image.fromarray(picture(90, 70, 1)).save(tmp_path / name)
    known = person(LSP, (5, 5), 60, 3, marked=0.7)
    row = csv_row(name, known.round(2), head=11.5)
    shown = {"image": "Image", "left wrist x": "Left_Wrist_X", "left wrist y": "left-wrist (y)", "head": "HEAD"}
    cells = [str(v).replace(".", ",") if separator == ";" and k != "image" else str(v) for k, v in row.items()]
    lines = [separator.join(shown.get(k, k) for k in row), separator.join(cells), ""]
    (tmp_path / "people.csv").write_bytes("\r\n".join(lines).encode(coding))
    labels = open_labels([tmp_path])
    assert usable(labels) == ([0], {}) and labels.people.head[0] == 11.5
    np.testing.assert_allclose(labels.people.joints[0], known, atol=0.01)


def test_labels_in_utf_16(tmp_path):
    file = write_coco(tmp_path)
    text = file.read_text()
    file.write_bytes(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    assert len(open_labels([file]).people) == 8


def test_a_photo_is_found_by_whatever_somebody_calls_it(tmp_path):
    index = PhotoIndex([photo_of(tmp_path, 139, "val\\000000000139.jpg"), photo_of(tmp_path, "x", "a/b.png"),
                        photo_of(tmp_path, "001", "c/b.png"), photo_of(tmp_path, "1", "d.png")])  # fmt: skip
    for name in (139, 139.0, "139", "139.0", "000000000139", "val/000000000139.jpg", "000000000139.jpg", " 139 "):
        assert index(name) == [0], name
    assert index("x") == index("a/b.png") == index("a\\b.png") == [1]
    assert index("001") == [2] and index(1) == index(1.0) == [3] and index("1.0") == [2, 3], "exactly so first"
    assert index("b.png") == [1, 2] and index("d") == [3]
    assert index("e") == index(None) == index(13) == [] and index("d", files=False) == []
