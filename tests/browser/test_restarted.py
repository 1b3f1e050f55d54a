"""The app is killed and started anew under an open page: it says so, and goes on with the photo as it was set."""

from conftest import SCREENSHOTS, free_port, settle, share_state, start_app
from pictures import beside_each_other
from PIL import Image
from test_cuts import cut
from test_xray import FUSED

from pose_demo.locales import say

POINTS = "[...document.querySelectorAll('.pair svg.skeleton circle')].map((each) => each.outerHTML).join()"
CHOSEN = ".people .one:nth-child(2)[aria-pressed=true]"


def opened(page) -> str:
    """What an open cell says of the sum that made it; then it is closed."""
    if not page.locator(".dock:visible").count():
        page.click(FUSED)
    text = page.inner_text(".term.total")
    page.click(".dock .close")
    return text


class Visited:
    """One page, and the app under it, which dies."""

    def __init__(self, page, log):
        self.page, self.log, self.port = page, log, free_port()
        self.tour = False
        self.process = start_app(self.port, log)
        page.set_default_timeout(150_000)
        page.goto(f"http://127.0.0.1:{self.port}/")
        page.wait_for_selector("#xray .cell")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def anew(self):
        self.process = start_app(self.port, self.log)

    def says(self, key):
        self.page.wait_for_selector(".link-note:visible")
        language = self.page.evaluate("document.documentElement.lang")
        self.page.wait_for_function(
            "text => document.querySelector('.link-note:not([hidden])')?.innerText === text", arg=say(language, key)
        )

    def comes_back(self, points):
        """Person 2 of the same photo, under the same stop, with the same arrow cut."""
        self.page.wait_for_selector(CHOSEN)
        self.page.wait_for_function(f"points => {POINTS} === points", arg=points)
        settle(self.page)
        share_state(self.page)
        assert self.page.evaluate("[pageState.stop, pageState.language]") == ["bicubic", "zh"]
        assert self.page.locator(".cut-one").count() == 1
        assert self.page.evaluate("pageState.threshold") == 0.3
        assert self.page.locator(".tour .dot[aria-current=step]").count() == self.tour


def test_the_page_goes_on(browser, tmp_path):
    Image.fromarray(beside_each_other(2)[0]).save(tmp_path / "two.png")
    visited = Visited(browser.new_page(locale="zh-CN"), tmp_path / "log.txt")
    page = visited.page
    try:
        page.set_input_files(".photo .file", tmp_path / "two.png")
        page.click(".people .one:nth-child(2) span")
        page.wait_for_selector(CHOSEN)
        share_state(page)
        page.click(".bar-stops [data-stop=bicubic]")
        page.wait_for_function("pageState.stop === 'bicubic'")
        cut(page)
        page.evaluate("document.querySelector('#more button').click()")
        page.fill("#threshold input[type=number]", "0.3")
        page.press("#threshold input[type=number]", "Enter")
        page.wait_for_function("pageState.threshold === 0.3")
        points, total = page.evaluate(POINTS), opened(page)

        page.evaluate("document.querySelector('[data-tour=hrnet]').click()")
        page.click(".tour .dot >> nth=1")
        step = page.inner_text(".tour h3")
        visited.tour = True
        visited.kill()
        page.click(".stops li:nth-child(1) button")  # it misses an answer
        visited.says("page.lost")
        with page.expect_event("load"):
            visited.anew()
        visited.says("page.again")
        visited.comes_back(points)
        page.screenshot(path=SCREENSHOTS / "again.png")
        assert page.inner_text(".tour h3") == step
        page.locator(".tour").press("Escape")
        visited.tour = False

        page.evaluate("performance.now = () => 20_001")  # twice in a row would be no help
        page.route("**/gradio_api/app_id", lambda route: None)  # it goes unnoticed
        visited.kill()
        visited.anew()
        with page.expect_event("load"):
            page.click(FUSED)
        visited.comes_back(points)
        assert opened(page) == total
    finally:
        page.context.close()
        visited.kill()
