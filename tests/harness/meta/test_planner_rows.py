"""Plans from a judgment set: what they rest on, families, widths, slices, preferences, raters; and what is refused."""

import numpy as np
import pytest
from judgment_sets import Sheet

from harness.errors import HarnessError
from harness.meta.options import MetaOptions
from harness.meta.planner import clusters_for_difference, clusters_for_width, spread
from harness.meta.planner_rows import plan_study
from harness.meta.study import Question, StudyPlan


def study(items: int = 60, raters: int = 1, noise: float = 0.0, seed: int = 0, **info: object) -> Sheet:
    """Three systems an item; metrics `a` and `b` see quality with noise, `c` does not; raters err by `noise`."""
    rng = np.random.default_rng(seed)
    sheet = Sheet(**info)
    for number in range(items):
        sheet.item(f"i{number:03d}", form="short" if number % 2 else "long", references=("ord",))
        for system in range(3):
            quality = rng.normal()
            given = {f"r{rater}": float(np.clip(np.rint(2 + quality + noise * rng.normal()), 1, 3)) for rater in range(raters)}
            scores = {"a": quality + 0.5 * rng.normal(), "b": quality + rng.normal(), "c": rng.normal()}
            sheet.answer(f"i{number:03d}", f"s{system}", given, text="x" * int(rng.integers(1, 30)), **scores)
    return sheet


def plans(sheet: Sheet, question: Question | None = None, first=(), against=(), **options) -> list[StudyPlan]:  # type: ignore[no-untyped-def]
    chosen = MetaOptions(**{"random_draws": 2, **options})
    return plan_study(
        sheet.data(), sheet.scores, list(sheet.metrics.values()), chosen, question or Question(), first=first, against=against
    )


def test_every_pair_of_metrics_has_a_plan_at_holms_smallest_alpha() -> None:
    found = plans(study())
    assert [(p.first, p.second) for p in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    for plan in found:
        assert (plan.alpha, plan.family, plan.items, plan.clusters, plan.systems) == (pytest.approx(0.05 / 3), 3, 60, 60, 3.0)
        assert plan.spread is not None
        assert plan.needed_clusters == clusters_for_difference(plan.spread, 0.02, 0.05 / 3)
        assert plan.needed_low < plan.needed_clusters < plan.needed_high  # type: ignore[operator]
        assert plan.more_items == plan.needed_items - 60  # type: ignore[operator]
        assert not plan.simulated


def test_the_spread_is_that_of_the_accuracy_of_each_item() -> None:
    sheet = Sheet()
    right = [(1, 0), (1, 1), (0, 1), (1, 0), (0, 0), (1, 0)]
    for number, sides in enumerate(right):
        for system, rating in (("s", 1.0), ("t", 2.0)):
            scores = {name: rating if good else -rating for name, good in zip("ab", sides, strict=True)}
            sheet.answer(f"i{number}", system, rating, **scores)
    (plan,) = plans(sheet, Question(statistic="raw", delta=0.3))
    differences = np.array([1.0, 0.0, -1.0, 1.0, 0.0, 1.0])
    found = spread(differences)
    assert found is not None
    assert (plan.spread, plan.spread_low) == (pytest.approx(differences.std(ddof=1)), pytest.approx(found.low))
    assert plan.note == "approximate: the spread rests on 6 clusters"


def test_a_family_can_be_larger_than_what_is_planned_for() -> None:
    (alone,), (among_ten,) = (plans(study(), Question(family=family), first=["a", "b"]) for family in (None, 10))
    assert (alone.alpha, among_ten.alpha) == (0.05, pytest.approx(0.005))
    assert among_ten.needed_clusters > alone.needed_clusters  # type: ignore[operator]


def test_metrics_are_planned_against_a_sentinel_by_name() -> None:
    found = plans(study(), against=["length", "random"], first=["a"])
    assert [(p.second or "").partition("|")[0] for p in found] == ["length", "random"]
    assert all(plan.needed_items for plan in found)


def test_where_few_are_needed_the_test_is_run() -> None:
    (plan,) = plans(study(), Question(delta=0.2), first=["a", "b"])
    assert plan.simulated
    assert plan.needed_clusters == pytest.approx(clusters_for_difference(plan.spread or 0, 0.2), rel=0.2)


def test_a_width_is_planned_for_each_metric() -> None:
    found = plans(study(), Question(width=0.1, statistic="held-out"))
    assert [(p.first, p.second, p.goal, p.statistic) for p in found] == [(m, None, "width", "accuracy_heldout") for m in "abc"]
    for plan in found:
        assert plan.needed_clusters == clusters_for_width(plan.spread or 0, 0.1)


def test_a_width_that_is_there_needs_no_more_items() -> None:
    assert {plan.more_items for plan in plans(study(), Question(width=0.9))} == {0}


def test_a_slice_has_its_own_plan_with_its_own_or_the_common_epsilon() -> None:
    sheet = study()
    local, common = (
        plans(sheet, Question(part="form=short"), first=["a", "b"], epsilon_scope=scope)[0] for scope in ("slice", "global")
    )
    assert (local.items, common.items, local.slice) == (30, 30, "form=short")
    assert local.spread != common.spread


def test_items_of_one_cluster_are_counted_as_they_cluster_now() -> None:
    sheet = study()
    for number in range(60):
        sheet.item(f"i{number:03d}", cluster_id=f"c{number // 2}", references=("ord",))
    (plan,) = plans(sheet, first=["a", "b"])
    assert (plan.items, plan.clusters) == (60, 30)
    assert plan.needed_items == 2 * (plan.needed_clusters or 0)


def test_preferences_are_planned_for_and_a_set_by_construction_says_what_it_is() -> None:
    for constructed, said in ((False, "majority"), (True, "construction")):
        rng = np.random.default_rng(0)
        sheet = Sheet(constructed=constructed)
        for number in range(40):
            ids = [sheet.answer(f"i{number}", system, {}, a=rng.normal(), b=rng.normal()) for system in ("s", "t")]
            sheet.prefer(*ids, winner=str(rng.choice(["a", "b"])))
        (plan,) = plans(sheet)
        assert (plan.raters, plan.items, plan.clusters) == (said, 40, 40)
        assert plan.rater_note is not None


def test_what_more_raters_would_do_is_unknown_under_thirty_items_with_two() -> None:
    (plan,) = plans(study(items=29, raters=2, noise=1.0), first=["a", "b"])
    assert (plan.rater_note, plan.with_raters) == ("unknown: 29 items with two raters, 30 are needed", ())
    (single,) = plans(study(), first=["a", "b"])
    assert single.rater_note == "unknown: 0 items with two raters, 30 are needed"


def test_raters_who_err_more_share_more_of_the_variance_and_more_of_them_need_fewer_items() -> None:
    shares = []
    for noise in (0.0, 0.5, 1.5):
        (plan,) = plans(study(items=300, raters=3, noise=noise), first=["a", "c"])
        needed = [row.needed_clusters for row in plan.with_raters]
        assert [row.raters for row in plan.with_raters] == [1, 2, 3, 5]
        assert needed == sorted(needed, reverse=True)
        shares.append(plan.rater_share)
    assert shares[0] == pytest.approx(0)  # raters who agree on everything: more of them change nothing
    assert shares[0] < shares[1] < shares[2]  # type: ignore[operator]


def test_metrics_that_agree_on_everything_have_no_plan() -> None:
    sheet = Sheet()
    for number in range(10):
        for system, rating in (("s", 1.0), ("t", 2.0)):
            sheet.answer(f"i{number}", system, rating, a=rating, b=2 * rating)
    (plan,) = plans(sheet)
    assert (plan.needed_clusters, plan.note) == (None, "unknown: the values do not vary between clusters")


def test_a_slice_that_nobody_rated_has_no_plan() -> None:
    (plan,) = plans(study(), Question(part="length=81+"), first=["a", "b"])
    assert (plan.needed_items, plan.note) == (None, "no data: nobody rated two answers to one item here")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question(part="form=shrot"), "no slice 'form=shrot'.*Did you mean 'form=short'"),
        (Question(delta=0.0), "delta"),
        (Question(width=2.0), "width"),
        (Question(family=0), "family"),
        (Question(statistic="rwa"), "no statistic 'rwa'"),
    ],
)
def test_what_cannot_be_planned_for_is_refused(question: Question, said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        plans(study(items=4), question)


def test_a_criterion_that_the_set_does_not_have_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(HarnessError, match=r"sheet has no criterion 'nosuch'\. Known: quality\."):
        plans(study(items=4), criteria=("nosuch",))


def test_an_unknown_rival_and_a_single_metric_are_refused() -> None:
    with pytest.raises(HarnessError, match=r"no metric or sentinel 'lenght' here.*'length'"):
        plans(study(items=4), against=["lenght"])
    with pytest.raises(HarnessError, match="a difference needs two metrics"):
        plans(study(items=4), first=["a"])
