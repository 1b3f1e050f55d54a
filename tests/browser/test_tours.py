"""The lesson in the real page: every step of every tour, answered wrong and then right, in each language."""

import json
from pathlib import Path

import pytest

TOURS = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parents[2] / "pose_demo/page/web/tour/tours").glob("*.json"))
}


def opened(visit, app, query: str):
    page = visit(ready=False)
    page.goto(f"{app}/?{query}")
    return page


def answer(page, k: int) -> tuple[int, bool]:
    """Chooses option k; which is the right one, and whether the page said that it was."""
    page.click(f".tour .option >> nth={k}")
    page.wait_for_selector(".tour .verdict")
    right = page.eval_on_selector_all(".tour .option", "all => all.findIndex((each) => each.dataset.right === 'true')")
    return right, page.locator(".tour .verdict .yes").count() == 1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("tour", TOURS)
def test_every_step_wrong_and_right(visit, app, tour, language):
    page = opened(visit, app, f"tour={tour}")
    page.wait_for_selector("#xray .cell")
    page.click(f".languages button[lang={language}]")
    page.wait_for_selector(f"html[lang={language}]")
    for k, step in enumerate(TOURS[tour]["steps"]):
        page.wait_for_selector(".tour .option")
        assert f"step={step['id']}" in page.url
        title = page.inner_text(".tour h3")
        right, said = answer(page, 0)
        assert said == (right == 0) and 0 <= right < step["options"]
        page.click(f".tour .dot >> nth={k}")  # once more, and otherwise
        page.wait_for_selector(".tour .option:not([disabled])")
        other = right if right else 1
        assert answer(page, other) == (right, other == right) and page.inner_text(".tour h3") == title
        assert page.inner_text(".tour .saw p >> nth=2").strip()
        assert page.eval_on_selector(".tour", "node => node.scrollWidth <= node.clientWidth")
        if k + 1 < len(TOURS[tour]["steps"]):
            page.click(".tour .next")
    kept = json.loads(page.evaluate("localStorage.getItem('pose-lesson')"))
    assert len([key for key in kept if key.startswith(f"{tour}.")]) == len(TOURS[tour]["steps"])
    page.click(".tour header button >> nth=1")
    assert page.locator(".tour").is_hidden() and "tour=" not in page.url


@pytest.mark.parametrize("size", [(1024, 768), (1920, 1080)])
def test_the_teachers_view_is_legible_and_driven_by_keys(visit, app, size):
    page = opened(visit, app, "tour=hrnet&step=fusion")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_selector(".tour .option")
    page.click(".tour .full")
    page.wait_for_selector(".tour.teach")
    page.keyboard.press("1")
    page.wait_for_selector(".tour .verdict")
    small = page.eval_on_selector_all(
        ".tour *",
        """all => all.filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3
            && n.textContent.trim()) && parseFloat(getComputedStyle(e).fontSize) < 20).map((e) => e.className)""",
    )
    assert small == []
    box = page.locator(".tour").bounding_box()
    assert (box["width"], box["height"]) == size and page.locator(".tour-map svg, .tour-map use").count()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('step=terms')")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("location.search.includes('step=fusion')")


def test_other_networks_are_told_what_the_tour_needs(visit, app):
    page = opened(visit, app, "tour=hourglass&right=hrnet-slim")
    page.click(".tour-text .plain")
    page.wait_for_selector(".tour .option")
