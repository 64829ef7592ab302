"""lm-eval's models as generators: texts, samples and choices of a tiny model, as the model itself gives them."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from harness_plugins.generators.lm_eval_generator import LmEvalGenerator
from harness_plugins.generators.transformers_generator import TransformersGenerator
from tiny_models import tiny_llama

from harness.errors import PluginError
from harness.plugins import load_plugins
from harness.records import Example
from harness.registry import PluginRef

EXAMPLES = [Example.from_instruction(f"e/{n}", "säg " + "hej " * n, ["hej"], language="sv") for n in range(1, 4)]
CHOICE = Example.from_instruction("c/1", "vilken", [], language="sv", kind="choice", choices=("ja", "nej tack"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def made(tiny: Path, **params: Any) -> LmEvalGenerator:
    args = {"pretrained": str(tiny), "device": "cpu", "dtype": "float32"}
    return LmEvalGenerator("hf", args=args, **{"max_new_tokens": 8, **params})


def test_hf_says_what_the_generator_of_this_program_says(tiny: Path) -> None:
    ours = list(TransformersGenerator(str(tiny), device="cpu", max_new_tokens=8).generate([*EXAMPLES, CHOICE]))
    theirs = list(made(tiny, ahead=2).generate([*EXAMPLES, CHOICE]))
    assert [one.text for one in theirs] == [one.text for one in ours]
    assert [one.example_id for one in theirs] == [one.example_id for one in ours]
    mine, other = [[value.sum for value in one[-1].loglik or ()] for one in (ours, theirs)]
    # lm-eval counts the line break that ends the prompt to each choice: all get the same on top
    assert other[0] - other[1] == pytest.approx(mine[0] - mine[1], abs=1e-3)
    assert [value.characters for value in theirs[-1].loglik or ()] == [2, 8]


def test_samples_are_drawn_from_the_seed(tiny: Path) -> None:
    first = [one.text for one in made(tiny, temperature=1.0, samples=3).generate(EXAMPLES[:1])]
    again = [one.text for one in made(tiny, temperature=1.0, samples=3).generate(EXAMPLES[:1])]
    assert first == again
    assert len(set(first)) > 1


def test_the_signature_holds_the_models_digest_and_no_key(tiny: Path, tmp_path: Path) -> None:
    other = tiny_llama(tmp_path / "tiny-llama")
    (other / "config.json").write_text(
        (other / "config.json").read_text().replace('"rms_norm_eps": 1e-06', '"rms_norm_eps": 1e-05')
    )
    assert made(tiny).signature != made(other).signature
    keyed = LmEvalGenerator("openai-completions", args={"model": "m", "api_key": "sk-secret", "tokenizer_backend": "tiktoken"})
    assert "sk-secret" not in keyed.signature
    assert "tiktoken" in keyed.signature


def test_what_is_not_there_is_said(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lm-eval has no model 'hff'"):
        LmEvalGenerator("hff")
    nothing = LmEvalGenerator("hf", args={"pretrained": str(tmp_path / "nothing"), "device": "cpu"})
    with pytest.raises(PluginError, match="'hf' cannot be opened with"):
        list(nothing.generate(EXAMPLES[:1]))


def test_it_is_found_by_its_name(tiny: Path) -> None:
    params = {"model": "hf", "args": {"pretrained": str(tiny), "device": "cpu"}, "max_new_tokens": 3, "chat": False}
    assert len(list(load_plugins().build("generator", PluginRef("lm-eval", params)).generate(EXAMPLES[:1]))) == 1
