"""`harness report` writes a finished run's report; `harness run` and `harness metaeval -o` end with theirs."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from harness.cli.main import harness
from harness.report.contents import Section, Words
from harness.report.kept_sections import leave_section
from harness.stages.train import Trained
from harness.store import Run

FEW = ("--resamples", "50", "--set", "draws=50", "--set", "random_draws=2")


def invoke(*arguments, code=0):
    result = CliRunner().invoke(harness, list(map(str, arguments)))
    assert result.exit_code == code, result.stderr
    return result


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "ratings.jsonl"
    rows = [
        {"item": item, "system": system, "output": text, "reference": "en röd bil", "rating": rating}
        for item in range(40)
        for system, text, rating in (("bra", "en röd bil", 3), ("halv", f"en bil {item}", 2), ("dålig", "nej", 1))
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(table):
    folder = table.parent / "run"
    result = invoke("metaeval", "--judgments", f"table:{table}", "-m", "chrf", *FEW, "-o", folder)
    assert f"The report: {folder}/report.html and {folder}/report.md" in result.stdout
    return folder


def test_a_metaeval_that_is_kept_ends_with_its_report(run):
    assert (run / "report.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert (run / "report.md").read_text(encoding="utf-8").startswith("# Which metric can you trust?")
    assert list(run.glob("*.tmp")) == []


def test_the_usual_files_are_the_same_again(run):
    before = (run / "report.html").read_bytes(), (run / "report.md").read_bytes()
    result = invoke("report", run)
    assert result.stdout.splitlines() == [f"{run}/report.html", f"{run}/report.md"]
    assert ((run / "report.html").read_bytes(), (run / "report.md").read_bytes()) == before


def test_formats_can_be_chosen_and_go_elsewhere(run, tmp_path):
    said = json.loads(invoke("report", run, "--format", "csv", "--format", "json", "--out", tmp_path, "--json").stdout)
    assert said["files"] == {"csv": f"{tmp_path}/report-tables.zip", "json": f"{tmp_path}/report.json"}
    assert said["answer"] == json.loads((tmp_path / "report.json").read_text())["answer"]
    assert "accuracy-1.csv" in zipfile.ZipFile(tmp_path / "report-tables.zip").namelist()


def test_one_format_goes_to_the_file_named_or_to_stdout(run, tmp_path):
    invoke("report", run, "--format", "md", "--out", tmp_path / "mine.md")
    assert invoke("report", run, "--format", "md", "--out", "-").stdout == (tmp_path / "mine.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["html", "md", "csv", "json"])
def test_an_earlier_report_is_replaced_wherever_it_lies(run, tmp_path, kind):
    path = tmp_path / "mine"
    invoke("report", run, "--format", kind, "--out", path)
    before = path.read_bytes()
    invoke("report", run, "--format", kind, "--out", path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["meta.parquet", "manifest.json", "config.yaml", "scores.parquet", ".lock"])
def test_no_file_of_a_run_is_overwritten(run, name):
    before = (run / name).read_bytes()
    for command in (("report", run, "--format", "json", "--out"), ("export", run, "meta", "--format", "csv", "-o")):
        assert "is part of a run" in invoke(*command, run / name, code=2).stderr
    assert (run / name).read_bytes() == before


@pytest.mark.parametrize("content", [b"My thesis", b"# Notes\n\nwords\n", b'{"answer": 42}', b"PK\x03\x04", b"{", b"[1]"])
def test_a_file_that_is_no_report_is_left_alone(run, tmp_path, content):
    for name in ("thesis.tex", "report.md", "report.html"):
        (tmp_path / name).write_bytes(content)
        refused = invoke("report", run, "--format", "md", "--out", tmp_path / name, code=2).stderr
        assert "is no report; name another file" in refused
        assert (tmp_path / name).read_bytes() == content


def test_standard_output_by_its_name_gets_the_report_alone(run):
    command = [sys.executable, "-m", "harness", "report", str(run), "--format", "md", "--out"]
    named = subprocess.run([*command, "/dev/stdout"], capture_output=True, check=True)
    assert named.stdout == (run / "report.md").read_bytes()
    assert subprocess.run([*command, "/dev/null"], capture_output=True, check=True).stdout == b""
    assert Path("/dev/null").is_char_device()


def test_wrong_use_is_answered_with_what_to_do(run, tmp_path):
    assert "give one --format" in invoke("report", run, "--out", "-", code=2).stderr
    assert "make it first" in invoke("report", run, "--out", tmp_path / "absent", code=2).stderr
    assert "make it first" in invoke("report", run, "--format", "md", "--out", tmp_path / "no" / "x.md", code=2).stderr
    assert invoke("report", tmp_path, code=2).stderr.startswith("Error: ")


def test_a_run_of_scores_alone_says_what_is_missing(table, tmp_path):
    invoke("score", "--judgments", f"table:{table}", "-m", "chrf", "-o", tmp_path / "scores")
    assert "holds scores alone" in invoke("report", tmp_path / "scores", code=2).stderr


def step(folder, **described):
    with Run.open(folder, config={}, command=("harness", "train", "x.yaml")) as made:
        made.finish("done", described=described)
    return folder


def test_a_run_without_scores_shows_its_trainings_and_what_analyses_left(tmp_path):
    folder = step(tmp_path / "trained", trained={"tiny": {}})
    trained = Trained(name="tiny", trainer="toy", params={}, stage="s", checkpoint="tiny/model", files={},
                      examples={"document": 3}, facts={"losses": [2.0, 1.5]})  # fmt: skip
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "tiny.json").write_bytes(msgspec.json.encode(trained))
    leave_section(
        folder, "looked", Section(id="looked", title="What was seen", figures=(Words(id="w", title="W", paragraphs=("P",)),))
    )
    invoke("report", folder)
    page = (folder / "report.md").read_text(encoding="utf-8")
    assert "tiny: toy on 3 examples, loss 2.000 to 1.500 in 2 steps" in page
    assert "## What was seen" in page
    assert "<h2" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_without_scores_or_sections_says_that_there_is_nothing_to_report(tmp_path):
    for described in ({"generate": {"on": {}}}, {"build": {"output": 3}}):
        folder = step(tmp_path / str(len(described)) / next(iter(described)), **described)
        for command in ("report", "judge-card"):
            told = invoke(command, folder, code=2).stderr
            assert "holds nothing that was scored" in told or "scored nothing" in told
            assert "Traceback" not in told
        assert not (folder / "report.html").exists()


def test_a_config_ends_with_its_report(table, tmp_path):
    config, out = tmp_path / "small.yaml", tmp_path / "out"
    few = "{resamples: 50, draws: 50, random_draws: 2, slices: []}"
    config.write_text(
        f"name: small\njudgments: {{source: table, path: {table}}}\nmetrics: [chrf]\nmetaevaluate: {few}\noutput: {out}\n"
    )
    result = invoke("run", config)
    assert result.stdout.splitlines()[-1] == f"Its report: {tmp_path}/out/report.html and {tmp_path}/out/report.md"
    assert json.loads(invoke("run", config, "--json").stdout)["report"]["md"] == f"{tmp_path}/out/report.md"
