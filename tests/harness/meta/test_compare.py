"""Comparing metrics: what both scored, two families, and ranks that abstaining does not improve."""

import random

import numpy as np
import pytest
import slow_reference as slow
from judgment_sets import Sheet, find, only

from harness.records import MetaRow


def hard_and_easy(items: int, **metrics: str) -> Sheet:
    """Two outputs an item, the second better; odd items are hard. A metric is `right`, `wrong`, `tie` or `none` on easy/hard."""
    value = {"right": (0.0, 1.0), "wrong": (1.0, 0.0), "none": (None, None)}
    sheet = Sheet()
    for number in range(items):
        given = {name: value[said.split("/")[number % 2]] for name, said in metrics.items()}
        for side, system in enumerate("ab"):
            sheet.answer(f"item{number:03d}", system, float(side), **{name: pair[side] for name, pair in given.items()})
    return sheet


def ranks(rows: list[MetaRow]) -> dict[str, int]:
    return {row.metric: row.rank_cluster for row in rows if row.rank_cluster is not None}


def test_a_difference_is_taken_on_the_pairs_that_both_scored() -> None:
    sheet = hard_and_easy(40, full="right/wrong", half="right/none")
    row = only(sheet.rows(), metric="full", against="half", statistic="accuracy_difference", grouping="item", support="common")
    assert (row.value, row.n_pairs, row.n_items, row.p) == (0.0, 20, 20, 1.0)
    missing = only(
        sheet.rows(), metric="full", against="half", statistic="accuracy_difference", grouping="item", support="missing-wrong"
    )
    assert (missing.value, missing.n_pairs) == (0.0, 40)  # wrong on twenty, missing on twenty: no better


@pytest.mark.parametrize("test", ["sign-flip", "bootstrap", "pair-swap"])
def test_abstaining_on_hard_items_does_not_raise_a_rank(test: str) -> None:
    """`good` is always right. `weak` is wrong on hard items and ranks second; `shy` says nothing there and must not do better."""
    options = {"test": test, "resamples": 300, "groupings": ("item",)}
    weak = hard_and_easy(60, good="right/right", weak="right/wrong").rows(**options)
    assert ranks(weak) == {"good": 1, "weak": 2}
    shy = hard_and_easy(60, good="right/right", shy="right/none").rows(**options)
    assert ranks(shy) == {"good": 1, "shy": 2}
    both = hard_and_easy(60, good="right/right", weak="right/wrong", shy="right/none").rows(**options)
    assert ranks(both) == {"good": 1, "weak": 2, "shy": 2}


def test_a_metric_that_abstains_cannot_outrank_one_that_is_better_where_it_speaks_less() -> None:
    """`shy` is right on half of the items and silent on the rest; `steady` is right on three quarters of all."""
    sheet = Sheet()
    for number in range(80):
        steady = (0.0, 1.0) if number % 4 else (1.0, 0.0)
        shy = (0.0, 1.0) if number % 2 else (None, None)
        for side, system in enumerate("ab"):
            sheet.answer(f"item{number:02d}", system, float(side), steady=steady[side], shy=shy[side])
    assert ranks(sheet.rows(resamples=300, groupings=("item",))) == {"steady": 1, "shy": 2}


def test_a_score_missing_here_and_there_costs_no_rank_by_itself() -> None:
    sheet = hard_and_easy(60, good="right/right", fine="right/right")
    dropped = [score for score in sheet.scores if not (score.metric == "fine" and score.targets[0].startswith("item007"))]
    sheet.scores = dropped
    rows = sheet.rows(groupings=("item",))
    assert ranks(rows) == {"good": 1, "fine": 1}
    assert only(rows, metric="fine", grouping="item", statistic="accuracy").coverage == pytest.approx(59 / 60)


def test_p_of_the_sign_flip_test_is_the_share_of_sign_patterns_over_clusters() -> None:
    """Three items of cluster x and one each of y and z: flips go by cluster, so there are eight patterns."""
    sheet = Sheet()
    for number, cluster in enumerate("xxxyz"):
        sheet.item(f"item{number}", cluster_id=cluster)
        for side, system in enumerate("ab"):
            sheet.answer(
                f"item{number}", system, float(side), good=float(side), bad=float(-side) if cluster != "z" else float(side)
            )
    row = only(sheet.rows(draws=20_000), metric="good", against="bad", grouping="item", statistic="accuracy_difference")
    assert row.value == pytest.approx(4 / 5)
    assert row.p == pytest.approx(float(slow.sign_flip_p([3, 1, 0])), abs=0.015)
    assert (row.n_items, row.n_clusters, row.n_pairs) == (5, 3, 5)


def noisy(items: int, metrics: int, seed: int = 0) -> Sheet:
    rng = random.Random(seed)
    sheet = Sheet()
    for number in range(items):
        for system in "abc":
            rating = float(rng.randint(1, 3))
            sheet.answer(f"item{number:03d}", system, rating, **{f"m{k}": rating + k * rng.random() for k in range(metrics)})
    return sheet


def test_families_are_metric_pairs_and_metric_sentinel_pairs_each_corrected_alone() -> None:
    rows = find(noisy(30, 3).rows(draws=200), statistic="accuracy_difference", grouping="item")
    sentinels = {"constant|sentinel|v:1", "length|sentinel|unit:code-points|v:1", "minus-length|sentinel|unit:code-points|v:1"}
    families: tuple[list[MetaRow], list[MetaRow]] = ([], [])
    for row in rows:
        assert row.metric in ("m0", "m1", "m2")
        families[row.against in sentinels or row.against.startswith("random|")].append(row)
    assert (len(families[0]), len(families[1])) == (3, 3 * 4)
    for family in families:
        assert [row.p_adjusted for row in family] == pytest.approx(slow.holm([row.p for row in family]))
        smallest = 20 * len(family) / 0.05
        assert min(row.p for row in family) >= 1 / (smallest + 2)
        assert min(row.p for row in family) <= 0.05 / len(family)  # enough draws: Holm can reject


def test_with_missing_scores_the_family_is_corrected_once_with_them_and_once_without() -> None:
    sheet = noisy(30, 3)
    sheet.scores = [s for s in sheet.scores if s.metric != "m2" or not s.targets[0].startswith("item00")]
    rows = [
        r for r in sheet.rows(draws=200) if r.statistic == "accuracy_difference" and r.grouping == "item" and r.slice == "all"
    ]
    rows = [row for row in rows if row.against in ("m0", "m1", "m2")]
    found = {(row.metric, row.against, row.support): row for row in rows}
    assert set(found) == {
        ("m0", "m1", "common"),
        *(("m0", "m2", s) for s in ("common", "missing-wrong")),
        *(("m1", "m2", s) for s in ("common", "missing-wrong")),
    }
    for support in ("common", "missing-wrong"):
        family = [found["m0", "m1", "common"], found["m0", "m2", support], found["m1", "m2", support]]
        adjusted = slow.holm([row.p for row in family])
        assert [row.p_adjusted for row in family[1:]] == pytest.approx(adjusted[1:])
        if support == "missing-wrong":  # the family that decides ranks
            assert family[0].p_adjusted == pytest.approx(adjusted[0])


def test_metrics_are_ranked_in_item_grouping_only_and_sentinels_never() -> None:
    rows = noisy(30, 2).rows()
    assert {row.grouping for row in rows if row.rank_cluster is not None} == {"item"}
    assert {row.metric for row in rows if row.rank_cluster is not None} == {"m0", "m1"}
    assert {row.statistic for row in rows if row.rank_cluster is not None} == {"accuracy"}


def test_components_but_the_main_one_are_neither_compared_nor_ranked() -> None:
    sheet = noisy(20, 1).metric("parts", components=("f", "p"))
    for output in sheet.outputs:
        for component in ("f", "p"):
            sheet.score("parts", (output.id,), float(len(output.id) + (component == "p")), component)
    rows = sheet.rows()
    assert {row.component for row in rows if row.metric == "parts" and row.statistic == "accuracy"} == {"f", "p"}
    assert {row.component for row in rows if row.metric == "parts" and row.rank_cluster} == {"f"}
    assert {row.component for row in rows if row.metric == "parts" and row.against} == {"f"}


@pytest.mark.parametrize("test", ["sign-flip", "score-swap", "pair-swap", "bootstrap"])
def test_every_test_tells_a_perfect_metric_from_an_upside_down_one_and_not_from_itself(test: str) -> None:
    sheet = hard_and_easy(24, good="right/right", twin="right/right", bad="wrong/wrong")
    rows = find(sheet.rows(test=test, draws=99, resamples=200), statistic="accuracy_difference", grouping="item")
    p = {(row.metric, row.against): row.p for row in rows}
    assert p["good", "twin"] == 1.0
    assert p["good", "bad"] <= 0.01


def test_the_interval_of_a_difference_resamples_both_metrics_together() -> None:
    """Two metrics that are right and wrong on the same items: each varies, their difference does not."""
    row = only(
        hard_and_easy(40, one="right/wrong", two="right/wrong").rows(resamples=200),
        metric="one",
        against="two",
        statistic="accuracy_difference",
        grouping="item",
    )
    assert (row.value, row.low, row.high) == (0.0, 0.0, 0.0)


def test_groups_across_clusters_are_compared_by_the_centred_bootstrap() -> None:
    sheet = noisy(40, 2)
    row = only(sheet.rows(resamples=500), metric="m0", against="m1", statistic="accuracy_difference", grouping="none")
    assert row.value > 0
    assert row.low <= row.value <= row.high
    assert 1 / 501 <= row.p <= 1
    assert np.isclose((row.p * 501) % 1, 0) or np.isclose((row.p * 501) % 1, 1)
