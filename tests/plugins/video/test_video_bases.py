"""Bases of video-grounded models: presets, configs, pretrained ones; what cannot be one is refused by name."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.video.bases import (  # noqa: E402
    TokenizerChoice,
    base_tokenizer,
    check_kind,
    chosen_tokenizer,
    find_base,
    from_scratch,
    longest_text,
    read_base,
)
from harness_plugins.video.presets import PRESETS, check_preset, shape  # noqa: E402
from harness_plugins.video.wordpiece import trained_tokenizer  # noqa: E402

from harness.errors import InputError, PluginError  # noqa: E402

TEXTS = ["en röd cirkel rullar åt vänster.", "ett grönt hus står stilla."] * 3
SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 48}


@pytest.fixture(scope="module")
def tokenizer():
    return trained_tokenizer(TEXTS, 80)


def test_presets_are_the_sizes_of_turc_et_al(tokenizer):
    # Turc et al. 2019, table 1: weights in millions with 30,522 words, of which words × width lie in the table
    published = {"tiny": 4.4, "mini": 11.3, "small": 29.1, "medium": 41.7, "base": 110.1}
    for name in ("tiny", "mini", "small"):
        model = from_scratch(name, {}, tokenizer, length=128, seed=0)
        weights = sum(parameter.numel() for parameter in model.parameters())
        width = PRESETS[name]["hidden_size"]
        assert (weights + (30_522 - len(tokenizer)) * width) / 1e6 == pytest.approx(published[name], rel=0.02)
        assert model.config.num_attention_heads == width // 64
    with pytest.raises(ValueError, match="mini"):
        check_preset("min")


def test_first_weights_of_a_preset_are_as_large_as_its_width_asks_for(tokenizer):
    said = {name: shape(name, {}, tokenizer=tokenizer, length=64)["initializer_range"] for name in PRESETS}
    assert said == {"tiny": 0.049, "mini": 0.0346, "small": 0.0245, "medium": 0.0245, "base": 0.02}  # .02 · √(768 / width)
    model = from_scratch("tiny", {"hidden_size": 64}, tokenizer, length=64, seed=0)
    assert float(model.bert.encoder.layer[0].intermediate.dense.weight.std()) == pytest.approx(0.02 * 12**0.5, rel=0.05)
    assert shape("tiny", {"initializer_range": 0.3}, tokenizer=tokenizer, length=64)["initializer_range"] == 0.3
    assert "initializer_range" not in shape(None, {"model_type": "bert", **SMALL}, tokenizer=tokenizer, length=64)


@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert", "electra", "deberta-v2"])
def test_a_config_makes_a_model_that_the_seed_decides(kind, tokenizer):
    first, same, other = (
        from_scratch(None, {"model_type": kind, **SMALL}, tokenizer, length=600, seed=seed) for seed in (1, 1, 2)
    )
    weights = [dict(model.named_parameters()) for model in (first, same, other)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert any(not torch.equal(value, weights[2][name]) for name, value in weights[0].items())
    assert first.get_input_embeddings().num_embeddings == len(tokenizer)
    ids = torch.full((1, 600), tokenizer.mask_token_id)
    assert torch.isfinite(first(ids, attention_mask=torch.ones_like(ids)).logits).all()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"model_type": "gpt2"}, "no masked language model of the type 'gpt2'"),
        ({"model_type": "bret"}, "'bert'"),
        ({"model_type": "bart"}, "no masked language model"),
        ({"model_type": "bert", "hiden_size": 32}, "hidden_size"),
        ({"model_type": "bert", "hidden_size": 33}, "multiple"),
        ({"model_type": "bert", "hidden_size": "big"}, r"config: .*'hidden_size'.*'big'"),
        ({"model_type": "modernbert", "hidden_size": [1]}, "config: .*'hidden_size'"),
    ],
)
def test_a_config_that_makes_no_model_is_refused(config, told, tokenizer):
    with pytest.raises(PluginError, match=told):
        from_scratch(None, config, tokenizer, length=64, seed=0)


def test_without_a_kind_of_model_there_is_none(tokenizer):
    with pytest.raises(ValueError, match="model_type"):
        from_scratch(None, {"hidden_size": 32}, tokenizer, length=64, seed=0)


def test_a_saved_model_is_read_as_it_was(tmp_path, tokenizer):
    made = from_scratch("tiny", SMALL, tokenizer, length=64, seed=5)
    made.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    base = find_base(str(tmp_path))
    check_kind(base)
    model, notes = read_base(base, 0)
    assert notes == []
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in made.state_dict().items())
    assert base_tokenizer(base).get_vocab() == tokenizer.get_vocab()


def test_an_encoder_without_a_head_gets_one_by_the_seed_and_says_so(tmp_path, tokenizer):
    from transformers import AutoModel

    made = from_scratch("tiny", SMALL, tokenizer, length=64, seed=5)
    AutoModel.from_config(made.config).save_pretrained(tmp_path)
    base = find_base(str(tmp_path))
    (first, notes), (same, _), (other, _) = (read_base(base, seed) for seed in (1, 1, 2))
    assert "a new one is learned" in notes[0]
    names = [name for name in first.state_dict() if name.endswith("transform.dense.weight")]
    assert names
    for name in names:
        assert torch.equal(first.state_dict()[name], same.state_dict()[name])
        assert not torch.equal(first.state_dict()[name], other.state_dict()[name])


def test_a_base_that_lacks_weights_is_refused(tmp_path, tokenizer):
    from safetensors.torch import load_file, save_file

    from_scratch("tiny", SMALL, tokenizer, length=64, seed=5).save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    held = {name: value for name, value in load_file(path).items() if "attention.self.query" not in name}
    save_file(held, path, {"format": "pt"})
    with pytest.raises(PluginError, match=r"lack .*query"):
        read_base(find_base(str(tmp_path)), 0)


def test_a_decoder_is_no_base(tmp_path, tokenizer):
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=8, n_layer=1, n_head=1, n_positions=16)).save_pretrained(tmp_path)
    with pytest.raises(PluginError, match=r"gpt2\) is no masked language model"):
        check_kind(find_base(str(tmp_path)))
    with pytest.raises(PluginError, match="GGUF"):
        find_base("smollm2")


def test_a_tokenizer_without_a_mask_is_refused(tmp_path, tokenizer):
    from transformers import PreTrainedTokenizerFast

    plain = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    plain.save_pretrained(tmp_path)
    with pytest.raises(PluginError, match="no mask token"):
        chosen_tokenizer(TokenizerChoice(str(tmp_path)), TEXTS, tmp_path / "own", writes=True)


def test_a_tokenizer_is_trained_once_and_then_read(tmp_path):
    choice = TokenizerChoice.of({"train": "wordpiece", "size": 40})
    first = chosen_tokenizer(choice, TEXTS, tmp_path, writes=True)
    again = chosen_tokenizer(choice, ["helt annan text"], tmp_path, writes=True)
    assert first.get_vocab() == again.get_vocab()
    assert len(first) == 40


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"train": "bpe"}, "wordpiece"),
        ({"train": "wordpiece", "siz": 9}, "size"),
        ({"train": "wordpiece", "size": 5}, "at least 6"),
        ({"train": "wordpiece", "size": True}, "whole number"),
        ({"train": "wordpiece", "lowercase": "no"}, "true or false"),
        (7, "name or folder"),
        (" ", "name or folder"),
    ],
)
def test_what_is_no_tokenizer_is_told(given, told):
    with pytest.raises(ValueError, match=told):
        TokenizerChoice.of(given)


def test_how_long_a_text_may_be(tokenizer):
    assert longest_text(512, tokenizer, None) == 512
    assert longest_text(128, tokenizer, None) == 128
    assert longest_text(None, tokenizer, None) == 512
    assert longest_text(128, tokenizer, 64) == 64
    with pytest.raises(InputError, match=r"128 tokens at most, not of 1,024"):
        longest_text(128, tokenizer, 1024)
    with pytest.raises(InputError, match="no room"):
        longest_text(128, tokenizer, 2)
