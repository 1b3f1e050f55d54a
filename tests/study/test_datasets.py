"""Four kinds of labels, one stream of records; what is broken is named and passed over."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from labelled import csv_row, encoded, person, picture, write_coco, write_crops, write_csv, write_mpii
from PIL import Image

from pose_demo.joints import COCO, LSP, MPII
from pose_demo.study.datasets import Bad, Record, open_set
from pose_demo.study.json_stream import _Reader, items
from pose_demo.study.views import Ready, prepare


def looked_at(records, sizes=((64, 64),)):
    """(good, bad): every record read, as a study does."""
    every = [prepare(record, list(sizes)) for record in records]
    return [r for r in every if isinstance(r, Ready)], [r for r in every if isinstance(r, Bad)]


def test_crops_are_what_training_sees_to_the_bit(crops):
    from pose_demo.training.data import load

    known = load(crops, (64, 48))
    good, bad = looked_at(open_set([crops]), [(64, 48)])
    assert not bad and len(good) == 10
    for k, ready in enumerate(good):
        view = ready.views[64, 48]
        np.testing.assert_array_equal(view.image, known.images[k].permute(1, 2, 0).numpy())
        there = np.column_stack([known.joints[k, :, :2].numpy(), np.ones(14)])
        found, marked = view.to_photo(there), ready.record.person.joints
        np.testing.assert_allclose(found[marked[:, 2] > 0, :2], marked[marked[:, 2] > 0, :2], atol=1e-3)
        assert ready.record.image_id == k and ready.record.name == f"crops.npz#{k}"


def test_shards_of_a_folder_follow_each_other(tmp_path):
    for k in (1, 0):
        write_crops(tmp_path / f"part-{k}.npz", 3, first=10 * k)
    found = [record.image_id for record in open_set([tmp_path])]
    assert found == [0, 1, 2, 10, 11, 12]
    assert [index for index, _ in open_set([tmp_path]).take(4)] == [0, 1, 2, 3]


def test_coco_people_know_who_stands_beside_them(tmp_path):
    records = list(open_set([write_coco(tmp_path)]))
    assert len(records) == 8, "the crowd and the person without joints are no records"
    first = records[0]
    assert first.person.box == (5, 10, 95, 100) and first.person.area == pytest.approx(0.6 * 8100)
    assert [len(r.others) for r in records] == [1] * 8
    np.testing.assert_array_equal(first.others[0].joints, records[1].person.joints)
    np.testing.assert_allclose(first.person.joints, person(COCO, (5, 10), 90, 10), atol=0.01)
    assert first.id == 100 and first.image_id == 1 and first.read().shape == (120, 200, 3)


def test_mpii_counts_from_one_and_has_hrnets_box_and_a_head(tmp_path):
    records = list(open_set([write_mpii(tmp_path)]))
    assert len(records) == 4 and records[3].image_id == "000000003.jpg"
    one = records[0].person
    labels = person(MPII, (30, 10), 100, 0)
    seen = (labels[:, 2] > 0) & (one.joints[:, 2] > 0)
    np.testing.assert_allclose(one.joints[seen, :2], labels[seen, :2], atol=1e-3)
    # centre (80, 55) counted from 1, moved down by 15 scales; the box is 200 scales wide
    assert one.box == pytest.approx((29, 11.5, 129, 111.5))
    neck, top = one.joints[MPII.index("neck")], one.joints[MPII.index("head top")]
    assert one.head == pytest.approx(np.linalg.norm(neck[:2] - top[:2]), rel=1e-5)


def test_mpii_in_its_other_form_and_with_a_head_box(tmp_path):
    write_mpii(tmp_path, 1)
    item = json.loads((tmp_path / "mpii.json").read_text())[0]
    marks = np.column_stack([item["joints"], item["joints_vis"]])
    other = {"img_paths": item["image"], "objpos": item["center"], "scale_provided": item["scale"],
             "joint_self": marks.tolist(), "headbox": [10, 10, 40, 50]}  # fmt: skip
    (tmp_path / "other.json").write_text(json.dumps([other]))
    ours, theirs = next(iter(open_set([tmp_path / "mpii.json"]))), next(iter(open_set([tmp_path / "other.json"])))
    np.testing.assert_array_equal(ours.person.joints, theirs.person.joints)
    assert ours.person.box == theirs.person.box and theirs.person.head == pytest.approx(0.6 * 50)


def test_a_folder_with_a_csv(tmp_path):
    Image.fromarray(picture(90, 70, 1)).save(tmp_path / "a.png")
    labels = person(LSP, (5, 5), 60, 3)
    boxed = csv_row("a.png", labels, x0=2, y0=3, x1=60, y1=80, head=11.5, id="first")
    plain = csv_row("a.png", labels, x0="", y0="", x1="", y1="", head="", id="")
    nobody = csv_row("a.png", np.zeros((14, 3)), x0="", y0="", x1="", y1="", head="", id="")
    write_csv(tmp_path, [boxed, plain, nobody])
    known = open_set([tmp_path])
    assert known.kind == "csv" and known.joints is LSP
    first, second, third = known
    np.testing.assert_allclose(first.person.joints, labels, rtol=1e-6)
    assert first.person.box == (2, 3, 60, 80) and first.person.head == 11.5 and first.image_id == "first"
    marked = labels[labels[:, 2] > 0]
    assert second.person.box == pytest.approx((*(marked[:, :2].min(0) - 0.5), *(marked[:, :2].max(0) + 0.5)))
    assert second.image_id == "a.png" and third.person.box is None
    assert len(looked_at([third])[0]) == 1, "without a box the photo itself is looked at"


def test_coco_columns_in_a_csv_are_coco_joints(tmp_path):
    write_csv(tmp_path, [csv_row("a.png", person(COCO, (0, 0), 60), COCO)])
    assert open_set([tmp_path]).joints is COCO
    write_csv(tmp_path, [csv_row("a.png", person(MPII, (0, 0), 60), MPII)])
    assert open_set([tmp_path]).joints is MPII and open_set([tmp_path], "lsp").joints is LSP


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"left wrist x": "nan"}, "not a number"),
        ({"left wrist x": "many"}, "has 'many' as left wrist x"),
        ({"left wrist x": 500}, "lies outside the photo of 70 by 90"),
        ({"left wrist y": ""}, "only one of left wrist x and left wrist y"),
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
    good, bad = looked_at(open_set([tmp_path]))
    assert len(good) == 2 and len(bad) == 1
    assert reason in bad[0].reason and bad[0].name.startswith("people.csv:3") and "\n" not in str(bad[0])


def test_lines_of_unequal_length_in_a_csv(tmp_path):
    Image.fromarray(picture(90, 70, 1)).save(tmp_path / "a.png")
    (tmp_path / "people.csv").write_text("image,x0,y0,x1,y1\na.png,1,1,50,50\na.png,1,1\na.png,1,1,50,50,7\n")
    good, bad = looked_at(open_set([tmp_path]))
    assert len(good) == 1 and [b.name for b in bad] == ["people.csv:3 a.png", "people.csv:4 a.png"]
    assert all("more or fewer cells" in b.reason for b in bad)


def test_bad_rows_of_an_archive(tmp_path):
    write_crops(tmp_path / "fine.npz", 5)
    arrays = dict(np.load(tmp_path / "fine.npz"))
    arrays["joints"][1, 3, 0] = np.nan
    arrays["joints"][1, 3, 2] = 1
    arrays["joints"][2, 0] = 400, 3, 1
    arrays["size"][3] = 50
    file = write_crops(tmp_path / "bad.npz", 5, **{**arrays, "image_id": arrays["image_id"][:4]})
    good, bad = looked_at(open_set([file]))
    assert [r.record.name for r in good] == ["bad.npz#0"]
    assert [(b.name, b.reason) for b in bad] == [
        ("bad.npz#1", "a joint is not a number"),
        ("bad.npz#2", "a joint lies outside the photo of 80 by 80 pixels"),
        ("bad.npz#3", "the picture is 64 by 64, its label says 50 by 50"),
        ("bad.npz#4", "has no image_id: the archive's arrays have unequal lengths"),
    ]


def test_pictures_that_are_not_where_the_archive_says(tmp_path):
    broken = encoded(picture(64, 64, 0))[:20]
    webp = broken + encoded(picture(64, 64, 1))
    offset = np.array([0, len(broken), len(webp), len(webp) + 99])
    file = write_crops(tmp_path / "x.npz", 3, webp=np.frombuffer(webp, np.uint8), offset=offset,
                       size=np.array([64] * 3), joints=np.zeros((3, 14, 3)))  # fmt: skip
    good, bad = looked_at(open_set([file]))
    assert [r.record.name for r in good] == ["x.npz#1"] and [b.name for b in bad] == ["x.npz#0", "x.npz#2"]
    assert "are no picture" in bad[1].reason


def test_an_archive_that_is_empty_or_none(tmp_path):
    (tmp_path / "0.npz").write_bytes(b"no archive")
    write_crops(tmp_path / "1.npz", 0, webp=np.zeros(0, np.uint8))
    write_crops(tmp_path / "2.npz", 2)
    write_crops(tmp_path / "3.npz", 2, joints=np.zeros((2, 17, 3), np.float32))
    np.savez(tmp_path / "4.npz", joints=np.zeros((2, 14, 3)))
    good, bad = looked_at(open_set([tmp_path], "lsp"))
    assert len(good) == 2 and [b.name for b in bad] == ["0.npz", "1.npz", "3.npz", "4.npz"]
    assert "cannot be read" in bad[0].reason and bad[1].reason == "holds no record"
    assert "(2, 17, 3)" in bad[2].reason and "has no size" in bad[3].reason


def test_bad_annotations_of_coco(tmp_path):
    file = write_coco(tmp_path)
    data = json.loads(file.read_text())
    people = data["annotations"]
    people[0]["keypoints"] = people[0]["keypoints"][:-3]
    people[1]["keypoints"][0] = float("nan")
    people[1]["keypoints"][2] = 2
    people[2]["image_id"] = 999
    del people[3]["area"]
    people[4]["bbox"] = [5, 5, -3, 10]
    people.insert(6, "nonsense")
    (tmp_path / f"{4:012d}.jpg").unlink()
    file.write_text(json.dumps(data))
    good, bad = looked_at(open_set([file]))
    assert len(good) == 1 and good[0].record.id == 105
    reasons = "; ".join(str(b) for b in bad)
    for said in ("annotation 100: has 48 keypoint numbers, not 51", "annotation 101: a joint is not a number",
                 "annotation 102: its image 999 is not", "annotation 103: has no area", "is no annotation",
                 "annotation 104: the person's box is empty", "106: there is no file", "107: there is no"):  # fmt: skip
        assert said in reasons


def test_a_label_file_that_breaks_off_gives_what_it_holds(tmp_path):
    file = write_mpii(tmp_path)
    file.write_text(file.read_text()[:-200])
    records = list(open_set([file]))
    assert [type(r) for r in records] == [Record, Record, Record, Bad]
    assert "not usable JSON" in records[-1].reason


def test_bad_people_of_mpii(tmp_path):
    file = write_mpii(tmp_path)
    people = json.loads(file.read_text())
    people[0]["joints"].pop()
    del people[1]["scale"]
    people[2] = {"scale": 1, "center": [1, 1]}
    file.write_text(json.dumps(people))
    good, bad = looked_at(open_set([file]))
    assert len(good) == 1
    assert [b.reason for b in bad] == ["has 15 joints and 16 marks of visibility", "has no scale", "names no image"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "x", "is no set of labels"),
        ("folder", None, "holds no .npz and no .csv"),
        ("gone.npz", None, "there is no"),
        ("a.npz", "no archive", "cannot be read as crops"),
        ("a.csv", "image,nose x\na.png,1\n", "no whole set of joints"),
    ],
)
def test_what_is_no_set_at_all_is_said_in_a_sentence(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    elif name == "folder":
        path.mkdir()
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        open_set([path])


def test_kinds_do_not_mix(tmp_path):
    with pytest.raises(ValueError, match="labels of one kind, these are coco, crops"):
        open_set([write_coco(tmp_path), write_crops(tmp_path / "a.npz", 1)])


def test_memory_does_not_grow_with_the_set(tmp_path, monkeypatch):
    monkeypatch.setattr("pose_demo.study.json_stream._CHUNK", 1 << 14)

    def peak(count: int, kind: str) -> int:
        folder = tmp_path / f"{kind}{count}"
        folder.mkdir()
        labels = person(LSP, (5, 5), 60, 3)
        if kind == "csv":
            path = write_csv(folder, [csv_row(f"{k}.png", labels) for k in range(count)])
        elif kind == "mpii":
            item = {"center": [30, 30], "scale": 0.3, "joints": [[9, 9]] * 16, "joints_vis": [1] * 16}
            path = folder / "m.json"
            path.write_text(json.dumps([{**item, "image": f"{k}.jpg"} for k in range(count)]))
        else:
            one = encoded(picture(64, 64, 0))
            path = folder / "c.npz"
            np.savez(path, webp=np.frombuffer(one * count, np.uint8), offset=np.arange(count + 1) * len(one),
                     size=np.full(count, 64), joints=np.tile(labels, (count, 1, 1)),
                     image_id=np.arange(count))  # fmt: skip
        known = open_set([path])
        tracemalloc.start()
        assert sum(isinstance(record, Record) for record in known) == count
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    for kind in ("csv", "mpii", "crops"):
        assert peak(1500, kind) < peak(150, kind) + 300_000, kind


def test_json_item_by_item(tmp_path, monkeypatch):
    monkeypatch.setattr("pose_demo.study.json_stream._CHUNK", 7)
    data = {"info": {"a": [1, {"b": 3}]}, "images": [{"id": k, "n": 'é"]}'} for k in range(9)], "x": 12345,
            "annotations": [1.5, 123456789, "s", None, [1, [2]]], "end": 3}  # fmt: skip
    file = tmp_path / "a.json"
    file.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    found = list(items(file))
    assert [v for k, v in found if k == "images"] == data["images"]
    assert [v for k, v in found if k == "annotations"] == data["annotations"] and len(found) == 14
    file.write_text("[1, 22, NaN, 333]")
    assert [v for _, v in items(file) if v == v] == [1, 22, 333]


@pytest.mark.parametrize(
    "text", ["", "[1,2", '{"a":[1,2}', "[1 2]", '"x"', '{"a" 1}', '[1,{"a":tru}]', '{"a": [1]', "[1,"]
)
def test_what_is_no_json_is_said_with_its_place(tmp_path, text):
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"a\.json is not usable JSON at character \d+"):
        list(items(file))


def test_bytes_that_are_no_text(tmp_path):
    file = tmp_path / "a.json"
    file.write_bytes(b'["\xff\xfe"]')
    with pytest.raises(ValueError, match="not UTF-8"):
        list(items(file))


def test_the_search_for_an_items_end_stops(tmp_path, monkeypatch):
    monkeypatch.setattr("pose_demo.study.json_stream._CHUNK", 100)
    monkeypatch.setattr("pose_demo.study.json_stream._LARGEST", 1000)
    file = tmp_path / "a.json"
    file.write_text('["' + "x" * 100_000)
    read = []
    more = _Reader.more
    monkeypatch.setattr(_Reader, "more", lambda self: read.append(1) or more(self))
    with pytest.raises(ValueError, match="not usable JSON"):
        list(items(file))
    assert len(read) < 20
