"""Configs of experiments: what is wrong is named with its line and key before anything is computed."""

import pytest
from harness_plugins.retro.experiments.config import read_experiment

from harness.config import find_config
from harness.errors import ConfigError

PLANTED = "text: {planted: {families: 20}}\n"


def _read(tmp_path, text):
    path = tmp_path / "e.yaml"
    path.write_text(text, encoding="utf-8")
    return read_experiment(path)


@pytest.mark.parametrize("name", ["overlap", "paraphrase", "retrievers", "retrievers-real"])
def test_shipped_experiments_can_be_read(name):
    found = read_experiment(find_config(f"retro/{name}"))
    assert found.kind in name
    assert len(found.seeds) == 3


def test_arms_are_the_levels_or_the_two_kinds_of_neighbours(tmp_path):
    assert _read(tmp_path, "kind: overlap\nlevels: [0, 0.25]\n" + PLANTED).arms == ("overlap-0", "overlap-0.25")
    assert _read(tmp_path, "kind: overlap\n" + PLANTED).levels == (0, 0.1, 0.2, 0.3, 0.5, 0.8)
    assert _read(tmp_path, "kind: paraphrase\n" + PLANTED).arms == ("natural", "paraphrased")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: overlap\nseed: [1]\n" + PLANTED, "line 2.*unknown key 'seed'.*seeds"),
        ("kind: overlaps\n" + PLANTED, "line 1.*kind.*overlap"),
        ("kind: overlap\nlevels: [0.1, 1.5]\n" + PLANTED, "line 2.*share from 0 to 1, got 1.5"),
        ("kind: overlap\nlevels: [-0.1]\n" + PLANTED, "share from 0 to 1"),
        ("kind: overlap\nlevels: ['0.1']\n" + PLANTED, "share from 0 to 1, got '0.1'"),
        ("kind: overlap\nseeds: []\n" + PLANTED, "line 2.*seeds"),
        ("kind: overlap\nseeds: [1, 1, 1]\n" + PLANTED, "named twice"),
        ("kind: overlap\n" + PLANTED + "measure: {target_loss: .nan}\n", "line 3"),
        ("kind: overlap\n" + PLANTED + "measure: {target_los: 3}\n", "line 3.*target_loss"),
        ("kind: overlap\n" + PLANTED + "training: {steps: 0}\n", "line 3.*steps is at least 1"),
        ("kind: overlap\ntext: {chunk: 16, length: 40, planted: {}}\n", "line 2.*length"),
        ("kind: overlap\n", "say what is read"),
        ("kind: paraphrase\nparaphrases: {tabel: x}\n" + PLANTED, "line 2.*table"),
        ("kind: retrievers\nlevels: [0.1]\n" + PLANTED, "levels belongs to experiments of the kind overlap"),
        ("kind: retrievers\n" + PLANTED, "name at least one retriever"),
        ("kind: [overlap\n", "line"),
        (
            "kind: overlap\ntext: {sources: [swequad-mc]}\nmeasure: {questions: 5}\n",
            "line 3, measure.questions: no questions are named",
        ),
        ("kind: overlap\n" + PLANTED + "measure: {questions: 5}\n", "line 3, measure.questions: no questions are named"),
        ("kind: overlap\n" + PLANTED + "measure: {questions: -1}\n", "line 3, measure.questions: questions is 0 or more"),
    ],
)
def test_what_cannot_be_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said):
        _read(tmp_path, text)
