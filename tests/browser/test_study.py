"""The Study tab in a real browser."""

from conftest import SCREENSHOTS

from pose_demo.study import report


def test_figures_come_with_the_tab_and_change_with_the_question(visit):
    page = visit(1366, 768)
    page.get_by_role("tab", name="Study").click()
    page.wait_for_selector("#study-box .js-plotly-plot")
    people = report.shipped()["accuracy"]["data"]["evaluated"]
    assert f"{people} labelled people" in page.inner_text("#study-text")
    headings = page.locator("#study-box h3").all_inner_texts()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "study.png", full_page=True)

    page.get_by_label("Does the slider matter?").check()
    page.wait_for_function("old => document.querySelector('#study-box h3').innerText !== old", arg=headings[0])
    page.wait_for_selector("#study-box .js-plotly-plot")
    page.screenshot(path=SCREENSHOTS / "study-upsampling.png", full_page=True)

    page.get_by_label("What does training answer?").check()
    page.wait_for_function("document.querySelector('#study-text').innerText.includes('Small-scale evidence')")
    page.wait_for_selector("#study-box .js-plotly-plot:visible")
    page.screenshot(path=SCREENSHOTS / "study-experiments.png", full_page=True)
    page.get_by_role("tab", name="Photo").click()
    assert page.locator("#views svg.skeleton").first.is_visible()


def test_the_tab_fits_a_phone(visit):
    page = visit(390, 844)
    page.get_by_role("tab", name="Study").click()
    page.wait_for_selector("#study-box .js-plotly-plot")
    page.screenshot(path=SCREENSHOTS / "study-phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
