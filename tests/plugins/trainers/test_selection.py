"""The best weights are kept and not the last, a training ends where nothing gets better, and a kill changes none of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.judges.local_prompts import Prompts
from harness_plugins.trainers.distributed import Processes
from harness_plugins.trainers.loop import Progress, Settings, fit
from harness_plugins.trainers.selection import Asked, Choice, Selection, held_out
from small_training import StopAt, learner, rows, weights
from tiny_models import tiny_llama

from harness.errors import InputError, PluginError
from harness.protocols import HeldOut
from harness.records import Example, Output

HOW = Settings(steps=8, batch=4, rate=0.02, schedule="constant", save_every=3)
EXAMPLE = Example.from_instruction("e/1", "a", ["b"], language="sv", split="validation")


class Told:
    """A scorer whose values are known beforehand."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values = list(values)

    def higher_is_better(self, metric: str) -> bool:
        return metric != "errors"

    def mean(self, metric: str, examples: Sequence[Example], outputs: Sequence[Output]) -> HeldOut:
        assert [output.example_id for output in outputs] == [example.id for example in examples]
        return HeldOut(self.values.pop(0), len(outputs))


class Kept:
    """A watcher that keeps copies of the weights behind every step."""

    def __init__(self) -> None:
        self.weights: dict[int, list[Any]] = {}

    def on_step(self, taught: Any, progress: Progress) -> bool:
        self.weights[progress.step] = weights(taught)
        return False


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Prompts:
    from transformers import AutoTokenizer

    return Prompts(AutoTokenizer.from_pretrained(tiny_llama(tmp_path_factory.mktemp("models") / "tiny")), "tiny")


def selection(
    prompts: Prompts, folder: Path, metric: str = "told", values: Sequence[float] = (), patience: int = 0, every: int = 2
) -> Selection:
    return Selection(
        Choice(metric, every, patience, answer=2),
        Asked([(EXAMPLE, [1, 2, 3])], []),
        rows(20)[10:],
        Told(values),
        folder,
        Processes(),
        prompts=prompts,
        every=every,
        tokens=64,
        longest=16,
    )


def same(one: list[Any], other: list[Any]) -> bool:
    return all(torch.equal(first, second) for first, second in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("told", [0.2, 0.5, 0.4, 0.1], 4),
        ("told", [0.2, 0.5, 0.5, 0.1], 4),
        ("told", [0.1, 0.2, 0.3, 0.4], 8),
        ("errors", [3, 4, 2, 5], 6),
    ],
)
def test_the_best_weights_are_kept_and_of_equals_the_first(
    prompts: Prompts, tmp_path: Path, metric: str, values: list[float], best: int
) -> None:
    taught, kept, chosen = learner(), Kept(), selection(prompts, tmp_path, metric, values)
    done = fit(taught, rows(), HOW, tmp_path, watchers=[kept, chosen])
    facts = chosen.finish(taught, done)
    assert [(look["step"], look["value"]) for look in facts["looks"]] == list(zip([2, 4, 6, 8], values, strict=True))
    assert (facts["best_step"], facts["ended_early"]) == (best, False)
    assert same(weights(taught), kept.weights[best])


@pytest.mark.parametrize(("patience", "steps"), [(1, 6), (2, 8), (3, 8)])
def test_training_ends_where_looks_bring_nothing_better(prompts: Prompts, tmp_path: Path, patience: int, steps: int) -> None:
    taught, chosen = learner(), selection(prompts, tmp_path, values=[0.2, 0.5, 0.4, 0.5], patience=patience)
    done = fit(taught, rows(), HOW, tmp_path, watchers=[chosen])
    assert (done.step, chosen.finish(taught, done)["ended_early"]) == (steps, steps < 8)
    again = fit(learner(), rows(), HOW, tmp_path, watchers=[selection(prompts, tmp_path, patience=patience)])
    assert again == done  # a training that has ended makes no further step


@pytest.mark.parametrize(("stop", "save_every"), [(1, 3), (3, 1), (4, 3), (6, 8), (7, 3)])
def test_a_kill_changes_nothing_of_what_is_chosen(prompts: Prompts, tmp_path: Path, stop: int, save_every: int) -> None:
    how = Settings(**{**HOW.__dict__, "save_every": save_every, "rate": 0.1})

    def trained(folder: Path, *watchers: Any) -> tuple[dict[str, Any], list[Any]]:
        taught, chosen = learner(), selection(prompts, folder, "loss", every=1)
        done = fit(taught, rows(), how, folder, watchers=[chosen, *watchers])
        return chosen.finish(taught, done), weights(taught)

    facts, tensors = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped", StopAt(stop))
    again, others = trained(tmp_path / "stopped")
    assert again == facts
    assert facts["best_step"] not in (1, 8)  # the rows that are held out get worse again
    assert same(tensors, others)


KILLED = """
import os
import signal
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from harness_plugins.trainers.loop import fit
from small_training import learner, rows
from test_selection import HOW


class KillAt5:
    def on_step(self, taught, progress):
        if progress.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return False


fit(learner(), rows(), HOW, Path(sys.argv[1]), watchers=[KillAt5()])
"""


@pytest.mark.slow
def test_a_process_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed")]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}, timeout=300)
    assert killed.returncode == -signal.SIGKILL
    assert [path.stem for path in (tmp_path / "killed/state").glob("*.json")] == ["step-00000003"]
    whole, resumed = learner(), learner()
    wanted = fit(whole, rows(), HOW, tmp_path / "whole")
    again = fit(resumed, rows(), HOW, tmp_path / "killed")
    assert again.losses == wanted.losses
    assert same(weights(whole), weights(resumed))


def test_best_weights_cut_short_are_named(prompts: Prompts, tmp_path: Path) -> None:
    taught, chosen = learner(), selection(prompts, tmp_path, values=[0.5, 0.4, 0.3, 0.2])
    done = fit(taught, rows(), HOW, tmp_path, watchers=[chosen])
    [best] = (tmp_path / "best").iterdir()
    best.write_bytes(best.read_bytes()[:-8])
    with pytest.raises(InputError, match=r"step-00000002\.safetensors: the best weights cannot be read"):
        chosen.finish(taught, done)


def test_weights_that_are_no_longer_needed_are_deleted(prompts: Prompts, tmp_path: Path) -> None:
    fit(learner(), rows(), HOW, tmp_path, watchers=[selection(prompts, tmp_path, values=[0.1, 0.2, 0.3, 0.4])])
    assert len(list((tmp_path / "best").iterdir())) <= 3


def test_held_out_examples_that_cannot_be_asked_are_told(prompts: Prompts) -> None:
    with pytest.raises(InputError, match=r"the split 'dev', and no example of it has an answer \(splits: validation\)"):
        held_out([EXAMPLE], Choice("chrf", split="dev"), prompts, "plain", 10)
    with pytest.raises(PluginError, match="was handed no metrics"):
        Choice("chrf").higher(None)
    with pytest.raises(ValueError, match=r"patience is a whole number of at least 0, got 1\.5"):
        Choice("chrf", patience=1.5)  # type: ignore[arg-type]
