"""The report of an experiment: every text is escaped, every number has its interval, its n and what it is worth."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from toy_experiment import write_experiment

from harness.cli.main import harness
from harness.errors import InputError
from harness.pipeline.report import experiment_report
from harness.report.contents import DataTable, LinePlot
from harness.report.files import rendered

EVIL = '<script>alert(1)</script> [x](http://evil.example) =cmd|"/c calc"'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished toy experiment whose base system says what would be markup, and a formula."""
    home = tmp_path_factory.mktemp("toy")
    write_experiment(home)
    plugin = home / "toy_plugin.py"
    plugin.write_text(plugin.read_text(encoding="utf-8").replace('text = "vet inte"', f"text = {EVIL!r}"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(home / "cache"))
        patch.chdir(home)
        result = CliRunner().invoke(harness, ["run", "toy.yaml", "--quiet"])
    assert result.exit_code == 0, result.output
    return home / "runs" / "toy"


def test_it_says_what_was_found_with_interval_n_and_trust(folder: Path) -> None:
    report = experiment_report(folder)
    assert report.answer[0].startswith("counted against base: same-words +")
    assert "Trust in the metric: unknown." in report.answer[0]
    assert any("Nobody has rated the answers" in warning for warning in report.warnings)
    tables = {figure.id: figure for section in report.sections for figure in section.figures if isinstance(figure, DataTable)}
    means = tables["means"]
    names = [column.name for column in means.columns]
    [counted] = [row for row in means.rows if row[0] == "all" and row[2] == "counted"]
    said = dict(zip(names, counted, strict=True))
    assert (said["runs"], said["highest run"], said["trust in the metric"]) == (2, 1.0, "unknown")
    assert said["n items"] == said["n documents"]
    assert {"differences", "trust-table", "training-facts", "builds", "answers-table"} <= set(tables)


def test_the_loss_of_each_seed_is_a_curve(folder: Path) -> None:
    [curves] = [
        figure for section in experiment_report(folder).sections for figure in section.figures if isinstance(figure, LinePlot)
    ]
    assert [(series.label, series.y) for series in curves.series] == [
        ("counted-0", (3.0, 2.0, 1.0)),
        ("counted-1", (3.0, 2.0, 2.0)),
    ]
    assert "| counted-1 | 3.000 | 2.000 | 2.000 | 2 | 3 |" in rendered(experiment_report(folder), "md").decode()


def test_what_a_model_says_is_text_on_every_page(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert text.count("](http") == text.count("`[x](http://evil.example`") > 0  # in code, where it is no link
    with zipfile.ZipFile(io.BytesIO(rendered(experiment_report(folder), "csv"))) as archive:
        [name] = [name for name in archive.namelist() if "answers-table" in name]
        cells = [cell for row in csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"))) for cell in row]
    assert any("alert(1)" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_harness_report_writes_it_again(folder: Path) -> None:
    before = (folder / "report.md").read_bytes()
    (folder / "report.md").unlink()
    result = CliRunner().invoke(harness, ["report", str(folder), "--format", "md"])
    assert result.exit_code == 0, result.output
    assert (folder / "report.md").read_bytes() == before


def test_a_folder_without_an_experiment_says_so(folder: Path) -> None:
    with pytest.raises(InputError, match="no finished experiment lies here"):
        experiment_report(folder / "builds" / "data")
