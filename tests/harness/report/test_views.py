"""MetaRows become boards and grids: best first, sentinels last, every slice with its n or "no data"."""

from harness.records import MetaRow, Score
from harness.report.views import boards, grids, is_sentinel, missing_notes

CHRF, ROUGE, SWEDISH = "chrf|v:1", "rouge-l|stemmer:none|v:1", "rouge-l|stemmer:swedish|v:1"
LENGTH = "length|sentinel|unit:code-points|v:1"
LABELS = {CHRF: "chrf", ROUGE: "rouge-l", SWEDISH: "rouge-l:stemmer=swedish"}


def row(metric, value, statistic="accuracy", **fields):
    own = {"judgments": "s@0", "criterion": "meaning", "raters": "primary:r", "grouping": "item", "support": "own"}
    counts = {"n_items": 10, "n_clusters": 10, "n_pairs": 45, "low": 0.1, "high": 0.9}
    return MetaRow(metric=metric, value=value, statistic=statistic, **{**own, **counts, **fields})


def test_metrics_stand_by_rank_then_by_accuracy_and_sentinels_after_them():
    rows = [
        row(LENGTH, 0.9),
        row(ROUGE, 0.7, rank_cluster=2, component="f1"),
        row(SWEDISH, 0.6, rank_cluster=1, component="f1"),
        row(CHRF, 0.65, rank_cluster=1),
    ]
    (board,) = boards(rows, LABELS)
    assert [line.label for line in board.lines] == ["chrf", "rouge-l:stemmer=swedish", "rouge-l", "length"]
    assert [line.rank for line in board.lines] == [1, 1, 2, None]
    assert [line.sentinel for line in board.lines] == [False, False, False, True]


def test_only_the_main_component_of_a_metric_is_on_the_board():
    rows = [row(ROUGE, 0.5, component="recall"), row(ROUGE, 0.7, component="f1", rank_cluster=1)]
    (board,) = boards(rows, LABELS)
    assert [line.cells["accuracy"].component for line in board.lines] == ["f1"]


def test_each_criterion_and_each_target_has_a_board():
    rows = [row(CHRF, 0.5, criterion=c, raters=r) for c in ("fluency", "meaning") for r in ("each:a", "each:b")]
    assert [(board.criterion, board.raters) for board in boards(rows, LABELS)] == [
        ("fluency", "each:a"), ("fluency", "each:b"), ("meaning", "each:a"), ("meaning", "each:b")
    ]  # fmt: skip


def test_item_grouping_is_shown_and_another_one_only_where_there_is_no_item_grouping():
    both = [
        row(CHRF, 0.5),
        row(CHRF, 0.4, grouping="system"),
        row(CHRF, 0.3, grouping=None, statistic="system_pairwise_accuracy"),
    ]
    assert [board.grouping for board in boards(both, LABELS)] == ["item"]
    assert [board.grouping for board in boards(both[1:], LABELS)] == ["system"]


def test_the_bound_with_missing_scores_stands_beside_a_metric_of_its_own_support():
    rows = [row(CHRF, 0.8, coverage=0.5), row(CHRF, 0.3, support="missing-wrong"), row(ROUGE, 0.6, support="missing-wrong")]
    first, second = boards(rows, LABELS)[0].lines
    assert (first.cells["accuracy"].value, first.missing_wrong.value) == (0.8, 0.3)
    assert second.cells["accuracy"].value == 0.6


def test_floor_human_level_and_leave_one_out_rows_are_no_metrics():
    rows = [
        row(CHRF, 0.7),
        row(None, 0.6, "floor", support=None),
        row(None, None, "human_level", raters="leave-one-out", note="unknown: 11 items"),
        row(CHRF, 0.1, raters="leave-one-out"),
        row(CHRF, 0.2, "accuracy_difference", against=ROUGE),
    ]
    (board,) = boards(rows, LABELS)
    assert (board.floor.value, board.human_level.note) == (0.6, "unknown: 11 items")
    assert [line.cells["accuracy"].value for line in board.lines] == [0.7]


def test_a_board_can_be_that_of_one_slice_and_keeps_its_own_ranks():
    rows = [row(CHRF, 0.7, rank_cluster=2), row(CHRF, 0.4, slice="systems=without:mm", rank_cluster=1, note="exploratory")]
    (board,) = boards(rows, LABELS, "systems=without:mm")
    assert [(line.rank, line.cells["accuracy"].value) for line in board.lines] == [(1, 0.4)]
    assert (board.slice, board.notes) == ("systems=without:mm", ("exploratory",))
    assert boards(rows, LABELS, "form=long") == []


def test_a_grid_has_a_row_per_slice_in_natural_order_with_its_n_and_its_best_sentinel():
    slices = {"length=21-80": 5, "length=6-20": 7, "form=long": 2, "form=short": 3}
    rows = [row(CHRF, 0.5)]
    for label, pairs in slices.items():
        rows += [row(CHRF, 0.5, slice=label, n_pairs=pairs), row(LENGTH, 0.6, slice=label, n_pairs=pairs)]
    (grid,) = grids(rows, LABELS)
    assert [grid_row.slice for grid_row in grid.rows] == ["form=short", "form=long", "length=6-20", "length=21-80"]
    assert [grid_row.n_pairs for grid_row in grid.rows] == [3, 2, 7, 5]
    assert {grid_row.best_sentinel.metric for grid_row in grid.rows} == {LENGTH}


def test_a_slice_without_data_stays_and_one_that_repeats_another_is_named():
    rows = [
        row(CHRF, 0.5),
        row(None, None, slice="form=long", note="no data", n_items=0, n_pairs=0, support=None),
        row(CHRF, 0.5, slice="language=sv", note="the same outputs as another slice"),
    ]
    (grid,) = grids(rows, LABELS)
    assert [(r.slice, r.n_pairs, r.note, r.cells) for r in grid.rows] == [("form=long", 0, "no data", (None,))]
    assert grid.same == ("language=sv",)


def test_a_contrast_of_languages_is_marked_as_a_difference():
    rows = [row(CHRF, 0.5), row(CHRF, -0.1, "accuracy_difference", slice="language=sv-en", p=0.2)]
    (grid,) = grids(rows, LABELS)
    assert [(r.slice, r.cells[0].value) for r in grid.rows] == [("language=sv-en (difference)", -0.1)]


def test_preferences_are_read_by_raw_accuracy():
    rows = [row(CHRF, value, statistic, grouping="preference", slice=label)
            for label in ("all", "task=tense") for statistic, value in (("accuracy_raw", 0.4), ("accuracy", 0.5))]  # fmt: skip
    (grid,) = grids(rows, LABELS, whole=True)
    assert grid.statistic == "accuracy_raw"
    assert [(r.slice, r.cells[0].value) for r in grid.rows] == [("all", 0.4), ("task=tense", 0.4)]


def test_without_labels_a_metric_has_its_name_or_its_whole_signature_where_two_share_a_name():
    assert [line.label for line in boards([row(CHRF, 0.5), row(ROUGE, 0.4)], {})[0].lines] == ["chrf", "rouge-l"]
    assert [line.label for line in boards([row(SWEDISH, 0.5), row(ROUGE, 0.4)], {})[0].lines] == [SWEDISH, ROUGE]


def test_a_sentinel_is_told_by_its_signature():
    assert is_sentinel(LENGTH)
    assert not is_sentinel(CHRF)
    assert not is_sentinel("sentinel|v:1")


def test_outputs_without_a_score_are_counted_once_however_many_components_and_with_their_reasons():
    missing = [
        Score(targets=(target,), metric=ROUGE, component=component, status=status)
        for target, status in (("a", "no-reference"), ("b", "no-reference"), ("c", "empty"))
        for component in ("f1", "recall")
    ]
    there = [Score(targets=("d",), metric=ROUGE, component="f1", value=0.5), Score(targets=("a",), metric=CHRF, value=0.5)]
    assert missing_notes([*missing, *there], LABELS) == ["rouge-l: no score on 3 of 4 outputs: 2 no-reference, 1 empty"]
    assert missing_notes(there, LABELS) == []
