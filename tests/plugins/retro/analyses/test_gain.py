"""Gain and what goes with it: formulas over tokens, bins, correlations by document."""

import numpy as np
import pytest
import scipy.stats
from harness_plugins.retro.analyses.copying import copying
from harness_plugins.retro.analyses.gain import by_overlap, chunk_gains, differences, explained, gain_of
from harness_plugins.retro.analyses.intervals import Documents
from harness_plugins.retro.analyses.overlap import Overlap

DRAWS = {"resamples": 200, "level": 0.95, "seed": 1}


def _case(chunks=60, m=4, seed=0):
    generator = np.random.default_rng(seed)
    document = np.arange(chunks) // 5
    counted = np.ones((chunks, m), bool)
    counted[::5] = False  # the first chunk of each document
    counted[4::5, 2:] = False  # incomplete last chunks
    copied = counted & (generator.random((chunks, m)) < generator.random((chunks, 1)))
    off = np.where(counted, generator.exponential(3, (chunks, m)), np.nan).astype(np.float32)
    on = (off - copied * generator.random((chunks, m))).astype(np.float32)
    return document, off, on, Overlap(copied, counted, counted.any(axis=1))


def test_gain_is_the_ratio_of_perplexities_over_the_same_tokens():
    document, off, on, overlap = _case()
    found = gain_of(differences(off, on, overlap.counted), overlap.counted, Documents(document, 200))
    perplexities = [np.exp(np.nanmean(losses.astype(np.float64))) for losses in (off, on)]
    assert found.value == pytest.approx(perplexities[0] / perplexities[1], rel=1e-12)
    assert found.low < found.value < found.high
    assert found.tokens == int(overlap.counted.sum())
    assert found.documents == 12


def test_a_loss_that_is_missing_is_an_error_and_no_gain():
    _, off, on, overlap = _case()
    on[1, 0] = np.nan
    with pytest.raises(ValueError, match="no finite loss"):
        differences(off, on, overlap.counted)


def test_copied_and_other_tokens_add_up_to_all():
    document, off, on, overlap = _case()
    difference = differences(off, on, overlap.counted)
    every, copied, others = copying(off, on, difference, overlap, Documents(document, 200))
    assert copied.gain.tokens + others.gain.tokens == every.gain.tokens
    assert others.gain.value == 1.0  # nothing was gained on them
    parts = [np.log(one.gain.value) * one.gain.tokens for one in (every, copied, others)]
    assert parts[1] + parts[2] == pytest.approx(parts[0])
    assert copied.share_of_gain == pytest.approx(1.0)
    assert copied.loss_off.value - copied.loss_on.value == pytest.approx(np.log(copied.gain.value), abs=1e-6)


def test_a_part_without_tokens_is_not_defined():
    document, off, on, overlap = _case()
    none = Overlap(np.zeros_like(overlap.copied), overlap.counted, overlap.read)
    _, copied, others = copying(off, on, differences(off, on, overlap.counted), none, Documents(document, 200))
    assert (copied.gain.value, copied.gain.tokens, copied.share) == (None, 0, 0.0)
    assert others.share == 1.0


def test_correlations_are_those_of_scipy_over_chunks_that_read():
    document, off, on, overlap = _case()
    overlap = Overlap(overlap.copied, overlap.counted, overlap.read & (np.arange(60) != 7))
    difference = differences(off, on, overlap.counted)
    near = np.random.default_rng(5).random(60)
    near[13] = np.nan
    found = explained(difference, overlap, document, {"query": near}, **DRAWS)
    used = overlap.counted.any(axis=1) & (np.arange(60) != 7) & (np.arange(60) != 13)
    gains = chunk_gains(difference, overlap.counted)
    for row, values in zip(found.correlations, (overlap.shares, -near), strict=True):
        assert row.spearman.value == pytest.approx(scipy.stats.spearmanr(values[used], gains[used]).statistic)
        assert row.pearson.value == pytest.approx(scipy.stats.pearsonr(values[used], gains[used]).statistic)
    assert [row.measure for row in found.correlations] == ["overlap", "-query"]
    assert (found.chunks, found.without) == (int(used.sum()), 2)
    first, second = (row.spearman.value for row in found.correlations)
    apart = found.differences[0].spearman
    assert apart.value == pytest.approx(first - second)
    assert apart.low < apart.value < apart.high


def test_what_is_constant_or_of_one_document_is_not_defined_and_says_why():
    document, off, on, overlap = _case()
    found = explained(np.zeros(off.shape), overlap, document, {}, **DRAWS)
    assert found.correlations[0].pearson.value is None
    assert found.correlations[0].pearson.note == "one side has the same value everywhere"
    alone = gain_of(differences(off, on, overlap.counted), overlap.counted, Documents(np.zeros(60, int), 200))
    assert alone.value > 1
    assert (alone.low, alone.high, alone.note) == (None, None, "no interval: one document cannot be drawn again")


def test_each_chunk_is_in_one_bin_and_empty_bins_say_so():
    shares = [0.0, 0.5, 0.5, 1.0]
    copied = np.array([[False] * 4, [True, True, False, False], [False, True, True, False], [True] * 4])
    overlap = Overlap(copied, np.ones((4, 4), bool), np.ones(4, bool))
    assert overlap.shares.tolist() == shares
    difference = np.array([[0.0] * 4, [0.1] * 4, [0.3] * 4, [0.2] * 4])
    bins = by_overlap(difference, overlap, Documents(np.arange(4), 200))
    assert [one.gain.chunks for one in bins] == [1, 0, 0, 0, 0, 2, 0, 0, 0, 1]
    assert bins[5].gain.value == pytest.approx(np.exp(0.2))
    assert bins[5].copied.tokens == 4
    assert bins[1].gain.value is None
