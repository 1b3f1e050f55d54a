"""What is taken away is as good as the page: its pictures are compared with what Chromium shows."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import cairosvg
import numpy as np
import pytest
from conftest import pin
from PIL import Image
from test_xray import FUSED

from pose_demo import XRay
from pose_demo.examples import examples
from pose_demo.page.answers.maps import maps

#: Of 255, the mean difference of the channel that differs most; and the part of all pixels that may differ by 64 or
#: more. These are edges of lines, and with letters also those: CairoSVG and Chromium may take another "sans-serif".
MEAN, FAR, LETTERS = 8.0, 0.002, 0.05


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def apart(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """The mean difference, and the part of the pixels that are far apart, where both have some."""
    height, width = (min(one.shape[k], other.shape[k]) for k in (0, 1))
    gap = np.abs(one[:height, :width] - other[:height, :width]).max(axis=2)
    return gap.mean(), (gap >= 64).mean()


@pytest.fixture(scope="module")
def cut():
    """Two kinds of cuts, two words for them, and weights of both kinds."""
    silence = ({"stack1.level0.skip": "zero", "stack1": "flat"}, {"stage3.module1.branch0.from2": "zero"})
    return XRay(examples()[0], networks=["hourglass-slim", "hrnet-slim-untrained"], silence=silence)


def test_a_drawing_is_in_cairo_what_it_is_in_a_browser(cut, browser):
    def both(text: str) -> tuple[np.ndarray, np.ndarray]:
        root = ElementTree.fromstring(text)
        page = browser.new_page(viewport={name: int(root.get(name, 0)) for name in ("width", "height")})
        page.goto("data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode())
        shown, drawn = pixels(page.screenshot()), pixels(cairosvg.svg2png(bytestring=text.encode()))
        page.close()
        assert shown.shape == drawn.shape
        return shown, drawn

    shown = []
    for side in maps(cut, "en"):
        text = side["svg"]
        assert "<style" not in text and "var(" not in text and "data:image/png" in text
        assert text.count("<svg") == 1 and " href=" not in text, (
            "Inkscape clips no inner <svg> and knows xlink:href alone"
        )
        mean, far = apart(*both(text))
        assert mean < MEAN and far < LETTERS, (side["title"], mean, far)
        pictures = both(re.sub("<text.*?</text>", "", text))
        mean, far = apart(*pictures)
        assert mean < MEAN / 4 and far < FAR, (side["title"], mean, far)
        shown.append(pictures[0])
    assert apart(*shown)[1] > 20 * FAR, "two drawings that are not one are far apart"


def test_a_drawing_says_what_it_is_and_what_is_cut(cut):
    hourglass, hrnet = (side["svg"] for side in maps(cut, "en"))
    assert "UNTRAINED" in hrnet and "#c4141c" in hrnet and "UNTRAINED" not in hourglass
    assert "stack1.level0.skip (nothing), stack1 (its mean over the map)" in hourglass and cut.name in hourglass
    assert 'data-cut="stage3.module1.branch0.from2"' in hrnet and hrnet.count(" broken") == 1
    assert hourglass.count('class="rim gone"') == sum(name.startswith("stack1.") for name in cut.graph(0).picture)


@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_shows_what_the_page_shows(look, dark):
    page = look(height=2600, dark=dark)
    page.add_style_tag(content=".pixel-strip, .xray-sticky, header { visibility: hidden !important }")
    pin(page, FUSED)
    page.wait_for_selector(".term.total canvas")
    for view, shown in (("film", ".walk img"), ("story", ".moment canvas"), ("dock", ".term canvas"),
                        ("map0", ".thumb")):  # fmt: skip
        place = f"#xray-box {'.map-card' if view == 'map0' else '.' + view}"
        page.evaluate("at => document.querySelector(at).scrollIntoView()", place)
        page.wait_for_selector(f"{place} {shown}")
        page.wait_for_timeout(500)
        taken = pixels(taken_away(page, place))
        seen = pixels(page.locator(place).first.screenshot())
        assert taken.shape[0] >= seen.shape[0] - 4 and taken.shape[1] >= seen.shape[1] - 4
        mean, far = apart(taken, seen)
        assert mean < MEAN and far < LETTERS, (view, mean, far)


def taken_away(page, place: str) -> bytes:
    address = page.evaluate(
        """async (place) => {
            const store = performance.getEntriesByType('resource').find((r) => r.name.endsWith('/store.js')).name;
            const { frozen } = await import(store.replace('store.js', 'xray/picture.js'));
            return (await frozen(document.querySelector(place), 1)).toDataURL();
        }""",
        place,
    )
    return base64.b64decode(address.split(",")[1])


def test_a_picture_has_all_that_can_be_scrolled_to(look):
    page = look(width=700)
    page.evaluate("document.querySelector('.take-view').value = 'story'")
    page.dispatch_event(".take-view", "change")
    assert page.locator(".story .moment").count() == 0, "nobody has seen it yet"
    with page.expect_download():
        page.evaluate("document.querySelector('[data-take=png]').click()")
    assert page.locator(".story .moment").count() > 0, "it was filled to be taken away"
    page.evaluate("document.querySelector('.story').scrollIntoView()")
    wide = page.eval_on_selector(".story .frames", "node => node.scrollWidth - node.clientWidth")
    assert wide > 100 and pixels(taken_away(page, "#xray-box .story")).shape[1] > 700 + wide - 60
