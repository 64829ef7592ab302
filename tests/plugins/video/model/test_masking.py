"""What is masked: whole words, in shares that are asked for, by seed, place and step alone; video apart from text."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_plugins.trainers.loop import DrawnRows
from harness_plugins.video.model.config import MASKED
from harness_plugins.video.model.masking import IGNORED, MaskedRows, masked_at
from harness_plugins.video.model.sequences import blanked, rows_of, tokens_of_span, without_video
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_video_lm import TEXT, WORDS, aligned, tiny_tokenizer, tiny_tokens

from harness.errors import InputError


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Any:
    tokens = tiny_tokens(tmp_path_factory.mktemp("tokens") / "t", levels=2)
    return rows_of([aligned(n, " ".join(WORDS[: n + 1]) + ".", n % 6) for n in range(12)], tokenizer, tokens).rows


@settings(deadline=None)
@given(place=st.integers(0, 11), step=st.integers(-1, 1000), share=st.sampled_from([0.01, 0.15, 0.5, 1.0]))
def test_words_are_masked_whole_and_nothing_else_is(rows: Any, tokenizer: Any, place: int, step: int, share: float) -> None:
    row = rows[place]
    drawn = MaskedRows(rows, tokenizer, share=share).drawn([place], step)[0]
    hidden = drawn.targets != IGNORED
    masked = set(row.words[hidden].tolist())
    assert -1 not in masked
    assert np.array_equal(hidden, np.isin(row.words, list(masked)))
    assert np.array_equal(drawn.targets[hidden], row.text[hidden])
    assert np.array_equal(drawn.text[~hidden], row.text[~hidden])
    assert 1 <= len(masked) <= max(1, np.ceil(share * row.word_count))
    assert drawn.video_targets is None
    assert drawn.video is row.video


def test_the_share_of_masked_words_is_the_one_asked_for(rows: Any, tokenizer: Any) -> None:
    masked, row = 0, rows[11]  # 12 words: 1.8 a draw
    drawing = MaskedRows(rows, tokenizer)
    for step in range(1000):
        drawn = drawing.drawn([11], step)[0]
        masked += len(set(row.words[drawn.targets != IGNORED].tolist()))
    assert masked / 1000 == pytest.approx(1.8, abs=4 * 0.4 / 1000**0.5)


def test_of_masked_words_eight_in_ten_are_masks_one_random_and_one_stays(rows: Any, tokenizer: Any) -> None:
    counts = np.zeros(3)
    drawing = MaskedRows(rows, tokenizer, share=0.3)
    special = set(tokenizer.all_special_ids)
    for step in range(600):
        for row, drawn in zip(rows, drawing.drawn(range(12), step), strict=True):
            for word in set(row.words[drawn.targets != IGNORED].tolist()):
                own = row.words == word
                masks = drawn.text[own] == tokenizer.mask_token_id
                assert masks.all() or not masks.any()
                if masks.all():
                    counts[0] += 1
                elif (drawn.text[own] == row.text[own]).all():
                    counts[2] += 1
                else:
                    counts[1] += 1
                    assert not special & set(drawn.text[own].tolist())
    shares = counts / counts.sum()
    spread = 4 * np.sqrt(np.array([0.16, 0.09, 0.09]) / counts.sum())
    assert (np.abs(shares - [0.8, 0.1, 0.1]) < spread + 0.003).all()  # a random token may be the one that was there
    only = MaskedRows(rows, tokenizer, replace=(1, 0, 0)).drawn(range(12), 3)
    assert all((one.text[one.targets != IGNORED] == tokenizer.mask_token_id).all() for one in only)


def test_what_is_drawn_depends_on_seed_place_and_step_alone(rows: Any, tokenizer: Any) -> None:
    drawing = MaskedRows(rows, tokenizer, seed=1, video_share=0.4)
    assert isinstance(drawing, DrawnRows)
    together, backwards = drawing.drawn(range(12), 7), drawing.drawn(range(11, -1, -1), 7)[::-1]
    again = [MaskedRows(rows, tokenizer, seed=1, video_share=0.4).drawn([place], 7)[0] for place in range(12)]
    for one, two, three in zip(together, backwards, again, strict=True):
        assert np.array_equal(one.text, two.text)
        assert np.array_equal(one.text, three.text)
        assert np.array_equal(one.video, two.video)
        assert np.array_equal(one.video, three.video)
    texts = [
        [one.text.tolist() for one in MaskedRows(rows, tokenizer, seed=seed).drawn(range(12), step)]
        for seed, step in ((1, 7), (2, 7), (1, 8))
    ]
    assert texts[0] != texts[1]
    assert texts[0] != texts[2]


def test_the_same_words_are_masked_whatever_video_stands_beside_them(rows: Any, tokenizer: Any) -> None:
    shown = [rows, [without_video(row) for row in rows], [blanked(row) for row in rows], [*rows[1:], rows[0]]]
    texts = [[one.text.tolist() for one in MaskedRows(kind, tokenizer).drawn(range(12), 5)] for kind in shown[:3]]
    texts.append([one.text.tolist() for one in MaskedRows(rows, tokenizer, video_share=0.5).drawn(range(12), 5)])
    assert texts[0] == texts[1] == texts[2] == texts[3]


@pytest.mark.parametrize("kind", ["tubes", "frames"])
def test_video_is_masked_through_time_or_by_whole_frames(kind: str, rows: Any, tokenizer: Any) -> None:
    for step in range(20):
        drawn = MaskedRows(rows, tokenizer, video_share=0.5, video_mask=kind).drawn([3], step)[0]
        hidden = drawn.video == MASKED
        assert np.array_equal(hidden, drawn.video_targets != IGNORED)
        assert np.array_equal(np.where(hidden, drawn.video_targets, drawn.video), rows[3].video)
        over = (1, 2) if kind == "frames" else (0, 2)
        assert np.isin(hidden.mean(axis=over), (0, 1)).all()
        assert hidden.mean() == 0.5
        assert drawn.video_learned == hidden.sum() / 2  # two levels are one vector
        assert drawn.learned == drawn.text_learned + drawn.video_learned


def test_blank_video_is_no_target(rows: Any, tokenizer: Any) -> None:
    drawn = MaskedRows([blanked(row) for row in rows], tokenizer, video_share=0.5).drawn(range(12), 0)
    assert all(one.video_learned == 0 and (one.video == -1).all() for one in drawn)


def test_video_is_weighed_so_that_a_step_is_the_mean_over_text_plus_the_mean_over_video(rows: Any, tokenizer: Any) -> None:
    drawn = MaskedRows(rows, tokenizer, video_share=0.25).drawn(range(12), 0)
    text, video = sum(one.text_learned for one in drawn), sum(one.video_learned for one in drawn)
    assert sum(one.units for one in drawn) == text
    assert {one.balance for one in drawn} == {text / video}
    assert {one.balance for one in MaskedRows(rows, tokenizer).drawn(range(12), 0)} == {0.0}


def test_rows_without_words_are_left_out_unless_their_video_is_masked(rows: Any, tokenizer: Any, tmp_path: Path) -> None:
    tokens = tiny_tokens(tmp_path / "t")
    some = rows_of([aligned(0), aligned(1, "♪", 1), aligned(2, "…", 2)], tokenizer, tokens).rows
    words = MaskedRows(some, tokenizer)
    assert (len(words), words.left_out) == (1, ["toy/1", "toy/2"])
    both = MaskedRows(some, tokenizer, video_share=0.3)
    assert (len(both), both.left_out) == (3, [])
    silent = both.drawn([1, 2], 0)
    assert [one.text_learned for one in silent] == [0, 0]
    assert sum(one.units for one in silent) == sum(one.video_learned for one in silent) > 0
    with pytest.raises(InputError, match=r"2 examples \(toy/1, toy/2\), and none has a word that can be masked"):
        MaskedRows(some[1:], tokenizer)


def test_a_probe_s_word_is_masked_and_is_the_target(tokenizer: Any, tmp_path: Path) -> None:
    row = rows_of([aligned(0)], tokenizer, tiny_tokens(tmp_path / "t")).rows[0]
    start = TEXT.index("cirkel")
    drawn = masked_at(row, tokens_of_span(row, start, start + 6), tokenizer)
    assert tokenizer.decode(drawn.targets[drawn.targets != IGNORED]) == "cirkel"
    assert np.array_equal(drawn.text == tokenizer.mask_token_id, drawn.targets != IGNORED)
    assert drawn.units == drawn.learned == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"share": 0}, "mask_share is a number above 0 to 1, got 0"),
        ({"share": True}, "mask_share is a number above 0 to 1, got True"),
        ({"share": 1.5}, "mask_share is a number above 0 to 1, got 1.5"),
        ({"video_share": -0.1}, "masked_video is a number from 0 to 1, got -0.1"),
        ({"video_share": float("nan")}, "masked_video is a number from 0 to 1, got nan"),
        ({"replace": (0.8, 0.1)}, "three numbers that sum to 1"),
        ({"replace": (0.8, 0.1, 0.2)}, "three numbers that sum to 1"),
        ({"video_mask": "cubes"}, "video_mask is tubes or frames, got 'cubes'"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], said: str, rows: Any, tokenizer: Any) -> None:
    with pytest.raises(ValueError, match=said):
        MaskedRows(rows, tokenizer, **wrong)
