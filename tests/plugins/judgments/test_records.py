"""A judgment set kept as records."""

from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from harness.errors import InputError, PluginError
from harness.judgments import JudgmentSet, read_judgments
from harness.plugins import load_plugins
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale, to_json
from harness.store import Run

KIND = "judgment source"
EXAMPLE = Example.from_instruction("d/1", "Vad är 1+1?", ["två"], language="sv")
OUTPUTS = [Output(id=f"d/1/{name}", example_id="d/1", system=name, text=text) for name, text in (("a", "två"), ("b", "tre"))]
JUDGMENTS = [
    Judgment(output_id=output.id, rater="anna", criterion="correctness", value=value, scale=Scale(low=1, high=3))
    for output, value in zip(OUTPUTS, (3, 1), strict=True)
]
PREFERENCE = Preference(output_a="d/1/a", output_b="d/1/b", rater="anna", criterion="overall", winner="a", shown_first="b")


def write(folder: Path, **files: list[msgspec.Struct]) -> Path:
    for name, records in files.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(to_json(record) + b"\n" for record in records))
    return folder


def read(reference: str) -> JudgmentSet:
    registry = load_plugins()
    return read_judgments(registry.build(KIND, registry.parse(KIND, reference)))


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    write(tmp_path, examples=[EXAMPLE], outputs=OUTPUTS, judgments=JUDGMENTS, preferences=[PREFERENCE])
    info = JudgmentInfo(name="mina", version="3", criteria=("correctness", "overall"), licence="CC0-1.0")
    (tmp_path / "info.json").write_bytes(to_json(info))
    data = read(f"records:{tmp_path}")
    assert data.info == info
    assert (list(data.examples), list(data.outputs)) == ([EXAMPLE], OUTPUTS)
    assert (list(data.judgments), list(data.preferences)) == (JUDGMENTS, [PREFERENCE])


def test_a_folder_without_a_description_is_named_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "pilot"
    folder.mkdir()
    write(folder, examples=[EXAMPLE], outputs=OUTPUTS, judgments=JUDGMENTS)
    data = read(f"records:{folder},primary=anna")
    assert (data.info.name, data.info.primary_rater) == ("records:pilot", "anna")


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, examples=[EXAMPLE], outputs=OUTPUTS, judgments=JUDGMENTS)
    path = tmp_path / "outputs.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert list(read(f"records:{tmp_path}").outputs) == OUTPUTS


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("judgments.jsonl", b'{"output_id": "d/1/a"}\n', "judgments.jsonl, line 1: not a record of the kind Judgment"),
        ("outputs.jsonl", b"\n\nnot json\n", "outputs.jsonl, line 3: not a record of the kind Output"),
        ("outputs.jsonl", b'{"id": "\xff"}\n', "outputs.jsonl, line 1"),
        ("outputs.jsonl", b"[" * 100_000 + b"\n", "outputs.jsonl, line 1"),
        ("info.json", b'{"name": "x"}', "info.json: not what a judgment set says of itself"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    write(tmp_path, examples=[EXAMPLE], outputs=OUTPUTS, judgments=JUDGMENTS)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(f"records:{tmp_path}")


def test_a_folder_that_lacks_what_is_needed_says_what(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        read(f"records:{tmp_path / 'none'}")
    write(tmp_path, example=[EXAMPLE], outputs=OUTPUTS)
    with pytest.raises(InputError, match=r"there is no examples.jsonl in it\. Did you mean 'example.jsonl'\?"):
        read(f"records:{tmp_path}")
    with pytest.raises(PluginError, match="needs the parameter 'path'"):
        read("records")


def test_a_text_on_a_scale_is_refused_and_a_label_without_one_is_read(tmp_path: Path) -> None:
    text = Judgment(output_id="d/1/a", rater="anna", criterion="correctness", value="1.0", scale=Scale(low=1, high=3))
    write(tmp_path, examples=[EXAMPLE], outputs=OUTPUTS, judgments=[JUDGMENTS[1], text])
    with pytest.raises(InputError, match=r"judgments\.jsonl, line 2: the value '1\.0' is a text, which has no place on a scale"):
        read(f"records:{tmp_path}")
    write(tmp_path, judgments=[msgspec.structs.replace(text, value="bra", scale=None)])
    assert [judgment.value for judgment in read(f"records:{tmp_path}").judgments] == ["bra"]


def finished_run(folder: Path, **tables: list[msgspec.Struct]) -> Path:
    with Run.open(folder, config={"name": "mine"}, command=("harness", "generate")) as run:
        for name, records in tables.items():
            run.write_table(name, records)
    return folder


def test_a_finished_run_is_read_by_its_tables(tmp_path: Path) -> None:
    folder = finished_run(tmp_path / "tuned", examples=[EXAMPLE], outputs=OUTPUTS, judgments=JUDGMENTS)
    data = read(f"records:{folder}")
    assert data.info.name == "records:tuned"
    assert (list(data.examples), list(data.outputs), list(data.judgments)) == ([EXAMPLE], OUTPUTS, JUDGMENTS)
    assert data.preferences == ()


def test_a_run_that_nobody_has_rated_has_outputs_to_score(tmp_path: Path) -> None:
    data = read(f"records:{finished_run(tmp_path / 'tuned', examples=[EXAMPLE], outputs=OUTPUTS)}")
    assert (list(data.outputs), data.criteria) == (OUTPUTS, ())


def test_a_run_without_outputs_or_whose_table_was_changed_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this run holds no outputs"):
        read(f"records:{finished_run(tmp_path / 'built', examples=[EXAMPLE])}")
    folder = finished_run(tmp_path / "tuned", examples=[EXAMPLE], outputs=OUTPUTS)
    (folder / "outputs.parquet").write_bytes((folder / "examples.parquet").read_bytes())
    with pytest.raises(InputError, match=r"outputs\.parquet is not what the run wrote"):
        read(f"records:{folder}")


def test_a_run_that_was_stopped_is_not_read(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), Run.open(tmp_path / "tuned", config={}, command=()) as run:
        run.write_table("examples", [EXAMPLE])
        raise KeyboardInterrupt
    with pytest.raises(InputError, match="this run is not finished"):
        read(f"records:{tmp_path / 'tuned'}")
