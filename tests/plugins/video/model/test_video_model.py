"""A masked language model with video: without video what it holds, to the bit; padding never seen; saved and loaded whole."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_video_lm import FAMILIES, TEXT, aligned, tiny_base, tiny_tokenizer, tiny_tokens

from harness.errors import InputError, PluginError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.video.model.batch import collate  # noqa: E402  (needs torch)
from harness_plugins.video.model.config import BLANK, MASKED, VideoConfig, check_tokens, config_of  # noqa: E402
from harness_plugins.video.model.embeddings import VideoEmbeddings, waves  # noqa: E402
from harness_plugins.video.model.files import load_base, load_video_model, read_config  # noqa: E402
from harness_plugins.video.model.model import with_video  # noqa: E402
from harness_plugins.video.model.sequences import Row, rows_of, without_video  # noqa: E402


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tiny_tokens(tmp_path_factory.mktemp("tokens") / "t", levels=2)


@pytest.fixture(scope="module")
def rows(tokens: Any) -> list[Row]:
    """Three of different lengths: text and video, a short text and video, a long text alone."""
    examples = [aligned(0), aligned(1, "En cirkel", 1), aligned(2, TEXT + " " + TEXT, None)]
    return rows_of(examples, tiny_tokenizer(), tokens, frames=3, length=48).rows


def model_of(tokens: Any, family: str = "bert", *, seed: int = 0, head: bool = False, time: Any = "frames", **more: Any) -> Any:
    return with_video(tiny_base(family, **more), config_of(tokens.info, frames=3, head=head, time=time), seed=seed).eval()


@pytest.mark.parametrize("family", FAMILIES)
def test_without_video_the_logits_are_the_base_s_to_the_bit(family: str, tokens: Any, rows: list[Row]) -> None:
    model = model_of(tokens, family)
    for row in rows:
        ids = torch.from_numpy(row.text[None].astype(np.int64))
        with torch.no_grad():
            plain = model.base(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
            assert torch.equal(model.logits(collate([without_video(row)], 2)), plain)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_says_the_same_alone_and_beside_longer_rows(family: str, tokens: Any, rows: list[Row]) -> None:
    model = model_of(tokens, family)
    with torch.no_grad():
        together = model.logits(collate(rows, 2))
        for number, row in enumerate(rows):
            alone = model.logits(collate([row], 2))[0]
            assert torch.allclose(together[number, : len(alone)], alone, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_text_and_video_see_each_other(family: str, tokens: Any, rows: list[Row]) -> None:
    model = model_of(tokens, family)
    words = model.embeddings.code.weight
    inputs, length = collate(rows[:1], 2), len(rows[0].text)
    model.logits(inputs)[0, :length].sum().backward()
    assert (words.grad[rows[0].video.ravel()].abs().sum(1) > 0).all()  # each code moves what is said of the text
    model.zero_grad()
    model.logits(inputs)[0, length:].sum().backward()
    told = model.get_input_embeddings().weight.grad[torch.from_numpy(rows[0].text.astype(np.int64))]
    assert (told.abs().sum(1) > 0).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_flows_out_of_padding(family: str, tokens: Any, rows: list[Row]) -> None:
    model = model_of(tokens, family)
    inputs = collate(rows, 2)
    embedded = model._embedded(inputs).detach().requires_grad_()
    logits = model.base(
        inputs_embeds=embedded, attention_mask=inputs.real.long(), position_ids=inputs.positions + model.first
    ).logits
    logits[inputs.real].square().sum().backward()
    assert not embedded.grad[~inputs.real].any()
    assert (embedded.grad[inputs.real].abs().sum(1) > 0).all()


def test_a_text_as_long_as_the_model_reads_leaves_room_for_video(tokens: Any) -> None:
    model = model_of(tokens, positions=16)
    example = aligned(0, "cirkel " * 30)
    row = rows_of([example], tiny_tokenizer(), tokens, frames=3, length=16).rows[0]
    assert (len(row.text), row.length, model.text_positions) == (16, 16 + 3 * 4, 16)
    assert model.logits(collate([row], 2)).shape == (1, 28, 60)


@pytest.mark.parametrize("time", ["frames", "seconds"])
def test_order_in_time_and_place_in_the_picture_are_read(time: str, tokens: Any, rows: list[Row]) -> None:
    model = model_of(tokens, time=time)
    row = rows[0]
    backwards = Row(row.id, row.text, row.words, row.spans, row.video[::-1].copy(), row.times)
    mirrored = Row(row.id, row.text, row.words, row.spans, row.video[:, ::-1].copy(), row.times)
    length = len(row.text)
    with torch.no_grad():
        said, *others = (model.logits(collate([one], 2))[0, :length] for one in (row, backwards, mirrored))
    for other in others:
        assert (said - other).abs().max() > 1e-3


def test_a_video_vector_is_the_sum_of_its_parts() -> None:
    config = VideoConfig(codes=6, places=6, frames=3, levels=2, grid=(2, 3))
    part = VideoEmbeddings(config, 4, 0.5)
    codes, places, frames = (
        torch.tensor([[1, 4], [BLANK, BLANK], [MASKED, MASKED]]),
        torch.tensor([5, 0, 4]),
        torch.tensor([2, 0, 1]),
    )
    found = part(codes, places, frames, torch.zeros(3, dtype=torch.double))
    code, row, column, frame = part.code.weight, part.row.weight, part.column.weight, part.frame.weight
    assert torch.allclose(found[0], code[1] + code[4] + row[1] + column[2] + frame[2] + part.segment)
    assert torch.allclose(found[1], 2 * code[6] + row[0] + column[0] + frame[0] + part.segment)
    assert torch.allclose(found[2], 2 * code[7] + row[1] + column[1] + frame[1] + part.segment)


@pytest.mark.parametrize("levels", [1, 4])
def test_a_code_begins_as_large_as_what_is_added_to_it(levels: int) -> None:
    part = VideoEmbeddings(VideoConfig(codes=400, places=100, frames=100, levels=levels, grid=(10, 10)), 64, 0.5)
    of_a_place = part.code.weight[:400].view(levels, -1, 64).sum(0)
    assert of_a_place.std().item() == pytest.approx(0.5 * 6**0.5, rel=0.05)
    assert part.frame.weight.std().item() == pytest.approx(0.5, rel=0.05)


def test_seconds_are_told_by_waves_from_a_quarter_of_a_second_to_a_thousand() -> None:
    found = waves(torch.tensor([0.0, 0.0625, 250.0], dtype=torch.double), torch.float64)
    assert found.shape == (3, 32)
    assert found[0].tolist() == [0.0] * 16 + [1.0] * 16
    assert found[1, 0].item() == pytest.approx(1.0)  # a quarter of the fastest wave
    assert found[2, 15].item() == pytest.approx(1.0)  # a quarter of the slowest


def test_the_video_part_is_drawn_by_its_seed_alone(tokens: Any) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (model_of(tokens, seed=seed, head=True) for seed in (1, 1, 2))
    torch.manual_seed(5)
    assert torch.equal(torch.get_rng_state(), before)
    for name, tensor in one.embeddings.state_dict().items():
        assert torch.equal(tensor, same.embeddings.state_dict()[name])
        assert not torch.equal(tensor, other.embeddings.state_dict()[name])


@pytest.mark.parametrize("family", ["bert", "roberta", "modernbert", "deberta-v2"])
@pytest.mark.parametrize("head", [False, True])
def test_what_is_saved_says_the_same_when_loaded(family: str, head: bool, tokens: Any, rows: list[Row], tmp_path: Path) -> None:
    model = model_of(tokens, family, head=head)
    model.save_pretrained(tmp_path / "m")
    again = load_video_model(tmp_path / "m")
    inputs, every = collate(rows, 2), torch.arange(10)
    with torch.no_grad():
        one, other = model(inputs, every, every), again(inputs, every, every)
    assert again.video == model.video
    assert torch.equal(one[0], other[0])
    assert one[1] is other[1] is None if not head else torch.equal(one[1], other[1])


def test_a_saved_folder_is_also_one_of_transformers(tokens: Any, rows: list[Row], tmp_path: Path) -> None:
    from transformers import AutoModelForMaskedLM

    model = model_of(tokens)
    model.save_pretrained(tmp_path / "m")
    plain = AutoModelForMaskedLM.from_pretrained(tmp_path / "m").eval()
    ids = torch.from_numpy(rows[2].text[None].astype(np.int64))
    with torch.no_grad():
        assert torch.equal(plain(input_ids=ids).logits, model.logits(collate([without_video(rows[2])], 2)))


def test_folders_that_are_not_whole_are_refused(tokens: Any, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    model_of(tokens).save_pretrained(folder)
    config, weights = (folder / "video.json").read_text(), (folder / "video.safetensors").read_bytes()
    with pytest.raises(InputError, match=r"holds no model with video \(video.json is missing\)"):
        read_config(tmp_path)
    (folder / "video.json").write_text(config.replace('"version": 1', '"version": 2'))
    with pytest.raises(InputError, match="version 2"):
        load_video_model(folder)
    (folder / "video.json").write_text(json.dumps({"codes": 20}))
    with pytest.raises(InputError, match="not a description of a model with video"):
        load_video_model(folder)
    (folder / "video.json").write_text(config.replace('"frames": 3', '"frames": 4'))
    with pytest.raises(InputError, match="not of the model that"):
        load_video_model(folder)
    (folder / "video.json").write_text(config)
    (folder / "video.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(InputError, match=r"video\.safetensors: not the weights"):
        load_video_model(folder)
    (folder / "video.safetensors").unlink()
    with pytest.raises(InputError, match=r"video\.safetensors: not the weights"):
        load_video_model(folder)


def test_an_encoder_without_a_head_gets_one_by_its_seed(tmp_path: Path) -> None:
    base = tiny_base()
    base.bert.save_pretrained(tmp_path / "encoder")
    (one, lacking), (same, _), (other, _) = (load_base(tmp_path / "encoder", seed=seed) for seed in (1, 1, 2))
    assert all(name.startswith("cls.predictions") for name in lacking)
    assert lacking
    weights = [model.cls.predictions.transform.dense.weight for model in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(one.bert.embeddings.word_embeddings.weight, base.bert.embeddings.word_embeddings.weight)


def test_a_causal_model_is_refused_as_a_base(tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=1, n_positions=8)).save_pretrained(tmp_path / "gpt2")
    with pytest.raises(PluginError, match=r"model 'gpt2' \(gpt2\) is no masked language model"):
        load_base(tmp_path / "gpt2", name="gpt2")


@pytest.mark.parametrize(("family", "why"), [("fnet", "depends on padding"), ("convbert", "depends on padding")])
def test_models_that_see_padding_are_refused(family: str, why: str, tokens: Any) -> None:
    with pytest.raises(PluginError, match=f"cannot read video beside text: .*{why}"):
        model_of(tokens, family)


def test_gradient_checkpointing_changes_no_gradient(tokens: Any, rows: list[Row]) -> None:
    found = []
    for checkpointing in (False, True):
        model = model_of(tokens).train()
        if checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.logits(collate(rows, 2)).square().mean().backward()
        found.append({name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None})
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        assert torch.allclose(gradient, found[1][name], atol=1e-6), name


def test_every_parameter_of_the_video_part_has_a_gradient_without_video(tokens: Any, rows: list[Row]) -> None:
    model = model_of(tokens, head=True)
    logits, said = model(collate([without_video(rows[0])], 2), torch.arange(3), torch.empty(0, dtype=torch.long))
    (logits.sum() + said.sum()).backward()
    for name, parameter in [*model.embeddings.named_parameters(), *model.head.named_parameters()]:
        assert parameter.grad is not None, name
        assert not parameter.grad.any(), name


def test_a_config_that_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="grid of 2 × 2 has not 3 places"):
        VideoConfig(codes=4, places=3, frames=1, grid=(2, 2))
    with pytest.raises(ValueError, match="5 kinds of video tokens are not 2 levels"):
        VideoConfig(codes=5, places=3, frames=1, levels=2)
    with pytest.raises(ValueError, match="frames of video is at least 1, got 0"):
        VideoConfig(codes=5, places=3, frames=0)


def test_tokens_of_another_tokenizer_are_refused(tokens: Any, tmp_path: Path) -> None:
    config = config_of(tokens.info, frames=2)
    check_tokens(config, tokens.info, "tokens/")
    other = VideoConfig(**{**{name: getattr(config, name) for name in config.__struct_fields__}, "tokenizer": "cd" * 32})
    with pytest.raises(InputError, match=r"tokens/ was made with the video tokenizer abababababab….*cdcdcdcdcdcd…"):
        check_tokens(other, tokens.info, "tokens/")
    smaller = tiny_tokens(tmp_path / "s", 1, codes=5, levels=2)
    with pytest.raises(InputError, match="codes 10, and the model reads codes 20"):
        check_tokens(config, smaller.info, "s/")
    for wrong in (0, True, 1.5):
        with pytest.raises(ValueError, match="frames is a whole number of at least 1"):
            config_of(tokens.info, frames=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time is frames or seconds, got 'hours'"):
        config_of(tokens.info, frames=2, time="hours")  # type: ignore[arg-type]
