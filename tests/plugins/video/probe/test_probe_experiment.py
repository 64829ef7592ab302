"""An experiment from its config to its page on a world of a few clips: what is done is not done again, folders are not mixed."""

import json

import msgspec
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("av")

from click.testing import CliRunner
from harness_plugins.video.probe import work
from harness_plugins.video.probe.config import read_experiment

from harness.cli.main import harness
from harness.errors import ConfigError, InputError

CONFIG = """
seeds: [1]
arms: [real, none]
sizes:
  tiny: {config: {model_type: bert, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 64}}
world:
  clips: 24
  frames: 2
  rate: 2
  height: 32
  width: 32
  sampled: 2
  tokenizer: {kind: patches, size: 16, codes: 8, seed: 0}
  splits: {train: 0.5, validation: 0, test: 0.5}
training: {tokenizer: {train: wordpiece, size: 150}, frames: 2, length: 32, steps: 3, batch: 8}
probe: {language: sv, shown: [real, none]}
statistics: {resamples: 100, permutations: 99}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG)
    return path


def test_dry_run_says_what_would_be_done_and_does_nothing(config, tmp_path):
    done = CliRunner().invoke(harness, ["probe", "experiment", str(config), "--out", str(tmp_path / "out"), "--dry-run"])
    assert done.exit_code == 0
    assert "small: 2 runs, arms real, none, sizes tiny, seeds 1" in done.output
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_experiment_is_refused_and_statistics_may_change(config, tmp_path):
    first = read_experiment(config)
    work.claim(first, tmp_path)
    more = msgspec.structs.replace(first, seeds=(1, 2), statistics=msgspec.structs.replace(first.statistics, bins=3))
    work.claim(more, tmp_path)
    with pytest.raises(InputError, match="holds an experiment with other settings"):
        work.claim(msgspec.structs.replace(first, training={**first.training, "steps": 4}), tmp_path)


def test_a_world_that_cannot_be_is_named(config, tmp_path):
    config.write_text(CONFIG.replace("train: 0.5, validation: 0, test: 0.5", "train: 0.9, test: 0.5"))
    with pytest.raises(ConfigError, match="world: splits"):
        work.material_of(read_experiment(config), tmp_path / "out")


@pytest.mark.slow
def test_an_experiment_goes_from_its_config_to_its_page_and_does_nothing_twice(config, tmp_path):
    out = tmp_path / "out"
    arguments = ["probe", "experiment", str(config), "--out", str(out), "--workers", "2", "--json"]
    done = CliRunner().invoke(harness, arguments)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["failed"], said["left"]) == ({}, 0)
    assert [(one["size"], one["arm"]) for one in said["analysis"]["gains"]] == [("tiny", "real")]
    html = (out / "page.html").read_text()
    assert "Imageability probe: small" in html
    assert html.count("data:image/png;base64,") > 3
    answers = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/probe.parquet")}
    assert len(answers) == 2
    again = json.loads(CliRunner().invoke(harness, arguments).stdout)
    assert again["analysis"] == said["analysis"]
    assert {path: path.stat().st_mtime_ns for path in answers} == answers
