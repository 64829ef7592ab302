"""Tables of given neighbours: each chunk reads the texts that are given for it, and none where one is lacking."""

import numpy as np
import pytest
from harness_plugins.retro.given import chunk_numbers, given_table
from harness_plugins.retro.sequences import batch, cut
from numbered import Numbers, numbered

from harness.errors import InputError

TEXTS = {0: "21 22", 1: "23 24 25 26 27", 2: "5", 3: "31 32 33 34", 4: "  "}


@pytest.fixture
def corpus(tmp_path):
    made = numbered(tmp_path / "db", [[1, 2, 3, 4, 5, 6, 7, 8, 9], [31, 32, 33, 34, 40], [50]])  # chunks 0 1 2, 3 4, 5
    made.__dict__["tokenizer"] = Numbers()
    return made


def read(given):
    tokens, mask = given.table.database.with_continuation(given.table.numbers)
    return [row[0][may[0]].tolist() for row, may in zip(tokens, mask, strict=True)]


def test_each_place_reads_what_it_says_and_nothing_where_a_text_is_lacking(corpus):
    assert read(given_table(corpus, TEXTS, "query")) == [[21, 22], [23, 24, 25, 26], [5], [31, 32, 33, 34], [], []]
    assert read(given_table(corpus, TEXTS, "next")) == [[23, 24, 25, 26], [5], [], [], [], []]
    assert read(given_table(corpus, TEXTS, "both")) == [[21, 22, 23, 24, 25, 26], [23, 24, 25, 26, 5], [5], [], [], []]


def test_halves_stand_where_a_neighbour_and_its_continuation_stand(corpus):
    table = given_table(corpus, TEXTS).table
    tokens, mask = table.database.with_continuation(table.numbers)
    assert tokens[0, 0].tolist() == [21, 22, 0, 0, 23, 24, 25, 26]
    assert mask[0, 0].tolist() == [True, True, False, False, True, True, True, True]
    assert table.numbers.tolist() == [[0], [1], [2], [-1], [-1], [-1]]
    assert table.info.signature == "given|place:both"


def test_it_says_how_many_texts_there_are_are_cut_or_say_the_same(corpus):
    given = given_table(corpus, TEXTS, "query")
    assert (given.own, given.cut, given.identical, given.without) == (4, 1, 1, 2)


def test_a_batch_reads_given_neighbours_like_found_ones(corpus):
    made = batch(cut(corpus, 8), corpus, None, given_table(corpus, TEXTS).table, 1)
    assert made["neighbour_ids"][0, 0, 0].tolist() == [21, 22, 0, 0, 23, 24, 25, 26]
    assert made["neighbour_mask"][0, 0, 0].tolist() == [True, True, False, False, True, True, True, True]
    assert made["neighbour_mask"][1:].sum() == 0  # chunk 2 is not complete, and of chunks 3 to 5 a text is lacking


def test_chunks_are_found_by_their_documents_id_and_their_place(corpus):
    assert chunk_numbers(corpus, [("d0", 0), ("d0", 2), ("d1", 1), ("d2", 0)]) == [0, 2, 4, 5]
    for row in (("d0", 3), ("d3", 0), ("d1", -1)):
        with pytest.raises(InputError, match=f"has no chunk {row[1]} of a document '{row[0]}'"):
            chunk_numbers(corpus, [row])


def test_a_text_for_no_chunk_is_refused(corpus):
    with pytest.raises(InputError, match="has chunks 0 to 5; a text is given for 6"):
        given_table(corpus, {6: "1"})


def test_without_any_text_there_is_no_neighbour(corpus):
    given = given_table(corpus, {})
    assert (given.table.numbers == -1).all()
    assert np.isnan(given.table.scores).all()
