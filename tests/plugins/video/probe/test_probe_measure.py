"""What is asked of masked words: whole words, log-probabilities as reckoned by hand, conditions, batches that change nothing."""

import copy
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.video.model.batch import collate  # noqa: E402
from harness_plugins.video.model.config import VideoConfig, config_of  # noqa: E402
from harness_plugins.video.model.model import with_video  # noqa: E402
from harness_plugins.video.model.sequences import Row, rows_of, tokens_of_span  # noqa: E402
from harness_plugins.video.probe.asking import parameters_by_size, text_length  # noqa: E402
from harness_plugins.video.probe.conditions import rows_shown  # noqa: E402
from harness_plugins.video.probe.config import ModelAt  # noqa: E402
from harness_plugins.video.probe.measure import UNKNOWN, measured  # noqa: E402
from harness_plugins.video.probe.words import Occurrence, find  # noqa: E402
from tiny_video_lm import TEXT, aligned, tiny_base, tiny_tokenizer, tiny_tokens  # noqa: E402

from harness.errors import InputError  # noqa: E402

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


def test_every_token_of_an_occurrence_is_masked_and_one_that_is_cut_in_part_has_no_value(asked):
    _, tokenizer, examples, _, _ = asked
    row = rows_of(examples[:1], tokenizer, None, length=64).rows[0]
    start, end = TEXT.index("cirkel"), TEXT.index("rullar") + len("rullar")  # two words, as of a phrase
    held = {number for number, (one, other) in enumerate(row.spans.tolist()) if one < end and other > start}
    assert set(tokens_of_span(row, start, end).tolist()) == held
    alone = Row(row.id, row.text, row.words * 0 - 1, row.spans, row.video, row.times)
    assert set(tokens_of_span(alone, start, end).tolist()) == held  # whatever its words were counted as
    first, last = min(held), max(held)
    for length in range(first + 2, last + 4):  # two tokens are the tokenizer's own
        cut = rows_of(examples[:1], tokenizer, None, length=length).rows[0]
        assert len(tokens_of_span(cut, start, end)) == (len(held) if length >= last + 2 else 0)
        assert len(tokens_of_span(rows_shown({cut.id: cut}, [], "none", 0)[cut.id], start, end)) in (0, len(held))


def test_the_unlike_apostrophe_of_a_word_leaves_nothing_of_it_to_be_read(asked):
    tokenizer = asked[1]
    text = "röd don＇t blå"
    row = rows_of([aligned(9, text, video=None)], tokenizer, None, length=64).rows[0]
    (one,) = find([("toy/9", "v", text)], ["don't"]).occurrences
    held = [number for number, (start, end) in enumerate(row.spans.tolist()) if start < one.end and end > one.start]
    assert tokens_of_span(row, one.start, one.end).tolist() == held
    assert len({row.words[number] for number in held}) == 1


@pytest.mark.parametrize("how", ["together", "left-to-right"])
def test_a_word_that_the_tokenizer_does_not_know_is_not_asked(asked, how):
    model, tokenizer, _, _, _ = asked
    text = "en röd ☃ŋŧ cirkel."
    row = rows_of([aligned(9, text, video=None)], tokenizer, None, length=64).rows[0]
    assert tokenizer.unk_token_id in row.text
    occurrences = find([("toy/9", "v", text)], ["röd", "ŋŧ", "cirkel"]).occurrences
    said = measured(model, {"toy/9": row}, occurrences, tokenizer.mask_token_id, unknown=tokenizer.unk_token_id, how=how)
    assert [one.text for one in occurrences] == ["röd", "ŋŧ", "cirkel"]
    assert np.isnan(said.logprob).tolist() == np.isnan(said.rank).tolist() == np.isnan(said.correct).tolist() == [0, 1, 0]
    assert said.tokens[1] == UNKNOWN
    assert (said.tokens[[0, 2]] > 0).all()


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_a_model_that_says_what_is_no_number_is_refused_by_name(asked, broken):
    model, tokenizer, _, rows, occurrences = asked
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.base.get_output_embeddings().bias[-1] = broken
    with pytest.raises(InputError, match=r"^runs/x: what it says of masked words is not finite"):
        measured(other, rows, occurrences, tokenizer.mask_token_id, name="runs/x")


def test_a_base_whose_weights_are_no_numbers_is_told_apart_from_one_that_cannot_read_video():
    base = tiny_base()
    with torch.no_grad():
        base.get_input_embeddings().weight[5, 7] = float("nan")
    with pytest.raises(InputError, match=r"its weights are not finite .*word_embeddings\.weight"):
        with_video(base, VideoConfig(codes=1, places=1, frames=1))


def test_a_text_is_asked_as_long_as_those_that_were_learned_from(asked, tmp_path):
    model = asked[0]
    assert text_length(tmp_path, model) == model.text_positions == 64
    for said, length in (
        ({"length": 24}, 24),
        ({"length": 1000}, 64),
        ({"length": "long"}, 64),
        ({"length": True}, 64),
        ([], 64),
    ):
        (tmp_path / "facts.json").write_text(json.dumps(said))
        assert text_length(tmp_path, model) == length


def test_how_large_sizes_are_is_what_models_of_text_alone_say(tmp_path):
    models = []
    for size, trained, said in (
        ("b", "real", 90),
        ("b", "none", 50),
        ("a", "none", 40),
        ("c", "none", None),
        ("d", "none", True),
    ):
        place = tmp_path / f"{size}-{trained}"
        place.mkdir()
        if said is not None:
            (place / "facts.json").write_text(json.dumps({"parameters": said}))
        models.append(ModelAt(path=str(place), trained=trained, size=size))
    found = parameters_by_size(models)
    assert list(found.items()) == [("b", 50), ("a", 40), ("c", None), ("d", None)]


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
