"""Naturalness by two models: its scale, its fit, and that a model never has seen what it is asked about."""

import math

import pytest

from harness.text.ngram_model import train
from harness.text.ngram_model_contrast import Contrast, held_out, train_contrast

NATIVE = [f"ada bada cada {n} abab" for n in range(30)]
OTHER = [f"xo yo zoxo {n} oxox" for n in range(30)]


def test_naturalness_is_the_logistic_function_of_the_ratio_a_character():
    contrast = train_contrast(NATIVE, OTHER, order=3)
    text = "ada xo"
    ratio = (contrast.native.log_prob(text).nats - contrast.translated.log_prob(text).nats) / len(text)
    assert contrast.naturalness([text]) == [pytest.approx(1 / (1 + math.exp(-ratio / 0.2)))]


def test_texts_like_the_native_ones_are_near_one_and_like_the_others_near_nought():
    contrast = train_contrast(NATIVE[:20], OTHER[:20])
    high, low, none = contrast.naturalness([NATIVE[25], OTHER[25], ""])
    assert high > 0.99
    assert low < 0.01
    assert none is None


def test_both_models_read_equally_much_so_that_the_longer_side_has_no_advantage():
    contrast = train_contrast(NATIVE * 5, OTHER)
    assert contrast.ratios(["qq qq"])[0] == pytest.approx(0, abs=0.5)
    same = train_contrast(NATIVE, NATIVE[::-1])
    assert same.ratios(["ada 7"]) == [0.0]


def test_fitting_puts_one_half_between_the_two_kinds():
    contrast = train_contrast(NATIVE[:10], OTHER[:10])
    fitted = contrast.fitted(NATIVE[10:], OTHER[10:])
    scores = fitted.naturalness([*NATIVE[10:], *OTHER[10:]])
    assert min(scores[:20]) > 0.5 > max(scores[20:])
    assert sum(scores) / len(scores) == pytest.approx(0.5, abs=0.02)  # the regression's own condition on its offset


def test_fitting_refuses_what_does_not_rise():
    contrast = train_contrast(NATIVE, OTHER)
    with pytest.raises(ValueError, match="nothing to fit"):
        contrast.fitted(OTHER, NATIVE)


def test_models_of_unlike_alphabets_are_not_compared():
    with pytest.raises(ValueError, match="one alphabet"):
        Contrast(train(["ab"]), train(["cd"]))


def test_no_text_is_asked_of_a_model_that_has_read_its_document():
    texts = ["hemligt ord kvastskaft"] * 4 + NATIVE
    clusters = ["one"] * 4 + [f"d{n}" for n in range(30)]
    found = held_out(texts, clusters, folds=5)
    seen = train(texts).log_prob(texts[0])
    assert found[0] == found[3]
    assert found[0].nats < seen.nats - 20  # had a fold known it, it would be as likely as to the model of all


def test_one_document_alone_cannot_be_held_out():
    with pytest.raises(ValueError, match="more documents"):
        held_out(["a", "b"], ["one", "one"])


def test_a_masked_contrast_does_not_see_what_a_text_is_about():
    native = ["Hon bakade kakor till kaffet.", "Hon hämtade vedet till huset."]
    contrast = train_contrast(native, ["Kakorna var bakade av henne.", "Vedet var hämtat av henne."], mask="sv")
    one, other = contrast.naturalness(["Hon bakade kakor till kaffet.", "Hon fikade bakor till taffet."])
    assert one == other
    assert one > 0.5
    with pytest.raises(ValueError, match="no list of function words of 'fi'"):
        train_contrast(["a"], ["b"], mask="fi")
