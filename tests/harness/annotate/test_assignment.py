"""Who rates what in which order."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.annotate.assignment import Planned, plan, share_out
from harness.annotate.study import Checks, Comparisons, Criterion, ItemsFrom, KnownItem, Overlap, PairCriterion, Study
from harness.errors import InputError
from harness.records import Output

QUALITY = Criterion(name="quality", label={"sv": "Kvalitet"})
OVERALL = PairCriterion(name="overall", label={"sv": "Helhet"})
RATED = Study(
    name="s", title={}, languages=("sv",), criteria=(QUALITY,), guidelines={}, consent={}, items=ItemsFrom(jsonl="x")
)  # fmt: skip
COMPARED = msgspec.structs.replace(RATED, criteria=(), compare=Comparisons(criteria=(OVERALL,)))

systems = st.integers(1, 7)
items = st.integers(1, 40)
seeds = st.integers(0, 10_000)
numbers = st.integers(0, 30)


def outputs_of(n_items: int, n_systems: int) -> list[Output]:
    cells = [(item, system) for item in range(n_items) for system in range(n_systems)]
    return [Output(id=f"{item}/{system}", example_id=f"{item}", system=f"s{system}", text="x") for item, system in cells]


def places(tasks: Sequence[Planned]) -> dict[tuple[str, int], int]:
    """(system, place within its item) → how often, of rating tasks."""
    seen: Counter[str] = Counter()
    found: Counter[tuple[str, int]] = Counter()
    for task in tasks:
        item, system = task.outputs[0].split("/")
        found[system, seen[item]] += 1
        seen[item] += 1
    return dict(found)


@given(items, systems, seeds, numbers, st.sampled_from(["by-item", "by-round"]))
def test_each_system_stands_in_each_place_equally_often_give_or_take_one(n, k, seed, number, order) -> None:
    study = msgspec.structs.replace(RATED, seed=seed, order=order)
    tasks = plan(study, outputs_of(n, k), slot=0, number=number)
    counts = places(tasks)
    every = [counts.get((str(system), place), 0) for system in range(k) for place in range(k)]
    assert sum(every) == n * k
    assert max(every) - min(every) <= 1


@given(items, systems, seeds, numbers)
def test_it_holds_after_every_item_for_who_stops_early(n, k, seed, number) -> None:
    tasks = plan(msgspec.structs.replace(RATED, seed=seed), outputs_of(n, k), slot=0, number=number)
    for done in range(k, n * k + 1, k):
        counts = places(tasks[:done])
        every = [counts.get((str(system), place), 0) for system in range(k) for place in range(k)]
        assert max(every) - min(every) <= 1


@given(items, systems, seeds, numbers)
def test_everything_is_rated_once_and_an_items_outputs_stand_together(n, k, seed, number) -> None:
    tasks = plan(msgspec.structs.replace(RATED, seed=seed), outputs_of(n, k), slot=0, number=number)
    assert sorted(task.outputs[0] for task in tasks) == sorted(output.id for output in outputs_of(n, k))
    of_items = [task.outputs[0].split("/")[0] for task in tasks]
    assert sum(a != b for a, b in pairwise(of_items)) == n - 1


@pytest.mark.parametrize("k", [2, 4, 6])
def test_over_whole_squares_each_system_follows_each_other_equally_often(k: int) -> None:
    tasks = plan(RATED, outputs_of(3 * k, k), slot=0, number=0)
    follows: Counter[tuple[str, str]] = Counter()
    for first, second in pairwise(tasks):
        (item, a), (same, b) = first.outputs[0].split("/"), second.outputs[0].split("/")
        if item == same:
            follows[a, b] += 1
    assert set(follows.values()) == {3}
    assert len(follows) == k * (k - 1)


@given(st.integers(1, 6), st.integers(2, 6), seeds)
def test_as_many_raters_as_systems_see_each_output_once_in_each_place(n, k, seed) -> None:
    study = msgspec.structs.replace(RATED, seed=seed)
    found: Counter[tuple[str, int]] = Counter()
    for number in range(k):
        seen: Counter[str] = Counter()
        for task in plan(study, outputs_of(n, k), slot=0, number=number):
            item = task.outputs[0].split("/")[0]
            found[task.outputs[0], seen[item]] += 1
            seen[item] += 1
    assert set(found.values()) == {1}
    assert len(found) == n * k * k


@given(items, st.integers(2, 7), seeds, numbers)
def test_each_pair_is_shown_either_way_round_equally_often_and_each_system_on_either_side(n, k, seed, number) -> None:
    tasks = plan(msgspec.structs.replace(COMPARED, seed=seed), outputs_of(n, k), slot=0, number=number)
    shown = Counter(tuple(output.split("/")[1] for output in task.outputs) for task in tasks)
    assert sum(shown.values()) == n * k * (k - 1) // 2
    for a, b in combinations(map(str, range(k)), 2):
        assert shown[a, b] + shown[b, a] == n
        assert abs(shown[a, b] - shown[b, a]) <= 1
    for system in map(str, range(k)):
        first = sum(count for pair, count in shown.items() if pair[0] == system)
        second = sum(count for pair, count in shown.items() if pair[1] == system)
        assert abs(first - second) <= 1


@given(items, st.integers(3, 6), seeds, st.integers(1, 4))
def test_with_fewer_pairs_an_item_all_pairs_come_equally_often(n, k, seed, per_item) -> None:
    compare = Comparisons(criteria=(OVERALL,), per_item=per_item)
    tasks = plan(msgspec.structs.replace(COMPARED, seed=seed, compare=compare), outputs_of(n, k), slot=0, number=0)
    per = min(per_item, k * (k - 1) // 2)
    assert len(tasks) == n * per
    shown = Counter(frozenset(output.split("/")[1] for output in task.outputs) for task in tasks)
    every = [shown[frozenset(map(str, pair))] for pair in combinations(range(k), 2)]
    assert max(every) - min(every) <= 1


@given(st.integers(1, 60), st.integers(1, 6), st.integers(0, 60), seeds, st.data())
def test_shares_are_even_and_overlap_is_as_planned(n, slots, shared, seed, data) -> None:
    by = data.draw(st.one_of(st.none(), st.integers(2, slots))) if slots > 1 else None
    overlap = Overlap(items=min(shared, n), raters=by)
    study = msgspec.structs.replace(RATED, seed=seed, overlap=overlap, raters=tuple(f"r{slot}" for slot in range(slots)))
    shares = share_out(study, [str(item) for item in range(n)])
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1
    times = Counter(item for share in shares for item in share)
    assert len(times) == n
    assert Counter(times.values()) == Counter({by or slots: min(shared, n)}) + Counter({1: n - min(shared, n)})
    assert all(len(set(share)) == len(share) for share in shares)


def test_pairs_of_raters_share_items_about_equally_often() -> None:
    study = msgspec.structs.replace(RATED, overlap=Overlap(share=1.0, raters=2), raters=("a", "b", "c", "d"))
    shares = [set(share) for share in share_out(study, [str(item) for item in range(60)])]
    shared = [len(one & other) for one, other in combinations(shares, 2)]
    assert sum(shared) == 60
    assert max(shared) - min(shared) <= 2


def test_more_shared_items_than_there_are_is_an_error() -> None:
    with pytest.raises(InputError, match="7 items are to be shared, but there are 3"):
        share_out(msgspec.structs.replace(RATED, overlap=Overlap(items=7)), ["a", "b", "c"])


@given(items, systems, seeds, numbers)
def test_the_same_seed_gives_the_same_plan_in_any_order_of_the_outputs(n, k, seed, number) -> None:
    study = msgspec.structs.replace(RATED, seed=seed)
    forwards = plan(study, outputs_of(n, k), slot=0, number=number)
    assert plan(study, outputs_of(n, k)[::-1], slot=0, number=number) == forwards


def test_another_seed_and_another_rater_have_other_orders() -> None:
    outputs = outputs_of(20, 3)
    plans = [
        plan(msgspec.structs.replace(RATED, seed=seed), outputs, slot=0, number=number) for seed in (0, 1) for number in (0, 1, 2)
    ]
    assert all(one != other for one, other in combinations(plans, 2))


@settings(max_examples=50)
@given(items, systems, seeds, st.sets(st.integers(0, 200), max_size=60))
def test_missing_outputs_leave_the_rest_balanced_for_each_set_of_systems(n, k, seed, missing) -> None:
    outputs = [output for index, output in enumerate(outputs_of(n, k)) if index not in missing]
    tasks = plan(msgspec.structs.replace(RATED, seed=seed), outputs, slot=0, number=0)
    assert sorted(task.outputs[0] for task in tasks) == sorted(output.id for output in outputs)
    answered: dict[str, set[str]] = {}
    for output in outputs:
        answered.setdefault(output.example_id, set()).add(output.system[1:])
    for members in {frozenset(members) for members in answered.values()}:
        own = [task for task in tasks if frozenset(answered[task.outputs[0].split("/")[0]]) == members]
        counts = places(own)
        every = [counts.get((system, place), 0) for system in members for place in range(len(members))]
        assert max(every) - min(every) <= 1


def known(text: str) -> KnownItem:
    return KnownItem(text=text, expected={"quality": 1})


@given(st.integers(1, 30), st.integers(1, 4), seeds, numbers, st.integers(0, 5))
def test_training_comes_first_and_checks_are_spread_over_the_session(n, k, seed, number, count) -> None:
    checks = Checks(items=tuple(known(str(index)) for index in range(5)), count=count)
    study = msgspec.structs.replace(RATED, seed=seed, training=(known("t"), known("u")), checks=checks)
    tasks = plan(study, outputs_of(n, k), slot=0, number=number)
    assert [task.kind for task in tasks[:2]] == ["training", "training"]
    shown = [place for place, task in enumerate(tasks[2:]) if task.kind == "check"]
    assert len(shown) == count
    assert len({tasks[2 + place].known for place in shown}) == count
    assert 0 not in shown
    main = n * k
    if count and main >= 2 * count:
        before = [sum(task.kind == "rate" for task in tasks[2 : 2 + place]) for place in shown]
        for turn, place in enumerate(before):  # each stretch of the session has one
            assert turn * main // count <= place <= (turn + 1) * main // count


def test_a_check_stands_between_two_items() -> None:
    study = msgspec.structs.replace(RATED, checks=Checks(items=(known("a"), known("b"), known("c"))))
    tasks = plan(study, outputs_of(12, 4), slot=0, number=0)
    for place, task in enumerate(tasks):
        if (
            task.kind == "check"
            and place + 1 < len(tasks)
            and tasks[place + 1].kind == "rate"
            and tasks[place - 1].kind == "rate"
        ):
            assert tasks[place - 1].outputs[0].split("/")[0] != tasks[place + 1].outputs[0].split("/")[0]
