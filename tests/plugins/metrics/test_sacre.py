"""chrF and BLEU are sacrebleu's own floats, answer by answer."""

import json
import unicodedata

import pytest
import sacrebleu
from harness_plugins.metrics.sacre import build_bleu, build_chrf
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from harness import Example, Output, Unit
from harness.errors import PluginError
from harness.plugins import load_plugins, parse_ref

BUILDERS = {"chrf": build_chrf, "bleu": build_bleu}
TEXT = st.text(st.sampled_from("abå \n.,'"), max_size=30) | st.text(max_size=15)


def unit(text, *references):
    case = Example.from_instruction("test/1", "Svara.", references, language="sv")
    return Unit(case, (Output(id="test/1/a", example_id=case.id, system="a", text=text),))


def value(metric, text, *references):
    return metric.score([unit(text, *references)])[0].value


@pytest.fixture(scope="module")
def swedish_units(shared_data):
    """The five systems' corrections of the 192 sentences of the main set."""
    units = []
    for level in "ABC":
        path = shared_data / "gec-evaluation-sv" / "annotations" / f"balanced_{level}" / "katarina.json"
        for item in json.loads(path.read_text(encoding="utf-8"))["data"]:
            units += [unit(said["output"], item["reference"]) for said in item["systems"].values()]
    assert len(units) == 960
    return units


def test_chrf_oracles_hold(oracles):
    cases = json.loads((oracles / "metrics_and_pairs.json").read_text(encoding="utf-8"))["chrf_sentence"]
    assert len(cases) == 4
    for case in cases:
        assert value(build_chrf(), case["hyp"], case["ref"]) == pytest.approx(case["chrF2"], abs=1e-12)


@pytest.mark.parametrize(
    ("parameters", "original"),
    [
        ({}, CHRF()),
        ({"word_order": 2, "beta": 3}, CHRF(word_order=2, beta=3)),
        ({"char_order": 3, "lowercase": True, "whitespace": True}, CHRF(char_order=3, lowercase=True, whitespace=True)),
        ({"eps_smoothing": True}, CHRF(eps_smoothing=True)),
    ],
)
def test_chrf_equals_sacrebleu_bit_by_bit_on_swedish_system_outputs(parameters, original, swedish_units):
    results = build_chrf(**parameters).score(swedish_units)
    expected = [original.sentence_score(one.output.text, list(one.example.references)).score for one in swedish_units]
    assert [result.value for result in results] == expected


@pytest.mark.parametrize(
    ("parameters", "original"),
    [
        ({}, BLEU(effective_order=True)),
        ({"tokenize": "intl", "lowercase": True}, BLEU(tokenize="intl", lowercase=True, effective_order=True)),
        ({"smooth_method": "floor", "max_ngram_order": 2}, BLEU(smooth_method="floor", max_ngram_order=2, effective_order=True)),
        ({"smooth_method": "add-k", "smooth_value": 2}, BLEU(smooth_method="add-k", smooth_value=2, effective_order=True)),
        ({"tokenize": "char", "smooth_method": "none"}, BLEU(tokenize="char", smooth_method="none", effective_order=True)),
    ],
)
def test_bleu_equals_sacrebleu_bit_by_bit_on_swedish_system_outputs(parameters, original, swedish_units):
    results = build_bleu(**parameters).score(swedish_units)
    expected = [original.sentence_score(one.output.text, list(one.example.references)).score for one in swedish_units]
    assert [result.value for result in results] == expected


@given(TEXT, st.lists(TEXT, min_size=1, max_size=3))
def test_several_references_count_as_sacrebleu_counts_them(text, references):
    nfc = [unicodedata.normalize("NFC", one) for one in (text, *references)]
    for metric, original in ((build_chrf(), CHRF()), (build_bleu(), BLEU(effective_order=True))):
        assert value(metric, text, *references) == original.sentence_score(nfc[0], nfc[1:]).score


def test_chrf_takes_the_best_reference_and_bleu_the_union():
    assert value(build_chrf(), "en röd bil", "något helt annat", "en röd bil") == 100.0
    assert value(build_bleu(max_ngram_order=1), "röd bil", "röd cykel", "min bil") == pytest.approx(100.0)
    assert value(build_bleu(max_ngram_order=1), "röd bil", "röd cykel") == pytest.approx(50.0)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("text", ["", "  \n", "\u00a0\u2003"])
def test_a_blank_answer_scores_zero_and_is_marked_empty(name, text):
    result = BUILDERS[name]().score([unit(text, "ett svar")])[0]
    assert (result.value, result.status, result.detail) == (0.0, "empty", "the answer is blank")


@pytest.mark.parametrize("name", BUILDERS)
def test_a_blank_reference_scores_zero_and_is_marked_empty(name):
    result = BUILDERS[name]().score([unit("ett svar", "", " ")])[0]
    assert (result.value, result.status, result.detail) == (0.0, "empty", "the reference is blank")


def test_a_blank_answer_scores_zero_even_where_white_space_or_smoothing_would_count():
    assert value(build_chrf(whitespace=True), " ", "a b") == 0.0
    assert value(build_chrf(eps_smoothing=True), "", "a b") == 0.0


@pytest.mark.parametrize("name", BUILDERS)
def test_no_text_and_no_reference_give_no_value(name):
    missing, alone = BUILDERS[name]().score([unit(None, "ett svar"), unit("ett svar")])
    assert (missing.value, missing.status, missing.detail) == (None, "empty", "no text")
    assert (alone.value, alone.status) == (None, "no-reference")


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (unicodedata.normalize("NFD", "Räven åt på ön"), "Räven åt på ön"),
        ("Räven åt på ön", unicodedata.normalize("NFD", "Räven åt på ön")),
        ("👍🏽 🎉 ❤️ 👩‍👩‍👧", "👍🏽 🎉 ❤️ 👩‍👩‍👧"),
        ("שָׁלוֹם עוֹלָם טוֹב מְאוֹד", "שָׁלוֹם עוֹלָם טוֹב מְאוֹד"),
        ("مرحبا بالعالم كله اليوم", "مرحبا بالعالم كله اليوم"),
    ],
)
def test_equal_text_scores_a_hundred_in_any_script(name, answer, reference):
    assert value(BUILDERS[name](), answer, reference) == pytest.approx(100.0)


def test_without_normalisation_decomposed_text_differs():
    decomposed = unicodedata.normalize("NFD", "på ön")
    assert value(build_chrf(norm="none"), decomposed, "på ön") == CHRF().sentence_score(decomposed, ["på ön"]).score < 60


def test_lowercase_keeps_to_sacrebleus_lower_and_does_not_fold():
    assert value(build_chrf(lowercase=True), "FÅR", "får") == 100.0
    assert value(build_chrf(), "FÅR", "får") == 0.0
    assert value(build_chrf(lowercase=True), "STRASSE", "straße") < 100.0


@pytest.mark.parametrize("name", BUILDERS)
def test_answers_of_a_hundred_thousand_characters_are_scored(name):
    text = " ".join(f"ord{number}" for number in range(13_000))
    assert len(text) > 100_000
    assert value(BUILDERS[name](), text, text) == pytest.approx(100.0)


@given(st.lists(st.tuples(TEXT | st.none(), st.lists(TEXT, max_size=2)), max_size=5), st.sampled_from(sorted(BUILDERS)))
def test_a_units_result_does_not_depend_on_the_other_units(cases, name):
    metric = BUILDERS[name]()
    units = [unit(text, *references) for text, references in cases]
    alone = [metric.score([one])[0] for one in units]
    assert metric.score(units) == alone
    assert metric.score(units[::-1]) == alone[::-1]


@given(TEXT, TEXT, st.sampled_from(sorted(BUILDERS)))
def test_scores_lie_between_zero_and_a_hundred(answer, reference, name):
    assert 0.0 <= value(BUILDERS[name](), answer, reference) <= 100.0 + 1e-9


def test_signatures_name_every_choice_and_sacrebleus_version():
    version = sacrebleu.__version__
    assert build_chrf().signature == f"chrf|beta:2|case:mixed|eff:yes|nc:6|norm:nfc|nw:0|sacrebleu:{version}|space:no|v:1"
    plus = build_chrf(word_order=2, beta=3.0, lowercase=True, norm="none")
    assert plus.signature == f"chrf|beta:3|case:lower|eff:yes|nc:6|norm:none|nw:2|sacrebleu:{version}|space:no|v:1"
    assert build_bleu().signature == f"bleu|case:mixed|eff:yes|norm:nfc|order:4|sacrebleu:{version}|smooth:exp|tok:13a|v:1"
    floor = build_bleu(smooth_method="floor", tokenize="none").signature
    assert "|smooth:floor[0.1]|tok:none|" in floor


def test_saying_a_default_aloud_changes_no_signature():
    assert build_bleu(smooth_method="add-k", smooth_value=1).signature == build_bleu(smooth_method="add-k").signature


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("chrf:char_order=-1", "char_order must be a whole number of at least 0, got -1"),
        ("chrf:char_order=0", "char_order and word_order are both 0"),
        ("chrf:word_order=two", "word_order must be a whole number of at least 0, got 'two'"),
        ("chrf:beta=0", "beta must be a positive number, got 0"),
        ("chrf:beta=true", "beta must be a positive number, got True"),
        ("chrf:lowercase=1", "lowercase must be true or false, got 1"),
        ("chrf:norm=nfkc", "unknown norm 'nfkc'; allowed are nfc, none"),
        ("chrf:order=3", "has no parameter 'order'"),
        ("bleu:tokenize=moses", "unknown tokenize 'moses'; allowed are none, .*13a"),
        ("bleu:smooth_method=laplace", "unknown smooth_method 'laplace'; allowed are none, floor, add-k, exp"),
        ("bleu:smooth_value=1", "smooth_value is for the smooth_method floor or add-k; exp takes none"),
        ("bleu:smooth_method=floor,smooth_value=-1", "smooth_value must be a positive number, got -1"),
        ("bleu:max_ngram_order=0", "max_ngram_order must be a whole number of at least 1, got 0"),
    ],
)
def test_wrong_parameters_are_answered_with_what_is_allowed(reference, message):
    with pytest.raises(PluginError, match=message):
        load_plugins(strict=False).build("metric", parse_ref(reference))


def test_both_metrics_are_found_and_built_from_the_command_lines_words():
    registry = load_plugins(strict=False)
    assert registry.find("metric", "chrf").plugin == registry.find("metric", "bleu").plugin == "sacrebleu"
    metric = registry.build("metric", parse_ref("chrf:word-order=2,beta=3"))
    assert metric.signature == build_chrf(word_order=2, beta=3).signature
