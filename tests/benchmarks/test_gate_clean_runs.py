"""The forty clean runs of the gate: which circumstances meet, how a run is started, and what the page says of them."""

import json
import os
import subprocess
import sys
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from benchmark_scripts import FOLDER, benchmark
from msgspec.structs import replace

from harness import MetricSpec
from harness.gate.config import load_gate
from harness.gate.judged_sets import read_sets
from harness.plugins import load_plugins
from harness.registry import PluginRef
from harness.stages.metrics import BuiltMetric

designs = benchmark("gate_designs")
environments = benchmark("gate_environments")
clean_page = benchmark("gate_clean_page")
clean = benchmark("gate_clean_runs")
one_run = benchmark("gate_one_run")


def test_any_two_settings_meet_in_some_of_the_forty_runs() -> None:
    runs = designs.covering(clean.FACTORS, 40)
    assert len(runs) == 40
    for one, other in combinations(clean.FACTORS, 2):
        assert {(run[one], run[other]) for run in runs} == set(product(clean.FACTORS[one], clean.FACTORS[other]))


def test_no_two_of_the_runs_are_the_same_and_the_design_is_drawn_the_same_again() -> None:
    runs = designs.covering(clean.FACTORS, 40)
    assert len({tuple(sorted(run.items())) for run in runs}) == 40
    assert runs == designs.covering(clean.FACTORS, 40)


def test_what_is_covered_is_counted() -> None:
    factors = {"a": ("0", "1"), "b": ("0", "1"), "c": ("0", "1")}
    runs = [{"a": "0", "b": "0", "c": "0"}, {"a": "1", "b": "1", "c": "0"}]
    assert designs.covered(factors, runs, 2) == (6, 12)
    assert designs.covered(factors, runs, 3) == (2, 8)


def test_none_of_forty_bounds_the_share_at_seven_percent() -> None:
    assert clean_page.at_most(0, 40) == pytest.approx(1 - 0.05 ** (1 / 40))
    assert clean_page.at_most(0, 40) == pytest.approx(0.0722, abs=5e-5)
    bound = clean_page.at_most(1, 40)
    assert (1 - bound) ** 40 + 40 * bound * (1 - bound) ** 39 == pytest.approx(0.05)
    assert clean_page.at_most(40, 40) == 1


def test_the_oldest_environment_has_every_lower_bound_and_the_newest_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["numpy>=1.26", "PyYAML>=6.0"]\n[project.optional-dependencies]\n'
        'rouge = ["rouge-score>=0.1.2"]\nbertscore = ["torch>=2.4", "transformers>=4.56"]\n'
    )
    (tmp_path / "constraints.txt").write_text("tokenizers==0.23.3\ntorch==2.13.0\n")
    names = ["numpy", "PyYAML", "rouge-score", "transformers"]
    lows = ["1.26", "6.0", "0.1.2", "4.56"]
    assert environments.requirements("newest", tmp_path) == ["torch==2.13.0", *names]
    oldest = ["torch==2.13.0", *(f"{name}=={low}" for name, low in zip(names, lows, strict=True))]
    assert environments.requirements("oldest", tmp_path) == oldest


@pytest.mark.parametrize("kind", ["oldest", "newest"])
def test_every_bound_of_the_project_can_be_read(kind: str) -> None:
    assert f"torch=={environments.torch()}" in environments.requirements(kind)


@pytest.mark.parametrize("order", one_run.ORDERS)
def test_another_order_is_the_shipped_gate_with_its_metrics_in_another_order(order: str, tmp_path: Path) -> None:
    shipped, other = load_gate("gate/gate.yaml"), load_gate(one_run.ordered(order, tmp_path))
    assert sorted(map(str, other.metrics)) == sorted(map(str, shipped.metrics))
    assert (list(other.metrics) == list(shipped.metrics)) == (order == "listed")
    assert other.judgments == shipped.judgments
    for name in ("baseline", "statistics", "judges"):
        assert getattr(other, name).resolve() == getattr(shipped, name)
    assert [file.resolve() for file in other.pairs] == list(shipped.pairs)
    own = tuple(gated for gated in other.judgments if "path" in gated.ref.params)  # found from the config's folder
    assert read_sets(replace(other, judgments=own), load_plugins())[0].keys() == {"records:path=recorded"}


def test_a_run_asks_metrics_in_batches_of_the_size_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.gate import measure

    seen: list[Any] = []
    monkeypatch.setattr(
        measure, "score", lambda data, metrics, **how: seen.append(([one.spec.batch_size for one in metrics], sorted(how)))
    )
    one_run.put_in("7", "two processes")
    specs = [MetricSpec("ours", build=object), load_plugins().entries["metric"]["recorded"].spec]
    measure.score(None, [BuiltMetric(PluginRef(spec.name, {}), spec, object()) for spec in specs])  # type: ignore[arg-type]
    assert seen == [([7, specs[1].batch_size], ["executor"])]  # one of the two must see all outputs at once


def test_what_a_run_found_is_kept_by_level_with_every_sentence_that_is_no_pass() -> None:
    findings = [
        {"metric": "chrf", "check": "scores", "level": "pass", "message": "chrf: 71 pairs score as before"},
        {"metric": "chrf", "check": "cost", "level": "pass", "message": "chrf: 1.25 times the baseline's CPU time, 0.3 MiB"},
        {"metric": "bleu", "check": "signature", "level": "warning", "message": "bleu: the signature names sacrebleu 2.4.0"},
    ]
    found = clean.told(json.dumps(findings).encode(), b"")
    assert found["levels_found"] == {"pass": 2, "warning": 1}
    assert found["told"] == ["warning: bleu: the signature names sacrebleu 2.4.0"]
    assert found["costs"] == {"chrf": [1.25, 0.3]}


def test_what_a_run_wrote_is_kept_where_it_is_no_findings() -> None:
    found = clean.told(b"", b"UnicodeEncodeError: no")
    assert found["told"][0] == "UnicodeEncodeError: no"
    assert not found["levels_found"]


def run_of(levels: dict[str, str], code: int = 0) -> dict[str, Any]:
    return {
        "levels": levels,
        "outcome": clean.outcome(code),
        "code_of_exit": code,
        "wall": 30.0,
        "cpu": 20.0,
        "levels_found": {"pass": 60},
        "told": ["fail: chrf: scores moved"] if code else [],
        "costs": {"chrf": [1.1, 0.3]},
        "versions": {"numpy": "2.4.6"},
        "code": "abc",
    }


def test_the_page_says_how_many_alarms_there_were_what_that_bounds_and_which_runs() -> None:
    runs = [run_of(levels) for levels in designs.covering(clean.FACTORS, 40)]
    text = "\n".join(clean_page.page(runs, clean.FACTORS))
    assert "**0 of 40 runs were no pass.**" in text
    assert "at most 7.2 %" in text
    assert "scores moved" not in text
    runs[6] = run_of(runs[6]["levels"], code=1)
    text = "\n".join(clean_page.page(runs, clean.FACTORS))
    assert "**1 of 40 runs were no pass.**" in text
    assert "- 7: fail: chrf: scores moved" in text


def test_runs_of_other_code_or_of_another_design_are_done_again() -> None:
    design = designs.covering(clean.FACTORS, 2)
    assert clean.fits(run_of(design[1]), 2, design, "abc")
    assert not clean.fits(run_of(design[1]), 2, design, "abd")
    assert not clean.fits(run_of(design[1]), 1, design, "abc")
    assert not clean.fits(run_of(design[1]), 3, design, "abc")


@pytest.mark.slow
def test_a_run_is_the_real_command_in_a_plain_locale_too(tmp_path: Path) -> None:
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "HARNESS_CACHE": str(tmp_path)}
    command = [
        sys.executable,
        "-P",
        str(FOLDER / "gate_one_run.py"),
        "--order",
        "reversed",
        "--",
        "--json",
        "--check",
        "signature",
    ]
    result = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, check=False)
    levels = clean.told(result.stdout, result.stderr)["levels_found"]
    assert sum(levels.values()) >= 10, result.stderr.decode()
