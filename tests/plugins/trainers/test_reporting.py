"""What a training tells while it goes on is read again with TensorBoard's own reader; a service that is not there is named."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

from harness_plugins.trainers import reporting
from harness_plugins.trainers.loop import Progress
from harness_plugins.trainers.reporting import Reporting, check_reporters

from harness.errors import MissingExtra


def told(folder: Path, steps: range, *, losses: list[float]) -> None:
    reporter = Reporting(
        ["tensorboard"], folder, {"batch": 4}, rate=lambda step, total: 1.0 - step / total, peak=lambda learner: 1000.0
    )
    for step in steps:
        notes: dict[str, Any] = {"held_out": [{"step": 4, "value": 7.5, "n": 3, "missing": 0}]} if step >= 4 else {}
        progress = Progress(step, losses[:step], read=100 * step, flops=50.0 * step, seconds=0.5 * step, total=8, notes=notes)
        assert reporter.on_step(None, progress) is False
    reporter.close()


def test_tensorboard_holds_every_step_once_even_where_a_training_was_stopped(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the package tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    told(tmp_path, range(1, 7), losses=[6.0, 5.0, 4.0, 3.0, 9.0, 9.0])
    told(tmp_path, range(5, 9), losses=[6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.25])  # from the checkpoint behind step 4
    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert {name: [(one.step, one.value) for one in read.Scalars(name)] for name in read.Tags()["scalars"]} == {
        "train/loss": [(1, 6.0), (2, 5.0), (3, 4.0), (4, 3.0), (5, 2.0), (6, 1.0), (7, 0.5), (8, 0.25)],
        "train/learning_rate": [(step, 1.0 - (step - 1) / 8) for step in range(1, 9)],
        "speed/tokens_per_second": [(step, 200.0) for step in (2, 3, 4, 6, 7, 8)],
        "speed/mfu": [(step, pytest.approx(0.1)) for step in (2, 3, 4, 6, 7, 8)],
        "held_out/value": [(4, 7.5)],
    }


def test_a_service_that_is_not_installed_or_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"report_to=wandb needs the package 'wandb'; install it with: pip install wandb"):
        check_reporters(["wandb"])
    with pytest.raises(ValueError, match="report_to takes tensorboard, wandb, mlflow, or a list of them, got 'comet'"):
        check_reporters("comet")
    assert check_reporters(None) == check_reporters([]) == ()
