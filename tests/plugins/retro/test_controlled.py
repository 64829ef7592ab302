"""Neighbours of a wanted overlap: chosen or edited so that what the next chunk shares with them is what was asked, by count."""

import numpy as np
import pytest
from harness_plugins.retro.controlled import chosen_overlap, edited_overlap
from hypothesis import given, settings
from hypothesis import strategies as st
from numbered import numbered, plain_table

from harness.errors import InputError

LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Thirty documents of four chunks of twenty tokens, the last one of seven; Zipf's law over 200 tokens."""
    random = np.random.default_rng(1)
    weights = 1 / np.arange(1, 201)
    documents = [random.choice(200, 67, p=weights / weights.sum()).tolist() for _ in range(30)]
    return numbered(tmp_path_factory.mktemp("controlled") / "db", documents, chunk=20, shard=50)


@pytest.fixture(scope="module")
def table(corpus):
    random = np.random.default_rng(2)
    whole = np.flatnonzero(np.arange(corpus.chunks) % 4 < 3)  # a neighbour of seven tokens could not hold twenty
    numbers = random.choice(whole, (corpus.chunks, 6))
    numbers[8] = -1
    numbers[9, 1:] = -1
    return plain_table(corpus, numbers)


def overlap_by_hand(corpus, table, chunk, k):
    """Positions of the chunk whose token is in the neighbours of the chunk before, and how many positions it has."""
    tokens, lengths = corpus.tokens(np.array([chunk]))
    mine = tokens[0, : lengths[0]].tolist()
    found, mask = table.database.with_continuation(table.numbers[chunk - 1, :k])
    known = set(found[mask].tolist())
    return sum(token in known for token in mine), len(mine)


@pytest.mark.parametrize("level", LEVELS)
def test_edited_neighbours_have_the_level_chunk_by_chunk_and_in_the_mean(corpus, table, level):
    made = edited_overlap(corpus, table.first(2), level)
    for chunk in range(corpus.chunks):
        if chunk % 4 == 0 or chunk == 9:
            continue
        shared, positions = overlap_by_hand(corpus, made.table, chunk, 2)
        assert made.shares[chunk] == shared / positions
        assert abs(shared - level * positions) < 5  # what no drawn type of token fits into
    changed = np.arange(corpus.chunks) != 9  # its predecessor has no neighbours
    assert abs(np.nanmean(made.shares[changed]) - level) < 0.03
    assert np.isnan(made.shares[::4]).all()
    assert made.shares[9] == 0
    assert (made.table.numbers[8] == -1).all()


def test_what_editing_need_not_change_stays(corpus, table):
    two = table.first(2)
    before, mask = two.database.with_continuation(two.numbers)
    made = edited_overlap(corpus, two, 0.0).table
    after, same = made.database.with_continuation(made.numbers)
    assert np.array_equal(mask, same)
    for row in range(corpus.chunks):
        last = row % 4 == 3
        chunk = [] if last else corpus.tokens(np.array([row + 1]))[0][0, : 7 if row % 4 == 2 else 20]
        kept = ~np.isin(before[row], chunk)
        assert np.array_equal(before[row][kept], after[row][kept])
    assert (
        edited_overlap(corpus, two, 0.5, seed=3).shares.tolist()[1:4]
        == edited_overlap(corpus, two, 0.5, seed=3).shares.tolist()[1:4]
    )


def test_more_overlap_is_written_at_its_own_place_in_a_continuation(tmp_path):
    corpus = numbered(tmp_path / "db", [[1, 2, 3, 4, 5, 6, 7, 8], [10, 11, 12, 13, 14, 15, 16, 17]])
    made = edited_overlap(corpus, plain_table(corpus, [[2], [-1], [0], [-1]]), 1.0)
    tokens, mask = made.table.database.with_continuation(made.table.numbers)
    assert tokens[0, 0].tolist() == [10, 11, 12, 13, 5, 6, 7, 8]
    assert tokens[2, 0].tolist() == [1, 2, 3, 4, 14, 15, 16, 17]
    assert mask.sum() == 16
    assert made.mean == 1
    assert made.table.info.signature == "plain|edited-overlap:1|seed:0"


@pytest.mark.parametrize("level", LEVELS)
def test_the_first_chosen_neighbour_is_the_one_nearest_to_the_level(corpus, table, level):
    made = chosen_overlap(corpus, table, level, 1)
    for chunk in range(corpus.chunks):
        if chunk % 4 == 0 or chunk == 9:
            continue
        each = []
        for neighbour in table.numbers[chunk - 1]:
            if neighbour >= 0:
                one = plain_table(corpus, np.full((corpus.chunks, 1), neighbour))
                shared, positions = overlap_by_hand(corpus, one, chunk, 1)
                each.append((abs(shared / positions - level), shared / positions))
        assert made.shares[chunk] == min(each, key=lambda pair: pair[0])[1]
        assert made.table.numbers[chunk - 1, 0] in table.numbers[chunk - 1]


def test_chosen_neighbours_are_different_ones_and_none_where_there_are_none(corpus, table):
    made = chosen_overlap(corpus, table, 0.9, 3)
    assert made.table.k == made.table.info.k == 3
    assert (made.table.numbers[8] == -1).all()
    assert (made.table.numbers[9] >= 0).tolist() == [True, False, False]
    for row, candidates in zip(made.table.numbers[:8].tolist(), table.numbers[:8].tolist(), strict=True):
        assert all(row.count(number) <= candidates.count(number) for number in row)
    assert made.mean > chosen_overlap(corpus, table, 0.1, 3).mean


@settings(max_examples=6)
@given(st.integers(0, 5), st.sampled_from(LEVELS))
def test_what_is_drawn_depends_on_the_seed_and_the_chunk_alone(corpus, table, seed, level):
    two = table.first(2)
    whole = edited_overlap(corpus, two, level, seed=seed).table
    others = two.numbers.copy()
    others[:40] = -1
    again = edited_overlap(corpus, plain_table(corpus, others), level, seed=seed).table
    assert np.array_equal(whole.database.tokens[80:], again.database.tokens[80:])
    assert whole.info.signature == again.info.signature


@pytest.mark.parametrize("level", [-0.1, 1.5, float("nan")])
def test_a_level_that_is_no_share_is_refused(corpus, table, level):
    for make in (lambda: edited_overlap(corpus, table, level), lambda: chosen_overlap(corpus, table, level, 2)):
        with pytest.raises(InputError, match="an overlap is a share of a chunk's tokens, from 0 to 1"):
            make()


def test_a_deep_table_holds_at_least_k(corpus, table):
    with pytest.raises(InputError, match="a table of 6 neighbours a chunk has no 7"):
        chosen_overlap(corpus, table, 0.5, 7)
