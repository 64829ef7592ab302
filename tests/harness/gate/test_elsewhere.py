"""Asking in a fresh process: what depends on the seed of hashes or on what a class remembers shows."""

import pytest

from harness.gate.elsewhere import FreshProcess
from harness.gate.pairs import read_pairs
from harness.plugins import load_plugins
from harness.registry import Entry, PluginRef
from harness.stages.metrics import ask, build_metrics
from harness.stages.units import make_work

PLUGIN = """
from harness import MetricSpec, Result, hookimpl

class Same:
    def __init__(self, *, power: int = 1) -> None:
        self.signature = f"same|power:{power}|v:1"
        self.power = power

    def score(self, units):
        return [float(len(unit.output.text)) ** self.power if unit.output.text else Result(None, "empty") for unit in units]

class Hashed(Same):
    def score(self, units):
        return [float(hash(unit.output.text) % 1000) for unit in units]

class Remembering(Same):
    seen = {}

    def score(self, units):
        return [self.seen.setdefault(unit.output.text[:1], float(len(unit.output.text))) for unit in units]

class Dying(Same):
    def __init__(self) -> None:
        import os
        if os.environ.get("PYTHONHASHSEED") in ("4711", "4712"):
            raise ValueError("no such thing")
        super().__init__()

@hookimpl
def harness_metrics():
    return [
        MetricSpec("same", build=Same), MetricSpec("hashed", build=Hashed), MetricSpec("remembering", build=Remembering),
        MetricSpec("dying", build=Dying), MetricSpec("model", build=Same, cost="gpu"),
    ]
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "other.py").write_text(PLUGIN)
    line = '{{"id": "{0:02}", "language": "sv", "instruction": "x", "references": ["y"], "text": "{1}"}}\n'
    (folder / "pairs.jsonl").write_text("".join(line.format(number, "a" * number) for number in range(30)))
    registry = load_plugins([str(folder / "other.py")])
    entry = registry.entries["metric"]["same"]
    registry.entries["metric"]["given"] = Entry(entry.spec, "given", "a spec made here")
    refs = {name: PluginRef(name, {}) for name in ("same", "hashed", "remembering", "dying", "model", "given")}
    refs["same:power=2"] = PluginRef("same", {"power": 2})
    metrics = {label: build_metrics(registry, [ref])[0] for label, ref in refs.items()}
    sets = (read_pairs(folder / "pairs.jsonl"),)
    ask(metrics["remembering"], make_work(sets[0], metrics["remembering"].spec).units[5:])
    with FreshProcess(registry) as fresh:
        fresh.start(metrics, dict.fromkeys(metrics, sets))
        fresh.start({}, {})  # the first counts
        return fresh.compared(metrics)


def test_a_metric_that_says_the_same_is_asked_about_some_pairs(found):
    assert (found["same"].units, found["same"].apart, found["same"].failed) == (15, (), None)
    assert found["same:power=2"] == found["same"]


def test_what_depends_on_the_seed_of_hashes_is_seen(found):
    assert len(found["hashed"].apart) >= 13  # by chance two of fifteen agree, of a thousand values


def test_what_a_class_remembers_of_earlier_calls_is_seen(found):
    pairs = {unit: (here, there) for unit, here, there in found["remembering"].apart}
    assert set(pairs.values()) == {(5.0, 28.0)}  # here what was asked first, there what is asked first


def test_a_metric_that_fails_there_is_told_of_alone(found):
    assert "no such thing" in found["dying"].failed


def test_what_costs_more_or_was_given_as_an_object_is_left_out(found):
    assert found.keys() == {"same", "same:power=2", "hashed", "remembering", "dying"}


def test_nothing_is_started_for_nothing(found):
    with FreshProcess(load_plugins()) as fresh:
        fresh.start({}, {})
        assert fresh.compared([]) == {}
