"""The MCP door as a real client of the official SDK uses it, over HTTP, beside the page."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from gradio_client import Client as HTTP
from gradio_client import handle_file
from mcp import Client

from pose_demo import compare
from pose_demo.commands.page import credentials
from pose_demo.examples import examples
from pose_demo.locales import UserError
from pose_demo.page import doors, launch, mcp_door

PHOTO = examples()[0]
CELL = "stage3.module1.branch1.fused"


@pytest.fixture(scope="module")
def page():
    made = launch("127.0.0.1", prevent_thread_lock=True, mcp=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(page):
    return page.local_url.rstrip("/") + "/mcp"


def _apart(ask):
    """In a thread of its own: where browser tests ran before in this process, Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(ask())).result()


def call(address: str, name: str, **given):
    """What a tool answers, as structured content; its text is the same JSON."""

    async def ask():
        async with Client(address) as client:
            return await client.call_tool(name, given)

    answer = _apart(ask)
    if answer.is_error:
        raise RuntimeError(answer.content[0].text)
    assert json.loads(answer.content[0].text) == answer.structured_content
    return answer.structured_content


def test_the_tools_are_the_doors_and_say_what_they_take(address):
    async def ask():
        async with Client(address) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in _apart(ask)}
    assert list(tools) == ["compare", "inspect", "silence", "matters", "study"]
    for tool in tools.values():
        for name in tool.input_schema["properties"]:
            assert f"\n{name}: " in tool.description
    assert tools["silence"].input_schema["required"] == ["photo", "cuts"]


def test_compare_is_what_python_says(address, untrained):
    given = {"networks": list(untrained), "upsampling": {"stage3": "bilinear"}, "decoder": "dark"}
    answer = call(address, "compare", photo=PHOTO.name, **given)
    expected = compare(PHOTO.path, PHOTO.box, **given).to_json()
    for pose in (*answer["poses"], *expected["poses"]):
        del pose["forward_seconds"]
    assert answer == json.loads(json.dumps(expected))
    data = "data:image/jpeg;base64," + base64.b64encode(PHOTO.path.read_bytes()).decode()
    again = call(address, "compare", photo=data, box=list(PHOTO.box), **given)
    assert again["poses"][0]["keypoints"] == answer["poses"][0]["keypoints"]
    assert call(address, "compare", photo=str(PHOTO.path), box=list(PHOTO.box), **given)["box"] == answer["box"]


def test_http_has_the_same_functions_and_answers(page, address):
    client = HTTP(page.local_url, verbose=False)
    told = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    assert [name for name in told if name[1:] in ("compare", "inspect", "silence", "matters", "study")] == list(told)
    photo, box = handle_file(PHOTO.path), list(PHOTO.box)
    cut = {"stage3.module1.branch0.from2": "zero"}
    for name, given in (("inspect", {"cell": CELL}), ("silence", {"cuts": cut})):
        over_http = client.predict(photo, box=box, **given, api_name=f"/{name}")
        assert _timeless(over_http) == _timeless(call(address, name, photo=PHOTO.name, box=box, **given))
    assert client.predict("upsampling", api_name="/study") == call(address, "study", question="upsampling")


def _timeless(answer):
    for when in ("before", "after"):
        for pose in answer.get(when, {}).get("poses", ()):
            pose.pop("forward_seconds")
    return answer


def test_inspect_tells_what_python_sees(address):
    from pose_demo import XRay

    answer, xray = call(address, "inspect", photo=PHOTO.name, cell=CELL), XRay(PHOTO)
    side = next(k for k in xray.sides if CELL in xray.maps(k))
    found = xray.sum(side, CELL)
    assert answer["shape"] == list(xray.maps(side)[CELL].tensor.shape[1:]) and answer["stride"] == 8
    assert [t["share"] for t in answer["sum"]["terms"]] == pytest.approx([t.share for t in found.terms])
    assert answer["receptive_field"]["width"] == xray.field(side, CELL).size[1]
    assert any("term(x)" in line["text"] for part in answer["code"] for line in part["lines"])
    with pytest.raises(RuntimeError, match=r"no map stage3.nowhere .* near names are stage3"):
        call(address, "inspect", photo=PHOTO.name, cell="stage3.nowhere")


def test_silence_tells_how_far_joints_move(address):
    from pose_demo.draw.ghost import moves

    answer = call(address, "silence", photo=PHOTO.name, cuts={"stack1": "zero"})
    whole = compare(PHOTO.path, PHOTO.box)
    cut = compare(PHOTO.path, PHOTO.box, silence={"stack1": "zero"})
    for told, before, after in zip(answer["moved"], whole.poses, cut.poses, strict=True):
        assert [j["pixels"] for j in told["joints"]] == pytest.approx(moves(before, after).round(4), nan_ok=True)
        assert told["mean_torsos"] == pytest.approx(np.nanmean(moves(before, after)) / before.torso, abs=1e-3)
    assert sorted(bool(told["cut"]) for told in answer["moved"]) == [False, True]


def test_study_lists_its_questions_and_answers_them(address):
    listed = call(address, "study")["questions"]
    assert {"accuracy", "upsampling"} <= set(listed)
    answer = call(address, "study", question="accuracy")
    assert answer["question"] == listed["accuracy"] and answer["findings"] and answer["rows"][0]["figures"]


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [("compare", {"photo": "/etc/hostname"}, "hostname"), ("compare", {"photo": "no such"}, "photo is an example"),
     ("compare", {"photo": "data:image/png;base64,@@"}, "photo is an example"),
     ("compare", {"photo": PHOTO.name, "networks": ["/etc/passwd", "hrnet-slim"]}, "has no network"),
     ("silence", {"photo": PHOTO.name, "cuts": {}}, "cuts is an object"),
     ("silence", {"photo": PHOTO.name, "cuts": {"stack9": "zero"}}, "near names are"),
     ("study", {"question": "luck"}, "question is one of"), ("inspect", {"photo": PHOTO.name}, "cell")],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(address, name, given, said):
    with pytest.raises(RuntimeError, match=said) as problem:
        call(address, name, **given)
    assert "Traceback" not in str(problem.value)


def test_others_may_not_name_paths_of_the_machine():
    with pytest.raises(UserError):
        mcp_door.photo(str(PHOTO.path), local=False)
    assert "on this machine" not in mcp_door.photo_text(local=False)


def test_the_guard_stands_before_it(address):
    forged = {"host": "evil.example"}, {"origin": "http://evil.example"}
    for headers in forged:
        assert httpx.post(address, json={}, headers=headers, trust_env=False).status_code in (403, 421)
    with pytest.raises(UserError, match="password"):
        launch(auth=credentials("a:b"), mcp=True)


def test_only_a_few_are_answered_at_a_time_in_threads_of_their_own(page, address, monkeypatch):
    go, inside = threading.Event(), threading.Semaphore(0)
    known = doors.report.shipped()
    monkeypatch.setattr(doors.report, "shipped", lambda: inside.release() or (go.wait(30) and known))
    told = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "study", "arguments": {}}}
    how = {"headers": {"accept": "application/json, text/event-stream"}, "trust_env": False, "timeout": 60}
    with ThreadPoolExecutor(4) as pool:
        many = [pool.submit(httpx.post, address, json=told, **how) for _ in range(4)]
        try:
            assert all(inside.acquire(timeout=30) for _ in many)
            more = httpx.post(address, json=told, **how)
        finally:
            go.set()
    assert more.status_code == 429 and "4 questions" in more.json()["detail"]
    assert [each.result().status_code for each in many] == [200] * 4
    assert httpx.post(address, json=told, **how).status_code == 200


def test_without_the_request_nothing_answers_and_without_the_package_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(UserError, match="pip install"):
        mcp_door.server(True)
    made = launch("127.0.0.1", prevent_thread_lock=True)
    try:
        assert httpx.post(made.local_url + "mcp", json={}, trust_env=False).status_code == 404
    finally:
        made.close()
