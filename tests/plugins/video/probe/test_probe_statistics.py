"""Means, correlations and bins of words' values, against scipy and by hand."""

from itertools import pairwise

import numpy as np
import pytest
from harness_plugins.video.probe.figures import Settings
from harness_plugins.video.probe.norms import Norms
from harness_plugins.video.probe.permutation import sign_p, spearman_p
from harness_plugins.video.probe.statistics import (
    bins,
    by_class,
    by_word,
    mean,
    mean_difference,
    row_ranks,
    spearman,
    spearman_difference,
)
from harness_plugins.video.probe.table import word_table
from harness_plugins.video.probe.words import Occurrence
from hypothesis import given, settings
from hypothesis import strategies as st
from probed_words import QUICK, made
from scipy import stats

from harness.errors import InputError


def test_the_word_is_the_unit():
    table = made([1, 5], word=[0, 0, 0, 1], cluster=[0, 1, 1, 1])
    figure = mean(table, np.array([1.0, 2.0, 3.0, 10.0]), QUICK)
    assert (figure.value, figure.words, figure.occurrences, figure.clusters) == (6.0, 2, 4, 2)
    assert figure.low is None
    assert figure.note == "no interval and no test: 2 words, and 5 are needed"


def test_missing_values_and_rare_words_are_left_out_with_their_numbers():
    table = made([1, 5, 6], word=[0, 0, 1, 2, 2])
    values = np.array([1.0, 3.0, 9.0, np.nan, 4.0])
    assert mean(table, values, QUICK).value == pytest.approx((2 + 9 + 4) / 3)
    two = mean(table, values, Settings(least=2, resamples=10))
    assert (two.value, two.words, two.occurrences) == (2.0, 1, 2)
    none = mean(table, np.full(5, np.nan), QUICK)
    assert (none.value, none.words, none.note) == (None, 0, "no word has a value")


@pytest.mark.parametrize("distinct", [4, 400])
def test_spearman_is_scipys_with_and_without_ties(distinct):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, distinct, 60).astype(float), rng.integers(0, distinct, 60).astype(float)
    figure = spearman(made(x), y, Settings(resamples=100, permutations=4000))
    expected = stats.spearmanr(x, y)
    assert figure.value == pytest.approx(expected.statistic, abs=1e-9)
    assert figure.p == pytest.approx(expected.pvalue, abs=0.03)
    assert figure.words == 60
    assert figure.low < figure.value < figure.high


def test_the_permutation_test_is_scipys_where_all_orders_are_tried():
    rng = np.random.default_rng(2)
    for _ in range(2):
        x, y = rng.integers(0, 4, 6).astype(float), rng.integers(0, 4, 6).astype(float)
        expected = stats.permutation_test((y,), lambda z, x=x: stats.spearmanr(x, z)[0], permutation_type="pairings")
        assert spearman_p(x, y, 9999, 0) == pytest.approx(expected.pvalue, abs=1e-12)


def test_the_sign_test_is_scipys_where_all_patterns_are_tried():
    values = np.random.default_rng(3).normal(0.4, 1, 9)
    expected = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=10_000)
    assert sign_p(values, 9999, 0) == pytest.approx(expected.pvalue, abs=1e-12)
    assert (sign_p(np.zeros(3), 99, 0), sign_p(np.zeros(0), 99, 0)) == (1.0, None)


def test_no_p_is_below_one_in_draws_plus_one():
    x = np.arange(50.0)
    assert spearman(made(x), x, Settings(resamples=10, permutations=99)).p == 0.01


@given(st.lists(st.integers(0, 5), min_size=2, max_size=12), st.integers(0, 3))
@settings(max_examples=40)
def test_ranks_of_rows_are_scipys(values, shift):
    rows = np.array([values, np.roll(values, shift)], float)
    assert row_ranks(rows).tolist() == stats.rankdata(rows, axis=1).tolist()


def test_two_words_have_no_correlation():
    figure = spearman(made([2, 6], word=[0] * 50 + [1] * 50), np.repeat([0.1, 0.5], 50), QUICK)
    assert (figure.value, figure.p, figure.low, figure.words, figure.occurrences) == (None, None, None, 2, 100)
    assert figure.note == "n = 2: a correlation needs 3 words"


def test_thirty_words_that_occur_once_are_thirty():
    figure = spearman(made(np.linspace(1, 7, 30)), np.random.default_rng(0).normal(size=30), QUICK)
    assert (figure.words, figure.occurrences) == (30, 30)
    assert figure.low is not None


@pytest.mark.filterwarnings("error")
def test_constant_gains_and_constant_norms_have_no_correlation():
    table = made(np.linspace(1, 7, 20))
    zero = np.zeros(20)
    figure = spearman(table, zero, QUICK)
    assert (figure.value, figure.p, figure.note) == (None, None, "constant: all 20 words have the same value")
    assert (mean(table, zero, QUICK).value, mean(table, zero, QUICK).low, mean(table, zero, QUICK).high) == (0.0, 0.0, 0.0)
    flat = spearman(made([4.0] * 20), np.arange(20.0), QUICK)
    assert (flat.value, flat.p, flat.note) == (None, None, "constant: all 20 words have the imageability 4")


def test_means_that_are_equal_but_for_rounding_are_ties():
    word = np.repeat([0, 1, 2, 3], [3, 1, 2, 1])
    values = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2])  # the mean of three times 0.1 is 0.10000000000000002
    assert spearman(made([1, 2, 3, 4], word=word), values, QUICK).value == stats.spearmanr([1, 2, 3, 4], [1, 1, 1, 2]).statistic


@pytest.mark.parametrize("by", ["words", "videos", "both"])
def test_intervals_do_not_depend_on_the_scale_of_norms_and_repeat_with_the_seed(by):
    rng = np.random.default_rng(4)
    word, cluster = rng.integers(0, 30, 200), rng.integers(0, 25, 200)
    x, y = rng.uniform(1, 7, 30), rng.normal(size=200)
    options = Settings(resamples=200, permutations=200, by=by)
    one, other = (spearman(made(x * scale, word=word, cluster=cluster), y, options) for scale in (1, 100))
    assert one == other
    assert one != spearman(made(x, word=word, cluster=cluster), y, Settings(resamples=200, permutations=200, by=by, seed=1))


def test_intervals_of_means_are_those_of_the_textbook():
    values = np.random.default_rng(8).normal(1, 2, 200)
    figure = mean(made(np.ones(200)), values, Settings(resamples=4000))
    half = stats.t(199).ppf(0.975) * values.std(ddof=1) / np.sqrt(200)
    assert (figure.low, figure.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_intervals_by_video_are_of_videos():
    rng = np.random.default_rng(9)
    word, cluster = np.tile(np.arange(20), 40), np.repeat(np.arange(40), 20)  # every word in every video
    shift = rng.normal(size=40)
    table, values = made(np.arange(20.0), word=word, cluster=cluster), shift[cluster] + 0.01 * rng.normal(size=800)
    figures = {by: mean(table, values, Settings(resamples=2000, by=by)) for by in ("words", "videos", "both")}
    half = stats.t(39).ppf(0.975) * shift.std(ddof=1) / np.sqrt(40)
    middle = values.mean()
    assert (figures["videos"].low, figures["videos"].high) == pytest.approx((middle - half, middle + half), abs=0.04)
    assert figures["words"].high - figures["words"].low < 0.02
    assert figures["both"].high - figures["both"].low > 0.9 * (figures["videos"].high - figures["videos"].low)


def test_bins_do_not_depend_on_the_scale_of_norms():
    rng = np.random.default_rng(5)
    x, y = rng.uniform(1, 7, 40).round(1), rng.normal(size=40)
    one, other = (bins(made(x * scale), y, QUICK, count=4) for scale in (1, 100))
    assert [each.mean for each in one] == [each.mean for each in other]


def test_bins_never_part_equal_values_and_none_is_empty():
    table = made(np.repeat([2.0, 6.0], 20))
    found = bins(table, np.arange(40.0), QUICK, count=4)
    assert [(one.low, one.high, one.mean.words, one.mean.value) for one in found] == [(2.0, 2.0, 20, 9.5), (6.0, 6.0, 20, 29.5)]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=40), st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_every_word_is_in_one_bin(values, count):
    found = bins(made(values), np.ones(len(values)), Settings(resamples=1, permutations=1), count=count)
    assert sum(one.mean.words for one in found) == len(values)
    assert len(found) <= count
    assert all(one.mean.words for one in found)
    assert all(one.high < other.low for one, other in pairwise(found))


def test_bins_between_edges():
    found = bins(made([1, 2, 3, 4, 5]), np.arange(5.0), QUICK, edges=(2.0, 4.5))
    assert [(one.low, one.high) for one in found] == [(1.0, 2.0), (3.0, 4.0), (5.0, 5.0)]
    with pytest.raises(ValueError, match="count must be"):
        bins(made([1]), np.ones(1), QUICK, count=0)


def test_differences_are_over_what_both_have():
    rng = np.random.default_rng(6)
    x = rng.uniform(1, 7, 40)
    table = made(x)
    up, noise = x + rng.normal(0, 0.3, 40), rng.normal(size=40)
    gap = spearman_difference(table, up, noise, QUICK)
    assert gap.value == pytest.approx(stats.spearmanr(x, up).statistic - stats.spearmanr(x, noise).statistic)
    assert gap.low > 0
    assert gap.words == 40
    assert spearman_difference(table, up, up, QUICK).value == 0.0
    noise[:10] = np.nan
    assert spearman_difference(table, up, noise, QUICK).words == 30
    both = mean_difference(table, up, noise, QUICK)
    assert both.value == pytest.approx((up - noise)[10:].mean())
    assert both.p == pytest.approx(1 / 501)


def test_classes_apart_the_largest_first():
    classes = ["NOUN"] * 6 + ["VERB"] * 3 + [None] * 4
    rows = by_class(made(np.arange(13.0), classes=classes), np.arange(13.0), QUICK)
    assert [(row.word_class, row.mean.words, row.mean.value) for row in rows] == [
        ("NOUN", 6, 2.5),
        (None, 4, 10.5),
        ("VERB", 3, 7.0),
    ]
    assert rows[0].spearman.value == pytest.approx(1.0)


def test_words_from_the_largest_gain_on():
    table = made([1, 2, 3], word=[0, 0, 1, 2], cluster=[5, 5, 6, 7], frequency=[1, np.nan, 3])
    rows = by_word(table, np.array([1.0, 3.0, 2.0, 5.0]), QUICK)
    assert [(row.word, row.value, row.occurrences, row.clusters, row.frequency) for row in rows] == [
        ("w002", 5.0, 1, 1, 3.0),
        ("w000", 2.0, 2, 1, 1.0),
        ("w001", 2.0, 1, 1, None),
    ]


def test_reliance_of_a_model_that_sees_nothing_is_exactly_zero():
    logprob = np.random.default_rng(7).normal(-3, 1, 20)
    figure = mean_difference(made(np.linspace(1, 7, 20)), logprob, logprob.copy(), QUICK)
    assert (figure.value, figure.low, figure.high, figure.p) == (0.0, 0.0, 0.0, 1.0)


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 values do not fit a table of 2 occurrences"):
        mean(made([1, 2]), np.ones(3), QUICK)
    with pytest.raises(ValueError, match="infinite"):
        mean(made([1, 2]), np.array([1.0, -np.inf]), QUICK)


@pytest.mark.parametrize("wrong", [{"resamples": 0}, {"seed": True}, {"level": 1}, {"by": "clips"}, {"least": 1.5}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_a_table_of_occurrences():
    norms = Norms("n", "v", {"röd": 7.0, "idé": 2.0, "hus": 6.0}, classes={"röd": "ADJ"}, frequencies={"idé": 100.0})
    found = [
        Occurrence("a", "v2", "röd", "Röd", 0, 3),
        Occurrence("a", "v2", "idé", "idé", 4, 7),
        Occurrence("b", "v1", "röd", "röd", 0, 3),
    ]
    table = word_table(found, norms, classes={"idé": "NOUN"})
    assert (table.words, table.imageability.tolist(), table.classes) == (("idé", "röd"), [2.0, 7.0], ("NOUN", "ADJ"))
    assert (table.word.tolist(), table.cluster.tolist(), table.length.tolist()) == ([1, 0, 1], [1, 1, 0], [3.0, 3.0])
    assert table.frequency[0] == 2.0
    assert np.isnan(table.frequency[1])
    with pytest.raises(InputError, match="0 of the 3 words of n stand in the texts"):
        word_table([], norms)
