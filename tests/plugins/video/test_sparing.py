"""Frames that need not be decoded change nothing in those that are shown."""

from itertools import islice

import pytest
from harness_plugins.video import decoding, sparing
from harness_plugins.video.decoding import decoded, opened
from harness_plugins.video.frames import sampled
from real_clips import CODED, real_clip


def taken(path, rate, **named):
    return [(frame.time, frame.since, frame.repeated, frame.pixels.tobytes()) for frame in sampled(path, rate, **named)]


@pytest.mark.parametrize("name", [*CODED, "cut"])
@pytest.mark.parametrize("rate", [1, 3.7, 10])
def test_pictures_are_the_same_with_a_plan_and_without(coded_clips, name, rate, monkeypatch):
    with_plan = taken(coded_clips[name], rate), taken(coded_clips[name], rate, start=0.3, end=1.1)
    monkeypatch.setattr(sparing, "plan_of", lambda *_: None)
    assert with_plan == (taken(coded_clips[name], rate), taken(coded_clips[name], rate, start=0.3, end=1.1))


def test_a_long_file_is_read_a_second_time_instead_of_kept(coded_clips, monkeypatch):
    wanted = taken(coded_clips["pyramid"], 2)
    monkeypatch.setattr(decoding, "_KEPT", 0)
    assert taken(coded_clips["pyramid"], 2) == wanted


def test_an_error_while_the_times_are_read_comes_where_it_stands(coded_clips, monkeypatch):
    """What came before it is decoded, and it is no plan's business."""
    import av

    with opened(coded_clips["pyramid"]) as video:
        packets = list(video.container.demux(video.stream))

    class Failing:
        """A container whose packets end in an error."""

        def demux(self, stream):
            yield from packets[:30]
            raise av.InvalidDataError(1, "read error")

    with opened(coded_clips["pyramid"]) as video:
        monkeypatch.setattr(video, "container", Failing())
        assert sparing._times(video) is None
        again = video.packets()
        assert [packet.pts for packet in islice(again, 30)] == [packet.pts for packet in packets[:30]]
        with pytest.raises(av.InvalidDataError):
            next(again)


def test_fewer_frames_are_decoded(coded_clips):
    with opened(coded_clips["pyramid"]) as video:
        plan = sparing.plan_of(video, 2, 0, None)
        assert plan is not None
        assert [pick.time for pick in plan.picks] == [0, 0.5, 1, 1.5]
        assert len(list(decoded(video, {pick.stamp for pick in plan.picks}))) < 40  # of 50


def test_no_plan_where_nothing_is_spared_or_it_cannot_be_told(coded_clips):
    for name, rate in (("pyramid", 25), ("pyramid", 18), ("cut", 1)):
        with opened(coded_clips[name]) as video:
            assert sparing.plan_of(video, rate, 0, None) is None
    with opened(coded_clips["mpeg2"]) as video:
        assert sparing.plan_of(video, 2, 0, None) is not None


@pytest.mark.parametrize("fails_at", [0, 1, 3])
def test_where_a_promised_frame_does_not_come_everything_is_decoded(coded_clips, fails_at, monkeypatch):
    wanted = taken(coded_clips["pyramid"], 4)
    real = sparing.picked

    def failing(video, plan):
        for number, pick in enumerate(real(video, plan)):
            if number == fails_at:
                raise sparing.Unplanned
            yield pick

    monkeypatch.setattr(sparing, "picked", failing)
    assert taken(coded_clips["pyramid"], 4) == wanted


def test_a_frame_that_never_comes_or_comes_late_is_noticed(coded_clips):
    with opened(coded_clips["pyramid"]) as video:
        plan = sparing.plan_of(video, 4, 0, None)
        wrong = plan._replace(picks=[pick._replace(stamp=pick.stamp + 1) for pick in plan.picks])
        with pytest.raises(sparing.Unplanned):
            list(sparing.picked(video, wrong))
    with opened(coded_clips["pyramid"]) as video, pytest.raises(sparing.Unplanned):
        list(sparing.picked(video, plan._replace(first=plan.first + 1)))


def test_real_clips():
    clip = real_clip("carphone_distorted")
    assert [frame[0] for frame in taken(clip, 2)] == [number / 2 for number in range(9)]
