"""The plugin check finds what is wrong with a metric before a run does."""

import itertools

import numpy as np
import pytest

from harness.errors import InputError, PluginError
from harness.plugin_check import check_plugin, missing_packages
from harness.plugins import load_plugins
from harness.protocols import Columns, JudgmentSourceSpec, MetricSpec, Result
from harness.registry import Entry, Registry


def check(build, **spec):
    kind = spec.pop("kind", "metric")
    spec_type = MetricSpec if kind == "metric" else JudgmentSourceSpec
    entry = Entry(spec_type("probe", build=build, **spec), "probe", "lab-dist")
    registry = Registry()
    registry.entries[kind]["probe"] = entry
    return check_plugin(registry, kind, entry)


def metric(answer, signature="probe|v:1", **members):
    def score(self, units):
        return [answer(unit) for unit in units]

    return type("Probe", (), {"signature": signature, "score": score, **members})


class DependsOnOrder:
    signature = "probe|v:1"

    def score(self, units):
        return [float(place) for place, _ in enumerate(units)]


class DependsOnBatch:
    signature = "probe|v:1"

    def score(self, units):
        return [1 / len(units) for _ in units]


class ForgetsOne:
    signature = "probe|v:1"

    def score(self, units):
        return [0.5 for _ in units[1:]]


def length(unit):
    return float(len(unit.output.text))


def test_a_good_metric_passes():
    assert check(metric(length)).status == "ok"
    assert check(metric(lambda unit: Result(None, "empty") if not unit.output.text else 1.0)).status == "ok"


@pytest.mark.parametrize(
    ("build", "spec", "complaint"),
    [
        (DependsOnOrder, {}, "depends on the other units of the call: 0.0 in order, 11.0 in reverse"),
        (DependsOnBatch, {}, "depends on the other units of the call"),
        (ForgetsOne, {}, "got 12 units and returned 11 results"),
        (metric(lambda unit: float("nan")), {}, "the metric returned nan"),
        (metric(lambda unit: "high"), {}, "must be a number or a Result, got 'high'"),
        (metric(lambda unit: Result(None)), {}, "needs a status that says why"),
        (metric(lambda unit: Result(1.0, components={"f1": 1.0})), {}, "has the component 'f1'"),
        (metric(length), {"components": ("f1", "recall")}, "lacks the component 'recall'"),
        (metric(lambda unit: 1 / 0), {}, "ZeroDivisionError"),
        (metric(length, signature=""), {}, "signature"),
        (metric(length, signature="probe"), {}, "its signature must be name|key:value|…|v:VERSION, got 'probe'"),
        (metric(length, prepare=lambda self, examples: 1 / 0), {}, "prepare(examples) failed"),
        (object, {}, "build returned object, which lacks 'signature' and 'score'"),
        (lambda: 1 / 0, {}, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_wrong_with_a_metric_is_named(build, spec, complaint):
    found = check(build, **spec)
    assert found.status == "failed"
    assert complaint in found.detail
    assert (found.name, found.distribution) == ("probe", "lab-dist")


@pytest.mark.parametrize("unit", ["output", "pair", "group", "corpus"])
def test_a_metric_of_every_unit_is_called_with_units_of_its_kind(unit):
    sizes = []

    def answer(asked):
        sizes.append(len(asked.outputs))
        return 0.0

    assert check(metric(answer), unit=unit).status == "ok"
    assert set(sizes) == {{"output": 1, "pair": 2, "group": 3, "corpus": 4}[unit]}


def test_a_metric_that_costs_money_is_built_and_not_called():
    called = itertools.count()
    found = check(metric(lambda unit: float(next(called))), cost="paid")
    assert (found.status, found.detail) == ("ok", "builds; not called, for it costs paid")
    assert next(called) == 0


def test_what_needs_a_parameter_or_a_package_is_skipped_with_the_reason():
    def needs(path):
        raise AssertionError("must not be built")

    assert check(needs).status == "skipped"
    assert "needs the parameter 'path'" in check(needs).detail

    def imports():
        import no_such_module_anywhere  # noqa: F401

    found = check(imports, extra="fast")
    assert found.status == "skipped"
    assert "pip install 'lab-dist[fast]'" in found.detail


def test_a_judgment_source_must_describe_itself():
    source = type("Source", (), {"info": "text", "read": lambda self: []})
    found = check(source, kind="judgment source")
    assert (found.status, found.detail) == ("failed", "its info is a str, not a JudgmentInfo")

    def absent():
        raise InputError("the data is absent")

    assert check(absent, kind="judgment source").status == "failed"


def test_an_extra_is_resolved_through_the_extras_it_names():
    entry = Entry(MetricSpec("all-of-it", build=object, extra="all"), "p", "metaeval-harness")
    assert missing_packages(entry) == []
    unknown = Entry(MetricSpec("none-of-it", build=object, extra="no-such-extra"), "p", "metaeval-harness")
    with pytest.raises(PluginError, match="names the extra 'no-such-extra', which metaeval-harness does not have"):
        missing_packages(unknown)


def test_two_ways_of_scoring_that_disagree_are_a_problem():
    def columns(self, units):
        return Columns({None: np.full(len(units), -1.0)})

    assert "score and score_columns disagree" in check(metric(lambda unit: 1.0, score_columns=columns)).detail
    assert check(metric(lambda unit: -1.0, score_columns=columns)).status == "ok"


def test_a_metric_whose_making_fails_is_told_by_name():
    for error in (RuntimeError, SystemExit):

        def build(error=error):
            raise error("no weights")

        assert f"{error.__name__}: no weights" in check(build).detail


HASHED = """
from harness import MetricSpec, hookimpl

class Hashed:
    signature = "hashed|v:1"

    def score(self, units):
        return [float(hash(unit.output.text) % 1000) for unit in units]

@hookimpl
def harness_metrics():
    return [MetricSpec("hashed", build=Hashed)]
"""


def test_a_metric_that_depends_on_the_seed_of_hashes_is_found_out_in_a_fresh_process_also_in_a_plain_file(tmp_path):
    (tmp_path / "hashed.py").write_text(HASHED)
    registry = load_plugins([tmp_path / "hashed.py"])
    entry = registry.entries["metric"]["hashed"]
    found = check_plugin(registry, "metric", entry, elsewhere=True)
    assert (found.status, "a fresh process says" in found.detail) == ("failed", True)
    assert "not asked in a fresh process" in check_plugin(registry, "metric", entry).detail
