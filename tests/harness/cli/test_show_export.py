"""`show` and `export` give back what a run holds, row by row, and a spreadsheet never takes a text for a formula."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.records import MetaRow, Output, Score, from_json
from harness.store import Run, read_table, write_table

TEXTS = ["=1+1", "+46 8 123", "-fel", "@svar", "\tindrag", "rad ett\nrad två", 'sa "hej", gick', "åäö 🦌", "vanlig text"]
SAFE = {"=1+1": "'=1+1", "+46 8 123": "'+46 8 123", "-fel": "'-fel", "@svar": "'@svar", "\tindrag": "'\tindrag"}


def invoke(*arguments, code=0):
    result = CliRunner().invoke(harness, list(map(str, arguments)))
    assert result.exit_code == code, result.stderr
    return result


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    rows = [{"item": n, "system": "a", "output": text, "reference": "ref", "rating": 1 + n % 3} for n, text in enumerate(TEXTS)]
    table = folder / "ratings.jsonl"
    table.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    invoke("score", "--judgments", f"table:{table}", "-m", "chrf", "-o", folder / "run")
    return folder / "run"


def exported(run, *arguments):
    return invoke("export", run, *arguments).stdout


def test_csv_guards_texts_that_a_spreadsheet_would_compute_and_leaves_the_rest(run):
    rows = list(csv.DictReader(io.StringIO(exported(run, "outputs", "--format", "csv"), newline="")))
    assert [row["text"] for row in rows] == [SAFE.get(text, text) for text in TEXTS]
    assert {row["sample"] for row in rows} == {"0"}
    assert {row["loglik"] for row in rows} == {""}


def test_it_says_how_many_texts_it_guarded_and_how_not_to(run):
    assert "5 texts would be formulas" in invoke("export", run, "outputs", "--format", "csv").stderr
    raw = invoke("export", run, "outputs", "--format", "csv", "--raw")
    assert [row["text"] for row in csv.DictReader(io.StringIO(raw.stdout, newline=""))] == TEXTS
    assert raw.stderr == ""


def test_numbers_are_never_guarded(run, tmp_path):
    from harness.cli.export import _write_cells

    written = io.StringIO()
    negative = Score(targets=("a",), metric="-m|v:1", value=-0.5)
    assert _write_cells(written, [negative], "scores", "csv", raw=False) == (1, 1)
    (row,) = csv.DictReader(io.StringIO(written.getvalue()))
    assert (row["value"], row["metric"], row["targets"]) == ("-0.5", "'-m|v:1", '["a"]')


def test_tsv_is_the_same_with_tabs(run):
    rows = list(csv.DictReader(io.StringIO(exported(run, "outputs", "--format", "tsv"), newline=""), delimiter="\t"))
    assert [row["text"] for row in rows] == [SAFE.get(text, text) for text in TEXTS]


def test_json_lines_are_the_records_themselves(run):
    lines = exported(run, "outputs", "--format", "jsonl").splitlines()
    assert [from_json(line, Output) for line in lines] == list(read_table(run / "outputs.parquet", Output))
    assert [from_json(line, Output).text for line in lines] == TEXTS


def test_a_value_keeps_every_digit_in_csv(run):
    rows = csv.DictReader(io.StringIO(exported(run, "scores", "--format", "csv"), newline=""))
    assert [float(row["value"]) for row in rows] == [score.value for score in read_table(run / "scores.parquet", Score)]


def test_export_writes_to_a_file_and_says_so(run, tmp_path):
    file = tmp_path / "scores.csv"
    result = invoke("export", run, "scores", "--format", "csv", "-o", file)
    assert result.stdout == ""
    assert f"9 rows in {file}" in result.stderr
    assert file.read_text(encoding="utf-8") == exported(run, "scores", "--format", "csv")


def test_filters_keep_the_rows_whose_column_has_the_value(run):
    assert len(exported(run, "scores", "--format", "jsonl", "--where", "metric=chrf").splitlines()) == 9
    assert len(exported(run, "scores", "--format", "jsonl", "--where", "metric=bleu").splitlines()) == 0
    both = exported(run, "judgments", "--format", "jsonl", "--where", "value=2", "--where", "output_id=ratings/1/a")
    assert [json.loads(line)["value"] for line in both.splitlines()] == [2.0]
    assert len(exported(run, "scores", "--format", "jsonl", "--where", "targets=ratings/1/a").splitlines()) == 1
    assert len(exported(run, "scores", "--format", "jsonl", "--where", "component=").splitlines()) == 9


def test_show_prints_rows_up_to_a_limit_and_says_so(run):
    result = invoke("show", run, "outputs", "--limit", "2")
    assert len(result.stdout.splitlines()) == 3
    assert "the first 2 rows" in result.stderr
    everything = invoke("show", run, "outputs", "--limit", "0")
    assert len(everything.stdout.splitlines()) == 1 + len(TEXTS)
    assert "rad ett⏎rad två" in everything.stdout
    assert everything.stdout.splitlines()[0].split() == ["id", "example_id", "system", "sample", "text"]


def test_show_prints_json_too(run):
    rows = json.loads(invoke("show", run, "outputs", "--json", "--limit", "3").stdout)
    assert [row["text"] for row in rows] == TEXTS[:3]
    assert json.loads(invoke("show", run, "--json").stdout)["status"] == "done"


def test_show_says_what_a_run_is(run):
    shown = invoke("show", run).stdout
    assert shown.startswith(f"{run}: done, started ")
    assert "tables: examples 9, outputs 9, scores 9, judgments 9, preferences 0" in shown
    assert "units_scored 9" in shown


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["scors"], "there is no table 'scors'. Did you mean 'scores'?"),
        (["scores", "--where", "metrik=chrf"], "has no column 'metrik'. Did you mean 'metric'?"),
        (["scores", "--where", "chrf"], "write COLUMN=VALUE"),
        (["meta"], "there is no table"),
        (["scores", "--where", "metric=chfr"], "no row with metric=chfr. Did you mean 'chrf'? There are: chrf."),
        (["outputs", "--where", "example_id=0"], "Did you mean 'ratings/0'"),
        (["outputs", "--where", "system=b"], "the table 'outputs' has no row with system=b. There are: a."),
        (["outputs", "--where", "system=a", "--where", "sample=0", "--where", "text=x"], "no row with text=x."),
        (["judgments", "--where", "value=1", "--where", "output_id=ratings/1/a"], "value=1 and output_id=ratings/1/a together"),
    ],
)
def test_what_a_run_does_not_hold_is_said(run, arguments, complaint):
    assert complaint in invoke("show", run, *arguments, code=2).stderr


def test_a_folder_that_is_no_run_is_said_to_be_none(tmp_path):
    assert "is not a run folder" in invoke("show", tmp_path, code=2).stderr
    assert "no-such" in invoke("export", Path("no-such"), "scores", "--format", "csv", code=2).stderr


def test_a_run_that_was_interrupted_is_called_so(tmp_path):
    with pytest.raises(KeyboardInterrupt), Run.open(tmp_path / "run", config={}, command=["harness"]):
        raise KeyboardInterrupt
    shown = invoke("show", tmp_path / "run").stdout
    assert shown.startswith(f"{tmp_path / 'run'}: interrupted, started ")
    assert shown.endswith("run the same command again to resume\n")
    assert "KeyboardInterrupt" not in shown


def test_rows_that_are_asked_for_as_json_may_be_none(run):
    assert json.loads(invoke("show", run, "scores", "--where", "status=error", "--json").stdout) == []


def test_a_table_of_an_earlier_command_in_the_folder_is_not_shown_as_the_last_ones(run, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(run, folder)
    write_table(folder / "meta.parquet", [], MetaRow)
    assert "meta" not in invoke("show", folder).stdout
    for command in (("show", folder, "meta"), ("export", folder, "meta", "--format", "csv")):
        result = invoke(*command, code=2)
        assert "is of an earlier command in this folder" in result.stderr
