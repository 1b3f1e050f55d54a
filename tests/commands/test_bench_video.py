"""What `bench` measures of video: that memory stays flat is a bar here too, how fast it is only there."""

from pose_demo.commands import bench_video


def test_five_seconds_of_1080p_do_not_grow():
    grown = bench_video.growth(5, after=2)
    assert grown["memory that grew"] < 100 < grown["memory at the beginning"]


def test_the_parts_of_a_video_are_measured(tmp_path):
    file = bench_video.film(tmp_path / "film.mp4", 0.5)
    whole, alone = bench_video.parts(file, tmp_path, 8).values()
    assert whole > 0 and alone > 0
