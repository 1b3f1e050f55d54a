"""The lesson in the real page: every step of every tour, answered wrong and then right, in each language."""

import io
import json
from pathlib import Path

import pytest
from conftest import SCREENSHOTS, settle, share_state
from PIL import Image, ImageOps
from test_accessible import clean
from test_chinese import english

from pose_demo import weights
from pose_demo.examples import examples

TOURS = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parents[2] / "pose_demo/page/web/tour/tours").glob("*.json"))
}


#: What students ask, and what people ask in public threads: the step that answers it, in the menu's order.
ASKED = [("hrnet", "terms"), ("hrnet", "stem"), ("hourglass", "feedback"), ("upsampling", "moved"),
         ("hrnet", "branch"), ("hrnet", "fusion"), ("hrnet", "order"), ("hrnet", "last"),
         ("hourglass", "together"), ("hourglass", "gradient"), ("hrnet", "parallel")]  # fmt: skip
#: Of the teacher's view: text below 20 px, what reaches out of the window or its own box, and a step that must be
#: scrolled.
ILLEGIBLE = """() => [...document.querySelectorAll('.tour *')].filter((e) => {
    if (!e.getClientRects().length || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) {
        return false;
    }
    const box = e.getBoundingClientRect();
    return parseFloat(getComputedStyle(e).fontSize) < 20 || box.left < 0 || box.top < 0
        || box.right > innerWidth + 1 || box.bottom > innerHeight + 1
        || e.scrollWidth > e.clientWidth + 2 && e.clientWidth;
}).map((e) => e.textContent).concat([...document.querySelectorAll('.tour-body')].filter((e) =>
    e.scrollHeight > e.clientHeight + 1).map((e) => e.scrollHeight - e.clientHeight))"""


def from_the_last_row(page) -> None:
    """The step as it stands, in the teacher's view without the browser's full screen: without a mouse's wheel."""
    page.evaluate("document.querySelector('.tour').classList.add('teach')")
    assert page.evaluate(ILLEGIBLE) == []
    page.evaluate("document.querySelector('.tour').classList.remove('teach')")


def legible(page, language: str, k: int) -> None:
    """The answered step k from the last row, and (once: words change nothing of it, nor steps of its colours) for who
    does not see it."""
    from_the_last_row(page)
    if language == "en":
        clean(page, ".tour", colours=k == 0)


def own_photo(page) -> None:
    """Uploads an example mirrored and packed anew: to the page a visitor's own."""
    file = io.BytesIO()
    ImageOps.mirror(Image.open(examples()[0].path)).save(file, "JPEG", quality=80)
    share_state(page)
    key = page.evaluate("pageState.key")
    page.set_input_files(".photo .file", {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})
    page.wait_for_function("key => pageState.key !== key && !pageState.example", arg=key)
    settle(page)


def answer(page, k: int) -> tuple[int, bool]:
    """Chooses option k; which is the right one, and whether the page said that it was."""
    page.click(f".tour .option >> nth={k}")
    page.wait_for_selector(".tour .verdict")
    right = page.eval_on_selector_all(".tour .option", "all => all.findIndex((each) => each.dataset.right === 'true')")
    return right, page.locator(".tour .verdict .yes").count() == 1


def slides_in_all_places_of_both(page) -> None:
    """Whatever was set up before, which is there again afterwards."""
    page.select_option(".own", "bilinear")
    page.wait_for_function("pageState.own === 'bilinear'")
    page.select_option(".xray-sticky .scope", "stage4")
    page.wait_for_function("pageState.scope === 'stage4'")
    page.click(".tour .dot >> nth=1")  # asks of a map enlarged by nearest
    answer(page, 0)
    assert page.evaluate("[pageState.stop, pageState.scope, pageState.own]") == ["nearest", "", None]
    page.click(".tour .dot >> nth=0")
    page.wait_for_function("pageState.scope === 'stage4' && pageState.own === 'bilinear'")


def travels_in_no_link_and_is_forgotten(page) -> None:
    assert page.evaluate("pageState.stop === pageState.stops[0]"), "each step put the slider back"
    page.evaluate("document.querySelector('.bar-stops [data-stop=bilinear]').click()")
    page.wait_for_function("pageState.stop === 'bilinear'")
    page.locator("#xray .hit").first.dispatch_event("click")
    page.wait_for_selector(".cut-one", state="attached")
    page.evaluate("document.querySelector('.gradient-toggle').click()")
    page.select_option("#pick-right select", "hrnet-slim")
    page.wait_for_function("pageState.networks[1] === 'hrnet-slim' && pageState.pin")
    page.evaluate("document.querySelector('#more button').click()")
    page.wait_for_selector("#flip input", state="attached")
    page.evaluate("document.querySelector('#flip input').click()")
    page.wait_for_function("pageState.flip")
    page.click(".tour .full")
    assert page.get_attribute(".tour .full", "aria-pressed") == "true"
    page.click(".tour .sharing")
    page.wait_for_selector(".share p")
    assert page.inner_text(".share p").startswith("您自己的照片") and page.locator(".share a, .share svg").count() == 0
    assert "example" not in page.url and "mine" not in page.url
    page.click(".tour .sharing")
    page.click(".tour footer .link")  # the next group finds it as this one did
    page.wait_for_function(f"pageState.example === '{examples()[0].name}'")
    page.wait_for_function("pageState.stop === pageState.stops[0] && !localStorage.getItem('pose-lesson')")
    page.wait_for_function("pageState.cuts.every((own) => !Object.keys(own).length)")
    assert page.evaluate("pageState.networks") == list(weights.default_pair()) and not page.evaluate("pageState.flip")
    assert page.evaluate("[pageState.pin, pageState.scope, pageState.own]") == [None, "", None]
    assert not page.evaluate("[...document.querySelectorAll('.dock, .gradient')].some((each) => !each.hidden)")
    page.click(".tour .full")


def every_question_opens_its_step(page) -> None:
    for k, (tour, step) in enumerate(ASKED):
        page.click(".lessons summary")
        question = page.locator(".lessons .asked").nth(k)
        assert question.inner_text()[-1] in "?？"
        question.click()
        page.wait_for_function("part => location.search.includes(part)", arg=f"tour={tour}&step={step}")
        page.wait_for_selector(".tour .option")
        page.keyboard.press("Escape")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("tour", TOURS)
def test_every_step_wrong_and_right(visit, tour, language):
    page = visit(1024, 768, query=f"/?tour={tour}")
    page.wait_for_selector("#xray .cell")
    own = (tour, language) == ("upsampling", "zh")  # one tour on an uploaded photo
    if own:
        own_photo(page)
    page.click(f".languages button[lang={language}]")
    page.wait_for_selector(f"html[lang={language}]")
    for k, step in enumerate(TOURS[tour]["steps"]):
        page.wait_for_selector(".tour .option")
        assert f"step={step['id']}" in page.url
        if own and step["measure"] == "nearer":  # nobody has placed its joints by hand: that is said, not guessed
            page.click(".tour .option >> nth=0")
            page.wait_for_function("document.querySelector('.tour .saw').innerText.includes('无法回答')")
            page.click(".tour .next")
            continue
        title = page.inner_text(".tour h3")
        right, said = answer(page, 0)
        assert said == (right == 0) and 0 <= right < step["options"]
        page.click(f".tour .dot >> nth={k}")  # once more, and otherwise
        page.wait_for_selector(".tour .option:not([disabled])")
        from_the_last_row(page)
        other = right if right else 1
        assert answer(page, other) == (right, other == right) and page.inner_text(".tour h3") == title
        assert page.inner_text(".tour .saw p >> nth=2").strip()
        assert page.eval_on_selector(".tour", "node => node.scrollWidth <= node.clientWidth")
        assert language == "en" or english(page) == []
        legible(page, language, k)
        if k + 1 < len(TOURS[tour]["steps"]):
            page.click(".tour .next")
    kept = json.loads(page.evaluate("localStorage.getItem('pose-lesson')"))
    assert len([key for key in kept if key.startswith(f"{tour}.")]) == len(TOURS[tour]["steps"]) - own
    if own:
        slides_in_all_places_of_both(page)
        travels_in_no_link_and_is_forgotten(page)
    page.click(".tour header button >> nth=-1")
    assert page.locator(".tour").is_hidden() and "tour=" not in page.url
    if tour == "hrnet":
        every_question_opens_its_step(page)


@pytest.mark.parametrize("size", [(1024, 768), (1920, 1080)])
def test_the_teachers_view_is_legible_and_driven_by_keys(visit, size):
    page = visit(*size, query="/?tour=hrnet")
    page.wait_for_selector(".tour .option")
    page.click(".tour .full")
    page.wait_for_selector(".tour.teach")
    for language, told in (("en", "2"), ("zh", "1")):  # the fusion answered wrong, and right
        page.evaluate("name => document.querySelector(`.languages button[lang=${name}]`).click()", language)
        page.wait_for_selector(f"html[lang={language}]")
        page.click(".tour .dot >> nth=0")
        for step in TOURS["hrnet"]["steps"]:
            page.wait_for_function("id => location.search.includes(`step=${id}`)", arg=step["id"])
            if step["id"] == "fusion":
                page.keyboard.press(told)
                page.wait_for_selector(".tour .verdict")
                page.screenshot(path=SCREENSHOTS / f"teacher-{size[0]}-{language}.png")
                assert page.locator(".tour .verdict .yes").count() == (told == "1")
            assert page.evaluate(ILLEGIBLE) == [], step["id"]
            page.keyboard.press("ArrowRight")
    page.click(".tour .dot >> nth=3")
    page.wait_for_function("location.search.includes('step=fusion')")
    box = page.locator(".tour").bounding_box()
    assert (box["width"], box["height"]) == size and page.locator(".tour-map svg, .tour-map use").count()
    page.click(".tour .sharing")  # from here nobody else reaches the page, and it says so
    page.wait_for_selector(".share p")
    page.click(".tour .sharing")
    page.focus(".tour")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('step=terms')")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("location.search.includes('step=fusion')")


def test_other_networks_are_told_what_the_tour_needs(visit):
    page = visit(query="/?tour=hourglass&right=hrnet-slim", ready=False)
    page.click(".tour-text .plain")
    page.wait_for_selector(".tour .option")
    page.evaluate("document.querySelector('.lessons [data-tour=hrnet]').click()")
    page.wait_for_selector(".tour .option")
    page.evaluate("document.querySelector('.photo .inside').click()")  # an HRNet too, and no pose network
    page.wait_for_selector(".inside.card:visible")
    page.wait_for_selector(".tour-text p .plain")
    assert page.locator(".tour .option").count() == 0
    page.click(".tour-text p .plain")
    page.wait_for_selector(".tour .option")


def test_a_browser_that_keeps_nothing_still_answers(visit):
    """As a frame of another site, where a browser gives such frames no storage."""
    forbidden = """for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,
        { get() { throw new DOMException(name, 'SecurityError'); } });"""
    page = visit(query="/?tour=hrnet", script=forbidden)
    page.wait_for_selector(".tour .option")
    answer(page, 0)
    page.click(".tour .next")
    assert page.get_attribute(".tour .dot >> nth=0", "data-answered") == "true"
    page.click(".tour footer .link")
    page.wait_for_function("location.search.includes('step=parallel')")
    assert page.get_attribute(".tour .dot >> nth=0", "data-answered") is None
