"""What arrives: whole, in pieces, wrong. Trouble of other kinds is in test_download_trouble.py."""

from __future__ import annotations

import hashlib
import re

import pytest
from misbehaving import (
    BODY,
    SHA,
    WRONG,
    assert_done,
    chunked,
    get,
    leave,
    part,
    proper,
    says,
    slams,
    waits,
)

from pose_demo import download as module
from pose_demo.download import FetchError, sha256_of

# --- when all goes well ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [8, 64])
def test_fetches_whole_file_and_reports(server, target, digits):
    seen = []
    assert get(server, target, lambda done, total: seen.append((done, total)), SHA[:digits]) == target
    assert_done(target)
    assert seen[0] == (0, len(BODY)) and seen[-1] == (len(BODY), len(BODY)) and seen == sorted(seen)


def test_right_file_is_not_fetched_again_and_a_wrong_one_is_replaced(server, target):
    get(server, target)
    get(server, target)
    assert len(server.asked) == 1
    target.write_bytes(WRONG)
    get(server, target)
    assert len(server.asked) == 2
    assert_done(target)


def test_redirects_keep_the_range(server, target):
    server.restart(*[says(code, Location=f"/{code}") for code in (301, 302, 303, 307, 308)])
    leave(target, BODY[:1000])
    get(server, target)
    assert server.asked == ["bytes=1000-"] * 6
    assert_done(target)


def test_length_not_told(server, target):
    seen = []
    server.restart(chunked(None))
    get(server, target, lambda done, total: seen.append(total))
    assert set(seen) == {None}
    assert_done(target)


# --- going on where it broke off ---------------------------------------------------------------------------------


@pytest.mark.parametrize("then", [None, slams], ids=["truncated", "reset"])
def test_goes_on_after_a_broken_body(server, target, then):
    server.restart(proper(stop=100_000, then=then), proper(stop=200_000, then=then))
    get(server, target)
    assert server.asked[0] is None and all(re.fullmatch(r"bytes=\d+-", asked) for asked in server.asked[1:])
    if then is None:
        assert server.asked[1:] == ["bytes=100000-", "bytes=200000-"]
    assert_done(target)


def test_goes_on_after_a_stall(server, target):
    server.restart(proper(stop=100_000, then=waits))
    get(server, target, timeout=0.2)
    assert server.asked == [None, "bytes=100000-"]
    assert_done(target)


def test_goes_on_after_a_broken_chunked_body(server, target):
    server.restart(chunked(100_000))
    get(server, target)
    assert server.asked == [None, "bytes=160000-"]  # four chunks of 40,000 had come
    assert_done(target)


def test_gives_up_after_some_tries_and_keeps_what_came(server, target):
    server.restart(*[proper(stop=1000)] * 9)
    with pytest.raises(FetchError, match=r"ended after 1000 of 300000 bytes.*goes on after the 1000 bytes"):
        get(server, target, tries=3)
    assert len(server.asked) == 3 and part(target).read_bytes() == BODY[:1000] and not target.exists()
    server.restart()
    get(server, target)
    assert server.asked == ["bytes=1000-"]
    assert_done(target)


def test_attempts_that_bring_much_do_not_count(server, target, monkeypatch):
    monkeypatch.setattr(module, "_ENOUGH", 20_000)
    server.restart(*[proper(stop=stop) for stop in range(20_000, 300_000, 20_000)])
    get(server, target, tries=2)
    assert len(server.asked) == 15
    assert_done(target)


def test_file_that_changed_meanwhile_comes_from_zero(server, target):
    leave(target, WRONG[:5000], {"etag": '"older"', "total": len(BODY)})
    get(server, target)
    assert server.asked == ["bytes=5000-"]  # refused by If-Range: answered 200, with everything
    assert_done(target)


def test_without_etag_a_changed_length_gives_it_away(server, target):
    server.etag = None
    leave(target, BODY[:5000], {"etag": None, "total": 7000})
    get(server, target)
    assert server.asked == ["bytes=5000-", None]
    assert_done(target)


def test_length_is_learned_from_the_range(server, target):
    leave(target, BODY[:5000])
    server.restart(proper(stop=9000))
    get(server, target)
    assert server.asked == ["bytes=5000-", "bytes=9000-"]
    assert_done(target)


def test_weak_etag_is_not_sent(server, target):
    server.etag = 'W/"weak"'
    server.script = [proper(stop=9000), lambda h: (says(400) if h.headers["If-Range"] else proper())(h)]
    get(server, target)
    assert server.asked == [None, "bytes=9000-"]
    assert_done(target)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"etag": 1}'])
def test_spoiled_note_is_no_loss(server, target, note):
    leave(target, BODY[:5000], note)
    get(server, target)
    assert server.asked == ["bytes=5000-"]
    assert_done(target)


def test_server_that_ignores_ranges(server, target):
    leave(target, BODY[:5000])
    server.restart(proper(ranges=False))
    get(server, target)
    assert_done(target)


@pytest.mark.parametrize("told", ["bytes 0-299999/300000", "nonsense"])
def test_server_that_sends_another_range(server, target, told):
    leave(target, BODY[:5000])
    server.restart(lambda h: h.begin(206, 0, Content_Range=told))
    get(server, target)
    assert server.asked == ["bytes=5000-", None]
    assert_done(target)


def test_whole_part_needs_no_network(server, target):
    leave(target, BODY, {"etag": '"first"', "total": len(BODY)})
    get(server, target)
    assert server.asked == []
    assert_done(target)


def test_416_for_a_whole_part(server, target):
    leave(target, BODY)
    get(server, target)
    assert server.asked == [f"bytes={len(BODY)}-"]
    assert_done(target)


@pytest.mark.parametrize("note", [None, {"etag": None, "total": len(BODY)}])
def test_part_longer_than_the_file(server, target, note):
    leave(target, BODY + b"more", note)
    get(server, target)
    assert server.asked[-1] is None
    assert_done(target)


# --- wrong bytes -------------------------------------------------------------------------------------------------


def test_wrong_file_is_deleted_and_reported(server, target):
    server.restart(proper(WRONG), proper(WRONG))
    with pytest.raises(FetchError, match=f"begins with .* not with {SHA[:12]}.*deleted"):
        get(server, target)
    assert len(server.asked) == 1 and not target.exists() and not part(target).exists()


def test_wrong_beginning_gets_one_more_chance(server, target):
    leave(target, WRONG[:5000])
    get(server, target)
    assert server.asked == ["bytes=5000-", None]
    assert_done(target)


def test_one_more_chance_is_all_it_gets(server, target):
    leave(target, WRONG[:5000])
    server.restart(proper(WRONG), proper(WRONG, stop=7000), proper(WRONG))
    with pytest.raises(FetchError, match="deleted"):
        get(server, target)
    assert server.asked == ["bytes=5000-", None, "bytes=7000-"]
    assert not target.exists() and not part(target).exists()


def test_the_good_file_survives_a_wrong_download(server, target):
    target.parent.mkdir()
    target.write_bytes(b"an older file")
    server.restart(proper(WRONG))
    with pytest.raises(FetchError):
        get(server, target)
    assert target.read_bytes() == b"an older file"


def test_sha256_of(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()
