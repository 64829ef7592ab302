"""`compat` is what the published code does: collator, loss and step, written down here a second time from their description."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.trainers.compat import PublishedLearner, collated, tokenise_as_published
from harness_plugins.trainers.sft import Sft
from harness_plugins.trainers.steps import accumulate
from harness_plugins.trainers.tokenised import Row
from tiny_models import tiny_llama

from harness.records import Example

TEXTS = st.text(alphabet="abcåäö 12", min_size=1, max_size=30).filter(lambda text: text.strip())


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_llama(tmp_path_factory.mktemp("models") / "tiny"))


def published(pairs: list[tuple[str, str]], tokenizer: Any, max_len: int) -> dict[str, list[list[int]]]:
    """The published collator by its description: (input, output) texts as lists of ids, mask and labels."""
    rows = []
    for text, answer in pairs:
        prompt = tokenizer.encode(text + "\noutput: ", add_special_tokens=False, truncation=True, max_length=max_len // 2)
        ids = tokenizer.encode(answer, add_special_tokens=False, truncation=True, max_length=max_len // 2 - 1)
        ids = [*ids, tokenizer.eos_token_id]
        rows.append(([*prompt, *ids], [1] * len(prompt) + [0] * len(ids), [-100] * len(prompt) + ids))
    longest = max(len(row[0]) for row in rows)
    filled = [[one + [0] * (longest - len(one)) for one in row] for row in rows]
    return {name: [row[place] for row in filled] for place, name in enumerate(("input_ids", "attention_mask", "labels"))}


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["", "kort"]), TEXTS), min_size=1, max_size=4), st.integers(4, 80))
@settings(max_examples=20, deadline=None)
def test_batches_are_those_of_the_published_collator(tokenizer: Any, texts: list[tuple[str, str, str]], longest: int) -> None:
    examples = [
        Example.from_instruction(f"e/{n}", asked, [answer], language="sv", meta={"constraints": limits})
        for n, (asked, limits, answer) in enumerate(texts)
    ]
    pairs = [(f"input: {asked.strip()}\n{limits}", answer.strip()) for asked, limits, answer in texts]
    found = collated(tokenise_as_published(examples, tokenizer, longest).sequences)
    assert {name: tensor.tolist() for name, tensor in found.items()} == published(pairs, tokenizer, longest)


def test_a_step_is_the_mean_of_the_models_own_losses_two_sequences_at_a_time(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = tiny_llama(tmp_path / "tiny")
    model, other = (AutoModelForCausalLM.from_pretrained(folder).double() for _ in range(2))
    rows = [Row("a", (1, 5, 6, 7, 2), 3), Row("b", (9, 8, 2), 1), Row("c", (4, 4, 4, 2), 2)]
    learner = PublishedLearner(model, packing=False, kind="sdpa")
    loss = float(accumulate(learner, rows, 4096, learner.units(rows)))
    means = [other(**collated(some), use_cache=False).loss for some in (rows[:2], rows[2:])]
    (sum(means) / 2).backward()
    assert loss == pytest.approx(float(sum(means).detach()) / 2, abs=1e-6)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, atol=1e-6, rtol=1e-3)  # the model's own loss is float32


def test_what_is_cut_is_counted_although_it_is_learned_as_published(tokenizer: Any) -> None:
    examples = [
        Example.from_instruction("e/long", "a" * 50, ["b"], language="sv"),
        Example.from_instruction("e/answer", "a", ["b" * 50], language="sv"),
        Example.from_instruction("e/none", "a", [" "], language="sv"),
    ]
    found = tokenise_as_published(examples, tokenizer, 60)
    assert (found.prompts_cut, found.cut, found.empty) == (["e/long"], ["e/answer"], ["e/none"])
    assert found.facts()["prompts_cut"] == 1
    assert [len(row.tokens) for row in found.sequences] == [32, 47]


def test_compat_asks_for_the_papers_prompt_and_does_not_pack() -> None:
    with pytest.raises(ValueError, match="compat is the published code's way"):
        Sft("base", compat=True, style="chat")
    assert Sft("base", compat=True, preset="sweinstruct").compat
