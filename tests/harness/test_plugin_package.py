"""A distribution of a stranger, built and installed as one, adds one plugin of each kind and a command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.plugins import load_plugins
from harness.registry import PluginRef

PACKAGE = Path(__file__).resolve().parents[1] / "plugin_package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder into which pip has built and installed the package."""
    folder = tmp_path_factory.mktemp("outside")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(PACKAGE)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture
def shell(installed):
    def harness(*arguments):
        path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
        command = [sys.executable, "-m", "harness", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)

    return harness


@pytest.fixture
def registry(installed, monkeypatch):
    monkeypatch.syspath_prepend(str(installed))
    return load_plugins()


def test_each_kind_is_listed_with_the_distribution_it_comes_from(shell):
    listed = shell("plugins", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    rows = [row for row in json.loads(listed.stdout)["plugins"] if row["distribution"] == "outside-plugins"]
    assert {row["kind"]: row["name"] for row in rows} == {
        "metric": "word-recall",
        "judgment source": "weather",
        "dataset builder": "countdown",
        "generator": "echo",
        "trainer": "unigram",
        "command": "systems",
    }
    (metric,) = [row for row in rows if row["kind"] == "metric"]
    assert metric["parameters"] == {"case": "'fold'"}


def test_a_tables_worth_of_text_names_them_too(shell):
    lines = shell("plugins", "list").stdout.splitlines()
    (line,) = [line for line in lines if "word-recall" in line]
    assert line.split()[:4] == ["metric", "word-recall", "1", "outside-plugins"]


def test_the_package_passes_the_plugin_check(shell):
    checked = shell("plugins", "check", "outside-plugins", "--json")
    assert checked.returncode == 0, checked.stderr
    checks = {check["name"]: check["status"] for check in json.loads(checked.stdout)["checks"]}
    assert checks == dict.fromkeys(["word-recall", "weather", "countdown", "echo", "unigram"], "ok")


def test_its_command_is_listed_and_runs(shell):
    (line,) = [line for line in shell("--help").stdout.splitlines() if line.startswith("  systems")]
    assert line.endswith("(from outside-plugins)")
    assert shell("systems", "weather").stdout.splitlines() == ["regn", "sol"]


def test_its_metric_is_held_against_its_ratings_from_the_shell(shell):
    options = ["--resamples", "50", "--set", "draws=100", "--json", "--quiet"]
    ran = shell("metaeval", "--judgments", "weather", "--metric", "word-recall", "--criterion", "correctness", *options)
    assert ran.returncode == 0, ran.stderr
    wanted = {"metric": "word-recall|case:fold|v:1", "statistic": "accuracy", "grouping": "item", "slice": "all"}
    (row,) = [row for row in json.loads(ran.stdout) if wanted.items() <= row.items()]
    # people order the pairs of two questions and tie that of the third; word recall does so on the first question only
    assert (row["value"], row["n_items"], row["n_pairs"]) == (pytest.approx(1 / 3), 3, 3)


def test_examples_flow_from_its_builder_through_its_trainer_and_its_generator(registry, tmp_path):
    examples = list(registry.build("dataset builder", PluginRef("countdown", {"n": 3})).examples())
    assert [example.references for example in examples] == [("1",), ("2 1",), ("3 2 1",)]
    checkpoint = registry.build("trainer", PluginRef("unigram")).train(examples, tmp_path)
    assert json.loads((checkpoint / "counts.json").read_text()) == {"1": 3, "2": 2, "3": 1}
    outputs = list(registry.build("generator", PluginRef("echo")).generate(examples))
    assert [output.text for output in outputs] == [f"Räkna ner från {n}." for n in (1, 2, 3)]
