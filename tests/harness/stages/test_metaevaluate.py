"""Judgments and scores in, MetaRows out: what is asked, what is there, and what happens at the edges."""

from typing import Any

import msgspec
import pytest
from judgment_sets import QUICK, Sheet, find, grid, only

from harness.errors import HarnessError
from harness.meta.options import MetaOptions
from harness.protocols import MetricSpec
from harness.records import Judgment, MetaRow, Span
from harness.registry import PluginRef
from harness.stages import cores
from harness.stages.metaevaluate import MetricSummary, metaevaluate, summarise
from harness.stages.score import BuiltMetric
from harness.store import TABLES


def values(rows: list[MetaRow], metric: str, grouping: str = "item") -> dict[str, float | None]:
    return {row.statistic: row.value for row in find(rows, metric=metric, grouping=grouping)}


def test_rows_come_in_the_order_of_the_finished_table_and_only_for_the_criteria_asked() -> None:
    sheet = grid([[1, 2], [2, 1]], m=[[1, 2], [2, 1]])
    sheet.info = type(sheet.info)(name="sheet", version="1", criteria=("style", "quality"))
    sheet.judgments += [Judgment(output_id=o.id, rater="anna", criterion="style", value=1.0) for o in sheet.outputs]
    rows = sheet.rows()
    assert list(dict.fromkeys(row.criterion for row in rows)) == ["quality", "style"]
    keys = [TABLES["meta"].key(row) for row in rows]
    assert keys == sorted(set(keys))  # no two rows have one key, else their order would depend on how they were made
    assert {row.criterion for row in sheet.rows(criteria=("quality",))} == {"quality"}


def test_an_unknown_criterion_is_refused_with_a_suggestion() -> None:
    with pytest.raises(HarnessError, match=r"sheet has no criterion 'qualty'.*Did you mean 'quality'"):
        grid([[1, 2]]).rows(criteria=("qualty",))


def test_a_set_without_ratings_and_preferences_is_refused() -> None:
    sheet = grid([[1, 2]])
    sheet.judgments.clear()
    with pytest.raises(HarnessError, match="sheet holds no ratings and no preferences"):
        sheet.rows()


def test_progress_ends_at_the_number_of_steps() -> None:
    seen: list[tuple[str, int, int]] = []
    sheet = grid([[1, 2], [2, 1]])
    metaevaluate(sheet.data(), [], [], MetaOptions(**QUICK), progress=lambda *said: seen.append(said))
    assert seen == [("meta-evaluating", 0, 1), ("meta-evaluating", 1, 1)]


def test_ratings_and_preferences_of_one_criterion_both_get_their_rows() -> None:
    sheet = grid([[1, 2], [2, 1]], m=[[1, 2], [2, 1]])
    sheet.prefer("item000/system0/0", "item000/system1/0", "b")
    assert {row.grouping for row in sheet.rows() if row.metric == "m" and row.grouping} == {
        "item",
        "system",
        "none",
        "preference",
    }


def test_without_a_metric_the_floor_and_the_sentinels_stand_alone() -> None:
    rows = grid([[1, 2], [2, 1], [1, 1]]).rows()
    assert only(rows, grouping="item", statistic="tie_floor").value == pytest.approx(1 / 3)
    assert {row.metric.partition("|")[0] for row in rows if row.metric} == {"constant", "random", "length", "minus-length"}


def test_a_summary_holds_what_the_built_metric_says_of_itself() -> None:
    class Recall:
        signature = "recall|v:1"

        def score(self, units: Any) -> list[float]:
            return [0.0 for _ in units]

    spec = MetricSpec("recall", build=Recall, components=("f",), higher_is_better=False, needs=("reference",), unit="group")
    assert summarise(BuiltMetric(PluginRef("recall"), spec, Recall())) == MetricSummary(
        "recall|v:1", "recall", ("f",), False, ("reference",), "group"
    )


def test_one_system_has_no_pair_on_an_item_and_many_within_itself() -> None:
    rows = grid([[1, 2, 3]], m=[[1, 2, 3]]).rows()
    row = only(rows, grouping="item", statistic="accuracy")
    assert (row.value, row.note) == (None, "no data: no two rated outputs can be compared")
    assert values(rows, "m", "system")["accuracy_raw"] == values(rows, "m", "none")["accuracy_raw"] == 1.0


def test_several_samples_of_a_system_are_outputs_of_their_own() -> None:
    """Two systems, two samples each, on one item: six pairs; the metric has only the two samples of `b` the wrong way round."""
    sheet = Sheet()
    for system, sample, rating, m in (("a", 0, 1.0, 0.1), ("a", 1, 2.0, 0.2), ("b", 0, 3.0, 0.9), ("b", 1, 4.0, 0.8)):
        sheet.answer("i", system, rating, sample=sample, m=m)
    row = only(sheet.rows(), metric="m", grouping="item", statistic="accuracy_raw")
    assert (row.value, row.n_pairs, row.n_items) == (pytest.approx(5 / 6), 6, 1)
    assert only(sheet.rows(), metric="m", grouping="system", statistic="accuracy_raw").value == 0.5  # a right, b wrong


def test_one_item_has_values_and_no_interval() -> None:
    rows = grid([[1], [2], [3]], m=[[1], [3], [2]]).rows()
    row = only(rows, metric="m", grouping="item", statistic="accuracy")
    assert (row.value, row.low, row.high, row.n_items) == (pytest.approx(2 / 3), None, None, 1)
    heldout = only(rows, metric="m", grouping="item", statistic="accuracy_heldout")
    assert (heldout.value, heldout.n_pairs) == (None, 0)  # there is no other fold to choose epsilon on
    assert only(rows, metric="m", against="constant|sentinel|v:1", grouping="item").p == 1.0


def test_all_human_ties_leave_one_winner_the_constant() -> None:
    rows = grid([[2, 2], [2, 2]], m=[[1, 2], [2, 1]]).rows()
    found = {row.metric: row.value for row in find(rows, grouping="item", statistic="accuracy_raw")}
    assert found["constant|sentinel|v:1"] == 1.0
    assert found["m"] == 0.0
    assert only(rows, grouping="item", statistic="tie_floor").value == 1.0
    assert any("people tie everything" in note for note in grid([[2, 2], [2, 2]]).data().notes)


def test_a_constant_metric_gets_the_tie_floor_whatever_its_epsilon() -> None:
    rows = grid([[1, 2, 2], [1, 1, 2], [2, 1, 3]], m=[[7] * 3] * 3).rows()
    floor = only(rows, grouping="item", statistic="tie_floor").value
    assert floor == pytest.approx(1 / 3)
    for statistic in ("accuracy_raw", "accuracy"):
        assert only(rows, metric="m", grouping="item", statistic=statistic).value == floor
    assert only(rows, metric="m", grouping="item", statistic="accuracy").epsilon == 0.0
    assert only(rows, metric="m", grouping="item", statistic="above_floor").value == pytest.approx(0.0)


def test_a_metric_without_any_score_has_rows_that_say_so() -> None:
    sheet = grid([[1, 2], [2, 1]], m=[[1, 2], [2, 1]]).metric("silent")
    rows = sheet.rows()
    row = only(rows, metric="silent", grouping="item", statistic="accuracy")
    assert (row.value, row.n_pairs, row.coverage) == (None, 0, 0.0)
    bound = only(rows, metric="silent", grouping="item", statistic="accuracy", support="missing-wrong")
    assert (bound.value, bound.n_pairs) == (0.0, 2)


def test_the_worst_comes_last_even_if_it_never_speaks() -> None:
    sheet = grid([[1] * 40, [2] * 40], m=[[1] * 40, [2] * 40]).metric("silent")
    ranks = {row.metric: row.rank_cluster for row in sheet.rows() if row.rank_cluster is not None}
    assert ranks == {"m": 1, "silent": 2}


def test_items_that_share_a_cluster_are_resampled_together() -> None:
    """Two items always right, two always wrong: as two clusters of a right and a wrong one nothing varies.

    Then the interval is that of two clusters alike: unlike ones may be a share of 1 - √.025 of all without being seen.
    """
    intervals = {}
    for name, clusters in (("alone", "abcd"), ("mixed", "abab"), ("apart", "aabb")):
        sheet = Sheet()
        for number, cluster in enumerate(clusters):
            sheet.item(f"i{number}", cluster_id=cluster)
            for side in (0.0, 1.0):
                sheet.answer(f"i{number}", f"s{side:.0f}", side, m=side if number < 2 else -side)
        row = only(sheet.rows(resamples=400), metric="m", grouping="item", statistic="accuracy_raw")
        assert (row.value, row.n_items, row.n_clusters) == (0.5, 4, 4 if name == "alone" else 2)
        intervals[name] = (row.low, row.high)
    assert intervals["mixed"] == pytest.approx((0.5 * 0.025**0.5, 1 - 0.5 * 0.025**0.5))
    assert intervals["apart"] == (0.0, 1.0)
    assert intervals["alone"] == (0.0, 1.0)


def test_held_out_accuracy_can_fall_below_the_floor_and_calibrated_accuracy_cannot() -> None:
    """A metric that is pure noise on items without a human tie: whatever ties it learns are wrong."""
    sheet = Sheet()
    for number in range(60):
        tie = number % 2 == 0
        for side in (0.0, 1.0):
            noise = ((number * 37 + side * 11) % 13) / 13
            sheet.answer(f"i{number}", f"s{side:.0f}", 1.0 if tie else side, m=noise)
    rows = sheet.rows()
    accuracy, heldout = values(rows, "m")["accuracy"], values(rows, "m")["accuracy_heldout"]
    assert accuracy >= only(rows, grouping="item", statistic="tie_floor").value
    assert heldout < accuracy


def test_groupings_with_more_than_max_pairs_are_judged_without_making_pairs() -> None:
    human, m = [[1, 2, 3, 4], [2, 1, 4, 3]], [[1, 2, 2, 4], [2, 1, 3, 3]]
    made, large = grid(human, m=m).rows(), grid(human, m=m).rows(max_pairs=10)
    for statistic in ("accuracy_raw", "accuracy"):
        expected, found = (only(rows, metric="m", grouping="none", statistic=statistic) for rows in (made, large))
        assert (found.value, found.n_pairs) == (expected.value, 28)
        assert ("first-order" in (found.note or ""), "first-order" in (expected.note or "")) == (True, False)
    items = [[row for row in rows if row.grouping == "item"] for rows in (made, large)]
    assert items[0] == items[1]  # 4 pairs


def test_spans_and_labels_alone_are_no_ratings_to_compare_with() -> None:
    sheet = grid([[None, None], [None, None]], m=[[1, 2], [2, 1]])
    about = [{"output_id": output.id, "rater": "anna", "criterion": "quality"} for output in sheet.outputs]
    for said in ({"value": "good"}, {"value": 1.0, "span": Span(start=0, end=1)}):
        sheet.judgments = [Judgment(**fields, **said) for fields in about]
        for raters in ("primary", "each", "mean"):
            rows = [row for row in sheet.rows(raters=raters) if row.statistic == "accuracy"]
            assert rows
            assert {(row.value, row.note) for row in rows} == {(None, "no data")}


@pytest.mark.parametrize("unit", ["group", "corpus"])
def test_a_metric_that_scores_no_single_output_is_said_to_be_left_out(unit: str) -> None:
    sheet = grid([[1, 2], [2, 1]], m=[[1, 2], [2, 1]]).metric("whole", unit=unit)
    rows = find(sheet.rows(), metric="whole")
    assert [(row.statistic, row.value) for row in rows] == [("accuracy", None)]
    assert f"scores a {unit}" in rows[0].note


def test_outputs_of_unknown_systems_are_compared_on_their_item_and_never_as_a_system() -> None:
    sheet = Sheet(unknown_systems=("unattributed",))
    for item, ratings in (("one", (1, 2)), ("two", (2, 1))):
        for system, rating in zip(("a", "b"), ratings, strict=True):
            sheet.answer(item, system, float(rating), m=float(rating))
        for sample in (0, 1):
            sheet.answer(item, "unattributed", 3.0 + sample, sample=sample, m=3.0 + sample)
    rows = sheet.rows()
    pairs = {row.grouping: row.n_pairs for row in find(rows, metric="m", statistic="accuracy_raw")}
    assert pairs == {"item": 2 * 6, "system": 2, "none": 8 * 7 // 2}
    assert {row.n_pairs for row in find(rows, metric="m", statistic="system_pairwise_accuracy")} == {1}


def test_a_set_of_unknown_systems_alone_says_that_systems_cannot_be_compared() -> None:
    sheet = Sheet(unknown_systems=("unattributed",))
    for item in ("one", "two"):
        for sample in (0, 1):
            sheet.answer(item, "unattributed", float(sample), sample=sample, m=float(sample))
    rows = sheet.rows()
    assert only(find(rows, grouping="system"), statistic="accuracy").note == "no data"
    assert not find(rows, statistic="system_pairwise_accuracy")
    assert only(find(rows, grouping="item"), metric="m", statistic="accuracy_raw").value == 1.0


def test_items_that_are_all_two_thirds_right_have_an_interval_all_the_same() -> None:
    """Three items alike: a bootstrap resamples one value only. With 1 - .025^(1/3) of the items unseen it may be .19 to .90."""
    sheet = Sheet()
    for item in range(3):
        for system, (rating, score) in enumerate(((1.0, 1.0), (2.0, 3.0), (3.0, 2.0))):
            sheet.answer(f"i{item}", f"s{system}", rating, m=score)
    row = only(sheet.rows(), metric="m", grouping="item", statistic="accuracy_raw")
    assert (row.value, row.low, row.high) == pytest.approx((2 / 3, 2 / 3 * 0.025 ** (1 / 3), 1 - 0.025 ** (1 / 3) / 3))


def test_ratings_of_a_constructed_set_are_marked_in_every_row() -> None:
    sheet = grid([[1, 1, 2], [2, 3, 1]], m=[[1, 1, 2], [2, 3, 1]])
    sheet.info = msgspec.structs.replace(sheet.info, constructed=True)
    raters = {row.raters for row in sheet.rows() if row.statistic == "accuracy"}
    assert raters == {"construction"}


@pytest.mark.parametrize("scope", ["slice", "global"])
def test_rows_are_the_same_whether_cells_are_made_one_after_the_other_or_side_by_side(
    scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = grid([[1, 2, 2], [2, 1, 3], [3, 3, 1], [1, 1, 2]], m=[[1, 2, 4], [2, 1, 1], [0, 3, 1], [4, 1, 2]])
    for number, (name, example) in enumerate(sheet.examples.items()):
        sheet.examples[name] = msgspec.structs.replace(example, form=("short", "long")[number % 2], task="t")
    alone = sheet.rows(epsilon_scope=scope, slices=("form", "task"))
    monkeypatch.setattr(cores, "_FEWEST", 1)
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert sheet.rows(epsilon_scope=scope, slices=("form", "task")) == alone
    assert {"all", "form=short", "form=long", "task=t"} <= {row.slice for row in alone}
