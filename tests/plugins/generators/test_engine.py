"""Many prompts at once say what each says alone: joining, leaving, padding and log-likelihoods on tiny random models."""

import math
from typing import Any

import pytest
from harness_plugins.generators.engine import Answer, Wish, answers
from harness_plugins.generators.likelihoods import Options, log_likelihoods
from harness_plugins.judges.local_torch import Sampling
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = 40


def llama(**changes: Any) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        initializer_range=0.6,
        **changes,
    )
    return LlamaForCausalLM(config).double().eval()


def mistral_with_window() -> Any:
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(2)
    config = MistralConfig(
        vocab_size=WORDS,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        sliding_window=6,
        initializer_range=0.6,
    )
    return MistralForCausalLM(config).double().eval()


@pytest.fixture(scope="module")
def model() -> Any:
    return llama()


@pytest.fixture(scope="module")
def windowed() -> Any:
    return mistral_with_window()


def one_by_one(model: Any, wish: Wish, ends: frozenset[int]) -> tuple[list[int], str]:
    """Greedy decoding without any cache: the whole text is read anew for every token."""
    import torch

    said: list[int] = []
    while len(said) < wish.how.limit:
        with torch.inference_mode():
            token = int(model(torch.tensor([[*wish.prompt, *said]]), use_cache=False).logits[0, -1].argmax())
        if token in ends:
            return said, "stop"
        said.append(token)
    return said, "length"


def wishes_of(prompts: list[list[int]], limits: list[int]) -> list[Wish]:
    pairs = enumerate(zip(prompts, limits, strict=False))
    return [Wish(number, prompt, Sampling(limit, temperature=0)) for number, (prompt, limit) in pairs]


PROMPTS = st.lists(st.lists(st.integers(1, WORDS - 1), min_size=1, max_size=9), min_size=1, max_size=7)
LIMITS = st.lists(st.integers(0, 8), min_size=7, max_size=7)


@given(PROMPTS, LIMITS, st.integers(1, 4), st.integers(8, 60))
@settings(max_examples=25)
def test_each_prompt_gets_what_it_gets_alone(
    model: Any, prompts: list[list[int]], limits: list[int], rows: int, tokens: int
) -> None:
    ends = frozenset({3, 7, 11})
    wishes = wishes_of(prompts, limits)
    found = {answer.index: (answer.tokens, answer.finish) for answer in answers(model, wishes, ends, rows=rows, tokens=tokens)}
    assert found == {wish.index: one_by_one(model, wish, ends) for wish in wishes}


@given(PROMPTS, LIMITS)
@settings(max_examples=10)
def test_a_model_with_windows_of_attention_too(windowed: Any, prompts: list[list[int]], limits: list[int]) -> None:
    wishes = wishes_of(prompts, limits)
    found = {answer.index: answer.tokens for answer in answers(windowed, wishes, frozenset(), rows=3)}
    assert found == {wish.index: one_by_one(windowed, wish, frozenset())[0] for wish in wishes}


def test_a_drawn_answer_depends_on_its_seed_alone(model: Any) -> None:
    wishes = [Wish(number, [5, 6, number + 1], Sampling(6, temperature=1.0, seed=number)) for number in range(6)]
    together = {answer.index: answer.tokens for answer in answers(model, wishes, frozenset(), rows=4)}
    alone = {wish.index: next(answers(model, [wish], frozenset())).tokens for wish in wishes}
    assert together == alone
    assert len({tuple(tokens) for tokens in together.values()}) > 1


def test_an_answer_ends_where_it_is_told_to(model: Any) -> None:
    def after_two(answer: Answer) -> bool:
        return len(answer.tokens) == 2

    [answer] = answers(model, [Wish(0, [4, 5], Sampling(9, temperature=0))], frozenset(), after_two)
    assert (len(answer.tokens), answer.finish) == (2, "stop")


CHOICES = st.lists(st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=4).map(tuple), min_size=1, max_size=4)


@given(PROMPTS, st.lists(CHOICES, min_size=7, max_size=7), st.integers(5, 80))
@settings(max_examples=25)
def test_choices_weigh_what_they_weigh_when_read_whole(
    model: Any, prompts: list[list[int]], choices: list[list[tuple[int, ...]]], tokens: int
) -> None:
    import torch

    asked = [Options(number, prompt, tuple(of)) for number, (prompt, of) in enumerate(zip(prompts, choices, strict=False))]
    found = dict(log_likelihoods(model, asked, tokens=tokens))
    for one in asked:
        for choice, value in zip(one.choices, found[one.index], strict=True):
            with torch.inference_mode():
                logits = model(torch.tensor([[*one.prompt, *choice]]), use_cache=False).logits[0].double().log_softmax(-1)
            places = range(len(one.prompt) - 1, len(one.prompt) + len(choice) - 1)
            wanted = math.fsum(float(logits[place, token]) for place, token in zip(places, choice, strict=True))
            assert value.sum == pytest.approx(wanted, abs=1e-4)
            assert value.greedy == all(int(logits[place].argmax()) == token for place, token in zip(places, choice, strict=True))


def test_a_choice_without_a_token_is_refused(model: Any) -> None:
    with pytest.raises(ValueError, match="at least one token"):
        list(log_likelihoods(model, [Options(0, [1], ((),))]))
