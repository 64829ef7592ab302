"""`pytest --metric-gate` and the fixture `metric_gate`, in runs of pytest of their own."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

METRIC = """
from harness import MetricSpec, Result, hookimpl


class Recall:
    signature = "word-recall|v:1"

    def score(self, units):
        return [self.one(set(unit.output.text.split()), unit.example.references) for unit in units]

    def one(self, said, references):
        if not references:
            return Result(None, status="no-reference")
        return max(len(set(one.split()) & said) / len(set(one.split())) for one in references)


@hookimpl
def harness_metrics():
    return [MetricSpec("word-recall", build=Recall, needs=("reference",))]
"""
GATE = """
baseline: baseline.json
plugins: [mine.py]
metrics: [word-recall]
pairs: [pairs.jsonl]
cost: {slower: null, larger: null}
"""
PAIRS = """
{"id": "same", "language": "sv", "instruction": "", "references": ["Det regnar"], "text": "Det regnar"}
{"id": "case", "language": "sv", "instruction": "", "references": ["det regnar"], "text": "Det Regnar"}
{"id": "half", "language": "sv", "instruction": "", "references": ["Det snöar"], "text": "Det regnar"}
"""


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    """A baseline that the metric agrees with; made before pytester notes which modules are loaded, as numpy loads only once."""
    from harness.gate.baseline import write_baseline
    from harness.gate.config import load_gate
    from harness.gate.measure import measure
    from harness.plugins import load_plugins

    folder = tmp_path_factory.mktemp("baseline")
    fill(folder)
    config = load_gate(folder / "gate.yaml")
    write_baseline(config.baseline, measure(config, load_plugins(config.plugins)).now)
    return config.baseline.read_bytes()


@pytest.fixture
def gated(baseline, pytester):
    """A folder with a metric, its gate and a baseline that it agrees with."""
    fill(pytester.path)
    pytester.path.joinpath("baseline.json").write_bytes(baseline)
    return pytester


def fill(folder):
    for name, text in (("mine.py", METRIC), ("gate.yaml", GATE), ("pairs.jsonl", PAIRS)):
        folder.joinpath(name).write_text(text, encoding="utf-8")


def change_the_metric(gated):
    gated.path.joinpath("mine.py").write_text(METRIC.replace(".text.split", ".text.lower().split"), encoding="utf-8")


def test_an_unchanged_metric_passes_beside_the_tests_that_are_there(gated):
    gated.makepyfile("def test_own(): pass")
    result = gated.runpytest("--metric-gate", "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*test_own PASSED*", "gate.yaml::word-recall PASSED*", "gate.yaml::everything-else PASSED*"])


def test_a_changed_metric_fails_with_the_pairs_that_moved_and_no_traceback(gated):
    change_the_metric(gated)
    result = gated.runpytest("--metric-gate", "-m", "metric_gate")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*word-recall*scores moved on 3 of 3 pairs*", "  case: 0 → 1"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.slow
def test_processes_share_one_run_of_the_gate(gated):
    with gated.path.joinpath("mine.py").open("a", encoding="utf-8") as file:
        file.write(
            "\nimport os\nclass Recall(Recall):\n    def __init__(self):\n        open(f'asked-{os.getpid()}', 'a').close()\n"
        )
    result = gated.runpytest_subprocess("--metric-gate", "-n", "2", "--dist", "each")
    result.assert_outcomes(passed=4)  # each of two processes reports both
    assert len(list(gated.path.glob("asked-*"))) == 2  # one gate, and the fresh process that it asks again


def test_without_the_option_there_are_no_tests_of_the_gate(gated):
    gated.makepyfile("def test_own(): pass")
    gated.runpytest().assert_outcomes(passed=1)


def test_a_path_after_the_bare_option_is_a_path(gated):
    gated.mkdir("sub").joinpath("test_sub.py").write_text("def test_sub(): pass", encoding="utf-8")
    gated.makepyfile("def test_own(): pass")
    result = gated.runpytest("--metric-gate", "sub", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["sub/test_sub.py::test_sub", "gate.yaml::word-recall", "gate.yaml::everything-else"])
    result.stdout.no_fnmatch_line("*test_own*")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.joinpath("gate.yaml").unlink(), "*there is no file*gate.yaml*"),
        (lambda path: path.joinpath("gate.yaml").write_text("metrcs: []", encoding="utf-8"), "*gate.yaml*metrcs*"),
        (lambda path: path.joinpath("baseline.json").unlink(), "*there is no baseline*harness gate update --reason*"),
    ],
)
def test_a_gate_that_cannot_be_read_is_wrong_use_and_not_a_crash(gated, change, message):
    change(gated.path)
    result = gated.runpytest("--metric-gate")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_the_fixture_fails_a_test_where_a_metric_changed_and_gives_findings_else(gated):
    gated.makepyfile(
        """
        def test_findings(metric_gate):
            assert {one.check for one in metric_gate.findings()} >= {"scores", "signature"}
            assert {one.check for one in metric_gate.findings(checks=["scores"])} == {"scores"}

        def test_gate(metric_gate):
            metric_gate("gate.yaml", metrics=["word-recall"])
        """
    )
    gated.runpytest().assert_outcomes(passed=2)
    change_the_metric(gated)
    result = gated.runpytest("-k", "test_gate")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["fail: word-recall: scores moved*"])


def test_pytest_itself_starts_without_the_rest_of_the_package():
    code = (
        "import sys, harness.pytest_plugin; "
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in ('harness', 'numpy', 'msgspec', 'click')))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "['harness', 'harness.pytest_plugin']"


def test_what_moved_is_written_out_and_steers_no_runner(gated):
    error = 'raise RuntimeError("a\\n::error::PWNED\\n##[error]b\\x1b[31m")'
    gated.path.joinpath("mine.py").write_text(
        METRIC.replace("    def score", f"    def __init__(self):\n        {error}\n\n    def score")
    )
    result = gated.runpytest("--metric-gate", "-m", "metric_gate")
    result.assert_outcomes(failed=1, passed=1)
    assert "⏎::error::PWNED⏎##⟨U+005B⟩error]b⟨U+001B⟩" in result.stdout.str()
    assert not [line for line in result.outlines if line.startswith("::") or "##[" in line]
