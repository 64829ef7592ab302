"""One config holds a whole experiment; what does not fit is named with its file, line and key."""

from pathlib import Path

import pytest
import yaml

from harness.errors import ConfigError
from harness.experiment import is_experiment, load_experiment, resolved
from harness.experiment_records import CompareOptions, HoldOut
from harness.registry import PluginRef

CONFIG = """\
build:
  language: sv
  builders: [{instructions: {data: sweinstruct-natural}}]
hold_out: {tasks: ["quoref_*"], words: 6}
train:
  - name: tuned
    seeds: [3, 5]
    trainer: {sft: {base: smollm2}}
  - name: control
    hold_out: false
    trainer: {sft: {base: smollm2}}
generate:
  split: [test, unseen]
  limit: 20
  systems:
    - {name: base, generator: {transformers: {model: smollm2}}}
    - {name: tuned, generator: {transformers: {model: "train:tuned"}}}
    - {name: control, generator: {transformers: {model: "train:control"}}}
score: {metrics: [chrf, {rouge-l: {stemmer: swedish}}]}
compare: {baseline: base, resamples: 500}
metaevaluate: {judgments: [gec-sv], resamples: 300}
leaderboard:
  tasks: [sv_swefaq]
  models: ["train:tuned", {name: plain, generator: {transformers: {model: smollm2}}}]
"""


def written(tmp_path: Path, text: str = CONFIG) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_training_with_seeds_is_one_run_and_one_system_a_seed(tmp_path: Path) -> None:
    config = load_experiment(written(tmp_path))
    assert [(one.name, one.plugin.params.get("seed")) for one in config.train] == [
        ("tuned-3", 3),
        ("tuned-5", 5),
        ("control", None),
    ]
    assert [(one.name, one.group, one.plugin.params["model"]) for one in config.systems] == [
        ("base", "base", "smollm2"),
        ("tuned-3", "tuned", "train:tuned-3"),
        ("tuned-5", "tuned", "train:tuned-5"),
        ("control", "control", "train:control"),
    ]


CHAIN = CONFIG.replace("generate:\n", '  - {name: polished, seeds: [5], trainer: {sft: {base: "train:tuned"}}}\ngenerate:\n', 1)


def test_a_training_begins_with_one_above_it_seed_by_seed(tmp_path: Path) -> None:
    config = load_experiment(written(tmp_path, CHAIN))
    assert config.train[-1].plugin.params == {"base": "train:tuned-5", "seed": 5}
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(resolved(config)), encoding="utf-8")
    assert load_experiment(tmp_path / "again.yaml").train == config.train
    one_run = load_experiment(
        written(tmp_path, CHAIN.replace("seeds: [5]", "seeds: [8]").replace(':tuned"}}}\ng', ':tuned-3"}}}\ng'))
    )
    assert one_run.train[-1].plugin.params == {"base": "train:tuned-3", "seed": 8}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "seeds: [5]",
            "seeds: [8]",
            r"line 12.*'train:tuned' has the seeds 3, 5: give this training some of them, or name one run",
        ),
        ("seeds: [5], ", "", r"'train:tuned' has the seeds 3, 5"),
        (
            ':tuned"}}}\ng',
            ':polished-5"}}}\ng',
            r"'train:polished-5': no training above this one has this name; there are control",
        ),
    ],
)
def test_a_training_that_begins_with_none_above_it_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CHAIN
    with pytest.raises(ConfigError, match=said):
        load_experiment(written(tmp_path, CHAIN.replace(old, new, 1)))


def test_every_section_is_read(tmp_path: Path) -> None:
    config = load_experiment(written(tmp_path))
    assert (config.name, config.examples, config.output) == ("mine", "build:data", "runs/mine")
    assert config.builds[0].builders == (PluginRef("instructions", {"data": "sweinstruct-natural"}),)
    assert config.hold_out == HoldOut(tasks=("quoref_*",), words=6)
    assert (config.splits, config.limit) == (("test", "unseen"), 20)
    assert config.metrics == (PluginRef("chrf"), PluginRef("rouge-l", {"stemmer": "swedish"}))
    assert config.compare == CompareOptions(baseline="base", resamples=500)
    assert (config.judgments, config.metaevaluate.resamples) == ((PluginRef("gec-sv"),), 300)
    assert config.leaderboard is not None
    assert [one.name for one in config.leaderboard.models] == ["tuned-3", "tuned-5", "plain"]


def test_a_board_without_models_has_the_systems(tmp_path: Path) -> None:
    text = CONFIG.replace('  models: ["train:tuned", {name: plain, generator: {transformers: {model: smollm2}}}]\n', "")
    config = load_experiment(written(tmp_path, text))
    assert config.leaderboard is not None
    assert [one.name for one in config.leaderboard.models] == ["base", "tuned-3", "tuned-5", "control"]


def test_the_config_loads_as_what_it_resolves_to(tmp_path: Path) -> None:
    config = load_experiment(written(tmp_path))
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(resolved(config)), encoding="utf-8")
    assert load_experiment(tmp_path / "again.yaml") == config


def test_several_builds_are_told_apart_by_their_names(tmp_path: Path) -> None:
    text = """\
build:
  - {name: natural, language: sv, builders: [{natural: {texts: [x]}}]}
  - {name: template, language: sv, builders: [{template: {sets: [swefaq]}}]}
examples: "build:template"
train:
  - {name: a, examples: "build:natural", trainer: sft}
"""
    config = load_experiment(written(tmp_path, text))
    assert [one.name for one in config.builds] == ["natural", "template"]
    assert (config.examples, config.trainings[0].examples) == ("build:template", "build:natural")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("language: sv", "langauge: sv", r"line 2, build\.langauge: unknown key 'langauge'"),
        ("seeds: [3, 5]", "seeds: [3, 3]", r"line 7, train\[1\]\.seeds: a seed is here twice"),
        ("seeds: [3, 5]", "seeds: three", r"line 7, train\[1\]\.seeds: expected a list of whole numbers"),
        ("name: control\n    hold", "name: tuned-3\n    hold", r"line 9.*two trainings are called 'tuned-3'"),
        ("hold_out: false", "hold_out: 3", r"line 10.*expected true or false"),
        ("words: 6", "words: 1", r"line 4, hold_out\.words: words is 0, or at least 2"),
        ("baseline: base", "baseline: bsae", r"line 20, compare\.baseline: 'bsae' is no system; there are base, tuned, control"),
        ("train:control", "train:contorl", r"line 18.*'train:contorl': no training has this name"),
        ("resamples: 300", "resamples: many", r"line 21, metaevaluate\.resamples"),
        ("tasks: [sv_swefaq]", "tsaks: [sv_swefaq]", r"line 23, leaderboard\.tsaks: unknown key"),
        ('["train:tuned",', '["train:nobody",', r"'train:nobody': no training has this name"),
        ("generate:\n", "generates:\n", r"line 12, generates: unknown key 'generates'. Did you mean 'generate'"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CONFIG
    with pytest.raises(ConfigError, match=said):
        load_experiment(written(tmp_path, CONFIG.replace(old, new, 1)))


def test_metrics_without_systems_have_nothing_to_score(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2, score: there are metrics and no systems"):
        load_experiment(written(tmp_path, "examples: rows.jsonl\nscore: {metrics: [chrf]}\n"))


def test_an_experiment_is_told_from_a_run_on_judgments(tmp_path: Path) -> None:
    assert is_experiment(written(tmp_path))
    assert not is_experiment("quickstart")


@pytest.mark.parametrize("name", ["sv-instruct", "sv-instruct-tiny"])
def test_the_shipped_experiments_load(name: str) -> None:
    config = load_experiment(name)
    sections = (config.builds, config.train, config.systems, config.metrics, config.judgments, config.leaderboard)
    assert all(sections)
    assert config.compare.baseline == "base"
