"""ROUGE on Unicode words, and equal to rouge-score where it is asked to be."""

import json
import sys
import unicodedata
from importlib import metadata

import pytest
from harness_plugins.metrics.rouge import Rouge, harness_metrics
from hypothesis import example, given
from hypothesis import strategies as st

from harness import Example, Output, Unit
from harness.errors import MissingExtra, PluginError
from harness.plugins import load_plugins, parse_ref

NAMES = ("rouge-1", "rouge-2", "rouge-l", "rouge-lsum")
ORIGINAL = {"rouge-1": "rouge1", "rouge-2": "rouge2", "rouge-l": "rougeL", "rouge-lsum": "rougeLsum"}
TEXT = st.text(st.sampled_from("ab åÄ\u0308.\n"), max_size=40) | st.text(max_size=20)


def unit(text, *references):
    case = Example.from_instruction("test/1", "Svara.", references, language="sv")
    return Unit(case, (Output(id="test/1/a", example_id=case.id, system="a", text=text),))


def value(name, text, *references, **parameters):
    return Rouge(name, **parameters).score([unit(text, *references)])[0].value


def triple(result):
    return tuple(result.components[key] for key in ("precision", "recall", "f1"))


@pytest.fixture(scope="module")
def swedish_units(shared_data):
    """The five systems' corrections of the 192 sentences of the main set."""
    units = []
    for level in "ABC":
        path = shared_data / "gec-evaluation-sv" / "annotations" / f"balanced_{level}" / "katarina.json"
        for number, item in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
            case = Example.from_instruction(f"gec/{level}{number}", item["original"], [item["reference"]], language="sv")
            for system, said in item["systems"].items():
                output = Output(id=f"{case.id}/{system}", example_id=case.id, system=system, text=said["output"])
                units.append(Unit(case, (output,)))
    assert len(units) == 960
    return units


def test_ascii_oracles_hold(oracles):
    cases = json.loads((oracles / "metrics_and_pairs.json").read_text(encoding="utf-8"))["rouge_l_ascii"]
    for tokenizer in ("unicode", "rouge-score"):
        for case in cases:
            assert value("rouge-l", case["hyp"], case["ref"], tokenizer=tokenizer) == pytest.approx(case["f"], abs=1e-12)


def test_swedish_oracles_hold_for_both_tokenizers(oracles):
    cases = json.loads((oracles / "metrics_and_pairs.json").read_text(encoding="utf-8"))["rouge_l_swedish"]
    assert len(cases) == 4
    for case in cases:
        hypothesis, reference = case["hyp"], case["ref"]
        assert value("rouge-l", hypothesis, reference) == pytest.approx(case["f_unicode_words"], abs=1e-12)
        old = value("rouge-l", hypothesis, reference, tokenizer="rouge-score")
        assert old == case["f_default_tokenizer"]


@pytest.mark.parametrize("stemmer", [None, "porter"])
@pytest.mark.parametrize("name", NAMES)
def test_equals_rouge_score_bit_by_bit_on_swedish_system_outputs(name, stemmer, swedish_units):
    rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")
    scorer = rouge_scorer.RougeScorer([ORIGINAL[name]], use_stemmer=stemmer is not None)
    results = Rouge(name, tokenizer="rouge-score", stemmer=stemmer).score(swedish_units)
    for one, result in zip(swedish_units, results, strict=True):
        expected = scorer.score(one.example.references[0], one.output.text)[ORIGINAL[name]]
        assert triple(result) == tuple(expected)


@pytest.mark.parametrize("parameters", [{"tokenizer": "unicode"}, {"tokenizer": "unicode", "stemmer": "swedish"}, {}])
@pytest.mark.parametrize("name", NAMES)
def test_the_original_implementation_gives_the_same_results_on_the_same_words(name, parameters, swedish_units):
    pytest.importorskip("rouge_score")
    original = Rouge(name, implementation="rouge-score", **parameters).score(swedish_units)
    ours = Rouge(name, **({"tokenizer": "rouge-score"} | parameters)).score(swedish_units)
    assert original == ours


@pytest.mark.parametrize("name", NAMES)
@given(st.lists(TEXT, min_size=1, max_size=3), TEXT)
@example(["b a b\na b a a\nb b"], "a b\na\nb b a\na a b")
def test_the_original_implementation_gives_the_same_results_on_any_text(name, references, text):
    pytest.importorskip("rouge_score")
    case = unit(text, *references)
    for tokenizer in ("unicode", "rouge-score"):
        original = Rouge(name, tokenizer=tokenizer, implementation="rouge-score")
        assert original.score([case]) == Rouge(name, tokenizer=tokenizer).score([case])


@pytest.mark.parametrize("name", NAMES)
@given(st.text("abcd \n.", max_size=60), st.text("abcd \n.", max_size=60))
def test_equals_the_rust_implementation_on_ascii_text(name, reference, text):
    rust = pytest.importorskip("rouge_score_rs")
    expected = rust.RougeScorer([ORIGINAL[name]]).score(reference, text)[ORIGINAL[name]]
    assert triple(Rouge(name).score([unit(text, reference)])[0]) == tuple(expected)


def test_precision_recall_and_f1_of_a_case_counted_by_hand():
    case = unit("Åsa köpte två röda bilar", "Åsa köpte röda bilar i går")  # words 5 and 6; pairs 4 and 5
    one, two, longest = (Rouge(name).score([case])[0] for name in ("rouge-1", "rouge-2", "rouge-l"))
    assert triple(one) == (4 / 5, 4 / 6, pytest.approx(8 / 11))
    assert triple(two) == (2 / 4, 2 / 5, pytest.approx(4 / 9))
    assert triple(longest) == (4 / 5, 4 / 6, pytest.approx(8 / 11))
    assert one.value == one.components["f1"]


def test_repeated_words_count_no_more_often_than_the_reference_holds_them():
    assert triple(Rouge("rouge-1").score([unit("ja ja ja ja", "ja nej")])[0]) == (1 / 4, 1 / 2, pytest.approx(1 / 3))


def test_lsum_forgives_another_order_of_lines_and_l_does_not():
    reference, answer = "en katt\ntvå hundar", "två hundar\nen katt"
    assert value("rouge-lsum", answer, reference) == 1.0
    assert value("rouge-l", answer, reference) == 0.5


def test_lsum_counts_the_union_of_the_papers_example():
    # Lin 2004, section 3.2: w1 w2 w3 w4 w5 against "w1 w2 w6 w7 w8" and "w1 w3 w8 w9 w5": the union is w1 w2 w3 w5.
    result = Rouge("rouge-lsum").score([unit("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5")])[0]
    assert triple(result) == (4 / 10, 4 / 5, pytest.approx(8 / 15))


@given(st.text("ab c", max_size=40), st.text("ab c", max_size=40))
def test_lsum_equals_l_on_single_lines(answer, reference):
    assert Rouge("rouge-lsum").score([unit(answer, reference)]) == Rouge("rouge-l").score([unit(answer, reference)])


def test_the_stemmer_joins_inflected_forms():
    assert value("rouge-l", "Rävarna sprang", "räven sprang") == 0.5
    assert value("rouge-l", "Rävarna sprang", "räven sprang", stemmer="swedish") == 1.0


@pytest.mark.parametrize("implementation", ["harness", "rouge-score"])
def test_of_several_references_the_best_counts_with_its_own_precision_and_recall(implementation):
    if implementation == "rouge-score":
        pytest.importorskip("rouge_score")
    metric = Rouge("rouge-l", tokenizer="unicode", implementation=implementation)
    result = metric.score([unit("det är rött", "", "nej", "det är inte rött", "det")])[0]
    assert triple(result) == (1.0, 3 / 4, pytest.approx(6 / 7))
    assert result.status == "ok"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["", " \n\t", "…!?", "😀 ❤️"])
def test_an_answer_without_words_scores_zero_and_is_marked_empty(name, text):
    result = Rouge(name).score([unit(text, "ett svar")])[0]
    assert (result.value, result.status, triple(result)) == (0.0, "empty", (0.0, 0.0, 0.0))
    assert "in the answer" in result.detail


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_without_words_scores_zero_and_is_marked_empty(name):
    result = Rouge(name).score([unit("ett svar", "", "...")])[0]
    assert (result.value, result.status) == (0.0, "empty")
    assert "in the reference" in result.detail


def test_one_word_has_no_pairs():
    result = Rouge("rouge-2").score([unit("Stockholm", "Stockholm")])[0]
    assert (result.value, result.status, result.detail) == (0.0, "empty", "no word pairs in the answer")


def test_swedish_letters_alone_are_no_words_for_the_old_tokenizer():
    result = Rouge("rouge-l", tokenizer="rouge-score").score([unit("ö", "ö")])[0]
    assert (result.value, result.status) == (0.0, "empty")
    assert value("rouge-l", "ö", "ö") == 1.0


def test_no_text_and_no_reference_give_no_value():
    missing, alone = Rouge("rouge-l").score([unit(None, "ett svar"), unit("ett svar")])
    assert (missing.value, missing.status, missing.detail) == (None, "empty", "no text")
    assert (alone.value, alone.status) == (None, "no-reference")
    assert set(missing.components) == set(alone.components) == {"f1", "precision", "recall"}
    assert triple(missing) == triple(alone) == (None, None, None)


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (unicodedata.normalize("NFD", "Räven åt på ön"), "Räven åt på ön"),
        ("Fussball auf der STRASSE", "Fußball auf der Straße"),
        ("שָׁלוֹם עוֹלָם", "שָׁלוֹם, עוֹלָם!"),
        ("\u200fمرحبا بالعالم\u200f", "مرحبا بالعالم"),
        ("Bra 👍🏽 jobbat 🎉", "bra jobbat"),
        ("İstanbul güzel", "İSTANBUL GÜZEL"),
        ("rad ett\r\nrad två", "rad ett\nrad två"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_texts_that_read_the_same_score_one(name, answer, reference):
    assert value(name, answer, reference) == 1.0


def test_turkish_dotless_i_is_another_letter_than_i():
    assert value("rouge-l", "ılık", "ilik") == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_answers_of_a_hundred_thousand_characters_are_scored(name):
    words = [f"ord{number:05d}" for number in range(11_200)]
    reference, answer = (" ".join(words), " ".join(words[::2]))
    assert len(reference) > 100_000
    expected = 0.0 if name == "rouge-2" else 2 / 3
    assert value(name, answer, reference) == pytest.approx(expected)


@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_thousand_characters_of_few_words_in_many_lines_are_scored(name):
    lines = [" ".join("abcdefgh"[(line * place) % 8] for place in range(9)) for line in range(5_600)]
    text = "\n".join(lines)
    assert len(text) > 100_000 - 5_600
    assert value(name, text, text) == 1.0


@given(st.lists(st.tuples(TEXT | st.none(), st.lists(TEXT, max_size=2)), max_size=6), st.sampled_from(NAMES), st.randoms())
def test_a_units_result_does_not_depend_on_the_other_units(cases, name, random):
    metric = Rouge(name, stemmer="swedish")
    units = [unit(text, *references) for text, references in cases]
    alone = [metric.score([one])[0] for one in units]
    assert metric.score(units) == alone
    order = list(range(len(units)))
    random.shuffle(order)
    assert metric.score([units[place] for place in order]) == [alone[place] for place in order]


@given(TEXT, TEXT)
def test_swapping_answer_and_reference_swaps_precision_and_recall_of_rouge_l(first, second):
    there, back = (Rouge("rouge-l").score([unit(*pair)])[0] for pair in ((first, second), (second, first)))
    assert triple(there) == (back.components["recall"], back.components["precision"], back.value)


@given(TEXT, TEXT, st.sampled_from(NAMES))
def test_every_component_lies_between_zero_and_one(answer, reference, name):
    assert all(0.0 <= component <= 1.0 for component in triple(Rouge(name).score([unit(answer, reference)])[0]))


@given(TEXT, st.sampled_from(NAMES))
def test_a_text_scores_one_against_itself_unless_it_is_marked_empty(text, name):
    result = Rouge(name).score([unit(text, text)])[0]
    assert result.value == (0.0 if result.status == "empty" else 1.0)


@given(TEXT, TEXT, st.sampled_from(NAMES))
def test_decomposed_text_scores_as_composed_text(answer, reference, name):
    decomposed = unit(unicodedata.normalize("NFD", answer), reference)
    assert Rouge(name).score([decomposed]) == Rouge(name).score([unit(answer, unicodedata.normalize("NFD", reference))])


def test_signatures_name_every_choice():
    assert Rouge("rouge-l").signature == "rouge-l|case:fold|norm:nfc|stemmer:none|tok:unicode|v:1"
    old = Rouge("rouge-2", tokenizer="rouge-score")
    assert old.signature == "rouge-2|case:lower|norm:none|stemmer:none|tok:rouge-score|v:1"
    swedish = Rouge("rouge-lsum", stemmer="swedish").signature
    assert swedish.startswith("rouge-lsum|case:fold|norm:nfc|snowball:")
    assert swedish.endswith("|stemmer:swedish|tok:unicode|v:1")


def test_the_signature_of_the_original_implementation_holds_its_version():
    pytest.importorskip("rouge_score")
    metric = Rouge("rouge-l", implementation="rouge-score", stemmer="porter")
    version = metadata.version("rouge-score")
    assert metric.signature == (f"rouge-l|case:lower|impl:rouge-score-{version}|norm:none|stemmer:porter|tok:rouge-score|v:1")


def test_the_four_metrics_are_found_and_built_from_the_command_lines_words():
    registry = load_plugins(strict=False)
    for spec in harness_metrics():
        assert registry.find("metric", spec.name).plugin == "rouge"
        assert (spec.components[0], spec.needs) == ("f1", ("reference",))
    metric = registry.build("metric", parse_ref("rouge-l:tokenizer=rouge-score,stemmer=none"))
    assert metric.signature == Rouge("rouge-l", tokenizer="rouge-score").signature


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("rouge-l:tokenizer=moses", "unknown tokenizer 'moses'; allowed are unicode, rouge-score"),
        ("rouge-l:stemmer=swedsh", "unknown stemmer 'swedsh'.*swedish"),
        ("rouge-l:implementation=perl", "unknown implementation 'perl'; allowed are harness, rouge-score"),
        ("rouge-l:stem=swedish", "has no parameter 'stem'. Did you mean 'stemmer'"),
        ("rouge-l:name=x", "has no parameter 'name'"),
    ],
)
def test_wrong_parameters_are_answered_with_what_is_allowed(reference, message):
    with pytest.raises(PluginError, match=message):
        load_plugins(strict=False).build("metric", parse_ref(reference))


@pytest.mark.parametrize(
    ("reference", "package"),
    [("rouge-l:implementation=rouge-score", "rouge_score"), ("rouge-l:tokenizer=rouge-score,stemmer=porter", "nltk")],
)
def test_a_missing_package_is_answered_with_the_line_that_installs_it(reference, package, monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"pip install 'metaeval-harness\[rouge\]'"):
        load_plugins(strict=False).build("metric", parse_ref(reference))
