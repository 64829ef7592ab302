"""The n-gram model: against a slow one of dictionaries, its sums, its files, and what it says of Swedish."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.text.ngram_model import Alphabet, alphabet_of, load, train

TEXTS = ["en katt", "en hatt", "katten har en hatt", "", "å"]
texts = st.lists(st.text(alphabet="abcå \n", max_size=12), min_size=1, max_size=6)


class Reference:
    """Witten–Bell as its formula stands, one dictionary of counts for each order."""

    def __init__(self, texts: list[str], order: int, alphabet: Alphabet) -> None:
        self.order, self.known, self.size = order, set(alphabet.symbols), alphabet.size
        self.counts: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            symbols = self._symbols(text)
            for end in range(order - 1, len(symbols)):
                self.counts.update(tuple(symbols[end - n + 1 : end + 1]) for n in range(1, order + 1))

    def _symbols(self, text: str) -> list[str]:
        return ["<begin>"] * (self.order - 1) + [symbol if symbol in self.known else "<unknown>" for symbol in text]

    def chance(self, symbol: str, context: tuple[str, ...]) -> float:
        lower = 1 / self.size if not context else self.chance(symbol, context[1:])
        if not context:
            after = {gram: count for gram, count in self.counts.items() if len(gram) == 1}
        else:
            after = {gram: c for gram, c in self.counts.items() if gram[:-1] == context and len(gram) == len(context) + 1}
        if not after:
            return lower
        return (self.counts[(*context, symbol)] + len(after) * lower) / (sum(after.values()) + len(after))

    def log_prob(self, text: str) -> float:
        symbols = self._symbols(text)
        ends = range(self.order - 1, len(symbols))
        return sum(math.log(self.chance(symbols[end], tuple(symbols[end - self.order + 1 : end]))) for end in ends)


def test_the_first_symbols_of_a_tiny_model_are_what_one_computes_by_hand():
    # "ab" and "ac": a twice of four; 3 kinds seen; the alphabet is a, b, c and the unknown
    model = train(["ab", "ac"], order=2)
    one = {symbol: (count + 3 * (1 / 4)) / (4 + 3) for symbol, count in {"a": 2, "b": 1, "c": 1, None: 0}.items()}
    after_a = model.distribution("a")
    assert after_a["b"] == pytest.approx((1 + 2 * one["b"]) / (2 + 2))
    assert after_a[None] == pytest.approx((0 + 2 * one[None]) / (2 + 2))
    assert model.log_prob("ab").nats == pytest.approx(math.log((2 + 1 * one["a"]) / 3) + math.log(after_a["b"]))


@settings(max_examples=40)
@given(texts, st.text(alphabet="abcåö \n", max_size=10), st.integers(1, 4))
def test_it_says_what_a_model_of_dictionaries_says(corpus: list[str], asked: str, order: int):
    model = train(corpus, order=order)
    reference = Reference(corpus, order, model.alphabet)
    found = model.log_prob(asked)
    assert found.nats == pytest.approx(reference.log_prob(asked), abs=1e-9)
    assert found.characters == len(asked)


@settings(max_examples=40)
@given(texts, st.text(alphabet="abcåö \n", max_size=10), st.integers(1, 5))
def test_the_probabilities_after_any_context_sum_to_one_with_the_unknown(corpus: list[str], context: str, order: int):
    chances = train(corpus, order=order).distribution(context)
    assert math.fsum(chances.values()) == pytest.approx(1, abs=1e-12)
    assert min(chances.values()) > 0


@settings(max_examples=20)
@given(texts)
def test_a_text_has_the_same_number_whatever_stands_beside_it_and_however_the_corpus_is_ordered(corpus: list[str]):
    model, turned = train(corpus, order=3), train(corpus[::-1], order=3)
    alone = [model.log_prob(text) for text in TEXTS]
    assert model.log_probs(TEXTS) == alone
    assert turned.log_probs(TEXTS[::-1])[::-1] == alone


def test_what_is_counted_in_many_portions_is_what_is_counted_at_once(monkeypatch: pytest.MonkeyPatch):
    whole = train(TEXTS * 3, order=4)
    monkeypatch.setattr("harness.text.ngram_model._CHUNK", 5)
    parts = train(TEXTS * 3, order=4)
    assert parts.log_probs(TEXTS) == whole.log_probs(TEXTS)


def test_a_model_is_written_and_read_without_pickles_and_says_the_same(tmp_path: Path):
    model = train(TEXTS, order=4)
    model.save(tmp_path / "model")
    assert {path.suffix for path in (tmp_path / "model").iterdir()} == {".json", ".npy"}
    assert load(tmp_path / "model").log_probs(["en hatt", "ny katt"]) == model.log_probs(["en hatt", "ny katt"])


def test_a_damaged_model_is_refused_with_the_file_and_what_to_do(tmp_path: Path):
    train(TEXTS, order=2).save(tmp_path / "model")
    np.save(tmp_path / "model" / "counts-2.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"model.*train it anew"):
        load(tmp_path / "model")
    with pytest.raises(InputError, match="absent"):
        load(tmp_path / "absent")


def test_a_text_without_characters_has_probability_one_and_no_perplexity():
    found = train(TEXTS, order=3).log_prob("")
    assert (found.nats, found.characters) == (0.0, 0)
    assert math.isnan(found.perplexity)


def test_a_word_model_reads_words_and_takes_those_it_does_not_know_as_one():
    model = train(["en katt och en hatt"], order=2, unit="word")
    assert set(model.alphabet.symbols) == {"en", "katt", "och", "hatt"}
    assert model.log_prob("en hund").nats == model.log_prob("en elefant").nats
    assert model.log_prob("en katt").nats > model.log_prob("katt en").nats


def test_rare_symbols_beyond_the_limit_are_the_unknown():
    alphabet = alphabet_of(["aaabbc"], most=2)
    assert alphabet.symbols == ("a", "b")
    model = train(["aaabbc"], order=1, alphabet=alphabet)
    assert model.distribution("")[None] == pytest.approx((1 + 3 / 3) / (6 + 3))  # counts 3, 2, 1; three kinds of three


def test_ngrams_that_do_not_fit_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="give a lower order"):
        train(["ab"], order=63)


def test_lone_surrogates_pass_through_model_and_file(tmp_path: Path):
    model = train(["a\ud800b"], order=2)
    model.save(tmp_path / "model")
    assert load(tmp_path / "model").log_prob("a\ud800") == model.log_prob("a\ud800")


def test_swedish_text_is_likelier_under_a_model_of_swedish_than_danish_or_shuffled_text(shared_data: Path):
    folder = shared_data / "ntrex-nordic" / "NTREX-128"
    swedish = (folder / "newstest2019-ref.swe.txt").read_text(encoding="utf-8").splitlines()
    danish = (folder / "newstest2019-ref.dan.txt").read_text(encoding="utf-8").splitlines()
    model = train(swedish[:1500])
    rates = [
        [found.nats / found.characters for found in model.log_probs(lines)]
        for lines in (swedish[1500:1700], danish[1500:1700], [line[::-1] for line in swedish[1500:1700]])
    ]
    assert np.mean(rates[0]) > np.mean(rates[1]) + 0.5
    assert np.mean(rates[1]) > np.mean(rates[2])
