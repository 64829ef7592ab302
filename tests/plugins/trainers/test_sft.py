"""The trainer sft: a folder that generates what was taught, adapters, a resumed training, and what it refuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

from harness_plugins.generators.transformers_generator import TransformersGenerator
from harness_plugins.trainers.sft import Sft
from tiny_models import tiny_llama

from harness.errors import InputError, PluginError
from harness.plugins import load_plugins
from harness.protocols import HeldOut
from harness.records import Example
from harness.registry import PluginRef
from harness.stages.heldout import RegistryScorer
from harness.stages.train import read_trained, train

TAUGHT = [
    Example.from_instruction(f"e/{word}", f"säg {word}", [word], language="sv", split="train") for word in ("ja", "nej", "hej")
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of the test's own; one thread, since tiny matrices take longest where threads wait for each other."""
    import torch

    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def answers(model: Path) -> list[str | None]:
    generator = TransformersGenerator(str(model), device="cpu", max_new_tokens=8)
    return [output.text for output in generator.generate(TAUGHT)]


@pytest.mark.parametrize("how", [{}, {"lora": 16, "steps": 120}])
def test_the_tuned_folder_says_what_was_taught(tiny: Path, tmp_path: Path, how: dict[str, Any]) -> None:
    before = answers(tiny)
    trainer = Sft(str(tiny), **{"steps": 40, "batch": 3, "learning_rate": 0.01, "schedule": "constant", **how})
    checkpoint = trainer.train(TAUGHT, tmp_path / "run")
    assert answers(checkpoint) == ["ja", "nej", "hej"] != before
    facts = json.loads((checkpoint / "facts.json").read_text())
    assert facts["steps"] == len(facts["losses"]) == trainer.settings.steps
    assert (facts["sequences"], facts["answers_wholly_cut_off"]) == (3, 0)
    assert not list(checkpoint.glob("*.bin"))


def test_only_the_split_train_is_learned_from(tiny: Path, tmp_path: Path) -> None:
    held_out = Example.from_instruction("e/ut", "säg ut", ["ut"], language="sv", split="test")
    checkpoint = Sft(str(tiny), steps=1).train([*TAUGHT, held_out], tmp_path)
    assert json.loads((checkpoint / "facts.json").read_text())["sequences"] == 3


def test_it_is_a_stage_with_a_record(tiny: Path, tmp_path: Path) -> None:
    ref = PluginRef("sft", {"base": str(tiny), "steps": 2, "batch": 2})
    done = train(load_plugins(), "small", ref, TAUGHT, tmp_path)
    assert done.facts["steps"] == 2
    assert (done.facts["packing"], done.facts["attention"]) == (True, "harness_segments")
    assert all(done.facts[key] > 0 for key in ("tokens_per_second", "mfu", "peak_memory_bytes", "flops"))
    assert "model.safetensors" in done.files
    assert read_trained(tmp_path, "small") == done


def test_the_papers_settings_are_a_preset_that_can_be_overruled() -> None:
    paper, shorter = Sft("base", preset="sweinstruct"), Sft("base", preset="sweinstruct", epochs=1)
    assert (paper.style, paper.settings.epochs, paper.settings.batch, paper.settings.rate) == ("sweinstruct", 6.0, 32, 2e-5)
    assert (shorter.settings.epochs, shorter.settings.batch) == (1, 32)


def test_examples_of_which_nothing_fits_are_an_error(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no example is left to learn from: .*'answers_wholly_cut_off': 3"):
        Sft(str(tiny), max_length=4).train(TAUGHT, tmp_path)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"preset": "alpaca"}, "preset is one of sweinstruct"),
        ({"schedule": "wavy"}, "schedule is one of"),
        ({"learning_rate": 0}, "learning_rate is a number above 0"),
        ({"weight_decay": float("nan")}, "weight_decay is a number of at least 0, got nan"),
        ({"learning_rate": float("inf")}, "learning_rate is a number above 0, got inf"),
        ({"lora": 4, "lora_alpha": float("nan")}, "lora_alpha is a number above 0, got nan"),
        ({"steps": float("nan")}, "steps is a whole number of at least 1, got nan"),
        ({"batch": 0}, "batch is a number of at least 1"),
        ({"steps": 0}, "steps"),
        ({"parallel": "tensor"}, "parallel is one of auto, ddp, fsdp"),
        ({"patience": 2}, "give best_by a metric, or loss"),
        ({"best_by": "loss", "evaluate_every": 0}, "evaluate_every is a whole number of at least 1"),
        ({"report_to": "comet"}, "report_to takes"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Sft("base", **params)


def test_the_kept_checkpoint_has_the_value_that_its_answers_get(tiny: Path, tmp_path: Path) -> None:
    held = [msgspec.structs.replace(one, id=f"{one.id}/held", split="validation") for one in TAUGHT]
    how = {"base": str(tiny), "steps": 9, "batch": 3, "learning_rate": 0.01, "best_by": "chrf", "evaluate_every": 3}
    registry = load_plugins()
    done = train(registry, "small", PluginRef("sft", how | {"answer_tokens": 8}), [*TAUGHT, *held], tmp_path)
    told = done.facts["held_out"]
    assert [look["step"] for look in told["looks"]] == [3, 6, 9]
    assert told["best_value"] == max(look["value"] for look in told["looks"])
    generator = TransformersGenerator(str(tmp_path / done.checkpoint), device="cpu", max_new_tokens=8)
    assert RegistryScorer(registry).mean("chrf", held, list(generator.generate(held))) == HeldOut(told["best_value"], 3)


def test_a_metric_that_there_is_not_stops_before_anything_is_trained(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"unknown metric 'chrff'\. Did you mean 'chrf'"):
        train(load_plugins(), "small", PluginRef("sft", {"base": str(tiny), "best_by": "chrff"}), TAUGHT, tmp_path)
    assert not list(tmp_path.iterdir())
