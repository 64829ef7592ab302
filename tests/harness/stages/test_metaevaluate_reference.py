"""`metaevaluate` gives what a slow and obvious implementation of the definitions gives, on any small set of ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest
import slow_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st
from judgment_sets import Sheet, find, only

from harness.records import MetaRow

# 0.1, 0.2, 0.3 and 0.4 have three float gaps for one difference: gaps must be compared as float64
SCORES = [None, 0.0, 0.1, 0.2, 0.3, 0.4, 0.7, 1.5]
RATINGS = [None, 1.0, 2.0, 3.0]
GROUPINGS = ("item", "system", "none")


@dataclass
class Case:
    """Outputs as columns: item, system, sample, cluster, what people and the metric say."""

    outputs: list[tuple[str, str, int]]
    clusters: list[str]
    human: list[float | None]
    metric: list[float | None]

    def sheet(self) -> Sheet:
        sheet = Sheet()
        for (item, _, _), cluster in zip(self.outputs, self.clusters, strict=True):
            sheet.item(item, cluster_id=cluster)
        for (item, system, sample), human, metric in zip(self.outputs, self.human, self.metric, strict=True):
            sheet.answer(item, system, human, sample=sample, m=metric)
        return sheet

    def groups(self, grouping: str) -> list[str]:
        return [{"item": item, "system": system, "none": "all"}[grouping] for item, system, _ in self.outputs]

    def pairs(self, grouping: str, *needed: Sequence[float | None]) -> list[slow.Pair]:
        return slow.pairs_within(self.groups(grouping), *needed)

    def counts(self, pairs: Sequence[slow.Pair]) -> tuple[int, int, int]:
        """n_items, n_clusters, n_pairs of the outputs that the pairs reach."""
        reached = {n for i, j, _ in pairs for n in (i, j)}
        return len({self.outputs[n][0] for n in reached}), len({self.clusters[n] for n in reached}), len(pairs)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    outputs = [
        (f"item{item}", f"system{system}", sample)
        for item in range(draw(st.integers(1, 5)))
        for system in range(draw(st.integers(0, 3)))
        for sample in range(draw(st.integers(1, 2)))
    ]
    clusters = {f"item{item}": f"cluster{draw(st.integers(0, 6))}" for item in range(5)}
    size = len(outputs)
    human = draw(st.lists(st.sampled_from(RATINGS), min_size=size, max_size=size))
    metric = draw(st.lists(st.sampled_from(SCORES), min_size=size, max_size=size))
    return Case(outputs, [clusters[item] for item, _, _ in outputs], human, metric)


def usable(case: Case) -> bool:
    return bool(case.outputs) and any(case.pairs(grouping, case.human) for grouping in GROUPINGS)


def close(found: float | None, expected: Fraction | float | None) -> bool:
    return found == (None if expected is None else pytest.approx(float(expected), abs=1e-12))


def check_counts(case: Case, row: MetaRow, pairs: Sequence[slow.Pair]) -> None:
    assert (row.n_items, row.n_clusters, row.n_pairs) == case.counts(pairs)


@settings(max_examples=100)
@given(case=cases().filter(usable), grouping=st.sampled_from(GROUPINGS))
def test_raw_calibrated_and_held_out_accuracy_are_the_slow_ones(case: Case, grouping: str) -> None:
    rows = find(case.sheet().rows(groupings=(grouping,)), metric="m", grouping=grouping)
    if not case.pairs(grouping, case.human):
        assert not rows
        return
    pairs = case.pairs(grouping, case.human, case.metric)
    raw = only(rows, statistic="accuracy_raw")
    assert close(raw.value, slow.accuracy(pairs, case.human, case.metric, 0.0))
    check_counts(case, raw, pairs)
    best, epsilon = slow.calibrated(pairs, case.human, case.metric)
    row = only(rows, statistic="accuracy")
    assert close(row.value, best)
    assert row.epsilon == epsilon
    check_counts(case, row, pairs)
    verdicts = slow.held_out_verdicts(pairs, case.human, case.metric, case.clusters)
    heldout = only(rows, statistic="accuracy_heldout")
    assert close(heldout.value, slow.mean_over_groups(list(verdicts), verdicts))
    check_counts(case, heldout, list(verdicts))


@settings(max_examples=60)
@given(case=cases().filter(usable), grouping=st.sampled_from(GROUPINGS))
def test_floors_are_peoples_tie_rate_and_what_a_guesser_gets(case: Case, grouping: str) -> None:
    rows = case.sheet().rows(groupings=(grouping,))
    pairs = case.pairs(grouping, case.human)
    rate = slow.tie_rate(pairs, case.human)
    if rate is None:
        assert only(rows, grouping=grouping, statistic="accuracy").value is None
        return
    tie_floor = only(rows, grouping=grouping, statistic="tie_floor")
    assert close(tie_floor.value, rate)
    check_counts(case, tie_floor, pairs)
    assert close(only(rows, grouping=grouping, statistic="floor").value, slow.floor(rate))
    constant = [row for row in rows if row.metric == "constant|sentinel|v:1"]
    assert close(only(constant, grouping=grouping, statistic="accuracy").value, rate)
    assert close(only(constant, grouping=grouping, statistic="accuracy_raw").value, rate)


@settings(max_examples=60)
@given(case=cases().filter(usable), grouping=st.sampled_from(GROUPINGS))
def test_above_floor_is_what_is_left_of_calibrated_accuracy_on_the_pairs_that_have_scores(case: Case, grouping: str) -> None:
    rows = case.sheet().rows(groupings=(grouping,))
    pairs = case.pairs(grouping, case.human, case.metric)
    best, _ = slow.calibrated(pairs, case.human, case.metric)
    rate = slow.tie_rate(pairs, case.human)
    if best is None or rate is None:
        assert not find(rows, metric="m", grouping=grouping, statistic="above_floor")
        return
    row = only(rows, metric="m", grouping=grouping, statistic="above_floor")
    level = slow.floor(rate)
    assert close(row.value, None if level == 1 else (best - level) / (1 - level))
    check_counts(case, row, pairs)


@settings(max_examples=60)
@given(case=cases().filter(usable), grouping=st.sampled_from(GROUPINGS))
def test_missing_scores_count_as_wrong_in_the_bound(case: Case, grouping: str) -> None:
    rows = case.sheet().rows(groupings=(grouping,))
    every, scored = case.pairs(grouping, case.human), case.pairs(grouping, case.human, case.metric)
    found = {row.statistic: row for row in find(rows, metric="m", grouping=grouping, support="missing-wrong")}
    if len(every) == len(scored):
        assert not found
        return
    _, epsilon = slow.calibrated(scored, case.human, case.metric)
    right = {pair: pair in scored and slow.is_right(pair, case.human, case.metric, epsilon or 0.0) for pair in every}
    assert close(found["accuracy"].value, slow.mean_over_groups(every, right))
    check_counts(case, found["accuracy"], every)
    raw = {pair: pair in scored and slow.is_right(pair, case.human, case.metric, 0.0) for pair in every}
    assert close(found["accuracy_raw"].value, slow.mean_over_groups(every, raw))
    verdicts = slow.held_out_verdicts(scored, case.human, case.metric, case.clusters)
    inside = [p for p in every if slow.fold_of(case.clusters[p[0]]) == slow.fold_of(case.clusters[p[1]])]
    assert close(found["accuracy_heldout"].value, slow.mean_over_groups(inside, {p: verdicts.get(p, False) for p in inside}))
    reached = {n for i, j, _ in every for n in (i, j)}
    share = Fraction(sum(case.metric[n] is not None for n in reached), len(reached))
    assert close(found["accuracy"].coverage, share)


@settings(max_examples=15)
@given(case=cases().filter(usable), shift=st.sampled_from([0.0, 1e-13]))
def test_a_gap_tolerance_makes_float_noise_one_gap(case: Case, shift: float) -> None:
    """Scores on a grid of a tenth with noise far below the tolerance calibrate like whole tenths."""
    noisy = [None if m is None else m + shift * index for index, m in enumerate(case.metric)]
    exact = [None if m is None else float(round(m * 10)) for m in case.metric]
    rows = Case(case.outputs, case.clusters, case.human, noisy).sheet().rows(groupings=("item",), gap_tolerance=1e-9)
    pairs = case.pairs("item", case.human, exact)
    if pairs:
        best, epsilon = slow.calibrated(pairs, case.human, exact)
        row = only(rows, metric="m", grouping="item", statistic="accuracy")
        assert close(row.value, best)
        assert row.epsilon == pytest.approx((epsilon or 0.0) / 10, abs=1e-8)
        assert close(
            only(rows, metric="m", grouping="item", statistic="accuracy_raw").value, slow.accuracy(pairs, case.human, exact, 0)
        )


@settings(max_examples=40)
@given(case=cases().filter(usable), split=st.integers(0, 4))
def test_one_epsilon_for_all_slices_is_that_of_the_whole_set(case: Case, split: int) -> None:
    sheet = case.sheet()
    for name, example in list(sheet.examples.items()):
        fields = {"cluster_id": example.cluster_id, "meta": {"half": "a" if int(name[4:]) <= split else "b"}}
        sheet.item(name, **fields)
    half = {name: example.meta["half"] for name, example in sheet.examples.items()}
    for scope in ("global", "slice"):
        rows = sheet.rows(groupings=("item",), slices=("meta:half",), epsilon_scope=scope)
        whole = case.pairs("item", case.human, case.metric)
        for value in sorted(set(half.values())):
            pairs = [p for p in whole if half[case.outputs[p[0]][0]] == value]
            if not pairs:
                continue
            _, epsilon = slow.calibrated(whole if scope == "global" else pairs, case.human, case.metric)
            row = only(rows, metric="m", slice=f"meta:half={value}", statistic="accuracy")
            assert row.epsilon == epsilon
            assert row.epsilon_scope == scope
            assert close(row.value, slow.accuracy(pairs, case.human, case.metric, epsilon or 0.0))
            verdicts = slow.held_out_verdicts(whole if scope == "global" else pairs, case.human, case.metric, case.clusters)
            inside = [pair for pair in pairs if pair in verdicts]
            heldout = only(rows, metric="m", slice=f"meta:half={value}", statistic="accuracy_heldout")
            assert close(heldout.value, slow.mean_over_groups(inside, verdicts))
