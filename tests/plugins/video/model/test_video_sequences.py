"""Aligned examples as rows: whole words, what is cut or thinned is counted, what is missing is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_plugins.video import store
from harness_plugins.video.model.config import BLANK
from harness_plugins.video.model.sequences import blanked, evenly, rows_of, tokens_of_span, with_video_of, without_video
from tiny_video_lm import TEXT, aligned, sha256_of, tiny_tokenizer, tiny_tokens

from harness.errors import InputError, PluginError


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tiny_tokens(tmp_path_factory.mktemp("tokens") / "t", levels=2, frames=8)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.mark.parametrize("kind", ["wordpiece", "bytes", "sentencepiece"])
def test_the_tokens_of_a_stretch_are_all_that_hold_a_character_of_it_and_whole_words(kind: str, tokens: Any) -> None:
    tokenizer = tiny_tokenizer(kind)
    row = rows_of([aligned(0)], tokenizer, tokens).rows[0]
    start = TEXT.index("vänster")
    whole = tokenizer.decode(row.text[tokens_of_span(row, start, start + 7)]).strip()
    assert whole == "vänster"
    assert tokenizer.decode(row.text[tokens_of_span(row, start + 2, start + 3)]).strip() == "vänster"
    assert tokenizer.decode(row.text[tokens_of_span(row, start, start + 10)]).replace(" ", "") == "vänster,kanske"
    assert tokenizer.decode(row.text[tokens_of_span(row, start + 7, start + 8)]).strip() == ","
    assert row.word_count == 8


def test_a_row_holds_its_span_of_the_video(tokens: Any, tokenizer: Any) -> None:
    row = rows_of([aligned(0, video=3, start=1.0, end=2.5)], tokenizer, tokens).rows[0]
    _times, codes = tokens.video(sha256_of(3))
    assert row.times.tolist() == [1.0, 1.5, 2.0]
    assert row.video.shape == (3, 4, 2)
    assert np.array_equal(row.video.reshape(3, 8), codes[2:5])
    assert (row.length, len(row.tokens)) == (len(row.text) + 12,) * 2


def test_too_many_frames_are_thinned_evenly_and_counted(tokens: Any, tokenizer: Any) -> None:
    found = rows_of([aligned(0), aligned(1, video=1, end=1.0)], tokenizer, tokens, frames=3)
    assert found.rows[0].times.tolist() == [0.5, 2.0, 3.0]  # frames 1, 4 and 6 of 8
    assert found.rows[1].times.tolist() == [0.0, 0.5]
    assert (found.thinned, found.thinned_frames) == (["toy/0"], 5)
    assert [evenly(count, 4).tolist() for count in (0, 3, 4, 5, 8)] == [[], [0, 1, 2], [0, 1, 2, 3], [0, 1, 3, 4], [1, 3, 5, 7]]


def test_a_long_text_keeps_the_tokenizer_s_own_tokens_and_masks_no_half_word(tokens: Any, tokenizer: Any) -> None:
    whole = rows_of([aligned(0)], tokenizer, tokens).rows[0]
    found = rows_of([aligned(0)], tokenizer, tokens, length=7)  # [CLS] en rö ##d ci ##rke [SEP]
    row = found.rows[0]
    assert row.text.tolist() == [*whole.text[:6].tolist(), whole.text[-1]]
    assert row.words.tolist() == [-1, 0, 1, 1, -1, -1, -1]
    assert (found.cut, found.cut_tokens) == (["toy/0"], len(whole.text) - 7)
    assert not len(tokens_of_span(row, 7, 13))  # "cirkel" is not whole any more
    assert row.video.shape == whole.video.shape  # text is not cut by video, nor video by text
    with pytest.raises(InputError, match="a text of 2 tokens has no room"):
        rows_of([aligned(0)], tokenizer, tokens, length=2)


def test_texts_and_videos_that_are_missing_are_counted(tokens: Any, tokenizer: Any) -> None:
    examples = [aligned(0), aligned(1, video=None), aligned(2, "  "), aligned(3, "", None), aligned(4, "♪ …", 1)]
    found = rows_of(examples, tokenizer, tokens)
    assert [row.id for row in found.rows] == ["toy/0", "toy/1", "toy/2", "toy/4"]
    assert (found.without_video, found.without_words, found.empty) == (["toy/1", "toy/3"], ["toy/2", "toy/3", "toy/4"], ["toy/3"])
    facts = found.facts()
    assert (facts["sequences"], facts["without_video"], facts["left_out"], facts["left_out_ids"]) == (4, 2, 1, ["toy/3"])
    alone = rows_of(examples, tokenizer, None)
    assert [row.id for row in alone.rows] == ["toy/0", "toy/1"]
    assert all(row.length == len(row.text) for row in alone.rows)


def test_a_mask_token_in_a_text_is_text(tokens: Any, tokenizer: Any) -> None:
    row = rows_of([aligned(0, "en [MASK] [SEP] cirkel")], tokenizer, tokens).rows[0]
    assert tokenizer.mask_token_id not in row.text
    assert row.text.tolist().count(tokenizer.sep_token_id) == 1
    assert row.word_count == 4


def test_tokens_of_videos_that_are_not_there_are_refused_before_the_start(tokens: Any, tokenizer: Any) -> None:
    examples = [aligned(0), aligned(1, video=99), aligned(2, video=98), aligned(3, video=99)]
    with pytest.raises(InputError, match=rf"lacks the tokens of 2 video\(s\), the first {sha256_of(99)} of the example 'toy/1'"):
        rows_of(examples, tokenizer, tokens)


def test_a_token_beyond_the_codebook_is_refused_with_its_file(tmp_path: Path, tokenizer: Any) -> None:
    tokens = tiny_tokens(tmp_path / "t", 1)
    times, codes = tokens.video(sha256_of(0))
    codes[1, 2] = 600
    store.write_video(tmp_path / "t", sha256_of(0), times, codes, tokens.info)
    with pytest.raises(InputError, match=rf"{sha256_of(0)}\.safetensors: a token 600, and the codebook has 10"):
        rows_of([aligned(0)], tokenizer, tokens)


def test_two_videos_stand_one_behind_the_other_in_time(tokens: Any, tokenizer: Any) -> None:
    from harness.records import Example, MediaPart, Message, TextPart

    parts = (
        TextPart(text="en cirkel"),
        *(MediaPart(media="video", uri="a", sha256=sha256_of(n), start=1.0, end=2.0) for n in (0, 1)),
    )
    example = Example(id="toy/0", kind="aligned", language="sv", messages=(Message(role="document", parts=parts),))
    row = rows_of([example], tokenizer, tokens).rows[0]
    assert row.times.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert np.array_equal(row.video[2:].reshape(2, 8), tokens.video(sha256_of(1))[1][2:4])


def test_rows_are_shown_other_video_with_the_same_text(tokens: Any, tokenizer: Any) -> None:
    one, other = rows_of([aligned(0), aligned(1, "ett", 1, end=1.0)], tokenizer, tokens).rows
    assert without_video(one).length == len(one.text)
    assert (blanked(one).video == BLANK).all()
    assert blanked(one).length == one.length
    assert np.array_equal(with_video_of(one, other).video, other.video)
    assert all(np.array_equal(shown.text, one.text) for shown in (without_video(one), blanked(one), with_video_of(one, other)))


def test_a_tokenizer_without_a_mask_token_is_refused(tokens: Any) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.mask_token = None
    with pytest.raises(PluginError, match="has no mask token"):
        rows_of([aligned(0)], tokenizer, tokens)
