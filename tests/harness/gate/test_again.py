"""Asking twice, and trying a signature's parameters."""

import pytest

from harness.gate.again import ask_again, silent_parameters
from harness.gate.pairs import read_pairs
from harness.plugins import load_plugins
from harness.registry import PluginRef
from harness.stages.metrics import build_metrics

PLUGIN = """
import itertools
from harness import MetricSpec, hookimpl

class Same:
    def __init__(self, *, power: int = 1, scale: float = 2.0, device: str = "cpu") -> None:
        self.signature = f"same|scale:{scale}|v:1"

    def score(self, units):
        return [float(len(unit.output.text)) for unit in units]

class Neighbours(Same):
    def score(self, units):
        return [float(len(units)) for unit in units]

class Counting(Same):
    made = itertools.count()
    def __init__(self) -> None:
        self.signature, self.number = "counting|v:1", next(Counting.made)

    def score(self, units):
        return [float(self.number) for unit in units]

@hookimpl
def harness_metrics():
    return [MetricSpec("same", build=Same), MetricSpec("neighbours", build=Neighbours), MetricSpec("counting", build=Counting)]
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("again")
    (folder / "twice.py").write_text(PLUGIN)
    line = '{{"id": "{0:02}", "language": "sv", "instruction": "x", "references": ["y"], "text": "{1}"}}\n'
    (folder / "pairs.jsonl").write_text("".join(line.format(number, "a" * number) for number in range(30)))
    return load_plugins([str(folder / "twice.py")]), (read_pairs(folder / "pairs.jsonl"),)


def build(registry, name):
    (metric,) = build_metrics(registry, [PluginRef(name, {})])
    return metric


def test_a_metric_that_says_the_same_is_asked_about_some_pairs_from_all_over(given):
    registry, sets = given
    again = ask_again(registry, build(registry, "same"), sets)
    assert (again.units, again.apart) == (10, ())


def test_a_score_that_depends_on_the_other_units_is_seen(given):
    registry, sets = given
    again = ask_again(registry, build(registry, "neighbours"), sets)
    assert len(again.apart) == 10
    assert again.apart[0] == ("00", 10.0, 5.0)


def test_a_score_that_depends_on_the_object_is_seen_where_it_is_built_anew(given):
    registry, sets = given
    metric = build(registry, "counting")
    assert ask_again(registry, metric, sets, anew=False).apart == ()
    assert len(ask_again(registry, metric, sets).apart) == 10


def test_parameters_that_the_signature_leaves_out_are_found_by_trying(given):
    registry, _ = given
    assert silent_parameters(registry, build(registry, "same")) == ["power"]
