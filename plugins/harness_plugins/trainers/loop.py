"""The training loop: steps, learning rate, checkpoints from which it goes on exactly, and processes that share a step.

Order and randomness of a step depend on the seed and the step's number alone, so nothing of a random generator is stored.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.whole_files import replace_file, sync_folder
from harness_plugins.trainers.steps import accumulate, learning_rate
from harness_plugins.trainers.tokenised import Row

_STATE = "state"
_KEEP = 2  # checkpoints to go on from: one being whole while the next is written


@dataclass(frozen=True)
class Settings:
    """How long and how fast. `batch`: sequences of a step, over all processes; `tokens`: of a micro-batch, padding included.

    `epochs` may be a fraction; `steps` overrules it. `clip`: largest norm of the gradient, 0 for none. `save_every`: steps.
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
    """What has happened so far: finished steps, loss of each, learned and read tokens, seconds spent computing."""

    step: int
    losses: list[float]
    learned: int = 0
    read: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Processes:
    """The processes that share every step; one alone by default."""

    rank: int = 0
    world: int = 1

    def wait(self) -> None:
        """Returns when every process has come here."""
        if self.world > 1:
            import torch.distributed as dist

            dist.barrier()


def fit(
    model: Any,
    rows: Sequence[Row],
    how: Settings,
    folder: Path,
    *,
    processes: Processes = Processes(),  # frozen
    after: Callable[[Progress], bool] = lambda progress: False,
) -> Progress:
    """Tunes the model's trainable parameters in place, going on from the last checkpoint in `folder` if there is one.

    `after(progress)` is called behind every step; where it returns True, training ends there. Raises InputError where a
    checkpoint is damaged or belongs to other settings, and where a loss is not finite (the step is named; nothing is saved).
    """
    import torch

    if not rows:
        raise InputError("no sequence is left to train on")
    trainable = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    optimizer = torch.optim.AdamW(_groups(trainable, how.decay), lr=how.rate)
    total = how.steps if how.steps is not None else max(1, math.ceil(how.epochs * len(rows) / how.batch))
    so_far = _restored(folder, trainable, optimizer, how)
    model.train()
    while so_far.step < total:
        start = time.perf_counter()
        torch.manual_seed(hash((how.seed, so_far.step, processes.rank)) % 2**63)  # dropout
        chosen = step_rows(len(rows), so_far.step, how.batch, how.seed)
        learned = sum(rows[place].learned for place in chosen)
        mine = [rows[place] for place in chosen[processes.rank :: processes.world]]
        for group in optimizer.param_groups:
            group["lr"] = how.rate * learning_rate(so_far.step, total, how.warmup, how.schedule)
        optimizer.zero_grad(set_to_none=True)
        loss = accumulate(model, mine, how.tokens, learned)
        loss = _shared(list(trainable.values()), loss, processes)
        norm = torch.nn.utils.clip_grad_norm_(trainable.values(), how.clip if how.clip > 0 else math.inf)
        if not math.isfinite(loss) or not bool(torch.isfinite(norm)):
            names = ", ".join(rows[place].id for place in chosen[:5])
            raise InputError(
                f"step {so_far.step + 1}: the loss or its gradient is not finite (examples {names} …); lower learning_rate, or "
                "use dtype=float32. The last checkpoint is kept"
            )
        optimizer.step()
        so_far.step += 1
        so_far.losses.append(loss)
        so_far.learned += learned
        so_far.read += sum(len(rows[place].tokens) for place in chosen)
        so_far.seconds += time.perf_counter() - start
        ended = after(so_far)
        if processes.rank == 0 and (ended or so_far.step == total or so_far.step % how.save_every == 0):
            _save(folder, trainable, optimizer, so_far, how)
        if ended:
            break
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


def _shared(parameters: list[Any], loss: float, processes: Processes) -> float:
    """Sums gradients and loss over the processes: each holds its share of one mean over the step's tokens."""
    if processes.world == 1:
        return loss
    import torch
    import torch.distributed as dist

    for parameter in parameters:
        if parameter.grad is None:  # a process whose share of a small step was empty
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
    shared = torch.tensor([loss], dtype=torch.float64, device=parameters[0].device)
    dist.all_reduce(shared)
    return float(shared)


def _save(folder: Path, trainable: dict[str, Any], optimizer: Any, so_far: Progress, how: Settings) -> None:
    """Writes a checkpoint whole: its tensors, and then the record that makes it count."""
    from safetensors.torch import save_file

    home = folder / _STATE
    home.mkdir(parents=True, exist_ok=True)
    name = f"step-{so_far.step:08d}"
    tensors = {f"model.{key}": parameter.detach().contiguous() for key, parameter in trainable.items()}
    for key, parameter in trainable.items():
        for moment, value in optimizer.state[parameter].items():
            tensors[f"{moment}.{key}"] = value.detach().contiguous()
    beside = home / f"{name}.tmp"
    save_file({key: value.clone() for key, value in tensors.items()}, beside)
    beside.replace(home / f"{name}.safetensors")
    sync_folder(home)
    replace_file(home / f"{name}.json", json.dumps({"settings": asdict(how), "progress": asdict(so_far)}).encode())
    for old in sorted(home.glob("step-*.json"))[:-_KEEP]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)


def _restored(folder: Path, trainable: dict[str, Any], optimizer: Any, how: Settings) -> Progress:
    """Puts the last checkpoint's tensors in place, if there is one."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    records = sorted((folder / _STATE).glob("step-*.json"))
    if not records:
        return Progress(0, [])
    record = records[-1]
    try:
        said = json.loads(record.read_bytes())
        tensors = load_file(record.with_suffix(".safetensors"))
        before, so_far = said["settings"], Progress(**said["progress"])
    except (ValueError, KeyError, TypeError, OSError, SafetensorError) as error:
        raise InputError(
            f"{record}: this checkpoint is damaged ({error}); delete {record.stem}.* to go on from the one before"
        ) from error
    now = asdict(how)
    changed = [key for key in now if key not in ("save_every", "tokens") and before.get(key) != now[key]]
    if changed:
        pairs = ", ".join(f"{key} was {before.get(key)} and is {now[key]}" for key in changed)
        raise InputError(
            f"{folder}: a training with other settings was begun here ({pairs}); give it another name, or delete the folder"
        )
    lacking = [key for key in trainable if f"model.{key}" not in tensors]
    if lacking:
        raise InputError(f"{record}: this checkpoint lacks {lacking[0]}; it is of another model: delete the folder")
    with torch.no_grad():
        for key, parameter in trainable.items():
            parameter.copy_(tensors[f"model.{key}"])
            state = {moment: tensors[f"{moment}.{key}"] for moment in ("step", "exp_avg", "exp_avg_sq")}
            optimizer.state[parameter] = {
                moment: value if moment == "step" else value.to(parameter.device) for moment, value in state.items()
            }
    return so_far
