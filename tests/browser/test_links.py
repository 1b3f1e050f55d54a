"""A link brings back all that the page was set to, the address follows, and what cannot be followed is said."""

from conftest import pin, settle
from test_xray import FUSED

#: A link has a place of the photo to a tenth of a pixel.
STATE = """Object.fromEntries([...['language', 'joint', 'stop', 'own', 'decoder', 'flip', 'cuts', 'networks', 'pin',
    'view', 'apart', 'example', 'scope', 'against', 'channel', 'framed', 'who',
    'gradient'].map((name) => [name, pageState[name]]),
    ['pixel', Object.values(pageState.pixel).map((v) => v.toFixed(1))]])"""


def test_a_link_keeps_everything_and_the_address_follows(look):
    page = look("?left=hrnet-slim&right=hrnet-slim&upsampling=nearest&own=bilinear&decoder=dark&flip=1&lang=zh&apart=1"
                "&cuts=0:zero:stage4.module1.branch3&joint=left+knee&pixel=300.0,700.0&against=bicubic")  # fmt: skip
    page.wait_for_function("pageState.decoder === 'dark' && pageState.flip && pageState.own === 'bilinear'")
    settle(page)
    assert page.locator(".link-note:visible").count() == 0
    assert page.locator(".apart").count() > 20
    page.evaluate("document.querySelector('.film').scrollIntoView()")
    page.wait_for_selector(".film .mirrored:visible")  # the flip test is on
    assert page.evaluate("document.documentElement.lang") == "zh" and page.locator(".cut-one").count() == 1
    pin(page, FUSED)
    page.click("[data-tab=before_after]")
    page.wait_for_selector(".trio canvas")
    page.click("#rooms [role=tab][data-tab-id=study]")
    page.wait_for_function("location.search.includes('tab=study') && location.search.includes('view=before_after')")
    before = page.evaluate(STATE)
    other = look("?" + page.url.split("?")[1])
    other.wait_for_selector(".trio canvas", state="attached")
    other.wait_for_selector("#rooms [data-tab-id=study][aria-selected=true]")
    assert other.evaluate(STATE) == before


def test_a_link_keeps_the_person_the_box_and_what_is_open(look):
    page = look("?left=hrnet-slim&right=hourglass-slim&example=two-people&box=none&who=2&gradient=1&matters=1")
    page.wait_for_selector(".matters-list li")
    page.wait_for_selector(".gradient-chart svg")
    assert page.locator(".link-note:visible").count() == 0
    assert page.evaluate("[pageState.who, pageState.framed]") == [2, "none"]
    query = page.evaluate("location.search")
    assert all(part in query for part in ("box=none", "who=2", "gradient=1", "matters=1")), query
    page.evaluate("document.querySelector('.one').click()")
    page.wait_for_function("pageState.who === 1 && !location.search.includes('who=')")
    page = look("?left=hrnet-slim&right=hourglass-slim&example=two-people&box=40,30,300,400.5")
    assert page.evaluate("pageState.framed") == "40,30,300,400.5"
    assert page.evaluate("[...document.querySelectorAll('form input')].map((one) => one.value).slice(0, 4)") == [
        "40", "30", "300", "400.5"]  # fmt: skip


def test_what_cannot_be_followed_is_said(look):
    page = look("?left=hrnet-slim&right=no-such&cuts=0:zero:nowhere&cell=0:stage9&joint=left+knee&example=own")
    page.wait_for_selector(".link-note:visible")
    assert "photo of their own" in page.inner_text(".link-note:visible")
    page = look("?left=hrnet-slim&right=no-such&cuts=0:zero:nowhere&cell=0:stage9&joint=left+knee")
    page.wait_for_selector(".link-note:visible")
    said = page.inner_text(".link-note:visible")
    assert all(part in said for part in ("right=no-such", "cuts=0:zero:nowhere", "cell=0:stage9")), said
    assert page.evaluate("pageState.joint") == "left knee", "the rest is followed"
    bad = ("tab=attic", "view=upside", "pixel=here", "threshold=7", "box=9,9", "who=none", "own=bilinear")
    page = look(f"?left=hrnet-slim&right=hourglass-slim&example=patio&cell=0:stem&scope=stack1&{'&'.join(bad)}")
    page.wait_for_function("document.querySelector('.link-note:not([hidden])')?.textContent.includes('view=upside')")
    said = page.inner_text(".link-note:visible")
    assert all(part in said for part in (*bad[:-1], "scope=stack1")) and "own=" not in said, said


def test_a_copied_link_is_the_address_from_then_on(look):
    page = look()
    assert page.evaluate("location.search") == ""
    page.evaluate("document.querySelector('[data-take=link]').click()")
    page.wait_for_function("location.search.includes('left=hrnet-slim')")
    page.evaluate("document.querySelector('.bar-stops [data-stop=bicubic]').click()")
    page.wait_for_function("location.search.includes('upsampling=bicubic')")
