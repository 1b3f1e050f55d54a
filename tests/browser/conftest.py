"""The real page: app.py in a process of its own, and Chromium. No browser: skipped, with the reason; but CI fails."""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--host-resolver-rules=MAP classroom.test 127.0.0.1",
]  # fmt: skip
SERVER = re.compile("/component_server")  # what answers the X-ray's questions
PATIENCE = 180  # seconds for a server or a page on a busy machine


def _browser() -> str:
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first draws no windows
    path = next(filter(None, map(shutil.which, names)), None)
    missing = "Chromium" if path is None else None if importlib.util.find_spec("playwright") else "Playwright"
    if missing:
        reason = f"the browser tests need {missing}, which is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def running_app(log: Path, measured: bool, **environment: str):
    """app.py on a free port; yields its address. What it says goes to `log`."""
    port = free_port()
    process = start_app(port, log, measured, **environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)  # coverage writes its file at a normal exit
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def start_app(port: int, log: Path, measured: bool = False, **environment: str) -> subprocess.Popen:
    """app.py, which answers when this returns."""
    coverage = ["-m", "coverage", "run"] if measured else []
    settings = {"GRADIO_SERVER_PORT": str(port), "OMP_NUM_THREADS": "1", "no_proxy": "127.0.0.1", **environment}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, *coverage, "app.py"], cwd=ROOT, env={**os.environ, **settings}, stdout=out, stderr=out
        )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}/", log)
    except BaseException:
        process.kill()
        raise
    return process


def _wait(process: subprocess.Popen, address: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            opener.open(address, timeout=5).close()
            return
        time.sleep(0.2)
    pytest.fail(f"app.py did not answer at {address}:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser():
    path = _browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("app") / "log.txt"


@pytest.fixture(scope="session")
def app(request, browser, log, tmp_path_factory):
    measured, weights = request.config.pluginmanager.hasplugin("_cov"), str(tmp_path_factory.mktemp("weights"))
    nobody = "http://127.0.0.1:9"  # no test fetches anything: a download meets a proxy that is not there
    with running_app(log, measured, POSE_DEMO_WEIGHTS=weights, https_proxy=nobody, http_proxy=nobody) as address:
        yield address


@pytest.fixture(scope="session")
def contexts(browser):
    """contexts(k, language, ...) -> a browser context of these options for a test's page number k, one for all tests:
    the page's scripts are fetched and compiled once. Two pages share one: their streams share its six connections."""
    made = {}

    def context(k, language, **options):
        key = (k // 2, language, *sorted(options.items()))
        if key not in made:
            made[key] = browser.new_context(locale=language, permissions=["camera"], **options)
        return made[key]

    yield context
    for each in made.values():
        each.close()


@pytest.fixture
def visit(app, contexts):
    """visit(width, height, dark, language, query) -> an open page with its first skeletons, as a stranger sees it;
    script -- runs before all others.
    Every page is checked for requests to other machines and for errors in its console when the test ends."""
    pages, outside, errors = [], [], []

    def listen(page):
        inside = (app, "data:", "blob:", app.replace("http", "ws"))
        page.on("request", lambda r: None if r.url.startswith(inside) else outside.append(r.url))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(str(e)))

    def open_page(width=1366, height=768, dark=False, language="en-US", query="", ready=True, script="", **options):
        page = contexts(len(pages), language, **options).new_page()
        pages.append(page)
        if script:
            page.add_init_script(script)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(PATIENCE * 1000)
        listen(page)
        page.goto(app + query)
        if ready:
            settle(page)
        return page

    yield open_page
    kinds = "cookies,local_storage,indexeddb,cache_storage"
    for page in pages:
        forget = page.context.new_cdp_session(page)
        forget.send("Storage.clearDataForOrigin", {"origin": app, "storageTypes": kinds})
        page.close()
    assert outside == []
    assert errors == []


@pytest.fixture
def look(visit):
    """look(query, width, ...) -> an open page with both maps, scrolled to them."""

    def open_page(query="", **options):
        page = visit(query=query, **options)
        page.wait_for_selector("#xray .cell", state="attached")  # a link may open another tab
        share_state(page)
        page.evaluate("document.querySelector('#xray-box').scrollIntoView()")
        return page

    return open_page


def settle(page) -> None:
    """Both skeletons are there and nothing is being worked on."""
    page.wait_for_function(
        "document.querySelectorAll('.pair svg.skeleton').length === 2 && document.querySelector('.views .busy').hidden"
    )


def share_state(page) -> None:
    """The page's declared store as `pageState`, for a test's own scripts: the page itself has nothing on window."""
    page.evaluate("""async () => {
        const store = performance.getEntriesByType('resource').map((r) => r.name).find((n) => n.endsWith('/store.js'));
        window.pageState = (await import(store)).state;
    }""")


def changes(page, selector: str, do, property: str = "innerHTML") -> str:
    """Does something; waits until `selector` says something else; returns what it says then."""
    before = page.eval_on_selector(selector, f"node => node.{property}")
    do()
    page.wait_for_function(
        "([selector, property, before]) => document.querySelector(selector)?.[property] !== before",
        arg=[selector, property, before],
    )
    settle(page)
    return page.eval_on_selector(selector, f"node => node.{property}")


def threshold(page, key: str):
    """Opens the further settings, where they are closed, and presses a key on the threshold's slider."""
    handle = page.locator("#threshold input[type=range]")
    if not handle.is_visible():
        page.click("#more button")
    handle.wait_for()  # until then it takes no focus, and a key goes nowhere
    before = handle.input_value()
    handle.press(key)
    assert page.evaluate("document.activeElement.closest('#threshold') !== null")
    assert handle.input_value() != before


def pin(page, cell):
    page.locator(cell).click()
    page.wait_for_selector(".mosaic, .term.total")
