"""Follow the gradient: every cell takes the colour of its nearest loss's part, and gives it back."""


def test_cells_and_lines_show_where_the_gradient_comes_from(look):
    page = look()
    sizes = page.locator(".size").all_text_contents()
    page.click(".gradient-toggle")
    page.wait_for_selector(".gradient-chart svg")
    parts = [
        [float(each) for each in page.eval_on_selector_all(
            f'.map-scroll[data-side="{side}"] .nearest', "all => all.map((each) => each.dataset.share)")]
        for side in (0, 1)
    ]  # fmt: skip
    assert set(parts[0]) == {1} and 0 < min(parts[1]) < 1, "one loss in HRNet, one a stack in the Hourglass"
    assert "stack1.heatmaps" in page.inner_text(".gradient.card") and page.locator(".gradient-chart svg").count() == 2
    assert page.locator(".size").all_text_contents() != sizes
    page.click(".gradient-toggle")
    page.wait_for_selector(".gradient.card", state="hidden")
    assert page.locator(".nearest").count() == 0 and page.locator(".size").all_text_contents() == sizes
    page.click(".gradient-toggle")
    page.click(".supervised-twice")
    page.wait_for_function("pageState.networks.join() === 'hourglass-tiny-2,hourglass-tiny-2-last'")
    page.wait_for_selector(".supervised-twice", state="detached")
    page.wait_for_selector(".gradient-chart svg")
    every, last = (page.inner_text(f".gradient .matters-two > div:nth-child({k})") for k in (1, 2))
    assert "a loss after every stack" in every and "the last loss alone" in last
