"""What lies between browser and server: modules kept by their content, a sub-path, a frame, languages, sizes."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import cv2
import httpx
import numpy as np
import pytest
from conftest import ROOT, SCREENSHOTS, running_app, settle, share_state

from pose_demo.locales import say

LEFT = ".pair .view:nth-child(1) .skeletons"


def test_modules_are_kept_for_ever_under_the_name_of_their_content(visit, app):
    page = visit()
    names = page.evaluate("performance.getEntriesByType('resource').map((r) => r.name)")
    modules = [name for name in names if "/pose-web/" in name]
    assert len(modules) > 25 and all(name.startswith(app) for name in modules)
    assert len({re.search("pose-web/([0-9a-f]{16})/", name)[1] for name in modules}) == 1
    with urllib.request.urlopen(modules[0]) as answer:
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"].startswith("text/javascript")
    outside = page.request.get(modules[0].rpartition("/")[0] + "/%2e%2e/schema.py")
    assert outside.status == 404
    own = page.evaluate("Object.keys(window).filter((name) => /pose|xray/i.test(name))")
    assert own == [], "nothing of the page's own hangs on window"


def test_another_language_asks_for_words_and_labels_alone(visit):
    page = visit()
    page.wait_for_selector("#xray .cell")
    page.wait_for_timeout(500)
    drawn = f"[...document.querySelectorAll('{LEFT} circle')].map((c) => [c.getAttribute('cx'), c.getAttribute('cy')])"
    sent, before = [], page.evaluate(drawn)
    page.on("request", lambda r: sent.append((r.url.rpartition("/")[2].partition("?")[0], r.post_data or "")))
    page.click(".languages button[lang=zh]")
    page.wait_for_function("document.querySelector('#pick-left').innerText.includes('左侧网络')")
    page.wait_for_function("document.querySelector('#xray-title').innerText.includes('X 光')")
    page.wait_for_timeout(1000)
    assert before and page.evaluate(drawn) == before
    assert "前向" in page.inner_text(".pair .pass >> nth=0") and "射线" not in page.inner_text(".pair")
    joined = [name for name, _ in sent if name == "join"]
    assert len(joined) <= 2, "the labels of Gradio's own components, and the Study tab's sentences"
    views = {view for _, data in sent for view in re.findall('"view":"(\\w+)"', data)}
    assert views <= {"film", "story", "beside"}, "only what is in sight is said again"


def test_a_photo_that_is_too_large_is_refused_before_it_travels_and_a_full_disk_is_said(visit):
    page = visit()
    uploads = []
    page.on("request", lambda r: uploads.append(r.url) if "/upload" in r.url else None)
    page.evaluate("""() => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(31e6)], 'large.png', { type: 'image/png' }));
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried, bubbles: true }));
    }""")
    page.wait_for_selector(".photo-error:visible")
    assert "30 MB" in page.inner_text(".photo-error") and uploads == []
    a_full_disk_is_said(page)


def a_full_disk_is_said(page) -> None:
    page.evaluate("""() => {
        const real = window.fetch;
        window.fetch = (where, ...how) => String(where.url ?? where).includes('/upload')
            ? Promise.resolve(new Response('full', { status: 507 })) : real(where, ...how);
    }""")
    page.set_input_files(".file[accept*=heic]", {"name": "a.png", "mimeType": "image/png", "buffer": b"x"})
    full = f"a.png: {say('en', 'page.disk_full')}"
    page.wait_for_function("full => document.querySelector('.photo-error').innerText === full", arg=full)
    assert page.locator(".toast-body").count() == 0, "Gradio's own words are English alone"
    page.screenshot(path=SCREENSHOTS / "full-disk.png")


def test_nobody_there_is_pale_and_said(visit, app):
    """Whatever compare() finds: where it found nobody the page says so beside both skeletons."""
    page = visit()
    page.evaluate("""async () => {
        const url = performance.getEntriesByType('resource').map((r) => r.name).find((n) => n.endsWith('/views.js'));
        const { start } = await import(url), state = (await import(url.replace('views.js', 'store.js'))).state;
        const element = document.createElement('div');
        element.id = 'elsewhere';
        element.innerHTML = document.querySelector('.views').parentNode.innerHTML;
        document.body.append(element);
        const pose = { title: 'a', status: '', trained: true, what: null, svg: '', shown: 0, joints: 14,
          seconds: 1 };
        start(element, {})({ n: 1, photo: state.photos.at(-1).number, person: false, poses: [pose, pose], marks: [],
          closeup: null, busy: null, error: null });
    }""")
    assert page.locator("#elsewhere .badge.nobody").count() == 2
    assert page.inner_text("#elsewhere .badge.nobody >> nth=0") == "probably nobody here"
    assert float(page.eval_on_selector("#elsewhere .skeletons", "node => getComputedStyle(node).opacity")) < 0.5
    assert page.eval_on_selector(LEFT, "node => getComputedStyle(node).opacity") == "1"


@contextlib.contextmanager
def behind(app: str, folder: Path):
    """docs/DEPLOY.md's nginx, with other ports, and another site that has the page in a frame."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("this test needs nginx, which is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/DEPLOY.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    assert "listen 80;" in server and "http://127.0.0.1:7860/" in server
    server = server.replace("listen 80;", f"listen 127.0.0.1:{port};").replace("http://127.0.0.1:7860", app)
    frame = "<iframe src='/lab/pose/' width=1300 height=700></iframe>"
    around = f'location = /around {{ default_type text/html; return 200 "{frame}"; }}'
    server = server.replace("location", f"{around}\nlocation", 1)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; events {{}}\nhttp {{ access_log off; {places}\n{server} }}\n"
    )
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off; user root;"]
    process = subprocess.Popen(command if os.geteuid() == 0 else [*command[:-1], "daemon off;"])
    try:
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_it_works_behind_a_sub_path_and_in_a_frame(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sub")
    with (
        running_app(folder / "log.txt", False, GRADIO_ROOT_PATH="/lab/pose", POSE_DEMO_PUBLIC="1") as app,
        behind(app, folder) as address,
        contextlib.closing(browser.new_context(viewport={"width": 1366, "height": 768})) as context,
    ):
        page, bad = context.new_page(), []
        page.set_default_timeout(150_000)  # a second app starts beside the first
        page.on("response", lambda r: bad.append(r.url) if r.status >= 400 and "pose-web" in r.url else None)
        page.goto(f"{address}/around")
        frame = page.frame_locator("iframe")
        frame.locator(".pair svg.skeleton >> nth=1").wait_for()
        frame.locator("#xray .cell >> nth=0").wait_for()
        frame.locator(".languages button[lang=zh]").click()
        frame.locator(".upload", has_text="上传").wait_for()
        with httpx.Client(trust_env=False, timeout=60) as sends:  # a video: larger than any photo
            large = {"files": ("film.mp4", bytes(31 * 10**6))}
            assert sends.post(f"{address}/lab/pose/gradio_api/upload", files=large).status_code == 200
        assert bad == []
        frame.locator(".lessons summary").click()
        frame.locator(".lessons .menu button >> nth=0").click()
        frame.locator(".tour .sharing").click()  # others reach the server, but not at this address
        assert frame.locator(".share p").inner_text() == say("zh", "tour.share_here")
        a_class_comes_to_the_same_step(page, address.replace("localhost", "classroom.test"))


def a_class_comes_to_the_same_step(page, address: str) -> None:
    """From the card, not the teacher's view alone; the code is read from the screen by OpenCV, another witness."""
    together = {"step": "channels", "joint": "left knee", "decoder": "dark", "flip": "1", "threshold": "0.3"}
    page.goto(f"{address}/lab/pose/?{urlencode({'tour': 'hourglass', **together})}")
    settle(page)
    page.click(".tour .sharing")
    page.wait_for_selector(".share svg")
    seen = np.frombuffer(page.locator(".share svg").screenshot(), np.uint8)
    page.screenshot(path=SCREENSHOTS / "shared.png")
    link = cv2.QRCodeDetectorAruco().detectAndDecode(cv2.imdecode(seen, cv2.IMREAD_COLOR))[0]
    assert link == page.inner_text(".share a") and link.startswith(f"{address}/lab/pose/?")
    page.goto(link)
    settle(page)
    share_state(page)
    assert page.inner_text(".tour h3") == say("en", "tour.hourglass.channels.title")
    page.wait_for_function("pageState.decoder === 'dark' && pageState.flip && pageState.joint === 'left knee'")
    page.wait_for_function("pageState.threshold === 0.3")
