"""Allowed answers share out all of the probability, exactly, also where one is the beginning of another."""

import itertools
import math

import pytest
from harness_plugins.judges.local_choices import choices_of, log_probabilities, longest_beginnings
from hypothesis import given
from hypothesis import strategies as st

ONE, ZERO, TWO, OTHER = range(4)


def test_answers_of_one_token_are_divided_by_their_sum() -> None:
    choices = choices_of([(ONE,), (TWO,)])
    assert choices.wanted == {(): (ONE, TWO)}
    assert longest_beginnings(choices) == []
    values, held = log_probabilities(choices, {((), ONE): math.log(0.3), ((), TWO): math.log(0.1)})
    assert [math.exp(value) for value in values] == pytest.approx([0.75, 0.25])
    assert math.exp(held) == pytest.approx(0.4)


def test_an_answer_that_begins_another_does_not_get_the_others_probability() -> None:
    """P("1") = .5 and "0" follows it with .4: 10 has .2, 1 what is left of .5, and 2 its own .1."""
    choices = choices_of([(ONE,), (ONE, ZERO), (TWO,)])
    assert choices.wanted == {(): (ONE, TWO), (ONE,): (ZERO,)}
    known = {((), ONE): math.log(0.5), ((), TWO): math.log(0.1), ((ONE,), ZERO): math.log(0.4)}
    values, held = log_probabilities(choices, known)
    assert [math.exp(value) for value in values] == pytest.approx([0.3 / 0.6, 0.2 / 0.6, 0.1 / 0.6])
    assert math.exp(held) == pytest.approx(0.6)


def test_answers_that_nothing_makes_possible_are_all_alike() -> None:
    values, held = log_probabilities(choices_of([(ONE,), (TWO,)]), {((), ONE): -math.inf, ((), TWO): -math.inf})
    assert [math.exp(value) for value in values] == [0.5, 0.5]
    assert held == -math.inf


@pytest.mark.parametrize("tokens", [[(ONE,), (ONE,)], [(ONE,), ()]])
def test_answers_that_the_tokens_do_not_tell_apart_are_refused(tokens: list[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="same to the tokenizer"):
        choices_of(tokens)


ANSWERS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple), min_size=1, max_size=6, unique=True)


@given(ANSWERS, st.randoms(use_true_random=False))
def test_it_is_what_counting_all_continuations_says(answers: list[tuple[int, ...]], random: object) -> None:
    """Every text of three tokens counts for the longest answer that it begins with."""
    odds = {begin: _shares(random) for length in range(3) for begin in itertools.product(range(4), repeat=length)}
    counted = dict.fromkeys(answers, 0.0)
    for text in itertools.product(range(4), repeat=3):
        begun = [text[:length] for length in (3, 2, 1) if text[:length] in counted]
        if begun:
            counted[begun[0]] += math.prod(odds[text[:place]][text[place]] for place in range(3))
    choices = choices_of(answers)
    known = {(begin, token): math.log(odds[begin][token]) for begin, tokens in choices.wanted.items() for token in tokens}
    values, held = log_probabilities(choices, known)
    assert math.exp(held) == pytest.approx(sum(counted.values()))
    assert [math.exp(value) for value in values] == pytest.approx(
        [share / sum(counted.values()) for share in counted.values()], abs=1e-12
    )


def _shares(random: object) -> list[float]:
    weights = [random.random() + 0.01 for _ in range(4)]  # type: ignore[attr-defined]
    return [weight / sum(weights) for weight in weights]
