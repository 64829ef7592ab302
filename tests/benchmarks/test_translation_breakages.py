"""The frozen breakages: what the builder lets through must not get more."""

from collections import Counter

import pytest
from benchmark_scripts import benchmark


@pytest.mark.parametrize("unit", ["text", "sentence"])
def test_no_planted_breakage_is_silently_kept_and_no_harmless_row_set_aside(
    unit: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    script = benchmark("translation_breakages")
    rows = script.graded(unit)
    planted = Counter(what for row, what, _ in rows if row["category"] != "harmless")
    silent = [row["id"] for row, what, _ in rows if row["category"] != "harmless" and what == script.SILENT]
    vain = [row["id"] for row, what, _ in rows if row["category"] == "harmless" and what == script.ASIDE]
    assert len(rows) == 60
    assert silent == []
    assert vain == []
    assert planted[script.KEPT] >= 27


@pytest.mark.parametrize("unit", ["text", "sentence"])
def test_of_the_second_set_one_row_stays_whose_condition_wants_miles_in_english(
    unit: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    script = benchmark("translation_breakages")
    rows = script.graded(unit, "2")
    planted = Counter(what for row, what, _ in rows if row["category"] != "harmless")
    silent = [row["id"] for row, what, _ in rows if row["category"] != "harmless" and what == script.SILENT]
    vain = [row["id"] for row, what, _ in rows if row["category"] == "harmless" and what == script.ASIDE]
    assert len(rows) == 60
    assert silent == ["second-units-2"]
    assert vain == []
    assert planted[script.KEPT] >= 25


def test_the_good_translations_fulfil_their_conditions_and_the_sources_do_not() -> None:
    script = benchmark("translation_breakages")
    for row in script.read_rows():
        if "good" in row:
            assert all(script.holds(condition, row["good"]) for condition in row["must_hold"]), row["id"]
            fields = {name: row[name] for name in ("instruction", "input", "output")}
            assert not all(script.holds(condition, fields) for condition in row["must_hold"]), row["id"]
