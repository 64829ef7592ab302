"""Which neighbours each arm of an experiment reads."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.experiments.config import PARAPHRASED, Experiment
from harness_plugins.retro.experiments.material import Material
from harness_plugins.retro.experiments.passages import aligned_places, spans
from harness_plugins.retro.learner import near as near_of_table
from harness_plugins.retro.neighbours import NeighbourTable, Texts, neighbour_table

Near = Callable[[NDArray[np.int64]], tuple[NDArray[Any], NDArray[np.bool_]]]


def natural(experiment: Experiment, material: Material, corpus: Database, report: Any = None) -> NeighbourTable:
    """The neighbours that the training's retriever finds for a corpus in the database."""
    how = experiment.training
    return neighbour_table(corpus, material.train, how.retriever, how.retriever_params, how.neighbours, report)


def read_by(experiment: Experiment, arm: str, material: Material, corpus: Database) -> Near:
    """What chunks of a corpus read in an arm. Paraphrases are of documents that are learnt from: held-out ones read natural
    neighbours. A chunk of a passage without a paraphrase reads nothing, in either arm."""
    k = experiment.training.neighbours
    if experiment.kind == "overlap":
        return at_level(experiment, material, corpus, float(arm.removeprefix("overlap-")))
    table = natural(experiment, material, corpus)
    if material.others is None or corpus.folder != material.train.folder:
        return near_of_table(table, k)
    if not material.places:
        others = aligned(corpus, material.others, k)
        return of_numbers(material.others, others) if arm == PARAPHRASED else near_of_table(table, k)
    others = aligned_places(corpus, material.others, material.places, k)
    if arm == PARAPHRASED:
        return of_numbers(material.others, others)
    return of_numbers(table.database, np.where(others[:, :1] < 0, -1, table.numbers[:, :k]))


def at_level(experiment: Experiment, material: Material, corpus: Database, level: float) -> Near:
    """Natural neighbours, edited so that their overlap with what reads them is the level; made once and kept with the corpus."""
    path = corpus.folder.parent / "levels" / f"{corpus.folder.name}-{level:g}.npz"
    if not path.is_file():
        from harness_plugins.retro.controlled import edited_overlap

        table = edited_overlap(corpus, natural(experiment, material, corpus), level).table
        tokens, mask = table.database.with_continuation(table.numbers)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, tokens=tokens, mask=mask)
        part.replace(path)
    with np.load(path) as kept:
        return of_tokens(kept["tokens"], kept["mask"])


def of_tokens(tokens: NDArray[Any], mask: NDArray[np.bool_]) -> Near:
    """Neighbours by their tokens (chunks, k, 2m) and which of them are tokens."""

    def near(chunks: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        there = chunks >= 0
        return tokens[chunks], mask[chunks] & there[..., None, None]

    return near


def of_numbers(database: Texts, numbers: NDArray[np.int64]) -> Near:
    """Neighbours by their numbers (chunks, k) in a database, or what stands in for one."""

    def near(chunks: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        return database.with_continuation(np.where(chunks[..., None] < 0, -1, numbers[chunks]))

    return near


def aligned(corpus: Database, others: Database, k: int) -> NDArray[np.int64]:
    """For each chunk (chunks, k) the chunk at its place in the paraphrase of its document, which with its continuation says what
    this chunk and the next one say; then those two and four further on … -1 where there is none."""
    document = corpus.document_of(np.arange(corpus.chunks))
    ours = {number: entry.id for number, entry in enumerate(corpus.entries)}
    first, counts = spans(corpus)
    their_first, their_counts = spans(others)
    match = np.array([others.number_of.get(ours[number], -1) for number in range(corpus.documents)], np.int64)
    mine = match[document]
    have = np.where(mine >= 0, their_counts[mine], 0)
    place = (np.arange(corpus.chunks) - first[document]) * have // np.maximum(counts[document], 1)
    numbers = np.full((corpus.chunks, k), -1, np.int64)
    for column in range(k):
        at = place + 2 * column
        there = (mine >= 0) & (at < have)
        numbers[there, column] = their_first[mine[there]] + at[there]
    return numbers


def usable(experiment: Experiment, material: Material) -> list[int]:
    """The database's documents that are learnt from: in an experiment on paraphrases those that have one, in every arm."""
    if material.others is None:
        return list(range(material.train.documents))
    known = {place.document for place in material.places} or material.others.number_of
    return [number for number, entry in enumerate(material.train.entries) if entry.id in known]
