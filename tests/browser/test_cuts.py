"""Cutting on the page: an arrow, a cell; what follows, and how it is undone, linked and said."""

from conftest import settle

SIDE = '.map-scroll[data-side="0"]'
ARROW = f'{SIDE} .hit[data-from="stage4.module1.branch3"]'
LEFT = ".pair .view:nth-child(1) .skeletons"


def cut(page, selector=ARROW):
    key = page.evaluate("pageState.key")
    page.locator(selector).first.dispatch_event("click")
    page.wait_for_function("before => pageState.key !== before", arg=key)
    settle(page)


def test_an_arrow_is_cut_followed_linked_and_undone(look):
    page = look()
    before = page.inner_html(LEFT)
    cut(page)
    assert page.locator(".arrow.broken").count() == 1 and page.locator(".cut-one").count() == 1
    assert page.inner_html(LEFT) != before and page.locator(".pair svg.ghost").count() == 1
    below = "document.querySelector('.beside').getBoundingClientRect().top"
    bar = "document.querySelector('.xray-sticky').getBoundingClientRect().bottom"
    page.wait_for_function(f"document.querySelector('.beside').scrollIntoView() || {below} >= {bar} && {bar} > 100")
    head = page.locator(".differences thead").inner_text()
    assert "moved by the cuts" in head
    moved = [float(t) for t in page.locator(".differences tbody tr td:nth-last-child(2)").all_inner_texts()]
    assert max(moved) > 0, "read by DARK a cut moves some joint"
    page.evaluate("document.querySelector('.bar-stops [data-stop=bilinear]').click()")
    page.wait_for_function("pageState.stop === 'bilinear' && Object.keys(pageState.cuts[0]).length === 1")
    page.evaluate("document.querySelector('[data-take=link]').click()")
    page.wait_for_function("location.search.includes('cuts=')")
    other = look("?" + page.url.split("?")[1])
    other.wait_for_selector(".cut-one")
    assert other.evaluate("pageState.cuts") == page.evaluate("pageState.cuts")
    page.click(".undo-all")
    page.wait_for_selector(".cuts", state="hidden")
    quick = f"[...document.querySelectorAll('{SIDE} .hit')].slice(0, 2)"
    page.evaluate(f"{quick}.forEach((hit) => hit.dispatchEvent(new MouseEvent('click', {{ bubbles: true }})))")
    page.wait_for_selector(".cut-one >> nth=1")  # the second came before the first was shown
    settle(page)
    page.click(".undo-all")
    page.wait_for_selector(".cuts", state="hidden")
    page.evaluate("document.querySelector('.bar-stops [data-stop=nearest]').click()")
    page.wait_for_function("pageState.stop === 'nearest'")
    settle(page)
    assert page.inner_html(LEFT) == before, "what was cut is whole again, to the last digit"


def test_two_cuts_stay_where_the_first_is_late(look):
    page, held = look(), []

    def late(route):
        sent = '"scope"' in (route.request.post_data or "")
        held.append(route) if sent and not held else route.continue_()
        if sent and len(held) == 1 and route is not held[0]:
            page.wait_for_timeout(300)  # the second has long been there
            held.append(held[0].continue_())

    page.route("**/queue/join*", late)
    quick = f"[...document.querySelectorAll('{SIDE} .hit')].slice(0, 2)"
    page.evaluate(f"{quick}.forEach((hit) => hit.dispatchEvent(new MouseEvent('click', {{ bubbles: true }})))")
    page.wait_for_selector(".cut-one >> nth=1")
    settle(page)
    page.wait_for_timeout(300)
    assert len(held) == 2 and page.locator(".cut-one").count() == 2


def test_a_cell_is_silenced_from_its_bar(look):
    page = look()
    page.locator(f'{SIDE} .cell[data-cell="stage2.module1.branch1"]').click()
    page.wait_for_selector(".dock .silence:visible")
    cut(page, ".dock .silence")
    assert page.locator(f"{SIDE} .tile.cut").count() == 1
    page.wait_for_function("document.querySelector('.silence').textContent === 'Mend this map'")
    assert "mean ablation" not in page.inner_text(".cuts")
    seen = [page.inner_html(LEFT)]
    page.evaluate("document.querySelector('#more button').click()")
    page.wait_for_selector("#flip input", state="attached")
    page.evaluate("document.querySelector('#flip input').click()")
    page.wait_for_function("pageState.flip")
    page.select_option(".cuts select", "patch:garden")
    page.wait_for_function("document.querySelector('.views .error').textContent.includes('switch the flip test off')")
    assert page.input_value(".cuts select") == "zero", "what was refused is not what the list says"
    page.evaluate("document.querySelector('#flip input').click()")
    page.wait_for_function("!pageState.flip")
    settle(page)
    page.focus(".cuts select")
    for way, told in (("flat", "not the mean ablation of the literature"), ("patch:garden", "patching")):
        page.select_option(".cuts select", way)
        page.wait_for_function("way => Object.values(pageState.cuts[0])[0] === way", arg=way)
        settle(page)
        assert told in page.inner_text(".cuts") and page.input_value(".cuts select") == way
        seen.append(page.inner_html(LEFT))
    assert len({*seen}) == 3, "each way of that cut has its skeleton"
    assert page.evaluate("document.activeElement.dataset.cut") == "0:stage2.module1.branch1", "the focus stays"
    cut(page)
    assert page.evaluate("Object.values(pageState.cuts[0])") == ["patch:garden", "zero"]
    page.click(".undo-all")
    page.wait_for_selector(".cuts", state="hidden")


def test_a_cut_stack_is_no_answer_in_filmstrip_and_story(look):
    for blank, stack in enumerate(("stack1", "stack2")):
        page = look(f"?cuts=1:zero:{stack}")
        page.wait_for_selector(".cut-one")
        page.evaluate("document.querySelector('.film').scrollIntoView()")
        page.wait_for_selector(".film .strip2:nth-child(2) .still")
        frames = page.locator(".film .strip2:nth-child(2) .still:not(.path) figcaption").all_inner_texts()
        assert ["no answer" in text for text in frames] == [k == blank for k in (0, 1)]
        page.evaluate("document.querySelector('.story').scrollIntoView()")
        page.wait_for_selector(".story .strip2:nth-child(2) .moment")
        moments = page.locator(".story .strip2:nth-child(2) .moment figcaption").all_inner_texts()
        assert ["no answer" in text for text in moments] == [k == blank for k in (0, 1)]


def test_the_right_network_has_a_stop_of_its_own(look):
    page = look("?left=hrnet-slim&right=hrnet-slim")
    page.wait_for_function("pageState.networks[1] === 'hrnet-slim'")
    settle(page)
    both = [page.inner_html(f".pair .view:nth-child({k}) .skeletons") for k in (1, 2)]
    assert both[0] == both[1]
    page.select_option(".own", "bilinear")
    page.wait_for_function("pageState.own === 'bilinear' && pageState.stop === 'nearest'")
    settle(page)
    assert page.inner_text("#stop-box .only") == "right network: bilinear"
    now = [page.inner_html(f".pair .view:nth-child({k}) .skeletons") for k in (1, 2)]
    assert now[0] == both[0] and now[1] != both[1]
    assert page.locator(".pair .view:nth-child(2) svg.ghost").count() == 1, "where each joint came from"
    page.click(".apart-toggle")
    page.wait_for_selector(".apart")
    share = {
        name: float(page.get_attribute(f'{SIDE} .tile:has([data-cell="{name}"]) .apart', "data-share"))
        for name in ("stem", "stage2.module1.branch0", "stage2.module1.branch0.fused", "heatmaps")
    }
    assert share["stem"] == share["stage2.module1.branch0"] == 0, "nothing is enlarged before the first fusion"
    assert share["stage2.module1.branch0.fused"] > 0 and share["heatmaps"] > 0
    way = f'{SIDE} .arrow[data-from="stage2.module1.branch1"][data-to="stage2.module1.branch0.fused"]'
    enters, before = (page.eval_on_selector(each, "node => node.style.getPropertyValue('--apart')")
                      for each in (way, way.replace("branch1", "branch0", 1)))  # fmt: skip
    assert float(enters) > 0 == float(before), "the term that is enlarged differs, the one that passes does not"
    assert "stage2.module1.branch0.from1" in page.inner_text(".apart-scale")
    page.click(".apart-toggle")
    assert page.locator(".apart, .apart-way").count() == 0
    page = look("?left=hourglass-slim&right=hourglass-slim&cuts=0:zero:stack1&apart=1")
    page.wait_for_selector(".apart")
    gone = f'{SIDE} .tile:has([data-cell="stack1.feedback.features"])'
    assert page.text_content(f"{gone} .size") == "right only", "no figure says how much that is of nothing"
    assert page.get_attribute(f"{gone} .apart", "fill") == "rgb(253 231 37)", "the top of the scale"


def test_a_network_beside_itself_takes_one_click_and_back(look):
    page = look("?cuts=1:zero:stack2.level0.skip")
    page.evaluate("document.querySelector('.beside').scrollIntoView()")
    page.wait_for_selector(".beside .wipe")
    page.click("[data-offer-cut=hourglass-slim]")
    page.wait_for_selector(".beside .places li")
    heads = [
        page.locator(f"{at} >> nth=-1").inner_text() for at in (".pair .name", ".map-card .of b", ".cut-one button")
    ]
    assert all(head.startswith("Hourglass-Slim B") for head in heads), heads
    names = page.locator(".beside .wiped b").all_inner_texts()
    assert names == ["Hourglass-Slim, nearest", "Hourglass-Slim, nearest, 1 cut"] and page.evaluate("pageState.apart")
    page.wait_for_selector(".apart")
    assert page.locator(".apart:not([data-share='0'])").count() > 0, "what the cut changes in every cell"
    page.click(".back-to-both")
    page.wait_for_function("pageState.networks[0] === 'hrnet-slim'")
    assert page.evaluate("pageState.cuts") == [{}, {"stack2.level0.skip": "zero"}], "the cut came back too"
    page.click(".undo-all")
    page.wait_for_selector(".cuts", state="hidden")
    page.evaluate("document.querySelector('.beside').scrollIntoView()")
    page.wait_for_selector("[data-offer-cut]", state="detached")
    assert page.locator(".beside .wiped b").all_inner_texts() == ["HRNet-Slim, nearest", "Hourglass-Slim, nearest"]
    page.click("[data-offer=hrnet-slim]")
    page.wait_for_selector(".beside .places li")
    assert page.evaluate("[pageState.networks, pageState.stop, pageState.own]") == [
        ["hrnet-slim", "hrnet-slim"], "nearest", "bilinear"]  # fmt: skip
    page.wait_for_selector(".apart")
    moved = [float(text) for text in page.locator(".beside .moves td:nth-child(2)").all_inner_texts()]
    assert moved == sorted(moved, reverse=True) and moved[-1] > 0 and len({m % 16.7 for m in moved}) > 5, "by DARK"
    steps = page.inner_text(".differences .steps")
    distances = {t for t in page.locator(".differences tbody td.bar").all_inner_texts() if float(t) < 24}
    assert distances <= {f"{0:.1f}", *steps.split()}, "each exact distance is explained"
    page.focus(".beside .wipe-hand")
    page.keyboard.press("End")
    assert page.eval_on_selector(".beside .wipe", "node => node.style.getPropertyValue('--at')") == "100%"
    page.click(".back-to-both")
    page.wait_for_function("pageState.networks[1] === 'hourglass-slim' && pageState.own === null")
