"""The vLLM generator against a stand-in of vLLM's interface that runs a tiny model: what is asked, and what is made of replies.

vLLM itself needs a GPU; `benchmarks/gpu_generation.py` runs it where there is one.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[judge-transformers]")

from harness_plugins.generators.transformers_generator import TransformersGenerator
from harness_plugins.generators.vllm_generator import VllmGenerator
from tiny_models import tiny_llama

from harness.errors import MissingExtra
from harness.records import Example

EXAMPLES = [Example.from_instruction(f"e/{n}", "säg " + "hej " * n, ["hej"], language="sv") for n in range(1, 4)]
CHOICE = Example.from_instruction("c/1", "vilken", [], language="sv", kind="choice", choices=("ja", "nej tack"))


@dataclass
class SamplingParams:
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 16
    stop: list[str] | None = None
    seed: int | None = None
    prompt_logprobs: int | None = None


@dataclass
class BeamSearchParams:
    beam_width: int
    max_tokens: int


@dataclass
class LLM:
    """vLLM's offline interface, as its documentation describes it, over transformers."""

    model: str
    trust_remote_code: bool = True
    seed: int = 0
    dtype: str = "auto"
    told: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        assert not self.trust_remote_code
        self._model = AutoModelForCausalLM.from_pretrained(self.model).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(self.model)

    def generate(self, prompts: list[dict[str, list[int]]], params: list[SamplingParams], *, use_tqdm: bool) -> list[Any]:
        return [self._reply(prompt["prompt_token_ids"], how) for prompt, how in zip(prompts, params, strict=True)]

    def beam_search(self, prompts: list[dict[str, list[int]]], params: BeamSearchParams) -> list[Any]:
        found = [self._said(one["prompt_token_ids"], params.max_tokens, num_beams=params.beam_width) for one in prompts]
        return [SimpleNamespace(sequences=[SimpleNamespace(tokens=tokens)]) for tokens in found]

    def _said(self, prompt: list[int], limit: int, **how: Any) -> list[int]:
        import torch

        ids = torch.tensor([prompt])
        out = self._model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=limit, do_sample=False, pad_token_id=0, **how
        )
        return out[0].tolist()

    def _reply(self, prompt: list[int], how: SamplingParams) -> Any:
        import torch

        tokens = self._said(prompt, how.max_tokens)[len(prompt) :]
        finish = "stop" if tokens[-1] == self._tokenizer.eos_token_id else "length"
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        logprobs = None
        if how.prompt_logprobs is not None:
            with torch.no_grad():
                rows = self._model(torch.tensor([prompt])).logits[0].log_softmax(-1)
            told = [{token: SimpleNamespace(logprob=float(rows[at, token]))} for at, token in enumerate(prompt[1:])]
            logprobs = [None, *told]
        said = SimpleNamespace(text=text, token_ids=tokens, finish_reason=finish)
        return SimpleNamespace(outputs=[said], prompt_logprobs=logprobs)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    module, params = ModuleType("vllm"), ModuleType("vllm.sampling_params")
    module.LLM, module.SamplingParams, module.__version__ = LLM, SamplingParams, "0.0"  # type: ignore[attr-defined]
    params.BeamSearchParams = BeamSearchParams  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", params)


@pytest.mark.parametrize("beams", [1, 2])
@pytest.mark.usefixtures("vllm")
def test_it_says_what_transformers_says(tiny: Path, beams: int) -> None:
    asked = [*EXAMPLES, CHOICE, Example.from_instruction("e/long", "a" * 4090, [], language="sv")]
    ours = list(TransformersGenerator(str(tiny), device="cpu", max_new_tokens=8, beams=beams).generate(asked))
    theirs = list(VllmGenerator(str(tiny), max_new_tokens=8, beams=beams, dtype="float32").generate(asked))
    assert [(one.example_id, one.text, one.finish) for one in theirs] == [(one.example_id, one.text, one.finish) for one in ours]
    assert [value.sum for value in theirs[3].loglik or ()] == pytest.approx([v.sum for v in ours[3].loglik or ()], abs=1e-3)
    assert theirs[4].meta["status"] == "too-long"


@pytest.mark.usefixtures("vllm")
def test_code_of_a_model_stays_off(tiny: Path) -> None:
    with pytest.raises(ValueError, match="engine takes no 'trust_remote_code'"):
        VllmGenerator(str(tiny), engine={"trust_remote_code": True})


def test_without_vllm_the_line_that_installs_it_is_told(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtra, match="pip install vllm"):
        VllmGenerator(str(tiny))
