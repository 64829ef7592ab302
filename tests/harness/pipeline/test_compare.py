"""Systems are compared on the items that both answered, seeds as one system; numbers here are checked by hand."""

import numpy as np
import pytest

from harness.experiment_records import CompareOptions
from harness.judgments import JudgmentSet
from harness.meta.columns import MetricSummary
from harness.pipeline.compare import compare_systems, pairs_of
from harness.pipeline.records import Comparison
from harness.records import Example, JudgmentInfo, Output, Score
from harness.score_table import ScoreTable
from harness.stages.evaluate import in_table_order

METRIC = MetricSummary("m|v:1", "m")
OPTIONS = CompareOptions(baseline="base", resamples=400, draws=1000)


def data_of(items: int, systems: list[str], **fields: object) -> JudgmentSet:
    examples = [Example.from_instruction(f"d/{n:03}", "?", ["!"], language="sv", **fields) for n in range(items)]  # type: ignore[arg-type]
    outputs = [Output(id=f"{e.id}/{s}", example_id=e.id, system=s, text="x") for e in examples for s in systems]
    return in_table_order(JudgmentSet(JudgmentInfo(name="n", version="1"), tuple(examples), tuple(outputs)))


def scores_of(data: JudgmentSet, values: dict[str, list[float | None]], metric: str = "m|v:1") -> ScoreTable:
    found = []
    for output in data.outputs:
        value = values[output.system][int(output.example_id[2:])]
        status = "ok" if value is not None else "error"
        found.append(Score(targets=(output.id,), metric=metric, value=value, status=status))  # type: ignore[arg-type]
    return ScoreTable.of(found)


def row(rows: list[Comparison], system: str, against: str | None = None, slice: str = "all") -> Comparison:
    [found] = [one for one in rows if (one.system, one.against, one.slice) == (system, against, slice)]
    return found


def test_means_and_differences_of_single_systems() -> None:
    data = data_of(20, ["base", "tuned"])
    scores = scores_of(data, {"base": [0.25] * 20, "tuned": [0.25 + (n % 2) for n in range(20)]})
    rows = compare_systems(data, scores, [METRIC], {"base": ["base"], "tuned": ["tuned"]}, OPTIONS)
    assert (row(rows, "base").value, row(rows, "tuned").value) == (0.25, 0.75)
    assert (row(rows, "base").low, row(rows, "base").high) == (0.25, 0.25)
    difference = row(rows, "tuned", "base")
    assert (difference.value, difference.better, difference.n_items, difference.n_clusters) == (0.5, True, 20, 20)
    assert difference.low is not None
    assert difference.high is not None
    assert 0.2 < difference.low < 0.5 < difference.high < 0.8
    assert difference.p_adjusted is not None
    assert difference.p_adjusted < 0.01  # ten pluses and no minus: 2 of 1,024, two-sided


def test_seeds_of_a_system_are_one_system_and_stand_beside_it() -> None:
    data = data_of(12, ["base", "tuned-0", "tuned-1"])
    scores = scores_of(data, {"base": [0.5] * 12, "tuned-0": [0.6] * 12, "tuned-1": [0.8] * 12})
    rows = compare_systems(data, scores, [METRIC], {"base": ["base"], "tuned": ["tuned-0", "tuned-1"]}, OPTIONS)
    mean, difference = row(rows, "tuned"), row(rows, "tuned", "base")
    assert (mean.runs, mean.lowest, mean.highest) == (2, pytest.approx(0.6), pytest.approx(0.8))
    assert mean.value == pytest.approx(0.7)
    assert difference.value == pytest.approx(0.2)
    assert (difference.lowest, difference.highest) == (pytest.approx(0.1), pytest.approx(0.3))
    assert row(rows, "base").lowest is None


def test_items_that_one_of_the_two_lacks_are_left_out_of_their_difference_and_counted() -> None:
    data = data_of(20, ["base", "tuned"])
    base: list[float | None] = [0.0] * 20
    tuned: list[float | None] = [1.0] * 19 + [None]
    rows = compare_systems(
        data, scores_of(data, {"base": base, "tuned": tuned}), [METRIC], {"base": ["base"], "tuned": ["tuned"]}, OPTIONS
    )
    difference = row(rows, "tuned", "base")
    assert (difference.value, difference.n_items, difference.missing) == (1.0, 19, 1)
    assert (row(rows, "tuned").n_items, row(rows, "base").n_items) == (19, 20)


def test_lower_is_better_where_the_metric_says_so() -> None:
    data = data_of(12, ["base", "tuned"])
    scores = scores_of(data, {"base": [0.0] * 12, "tuned": [1.0] * 12})
    metric = MetricSummary("m|v:1", "m", higher_is_better=False)
    rows = compare_systems(data, scores, [metric], {"base": ["base"], "tuned": ["tuned"]}, OPTIONS)
    assert row(rows, "tuned", "base").better is False


def test_under_ten_documents_there_is_no_interval_and_no_test() -> None:
    data = data_of(30, ["base", "tuned"], cluster_id="d/one")
    scores = scores_of(data, {"base": [0.0] * 30, "tuned": [1.0] * 30})
    difference = row(compare_systems(data, scores, [METRIC], {"base": ["base"], "tuned": ["tuned"]}, OPTIONS), "tuned", "base")
    assert (difference.value, difference.n_items, difference.n_clusters) == (1.0, 30, 1)
    assert (difference.low, difference.p) == (None, None)
    assert difference.note == "fewer than 10 clusters: no interval, no test"


def test_items_of_one_document_do_not_count_as_independent() -> None:
    rng = np.random.default_rng(1)
    by_document = np.repeat(rng.normal(size=12), 10)
    examples = [Example.from_instruction(f"d/{n:03}", "?", ["!"], language="sv", cluster_id=f"d/c{n // 10}") for n in range(120)]
    alone = [Example.from_instruction(one.id, "?", ["!"], language="sv") for one in examples]
    widths = []
    for listed in (examples, alone):
        outputs = [Output(id=f"{e.id}/{s}", example_id=e.id, system=s, text="x") for e in listed for s in ("base", "tuned")]
        data = in_table_order(JudgmentSet(JudgmentInfo(name="n", version="1"), tuple(listed), tuple(outputs)))
        scores = scores_of(data, {"base": [0.0] * 120, "tuned": by_document.tolist()})
        found = row(compare_systems(data, scores, [METRIC], {"base": ["base"], "tuned": ["tuned"]}, OPTIONS), "tuned", "base")
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert widths[0] > 2 * widths[1]  # ten copies of each: √10 times as wide


def test_slices_by_what_tells_items_apart() -> None:
    data = data_of(24, ["base", "tuned"])
    examples = tuple(
        Example.from_instruction(one.id, "?", ["!"], language="sv", split="test" if n < 12 else "unseen")
        for n, one in enumerate(data.examples)
    )
    data = JudgmentSet(data.info, examples, data.outputs)
    scores = scores_of(data, {"base": [0.0] * 24, "tuned": [1.0] * 12 + [0.0] * 12})
    rows = compare_systems(data, scores, [METRIC], {"base": ["base"], "tuned": ["tuned"]}, OPTIONS)
    assert {one.slice for one in rows} == {"all", "split=test", "split=unseen"}
    assert row(rows, "tuned", "base", "split=test").value == 1.0
    nothing = row(rows, "tuned", "base", "split=unseen")
    assert (nothing.value, nothing.better, nothing.p) == (0.0, None, 1.0)


def test_a_metric_of_whole_systems_has_a_number_and_no_interval() -> None:
    data = data_of(3, ["base", "tuned"])
    scores = ScoreTable.of(
        [
            Score(targets=tuple(o.id for o in data.outputs if o.system == system), metric="b|v:1", value=value)
            for system, value in (("base", 1.0), ("tuned", 2.0))
        ]
    )
    metric = MetricSummary("b|v:1", "b", unit="corpus")
    rows = compare_systems(data, scores, [metric], {"base": ["base"], "tuned": ["tuned"]}, OPTIONS)
    assert [(one.system, one.value, one.low) for one in rows] == [("base", 1.0, None), ("tuned", 2.0, None)]


def test_without_a_baseline_every_pair_is_compared() -> None:
    assert pairs_of(("a", "b", "c"), None) == [("b", "a"), ("c", "a"), ("c", "b")]
    assert pairs_of(("a", "b", "c"), "b") == [("a", "b"), ("c", "b")]


def test_systems_that_do_not_differ_are_rarely_told_apart() -> None:
    rng, found = np.random.default_rng(0), 0
    for seed in range(60):
        data = data_of(30, ["base", "tuned"])
        values = {name: rng.normal(size=30).tolist() for name in ("base", "tuned")}
        options = CompareOptions(baseline="base", resamples=100, draws=400, seed=seed)
        rows = compare_systems(data, scores_of(data, values), [METRIC], {"base": ["base"], "tuned": ["tuned"]}, options)
        p = row(rows, "tuned", "base").p
        found += p is not None and p < 0.05
    assert found <= 8  # of 60 at 5 %: over 8 would happen less than once in a hundred times
