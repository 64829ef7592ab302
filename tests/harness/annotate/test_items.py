"""Where the items of a study come from."""

import json
from pathlib import Path

import msgspec
import pytest
from rating_study import write_study

from harness.annotate.items import read_items
from harness.annotate.study import ItemsFrom, Study
from harness.annotate.study_file import load_study
from harness.errors import HarnessError, InputError, PluginError
from harness.records import Example, Output
from harness.store import TABLES, table_path, write_table


def study_of(tmp_path: Path, **items: object) -> Study:
    """The little study (4 items, 2 systems) with its items from somewhere else."""
    return msgspec.structs.replace(load_study(write_study(tmp_path)), items=ItemsFrom(**items))


def jsonl(tmp_path: Path) -> str:
    return str(tmp_path / "items.jsonl")


def test_examples_and_outputs_come_from_json_lines_in_one_file_or_two(tmp_path: Path) -> None:
    study = study_of(tmp_path, jsonl=jsonl(tmp_path))
    one = read_items(study)
    assert (len(one.examples), len(one.outputs), one.info) == (4, 8, None)
    for name, kind in (("examples", Example), ("outputs", Output)):
        records = one.examples if kind is Example else one.outputs
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    files = (str(tmp_path / "examples.jsonl"), str(tmp_path / "outputs.jsonl"))
    assert read_items(msgspec.structs.replace(study, items=ItemsFrom(jsonl=files))) == one


def test_examples_and_outputs_come_from_a_run_folder(tmp_path: Path) -> None:
    study = study_of(tmp_path, jsonl=jsonl(tmp_path))
    items = read_items(study)
    run = tmp_path / "run"
    run.mkdir()
    for name, records in (("examples", items.examples), ("outputs", items.outputs)):
        write_table(table_path(run, name), records, TABLES[name].record_type, key=TABLES[name].key)
    found = read_items(msgspec.structs.replace(study, items=ItemsFrom(run=str(run))))
    assert {output.id for output in found.outputs} == {output.id for output in items.outputs}
    with pytest.raises(InputError, match="not a run folder with outputs"):
        read_items(msgspec.structs.replace(study, items=ItemsFrom(run=str(tmp_path))))


def test_ratings_in_a_table_are_left_aside(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("item,system,output,rater,rating\n1,a,ja,anna,3\n1,b,nej,anna,1\n")
    study = study_of(tmp_path, source={"source": f"table:{table}", "language": "sv"})
    assert [(output.system, output.text) for output in read_items(study).outputs] == [("a", "ja"), ("b", "nej")]
    assert read_items(study).examples[0].language == "sv"


def test_systems_can_be_chosen_and_are_known(tmp_path: Path) -> None:
    study = study_of(tmp_path, jsonl=jsonl(tmp_path), systems=("beta-2b",))
    assert {output.system for output in read_items(study).outputs} == {"beta-2b"}
    with pytest.raises(InputError, match="there is no system 'beta'"):
        read_items(study_of(tmp_path, jsonl=jsonl(tmp_path), systems=("beta",)))


def test_a_sample_is_drawn_by_the_seed(tmp_path: Path) -> None:
    def drawn(seed: int) -> list[str]:
        study = msgspec.structs.replace(study_of(tmp_path, jsonl=jsonl(tmp_path), sample=2), seed=seed)
        items = read_items(study)
        assert {output.example_id for output in items.outputs} == {example.id for example in items.examples}
        return [example.id for example in items.examples]

    assert [len(drawn(seed)) for seed in range(5)] == [2] * 5
    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(20)}) > 1


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    study = study_of(tmp_path, jsonl=jsonl(tmp_path))
    path = Path(jsonl(tmp_path))
    path.write_text(path.read_text() + '\n{"id": "x"}\n')
    line = len(path.read_text().splitlines())
    with pytest.raises(InputError, match=rf"items.jsonl, line {line}: not an Example or Output"):
        read_items(study)


def test_items_that_cannot_be_rated_say_why(tmp_path: Path) -> None:
    study = study_of(tmp_path, jsonl=jsonl(tmp_path))
    path = Path(jsonl(tmp_path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({**line, "text": None} if "example_id" in line else line) + "\n" for line in lines))
    with pytest.raises(InputError, match="no output of the items is a text"):
        read_items(study)
    for items, error in (
        ({"source": "gec-xx"}, PluginError),
        ({"source": {"language": "sv"}}, InputError),
        ({"jsonl": "no"}, HarnessError),
    ):
        with pytest.raises(error):
            read_items(study_of(tmp_path, **items))
