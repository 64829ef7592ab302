"""The training loop: steps, learning rate, checkpoints from which it goes on exactly, and processes that share a step.

Order and randomness of a step depend on the seed and the step's number alone, so nothing of a random generator is stored.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from harness.errors import InputError
from harness_plugins.trainers import checkpoints
from harness_plugins.trainers.distributed import Processes
from harness_plugins.trainers.steps import learning_rate
from harness_plugins.trainers.tokenised import Row

_ALONE = Processes()
_FREE = ("save_every", "tokens")  # settings that change no result, so that a training may go on with others


@dataclass(frozen=True)
class Settings:
    """How long and how fast. `batch`: sequences of a step, over all processes; `tokens`: of a micro-batch, padding included.

    `epochs` may be a fraction; `steps` overrules it. `clip`: largest norm of the gradient, 0 for none. `save_every`: steps.
    Settings that have a `beta2` give AdamW's second decay; .999 otherwise.
    """

    epochs: float = 3.0
    steps: int | None = None
    batch: int = 32
    tokens: int = 4096
    rate: float = 2e-5
    decay: float = 0.01
    warmup: float = 0.1
    schedule: str = "linear"
    clip: float = 1.0
    seed: int = 0
    save_every: int = 100


@dataclass
class Progress:
    """What has happened so far: finished steps of `total`, loss of each, learned and read tokens, floating-point operations
    that the model needs for them (`flops`), seconds spent computing, whether a watcher `ended` it. `notes`: what watchers
    keep, as JSON; all of it goes into every checkpoint."""

    step: int
    losses: list[float]
    learned: int = 0
    read: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    total: int = 0
    ended: bool = False
    notes: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class DrawnRows(Protocol):
    """Rows of which every step learns something else: words that are masked, say. What is drawn depends on the rows' places and
    the step's number alone, so that a training that goes on draws what it would have drawn."""

    def drawn(self, places: Sequence[int], step: int) -> list[Row]:
        """The rows at these places as this step (from 0) learns from them."""
        ...

    def __len__(self) -> int: ...


class Watcher(Protocol):
    """Sees every finished step: reports, evaluates now and then, ends a training early."""

    def on_step(self, learner: Any, progress: Progress) -> bool:
        """Called on every process behind every step, before its checkpoint; True (on every process) ends the training there.

        `learner.model` is the model, in training mode, and is to be left so. `progress.notes` may be written.
        """
        ...


def fit(
    learner: Any,
    rows: Sequence[Row] | DrawnRows,
    how: Settings,
    folder: Path,
    *,
    processes: Processes = _ALONE,
    watchers: Sequence[Watcher] = (),
) -> Progress:
    """Tunes the trainable parameters of the learner (`learner.Learner`) in place, going on from the last checkpoint in `folder`
    if there is one.

    Raises InputError where a checkpoint is damaged or belongs to other settings, and where a loss is not finite (the step is
    named; nothing is saved).
    """
    import torch

    from harness_plugins.trainers.products import by_onednn

    if not rows:
        raise InputError("no sequence is left to train on")
    learner = processes.prepared(learner)
    trainable = {name: parameter for name, parameter in learner.model.named_parameters() if parameter.requires_grad}
    parameters = list(trainable.values())
    betas = (0.9, getattr(how, "beta2", 0.999))
    optimizer = torch.optim.AdamW(_groups(trainable, how.decay), lr=how.rate, betas=betas, fused=_fusible(parameters))
    total = how.steps if how.steps is not None else max(1, math.ceil(how.epochs * len(rows) / how.batch))
    so_far = _restored(folder, trainable, optimizer, how, processes)
    so_far.total = total
    learner.train()
    with by_onednn(learner):
        while so_far.step < total and not so_far.ended:
            start = time.perf_counter()
            torch.manual_seed(hash((how.seed, so_far.step, processes.rank)) % 2**63)  # dropout
            places = step_rows(len(rows), so_far.step, how.batch, how.seed)
            chosen = rows.drawn(places, so_far.step) if isinstance(rows, DrawnRows) else [rows[place] for place in places]
            shares = [chosen[rank :: processes.world] for rank in range(processes.world)]
            for group in optimizer.param_groups:
                group["lr"] = how.rate * learning_rate(so_far.step, total, how.warmup, how.schedule)
            optimizer.zero_grad(set_to_none=True)
            own = processes.accumulate(learner, shares, how.tokens, sum(learner.units(share) for share in shares))
            shared = processes.share(parameters, own)
            norm = processes.clip(parameters, how.clip if how.clip > 0 else math.inf)
            loss = float(shared)
            if not math.isfinite(loss) or not bool(torch.isfinite(norm)):
                names = ", ".join(row.id for row in chosen[:5])
                raise InputError(
                    f"step {so_far.step + 1}: the loss or its gradient is not finite (examples {names} …); lower learning_rate, "
                    "or use dtype=float32. The last checkpoint is kept"
                )
            optimizer.step()
            so_far.step += 1
            so_far.losses.append(loss)
            so_far.learned += sum(row.learned for row in chosen)
            so_far.read += sum(len(row.tokens) for row in chosen)
            so_far.flops += learner.flops(chosen)
            so_far.seconds += time.perf_counter() - start
            # each is asked, whatever another said
            so_far.ended = any([watcher.on_step(learner, so_far) for watcher in watchers])
            if so_far.ended or so_far.step == total or so_far.step % how.save_every == 0:
                tensors = processes.state(trainable, optimizer)
                if processes.rank == 0:
                    checkpoints.save(folder, tensors, asdict(so_far), asdict(how))
    return so_far


def step_rows(rows: int, step: int, batch: int, seed: int) -> list[int]:
    """The rows of a step: every epoch is a shuffling of all rows by the seed and the epoch's number, cut into steps."""
    import torch

    found: list[int] = []
    place = step * batch
    while len(found) < min(batch, rows * max(1, batch // rows)):
        epoch, offset = divmod(place + len(found), rows)
        order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch)).tolist()
        found += order[offset : offset + batch - len(found)]
    return found


def _groups(trainable: dict[str, Any], decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices; none for biases and norms."""
    matrices = [parameter for parameter in trainable.values() if parameter.ndim > 1]
    others = [parameter for parameter in trainable.values() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _fusible(parameters: Sequence[Any]) -> bool:
    """Whether one kernel can update them all: it wants CPU or CUDA, and plain tensors."""
    return all(parameter.device.type in ("cpu", "cuda") and type(parameter.data).__name__ == "Tensor" for parameter in parameters)


def _restored(folder: Path, trainable: dict[str, Any], optimizer: Any, how: Settings, processes: Processes) -> Progress:
    """Puts the last checkpoint's tensors in place, if there is one."""
    found = checkpoints.last(folder, asdict(how), _FREE, list(trainable))
    if found is None:
        return Progress(0, [])
    progress, tensors = found
    processes.put(tensors, trainable, optimizer)
    return Progress(**progress)
