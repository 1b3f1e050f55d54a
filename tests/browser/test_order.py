"""The page in the order in which people ask, at every size: skeletons, the drawings, then all else; its own keys."""

import re

import pytest
from conftest import SCREENSHOTS, settle, share_state

from pose_demo import locales

SIZES = [(1366, 768), (1920, 1080), (1024, 768), (390, 844)]


def top(page, selector: str) -> float:
    return page.eval_on_selector(selector, "node => node.getBoundingClientRect().top + scrollY")


def test_the_drawings_stand_directly_under_the_skeletons(visit):
    page = visit()
    page.wait_for_selector("#xray .cell")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        order = [top(page, one) for one in (".pair", ".maps2", ".lower", ".heat", ".film", ".story", ".costs", ".take")]
        assert order == sorted(order)
        assert top(page, ".xray-sticky") < (1 if width > 900 else 2.2) * height, "no hunt for the drawings"
    assert all(len(text) > 40 for text in page.locator(".what").all_inner_texts())
    the_skip_link_leads_to_them(page)


def the_skip_link_leads_to_them(page) -> None:
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "xray-title" and page.evaluate("scrollY") > 0


@pytest.mark.parametrize("query", ["", "?left=hrnet-w32-untrained&right=hourglass-8-untrained"], ids=["pair", "large"])
def test_fit_fits_and_labels_can_be_read(visit, query):
    page = visit(1024, 768, query=query)
    page.wait_for_function("(n) => document.querySelectorAll('#xray .cell').length > n", arg=130 if query else 50)
    assert page.evaluate("[...document.querySelectorAll('.map-scroll')].every(n => n.scrollWidth <= n.clientWidth)")
    smallest = """() => {
        const sizes = [...document.querySelectorAll('.xmap text')]
          .filter(n => n.checkVisibility({ visibilityProperty: true }))
          .map(n => parseFloat(getComputedStyle(n).fontSize) * n.getScreenCTM().a);
        return [sizes.length, Math.min(...sizes)];
    }"""
    count, size = page.evaluate(smallest)
    assert count > 8 and size >= 12 - 0.01
    SCREENSHOTS.mkdir(exist_ok=True)
    page.evaluate("document.querySelector('#xray-box').scrollIntoView()")
    page.screenshot(path=SCREENSHOTS / f"fit-1024-{'large' if query else 'pair'}.png")


def test_zoom_by_wheel_buttons_and_keys_drag_moves_and_an_overview_shows_where(visit):
    page = visit()
    page.wait_for_selector("#xray .cell")
    page.evaluate("document.querySelector('#xray-box').scrollIntoView()")
    width = "document.querySelector('.xmap').getBoundingClientRect().width"
    fitted = page.evaluate(width)
    page.locator('.map-scroll[data-side="0"] .cell[data-cell="stem"]').hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    page.wait_for_function(f"{width} > {1.5 * fitted}")
    assert page.locator(".overview:visible").count() >= 1
    left = page.eval_on_selector(".map-scroll", "node => node.scrollLeft")
    page.mouse.down()
    page.mouse.move(300, 300, steps=4)
    page.mouse.up()
    assert page.eval_on_selector(".map-scroll", "node => node.scrollLeft") != left
    assert page.locator(".dock").is_hidden(), "a drag opens no cell"
    page.keyboard.press("0")
    page.wait_for_function(f"Math.abs({width} - {fitted}) < 1")
    page.keyboard.press("+")
    assert page.evaluate(width) > fitted


def test_keys_choose_the_stop_and_none_acts_in_a_text_field(visit):
    page = visit()
    page.wait_for_selector("#xray .cell")
    share_state(page)
    page.keyboard.press("2")
    page.wait_for_function("pageState.stop === 'bilinear'")
    settle(page)
    page.click(".numbers summary")
    page.focus(".numbers input[name=x0]")
    page.keyboard.press("3")
    page.keyboard.press("?")
    assert page.locator("dialog.keys").is_hidden() and page.input_value(".numbers input[name=x0]").endswith("3?")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    listed = [key for key in locales.table("en") if re.fullmatch(r"xray\.key_\d+", key)]
    assert page.locator("dialog.keys dt").count() == len(listed)
    page.keyboard.press("Escape")
    assert page.evaluate("pageState.stop") == "bilinear"
    page.get_by_role("tab", name="Video").click()
    page.evaluate("pageState.pixel = { x: 9, y: 9 }")
    for key in ("1", "Escape", "?"):
        page.keyboard.press(key)
    assert page.locator("dialog.keys").is_visible(), "this key is of every tab"
    assert page.input_value("#stop input[type=range]") == "1" and page.evaluate("pageState.pixel"), "those are not"


def test_joints_placed_by_hand_are_shown_and_the_nearer_network_is_named(visit):
    page = visit()
    assert page.inner_text(".nearer").startswith("Nearer to the joints placed by hand: ")
    assert page.locator(".hand").count() == 0
    page.click(".placed")
    assert page.locator(".hand").count() == 28
    assert page.locator(".differences thead th").count() == 7
