"""Frozen cases are read as records of any source are, and a mistake in one is told with its file and line."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.gate.cases import CaseRun, read_case, read_cases

SHIPPED = Path(__file__).parents[3] / "configs/gate/statistics"
HEAD: dict[str, Any] = {
    "about": "two items",
    "scales": {"fit": [1, 3, "down"]},
    "metrics": [{"name": "m", "components": ["f", "p"]}, {"name": "versus", "unit": "pair"}],
    "options": {"resamples": 10},
    "runs": {"defaults": {"options": {"seed": 4}}},
}
ITEM: dict[str, Any] = {
    "item": "i",
    "language": "en",
    "cluster": "c",
    "references": ["a red horse"],
    "outputs": [
        {"system": "a", "text": "a horse", "ratings": {"fit": {"anna": 1}}, "scores": {"m": [0.5, None]}},
        {"system": "b", "text": None, "ratings": {"fit": {"anna": None}}, "scores": {"m": ["empty", "empty"]}},
    ],
    "preferences": [["a", "b", "bo", "better", "a"]],
    "pairs": {"versus": [["a", "b", 1.0], ["b", "a", "unparsed"]]},
}


def written(tmp_path: Path, *lines: Any) -> Path:
    path = tmp_path / "two.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_a_case_holds_records_scores_and_options(tmp_path: Path) -> None:
    case = read_case(written(tmp_path, HEAD, ITEM))
    run = case.head.runs["defaults"]
    data = case.judgments(run)
    assert (data.examples[0].language, data.examples[0].cluster, data.outputs[0].id) == ("en", "c", "i/a")
    assert [(one.output_id, one.value) for one in data.judgments] == [("i/a", 1.0), ("i/b", None)]
    assert data.judgments[0].scale is not None
    assert data.judgments[0].scale.direction == "down"
    assert data.preferences[0].winner == "a"
    assert [(one.targets, one.component, one.value, one.status) for one in case.scores()] == [
        (("i/a",), "f", 0.5, "ok"),
        (("i/a",), "p", None, "error"),
        (("i/b",), "f", None, "empty"),
        (("i/b",), "p", None, "empty"),
        (("i/a", "i/b"), None, 1.0, "ok"),
        (("i/b", "i/a"), None, None, "unparsed"),
    ]
    assert (case.options(run).resamples, case.options(run).seed) == (10, 4)


def test_fields_of_the_source_may_differ_in_a_run(tmp_path: Path) -> None:
    case = read_case(written(tmp_path, {**HEAD, "info": {"primary_rater": "anna"}}, ITEM))
    info = case.judgments(CaseRun(info={"constructed": True})).info
    assert (info.name, info.primary_rater, info.constructed) == ("two", "anna", True)


def test_a_repeated_item_is_there_under_other_names_with_moved_scores(tmp_path: Path) -> None:
    case = read_case(written(tmp_path, {**HEAD, "repeat": 3}, ITEM))
    data = case.judgments(case.head.runs["defaults"])
    assert [example.id for example in data.examples] == ["i", "i+1", "i+2"]
    assert [example.cluster for example in data.examples] == ["c", "c+1", "c+2"]
    main = [one.value for one in case.scores() if one.component == "f" and one.value is not None]
    assert main == [0.5, 0.5 + 1 / 1024, 0.5 + 2 / 1024]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEAD], "a line that says what it is, and a line an item"),
        ([HEAD, "{"], "line 2: "),
        ([{**HEAD, "metric": []}, ITEM], "line 1: .*unknown field `metric`"),
        ([HEAD, {**ITEM, "form": "middling"}], "line 2: .*middling"),
        ([{**HEAD, "runs": {"x": {"options": {"folds": 1}}}}, ITEM], "run 'x': .*folds must be at least 2"),
        ([{**HEAD, "scales": {"fit": [2, 3, "up"]}}, ITEM], "run 'defaults': .*off its scale"),
        ([HEAD, {**ITEM, "pairs": {"versus": [["a", "b", "lost"]]}}], "a score is a number or a status, got 'lost'"),
        ([HEAD, ITEM, ITEM], "example 'i' occurs twice"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, lines: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=f"two.jsonl.*{message}"):
        read_case(written(tmp_path, *lines))


def test_a_folder_without_cases_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no cases: files that end in \.jsonl"):
        read_cases(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_cases(tmp_path / "absent.jsonl")


def test_the_shipped_cases_are_those_that_their_page_lists() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (SHIPPED / "README.md").read_text(), flags=re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)]
    assert sorted(listed) == sorted(path.stem for path in SHIPPED.glob("*.jsonl"))
