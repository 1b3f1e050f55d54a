"""What strangers try against a public page, tried against a real server."""

from __future__ import annotations

import http.client
import io
import json
import os
import pickle
import socket
import socketserver
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file

from pose_demo.comparison import compare
from pose_demo.examples import examples
from pose_demo.page import guard, photo_input, serve, server, xray
from pose_demo.page.store import MEMORY, STORE

EVIL = "https://evil.example"
PHOTO = examples()[0]
QUESTION = {"key": "", "view": "story", "joint": "neck", "language": "en"}


def still_well(visitor) -> None:
    """Whatever was tried, the next good request works."""
    assert visitor.get("/config").status_code == 200


def raw(page, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """A path as it is, which no client has tidied."""
    connection = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def upload(visitor, name: str, data: bytes, **options) -> httpx.Response:
    return visitor.post("/gradio_api/upload", files={"files": (name, data)}, **options)


def ask(visitor, key: str, session: str, **more) -> httpx.Response:
    (component,) = (c["id"] for c in visitor.get("/config").json()["components"] if c["props"].get("elem_id") == "xray")
    body = {
        "data": {**QUESTION, "key": key, **more},
        "component_id": component,
        "session_hash": session,
        "fn_name": "ask",
    }
    return visitor.post("/gradio_api/component_server", json=body)


# --- what goes with every answer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/config", "/nothing", "/gradio_api/info", "/gradio_api/file=/etc/passwd"])
def test_every_answer_says_who_may_frame_it_and_that_types_are_what_they_say(visitor, path):
    headers = visitor.get(path).headers
    assert headers["content-security-policy"] == "frame-ancestors 'self' https://huggingface.co https://*.hf.space"
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


# --- files and addresses ---------------------------------------------------------------------------------------------

UP = "../" * 12
SECRET = Path(__file__).resolve()
PATHS = [
    f"/{door}{way}"
    for door in ("gradio_api/file=", "file=", "gradio_api/file/", "static/", "assets/", "svelte/", "pose-web/", "")
    for way in (
        str(SECRET), f"{UP}{str(SECRET)[1:]}", f"{UP}{str(SECRET)[1:]}".replace("/", "%2f"),
        f"{UP}{str(SECRET)[1:]}".replace("..", "%2e%2e"), f"//{SECRET}", f"file://{SECRET}", f"{SECRET}%00.png",
    )
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_the_page(page, path):
    status, body = raw(page, path)
    assert b"What strangers try" not in body and (status >= 400 or b"gradio-app" in body)


NOT_THERE = (
    "gradio_api/proxy=https://x.hf.space/", "gradio_api/deep_link", "monitoring", "gradio_api/runs", "gradio_api/token",
    "gradio_api/vibe-code/", "gradio_api/stream/a/b/c/playlist.m3u8", "gradio_api/dev/reload", "docs", "openapi.json",
    "gradio_api/custom_component/x/client/component/index.js", "gradio_api/run/compare",
)  # fmt: skip


@pytest.mark.parametrize("route", NOT_THERE)
def test_what_the_page_does_not_need_is_not_there(page, route):
    assert raw(page, f"/{route}")[0] == 404


def test_nobody_reads_an_upload_back(page, visitor, folder):
    """Nor one that a server before this one was sent."""
    (path,) = upload(visitor, "mine.png", b"\x89PNG my own photo").json()
    assert Path(path).read_bytes().endswith(b"my own photo")
    there, before = Path(path), folder / "before" / "other.png"
    before.parent.mkdir()
    before.write_bytes(b"my own photo")
    ways = (path, path.replace("/", "%2f"), f"{there.parent}/../{there.parent.name}/{there.name}", f"/{path}")
    for way in (*ways, str(before)):
        for method in ("GET", "HEAD"):
            status, body = raw(page, f"/gradio_api/file={way}", method)
            assert status == 404 and b"my own photo" not in body


def test_no_address_of_a_visitor_is_opened(page, visitor):
    came = []

    class Listener(socketserver.BaseRequestHandler):
        def handle(self):
            came.append(self.client_address)

    with socketserver.TCPServer(("127.0.0.1", 0), Listener) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{listener.server_address[1]}/x.png"
        assert raw(page, f"/gradio_api/file={address}")[0] == 404
        file = {"path": address, "url": address, "meta": {"_type": "gradio.FileData"}, "orig_name": "x.png"}
        for body in ({"data": [file, None, None, "nearest", "argmax", False]}, {"data": [[{"deep": [file]}]]}):
            answer = visitor.post("/gradio_api/call/compare", json=body)
            assert answer.status_code == 400 and "not given by an address" in answer.json()["detail"]
        listener.shutdown()
    assert came == []


def test_no_pickle_of_a_visitor_is_run(page, visitor, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was run"),)

    client, evil = Client(page.local_url, verbose=False), pickle.dumps(Evil())
    array = io.BytesIO()
    np.save(array, np.array([Evil()], dtype=object), allow_pickle=True)
    for name, data in (("weights.pth", evil), ("photo.png", evil), ("array.npy", array.getvalue())):
        (tmp_path / name).write_bytes(data)
        (path,) = upload(visitor, name, data).json()
        with pytest.raises(Exception, match="no picture"):
            client.predict(handle_file(tmp_path / name), api_name="/compare")
        with pytest.raises(Exception, match="no network"):
            client.predict(handle_file(PHOTO.path), networks=[path, path], api_name="/compare")
    assert not (tmp_path / "was run").exists()


# --- too much, too slow ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "length"), [("upload", 400 * 10**6), ("queue/join", 2 * 2**20), ("upload", -1)])
def test_what_is_too_large_is_refused_before_it_comes(page, path, length):
    begun = time.monotonic()
    headers = {"Content-Length": str(length), "Content-Type": "multipart/form-data; boundary=x"}
    assert raw(page, f"/gradio_api/{path}", "POST", **headers)[0] in (400, 413)  # -1: uvicorn itself says 400
    assert time.monotonic() - begun < 10


def test_what_does_not_say_how_much_it_is_ends_where_too_much_is(page, folder, monkeypatch, visitor):
    monkeypatch.setattr(guard, "_QUESTION", -300 * 10**6 + 2**20)  # all that may come is 1 MB

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        for _ in range(40):
            yield bytes(2**16)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = visitor.post("/gradio_api/upload", content=endless(), headers=headers)
    assert answer.status_code == 413 and "larger than the 1 MB" in answer.json()["detail"]
    monkeypatch.undo()
    still_well(visitor)


def test_a_slow_body_is_let_go_and_keeps_nobody_waiting(page, visitor, monkeypatch):
    monkeypatch.setattr(guard, "_PATIENCE", 2)
    start = b"POST /gradio_api/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: 90000\r\n\r\n-"
    slow = []
    for route, kind in ((b"queue/join", b"application/json"), (b"upload", b"multipart/form-data; boundary=x")) * 10:
        slow.append(socket.create_connection(("127.0.0.1", page.server_port)))
        slow[-1].sendall(start % (route, kind))
    still_well(visitor)
    for connection in slow:
        connection.settimeout(30)
        assert b"408" in connection.recv(4000).partition(b"\r\n")[0]
        connection.close()


def test_a_session_has_only_so_much_waiting_and_no_other_suffers(visitor, monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(xray, "ask", None)
    monkeypatch.setattr(guard, "_WAITING", 6)
    monkeypatch.setitem(xray.VIEWS, "story", lambda cached, asked: go.wait(30) and {})
    key = STORE.keep(compare(PHOTO.path, PHOTO.box), "greedy")
    with ThreadPoolExecutor(12) as pool:
        many = [pool.submit(ask, visitor, key, "greedy") for _ in range(12)]
        end = time.monotonic() + 30
        while sum(each.done() for each in many) < 6 and time.monotonic() < end:
            time.sleep(0.05)
        other = ask(visitor, key, "modest")
        go.set()
    found = sorted(each.result().status_code for each in many)
    assert found == [200] * 6 + [429] * 6 and other.status_code == 200
    STORE.forget("greedy")


# --- other sites, other visitors -------------------------------------------------------------------------------------


FOREIGN = (
    {"Origin": EVIL}, {"Origin": "null"}, {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1.evil.example"}, {"Origin": "http://127.0.0.1:1"},
)  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("route", ["queue/join", "upload", "component_server", "call/compare"])
def test_another_site_may_not_ask(visitor, headers, route):
    answer = visitor.post(f"/gradio_api/{route}", json={}, headers=headers)
    assert answer.status_code == 403 and "another site" in answer.json()["detail"]
    assert "access-control-allow-origin" not in answer.headers


def test_another_site_may_not_read(visitor):
    preflight = {
        "Origin": EVIL,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for answer in (
        visitor.get("/config", headers={"Origin": EVIL}),
        visitor.options("/gradio_api/queue/join", headers=preflight),
        visitor.get("/gradio_api/info", headers={"Origin": EVIL}),
    ):
        assert "access-control-allow-origin" not in answer.headers


def test_a_name_that_somebody_else_gave_this_machine_is_refused(page, visitor):
    assert visitor.get("/", headers={"Host": f"evil.example:{page.server_port}"}).status_code == 421
    for own in ("localhost", f"127.0.0.1:{page.server_port}", "[::1]:7860"):
        assert visitor.get("/config", headers={"Host": own}).status_code == 200


def test_our_own_page_may_ask(page, visitor):
    for headers in (
        {"Origin": page.local_url.rstrip("/")},
        {"Origin": "https://proxy.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://proxy.example", "X-Forwarded-Host": "proxy.example"},
    ):
        assert visitor.post("/gradio_api/upload", files={"files": ("a", b"b")}, headers=headers).status_code == 200


def test_nobody_sees_what_another_was_shown(visitor):
    key = STORE.keep(compare(PHOTO.path, PHOTO.box, trace=True), "owner")
    asked = ((key, "owner"), (key, "thief"), (key[:-1], "owner"))
    mine, *others = (json.loads(ask(visitor, *each).json()) for each in asked)
    assert "error" not in mine and [each["error"]["key"] for each in others] == 2 * ["xray.gone"]
    STORE.forget("owner")


def test_visitors_at_the_same_time_each_get_their_own(page):
    """With a box, and without one, where everybody is looked for."""

    def one(asked):
        example, box = asked
        client = Client(page.local_url, verbose=False, httpx_kwargs={"timeout": 120})
        return client.predict(handle_file(example.path), box=box, api_name="/compare")

    boxed = [example for example in examples() if example.box][:3]
    chosen = [(example, list(example.box)) for example in boxed] + [(example, None) for example in boxed]
    with ThreadPoolExecutor(len(chosen)) as pool:
        found = list(pool.map(one, chosen))
    for (example, box), answer in zip(chosen, found, strict=True):
        alone = compare(example.path, box).to_json()
        assert all(answer[what] == alone[what] for what in ("image", "people", "who"))
        assert bool(answer["people"]) == (box is None)
        for seen, pose in zip(answer["poses"], alone["poses"], strict=True):
            np.testing.assert_allclose(seen["keypoints"], pose["keypoints"], atol=0.01)
            assert len(seen["others"]) == len(pose["others"]) == max(0, len(answer["people"]) - 1)


# --- forged payloads -------------------------------------------------------------------------------------------------


def forged() -> list[bytes]:
    deep = "[" * 5000 + "]" * 5000
    good = {"data": [], "fn_index": 0, "session_hash": "abcdefgh"}
    return [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", deep.encode(), b'{"data": NaN}', b'{"session_hash": 5}',
        *(json.dumps({**good, **change}).encode() for change in (
            {"fn_index": 10**6}, {"fn_index": -1}, {"fn_index": "x"}, {"data": {}}, {"data": [None] * 500},
            {"data": [{"__class__": "Session"}] * 6}, {"session_hash": "../../etc"}, {"session_hash": "a" * 500},
            {"session_hash": "a\nb"}, {"trigger_id": {"a": 1}}, {"event_data": {"key": [1] * 5}}, {"batched": True},
            {"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}] * 6}, {"request": {"headers": {}}},
        )),
    ]  # fmt: skip


@pytest.mark.parametrize("route", ["queue/join", "call/compare", "component_server", "cancel"])
def test_forged_payloads_end_in_a_refusal_and_show_nothing_of_ours(visitor, route, caplog):
    for body in forged():
        answer = visitor.post(f"/gradio_api/{route}", content=body, headers={"Content-Type": "application/json"})
        text = answer.text
        assert "Traceback" not in text and str(SECRET.parents[2]) not in text and "root:" not in text
    other = visitor.post(f"/gradio_api/{route}", content=b"{}", headers={"Content-Type": "text/plain"})
    assert other.status_code == 415
    still_well(visitor)


def test_only_what_is_meant_for_browsers_can_be_called_on_a_component(visitor):
    components = [c["id"] for c in visitor.get("/config").json()["components"]]
    for name in ("__init__", "postprocess", "get_config", "move_resource_to_block_cache", "_ask"):
        body = {"data": ["/etc/passwd"], "component_id": components[1], "session_hash": "abcdefgh", "fn_name": name}
        assert visitor.post("/gradio_api/component_server", json=body).status_code == 404


# --- what is left behind ---------------------------------------------------------------------------------------------


def test_old_files_go_and_so_do_the_oldest_of_too_many(tmp_path):
    now = time.time()
    for k, age in enumerate((100, 50, 10, 1)):
        file = tmp_path / str(k) / "photo.png"
        file.parent.mkdir()
        file.write_bytes(bytes(1000))
        os.utime(file, (now - age, now - age))
    server.tidy(tmp_path, age=60)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["1", "2", "3"]
    server.tidy(tmp_path, age=60, most=1500)
    assert [each.name for each in tmp_path.iterdir()] == ["3"]


def test_uploads_never_take_more_than_they_may(visitor, folder, monkeypatch):
    """The oldest go before one comes; what is too much for all that may be is refused; nothing half-sent stays."""
    server.tidy(folder, age=-1)
    monkeypatch.setattr(server, "MOST", 100_000)
    sent = [Path(upload(visitor, f"{k}.png", bytes([k]) * 40_000).json()[0]) for k in range(3)]
    assert [each.exists() for each in sent] == [False, True, True]
    answer = upload(visitor, "large.png", bytes(150_000))
    assert answer.status_code == 507 and "disk" in answer.json()["detail"]
    monkeypatch.setattr(guard, "_STEP", 10_000)

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        for _ in range(40):
            yield bytes(10_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert visitor.post("/gradio_api/upload", content=endless(), headers=headers).status_code == 507
    assert not [each for each in folder.iterdir() if each.is_file()]
    assert upload(visitor, "small.png", bytes(5_000)).status_code == 200


def test_what_a_visitor_broke_off_goes_at_once(page, visitor, folder):
    start = b"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'

    def half() -> list[Path]:
        return [each for each in folder.iterdir() if each.is_file()]

    with socket.create_connection(("127.0.0.1", page.server_port)) as connection:
        connection.sendall(start + b"Content-Length: 900000\r\n\r\n" + head + bytes(200_000))
        until(half)
    until(lambda: not half())
    still_well(visitor)


def test_the_end_of_one_upload_leaves_another_that_has_just_begun(visitor, folder, monkeypatch):
    drop, begun, ended = server.drop, folder / "another", []

    def late(files):
        begun.write_bytes(b"it begins as the other ends")
        ended.append(drop(files))

    monkeypatch.setattr(server, "drop", late)
    assert upload(visitor, "one.png", b"one").status_code == 200
    until(lambda: ended)
    assert begun.read_bytes()
    begun.unlink()


def until(true) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_times_and_the_room_that_are_promised_are_these():
    text = " ".join((Path(__file__).parents[2] / "docs" / "DEPLOY.md").read_text(encoding="utf-8").split())
    assert f"within {(server.READ + server.LOOKED) // 60} minutes" in text
    many, pixels = serve._SESSIONS, photo_input.PIXELS
    assert f"{many} visitors, {pixels // 10**6} megapixels each, are {many * 3 * pixels / 1e9:.1f} GB" in text
    assert f"X-rays: {MEMORY // 2**20} MB" in text
    assert f"after {server.KEPT // 3600} hours" in text and f"| {server.MOST // 2**20} |" in text
