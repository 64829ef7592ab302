"""The GitHub Action and the pre-commit hook: GitHub and pre-commit can read their files, and their scripts do what they say."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github" / "actions" / "metric-gate"
METRIC = """
from harness import MetricSpec, hookimpl


class Length:
    signature = "length|v:1"

    def score(self, units):
        return [float(len(unit.output.text)) for unit in units]


@hookimpl
def harness_metrics():
    return [MetricSpec("length", build=Length)]
"""
GATE = "plugins: [mine.py]\nmetrics: [length]\npairs: [pairs.jsonl]\ncost: {slower: null, larger: null}\n"
PAIR = '{"id": "a", "language": "sv", "instruction": "", "references": ["ja"], "text": "nej"}\n'


@pytest.fixture(scope="module")
def approved(tmp_path_factory):
    """The files of a gate, by name, with a baseline that agrees."""
    from harness.gate.baseline import write_baseline
    from harness.gate.config import load_gate
    from harness.gate.measure import measure
    from harness.plugins import load_plugins

    folder = tmp_path_factory.mktemp("approved")
    files = {"mine.py": METRIC, "gate.yaml": GATE, "pairs.jsonl": PAIR}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    config = load_gate(folder / "gate.yaml")
    write_baseline(config.baseline, measure(config, load_plugins(config.plugins)).now)
    return files | {"baseline.json": config.baseline.read_text(encoding="utf-8")}


@pytest.fixture
def gated(approved, tmp_path):
    for name, text in approved.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(script, folder, *arguments, **given):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GATE_", "HARNESS_"))}
    environment |= {
        "GATE_PYTHON": sys.executable,
        "GITHUB_OUTPUT": str(folder / "out"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }
    return subprocess.run(
        ["bash", script, *arguments], cwd=folder, env=environment | given, capture_output=True, text=True, check=False
    )


def outputs(folder):
    return dict(line.split("=", 1) for line in (folder / "out").read_text(encoding="utf-8").splitlines())


def test_the_action_passes_an_unchanged_metric_and_says_where_its_files_are(gated):
    said = run(ACTION / "gate.sh", gated, GATE_JUNIT="gate.xml", GATE_SARIF="gate.sarif", GATE_FOLDER="metrics/")
    assert said.returncode == 0, said.stderr
    assert outputs(gated) == {"outcome": "pass", "junit": "metrics/gate.xml", "sarif": "metrics/gate.sarif"}
    assert (gated / "summary").read_text(encoding="utf-8").startswith("## Metric gate: pass")
    assert "::error" not in said.stdout


def test_the_action_fails_a_changed_metric_with_an_annotation_a_summary_and_an_output(gated):
    (gated / "mine.py").write_text(METRIC.replace("len(unit.output.text)", "len(unit.output.text) + 1"), encoding="utf-8")
    said = run(ACTION / "gate.sh", gated, GATE_METRICS="\n  length  \n\n", GATE_CHECKS="scores", GATE_INCONCLUSIVE="strict")
    assert said.returncode == 1
    assert outputs(gated) == {"outcome": "fail"}
    (annotation,) = re.findall(r"^::error .*$", said.stdout, re.MULTILINE)
    assert annotation.startswith("::error file=baseline.json,title=length%3A scores::length: scores moved on 1 of 1 pairs")
    assert "| a | 3 | 4 |" in (gated / "summary").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "status", "outcome", "words"),
    [
        ({"GATE_CONFIG": "nix.yaml"}, 2, "wrong-use", "there is no file nix.yaml"),
        ({"GATE_METRICS": "$(touch caught)\n`touch caught`"}, 2, "wrong-use", "no metric '$(touch caught)'"),
    ],
)
def test_wrong_inputs_are_told_and_never_run(gated, given, status, outcome, words):
    said = run(ACTION / "gate.sh", gated, **given)
    assert (said.returncode, outputs(gated)["outcome"]) == (status, outcome)
    assert words in said.stderr
    assert not (gated / "caught").exists()


def test_an_unknown_word_for_inconclusive_is_an_annotation(gated):
    said = run(ACTION / "gate.sh", gated, GATE_INCONCLUSIVE="perhaps")
    assert said.returncode == 2
    assert said.stdout.startswith("::error title=metric-gate::the input inconclusive is strict, lenient or empty")


def test_what_is_to_be_installed_is_given_to_pip_as_a_requirements_file_beside_what_it_names(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"; cat "$6"\n', encoding="utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    lines = '-c c.txt\n# of tests\n\na>=1; python_version < "3.12"\n$(touch caught)\n'
    said = run(ACTION / "install.sh", tmp_path, GATE_PYTHON=str(python), GATE_INSTALL=lines)
    first, rest = said.stdout.split("\n", 1)
    assert re.fullmatch(r"-m pip install --quiet --requirement \./\.metric-gate-install\.\w+", first)
    assert rest.rstrip("\n") == lines.rstrip("\n")
    assert [path.name for path in tmp_path.iterdir()] == ["python"]  # the file is gone, and no line was run


def test_a_report_may_have_an_absolute_path(gated, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("reports") / "gate.xml"
    run(ACTION / "gate.sh", gated, GATE_JUNIT=str(elsewhere), GATE_FOLDER="metrics")
    assert outputs(gated)["junit"] == str(elsewhere)


def test_reports_of_an_earlier_run_are_no_reports_of_one_that_made_none(gated):
    both = {"GATE_JUNIT": "gate.xml", "GATE_SARIF": "gate.sarif"}
    run(ACTION / "gate.sh", gated, **both)
    assert {"junit", "sarif"} <= outputs(gated).keys()
    (gated / "out").unlink()
    (gated / "gate.yaml").write_text("metrics: [", encoding="utf-8")
    assert run(ACTION / "gate.sh", gated, **both).returncode == 2
    assert outputs(gated) == {"outcome": "wrong-use"}
    assert not (gated / "gate.xml").exists()


def test_a_file_that_is_no_report_is_neither_removed_nor_overwritten(gated):
    said = run(ACTION / "gate.sh", gated, GATE_SARIF="baseline.json")
    assert (said.returncode, outputs(gated)) == (2, {"outcome": "wrong-use"})
    assert "baseline.json is there and is no report of the gate" in said.stdout
    assert (gated / "baseline.json").stat().st_size


@pytest.mark.parametrize("name", ["GATE_JUNIT", "GATE_SARIF", "GATE_FOLDER", "GATE_CONFIG"])
def test_an_input_of_several_lines_writes_no_output_of_its_own(gated, name):
    said = run(ACTION / "gate.sh", gated, **{name: "x.xml\noutcome=pwned"})
    assert said.returncode == 2
    assert outputs(gated) == {"outcome": "wrong-use"}
    assert said.stdout.count("\n") == 1


def test_a_summary_that_cannot_be_written_changes_no_exit_code(gated):
    assert run(ACTION / "gate.sh", gated, GITHUB_STEP_SUMMARY=str(gated / "nix" / "summary")).returncode == 0


def test_the_action_is_a_composite_one_whose_scripts_get_every_input():
    """The fields are GitHub's (docs.github.com, "Metadata syntax for GitHub Actions")."""
    action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    assert set(action) <= {"name", "author", "description", "inputs", "outputs", "runs", "branding"}
    assert action["runs"]["using"] == "composite"
    steps = action["runs"]["steps"]
    assert all(step["shell"] == "bash" for step in steps)  # GitHub refuses a step of an action without it
    assert not [step["run"] for step in steps if "${{" in step["run"]]  # an input in a script would be run
    used = set(re.findall(r"inputs\.([\w-]+)", (ACTION / "action.yml").read_text(encoding="utf-8")))
    assert used == set(action["inputs"])
    scripts = (ACTION / "gate.sh").read_text(encoding="utf-8") + (ACTION / "install.sh").read_text(encoding="utf-8")
    given = {name for step in steps for name in step["env"]}
    assert given == set(re.findall(r"GATE_[A-Z]+", scripts))
    assert {re.sub(r".*outputs\.(\w+) .*", r"\1", one["value"]) for one in action["outputs"].values()} == set(action["outputs"])


def test_the_workflow_gives_the_action_only_inputs_that_it_has():
    action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "metric-gate.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    (step,) = [step for step in job["steps"] if step.get("uses", "").startswith("./")]
    assert (ROOT / step["uses"] / "action.yml").is_file()
    assert set(step["with"]) <= set(action["inputs"])


def test_the_hook_is_one_that_pre_commit_can_run():
    """The fields are pre-commit's (pre-commit.com, "Creating new hooks")."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert set(hook) <= {"id", "name", "description", "entry", "language", "files", "pass_filenames", "require_serial"}
    assert hook["language"] == "script"
    assert os.access(ROOT / hook["entry"], os.X_OK)
    assert [
        name
        for name in ("mine.py", "gate.yaml", "a/baseline.json", "ratings.csv", "a.tsv", "notes.md")
        if re.search(hook["files"], name)
    ] == [
        "mine.py",
        "gate.yaml",
        "a/baseline.json",
        "ratings.csv",
        "a.tsv",
    ]


def test_the_hook_runs_the_harness_of_the_environment_and_fails_where_scores_moved(gated):
    home = Path(sys.executable).parent.parent
    script = ROOT / "scripts" / "pre-commit-gate.sh"
    (gated / "mine.py").write_text(METRIC.replace("float(len", "2.0 * (len"), encoding="utf-8")
    said = run(script, gated, "--metric", "length", VIRTUAL_ENV=str(home))
    assert said.returncode == 1
    assert "3 checks of 1 metrics: 2 passed, 1 failed" in said.stdout
    assert "length: scores moved on 1 of 1 pairs" in said.stdout


def test_the_hook_says_what_to_install_where_there_is_no_harness(tmp_path):
    said = run(ROOT / "scripts" / "pre-commit-gate.sh", tmp_path, VIRTUAL_ENV="", PATH="/usr/bin:/bin")
    assert said.returncode == 1
    assert "install metaeval-harness beside your metrics" in said.stderr


@pytest.mark.parametrize("script", sorted(ROOT.glob("scripts/*.sh")) + sorted(ACTION.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_bash_that_stops_at_the_first_error(script):
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
