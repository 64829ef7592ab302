"""What stops a training is told with the setting to change, and the training goes on once it is changed."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.trainers.checks import left_out, memory_told
from harness_plugins.trainers.learner import Learner
from harness_plugins.trainers.sft import Sft
from harness_plugins.trainers.tokenised import Tokenised
from tiny_models import tiny_llama

from harness.errors import InputError, PluginError
from harness.plugins import load_plugins
from harness.records import Example
from harness.registry import PluginRef
from harness.stages.train import train

TAUGHT = [Example.from_instruction(f"e/{word}", f"säg {word}", [word], language="sv") for word in ("ja", "nej", "hej")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("base", ["/nowhere/model", "../model", "a/b/c", "model.gguf", __file__])
def test_a_base_that_cannot_be_is_found_without_training(base: str) -> None:
    with pytest.raises(PluginError, match=r"it is no folder, no GGUF file and no name on the hub"):
        Sft(base).check(TAUGHT)


def test_a_check_takes_what_could_be_trained_and_refuses_examples_without_any_answer(tiny: Path) -> None:
    for base in (str(tiny), "owner/name@main", "smollm2"):  # the hub is not asked
        Sft(base).check(TAUGHT)
    unanswered = [Example.from_instruction(f"e/{n}", "säg", answers, language="sv") for n, answers in enumerate(([], [" "]))]
    with pytest.raises(InputError, match="none of 2 has an answer"):
        Sft(str(tiny)).check(unanswered)


def test_memory_that_a_device_does_not_have_names_the_settings(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"lower batch_tokens \(now 4,096\) .* from the beginning"), memory_told(tmp_path, 4096):
        torch.empty(2**60)  # what PyTorch really says on a CPU
    (tmp_path / "state").mkdir()
    (tmp_path / "state/step-00000200.json").touch()
    with pytest.raises(PluginError, match="goes on behind step 200"), memory_told(tmp_path, 4096):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    with pytest.raises(RuntimeError, match="something else"), memory_told(tmp_path, 4096):
        raise RuntimeError("something else")


def test_a_training_that_ran_out_of_memory_goes_on_with_the_setting_it_was_told(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = 0
    forward = Learner.forward

    def full_after_three(self: Any, rows: Any) -> Any:
        nonlocal passes
        passes += 1
        if passes > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, rows)

    def run(name: str, folder: Path, tokens: int) -> Any:
        how = {"base": str(tiny), "steps": 4, "batch": 3, "save_every": 1, "batch_tokens": tokens}
        return train(load_plugins(), name, PluginRef("sft", how), TAUGHT, folder)

    whole = run("whole", tmp_path / "a", 4096)
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "forward", full_after_three)
        with pytest.raises(PluginError, match="goes on behind step 3"):
            run("small", tmp_path / "b", 4096)
    done = run("small", tmp_path / "b", 40)
    assert done.facts["losses"] == pytest.approx(whole.facts["losses"], abs=1e-5)
    assert done.facts["losses"][:3] == whole.facts["losses"][:3]


def test_a_model_without_a_chat_template_is_told_the_other_styles(tiny: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in tiny.iterdir():
        (bare / file.name).write_bytes(file.read_bytes())
    settings = json.loads((bare / "tokenizer_config.json").read_text())
    del settings["chat_template"]
    (bare / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match=r"has no chat template, .* choose style: sweinstruct, alpaca or plain"):
        Sft(str(bare), steps=1).train(TAUGHT, tmp_path / "run")
    assert (Sft(str(bare), steps=1, style="alpaca").train(TAUGHT, tmp_path / "run") / "model.safetensors").is_file()


def test_answers_that_do_not_fit_are_counted_and_named(tiny: Path, tmp_path: Path) -> None:
    long = [Example.from_instruction("e/lång", "säg", ["ja" * 40], language="sv")]
    facts = json.loads((Sft(str(tiny), steps=1, max_length=64).train([*TAUGHT, *long], tmp_path) / "facts.json").read_text())
    assert facts["notes"] == ["1 answers lost their end at 64 tokens (e/lång)"]
    some = Tokenised(dropped=["a", "b", "c", "d"], empty=["e"])
    assert left_out(some, 64) == [
        "4 answers were left out: at 64 tokens nothing of them remains (a, b, c …)",
        "1 answers were left out: they are empty (e)",
    ]
