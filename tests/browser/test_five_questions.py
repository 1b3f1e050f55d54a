"""What a student asks: each is answered by at most three clicks from the first screen."""

import re

import pytest
from conftest import share_state


@pytest.fixture
def page(visit):
    """From the first screen: what a hand clicks is counted by the page itself, scrolling is free."""
    page = visit()
    page.wait_for_selector("#xray .cell")
    share_state(page)
    page.evaluate(
        "window.clicks = []; addEventListener('click', (e) => clicks.push(e.target.outerHTML.slice(0, 90)), true)"
    )
    yield page
    clicks = page.evaluate("clicks")
    print(*clicks, sep="\n")
    assert len(clicks) <= 3


def test_what_does_a_fusion_add(page):
    page.locator('[data-cell="stage3.module1.branch1.fused"]').click()  # 1
    page.wait_for_selector(".term.total")
    shares = [int(share) for share in re.findall(r"share (\d+)%", page.inner_text(".dock-body"))]
    assert len(shares) == 3 and 98 <= sum(shares) <= 102


def test_why_four_branches(page):
    page.locator('[data-cell="stage4.module1.branch3"]').click()  # 1
    page.wait_for_selector(".dock .tabs button")
    page.click(".dock [data-tab=field]")  # 2
    page.wait_for_selector(".fields")
    coarse = int(re.search(r"Theoretical: (\d+)", page.inner_text(".dock-body"))[1])
    page.locator('[data-cell="stage1.unit2"]').click()  # 3
    page.wait_for_function("old => !document.querySelector('.dock-body').innerText.includes(old)", arg=f"{coarse} ×")
    page.wait_for_selector(".fields")
    fine = int(re.search(r"Theoretical: (\d+)", page.inner_text(".dock-body"))[1])
    assert coarse > 3 * fine  # the coarsest branch sees the whole person where one map of stage 1 sees a spot


def test_why_feed_heatmaps_back(page):
    key = page.evaluate("pageState.key")
    page.locator('.hit[data-from="stack1.feedback.heatmaps"]').first.dispatch_event("click")  # 1
    page.wait_for_function("before => pageState.key !== before", arg=key)
    page.wait_for_function("document.querySelector('.differences thead').innerText.includes('moved')")
    moved = [float(t) for t in page.locator(".differences tbody tr td:last-child").all_inner_texts()]
    assert max(moved) > 10  # pixels: without the first answer the second one is another


def test_what_does_bilinear_change_and_where(page):
    page.evaluate("document.querySelector('section.beside').scrollIntoView()")
    page.wait_for_selector(".beside .offers button")
    page.locator(".beside .offers button").first.click()  # 1
    page.wait_for_selector(".besides table td")  # what: how far each joint moves
    page.wait_for_selector(".xmap .apart", state="attached")  # where: in which maps


@pytest.mark.parametrize(
    ("question", "answer"),
    [("What does a fusion add?", "Shares"), ("Why four branches?", "four"), ("Why are heatmaps fed back?", "torsos"),
     ("What does bilinear change, and where?", "torsos")],
)  # fmt: skip
def test_the_lesson_answers_what_students_ask(page, question, answer):
    page.click(".lessons summary")  # 1
    page.click(f".lessons .asked:text-is('{question}')")  # 2
    page.wait_for_selector(".tour .option")
    page.click(".tour .option >> nth=0")  # 3
    page.wait_for_selector(".tour .verdict")
    assert answer in page.inner_text(".tour .saw")


def test_which_network_is_right_here(page):
    page.evaluate("scrollTo(0, 0)")  # no click: it stands under the photo
    assert re.search(r"Nearer to the joints placed by hand: .* px", page.inner_text("#photo"))
