"""`harness plugins list` and `check`, as their users type them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import harness

BUILDER = """
from harness import BuilderSpec, Example, hookimpl

class Rows:
    def __init__(self, path):
        self.path = path

    def examples(self):
        for line in open(self.path):
            yield Example.from_instruction("rows/1", line, ["svar"], language="sv")

@hookimpl
def harness_dataset_builders():
    return [BuilderSpec("rows-of-this-test", build=Rows, argument="path")]
"""
TABLE = "item,system,text,reference,rating,rater\n1,a,ett två tre,ett,5,x\n1,b,ett,ett,3,x\n"


def ask(*words: object) -> Result:
    return CliRunner().invoke(harness, ["plugins", *map(str, words)], env={"COLUMNS": "160"})


@pytest.fixture
def builder(tmp_path: Path) -> Path:
    (tmp_path / "rows.py").write_text(BUILDER, encoding="utf-8")
    (tmp_path / "one.txt").write_text("en rad\n", encoding="utf-8")
    (tmp_path / "two.txt").write_text("en rad\nen till\n", encoding="utf-8")
    return tmp_path


def test_the_list_can_be_asked_for_names_and_kinds() -> None:
    rows = json.loads(ask("list", "chrf", "trainer", "--json").stdout)["plugins"]
    assert {row["kind"] for row in rows} == {"metric", "trainer"}
    assert [row["name"] for row in rows if row["kind"] == "metric"] == ["chrf"]


def test_a_narrow_terminal_gets_origin_and_load_time_behind_the_words() -> None:
    said = CliRunner().invoke(harness, ["plugins", "list", "chrf"], env={"COLUMNS": "80"}).stdout
    assert said.splitlines()[0].split() == ["kind", "name", "what", "it", "is"]
    assert "[metaeval-harness " in said


def test_a_name_that_nothing_has_is_told() -> None:
    for command in ("list", "check"):
        done = ask(command, "chrff")
        assert done.exit_code == 2
        assert "Did you mean 'chrf'" in done.stderr


def test_parameters_follow_the_name(builder: Path) -> None:
    file = builder / "rows.py"
    (skipped,) = json.loads(ask("check", file, "--json").stdout)["checks"]
    assert (skipped["status"], "needs the parameter 'path'" in skipped["detail"]) == ("skipped", True)
    good = ask("check", "--plugin", file, f"rows-of-this-test:{builder / 'one.txt'}")
    assert (good.exit_code, "1 examples and 0 rows set aside" in good.stdout) == (0, True)


def test_what_is_wrong_is_said_line_by_line_and_ends_with_3(builder: Path) -> None:
    done = ask("check", "--plugin", builder / "rows.py", f"rows-of-this-test:{builder / 'two.txt'}", "--json")
    (check,) = json.loads(done.stdout)["checks"]
    assert done.exit_code == 3
    assert check["problems"] == ["row 2 has the id 'rows/1' of row 1: an id says which one it is"]


def test_a_source_is_read_with_its_parameters_and_a_command_is_tried_too(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text(TABLE, encoding="utf-8")
    done = ask("check", f"table:{tmp_path / 'ratings.csv'}", "show")
    assert done.exit_code == 0, done.output
    assert "1 examples, 2 outputs, 2 ratings, the same each time" in done.stdout
    assert "loads, and its help is complete" in done.stdout
