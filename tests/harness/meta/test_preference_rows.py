"""Metrics held against preferences: pooled over pairs, ties apart, and direct verdicts never calibrated."""

import pytest
from judgment_sets import Sheet, find, only

from harness.records import MetaRow


def sheet_of(pairs: list[tuple[str, str, float | None]], cluster: str | None = None, **info: object) -> Sheet:
    """One item a pair; `winners` as letters (a, b, t) of the raters; metric m = gap of the first over the second output."""
    sheet = Sheet(**info)
    for number, (name, winners, gap) in enumerate(pairs):
        sheet.item(f"{number}", cluster_id=cluster and cluster[number], form="short" if name == "short" else None)
        a = sheet.answer(f"{number}", "a", None, m=None if gap is None else 10.0 + gap)
        b = sheet.answer(f"{number}", "b", None, m=10.0)
        for rater, letter in enumerate(winners):
            sheet.prefer(a, b, {"a": "a", "b": "b", "t": "tie"}[letter], f"r{rater}")
    sheet.judgments.clear()
    return sheet


def row(rows: list[MetaRow], statistic: str, metric: str = "m", **fields: str) -> MetaRow:
    return only(rows, statistic=statistic, metric=metric, grouping="preference", **fields)


FIVE = [("x", "a", 1.0), ("x", "b", -2.0), ("x", "t", 0.5), ("x", "t", 0.0), ("x", "a", -0.5)]


def test_every_pair_counts_once_raw_and_calibrated_by_hand() -> None:
    rows = sheet_of(FIVE).rows()
    raw = row(rows, "accuracy_raw")
    assert raw.value == pytest.approx(3 / 5)  # a, b, and the tie at gap 0
    calibrated = row(rows, "accuracy")
    assert (calibrated.value, calibrated.epsilon) == (pytest.approx(4 / 5), 0.5)
    for found in (raw, calibrated):
        assert (found.n_pairs, found.n_items, found.n_clusters, found.raters) == (5, 5, 5, "majority")
    assert only(rows, statistic="tie_floor").value == pytest.approx(2 / 5)
    assert only(rows, statistic="floor").value == pytest.approx(2 / 5)
    assert row(rows, "above_floor").value == pytest.approx((4 / 5 - 2 / 5) / (1 - 2 / 5))


def test_ties_are_reported_apart() -> None:
    rows = sheet_of(FIVE).rows()
    untied, ties = row(rows, "accuracy_untied"), row(rows, "metric_tie_rate")
    assert (untied.value, untied.n_pairs, untied.n_items) == (pytest.approx(2 / 3), 3, 3)
    assert (ties.value, ties.n_pairs, ties.n_items) == (pytest.approx(1 / 5), 5, 5)
    assert untied.low <= untied.value <= untied.high


def test_a_gap_that_a_tolerance_snaps_to_nothing_is_a_tie_in_every_statistic() -> None:
    rows = sheet_of([("x", "t", 1e-13), ("x", "a", 1.0)]).rows(gap_tolerance=1e-9)
    assert row(rows, "accuracy_raw").value == 1.0
    assert row(rows, "metric_tie_rate").value == 0.5


def test_pairs_without_a_strict_majority_are_left_out_and_counted() -> None:
    rows = sheet_of([("x", "aab", 1.0), ("x", "ab", 1.0), ("x", "abt", 1.0)]).rows()
    assert row(rows, "accuracy_raw").n_pairs == 1
    counted = only(rows, statistic="unresolved")
    assert (counted.value, counted.n_pairs) == (2.0, 3)
    assert "2 pairs without a strict majority" in counted.note


def three_pairs_on_one_item() -> Sheet:
    """Item 0 has three pairs, on which m is wrong; item 1 has one, on which it is right."""
    sheet = Sheet()
    for number, count in ((0, 3), (1, 2)):
        ids = [sheet.answer(f"{number}", f"s{n}", None, m=float(n if number else -n)) for n in range(count)]
        for n, one in enumerate(ids):
            for other in ids[n + 1 :]:
                sheet.prefer(one, other, "b")
    sheet.judgments.clear()
    return sheet


def test_pairs_are_pooled_never_averaged_per_item() -> None:
    rows = three_pairs_on_one_item().rows()
    found = row(rows, "accuracy_raw")
    assert (found.value, found.n_pairs, found.n_items, found.n_clusters) == (1 / 4, 4, 2, 2)
    for statistic in ("accuracy_untied", "metric_tie_rate"):
        counted = row(rows, statistic)
        assert (counted.n_pairs, counted.n_items) == (4, 2)


def test_the_bootstrap_resamples_instructions_with_all_their_pairs() -> None:
    """Two items: a resample holds item 0 twice (0 of 6), item 1 twice (2 of 2) or both (1 of 4)."""
    found = row(three_pairs_on_one_item().rows(resamples=400), "accuracy_raw")
    assert (found.low, found.high) == (0.0, 1.0)
    one_cluster = three_pairs_on_one_item()
    for name in ("0", "1"):
        one_cluster.item(name, cluster_id="same instruction")
    assert row(one_cluster.rows(), "accuracy_raw").low is None


def test_held_out_accuracy_uses_the_epsilon_of_the_other_folds() -> None:
    rows = sheet_of([("x", "t" if n % 2 else "a", 0.2 if n % 2 else 1.0) for n in range(30)]).rows()
    assert (row(rows, "accuracy_heldout").value, row(rows, "accuracy_heldout").n_pairs) == (1.0, 30)


def test_missing_scores_are_left_out_and_counted_wrong_beside_it() -> None:
    rows = sheet_of([("x", "a", 1.0), ("x", "a", None)]).rows()
    own, bound = row(rows, "accuracy_raw"), row(rows, "accuracy_raw", support="missing-wrong")
    assert (own.value, own.n_pairs, bound.value, bound.n_pairs) == (1.0, 1, 0.5, 2)


def test_metrics_are_ranked_and_compared_over_instructions() -> None:
    sheet = sheet_of([("x", "a", 1.0)] * 30)
    for output in sheet.outputs:
        sheet.score("upside-down", (output.id,), 0.0 if output.system == "a" else 1.0)
    rows = sheet.rows()
    ranked = {r.metric: r.rank_cluster for r in rows if r.rank_cluster is not None}
    assert ranked == {"m": 1, "upside-down": 2}


def test_slices_without_preferences_say_no_data_and_repeated_ones_say_so() -> None:
    rows = sheet_of([("short", "a", 1.0), ("short", "b", 1.0)]).rows(slices=("form",))
    assert [(r.value, r.note) for r in find(rows, slice="form=long")] == [(None, "no data")]
    note = row(rows, "accuracy", slice="form=short").note
    assert note.startswith("the same pairs as another slice")
    assert "exploratory" in note


def test_a_slice_holds_the_pairs_that_lie_wholly_inside_it() -> None:
    sheet = three_pairs_on_one_item()
    sheet.info = type(sheet.info)(name="sheet", version="1", system_sets={"two": ("s0", "s1")})
    rows = sheet.rows(slices=("systems",))
    assert row(rows, "accuracy_raw", slice="systems=two").n_pairs == 2  # s0 against s1 on both items, nothing with s2
    assert row(rows, "accuracy_raw").n_pairs == 4


def test_a_constructed_set_says_so_in_every_row_of_every_slice() -> None:
    rows = sheet_of([("short", "a", 1.0), ("x", "a", 1.0)], constructed=True).rows(slices=("form", "language"))
    numbers = [r for r in rows if r.value is not None]
    assert {r.raters for r in rows} == {"construction"}
    assert all("better by construction, not by human judgment" in r.note for r in numbers)


def verdict_sheet(orders: list[tuple[str, float | None, float | None]], **metric: object) -> Sheet:
    """One item a pair: people's winner, the verdict with a shown first, and with b (positive: the first shown is better)."""
    sheet = sheet_of([("x", winner, 0.0) for winner, _, _ in orders])
    sheet.metric("judge", unit="pair", **metric)
    for number, (_, ab, ba) in enumerate(orders):
        ids = (f"{number}/a/0", f"{number}/b/0")
        sheet.score("judge", ids, ab, *metric.get("components", ())[:1])
        sheet.score("judge", ids[::-1], ba, *metric.get("components", ())[:1])
    return sheet


ORDERS = [("a", 1.0, -1.0), ("b", 1.0, -1.0), ("t", 0.0, 0.0), ("t", 1.0, 1.0), ("a", -1.0, -1.0)]


def test_direct_verdicts_by_hand_with_inconsistent_orders_wrong_and_as_ties() -> None:
    """Right: the first and the third. The last two are inconsistent; as a tie the fourth is right, the fifth is not."""
    rows = verdict_sheet(ORDERS).rows()
    plain = row(rows, "accuracy_raw", "judge")
    assert (plain.value, plain.n_pairs, plain.n_items, plain.coverage) == (pytest.approx(2 / 5), 5, 5, 1.0)
    assert row(rows, "accuracy_inconsistent_as_tie", "judge").value == pytest.approx(3 / 5)
    assert row(rows, "inconsistent_rate", "judge").value == pytest.approx(2 / 5)
    assert plain.low <= plain.value <= plain.high


def test_direct_verdicts_are_never_calibrated() -> None:
    rows = verdict_sheet(ORDERS).rows()
    assert {r.statistic for r in rows if r.metric == "judge"} == {
        "accuracy_raw",
        "accuracy_inconsistent_as_tie",
        "inconsistent_rate",
    }
    assert {r.epsilon for r in rows if r.metric == "judge"} == {None}


def test_an_unparsed_verdict_is_missing_and_wrong_only_in_the_bound() -> None:
    rows = verdict_sheet([*ORDERS[:3], ("a", None, None)]).rows()
    own, bound = row(rows, "accuracy_raw", "judge"), row(rows, "accuracy_raw", "judge", support="missing-wrong")
    assert (own.value, own.n_pairs, own.coverage) == (pytest.approx(2 / 3), 3, 0.75)
    assert (bound.value, bound.n_pairs) == (pytest.approx(2 / 4), 4)


def test_a_judge_of_which_less_is_better_is_turned() -> None:
    orders = [(winner, None if ab is None else -ab, None if ba is None else -ba) for winner, ab, ba in ORDERS]
    found = row(verdict_sheet(orders, higher_is_better=False).rows(), "accuracy_raw", "judge")
    assert found.value == pytest.approx(2 / 5)


def test_the_main_component_of_a_judge_is_its_verdict() -> None:
    sheet = verdict_sheet(ORDERS, components=("verdict", "confidence"))
    for score in list(sheet.scores):
        if score.metric == "judge":
            sheet.score("judge", score.targets, 0.99, "confidence")
    assert row(sheet.rows(), "accuracy_raw", "judge").value == pytest.approx(2 / 5)


def test_several_pairs_of_an_instruction_count_as_one_item_for_a_judge() -> None:
    sheet = three_pairs_on_one_item().metric("judge", unit="pair")
    for preference in sheet.preferences:
        sheet.score("judge", (preference.output_a, preference.output_b), -1.0)
    found = row(sheet.rows(), "accuracy_raw", "judge")
    assert (found.value, found.n_pairs, found.n_items, found.n_clusters) == (1.0, 4, 2, 2)
