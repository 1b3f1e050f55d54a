"""Videos as people have them, from file to file: what comes out has their times, their side up, and what they hold."""

import json

import av
import films
import numpy as np
import pytest

from pose_demo import compare_video
from pose_demo.moving.film import VideoError


def made(folder, file, **how):
    """The result of a video, and the frames' times and size in what was written."""
    result = compare_video(file, folder / "out", **{"box": films.BOX, **how})
    with av.open(str(folder / "out" / "skeletons.mp4")) as video:
        times = [float(frame.time) for frame in video.decode(video=0)]
        stream = video.streams.video[0]
        return result, times, (stream.height, stream.width), [each.codec_context.name for each in video.streams.audio]


def test_a_variable_frame_rate_stays_one(tmp_path):
    uneven = [0, 0.1, 0.15, 0.4, 1.0, 1.02]
    file = films.make(tmp_path / "a.mkv", films.frames(6), times=uneven)
    result, times, _, sound = made(tmp_path, file)
    assert times == pytest.approx(uneven, abs=2e-3) and sound == []
    assert result.rows["time"].tolist() == pytest.approx(uneven, abs=2e-3)
    said = json.loads((tmp_path / "out" / "joints.json").read_text())
    assert [frame["time"] for frame in said["frames"]] == pytest.approx(uneven, abs=2e-3)


def test_a_phone_held_upright_comes_out_upright(tmp_path):
    file = films.turned(films.make(tmp_path / "a.mp4", films.frames(3)), 160, 240)
    x0, y0, x1, y1 = films.BOX
    result, times, size, _ = made(tmp_path, file, box=(159 - y1, x0, 159 - y0, x1))
    assert len(times) == 3 and size == (240 + 36, 2 * 160 + 4)
    assert (result.about["video"]["height"], result.about["video"]["width"]) == (240, 160)
    joints = result.rows["joints1"][0, :, :2]
    assert joints[:, 0].max() < 160 and np.isfinite(joints).all()


def test_sound_goes_along(tmp_path):
    file = films.make(tmp_path / "a.mp4", films.frames(6), sound="aac")
    assert made(tmp_path, file)[3] == ["aac"]


def test_a_file_cut_short_gives_what_it_holds_and_plays(tmp_path):
    whole = films.make(tmp_path / "whole.mkv", films.frames(12)).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    result, times, _, _ = made(tmp_path, tmp_path / "cut.mkv")
    assert 0 < len(times) < 12 and len(times) == result.about["video"]["frames"] == len(result.rows)


def test_a_million_frames_are_promised_and_six_are_there(tmp_path):
    file = films.million(films.make(tmp_path / "a.mp4", films.frames(6)))
    try:
        assert 0 < len(made(tmp_path, file)[1]) <= 6
    except VideoError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["cut.mkv", "sound.mp4"])
def test_without_a_frame_nothing_is_written(tmp_path, name):
    file = tmp_path / name
    if name == "cut.mkv":
        data = films.make(tmp_path / "whole.mkv", films.frames(3)).read_bytes()
        file.write_bytes(data[: data.find(b"\x1fC\xb6u")])  # where the frames begin
    else:
        with av.open(str(file), "w") as out:
            hum = out.add_stream("aac", rate=44100)
            quiet = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            quiet.sample_rate, quiet.pts = 44100, 0
            out.mux([*hum.encode(quiet), *hum.encode()])
    with pytest.raises(VideoError):
        compare_video(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()
