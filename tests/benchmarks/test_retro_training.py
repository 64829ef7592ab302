"""The benchmarks of training with retrieval compare models of one size, count what is computed, and run."""

import importlib.util

import pytest

pytest.importorskip("torch", reason="needs metaeval-harness[retro]")
pytest.importorskip("transformers", reason="needs metaeval-harness[retro]")

from benchmark_scripts import benchmark


@pytest.fixture(scope="module")
def script():
    return benchmark("retro_training")


@pytest.fixture(scope="module")
def small(script):
    return script.Shape(64, 4, heads=2, words=200, length=192)


def test_cross_attention_is_in_the_papers_layers(script):
    assert script.Shape(384, 12).cross == [6, 9, 12]
    assert script.Shape(256, 2).cross == [1, 2]


def test_gated_parts_have_as_many_weights_as_plain_ones(script):
    shape = script.Shape(384)
    assert 8 * 384**2 <= 3 * 384 * shape.gated <= 8.1 * 384**2


def test_the_order_changes_from_round_to_round(script):
    asked = []
    found = script.in_turn(lambda: asked.append("ours") or 1.0, lambda: asked.append("peer") or 2.0, 3)
    assert asked == ["ours", "peer", "peer", "ours", "ours", "peer"]
    assert found == [(1.0, 2.0)] * 3


def test_the_counted_products_are_those_of_the_arithmetic(script, small):
    """Without retrieval: 6 operations a weight and token, and the two products of attention over all pairs, backward twice."""
    model = script.our_model(small)
    corpus = script.Corpus(small, 1)
    counted = script.products(model, corpus, None)
    width, read = 64, small.length - 1
    matrices = 4 * (4 * width**2 + 3 * width * small.gated)
    head = 200 * width
    pairs = 4 * 12 * width * read**2
    # the output layer's logits are computed once, with their gradient in place
    assert counted == pytest.approx(6 * read * (matrices + head) + pairs, rel=0.02)


def test_retrieval_costs_more_products(script, small):
    model, corpus = script.our_model(small), script.Corpus(small, 1)
    assert script.products(model, corpus, corpus.near) > 1.5 * script.products(model, corpus, None)


def test_the_loop_gives_a_speed_with_retrieval_and_without(script, small):
    model, corpus = script.papers_model(small), script.Corpus(small, 2)
    for near in (corpus.near, None):
        assert script.loop_speed(model, corpus, near, script.Speed(1), 1, 1) > 0


def test_the_papers_model_is_the_preset_in_its_proportions(script):
    import torch

    with torch.device("meta"):
        model = script.papers_model(script.Shape(1536, 12, words=32_128))
    config = model.config.get_text_config()
    assert (config.num_attention_heads, config.intermediate_size) == (12, 6144)
    assert (model.config.encoder_width, model.config.encoder_heads, model.config.encoder_hidden) == (896, 14, 3584)
    small = script.papers_model(script.Shape(128, 2, words=100, length=128)).config
    assert small.encoder_width / 128 == pytest.approx(896 / 1536, abs=0.2)


@pytest.mark.slow
def test_both_sides_are_of_a_size(script):
    if importlib.util.find_spec("retro_pytorch") is None or importlib.util.find_spec("einops") is None:
        pytest.skip("retro-pytorch or einops is not installed")
    shape = script.Shape(256, 2, words=300, length=128)
    assert "TFLOP in products" in script.compared(shape, script.Corpus(shape, 1))


def test_the_script_for_a_gpu_runs_on_a_processor(script, small):
    import torch

    gpu = benchmark("gpu_retro")
    how = gpu.Setting(1, dropout=False)
    found = gpu.run(small, script.Corpus(small, 2), how, 1, 1, torch.device("cpu"), on=True)
    assert found.failure == ""
    assert found.speed > 0
    assert found.each > 0
    assert gpu.told(found, 1e12).endswith("GiB")
