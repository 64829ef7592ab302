"""The builder `translate`, with translators whose words and faults are known."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.datasets.instructions.rows import Row
from harness_plugins.datasets.translate.builder import Translate
from harness_plugins.datasets.translate.protect import Languages
from harness_plugins.datasets.translate.rows import Engines, Outcome, translate_rows

from harness.build.rows import SetAside
from harness.records import Example

EN_SV = Languages("en", "sv")
TOY = "toy_translators:Dictionary"
LONG = "the cat sees the dog and the house is big and the dog sees the cat"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def one(texts: dict[str, str], engine: Any = None) -> Outcome:
    from toy_translators import Dictionary

    [outcome] = translate_rows([Row("row", texts)], Engines([], engine or Dictionary()), EN_SV)
    return outcome


def written(folder: Path, rows: list[dict[str, Any]]) -> str:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(file)


def built(data: str, **params: Any) -> list[Example | SetAside]:
    given = {"from": "en", "to": "sv", "translator": TOY, "dataset": "toy", "licence": "MIT", **params}
    return list(Translate(data=data, **given).examples())


ROWS = [
    {"id": "a", "instruction": "write a sentence about the cat", "input": "", "output": "the cat sees the dog"},
    {"id": "b", "instruction": "what costs $5 in the house", "input": "the dog", "output": "the dog costs $5"},
    {"id": "c", "instruction": "list words that rhyme with cat", "input": "", "output": "hat, bat"},
    {"id": "d", "instruction": "write a sentence", "input": "", "output": ""},
]


def test_a_row_becomes_an_example_that_says_where_it_comes_from(tmp_path: Path) -> None:
    first, second, rhyme, empty = built(written(tmp_path, ROWS))
    assert isinstance(first, Example)
    assert first.instruction == "skriv en mening om den katten"
    assert first.references == ("den katten ser den hunden",)
    assert (first.id, first.parallel_id, first.cluster, first.language) == ("toy-sv/a", "toy/a", "toy/a", "sv")
    assert first.origin is not None
    assert (first.origin.builder, first.origin.dataset, first.origin.licence) == ("translate", "toy", "MIT")
    assert first.meta["translator"] == "dictionary|en-sv|loses:None|unit:text"
    assert first.meta["source"] == {"instruction": "write a sentence about the cat", "output": "the cat sees the dog"}
    assert isinstance(second, Example)
    assert second.instruction == "vad kostar $5 i den huset\n\nden hunden"
    assert second.meta["protected"] == {"money": 2}
    assert isinstance(rhyme, SetAside)
    assert isinstance(empty, SetAside)
    assert (rhyme.id, rhyme.reason, empty.reason) == ("toy-sv/c", "language-bound-rhyme", "no-output")


def test_equal_inputs_give_equal_rows_and_the_second_time_nothing_is_asked(tmp_path: Path) -> None:
    from harness_plugins.datasets.translators.cached import Cached

    data = written(tmp_path, ROWS)
    first = built(data)
    assert built(data) == first
    builder = Translate(**{"data": data, "from": "en", "to": "sv", "translator": TOY, "dataset": "toy", "licence": "MIT"})
    assert list(builder.examples()) == first
    main = builder._built().main
    assert isinstance(main, Cached)
    assert main.asked == 0


def test_what_a_row_becomes_does_not_depend_on_the_others_or_on_the_batch(tmp_path: Path) -> None:
    rows = {row.id: row for row in built(written(tmp_path, ROWS)) if isinstance(row, Example)}
    turned = built(written(tmp_path, ROWS[::-1]), batch=1)
    assert {row.id: row for row in turned if isinstance(row, Example)} == rows
    assert {row.id: row.reason for row in turned if isinstance(row, SetAside)} == {
        "toy-sv/c": "language-bound-rhyme",
        "toy-sv/d": "no-output",
    }
    assert {row.id: row for row in built(written(tmp_path, ROWS[1:2]))} == {"toy-sv/b": rows["toy-sv/b"]}


def test_a_killed_build_goes_on_where_it_stopped(tmp_path: Path) -> None:
    from harness.plugins import load_plugins
    from harness.registry import PluginRef
    from harness.stages.build import run_builders
    from harness.store import Run

    params = {"from": "en", "to": "sv", "translator": TOY, "dataset": "toy", "licence": "MIT", "data": written(tmp_path, ROWS)}
    refs = [PluginRef("translate", params)]
    for limit, rows in ((2, 2), (None, 4)):
        with Run.open(tmp_path / "out", config={}, command=["harness"]) as run:
            [made] = run_builders(run, load_plugins(), refs, lambda *_: None, limit=limit)
            assert made.rows == rows
            run.finish("done")
    with Run.open(tmp_path / "whole", config={}, command=["harness"]) as run:
        [whole] = run_builders(run, load_plugins(), refs, lambda *_: None)
    assert dict(whole.aside) == dict(made.aside) == {"language-bound-rhyme": 1, "no-output": 1}


def test_code_and_data_pass_through_to_the_byte() -> None:
    code = "```python\nprint('the cat')\n```"
    outcome = one({"instruction": "run the file `the.cat`", "output": f"the cat is good\n{code}\nthe dog"})
    assert outcome.problem is None
    assert outcome.texts == {"instruction": "kör den filen `the.cat`", "output": f"den katten är bra\n{code}\nden hunden"}


@pytest.mark.parametrize("unit", ["text", "sentence"])
@pytest.mark.parametrize("loses", ["⟦\\d+⟧", "⟦\\d+⟧|XQ[A-Z]+Z", "⟦\\d+⟧|XQ[A-Z]+Z|<x\\d+/>"])
def test_a_lost_mask_is_tried_in_other_forms_and_then_put_together_round_it(unit: str, loses: str) -> None:
    from toy_translators import Dictionary

    outcome = one({"instruction": "write a sentence", "output": "open {file} with the dog"}, Dictionary(loses=loses, unit=unit))
    assert outcome.problem is None
    assert outcome.texts["output"] == "öppna {file} med den hunden"
    assert any(note.endswith("placeholder-lost") for note in outcome.work.repaired)


def test_a_number_that_an_engine_drops_is_masked() -> None:
    from toy_translators import Dictionary

    outcome = one({"instruction": "write a sentence", "output": "the cat costs 17"}, Dictionary(loses="(?<!⟦)1"))
    assert outcome.texts["output"] == "den katten kostar 17"
    assert outcome.problem is None
    assert outcome.work.repaired == {"masked: number-changed": None}


def test_a_term_gets_one_translation_in_all_fields() -> None:
    from toy_translators import Twin

    texts = {"instruction": "say where the bank is", "output": "you see the bank from here"}
    outcome = one(texts, Twin(unit="sentence"))
    said = [text.split() for text in outcome.texts.values()]
    assert all("stranden" in words and "banken" not in words for words in said)
    assert outcome.work.repaired == {"one translation: bank": None}


def test_a_quoted_string_that_two_fields_share_becomes_the_same() -> None:
    outcome = one({"instruction": 'write a sentence with "good dog" in', "output": "the good dog sees the cat"})
    assert outcome.problem is None
    assert outcome.texts["instruction"] == 'skriv en mening med "bra hunden" i'
    assert outcome.texts["output"] == "den bra hunden ser den katten"


def test_a_string_meant_to_the_letter_stays() -> None:
    outcome = one({"instruction": 'open the file with the exact string "good dog"', "output": "good dog"})
    assert '"good dog"' in outcome.texts["instruction"]
    assert outcome.texts["output"] == "good dog"


def test_rows_without_a_translation_are_set_aside_with_the_translators_reason(tmp_path: Path) -> None:
    rows = built(written(tmp_path, ROWS[:2]), translator="toy_translators:Refusing")
    assert [row.reason for row in rows if isinstance(row, SetAside)] == ["refused", "refused"]


def test_an_untranslated_row_is_set_aside(tmp_path: Path) -> None:
    data = written(tmp_path, [{"id": "a", "instruction": LONG, "output": LONG}])
    [row] = built(data, translator="toy_translators:Echo")
    assert isinstance(row, SetAside)
    assert row.reason == "untranslated"


def test_verses_that_no_longer_rhyme_are_set_aside_and_lists_are_no_verses() -> None:
    verses = "the dog is in the house\nand sees a little mouse\nthe cat is on the mat\nand wears a yellow hat"
    outcome = one({"instruction": "write a sentence about the cat", "output": verses})
    assert outcome.problem is not None
    assert outcome.problem.reason == "rhyme-lost"
    listed = "\n".join(f"- {line}" for line in verses.splitlines())
    assert one({"instruction": "write a sentence about the cat", "output": listed}).problem is None


def test_names_that_come_back_as_they_were_are_no_untranslated_text() -> None:
    names = "George Washington, Confucius, Michael Jordan, Michelangelo, Rose Baker"
    assert one({"instruction": "write a sentence about the cat", "output": names}).problem is None


def test_two_texts_that_become_the_same_lose_what_the_row_is_about() -> None:
    class Flat:
        unit, signature = "sentence", "flat"

        def translate(self, texts: list[str]) -> list[Any]:
            from harness_plugins.datasets.translators.base import Translated

            return [Translated("han gick hem i går kväll") for _ in texts]

    outcome = one({"instruction": "she goed home last evening", "output": "she went home last evening"}, Flat())
    assert outcome.problem is not None
    assert outcome.problem.reason == "difference-lost"


def test_two_options_that_become_the_same_are_no_options() -> None:
    outcome = one({"instruction": "write a sentence", "input": "A) the cat\nB) The cat, and", "output": "A"})
    assert outcome.problem is None

    class Merging:
        unit, signature = "sentence", "merging"

        def translate(self, texts: list[str]) -> list[Any]:
            from harness_plugins.datasets.translators.base import Translated

            return [Translated("stor" if text in ("big", "large") else f"en {text[::-1]}") for text in texts]

    outcome = one({"instruction": "write a sentence", "input": "A) big\nB) large", "output": "A"}, Merging())
    assert outcome.problem is not None
    assert outcome.problem.reason == "difference-lost"


def test_a_number_of_words_that_is_asked_for_is_kept_or_the_row_set_aside() -> None:
    outcome = one({"instruction": "write exactly 3 words about the cat", "output": "the cat costs"})
    assert outcome.problem is None

    class Wordy:
        unit, signature = "sentence", "wordy"

        def translate(self, texts: list[str]) -> list[Any]:
            from harness_plugins.datasets.translators.base import Translated

            return [Translated(f"ja {text} ju") for text in texts]

    outcome = one({"instruction": "write exactly 3 words about the cat", "output": "good dog runs"}, Wordy())
    assert outcome.problem is not None
    assert outcome.problem.reason == "word-count"


def test_translations_by_hand_come_before_the_translator(tmp_path: Path) -> None:
    table = tmp_path / "hand.jsonl"
    table.write_text(json.dumps({"source": "the cat sees the dog", "target": "Katten ser hunden."}) + "\n", encoding="utf-8")
    [row] = built(written(tmp_path, ROWS[:1]), post_edits=str(table))
    assert isinstance(row, Example)
    assert row.references == ("Katten ser hunden.",)
    assert row.meta["by_hand"] == ["output"]


def test_a_table_alone_sets_aside_what_it_lacks(tmp_path: Path) -> None:
    entries = {"write a sentence about the cat": "skriv om katten", "the cat sees the dog": "katten ser hunden"}
    rows = built(written(tmp_path, ROWS[:2]), translator={"name": "table", "entries": entries})
    assert isinstance(rows[0], Example)
    assert isinstance(rows[1], SetAside)
    assert rows[1].reason == "not-in-table"


def test_back_translation_keeps_its_score_and_sets_aside_what_is_below_the_threshold(tmp_path: Path) -> None:
    data = written(tmp_path, ROWS[:1])
    [kept] = built(data, back_translation={"name": "toy_translators:Echo", "threshold": 0})
    assert isinstance(kept, Example)
    assert 0 < kept.meta["back_translation"] < 60
    [aside] = built(data, back_translation={"name": "toy_translators:Echo", "threshold": 99})
    assert isinstance(aside, SetAside)
    assert aside.reason == "back-translation"


def test_turns_of_a_chat_are_translated_each(tmp_path: Path) -> None:
    said = [("user", "hello"), ("assistant", "hello"), ("user", "what is good"), ("assistant", "the cat is good")]
    data = written(tmp_path, [{"id": "x", "messages": [{"role": role, "content": text} for role, text in said]}])
    [row] = built(data)
    assert isinstance(row, Example)
    assert [message.text for message in row.messages] == ["hej", "hej", "vad är bra"]
    assert (row.kind, row.references) == ("chat", ("den katten är bra",))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"to": None}, "say the language with `to:`"),
        ({"from": "sv"}, "from and to are both 'sv'"),
        ({"translator": None}, "give `translator:`"),
        ({"licence": None}, "say its `licence:`"),
        ({"dataset": None}, "say its `dataset:`"),
        ({"tranlator": "x"}, "Did you mean 'translator'"),
        ({"batch": 0}, "batch is a number of rows"),
        ({"back_translation": {"threshold": 400}}, "threshold is a chrF"),
    ],
)
def test_wrong_parameters_are_told_before_anything_is_translated(tmp_path: Path, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        built(written(tmp_path, ROWS), **params)


def test_the_words_of_the_danish_seeds_are_translated_for_real(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    if shutil.which("apertium") is None:
        pytest.skip("needs the program apertium with the pair Danish–Swedish (apertium-swe-dan)")
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    rows = _first(Translate(data="danish-seeds", to="sv", translator="apertium", batch=12).examples(), 12)
    kept = [row for row in rows if isinstance(row, Example)]
    assert len(kept) >= 8
    assert all(row.origin is not None and row.origin.licence == "MIT AND CC-BY-NC-4.0" for row in kept)
    by_id = {row.id: row for row in kept}
    assert by_id["danish-seeds-sv/alpaca_task_2"].references == ("1992",)


def _first(rows: Iterator[Any], count: int) -> list[Any]:
    return [row for row, _ in zip(rows, range(count), strict=False)]
