"""One run of an experiment: a model trained with an arm's neighbours from a seed, and what is measured of it."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from harness.whole_files import replace_file
from harness_plugins.retro.analyses.losses import token_losses
from harness_plugins.retro.analyses.overlap import Overlap, token_overlap
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.experiments.arms import Near, natural, read_by, usable
from harness_plugins.retro.experiments.config import Experiment
from harness_plugins.retro.experiments.material import Material, material_of
from harness_plugins.retro.learner import RetroLearner, stretches
from harness_plugins.retro.learner import near as near_of_table
from harness_plugins.retro.sequences import Sequences, cut
from harness_plugins.retro.shapes import from_scratch
from harness_plugins.trainers.loop import Progress, Settings, fit

RESULT = "result.json"
_CURVE = "held_out_losses"


@dataclass(frozen=True)
class RunSettings(Settings):
    """The loop's settings, and AdamW's second decay."""

    beta2: float = 0.98


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Mean held-out losses behind a step, in nats, over the tokens that could read: with natural neighbours, with those of the
    arm's own kind, without any."""

    step: int
    natural: float
    own: float
    off: float


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap of chunks: mean over tokens, and standard deviation over chunks."""

    mean: float
    deviation: float


class Swapped(msgspec.Struct, frozen=True, kw_only=True):
    """One retriever at inference: perplexity, mean overlap, gain on all, copied and other tokens, correlations with the chunks'
    log gain, log gain by overlap bin with the number of chunks."""

    perplexity: float
    overlap: float
    gain: float
    gain_copied: float | None
    gain_others: float | None
    share_of_gain_copied: float | None
    correlations: dict[str, dict[str, float | None]] = {}
    bins: tuple[tuple[float, float | None, int], ...] = ()


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one run gave. `seconds`: of training and measuring in this process; `exact`: share of questions answered
    exactly, `exact_off`: without neighbours."""

    arm: str
    seed: int
    steps: int
    looks: tuple[Look, ...]
    train_losses: tuple[float, ...]
    overlap_trained: Spread
    overlap_held: Spread
    parameters: int
    learned_tokens: int
    seconds: float
    questions: int = 0
    exact: float | None = None
    exact_off: float | None = None
    swapped: dict[str, Swapped] = {}


def run_one(experiment: Experiment, folder: Path, arm: str, seed: int) -> RunResult:
    """The result of the run, kept in its own folder: read where it is there, else computed, going on from a checkpoint."""
    place = run_folder(folder, arm, seed)
    if (place / RESULT).is_file():
        return msgspec.json.decode((place / RESULT).read_bytes(), type=RunResult)
    start = time.perf_counter()
    material = material_of(experiment, folder / "material")
    made = _trained(experiment, material, arm, seed, place)
    result = _measured(experiment, material, folder, made, arm, seed, start)
    place.mkdir(parents=True, exist_ok=True)
    replace_file(place / RESULT, msgspec.json.format(msgspec.json.encode(result)))
    return result


def run_folder(folder: Path, arm: str, seed: int) -> Path:
    """Where a run lies."""
    return folder / "runs" / f"{arm}-seed-{seed}"


@dataclass(frozen=True)
class _Made:
    model: Any
    done: Progress
    held: "HeldOut"
    trained: Spread


class HeldOut:
    """A watcher that looks at held-out losses every so many steps, and before the first."""

    def __init__(self, corpus: Database, length: int, naturals: Near, own: Near, every: int) -> None:
        every_row = cut(corpus, length)
        self.corpus, self.rows = corpus, every_row[every_row.chunks > 1]
        self.natural, self.own, self._every = naturals, own, every
        self.overlap: Overlap = token_overlap(corpus, own, self.rows)

    def look(self, model: Any, step: int) -> Look:
        """The losses now."""
        with_natural = self.mean(self.losses(model, self.natural))
        own = with_natural if self.own is self.natural else self.mean(self.losses(model, self.own))
        return Look(step=step, natural=with_natural, own=own, off=self.mean(self.losses(model, None)))

    def losses(self, model: Any, near: Near | None) -> np.ndarray:
        """Losses (chunks, m) with these neighbours."""
        return token_losses(model, self.corpus, near, self.rows)

    def mean(self, losses: np.ndarray) -> float:
        """Over the tokens that could read."""
        return float(losses[self.overlap.counted].mean(dtype=np.float64))

    def on_step(self, learner: Any, progress: Progress) -> bool:
        """Looks, where it is time."""
        if progress.step % self._every == 0 or progress.step == progress.total:
            said = msgspec.to_builtins(self.look(learner.model, progress.step))
            progress.notes.setdefault(_CURVE, []).append(said)
        return False


def _trained(experiment: Experiment, material: Material, arm: str, seed: int, place: Path) -> _Made:
    text, how = experiment.text, experiment.training
    model = from_scratch(material.train, how.preset, how.decoder, how.model, neighbours=how.neighbours, seed=seed)
    own = read_by(experiment, arm, material, material.train)
    naturals = near_of_table(natural(experiment, material, material.held), how.neighbours)
    held_own = read_by(experiment, arm, material, material.held) if experiment.kind == "overlap" else naturals
    held = HeldOut(material.held, text.length, naturals, held_own, how.evaluate_every)
    before = held.look(model, 0)
    rows: list[Any] = stretches(material.train, text.length, usable(experiment, material))
    learner: Any = RetroLearner(model, material.train, own, neighbours=how.neighbours)
    settings = RunSettings(
        steps=how.steps,
        batch=how.batch,
        tokens=how.batch_tokens,
        rate=how.learning_rate,
        decay=how.weight_decay,
        warmup=how.warmup,
        schedule=how.schedule,
        beta2=how.beta2,
        seed=seed,
        save_every=max(how.evaluate_every, how.steps // 4),
    )
    done = fit(learner, rows, settings, place / "training", watchers=[held])
    done.notes[_CURVE] = [msgspec.to_builtins(before), *done.notes.get(_CURVE, [])]
    return _Made(model, done, held, _spread(_some_overlap(material.train, own, text.length)))


def _measured(
    experiment: Experiment, material: Material, folder: Path, made: _Made, arm: str, seed: int, start: float
) -> RunResult:
    from harness_plugins.retro.experiments.questions import exact_match
    from harness_plugins.retro.experiments.swapping import swapped

    asked = material.facts.questions
    exact, exact_off = exact_match(experiment, material, made.model, asked) if asked else (None, None)
    return RunResult(
        arm=arm,
        seed=seed,
        steps=made.done.step,
        looks=tuple(msgspec.convert(made.done.notes[_CURVE], list[Look])),
        train_losses=tuple(round(loss, 5) for loss in made.done.losses),
        overlap_trained=made.trained,
        overlap_held=_spread(made.held.overlap),
        parameters=sum(parameter.numel() for parameter in made.model.parameters()),
        learned_tokens=made.done.learned,
        questions=len(asked),
        exact=exact,
        exact_off=exact_off,
        swapped=swapped(experiment, material, folder, made.model, made.held) if experiment.measure.retrievers else {},
        seconds=time.perf_counter() - start,
    )


def _some_overlap(corpus: Database, near: Near, length: int) -> Overlap:
    """The overlap of 500 sequences, evenly spread."""
    rows: Sequences = cut(corpus, length)
    rows = rows[rows.chunks > 1]
    return token_overlap(corpus, near, rows[np.unique(np.linspace(0, len(rows) - 1, min(500, len(rows))).astype(int))])


def _spread(overlap: Overlap) -> Spread:
    shares = overlap.shares[np.isfinite(overlap.shares)]
    mean = float(overlap.copied.sum() / max(int(overlap.counted.sum()), 1))
    return Spread(mean=mean, deviation=float(shares.std()) if len(shares) else 0.0)
