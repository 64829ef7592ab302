"""How well one rater agrees with the others, and every metric on the same outputs and targets."""

import numpy as np
import pytest
from judgment_sets import Sheet, find, only

from harness.records import MetaRow


def level(sheet: Sheet, **options: object) -> list[MetaRow]:
    return find(sheet.rows(groupings=("item",), **options), raters="leave-one-out")


def two_raters(items: int) -> Sheet:
    """Two outputs an item; anna always prefers b, bo prefers b, a and nobody in turn. Metric m says b, n says a."""
    sheet = Sheet(primary_rater="anna")
    for number in range(items):
        bo = ((1.0, 2.0), (2.0, 1.0), (2.0, 2.0))[number % 3]
        sheet.answer(f"item{number}", "a", {"anna": 1.0, "bo": bo[0]}, m=0.0, n=1.0)
        sheet.answer(f"item{number}", "b", {"anna": 3.0, "bo": bo[1]}, m=1.0, n=0.0)
    return sheet


def test_the_human_level_and_the_metrics_beside_it_by_hand() -> None:
    """30 items: the raters agree on 10. m agrees with anna always and with bo on 10, that is 2/3; n never and on 10, 1/6."""
    rows = level(two_raters(30))
    people = only(rows, statistic="human_level")
    assert people.value == pytest.approx(1 / 3)
    assert people.low < people.value < people.high
    assert (people.n_items, people.n_clusters, people.n_pairs, people.metric) == (30, 30, 30, None)
    assert only(rows, metric="m", statistic="accuracy_raw").value == pytest.approx((1 + 1 / 3) / 2)
    assert only(rows, metric="n", statistic="accuracy_raw").value == pytest.approx((0 + 1 / 3) / 2)
    # calibrated, bo's target is as well served by tying everything (10 of 30), anna's is not
    assert only(rows, metric="n", statistic="accuracy").value == pytest.approx((0 + 1 / 3) / 2)
    constant = only(rows, metric="constant|sentinel|v:1", statistic="accuracy")
    assert constant.value == pytest.approx((0 + 1 / 3) / 2)
    assert only(rows, metric="m", statistic="accuracy").value > people.value  # it is not a ceiling


def test_under_thirty_items_it_is_unknown() -> None:
    [row] = level(two_raters(29))
    assert (row.statistic, row.value, row.n_items) == ("human_level", None, 29)
    assert row.note == "unknown: 29 items with two raters, 30 are needed"


def test_one_rater_has_no_human_level() -> None:
    sheet = Sheet()
    for number in range(40):
        sheet.answer(f"item{number}", "a", 1.0)
        sheet.answer(f"item{number}", "b", 2.0)
    [row] = level(sheet)
    assert (row.value, row.n_items) == (None, 0)


def three_raters(overlap: int) -> Sheet:
    """anna and bo share the first 40 items, bo and cilla 40 more that begin at `overlap`."""
    sheet, rng = Sheet(), np.random.default_rng(0)
    for number in range(overlap + 40):
        raters = (["anna", "bo"] if number < 40 else ["bo"]) + (["cilla"] if number >= overlap else [])
        quality = rng.integers(1, 4, 3)
        for system, best in zip("abc", quality, strict=True):
            given = {rater: float(np.clip(best + rng.integers(-1, 2), 1, 4)) for rater in raters}
            sheet.answer(f"item{number:02d}", system, given, m=float(best))
    return sheet


@pytest.mark.parametrize("overlap", [0, 20, 40])
def test_raters_who_rated_different_items_are_resampled_together(overlap: int) -> None:
    """The interval of the mean over raters, against a bootstrap of all items that is written out here."""
    sheet = three_raters(overlap)
    row = only(level(sheet, resamples=2000), statistic="human_level")
    items = sorted(sheet.examples)
    ratings = {(j.output_id, j.rater): j.value for j in sheet.judgments}
    share: dict[str, dict[str, float]] = {}  # rater -> item -> share of pairs on which the rater agrees with the others
    for rater in ("anna", "bo", "cilla"):
        for item in items:
            outputs = [f"{item}/{system}/0" for system in "abc"]
            others = [[ratings[o, r] for r in ("anna", "bo", "cilla") if r != rater and (o, r) in ratings] for o in outputs]
            if (outputs[0], rater) not in ratings or not others[0]:
                continue
            own, target = [ratings[o, rater] for o in outputs], [sum(given) / len(given) for given in others]
            right = [np.sign(target[i] - target[j]) == np.sign(own[i] - own[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
            share.setdefault(rater, {})[item] = float(np.mean(right))
    assert row.value == pytest.approx(np.mean([np.mean(list(by_item.values())) for by_item in share.values()]))
    rng = np.random.default_rng(1)
    means = []
    for _ in range(2000):
        drawn = [items[index] for index in rng.integers(0, len(items), len(items))]
        means.append(np.mean([np.mean([by_item[item] for item in drawn if item in by_item]) for by_item in share.values()]))
    low, high = np.quantile(means, [0.025, 0.975])
    assert (row.low, row.high) == (pytest.approx(low, abs=0.015), pytest.approx(high, abs=0.015))


def test_no_rater_is_needed_on_every_item() -> None:
    rows = level(three_raters(40))
    assert only(rows, statistic="human_level").n_items == 40  # the smallest number of items over the raters
