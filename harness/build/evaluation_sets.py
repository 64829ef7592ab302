"""The texts of evaluation sets, which no row of a training set may share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.build.options import ContaminationOptions
from harness.registry import Registry


@dataclass(frozen=True)
class EvaluationSet:
    """A set by name with the texts of its items: (item id, text) pairs of questions, sources, references and choices."""

    name: str
    texts: Sequence[tuple[str, str]]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.texts)


def evaluation_sets(registry: Registry, options: ContaminationOptions) -> tuple[list[EvaluationSet], list[str]]:
    """The sets that the options name, and a sentence for each that could not be looked at."""
    return [], []
