"""Training goes on exactly where it stopped, in one process or several, and refuses what it cannot go on from."""

import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[train]")
pytest.importorskip("torch", reason="needs metaeval-harness[train]")

import torch
from harness_plugins.trainers.learner import Learner
from harness_plugins.trainers.loop import Progress, Settings, fit, step_rows
from harness_plugins.trainers.tokenised import Row

from harness.errors import InputError

HOW = Settings(steps=6, batch=4, tokens=24, rate=0.01, save_every=2)


def tiny(dropout: float = 0.0) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=30,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        attention_dropout=dropout,
    )
    return Learner(LlamaForCausalLM(config).double())


def rows() -> list[Row]:
    generator = torch.Generator().manual_seed(5)
    lengths = torch.randint(3, 9, (10,), generator=generator).tolist()
    return [
        Row(f"r/{n}", tuple(torch.randint(0, 30, (length,), generator=generator).tolist()), length // 2)
        for n, length in enumerate(lengths)
    ]


def weights(model: Any) -> list[Any]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def test_the_loss_falls_on_what_is_learned(tmp_path: Path) -> None:
    done = fit(tiny(), rows(), Settings(steps=40, batch=10, rate=0.02), tmp_path)
    assert done.step == len(done.losses) == 40
    assert done.losses[-1] < done.losses[0] / 2


@pytest.mark.parametrize("stop", [2, 3, 5])
def test_a_training_that_was_stopped_ends_with_the_same_losses_and_weights(tmp_path: Path, stop: int) -> None:
    whole = tiny(dropout=0.1)
    wanted = fit(whole, rows(), HOW, tmp_path / "whole")

    class Killer:
        def on_step(self, learner: Any, progress: Progress) -> bool:
            if progress.step == stop:
                raise KeyboardInterrupt
            return False

    with pytest.raises(KeyboardInterrupt):
        fit(tiny(dropout=0.1), rows(), HOW, tmp_path / "stopped", watchers=[Killer()])
    resumed = tiny(dropout=0.1)
    again = fit(resumed, rows(), HOW, tmp_path / "stopped")
    assert again.losses == wanted.losses
    assert all(torch.equal(one, other) for one, other in zip(weights(whole), weights(resumed), strict=True))


def test_what_is_finished_is_not_trained_again(tmp_path: Path) -> None:
    first = fit(tiny(), rows(), HOW, tmp_path)

    class Complaint:
        def on_step(self, learner: Any, progress: Progress) -> bool:
            pytest.fail("a step was made")

    assert fit(tiny(), rows(), HOW, tmp_path, watchers=[Complaint()]) == first


def test_a_watcher_ends_a_training_for_good_and_its_notes_are_kept(tmp_path: Path) -> None:
    class Enough:
        def on_step(self, learner: Any, progress: Progress) -> bool:
            progress.notes["seen"] = progress.step
            return progress.step == 3

    done = fit(tiny(), rows(), HOW, tmp_path, watchers=[Enough()])
    again = fit(tiny(), rows(), HOW, tmp_path)
    assert (done.step, again.step, again.ended, again.notes) == (3, 3, True, {"seen": 3})


def test_micro_batches_change_nothing_but_the_last_digits(tmp_path: Path) -> None:
    one, other = tiny(), tiny()
    fit(one, rows(), HOW, tmp_path / "a")
    fit(other, rows(), Settings(**{**HOW.__dict__, "tokens": 1000}), tmp_path / "b")
    for first, second in zip(weights(one), weights(other), strict=True):
        torch.testing.assert_close(first, second, atol=1e-9, rtol=1e-7)


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    fit(tiny(), rows(), HOW, tmp_path)
    with pytest.raises(InputError, match=r"rate was 0\.01 and is 0\.5"):
        fit(tiny(), rows(), Settings(**{**HOW.__dict__, "rate": 0.5}), tmp_path)


def test_a_checkpoint_cut_short_is_named_with_what_to_do(tmp_path: Path) -> None:
    fit(tiny(), rows(), HOW, tmp_path)
    file = tmp_path / "state/step-00000006.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match=r"step-00000006\.json: this checkpoint is damaged .* delete step-00000006"):
        fit(tiny(), rows(), HOW, tmp_path)


def test_a_loss_that_is_not_finite_stops_and_names_examples(tmp_path: Path) -> None:
    model = tiny()
    with torch.no_grad():
        model.model.lm_head.weight.fill_(math.inf)
    with pytest.raises(InputError, match=r"step 1: the loss or its gradient is not finite \(examples r/"):
        fit(model, rows(), HOW, tmp_path)
    assert not (tmp_path / "state").exists()


def test_an_epoch_passes_over_every_row_once() -> None:
    seen = [place for step in range(5) for place in step_rows(10, step, 4, seed=1)]
    assert sorted(seen[:10]) == sorted(seen[10:20]) == list(range(10))
    assert seen[:10] != seen[10:20]
