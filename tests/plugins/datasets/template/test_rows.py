"""Rows of template sets out of files of every kind, and out of data sets that `datasets` loads."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_plugins.datasets.template.builder import TemplateBuilder, _reads
from harness_plugins.datasets.template.rows import file_rows, parallel_rows

from harness.errors import HarnessError, InputError
from harness.records import Example

ROWS = [{"fråga": "Vad är 1 + 1?", "svar": "2"}, {"fråga": 'Vad betyder "hej"?', "svar": "En hälsning,\nsom man säger."}]
SET = """
set: mina
language: sv
task: question-answering
licence: CC0-1.0
splits: {train: SPLITS}
EXTRA
columns: {question: fråga, answer: svar}
templates:
  - id: fraga
    instruction: "{{ question }}"
    response: "{{ answer }}"
"""


def built(path: Path, splits: str, extra: str = "") -> list[tuple[str | None, str]]:
    (path / "mina.yaml").write_text(SET.replace("SPLITS", splits).replace("EXTRA", extra), encoding="utf-8")
    rows = TemplateBuilder(str(path / "mina.yaml")).examples()
    return [(row.instruction, row.references[0]) for row in rows if isinstance(row, Example)]


def write(path: Path, kind: str) -> Path:
    file = path / f"rader.{kind}"
    if kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    elif kind == "json":
        file.write_text(json.dumps(ROWS, ensure_ascii=False), encoding="utf-8-sig")
    elif kind == "csv":
        file.write_bytes('fråga,svar\r\nVad är 1 + 1?,2\r\n"Vad betyder ""hej""?","En hälsning,\r\nsom man säger."\r\n'.encode())
    elif kind == "tsv":
        file.write_text(
            'fråga\tsvar\nVad är 1 + 1?\t2\n"Vad betyder ""hej""?"\t"En hälsning,\nsom man säger."\n', encoding="utf-8"
        )
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "tsv", "parquet"])
def test_every_kind_of_file_says_the_same(tmp_path: Path, kind: str) -> None:
    file = write(tmp_path, kind)
    assert built(tmp_path, file.name) == [(row["fråga"], row["svar"]) for row in ROWS]
    assert [Path(read).name for read in _reads(str(tmp_path / "mina.yaml"))] == ["mina.yaml", file.name]


def test_a_split_may_be_several_files_and_rows_may_lie_under_a_key(tmp_path: Path) -> None:
    for name, row in zip("ab", ROWS, strict=True):
        (tmp_path / f"{name}.json").write_text(json.dumps({"version": 1, "data": [row]}), encoding="utf-8")
    assert len(built(tmp_path, "[a.json, b.json]", "within: data")) == 2
    with pytest.raises(InputError, match=r"a\.json: expected a list of rows; is it under one of its keys \(version, data\)"):
        built(tmp_path, "a.json")
    with pytest.raises(InputError, match=r"no list of rows under 'dat'\. Did you mean 'data'"):
        built(tmp_path, "a.json", "within: dat")


def test_parallel_files_give_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "sv.txt").write_text("Hej\r\nHej då\n", encoding="utf-8")
    (tmp_path / "en.txt").write_text("Hello\nBye\n", encoding="utf-8")
    paths = {"fråga": tmp_path / "en.txt", "svar": tmp_path / "sv.txt"}
    assert list(parallel_rows(paths)) == [(1, {"fråga": "Hello", "svar": "Hej"}), (2, {"fråga": "Bye", "svar": "Hej då"})]
    assert built(tmp_path, "{fråga: en.txt, svar: sv.txt}") == [("Hello", "Hej"), ("Bye", "Hej då")]
    (tmp_path / "en.txt").write_text("Hello\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"equally many lines: .*en\.txt has 1, .*sv\.txt has 2"):
        list(parallel_rows(paths))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "a.jsonl, line 2: no JSON"),
        ("a.jsonl", b"[1]\n", "a.jsonl, row 1: expected an object with columns"),
        ("a.jsonl", b'{}\n{"a": "\xe5"}\n', "a.jsonl, line 2: not UTF-8: the byte 0xe5 (column 8)"),
        ("a.jsonl", b'{"a": "\xe5"}\n', "it looks like Latin-1 (Windows-1252), where this byte is 'å'; save the file as UTF-8"),
        ("a.csv", b"a,b\n1,\xf6\n", "a.csv, line 2: not UTF-8"),
        ("a.json", b'[{"a":\n "\xf6"}]', "a.json, line 2: not UTF-8"),
        ("a.jsonl", '{"a": 1}\n'.encode("utf-16"), "a.jsonl: not UTF-8: the file is UTF-16; save it as UTF-8"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16-le"), "it looks like UTF-16 without a byte order mark"),
        ("a.jsonl", gzip.compress(b'{"a": 1}', mtime=0), "a.jsonl: not UTF-8: the file is compressed (gzip); unpack it first"),
        ("a.jsonl", b'{"a": NaN}\n', "a.jsonl, line 1: no JSON: NaN is no JSON"),
        ("a.json", b'[{"a": -Infinity}]', "a.json: no JSON: -Infinity is no JSON"),
        ("a.jsonl", b'{"a": 1}\n{"a": 1\n', "a.jsonl, line 2: no JSON: Expecting ',' delimiter (column 8)"),
        ("a.json", b'[{"a": 1},\n{"a" 1}]', "a.json: no JSON: Expecting ':' delimiter (line 2, column 6)"),
        ("a.csv", b"a,b\n1,2\n3\n", "a.csv, line 3: it has another number of columns"),
        ("a.csv", b'a,b\n1,"2\n', "a.csv: cannot be read as a table"),
        ("a.parquet", b"no parquet", "a.parquet: cannot be read as Parquet"),
        ("a.xlsx", b"", "rows are read from files that end in .jsonl"),
        ("a.json", b"", "a.json: no JSON"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        list(file_rows(tmp_path / name))
    assert message in str(caught.value)


def test_a_device_or_a_pipe_is_named_as_such(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").symlink_to("/dev/null")
    for name, what in (("a.jsonl", "it is a named pipe, not a file"), ("b.jsonl", "it is a device, not a file")):
        with pytest.raises(InputError, match=f"{name}: {what}"):
            list(file_rows(tmp_path / name))


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"fraga": "a", "svar": "b"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl, row 1: there is no column 'fråga'. Did you mean 'fraga'?"):
        built(tmp_path, "a.jsonl")


ARTICLES = [
    {"artikel": f"Kommunen bygger en skola vid {place}. Den ska rymma {n} elever om två år.", "ingress": f"{place} får skola."}
    for n, place in enumerate(["ån", "älven", "torget", "parken", "stationen", "hamnen"], 300)
]  # fmt: skip


def test_a_summarisation_set_is_loaded_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets", reason="needs the extra build (datasets)")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "nyheter"
    folder.mkdir()
    for split, rows in (("train", ARTICLES), ("validation", ARTICLES[:1])):
        lines = [json.dumps(row | {"nr": n}, ensure_ascii=False) for n, row in enumerate(rows)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    changes: dict[str, Any] = {
        "set": "nyheter",
        "dataset": str(folder),
        "licence": "CC-BY-4.0",
        "columns": {"document": "artikel", "summary": "ingress"},
        "splits": {"train": "train", "dev": "validation"},
    }
    examples = [row for row in TemplateBuilder([{"summarisation": changes}]).examples() if isinstance(row, Example)]
    assert [example.meta["source_split"] for example in examples] == ["train"] * 6 + ["dev"]
    assert {example.references[0] for example in examples} == {row["ingress"] for row in ARTICLES}
    assert all(example.source in (example.instruction or "") for example in examples)
    assert max(Counter(str(example.meta["template"]) for example in examples).values()) == 2  # seven rows, six templates
    assert [Path(path) for path in _reads([{"summarisation": changes}])][1:] == [folder, folder]
    with pytest.raises(HarnessError, match="split 'test'"):
        list(TemplateBuilder([{"summarisation": changes | {"splits": {"train": "test"}}}]).examples())
    with pytest.raises(InputError, match="there is no folder"):
        list(TemplateBuilder([{"summarisation": changes | {"dataset": "./nowhere"}}]).examples())


def test_a_summarisation_set_may_be_files_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ARTICLES), encoding="utf-8")
    changes = {"splits": {"train": str(tmp_path / "a.jsonl")}, "columns": {"document": "artikel", "summary": "ingress"}}
    assert len(list(TemplateBuilder([{"summarisation": changes}]).examples())) == 6
