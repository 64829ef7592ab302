"""From builders' rows to the rows of a data set: languages, filters, duplicates, contamination, splits."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet
from harness.build.rows import SetAside
from harness.records import Example

Report = Callable[[str, int, int], None]


def sift(
    rows: Iterable[Example], config: BuildConfig, against: Sequence[EvaluationSet], scratch: Path, report: Report
) -> Iterator[Example | SetAside]:
    """The rows that stay, each with its `split`, and the others with the reason; in a fixed order that does not depend on theirs.

    `scratch` is an empty folder for what does not fit into memory.
    """
    yield from rows
