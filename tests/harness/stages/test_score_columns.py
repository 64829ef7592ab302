"""A metric that answers in columns says what one that answers unit by unit says, and executors may have it asked."""

import math
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import HarnessError, PluginError
from harness.judgments import JudgmentSet
from harness.protocols import Columns, MetricSpec, Result, Unit
from harness.records import Example, JudgmentInfo, Output
from harness.registry import PluginRef
from harness.score_table import STATUSES
from harness.stages.answers import Answers, SavedBatch, joined, restored, saved
from harness.stages.metrics import answer, prepare
from harness.stages.score import BuiltMetric, pending, score
from harness.store import Run, read_manifest

COMPONENTS = ("f1", "recall")


class Listed:
    """One result a unit: numbers, a missing one, one of an empty answer."""

    signature = "lengths|v:1"

    def score(self, units: Sequence[Unit]) -> list[Result]:
        return [self._one(unit) for unit in units]

    def _one(self, unit: Unit) -> Result:
        text = unit.output.text or ""
        if text == "?":
            return Result(None, "unparsed", detail="a question mark\ud800")
        f1 = math.inf if text == "!" else float(len(text))
        return Result(f1, "ok" if text else "empty", {"recall": len(text) / 3}, None if text else "no text")


class InColumns(Listed):
    """The same in columns."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def score_columns(self, units: Sequence[Unit]) -> Columns:
        self.asked.append(len(units))
        results = [self._one(unit) for unit in units]
        f1 = np.array([np.nan if result.value is None else result.value for result in results])
        recall = np.array([np.nan if result.value is None else result.components["recall"] for result in results], dtype=float)
        return Columns({"f1": f1, "recall": recall}, [r.status for r in results], [r.detail for r in results])


def built(metric: Any, **spec: Any) -> BuiltMetric:
    known = {"components": COMPONENTS, "batch_size": 3, **spec}
    return BuiltMetric(PluginRef("lengths"), MetricSpec("lengths", build=InColumns, **known), metric)


def make_set(texts: Sequence[str] = ("ett", "?", "", "!", "snö på is", "a", "b")) -> JudgmentSet:
    examples = tuple(Example(id=f"e{i}", kind="instruction", language="sv") for i in range(len(texts)))
    outputs = tuple(Output(id=f"o{len(texts) - i}", example_id=f"e{i}", system="x", text=t) for i, t in enumerate(texts))
    return JudgmentSet(JudgmentInfo(name="set", version="1"), examples, outputs)


def test_columns_make_the_scores_that_results_make() -> None:
    found = score(make_set(), [built(InColumns())])
    assert list(found) == list(score(make_set(), [built(Listed())]))
    by_id = {s.targets[0]: (s.value, s.status, s.detail) for s in found if s.component == "f1"}
    assert by_id["o6"] == (None, "unparsed", "a question mark\\ud800")
    assert by_id["o5"] == (0.0, "empty", "no text")
    assert by_id["o4"] == (None, "error", "the metric returned inf")


def test_columns_are_saved_and_read_like_results(tmp_path: Path) -> None:
    whole = score(make_set(), [built(Listed())])
    for asked in (3, 0):  # batches of three, three and one; then none
        metric = InColumns()
        with Run.open(tmp_path / "r", config={}, command=[]) as run:
            assert list(score(make_set(), [built(metric)], run=run)) == list(whole)
        assert len(metric.asked) == asked
    assert pending(make_set(), built(InColumns()), tmp_path / "r") == (7, 7, 0)


def test_batches_of_another_size_are_scored_again(tmp_path: Path) -> None:
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        score(make_set(), [built(Listed())], run=run)
    metric = InColumns()
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        score(make_set(), [built(metric, batch_size=2)], run=run)
    assert metric.asked == [2, 2, 2]  # the last unit alone is a batch of both sizes
    assert read_manifest(tmp_path / "r").counts["units_reused"] == 1


def test_nan_without_a_reason_is_an_error_of_that_component_alone() -> None:
    class Lacking(InColumns):
        def score_columns(self, units: Sequence[Unit]) -> Columns:
            return Columns({"f1": np.ones(len(units)), "recall": np.full(len(units), np.nan)})

    f1, recall = score(make_set(["a"]), [built(Lacking())])
    assert (f1.value, f1.status) == (1.0, "ok")
    assert (recall.value, recall.status, recall.detail) == (None, "error", "the metric returned nan")


def test_a_unit_on_which_columns_fail_is_an_error_and_the_others_are_scored() -> None:
    class Fragile(InColumns):
        def score_columns(self, units: Sequence[Unit]) -> Columns:
            if any(unit.output.text == "a" for unit in units):
                raise ZeroDivisionError("a")
            return super().score_columns(units)

    found = {(s.targets[0], s.component): s for s in score(make_set(), [built(Fragile())])}
    assert (found["o2", "f1"].status, found["o2", "f1"].detail) == ("error", "ZeroDivisionError: a")
    assert found["o3", "recall"].value == 3.0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (lambda n: [1.0] * n, "score_columns(units) must return Columns, got [1.0, 1.0"),
        (lambda n: Columns({"f1": np.ones(n)}), "columns have the components 'f1'; its spec declares 'f1', 'recall'"),
        (
            lambda n: Columns({"f1": np.ones(n - 1), "recall": np.ones(n)}),
            "column 'f1' must be a float64 array of shape (3,), got array([1., 1.])",
        ),
        (lambda n: Columns({"f1": np.ones(n), "recall": np.ones(n, dtype=int)}), "column 'recall' must be a float64 array"),
        (lambda n: Columns({"f1": np.ones(n), "recall": np.ones(n)}, ["ok"]), "columns of 3 units need 3 entries in status"),
        (
            lambda n: Columns({"f1": np.ones(n), "recall": np.ones(n)}, ["ok", "ok", "fine"]),  # type: ignore[list-item]
            "columns have the unknown status 'fine'",
        ),
    ],
)
def test_columns_that_break_the_protocol_stop_the_run_and_name_the_metric(columns: Callable[[int], Any], message: str) -> None:
    metric = InColumns()
    metric.score_columns = lambda units: columns(len(units))  # type: ignore[method-assign]
    with pytest.raises(PluginError, match=re.escape(f"metric 'lengths': {message}")):
        score(make_set(), [built(metric)])


def test_a_saved_batch_that_is_not_whole_counts_as_not_saved() -> None:
    answers = answer(built(Listed()), [Unit(e, (o,)) for e, o in zip(make_set().examples, make_set().outputs, strict=True)])
    again = restored(saved(answers, 0), 2)
    assert again is not None
    np.testing.assert_array_equal(again.values, answers.values)
    np.testing.assert_array_equal(again.status, answers.status)
    assert again.details == answers.details
    assert restored(saved(answers, 0), 3) is None
    assert restored(SavedBatch(first=0, units=2, values=[[1.0], [1.0, 2.0]]), 2) is None
    assert restored(SavedBatch(first=0, units=1, values=[[None], [1.0]]), 2) is None  # missing, and nothing says why
    assert restored(SavedBatch(first=0, units=1, values=[[1.0]], status=[(0, 5, "empty")]), 1) is None


class TwoAhead:
    """An executor that takes two batches before it answers the first."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def answers(self, metric: BuiltMetric, examples: Sequence[Example], batches: Iterable[Sequence[Unit]]) -> Iterator[Answers]:
        prepare(metric, examples)
        waiting: list[Sequence[Unit]] = []
        for batch in batches:
            self.batches.append(len(batch))
            waiting.append(batch)
            if len(waiting) > 2:
                yield answer(metric, waiting.pop(0))
        yield from (answer(metric, batch) for batch in waiting)


def test_an_executor_is_given_the_batches_that_are_not_saved(tmp_path: Path) -> None:
    executor = TwoAhead()
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        first = score(make_set(), [built(InColumns())], run=run, executor=executor)
    assert executor.batches == [3, 3, 1]
    assert first == score(make_set(), [built(Listed())])
    [segment] = (tmp_path / "r" / "segments").glob("*/main-0.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(lines[0] + lines[2])  # the batch in the middle is lost
    again = TwoAhead()
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        assert score(make_set(), [built(InColumns())], run=run, executor=again) == first
    assert again.batches == [3]


def test_an_executor_that_answers_too_little_is_named() -> None:
    class Lazy(TwoAhead):
        def answers(self, metric: Any, examples: Any, batches: Any) -> Iterator[Answers]:
            return (replace(joined([answer(metric, batch)])) for batch in list(batches)[:1])

    with pytest.raises(HarnessError, match="metric 'lengths': the executor gave nothing for a batch of 3"):
        score(make_set(), [built(InColumns())], executor=Lazy())


def session(folder: Path, *metrics: BuiltMetric) -> dict[str, int]:
    """Scores in the folder and finishes; returns the manifest's counts."""
    with Run.open(folder, config={}, command=[]) as run:
        found = score(make_set(), metrics, run=run)
        if not run.holds_table("scores"):
            run.write_table("scores", found)
        assert list(found) == list(score(make_set(), metrics))
    return read_manifest(folder).counts


class Other(InColumns):
    signature = "other|v:1"


def test_a_finished_table_is_taken_over_without_its_segments(tmp_path: Path) -> None:
    first = session(tmp_path / "r", built(Listed()))
    written = (tmp_path / "r" / "scores.parquet").stat().st_mtime_ns
    shutil.rmtree(tmp_path / "r" / "segments")
    assert session(tmp_path / "r", built(Listed())) == {**first, "units_scored": 0, "units_reused": 7}
    assert (tmp_path / "r" / "scores.parquet").stat().st_mtime_ns == written
    both = session(tmp_path / "r", built(Listed()), built(Other()))  # one that is new, and one that is not
    assert (both["units_scored"], both["units_reused"], both["scores"]) == (7, 7, 28)
    assert session(tmp_path / "r", built(Other()))["scores"] == 14


def test_a_finished_table_that_was_changed_is_not_taken_over(tmp_path: Path) -> None:
    session(tmp_path / "r", built(Listed()))
    with (tmp_path / "r" / "scores.parquet").open("ab") as file:
        file.write(b"x")
    assert session(tmp_path / "r", built(Listed()))["units_reused"] == 7  # from the segments
    (tmp_path / "r" / "scores.parquet").unlink()
    shutil.rmtree(tmp_path / "r" / "segments")
    assert session(tmp_path / "r", built(Listed()))["units_scored"] == 7


class Saying:
    """A metric of which a test says what it does."""

    signature = "saying|v:1"

    def __init__(self, score: Callable[..., Any], columns: Callable[..., Any] | None = None) -> None:
        self.score = score
        if columns is not None:
            self.score_columns = columns


def saying(score: Callable[..., Any], columns: Callable[..., Any] | None = None) -> tuple[Answers, list[Unit]]:
    data = make_set(("a", "bb", "ccc"))
    units = [Unit(example, (output,)) for example, output in zip(data.examples, data.outputs, strict=True)]
    return answer(built(Saying(score, columns), components=()), units), units


def test_words_of_a_status_may_be_an_array_and_what_is_masked_is_missing() -> None:
    values = np.ma.array([1.0, 2.0, 3.0], mask=[True, False, False])
    found, _ = saying(len, lambda units: Columns({None: values}, np.array(["empty", "ok", "ok"])))
    assert [STATUSES[code] for code in found.status[0]] == ["empty", "ok", "ok"]
    assert found.values[0].tolist()[1:] == [2.0, 3.0]
    assert math.isnan(found.values[0, 0])


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda units: {n: 1.0 for n in range(len(units))}, "must return a list"),
        (lambda units: "abc"[: len(units)], "must return a list"),
        (lambda units: [Result(3.0, "error")] * len(units), "has the value 3.0 and the status 'error'"),
        (lambda units: [Result(3.0, ["ok"])] * len(units), "unknown status"),
    ],
)
def test_what_could_be_taken_for_scores_and_is_none_is_refused(score: Callable[..., Any], message: str) -> None:
    with pytest.raises(PluginError, match=re.escape(message)):
        saying(score)


def test_a_value_that_its_status_denies_is_refused_in_columns_too() -> None:
    with pytest.raises(PluginError, match="unit 1 of its columns has a value and the status 'no-reference'"):
        saying(len, lambda units: Columns({None: np.ones(len(units))}, ["ok", "no-reference", "ok"][: len(units)]))


def test_what_a_metric_prints_is_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    saying(lambda units: print("loading …") or [1.0] * len(units))
    assert capsys.readouterr() == ("", "loading …\n")


def test_a_metric_that_goes_to_another_folder_leaves_us_where_we_are(tmp_path: Path) -> None:
    here = Path.cwd()
    saying(lambda units: os.chdir(tmp_path) or [1.0] * len(units))
    assert Path.cwd() == here


class _OfAStranger(BaseException):
    """An exception that `except Exception` lets through."""


@pytest.mark.parametrize("error", [GeneratorExit, SystemExit, _OfAStranger])
def test_whatever_a_metric_raises_is_its_units_error(error: type[BaseException]) -> None:
    def score(units: Sequence[Unit]) -> list[float]:
        raise error("no")

    found, _ = saying(score)
    assert {STATUSES[code] for code in found.status[0]} == {"error"}
    assert error.__name__ in found.details[0, 0]
