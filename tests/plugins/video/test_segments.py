import pytest
from harness_plugins.video.captions.cues import Cue
from harness_plugins.video.segments import Limits, fit, limits_of, segments
from hypothesis import given
from hypothesis import strategies as st

times = st.integers(0, 300).map(lambda tenths: tenths / 10)
cue_lists = st.lists(
    st.builds(
        lambda start, length, text, line: Cue(start, start + length + 0.1, text, line),
        times,
        times,
        st.text("ab ", min_size=1),
        st.integers(1, 99),
    ),
    max_size=12,
)


def cue(start: float, end: float, text: str = "ett två", line: int = 1) -> Cue:
    return Cue(start, end, text, line)


def test_each_cue_is_a_segment_where_nothing_is_said() -> None:
    found = segments([cue(0, 2, "En röd cirkel."), cue(2, 4, "En blå kvadrat.")], limits_of(None))
    assert [(one.start, one.end, one.text) for one in found] == [(0, 2, "En röd cirkel."), (2, 4, "En blå kvadrat.")]


def test_cues_are_joined_while_their_words_fit() -> None:
    cues = [cue(0, 1, "a b"), cue(1, 2, "c d"), cue(2, 3, "e"), cue(3, 4, "f g h i j k l")]
    found = segments(cues, limits_of({"words": 5}))
    assert [one.text for one in found] == ["a b c d e", "f g h i j k l"]  # a cue that is too long alone is a segment
    assert [(one.start, one.end) for one in found] == [(0, 3), (3, 4)]


def test_a_segment_lasts_at_most_so_many_seconds_and_ends_at_a_pause() -> None:
    cues = [cue(0, 1), cue(1, 2.5), cue(2.5, 4), cue(9, 10)]
    assert [one.start for one in segments(cues, limits_of({"seconds": 2.5}))] == [0, 2.5, 9]
    assert [one.start for one in segments(cues, limits_of({"seconds": 100, "gap": 4.9}))] == [0, 9]
    assert [one.start for one in segments(cues, limits_of({"seconds": 100, "gap": 5}))] == [0]


def test_the_span_of_overlapping_cues_reaches_to_the_last_end() -> None:
    [one] = segments([cue(0, 9), cue(1, 2)], Limits(cues=2))
    assert (one.start, one.end) == (0, 9)


@given(
    cue_lists,
    st.builds(
        Limits, st.integers(1, 4) | st.none(), times.filter(bool) | st.none(), st.integers(1, 9) | st.none(), times | st.none()
    ),
)
def test_every_cue_is_in_one_segment_in_order(cues: list[Cue], limits: Limits) -> None:
    ordered = sorted(cues, key=lambda one: (one.start, one.end, one.line))
    found = segments(ordered, limits)
    assert [one for segment in found for one in segment.cues] == ordered
    for segment in found:
        assert segment.start == segment.cues[0].start
        assert segment.end == max(one.end for one in segment.cues)
        assert limits.cues is None or len(segment.cues) <= limits.cues


def test_cues_past_the_pictures_are_left_out_and_cut() -> None:
    found = fit([cue(3, 6, "Slut.", 2), cue(10, 12, "Efter.", 6), cue(0, 1.5, "Bara ljud.", 9)], 2.0, 4.0)
    assert [(one.start, one.end, one.text) for one in found.cues] == [(3, 4, "Slut.")]
    assert [one.line for one in found.cut] == [2]
    assert [one.line for one in found.past] == [9, 6]


def test_a_cue_that_ends_just_past_the_last_picture_keeps_its_end() -> None:
    found = fit([cue(3, 4.4)], 0.0, 4.0)
    assert (found.cues[0].end, found.cut) == (4.4, ())


def test_repeated_cues_are_used_once_and_overlaps_are_counted() -> None:
    found = fit([cue(0, 2, "A", 2), cue(0, 2, "A", 6), cue(0, 2, "B", 10), cue(2, 3, "A", 14)], 0, 9)
    assert [one.line for one in found.cues] == [2, 10, 14]
    assert [one.line for one in found.repeated] == [6]
    assert found.overlap == 1


@given(cue_lists)
def test_the_order_of_cues_in_the_file_changes_nothing(cues: list[Cue]) -> None:
    assert fit(cues, 0.0, 20.0) == fit(cues[::-1], 0.0, 20.0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"word": 3}, "unknown limit 'word'. Did you mean 'words'"),
        ({"words": 0}, "words is a whole number from 1"),
        ({"cues": True}, "cues is a whole number"),
        ({"seconds": 0}, "seconds is a number of seconds above 0"),
        ({"gap": -1}, "gap is a number of seconds from 0"),
        ({"gap": float("nan")}, "gap is a number of seconds"),
        (40, "segment is a mapping"),
    ],
)
def test_limits_that_are_none_are_refused_by_name(value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        limits_of(value)
