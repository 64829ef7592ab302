"""A study read from YAML."""

from pathlib import Path

import pytest

from harness.annotate.study import Overlap
from harness.annotate.study_file import load_study
from harness.config import shipped
from harness.errors import ConfigError

SHIPPED = "annotate/answers.yaml"


def test_the_shipped_study_loads_and_rates_three_criteria_from_1_to_3_in_two_languages() -> None:
    study = load_study("annotate/answers")
    assert [criterion.name for criterion in study.criteria] == ["naturalness", "relatedness", "correctness"]
    assert {criterion.values for criterion in study.criteria} == {(1, 2, 3)}
    assert all(set(criterion.anchors) == {"sv", "en"} for criterion in study.criteria)
    assert all(len(words) == 3 for criterion in study.criteria for words in criterion.anchors.values())
    assert study.overlap == Overlap(share=1.0)
    assert len(study.training) == len(study.checks.items) == 3


def test_a_ready_criterion_can_be_given_other_words(tmp_path: Path) -> None:
    changed = "criteria:\n  - {name: correctness, high: 2, anchors: {sv: [fel, rätt], en: [wrong, right]}}\n"
    study = load_study(variant(tmp_path, "criteria: [naturalness, relatedness, correctness]\n", changed, known=False))
    assert study.criteria[0].values == (1, 2)
    assert study.criteria[0].label["sv"] == "Riktighet"


def test_a_text_in_the_only_language_stands_without_it(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(
        "languages: [sv]\ntitle: Svar\nguidelines: Läs.\nconsent: Ja.\nitems: {jsonl: x.jsonl}\n"
        "criteria: [{name: artig, label: {sv: Artig}, low: 0, high: 1}]\n"
        "training: [{text: Hej, expected: {artig: 1}, feedback: Bra.}]\n"
    )
    study = load_study(path)
    assert (study.name, study.title, study.training[0].feedback) == ("one", {"sv": "Svar"}, {"sv": "Bra."})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("criteria: [naturalness", "criteria: [naturalnes", "criteria[1]: there is no ready criterion 'naturalnes'"),
        ("seed: 1", "sed: 1", "sed: unknown key 'sed'. Did you mean 'seed'?"),
        ("      reference: sju", "      refrence: sju", "unknown key 'refrence'. Did you mean 'reference'?"),
        ("seed: 1", "seed: ett", "seed: expected a whole number, got text"),
        ("  en: Rating answers\n", "", "title: the text in en is missing"),
        ("  share: 1.0", "  share: 1.5", "overlap.share: a share lies between 0 and 1, got 1.5"),
        ("  share: 1.0", "  {share: 0.5, raters: 4}", "overlap.raters: between 2 and all 3 raters can share an item, got 4"),
        ("relatedness: 3, correctness: 1}", "relatedness: 4}", "expected.relatedness: 4 is no answer here; it is one of 1, 2, 3"),
        ("relatedness: 3, correctness: 1}", "korrekt: 1}", "expected.korrekt: no criterion 'korrekt'."),
        ("    text: Göteborg\n", "", "training[1]: give `text` (to rate) or `pair` (two texts to compare), one of them"),
        ("    text: Göteborg\n", "    pair: [a, b]\n", "this study compares nothing"),
        ("raters: [anna, bo", "raters: [anna, anna", "raters[2]: 'anna' is here twice"),
        ("raters: [anna", "raters: [anna@liu.se", "'anna@liu.se' is no pseudonym"),
        ("  source: table:outputs.csv", "  run: x\n  source: table:outputs.csv", "items: say where the outputs come from"),
        ("checks:\n", "checks:\n  count: 9\n", "checks.count: 9 of 3 attention checks cannot be shown"),
        ("consent:\n  sv: |", "consent:\n  da: |", "consent: the text in sv is missing"),
        ("name: answers", "name: ../answers", "name: '../answers' is to be a file's name"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = variant(tmp_path, old, new)
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    assert str(caught.value).startswith(f"{path}, line ")
    assert message in str(caught.value)


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    path = variant(tmp_path, "seed: 1", "seed: ett")
    line = path.read_text().splitlines().index("seed: ett") + 1
    with pytest.raises(ConfigError, match=f"line {line}, seed"):
        load_study(path)


def test_items_are_divided_only_among_raters_that_are_named(tmp_path: Path) -> None:
    path = variant(tmp_path, "raters: [anna, bo, cleo]", "raters: []")
    assert load_study(path).raters == ()
    path.write_text(path.read_text().replace("share: 1.0", "share: 0.5"))
    with pytest.raises(ConfigError, match="name the raters"):
        load_study(path)


def variant(folder: Path, old: str, new: str, known: bool = True) -> Path:
    """The shipped study with one thing changed; `known` False: without training and checks, which name its criteria."""
    text = (shipped("configs") / SHIPPED).read_text()
    assert text.count(old) >= 1
    text = text.replace(old, new, 1)
    path = folder / "study.yaml"
    path.write_text(text if known else text[: text.index("# Shown first")])
    return path
