"""Nobody is kept out: axe-core finds nothing serious, and a keyboard alone reaches everything."""

from axe_playwright_python.sync_playwright import Axe
from conftest import pin
from test_xray import FUSED

#: Whatever is seen has its words.
SPOKEN = """() => [...document.querySelectorAll('[data-word]')].every((e) =>
        !e.getClientRects().length || e.textContent)
    && [...document.querySelectorAll('[role=tabpanel]')].some((e) => e.getClientRects().length
        && e.querySelector('[data-word]')?.getClientRects().length)"""


#: What is seen has the colours that it will have.
STILL = "() => !document.getAnimations().some((each) => each instanceof CSSTransition && each.playState === 'running')"


def clean(page, within: str | None = None, colours: bool = True, dark: bool = False) -> None:
    """colours -- False: they are not asked; dark -- a dark screen's are asked, too, and nothing else is of it."""
    how: dict = {} if colours else {"rules": {"color-contrast": {"enabled": False}}}
    assert serious(page, within, how) == []
    if dark:
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(STILL)
        assert serious(page, within, {"runOnly": ["color-contrast"]}) == [], "dark"
        page.emulate_media(color_scheme="light")
        page.wait_for_function(STILL)


def serious(page, within: str | None, how: dict) -> list[tuple[str, str]]:
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(
        "async ([within, how]) => (await axe.run(within ?? document, how)).violations",
        [within, {"resultTypes": ["violations"], **how}],
    )
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]


def test_axe_finds_nothing_serious_on_page_x_ray_and_dock(look):
    page = look()
    for part in ("beside", "film", "story", "take"):
        page.evaluate(f"document.querySelector('.{part}').scrollIntoView()")
        page.wait_for_function(f"document.querySelector('.{part} .heading').textContent !== ''")
    page.click('.map-card[data-side="1"] .play')
    page.wait_for_selector(".told:not(:empty)")
    page.click("[data-play=pause]")
    clean(page, '.map-card[data-side="1"]', dark=True)
    page.click("[data-play=end]")
    page.locator('[data-side="0"] .hit[data-from="stage4.module1.branch3"]').first.dispatch_event("click")
    page.wait_for_selector(".cut-one")
    page.click(".matters-toggle")
    page.wait_for_selector(".matters-list li")
    page.click(".gradient-toggle")
    page.wait_for_selector(".gradient-chart svg")
    clean(page, dark=True)
    for toggle in (".matters-toggle", ".gradient-toggle"):
        page.click(toggle)
    pin(page, FUSED)
    page.wait_for_selector(".term.total")
    clean(page, ".dock", dark=True)
    for tab, sign in (("channels", ".pca img"), ("before_after", ".trio canvas"), ("field", ".sight")):
        page.click(f"[data-tab={tab}]")
        page.wait_for_selector(sign)
        clean(page, ".dock", dark=True)


def test_a_keyboard_alone_reaches_everything(look):
    page = look()
    page.evaluate("document.querySelector('.beside').scrollIntoView()")
    page.wait_for_selector(".beside .wipe")
    page.evaluate("scrollTo(0, 0)")
    page.focus(".map-scroll[data-side='0'] .cell[tabindex='0']")
    for _ in range(7):  # along the stages to a fusion
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".term.total")
    page.evaluate("document.activeElement.blur(); getSelection().collapse(document.body, 0)")
    wanted = {".upload", ".example", "#pick-left select", "#stop input", ".pair .canvas", ".bar-stops button", ".scope",
              ".own", ".bar-joint", ".play", ".map-scroll .cell", ".dock .silence", ".dock .open-layers",
              ".dock .tabs button", ".dock .scissors", ".dock .close", ".beside [data-offer]", ".wipe-hand",
              ".matters-toggle", ".gradient-toggle", ".zooms button", ".take-view", ".measure", ".placed",
              ".differences tbody button", "[data-take=link]", "[data-take=png]", ".languages button",
              ".theme"}  # fmt: skip
    for _ in range(220):
        page.keyboard.press("Tab")
        wanted -= set(page.evaluate("all => all.filter((each) => document.activeElement.matches(each))", list(wanted)))
        if not wanted:
            break
    assert not wanted
    page.focus("[data-zoom=in]")
    for key, kept in (("Enter", "[data-zoom=in]"), ("Tab", ":not([data-zoom])")):
        page.keyboard.press(key)
        assert page.evaluate("kept => document.activeElement.matches(kept)", kept), "it has the focus still"
    page.focus(".dock .sum-channel")
    before = page.evaluate_handle("document.activeElement")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("old => !old.isConnected && document.activeElement.matches('.sum-channel')", arg=before)
    page.locator(".dock .scissors").last.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".cut-one")
    page.wait_for_function("document.activeElement.matches('.dock .scissors[aria-pressed=true]')")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.matches('.dock .scissors[aria-pressed=false]')")
    page.focus("[data-tab=before_after]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".dock .against")
    assert page.evaluate("document.activeElement.matches('[data-tab=before_after]')")
    page.focus(".dock .against")
    before = page.evaluate_handle("document.activeElement")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("old => !old.isConnected && document.activeElement.matches('.against')", arg=before)


def test_axe_finds_nothing_serious_in_lesson_glossary_and_the_other_tabs(look):
    page = look()
    page.evaluate("scrollTo(0, 0)")
    page.click(".lessons summary")
    clean(page, ".lessons", dark=True)
    page.mouse.click(5, 500)  # beside the menu
    assert page.locator(".lessons[open]").count() == 0
    page.click(".open-glossary")
    page.wait_for_selector(".glossary[open] .term-picture canvas, .glossary[open] .term-picture figure")
    clean(page, ".glossary", dark=True)
    page.keyboard.press("Escape")
    for tab in ("Video", "Live"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_function(SPOKEN)
        clean(page, dark=True)
    page.get_by_role("tab", name="Study").click()
    for k, question in enumerate(page.locator("#study-question input").all()):
        question.check()
        page.wait_for_selector("#study-box .js-plotly-plot .main-svg")
        clean(page, "#study-box" if k else None, colours=k == 0, dark=k == 0)  # they are the same for every question
    page.get_by_role("tab", name="Photo").click()
    page.click(".lessons summary")
    page.click(".lessons .menu button >> nth=0")
    page.wait_for_selector(".tour .option")
    clean(page, ".tour", dark=True)
    page.click(".tour .full")
    page.wait_for_selector(".tour.teach")
    clean(page, ".tour", dark=True)
    page.click(".tour .option >> nth=0")
    page.wait_for_selector(".tour .verdict")
    clean(page, ".tour", dark=True)
    page.click(".tour .sharing")
    clean(page, ".tour", dark=True)
