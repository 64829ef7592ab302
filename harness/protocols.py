"""What a metric, a judgment source, a builder, a generator and a trainer must be able to do, and the specs that announce them.

A spec is cheap: it is made when plugins are discovered. `build(**params)` is where heavy imports belong; it
checks its parameters and returns an object with the methods of the matching protocol.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from harness.records import (
    Example,
    Judgment,
    JudgmentInfo,
    Kind,
    Output,
    Preference,
    Status,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.build.rows import SetAside

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a metric scores in one go: an example and one output (`output`), two (`pair`) or all of its outputs (`group`).

    For `corpus` metrics `example` is the first example and `outputs` are all outputs of one system. `peers`, for metrics that
    need them: the other outputs of the example, without those of reference systems where the metric needs references.
    """

    example: Example
    outputs: tuple[Output, ...]
    peers: tuple[Output, ...] = ()

    @property
    def output(self) -> Output:
        """The only output, of a unit that has one."""
        return self.outputs[0]


@dataclass(frozen=True, slots=True)
class Result:
    """A metric's word on one unit. `value` None means no score, and `status` then says why.

    `components` holds one value for each of the spec's `components`; `detail` is short text for people.
    """

    value: float | None
    status: Status = "ok"
    components: Mapping[str, float | None] = field(default_factory=dict)
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """A metric's word on many units at once, for metrics that compute arrays: what a list of N Results says, column by column.

    `values`: one float64 array of shape (N,) for each of the spec's `components`, under None where there are none; nan is a
    missing value. `status`: one a unit, None where all are "ok"; it says why a unit's values are nan, and a nan of a unit that
    is "ok" is an error of the metric. `detail`: short text for people, one (or None) a unit; None where no unit has any.
    """

    values: "Mapping[str | None, NDArray[np.float64]]"
    status: Sequence[Status] | None = None
    detail: Sequence[str | None] | None = None


@runtime_checkable
class Metric(Protocol):
    """Scores units. `signature` is ordered `key:value` pairs joined by `|`, the version last: same signature, same scores.

    A metric that scores a hundred thousand outputs a second may also have `score_columns(units) -> Columns`, which is then called
    in place of `score` and must say the same; a Result a unit would take longer to make than to compute.
    """

    signature: str

    def score(self, units: Sequence[Unit]) -> Sequence[float | Result]:
        """One result per unit, in order. The value for a unit does not depend on the other units of the call.

        A metric may also have `prepare(examples)`, called once with every example before the first `score`. One that asks models
        may have `verdicts(units)` and `plan(units)` (`harness.verdicts`).
        """
        ...


@runtime_checkable
class JudgmentSource(Protocol):
    """A set of outputs with what people said of them.

    Records are checked field by field as they are read; one that decodes its records by their types may say so
    (`fields_checked = True`), which saves that.
    """

    info: JudgmentInfo

    def read(self) -> Iterable[Example | Output | Judgment | Preference]:
        """Records in a fixed order; an output comes after its example, a judgment after its output."""
        ...


@runtime_checkable
class DatasetBuilder(Protocol):
    """Makes examples."""

    def examples(self) -> "Iterator[Example | SetAside]":
        """Examples in a fixed order, the same for the same input: a build that was stopped asks again and passes over what it
        has.

        A row that is not to become part of the data is a SetAside with the reason, never silently left out. What is expensive
        (translations, replies of models) a builder keeps by itself (`harness.cache`, `harness.chat`), so that asking again is
        cheap. One that asks paid models may have `plan()` (`harness.verdicts.PlannedBuild`); one that has more to tell than its
        rows, `notes()` (`NotedBuilder`).
        """
        ...


@runtime_checkable
class NotedBuilder(Protocol):
    """A dataset builder that tells the user what its rows do not: what was assumed, what was cut, which files it set aside."""

    def notes(self) -> Sequence[str]:
        """Sentences, asked for when the rows were; the build shows them, and keeps them in its manifest and its data card."""
        ...


@runtime_checkable
class Generator(Protocol):
    """Runs a model on examples."""

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        """Outputs, at least one per example, in the examples' order.

        What a model did not answer is an output whose `finish` is "error" and whose meta says why (`detail`). A generator with a
        `signature` (its model's digest and its decoding) is cached under it. One that is faster where it need not keep the order
        may also have `generate_as_done(examples)`, all outputs of an example one after the other; one whose last digits depend
        on the number of threads `threads`, which is read here and set in other processes; one that lm-eval can ask directly
        `lm_eval_model()`, an `lm_eval.api.model.LM`.
        """
        ...


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A metric's value for answers to `n` held-out examples; `missing` of them have no score."""

    value: float
    n: int
    missing: int = 0


class Scorer(Protocol):
    """Scores answers to held-out examples with the metrics of this harness, by their references: `rouge-l:stemmer=swedish`."""

    def higher_is_better(self, metric: str) -> bool:
        """Whether more of it is better. Raises PluginError for a metric that is unknown, broken, or scores no single outputs."""
        ...

    def mean(self, metric: str, examples: Sequence[Example], outputs: Sequence[Output]) -> HeldOut:
        """The metric's main component over the outputs. Raises InputError where no output has a score."""
        ...


@runtime_checkable
class Trainer(Protocol):
    """Tunes or trains a model."""

    def train(self, examples: Iterable[Example], folder: Path) -> Path:
        """Trains on the examples and returns the checkpoint folder, which lies in `folder`.

        A trainer that learns from some splits only says which in an attribute `splits` (None in it: examples without a split);
        from the others nothing that it learns may depend, but when it ends and which of its checkpoints it keeps. One that
        chooses by a metric has a method `use_scorer(scorer)`, which is called with a Scorer before `train`; one that tells how
        far it is has `use_report(report)`, called with a function of the steps that are done and of all. One that can tell in a
        moment that it could not train (no such base, nothing to learn from) has a method `check(examples)`, which raises an
        error of `harness.errors` and writes nothing; dry runs call it.
        """
        ...


@dataclass(frozen=True)
class PluginSpec:
    """The part that all specs share.

    `name` is kebab-case; `extra` names the optional dependency group that `build` needs; `argument` is the parameter that a
    bare word sets on the command line (`table:ratings.csv`). `reads` takes what `build` takes and returns the files and folders
    that the plugin then reads, or None if that cannot be said: where it says so, a run of which nothing has changed is taken
    over without building anything. `harness.named_files` does for a plugin that reads nothing but what its parameters name.
    """

    name: str
    build: Callable[..., Any]
    version: str = "1"
    help: str = ""
    extra: str | None = None
    argument: str | None = None
    reads: Callable[..., Iterable[str | Path] | None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _KEBAB.match(self.name):
            raise ValueError(f"a plugin's name is kebab-case (a-z, 0-9, single hyphens), got {self.name!r}")
        if not callable(self.build):
            raise TypeError(f"{self.name}: build must be callable, got {self.build!r}")


@dataclass(frozen=True)
class MetricSpec(PluginSpec):
    """Announces a metric.

    `components`: names of the component values, the main one first, or empty; `needs`: what an example must have
    ("reference", "source"), or an output ("peers": other outputs of its example); `batch_size`: units per call of `score`, which
    is also the most that a crash can lose. A metric whose `cost` is "paid" stays in this process, keeps what it has received by
    itself, and is asked again about units on which it failed when the command is run again. `found_in`, of a metric that serves
    what a set holds already: the values of `argument` that there are in these outputs. `tolerance`: how far the same score may
    differ on another machine, in another batch or with other threads, absolutely and relative to its size; the gate
    (`harness gate`) lets no score move further. `data`: sets of files that it can read, by the name under which `harness data`
    serves them.
    """

    unit: Literal["output", "pair", "group", "corpus"] = "output"
    components: tuple[str, ...] = ()
    higher_is_better: bool = True
    needs: tuple[str, ...] = ()
    cost: Literal["cpu", "gpu", "paid"] = "cpu"
    languages: tuple[str, ...] = ()
    batch_size: int = 256
    found_in: Callable[[Iterable[Output]], Iterable[str]] | None = None
    tolerance: float = 1e-9
    data: "Mapping[str, DataFiles]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.tolerance < float("inf"):
            raise ValueError(f"{self.name}: tolerance must be a number from 0 up, got {self.tolerance}")
        if self.batch_size < 1:
            raise ValueError(f"{self.name}: batch_size must be at least 1, got {self.batch_size}")
        unknown = set(self.needs) - {"reference", "source", "peers"}
        if unknown:
            raise ValueError(f"{self.name}: needs may hold 'reference', 'source' and 'peers', got {sorted(unknown)}")
        if "peers" in self.needs and self.unit != "output":
            raise ValueError(f"{self.name}: only metrics of single outputs can need peers, this one's unit is {self.unit!r}")


@dataclass(frozen=True)
class JudgmentSourceSpec(PluginSpec):
    """Announces a source of human judgments.

    `data` lists the files it reads, so that `harness data` can get and check them; `rows_argument` is the parameter that takes
    a table in memory (a list of dicts, a pandas, polars or Arrow table), which is how the Python API reads one.
    """

    data: "DataFiles | None" = None
    rows_argument: str | None = None


@dataclass(frozen=True)
class BuilderSpec(PluginSpec):
    """Announces a dataset builder. `data`: sets of files that it can read, by the name under which `harness data` serves them.
    `leaves` takes what `build` takes and returns the files and folders that are there, beside the rows, when it has been asked to
    the end (a database, say): where one of them is gone, it is asked again.
    """

    languages: tuple[str, ...] = ()
    data: "Mapping[str, DataFiles]" = field(default_factory=dict)
    leaves: Callable[..., Iterable[str | Path]] | None = None


@dataclass(frozen=True)
class GeneratorSpec(PluginSpec):
    """Announces a generation back end.

    `batch_size`: examples that are asked together, of a generator whose answers to a batch depend on that batch alone, to the
    last digit: batches may then be asked by any process, in any order (`--executor`), and a crash loses one at most. None, the
    default, promises nothing: this process asks about everything that is missing, in one call. `cost` as of metrics: "gpu" for
    one that keeps a whole machine busy, "paid" for one that stays in this process, in one call. Where parameters decide, a
    generator has attributes `batch_size` and `cost`, which count instead.
    """

    cost: Literal["cpu", "gpu", "paid"] = "cpu"
    batch_size: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"{self.name}: batch_size must be at least 1, or None, got {self.batch_size}")


@dataclass(frozen=True)
class TrainerSpec(PluginSpec):
    """Announces a trainer. `accepts`: the kinds of Example it can train on; `free`: parameters that change no result (memory,
    speed, what is told), so that a training goes on when they change."""

    accepts: tuple[Kind, ...] = ("instruction", "chat")
    free: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFiles:
    """Files at a pinned source: `folder` below the data home, `base_url` with the commit in it, `files` path → sha256.

    Files that have no address of their own have an empty `base_url`, and `by_hand` says what a user does to get them, as the
    rest of a sentence.
    """

    folder: str
    base_url: str
    files: Mapping[str, str]
    licence: str
    source: str
    by_hand: str = ""
