"""What metrics said of a run's answers is kept beside its results, and holds for these answers only."""

from pathlib import Path

import pytest
from boards import results_folder

from harness.errors import InputError
from harness.leaderboard.kept_columns import FILE, keep_columns, with_kept_columns
from harness.leaderboard.results import read_results
from harness.plugins import load_plugins

REGISTRY = load_plugins()


def test_what_was_computed_is_kept_and_holds_for_these_answers_only(tmp_path: Path) -> None:
    home = results_folder(tmp_path)
    made = keep_columns(tmp_path, read_results(home), REGISTRY, [REGISTRY.parse("metric", name) for name in ("rouge-l", "chrf")])
    again = with_kept_columns(read_results(home), tmp_path)
    assert (again.results, again.metrics, again.notes) == (made.results, made.metrics, made.notes)
    assert list(again.read_items("tuned", "sv_translate")) == list(made.read_items("tuned", "sv_translate"))
    samples = home / "tuned" / "samples_sv_translate.jsonl"
    samples.write_text(samples.read_text().replace("snön", "regnet", 40))
    changed = with_kept_columns(read_results(home), tmp_path)
    lacking = {one.model for one in changed.results if one.task == "sv_translate" and "rouge-l" not in one.values}
    assert lacking == {"tuned"}
    assert "answers have changed since chrf per answer, rouge-l scored them (tuned on sv_translate)" in changed.notes[-1]


def test_kept_columns_that_are_damaged_are_told(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    assert with_kept_columns(results, tmp_path) is results
    (tmp_path / FILE).write_text('{"format": 1, "metrics": {}, "kept": [')
    with pytest.raises(InputError, match=r"columns.json: not the columns of a leaderboard .*; delete it, and run"):
        with_kept_columns(results, tmp_path)
    (tmp_path / FILE).write_text('{"format": 9, "metrics": {}, "kept": []}')
    with pytest.raises(InputError, match="columns of format 9"):
        with_kept_columns(results, tmp_path)


def test_what_is_kept_never_stands_in_for_what_was_reported(tmp_path: Path) -> None:
    results = read_results(results_folder(tmp_path))
    (tmp_path / FILE).write_text('{"format": 1, "metrics": {"acc": {"name": "acc", "signature": "acc|v:1"}}, "kept": []}')
    with pytest.raises(InputError, match="the results hold acc already; delete it"):
        with_kept_columns(results, tmp_path)
