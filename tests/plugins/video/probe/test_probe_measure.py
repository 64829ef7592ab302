"""What is asked of masked words: whole words, log-probabilities as reckoned by hand, conditions, batches that change nothing."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.video.model.batch import collate  # noqa: E402
from harness_plugins.video.model.config import config_of  # noqa: E402
from harness_plugins.video.model.model import with_video  # noqa: E402
from harness_plugins.video.model.sequences import Row, rows_of, tokens_of_span  # noqa: E402
from harness_plugins.video.probe.conditions import rows_shown  # noqa: E402
from harness_plugins.video.probe.measure import measured  # noqa: E402
from harness_plugins.video.probe.words import Occurrence, find  # noqa: E402
from tiny_video_lm import TEXT, aligned, tiny_base, tiny_tokenizer, tiny_tokens  # noqa: E402

WORD = "kanske"


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """(model, tokenizer, examples, rows by id, occurrences of every word)."""
    tokens = tiny_tokens(tmp_path_factory.mktemp("tokens"))
    tokenizer = tiny_tokenizer()
    base = tiny_base(words=len(tokenizer))
    model = with_video(base, config_of(tokens.info, frames=4), seed=1).eval()
    examples = [aligned(number, video=number) for number in range(4)]
    rows = {row.id: row for row in rows_of(examples, tokenizer, tokens, frames=4, length=64).rows}
    words = ["en", "röd", "cirkel", "rullar", WORD]
    found = find([(one.id, one.id, TEXT) for one in examples], words)
    return model, tokenizer, examples, rows, found.occurrences


def logits(model, row, text):
    laid = Row(row.id, text, row.words, row.spans, row.video, row.times)
    with torch.inference_mode():
        return model.logits(collate([laid], model.video.levels))[0].double().log_softmax(-1)


def by_hand(model, tokenizer, row, places):
    text = row.text.copy()
    text[places] = tokenizer.mask_token_id
    said = logits(model, row, text)
    return [float(said[place, row.text[place]]) for place in places], [
        int((said[place] > said[place, row.text[place]]).sum()) + 1 for place in places
    ]


def test_a_word_of_several_tokens_is_masked_whole_and_its_log_probability_is_their_sum(asked):
    model, tokenizer, _, rows, occurrences = asked
    lengths = []
    said = measured(model, rows, occurrences, tokenizer.mask_token_id)
    for number, one in enumerate(occurrences):
        row = rows[one.example]
        places = tokens_of_span(row, one.start, one.end)
        chances, ranks = by_hand(model, tokenizer, row, places)
        assert said.logprob[number] == pytest.approx(sum(chances), abs=1e-5)
        assert said.rank[number] == max(ranks)
        assert said.correct[number] == (max(ranks) == 1)
        assert said.tokens[number] == len(places)
        lengths.append(len(places))
    assert max(lengths) > 1


def test_from_left_to_right_it_is_the_chain_rule_within_the_word(asked):
    model, tokenizer, _, rows, occurrences = asked
    number = max(range(len(occurrences)), key=lambda place: len(occurrences[place].text))
    one = occurrences[number]
    row = rows[one.example]
    places = tokens_of_span(row, one.start, one.end)
    wanted = sum(by_hand(model, tokenizer, row, places[first:])[0][0] for first in range(len(places)))
    said = measured(model, rows, [one], tokenizer.mask_token_id, how="left-to-right")
    assert said.logprob[0] == pytest.approx(wanted, abs=1e-5)
    assert said.tokens[0] == len(places)


def test_in_which_batch_a_question_stands_changes_nothing(asked):
    model, tokenizer, _, rows, occurrences = asked
    shown = [rows, rows_shown(rows, [], "none", 0)]
    mixed = {name: shown[place % 2][name] for place, name in enumerate(rows)}
    alone, together = (measured(model, mixed, occurrences, tokenizer.mask_token_id, batch_tokens=size) for size in (1, 10_000))
    assert np.allclose(alone.logprob, together.logprob, atol=1e-5)


def test_only_the_asked_occurrence_is_masked(asked):
    model, tokenizer, _, _, _ = asked
    text = "en cirkel, en cirkel."
    row = rows_of([aligned(9, text, video=None)], tokenizer, None, length=64).rows[0]
    first, second = find([("toy/9", "v", text)], ["cirkel"]).occurrences
    assert (first.repeated, second.repeated) == (True, True)
    places = tokens_of_span(row, second.start, second.end)
    said = measured(model, {"toy/9": row}, [second], tokenizer.mask_token_id)
    chances, _ = by_hand(model, tokenizer, row, places)
    assert said.logprob[0] == pytest.approx(sum(chances), abs=1e-5)
    assert len(places) * 2 == sum(len(tokens_of_span(row, one.start, one.end)) for one in (first, second))


def test_a_word_behind_the_end_of_what_is_read_has_no_value(asked):
    model, tokenizer, examples, _, _ = asked
    rows = {row.id: row for row in rows_of(examples[:1], tokenizer, None, length=6).rows}
    start = TEXT.index(WORD)
    said = measured(model, rows, [Occurrence("toy/0", "v", WORD, WORD, start, start + len(WORD))], tokenizer.mask_token_id)
    assert np.isnan([said.logprob[0], said.rank[0], said.correct[0]]).all()
    assert said.tokens[0] == 0


def test_without_video_the_model_says_what_its_base_says_of_the_text(asked):
    model, tokenizer, examples, rows, occurrences = asked
    said = measured(model, rows_shown(rows, examples, "none", 0), occurrences[:1], tokenizer.mask_token_id)
    row, one = rows[occurrences[0].example], occurrences[0]
    text = torch.tensor(row.text.astype(np.int64))[None]
    places = tokens_of_span(row, one.start, one.end)
    wanted = text[0, places].clone()
    text[0, places] = tokenizer.mask_token_id
    with torch.inference_mode():
        base = model.base(input_ids=text).logits[0].double().log_softmax(-1)
    assert said.logprob[0] == pytest.approx(float(base[places].gather(1, wanted[:, None]).sum()), abs=1e-6)


def test_conditions_show_another_clips_video_a_blank_or_none(asked):
    _, _, examples, rows, _ = asked
    assert all(not len(row.video) for row in rows_shown(rows, examples, "none", 0).values())
    blank = rows_shown(rows, examples, "blank", 0)
    assert all((blank[name].video == -1).all() and blank[name].video.shape == rows[name].video.shape for name in rows)
    other = rows_shown(rows, examples, "shuffled", 3)
    for name, row in other.items():
        held = [one for one in rows if np.array_equal(rows[one].video, row.video)]
        assert len(held) == 1
        assert held != [name]
    assert sorted(rows) == sorted(other)
