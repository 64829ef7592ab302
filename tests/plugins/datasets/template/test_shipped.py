"""Every template set that is shipped: good Swedish form on made-up rows, and on the data where they are present."""

import re
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.datasets.template.builder import TemplateBuilder
from harness_plugins.datasets.template.data import DATA
from harness_plugins.datasets.template.examples import Item, example_of, item_of, set_items
from harness_plugins.datasets.template.files import template_set
from harness_plugins.datasets.template.sets import TemplateSet
from harness_plugins.datasets.template.source import chosen_splits

from harness.build.config import load_build_config
from harness.build.rows import SetAside, response_of
from harness.config import shipped
from harness.records import Example

FILES = sorted((shipped("configs") / "templates").glob("*.sv.yaml"))
SETS = [file.name.removesuffix(".sv.yaml") for file in FILES]
SPAN = {"text": "bollen", "location": {"start": 9, "stop": 15}}
NLI = {"premise": "Hunden jagade bollen.", "hypothesis": "Bollen jagades.", "label": "entailment"}
QUESTION = {
    "context": "Hunden heter Sigge.\r\nKatten heter Måns.",
    "question": "Vad heter katten?",
    "choices": [
        {"text": "Sigge", "type": "Distractor", "extra": None},
        {"text": "Måns", "type": "Correct answer", "extra": {"comment": "Måns"}},
        {"text": "Hunden", "type": "Distractor", "extra": {"comment": "hunden"}},
    ],
}
WRONG = {
    "sentence": "Hon har ett hund.",
    "label": "incorrect",
    "meta": {
        "error_span": {"start": 8, "stop": 11},
        "confusion_pair": {"incorrect_span": "ett", "correction": "en"},
        "error_label": "M",
    },
}
PAIR = {"word_1": "hund", "word_2": "katt", "label": 4.6}
TRANSLATION = {"document": "d1", "original": "Hello there.", "translation": "Hej där."}
MADE_UP: dict[str, dict[str, Any]] = {
    "absabank-imm": {"id": "tidning_a_3", "text": "Det är bra att folk kommer hit.", "label": 3.67},
    "argumentation-sentences": {"sentence_id": "s1", "topic": "kärnkraft", "label": "con", "sentence": "Avfallet är farligt."},
    "dalaj-correction": WRONG,
    "dalaj-ged": WRONG,
    "gec-sv": {"original": "Hon har ett hund .", "reference": "Hon har en hund ."},
    "ntrex-da-sv": TRANSLATION,
    "ntrex-en-sv": TRANSLATION,
    "ntrex-sv-en": {"document": "d1", "original": "Hej där.", "translation": "Hello there."},
    "summarisation": {"document": "En lång text om en hund som sprang bort och kom hem igen.", "summary": "En hund kom hem."},
    "supersim-relatedness": PAIR,
    "supersim-similarity": PAIR,
    "swediagnostics": {"id": 1, **NLI},
    "swefaq": {
        "category_id": 7,
        "question": "När öppnar ni?",
        "candidate_answers": ["Klockan åtta.", "På torget.", "Nej.", "Ja.", "Ring oss."],
        "label": 0,
    },
    "swenli": {"id": 1, **NLI},
    "swequad-answers": QUESTION,
    "swequad-mc": QUESTION,
    "swequad-questions": QUESTION,
    "swesat-synonyms": {"id": "h1", "item": "våd", "candidate_answers": ["isränna", "tapetlängd", "klippgrund"], "label": 1},
    "swewic": {
        "idx": 1,
        "first": {"context": "Han kast bollen.", "word": SPAN},
        "second": {"context": "Hon slog bollen.", "word": SPAN},
        "label": "same_sense",
        "meta": {"first_sense_id": "boll..1"},
    },
    "swewinogender": {"idx": 1, **NLI, "meta": {"template_id": "1A"}},
    "swewinograd": {
        "idx": 1,
        "text": "Han slog bollen och den for.",
        "pronoun": {"text": "den", "location": {"start": 20, "stop": 23}},
        "candidate_antecedent": SPAN,
        "label": "coreferring",
        "meta": {"snippet_id": "3"},
    },
    "zaragoza-faq": {"id": "f1", "q": "Vad är bygglov?", "a": "Ett tillstånd. Zaragoza AB hjälper dig."},
}


def read(name: str) -> TemplateSet:
    return template_set(name, {"dataset": "somewhere"} if name == "summarisation" else {}, "sv")


def rendered(found: TemplateSet, item: Item) -> list[Example]:
    return [example_of(found, item, template, "template", "instruction") for template in found.templates]


def check_form(example: Example) -> None:
    """What no template may leave, whatever the row."""
    for text in (example.instruction or "", response_of(example) or ""):
        assert text
        assert text == text.strip()
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\r", text), text
        assert not re.search(r"\bNone\b|\bUndefined\b", text), text
    if example.choices:
        assert response_of(example) in example.choices
        assert len(set(example.choices)) == len(example.choices)


def test_there_is_a_made_up_row_for_every_set() -> None:
    assert sorted(MADE_UP) == SETS
    assert len(SETS) >= 20


@pytest.mark.parametrize("name", SETS)
def test_a_set_says_what_it_is_and_has_five_templates(name: str) -> None:
    found = read(name)
    assert found.name == name
    assert len(found.templates) >= 5
    assert found.texts["notes"]
    assert found.texts["title"]
    assert name == "summarisation" or (found.texts["citation"] and found.texts["data"] in DATA)
    if found.texts["data"] in DATA:
        assert found.texts["licence"] == DATA[str(found.texts["data"])].licence
    assert set(found.evaluation) >= {split for split in found.splits if split == "test"}


@pytest.mark.parametrize("name", SETS)
def test_templates_are_clean_on_a_made_up_row(name: str) -> None:
    found = read(name)
    item = item_of(found, next(iter(found.splits)), "file", 1, MADE_UP[name])
    examples = rendered(found, item)
    for example in examples:
        check_form(example)
        for text in (example.instruction or "", response_of(example) or ""):
            assert not re.search(r"[^\S\n]{2,}|[^\S\n]\n|\n{3,}", text), text
            if name != "gec-sv":  # the learners' sentences come with blanks around punctuation
                assert not re.search(r" [,.!?;]|[.,]{2}|[?!][.]|”\S*”[^\s.,:;?!)]", text), text
    assert len({example.instruction for example in examples}) == len(examples)


@pytest.mark.parametrize("name", SETS)
def test_every_label_has_an_answer_of_its_own(name: str) -> None:
    found = read(name)
    item = item_of(found, next(iter(found.splits)), "file", 1, MADE_UP[name])
    for example, template in zip(rendered(found, item), found.templates, strict=True):
        if (template.answers or item.options) and template.choices:
            assert len(example.choices) == len(template.answers or item.options)


@pytest.mark.parametrize("file", FILES, ids=SETS)
def test_templates_are_in_swedish(file: Path) -> None:
    langid = pytest.importorskip("py3langid", reason="needs the extra build (py3langid)")
    from harness.yaml_lines import read_yaml

    document = read_yaml(file).value
    answers = " ".join((document.get("answers") or {}).values())
    own = []
    for template in document["templates"]:
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\b[A-Z]\b", " ", template["instruction"] + " " + template.get("response", ""))
        own.append(text + " " + " ".join((template.get("answers") or {}).values()))
        if len(own[-1].split()) >= 8:
            assert langid.classify(own[-1])[0] == "sv", own[-1]
    assert langid.classify(" ".join(own) + " " + answers)[0] == "sv"


def present(name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> TemplateSet:
    if name == "summarisation":
        pytest.skip("is for data of the user's own")
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    found = read(name)
    if not (shared_data / DATA[str(found.texts["data"])].folder).is_dir():
        pytest.skip(f"needs {found.texts['data']} in the data home")
    return found


@pytest.mark.parametrize("name", SETS)
def test_templates_render_the_first_rows_of_every_split(name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = present(name, shared_data, monkeypatch)
    for split in found.splits:
        rows = [row for row in islice(set_items(found, [split], "template", set()), 60) if isinstance(row, Item)]
        assert len(rows) >= 3
        for item in rows[:3]:
            for example in rendered(found, item):
                check_form(example)


def test_the_shipped_configs_train_on_no_evaluation_split_and_evaluate_on_nothing_else() -> None:
    for name, kept_for_evaluation in (("templates-sv", False), ("templates-sv-evaluation", True)):
        [ref] = load_build_config(name).builders
        TemplateBuilder(**ref.params)
        for found in (read(each) for each in ref.params["sets"]):
            splits = chosen_splits(found, ref.params.get("use"))
            assert {split in found.evaluation for split in splits} == {kept_for_evaluation}, found.name
    assert len(load_build_config("templates-sv").builders[0].params["sets"]) == 12


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_every_row_is_used_or_set_aside_for_a_known_reason(name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = present(name, shared_data, monkeypatch)
    known = {rule.reason for rule in found.aside}
    labels = set()
    count = 0
    for row in TemplateBuilder([{name: {"use": "all"}}]).examples():
        count += 1
        if isinstance(row, SetAside):
            assert row.reason in known, row
            continue
        check_form(row)
        labels.add(row.meta.get("label"))
    assert count >= 80
    if found.templates[0].answers:
        assert labels == set(found.templates[0].answers)
