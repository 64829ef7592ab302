"""No traceback reaches a user, whatever is in a file: a few hundred mutated inputs each time, many more under `slow`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from fuzzing import Outcome, feed, fuzz  # noqa: E402
from targets import Target, targets  # noqa: E402

SHM = Path("/dev/shm")
NAMES = (
    "record: example", "record: output", "record: judgment", "record: preference", "records: folder", "segments", "manifest",
    "unchanged", "run config", "reference", "table: CSV", "table: JSON Lines", "preferences: CSV", "preferences: JSON",
    "label-studio", "label-studio: config", "argilla", "argilla: settings", "argilla: old settings", "judge-bench",
    "mt-metrics-eval", "Parquet: scores", "Parquet: meta", "Parquet: examples", "Parquet: judgments", "Parquet: verdicts",
    "Parquet: preferences",
    "study", "sheet", "cache", "lm-eval: results", "lm-eval: samples",
)  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    return {target.name: target for target in targets(tmp_path_factory.mktemp("fuzz"))}


def told(outcome: Outcome) -> str:
    return "\n".join(f"{count} times {where}, {data[:200]!r}\n{text}" for where, (count, data, text) in outcome.findings.items())


def test_every_target_is_listed_and_reads_its_own_seeds(found: dict[str, Target]) -> None:
    assert tuple(found) == NAMES
    for target in found.values():
        for seed in target.seeds:
            target.run(seed)


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files_are_read_or_refused(name: str, found: dict[str, Target]) -> None:
    outcome = fuzz(found[name], 150, seed=4)
    assert outcome.inputs == 150
    assert not outcome.findings, told(outcome)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_mutated_files_are_read_or_refused(name: str, found: dict[str, Target]) -> None:
    target = found[name]
    inputs = 1_000 if target.share > 0.03 else 400  # the slow ones have small shares; benchmarks/fuzz.py feeds a million
    outcome = fuzz(target, inputs, seed=5)
    assert outcome.inputs == inputs
    assert not outcome.findings, told(outcome)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(NAMES), st.binary(max_size=200))
@example("table: CSV", b"")
@example("run config", b"a: &a [*a]\n")
@example("run config", b"a: &a [1,1]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n")
def test_any_bytes_are_read_or_refused(found: dict[str, Target], name: str, data: bytes) -> None:
    outcome = Outcome(name)
    feed(found[name], data, outcome)
    assert not outcome.findings, told(outcome)


# What was once answered with a traceback (or with a message that named no file).
FOUND = (
    ("run config", b"judgments: gec-sv\nmetrics: [chrf]\nplugins: [" + b"a" * 300 + b"]\n"),
    ("run config", b'name: a\njudgments: {source: "\\ud800"}\nmetrics: [chrf]\n'),
    ("reference", b"table:a.csv:x=" + b"[" * 3000 + b"]" * 3000),
    ("run config", b"name: " + b"9" * 5000),
    ("table: CSV", b"sep=;\n"),
    ("reference", b"table:a.csv:x=" + b"9" * 5000),
    ("table: JSON Lines", b'{"item": ' + b"9" * 5000 + b"}"),
    ("preferences: JSON", b'[{"item": ' + b"9" * 5000 + b"}]"),
    ("label-studio", b'[{"id": ' + b"9" * 5000 + b"}]"),
    ("judge-bench", b'{"annotations": [], "instances": [' + b"9" * 5000 + b"]}"),
    ("judge-bench", b'{"annotations": [{"metric": "m", "category": "categorical", "labels_list": 3}], "instances": []}'),
    ("argilla: settings", b'{"questions": ' + b"[" * 3000 + b"]" * 3000 + b"}"),
    ("argilla: old settings", b"- " * 3000),
    ("argilla", b'[{"id": "1", "response": "a", "instruction": "b", "item": "c", "system": "\\ud800", "q.responses": [1], '
                b'"q.responses.users": ["u"], "q.responses.status": ["submitted"]}]'),
    ("argilla", b'[{"id": "1", "response": "a", "instruction": "b", "item": "c", "system": "d", "q.responses": [{"text": "a"}], '
                b'"q.responses.users": ["u"], "q.responses.status": ["submitted"]}]'),
    ("argilla", b'[{"id": "1", "response": "a", "instruction": "b", "item": "c", "system": "d", "q.responses": [' + b"9" * 400 +
                b'], "q.responses.users": ["u"], "q.responses.status": ["submitted"]}]'),
    ("table: JSON Lines", b'{"item": 1, "system": "a", "output": "b", "rating": ' + b"9" * 400 + b"}"),
    ("judge-bench", b'{"annotations": [{"metric": "m", "category": "graded", "worst": 1, "best": ' + b"9" * 400 + b"}], "
                    b'"instances": [{"id": 1, "instance": "a", "annotations": {"m": {"individual_human_scores": [1]}}}]}'),
    ("run config", b"judgments: gec-sv\nmetrics: [chrf]\nmetaevaluate: {level: " + b"9" * 400 + b"}\n"),
    ("unchanged", b'{"format":1,"asked":{"command":"run"},"surroundings":"","code_roots":[],"code":"","inputs":{},"pages":{},'
                  b'"said":{},"tables":{"a\\u0000":{"size":1,"mtime_ns":1,"ctime_ns":1,"inode":1,"sure":true}}}'),
    ("manifest", b'{"command":[],"status":"done","config":{},"times":{"started":1e300}}'),
    ("manifest", b'{"command":[],"status":"done","config":' + b'{"a":' * 3000 + b"0" + b"}" * 3001),
    ("segments", b'{"targets":["a"],"metric":"m","value":' + b"[" * 3000 + b"]" * 3000 + b"}\n"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "data"), FOUND, ids=[f"{name} {place}" for place, (name, _) in enumerate(FOUND)])
def test_what_once_ended_in_a_traceback_does_not(name: str, data: bytes, found: dict[str, Target]) -> None:
    outcome = Outcome(name)
    feed(found[name], data, outcome)
    assert not outcome.findings, told(outcome)


@pytest.mark.parametrize(
    "name", ["Parquet: scores", "Parquet: examples", "Parquet: judgments", "Parquet: verdicts", "Parquet: preferences", "cache"]
)
def test_every_single_damaged_byte_of_a_small_file_is_noticed_or_harmless(name: str, found: dict[str, Target]) -> None:
    seed, outcome = found[name].seeds[0], Outcome(name)
    for place in range(0, len(seed), max(1, len(seed) // 300)):
        feed(found[name], seed[:place] + bytes([seed[place] ^ 0xFF]) + seed[place + 1 :], outcome)
    assert not outcome.findings, told(outcome)


def test_the_script_counts_inputs_by_target_and_ends_with_0_where_it_finds_nothing() -> None:
    script = HERE.parents[1] / "benchmarks" / "fuzz.py"
    command = [sys.executable, str(script), "--inputs", "400", "--only", "record", "cache", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert sum(target["inputs"] for target in figures["targets"]) >= 400
    assert {target["target"] for target in figures["targets"]} == {
        "record: example", "record: output", "record: judgment", "record: preference", "records: folder", "cache"
    }  # fmt: skip
    assert all(target["findings"] == {} for target in figures["targets"])
