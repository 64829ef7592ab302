"""Tasks of a board: found by name, tag and group without reading data, and told apart by their files."""

from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from toy_lm_eval import toy_tasks

from harness.errors import ConfigError
from harness.leaderboard.config import BoardTask, LeaderboardConfig
from harness.leaderboard.tasks import Tasks, find_tasks


def found(folder: Path, *names: str) -> Tasks:
    tasks = tuple(BoardTask(name=name) for name in names)
    return find_tasks(LeaderboardConfig(name="b", models=(), tasks=tasks, task_folders=(str(folder),), output="unused"))


def test_shipped_tasks_and_ones_own_are_found_by_name_and_tag(tmp_path: Path) -> None:
    tasks = found(toy_tasks(tmp_path / "tasks"), "toy_pair", "sv_gec_correction")
    assert [(one.name, one.items, one.metric) for one in tasks.chosen] == [
        ("toy_choice", 6, "acc"),
        ("toy_text", 6, "exact_match"),
        ("sv_gec_correction", 192, "chrf"),
    ]


def test_a_group_is_its_tasks(tmp_path: Path) -> None:
    folder = toy_tasks(tmp_path / "tasks")
    (folder / "both.yaml").write_text("group: both\ntask: [toy_text, toy_choice]\n")
    tasks = found(folder, "both")
    assert [(one.name, one.group) for one in tasks.chosen] == [("toy_text", "both"), ("toy_choice", "both")]
    assert len(tasks.load(tasks.chosen[0], seed=0).eval_docs) == 6


def test_a_task_is_another_when_a_file_that_it_is_made_of_changes(tmp_path: Path) -> None:
    folder = toy_tasks(tmp_path / "tasks")
    (folder / "own.yaml").write_text("include: base.part\ntask: own\n")
    base = folder / "base.part"
    base.write_text((folder / "toy_text.yaml").read_text())
    seen = set()
    for path, text in ((base, "# changed\n"), (folder / "rows.py", "# changed\n"), (folder / "own.yaml", "# changed\n")):
        seen.add(found(folder, "own").chosen[0].digest)
        path.write_text(path.read_text() + text)
    seen.add(found(folder, "own").chosen[0].digest)
    assert len(seen) == 4


def test_a_file_that_lm_eval_passes_over_is_named_with_the_reason(tmp_path: Path) -> None:
    folder = toy_tasks(tmp_path / "tasks")
    (folder / "mine.yaml").write_text("task: mine\ndoc_to_text: [\n")
    with pytest.raises(ConfigError, match=r"mine.yaml: lm-eval cannot read this task \(ParserError"):
        found(folder, "mine")


def test_a_task_that_two_names_stand_for_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the task 'toy_text' is named twice, by 'toy_pair' too"):
        found(toy_tasks(tmp_path / "tasks"), "toy_text", "toy_pair")
