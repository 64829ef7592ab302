"""A packed BERT gives what transformers gives, and each text the same bits in any block and anywhere in it."""

import random
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from harness_plugins.metrics import packed
from harness_plugins.metrics.packed import MODEL_TYPES, PART, ROWS, PackedEncoder, can_pack, cut, rows_of

SIZES = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
WORDS = 200


def model(model_type: str, dtype: str = "float32"):
    """A BERT of random weights, in which padding is token 1 and texts have up to 600 tokens."""
    import torch
    from transformers import AutoConfig, AutoModel, set_seed

    set_seed(1)
    config = AutoConfig.for_model(model_type, vocab_size=WORDS, pad_token_id=1, max_position_embeddings=602, **SIZES)
    made = AutoModel.from_config(config, attn_implementation="eager").eval().to(getattr(torch, dtype))
    for name, weights in made.named_parameters():
        if "bias" in name or "LayerNorm" in name:  # else 0 and 1, which could change places
            torch.nn.init.normal_(weights, 0.5, 0.3)
    return made


def texts(*lengths: int, seed: int = 0) -> list[tuple[int, ...]]:
    draw = random.Random(seed)
    return [tuple(draw.randrange(WORDS) for _ in range(length)) for length in lengths]


def encoded(encoder: PackedEncoder, some: Sequence[tuple[int, ...]]) -> dict:
    return {text: rows for block in encoder.batches(some) for text, rows in zip(block, encoder.encode(block), strict=True)}


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_it_gives_what_transformers_gives_to_rounding(model_type: str) -> None:
    import torch

    plain = model(model_type)
    some = texts(2, 7, 7, 30, 64, 65, 130, 256, 300, 513)
    expected = {}
    for text in some:
        with torch.inference_mode():
            expected[text] = plain(input_ids=torch.tensor([text]))[0][0]
    assert can_pack(plain.config, "cpu")
    found = encoded(PackedEncoder(plain, padding=1), some)
    assert set(found) == set(some)
    for text in some:
        assert found[text].shape == (len(text), 48)
        assert (found[text] - expected[text]).abs().max() < 5e-6


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("model_type", ["bert", "xlm-roberta"])
def test_the_bits_are_the_same_in_any_block_and_anywhere_in_it(model_type: str, dtype: str) -> None:
    encoder = PackedEncoder(model(model_type, dtype), padding=1)
    for length in (1, 2, 5, 16, 31, 64, 65, 100):
        (text,) = texts(length, seed=length)
        (alone,) = encoder.encode([text])
        for number in range(12):
            draw = random.Random(number)
            before = texts(*(draw.randint(1, 40) for _ in range(draw.randint(0, 3))), seed=number)
            same = texts(*[length] * draw.randint(0, 2), seed=number + 100)
            block = [*before, *same, text]
            if sum(map(len, block)) <= ROWS:
                assert encoder.encode(block)[len(block) - 1].numpy().tobytes() == alone.numpy().tobytes()
                block = [text, *same, *before]
                assert encoder.encode(block)[0].numpy().tobytes() == alone.numpy().tobytes()


def test_without_onednn_the_products_are_torchs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    some = texts(3, 20, 20)
    laid_out = encoded(PackedEncoder(model("bert"), padding=1), some)
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    plain = encoded(PackedEncoder(model("bert"), padding=1), some)
    assert all((plain[text] - laid_out[text]).abs().max() < 5e-6 for text in some)


@given(st.lists(st.integers(1, 700), max_size=80), st.sampled_from([PART, ROWS]), st.integers(1, 9))
def test_every_text_is_in_one_block_and_no_block_is_overfull(lengths: list[int], step: int, side_by_side: int) -> None:
    some = [(number, *[0] * (length - 1)) for number, length in enumerate(lengths)]
    blocks = cut(some, step, side_by_side)
    assert Counter(text for block in blocks for text in block) == Counter(some)
    for block in blocks:
        assert [len(text) for text in block] == sorted(map(len, block), reverse=True)
        if len(block[0]) > ROWS:  # its shapes follow from its own length, whatever else there is
            assert len(block) == 1
            assert rows_of(block, step) == rows_of(block, ROWS) == -(-len(block[0]) // PART) * PART
        else:
            assert sum(map(len, block)) <= rows_of(block, step) <= ROWS
            assert rows_of(block, step) % step == 0
            assert rows_of(block, ROWS) == ROWS


@given(st.lists(st.integers(1, 200), min_size=1, max_size=60), st.integers(1, 9))
def test_the_last_blocks_are_laid_out_so_that_all_threads_end_no_later(lengths: list[int], side_by_side: int) -> None:
    some = [(number, *[0] * (length - 1)) for number, length in enumerate(lengths)]

    def ends(blocks: list[list[tuple[int, ...]]]) -> int:
        busy = [0] * side_by_side
        for block in blocks:
            busy[busy.index(min(busy))] += rows_of(block, PART)
        return max(busy)

    assert ends(cut(some, PART, side_by_side)) <= ends(cut(some, ROWS, side_by_side))


def test_two_threads_share_what_would_have_been_one_block() -> None:
    some = texts(*[30] * 8)
    assert [rows_of(block, PART) for block in cut(some, PART, 2)] == [128, 128]
    assert [rows_of(block, PART) for block in cut(some, PART, 1)] == [256]
    assert [rows_of(block, PART) for block in cut(some, PART, 4)] == [64] * 4
    assert [rows_of(block, ROWS) for block in cut(some, ROWS, 4)] == [256]


def test_blocks_are_whole_where_a_product_says_something_else_of_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    some = texts(*[30] * 20)
    apart = PackedEncoder(model("bert"), padding=1)
    laid_out = packed._linear

    def otherwise(weight: torch.Tensor, bias: torch.Tensor, *, gelu: bool = False) -> object:
        product = laid_out(weight, bias, gelu=gelu)
        return lambda rows: product(rows) if rows.shape[0] % ROWS == 0 else product(rows) * (1 + 2**-20)

    monkeypatch.setattr(packed, "_linear", otherwise)
    whole = PackedEncoder(model("bert"), padding=1)
    assert [len(block) for block in apart.batches(some, 2)] == [8, 8, 2, 2]
    assert [len(block) for block in whole.batches(some, 2)] == [8, 8, 4]
    one, other = encoded(apart, some), encoded(whole, some)
    assert all(one[text].numpy().tobytes() == other[text].numpy().tobytes() for text in some)


@pytest.mark.parametrize(
    ("device", "changes"),
    [
        ("cuda", {}),
        ("cpu", {"model_type": "deberta-v2"}),
        ("cpu", {"hidden_act": "relu"}),
        ("cpu", {"position_embedding_type": "relative_key"}),
        ("cpu", {"is_decoder": True}),
        ("cpu", {"hidden_size": 50}),
    ],
)
def test_what_it_does_not_compute_is_left_to_transformers(device: str, changes: dict) -> None:
    config = {"model_type": "bert", "hidden_act": "gelu", "hidden_size": 48}
    assert can_pack(SimpleNamespace(**config), "cpu")
    assert not can_pack(SimpleNamespace(**{**config, **changes}), device)
