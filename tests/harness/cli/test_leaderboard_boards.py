"""`harness leaderboard show`, `export` and `diff` on folders of results."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from boards import hand_made_board, results_folder
from click.testing import CliRunner, Result

from harness.cli.main import harness

FEW = ("--resamples", "200")


def invoke(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(harness, ["leaderboard", *map(str, arguments)])
    assert result.exit_code == code, result.stderr
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return results_folder(tmp_path_factory.mktemp("results"))


def test_show_prints_values_intervals_clusters_and_trust(folder: Path) -> None:
    result = invoke("show", folder, *FEW, "--metric", "bleu")
    assert "3 models, 4 tasks, 95 % intervals" in result.stdout
    lines = {line.split()[1]: line for line in result.stdout.splitlines() if line.startswith(("↑", "↓"))}
    assert set(lines) == {
        "sv_choice/acc", "sv_translate/chrf", "sv_translate/bleu", "sv_prose/character_perplexity", "sv_cloze/acc"
    }  # fmt: skip
    assert "0.725 [0.572, 0.839] 1/1" in lines["sv_choice/acc"]
    assert "missing" in lines["sv_cloze/acc"]
    assert "by-key" in lines["sv_choice/acc"]
    assert "warning: nobody knows how far these metrics agree with people" in result.stderr
    assert "warning" not in invoke("show", folder, *FEW, "--quiet").stderr


def test_show_as_json_is_the_whole_board(folder: Path) -> None:
    board = json.loads(invoke("show", folder, *FEW, "--json", "--task", "sv_choice", "--model", "tuned").stdout)
    assert [column["key"] for column in board["columns"]] == ["sv_choice/acc"]
    assert [cell["model"] for cell in board["cells"]] == ["tuned"]
    assert board["columns"][0]["trust"]["verdict"] == "by-key"


def test_control_characters_of_a_name_do_not_reach_the_terminal(tmp_path: Path) -> None:
    source = results_folder(tmp_path)
    path = source / "tuned/results_sv_choice.json"
    content = json.loads(path.read_text())
    content["harness"]["model"]["name"] = "evil\x1b[2J\nname"
    path.write_text(json.dumps(content))
    shown = invoke("show", source, *FEW).stdout
    assert "\x1b" not in shown
    assert "evil\\x1b[2J\\nname" in shown


def test_a_folder_without_results_and_an_unknown_task_are_wrong_use(folder: Path, tmp_path: Path) -> None:
    assert "holds no results of lm-eval" in invoke("show", tmp_path, code=2).stderr
    assert "Did you mean 'sv_choice'" in invoke("show", folder, "--task", "sv_choise", code=2).stderr


def test_export_writes_every_format(folder: Path, tmp_path: Path) -> None:
    kinds = ("html", "csv", "md", "json", "lm-eval", "every-eval-ever")
    result = invoke("export", folder, *FEW, *(part for kind in kinds for part in ("--format", kind)), "--out", tmp_path)
    written = [Path(line).relative_to(tmp_path).as_posix() for line in result.stdout.splitlines()]
    assert written[:4] == ["leaderboard.html", "leaderboard.csv", "leaderboard.md", "leaderboard.json"]
    assert sorted(written[4:7]) == [
        "org_other-7b/results_org_other-7b.json", "tuned/results_tuned.json", "untuned/results_untuned.json"
    ]  # fmt: skip
    assert len(written) == 10
    assert all((tmp_path / name).stat().st_size for name in written)
    assert (tmp_path / "leaderboard.html").read_text().lstrip().lower().startswith("<!doctype html>")
    assert "3 models" in invoke("show", tmp_path, *FEW).stdout


def test_export_to_stdout_is_the_file(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(invoke("export", folder, *FEW, "--format", "csv", "--out", "-").stdout)))
    assert {row["model"] for row in rows} == {"tuned", "untuned", "org/other-7b"}


def test_export_replaces_what_an_export_wrote_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    arguments = ("export", folder, *FEW, "--format", "md", "--out")
    invoke(*arguments, tmp_path)
    invoke(*arguments, tmp_path)
    mine = tmp_path / "thesis.md"
    mine.write_text("years of work")
    assert "is there already" in invoke(*arguments, mine, code=2).stderr
    assert mine.read_text() == "years of work"
    (tmp_path / "leaderboard.csv").write_text("my,own,table\n")
    (tmp_path / "leaderboard.md").unlink()
    both = ("export", folder, *FEW, "--format", "md", "--format", "csv", "--out", tmp_path)
    assert "leaderboard.csv is there already" in invoke(*both, code=2).stderr
    assert (tmp_path / "leaderboard.csv").read_text() == "my,own,table\n"
    assert not (tmp_path / "leaderboard.md").exists()
    invoke(*both, "--force")
    invoke(*both)
    html = ("export", folder, *FEW, "--format", "html", "--format", "json", "--out", tmp_path)
    invoke(*html)
    invoke(*html)
    invoke(*arguments, mine, "--force")
    assert mine.read_text().startswith("# ")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--format", "lm-eval"), "name a folder with --out"),
        (("--format", "csv", "--format", "md", "--out", "-"), "give one --format"),
        (("--format", "lm-eval", "--out", "-"), "give one --format"),
        (("--format", "csv", "--format", "md", "--out", "nowhere"), "make it first"),
    ],
)
def test_export_says_where_it_cannot_write(folder: Path, arguments: tuple[str, ...], why: str) -> None:
    assert why in invoke("export", folder, *arguments, *FEW, code=2).stderr


def test_diff_prints_differences_with_intervals_and_verdicts(folder: Path) -> None:
    result = invoke("diff", folder, folder, *FEW, "--pair", "untuned=tuned")
    lines = {line.split()[3]: line for line in result.stdout.splitlines() if line.startswith("untuned → tuned")}
    assert "0.275" in lines["sv_choice/acc"]
    assert lines["sv_choice/acc"].endswith("better")
    assert lines["sv_cloze/acc"].endswith("unclear")
    assert "4 comparisons" in result.stdout


def test_diff_fails_on_worse_only_where_asked(folder: Path) -> None:
    worse = ("diff", folder, folder, *FEW, "--pair", "tuned=untuned")
    invoke(*worse)
    invoke(*worse, "--fail-on-worse", code=1)
    found: dict[str, Any] = json.loads(invoke(*worse, "--json").stdout)
    assert {row["verdict"] for row in found["rows"]} == {"worse", "unclear"}
    assert "write OLD=NEW" in invoke("diff", folder, folder, "--pair", "tuned", code=2).stderr


def test_diff_is_not_green_where_nothing_could_be_compared(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("samples_*.jsonl"):
        path.write_text(path.read_text().replace('"doc_hash": "', '"doc_hash": "other '))
    arguments = ("diff", folder, tmp_path / "copy", *FEW, "--pair", "tuned=tuned")
    assert "0 comparisons" in invoke(*arguments).stdout
    failed = invoke(*arguments, "--fail-on-worse", code=3)
    assert "nothing could be compared (sv_choice/acc: the runs share fewer than two items" in failed.stderr
    assert invoke(*arguments, "--fail-on-worse", "--json", code=3).stdout.startswith("{")


def test_a_damaged_file_is_named_and_the_rest_shown(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    path = copy / "tuned/results_sv_prose.json"
    path.write_text(path.read_text()[:100])
    result = invoke("show", copy, *FEW)
    assert "results_sv_prose.json is no JSON" in result.stderr.replace("\n", " ")
    assert "sv_prose/character_perplexity" in result.stdout


def test_the_board_by_hand_has_every_kind_of_cell() -> None:
    board = hand_made_board()
    assert {cell.status for cell in board.cells} == {"ok", "missing", "partial", "error"}
    assert {column.trust.verdict for column in board.columns if column.trust} == {"agrees", "doubtful", "unknown", "by-key"}
    assert len(board.cells) == len(board.models) * len(board.columns)
