"""Documents with planted neighbours: families whose relation is what the builder says."""

from itertools import pairwise

import numpy as np
import pytest
from harness_plugins.datasets.planted.builder import PlantedNeighboursBuilder
from harness_plugins.datasets.planted.portraits import Portrait, drawn, near_duplicate, paraphrase, question_text, word_overlap
from harness_plugins.datasets.planted.words import RELATIONS
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import PluginError
from harness.testing import check_builder


def _text(example):
    return example.messages[0].text


def test_a_portrait_says_its_facts_in_the_ways_that_were_drawn():
    names = [relation.name for relation in RELATIONS]
    portrait = Portrait("Ida Ek", ((names.index("job"), "smed"), (names.index("home"), "Solby")), (1, 0))
    assert portrait.text == "Till yrket är Ida Ek smed. Ida Ek bor numera i Solby."
    assert portrait.questions() == [("Vad arbetar Ida Ek som?", "smed"), ("Var bor Ida Ek?", "Solby")]


@given(st.integers(0, 2**32), st.integers(1, 12), st.floats(0, 1))
def test_a_near_duplicate_differs_in_its_share_of_facts_and_a_paraphrase_in_every_sentence_and_no_fact(seed, facts, changed):
    generator = np.random.default_rng(seed)
    base = drawn(generator, facts)
    near = near_duplicate(base, generator, changed)
    differing = sum(one != other for one, other in zip(base.facts, near.facts, strict=True))
    assert differing == (max(1, round(changed * facts)) if changed > 0 else 0)
    assert near.ways == base.ways
    other = paraphrase(base, generator, shuffled=True)
    assert set(other.facts) == set(base.facts)
    assert set(base.text.split(". ")).isdisjoint(other.text.split(". "))


def test_overlap_of_words_counts_places_not_kinds():
    assert word_overlap("en katt och en hund", "en hund kom") == pytest.approx(3 / 5)
    assert word_overlap("", "en hund") == 0.0


def test_relatives_of_held_out_families_are_for_validation_and_their_bases_are_to_be_found():
    found = list(PlantedNeighboursBuilder(families=40, held_out=0.25, questions=True, seed=3).examples())
    by_id = {one.id: one for one in found}
    assert len(by_id) == len(found)
    validation = [one for one in found if one.split == "validation"]
    assert len(validation) == 10
    for one in validation:
        base = by_id[one.meta["of"]]
        assert base.split == "train"
        assert one.cluster_id == base.cluster_id
        assert one.meta["word_overlap"] == pytest.approx(word_overlap(_text(one), _text(base)))
        assert all(answer in _text(base) for _, answer in base.meta["questions"])
    asked = [one for one in found if one.meta["relation"] == "questions"]
    assert {one.cluster_id for one in asked}.isdisjoint(one.cluster_id for one in validation)
    assert _text(asked[0]).startswith(question_text("")[:7])


def test_near_duplicates_share_more_words_than_paraphrases_and_strangers_least():
    found = list(PlantedNeighboursBuilder(families=200, relatives={"near-duplicate": 1, "paraphrase": 1}, seed=1).examples())
    shares = {
        relation: [one.meta["word_overlap"] for one in found if one.meta["relation"] == relation]
        for relation in ("near-duplicate", "paraphrase")
    }
    bases = [_text(one) for one in found if one.meta["relation"] == "base"]
    strangers = np.mean([word_overlap(one, other) for one, other in pairwise(bases)])
    assert np.mean(shares["near-duplicate"]) > np.mean(shares["paraphrase"]) + 0.2
    assert np.mean(shares["paraphrase"]) > strangers + 0.1


def test_asked_again_it_says_the_same():
    assert list(PlantedNeighboursBuilder(families=5).examples()) == list(PlantedNeighboursBuilder(families=5).examples())


@pytest.mark.slow  # a process of its own
def test_it_keeps_what_builders_promise():
    check_builder("planted-neighbours", {"families": 3})


@pytest.mark.parametrize(
    "params",
    [{"families": 0}, {"facts": 13}, {"relatives": {"twin": 1}}, {"relatives": {"none": 0}}, {"changed": 2}, {"questions": 1}],
)
def test_parameters_out_of_range_are_named(params):
    with pytest.raises(PluginError, match=next(iter(params))):
        PlantedNeighboursBuilder(**params)
