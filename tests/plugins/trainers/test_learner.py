"""Packed rows learn what padded and lone ones do, whatever cuts them apart; models that cannot are found out."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.trainers import attention
from harness_plugins.trainers.learner import Learner
from harness_plugins.trainers.steps import accumulate
from harness_plugins.trainers.tokenised import Row

from harness.errors import PluginError

SIZES = {
    "vocab_size": 30,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "initializer_range": 0.5,
    "pad_token_id": 0,
}
ROWS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5)), min_size=1, max_size=6).map(
    lambda sizes: [
        Row(str(n), tuple((7 * n + 3 * place) % 30 for place in range(before + after)), before)
        for n, (before, after) in enumerate(sizes)
    ]
)


def llama(**changes: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    return LlamaForCausalLM(LlamaConfig(**{**SIZES, **changes})).double()


def gradients(learner: Any, rows: list[Row], tokens: int) -> tuple[float, list[Any]]:
    learner.model.zero_grad()
    loss = float(accumulate(learner, rows, tokens, learner.units(rows)))
    return loss, [parameter.grad.clone() for parameter in learner.model.parameters()]


@pytest.fixture(scope="module")
def learners() -> dict[str, Any]:
    """Three ways to the same: padded; cut apart by our attention; by a block-diagonal mask."""
    return {
        "padded": Learner(llama(), packing=False, kind="sdpa"),
        "segments": Learner(llama(), packing=True),
        "mask": Learner(llama(), packing=True, kind="sdpa"),
    }


@given(ROWS, st.integers(5, 60))
@settings(max_examples=10, deadline=None)
def test_packed_rows_give_the_gradient_of_padded_ones(learners: dict[str, Any], rows: list[Row], tokens: int) -> None:
    wanted, slopes = gradients(learners["padded"], rows, 1000)
    for way in ("segments", "mask"):
        assert learners[way].packing
        found, others = gradients(learners[way], rows, tokens)
        assert found == pytest.approx(wanted, abs=1e-6)  # losses are added up in float32
        for one, other in zip(slopes, others, strict=True):
            torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


def test_a_row_does_not_depend_on_what_it_is_packed_with(learners: dict[str, Any]) -> None:
    row = Row("a", (4, 5, 6, 7), 2)
    learner = learners["segments"].eval()
    others = [[Row("b", (start, start + 1, 29), 3), row] for start in (1, 20)]  # nothing of b is learned
    first, second, alone = (float(learner(rows).detach()) for rows in (*others, [row]))
    assert first == second == pytest.approx(alone, abs=1e-12)


def test_without_a_cut_rows_would_see_each_other_and_the_trial_says_so(learners: dict[str, Any]) -> None:
    def uncut(ids: Any, **arguments: Any) -> Any:
        return learners["mask"].model.model(ids, use_cache=False)

    model = learners["mask"].model
    assert not attention.apart(model, uncut, lambda lengths: {})


def test_a_model_that_remembers_is_padded_and_packing_it_is_refused() -> None:
    from transformers import MambaConfig, MambaForCausalLM

    torch.manual_seed(0)
    model = MambaForCausalLM(MambaConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, state_size=4, initializer_range=0.5))
    assert not Learner(model).packing
    with pytest.raises(PluginError, match="a sequence behind another is not computed as it is alone"):
        Learner(model, packing=True)


@pytest.mark.parametrize("longest", [3, 100])
def test_windows_are_kept(longest: int) -> None:
    """A window is the mask's business as soon as a row is longer than it."""
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    model = MistralForCausalLM(MistralConfig(**SIZES, sliding_window=4)).double()
    learner = Learner(model, longest=longest)
    assert learner.packing
    assert (learner.attention == attention.NAME) == (longest == 3)
    if longest == 100:
        rows = [Row("a", tuple(range(12)), 3), Row("b", tuple(range(20, 29)), 1)]
        wanted = gradients(Learner(model, packing=False, kind="sdpa"), rows, 1)
        found = gradients(Learner(model, longest=longest), rows, 100)
        assert found[0] == pytest.approx(wanted[0], abs=1e-6)
        for one, other in zip(found[1], wanted[1], strict=True):
            torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-9)


def test_attention_that_is_not_installed_is_named() -> None:
    with pytest.raises(PluginError, match="attention=flash_attention_2 cannot be had for this model here"):
        Learner(llama(), kind="flash_attention_2")


def test_bfloat16_computes_coarsely_and_leaves_weights_and_gradients_as_they_are() -> None:
    rows = [Row("a", (1, 2, 3, 4), 2), Row("b", (5, 6, 7), 1)]
    learner = Learner(llama().float(), dtype="bfloat16")
    loss, slopes = gradients(learner, rows, 100)
    wanted, _ = gradients(Learner(llama().float()), rows, 100)
    assert loss != wanted
    assert loss == pytest.approx(wanted, rel=0.05)
    assert {slope.dtype for slope in slopes} == {torch.float32}


def test_flash_attention_over_rows_is_asked_as_its_version_wants() -> None:
    assert attention._asked(frozenset({"window_size", "scale"}), 0.5, 4) == {"window_size": (-1, 0)}  # 1/√4 is its default
    assert attention._asked(frozenset({"is_causal", "scale"}), 0.25, 4) == {"is_causal": True, "scale": 0.25}
    assert attention._asked(frozenset({"is_causal"}), 0.25, 4) is None
    assert attention._asked(frozenset(), None, 4) is None


def test_one_kernel_over_all_rows_gets_them_laid_out_as_it_wants() -> None:
    """The kernel itself wants a GPU: one written here stands in its place."""
    attend = torch.nn.functional.scaled_dot_product_attention

    def kernel(q: Any, k: Any, v: Any, ends: Any, ends_of_keys: Any, longest: int, longest_key: int) -> Any:
        assert ends.tolist() == ends_of_keys.tolist() == [0, 3, 7, 9]
        assert longest == longest_key == 4
        cut = [tensor.transpose(0, 1).split([3, 4, 2], dim=1) for tensor in (q, k, v)]
        return torch.cat([attend(*some, is_causal=True) for some in zip(*cut, strict=True)], dim=1).transpose(0, 1)

    query, key, value = torch.randn(1, 4, 9, 8), torch.randn(1, 2, 9, 8), torch.randn(1, 2, 9, 8)
    where = attention.Segments.of((3, 4, 2), "cpu")
    found = attention._flash(kernel, {}, query, key, value, where)
    torch.testing.assert_close(found, attention.segments(None, query, key, value, None, segments_of_row=where)[0])
