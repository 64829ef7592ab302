"""Which checkpoint of a training is kept, and when it ends: held-out examples are answered now and then, and a metric decides.

```
<folder>/best/step-NNNNNNNN.safetensors     the weights of the best look so far
```
What was found stands in the training's checkpoints, so that a training that was stopped goes on as if it had not been.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError, PluginError
from harness.protocols import HeldOut, Scorer
from harness.records import Example, Output
from harness_plugins.generators.styles import Style, prompt_of
from harness_plugins.judges.local_prompts import Prompts
from harness_plugins.trainers.checkpoints import Tensors
from harness_plugins.trainers.distributed import Processes
from harness_plugins.trainers.tokenised import Row

LOSS = "loss"  # in a metric's place: of the references, in nats a token
NOTE = "held_out"
_SYSTEM = "in training"


@dataclass(frozen=True)
class Choice:
    """`metric`: of this harness, or `loss`; `every`: steps between looks (None: an epoch); `patience`: looks without a better
    one after which a training ends, 0 for never; `split` and `limit`: the held-out examples; `answer`: tokens of an answer."""

    metric: str
    every: int | None = None
    patience: int = 0
    split: str = "validation"
    limit: int | None = None
    answer: int = 128

    def __post_init__(self) -> None:
        for name, value, least in (
            ("evaluate_every", self.every, 1),
            ("patience", self.patience, 0),
            ("held_out_limit", self.limit, 1),
            ("answer_tokens", self.answer, 1),
        ):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                raise ValueError(f"{name} is a whole number of at least {least}, got {value!r}")

    def higher(self, scorer: Scorer | None) -> bool:
        """Whether more is better; PluginError for a metric that there is not."""
        if self.metric == LOSS:
            return False
        if scorer is None:
            raise PluginError(
                f"best_by={self.metric}: this trainer was handed no metrics; train with `harness train`, call use_scorer first, "
                "or choose best_by=loss"
            )
        return scorer.higher_is_better(self.metric)


@dataclass(frozen=True)
class Asked:
    """The held-out examples as a model reads them: (example, prompt's tokens), and the ids of those too long to be answered."""

    prompts: list[tuple[Example, list[int]]]
    too_long: list[str]


def held_out(examples: Sequence[Example], how: Choice, prompts: Prompts, style: Style, longest: int) -> Asked:
    """The split's examples with an answer, the first `limit` of them. InputError where there are none."""
    chosen = [one for one in examples if one.split == how.split and one.references][: how.limit]
    if not chosen:
        splits = sorted({one.split for one in examples if one.split is not None})
        raise InputError(
            f"best_by={how.metric} chooses by the split {how.split!r}, and no example of it has an answer (splits: "
            f"{', '.join(splits) or 'none'}); name another with held_out, or leave best_by out"
        )
    asked = [(one, prompts.tokens(prompt_of(one, style, prompts))) for one in chosen]
    fitting = [(one, tokens) for one, tokens in asked if len(tokens) < longest]
    if not fitting:
        raise InputError(f"none of the {len(chosen):,} held-out prompts fits into {longest:,} tokens; raise max_length")
    return Asked(fitting, [one.id for one, tokens in asked if len(tokens) >= longest])


class Selection:
    """A watcher (`loop.Watcher`) that looks every `every` steps and behind the last, keeps the best weights, and may end all."""

    def __init__(
        self,
        how: Choice,
        asked: Asked,
        rows: Sequence[Row],
        scorer: Scorer | None,
        folder: Path,
        processes: Processes,
        *,
        prompts: Prompts,
        every: int,
        tokens: int,
        longest: int,
    ) -> None:
        """`rows`: the held-out examples with their answers, for the loss; `tokens`: of a batch at most; `longest`: of a prompt
        with its answer."""
        self._how, self._asked, self._rows, self._scorer, self._processes = how, asked, rows, scorer, processes
        self._folder, self._prompts = folder / "best", prompts
        self._every, self._tokens, self._longest = every, tokens, longest
        self._higher = how.higher(scorer)

    def on_step(self, learner: Any, progress: Any) -> bool:
        """Looks, where it is time to; True where nothing better was found for `patience` looks."""
        if progress.step % self._every and progress.step != progress.total:
            return False
        found = self._look(learner)
        looks = progress.notes.setdefault(NOTE, [])
        looks.append({"step": progress.step, "value": found.value, "n": found.n, "missing": found.missing})
        best = self.best(looks)
        if best is looks[-1]:
            self._keep(learner, progress.step)
        self._tidy(looks)
        behind = len(looks) - 1 - looks.index(best)
        return 0 < self._how.patience <= behind

    def finish(self, learner: Any, progress: Any) -> dict[str, Any]:
        """Puts the best weights in place of the last; what was found, for the facts."""
        from safetensors import SafetensorError

        looks = progress.notes.get(NOTE, [])
        best = self.best(looks)
        if best["step"] != progress.step:
            path = self._path(best["step"])
            try:
                self._processes.put_weights(Tensors(path), _trainable(learner))
            except (OSError, SafetensorError) as error:
                raise InputError(
                    f"{path}: the best weights cannot be read ({error}); delete {self._folder.parent} and train again"
                ) from error
        return {
            "metric": self._how.metric,
            "split": self._how.split,
            "higher_is_better": self._higher,
            "looks": looks,
            "best_step": best["step"],
            "best_value": best["value"],
            "ended_early": progress.step < progress.total,
            "prompts_too_long": len(self._asked.too_long),
        }

    def best(self, looks: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The best look; of equals the first."""
        return max(looks, key=lambda look: (look["value"] if self._higher else -look["value"], -look["step"]))

    def _look(self, learner: Any) -> HeldOut:
        learner.eval()
        try:
            with self._processes.whole(learner):
                return self._mean_loss(learner) if self._how.metric == LOSS else self._score(learner)
        finally:
            learner.train()

    def _mean_loss(self, learner: Any) -> HeldOut:
        import math

        import torch

        mine = self._rows[self._processes.rank :: self._processes.world]
        with torch.no_grad():
            losses = [float(learner(batch)) for batch in learner.batches(mine, self._tokens)] if mine else []
        shares = self._processes.gather((math.fsum(losses), learner.units(mine) if mine else 0))
        total = math.fsum(loss for loss, _ in shares) / sum(units for _, units in shares)
        return HeldOut(total, len(self._rows))

    def _score(self, learner: Any) -> HeldOut:
        """Each process answers its share; the first asks the metric."""
        rank, world = self._processes.rank, self._processes.world
        answers = self._answers(learner, self._asked.prompts[rank::world])
        texts: dict[int, tuple[str, Any]] = {}
        for number, share in enumerate(self._processes.gather(answers)):
            texts |= {number + place * world: said for place, said in share.items()}
        found = None
        if rank == 0:
            assert self._scorer is not None  # `Choice.higher` has seen to it
            examples = [example for example, _ in self._asked.prompts]
            outputs = [
                Output(id=f"{one.id}/0", example_id=one.id, system=_SYSTEM, text=texts[place][0], finish=texts[place][1])
                for place, one in enumerate(examples)
            ]
            found = self._scorer.mean(self._how.metric, examples, outputs)
        return self._processes.of_first(found)

    def _answers(self, learner: Any, asked: Sequence[tuple[Example, list[int]]]) -> dict[int, tuple[str, Any]]:
        """Greedy answers by place: text, and how it ended."""
        from harness_plugins.generators.engine import Wish, answers
        from harness_plugins.judges.local_torch import Sampling

        if not asked:
            return {}
        model = learner.model
        said = model.generation_config.eos_token_id
        ends = frozenset({*(said if isinstance(said, list) else [said]), self._prompts.end} - {None})
        wishes = [
            Wish(place, tokens, Sampling(min(self._how.answer, self._longest - len(tokens)), 0.0, 1.0, 0))
            for place, (_, tokens) in enumerate(asked)
        ]
        with learner.precision(), answering(model):
            found = list(answers(model, wishes, ends, rows=64, tokens=max(self._tokens, 8192)))
        return {one.index: (self._prompts.decode(one.tokens).strip(), one.finish) for one in found}

    def _keep(self, learner: Any, step: int) -> None:
        from safetensors.torch import save_file

        tensors = self._processes.weights(_trainable(learner))
        if self._processes.rank == 0:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside = self._path(step).with_suffix(".tmp")
            save_file({key: value.contiguous().clone() for key, value in tensors.items()}, beside)
            beside.replace(self._path(step))

    def _tidy(self, looks: Sequence[dict[str, Any]]) -> None:
        """Deletes weights that are no longer the best, and were not when a checkpoint was saved that may be gone on from."""
        if self._processes.rank:
            return
        saved = [int(path.stem.removeprefix("step-")) for path in (self._folder.parent / "state").glob("step-*.json")]
        kept = {self.best(looks)["step"]}
        for step in saved:
            before = [look for look in looks if look["step"] <= step]
            kept |= {self.best(before)["step"]} if before else set()
        for path in self._folder.glob("step-*.safetensors"):
            if int(path.stem.removeprefix("step-")) not in kept:
                path.unlink()

    def _path(self, step: int) -> Path:
        return self._folder / f"step-{step:08d}.safetensors"


@contextmanager
def answering(model: Any) -> Iterator[None]:
    """A context in which a model that is being trained answers: its attention then takes the masks and caches of generation."""
    from harness_plugins.trainers import attention

    now = model.config._attn_implementation
    if now != attention.NAME:
        yield
        return
    try:
        model.set_attn_implementation("sdpa")
    except ValueError:  # a model without it
        model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(now)


def _trainable(learner: Any) -> dict[str, Any]:
    return {name: parameter for name, parameter in learner.model.named_parameters() if parameter.requires_grad}
