"""The Chinese page, walked through all its views: no English sentence is on it, and nothing is cut."""

import re

import pytest
from conftest import pin, settle
from test_accessible import SPOKEN

from pose_demo import weights
from pose_demo.networks import zoo

#: What is read: text as it stands, and what a hover or a screen reader says. Code, formulas and quoted lines are not.
READ = """() => {
    const found = [], not = 'script, style, pre, code, math, kbd, [lang=en]';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, parent = node.parentElement;
        if (parent.closest(not) || !parent.getClientRects().length) continue;
        found.push(node.data);
    }
    for (const node of document.querySelectorAll(
            '[title], [aria-label], [placeholder], [data-title], svg title')) {
        if (node.closest(not) || !(node.parentElement?.getClientRects().length)) continue;
        for (const name of ['title', 'aria-label', 'placeholder', 'data-title']) {
            found.push(node.getAttribute(name) ?? '');
        }
        if (node.localName === 'title') found.push(node.textContent);
    }
    return [...new Set(found.map((text) => text.trim()).filter(Boolean))];
}"""
#: Two words of English in a row, not the parts of a name in code.
ENGLISH = re.compile(r"(?<![\w./-])[A-Za-z][a-z]{1,}[,:;]? [a-z]{2,}(?![\w./=-])")
#: A paper's title, and those who wrote one: these words alone, not the sentence around them.
QUOTED = re.compile(r"Stacked Hourglass|Alain|Luo|Ronchi")


def english(page) -> list[str]:
    names = [zoo.card(name).title for name in weights.manifest()]
    texts = [QUOTED.sub("", text) for text in page.evaluate(READ)]
    for name in (*names, "HRNet", "Hourglass"):
        texts = [text.replace(name, "") for text in texts]
    left = [text for text in texts if ENGLISH.search(text)]
    print(left)  # all of them, where one fails
    return left


@pytest.fixture
def chinese(look):
    page = look(language="zh-CN")
    page.wait_for_selector("html[lang=zh]")
    return page


def test_no_english_sentence_in_the_drawings_and_the_dock(chinese):
    page = chinese
    assert english(page) == []
    labels = page.eval_on_selector_all(".xmap [data-drawn]", "all => all.map((t) => t.textContent)")
    assert "阶段 2" in labels and "分支 1" in labels and "照片" in labels and "反馈" in labels
    assert not [label for label in labels if re.search("[A-Za-z]", label)]
    for cell in ("stage3.module1.branch1.fused", "stack1.features", "stage3.module1.branch1"):
        page.locator(f'[data-cell="{cell}"]').first.click()
        page.wait_for_selector(".dock .tabs button")
        for tab in page.eval_on_selector_all(".dock .tabs button", "all => all.map((b) => b.dataset.tab)"):
            page.click(f".dock .tabs [data-tab={tab}]")
            page.wait_for_selector(".dock-body > *")
            page.wait_for_timeout(400)
            assert english(page) == [], (cell, tab)
        page.click(".dock .close")


def test_no_english_sentence_below_the_drawings(chinese):
    page = chinese
    sections = page.eval_on_selector_all("#xray-box section[class]", "all => all.map((s) => s.classList[0])")
    assert len(sections) > 4
    for name in sections:
        page.evaluate("(name) => document.querySelector(`#xray-box section.${name}`).scrollIntoView()", name)
        page.wait_for_timeout(700)
        assert english(page) == [], name


def test_no_english_sentence_in_a_cut_what_matters_and_the_gradient(chinese):
    page = chinese
    key = page.evaluate("pageState.key")
    page.locator('.hit[data-from="stack1.feedback.heatmaps"]').first.dispatch_event("click")
    page.wait_for_function("before => pageState.key !== before", arg=key)
    settle(page)
    assert english(page) == [], "cut"
    for toggle, sign in (("matters", ".matters-list li"), ("gradient", ".gradient-chart svg")):
        page.click(f".{toggle}-toggle")
        page.wait_for_selector(sign)
        assert english(page) == [], toggle
    assert page.locator(".weighed-stack").count() == 2, "the stacks are found under their Chinese names"
    assert {"阶段 2", "堆叠 2"} <= {*page.locator(".gradient-chart text").all_text_contents()}


def test_no_english_sentence_in_the_play_layers_a_network_beside_itself_and_the_finder(chinese):
    page = chinese
    page.click('.map-card[data-side="0"] .play')
    page.wait_for_selector(".told:not(:empty)")
    page.click("[data-play=pause]")
    assert english(page) == [], "play"
    page.click("[data-play=end]")
    pin(page, '.map-scroll[data-side="0"] .cell[data-cell="stage1.unit1"]')
    page.click(".open-layers")
    page.wait_for_selector(".layers figure")
    assert english(page) == [], "layers"
    page.keyboard.press("Escape")
    page.click(".dock .close")
    page.evaluate("document.querySelector('.beside').scrollIntoView()")
    page.wait_for_selector(".beside .wipe")
    page.click("[data-offer=hrnet-slim]")
    page.wait_for_selector(".beside .places li")
    assert english(page) == [], "beside itself"
    page.evaluate("scrollTo(0, 0)")
    page.click(".photo .inside")
    page.wait_for_selector(".inside.card:visible")
    assert english(page) == [], "finder"
    page.set_input_files(".photo .file", {"name": "a.png", "mimeType": "image/png", "buffer": b"<html>no picture"})
    page.wait_for_selector(".photo-error:visible")
    assert english(page) == [], "what is no photo"


def test_no_english_sentence_in_the_controls_the_lesson_and_the_keys(chinese):
    page = chinese
    page.evaluate("scrollTo(0, 0)")
    page.click("#more button")
    page.click(".lessons summary")
    assert english(page) == []
    page.click(".lessons .menu button >> nth=0")
    page.wait_for_selector(".tour .option")
    page.click(".tour .option >> nth=0")
    page.wait_for_selector(".tour .verdict")
    assert english(page) == []
    page.click(".tour .full")
    page.click(".tour .sharing")
    page.wait_for_selector(".share p")
    assert english(page) == []
    page.click(".tour .full")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert english(page) == []
    page.keyboard.press("Escape")
    page.click(".open-glossary")
    for k in range(page.locator(".glossary nav button").count()):
        page.click(f".glossary nav button >> nth={k}")
        page.wait_for_selector(".term-picture > *")
        assert english(page) == [], k


@pytest.mark.parametrize("tab", ["研究", "视频", "实时"])
def test_no_english_sentence_in_the_other_tabs(chinese, tab):
    page = chinese
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("tab", name=tab).click()
    questions = page.locator("#study-question input").count() if tab == "研究" else 1
    for k in range(questions):
        if tab == "研究":
            page.wait_for_selector("#study-box .js-plotly-plot")
            told = page.inner_text("#study-box")
            page.locator("#study-question input").nth(k).check()
            page.wait_for_function(
                "told => document.querySelector('#study-box').innerText !== told", arg=told if k else ""
            )
            page.wait_for_timeout(300)
        assert english(page) == [], k


def test_nothing_is_cut(look):
    page = look(width=1024, language="zh-CN")
    page.wait_for_selector("html[lang=zh]")
    for tab in ("照片", "研究", "视频", "实时", "Photo", "Study", "Video", "Live"):
        page.evaluate("scrollTo(0, 0)")
        if tab == "Photo":
            page.click(".languages button[lang=en]")
            page.wait_for_selector("html[lang=en]")
        page.get_by_role("tab", name=tab).click()
        if tab in ("研究", "Study"):
            page.wait_for_selector("#study-box .js-plotly-plot .main-svg")
        else:
            page.wait_for_function(SPOKEN)
        fits(page, tab)
    page.get_by_role("tab", name="Photo").click()
    pin(page, '[data-cell="stage3.module1.branch1.fused"]')
    for tab in page.eval_on_selector_all(".dock .tabs button", "all => all.map((b) => b.dataset.tab)"):
        page.click(f".dock .tabs [data-tab={tab}]")
        fits(page, f"dock, {tab}")
    page.click(".dock .close")
    page.evaluate("scrollTo(0, 0)")
    page.click(".open-glossary")
    page.wait_for_selector(".term-picture > *")
    fits(page, "glossary")
    page.keyboard.press("Escape")
    page.click(".lessons summary")
    fits(page, "the lesson's menu")
    page.click(".lessons .menu button >> nth=0")
    page.click(".tour .option >> nth=0")
    page.wait_for_selector(".tour .verdict")
    fits(page, "tour")
    tops = page.locator(".tour footer button:not(.dot)").evaluate_all("all => all.map((each) => each.offsetTop)")
    assert max(tops) - min(tops) < 10, "in one line, on a phone too"


def fits(page, what: str) -> None:
    """On a small laptop and on a phone nothing is wider than the window, and no text wider than its box."""
    for width, height in ((1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (what, width)
        cut = page.eval_on_selector_all(
            "button, summary, label, h1, h2, h3, p, th, td, legend, figcaption",
            """all => all.filter((e) => e.offsetParent && getComputedStyle(e).overflowX !== 'visible'
                && !/auto|scroll/.test(getComputedStyle(e).overflowX) && getComputedStyle(e).textOverflow !== 'ellipsis'
                && e.scrollWidth > e.clientWidth + 2).map((e) => [e.className, e.textContent.slice(0, 40)])""",
        )
        assert cut == [], (what, width)
