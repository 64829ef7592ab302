"""Controls of video: nobody is shown its own clip, everybody's is shown once, nothing but the video changes."""

import numpy as np
import pytest
from harness_plugins.video.controls import KINDS, check_kind, partners, shown, tokens_for
from harness_plugins.video.store import Info, VideoTokens, aligned_text, video_parts, write_info, write_video
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.records import Example, MediaPart, Message, TextPart


def example(number, clip, *, split="train", cluster=None, sha256=None, video=True):
    parts = [TextPart(text=f"text {number}")]
    if video:
        parts.append(MediaPart(media="video", uri=f"{clip}.mp4", sha256=sha256 or f"{clip:064x}", start=0.0, end=1.0 + number))
    return Example(
        id=f"e/{number:03}",
        kind="aligned",
        language="sv",
        messages=(Message(role="document", parts=tuple(parts)),),
        cluster_id=cluster or f"video/{clip}",
        split=split,
    )


def of_clips(sizes, **more):
    clips = [clip for clip, size in enumerate(sizes) for _ in range(size)]
    return [example(number, clip, **more) for number, clip in enumerate(clips)]


@given(st.lists(st.integers(1, 6), min_size=2, max_size=12), st.integers(0, 99))
def test_nobody_is_shown_its_own_clip(sizes, seed):
    examples = of_clips(sizes)
    found = partners(examples, seed)
    assert set(found) == set(range(len(examples)))
    assert all(examples[place].cluster != examples[other].cluster for place, other in found.items())
    if 2 * max(sizes) <= len(examples):
        assert sorted(found.values()) == list(range(len(examples)))


@given(st.permutations(range(9)), st.integers(0, 9))
def test_whose_video_is_shown_hangs_on_the_seed_and_not_on_the_order(order, seed):
    examples = of_clips([2, 1, 3, 1, 2])
    wanted = {examples[place].id: examples[other].id for place, other in partners(examples, seed).items()}
    mixed = [examples[place] for place in order]
    assert {mixed[place].id: mixed[other].id for place, other in partners(mixed, seed).items()} == wanted


def test_another_seed_shows_other_videos_and_a_split_keeps_its_own():
    examples = of_clips([1] * 30) + [example(100 + number, 100 + number, split="validation") for number in range(10)]
    first, second = partners(examples, 1), partners(examples, 2)
    assert first != second
    assert all((place < 30) == (other < 30) for place, other in first.items())


def test_one_file_under_two_clusters_and_one_cluster_with_two_files_are_one_clip():
    same = f"{7:064x}"
    examples = [
        example(0, 1, cluster="a", sha256=same),
        example(1, 2, cluster="b", sha256=same),
        example(2, 3, cluster="b"),
        example(3, 4),
        example(4, 5),
        example(5, 6),
    ]
    for seed in range(20):
        found = partners(examples, seed)
        assert {found[0], found[1], found[2]} == {3, 4, 5}


@pytest.mark.parametrize("examples", [of_clips([1]), of_clips([10]), [*of_clips([5, 0]), example(9, 9, split="validation")]])
def test_where_no_other_clip_is_it_is_refused_with_the_count(examples):
    clip = [one for one in examples if one.split == "train"]
    with pytest.raises(InputError, match=r"another's"):
        shown(examples, "shuffled")
    if len(clip) == len(examples):
        with pytest.raises(InputError, match=rf"split train has one clip only, in {len(clip)} of .*e/000"):
            shown(examples, "shuffled")


@pytest.mark.parametrize("kind", KINDS)
def test_a_control_changes_the_video_alone(kind):
    examples = [*of_clips([2, 3, 4]), example(50, 50, video=False)]
    found = shown(examples, kind, seed=3)
    for one, other in zip(examples, found, strict=True):
        assert told(one) == told(other)
        mine, theirs = video_parts(one), video_parts(other)
        assert len(theirs) == (0 if kind == "none" else len(mine))
        assert (mine == theirs) is (kind in ("real", "blank") or not mine)
    assert video_parts(found[-1]) == []


def told(one):
    return one.id, aligned_text(one), one.cluster_id, one.split, one.language


def test_parts_stay_where_the_video_was():
    clip = [MediaPart(media="video", uri=f"{one}.mp4", sha256=f"{one:064x}") for one in range(4)]
    sound = MediaPart(media="audio", uri="a.wav")
    said = TextPart(text="a")
    messages = (Message(role="document", parts=(sound, clip[0], said, clip[1])),)
    two = Example(id="e/a", kind="aligned", language="sv", messages=messages)
    one = Example(id="e/b", kind="aligned", language="sv", messages=(Message(role="document", parts=(said, clip[2])),))
    first, second = shown([two, one], "shuffled")
    assert first.messages[0].parts == (sound, clip[2], said)
    assert second.messages[0].parts == (said, clip[0], clip[1])


def test_blank_has_the_times_and_the_size_of_the_video_and_none_of_its_tokens(tmp_path):
    info = Info(rate=2.0, height=8, width=8, tokens=3, codes=5, tokenizer="a" * 64)
    write_info(tmp_path, info)
    times, tokens = np.arange(4) / 2, np.arange(12, dtype=np.int32).reshape(4, 3) % 5
    write_video(tmp_path, "b" * 64, times, tokens, info)
    part = MediaPart(media="video", uri="v.mp4", sha256="b" * 64, start=0.5, end=1.5)
    store = VideoTokens(tmp_path)
    for kind in KINDS:
        seen, found = tokens_for(kind, store).of(part)
        assert seen.tolist() == [0.5, 1.0]
        assert found.tolist() == ([[-1] * 3] * 2 if kind == "blank" else tokens[1:3].tolist())
    assert tokens_for("blank", store).digest == store.digest


def test_an_unknown_control_is_named():
    with pytest.raises(ValueError, match="real, none, shuffled, blank, got 'off'"):
        check_kind("off")
    with pytest.raises(ValueError, match="shown is one of"):
        check_kind(None, "shown")
