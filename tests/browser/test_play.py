"""The pass, played map by map in its own order; a unit opened to its layers."""

from conftest import pin

HRNET = '.map-card[data-side="0"]'


def test_the_pass_is_played_stepped_and_left(look):
    page = look()
    page.click(f"{HRNET} .play")
    page.wait_for_function("document.querySelectorAll('.tile.future').length > 15")
    page.click("[data-play=pause]")
    assert page.evaluate("document.activeElement.dataset.play") == "on", "the focus stays where it was"
    told = page.inner_text(".told")
    assert "/24 " in told and " in, " in told and "out. " in told
    future = page.locator(".tile.future").count()
    page.click("[data-play=step]")
    assert page.locator(".tile.future").count() == future - 1 and page.inner_text(".told") != told
    assert page.locator(".tile.now").count() == 1 and page.locator(".arrow.running").count() >= 1
    assert page.evaluate("getComputedStyle(document.querySelector('.arrow.running')).animationName") == "run"
    page.select_option(".speed", "4")
    page.click("[data-play=on]")
    page.wait_for_function("!document.querySelector('.tile.future')")
    assert page.locator(".tile.now .cell").get_attribute("data-cell") == "heatmaps"
    page.click("[data-play=end]")
    assert page.locator(".playing, .player").count() == 0


def test_who_wants_no_movement_gets_steps(look):
    page = look(reduced_motion="reduce")
    page.click(f"{HRNET} .play")
    page.click("[data-play=pause]")
    page.click("[data-play=step]")
    assert page.evaluate("getComputedStyle(document.querySelector('.arrow.running')).animationName") == "none"
    assert page.locator(".tile.now").count() == 1


def test_a_unit_opens_in_its_place_and_closes(look):
    page = look()
    pin(page, '.map-scroll[data-side="0"] .cell[data-cell="stage1.unit1"]')
    page.click(".open-layers")
    page.wait_for_selector(".layers figure")
    said = page.locator(".layers figcaption").all_inner_texts()
    convolutions = [f"{k}×{k} convolution" for k in (1, 3, 1)]
    assert [s.rpartition(" ")[0] for s in said] == [*convolutions, "f(x)", "x, projected", "x + f(x)", "ReLU"]
    assert "batch norms and the ReLUs between them are not" in page.inner_text(".layers > .foot")
    page.wait_for_function("/^[\\d.]+×$/.test(document.querySelector('.layers .as-large').textContent)")
    page.keyboard.press("Escape")
    assert page.locator(".layers").is_hidden() and page.locator(".dock").is_visible()
