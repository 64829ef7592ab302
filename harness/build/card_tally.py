"""What a data card counts, gathered in one pass over the examples and one over the removed rows, in memory that does not grow."""

from collections import Counter
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

from harness.build.picks import Drawn
from harness.build.rows import SetAside, response_of
from harness.records import Example

CONTAMINATION = "contamination"
FIELDS = ("instruction", "response")
DIVERSITY_SAMPLE = 2_000  # rows of a builder whose texts are compared
EXAMPLES_OF_REMOVED = 3  # of each stage and reason
_FINENESS = 1_000  # scores are counted by thousandths


class Cell(NamedTuple):
    """What examples are counted by."""

    builder: str
    split: str
    task: str
    form: str
    kind: str
    language: str


class Provenance(NamedTuple):
    """Where examples come from."""

    builder: str
    dataset: str
    licence: str


class Tally:
    """Counts of a build; `add` and `add_removed` take the rows as they stream by."""

    def __init__(self, samples: int, seed: int, evaluation_sets: Sequence[str] = ()) -> None:
        self._evaluation_sets = tuple(evaluation_sets)
        self.cells: Counter[Cell] = Counter()
        self.provenance: Counter[Provenance] = Counter()
        self.characters: dict[tuple[str, str], Counter[int]] = {}  # (builder, field): examples by length
        self.words: dict[tuple[str, str], Counter[int]] = {}
        self.scores: dict[tuple[str, str], Counter[int]] = {}  # (builder, part): examples by thousandths
        self.removed: Counter[tuple[str, str]] = Counter()  # (stage, reason)
        self.samples: Drawn[Example] = Drawn(samples, seed)  # of each builder
        self.texts: Drawn[Example] = Drawn(DIVERSITY_SAMPLE, seed)
        self.of_removed: Drawn[SetAside] = Drawn(EXAMPLES_OF_REMOVED, seed)
        self.contaminated: Counter[str] = Counter()  # evaluation set: rows removed for it

    def add(self, example: Example) -> None:
        """Counts an example of the finished data set."""
        builder = builder_of(example)
        origin = example.origin
        split = example.split or "train"
        self.cells[Cell(builder, split, example.task or "", example.form or "", example.kind, example.language)] += 1
        dataset, licence = (origin.dataset or "", origin.licence or "") if origin else ("", "")
        self.provenance[Provenance(builder, dataset, licence)] += 1
        for field, text in zip(FIELDS, texts_of(example), strict=True):
            if text is not None:
                self.characters.setdefault((builder, field), Counter())[len(text)] += 1
                self.words.setdefault((builder, field), Counter())[len(text.split())] += 1
        for part, value in scores_of(example).items():
            self.scores.setdefault((builder, part), Counter())[round(value * _FINENESS)] += 1
        self.samples.offer(builder, example.id, example)
        self.texts.offer(builder, example.id, example)

    def add_removed(self, row: SetAside) -> None:
        """Counts a row that did not become part of the data."""
        self.removed[row.stage, row.reason] += 1
        self.of_removed.offer((row.stage, row.reason), row.id, row)
        if row.stage == CONTAMINATION:
            # The step names the text that a row shares most with as `SET, item ID`.
            told = row.detail or ""
            self.contaminated.update(name for name in self._evaluation_sets if f"{name}, item " in told)

    @property
    def builders(self) -> list[str]:
        """The builders that examples name, by name."""
        return sorted({cell.builder for cell in self.cells})

    def count_by(self, *names: str) -> Counter[tuple[str, ...]]:
        """Examples by some of a Cell's fields."""
        found: Counter[tuple[str, ...]] = Counter()
        for cell, n in self.cells.items():
            found[tuple(getattr(cell, name) for name in names)] += n
        return found


def builder_of(example: Example) -> str:
    """The builder that its origin names; empty where none is named."""
    return (example.origin.builder if example.origin else None) or ""


def texts_of(example: Example) -> tuple[str | None, str | None]:
    """Instruction and response; of a document, and of text beside video, its text as the response."""
    if example.kind in ("document", "aligned"):
        return None, "\n".join(message.text for message in example.messages)
    return example.instruction, response_of(example)


def scores_of(example: Example) -> dict[str, float]:
    """The parts of its score by name (`meta["scores"]`), those that are finite numbers."""
    held: Any = example.meta.get("scores")
    if not isinstance(held, Mapping):
        return {}
    return {
        str(part): float(value)
        for part, value in held.items()
        if isinstance(value, Real) and not isinstance(value, bool) and abs(float(value)) < 1e6
    }


def score_of(example: Example) -> float | None:
    """Its whole score: the part called `sum`, `total` or `score`, else its only part."""
    parts = scores_of(example)
    for name in ("sum", "total", "score"):
        if name in parts:
            return parts[name]
    return next(iter(parts.values())) if len(parts) == 1 else None


def quantile(lengths: Counter[int], share: float) -> int:
    """The smallest value that at least this share of the counted ones does not exceed."""
    wanted, so_far = share * sum(lengths.values()), 0
    for value in sorted(lengths):
        so_far += lengths[value]
        if so_far >= wanted:
            return value
    raise ValueError("no values were counted")
