"""Gradients equal a loop written out by hand, whatever the micro-batches; tokens, labels, bins."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

from harness_plugins.judges.local_prompts import Prompts
from harness_plugins.trainers.learner import Learner
from harness_plugins.trainers.steps import accumulate, body_of, learning_rate
from harness_plugins.trainers.tokenised import IGNORED, Row, bins, micro_batches, packed, padded, tokenise
from tiny_models import tiny_llama

from harness.records import Example

WORDS = 30


@pytest.fixture(scope="module")
def model() -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        initializer_range=0.5,
    )
    return LlamaForCausalLM(config).double()


def by_hand(model: Any, rows: list[Row]) -> tuple[float, dict[str, Any]]:
    """Mean loss of the learned tokens and its gradient: every sequence alone, every token by itself."""
    import torch

    model.zero_grad()
    total = sum(row.learned for row in rows)
    loss = 0.0
    for row in rows:
        logits = model(torch.tensor([row.tokens]), use_cache=False).logits[0].log_softmax(-1)
        share = -sum(logits[place - 1, row.tokens[place]] for place in range(row.answer, len(row.tokens))) / total
        share.backward()
        loss += float(share.detach())
    return loss, {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


ROWS = st.lists(
    st.tuples(
        st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=6), st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=5)
    ),
    min_size=1,
    max_size=6,
).map(lambda pairs: [Row(str(n), (*prompt, *answer), len(prompt)) for n, (prompt, answer) in enumerate(pairs)])


@given(ROWS, st.integers(1, 60))
@settings(max_examples=15)
def test_the_gradient_is_that_of_a_loop_by_hand_however_the_step_is_cut(model: Any, rows: list[Row], tokens: int) -> None:
    import torch

    wanted, gradients = by_hand(model, rows)
    model.zero_grad()
    learner = Learner(model)
    assert float(accumulate(learner, rows, tokens, learner.units(rows))) == pytest.approx(wanted, abs=1e-6)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], atol=1e-9, rtol=1e-9)


def test_a_model_that_bounds_its_logits_goes_the_plain_way() -> None:
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM

    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=WORDS,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        final_logit_softcapping=0.5,
        initializer_range=0.5,
        pad_token_id=0,
    )
    bounded = Gemma2ForCausalLM(config).double()
    assert body_of(bounded) is None
    rows = [Row("a", (1, 2, 3, 4), 2), Row("b", (5, 6), 1)]
    loss, _ = by_hand(bounded, rows)
    assert float(Learner(bounded)(rows).detach()) / 3 == pytest.approx(loss, abs=1e-9)


def test_llamas_learned_positions_alone_pass_the_output_layer(model: Any) -> None:
    assert body_of(model) is model.model


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [("linear", [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]), ("constant", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0])],
)
def test_the_learning_rate_rises_and_falls(schedule: str, wanted: list[float]) -> None:
    assert [learning_rate(step, 6, 0.3, schedule) for step in range(6)] == pytest.approx(wanted)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(20, 80))
def test_bins_hold_every_sequence_once_and_no_more_than_fits(lengths: list[int], size: int) -> None:
    found = bins(lengths, size)
    assert sorted(index for some in found for index in some) == list(range(len(lengths)))
    assert all(len(some) == 1 or sum(lengths[index] for index in some) <= size for some in found)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 200))
def test_micro_batches_hold_every_sequence_once_and_no_more_than_fits(lengths: list[int], tokens: int) -> None:
    found = micro_batches(lengths, tokens)
    assert sorted(index for some in found for index in some) == list(range(len(lengths)))
    assert all(len(some) == 1 or max(lengths[index] for index in some) * len(some) <= tokens for some in found)


def test_padding_is_right_and_has_no_label() -> None:
    tokens, mask, labels = padded([Row("a", (1, 2, 3), 1), Row("b", (4, 5), 1)])
    assert tokens == [[1, 2, 3], [4, 5, 0]]
    assert mask == [[1, 1, 1], [1, 1, 0]]
    assert labels == [[IGNORED, 2, 3], [IGNORED, 5, IGNORED]]
    assert packed([Row("a", (1, 2, 3), 1), Row("b", (4, 5), 1)]) == (
        [1, 2, 3, 4, 5],
        [0, 1, 2, 0, 1],
        [IGNORED, 2, 3, IGNORED, 5],
        [3, 2],
    )


def test_what_does_not_fit_is_counted_and_named(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    prompts = Prompts(AutoTokenizer.from_pretrained(tiny_llama(tmp_path / "tiny")), "tiny")
    examples = [
        Example.from_instruction("e/whole", "a", ["bcd"], language="sv"),
        Example.from_instruction("e/cut", "a", ["b" * 30], language="sv"),
        Example.from_instruction("e/dropped", "a" * 60, ["b"], language="sv"),
        Example.from_instruction("e/empty", "a", [" "], language="sv"),
    ]
    found = tokenise(examples, prompts, "plain", 20)
    assert [(row.id, row.learned) for row in found.sequences] == [("e/whole", 4), ("e/cut", 19)]
    assert found.sequences[0].tokens[-1] == prompts.end
    assert found.facts() == {
        "sequences": 2,
        "answers_cut": 1,
        "answers_wholly_cut_off": 1,
        "without_answer": 1,
        "answers_cut_ids": ["e/cut"],
        "answers_wholly_cut_off_ids": ["e/dropped"],
        "without_answer_ids": ["e/empty"],
    }
