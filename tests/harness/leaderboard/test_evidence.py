"""Evidence: what a meta-evaluation says of a language and a kind of task, from a set in memory, a run folder and a file."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from judgment_sets import Sheet

from harness.cli.main import harness
from harness.errors import InputError
from harness.judgments import JudgmentSet
from harness.leaderboard.evidence import SHIPPED, Evidence, evidence_of, read_evidence, write_evidence
from harness.meta.advice import advise
from harness.records import MetaRow

ROWS = "item,system,text,reference,rating,language,task,form\n" + "".join(
    f"i{item},s{system},{text},snön faller över staden {item},{rating},sv,summary,{form}\n"
    for item in range(40)
    for form in (("short", "long")[item % 2],)
    for system, (text, rating) in enumerate(
        ((f"snön faller över hela staden {item}", 5), (f"snön faller {item}", 3 + item % 2), (f"regnet {item} upphör i dalen", 1))
    )
)


def judged(sheet: Sheet, **options: Any) -> tuple[JudgmentSet, list[MetaRow]]:
    return sheet.data(), sheet.rows(slices=("form", "task", "language"), groupings=("item",), **options)


def two_languages() -> Sheet:
    sheet = Sheet()
    for language in ("sv", "en"):
        for number in range(12):
            item = f"{language}{number}"
            sheet.item(item, language=language, task="summary", form="long")
            for system, rating in (("a", 1.0), ("b", 2.0), ("c", 3.0)):
                sheet.answer(item, system, rating, good=rating, bad=-rating)
    return sheet


def test_it_is_of_one_language_and_says_of_which_task_and_form() -> None:
    found = evidence_of(*judged(two_languages()))
    assert {(one.language, one.task, one.form) for one in found} == {("sv", "summary", "long"), ("en", "summary", "long")}
    assert {one.slice for one in found} == {"language=en", "language=sv"}


def test_a_set_of_one_kind_is_told_once() -> None:
    sheet = Sheet()
    for number in range(12):
        sheet.item(f"{number}", task="gec")
        for system, rating in (("a", 1.0), ("b", 2.0)):
            sheet.answer(f"{number}", system, rating, good=rating)
    [one] = evidence_of(*judged(sheet))
    assert (one.slice, one.language, one.task, one.form, one.items) == ("all", "sv", "gec", None, 12)


def test_its_verdict_and_numbers_are_those_of_advice_and_of_the_table() -> None:
    data, rows = judged(two_languages())
    known = {(one.metric, one.slice): one for one in advise(rows, {})}
    for one in evidence_of(data, rows):
        advice = known[one.metric, one.slice]
        assert (one.verdict, one.reason, one.value, one.items) == (advice.verdict, advice.reason, advice.value, advice.n_items)
        [floor] = [r for r in rows if r.statistic == "floor" and r.slice == one.slice and r.grouping == "item"]
        [above] = [r for r in rows if r.statistic == "above_floor" and r.slice == one.slice and r.metric == one.metric]
        assert (one.floor, one.above, one.above_low) == (floor.value, above.value, above.low)


def test_it_tells_how_well_people_agree_with_each_other_where_enough_was_rated_twice() -> None:
    sheet = Sheet()
    for number in range(32):
        sheet.item(f"{number}", task="gec")
        for system, rating in (("a", 1.0), ("b", 2.0)):
            sheet.answer(f"{number}", system, {"anna": rating, "bo": rating + number % 2}, good=rating)
    [one] = evidence_of(*judged(sheet))
    assert one.human == 1.0  # both raters prefer b on every item
    assert one.human_low is not None
    assert one.raters == "mean"


def test_a_set_that_is_better_by_construction_is_no_evidence() -> None:
    sheet = two_languages()
    data, rows = judged(sheet)
    assert evidence_of(data, rows)
    built = Sheet(constructed=True)
    built.examples, built.outputs, built.judgments = sheet.examples, sheet.outputs, sheet.judgments
    built.scores, built.metrics = sheet.scores, sheet.metrics
    assert evidence_of(*judged(built)) == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return metaeval(tmp_path_factory.mktemp("evidence"))


def test_a_run_folder_and_the_file_made_of_it_say_the_same(run: Path, tmp_path: Path) -> None:
    found = read_evidence(run)
    assert {(one.slice, one.form) for one in found} == {("all", None), ("form=short", "short"), ("form=long", "long")}
    assert {one.task for one in found} == {"summary"}
    assert all(one.systems == 3 and one.order is not None for one in found if one.slice == "all")
    write_evidence(tmp_path / "evidence.json", found, {"by": "a test"})
    assert read_evidence(tmp_path / "evidence.json") == found
    assert b"sn\xc3\xb6n" not in (tmp_path / "evidence.json").read_bytes()  # no text of what was rated


def test_copies_do_not_count_as_different_clusters(tmp_path: Path) -> None:
    copied = ROWS + ROWS.partition("\n")[2].replace("\ni", "\nj").replace("i0,", "j0,", 3)
    found = read_evidence(metaeval(tmp_path, copied))
    [one] = [one for one in found if one.slice == "all"]
    assert (one.clusters, one.different, one.independent) == (80, 40, 40)


def test_a_run_that_is_none_or_was_changed_is_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file or folder"):
        read_evidence(tmp_path / "absent")
    with pytest.raises(InputError, match=r"is not a run folder: there is no .*manifest.json"):
        read_evidence(tmp_path)
    (tmp_path / "manifest.json").write_text('{"command": [], "status": "done", "config": {}}')
    with pytest.raises(InputError, match="is a run of another kind; name the folder of a `harness metaeval`"):
        read_evidence(tmp_path)
    shutil.copytree(run, tmp_path / "changed")
    table = tmp_path / "changed" / "meta.parquet"
    table.write_bytes(table.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"meta.parquet is missing, or is not what the run wrote"):
        read_evidence(tmp_path / "changed")


def test_a_run_that_only_scored_is_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(ROWS)
    asked = ["score", "--judgments", f"table:{tmp_path / 'r.csv'}", "--metric", "rouge-l", "--output", str(tmp_path / "run")]
    assert CliRunner().invoke(harness, asked).exit_code == 0
    with pytest.raises(InputError, match="held no metric against people; name the folder of a `harness metaeval`"):
        read_evidence(tmp_path / "run")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a file of evidence"),
        (b"[" * 100_000, "not a file of evidence"),
        (b'{"format": 1, "evidence": [{"metric": 1}]}', r"not a file of evidence .*\$.evidence\[0\]"),
        (b'{"format": 2, "evidence": []}', "evidence of format 2; this version reads format 1"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "evidence.json").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_evidence(tmp_path / "evidence.json")


def test_what_ships_is_of_sets_that_people_rated_and_holds_nothing_but_numbers_and_names() -> None:
    found = read_evidence(SHIPPED)
    assert {(one.set_name, one.language, one.task) for one in found} == {("gec-sv", "sv", "gec"), ("wmt-da", "de", "translation")}
    assert all(one.clusters >= 30 and one.floor is not None and one.low is not None for one in found)
    assert SHIPPED.stat().st_size < 200_000
    content = json.loads(SHIPPED.read_bytes())
    assert set(content) == {"format", "made", "evidence"}
    assert max(len(value) for one in content["evidence"] for value in one.values() if isinstance(value, str)) < 600


@pytest.mark.slow
def test_what_ships_is_what_the_sets_give(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark_scripts import benchmark

    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    made, _ = benchmark("leaderboard_evidence").evidence_on("gec-sv", ["chrf"], 2000)
    held = {key(one): one for one in read_evidence(SHIPPED)}
    assert made
    for one in made:
        then = held[key(one)]
        assert one.value == pytest.approx(then.value, abs=1e-12)
        assert (one.verdict, one.reason, one.items, one.pairs) == (then.verdict, then.reason, then.items, then.pairs)


def key(one: Evidence) -> tuple[str, str, str]:
    return one.metric, one.criterion, one.slice


def metaeval(folder: Path, rows: str = ROWS) -> Path:
    (folder / "r.csv").write_text(rows)
    run = folder / "run"
    asked = ["metaeval", "--judgments", f"table:{folder / 'r.csv'}", "--metric", "rouge-l", "--output", str(run)]
    done = CliRunner().invoke(harness, [*asked, "--grouping", "item", "--resamples", "50", "--quiet"])
    assert done.exit_code == 0, done.output
    return run
