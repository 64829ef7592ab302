"""The greedy choice: against a plain loop, whatever the order of the input, and through neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.build.diversity import Items, centred, normalised, select
from harness.build.diversity_neighbours import nearest


def plainly(embeddings: np.ndarray, relevance: np.ndarray, keys: list[str], count: int, weight: float):
    """Carbonell and Goldstein's rule as it stands: every item is looked at in every step."""
    directions = normalised(embeddings)
    order: list[int] = []
    diversity: list[float] = []
    for _ in range(min(count, len(keys))):
        best = None
        for place in range(len(keys)):
            if place in order:
                continue
            near = [float(np.einsum("d,d->", directions[place], directions[other])) for other in order]
            part = 1.0 if not order else 1 - min(max(max(near), 0.0), 1.0)
            value = (-(relevance[place] + weight * part), keys[place])
            if best is None or value < best[0]:
                best = (value, place, part)
        order.append(best[1])
        diversity.append(best[2])
    return order, diversity


def clustered(count: int, width: int, clusters: int, seed: int, spread: float = 0.5):
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(clusters, width))
    vectors = centres[draw.integers(clusters, size=count)] + spread * draw.normal(size=(count, width))
    return vectors.astype(np.float32), draw.random(count), [f"{place:07d}" for place in range(count)]


@settings(max_examples=40)
@given(st.integers(1, 25), st.integers(1, 5), st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 1.0, 4.0]))
def test_the_choice_is_the_one_of_a_plain_loop(count: int, width: int, seed: int, weight: float):
    embeddings, relevance, keys = clustered(count, width, 3, seed)
    found = select(embeddings, relevance, keys, count, weight)
    order, diversity = plainly(embeddings, relevance, keys, count, weight)
    values = [relevance[place] + weight * part for place, part in zip(order, diversity, strict=True)]
    assert found.value == pytest.approx(values, abs=1e-5)  # where two are equal but for a last digit, either may be first
    assert sorted(found.order) == sorted(order)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.booleans())
def test_the_choice_does_not_depend_on_the_order_of_the_input(seed: int, exact: bool):
    embeddings, relevance, keys = clustered(40, 8, 4, seed)
    turned = np.random.default_rng(seed).permutation(40)
    one = select(embeddings, relevance, keys, 15, exact=exact, neighbours=5)
    other = select(embeddings[turned], relevance[turned], [keys[place] for place in turned], 15, exact=exact, neighbours=5)
    assert [keys[place] for place in one.order] == [keys[turned[place]] for place in other.order]
    assert one.diversity == other.diversity


def test_a_copy_of_what_is_chosen_has_no_diversity_and_comes_last():
    embeddings = [[1, 0], [1, 0], [0, 1], [-1, 0]]
    found = select(embeddings, [1.0, 0.9, 0.2, 0.1], ["a", "b", "c", "d"], 4)
    assert found.order == [0, 2, 3, 1]
    assert found.diversity == [1.0, 1.0, 1.0, 0.0]
    assert found.value == pytest.approx([2.0, 1.2, 1.1, 0.9])


def test_equal_items_are_chosen_by_their_keys():
    found = select([[1, 0]] * 3, [0.5] * 3, ["c", "a", "b"], 3)
    assert found.order == [1, 2, 0]


def test_without_weight_only_relevance_counts():
    found = select([[1, 0]] * 4, [0.1, 0.4, 0.2, 0.3], list("abcd"), 3, weight=0.0)
    assert found.order == [1, 3, 2]


@pytest.mark.parametrize(
    ("embeddings", "relevance", "keys", "said"),
    [
        ([[0, 0], [1, 0]], [1, 1], ["a", "b"], "no direction"),
        ([[1, 0], [1, 0]], [1, 1], ["a", "a"], "distinct"),
        ([[1, 0], [1, 0]], [1, np.nan], ["a", "b"], "not finite"),
        ([[1, 0]], [1, 1], ["a", "b"], "2 keys"),
    ],
)
def test_what_cannot_be_is_refused(embeddings: list, relevance: list, keys: list, said: str):
    with pytest.raises(ValueError, match=said):
        select(embeddings, relevance, keys, 1)


def test_nothing_is_chosen_of_nothing():
    assert select(np.zeros((0, 4)), [], [], 5).order == []


def test_with_all_items_as_neighbours_the_choice_is_the_exact_one_from_the_second_on():
    embeddings, relevance, keys = clustered(60, 8, 5, 3)
    exact = select(embeddings, relevance, keys, 60, exact=True)
    near = select(embeddings, relevance, keys, 60, exact=False, neighbours=59)
    assert near.order[0] == int(np.argmax(relevance)) == exact.order[0]
    assert near.order == exact.order
    assert near.diversity == pytest.approx(exact.diversity, abs=1e-5)


def test_by_neighbours_nine_of_ten_chosen_are_those_of_the_exact_choice():
    embeddings, relevance, keys = clustered(2000, 32, 100, 5)
    exact = select(embeddings, relevance, keys, 300, exact=True)
    near = select(embeddings, relevance, keys, 300, exact=False, neighbours=32)
    assert len(set(exact.order) & set(near.order)) >= 270


@pytest.mark.parametrize("exact", [True, False])
def test_diversity_beside_what_is_kept_is_one_less_the_largest_cosine(exact: bool):
    items = Items([[1, 0], [3, 4], [0, 2], [-1, 0]], ["d", "a", "c", "b"], exact=exact, neighbours=3)
    beside = items.beside([0, 2])
    assert beside[1] == pytest.approx(1 - 4 / 5)  # (3, 4) beside (0, 2)
    assert beside[3] == pytest.approx(1.0)  # (−1, 0) beside (0, 2); beside (1, 0) it would be 2
    assert items.beside([]) == [1.0] * 4


def test_beside_what_is_kept_an_item_without_a_kept_neighbour_is_no_more_diverse_than_its_lists_allow():
    embeddings, _, keys = clustered(300, 8, 6, 4)
    kept = list(range(0, 300, 30))
    exactly, by_lists = (Items(embeddings, keys, exact=way, neighbours=12).beside(kept) for way in (True, False))
    others = [place for place in range(300) if place not in kept]
    assert all(by_lists[place] <= exactly[place] + 1e-6 for place in others)
    near = np.mean([by_lists[place] > exactly[place] - 1e-6 for place in others])
    assert near > 0.2  # those with a kept neighbour have the exact value


def test_neighbours_are_the_nearest_ones_by_brute_force():
    embeddings, _, _ = clustered(200, 16, 8, 1)
    directions = normalised(embeddings)
    found = nearest(directions, 6)
    products = directions @ directions.T
    np.fill_diagonal(products, -2)
    assert np.allclose(found.similarities, -np.sort(-products, axis=1)[:, :6], atol=1e-6)
    assert all(place not in row for place, row in enumerate(found.places))


@pytest.mark.slow
def test_the_index_finds_nine_of_ten_neighbours_of_thirty_thousand():
    pytest.importorskip("faiss")
    embeddings, _, _ = clustered(30_000, 64, 1500, 2)
    directions = normalised(embeddings)
    found = nearest(directions, 16)
    some = np.arange(0, 30_000, 300)
    products = directions[some] @ directions.T
    products[np.arange(len(some)), some] = -2
    best = np.argsort(-products, axis=1)[:, :16]
    recall = np.mean([len(set(row) & set(found.places[place])) / 16 for place, row in zip(some, best.tolist(), strict=True)])
    assert recall > 0.9
    assert np.array_equal(nearest(directions, 16).places, found.places)


def test_centring_widens_a_narrow_cone_and_does_not_depend_on_the_order():
    draw = np.random.default_rng(0)
    narrow = draw.normal(size=(50, 8)) * 0.1 + 3
    turned = draw.permutation(50)
    assert np.mean(normalised(narrow) @ normalised(narrow).T) > 0.95
    assert abs(np.mean(normalised(centred(narrow)) @ normalised(centred(narrow)).T)) < 0.1
    assert np.array_equal(centred(narrow)[turned], centred(narrow[turned]))
