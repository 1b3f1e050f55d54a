"""What matters here: its cost said before, the list sorted, the arrows coloured, a cut made from the list."""

import json

from conftest import SERVER, settle

from pose_demo.locales import say

SIDE = '.map-scroll[data-side="0"]'
#: What the page's own function says of two joints and two cuts, the joints having an answer before these or not.
WEIGHED = """async () => {
    const store = performance.getEntriesByType('resource').find((r) => r.name.endsWith('/store.js')).name;
    const { weighed } = await import(store.replace('store.js', 'xray/matters.js'));
    const cuts = [['a', 2, 0.1], ['b', null, 0.2]].map(([place, move, change]) =>
        ({ place, moves: [move, 9], changes: [change, 0] }));
    return [[true, true, 'nose'], [true, false, null], [false, true, 'nose'], [false, false, null]].map(
        ([nose, neck, joint]) => weighed({ joints: ['nose', 'neck'], answered: [nose, neck], cuts }, joint)
            .map(({ cut, move }) => `${cut.place} ${move}`).join());
}"""


def test_every_arrow_is_weighed_listed_and_cut_from_the_list(look):
    page = look()
    page.wait_for_selector(".matters-toggle:visible")
    assert "(about " in page.inner_text(".matters-toggle") and page.locator(".arrow.weighed").count() == 0
    fails = json.dumps({"error": {"key": "xray.wrong"}})
    page.route(SERVER, lambda route: route.fulfill(json=fails)
               if '"matters"' in (route.request.post_data or "") else route.continue_())  # fmt: skip
    page.click(".matters-toggle")
    page.wait_for_selector(".matters .xray-error")
    assert page.inner_text(".matters .xray-error").startswith(say("en", "xray.wrong"))
    page.unroute(SERVER)
    lost, unknown = "b Infinity,a 2", "b NaN,a NaN"
    assert page.evaluate(WEIGHED) == [lost, lost, unknown, unknown], "what has no answer is moved by no cut"
    page.click(".matters-measure")
    page.wait_for_selector(".matters-list li")
    assert page.locator(".matters .xray-error").count() == 0 and page.locator(".matters-measure").is_hidden()
    assert "do not add up" in page.inner_text(".matters")
    lists = [page.locator(f".matters-two > div:nth-child({k}) .bar").all_inner_texts() for k in (1, 2)]
    assert [len(each) for each in lists] == [26, 21]
    moves = [[float(text.split()[0]) if text.endswith("px") else float("inf") for text in each] for each in lists]
    assert all(each == sorted(each, reverse=True) for each in moves) and moves[1][0] == float("inf")
    weigh = "all => all.map((each) => +getComputedStyle(each).getPropertyValue('--weight'))"
    weights = page.eval_on_selector_all(f"{SIDE} .arrow.weighed", weigh)
    assert len(weights) == 26 and max(weights) > 0.3 > min(weights)
    assert page.locator(".weighed-stack").count() == 2
    page.eval_on_selector(f"{SIDE} .arrow.weighed", "arrow => arrow.style.setProperty('--apart', '0.5')")
    page.click(".matters-toggle")
    assert page.eval_on_selector_all(f"{SIDE} .arrow[style]", "all => all.map((each) => each.style.cssText)").count(
        "--apart: 0.5;") == 1, "the colours of another view stay"  # fmt: skip
    page.click(".matters-toggle")
    first = page.locator(".matters-list li").first.get_attribute("data-place")
    page.select_option(".matters-whose", "")
    assert page.locator(".matters-two > div:nth-child(1) .bar").all_inner_texts() != lists[0]
    key = page.evaluate("pageState.key")
    page.locator(f'.matters-list li[data-place="{first}"] .scissors').click()
    page.wait_for_function("before => pageState.key !== before", arg=key)
    settle(page)
    assert page.evaluate("pageState.cuts[0]") == {first: "zero"}
    page.wait_for_function("!document.querySelector('.arrow.weighed')")  # of another comparison: to be measured anew
    page.click(".matters-measure")
    page.wait_for_selector(".matters-list li")
