"""Configs of probes: shipped ones can be read, and what cannot be is named with file, line and key."""

import pytest
from harness_plugins.video.probe.config import read_experiment, read_run
from harness_plugins.video.trainer import VideoMlm
from harness_plugins.video.world.settings import World

from harness.config import find_config
from harness.errors import ConfigError

RUN = "data: builds/x\ntokens: tokens\nmodels: [{path: a, trained: real}, {path: b, trained: none}]\n"
WORLD = "world: {clips: 10}\nsizes: {tiny: {preset: tiny}}\n"


def test_shipped_experiments_name_parameters_that_world_and_trainer_have():
    for name, confound in (("world-probe", None), ("world-confound", True)):
        found = read_experiment(find_config(f"video/{name}"))
        assert found.name == name
        assert found.seeds == (1, 2, 3)
        assert found.world is not None
        assert found.world.get("confound") == confound
        known = {*World.__struct_fields__, "clips", "sampled", "tokenizer", "workers", "splits"}
        assert set(found.world) <= known
        for size in found.sizes.values():
            assert VideoMlm(**{**found.training, **size, "tokens": "t", "video": "none", "seed": 1}).settings["steps"] > 0
    assert len(read_experiment(find_config("video/world-probe")).runs) == 18


def test_the_shipped_probe_can_be_read():
    found = read_run(find_config("video/probe"))
    assert [one.trained for one in found.models] == ["real", "none"]
    assert found.probe.norms == {"source": "worlds/shapes/words.csv"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data: x\ntokens: y\n", "models lists checkpoints"),
        (RUN.replace("trained: real", "trained: seen"), "line 3.*trained is one of real, none, shuffled, blank, got 'seen'"),
        (RUN.replace("trained: none", "trained: real"), "line 3.*two models are one size, real, seed 0"),
        (
            RUN.replace("}]", "}, {path: ./a, trained: real, seed: 2}]"),
            "line 3.*a is named as one size, real, seed 0 and as .*seed 2",
        ),
        (RUN.replace("path: a, ", ""), "line 3.*missing required field path"),
        (RUN + "probe: {shown: [real, upside-down]}\n", "line 4.*shown is some of .*'upside-down'"),
        (RUN + "probe: {how: backwards}\n", "line 4.*how"),
        (RUN + "probe: {mst: 3}\n", "line 4.*mst.*most"),
        (RUN + "statistics: {level: 2}\n", "line 4.*level lies between"),
        (RUN + "statistics: {by: seeds}\n", "line 4.*by"),
        (RUN + "statistics: {seed: -1}\n", "line 4.*seed is at least 0, got -1"),
        (RUN + "statistics:\n  named: 2\n  bins: 3000000000\n", "line 6.*bins is at most 1,000, got 3000000000"),
        (RUN + "statistics: {resamples: 100000000000000}\n", "line 4.*resamples is at most 100,000"),
        (RUN + "statistics: {permutations: 100000000000000}\n", "line 4.*permutations is at most 1,000,000"),
        (RUN + "statistics: {least: 99999999999999999999999}\n", "line 4.*least"),
        (RUN + "statistics: {named: -1}\n", "line 4.*named is at least 0"),
        (RUN + "statistics: {caliper: .inf}\n", "line 4.*caliper"),
        (RUN + "statistics: {caliper: 0}\n", "line 4.*caliper is above 0, got 0"),
        (RUN + "probe: {seed: -99999999999999999999}\n", "line 4.*seed"),
        (RUN + "probe: {batch_tokens: 100000000000}\n", "line 4.*batch_tokens is at most 10,000,000"),
        (RUN.replace("path: b", "seed: 99999999999999999999, path: b"), "line 3.*seed"),
        (RUN.replace("path: b", "seed: -1, path: b"), "line 3.*seed is at least 0, got -1"),
        (RUN.replace("data: builds/x", "data: 3"), "line 1.*data is a path"),
        (RUN.replace("data: builds/x\n", ""), "`data` is missing; it is a path"),
    ],
)
def test_what_cannot_be_of_a_probe_is_named_with_its_line(tmp_path, text, said):
    path = tmp_path / "probe.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        read_run(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sizes: {tiny: {preset: tiny}}\n", "either `world`"),
        (WORLD + "data: x\n", "either `world`"),
        ("world: {clips: 10}\n", "sizes names at least one"),
        (WORLD + "arms: [real]\n", "line 3.*gain is held against the arm `none`"),
        (WORLD + "arms: [none, none, real]\n", "line 3.*named twice"),
        (WORLD + "arms: [none, dreamt]\n", "line 3.*arms lists some of"),
        (WORLD + "seeds: [1, 1]\n", "line 3.*named twice"),
        (WORLD + "seeds: [true]\n", "line 3.*whole numbers"),
        (WORLD + "seeds: [1, 99999999999999999999]\n", "line 3.*seeds are from 0 to"),
        (WORLD.replace("preset: tiny", "seed: 3"), "line 2.*seed is set by the experiment"),
        (WORLD + "name: a/b\n", "line 3.*folder's name"),
    ],
)
def test_what_cannot_be_of_an_experiment_is_named_with_its_line(tmp_path, text, said):
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_experiment(path)
