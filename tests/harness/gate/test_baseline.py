"""The baseline's file: what is written is read back, and whatever is damaged is told."""

import json
import threading

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.gate.baseline import (
    Baseline,
    Change,
    Cost,
    JudgedScores,
    MetricBaseline,
    PairScores,
    read_baseline,
    taking_turns,
    told,
    write_baseline,
)
from harness.gate.checks import CHECKS
from harness.gate.config import GateConfig
from harness.gate.measure import Measured

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.none() | st.floats(allow_nan=False, allow_infinity=False) | texts
rows = st.dictionaries(texts, st.lists(values, min_size=1, max_size=20), max_size=4)
metrics = st.builds(
    MetricBaseline,
    signature=texts,
    tolerance=st.floats(0, 1),
    components=st.lists(st.none() | texts, max_size=3),
    higher_is_better=st.booleans(),
    needs=st.lists(texts, max_size=2),
    silent=st.lists(texts, max_size=2),
    pairs=st.dictionaries(texts, st.builds(PairScores, digest=texts, scores=rows), max_size=2),
    judged=st.dictionaries(texts, st.builds(JudgedScores, digest=texts, values=st.lists(values, max_size=30)), max_size=2),
    cost=st.none()
    | st.builds(Cost, ratios=st.dictionaries(texts, st.floats(0, 9), max_size=2), memory=st.none() | st.integers(0, 9)),
)
changes = st.builds(
    Change,
    date=texts,
    reason=texts,
    changed=st.lists(st.text("åb ", max_size=90)),
    versions=st.dictionaries(texts, texts, max_size=2),
)
baselines = st.builds(Baseline, history=st.lists(changes, max_size=2), metrics=st.dictionaries(texts, metrics, max_size=3))
ONE = Baseline(
    metrics={
        "m": MetricBaseline(
            signature="m|v:1",
            tolerance=1e-9,
            components=["f1", "recall"],
            pairs={"pairs": PairScores(digest="d", scores={"01": [0.1, 1.0], "02": ["no-reference", "no-reference"]})},
            judged={"set": JudgedScores(digest="e", values=[1 / 3] * 9)},
        )
    }
)


@given(baselines)
def test_what_is_told_is_read_back_to_the_last_digit(baseline):
    assert msgspec.convert(json.loads(told(baseline)), Baseline) == baseline


@given(baselines)
def test_a_baseline_agrees_with_itself_in_every_check_of_scores(baseline):
    config = GateConfig(file="gate.yaml", baseline="baseline.json", metrics=())
    same = msgspec.structs.replace(
        baseline,
        metrics={label: msgspec.structs.replace(held, judged={}) for label, held in baseline.metrics.items()},
    )
    measured = Measured(same, {}, {}, {})
    for name in ("declaration", "scores", "coverage", "determinism"):
        assert {finding.level for finding in CHECKS[name][1](config, same, measured)} <= {"pass"}


def test_a_pair_is_a_line_and_long_lists_are_cut_into_lines(tmp_path):
    lines = told(ONE).splitlines()
    assert '      "01": [0.1, 1.0],' in lines
    (second,) = [place for place, line in enumerate(lines) if '"02"' in line]
    assert lines[second].strip() == '"02": ["no-reference", "no-reference"]'
    write_baseline(tmp_path / "b.json", ONE)
    assert read_baseline(tmp_path / "b.json") == ONE


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_file_is_read_whole_or_is_an_input_error_that_names_it(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    whole = told(ONE).encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=6)) + whole[end:])
    try:
        told(read_baseline(path))
    except InputError as error:
        message = str(error)
        assert "damaged.json" in message


@pytest.mark.parametrize("text", ["[" * 100_000, '{"metrics": {"m": {"tolerance": 1e999}}}', '{"format": "one"}'])
def test_strange_json_is_an_input_error(tmp_path, text):
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"b\.json"):
        read_baseline(path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_lies_in_every_tolerance_is_refused(tmp_path, number):
    path = tmp_path / "b.json"
    path.write_text(told(ONE).replace('"01": [0.1, 1.0]', f'"01": [{number}, 1.0]'))
    with pytest.raises(InputError, match=rf"b\.json: no JSON \({number} is no finite number"):
        read_baseline(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"01": [0.1, 1.0]', '"01": []', "m → pairs → pairs → scores → 01: expected 2 values, one a component, got 0"),
        ('"01": [0.1, 1.0]', '"01": [0.1, 1.0, 1.0]', "scores → 01: expected 2 values, one a component, got 3"),
        ('"accuracies": {}', '"accuracies": {"all": [0.5]}', "judged → set → accuracies → all: expected value, low, high"),
        (
            '"statistics": {}',
            '"statistics": {"case": {"digest": "", "columns": ["p"], "rows": {"r": []}}}',
            "rows → r: expected 1",
        ),
        (
            '"judges": {}',
            '"judges": {"j": {"digest": "", "signature": "", "tolerance": 0, "verdicts": {"v": []}}}',
            "judges → j → verdicts → v: expected values, got none",
        ),
    ],
)
def test_a_row_of_another_length_than_its_columns_is_told_with_its_keys(tmp_path, old, new, said):
    path = tmp_path / "b.json"
    assert old in told(ONE)
    path.write_text(told(ONE).replace(old, new))
    with pytest.raises(InputError, match=said):
        read_baseline(path)


def test_a_baseline_of_a_newer_program_says_so(tmp_path):
    path = tmp_path / "b.json"
    path.write_text('{"format": 2, "what": "is new"}')
    with pytest.raises(InputError, match="written by a newer version"):
        read_baseline(path)


def test_an_absent_baseline_says_how_the_first_is_made(tmp_path):
    with pytest.raises(InputError, match="update --reason TEXT` writes the first one"):
        read_baseline(tmp_path / "b.json")


def test_a_link_to_a_baseline_is_written_through_and_one_to_nothing_is_an_error(tmp_path):
    kept, link = tmp_path / "elsewhere" / "b.json", tmp_path / "b.json"
    kept.parent.mkdir()
    write_baseline(kept, Baseline())
    link.symlink_to("elsewhere/b.json")
    write_baseline(link, ONE)
    assert link.is_symlink()
    assert read_baseline(kept) == read_baseline(link) == ONE
    kept.unlink()
    for act in (read_baseline, lambda path: write_baseline(path, ONE)):
        with pytest.raises(InputError, match=r"b\.json: a link to elsewhere/b\.json, which is not there"):
            act(link)
    assert not kept.exists()


def test_who_comes_second_waits_until_the_first_has_written(tmp_path):
    path = tmp_path / "b.json"
    waits, done = threading.Event(), []

    def second():
        with taking_turns(path, waits.set):
            done.append("second")

    with taking_turns(path):
        other = threading.Thread(target=second)
        other.start()
        assert waits.wait(10)
        done.append("first")
    other.join(10)
    assert done == ["first", "second"]


def test_a_baseline_in_no_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be written: No such file"), taking_turns(tmp_path / "none" / "b.json"):
        raise AssertionError
