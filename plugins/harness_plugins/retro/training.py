"""Parts of a retrieval-augmented training: what its checkpoints are held to, how the best is kept, what is left at its end."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness_plugins.metrics import encoders
from harness_plugins.retro.database.reading import Database
from harness_plugins.trainers.distributed import Processes
from harness_plugins.trainers.loop import Progress, Settings
from harness_plugins.trainers.selection import Asked, Choice, Selection

if TYPE_CHECKING:
    from harness_plugins.retro.material import Corpus
    from harness_plugins.retro.neighbours import NeighbourTable


@dataclass(frozen=True)
class RetroSettings(Settings):
    """Under what a checkpoint is gone on with: the settings of the loop, and what decides about sequences, neighbours, model."""

    beta2: float = 0.95
    corpus: str = ""
    database: str = ""
    retriever: str = ""
    neighbours: int = 0
    length: int = 0
    freeze: bool = False
    model: str = ""
    end: bool | None = None  # None: as checkpoints of before there was a choice


def kept_by_loss(
    choice: Choice | None, corpus: "Corpus", rows: int, folder: Path, processes: Processes, how: RetroSettings
) -> Selection | None:
    """What keeps the best weights, by the loss of the held-out documents of a choice; None without one. `rows`: that are learned.

    Raises InputError where there are no such documents.
    """
    from harness_plugins.retro.learner import stretches

    if choice is None:
        return None
    kept: Any = stretches(corpus.database, how.length, corpus.of((choice.split,))[: choice.limit])
    if not kept:
        raise InputError(f"best_by looks at documents of the split {choice.split!r}, and there are none with two tokens")
    nothing: Any = None  # is answered: there are no prompts
    return Selection(
        choice,
        Asked([], []),
        kept,
        None,
        folder,
        processes,
        prompts=nothing,
        every=choice.every or max(1, math.ceil(rows / how.batch)),
        tokens=how.tokens,
        longest=how.length,
    )


def save(
    model: Any, database: Database, folder: Path, tokenizer: Any, retriever: str, params: Mapping[str, Any], neighbours: int
) -> None:
    """Writes the checkpoint: weights, tokenizer (the database's where none is given) and `retrieval.json`."""
    from harness_plugins.retro.retrieval import save_retrieval

    with encoders.quiet():
        model.save_pretrained(folder)
    if tokenizer is None:
        database.tokenizer.save(folder)
    else:
        tokenizer.save_pretrained(folder)
    save_retrieval(folder, database, retriever, params, neighbours)


def facts_of(learner: Any, rows: int, table: "NeighbourTable | None", done: Progress, how: RetroSettings) -> dict[str, Any]:
    """What is told of a training that is done, but for its speed."""
    import torch

    model = learner.model
    device = next(model.parameters()).device
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "trained_parameters": sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "dtype": learner.dtype,
        "steps": done.step,
        "losses": done.losses,
        "learned_tokens": done.learned,
        "read_tokens": done.read,
        "sequences": rows,
        "length": how.length,
        "database": how.database,
        "retriever": how.retriever or "off",
        "neighbours": how.neighbours,
        "chunks_without_neighbours": None if table is None else table.without,
    }
