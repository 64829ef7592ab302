"""The mean of a verdict over the probabilities of its tokens."""

from itertools import accumulate
from math import exp, log

import pytest
from harness_plugins.judges.expectation import LETTERS, expectation
from hypothesis import given
from hypothesis import strategies as st

from harness.chat.messages import TokenProbability

SCALE = {"1": 1.0, "2": 2.0, "3": 3.0}


def token(text: str, *top: tuple[str, float]) -> TokenProbability:
    return TokenProbability(token=text, logprob=log(dict(top).get(text, 0.9)), top=tuple((name, log(p)) for name, p in top))


def mean(tokens: list[TokenProbability], values: dict[str, float] = SCALE, *, verdict: str = "2") -> float | None:
    text = "".join(each.token for each in tokens)
    place = text.rindex(verdict)
    return expectation(text, tokens, (place, place + len(verdict)), values)


def test_it_weighs_the_verdicts_by_their_probabilities_and_leaves_other_tokens_out() -> None:
    tokens = [token("VERDICT"), token(" 482937"), token(":"), token(" 2", (" 2", 0.5), (" 3", 0.25), (" 1", 0.05), (" the", 0.2))]
    assert mean(tokens) == pytest.approx((2 * 0.5 + 3 * 0.25 + 1 * 0.05) / 0.8)


def test_spellings_of_one_verdict_are_added() -> None:
    assert mean([token(": "), token("2", ("2", 0.4), (" 2", 0.2), ("3", 0.4))]) == pytest.approx((2 * 0.6 + 3 * 0.4) / 1.0)


def test_the_verdict_s_own_token_counts_though_it_is_not_among_the_most_probable() -> None:
    own = TokenProbability(token="1", logprob=log(0.1), top=(("3", log(0.6)), ("2", log(0.3))))
    assert mean([own], verdict="1") == pytest.approx(1 * 0.1 + 3 * 0.6 + 2 * 0.3)


def test_it_is_taken_where_the_verdict_stands_and_not_at_another_number() -> None:
    tokens = [token("2", ("2", 0.9), ("1", 0.1)), token(" of"), token(" 2", (" 2", 0.5), (" 1", 0.5))]
    assert mean(tokens) == pytest.approx(1.5)


def test_comparisons_have_a_mean_too() -> None:
    tokens = [token('"'), token("A", ("A", 0.6), ("B", 0.3), ("tie", 0.1)), token('"')]
    assert mean(tokens, dict(LETTERS), verdict="A") == pytest.approx(0.3)


def test_letters_of_several_tokens_before_it_and_a_token_of_the_end_after_it_do_no_harm() -> None:
    tokens = [token("�"), token("�"), token(": "), token("2", ("2", 0.5), ("3", 0.5)), token("<|im_end|>")]
    assert expectation("Å: 2", tokens, (3, 4), SCALE) == pytest.approx(2.5)


def test_there_is_none_where_it_is_not_known() -> None:
    assert expectation("2", [], (0, 1), SCALE) is None
    assert expectation("2", [token("2", ("2", 1.0))], None, SCALE) is None
    assert mean([token("2."), token("0")]) is None
    assert expectation("x 2", [token("other"), token("words")], (2, 3), SCALE) is None


def test_where_one_verdict_begins_another_numbers_must_be_seen_to_be_kept_whole() -> None:
    ten = {str(value): float(value) for value in range(1, 11)}
    assert mean([token("1", ("1", 0.7), ("9", 0.3))], ten, verdict="1") is None
    assert mean([token("9", ("10", 0.5), ("9", 0.5))], ten, verdict="9") == pytest.approx(9.5)
    assert mean([token("1", ("1", 0.7), ("9", 0.3)), token("0")], ten, verdict="10") is None


@given(st.lists(st.sampled_from(["2", " 2", "1", '"', " of", "", "2 "]), min_size=1, max_size=6), st.sampled_from(["", "</s>"]))
def test_the_token_of_a_place_is_the_same_read_from_either_end(words: list[str], special: str) -> None:
    """A special token that the text does not show makes the tokens be read one by one."""
    tokens = [TokenProbability(token=word, logprob=0.0, top=((word, 0.0), ("3", -1.0 - n))) for n, word in enumerate(words)]
    said, text = [*tokens, TokenProbability(token=special, logprob=0.0)], "".join(words)
    for place in [place for place, letter in enumerate(text) if letter == "2"]:
        ends = list(accumulate(map(len, words)))
        (own,) = [n for n, word in enumerate(words) if ends[n] - len(word) <= place < ends[n]]
        other = exp(-1.0 - own)
        assert expectation(text, said, (place, place + 1), SCALE) == pytest.approx((2 + 3 * other) / (1 + other))
