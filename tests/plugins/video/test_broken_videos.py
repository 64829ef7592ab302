"""Files that are no video, or no whole one: each is refused with its reason and in words, and nothing hangs."""

import pickle
from pathlib import Path

import pytest
from barred_video import number_of, write_barred, write_base
from harness_plugins.video.broken import REASONS, BrokenVideo
from harness_plugins.video.frames import inspect, sampled
from real_clips import ffmpeg

from harness.errors import InputError


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base"))


def broken(path, rate=25.0):
    """The error in which reading it ends."""
    with pytest.raises(BrokenVideo) as caught:
        for _ in sampled(path, rate):
            pass
    assert isinstance(caught.value, InputError)
    assert caught.value.reason in REASONS
    assert str(Path(path)) in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (b"", "cannot-open", "empty"),
        (b"This is not a video.", "cannot-open", "cannot be read as a video"),
        (b"\x00" * 5000, "cannot-open", "cannot be read as a video"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x10\x00mdat" + b"x" * 50, "truncated", "moov"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nbase.mp4\n#EXT-X-ENDLIST\n", "cannot-open", ""),
        (b"ffconcat version 1.0\nfile base.mp4\n", "no-video", "of its own"),
        (b"1\n00:00:00,000 --> 00:00:02,000\nHej\n", "no-video", "no video stream"),
    ],
)
def test_what_is_no_video(tmp_path, base, content, reason, says):
    (tmp_path / "base.mp4").write_bytes(base.read_bytes())
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(BrokenVideo) as inspected:
        inspect(path)
    for error in (broken(path), inspected.value):
        assert (error.reason, says in error.detail) == (reason, True), error
        assert "Traceback" not in str(error)


def test_lists_and_text_that_pass_for_a_video_are_not_followed(tmp_path, base):
    (tmp_path / "base.mp4").write_bytes(base.read_bytes())
    for name, content in (
        ("x.m3u8", "#EXTM3U\n#EXTINF:4,\nbase.mp4\n"),
        ("x.ffconcat", "ffconcat version 1.0\nfile base.mp4\n"),
        ("x.txt", "hej\n" * 500),
    ):
        path = tmp_path / name
        path.write_text(content)
        assert broken(path).reason in ("no-video", "cannot-open"), name


def test_folders_what_is_not_there_and_devices(tmp_path):
    (tmp_path / "film.mp4").mkdir()
    (tmp_path / "dead.mp4").symlink_to(tmp_path / "nowhere.mp4")
    assert "folder" in broken(tmp_path / "film.mp4").detail
    assert "no such file" in broken(tmp_path / "dead.mp4").detail
    assert "no such file" in broken("/dev/zero").detail or "not a video" in broken("/dev/zero").detail
    for address in ("http://localhost:1/x.mp4", "concat:a|b", "pipe:0"):
        assert broken(address).reason == "cannot-open"


def test_sound_alone_and_sound_with_a_cover(tmp_path):
    sound, cover, covered = tmp_path / "x.mp4", tmp_path / "cover.png", tmp_path / "x.m4a"
    tone = ("-f", "lavfi", "-i", "sine=440:d=1")
    ffmpeg(*tone, "-c:a", "aac", sound)
    assert broken(sound).reason == "no-video"
    assert "no video stream" in broken(sound).detail
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=0.04", "-frames:v", "1", cover)
    attached = ("-disposition:v:0", "attached_pic")
    ffmpeg(*tone, "-i", cover, "-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "mjpeg", *attached, covered)
    assert broken(covered).reason == "no-video"
    assert "attached picture" in broken(covered).detail


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.85])
def test_an_mp4_that_lost_its_end(tmp_path, base, share):
    """The index stands at the end, or at the start with `faststart`."""
    first, path = tmp_path / "first.mp4", tmp_path / "x.mp4"
    ffmpeg("-i", base, "-c", "copy", "-movflags", "faststart", first)
    for whole in (base, first):
        path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
        assert broken(path).reason == "truncated"
        with pytest.raises(BrokenVideo, match="breaks off"):
            inspect(path)


@pytest.mark.parametrize("name", ["x.mkv", "x.flv", "x.avi"])
def test_a_file_that_ends_before_its_announced_end(tmp_path, base, name):
    path = tmp_path / name
    kind = ("-c", "copy") if name.endswith("mkv") else ("-c:v", "mpeg4" if name.endswith("avi") else "flv", "-q:v", "2")
    ffmpeg("-i", base, *kind, path)
    assert len(list(sampled(path, 25))) == 100
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    for rate in (25, 2):
        assert broken(path, rate).reason == "truncated"
    with pytest.raises(BrokenVideo, match="breaks off: its pictures end at"):
        inspect(path)


def test_pictures_that_end_before_the_sound_are_whole(tmp_path, base):
    for name in ("x.mkv", "x.mp4"):
        path = tmp_path / name
        ffmpeg("-i", base, "-f", "lavfi", "-i", "sine=440:d=9", "-c:v", "copy", "-c:a", "aac", path)
        for rate in (2, 25):
            assert len(list(sampled(path, rate))) == 4 * rate
        assert inspect(path).duration == pytest.approx(4.0, abs=0.03)


def test_damage_in_the_middle_is_named_with_its_place(tmp_path):
    import av

    path = write_barred(tmp_path / "x.mkv", options={"g": "12", "sc_threshold": "0", "bf": "0", "threads": "1"})
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        for number, packet in enumerate(container.demux(video=0)):
            if number in (50, 51):
                at = data.find(bytes(packet), packet.pos)
                data[at : at + packet.size] = b"\xff" * packet.size
    path.write_bytes(data)
    error = broken(path)
    assert error.reason == "damaged"
    assert "1.96 s" in error.detail
    assert [number_of(frame.pixels) for frame in sampled(path, 25, end=1.9)] == list(range(48))


def test_a_recording_that_begins_in_the_middle_of_a_group_starts_with_its_first_whole_picture(tmp_path, base):
    path = tmp_path / "x.ts"
    ffmpeg("-i", base, "-c", "copy", path)
    path.write_bytes(path.read_bytes()[188 * 30 :])
    found = [number_of(frame.pixels) for frame in sampled(path, 25)]
    assert found[0] % 12 == 0
    assert found == list(range(found[0], 100))


@pytest.mark.parametrize("seed", range(12))
def test_bytes_changed_anywhere_end_in_frames_or_in_a_reason(tmp_path, base, seed):
    import random

    chance = random.Random(seed)
    data = bytearray(base.read_bytes())
    for _ in range(chance.choice([1, 5, 50])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    for rate in (2, 25):
        shapes, reason = set(), None
        try:
            shapes = {frame.pixels.shape for frame in sampled(path, rate)}
            inspect(path)
        except BrokenVideo as error:
            reason = error.reason
        assert len(shapes) == 1 or reason in REASONS


def test_a_head_that_asks_for_a_picture_of_any_size(tmp_path):
    path = write_barred(tmp_path / "x.gif", range(2), codec="gif", pixels="rgb8", options={})
    data = bytearray(path.read_bytes())
    data[6:10] = 2 * (60_000).to_bytes(2, "little")
    path.write_bytes(data)
    assert broken(path).reason == "no-frames"


@pytest.mark.parametrize("error", [IndexError("list index out of range"), ValueError("no")])
def test_what_pyav_raises_where_a_stream_begins_in_the_middle_is_damage(base, error, monkeypatch):
    """A packet of a stream that was not there at the start is an IndexError to it."""
    from harness_plugins.video import decoding

    real = decoding.OpenVideo.packets

    def failing(video):
        for number, packet in enumerate(real(video)):
            if number == 40:
                raise error
            yield packet

    monkeypatch.setattr(decoding.OpenVideo, "packets", failing)
    assert broken(base, 25).reason in ("damaged", "truncated")


def test_a_frame_of_which_no_picture_can_be_made_is_damage(base, monkeypatch):
    import av
    from harness_plugins.video.pictures import Pictures

    def failing(self, frame):
        raise av.ArgumentError(22, "no")

    monkeypatch.setattr(Pictures, "of", failing)
    assert "no picture can be made of the frame at 0.00 s" in broken(base).detail


def test_the_error_is_handed_from_a_worker_whole():
    error = BrokenVideo("a/b.mp4", "damaged", "is damaged at 3.00 s")
    again = pickle.loads(pickle.dumps(error))
    assert (again.path, again.reason, again.detail, str(again)) == (error.path, error.reason, error.detail, str(error))
    assert str(error) == "a/b.mp4: is damaged at 3.00 s"
