"""Codebooks: against sklearn, by hand, and what must not matter (batches, ties, duplicates)."""

import numpy as np
import pytest
from harness_plugins.video.tokenizer.quantise import Nearest, encode, first_centres, fit, kmeans, lloyd, means, squared
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray


def _blobs(seed: int, groups: int = 6, each: int = 40, width: int = 5, apart: float = 20.0) -> NDArray[np.float32]:
    draw = np.random.default_rng(seed)
    middles = draw.normal(size=(groups, width)) * apart
    return (np.repeat(middles, each, axis=0) + draw.normal(size=(groups * each, width))).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_lloyd_ends_where_sklearn_ends(seed: int) -> None:
    from sklearn.cluster import KMeans

    rows = _blobs(seed, apart=2.0)
    start = first_centres(rows, 8, np.random.default_rng(seed))
    other = KMeans(8, init=start, n_init=1, max_iter=300, tol=0, algorithm="lloyd").fit(rows)
    centres = start
    for _ in range(20):
        before, (centres, _) = centres, lloyd(rows, centres)
    assert np.array_equal(before, centres)
    np.testing.assert_allclose(centres, other.cluster_centers_, atol=1e-4)
    lost = squared(rows, centres[Nearest(centres).of(rows)]).sum()
    assert lost == pytest.approx(other.inertia_, rel=1e-5)


def test_clear_groups_are_found() -> None:
    rows = _blobs(1)
    found = fit(rows, 6, 1, seed=0)
    assert sorted(found.counts[0]) == [40] * 6
    codes = Nearest(found.codebooks[0]).of(rows).reshape(6, 40)
    assert (codes == codes[:, :1]).all()
    np.testing.assert_allclose(found.codebooks[0][codes[:, 0]], rows.reshape(6, 40, -1).mean(axis=1), atol=1e-4)


@pytest.mark.parametrize("apart", [1, 16])
def test_many_codes_within_reach_leave_the_nearest(apart: int) -> None:
    """Rows that say nothing of the next one, and centres of which every other one stands there twice: the lower code is taken."""
    draw = np.random.default_rng(apart)
    centres = draw.normal(size=(400, 12)).astype(np.float32)
    centres[1::2] = centres[draw.permutation(200) * 2]
    rows = np.concatenate([draw.normal(size=(600, 12)).astype(np.float32), centres[draw.permutation(400)]])
    distances = np.square(rows[:, None].astype(np.float64) - centres.astype(np.float64)).sum(axis=2)
    assert np.array_equal(Nearest(centres).of(rows, apart), distances.argmin(axis=1))


def test_seeding_takes_rows_that_are_far_apart() -> None:
    rows = _blobs(3, apart=1000.0)
    for seed in range(5):
        centres = first_centres(rows, 6, np.random.default_rng(seed))
        assert (
            len(
                np.unique(
                    squared(rows[:, None].repeat(6, 1).reshape(-1, 5), np.tile(centres, (240, 1))).reshape(240, 6).argmin(1)
                )
            )
            == 6
        )


@given(
    st.integers(1, 40).flatmap(
        lambda codes: st.tuples(
            st.just(codes), st.integers(1, 12), st.integers(0, 10**6), st.sampled_from([1e-3, 1.0, 3000.0]), st.booleans()
        )
    )
)
@settings(max_examples=60)
def test_codes_are_those_of_distances_in_float64(made: tuple[int, int, int, float, bool]) -> None:
    codes, width, seed, size, whole = made
    draw = np.random.default_rng(seed)
    centres, rows = draw.normal(size=(codes, width)), draw.normal(size=(30, width))
    if whole:  # many ties
        centres, rows = np.round(centres), np.round(rows)
    centres, rows = (centres * size).astype(np.float32), (rows * size).astype(np.float32)
    apart = np.square(rows[:, None].astype(np.float64) - centres[None]).sum(axis=2)
    assert np.array_equal(Nearest(centres).of(rows), apart.argmin(axis=1))


def test_codes_do_not_depend_on_the_batch() -> None:
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(700, 27)).astype(np.float32) * 300
    centres[350:] = np.nextafter(centres[:350], np.float32(np.inf))  # closer than float32 products can tell
    rows = np.concatenate([centres[:350], draw.normal(size=(600, 27)).astype(np.float32) * 300])
    book = Nearest(centres)
    together = book.of(rows)
    assert np.array_equal(together, np.concatenate([book.of(rows[n : n + 1]) for n in range(len(rows))]))
    assert np.array_equal(together[::-1], book.of(rows[::-1]))
    assert np.array_equal(together[:350], np.arange(350))


def test_codes_are_the_same_whatever_row_is_said_to_be_alike() -> None:
    """Of rows that move slowly, as places of a film do, and of noise, of which too many codes would have to be looked at."""
    draw = np.random.default_rng(2)
    spread = np.geomspace(600, 20, 27)
    centres = (draw.normal(size=(500, 27)) * spread).astype(np.float32)
    centres[400:] = centres[:100]  # of two that are the same, the lower one
    first = draw.normal(size=(8, 27)) * spread
    film = (first[None] + np.cumsum(draw.normal(size=(40, 8, 27)) * 5, axis=0)).reshape(-1, 27)
    rows = np.concatenate([film, draw.normal(size=(100, 27)) * 100, centres[390:410]]).astype(np.float32)
    wanted = np.square(rows[:, None].astype(np.float64) - centres[None]).sum(axis=2).argmin(axis=1)
    book = Nearest(centres)
    assert all(np.array_equal(book.of(rows, apart), wanted) for apart in (1, 8, 1000))
    assert np.array_equal(book._by_products(rows), wanted)


def test_what_is_equally_far_goes_to_the_lower_code() -> None:
    centres = np.array([[5.0], [1.0], [3.0], [1.0]], np.float32)
    assert Nearest(centres).of(np.array([[2.0], [1.0], [4.0], [100.0]], np.float32)).tolist() == [1, 1, 0, 0]


def test_each_level_tells_what_the_ones_before_leave() -> None:
    books = [Nearest(np.array([[0.0], [10.0]], np.float32)), Nearest(np.array([[-1.0], [0.0], [2.0]], np.float32))]
    rows = np.array([[9.0], [12.5], [0.4], [1.8]], np.float32)
    assert encode(rows, books).tolist() == [[1, 0], [1, 2], [0, 1], [0, 2]]


def test_further_levels_lose_less() -> None:
    rows = _blobs(5, apart=3.0)
    found = fit(rows, 4, 4, seed=1)
    assert found.codebooks.shape == (4, 4, 5)
    assert list(found.errors) == sorted(found.errors, reverse=True)
    codes = encode(rows, [Nearest(book) for book in found.codebooks])
    told = sum(found.codebooks[level][codes[:, level]].astype(np.float64) for level in range(4))
    assert squared(rows, told).mean() == pytest.approx(found.errors[-1], rel=1e-5)  # type: ignore[arg-type]
    assert np.array_equal(found.counts[2], np.bincount(codes[:, 2], minlength=4))
    assert found.variance == pytest.approx(rows.astype(np.float64).var(axis=0).sum(), rel=1e-6)


def test_first_level_is_the_same_however_many_follow() -> None:
    rows = _blobs(6, apart=2.0)
    assert np.array_equal(fit(rows, 8, 1, 3).codebooks[0], fit(rows, 8, 3, 3).codebooks[0])


def test_same_seed_same_codebook_another_seed_another() -> None:
    rows = _blobs(7, apart=1.0)
    assert np.array_equal(fit(rows, 9, 2, 4).codebooks, fit(rows, 9, 2, 4).codebooks)
    assert not np.array_equal(fit(rows, 9, 2, 4).codebooks, fit(rows, 9, 2, 5).codebooks)


def test_a_code_that_no_row_falls_to_is_put_where_rows_are_served_worst() -> None:
    rows = np.array([[0.0], [1.0], [100.0], [101.0], [500.0]], np.float32)
    centres, _ = lloyd(rows, np.array([[50.0], [-900.0], [1000.0]], np.float32))
    assert sorted(centres[:, 0].tolist()) == [0.5, 100.5, 500.0]


def test_rows_that_are_all_alike_take_one_code() -> None:
    rows = np.full((100, 7), 128.3, np.float32)
    found = fit(rows, 16, 3, seed=0)
    assert found.distinct == 1
    assert found.counts.tolist() == [[100, *[0] * 15]] * 3
    assert found.errors == (0.0, 0.0, 0.0)
    assert np.isfinite(found.codebooks).all()


def test_as_many_codes_as_rows_lose_nothing() -> None:
    rows = _blobs(8)[:20]
    assert fit(rows, 20, 1, seed=0).errors == (0.0,)


def test_means_by_hand() -> None:
    rows = np.array([[1.0, 0.0], [3.0, 2.0], [10.0, 10.0]], np.float32)
    before = np.array([[7.0, 7.0], [0.0, 0.0], [9.0, 9.0]], np.float32)
    assert means(rows, np.array([1, 1, 2]), before).tolist() == [[7.0, 7.0], [2.0, 1.0], [10.0, 10.0]]


def test_too_few_rows_and_rows_that_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="5 codes cannot be fitted on 4 patches"):
        fit(np.zeros((4, 2), np.float32), 5, 1, 0)
    with pytest.raises(ValueError, match="not finite"):
        fit(np.full((4, 2), np.nan, np.float32), 2, 1, 0)


def test_a_large_sample_is_seeded_on_a_part_of_it() -> None:
    rows = _blobs(9, groups=4, each=200)
    centres, rounds = kmeans(rows, 4, np.random.default_rng(0))
    assert squared(rows, centres[Nearest(centres).of(rows)]).mean() < 7  # five dimensions of variance one
    assert rounds >= 1
