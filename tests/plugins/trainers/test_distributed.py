"""Two processes train what one trains, each with the whole model or a part of it, and go on from each other's checkpoints."""

import os
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.trainers.distributed import joined
from harness_plugins.trainers.loop import fit
from harness_plugins.trainers.selection import answering
from small_training import HOW, learner, rows, weights

from harness.errors import InputError

WORKER = """
import faulthandler
import sys
from dataclasses import replace
from pathlib import Path
import torch
torch.set_num_threads(1)
faulthandler.dump_traceback_later(200, exit=True)
from harness_plugins.generators.engine import Wish, answers
from harness_plugins.judges.local_torch import Sampling
from harness_plugins.trainers.distributed import joined
from harness_plugins.trainers.loop import fit
from harness_plugins.trainers.selection import answering
from small_training import HOW, StopAt, learner, rows

folder, found = Path(sys.argv[1]), {}


def keep(name, processes, taught, done):
    found[name] = {"losses": done.losses, "weights": list(processes.weights(dict(taught.model.named_parameters())).values())}


for kind in ("ddp", "fsdp"):
    with joined(kind) as processes:
        processes = replace(processes, bucket=50)  # several exchanges a step
        taught = learner(recomputing=True)
        keep(f"{kind}-whole", processes, taught, fit(taught, rows(), HOW, folder / kind, processes=processes))
        with processes.whole(taught), answering(taught.model):
            taught.eval()
            wish = Wish(0, [1, 2, 3], Sampling(5, 0.0, 1.0, 0))
            said = [answer.tokens for answer in answers(taught.model, [wish], frozenset())] if processes.rank else []
        found[f"{kind}-whole"]["said"] = processes.gather(said)[1]
        taught = learner().float()
        keep(f"{kind}-float", processes, taught, fit(taught, rows(), HOW, folder / f"{kind}-float", processes=processes))
        try:
            fit(learner(), rows(), HOW, folder / f"{kind}-stopped", processes=processes, watchers=[StopAt(3)])
        except KeyboardInterrupt:
            pass
for kind, other in (("ddp", "fsdp"), ("fsdp", "ddp")):
    with joined(kind) as processes:
        taught = learner()
        keep(f"{other}-stopped", processes, taught, fit(taught, rows(), HOW, folder / f"{other}-stopped", processes=processes))
        if processes.rank == 0:
            torch.save(found, folder / "found.pt")
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What two processes found: losses and weights by kind and model."""
    folder = tmp_path_factory.mktemp("two")
    script = folder / "worker.py"
    script.write_text(WORKER)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", str(script), str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, timeout=300, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-6000:]
    return torch.load(folder / "found.pt", weights_only=True)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What one process finds."""
    taught = learner()
    done = fit(taught, rows(), HOW, tmp_path_factory.mktemp("alone"))
    return {"losses": done.losses, "weights": weights(taught), "model": taught.model}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["whole", "stopped"])
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_two_processes_train_what_one_trains(found: Any, alone: Any, kind: str, name: str) -> None:
    of_two, of_one = found[f"{kind}-{name}"], alone
    assert of_two["losses"] == pytest.approx(of_one["losses"], abs=1e-9)
    assert len(of_two["weights"]) == len(of_one["weights"])
    for one, other in zip(of_one["weights"], of_two["weights"], strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_a_process_can_ask_the_whole_model_by_itself(found: Any, alone: Any, kind: str) -> None:
    from harness_plugins.generators.engine import Wish, answers
    from harness_plugins.judges.local_torch import Sampling

    with answering(alone["model"].eval()):
        [answer] = answers(alone["model"], [Wish(0, [1, 2, 3], Sampling(5, 0.0, 1.0, 0))], frozenset())
    assert found[f"{kind}-whole"]["said"] == [answer.tokens]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_single_precision_differs_in_its_last_digits_alone(found: Any, alone: Any, kind: str) -> None:
    assert found[f"{kind}-float"]["losses"] == pytest.approx(alone["losses"], abs=1e-5)


def test_one_process_is_alone() -> None:
    with joined() as processes:
        assert (processes.rank, processes.world) == (0, 1)
        assert processes.gather("this") == ["this"]


def test_several_processes_of_which_one_was_started_are_no_silent_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(InputError, match=r"with --cpu it starts one; use `torchrun"), joined():
        pass
