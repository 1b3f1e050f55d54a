"""The Live tab with Chromium's own fake camera, which plays an example's person; and without any camera."""

import shutil
import sys

import pytest
from conftest import CHROMIUM, ROOT, SCREENSHOTS, settle

sys.path.append(str(ROOT / "tests/moving"))
import films

_FAKE = [flag for flag in CHROMIUM if "fake" not in flag]


FRAMES = 60
#: `shots` gets what is said of each frame.
EVERY_FRAME = """() => {
  window.shots = [];
  const said = document.querySelector('.live-room .speed');
  new MutationObserver(() => shots.push({ ...said.dataset })).observe(said, { attributeFilter: ['data-looked'] });
}"""


@pytest.fixture(scope="module")
def cameras(browser, tmp_path_factory):
    """A browser whose camera shows two people who walk, and one without a camera. Neither allows it unasked."""
    file = films.camera(tmp_path_factory.mktemp("camera") / "walk.y4m")
    fake = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={file}"]
    started = [
        browser.browser_type.launch(executable_path=shutil.which("chromium"), args=[*_FAKE, *more])
        for more in (fake, [])
    ]  # fmt: skip
    yield started
    for each in started:
        each.close()


@pytest.fixture
def live(app, cameras):
    """live(camera, permissions, ...) -> the Live tab, open."""
    contexts, errors = [], []

    def open_page(camera=0, permissions=("camera",), **options):
        options = {"viewport": {"width": 1366, "height": 768}, "locale": "en-US", **options}
        context = cameras[camera].new_context(permissions=list(permissions), **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(app)
        page.wait_for_selector("#xray .cell")
        page.get_by_role("tab", name="Live").click()
        page.wait_for_selector(".live-room .go:enabled")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def test_both_skeletons_a_map_and_what_it_costs_live_then_frozen(live):
    page, asked = live(), []
    assert page.locator(".live-room .map-now canvas").count() == 0
    waiting = {"now": 0, "most": 0}

    def count(step):
        def heard(request):
            if "component_server" in request.url and '"view":"live"' in (request.post_data or ""):
                asked.append(len(request.post_data))
                waiting["now"] += step
                waiting["most"] = max(waiting["most"], waiting["now"])

        return heard

    page.on("request", count(1))
    page.on("requestfinished", count(-1))
    page.evaluate(EVERY_FRAME)
    page.click(".live-room .go")
    page.wait_for_function(f"shots.length >= {FRAMES}", timeout=170_000)
    frames = page.evaluate("shots.map((each) => Object.fromEntries(Object.entries(each).map(([k, v]) => [k, +v])))")
    assert waiting["most"] == 1, "one frame is looked at, and none waits"
    assert [said["looked"] for said in frames] == list(range(1, len(frames) + 1)) and frames[-1]["dropped"] > 0
    for said in frames:
        assert said["all"] == said["looked"] + said["dropped"]
        assert 0 < said["work"] <= said["frame"] <= said["delay"] <= 2 * said["frame"], "however long it runs"
    assert frames[-1]["speed"] > 0 and max(said["people"] for said in frames) >= 2
    assert page.locator(".live-room .over circle").count() > 20 and max(asked) < 200_000
    page.select_option(".live-room .cell-of select", label="HRNet-Slim: heatmaps")
    page.wait_for_selector(".live-room .map-now canvas[aria-label='0:heatmaps']")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "live.png")

    page.click(".live-room .freeze")
    page.wait_for_selector(".photo .look", state="hidden")  # an example no longer
    # One who walks out at the right comes in at the left: there are two of them then.
    page.wait_for_function("/found by the network|people found/.test(document.querySelector('.which').innerText)")
    settle(page)
    assert page.locator(".pair svg.skeleton").first.is_visible()
    page.get_by_role("tab", name="Live").click()
    assert page.locator(".live-room .go").is_visible(), "the camera is off"


def test_a_camera_that_is_lost_or_left(live):
    page, held = live(viewport={"width": 390, "height": 844}), []
    page.route(lambda address: "component_server" in address, lambda route: held.append(route))
    with page.expect_request(lambda request: "component_server" in request.url):
        page.click(".live-room .go")
    page.wait_for_selector(".live-room .halt:visible")
    assert not page.locator(".live-room .freeze").is_visible(), "no frame has been looked at"
    for route in held:
        route.continue_()
    page.unroute_all()
    page.wait_for_selector(".live-room .speed:visible")
    assert page.locator(".live-room .freeze").is_visible()
    page.screenshot(path=SCREENSHOTS / "live-phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.evaluate(
        "document.querySelector('.live-room video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    )
    page.wait_for_selector(".live-room .photo-error:visible")
    assert "was lost" in page.inner_text(".live-room .photo-error")
    page.click(".live-room .go")
    page.wait_for_selector(".live-room .halt:visible")
    page.get_by_role("tab", name="Photo").click()
    page.wait_for_function("document.querySelector('.live-room video').srcObject === null")


def test_a_camera_that_is_not_allowed_or_not_there(live):
    for options, says in (({"permissions": ()}, "did not allow"), ({"camera": 1}, "No webcam")):
        page = live(**options)
        page.click(".live-room .go")
        page.wait_for_selector(".live-room .photo-error:visible")
        assert says in page.inner_text(".live-room .photo-error")
        assert page.locator(".live-room .go").is_visible()
