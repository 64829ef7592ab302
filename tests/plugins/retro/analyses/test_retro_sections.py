"""Analyses as sections of a run's report: what the commands say, for `harness report`."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from click.testing import CliRunner
from harness_plugins.retro.analyses.depth import AtDepth
from harness_plugins.retro.analyses.gain import Bin, Correlation, Explained
from harness_plugins.retro.analyses.intervals import Figure
from harness_plugins.retro.analyses.sections import depth_section, overlap_section
from harness_plugins.retro.cli import retro
from tiny_retro import save_tiny, tiny_corpus, tiny_retro

from harness.report.kept_sections import kept_sections

ONE = Figure(value=1.5, low=1.25, high=2.0, tokens=80, chunks=10, documents=5)
NONE = Figure(value=None, tokens=0, chunks=0, documents=0, note="there is no token of this kind")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A run's folder with the sections of four analyses, and what the commands said as JSON."""
    place = tmp_path_factory.mktemp("sections")
    corpus = tiny_corpus(place / "db")
    model = save_tiny(tiny_retro(corpus), corpus, place / "mine" / "model")
    (place / "run").mkdir()
    said = {}
    for name, more in (("perplexity", []), ("overlap", []), ("copy", []), ("swap", ["-r", "bm25 k1=2", "-r", "bm25 k1=-1"])):
        usual = ["--section", place / "run", "--resamples", "100", "--device", "cpu", "--json", "-q"]
        found = CliRunner().invoke(retro, [name, *map(str, [model, *usual, *more])])
        assert found.exit_code == (3 if name == "swap" else 0), found.output
        said[name] = json.loads(found.stdout)
    return place / "run", said, model


def _rows(run_folder, name, table=0):
    sections, _ = kept_sections(run_folder[0])
    found = next(one for one in sections if one.id.startswith(f"retro-{name}"))
    tables = [figure for figure in found.figures if type(figure).__name__ == "DataTable"]
    return [dict(zip([column.name for column in tables[table].columns], row, strict=True)) for row in tables[table].rows]


def test_a_section_holds_the_figures_that_the_command_says(run_folder):
    said = run_folder[1]
    every = said["perplexity"]["scopes"][0]
    found = {row["measure"]: row for row in _rows(run_folder, "perplexity") if row["tokens"] == "all"}
    assert found["gain"]["value"].startswith(f"{every['gain']['value']:.4f} [")
    assert (found["gain"]["n tokens"], found["gain"]["n documents"]) == (every["tokens"], every["documents"])
    copied = _rows(run_folder, "copy")[1]
    assert (copied["tokens"], copied["n tokens"]) == ("copied", said["copy"]["parts"][1]["gain"]["tokens"])
    assert [row["retriever"] for row in _rows(run_folder, "swap")] == ["(OFF)", "bm25", "bm25 k1=2"]
    assert sum(row["n chunks"] for row in _rows(run_folder, "overlap", table=1)) == sum(
        one["gain"]["chunks"] for one in said["overlap"]["bins"]
    )


def test_what_could_not_be_used_is_a_warning_of_the_report(run_folder):
    assert any("bm25 k1=-1" in warning and "could not be used" in warning for warning in kept_sections(run_folder[0])[1])


def test_the_same_analysis_of_the_same_reading_takes_the_place_of_the_earlier_one_and_another_stands_beside_it(run_folder):
    folder, _, model = run_folder
    before = {path.name for path in (folder / "sections").iterdir()}
    for more, new in ((["-r", "bm25"], 0), (["-k", "1"], 1)):
        arguments = ["copy", str(model), "--section", str(folder), "--resamples", "100", "--device", "cpu", "-q", *more]
        assert CliRunner().invoke(retro, arguments).exit_code == 0
        after = {path.name for path in (folder / "sections").iterdir()}
        assert len(after - before) == new
    titles = [section.title for section in kept_sections(folder)[0] if section.id.startswith("retro-copy")]
    assert titles == ["Where the gain of retrieval is: mine"] * 2


def test_the_cloud_has_the_chunks_that_could_read_and_bins_in_nats():
    why = Explained(
        chunks=2, without=0, correlations=(Correlation(measure="overlap", spearman=ONE, pearson=ONE),), differences=()
    )
    bins = [Bin(low=0.0, high=0.5, gain=ONE, copied=ONE, others=ONE), Bin(low=0.5, high=1.0, gain=NONE, copied=NONE, others=NONE)]
    shares, gains = np.array([np.nan, 0.25, 0.5]), np.array([np.nan, 0.1, -0.2])
    cloud, _, table = overlap_section(shares, gains, ONE, ONE, why, bins, level=0.9, seed=0).figures
    (panel,) = cloud.panels
    assert [(point.x, point.y, point.label) for point in panel.points] == [(0.25, 0.1, "chunk 1"), (0.5, -0.2, "chunk 2")]
    assert [(one.value, one.n) for one in panel.bins] == [(pytest.approx(np.log(1.5)), 10), (None, 0)]
    assert [row[0] for row in table.rows] == ["0.0 to 0.5"]


def test_depth_is_a_table_and_a_line_where_there_are_two():
    found = [AtDepth(depth=depth, gain=ONE, overlap=ONE, queries=40, seconds=2.0, threads=2) for depth in (2, 10)]
    table, line = depth_section(found, 0.95).figures
    assert table.rows[1] == (10, "1.5000 [1.2500 2.0000]", "1.5000 [1.2500 2.0000]", "50.000", 40, 2, 80, 5)
    assert (line.series[0].x, line.series[0].y) == ((2.0, 10.0), (1.5, 1.5))
    assert len(depth_section(found[:1], 0.95).figures) == 1
