"""The papers' decoder: what a token sees, positions as distances, and its place in transformers."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.attention import RelativeBias  # noqa: E402
from harness_plugins.retro.config import RetroConfig  # noqa: E402
from harness_plugins.retro.model import RetroForCausalLM  # noqa: E402

SHAPE = {
    "model_type": "harness-relative",
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 50,
    "max_distance": 6,
    "tie_word_embeddings": True,
    "pad_token_id": 0,
}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    config = RetroConfig(decoder=SHAPE, chunk=4, neighbour_length=8, cross_layers=[2], encoder_width=8, encoder_heads=2)
    made = RetroForCausalLM(config).double().eval()
    for part in made.modules():
        if isinstance(part, RelativeBias):
            torch.nn.init.normal_(part.weight)
    return made


@pytest.fixture
def ids():
    return torch.randint(0, 50, (2, 13), generator=torch.Generator().manual_seed(2))


def test_biases_are_those_of_their_distances():
    bias = RelativeBias(2, before=3, after=2)
    torch.nn.init.normal_(bias.weight)
    found = bias(4, 9, first=3)
    for query in range(4):
        for key in range(9):
            assert torch.equal(found[:, query, key], bias.weight[:, min(2, max(-3, key - query - 3)) + 3])
    found.sum().backward()
    assert bias.weight.grad.sum() == pytest.approx(2 * 4 * 9)


def test_no_token_depends_on_a_later_one(model, ids):
    other = ids.clone()
    other[:, 7] = (other[:, 7] + 1) % 50
    differing = (model(other).logits - model(ids).logits).abs().amax((0, 2)).nonzero().flatten().tolist()
    assert differing == list(range(7, 13))


def test_where_a_text_stands_changes_nothing(model, ids):
    mask = torch.ones_like(ids)
    mask[:, :5] = 0
    torch.testing.assert_close(model(ids, attention_mask=mask).logits[:, 5:], model(ids[:, 5:]).logits, rtol=0, atol=1e-12)


def test_it_generates_with_its_cache_what_it_generates_without(model, ids):
    near = torch.randint(0, 50, (50, 2, 8), generator=torch.Generator().manual_seed(3))
    model.retriever = lambda chunks: (near[chunks[..., 0]], torch.ones_like(near[chunks[..., 0]], dtype=torch.bool))
    options = {"attention_mask": torch.ones_like(ids), "max_new_tokens": 9, "do_sample": False}
    cached = model.generate(ids, **options)
    assert torch.equal(cached, model.generate(ids, use_cache=False, **options))
    model.retriever = None
    assert torch.equal(model.generate(ids, **options), model.generate(ids, use_cache=False, **options))


def test_saved_and_loaded_it_is_the_same_with_its_weights_tied(model, ids, tmp_path):
    model.save_pretrained(tmp_path)
    loaded = RetroForCausalLM.from_pretrained(tmp_path, dtype=torch.float64).eval()
    torch.testing.assert_close(loaded(ids).logits, model(ids).logits, rtol=0, atol=1e-14)
    assert loaded.get_output_embeddings().weight is loaded.get_input_embeddings().weight


def test_the_papers_model_is_of_the_papers_size():
    """Norlund et al. 2023: 12 layers of 1,536 and an encoder of 2 layers of 896, about 630 million weights."""
    from harness_plugins.retro.presets import shape

    config = shape("norlund", None, {}, vocabulary=32128, chunk=64, pad=0, end=1)
    with torch.device("meta"):
        made = RetroForCausalLM(config)
    assert config.cross_layers == [6, 9, 12]
    assert (config.chunk, config.neighbour_length, config.encoder_cross_layers) == (64, 128, [2])
    assert 600e6 < sum(parameter.numel() for parameter in made.parameters()) < 660e6
