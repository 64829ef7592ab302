"""Many prompts at once say what each says alone: joining, leaving, padding and log-likelihoods on tiny random models."""

import math
from typing import Any

import pytest
from harness_plugins.generators.engine import Answer, Wish, answers
from harness_plugins.generators.likelihoods import Options, log_likelihoods
from harness_plugins.judges.local_torch import Sampling
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import PluginError

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


class FullAbove:
    """A model whose device holds passes of so many tokens and no more."""

    def __init__(self, model: Any, tokens: int) -> None:
        self._model, self._tokens, self.refused = model, tokens, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __call__(self, ids: Any, **told: Any) -> Any:
        import torch

        if ids.numel() > self._tokens:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self._model(ids, **told)


def test_where_memory_is_too_small_fewer_rows_go_on_and_nothing_is_lost(model: Any, caplog: pytest.LogCaptureFixture) -> None:
    wishes = wishes_of([[number, 3, 5, 6, number] for number in range(9)], [9 - number for number in range(9)])
    full = FullAbove(model, 15)
    found = {answer.index: answer.tokens for answer in answers(full, wishes, frozenset(), rows=8)}
    assert found == {answer.index: answer.tokens for answer in answers(model, wishes, frozenset(), rows=8)}
    assert full.refused == 2
    assert "out of memory with 8 rows at once: it goes on with 4" in caplog.text
    assert "set rows=2" in caplog.text


def test_answers_that_were_begun_go_on_where_they_were_when_memory_ends(model: Any) -> None:
    import torch

    class Fills(FullAbove):
        def __call__(self, ids: Any, **told: Any) -> Any:
            past = told.get("past_key_values")
            held = past.get_seq_length() if past is not None else 0
            if ids.shape[0] * held > self._tokens:
                self.refused += 1
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self._model(ids, **told)

    wishes = wishes_of([[number, 3, 5, 6] for number in range(4)], [7] * 4)
    full = Fills(model, 30)
    found = {answer.index: answer.tokens for answer in answers(full, wishes, frozenset(), rows=4)}
    assert found == {answer.index: answer.tokens for answer in answers(model, wishes, frozenset(), rows=4)}
    assert full.refused == 1


def test_memory_that_does_not_hold_one_prompt_is_an_error_that_says_what_to_set(model: Any) -> None:
    with pytest.raises(PluginError, match="lower max_new_tokens"):
        list(answers(FullAbove(model, 15), wishes_of([[4] * 20], [3]), frozenset()))
    with pytest.raises(PluginError, match="leave long examples out"):
        list(log_likelihoods(FullAbove(model, 15), [Options(0, [4] * 20, ((1,),))]))


def test_choices_that_memory_does_not_hold_together_are_weighed_apart(model: Any) -> None:
    asked = [Options(number, [number, 4, 6, 2, 9], ((1, 2), (3,))) for number in range(4)]
    full = FullAbove(model, 15)
    apart, together = dict(log_likelihoods(full, asked)), dict(log_likelihoods(model, asked))
    for one in asked:
        assert [value.sum for value in apart[one.index]] == pytest.approx([v.sum for v in together[one.index]], abs=1e-4)
    assert full.refused == 1


def test_what_all_prompts_begin_with_is_read_once(model: Any) -> None:
    class Counting(FullAbove):
        read = 0

        def __call__(self, ids: Any, **told: Any) -> Any:
            self.read += ids.numel()
            return super().__call__(ids, **told)

    shared = [number % 7 + 1 for number in range(30)]
    asked = [Options(number, [*shared, number, 5], ((1, 2), (3, 3, 4))) for number in range(6)]
    counting = Counting(model, 999)
    together = dict(log_likelihoods(counting, asked))
    assert counting.read < 6 * 12
    for one in asked:
        ((_, alone),) = log_likelihoods(model, [one])
        assert [value.sum for value in together[one.index]] == pytest.approx([value.sum for value in alone], abs=1e-4)
    wishes = [Wish(one.index, one.prompt, Sampling(5, temperature=0)) for one in asked]
    found = {answer.index: answer.tokens for answer in answers(model, wishes, frozenset(), rows=4)}
    assert found == {wish.index: one_by_one(model, wish, frozenset())[0] for wish in wishes}
