"""The frozen cases of the statistics are those that their script draws."""

from pathlib import Path

from benchmark_scripts import benchmark

SHIPPED = Path(__file__).parents[2] / "configs/gate/statistics"


def test_the_shipped_cases_are_the_ones_drawn(tmp_path: Path, capsys) -> None:
    benchmark("gate_statistics_cases").main([str(tmp_path)])
    drawn = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.jsonl")}
    assert drawn == {path.name: path.read_text(encoding="utf-8") for path in SHIPPED.glob("*.jsonl")}
    assert "mixed.jsonl: 26 items" in capsys.readouterr().out
