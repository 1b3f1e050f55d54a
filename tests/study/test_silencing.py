"""What every arrow carries, over people: the same as cutting it by hand, photo by photo."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from asked import run, table
from labelled import write_crops
from PIL import Image

from pose_demo.decode import decode
from pose_demo.draw import study as drawing
from pose_demo.networks import model, silence, zoo
from pose_demo.study.labels import open_labels
from pose_demo.study.metrics import torso_lengths

NETWORK = "hourglass-slim"


def test_each_arrow_is_cut_in_every_photo(tmp_path):
    data = write_crops(tmp_path / "c.npz", 3)
    result = run("silence", data, tmp_path / "out", "--network", NETWORK)
    net, labels = zoo.load(NETWORK), open_labels([data])
    places = silence.places(net)
    assert [row["cut"] for row in result["rows"]] == ["", *places] and result["made"]["decoder"] == "dark"
    torso = torso_lengths(labels.people.joints, labels.joints)
    images = [labels.picture(k) for k in range(3)]
    seen = np.stack([np.asarray(Image.fromarray(i).resize((128, 128), Image.Resampling.BILINEAR)) for i in images])
    x, scale = model.tensor(seen, net), np.array([len(image) / 128 for image in images])

    def joints(cuts) -> np.ndarray:
        with torch.inference_mode():
            return 4 * decode(net(x, silence=cuts)[-1], "dark")[0].numpy() * scale[:, None, None]

    whole = joints({})
    for place in ("stack1.level2.skip", "stack1.feedback.heatmaps", "stack2.level0.upsampled"):
        row = next(row for row in result["rows"] if row["cut"] == place)
        moved = np.linalg.norm(joints({place: "zero"}) - whole, axis=2) / torso[:, None]
        assert row["kind"] == places[place]
        assert row["shift"]["torsos"]["value"] == pytest.approx(np.nanmean(moved[np.isfinite(torso)]), rel=0.02)
        assert set(row["moves"]) == set(labels.joints.joints)
    blank = next(row for row in result["rows"] if row["cut"] == "stack2")
    assert blank["shift"]["torsos"]["value"] is None and blank["measures"]["pck@0.2"]["value"] == 0
    tested = {test["b"].rpartition("|")[2] for test in result["tests"]}
    assert tested == set(places) - {"stack2"}, "where there is no answer, there is nothing to test"
    assert {line["cut"] for line in table(tmp_path / "out")} == {"", *places}
    assert len(drawing.figures(result)) == 2
