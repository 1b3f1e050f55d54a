"""The glossary and the code, in the real page and in each language."""

import re

import pytest
from test_accessible import clean

from pose_demo.page.study_tab import QUESTIONS

TERMS = ["heatmap", "stride", "branch", "fusion", "energy", "field", "probe", "torso", "pck", "oks"]

#: The middle of a word of plain text.
PLACE = """() => {
    const near = [...CSS.highlights.get('glossary')].find((r) => r.startContainer.parentElement.closest('.what')
        && String(r) === 'fusions');
    const { x, y, width, height } = near.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
}"""


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_every_term_has_a_sentence_a_formula_a_picture_and_a_place(look, language):
    page = look(language=language)
    page.wait_for_selector(f"html[lang={language[:2]}]")
    page.keyboard.press("g")
    assert page.eval_on_selector_all(".glossary nav button", "all => all.map((b) => b.dataset.term)") == TERMS
    told = set()
    for term in TERMS:
        page.click(f".glossary nav [data-term={term}]")
        page.wait_for_selector(f".glossary article[data-term={term}] .term-picture > *")
        assert page.locator(".glossary math mi").count() > 1
        sentence, paper = (page.inner_text(f".glossary article {part}") for part in ("h3 + p", ".paper"))
        told.add(sentence)
        assert len(sentence) > 10 and re.search("20(1[0-9])|论文|paper", paper)
        assert bool(re.search("[一-鿿]", sentence)) == (language == "zh-CN")
        sizes = page.eval_on_selector_all(
            ".term-picture .tour-map, .term-picture canvas, .term-photo", "all => all.map((n) => n.clientHeight)"
        )
        assert sizes and min(sizes) > 40
        if language == "en-US":  # words change nothing of it
            clean(page, ".glossary", colours=term == TERMS[0])
    assert len(told) == len(TERMS)


def test_a_word_anywhere_opens_its_term(look):
    page = look()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("CSS.highlights.get('glossary')?.size > 3")
    at = page.evaluate(PLACE)
    page.mouse.move(*at)
    page.wait_for_selector("body.on-term")
    page.mouse.click(*at)
    page.wait_for_selector(".glossary[open] article[data-term=fusion]")
    page.keyboard.press("Escape")
    page.mouse.click(at[0] + 90, at[1] + 2)  # behind the line's words nothing opens
    assert page.locator(".glossary[open]").count() == 0


def opens(page, term: str) -> None:
    page.wait_for_selector(f".glossary[open] article[data-term={term}]")
    page.keyboard.press("Escape")
    page.wait_for_selector(".glossary[open]", state="detached")


def middle(page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_word_of_a_drawing_a_tab_a_button_and_a_figure_opens_its_term(look):
    page = look()
    page.set_default_timeout(30_000)
    page.wait_for_timeout(500)  # the words are looked for once all has been drawn
    page.mouse.click(*middle(page, '.xmap text[data-drawn="branch 1"]'))
    opens(page, "branch")
    page.locator('[data-cell="stage3.module1.branch1.fused"]').click()
    page.wait_for_selector(".term.total")
    assert page.locator(".dock .about").is_hidden()
    page.click(".dock [data-tab=field]")
    page.click(".dock .about")
    opens(page, "field")
    page.click(".dock .close")
    page.evaluate("scrollTo(0, 0)")
    page.click(".lessons summary")
    asked = ".lessons .asked:text-is('What does a fusion add?')"
    page.mouse.move(*middle(page, asked))  # a click does what the button says
    page.keyboard.press("g")
    opens(page, "fusion")
    page.mouse.move(2, 2)
    page.focus(asked)
    page.keyboard.press("g")
    opens(page, "fusion")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.get_by_role("tab", name="Study").click()
    page.locator("#study-question input").nth(QUESTIONS.index("depth")).check()
    title = ".js-plotly-plot .ytitle:text-matches('PCK')"
    page.wait_for_selector(title)
    page.wait_for_timeout(500)
    page.mouse.click(*middle(page, title))
    opens(page, "pck")
    page.evaluate("delete Document.prototype.caretPositionFromPoint")  # what older browsers have instead
    assert page.evaluate("typeof document.caretPositionFromPoint") == "undefined"
    page.get_by_role("tab", name="Photo").click()
    page.wait_for_function("[...CSS.highlights.get('glossary')].some((r) => r.startContainer.parentElement"
                           ".closest('.what') && String(r) === 'fusions')")  # fmt: skip
    page.mouse.click(*page.evaluate(PLACE))
    opens(page, "fusion")


def test_show_me_the_code(look):
    page = look()
    page.locator('[data-cell="stage3.module1.branch1.fused"]').click()
    page.click("[data-tab=code]")
    page.wait_for_selector(".source .marked")
    lines = page.eval_on_selector_all(".source .marked", "all => all.map((line) => line.textContent)")
    assert any("term(x)" in line and "→ (1, 48, 16, 16), (1, 48, 8, 8)" in line for line in lines)
    assert any("total + y" in line and "2 × (1, 48, 16, 16)" in line for line in lines)
    shown = page.inner_text(".dock-body")
    assert "pose_demo/networks/hrnet.py" in shown and "ExchangeUnit.forward" in shown
