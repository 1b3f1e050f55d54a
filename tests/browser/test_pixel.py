"""One place of the photo in every map of both networks, and its sum with numbers; a pointer asks the server nothing."""

import re

from conftest import SERVER, changes, pin, threshold
from test_xray import FUSED

HEATMAPS = '.map-scroll[data-side="0"] .cell[data-cell="heatmaps"]'


def known(page) -> None:
    """The values of all maps have come: a pointer over a cell says what is there."""
    page.wait_for_function(
        """() => { document.querySelector('.map-scroll .cell[data-cell="stem"]').dispatchEvent(
            new PointerEvent('pointermove', { bubbles: true, clientX: 1, clientY: 1 }));
            return document.querySelectorAll('.xmap .spot:not([hidden])').length > 40; }"""
    )


def test_a_pointer_lights_the_same_place_everywhere_without_a_request(look):
    page = look()
    known(page)
    page.wait_for_timeout(1500)
    sent = []
    alive = "/gradio_api/app_id"  # asked every few seconds, whatever the pointer does
    page.on("request", lambda r: None if r.url.endswith(alive) else sent.append(r.url))
    page.locator(FUSED).hover()
    strip = page.inner_text(".pixel-strip")
    assert "stage3.module1.branch1.fused" in strip and re.search(r"energy [\d.]+, channel \d+ [\d.]+", strip)
    assert page.locator(".xmap .spot:not([hidden])").count() == page.locator(".map-scroll .rim").count() - 2
    assert page.locator(".pair .here").count() == 2 and page.locator(".pair .sees").count() == 2
    page.evaluate("scrollTo(0, 0)")
    page.locator(".pair .canvas").nth(1).hover()
    assert re.search(r"right wrist: -?[\d.]+ \| -?[\d.]+", page.inner_text(".pixel-strip"))
    assert sent == []
    page.locator(HEATMAPS).hover()
    strip = page.inner_text(".pixel-strip")
    assert re.search(r"heatmaps \(\d+, \d+\): energy [-\d.e]+, right wrist [-\d.]+", strip), strip
    page.wait_for_function(
        """async ([cell, joint]) => {
            const store = performance.getEntriesByType('resource').find((r) => r.name.endsWith('/store.js')).name;
            if (pageState.joint !== joint) (await import(store)).set({ joint });
            const over = new PointerEvent('pointermove', { bubbles: true, clientX: 1, clientY: 1 });
            document.querySelector(cell).dispatchEvent(over);
            return /nose –.*nose: – \\| –/.test(document.querySelector('.pixel-strip').textContent); }""",
        arg=[HEATMAPS, "nose"],
    )


def test_a_place_is_lit_in_every_other_map_and_a_step_over_channels_is_followed(look):
    page = look()
    known(page)
    pin(page, FUSED)
    page.wait_for_selector(".equation b")
    terms = page.locator(".dock canvas.map")
    assert page.locator(".dock .map-spot").count() == terms.count() > 3
    box, spot = (page.locator(f".dock {each}").first.bounding_box() for each in ("canvas.map", ".map-spot"))
    at = page.inner_text(".equation").split(":")[0].strip("()").split(", ")
    middle = [spot[v] + spot[size] / 2 - box[v] for v, size in (("x", "width"), ("y", "height"))]
    cells = [middle[0] / box["width"], middle[1] / box["height"]]
    width, height = page.locator(".dock canvas.map").first.evaluate("node => [node.width, node.height]")
    scale = page.locator(".dock .total canvas").evaluate("node => node.width") / width
    assert abs(cells[0] * width * scale - int(at[0]) - 0.5) < scale and abs(
        cells[1] * height * scale - int(at[1]) - 0.5) < scale  # fmt: skip
    page.click('[data-tab="channels"]')
    page.wait_for_selector(".large canvas")
    page.wait_for_selector(".large .map-spot")
    page.focus(".mosaic")
    page.keyboard.press("ArrowRight")
    name = changes(page, ".large figcaption", lambda: page.keyboard.press("ArrowRight"), "textContent")
    page.wait_for_function(
        "name => document.querySelector('.pixel-strip').textContent.includes(`, ${name} `)", arg=name
    )
    for part in (".film", ".story", ".heat"):
        page.evaluate("part => document.querySelector(part).scrollIntoView()", part)
        page.wait_for_selector(f"{part} .map-spot", state="attached")
    page.evaluate("document.querySelector('.pixel-strip button').click()")
    assert page.locator(".map-spot").count() == 0


def test_a_place_is_pinned_walked_and_its_sum_stands_with_numbers(look):
    page = look()
    known(page)
    pin(page, FUSED)  # the click pins the place too
    page.wait_for_selector(".equation b")
    text = page.inner_text(".equation")
    assert re.fullmatch(r"\(\d+, \d+\): −?\d+\.\d\d( [+−] \d+\.\d\d)+ = −?\d+\.\d\d → ReLU → \d+\.\d\d", text), text
    text = text.replace("−", "-").replace("- ", "-").replace("+ ", "+")
    terms, _, after = re.sub(r"^.*?: ", "", text).partition("=")
    total = float(after.split("→")[0])
    assert abs(sum(float(t) for t in terms.split()) - total) <= 0.03, text
    relu = float(after.split("→")[2])
    assert abs(max(0.0, total) - relu) <= 0.01, "one channel: ReLU of what stands before it"
    page.evaluate("scrollTo(0, 0)")
    page.focus(".pair .canvas")
    before = page.inner_text(".pixel-strip")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".pixel-strip") != before
    threshold(page, "ArrowRight")
    page.wait_for_function("pageState.threshold === 0.15")
    assert page.locator(".pair .here path").count() == 2, "the skeletons are drawn anew, and the cross"
    no_other_comparison_is_read(page)
    page.click(".dock .silence")
    page.wait_for_function("document.querySelector('.equation')?.textContent.includes('goes on with')")
    page.wait_for_function("/energy 0, channel \\d+ 0 /.test(document.querySelector('.pixel-strip').textContent)")


def no_other_comparison_is_read(page):
    held, key, pixel = [], page.evaluate("pageState.key"), page.evaluate("pageState.pixel")
    page.route(SERVER, lambda route: held.append(route)
               if '"view":"pixels"' in (route.request.post_data or "") else route.continue_())  # fmt: skip
    page.evaluate("document.querySelector('.bar-stops [data-stop=bicubic]').click()")
    page.wait_for_function("key => pageState.key !== key", arg=key)
    page.locator(FUSED).click()
    assert page.evaluate("pageState.pixel") == pixel
    for route in held:
        route.continue_()
    page.unroute(SERVER)
    page.wait_for_selector(".equation b")


def test_heatmap_channels_are_called_by_their_joint(look):
    page = look()
    pin(page, HEATMAPS)
    page.click('[data-tab="channels"]')
    page.wait_for_selector(".mosaic")
    names = {"ankle", "knee", "hip", "wrist", "elbow", "shoulder", "neck", "head top"}
    assert any(page.inner_text(".large figcaption").endswith(name) for name in names)
    page.wait_for_function("document.querySelector('.large').innerText.includes('times as large')")
    assert "%" in page.inner_text(".mosaic-box .foot >> nth=-1")
