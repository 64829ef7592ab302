"""Advice: the rule at its edges, what never yields advice, and what the reasons say. Rows are written by hand."""

from statistics import NormalDist
from typing import Any

import pytest
from judgment_sets import Sheet

from harness.meta.advice import COVERAGE, Advice, advise
from harness.meta.planner import clusters_for_difference
from harness.records import MetaRow

BASE = {"judgments": "set@1", "criterion": "quality", "raters": "mean", "grouping": "item", "support": "own", "coverage": 1.0}
SIZES = {"n_items": 200, "n_clusters": 200, "n_pairs": 2000}
LABELS = {"m|v:1": "M"}


def row(metric: str | None, value: float | None, low: float | None = None, high: float | None = None, **fields: Any) -> MetaRow:
    plain = {"statistic": "accuracy_heldout", **BASE, **SIZES, **fields}
    return MetaRow(metric=metric, value=value, low=low, high=high, **plain)


def sentinel(name: str, value: float | None, low: float | None, high: float | None, **fields: Any) -> MetaRow:
    return row(f"{name}|sentinel|v:1", value, low, high, **fields)


def one(*rows: MetaRow, **terms: Any) -> Advice:
    (advice,) = [advice for advice in advise(rows, LABELS, **terms) if advice.slice == rows[0].slice]
    return advice


LENGTH = sentinel("length", 0.55, 0.50, 0.60)
CONSTANT = sentinel("constant", 0.58, 0.57, 0.59)


def test_use_is_said_where_the_lower_bound_exceeds_the_highest_upper_bound_of_any_sentinel() -> None:
    advice = one(row("m|v:1", 0.65, 0.61, 0.69), LENGTH, CONSTANT)
    assert (advice.verdict, advice.sentinel, advice.sentinel_high) == ("use", "length", 0.60)
    assert advice.reason == (
        "held-out accuracy .650 [.610 .690] is clear of every sentinel (the nearest: length .550 [.500 .600]) "
        "on 200 items (2,000 pairs)"
    )


def test_a_lower_bound_that_only_touches_the_highest_upper_bound_is_weak() -> None:
    assert one(row("m|v:1", 0.65, 0.60, 0.70), LENGTH, CONSTANT).verdict == "weak"


def test_weak_names_the_sentinel_whose_interval_is_in_the_way() -> None:
    advice = one(row("m|v:1", 0.60, 0.595, 0.605), LENGTH, CONSTANT)
    assert (advice.verdict, advice.sentinel) == ("weak", "length")
    assert "is above every sentinel, but its interval is not clear of length .550 [.500 .600]" in advice.reason


@pytest.mark.parametrize("value", [0.58, 0.57])
def test_a_point_estimate_that_does_not_exceed_the_highest_of_any_sentinel_asks_people(value: float) -> None:
    advice = one(row("m|v:1", value, value - 0.01, value + 0.01), LENGTH, CONSTANT)
    assert (advice.verdict, advice.sentinel) == ("ask people", "constant")
    assert "does not beat constant .580 [.570 .590] on 200 items" in advice.reason


def test_a_metric_that_leaves_more_than_two_per_cent_without_a_score_is_weak_at_best() -> None:
    at, under = (one(row("m|v:1", 0.8, 0.75, 0.85, coverage=share), LENGTH) for share in (COVERAGE, 0.979))
    assert (at.verdict, under.verdict) == ("use", "weak")
    assert under.reason.endswith("but only 97.9% of the outputs have a score and 98% are needed")


def test_missing_scores_count_as_wrong_so_that_abstaining_does_not_pay() -> None:
    own = row("m|v:1", 0.9, 0.85, 0.95, coverage=0.6)
    bound = row("m|v:1", 0.54, 0.50, 0.58, coverage=0.6, support="missing-wrong")
    advice = one(own, bound, LENGTH)
    assert (advice.verdict, advice.value) == ("ask people", 0.54)


def test_under_thirty_clusters_nothing_is_to_be_used() -> None:
    few = {"n_items": 29, "n_clusters": 29, "n_pairs": 290}
    advice = one(row("m|v:1", 0.9, 0.85, 0.95, **few), sentinel("length", 0.55, 0.5, 0.6, **few))
    assert advice.verdict == "weak"
    assert "29 are too few to rely on the interval: 30 are needed" in advice.reason


def test_a_metric_or_a_sentinel_without_an_interval_is_never_clear() -> None:
    assert one(row("m|v:1", 0.9), LENGTH).verdict == "weak"
    assert one(row("m|v:1", 0.9, 0.85, 0.95), sentinel("length", 0.5, None, None)).verdict == "weak"


def test_without_a_sentinel_there_is_no_advice() -> None:
    advice = one(row("m|v:1", 0.9, 0.85, 0.95))
    assert (advice.verdict, advice.value) == ("no advice", None)
    assert "no sentinel was computed" in advice.reason


def test_answers_that_are_better_by_construction_never_yield_advice() -> None:
    fields = {"raters": "construction", "grouping": "preference"}
    advice = one(row("m|v:1", 0.9, 0.85, 0.95, **fields), sentinel("length", 0.5, 0.45, 0.55, **fields))
    assert (advice.verdict, advice.value, advice.needed_items) == ("no advice", None, None)
    assert "better by construction: nobody was asked" in advice.reason


def test_ratings_by_construction_are_known_by_each_raters_rows_too() -> None:
    fields = {"raters": "construction:anna"}
    assert one(row("m|v:1", 0.9, 0.85, 0.95, **fields), sentinel("length", 0.5, 0.45, 0.55, **fields)).verdict == "no advice"


def test_a_slice_that_nobody_rated_says_so_for_every_metric() -> None:
    empty = row(None, None, statistic="accuracy", slice="form=long", note="no data", coverage=None)
    found = advise([row("m|v:1", 0.9, 0.85, 0.95), LENGTH, empty], LABELS)
    assert [(a.slice, a.verdict, a.reason) for a in found][1] == ("form=long", "no advice", "nobody rated answers of this kind")


def unheld(items: int, clusters: int) -> Advice:
    """Advice where nothing could be held out: the row of raw accuracy alone counts the items."""
    raw = row("m|v:1", 0.7, statistic="accuracy_raw", n_items=items, n_clusters=clusters, n_pairs=items)
    none = {"n_items": 0, "n_clusters": 0, "n_pairs": 0}
    return one(row("m|v:1", None, **none), raw, sentinel("length", None, None, None, **none))


def test_too_few_rated_items_to_hold_any_out_are_no_ground_for_advice() -> None:
    advice = unheld(1, 1)
    assert (advice.verdict, advice.reason) == ("no advice", "people rated too few items to hold any out")


def test_items_of_one_cluster_are_not_called_too_few() -> None:
    advice = unheld(200, 1)
    assert advice.verdict == "no advice"
    assert advice.reason == "all 200 rated items are of one cluster (one document, say), so none can be held out"
    assert unheld(200, 2).reason == "people rated too few items to hold any out (200 in 2 clusters)"


def test_copies_are_said_and_under_thirty_different_clusters_nothing_is_to_be_used() -> None:
    rows = (row("m|v:1", 0.65, 0.61, 0.69, n_items=60, n_clusters=60), LENGTH)
    advice = one(*rows, different={("quality", "all"): 6})
    assert (advice.verdict, advice.n_different) == ("weak", 6)
    assert advice.reason == (
        "held-out accuracy .650 [.610 .690] is clear of every sentinel (the nearest: length .550 [.500 .600]) on 60 items, 6 "
        "different (2,000 pairs), but the interval counts 54 copies as new: at least 30 and 90% of them have to differ"
    )
    assert one(*rows, different={("quality", "form=long"): 6}).verdict == "use"  # another slice's


@pytest.mark.parametrize(("different", "verdict"), [(180, "use"), (179, "weak"), (29, "weak")])
def test_a_tenth_of_copies_at_most_leaves_an_interval_to_rely_on(different: int, verdict: str) -> None:
    advice = one(row("m|v:1", 0.65, 0.61, 0.69), LENGTH, different={("quality", "all"): different})
    assert advice.verdict == verdict
    assert f"on 200 items, {different} different (2,000 pairs)" in advice.reason


def test_copies_of_whole_clusters_are_counted_in_clusters() -> None:
    sizes = {"n_items": 200, "n_clusters": 40}
    advice = one(row("m|v:1", 0.5, 0.45, 0.55, **sizes), LENGTH, different={("quality", "all"): 4})
    assert "on 200 items in 40 clusters, 4 different (2,000 pairs)" in advice.reason


def test_a_metric_that_scored_nothing_in_a_slice_has_no_advice_there() -> None:
    assert one(row("m|v:1", None, coverage=0.0), LENGTH).reason == "the metric scored no output here"


def test_the_contrast_of_two_languages_is_no_kind_of_task() -> None:
    contrast = row("m|v:1", 0.1, 0.0, 0.2, statistic="accuracy_difference_heldout", slice="language=sv-en")
    assert {advice.slice for advice in advise([row("m|v:1", 0.9, 0.85, 0.95), LENGTH, contrast], LABELS)} == {"all"}


def test_groupings_across_items_and_the_human_level_yield_no_advice() -> None:
    assert advise([row("m|v:1", 0.9, 0.8, 0.95, grouping="none"), row("m|v:1", 0.9, raters="leave-one-out")], LABELS) == []


def test_a_direct_verdict_has_to_beat_what_sentinels_reach_raw_and_held_out() -> None:
    fields = {"grouping": "preference", "raters": "majority"}
    verdict = row("judge|v:1", 0.70, 0.66, 0.74, statistic="accuracy_raw", **fields)
    raw = sentinel("length", 0.50, 0.46, 0.54, statistic="accuracy_raw", **fields)
    low, high = (sentinel("length", value, value - 0.04, value + 0.04, **fields) for value in (0.55, 0.64))
    beaten, not_beaten = (advise([verdict, raw, held_out], {"judge|v:1": "judge"})[0] for held_out in (low, high))
    assert (beaten.verdict, beaten.statistic, not_beaten.verdict) == ("use", "accuracy_raw", "weak")
    assert beaten.reason.startswith("raw accuracy .700 [.660 .740] is clear")
    # no paired difference: its spread is at most .577, the sum of both
    assert not_beaten.needed_items == pytest.approx(((1.96 + 0.8416) * 2 * 0.04 / 1.96 * 200**0.5 / 0.02) ** 2, rel=0.01)
    assert "at most about" in not_beaten.reason


def test_the_main_component_is_advised_on() -> None:
    first = row("m|v:1", 0.9, 0.85, 0.95, component="a-part")
    main = row("m|v:1", 0.5, 0.45, 0.55, component="f1")
    ranked = row("m|v:1", 0.5, 0.45, 0.55, component="f1", statistic="accuracy", rank_cluster=1)
    advice = one(first, main, ranked, LENGTH)
    assert (advice.verdict, advice.value) == ("ask people", 0.5)


def test_the_needed_items_are_those_with_which_use_would_be_said_of_the_stated_advantage() -> None:
    z = NormalDist().inv_cdf
    half = z(0.975) * 0.3 / 200**0.5  # a spread of .3 per cluster
    against = {"statistic": "accuracy_difference", "against": "length|sentinel|v:1", "support": "common"}
    length = sentinel("length", 0.55, 0.55 - half, 0.55 + half)
    rows = [row("m|v:1", 0.5, 0.5 - half, 0.5 + half), length, row("m|v:1", -0.05, -0.05 - half, -0.05 + half, **against)]
    advice = one(*rows)
    # (1.96 · (.3 + .3) + .8416 · .3) / .02 = 71.42; squared 5,101
    assert advice.needed_items == pytest.approx(5101, abs=2)
    assert advice.delta == 0.02
    assert advice.reason.endswith(
        f"about {advice.needed_items:,} items would be needed to call it use if it were better than length by .02 (80% power)"
    )
    assert one(*rows, delta=0.04).needed_items == pytest.approx(5101 / 4, abs=2)


def test_use_needs_more_items_than_a_test_at_the_level_of_its_intervals() -> None:
    half = 1.96 * 0.3 / 200**0.5
    against = {"statistic": "accuracy_difference", "against": "length|sentinel|v:1", "support": "common"}
    length = sentinel("length", 0.55, 0.55 - half, 0.55 + half)
    for share in (0.1, 0.5, 1.0, 2.0):  # a difference varies at most as much as both together
        difference = row("m|v:1", -0.05, -0.05 - share * half, -0.05 + share * half, **against)
        needed = one(row("m|v:1", 0.5, 0.5 - half, 0.5 + half), length, difference).needed_items
        assert needed is not None
        assert needed >= clusters_for_difference(share * 0.3, 0.02) - 2  # z²/2, for the test's estimate of its variance


@pytest.mark.parametrize(("delta", "shown"), [(0.02, ".02"), (0.3, ".30"), (0.025, ".025"), (0.0001, ".0001")])
def test_the_stated_advantage_is_printed_as_it_was_stated(delta: float, shown: str) -> None:
    assert f"better than length by {shown} (80% power)" in one(row("m|v:1", 0.5, 0.45, 0.55), LENGTH, delta=delta).reason


def test_as_many_items_as_there_are_can_be_enough() -> None:
    advice = one(row("m|v:1", 0.55, 0.54, 0.56), LENGTH, delta=0.3)
    assert "are enough to call it use if it is better than length by .30" in advice.reason


def test_the_needed_items_do_not_depend_on_the_observed_difference() -> None:
    against = {"statistic": "accuracy_difference", "against": "length|sentinel|v:1", "support": "common"}
    needed = {
        one(row("m|v:1", 0.5, 0.45, 0.55), LENGTH, row("m|v:1", d, d - 0.04, d + 0.04, **against)).needed_items
        for d in (-0.05, 0.0, 0.03)
    }
    assert len(needed) == 1


def test_an_unknown_number_of_items_is_said_to_be_unknown() -> None:
    advice = one(row("m|v:1", 0.5), LENGTH)
    assert advice.needed_items is None
    assert "how many items it takes to call it use if it is better than length by .02 is unknown" in advice.reason


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_items_that_are_all_alike_do_not_tell_how_many_are_needed(value: float) -> None:
    seen = 0.025 ** (1 / 200)  # 200 alike: [value · seen, 1 - (1 - value) · seen], exact at 0 and 1
    alike = row("m|v:1", value, value * seen, 1 - (1 - value) * seen)
    advice = one(alike, sentinel("length", 0.55, 0.50, 0.60))
    assert (advice.verdict, advice.needed_items) == ("ask people", None)
    assert advice.reason.endswith("is unknown")


def test_slices_come_in_reading_order_and_metrics_in_the_labels() -> None:
    parts = ("length=21-80", "form=short&length=6-20", "all", "length=6-20", "form=long", "form=short")
    rows = [row(name, 0.5, 0.4, 0.6, slice=part) for part in parts for name in ("a|v:1", "b|v:1")]
    found = advise(rows, {"b|v:1": "B", "a|v:1": "A"})
    assert [a.slice for a in found if a.label == "A"] == [
        "all",
        "form=short",
        "form=long",
        "length=6-20",
        "length=21-80",
        "form=short&length=6-20",
    ]
    assert [a.label for a in found][:2] == ["B", "A"]


def test_a_meta_evaluation_is_advised_on_from_end_to_end() -> None:
    sheet = Sheet()
    for number in range(60):
        sheet.item(f"i{number:02d}", language="sv" if number % 2 else "en", references=("ord " * (3 if number % 3 else 9),))
        for system in range(4):
            rating = float((number * 7 + system * 3) % 4)
            sheet.answer(f"i{number:02d}", f"s{system}", rating, text="x" * (1 + (number + system) % 5), good=rating, bad=-rating)
    rows = sheet.rows(slices=("form", "language", "length"), groupings=("item",), resamples=200)
    found = {(a.metric, a.slice): a for a in advise(rows, {"good": "good", "bad": "bad"})}
    assert found["good", "all"].verdict == "use"
    assert found["bad", "all"].verdict == "ask people"
    assert found["good", "language=sv"].verdict == "use"
    assert found["good", "language=sv&length=1-5"].verdict == "weak"  # 20 items
    assert found["good", "form=short"].verdict == "no advice"
    assert found["good", "all"].n_items == 60
