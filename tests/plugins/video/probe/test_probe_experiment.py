"""An experiment from its config to its page on a world of a few clips: what is done is not done again, folders are not mixed."""

import json

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("av")

import tiny_video_training as tiny
from click.testing import CliRunner
from harness_plugins.video.probe import work
from harness_plugins.video.probe.config import read_experiment
from harness_plugins.video.probe.inputs import claim_inputs
from harness_plugins.video.probe.results import NAME, Answers, Asked, write_answers

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


@pytest.fixture
def finished(tmp_path):
    """An experiment on data that there are whose runs are done: (config, folder)."""
    tiny.tokens_of(tmp_path / "tokens")
    every = [tiny.example(number, "train" if number < 20 else "test") for number in range(24)]
    (tmp_path / "data.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in every))
    (tmp_path / "norms.csv").write_text("word,imageability\nröd,6\nblå,6\ncirkel,4\nmåndag,1\ntisdag,1\n")
    path = tmp_path / "own.yaml"
    probe = f"{{norms: {{source: {tmp_path / 'norms.csv'}}}, shown: [none]}}"
    path.write_text(
        f"seeds: [1]\narms: [real, none]\nsizes: {{tiny: {{preset: tiny}}}}\ndata: {tmp_path / 'data.jsonl'}\n"
        f"tokens: {tmp_path / 'tokens'}\nprobe: {probe}\n"
    )
    experiment, folder = read_experiment(path), tmp_path / "out"
    work.claim(experiment, folder)
    material = work.material_of(experiment, folder)
    claim_inputs(folder, material.inputs, begun=False)
    for arm in experiment.arms:
        leave(folder, material, arm)
    return experiment, folder


def leave(folder, material, arm, *, logprob=-1.0, shown=None, seed=1, tokenizer="t"):
    """What a run leaves."""
    count = len(material.subject.occurrences)
    said = Answers(np.full(count, logprob), np.ones(count), np.ones(count), np.ones(count))
    place = work.run_folder(folder, "tiny", arm, 1)
    asked = Asked(size="tiny", seed=seed, trained=arm, shown=shown or arm)
    write_answers(place / NAME, material.subject.occurrences, {asked: said})
    facts = work.RunFacts(
        size="tiny", arm=arm, seed=1, parameters=1, steps=1, loss=1.0, tokens_per_second=None, seconds=1.0, tokenizer=tokenizer
    )
    (place / work.FACTS).write_bytes(msgspec.json.encode(facts))


def test_runs_that_are_done_are_read(finished):
    done, _ = work.run_experiment(*finished, workers=1)
    assert [one.arm for one in done.facts] == ["real", "none"]
    assert [(one.trained, one.shown) for one in done.answers] == [("real", "real"), ("none", "none")]


def test_runs_on_texts_or_video_tokens_that_changed_are_not_gone_on_with(finished, tmp_path):
    data, tokens = tmp_path / "data.jsonl", tmp_path / "tokens" / "videos" / f"{tiny.sha256_of(3)}.safetensors"
    text, held = data.read_bytes(), tokens.read_bytes()
    data.write_bytes(text.replace(b"rullar", b"hoppar"))
    with pytest.raises(InputError, match=r"the texts of .*data\.jsonl changed since its runs began.*another folder by --out"):
        work.run_experiment(*finished, workers=1)
    data.write_bytes(text)
    tokens.write_bytes((tmp_path / "tokens" / "videos" / f"{tiny.sha256_of(4)}.safetensors").read_bytes())
    with pytest.raises(InputError, match=r"the video tokens of .*tokens changed since its runs began"):
        work.run_experiment(*finished, workers=1)
    with pytest.raises(InputError, match=r"the video tokens of .*tokens changed"):
        work.run_one(*finished, "tiny", "real", 1)
    tokens.write_bytes(held)
    work.run_experiment(*finished, workers=1)
    (finished[1] / "inputs.json").unlink()
    with pytest.raises(InputError, match=r"inputs\.json is missing, so nothing says"):
        work.run_experiment(*finished, workers=1)


def test_runs_of_different_tokenizers_are_refused_with_both_named(finished):
    leave(finished[1], work.material_of(*finished), "none", tokenizer="u")
    with pytest.raises(InputError, match=r"tiny-real-seed-1 and .*tiny-none-seed-1 have different tokenizers"):
        work.run_experiment(*finished, workers=1)


def test_sizes_that_train_different_tokenizers_are_refused_before_anything_is_done(finished):
    experiment, folder = finished
    sizes = {"tiny": {"preset": "tiny"}, "mini": {"preset": "mini", "tokenizer": {"train": "wordpiece", "size": 300}}}
    other = msgspec.structs.replace(experiment, sizes=sizes)
    with pytest.raises(ConfigError, match=r"tiny and mini train different tokenizers \(of 8000 and 300 tokens\)"):
        work.run_experiment(other, folder.parent / "other", workers=1)
    assert not (folder.parent / "other" / "runs").exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda place, *_: (place / work.FACTS).write_bytes(b""), r"run\.json: not what a run says of itself"),
        (lambda place, *_: (place / work.FACTS).write_bytes(b"[1]"), r"run\.json: not what a run says of itself"),
        (lambda place, *_: (place / work.FACTS).unlink(), r"run\.json is missing"),
        (lambda place, *_: (place / NAME).write_bytes(b""), r"probe\.parquet: not the answers of a probe"),
        (lambda _, *at: leave(*at, logprob=-np.inf), r"probe\.parquet: damaged: logprob is -inf"),
        (lambda _, *at: leave(*at, logprob=2.0), r"probe\.parquet: damaged: logprob is 2"),
        (lambda _, *at: leave(*at, shown="weird"), r"probe\.parquet: damaged: shown is one of .*'weird'"),
        (lambda _, *at: leave(*at, seed=2), r"of another run than tiny, real, seed 1"),
    ],
)
def test_a_damaged_run_is_named_and_its_folder_is_to_be_deleted(finished, damage, said):
    experiment, folder = finished
    place = work.run_folder(folder, "tiny", "real", 1)
    damage(place, folder, work.material_of(experiment, folder), "real")
    with pytest.raises(InputError, match=said) as caught:
        work.run_experiment(experiment, folder, workers=1)
    assert f"delete {place}, and the same command does this run anew" in str(caught.value)


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
