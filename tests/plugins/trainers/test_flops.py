"""Arithmetic counted by hand, and peaks that are known or measured."""

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.trainers.flops import arithmetic, peak
from harness_plugins.trainers.tokenised import Row


def test_a_llamas_arithmetic_is_that_of_its_matrices_and_of_the_tokens_that_see_each_other() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=50, hidden_size=8, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1
        )
    )
    matrices = 3 * (8 * 8 + 8 * 4 + 8 * 4 + 8 * 8 + 3 * 8 * 16)  # query, key, value, output, and the three of the MLP
    rows = [Row("a", (1, 2, 3, 4), 3), Row("b", (1, 2), 1)]  # 6 tokens, 2 learned; 4·5/2 + 2·3/2 = 13 pairs
    assert arithmetic(model).of(rows) == 6 * matrices * 6 + 6 * 50 * 8 * 2 + 12 * 3 * 8 * 13
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    assert arithmetic(model).body == 4 * matrices  # forward, and back to what is below


def test_a_cpus_peak_is_measured_and_a_multiplication_of_the_same_size_is_not_far_from_it() -> None:
    operations, source = peak(torch.device("cpu"), "float32")
    assert source == "measured on matrix products"
    assert operations > 1e8
