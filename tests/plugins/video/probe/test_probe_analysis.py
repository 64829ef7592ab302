"""Gains, reliance and what is refused, on answers made up so that the numbers can be checked by hand."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from harness_plugins.video.probe.analysis import analyse
from harness_plugins.video.probe.config import Statistics
from harness_plugins.video.probe.norms import Norms
from harness_plugins.video.probe.page import page, section, write_pages
from harness_plugins.video.probe.results import Answers, Asked, read_answers, write_answers
from harness_plugins.video.probe.subject import Subject
from harness_plugins.video.probe.told import answer, warnings
from harness_plugins.video.probe.verdict import Verdict
from harness_plugins.video.probe.words import find

from harness.errors import InputError
from harness.records import Example, Message, TextPart

FAST = Statistics(resamples=100, permutations=199, bins=6)
WORDS = [f"ord{number:02}" for number in range(24)]


def example(number):
    text = " ".join(WORDS[place] for place in range(24) if (place + number) % 2)
    parts = (TextPart(text=text),)
    return Example(id=f"made/{number}", kind="aligned", language="sv", messages=(Message(role="document", parts=parts),))


@pytest.fixture(scope="module")
def subject():
    examples = [example(number) for number in range(6)]
    found = find([(one.id, one.id, one.messages[0].text) for one in examples], WORDS)
    norms = Norms("made", "imageability", {word: 1.0 + place // 4 for place, word in enumerate(WORDS)})
    return Subject({one.id: one for one in examples}, norms, found, None, {}, (), ())


def answers_of(subject, logprob):
    values = np.array([logprob(WORDS.index(one.word)) for one in subject.occurrences])
    one = np.ones(len(values))
    return Answers(values, one, one, one)


def made(subject, seeds=(1,), gain=lambda place: place // 4 * 0.5, sizes=("small",), seed_shift=0.0):
    found = {}
    for size in sizes:
        for seed in seeds:

            def none(place, seed=seed):
                return -3.0 - place % 4

            def real(place, seed=seed):
                return none(place) + gain(place) + seed_shift * seed

            found[Asked(size=size, seed=seed, trained="none", shown="none")] = answers_of(subject, none)
            found[Asked(size=size, seed=seed, trained="real", shown="real")] = answers_of(subject, real)
            found[Asked(size=size, seed=seed, trained="real", shown="none")] = answers_of(subject, lambda place: none(place) - 1)
    return found


def test_gain_is_the_difference_to_text_alone_and_reliance_that_to_no_video(subject):
    found = analyse(made(subject), subject, FAST)
    gain, reliance = found.gains[0], found.reliances[0]
    assert gain.mean.value == pytest.approx(np.mean([place // 4 * 0.5 for place in range(24)]))
    assert gain.spearman.value == pytest.approx(1.0)
    assert gain.spearman.p == pytest.approx(1 / 200)
    assert [(one.low, one.mean.value, one.mean.words) for one in gain.bins] == [
        (1.0 + step, pytest.approx(step / 2), 4) for step in range(6)
    ]
    assert (reliance.size, reliance.removed) == ("small", "none")
    assert reliance.mean.value == pytest.approx(gain.mean.value + 1)
    assert (found.words, found.occurrences) == (24, len(subject.occurrences))


def test_seeds_are_averaged_first_and_stand_beside_it(subject):
    gain = analyse(made(subject, seeds=(1, 2), seed_shift=1.0), subject, FAST).gains[0]
    base = np.mean([place // 4 * 0.5 for place in range(24)])
    assert gain.mean.value == pytest.approx(base + 1.5)
    assert [(row.seed, row.mean) for row in gain.seeds] == [(1, pytest.approx(base + 1)), (2, pytest.approx(base + 2))]


def test_the_same_checkpoint_as_both_conditions_gains_exactly_nothing_and_has_no_correlation(subject):
    found = analyse(made(subject, gain=lambda place: 0.0), subject, FAST)
    gain = found.gains[0]
    assert gain.mean.value == 0.0
    assert gain.spearman.value is None
    assert gain.spearman.p is None
    assert "constant" in gain.spearman.note
    assert gain.regression.term("imageability").value is None
    assert any("not defined" in sentence and "constant" in sentence for sentence in answer(found))
    plain = msgspec.json.decode(msgspec.json.encode(found))
    assert plain["gains"][0]["spearman"]["value"] is None


def test_tokens_of_a_word_are_the_mean_over_its_spellings_in_whatever_order(subject):
    def asked(order):
        answers = made(subject)
        places = [place for place, one in enumerate(subject.occurrences) if one.word == WORDS[0]]
        tokens = np.ones(len(subject.occurrences))
        tokens[places] = np.resize([2.0, 1.0], len(places))[::order]
        return {asked: replace(said, tokens=tokens) for asked, said in answers.items()}

    found = [analyse(asked(order), subject, FAST).tokens for order in (1, -1)]
    assert found[0] == found[1]
    assert 1 < found[0][WORDS[0]] < 2
    assert found[0][WORDS[1]] == 1


def test_a_missing_condition_is_named(subject):
    every = made(subject)
    without = {asked: said for asked, said in every.items() if asked.trained != "none"}
    with pytest.raises(InputError, match=r"size small.*trained on text alone"):
        analyse(without, subject, FAST)
    with pytest.raises(InputError, match="size small: no model was trained with video"):
        analyse({asked: said for asked, said in every.items() if asked.trained == "none"}, subject, FAST)


def test_of_unequal_seeds_the_common_ones_are_used_and_that_is_said(subject):
    every = made(subject, seeds=(1, 2, 3), seed_shift=1.0)
    some = {asked: said for asked, said in every.items() if asked.trained == "real" or asked.seed < 3}
    found = analyse(some, subject, FAST)
    assert [row.seed for row in found.gains[0].seeds] == [1, 2]
    assert any("seeds 1, 2 in common" in note and "3 left out" in note for note in found.notes)
    with pytest.raises(InputError, match="no seed in common"):
        analyse({asked: said for asked, said in every.items() if (asked.trained == "real") == (asked.seed == 1)}, subject, FAST)


def test_sizes_are_held_against_each_other_over_the_same_occurrences(subject):
    small = made(subject, sizes=("small",))
    large = made(subject, sizes=("large",), gain=lambda place: place // 4 * 0.5 + 0.25)
    found = analyse(small | large, subject, FAST)
    between = {one.what: one for one in found.between}
    assert (between["gain"].larger, between["gain"].smaller) == ("large", "small")
    assert between["gain"].mean.value == pytest.approx(0.25)
    assert between["reliance (none)"].mean.value == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("parameters", "order"),
    [
        ({"big": 900, "mid": 500, "tiny": 100}, ["tiny", "mid", "big"]),
        ({"big": 900, "mid": None, "tiny": 100}, ["big", "mid", "tiny"]),
        ({"mid": 500, "big": 500, "tiny": 100}, ["tiny", "mid", "big"]),
        ({}, ["big", "mid", "tiny"]),
    ],
)
def test_the_larger_size_is_the_one_of_more_parameters_whatever_comes_first(subject, parameters, order):
    gains = {"big": 0.25, "mid": 0.125, "tiny": 0.0}
    answers = {}
    for size, more in gains.items():
        answers |= made(subject, sizes=(size,), gain=lambda place, more=more: place // 4 * 0.5 + more)
    found = analyse(answers, subject, FAST, parameters)
    assert list(found.sizes) == list(dict.fromkeys(gain.size for gain in found.gains)) == order
    between = next(one for one in found.between if one.what == "gain")
    assert (between.larger, between.smaller) == (order[-1], order[0])
    assert between.mean.value == pytest.approx(gains[order[-1]] - gains[order[0]])


def test_words_that_no_tokenizer_knows_are_left_out_counted_and_named(subject):
    every = {}
    unknown = np.array([one.word in ("ord01", "ord02") for one in subject.occurrences])
    for asked, said in made(subject).items():
        logprob, tokens = np.where(unknown, np.nan, said.logprob), np.where(unknown, -1.0, said.tokens)
        every[asked] = Answers(logprob, np.where(unknown, np.nan, 1.0), np.where(unknown, np.nan, 1.0), tokens)
    last = list(every)[-1]  # one model that is asked with shorter texts
    every[last].logprob[-1], every[last].tokens[-1] = np.nan, 0
    found = analyse(every, subject, FAST)
    assert found.unknown == {"ord01": 3, "ord02": 3}
    assert found.unread == 1
    assert not {"ord01", "ord02"} & found.tokens.keys()
    assert found.gains[0].mean.words == 22
    for said in every.values():
        said.tokens[:] = -1
    with pytest.raises(InputError, match="tokenizer knows none of the 24 probed words"):
        analyse(every, subject, FAST)
    told = list(warnings(found))
    assert any("6 of 72 occurrences are of words that the models' tokenizer does not know" in one for one in told)
    assert any(one.endswith("(2 words: ord02, ord01)") or one.endswith("(2 words: ord01, ord02)") for one in told)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("nothing left", "gain grows (but not beyond what frequency and length explain) with imageability"),
        ("turned", "gain grows (but the other way where frequency and length are held alike) with imageability"),
        ("apart", "gain grows (but not in every analysis that holds frequency and length alike) with imageability"),
        ("alone", "gain grows (frequency and length are not ruled out) with imageability"),
    ],
)
def test_what_other_analyses_do_not_bear_out_is_said_with_the_correlation(subject, kind, said):
    found = analyse(made(subject, gain=lambda place: place // 4 * 0.5 + place % 4 * 0.01), subject, FAST)
    gain = found.gains[0]
    assert gain.verdict.kind == "holds"
    assert "how frequent the words are is not known" in gain.verdict.said
    assert "gain grows with imageability: rho 0.99" in next(answer(found))
    other = msgspec.structs.replace(gain, verdict=Verdict(kind=kind, said="so"))
    told = list(answer(msgspec.structs.replace(found, gains=(other,))))
    assert said in told[0]
    assert told[1] == "Size small: so"


def test_answers_are_read_as_they_were_written_and_nothing_else_is_taken_for_them(subject, tmp_path, monkeypatch):
    every = made(subject, seeds=(1, 2))
    first = next(iter(every))
    every[first].logprob[0] = np.nan
    path = tmp_path / "probe.parquet"
    write_answers(path, subject.occurrences, every)
    again = read_answers([path], subject.occurrences)
    assert set(again) == set(every)
    for asked, said in every.items():
        assert np.array_equal(again[asked].logprob, said.logprob, equal_nan=True)
    monkeypatch.chdir(tmp_path)
    relative = Path("file:runs") / "probe.parquet"
    relative.parent.mkdir()
    relative.write_bytes(path.read_bytes())
    assert set(read_answers([relative], subject.occurrences)) == set(every)
    with pytest.raises(InputError, match="delete it and probe again"):
        read_answers([path], subject.occurrences[1:])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="not the answers of a probe"):
        read_answers([path], subject.occurrences)


def test_the_page_escapes_names_and_holds_every_section(subject, tmp_path):
    every = {msgspec.structs.replace(asked, size="<b>x"): said for asked, said in made(subject).items()}
    found = analyse(every, subject, FAST)
    report = page("a<script>", "sub", found, None, {"a": 1})
    written = write_pages(report, found, tmp_path)
    html = written[1].read_text()
    assert "<b>x" not in html
    assert "&lt;b&gt;x" in html
    assert "a<script>" not in html
    for heading in ("Gain against imageability", "Words matched in frequency and length", "Reliance by size", "Every word"):
        assert heading in html
    assert (tmp_path / "summary.json").is_file()
    assert len(section(found, None).figures) == sum(len(one.figures) for one in report.sections)


def test_where_no_word_is_left_it_says_so_and_why(subject):
    with pytest.raises(InputError, match=r"small, real: no word is left: each has 3 occurrences at most.*than 4.*`least`"):
        analyse(made(subject), subject, msgspec.structs.replace(FAST, least=4))
    assert analyse(made(subject), subject, msgspec.structs.replace(FAST, least=3)).gains[0].mean.words == 24
    unread = {asked: replace(one, logprob=one.logprob * np.nan) for asked, one in made(subject).items()}
    with pytest.raises(InputError, match="none of the 72 probed occurrences has a value"):
        analyse(unread, subject, FAST)
