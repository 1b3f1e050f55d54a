"""Video files as people have them: every kind, turned, with gaps, cut short, hostile."""

import time
from fractions import Fraction
from pathlib import Path

import av
import films
import numpy as np
import pytest

from pose_demo.moving.film import Decoded, Film, VideoError, Writer, ahead


def shots(file):
    with Film(file) as film:
        return film, [item for item in film.read() if isinstance(item, Decoded)]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mjpeg"), ("a.ts", "libx264"), ("a.webm", "libvpx")],
)  # fmt: skip
def test_every_frame_comes_out_once_in_order_with_its_time(tmp_path, name, codec):
    pictures = films.frames(7)
    film, found = shots(films.make(tmp_path / name, pictures, codec))
    assert film.size == (160, 240) and len(found) == 7 and not film.damaged
    assert [float(frame.time) for frame in found] == pytest.approx([k / 10 for k in range(7)], abs=2e-3)
    apart = [[np.abs(frame.pixels.astype(int) - picture).mean() for picture in pictures] for frame in found]
    assert np.argmin(apart, axis=1).tolist() == list(range(7))
    shares = [frame.share for frame in found]
    assert shares == sorted(shares) and 0.5 < shares[-1] <= 1


def test_times_that_are_not_even_stay(tmp_path):
    times = [0, 0.1, 0.15, 0.4, 1.0, 1.02]
    _, found = shots(films.make(tmp_path / "a.mkv", films.frames(6), times=times))
    assert [float(frame.time) for frame in found] == pytest.approx(times, abs=2e-3)


@pytest.mark.parametrize("by", [90, 180, 270])
def test_a_phone_held_upright_or_upside_down(tmp_path, by):
    file = films.turned(films.make(tmp_path / "a.mp4", films.frames(3)), 160, 240, by)
    film, found = shots(file)
    upright = np.rot90(films.still(), -by // 90)
    assert film.size == upright.shape[:2] == found[0].pixels.shape[:2]
    assert np.abs(found[0].pixels.astype(int) - upright).mean() < 8


def test_pixels_that_are_not_square(tmp_path):
    file = tmp_path / "a.mp4"
    with av.open(str(file), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 120, 160, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(films.still()[:, ::2]), format="rgb24")))
        out.mux(stream.encode())
    film, found = shots(file)
    assert film.size == (160, 240) and found[0].pixels.shape == (160, 240, 3)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_a_file_cut_short_gives_what_it_holds(tmp_path, share):
    whole = films.make(tmp_path / "whole.mkv", films.frames(20)).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: round(share * len(whole))])
    _, found = shots(tmp_path / "cut.mkv")
    assert 0 < len(found) < 20


def test_noise_within_a_file_is_left_out_and_counted(tmp_path):
    file = films.make(tmp_path / "a.ts", films.frames(20))
    data, rng = bytearray(file.read_bytes()), np.random.default_rng(0)
    for at in rng.integers(len(data) // 3, len(data), 300):
        data[at] ^= 0xFF
    file.write_bytes(data)
    _, found = shots(file)
    assert 5 <= len(found) <= 20


def test_a_header_that_promises_a_million_frames(tmp_path):
    file = films.million(films.make(tmp_path / "a.mp4", films.frames(6)))
    start = time.process_time()
    try:
        _, found = shots(file)
        assert 0 < len(found) <= 6
    except VideoError as error:
        assert "\n" not in str(error)
    assert time.process_time() - start < 2


def bad_files(folder):
    whole = films.make(folder / "whole.mp4", films.frames(6)).read_bytes()
    yield "index.mp4", whole[: len(whole) // 2], "damaged or cut short"  # its index stands at the end
    yield "empty.mp4", b"", "is empty"
    yield "page.mp4", b"<!DOCTYPE html><html></html>", "is no video"
    yield "list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n", "is no video"
    yield "concat.mp4", b"ffconcat version 1.0\nfile /etc/hostname\n", "is no video"
    yield "header.webm", b"\x1aE\xdf\xa3" + bytes(2000), "damaged or cut short"
    yield "half.avi", b"RIFF\0\0\0\0AVI LIST" + bytes(3000), "damaged or cut short"


def test_what_is_no_video_is_one_sentence(tmp_path):
    for name, data, says in bad_files(tmp_path):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(VideoError, match=says) as error:
            Film(tmp_path / name)
        assert "\n" not in str(error.value) and name in str(error.value)


def test_sound_alone_is_no_video_and_no_frame_is_none(tmp_path):
    file = tmp_path / "a.mp4"
    with av.open(str(file), "w") as out:
        hum = out.add_stream("aac", rate=44100)
        for k in range(20):
            quiet = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            quiet.sample_rate, quiet.pts = 44100, 1024 * k
            out.mux(hum.encode(quiet))
        out.mux(hum.encode())
    with pytest.raises(VideoError, match="holds no video"):
        Film(file)
    file = films.make(tmp_path / "b.mkv", films.frames(3))
    data = file.read_bytes()
    cluster = data.find(b"\x1fC\xb6u")
    (tmp_path / "c.mkv").write_bytes(data[:cluster])
    with pytest.raises(VideoError, match=r"no frame|damaged"):
        Film(tmp_path / "c.mkv")


def test_limits_are_checked_before_anything_is_decoded(tmp_path, monkeypatch):
    file = films.make(tmp_path / "a.mp4", films.frames(2))
    monkeypatch.setattr("pose_demo.moving.film.MAX_PIXELS", 200 * 150)
    with pytest.raises(VideoError):
        Film(file)
    monkeypatch.setattr("pose_demo.moving.film.MAX_BYTES", 1000)
    with pytest.raises(VideoError, match="more than"):
        Film(file)
    with pytest.raises(VideoError, match="cannot be opened"):
        Film(tmp_path / "missing.mp4")


def test_wide_pixels_count_as_what_they_become(tmp_path, monkeypatch):
    """A few bytes would otherwise become gigabytes; and what FFmpeg cannot convert is a sentence."""
    with Film(films.make(tmp_path / "a.mp4", films.frames(2), aspect=2)) as film:
        assert film.size == (160, 480) and next(film.read()).pixels.shape == (160, 480, 3)
    for aspect in (400, 3_000_000, 10_000):
        file = films.make(tmp_path / "b.mp4", films.frames(2), aspect=aspect)
        with pytest.raises(VideoError, match=f"are {240 * aspect} x 160 pixels"):
            Film(file)
    monkeypatch.setattr("pose_demo.moving.film.MAX_PIXELS", 2**31 - 1)
    with Film(file) as film, pytest.raises(VideoError, match="damaged"):
        next(film.read())


@pytest.mark.parametrize("sound", ["aac", "mp3"])
def test_what_is_written_plays_with_its_times_and_sound(tmp_path, sound):
    """All of it from the first frame on, though some lies in the file before any frame can be decoded."""
    times = [0, 0.1, 0.15, 0.4, 1.0, 1.02]
    source = films.make(tmp_path / "a.mkv", films.frames(6), times=times, sound=sound)

    def heard(file: Path) -> int:
        with av.open(str(file)) as opened:
            return sum(1 for packet in opened.demux(audio=0) if packet.size and packet.pts >= 0)

    with Film(source) as film, Writer(tmp_path / "b.mp4", (160, 240), film) as writer:
        assert film.sound == sound and film.copied
        for item in film.read():
            if isinstance(item, Decoded):
                writer.frame(item.pixels, item.time)
            else:
                writer.sound(item)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a.mkv", "b.mp4"]
    with av.open(str(tmp_path / "b.mp4")) as written:
        stream = written.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert written.streams.audio[0].codec_context.codec.canonical_name == sound
        assert [float(frame.time) for frame in written.decode(stream)] == pytest.approx(times, abs=2e-3)
    assert heard(tmp_path / "b.mp4") == heard(source)
    data = (tmp_path / "b.mp4").read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")  # it plays before it has arrived


def test_sound_that_an_mp4_cannot_hold_is_left_out(tmp_path):
    source = films.make(tmp_path / "a.mkv", films.frames(4), sound="ac3")
    with Film(source) as film, Writer(tmp_path / "b.mp4", (160, 240), film) as writer:
        assert film.sound == "ac3" and not film.copied
        for item in film.read():
            writer.frame(item.pixels, item.time)
    with av.open(str(tmp_path / "b.mp4")) as written:
        assert not written.streams.audio


def test_what_ends_early_leaves_nothing(tmp_path):
    source = films.make(tmp_path / "a.mp4", films.frames(4))
    with pytest.raises(KeyboardInterrupt), Film(source) as film, Writer(tmp_path / "b.mp4", (160, 240), film) as writer:
        for item in film.read():
            writer.frame(item.pixels, item.time)
            raise KeyboardInterrupt
    assert [f.name for f in tmp_path.iterdir()] == ["a.mp4"]


def test_ahead_is_never_more_ahead_than_asked_and_stops():
    made = []

    def numbers():
        for k in range(1000):
            made.append(k)
            yield k

    items = ahead(numbers(), 3)
    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    time.sleep(0.3)
    assert len(made) <= 5 + 3 + 1
    items.close()
    after = len(made)
    time.sleep(0.3)
    assert len(made) == after

    def broken():
        yield 1
        raise VideoError("video.none", name="x")

    with pytest.raises(VideoError):
        list(ahead(broken()))
