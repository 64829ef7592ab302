"""Instruction sets in all their formats become rows with stable names."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.datasets.instructions.builder import Instructions, read_by
from harness_plugins.datasets.instructions.files import records_of
from hypothesis import given
from hypothesis import strategies as st

from harness.build.rows import SetAside
from harness.errors import InputError
from harness.records import Example, to_json

TREE = {
    "message_tree_id": "t1",
    "tree_state": "ready_for_export",
    "prompt": {
        "message_id": "m1", "role": "prompter", "text": "Hej?", "lang": "sv",
        "replies": [
            {"message_id": "m2", "role": "assistant", "text": "Sämre.", "rank": 1, "replies": []},
            {"message_id": "m3", "role": "assistant", "text": "Bättre.", "rank": 0, "replies": [
                {"message_id": "m4", "role": "prompter", "text": "Och?", "replies": [
                    {"message_id": "m5", "role": "assistant", "text": "Bra.", "rank": None, "replies": []}]}]},
        ],
    },
}  # fmt: skip
FORMATS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "alpaca": ({"instruction": "Gör", "input": "detta", "output": "Gjort"}, ["Gör\n\ndetta"], "Gjort"),
    "alpaca without input": ({"instruction": "Gör", "input": "", "output": "Gjort"}, ["Gör"], "Gjort"),
    "natural instructions' rows": (
        {"instruction": "Gör", "input": "detta", "output": "Gjort", "constraints": "Snabbt."}, ["Gör\n\ndetta\nSnabbt."], "Gjort"
    ),
    "self-instruct": (
        {"id": "s1", "name": "n", "instruction": "Gör", "instances": [{"input": "", "output": "Gjort"}]}, ["Gör"], "Gjort"
    ),
    "unnatural": (
        {"instruction": "Gör.\n", "instances": [
            {"instruction_with_input": "Gör.\ndetta\n", "input": "detta\n", "constraints": "Ingen.\n", "output": "Gjort.\n"}]},
        ["Gör.\n\ndetta"], "Gjort.",
    ),
    "unnatural with a text of its own": (
        {"instruction": "Gör.", "instances": [
            {"instruction_with_input": "Ta detta och gör.", "input": "detta", "constraints": "Kort.", "output": "Gjort."}]},
        ["Ta detta och gör.\nKort."], "Gjort.",
    ),
    "dolly": ({"instruction": "Gör", "context": "detta", "response": "Gjort", "category": "qa"}, ["Gör\n\ndetta"], "Gjort"),
    "questions": ({"id": "b-1", "q": "Vad?", "a": "Det.", "category": "x"}, ["Vad?"], "Det."),
    "sharegpt": (
        {"id": "g", "conversations": [
            {"from": "system", "value": "Var snäll"}, {"from": "human", "value": "Hej"}, {"from": "gpt", "value": "Hej!"}]},
        ["Var snäll", "Hej"], "Hej!",
    ),
    "messages": (
        {"messages": [
            {"role": "user", "content": "Hej"}, {"role": "assistant", "content": "Hej!"},
            {"role": "user", "content": [{"type": "text", "text": "Och?"}]}, {"role": "assistant", "content": "Bra."}]},
        ["Hej", "Hej!", "Och?"], "Bra.",
    ),
    "oasst tree": (TREE, ["Hej?", "Bättre.", "Och?"], "Bra."),
    "turns": ({"question_id": 81, "turns": ["Ett?", "Två?"], "reference": ["1", "2"]}, ["Ett?", "1", "Två?"], "2"),
}  # fmt: skip


def file_of(folder: Path, rows: list[Any], name: str = "rows.jsonl") -> str:
    path = folder / name
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    else:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


def read(data: str, **params: Any) -> list[Example | SetAside]:
    return list(Instructions(data, **{"language": "sv", "dataset": "d", "licence": "CC0-1.0", **params}).examples())


NESTED = {"oasst tree", "messages"}  # Parquet's columns have one type each
FILES = [(name, end) for name in FORMATS for end in (".jsonl", ".json", ".parquet") if end != ".parquet" or name not in NESTED]


@pytest.mark.parametrize(("name", "suffix"), FILES)
def test_every_format_is_recognised_by_its_fields(tmp_path: Path, name: str, suffix: str) -> None:
    record, messages, answer = FORMATS[name]
    [row] = read(file_of(tmp_path, [record], f"rows{suffix}"))
    assert isinstance(row, Example)
    assert [message.text for message in row.messages] == messages
    assert row.references == (answer,)
    assert row.kind == ("chat" if len([m for m in row.messages if m.role == "user"]) > 1 else "instruction")


def test_a_task_of_natural_instructions_holds_many_rows_with_several_answers(tmp_path: Path) -> None:
    task = {"Definition": ["Gör så."], "Categories": ["QA"], "Instances": [{"id": "t-1", "input": "a", "output": ["x", "y"]}]}
    path = tmp_path / "task001.json"
    path.write_text(json.dumps(task), encoding="utf-8")
    [row] = read(str(path))
    assert isinstance(row, Example)
    assert (row.id, row.task, row.references) == ("d/t-1", "QA", ("x", "y"))


def test_flat_messages_of_oasst_become_trees(tmp_path: Path) -> None:
    flat = [
        {"message_id": "m1", "parent_id": None, "message_tree_id": "m1", "role": "prompter", "text": "Hej?", "lang": "sv"},
        {"message_id": "m2", "parent_id": "m1", "message_tree_id": "m1", "role": "assistant", "text": "Nej.", "rank": 1},
        {"message_id": "m3", "parent_id": "m1", "message_tree_id": "m1", "role": "assistant", "text": "Ja.", "rank": 0},
        {"message_id": "n1", "parent_id": None, "message_tree_id": "n1", "role": "prompter", "text": "Ensam?", "lang": "en"},
    ]
    first, second = read(file_of(tmp_path, flat))
    assert isinstance(first, Example)
    assert (first.id, first.references) == ("d/m1", ("Ja.",))
    assert isinstance(second, SetAside)
    assert second.reason == "no-output"
    with pytest.raises(InputError, match=r"line 5: tree m1 goes on here after another one; sort the messages"):
        read(file_of(tmp_path, [*flat, flat[1]]))


def test_names_follow_from_the_content_or_are_the_sets_own(tmp_path: Path) -> None:
    rows = [{"instruction": f"Gör {n}", "input": "", "output": "Gjort"} for n in range(4)]
    ids = {row.id for row in read(file_of(tmp_path, rows))}
    assert {row.id for row in read(file_of(tmp_path, rows[::-1]))} == ids
    assert len(ids) == 4
    first, again, other = read(file_of(tmp_path, [rows[0], rows[0], {"id": "x", **rows[1]}]))
    assert isinstance(again, SetAside)
    assert again.reason == "repeated-row"
    assert again.id != first.id
    assert other.id == "d/x"


def test_questions_about_one_passage_share_its_cluster(tmp_path: Path) -> None:
    passage = "Det var en gång en katt som bodde i ett stort hus vid havet med sin vän."
    rows = [
        {"instruction": "Skriv en fråga.", "input": f"Passage: {passage}", "output": "Var?"},
        {"instruction": "Svara.", "input": f"Text: {passage}\nFråga: Var bodde katten?", "output": "Vid havet."},
        {"instruction": "Svara.", "input": "Kort.", "output": "Ja."},
    ]
    first, second, third = read(file_of(tmp_path, rows))
    assert isinstance(first, Example)
    assert isinstance(second, Example)
    assert isinstance(third, Example)
    assert first.cluster == second.cluster != third.cluster


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ('{"instruction": "a", "output": "b"}\n{"instruction": \n', "rows.jsonl", r"rows.jsonl, line 2: no JSON"),
        ('{"instruction": "a", "output": "b"}\n[1]\n', "rows.jsonl", r"line 2: expected an object, got list"),
        ('{"instruction": "a", "output": "b"}\n{"instruction": "a"}\n', "rows.jsonl", "line 2: no alpaca record: no field"),
        ('{"instruction": ["a"], "output": "b"}\n', "rows.jsonl", r"line 1: instruction is to be text, got list"),
        ('{"pregunta": "a"}\n', "rows.jsonl", r"line 1: no format of instruction sets has these fields: pregunta"),
        ('[{"instruction": "a", "output": "b"}, {"instruction": "a" "output"}]', "rows.json", r"element 2: no JSON"),
        ('[{"q": "a", "a": "b"},\n{"q": "a" "b"}]', "rows.json", r"element 2: no JSON: Expecting .* \(line 2, column 11\)"),
        ('{"instruction": "a", "output": "b"}\n{"output": NaN}\n', "rows.jsonl", "line 2: no JSON: NaN is no JSON"),
        ('[{"instruction": "a", "output": Infinity}]', "rows.json", "element 1: no JSON: Infinity is no JSON"),
        ('{"instruction": "a", "output": -Infinity}', "rows.json", "no JSON: -Infinity is no JSON"),
        ("", "rows.json", "the file is empty"),
        ("PAR1 no", "rows.parquet", "no Parquet file that can be read"),
        ("x", "rows.xml", "cannot tell how to read it"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_its_place(tmp_path: Path, content: str, name: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read(str(path))


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (lambda text: text.encode("utf-16"), "not UTF-8: the file is UTF-16; save it as UTF-8"),
        (lambda text: text.encode("latin-1"), "line 1: not UTF-8: .* looks like Latin-1 .* is 'ö'; save the file as UTF-8"),
        (lambda text: gzip.compress(text.encode()), r"the file is compressed \(gzip\); unpack it first"),
        (lambda text: b"PK\x03\x04" + text.encode(), "a ZIP archive"),
    ],
)
def test_another_encoding_is_told_by_its_name(tmp_path: Path, name: str, encoded: Any, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(encoded('{"instruction": "Gör", "output": "b"}'))
    with pytest.raises(InputError, match=f"{name}.*{message}"):
        read(str(path))


def test_a_device_or_a_pipe_is_named_as_such(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    for path, what in ((str(tmp_path / "a.jsonl"), "a named pipe"), ("/dev/zero", "a device")):
        with pytest.raises(InputError, match=f"{path}: it is {what}, not a file"):
            read(path)


@pytest.mark.parametrize(
    "row",
    [
        '{"id": "s", "instruction": "Halv \\ud800", "output": "Svar"}',
        '{"id": "s\\udfff", "instruction": "Halv", "output": "Svar"}',
        '{"instruction": "Halv", "output": "Svar \\udfff", "category": "c"}',
        '{"instruction": "Halv", "output": "Svar", "category": "\\udfff"}',
        '{"messages": [{"role": "user", "content": "\\ud800"}, {"role": "assistant", "content": "b"}]}',
        '{"messages": [{"role": "\\ud800", "content": "a"}, {"role": "assistant", "content": "b"}]}',
        '{"conversations": [{"from": "human", "value": "\\ud800"}, {"from": "gpt", "value": "b"}]}',
    ],
)
def test_a_row_with_half_a_character_is_set_aside_with_its_place(tmp_path: Path, row: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n" + row + "\n", encoding="utf-8")
    [aside] = read(str(path))
    assert isinstance(aside, SetAside)
    assert aside.reason in ("half-a-character", "unknown-role")
    assert "rows.jsonl, line 2" in str(aside.detail)
    assert to_json(aside)  # what is set aside fits into a file


def test_a_whole_emoji_in_two_escapes_stays(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "\\ud83c\\udf4e?", "output": "b"}\n', encoding="utf-8")
    [row] = read(str(path))
    assert isinstance(row, Example)
    assert row.instruction == "\U0001f34e?"


def test_numbers_are_answers_as_they_are_written_and_what_is_no_number_is_none(tmp_path: Path) -> None:
    lines = [f'{{"instruction": "{n}", "output": {value}}}' for n, value in enumerate(["4", "-2.5", "1e999"])]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    four, half, endless = read(str(path))
    assert isinstance(four, Example)
    assert isinstance(half, Example)
    assert isinstance(endless, SetAside)
    assert (four.references, half.references) == (("4",), ("-2.5",))
    assert (endless.reason, str(endless.detail).endswith("line 3: output is inf, which is no number")) == ("not-a-number", True)


@given(
    st.lists(st.dictionaries(st.sampled_from(["instruction", "output", "x"]), st.text(max_size=30)), max_size=8), st.booleans()
)
def test_a_list_is_read_piece_by_piece_as_json_reads_it_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], pretty: bool
) -> None:
    path = tmp_path_factory.mktemp("json") / "rows.json"
    path.write_text(json.dumps(rows, indent=2 if pretty else None), encoding="utf-8")
    assert [dict(found.record) for found in records_of(path)] == rows


def test_a_large_list_is_read_in_bounded_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "rows.json"
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(30_000):
            file.write(("," if number else "") + json.dumps({"instruction": f"Gör {number} " + "x" * 300, "output": "Gjort"}))
        file.write("]")
    tracemalloc.start()
    count = sum(1 for _ in records_of(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_000
    assert path.stat().st_size > 10_000_000
    assert peak < 4_000_000


def test_a_set_on_a_hub_is_streamed_at_its_revision_and_runs_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked: dict[str, Any] = {}

    def load(name: str, subset: str | None, **kwargs: Any) -> list[dict[str, Any]]:
        asked.update(name=name, subset=subset, **kwargs)
        return [{"instruction": "Gör", "context": "", "response": "Gjort", "category": "qa"}]

    monkeypatch.setattr(datasets, "load_dataset", load)
    [row] = read("hub:someone/some-set", revision="abc123", subset="sv")
    assert row.id.startswith("d/")
    assert asked == {"name": "someone/some-set", "subset": "sv", "split": "train", "revision": "abc123", "streaming": True}
    with pytest.raises(ValueError, match="pin the data set with `revision:`"):
        read("hub:someone/some-set")


def test_a_hub_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def load(*_: Any, **__: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(InputError, match="some-set: the data set cannot be read: ConnectionError: no route"):
        read("hub:someone/some-set", revision="abc123")


def test_unknown_sets_and_missing_provenance_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file or folder, and no set of this name. Did you mean 'danish-seeds'"):
        Instructions("danish-seed")
    with pytest.raises(ValueError, match="say its `licence:`"):
        Instructions(file_of(tmp_path, [FORMATS["alpaca"][0]]), language="sv", dataset="d")
    with pytest.raises(ValueError, match=r"its `language:`, .* under the builder \(the config's own `language:`"):
        Instructions(file_of(tmp_path, [FORMATS["alpaca"][0]]), licence="MIT", dataset="d")
    with pytest.raises(ValueError, match=r"unknown format 'alpacca'. Did you mean 'alpaca'"):
        read(file_of(tmp_path, [FORMATS["alpaca"][0]]), format="alpacca")


@pytest.mark.parametrize(
    ("name", "rows", "licence"),
    [
        ("danish-seeds", 176, "MIT AND CC-BY-NC-4.0"),
        ("alpaca-seeds", 175, "Apache-2.0"),
        ("sweinstruct-natural", 959, "MIT AND Apache-2.0"),
        ("sweinstruct-unnatural", 100, "MIT AND Apache-2.0"),
        ("ntrex-continuations-en", 634, "CC-BY-SA-4.0"),
    ],
)
def test_the_sets_known_by_name_are_read_whole(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, name: str, rows: int, licence: str
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    found = list(Instructions(name).examples())
    assert len(found) == len({row.id for row in found}) == rows
    assert all(isinstance(row, Example) and row.origin is not None and row.origin.licence == licence for row in found)
    assert read_by(name)


def test_questions_without_an_answer_are_set_aside(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    found = list(Instructions("mt-bench-questions-en").examples())
    assert len(found) == 80
    assert {row.reason for row in found if isinstance(row, SetAside)} == {"no-output"}
    assert sum(isinstance(row, Example) for row in found) == 39


def test_real_questions_and_answers_are_read_by_path(shared_data: Path) -> None:
    path = shared_data / "zaragoza-construction-faq"
    for file in ("faq.jsonl", "faq-alpaca.jsonl"):
        found = read(str(path / file), licence="CC-BY-4.0", dataset="faq")
        assert len(found) == 503
        assert all(isinstance(row, Example) for row in found)


def test_rows_of_the_natural_instructions_say_their_tasks(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    found = [one for one in Instructions("sweinstruct-natural").examples() if isinstance(one, Example)]
    tasks = {one.task for one in found}
    assert len(tasks) == 12
    assert {"quoref_answer_generation", "mctaco_question_generation_event_ordering"} <= tasks
    assert {one.form for one in found} == {"short"}
