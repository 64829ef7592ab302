"""The command `harness data annotate`, as a study's owner types it."""

import csv
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rating_study import write_study

from harness.annotate.store import open_store
from harness.annotate.study_file import load_study
from harness.cli.main import harness


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_study(tmp_path)


def annotate(*words: object) -> Result:
    return CliRunner().invoke(harness, ["data", "annotate", *map(str, words)])


def made(study: Path):
    return open_store(load_study(study), None)


def answer_all(study: Path, pseudonym: str) -> None:
    store = made(study)
    rater = store.record_consent(store.rater(pseudonym))
    while (task := store.next_task(rater)) is not None:
        answers = dict.fromkeys(task.criteria, 1 + task.position % 3)
        store.save_answer(rater, task.id, answers, client_id=f"client-{task.id}", seconds=2.0)
    store.close()


def test_serving_prints_a_link_for_each_rater_once(study: Path) -> None:
    links = first_lines(study, 5)
    assert re.fullmatch(r"mini: 3 raters, serving at http://127\.0\.0\.1:\d+ \(Ctrl-C stops; answers are kept\)", links[0])
    assert re.fullmatch(r"owner: http://127\.0\.0\.1:\d+/owner/[\w-]{43}", links[1])
    assert [line.partition(":")[0] for line in links[2:]] == ["anna", "bo", "cia"]
    token = links[2].rpartition("/")[2]
    store = made(study)
    assert store.rater_by_token(token).pseudonym == "anna"
    assert token.encode() not in Path("annotations/mini.sqlite").read_bytes()
    again = first_lines(study, 3)
    assert again[1:] == [
        "links are those printed before; a lost one is replaced with:",
        f"harness data annotate raters link {study} NAME",
    ]
    assert store.rater_by_token(token).pseudonym == "anna"


def first_lines(study: Path, count: int) -> list[str]:
    """What the server says when it starts."""
    command = [sys.executable, "-m", "harness", "data", "annotate", "serve", str(study), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    stop = threading.Timer(60, process.kill)  # a line that does not come must not hang the test
    stop.start()
    lines = [process.stdout.readline().strip() for _ in range(count)]
    stop.cancel()
    process.kill()
    process.wait()
    process.stdout.close()
    return lines


def test_raters_are_added_listed_given_new_links_and_deleted(study: Path) -> None:
    answer_all(study, "anna")
    added = annotate("raters", "add", study, "dora", "--base-url", "https://bedom.example.org/")
    assert added.exit_code == 0
    link = re.fullmatch(r"dora: https://bedom\.example\.org/r/([\w-]{43})\n", added.output)
    assert link
    listed = json.loads(annotate("raters", "list", study, "--json").output)
    assert [(row["pseudonym"], row["done"], row["total"]) for row in listed] == [
        ("anna", 8, 8), ("bo", 0, 8), ("cia", 0, 8), ("dora", 0, 8),
    ]  # fmt: skip
    new = annotate("raters", "link", study, "dora").output
    assert link[1] not in new
    refused = CliRunner().invoke(harness, ["data", "annotate", "raters", "delete", str(study), "anna"], input="n\n")
    assert refused.exit_code == 1
    deleted = annotate("raters", "delete", study, "anna", "--yes")
    assert deleted.output == "anna and 9 answers are erased\n"
    missing = annotate("raters", "delete", study, "anna", "--yes")
    assert missing.exit_code == 2
    assert "there is no rater 'anna'" in missing.output


def test_status_prints_every_figure_with_its_n(study: Path) -> None:
    for pseudonym in ("anna", "bo"):
        answer_all(study, pseudonym)
    text = annotate("status", study).output
    assert "mini: 4 items, 8 outputs\n18 of 27 tasks done, 16 answers (checks and training left out)\n" in text
    assert re.search(r"anna +yes +8 of 8 +2\.0 n=8 +0 of 0", text)
    assert re.search(r"correctness +2 +-?\d\.\d\d n=8 \(ordinal\)", text)
    assert json.loads(annotate("status", study, "--json").output)["answers"] == 16


def test_the_export_meta_evaluates_from_the_command_line(study: Path) -> None:
    for pseudonym in ("anna", "bo"):
        answer_all(study, pseudonym)
    exported = annotate("export", study, "--out", "records")
    assert exported.output.startswith("48 ratings and 0 preferences of 2 raters on 8 outputs of 4 items\n")
    words = ["metaeval", "--judgments", "records:records", "--metric", "chrf", "--resamples", "50", "--json"]
    result = CliRunner().invoke(harness, words)
    assert result.exit_code == 0, result.output
    assert "krippendorff_alpha_ordinal" in result.output


def test_a_sheet_goes_out_and_comes_back(study: Path) -> None:
    refused = annotate("export", study, "--sheet", "bo", "--out", "bo.csv")
    assert refused.exit_code == 2
    assert "give --consent-given" in refused.output
    assert not Path("bo.csv").exists()
    assert annotate("export", study, "--sheet", "bo", "--out", "bo.csv", "--consent-given").exit_code == 0
    assert "Läs *hela* svaret." in Path("bo.guidelines.md").read_text()
    again = annotate("export", study, "--sheet", "bo", "--out", "bo.csv")
    assert again.exit_code == 2
    assert "bo.csv is there already, perhaps filled in" in again.output
    Path("other.guidelines.md").write_text("my own")
    third = annotate("export", study, "--sheet", "bo", "--out", "other.csv")
    assert "other.guidelines.md is there already" in third.output
    assert (Path("other.guidelines.md").read_text(), Path("other.csv").exists()) == ("my own", False)
    with Path("bo.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    for row in rows[1:]:
        row[-3:] = ["1", "2", "3"]
    rows[1][-1] = ""
    write(rows)
    imported = annotate("import", study, "bo.csv")
    assert imported.exit_code == 3
    assert "bo: 7 new, 0 replaced, 0 there already, 0 empty rows\n" in imported.output
    assert "bo.csv, line 2: correctness is empty; the row is not stored" in imported.output
    rows[1][-1] = "3"
    rows[2][-1] = "4"
    write(rows)
    wrong = annotate("import", study, "bo.csv")
    assert wrong.exit_code == 2
    assert "bo.csv, line 3, column 'correctness': '4' is not one of 1, 2, 3" in wrong.output
    rows[2][-1] = "3"
    write(rows)
    assert annotate("import", study, "bo.csv").output == "bo: 1 new, 0 replaced, 7 there already, 0 empty rows\n"


def write(rows: list[list[str]]) -> None:
    with Path("bo.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)


def test_a_study_of_comparisons_is_seen_and_exported_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = write_study(tmp_path, criteria=[], compare={"criteria": ["overall"]}, training=[])
    store = made(study)
    for pseudonym in ("anna", "bo"):
        rater = store.record_consent(store.rater(pseudonym))
        while (task := store.next_task(rater)) is not None:
            first = int(task.instruction[-2]) % 2 == 0
            store.save_answer(rater, task.id, {"overall": "first" if first else "tie"}, client_id=f"client-{task.id}")
    text = annotate("status", study).output
    assert re.search(r"compare:overall +2 +-?\d\.\d\d n=4 \(nominal\)", text)
    assert annotate("export", study, "--out", "records").output.startswith("0 ratings and 8 preferences of 2 raters")
    checked = CliRunner().invoke(harness, ["data", "check", "records:records"])
    assert checked.exit_code == 0, checked.output


def test_looking_at_a_study_that_was_not_started_says_how_to_start_it(study: Path) -> None:
    for words in (["status", study], ["export", study], ["raters", "list", study]):
        result = annotate(*words)
        assert result.exit_code == 2
        assert "`harness data annotate serve STUDY.yaml` makes the study there" in result.output
    assert not Path("annotations").exists()


def test_a_study_of_outputs_in_a_table_needs_no_ratings(study: Path) -> None:
    Path("outputs.csv").write_text("item,system,output,instruction\n1,a,ja,Är 1 lika med 1?\n1,b,nej,Är 1 lika med 1?\n")
    text = study.read_text().replace(f"jsonl: {study.with_name('items.jsonl')}", "source: 'table:outputs.csv,language=sv'")
    assert "table:outputs.csv" in text
    study.write_text(text)
    store = made(study)
    assert [(o.system, o.text) for o in store.contents.outputs.values()] == [("a", "ja"), ("b", "nej")]


def test_help_is_answered_without_a_database_package() -> None:
    code = "import sys; import harness.cli.annotate; print({'sqlalchemy', 'fastapi', 'numpy'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
