"""Files by split that `datasets` opens, out of rows of every shape."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from small_builds import row

from harness.build import export
from harness.build.export import write_files
from harness.build.export_rows import Survey, row_of
from harness.errors import InputError
from harness.records import Example, MediaPart, Message, TextPart


def written(folder: Path, examples: Iterable[Example], shard_bytes: int = export.SHARD_BYTES) -> dict[str, list[str]]:
    """The files by split."""
    held = sorted(examples, key=lambda example: example.id)
    survey = Survey()
    for example in held:
        survey.add(example)
    return write_files(folder, survey, iter(held), shard_bytes)


def lines(folder: Path, split: str) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in (folder / "data" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The library `datasets`, without a network and with its cache in the test's folder."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    datasets = pytest.importorskip("datasets", reason="needs the extra build")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    return datasets


def test_a_row_has_these_columns_and_ends_with_the_response(tmp_path: Path) -> None:
    files = written(
        tmp_path, [row("a", system="Svara kort.", source="källan", choices=("ja", "nej"), meta={"b": 1, "a": [None]})]
    )
    assert files == {"train": ["data/train-00000-of-00001.parquet"]}
    assert lines(tmp_path, "train") == [
        {
            "id": "set/a",
            "kind": "instruction",
            "language": "sv",
            "task": "question-answering",
            "form": "short",
            "messages": [
                {"role": "system", "content": "Svara kort."},
                {"role": "user", "content": "Vad heter sak a?"},
                {"role": "assistant", "content": "Saken heter a."},
            ],
            "instruction": "Vad heter sak a?",
            "response": "Saken heter a.",
            "choices": ["ja", "nej"],
            "source": "källan",
            "cluster": "document/a",
            "builder": "template",
            "dataset": "set",
            "licence": "CC BY 4.0",
            "meta": '{"a":[null],"b":1}',
        }
    ]


def test_parquet_holds_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    [name] = written(tmp_path, [row(str(n), task=None if n < 3 else "t") for n in range(9)])["train"]
    assert pq.read_table(tmp_path / name).to_pylist() == lines(tmp_path, "train")


def test_an_empty_split_has_no_file(tmp_path: Path) -> None:
    files = written(tmp_path, [row("a", split="test"), row("b", split=None)])
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        "train.jsonl",
        "test.jsonl",
        "train-00000-of-00001.parquet",
        "test-00000-of-00001.parquet",
    }
    assert list(files) == ["train", "test"]


def test_no_rows_leave_an_empty_folder(tmp_path: Path) -> None:
    assert written(tmp_path, []) == {}
    assert list((tmp_path / "data").iterdir()) == []


def test_shards_hold_bounded_bytes_and_are_numbered_of_how_many(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    names = written(tmp_path, [row(f"{n:03}") for n in range(100)], shard_bytes=8_000)["train"]
    counts = [pq.read_metadata(tmp_path / name).num_rows for name in names]
    assert names == [f"data/train-{n:05}-of-{len(names):05}.parquet" for n in range(len(names))]
    assert sum(counts) == 100
    size = (tmp_path / "data" / "train.jsonl").stat().st_size / 100  # of a row
    assert max(counts) == counts[0] == -(-8_000 // (size - 1))  # the row with which the shard is full is its last


def test_equal_rows_make_equal_bytes_and_old_files_go(tmp_path: Path) -> None:
    examples = [row(str(n), split="test" if n % 3 else "train") for n in range(20)]
    written(tmp_path, examples, shard_bytes=2_000)
    first = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()}
    written(tmp_path, examples[:2])
    written(tmp_path, examples[::-1], shard_bytes=2_000)
    assert {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()} == first


def test_a_failure_leaves_the_files_that_were_there(tmp_path: Path) -> None:
    written(tmp_path, [row("a")])
    survey = Survey()
    survey.add(row("b"))

    def torn() -> Iterable[Example]:
        yield row("b")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        write_files(tmp_path, survey, torn())
    assert [one["id"] for one in lines(tmp_path, "train")] == ["set/a"]
    assert {path.name for path in tmp_path.iterdir()} == {"data", export.WRITTEN}


def test_files_that_no_build_wrote_stay(tmp_path: Path) -> None:
    written(tmp_path, [row("a"), row("b", split="test")])
    mine = {"extra.jsonl": b"{}\n", "train-mine.parquet": b"x", "notes.txt": b"mitt"}
    for name, content in mine.items():
        (tmp_path / "data" / name).write_bytes(content)
    (tmp_path / "data" / "folder").mkdir()
    (tmp_path / "data" / "folder" / "train.jsonl").write_bytes(b"mine")
    written(tmp_path, [row("c")])
    data = tmp_path / "data"
    assert {name: (data / name).read_bytes() for name in mine} == mine
    assert (data / "folder" / "train.jsonl").read_bytes() == b"mine"
    ours = {"train.jsonl", "train-00000-of-00001.parquet"}
    assert {path.name for path in data.iterdir()} == {*mine, "folder", *ours}  # the old test split is gone
    assert {path.name for path in tmp_path.iterdir()} == {"data", export.WRITTEN}


def test_a_file_of_the_users_own_in_the_way_is_not_written_over(tmp_path: Path) -> None:
    written(tmp_path, [row("a")])
    (tmp_path / "data" / "test.jsonl").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"data/test\.jsonl: no build wrote this file"):
        written(tmp_path, [row("b"), row("c", split="test")])
    assert (tmp_path / "data" / "test.jsonl").read_bytes() == b"mine"
    assert [one["id"] for one in lines(tmp_path, "train")] == ["set/a"]


def test_files_of_a_build_that_left_no_list_are_known_by_their_names(tmp_path: Path) -> None:
    written(tmp_path, [row("a", split="test")])
    (tmp_path / "data" / "extra.jsonl").write_bytes(b"mine")
    (tmp_path / export.WRITTEN).unlink()
    (tmp_path / "card.html").write_bytes(b"")
    written(tmp_path, [row("b")])
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        "extra.jsonl",
        "train.jsonl",
        "train-00000-of-00001.parquet",
    }


def test_a_folder_of_the_users_own_called_data_is_not_taken_for_a_builds(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_bytes(b"mine")
    with pytest.raises(InputError, match="no build wrote this file"):
        written(tmp_path, [row("a")])
    assert (tmp_path / "data" / "train.jsonl").read_bytes() == b"mine"


@pytest.mark.parametrize("call", range(6))
def test_a_swap_that_is_cut_off_loses_nothing_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    written(tmp_path, [row("a", split="test")])
    for name in ("one.txt", "two.txt"):
        (tmp_path / "data" / name).write_text(name, encoding="utf-8")
    calls, real = iter(range(100)), export.os.replace

    def cut_off(source: Path, target: Path) -> None:
        if "parquet" not in str(source) and next(calls) == call:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(export.os, "replace", cut_off)
        try:
            written(tmp_path, [row("b")])
        except KeyboardInterrupt:
            assert call < 6
    written(tmp_path, [row("c")])
    data = tmp_path / "data"
    assert [(data / name).read_text(encoding="utf-8") for name in ("one.txt", "two.txt")] == ["one.txt", "two.txt"]
    assert [one["id"] for one in lines(tmp_path, "train")] == ["set/c"]
    assert {path.name for path in tmp_path.iterdir()} == {"data", export.WRITTEN}
    assert not (data / "test.jsonl").exists()


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "far")
    with pytest.raises(InputError, match="move it away"):
        written(tmp_path, [row("a")])


def test_the_first_rows_show_every_column(tmp_path: Path) -> None:
    plain = {"task": None, "form": None, "source": None, "origin": None}
    rows = [row(f"{n:02}", **(plain if n < 8 else {"choices": ("ja",)})) for n in range(10)]
    written(tmp_path, rows)
    held = lines(tmp_path, "train")
    assert [one["id"] for one in held[:3]] == ["set/00", "set/08", "set/01"]
    assert sorted(one["id"] for one in held) == [example.id for example in rows]


def test_a_document_has_its_text_and_no_messages(tmp_path: Path) -> None:
    document = Example(
        id="set/d", kind="document", language="sv", messages=(Message(role="document", parts=(TextPart(text="En text."),)),)
    )
    written(tmp_path, [row("a"), document])
    [one, other] = lines(tmp_path, "train")
    assert (one["text"], other["text"]) == (None, "En text.")
    assert (other["messages"], other["instruction"], other["response"]) == ([], None, None)


def test_media_make_every_content_a_list_of_parts() -> None:
    shown = Example(
        id="set/m",
        kind="instruction",
        language="sv",
        messages=(Message(role="user", parts=(TextPart(text="Vad är det?"), MediaPart(media="image", uri="file:///b.png"))),),
        references=("En båt.",),
    )
    survey = Survey()
    for example in (shown, row("a")):
        survey.add(example)
    parts = row_of(shown, survey)["messages"][0]["content"]
    assert [(part["type"], part["text"], part["uri"]) for part in parts] == [
        ("text", "Vad är det?", None),
        ("image", None, "file:///b.png"),
    ]
    assert row_of(row("a"), survey)["messages"][1]["content"][0]["text"] == "Saken heter a."


def test_an_answer_that_stands_in_the_messages_is_not_there_twice() -> None:
    turns = tuple(Message(role=role, parts=(TextPart(text=text),)) for role, text in (("user", "Hej"), ("assistant", "Hej!")))  # type: ignore[arg-type]
    example = Example(id="set/c", kind="chat", language="sv", messages=turns, references=("Hej!",))
    survey = Survey()
    survey.add(example)
    assert [message["role"] for message in row_of(example, survey)["messages"]] == ["user", "assistant"]


def test_datasets_reads_json_lines_whose_rare_columns_come_late(tmp_path: Path, offline: Any) -> None:
    # By itself the reader takes a column's type from its first ten megabytes, and fails on the first text in a column of nulls.
    long = "x" * 3_000
    plain = {"task": None, "form": None, "origin": None, "response": long, "instruction": long}
    written(tmp_path, [row(f"{n:05}", **(plain if n < 2_500 else {"choices": ("ja",)})) for n in range(2_502)])
    assert (tmp_path / "data" / "train.jsonl").stat().st_size > 2 * 10 * 2**20
    found = offline.load_dataset("json", data_files=str(tmp_path / "data" / "train.jsonl"), cache_dir=str(tmp_path / "cache"))
    assert found["train"].num_rows == 2_502
    assert sum(choices == ["ja"] for choices in found["train"]["choices"]) == 2


def test_datasets_reads_shards_as_one_split(tmp_path: Path, offline: Any) -> None:
    names = written(tmp_path, [row(f"{n:03}") for n in range(50)], shard_bytes=8_000)["train"]
    assert len(names) > 1
    files = [str(tmp_path / name) for name in names]
    found = offline.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert found["train"]["id"] == [f"set/{n:03}" for n in range(50)]
