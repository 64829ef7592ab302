"""Adapters are merged into the base as it was published; what cannot be computed here is said with what to do."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.judges.local_files import LocalModel, load_tokenizer
from harness_plugins.trainers.weights import Weights, merged
from tiny_models import tiny_llama

from harness.errors import HarnessError


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    return LocalModel("tiny", tiny_llama(tmp_path_factory.mktemp("models") / "tiny"), "0" * 64)


def test_adapters_merged_anew_are_those_that_were_trained(base: LocalModel, tmp_path: Path) -> None:
    how = Weights(lora=4)
    model = how.load(base, "cpu")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:  # zeros at first
                parameter.normal_(generator=torch.Generator().manual_seed(0))
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        wanted = model(ids).logits
    how.save(model, base, load_tokenizer(base), tmp_path / "model")
    with torch.no_grad():
        found = merged(base, tmp_path / "adapters", "float32")(ids).logits
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)
    assert (tmp_path / "model" / "model.safetensors").is_file()


def test_what_is_tuned_is_float32_and_the_rest_lies_in_dtype(base: LocalModel) -> None:
    model = Weights(lora=4, dtype="bfloat16").load(base, "cpu")
    kinds = {parameter.requires_grad: parameter.dtype for parameter in model.parameters()}
    assert kinds == {True: torch.float32, False: torch.bfloat16}
    whole = Weights(dtype="bfloat16").load(base, "cpu")
    assert {parameter.dtype for parameter in whole.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"quantize": "4bit"}, "something beside it must learn: set lora"),
        ({"quantize": "2bit", "lora": 4}, "quantize is one of 4bit, 8bit"),
        ({"dtype": "float16"}, "use bfloat16 or float32"),
        ({"kernels": "magic"}, "kernels is one of auto, none, liger, compile"),
    ],
)
def test_settings_that_do_not_fit_are_refused(params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Weights(**params)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"quantize": "4bit", "lora": 4}, "bitsandbytes on a GPU, and this training runs on cpu"),
        ({"kernels": "liger"}, "pip install liger-kernel|runs on a GPU"),
    ],
)
def test_what_only_a_gpu_computes_is_said(base: LocalModel, params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(HarnessError, match=complaint):
        Weights(**params).load(base, "cpu")
