"""The `template` builder: sets by file, columns, splits, what is set aside, and what an error says."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.datasets.template.builder import TemplateBuilder, _reads
from harness_plugins.datasets.template.filters import digest

from harness.build.rows import SetAside
from harness.errors import ConfigError, InputError, PluginError
from harness.records import Example, to_json

SET = """
set: frukt
language: sv
task: classification
form: short
licence: CC0-1.0
splits:
  train: rows.jsonl
  test: test.jsonl
id: nr
cluster: sida
label: svar
answers: {good: gott, bad: illa}
templates:
  - id: fraga
    instruction: |
      Smakar {{ frukt }} {{ options|listed }}?
  - id: mening
    instruction: |
      Beskriv smaken.

      {{ frukt|upper_first }}
    response: |
      Det smakar {{ answer }}.
  - id: bokstav
    instruction: |
      {{ frukt }}
      {% for option in options %}
      {{ letters[loop.index0] }}. {{ option }}
      {% endfor %}
    response: |
      {{ letter }}
    answers: {good: ljuvligt, bad: uselt}
"""
FRUIT = ["äpple", "päron", "plommon", "körsbär", "kiwi", "mango", "lime", "citron", "fikon", "dadel"]
ROWS = [{"nr": n, "frukt": f"{FRUIT[n % 10]} {n}", "svar": "good" if n % 3 else "bad", "sida": f"s{n // 4}"} for n in range(40)]


def write(folder: Path, rows: list[dict[str, Any]] = ROWS, text: str = SET) -> str:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "test.jsonl").write_text(json.dumps(ROWS[0] | {"nr": 99}) + "\n", encoding="utf-8")
    (folder / "frukt.yaml").write_text(text, encoding="utf-8")
    return str(folder / "frukt.yaml")


def built(sets: Any, **params: Any) -> tuple[list[Example], list[SetAside]]:
    rows = list(TemplateBuilder(sets, **params).examples())
    return [row for row in rows if isinstance(row, Example)], [row for row in rows if isinstance(row, SetAside)]


def test_a_row_becomes_an_instruction_with_its_provenance(tmp_path: Path) -> None:
    examples, aside = built(write(tmp_path, ROWS[:3]))
    assert not aside
    by_template = {example.meta["template"]: example for example in examples}
    assert sorted(by_template) == ["bokstav", "fraga", "mening"]
    for example in examples:
        row = ROWS[int(example.id.split("/")[1].removeprefix("train-"))]
        word = "gott" if row["svar"] == "good" else "illa"
        assert example.cluster_id == f"frukt/{row['sida']}"
        assert (example.kind, example.language, example.task, example.form) == ("instruction", "sv", "classification", "short")
        assert example.origin is not None
        assert (example.origin.builder, example.origin.dataset, example.origin.licence) == ("template", "frukt", "CC0-1.0")
        assert example.meta == {"template": example.meta["template"], "source_split": "train", "label": row["svar"]}
        if example.meta["template"] == "fraga":
            assert example.instruction == f"Smakar {row['frukt']} gott eller illa?"
            assert (example.references, example.choices) == ((word,), ("gott", "illa"))
        if example.meta["template"] == "mening":
            assert example.instruction == f"Beskriv smaken.\n\n{row['frukt'].capitalize()}"
            assert example.references == (f"Det smakar {word}.",)
            assert example.choices == ("Det smakar gott.", "Det smakar illa.")
        if example.meta["template"] == "bokstav":
            assert example.instruction == f"{row['frukt']}\nA. ljuvligt\nB. uselt"
            assert (example.references, example.choices) == (("A" if row["svar"] == "good" else "B",), ("A", "B"))


def test_templates_are_drawn_evenly_whatever_the_order_of_rows(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    mixed = random.Random(1).sample(ROWS, len(ROWS))
    one, other = built(write(tmp_path))[0], built(write(tmp_path / "b", mixed))[0]
    assert sorted(map(to_json, one)) == sorted(map(to_json, other))
    assert sorted(Counter(example.meta["template"] for example in one).values()) == [13, 13, 14]
    assert sorted(Counter(example.meta["template"] for example in one if example.meta["label"] == "bad").values()) == [4, 5, 5]


def test_a_row_in_several_templates_stays_one_document(tmp_path: Path) -> None:
    path = write(tmp_path)
    two, every = built(path, per_item=2)[0], built([{path: {"per_item": "all"}}])[0]
    assert (len(two), len(every)) == (80, 120)
    assert set(Counter(example.id.rpartition("/")[0] for example in two).values()) == {2}
    assert len({example.id for example in every}) == 120
    assert sorted(Counter(example.meta["template"] for example in two).values()) == [26, 27, 27]


def test_the_draw_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    path = write(tmp_path)
    code = f"""
from harness_plugins.datasets.template.builder import TemplateBuilder
from harness.records import to_json
import hashlib
print(hashlib.sha256(b"".join(map(to_json, TemplateBuilder({path!r}, per_item=2).examples()))).hexdigest())
"""
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1


def test_evaluation_splits_are_left_out_unless_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert {example.meta["source_split"] for example in built(path)[0]} == {"train"}
    [test] = built(path, use="test")[0]
    assert test.meta["evaluation"] is True
    assert len(built([{path: {"use": "all"}}])[0]) == 41
    assert sorted(Path(file).name for file in _reads(path)) == ["frukt.yaml", "rows.jsonl"]
    only_test = write(tmp_path, text=SET.replace("  train: rows.jsonl\n", ""))
    with pytest.raises(PluginError, match=r"evaluation data only \(test\).*frukt: \{use: \[test\]\}"):
        TemplateBuilder(only_test)


def test_rows_that_cannot_be_used_are_set_aside_with_the_reason(tmp_path: Path) -> None:
    odd = [
        *ROWS,
        ROWS[7],
        {"nr": 101, "frukt": "", "svar": "good", "sida": "s"},
        {"nr": 102, "frukt": "gurka", "svar": "maybe", "sida": "s"},
        {"nr": 103, "frukt": "potatis", "svar": "good", "sida": "s"},
        {"frukt": "banan", "svar": "good", "sida": "s"},
        {"nr": None, "frukt": "melon", "svar": "good", "sida": "s"},
    ]
    rule = "set_aside:\n  - {reason: no-fruit, when: \"frukt == 'potatis'\", detail: it is a root}\ntemplates:"
    examples, aside = built(write(tmp_path, odd, SET.replace("templates:", rule)))
    assert sorted(row.reason for row in aside).count("missing-value") == 2
    assert {row.reason: (row.id.split("/")[1], row.stage) for row in aside} == {
        "same-row-twice": ("train-7", "template"),
        "empty-value": ("train-101", "template"),
        "unknown-label": ("train-102", "template"),
        "no-fruit": ("train-103", "template"),
        "missing-value": (f"train-{digest(odd[-1])}", "template"),
    }
    assert len(examples) == 40
    assert next(row.detail for row in aside if row.reason == "no-fruit") == "it is a root"
    assert (
        next(row.detail for row in aside if row.reason == "unknown-label")
        == "the label 'maybe' has no answer; there are good, bad"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("{{ frukt }} {{", "{{ fruktt }} {{", 17, "template 'fraga': there is no 'fruktt' in the rows. Did you mean 'frukt'?"),
        ("|upper_first", "|upper_frist", 22, "template 'mening': there is no filter 'upper_frist'. Did you mean 'upper_first'"),
        ("{{ answer }}", "{{ answer.ord }}", 24, "templates[2].response: template 'mening' fits no row: there is no 'ord' here."),
        ("label: svar", "label: svarr", 12, "label: there is no 'svarr' in the rows. Did you mean 'svar'?"),
        ("id: nr\n", "id: svar\n", 10, "id: two rows that differ have the id 'frukt/train-good'"),
        ("  - id: mening", "  - id: fraga", 18, "templates[2].id: there are two templates 'fraga'"),
        (", bad: uselt}", "}", 33, "templates[3].answers: its answers are for other labels than the set's (good, bad)"),
        ("bad: illa", "bad: gott", 13, "answers: two labels have the same answer: 'good' and 'bad' are both 'gott'"),
        ("task: classification\n", "", 2, "task: the key 'task' is missing"),
        ("cluster: sida", "clustr: sida", 11, "clustr: unknown key 'clustr'. Did you mean 'cluster'"),
    ],
)
def test_a_mistake_in_a_set_names_file_line_template_and_variable(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in SET
    path = write(tmp_path, text=SET.replace(old, new))
    with pytest.raises((ConfigError, InputError)) as caught:
        built(path)
    assert f"{path}, line {line}, " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("sets", "params", "message"),
    [
        ("swefak", {}, "there is no template set 'swefak'. Did you mean 'swefaq'?"),
        ("nowhere.yaml", {}, "there is no file nowhere.yaml"),
        ([], {}, "which template sets?"),
        (["zaragoza-faq", "zaragoza-faq"], {}, "named twice"),
        ("swesat-synonyms", {"per_item": 0}, "per_item is a number of templates"),
        ("swesat-synonyms", {"kind": "chat"}, "kind is instruction or choice"),
        ("swesat-synonyms", {"use": "dev"}, "has no split 'dev'; it has train, test"),
        ([{"swesat-synonyms": {"usee": "test"}}], {}, "unknown key 'usee'. Did you mean 'use'"),
        ([{"swesat-synonyms": {"templates": ["vad-betydr"]}}], {}, "Did you mean 'vad-betyder'?"),
        ("swenli", {}, "evaluation data only (test)"),
        ("summarisation", {}, "this set is for data of your own; say which: `summarisation: {dataset: …}`"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_is_read(sets: Any, params: dict[str, Any], message: str) -> None:
    with pytest.raises((PluginError, ConfigError)) as caught:
        TemplateBuilder(sets, **params)
    assert message in str(caught.value)


def test_only_rows_with_options_become_choices(tmp_path: Path) -> None:
    examples, _ = built(write(tmp_path), kind="choice")
    assert {example.kind for example in examples} == {"choice"}
    assert all(example.references[0] in example.choices for example in examples)
    plain = SET.replace("  - id: fraga\n", "  - id: fraga\n    choices: false\n")
    examples, aside = built([{write(tmp_path, text=plain): {"templates": ["mening", "bokstav"]}}], kind="choice")
    assert (len(examples), len(aside)) == (40, 0)
    with pytest.raises(ConfigError, match="template 'fraga' fits no row: there are no answer options"):
        built(write(tmp_path, text=plain), kind="choice")


def test_a_row_with_half_a_character_is_set_aside_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path)
    bad = '{"nr": 1, "frukt": "\\ud83c", "svar": "good", "sida": "s"}\n'
    good = json.dumps(ROWS[0]) + "\n"
    (tmp_path / "rows.jsonl").write_text(good + bad, encoding="utf-8")
    examples, [aside] = built(path)
    assert len(examples) == 1
    assert aside.reason == "half-a-character"
    assert aside.detail == "rows.jsonl, row 2: a text holds half of a surrogate pair, which is no character"
    assert "\ufffd" in str(aside.source)
    assert to_json(aside)


def test_grades_are_merged_into_words_by_the_expression_under_label(tmp_path: Path) -> None:
    rows = [row | {"svar": str(n % 5 + 1)} for n, row in enumerate(ROWS[:10])]
    merged = SET.replace("label: svar", "label: \"'bad' if svar|int <= 2 else 'good' if svar|int >= 4 else 'so-so'\"")
    merged = merged.replace("illa}", "illa, so-so: sådär}").replace("uselt}", "uselt, so-so: lagom}")
    examples, aside = built(write(tmp_path, rows, merged))
    assert not aside
    assert sorted(example.meta["label"] for example in examples) == ["bad"] * 4 + ["good"] * 4 + ["so-so"] * 2


def test_a_set_may_have_more_labels_than_the_alphabet_has_letters(tmp_path: Path) -> None:
    names = [f"etikett{n}" for n in range(30)]
    text = SET.replace("{good: gott, bad: illa}", "{" + ", ".join(f"{name}: {name}" for name in names) + "}")
    text = text[: text.index("  - id: mening")]
    [example], _ = built(write(tmp_path, [ROWS[0] | {"svar": "etikett28"}], text))
    assert (example.references, len(example.choices)) == (("etikett28",), 30)
    text = text.replace(
        "    instruction: |\n      Smakar {{ frukt }} {{ options|listed }}?",
        "    instruction: '{{ frukt }}'\n    response: '{{ letter }}'",
    )
    [example], _ = built(write(tmp_path, [ROWS[0] | {"svar": "etikett28"}], text))
    assert example.references == ("AC",)


def test_a_row_that_is_nested_without_end_is_set_aside(tmp_path: Path) -> None:
    path = write(tmp_path)
    fit, deep = (json.dumps(ROWS[n])[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}\n" for n, depth in ((0, 90), (1, 700)))
    (tmp_path / "rows.jsonl").write_text(fit + deep, encoding="utf-8")
    examples, [aside] = built(path)
    assert len(examples) == 1
    assert (aside.reason, str(aside.detail)[:18]) == ("nested-too-deeply", "rows.jsonl, row 2:")
