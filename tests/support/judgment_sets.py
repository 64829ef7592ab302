"""Small judgment sets for tests: items, answers with their ratings and scores, preferences; and the rows that come of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.judgments import JudgmentSet, read_judgments
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.records import Example, Judgment, JudgmentInfo, MetaRow, Output, Preference, Scale, Score
from harness.stages.metaevaluate import metaevaluate

QUICK = {"resamples": 20, "draws": 20, "random_draws": 2, "slices": ()}
NEEDS_REFERENCE = ("reference",)


class Sheet:
    """A judgment set in the making. Ratings are of one criterion unless told; scores are named by their metric."""

    def __init__(self, criterion: str = "quality", **info: Any) -> None:
        self.criterion = criterion
        self.info = JudgmentInfo(**{"name": "sheet", "version": "1", **info})
        self.examples: dict[str, Example] = {}
        self.outputs: list[Output] = []
        self.judgments: list[Judgment] = []
        self.preferences: list[Preference] = []
        self.scores: list[Score] = []
        self.metrics: dict[str, MetricSummary] = {}

    def read(self) -> list[Any]:
        """The records, an output after its example and a judgment after its output."""
        return [*self.examples.values(), *self.outputs, *self.judgments, *self.preferences]

    def item(self, name: str, **fields: Any) -> "Sheet":
        """An example; one that is not declared is Swedish and has neither reference nor source."""
        self.examples[name] = Example(**{"id": name, "kind": "instruction", "language": "sv", **fields})
        return self

    def metric(self, name: str, **fields: Any) -> "Sheet":
        """What meta-evaluation must know of a metric; one that is not declared is plain: higher is better, needs nothing."""
        self.metrics[name] = MetricSummary(**{"signature": name, "name": name, **fields})
        return self

    def answer(
        self,
        item: str,
        system: str,
        rating: float | Mapping[str, float | None] | None = None,
        *,
        sample: int = 0,
        text: str | None = "ett svar",
        scale: Scale | None = None,
        **scores: float | None,
    ) -> str:
        """One output with its rating (by `anna`, or by each named rater) and its scores; returns the output's id."""
        if item not in self.examples:
            self.item(item)
        output = Output(id=f"{item}/{system}/{sample}", example_id=item, system=system, sample=sample, text=text)
        self.outputs.append(output)
        given = rating if isinstance(rating, Mapping) else {"anna": rating}
        self.judgments += [
            Judgment(output_id=output.id, rater=rater, criterion=self.criterion, value=value, scale=scale)
            for rater, value in given.items()
        ]
        for name, value in scores.items():
            self.score(name, (output.id,), value)
        return output.id

    def prefer(self, a: str, b: str, winner: str | None, rater: str = "anna") -> "Sheet":
        """One rater's choice between two outputs."""
        choice: Any = winner
        self.preferences.append(Preference(output_a=a, output_b=b, rater=rater, criterion=self.criterion, winner=choice))
        return self

    def score(self, metric: str, targets: Sequence[str], value: float | None, component: str | None = None) -> "Sheet":
        """What a metric says of an output, or of a pair in the order given."""
        if metric not in self.metrics:
            self.metric(metric)
        status: Any = "ok" if value is not None else "unparsed"
        self.scores.append(Score(targets=tuple(targets), metric=metric, component=component, value=value, status=status))
        return self

    def data(self) -> JudgmentSet:
        """The set, read and checked like any other."""
        return read_judgments(self)

    def rows(self, **options: Any) -> list[MetaRow]:
        """The MetaRows, few resamples unless told otherwise."""
        return metaevaluate(self.data(), self.scores, list(self.metrics.values()), MetaOptions(**{**QUICK, **options}))


def grid(human: Sequence[Sequence[float | None]], **metrics: Sequence[Sequence[float | None]]) -> Sheet:
    """A sheet of systems (rows) by items (columns), as mt-metrics-eval lays ratings out."""
    sheet = Sheet()
    for system, ratings in enumerate(human):
        for item, rating in enumerate(ratings):
            scores = {name: values[system][item] for name, values in metrics.items()}
            sheet.answer(f"item{item:03d}", f"system{system}", rating, **scores)
    return sheet


def find(rows: Sequence[MetaRow], **fields: Any) -> list[MetaRow]:
    """The rows whose fields have these values; of slices `all` and of supports the metric's own unless told otherwise."""
    wanted = {"slice": "all", **fields}
    found = [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]
    return found if "support" in fields else [row for row in found if row.support in (None, "own", "common")]


def only(rows: Sequence[MetaRow], **fields: Any) -> MetaRow:
    """The one row of which this is true."""
    found = find(rows, **fields)
    assert len(found) == 1, f"{len(found)} rows with {fields}"
    return found[0]
