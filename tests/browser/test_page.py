"""What a visitor does, done in a real browser to the real app."""

import io
import json
import re
import urllib.request

import numpy as np
import pytest
from conftest import changes, settle, threshold
from PIL import Image

from pose_demo.examples import examples
from pose_demo.locales import say

SECOND = ".pair .view:nth-child(2)"
LEFT = ".pair .view:nth-child(1) .skeletons"
PHOTO = ".photo .picture"


@pytest.fixture(scope="module")
def png() -> bytes:
    """A photo of nobody: every network must still say something."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (8, 6, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((240, 320), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def upload(page, png, name="photo.png"):
    page.set_input_files(".photo .file", {"name": name, "mimeType": "image/png", "buffer": png})


def stop(page) -> str:
    return page.eval_on_selector("#stop input[type=range]", "node => node.getAttribute('aria-valuetext')")


def pick(page, side: str, name: str) -> None:
    page.select_option(f"#pick-{side} select", name)


def move(page, k: int) -> None:
    page.click(f".stops li:nth-child({k + 1}) button")


def test_opens_with_the_first_example_compared(visit):
    page = visit()
    assert page.locator(".pair svg.skeleton circle").count() > 10
    assert page.locator(".example[aria-pressed=true]").count() == 1
    assert page.locator(".differences tbody tr").count() == 14
    assert page.locator(".maps img").count() >= 3
    box = page.locator("#stop input[type=range]").bounding_box()
    bottoms = [page.locator(".pair .canvas").nth(k).bounding_box() for k in (0, 1)]
    assert max(b["y"] + b["height"] for b in [box, *bottoms]) < 768


def test_a_photo_is_uploaded_pasted_dropped_chosen_and_taken(visit, png):
    page = visit()
    source = changes(page, PHOTO, lambda: upload(page, png), "src")
    assert source.startswith("data:image/webp")
    page.wait_for_function("document.querySelector('.pair img').src === document.querySelector('.photo .picture').src")
    assert page.locator(".example[aria-pressed=true]").count() == 0
    page.wait_for_selector(".photo svg.box.dashed")
    assert page.inner_text(".which") == say("en", "page.nobody"), "the picture is of nothing"
    changes(page, PHOTO, lambda: upload(page, examples()[0].path.read_bytes()), "src")
    page.wait_for_function(r"/0\.\d/.test(document.querySelector('.which').innerText)")
    paste = """([bytes, type]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type }));
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried, bubbles: true }));
    }"""
    changes(page, PHOTO, lambda: page.evaluate(paste, [list(png), "image/png"]), "src")
    second = page.locator(".example").nth(1)
    changes(page, PHOTO, second.click, "src")
    assert second.get_attribute("aria-pressed") == "true"
    drop = """([bytes, type]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type }));
        const options = { dataTransfer: carried, bubbles: true, cancelable: true };
        const over = document.querySelector('.heat');
        for (const kind of ['dragover', 'drop']) over.dispatchEvent(new DragEvent(kind, options));
    }"""
    changes(page, PHOTO, lambda: page.evaluate(drop, [list(png), "image/png"]), "src")
    page.locator(".example:has(.mark)").first.click()
    page.wait_for_selector(".look.hard")
    page.click(".camera")
    page.wait_for_selector(".photo .snap:visible")
    changes(page, PHOTO, lambda: page.click(".photo .snap"), "src")
    assert page.locator(".photo video").is_hidden()
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    page.click(".camera")
    page.wait_for_selector(".photo-error:visible")
    assert "did not allow" in page.inner_text(".photo-error")


def test_a_box_is_drawn_typed_and_cleared(visit, png):
    page = visit()
    changes(page, PHOTO, lambda: upload(page, png), "src")
    page.wait_for_selector(".photo svg.box.dashed")
    at = page.locator(PHOTO).bounding_box()

    def drag():
        page.mouse.move(at["x"] + at["width"] * 0.25, at["y"] + at["height"] * 0.1)
        page.mouse.down()
        page.mouse.move(at["x"] + at["width"] * 0.5, at["y"] + at["height"] * 0.5)
        page.mouse.move(at["x"] + at["width"] * 0.75, at["y"] + at["height"] * 0.9)
        page.mouse.up()

    changes(page, LEFT, drag)
    assert page.locator(".photo svg.box:not(.dashed)").count() == 1
    page.click(".numbers summary")
    drawn = [float(page.input_value(f".numbers input[name={name}]")) for name in ("x0", "y0", "x1", "y1")]
    assert np.allclose(drawn, [59.5, 31.5, 179.5, 287.5], atol=3)
    page.fill(".numbers input[name=x0]", "20")
    changes(page, LEFT, lambda: page.press(".numbers input[name=x0]", "Enter"))

    page.fill(".numbers input[name=x0]", "nine")
    page.press(".numbers input[name=x0]", "Enter")
    page.wait_for_selector(".photo-error:visible")
    changes(page, LEFT, lambda: page.click(".clear"))
    page.wait_for_selector(".photo svg.box.dashed")


def test_the_slider_changes_both_networks_and_the_keyboard_reaches_everything(visit):
    page = visit()
    first = [page.inner_html(f".pair .view:nth-child({k}) .skeletons") for k in (1, 2)]
    changes(page, LEFT, lambda: move(page, 1))
    assert stop(page) == "bilinear"
    assert page.inner_html(f"{SECOND} .skeletons") != first[1]
    changes(page, LEFT, lambda: move(page, 0))
    assert [page.inner_html(f".pair .view:nth-child({k}) .skeletons") for k in (1, 2)] == first
    assert "trained with nearest" in page.inner_text("#stops")
    page.focus("#stop input[type=range]")
    changes(page, LEFT, lambda: page.keyboard.press("ArrowRight"))
    assert stop(page) == "bilinear"
    page.click("#more button")
    needed = [
        ".skip", ".languages", ".upload", ".camera", ".draw", ".example", ".numbers", "#pick-left", "#pick-right",
        "#stop", "#threshold", "#pick-joint", "#more", ".differences",
    ]  # fmt: skip
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(240):  # the X-ray adds its own stops behind these
        page.keyboard.press("Tab")
        reached |= set(page.evaluate("all => all.filter(one => document.activeElement.closest(one))", needed))
    assert set(needed) - reached == set()


def test_any_network_on_either_side_and_untrained_is_red(visit):
    page = visit()
    changes(page, f"{SECOND} .name", lambda: pick(page, "right", "hourglass-slim-untrained"), "textContent")
    assert "untrained" in page.inner_text(f"{SECOND} .name")
    colour = "node => getComputedStyle(node).backgroundColor"
    for view in (SECOND, ".view.both", ".strip:nth-child(2)"):
        red, green, blue = map(int, re.findall(r"\d+", page.eval_on_selector(f"{view} .badge.untrained", colour))[:3])
        assert red > 150 and green < 60 and blue < 60
    assert page.inner_text(f"{SECOND} .badge") == "UNTRAINED"


def test_missing_weights_are_offered_and_the_results_stay(visit):
    page = visit()
    before = page.inner_html(LEFT)
    assert page.locator("#pick-left optgroup").count() >= 3
    pick(page, "left", "hrnet-w48-coco-256x192")
    page.wait_for_selector(".views .error:visible")
    assert "HRNet-W48" in page.inner_text(".views .error")
    assert page.inner_html(LEFT) == before
    panel = page.locator(".missing:visible").first
    assert "openmmlab.com" in panel.inner_text()
    assert panel.get_by_role("button", name="Fetch weights").is_visible()
    with page.expect_file_chooser() as chooser:
        panel.get_by_role("button", name="Import a file").click()
    chooser.value.set_files({"name": "w.pth", "mimeType": "application/octet-stream", "buffer": b"not these"})
    page.wait_for_function("document.querySelector('.missing .note').textContent.includes('SHA-256')")
    panel.get_by_role("button", name="Fetch weights").click()
    page.wait_for_function("document.querySelector('.missing .note').textContent.includes('connection was refused')")
    assert panel.locator(".note").count() == 1 and "rrno" not in panel.inner_text()
    assert panel.get_by_role("button", name="Fetch weights").is_visible(), "it can be tried again"


def test_a_broken_file_is_one_sentence_and_nothing_is_lost(visit, log):
    page = visit()
    before, traces = page.inner_html(LEFT), log.read_text().count("Traceback")
    for k, content in enumerate([b"", b"no photo at all", b"\x89PNG\r\n\x1a\n broken"]):
        upload(page, content, f"holiday-{k}.png")
        page.wait_for_function(f"document.querySelector('.photo-error').innerText.includes('holiday-{k}')")
        said = page.inner_text(".photo-error")
        assert 10 < len(said) < 250 and "Traceback" not in said and "\n" not in said.strip()
        assert page.inner_html(LEFT) == before
    changes(page, LEFT, lambda: move(page, 2))
    assert page.locator(".views .error").is_hidden()
    assert log.read_text().count("Traceback") == traces


def test_two_visitors_with_different_positions(visit):
    one, two = visit(), visit()
    nearest = one.inner_html(LEFT)
    assert two.inner_html(LEFT) == nearest
    move(one, 3)
    move(two, 1)
    one.wait_for_function("before => document.querySelector('.pair .skeletons').innerHTML !== before", arg=nearest)
    two.wait_for_function("before => document.querySelector('.pair .skeletons').innerHTML !== before", arg=nearest)
    settle(one)
    settle(two)
    assert one.inner_html(LEFT) != two.inner_html(LEFT)
    changes(one, LEFT, lambda: move(one, 0))
    assert one.inner_html(LEFT) == nearest
    assert stop(two) == "bilinear"


def test_the_threshold_runs_no_network_and_a_joint_is_clicked_in_the_table(visit):
    page = visit()
    times = page.inner_text(f"{SECOND} .pass").split("·")[1]
    count = page.locator(".pair circle").count()
    changes(page, LEFT, lambda: threshold(page, "End"))
    assert page.locator(".pair circle").count() < count
    assert page.inner_text(f"{SECOND} .pass").split("·")[1] == times
    page.wait_for_selector("#pick-joint input")
    changes(page, ".heat .heading", lambda: page.click(".differences button:has-text('left knee')"), "textContent")
    assert "left knee" in page.inner_text(".heat .heading")
    page.wait_for_function("document.querySelector('#pick-joint input').value === 'left knee'")


def test_a_newer_photo_wins(visit, png):
    page = visit()
    page.locator(".example").nth(1).click()
    page.locator(".example").nth(0).click()
    upload(page, png)
    page.wait_for_function("document.querySelectorAll('.example[aria-pressed=true]').length === 0")
    page.wait_for_function("document.querySelector('.pair img').src === document.querySelector('.photo .picture').src")
    settle(page)
    page.wait_for_function("document.querySelector('.photo .picture').naturalWidth === 240")


def test_a_forged_event_opens_no_other_file(app):
    functions = json.load(urllib.request.urlopen(f"{app}/config"))["dependencies"]
    take = next(d["id"] for d in functions if [name for _, name in d["targets"]] == ["take"])
    forged = {"data": [None], "fn_index": take, "session_hash": "forged", "event_data": {"n": 1, "path": "/etc/passwd"}}
    headers = {"content-type": "application/json"}
    asked = urllib.request.Request(f"{app}/gradio_api/queue/join", json.dumps(forged).encode(), headers)
    assert urllib.request.urlopen(asked).status == 200
    stream = urllib.request.urlopen(f"{app}/gradio_api/queue/data?session_hash=forged", timeout=60)
    lines = [json.loads(line[6:]) for line in stream.read().decode().splitlines() if line.startswith("data: ")]
    done = next(line for line in lines if line["msg"] == "process_completed")
    assert not done["success"] or "image" not in done["output"]["data"][0]
    assert "root:" not in json.dumps(done)


def test_five_endpoints_are_offered_to_programs(app, png):
    from gradio_client import Client, handle_file

    client = Client(app, verbose=False)
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == [
        "/compare", "/inspect", "/silence", "/matters", "/study",
    ]  # fmt: skip
    file = io.BytesIO(png)
    path = Image.open(file)
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".png") as photo:
        path.save(photo.name)
        answer = client.predict(handle_file(photo.name), [10, 10, 200, 300], None, "bilinear", api_name="/compare")
    assert answer["image"] == {"height": 320, "width": 240}
    assert len(answer["poses"]) == 2 and answer["upsampling"] == "bilinear"


def test_chinese_by_browser_and_by_switch(visit):
    page = visit(language="zh-CN")
    page.wait_for_function("document.documentElement.lang === 'zh'")
    page.wait_for_function("document.querySelector('.differences').innerText.includes('右踝')")
    assert page.inner_text(".upload") == "上传"
    page.click(".languages button[lang=en]")
    page.wait_for_function("document.querySelector('.differences').innerText.includes('right ankle')")
    page.wait_for_function("document.querySelector('#pick-left').innerText.includes('Left network')")
    assert page.inner_text(".upload") == "Upload"
    for browser, link, says in (("en-US", "zh", "上传"), ("zh-CN", "en", "Upload")):  # a link's language wins
        page = visit(language=browser, query=f"/?lang={link}")
        page.wait_for_function("text => document.querySelector('.upload').innerText === text", arg=says)
        assert page.evaluate("document.documentElement.lang") == link


def test_dark_by_browser_and_by_button(visit):
    page = visit(dark=True)
    brightness = "getComputedStyle(document.querySelector('.photo')).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert page.evaluate(brightness) < 60
    page.click(".theme")
    assert page.evaluate(brightness) > 200
