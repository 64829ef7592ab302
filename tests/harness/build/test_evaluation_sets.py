"""Evaluation sets: judgment sources by name, files and build folders; what is absent is told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.build.evaluation_sets import evaluation_sets
from harness.build.options import ContaminationOptions
from harness.errors import InputError, PluginError
from harness.protocols import BuilderSpec, DataFiles, JudgmentSourceSpec
from harness.records import Example, JudgmentInfo, Output, to_json
from harness.registry import Entry, Registry
from harness.store import TABLES, write_table

ITEM = Example.from_instruction("s/1", "Vilken är rätt?", ["Den första"], language="sv", choices=("a b", "c d"), source="Källan")
TEXTS = [("s/1", text) for text in ("Vilken är rätt?", "Den första", "a b", "c d", "Källan")]


class Source:
    info = JudgmentInfo(name="s", version="1")

    def __init__(self, path: str | None = None, fail: BaseException | None = None) -> None:
        self.fail = fail

    def read(self) -> Iterator[Any]:
        yield ITEM
        yield Output(id="s/1/x", example_id="s/1", system="x", text="ett systems svar hör inte hit")
        if self.fail is not None:
            raise self.fail


def registry(**sources: Any) -> Registry:
    found = Registry()
    for name, build in sources.items():
        found.entries["judgment source"][name] = Entry(JudgmentSourceSpec(name, build=build), "test", "test")
    return found


def absent() -> Source:
    raise InputError("its data are absent")


def needs(path: str) -> Source:
    return Source(path)


class Bare(Source):
    def read(self) -> Iterator[Any]:
        yield Example(id="s/1", kind="instruction", language="sv")


def broken() -> Source:
    return Source(fail=KeyError("column"))


def test_every_source_that_needs_nothing_is_looked_at_and_absent_ones_are_told() -> None:
    found, notes = evaluation_sets(
        registry(here=Source, absent=absent, needs=needs, broken=broken, bare=Bare), ContaminationOptions()
    )
    assert [(one.name, list(one)) for one in found] == [("here", TEXTS)]
    assert notes == [
        "contamination was not checked against 'absent': its data are absent",
        "contamination was not checked against 'bare': its items hold no question, source, choice or reference",
        "contamination was not checked against 'broken': judgment source 'broken': reading failed: KeyError: 'column'",
    ]


def test_what_is_named_must_be_there(tmp_path: Path) -> None:
    for name in ("absent", "nothing", str(tmp_path / "no.jsonl"), str(tmp_path)):
        with pytest.raises((InputError, PluginError)):
            evaluation_sets(registry(absent=absent), ContaminationOptions(against=(name,)))


def test_no_set_is_read_where_the_step_is_off() -> None:
    assert evaluation_sets(registry(absent=absent), ContaminationOptions(use=False, against=("absent",))) == ([], [])


def test_files_of_examples_of_texts_and_of_objects(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_bytes(
        to_json(ITEM) + b'\n"bara en text"\n\n{"id": 7, "question": "Hur?", "answers": ["S\xc3\xa5", "S\xc3\xa5"]}\n'
    )
    (tmp_path / "e.txt").write_text("rad ett\n\nrad två\n", encoding="utf-8")
    (tmp_path / "e.json").write_text(json.dumps(["ett", {"text": "två"}]), encoding="utf-8")
    names = tuple(str(tmp_path / name) for name in ("e.jsonl", "e.txt", "e.json"))
    found, _ = evaluation_sets(registry(), ContaminationOptions(against=names))
    assert [list(one) for one in found] == [
        [*TEXTS, ("line 2", "bara en text"), ("7", "Hur?"), ("7", "Så")],
        [("line 1", "rad ett"), ("line 3", "rad två")],
        [("item 1", "ett"), ("item 2", "två")],
    ]


def test_parquet_of_any_columns_and_the_folder_of_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["x"], "prompt": ["Varför?"], "n": [3]}), tmp_path / "p.parquet")
    (tmp_path / "build").mkdir()
    write_table(tmp_path / "build" / TABLES["examples"].file, [ITEM], Example)
    names = (str(tmp_path / "p.parquet"), str(tmp_path / "build"))
    found, _ = evaluation_sets(registry(), ContaminationOptions(against=names))
    assert [list(one) for one in found] == [[("x", "Varför?")], TEXTS]
    monkeypatch.chdir(tmp_path)
    relative = Path("file:sets") / "p.parquet"
    relative.parent.mkdir()
    relative.write_bytes((tmp_path / "p.parquet").read_bytes())
    found, _ = evaluation_sets(registry(), ContaminationOptions(against=(str(relative),)))
    assert [list(one) for one in found] == [[("x", "Varför?")]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"{", "line 1: not JSON"),
        ("a.jsonl", b"3\n", "line 1: expected a text or an object with texts, got 3"),
        ("a.json", b"[", "not JSON"),
        ("a.txt", b"\xff\xfe\xff", "not UTF-8"),
        ("a.parquet", b"PAR1", "not a readable Parquet file"),
        ("a.csv", b"a,b", "is none of"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        evaluation_sets(registry(), ContaminationOptions(against=(str(tmp_path / name),)))
    assert name in str(caught.value)


def builder_data(home: Path, **files: str) -> Registry:
    """A registry with a builder that reads the data set `letters`, whose files lie in the data home."""
    folder = home / "letters"
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    pinned = {name.replace("__", "."): "0" * 64 for name in files}
    spec = BuilderSpec("b", build=Source, data={"letters": DataFiles("letters", "", pinned, "CC0-1.0", "nowhere")})
    found = Registry()
    found.entries["dataset builder"]["b"] = Entry(spec, "test", "test")
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    return tmp_path


def test_of_a_builders_data_set_the_test_files_are_read_as_they_lie_there(home: Path) -> None:
    nested = json.dumps({"version": "1", "data": [{"context": "En text", "choices": [{"text": "Ett svar"}]}, {"context": "Två"}]})
    plugins = builder_data(
        home, a_dev__jsonl='{"q": "nej"}\n', a_test__jsonl='{"q": "Ja"}\n', test__json=nested, LICENSE_test__md="x"
    )
    [found], notes = evaluation_sets(plugins, ContaminationOptions(against=("data:letters",)))
    assert found.name == "data:letters"
    assert list(found) == [
        ("a_test line 1", "Ja"),
        ("test item 1", "En text"),
        ("test item 1", "Ett svar"),
        ("test item 2", "Två"),
    ]
    assert notes == []


def test_of_a_data_set_without_test_files_all_are_read(home: Path) -> None:
    plugins = builder_data(home, faq__txt="Varför?\n")
    [found], _ = evaluation_sets(plugins, ContaminationOptions(against=("data:letters",)))
    assert list(found) == [("faq line 1", "Varför?")]


def test_a_data_set_that_is_absent_or_unknown_or_not_readable_is_an_error(home: Path) -> None:
    plugins = builder_data(home, faq__conllu="1")
    with pytest.raises(InputError, match="no file of 'letters' is one of"):
        evaluation_sets(plugins, ContaminationOptions(against=("data:letters",)))
    with pytest.raises(InputError, match="no data set 'gec-sv'; known are letters"):
        evaluation_sets(plugins, ContaminationOptions(against=("data:gec-sv",)))
    (home / "letters" / "faq.conllu").unlink()
    with pytest.raises(InputError, match="harness data get letters"):
        evaluation_sets(plugins, ContaminationOptions(against=("data:letters",)))
