"""A judge card finds the bias that was planted in simulated verdicts, and finds none where there is none."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest
from simulated_judges import JUDGE, World, pair_verdicts, ratings, world

from harness.judge_card.contents import Finding
from harness.judge_card.contests import contests
from harness.judge_card.ground import Ground, output_values
from harness.judge_card.languages import languages
from harness.judge_card.length import length
from harness.judge_card.own import self_preference
from harness.judge_card.people import beside_raters, on_scale
from harness.judge_card.position import position
from harness.meta.options import MetaOptions
from harness.verdicts import Verdict

SEEDS = 200
FIRST = 5000  # of the seeds
AT_MOST = 0.11  # of 200 seeds: 5 % and three standard errors, and what few clusters and few resamples cost
CRITERIA = ("quality",)


def ground_of(known: World) -> Ground:
    return Ground.of(known.data, MetaOptions(resamples=200))


def of_pairs(known: World, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    ground = ground_of(known)
    held = contests(verdicts, ground)
    yield from position(verdicts, ground)
    yield from length(held, ground, CRITERIA)
    yield from self_preference(held, ground, JUDGE, (), CRITERIA)


def of_ratings(known: World, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    ground = ground_of(known)
    laid = on_scale(output_values(verdicts, ground), (1.0, 4.0), ground.people["quality"])
    yield from beside_raters(laid, ground.people["quality"], ground)


def of_languages(known: World, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    ground = ground_of(known)
    yield from languages(verdicts, contests(verdicts, ground), {}, ground, CRITERIA)


def shown(make: Callable[[int], Iterator[Finding]], seeds: int = SEEDS) -> tuple[Counter[tuple[str, str]], set[str]]:
    """How many seeds show more (or less) in each finding; and the findings that could have."""
    found: Counter[tuple[str, str]] = Counter()
    able: set[str] = set()
    for seed in range(FIRST, FIRST + seeds):
        for one in make(seed):
            if one.shows is not None and one.rating is None:
                able.add(one.name)
                found[one.name, one.shows] += 1
    return found, able


def test_a_judge_that_errs_without_bias_shows_none_in_nearly_all_of_200_sets() -> None:
    def card(seed: int) -> Iterator[Finding]:
        known = world(seed)
        yield from of_pairs(known, pair_verdicts(known))

    found, able = shown(card)
    assert able == {
        "first_chosen", "longer_beyond_people", "longer_chosen_at_tie", "own_beyond_people", "own_chosen_at_tie",
    }  # fmt: skip
    for name in able:
        assert found[name, "more"] + found[name, "less"] <= AT_MOST * SEEDS, name


@pytest.mark.parametrize(
    ("bias", "name"),
    [
        ({"first": 0.4}, "first_chosen"),
        ({"longer": 0.5}, "longer_chosen_at_tie"),
        ({"longer": 1.0}, "longer_beyond_people"),
        ({"own": 0.6}, "own_chosen_at_tie"),
        ({"own": 1.0}, "own_beyond_people"),
    ],
)
def test_a_planted_bias_is_found(bias: dict[str, float], name: str) -> None:
    def card(seed: int) -> Iterator[Finding]:
        known = world(seed)
        yield from of_pairs(known, pair_verdicts(known, **bias))

    found, _ = shown(card, 20)
    assert found[name, "more"] >= 18
    assert found[name, "less"] == 0


def test_a_judge_that_avoids_its_own_answers_shows_less() -> None:
    def card(seed: int) -> Iterator[Finding]:
        known = world(seed)
        yield from of_pairs(known, pair_verdicts(known, own=-1.0))

    found, _ = shown(card, 20)
    assert found["own_beyond_people", "less"] >= 18


def test_a_bias_of_one_kind_is_not_taken_for_another() -> None:
    def card(seed: int) -> Iterator[Finding]:
        known = world(seed)
        yield from of_pairs(known, pair_verdicts(known, first=0.8))

    found, _ = shown(card, 50)
    assert found["first_chosen", "more"] == 50
    for name in ("longer_chosen_at_tie", "longer_beyond_people", "own_chosen_at_tie", "own_beyond_people"):
        assert found[name, "more"] + found[name, "less"] <= 0.16 * 50, name


def test_a_judge_that_rates_as_people_do_is_not_above_them_though_the_ends_of_the_scale_part_them() -> None:
    def card(seed: int) -> Iterator[Finding]:
        known = world(seed, 40, rated=True)
        yield from of_ratings(known, ratings(known))

    found, able = shown(card)
    assert able == {"over_positivity", "beyond_second"}
    for name in able:
        assert found[name, "more"] + found[name, "less"] <= AT_MOST * SEEDS, name
    levels = [one for one in card(0) if one.rating is not None and one.name == "over_positivity_at"]
    assert [one.rating for one in levels] == [1, 2, 3, 4]
    lowest, highest = levels[0], levels[-1]
    assert lowest.low is not None
    assert lowest.low > 0  # above the lowest rating, below the highest: nothing but noise and the ends of the scale
    assert highest.high is not None
    assert highest.high < 0
    assert all(one.shows is None for one in levels)
    beyond = [one.shows for seed in range(40) for one in card(seed) if one.name == "beyond_second_at"]
    assert beyond.count("nothing") >= 0.89 * len(beyond)


def test_a_judge_half_a_point_too_kind_is_found_beside_both_raters() -> None:
    def card(seed: int) -> Iterator[Finding]:
        known = world(seed, 40, rated=True)
        yield from of_ratings(known, ratings(known, above=0.5))

    found, _ = shown(card, 20)
    assert found["over_positivity", "more"] == 20
    assert found["beyond_second", "more"] >= 19


def test_a_judge_that_is_worse_in_swedish_is_found_on_parallel_items_and_an_equal_one_is_not() -> None:
    def card(seed: int, worse: float) -> Iterator[Finding]:
        known = world(seed, 50, languages=("sv", "en"))
        yield from of_languages(known, pair_verdicts(known, swedish_noise=worse))

    found, _ = shown(lambda seed: card(seed, 4.0), 20)
    assert found["accuracy_by_language", "less"] >= 19
    found, able = shown(lambda seed: card(seed, 0.0), 100)
    assert able == {"accuracy_by_language", "parsed_by_language"}
    assert found["accuracy_by_language", "less"] + found["accuracy_by_language", "more"] <= 0.14 * 100
    assert found["parsed_by_language", "nothing"] == 100
