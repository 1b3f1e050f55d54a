"""The X-ray as a visitor uses it: look, click, walk, compare, take away."""

import json

import cv2
import numpy as np
from conftest import SCREENSHOTS, pin

from pose_demo.examples import examples as known

FUSED = '.map-scroll[data-side="0"] .cell[data-cell="stage3.module1.branch1.fused"]'
MERGE = '.map-scroll[data-side="1"] .cell[data-cell="stack1.level0.merge"]'


def title(page):
    return page.inner_text(".dock-title")


def test_both_maps_are_filled_every_cell_has_a_name_and_sums_add_up_before_the_visitors_eyes(look):
    page = look()
    assert page.locator(".xmap").count() == 2
    for side in (0, 1):
        cells = page.locator(f'.map-scroll[data-side="{side}"] .cell')
        assert cells.count() >= 25
        assert all("×" in cells.nth(k).get_attribute("aria-label") for k in range(cells.count()))
    assert page.locator(".xmap .note").count() == 4
    assert page.locator(".xmap image").count() == 2
    for cell, terms in ((FUSED, 3), (MERGE, 2)):
        pin(page, cell)  # a sum opens on its computation
        page.wait_for_function("(n) => document.querySelectorAll('.sum .share').length === n", arg=terms)
        shares = [float(t.split()[-1].rstrip("%")) for t in page.locator(".share").all_inner_texts()]
        assert abs(sum(shares) - 100) <= terms
        page.keyboard.press("Escape")


def test_hover_previews_click_pins_keys_walk_escape_releases(look):
    page = look()
    page.locator(FUSED).hover()
    assert "stage3.module1.branch1.fused" in page.inner_text(".peek")
    assert page.locator('.arrow.lit[data-to="stage3.module1.branch1.fused"]').count() == 3
    pin(page, FUSED)
    assert "stage3.module1.branch1.fused" in title(page) and "48×16×16" in title(page)
    page.keyboard.press("ArrowDown")
    page.wait_for_function("document.querySelector('.dock-title').textContent.includes('branch2.fused')")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.dock-title').textContent.includes('stage4.module1.branch2')")
    page.keyboard.press("Escape")
    assert page.locator(".dock").is_hidden()
    assert page.evaluate("document.activeElement.dataset.cell") == "stage4.module1.branch2"
    page.keyboard.press("Enter")
    page.wait_for_selector(".dock:not([hidden])")
    the_inspector_shows_channels_values_and_what_the_cell_sees(page)


def the_inspector_shows_channels_values_and_what_the_cell_sees(page):
    pin(page, FUSED)
    page.click('[data-tab="channels"]')
    page.wait_for_selector(".mosaic")
    first = page.inner_text(".large figcaption")
    page.focus(".mosaic")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"document.querySelector('.large figcaption').textContent !== '{first}'")
    page.locator(".large canvas").hover()
    assert ":" in page.inner_text(".one .value")
    page.select_option(".mosaic-box select", "variance")
    page.wait_for_selector(".pca img")
    page.click('[data-tab="field"]')
    assert "239 × 239" in page.inner_text(".fields")
    page.click(".compute")
    page.wait_for_selector(".sight canvas")


def test_the_slider_moves_the_maps_and_the_cell_stays_open(look):
    page = look()
    pin(page, MERGE)
    key = page.evaluate("pageState.key")
    top = page.evaluate("scrollY")
    page.evaluate("document.querySelector('.bar-stops [data-stop=nearest]').click()")
    assert page.locator(".bar-busy").is_hidden(), "it is chosen already"
    page.evaluate("document.querySelector('.bar-stops [data-stop=bicubic]').focus({ preventScroll: true })")
    page.keyboard.press("Enter")
    assert page.inner_text(".bar-busy") == "…"
    page.wait_for_function(f"pageState.key !== '{key}'")
    assert page.evaluate("scrollY") == top, "the page jumped"
    assert page.evaluate("document.activeElement.dataset.stop") == "bicubic" and page.locator(".bar-busy").is_hidden()
    assert "stack1.level0.merge" in title(page)
    page.click('[data-tab="before_after"]')
    page.wait_for_selector(".trio canvas >> nth=2")
    said = page.locator(".dock .wiped figcaption b").all_inner_texts()
    assert said == ["Hourglass-Slim, nearest", "Hourglass-Slim, bicubic"], "from trained to chosen"
    page.click('[data-tab="computation"]')
    page.select_option(".sum-head select", "-1")
    page.wait_for_function("pageState.channel === -1")
    for tab, shown, text in (("before_after", ".sum-head .which", "mean of all channels"),
                             ("channels", ".large figcaption", "channel ")):  # fmt: skip
        page.click(f'[data-tab="{tab}"]')
        page.wait_for_selector(f".dock {shown}")
        assert page.inner_text(f".dock {shown}").startswith(text)
    page.click('[data-tab="before_after"]')
    page.wait_for_selector(".trio canvas >> nth=2")
    page.evaluate("document.querySelector('.bar-stops [data-stop=nearest]').click()")
    page.wait_for_function("document.querySelectorAll('.dock .wiped b')[1]?.textContent.includes('bilinear')")
    assert page.locator(".trio canvas").count() == 3, "never empty: at the trained stop, the next one"


def test_a_switch_changes_one_stack_only(look):
    page = look()
    page.select_option(".xray-sticky .scope", "stack2")
    page.evaluate("document.querySelector('.bar-stops [data-stop=bilinear]').click()")
    page.wait_for_function("pageState.scope === 'stack2' && pageState.stop === 'bilinear'")
    pin(page, MERGE.replace("stack1", "stack2"))
    page.click('[data-tab="before_after"]')
    page.wait_for_selector(".trio canvas >> nth=2")
    pin(page, MERGE)
    page.click('[data-tab="before_after"]')
    page.wait_for_function("document.querySelectorAll('.trio canvas').length === 2")


def test_film_surface_story_and_costs(look):
    page = look()
    page.evaluate("document.querySelector('.film').scrollIntoView()")
    page.wait_for_selector(".film .still")
    assert page.locator(".film .tag.probe").count() == 2
    page.locator(".film .still .link").first.click()
    page.wait_for_selector("#xray-surface .js-plotly-plot")
    page.select_option(".film-joint", "left wrist")
    page.wait_for_selector("#xray-surface", state="hidden")
    page.select_option(".film-joint", "*")
    page.wait_for_function("document.querySelector('.film .heading').textContent.includes('all joints')")
    page.evaluate("document.querySelector('.story').scrollIntoView()")
    page.wait_for_selector(".story .moment")
    assert page.locator(".story .truth").count() > 0, "the first example is marked by hand"
    page.evaluate("document.querySelector('.costs').scrollIntoView()")
    page.click(".measure")
    page.wait_for_selector("#xray-bars .js-plotly-plot")
    assert "GMAC" in page.inner_text(".cost-lines")
    page.select_option(".take-view", "costs")
    with page.expect_download() as download:
        page.click("[data-take=png]")
    SCREENSHOTS.mkdir(exist_ok=True)
    download.value.save_as(SCREENSHOTS / "costs.png")
    taken, bars = cv2.imread(str(SCREENSHOTS / "costs.png")), int(page.locator("#xray-bars").bounding_box()["height"])
    assert taken.shape[0] > 2 * bars + 100 and taken[-bars:].std() > 10, "the bars stand under what is said of them"
    page.evaluate("document.querySelector('.bar-stops [data-stop=bilinear]').click()")
    page.wait_for_selector("#xray-bars", state="hidden")
    assert page.inner_text(".cost-lines") == "", "neither is of what is shown now"


def test_take_it_away(look, tmp_path):
    page = look()
    pin(page, FUSED)
    for what in ("json", "npz", "report", "svg0", "png"):
        with page.expect_download() as download:
            page.evaluate(f"document.querySelector('[data-take={what}]').click()")
        download.value.save_as(tmp_path / what)
    assert download.value.suggested_filename.endswith("_hrnet-slim_nearest_drawing.png")
    views = page.locator(".take-view option").evaluate_all("all => all.map((each) => each.value)")
    assert {"map0", "map1", "dock", "lower", "heat", "film", "story", "costs"} <= {*views}
    page.select_option(".take-view", "heat")
    with page.expect_download() as download:
        page.click("[data-take=png]")
    assert download.value.suggested_filename.endswith("_hrnet-slim+hourglass-slim_nearest_heat_right-wrist.png")
    assert len(json.loads((tmp_path / "json").read_text())["annotations"]) == 2
    assert np.load(tmp_path / "npz")["0.stage3.module1.branch1.fused"].shape == (48, 16, 16)
    assert (tmp_path / "png").read_bytes().startswith(b"\x89PNG")


def test_a_photo_that_comes_while_the_x_ray_is_drawn_gets_the_x_ray(look):
    page = look()
    examples = page.locator(".example")
    last = known()[2].name
    shown = page.eval_on_selector(".pair img", "node => node.src")
    examples.nth(1).click()
    # Its skeletons are there, its X-ray is not yet.
    page.wait_for_function("before => document.querySelector('.pair img').src !== before", arg=shown)
    examples.nth(2).click()
    page.wait_for_function("name => pageState.example === name", arg=last)
    page.wait_for_function("document.querySelector('.views .busy').hidden")
    page.wait_for_timeout(1000)  # what was on its way for the older photo has had the time to come
    assert page.evaluate("pageState.example") == last
    assert page.eval_on_selector(".pair img", "node => node.src") == page.eval_on_selector(
        ".photo .picture", "node => node.src"
    )
    pin(page, FUSED)


def test_any_two_networks_and_untrained_is_red(look):
    page = look("?left=hourglass-slim-untrained&right=hourglass-slim")
    page.wait_for_function("pageState.networks[0] === 'hourglass-slim-untrained'")
    assert page.locator('.map-card[data-side="0"] .badge.untrained').count() == 1
    assert page.locator('.map-card[data-side="1"] .badge.untrained').count() == 0
