"""A group picture on the page: numbered people, one of them in the X-ray, and the network that found them."""

import io
import re

import numpy as np
from conftest import SCREENSHOTS, pin, settle, share_state
from pictures import beside_each_other
from PIL import Image

from pose_demo import compare
from pose_demo.networks.finder import overlaps


def test_everybody_is_one_click_from_the_xray_and_so_is_what_found_them(visit):
    photo, boxes = beside_each_other(5)
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    page = visit()
    share_state(page)
    page.set_input_files(".photo .file", {"name": "five.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_selector(".people .one:nth-child(5)")
    settle(page)
    assert page.locator(".people .one span").all_inner_texts() == ["1", "2", "3", "4", "5"]
    key = page.evaluate("pageState.key")
    x0, y0, x1, y1 = boxes[np.argmax(overlaps(compare(photo).people[2].box, boxes))]  # anywhere in it
    frame = page.locator(".photo .frame").bounding_box()
    share = (x0 + x1) / 2 / photo.shape[1], (y0 + 3 * y1) / 4 / photo.shape[0]
    page.mouse.click(frame["x"] + share[0] * frame["width"], frame["y"] + share[1] * frame["height"])
    page.wait_for_selector(".people .one:nth-child(3)[aria-pressed=true]")
    page.wait_for_function("key => pageState.key !== key", arg=key)
    third = compare(photo, who=3)
    x0, y0, x1, y1 = third.person
    typed = [float(page.input_value(f".photo form input[name={name}]")) for name in ("x0", "y0", "x1", "y1")]
    assert np.allclose(typed, [x0, y0, x1, y1], atol=0.06) and overlaps(np.array([third.person]), boxes).max() > 0.5
    page.screenshot(path=SCREENSHOTS / "five.png")

    key = page.evaluate("pageState.key")
    page.click(".photo .inside")
    page.wait_for_selector(".inside.card:visible")
    assert page.evaluate("pageState.networks") == ["finder", "finder"] and page.evaluate("pageState.key") != key
    page.screenshot(path=SCREENSHOTS / "finder.png")
    said = page.inner_text(".inside.card p")
    fine, coarse = (float(v) for v in re.search(r"is (\d+) cells high .* and ([\d.]+) on", said).groups())
    assert "of the 5 who were found" in said and abs(fine / 8 - coarse) < 0.1
    assert page.locator(".hit:visible, .bar-stops:visible, .matters-toggle:visible").count() == 0
    pin(page, '.map-scroll[data-side="0"] .cell[data-cell="heatmaps"]')
    page.click(".dock .close")
    page.click(".inside.card button")
    page.wait_for_function("pageState.networks[0] === 'hrnet-slim'")
    page.wait_for_selector(".inside.card", state="hidden")
