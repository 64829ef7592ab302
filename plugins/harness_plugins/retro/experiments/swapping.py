"""Retrievers swapped at inference: what one model gains from each, and what explains it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness_plugins.retro.analyses.copying import copying
from harness_plugins.retro.analyses.gain import by_overlap, differences, explained
from harness_plugins.retro.analyses.intervals import Documents
from harness_plugins.retro.analyses.overlap import token_overlap
from harness_plugins.retro.experiments.config import Experiment
from harness_plugins.retro.experiments.material import Material
from harness_plugins.retro.experiments.training import HeldOut, Swapped
from harness_plugins.retro.learner import near
from harness_plugins.retro.neighbours import NeighbourTable, neighbour_table
from harness_plugins.retro.sequences import cut


def swapped(experiment: Experiment, material: Material, folder: Path, model: Any, held: HeldOut) -> dict[str, Swapped]:
    """What each retriever of the experiment gives on the held-out corpus."""
    off = held.losses(model, None)
    documents = Documents(material.held.document_of(np.arange(material.held.chunks)), 100)
    found = {}
    for name in experiment.measure.retrievers:
        reading = near(table_of(experiment, material, name), experiment.training.neighbours)
        on, overlap = held.losses(model, reading), token_overlap(material.held, reading, held.rows)
        difference = differences(off, on, overlap.counted)
        every, copied, others = copying(off, on, difference, overlap, documents)
        apart = distances_of(experiment, material, folder, name)
        draws: dict[str, Any] = {"resamples": 100, "level": experiment.measure.level, "seed": 0}
        why = explained(difference, overlap, material.held.document_of(np.arange(material.held.chunks)), apart, **draws)
        found[name] = Swapped(
            perplexity=float(np.exp(held.mean(on))),
            overlap=float(overlap.copied.sum() / overlap.counted.sum()),
            gain=every.gain.value or float("nan"),
            gain_copied=copied.gain.value,
            gain_others=others.gain.value,
            share_of_gain_copied=copied.share_of_gain,
            correlations={
                row.measure: {"spearman": row.spearman.value, "pearson": row.pearson.value} for row in why.correlations
            },
            bins=tuple(
                (one.low, None if one.gain.value is None else float(np.log(one.gain.value)), one.gain.chunks or 0)
                for one in by_overlap(difference, overlap, documents)
            ),
        )
    return found


def table_of(experiment: Experiment, material: Material, name: str, report: Any = None) -> NeighbourTable:
    """The held-out corpus's neighbours by a retriever of the experiment."""
    how = experiment.measure.retrievers[name]
    return neighbour_table(
        material.held, material.train, how["retriever"], how.get("params"), experiment.training.neighbours, report
    )


def distances_of(
    experiment: Experiment, material: Material, folder: Path, name: str, report: Any = None
) -> dict[str, NDArray[np.float64]]:
    """Distances of held-out chunks from what they read, computed once and kept; none where no encoder was asked for."""
    if experiment.measure.encoder is None:
        return {}
    path = folder / "distances" / f"{name}.npz"
    if not path.is_file():
        from harness_plugins.retro.analyses.distance import distances
        from harness_plugins.retro.retrievers.sentence_encoder import SentenceEncoder

        rows = cut(material.held, experiment.text.length)
        numbers = table_of(experiment, material, name).numbers
        told = None if report is None else (lambda done, total: report(f"distances {name}", done, total))
        found = distances(
            material.held, material.train, numbers, rows[rows.chunks > 1], SentenceEncoder(experiment.measure.encoder), told
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, read=found["read"], query=found["query"])
        part.replace(path)
    with np.load(path) as kept:
        return {key: kept[key] for key in ("read", "query")}
