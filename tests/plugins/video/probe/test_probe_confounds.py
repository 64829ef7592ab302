"""Regression and matching: against numpy's own algebra, brute force, and truths that were planted."""

from itertools import permutations

import numpy as np
import pytest
from harness_plugins.video.probe import matching
from harness_plugins.video.probe.assignment import assign
from harness_plugins.video.probe.figures import Figure
from harness_plugins.video.probe.matching import Matched, matched
from harness_plugins.video.probe.permutation import in_rows
from harness_plugins.video.probe.regression import Regression, Term, adjusted, alike, regress
from harness_plugins.video.probe.statistics import bins, spearman
from harness_plugins.video.probe.verdict import verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from probed_words import QUICK, made
from scipy import stats
from scipy.optimize import linear_sum_assignment


def world(seed, count=200, effect=0.0, confound=1.0, along=0.9, noise=0.1):
    """Words whose gain is `confound` × log frequency + `effect` × imageability + noise; the two correlate by `along`."""
    rng = np.random.default_rng(seed)
    frequency = rng.normal(3, 1, count)
    imageability = 4 + along * (frequency - 3) + np.sqrt(1 - along**2) * rng.normal(size=count)
    gain = confound * frequency + effect * imageability + noise * rng.normal(size=count)
    return made(imageability, frequency=frequency, length=rng.integers(2, 10, count)), gain


def test_coefficients_and_errors_are_those_of_the_textbook():
    rng = np.random.default_rng(0)
    table = made(rng.uniform(1, 7, 50), frequency=rng.normal(size=50), length=rng.integers(2, 9, 50), classes=["N", "V"] * 25)
    y = rng.normal(size=50) * np.arange(1, 51)
    found = regress(table, y, QUICK)
    x = np.column_stack([np.ones(50), table.imageability, table.frequency, table.length, np.arange(50) % 2])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    scaled = (y - x @ beta) / (1 - np.diag(x @ inverse @ x.T))
    errors = np.sqrt(np.diag(inverse @ x.T @ np.diag(scaled**2) @ x @ inverse))
    assert [term.name for term in found.terms] == ["imageability", "frequency", "length", "class V"]
    assert [term.value for term in found.terms] == pytest.approx(beta[1:])
    assert [term.error for term in found.terms] == pytest.approx(errors[1:])
    for term in found.terms:
        t = stats.t(45)
        assert term.p == pytest.approx(2 * t.sf(abs(term.value / term.error)), rel=1e-6)
        assert (term.low, term.high) == pytest.approx(
            (term.value + t.ppf(0.025) * term.error, term.value + t.ppf(0.975) * term.error), rel=1e-3
        )
    assert found.term("length").standardised == pytest.approx(beta[3] * table.length.std() / y.std())
    assert found.r_squared == pytest.approx(1 - ((y - x @ beta) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    others = np.delete(x, 1, axis=1)
    rest = x[:, 1] - others @ np.linalg.lstsq(others, x[:, 1], rcond=None)[0]
    assert found.inflation == pytest.approx(((x[:, 1] - x[:, 1].mean()) ** 2).sum() / (rest @ rest))
    assert (found.base, found.words) == ("N", 50)


def test_the_scale_of_norms_changes_the_slope_alone():
    table, gain = world(1)
    larger = made(table.imageability * 100, frequency=table.frequency, length=table.length)
    one, other = (regress(each, gain, QUICK).term("imageability") for each in (table, larger))
    assert one.value == pytest.approx(100 * other.value)
    assert one.p == pytest.approx(other.p)
    assert one.standardised == pytest.approx(other.standardised)


def test_terms_that_say_nothing_are_left_out_and_named():
    rng = np.random.default_rng(2)
    table = made(np.repeat([2.0, 6.0], 20), frequency=[3.0] * 40, length=rng.integers(2, 9, 40))
    found = regress(table, rng.normal(size=40), QUICK)
    assert found.term("frequency").value is None
    assert found.term("frequency").note == "it is 3 for all words"
    assert found.term("imageability").value is not None
    assert "frequency was left out: it is 3 for all words" in found.notes
    assert "word_class was left out: it is known of no word" in found.notes
    assert regress(table, rng.normal(size=40), QUICK, terms=("imageability",)).term("length").note == "not in the regression"


def test_imageability_that_follows_from_the_classes_has_no_coefficient():
    rng = np.random.default_rng(3)
    table = made(np.repeat([2.0, 6.0], 20), length=rng.integers(2, 9, 40), classes=["X"] * 20 + ["NOUN"] * 20)
    found = regress(table, rng.normal(size=40), QUICK)
    assert (found.term("imageability").value, found.term("imageability").note) == (None, "it follows from the other terms")
    assert found.inflation is None


@pytest.mark.filterwarnings("error")
def test_constant_values_and_too_few_words_have_no_coefficients():
    table, _ = world(4, count=30)
    flat = regress(table, np.zeros(30), QUICK)
    assert (flat.term("imageability").value, flat.term("imageability").p) == (None, None)
    assert flat.term("imageability").note == "constant: all 30 words have the same value"
    few = regress(made([1, 2, 3, 4], frequency=[1, 2, 3, 5]), np.arange(4.0), QUICK)
    assert few.term("imageability").note == "n = 4: 4 coefficients need 9 words"
    exact = regress(table, table.imageability * 2.0, QUICK).term("imageability")
    assert (exact.value, exact.p) == (pytest.approx(2.0), None)
    assert "exactly" in exact.note


def test_rare_classes_are_one_and_words_without_frequency_are_counted():
    rng = np.random.default_rng(5)
    classes = ["NOUN"] * 20 + ["VERB"] * 10 + ["INTJ", "INTJ", "NUM"] + [None] * 7
    frequency = rng.normal(size=40)
    frequency[0] = np.nan
    found = regress(made(rng.uniform(1, 7, 40), frequency=frequency, classes=classes), rng.normal(size=40), QUICK)
    assert [term.name for term in found.terms][3:] == ["class VERB", "class unknown", "class other"]
    assert (found.words, found.base) == (39, "NOUN")
    assert "1 words of unknown frequency were left out" in found.notes
    lone = regress(made(rng.uniform(1, 7, 40), classes=["NOUN"] * 20 + ["VERB"] * 19 + ["NUM"]), rng.normal(size=40), QUICK)
    assert lone.words == 39
    assert "1 words of a rare class were left out" in lone.notes


def test_adjusted_values_have_lost_what_frequency_makes():
    table, gain = world(6, effect=0.5)
    left = adjusted(table, gain)
    assert np.polyfit(table.imageability, left, 1)[0] == pytest.approx(regress(table, gain).term("imageability").value)
    assert left.mean() == pytest.approx(gain.mean())
    assert np.isnan(adjusted(made([1, 2]), np.ones(2))).all()


def test_bins_of_words_that_are_made_alike():
    table, gain = world(6, along=0.6)
    found = bins(table, gain, QUICK, count=4)
    assert found[-1].mean.value - found[0].mean.value > 1.0
    low, high = found[0].alike, found[-1].alike
    assert abs(high.value - low.value) < 0.15
    assert low.words == found[0].mean.words
    group = np.searchsorted([one.high for one in found], table.imageability)
    matrix = np.column_stack(
        [group[:, None] == np.arange(4), table.frequency - table.frequency.mean(), table.length - table.length.mean()]
    )
    fit = np.linalg.lstsq(matrix.astype(float), gain, rcond=None)[0]
    assert [one.alike.value for one in found] == pytest.approx(fit[:4])
    assert all(one.alike.low < one.alike.value < one.alike.high for one in found)


def test_groups_that_cannot_be_made_alike_say_so():
    x = np.repeat([2.0, 6.0], 20)
    follows = alike(made(x, frequency=x), np.random.default_rng(0).normal(size=40), (x > 4).astype(np.int64), QUICK)
    assert [one.note for one in follows.values()] == ["frequency, length or class follows from the groups"] * 2
    few = alike(made([1.0, 2.0, 3.0], length=[3, 4, 6]), np.ones(3), np.array([0, 1, 1]), QUICK)
    assert [(one.value, one.note, one.words) for one in few.values()] == [
        (None, "n = 3: 3 coefficients need 8 words", 1),
        (None, "n = 3: 3 coefficients need 8 words", 2),
    ]
    rare = alike(made(np.arange(20.0)), np.arange(20.0), (np.arange(20) > 16).astype(np.int64), QUICK)
    assert (rare[1].value, rare[1].low, rare[1].note) == (pytest.approx(18.0), None, "no interval: 3 words, and 5 are needed")


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_assignment_is_the_best_of_all(rows, columns, seed):
    rng = np.random.default_rng(seed)
    distances = rng.random((rows, columns))
    distances[rng.random((rows, columns)) < 0.3] = np.inf
    ours, theirs = assign(distances)
    assert len(set(ours.tolist())) == len(ours) == len(set(theirs.tolist()))
    small = distances if rows <= columns else distances.T

    def worth(order):
        costs = [small[row, column] for row, column in enumerate(order)]
        finite = [cost for cost in costs if np.isfinite(cost)]
        return -len(finite), sum(finite)

    best = min(worth(order) for order in permutations(range(small.shape[1]), small.shape[0]))
    assert (-len(ours), distances[ours, theirs].sum()) == pytest.approx(best)


def test_a_large_assignment_is_scipys():
    distances = np.random.default_rng(7).random((150, 260))
    ours, theirs = assign(distances)
    assert distances[ours, theirs].sum() == pytest.approx(distances[linear_sum_assignment(distances)].sum())


def test_a_planted_confound_is_caught():
    said, terms, held = [], [], []  # of three worlds one may be an unlucky one
    for seed in range(3):
        table, gain = world(seed)
        raw, pairs, fitted = spearman(table, gain, QUICK), matched(table, gain, QUICK), regress(table, gain, QUICK)
        assert raw.value > 0.5
        assert raw.p < 0.05
        held.append(pairs.difference.low < 0 < pairs.difference.high)
        assert pairs.unmatched.low > 0.5
        assert all(abs(one.after) < 0.1 for one in pairs.balance)
        assert pairs.balance[0].before > 1
        terms.append(fitted.term("imageability").p)
        said.append(verdict(raw, fitted, pairs).said.split(",")[0])
    assert sorted(terms)[1] > 0.01
    assert sum(held) >= 2
    assert said.count("Trust the regression and the matched words") >= 2


def test_an_effect_is_left_when_frequency_is_matched():
    table, gain = world(3, effect=0.5, confound=0.3, along=0.3)
    pairs = matched(table, gain, QUICK)
    assert pairs.difference.low > 0
    assert pairs.difference.value == pytest.approx(0.5 * pairs.contrast, abs=0.1)
    found = verdict(spearman(table, gain, QUICK), regress(table, gain, QUICK), pairs)
    assert found.kind == "holds"
    assert found.said.startswith("The correlation holds where frequency and length are held alike")


def test_an_effect_that_frequency_hides_comes_out():
    table, gain = world(4, count=400, effect=1.0, confound=-1.0, along=0.9, noise=0.05)
    raw = spearman(table, gain, QUICK)
    assert regress(table, gain, QUICK).term("imageability").value == pytest.approx(1.0, abs=0.05)
    assert matched(table, gain, QUICK).difference.low > 0
    hidden = spearman(table, np.random.default_rng(0).permutation(gain), QUICK)
    assert hidden.p > 0.05
    assert raw.words == 400
    found = verdict(hidden, regress(table, gain, QUICK), matched(table, gain, QUICK))
    assert found.kind == "hidden"
    assert "the value grows" in found.said
    assert found.said.startswith("The correlation alone shows nothing")


def test_an_effect_that_turns_round_at_equal_frequency_does_not_hold():
    random = np.random.default_rng(0)
    frequency = random.normal(size=200)
    apart = frequency * 0.9 + random.normal(size=200) * 0.44
    table = made(apart + 4, frequency=frequency, length=5 + random.integers(0, 3, 200))
    gain = 2 * frequency - apart + random.normal(size=200) * 0.05
    raw, fitted, pairs = spearman(table, gain, QUICK), regress(table, gain, QUICK), matched(table, gain, QUICK)
    assert raw.value > 0.5
    assert fitted.term("imageability").value == pytest.approx(-1, abs=0.05)
    assert pairs.difference.high < 0
    found = verdict(raw, fitted, pairs)
    assert found.kind == "turned"
    assert found.said.startswith("Trust the regression and the matched words, not the correlation: the value grows with")
    assert "alike in frequency and length it falls" in found.said


@pytest.mark.parametrize(
    ("rho", "term", "pairs", "kind"),
    [
        ((0.5, 0.01), (1.0, 0.01), (1.0, 0.01), "holds"),
        ((-0.5, 0.01), (-1.0, 0.01), (-1.0, 0.01), "holds"),
        ((-0.5, 0.01), (1.0, 0.01), (1.0, 0.01), "turned"),
        ((0.5, 0.01), (-1.0, 0.01), (-1.0, 0.6), "turned"),
        ((0.5, 0.01), (1.0, 0.01), (-1.0, 0.01), "apart"),
        ((0.5, 0.4), (1.0, 0.01), (-1.0, 0.01), "apart"),
        ((0.5, 0.01), (1.0, 0.01), (1.0, 0.6), "apart"),
        ((0.5, 0.01), (1.0, 0.6), (-1.0, 0.6), "nothing left"),
        ((0.5, 0.01), (1.0, 0.01), (None, None), "holds"),
        ((0.5, 0.01), (None, None), (-1.0, 0.01), "turned"),
        ((0.5, 0.01), (None, None), (None, None), "alone"),
        ((0.5, 0.4), (1.0, 0.01), (1.0, 0.6), "hidden"),
        ((0.5, 0.4), (1.0, 0.6), (1.0, 0.6), "none"),
        ((None, None), (1.0, 0.01), (1.0, 0.01), "undefined"),
    ],
)
def test_what_is_said_follows_the_direction_of_every_analysis_and_its_p(rho, term, pairs, kind):
    terms = (Term(name="imageability", value=term[0], p=term[1]),)
    one, other, nothing = (Figure(value=value, p=p) for value, p in (rho, pairs, (None, None)))
    held = Matched(difference=other, unadjusted=nothing, unmatched=nothing, high=nothing, low=nothing)
    assert verdict(one, Regression(terms=terms, words=20), held).kind == kind


def test_pairs_are_within_the_caliper_and_each_word_is_in_one():
    table, gain = world(5)
    pairs = matched(table, gain, QUICK, caliper=0.1)
    names = [name for pair in pairs.pairs for name in (pair.high, pair.low)]
    assert len(names) == len(set(names)) == pairs.difference.words == pairs.difference.occurrences
    place = {name: number for number, name in enumerate(table.words)}
    for pair in pairs.pairs:
        high, low = place[pair.high], place[pair.low]
        assert table.imageability[high] > table.imageability[low]
        assert abs(table.frequency[high] - table.frequency[low]) <= 0.1 * table.frequency.std() + 1e-9
        assert abs(table.length[high] - table.length[low]) <= 0.5 * table.length.std() + 1e-9
        assert (pair.high_value, pair.low_value) == (pytest.approx(gain[high]), pytest.approx(gain[low]))
    assert pairs.unadjusted.value == pytest.approx(np.mean([pair.high_value - pair.low_value for pair in pairs.pairs]))


def test_words_that_differ_by_one_character_may_be_matched_and_few_pairs_are_not_adjusted():
    x, length = np.repeat([2.0, 6.0], 6), np.array([3, 3, 3, 4, 4, 4, 4, 4, 4, 3, 3, 4])
    pairs = matched(made(x, frequency=np.zeros(12), length=length), np.arange(12.0), QUICK)
    assert len(pairs.pairs) == 6
    assert pairs.difference == pairs.unadjusted
    assert (pairs.difference.value, pairs.difference.low, pairs.difference.p) == (pytest.approx(6.0), pytest.approx(3.0), 2 / 64)
    assert pairs.notes == ("6 pairs are too few to take out what they still differ in",)
    apart = matched(made(x, frequency=np.zeros(12), length=np.repeat([3, 5], 6)), np.arange(12.0), QUICK)
    assert apart.difference.note.startswith("0 of 6 words could be matched")


def test_draws_in_small_parts_are_those_of_one(monkeypatch):
    table, gain = world(3, effect=0.5)
    one = matched(table, gain, QUICK)
    parts = []

    def in_parts(rows, columns):
        parts.append(list(in_rows(rows, 1_000_000)))
        return iter(parts[-1])

    monkeypatch.setattr(matching, "in_rows", in_parts)
    other = matched(table, gain, QUICK)
    assert min(map(len, parts)) > 1
    assert {sum(part) for part in parts} == {QUICK.resamples}
    for name in ("difference", "unadjusted", "unmatched", "high", "low"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left.low, left.high, left.p) == pytest.approx((right.low, right.high, right.p), abs=1e-12)


def test_without_matches_it_says_how_many():
    x = np.concatenate([np.zeros(20), np.ones(20)])
    pairs = matched(made(x, frequency=x * 10), np.arange(40.0), QUICK)
    assert pairs.difference.value is None
    assert pairs.difference.note == "0 of 20 words could be matched, and 5 pairs are needed; a wider caliper gives more"
    assert pairs.unmatched.value == 20.0
    assert pairs.balance[0].after is None
    unknown = matched(made(x), np.arange(40.0), QUICK)
    assert unknown.difference.note == "no word has a frequency"
    flat = matched(made([4.0] * 40, frequency=np.arange(40.0)), np.arange(40.0), QUICK)
    assert flat.difference.note == "constant: all 40 words have the imageability 4"
    raw = spearman(made(x, frequency=x * 10), np.arange(40.0), QUICK)
    found = verdict(raw, regress(made([1.0, 2.0]), np.ones(2)), pairs)
    assert found.kind == "alone"
    assert found.said.startswith("Neither the regression nor matching could be done")
    with pytest.raises(ValueError, match="the caliper of frequency must be"):
        matched(made(x), np.arange(40.0), QUICK, caliper=0)


def test_matching_does_not_depend_on_the_scale_of_norms():
    table, gain = world(8)
    larger = made(table.imageability * 100, frequency=table.frequency, length=table.length)
    one, other = (matched(each, gain, QUICK) for each in (table, larger))
    assert (one.pairs, one.difference) == (other.pairs, other.difference)


def test_constant_gains_are_said_to_be_so():
    table, _ = world(9)
    zero = np.zeros(200)
    pairs = matched(table, zero, QUICK)
    assert (pairs.difference.value, pairs.difference.low, pairs.difference.high, pairs.difference.p) == (0.0, 0.0, 0.0, 1.0)
    found = verdict(spearman(table, zero, QUICK), regress(table, zero, QUICK), pairs)
    assert found.said.startswith("The correlation is not defined")
