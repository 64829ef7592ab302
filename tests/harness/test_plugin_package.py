"""A distribution of a stranger, built and installed as one, adds one plugin of each kind and a command."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.plugins import load_plugins
from harness.records import Example, Output, to_json
from harness.registry import PluginRef
from harness.stages.heldout import RegistryScorer
from harness.stages.train import learned_examples, read_trained
from harness.store import read_table

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
    assert sorted((row["kind"], row["name"]) for row in rows) == [
        ("command", "systems"),
        ("dataset builder", "countdown"),
        ("generator", "echo"),
        ("generator", "gap-filler"),
        ("judgment source", "weather"),
        ("metric", "word-recall"),
        ("trainer", "masked-lm"),
        ("trainer", "unigram"),
    ]
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
    # a generator that needs a model is not built without one
    built = dict.fromkeys(["word-recall", "weather", "countdown", "echo", "unigram", "masked-lm", "systems"], "ok")
    assert checks == built | {"gap-filler": "skipped"}


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


GAPS = """
examples: rows.jsonl
train:
  - name: gaps
    trainer: {masked-lm: {epochs: 6, best_by: word-recall}}
generate:
  split: test
  systems:
    - name: trained
      generator: {gap-filler: {model: "train:gaps"}}
"""
SPLITS = {
    "train": ["katten sover på mattan", "hunden äter på golvet"],
    "validation": ["katten ___ på mattan"],
    "test": ["hunden ___ på golvet"],
}


def documents():
    wanted = {"validation": "katten sover på mattan", "test": "hunden äter på golvet"}
    for split, texts in SPLITS.items():
        for number, text in enumerate(texts):
            references = [wanted[split]] if split in wanted else []
            yield Example.from_instruction(f"{split}/{number}", text, references, language="sv", kind="document", split=split)


def test_its_masked_language_model_is_trained_chosen_by_its_metric_and_fills_gaps(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(map(to_json, documents())))
    (tmp_path / "gaps.yaml").write_text(GAPS.replace("rows.jsonl", str(tmp_path / "rows.jsonl")), encoding="utf-8")
    trained = shell("train", tmp_path / "gaps.yaml", "-o", tmp_path / "run")
    assert trained.returncode == 0, trained.stderr
    record = read_trained(tmp_path / "run/checkpoints", "gaps")
    losses = record.facts["losses"]
    # before the first step each of the 8 words (one of them the end) is as likely as the others
    assert losses[0] == pytest.approx(math.log(8))
    assert losses == sorted(losses, reverse=True)
    assert record.facts["looks"][-1] == 1.0
    assert [one.split for one in learned_examples(tmp_path / "run/checkpoints", record)] == ["train", "train"]
    answered = shell("generate", tmp_path / "gaps.yaml", "-o", tmp_path / "run")
    assert answered.returncode == 0, answered.stderr
    [output] = read_table(tmp_path / "run/outputs.parquet", Output)
    assert (output.system, output.text) == ("trained", "hunden äter på golvet")


def test_its_training_goes_on_where_it_was_stopped(registry, tmp_path):
    class Stopping(RegistryScorer):
        left = 3

        def mean(self, metric, examples, outputs):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return super().mean(metric, examples, outputs)

    def trainer(scorer):
        found = registry.build("trainer", PluginRef("masked-lm", {"epochs": 6, "best_by": "word-recall"}))
        found.use_scorer(scorer)
        return found

    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    whole = trainer(RegistryScorer(registry)).train(documents(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trainer(Stopping(registry)).train(documents(), tmp_path / "stopped")
    resumed = trainer(RegistryScorer(registry)).train(documents(), tmp_path / "stopped")
    for file in ("model.json", "facts.json"):
        assert (resumed / file).read_bytes() == (whole / file).read_bytes()
