"""What lies between browser and server: modules kept by their content, a sub-path, a frame, languages, sizes."""

import contextlib
import re
import socket
import threading
import urllib.request

from conftest import running_app

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
    page.wait_for_selector("#cost .js-plotly-plot")
    page.wait_for_timeout(500)
    sent, before = [], page.inner_html(LEFT)
    page.on("request", lambda r: sent.append((r.url.rpartition("/")[2].partition("?")[0], r.post_data or "")))
    page.click(".languages button[lang=zh]")
    page.wait_for_function("document.querySelector('#pick-left').innerText.includes('左侧网络')")
    page.wait_for_function("document.querySelector('.dock-title, .xray-bar').parentNode.innerText.includes('X 光')")
    page.wait_for_timeout(1000)
    assert page.inner_html(LEFT) == before
    assert "前向" in page.inner_text(".pair .foot >> nth=0") and "射线" not in page.inner_text(".pair")
    joined = [name for name, _ in sent if name == "join"]
    assert len(joined) <= 2, "the labels of Gradio's own components, and the Study tab's sentences"
    views = {view for _, data in sent for view in re.findall('"view":"(\\w+)"', data)}
    assert views <= {"film", "story", "lab"}, "only what is in sight is said again"


def test_a_photo_that_is_too_large_is_refused_before_it_travels(visit):
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
        const pose = { title: 'a', status: '', trained: true, svg: '', shown: 0, joints: 14, seconds: 1 };
        start(element, {})({ n: 1, photo: state.photos.at(-1).number, person: false, poses: [pose, pose], both: '',
          names: ['a', 'b'], rows: [], mean: null, torso: 0, busy: null, error: null });
    }""")
    assert page.locator("#elsewhere .badge.nobody").count() == 2
    assert page.inner_text("#elsewhere .badge.nobody >> nth=0") == "probably nobody here"
    assert float(page.eval_on_selector("#elsewhere .skeletons", "node => getComputedStyle(node).opacity")) < 0.5
    assert page.eval_on_selector(LEFT, "node => getComputedStyle(node).opacity") == "1"


@contextlib.contextmanager
def behind(app: str, path: str):
    """A proxy that serves the app under a sub-path, as nginx would: it strips the path and says it in a header."""
    host, port = app.removeprefix("http://").split(":")
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def handle(client):
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(65536)
            if not data:
                return client.close()
            head += data
        line, _, rest = head.partition(b"\r\n")
        method, wanted, version = line.split(b" ")
        if not wanted.startswith(path.encode()):  # another site, with the page in a frame
            body = f"<iframe src='{address}{path}/' width=1300 height=700></iframe>"
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall((head + body).encode())
            return client.close()
        rest = re.sub(rb"(?i)connection: keep-alive\r\n", b"", rest)
        server = socket.create_connection((host, int(port)))
        line = b" ".join((method, wanted[len(path) :] or b"/", version))
        server.sendall(line + b"\r\nConnection: close\r\n" + rest)
        threading.Thread(target=pump, args=(client, server), daemon=True).start()
        return pump(server, client)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield address + path
    finally:
        listener.close()


def test_it_works_behind_a_sub_path_and_in_a_frame(browser, tmp_path_factory):
    log = tmp_path_factory.mktemp("sub") / "log.txt"
    with (
        running_app(log, False, GRADIO_ROOT_PATH="/lab/pose") as app,
        behind(app, "/lab/pose") as address,
        contextlib.closing(browser.new_context(viewport={"width": 1366, "height": 768})) as context,
    ):
        page, bad = context.new_page(), []
        page.set_default_timeout(150_000)  # a second app starts beside the first
        page.on("response", lambda r: bad.append(r.url) if r.status >= 400 and "pose-web" in r.url else None)
        page.goto(address.replace("127.0.0.1", "localhost").removesuffix("/lab/pose") + "/around")
        frame = page.frame_locator("iframe")
        frame.locator(".pair svg.skeleton >> nth=1").wait_for()
        frame.locator("#xray .cell >> nth=0").wait_for()
        frame.locator(".languages button[lang=zh]").click()
        frame.locator(".upload", has_text="上传").wait_for()
        assert bad == []
