"""`harness retro overlap`, `copy` and `depth`, as a user calls them."""

import json

import pytest
from click.testing import CliRunner
from tiny_retro import save_tiny, tiny_corpus, tiny_retro

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysed")
    corpus = tiny_corpus(folder / "db")
    return save_tiny(tiny_retro(corpus), corpus, folder / "model")


def _run(name, *arguments):
    from harness_plugins.retro.cli import retro

    return CliRunner().invoke(retro, [name, *map(str, arguments), "--resamples", "100", "--device", "cpu", "-q"])


def test_overlap_and_copy_tell_the_same_gain_over_the_same_tokens(model):
    overlap, copy = (_run(name, model, "--json") for name in ("overlap", "copy"))
    assert overlap.exit_code == copy.exit_code == 0, overlap.output + copy.output
    one, other = json.loads(overlap.stdout), json.loads(copy.stdout)
    every, copied, others = other["parts"]
    assert one["gain"] == every["gain"]
    assert sum(found["gain"]["tokens"] or 0 for found in one["bins"]) == every["gain"]["tokens"]
    assert copied["gain"]["tokens"] + others["gain"]["tokens"] == every["gain"]["tokens"]
    assert one["overlap"]["value"] == pytest.approx(copied["share"])
    assert one["explained"]["correlations"][0]["measure"] == "overlap"


def test_tables_have_intervals_and_numbers(model):
    found = _run("overlap", model)
    assert "with the log gain of chunks" in found.stdout
    assert "tokens that could read)\n\n" in found.stdout
    assert "\\n" not in found.stdout
    assert "others" in _run("copy", model).stdout


def test_a_dry_run_says_what_would_be_read_and_computes_nothing(model):
    found = _run("copy", model, "--dry-run")
    assert "2 neighbours of each chunk by bm25" in found.stdout
    assert "nothing was computed" in found.stdout


def test_a_corpus_without_a_chunk_behind_another_is_refused(model):
    found = _run("copy", model, "--length", "8")
    assert found.exit_code != 0
    assert "not defined (0 chunks)" in str(found.exception)


def test_depths_below_the_neighbours_are_refused_and_others_are_told_once():
    from harness_plugins.retro.analyses.depth import checked_depths

    from harness.errors import InputError

    assert checked_depths((1000, 10, 10), 2, 40) == (
        (10, 40),
        ["depths that were given twice are measured once", "depths above the database's 40 chunks are all of them"],
    )
    with pytest.raises(InputError, match="at least the 2 neighbours"):
        checked_depths((0, 10), 2, 40)
