"""What a leaderboard is made of: results of models on tasks with their items, and the board that is computed from them.

`Results` is what lies in a folder of lm-eval results, written here or elsewhere; `Board` is what every form of output draws, so
that no form knows a number that another does not. Missing is `None`.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Item(_Record, frozen=True, kw_only=True):
    """One item of a task as one model did it. `key` tells the same item in the results of two models (lm-eval's `doc_hash`).

    `answers`: what the model said, or its log-likelihood of each choice as text. `values`: what each metric says of this item;
    a metric that exists only for the whole task (BLEU, chrF) has none, and is computed anew from `answers` and `target`.
    """

    key: str
    prompt: str | None = None
    target: str | None = None
    choices: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    values: dict[str, float | None] = {}
    meta: dict[str, Any] = {}


class TaskInfo(_Record, frozen=True, kw_only=True):
    """What a task says of itself. `metric`: the column that a board shows; `baseline`: what guessing gives, `ceiling`: the best
    there can be; both on the metric's own scale. `hash`: of the task's items. `kind`: what is done, in the word that judgment
    sets use (`gec`, `translation`); `criteria`: what of an answer the task is about, in their words (`correctness`); none: all
    that was rated."""

    name: str
    version: str | None = None
    language: str | None = None
    form: Literal["short", "long"] | None = None
    licence: str | None = None
    metric: str | None = None
    output_type: str | None = None
    higher_is_better: bool = True
    baseline: float | None = None
    ceiling: float | None = None
    hash: str | None = None
    description: str | None = None
    kind: str | None = None
    criteria: tuple[str, ...] = ()


class MetricInfo(_Record, frozen=True, kw_only=True):
    """A metric of this harness that scored kept answers (`harness.leaderboard.columns`). `name`: what stands in `values`;
    `signature`: same signature, same scores."""

    name: str
    signature: str
    higher_is_better: bool = True


class ModelInfo(_Record, frozen=True, kw_only=True):
    """A model on the board. `arguments`: how it was opened; `digest`: of its files, where they were at hand; `training`: the
    record's name of the training that made it, where it was made here."""

    name: str
    arguments: dict[str, Any] = {}
    digest: str | None = None
    parameters: int | None = None
    training: str | None = None
    meta: dict[str, Any] = {}


class TaskResult(_Record, frozen=True, kw_only=True):
    """One model on one task. `values` and `errors` (standard errors): by metric, as lm-eval reported them; `shots`: examples in
    the prompt; `seconds`, `tokens`, `cost` (US dollars): of this task, where known; `partial`: fewer items than the task has."""

    model: str
    task: str
    values: dict[str, float | None]
    errors: dict[str, float | None] = {}
    items: int
    partial: bool = False
    shots: int | None = None
    settings: dict[str, Any] = {}
    seconds: float | None = None
    tokens: int | None = None
    cost: float | None = None
    date: str | None = None
    file: str | None = None


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a folder of results. `read_items(model, task)` yields the items, none where no samples were kept. `metrics`:
    by name, those that this harness computed over the kept answers. `items_notes`: by (model, task) what reading its items has
    shown so far, which is known only once they have been read."""

    models: dict[str, ModelInfo]
    tasks: dict[str, TaskInfo]
    results: tuple[TaskResult, ...]
    read_items: Callable[[str, str], Iterator[Item]]
    metrics: dict[str, MetricInfo] = {}
    notes: tuple[str, ...] = ()
    items_notes: dict[tuple[str, str], tuple[str, ...]] = {}

    def all_notes(self) -> tuple[str, ...]:
        """The notes, then those of the items of these results that have been read, each once."""
        read = (note for one in self.results for note in self.items_notes.get((one.model, one.task), ()))
        return tuple(dict.fromkeys([*self.notes, *read]))


class Trust(_Record, frozen=True, kw_only=True):
    """How well a column's metric agrees with people on that language and form, out of stored meta-evaluations.

    `verdict`: `agrees` (accuracy on items held out is clear of every sentinel and of the floor: `harness advise` says *use*),
    `doubtful` (people have rated, and it is not), `unknown` (nobody has rated such answers), `by-key` (the answer is compared
    with a key; people are not asked). `value`, `low`, `high`: pairwise accuracy, held out, of the weakest of what counts;
    `floor`: what knowing nothing gets on the same pairs; `above` …: calibrated accuracy above it, as a share of what is left;
    `sentinel`: which knows nothing of quality, and stands nearest. `language`, `form`: of the answers that were rated;
    `judgments`: the sets that count.
    """

    verdict: Literal["agrees", "doubtful", "unknown", "by-key"]
    metric: str | None = None
    statistic: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    above: float | None = None
    above_low: float | None = None
    above_high: float | None = None
    sentinel: str | None = None
    sentinel_value: float | None = None
    items: int = 0
    pairs: int = 0
    judgments: tuple[str, ...] = ()
    language: str | None = None
    form: str | None = None
    why: str | None = None


class Cell(_Record, frozen=True, kw_only=True):
    """One number: a model, a column and its interval. `normalised`: 0 at the baseline, 1 at the ceiling. `status` says why there
    is no value. `seen`: how many of the items overlap with what the model was trained on here; None where that is not known."""

    model: str
    column: str
    value: float | None
    low: float | None = None
    high: float | None = None
    normalised: float | None = None
    items: int = 0
    rank: int | None = None
    cluster: int | None = None
    status: Literal["ok", "missing", "partial", "error"] = "ok"
    seen: int | None = None
    seconds: float | None = None
    tokens: int | None = None
    cost: float | None = None
    note: str | None = None


class Column(_Record, frozen=True, kw_only=True):
    """A task by one metric. `key` is `task/metric`; `main`: the task's own metric, which counts in the aggregate."""

    key: str
    task: str
    metric: str
    main: bool = True
    higher_is_better: bool = True
    trust: Trust | None = None
    note: str | None = None


class Standing(_Record, frozen=True, kw_only=True):
    """A model over all columns that count: the mean of its normalised values, never a bare rank. `columns`: how many count;
    `cluster`: 1 for the models that none is shown to be better than."""

    model: str
    mean: float | None
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    cluster: int | None = None
    columns: int = 0
    seconds: float | None = None
    tokens_per_second: float | None = None
    cost: float | None = None
    note: str | None = None


class Board(_Record, frozen=True, kw_only=True):
    """A leaderboard. `cells`: one for every model and column, in that order; `warnings`: what a reader has to know first."""

    name: str
    models: tuple[ModelInfo, ...]
    tasks: tuple[TaskInfo, ...]
    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]
    standings: tuple[Standing, ...]
    confidence: float = 0.95
    seed: int = 0
    resamples: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    made: dict[str, Any] = {}
