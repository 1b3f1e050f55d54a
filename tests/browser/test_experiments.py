"""What a step of the lesson does to the page: the arrow is cut, the view opened, the photo compared; and undone."""

from conftest import SCREENSHOTS, settle
from test_tours import ILLEGIBLE, TOURS, answer

LEFT = ".pair .view:nth-child(1) .skeletons"
#: Of a step: what is there once it is answered, and gone when one has left.
OPENED = {
    ("hrnet", "stem"): ".layers:not([hidden]) .layer-row canvas",
    ("hrnet", "fusion"): ".arrow.told-of",
    ("hourglass", "down"): ".player, .future",
    ("hourglass", "feedback"): '.arrow.broken[data-from="stack1.feedback.heatmaps"][data-to="stack2.input"]',
    ("hourglass", "gradient"): ".gradient.card:not([hidden])",
}
#: Of a step: the tab that it opens the cell on.
TABS = {("hrnet", "stem"): "field", ("hrnet", "order"): "code", ("hourglass", "channels"): "computation"}


def at(page, tour: str, step: str) -> None:
    """Goes to a step of a tour that is open."""
    number = [each["id"] for each in TOURS[tour]["steps"]].index(step)
    page.click(f".tour .dot >> nth={number}")
    page.wait_for_function("step => location.search.includes(`step=${step}`)", arg=step)
    page.wait_for_selector(".tour .option:not([disabled])")


def begin(page, tour: str) -> None:
    page.click(".lessons summary")
    page.click(f".lessons .menu [data-tour={tour}]:not([data-step])")
    page.wait_for_function("tour => location.search.includes(`tour=${tour}`)", arg=tour)


def test_a_step_cuts_the_arrow_shows_the_class_what_moved_and_mends_it(look):
    page = look("?tour=hrnet&step=cut")
    page.wait_for_selector(".tour .option")
    before = page.inner_html(LEFT)
    right, _ = answer(page, 0)
    broken = page.locator(".arrow.broken")
    assert broken.count() == 1 and broken.get_attribute("data-to") == "stage3.module1.branch0.fused"
    assert page.evaluate("pageState.cuts[0]") == {broken.get_attribute("data-cut"): "zero"}
    assert page.inner_html(LEFT) != before and page.locator(".pair svg.ghost").count() == 1
    page.wait_for_selector(".dock [data-tab=computation][aria-selected=true]")
    page.set_viewport_size({"width": 1024, "height": 768})
    page.click(".tour .full")
    photo = page.locator(".tour-photo")
    photo.wait_for()
    assert photo.count() == 1 and photo.locator("svg.ghost").is_visible() and photo.locator("svg.skeleton").is_visible()
    assert page.evaluate(ILLEGIBLE) == []
    page.screenshot(path=SCREENSHOTS / "teacher-cut.png")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("!Object.keys(pageState.cuts[0]).length")
    settle(page)
    assert broken.count() == 0 and page.inner_html(LEFT) == before, "the next step finds the network whole"
    assert page.locator(".tour-photo").count() == 0, "nothing is shown before the next question is answered"
    page.keyboard.press("ArrowLeft")
    assert answer(page, right) == (right, True), "cut once more, and measured the same"


def test_each_step_opens_what_it_speaks_of_and_closes_it(look):
    page = look("?tour=hrnet")
    for tour, step in sorted({*OPENED, *TABS}, reverse=True):
        if f"tour={tour}" not in page.url:
            begin(page, tour)
        at(page, tour, step)
        answer(page, 0)
        if (tour, step) in OPENED:
            page.wait_for_selector(OPENED[tour, step], state="attached")
        if (tour, step) in TABS:
            page.wait_for_selector(f".dock [data-tab={TABS[tour, step]}][aria-selected=true]")
        if (tour, step) == ("hrnet", "stem"):
            assert page.locator(".pair svg .sees").count() == 2, "what the cell under the joint sees, on both photos"
        page.click(".tour .dot >> nth=-1")
        if (tour, step) in OPENED:
            page.wait_for_function("what => !document.querySelector(what)", arg=OPENED[tour, step])
    assert page.evaluate("pageState.pixel") is None


def test_one_network_is_put_beside_itself_and_both_come_back(look):
    page = look("?tour=upsampling&step=nearer")
    page.wait_for_selector(".tour .option")
    answer(page, 0)
    assert page.evaluate("[pageState.networks, pageState.stop, pageState.own]") == [
        ["hrnet-slim", "hrnet-slim"], "nearest", "bilinear"]  # fmt: skip
    page.wait_for_selector(".beside .places li")
    said = page.locator(".tour .studied li").all_inner_texts()
    assert any("95 %" in text for text in said), "what many people say stands there with its interval"
    page.click(".tour .next")
    page.wait_for_function("pageState.networks[1] === 'hourglass-slim' && pageState.own === null && !pageState.apart")
    before = page.evaluate("""() => pageState.skeletons.map((svg) => {
        const node = document.createElement('div');
        node.innerHTML = svg;
        return node.innerHTML;
    })""")
    answer(page, 0)
    assert page.evaluate("pageState.stop") == "bilinear-corners"
    moved = page.evaluate("""() => [...document.querySelectorAll('.tour-photo')].map((photo) =>
        [photo.querySelector('.was').innerHTML, photo.querySelector('.skeletons').innerHTML])""")
    assert [was for was, _ in moved] == before and all(was != now for was, now in moved), "before and after, of both"
    page.click(".tour header button >> nth=-1")
    page.wait_for_function("pageState.stop === 'nearest'")
