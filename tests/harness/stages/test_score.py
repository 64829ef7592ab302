"""Every unit gets one score a component or a reason why not, and what is saved is never scored again."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ConnectionProblem, HarnessError, InputError, MissingExtra, PluginError, StoreProblem
from harness.judgments import JudgmentSet
from harness.plugins import load_plugins
from harness.protocols import MetricSpec, Result, Unit
from harness.records import Example, JudgmentInfo, Output, Preference, Score
from harness.registry import Entry, PluginRef, Registry
from harness.stages.score import BuiltMetric, build_metrics, score
from harness.store import Run, read_manifest


@dataclass
class Probe:
    """A metric that answers with `answer(unit)` and remembers what it was asked."""

    answer: Callable[[Unit], Any] = lambda unit: float(len(unit.output.text or ""))
    signature: str = "probe|v:1"
    asked: list[list[tuple[str, ...]]] = field(default_factory=list)
    prepared: list[int] = field(default_factory=list)

    def prepare(self, examples: Sequence[Example]) -> None:
        self.prepared.append(len(examples))

    def score(self, units: Sequence[Unit]) -> list[Any]:
        self.asked.append([tuple(output.id for output in unit.outputs) for unit in units])
        return [self.answer(unit) for unit in units]


def built(metric: Any = None, params: dict[str, Any] | None = None, **spec: Any) -> BuiltMetric:
    metric = metric if metric is not None else Probe()
    return BuiltMetric(PluginRef("probe", params or {}), MetricSpec("probe", build=Probe, **spec), metric)


def make_set(
    systems: Sequence[str] = ("x", "y"), items: int = 3, preferences: Sequence[Preference] = (), **info: Any
) -> JudgmentSet:
    """Items e0, e1, …, each with a reference and a source; the answer of system x to item e1 is "e1x"."""
    examples = [Example(id=f"e{i}", kind="instruction", language="sv", references=("ref",), source="src") for i in range(items)]
    outputs = [Output(id=f"e{i}{s}", example_id=f"e{i}", system=s, text=f"e{i}{s}") for i in range(items) for s in systems]
    return JudgmentSet(JudgmentInfo(name="set", version="1", **info), tuple(examples), tuple(outputs), (), tuple(preferences))


def prefer(a: str, b: str, rater: str = "r", criterion: str = "c") -> Preference:
    return Preference(output_a=a, output_b=b, rater=rater, criterion=criterion, winner="a")


def by_target(scores: Sequence[Score]) -> dict[tuple[str, ...], Score]:
    found = {score.targets: score for score in scores}
    assert len(found) == len(scores)
    return found


def test_an_output_metric_scores_every_output_once_in_batches_by_position() -> None:
    probe = Probe()
    scores = score(make_set(), [built(probe, batch_size=4)])
    assert probe.asked == [[("e0x",), ("e0y",), ("e1x",), ("e1y",)], [("e2x",), ("e2y",)]]
    assert [(s.targets, s.value, s.component, s.metric, s.status) for s in scores] == [
        ((name,), 3.0, None, "probe|v:1", "ok") for name in ("e0x", "e0y", "e1x", "e1y", "e2x", "e2y")
    ]


def test_a_pair_metric_gets_both_orders_of_each_pair_that_people_compared_once() -> None:
    data = make_set(
        preferences=[prefer("e1x", "e1y"), prefer("e0y", "e0x"), prefer("e1y", "e1x", rater="s"), prefer("e1x", "e1y", "r", "d")]
    )
    probe = Probe(lambda unit: 1.0 if unit.outputs[0].system == "x" else 0.0)
    scores = score(data, [built(probe, unit="pair")])
    assert probe.asked == [[("e1x", "e1y"), ("e1y", "e1x"), ("e0y", "e0x"), ("e0x", "e0y")]]
    assert {s.targets: s.value for s in scores} == {
        ("e0x", "e0y"): 1.0, ("e0y", "e0x"): 0.0, ("e1x", "e1y"): 1.0, ("e1y", "e1x"): 0.0,
    }  # fmt: skip


def test_a_pair_metric_on_a_set_without_preferences_is_wrong_use() -> None:
    with pytest.raises(InputError, match="metric 'probe' compares pairs of outputs, and set holds no preferences"):
        score(make_set(), [built(unit="pair")])


def test_a_metric_without_units_is_refused_before_another_one_is_asked() -> None:
    first = Probe()
    with pytest.raises(InputError, match="holds no preferences"):
        score(make_set(), [built(first), built(Probe(signature="pairs|v:1"), unit="pair")])
    assert first.asked == []


def test_a_group_metric_gets_all_outputs_of_an_example() -> None:
    data = make_set()
    data = replace(data, outputs=data.outputs[:-2])  # item e2 has no outputs, and so no group
    probe = Probe(lambda unit: float(len(unit.outputs)))
    scores = score(data, [built(probe, unit="group")])
    assert {s.targets: s.value for s in scores} == {("e0x", "e0y"): 2.0, ("e1x", "e1y"): 2.0}


def test_a_corpus_metric_gets_all_outputs_of_a_system_and_its_first_example() -> None:
    probe = Probe(lambda unit: float(unit.example.id[1:]) + len(unit.outputs))
    scores = score(make_set(systems=("y", "x")), [built(probe, unit="corpus")])
    assert {s.targets: s.value for s in scores} == {("e0x", "e1x", "e2x"): 3.0, ("e0y", "e1y", "e2y"): 3.0}
    assert probe.asked == [[("e0x", "e1x", "e2x"), ("e0y", "e1y", "e2y")]]


@pytest.mark.parametrize(
    ("needs", "lacking", "status"), [("reference", {"references": ()}, "no-reference"), ("source", {"source": None}, "no-source")]
)
def test_what_an_example_lacks_is_a_missing_score_with_its_reason(needs: str, lacking: dict[str, Any], status: str) -> None:
    data = make_set()
    fields = {"id": "e0", "kind": "instruction", "language": "sv", "references": ("ref",), "source": "src", **lacking}
    data = replace(data, examples=(Example(**fields), *data.examples[1:]))
    probe = Probe()
    found = by_target(score(data, [built(probe, needs=(needs,))]))
    assert probe.asked == [[("e1x",), ("e1y",), ("e2x",), ("e2y",)]]
    assert (found[("e0x",)].value, found[("e0x",)].status, found[("e0x",)].detail) == (
        None,
        status,
        f"example 'e0' has no {needs}",
    )
    assert all(s.status == "ok" for s in score(data, [built()]))  # a metric that does not need it scores all
    corpus = score(data, [built(Probe(), needs=(needs,), unit="corpus")])
    assert {s.detail for s in corpus} == {f"1 of 3 examples have no {needs}, the first is 'e0'"}


def test_outputs_that_are_the_references_are_not_scored_against_themselves() -> None:
    data = make_set(systems=("x", "human"), reference_systems=("human",), preferences=[prefer("e0x", "e0human")])
    probe = Probe()
    found = by_target(score(data, [built(probe, needs=("reference",))]))
    assert (found[("e0human",)].value, found[("e0human",)].status) == (None, "reference-is-system")
    assert probe.asked == [[("e0x",), ("e1x",), ("e2x",)]]
    assert all(s.status == "ok" for s in score(data, [built()]))
    pairs = score(data, [built(Probe(), needs=("reference",), unit="pair")])
    assert {s.status for s in pairs} == {"reference-is-system"}
    groups = Probe(lambda unit: 1.0)
    score(data, [built(groups, needs=("reference",), unit="group")])
    assert groups.asked == [[("e0x",), ("e1x",), ("e2x",)]]
    corpora = {s.targets[0]: s.status for s in score(data, [built(Probe(), needs=("reference",), unit="corpus")])}
    assert corpora == {"e0human": "reference-is-system", "e0x": "ok"}


def test_an_output_that_says_nothing_is_empty_and_not_asked_about() -> None:
    data = make_set(items=1)
    data = replace(data, outputs=(data.outputs[0], Output(id="e0y", example_id="e0", system="y", finish="error")))
    probe = Probe()
    found = by_target(score(data, [built(probe)]))
    assert probe.asked == [[("e0x",)]]
    assert (found[("e0y",)].value, found[("e0y",)].status) == (None, "empty")
    assert found[("e0y",)].detail == "no output: 'e0y' has neither a text nor log-likelihoods"


def test_components_become_one_score_each_with_the_main_value_under_the_first_name() -> None:
    metric = Probe(lambda unit: Result(0.5, components={"precision": 0.25, "recall": 1}))
    scores = score(make_set(items=1, systems=("x",)), [built(metric, components=("f1", "precision", "recall"))])
    assert [(s.component, s.value) for s in scores] == [("f1", 0.5), ("precision", 0.25), ("recall", 1.0)]
    from_components = Probe(lambda unit: Result(None, components={"f1": 0.5, "precision": 0.25, "recall": 1}))
    assert score(make_set(items=1, systems=("x",)), [built(from_components, components=("f1", "precision", "recall"))]) == scores


def test_a_missing_result_is_missing_in_every_component_with_its_status_and_detail() -> None:
    metric = Probe(lambda unit: Result(None, "unparsed", detail="no verdict"))
    scores = score(make_set(items=1, systems=("x",)), [built(metric, components=("f1", "recall"))])
    assert [(s.component, s.value, s.status, s.detail) for s in scores] == [
        ("f1", None, "unparsed", "no verdict"),
        ("recall", None, "unparsed", "no verdict"),
    ]


def test_a_component_without_a_value_is_an_error_of_that_component_alone() -> None:
    metric = Probe(lambda unit: Result(0.5, components={"recall": None, "precision": math.inf}))
    scores = score(make_set(items=1, systems=("x",)), [built(metric, components=("f1", "precision", "recall"))])
    assert [(s.component, s.value, s.status, s.detail) for s in scores] == [
        ("f1", 0.5, "ok", None),
        ("precision", None, "error", "the metric returned inf"),
        ("recall", None, "error", "the metric gave no value for 'recall'"),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_no_score(value: float) -> None:
    [only] = score(make_set(items=1, systems=("x",)), [built(Probe(lambda unit: value))])
    assert (only.value, only.status, only.detail) == (None, "error", f"the metric returned {value}")


@pytest.mark.parametrize("value", [1, True, np.float32(1), np.float64(1), np.int64(1), Result(np.float32(1))])
def test_whole_numbers_and_numpys_numbers_are_numbers(value: Any) -> None:
    [only] = score(make_set(items=1, systems=("x",)), [built(Probe(lambda unit: value))])
    assert type(only.value) is float
    assert only.value == 1.0


def test_results_may_come_as_an_array_or_a_generator() -> None:
    class Arrays(Probe):
        def score(self, units: Sequence[Unit]) -> Any:
            return np.arange(len(units)) if self.signature == "array" else (float(i) for i in range(len(units)))

    for signature in ("array", "generator"):
        assert [s.value for s in score(make_set(items=1), [built(Arrays(signature=signature))])] == [0.0, 1.0]


def test_a_unit_on_which_the_metric_raises_is_an_error_and_the_others_of_its_batch_are_scored() -> None:
    def answer(unit: Unit) -> float:
        if unit.output.id == "e1x":
            raise ZeroDivisionError("no words\ud800")
        return 1.0

    probe = Probe(answer)
    found = by_target(score(make_set(), [built(probe, batch_size=4)]))
    assert {name: s.status for (name,), s in found.items() if s.status != "ok"} == {"e1x": "error"}
    assert found[("e1x",)].detail == "ZeroDivisionError: no words\\ud800"  # a lone surrogate fits in no file
    assert [len(batch) for batch in probe.asked] == [4, 1, 1, 1, 1, 2]


def test_a_metric_that_ends_the_program_has_failed_on_that_unit_and_the_program_goes_on() -> None:
    def answer(unit: Unit) -> float:
        if unit.output.id == "e1x":
            raise SystemExit(0)
        return 1.0

    found = by_target(score(make_set(), [built(Probe(answer))]))
    assert {name: (s.status, s.detail) for (name,), s in found.items() if s.status != "ok"} == {"e1x": ("error", "SystemExit: 0")}


STOPS = [
    KeyboardInterrupt(),
    MissingExtra("pip install it"),
    PluginError("wrong model"),
    ConnectionProblem("no server"),
    StoreProblem("full"),
]


@pytest.mark.parametrize("error", STOPS)
def test_what_stops_a_run_passes_through(error: BaseException) -> None:
    def answer(unit: Unit) -> float:
        raise error

    with pytest.raises(type(error)):
        score(make_set(), [built(Probe(answer))])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("0.5", "each result must be a number or a Result, got '0.5'"),
        (None, "each result must be a number or a Result, got None"),
        ([1.0], "each result must be a number or a Result, got [1.0]"),
        (Decimal("0.5"), "each result must be a number or a Result"),
        (Result(None), "a result without a value needs a status that says why, not 'ok'"),
        (Result("0.5", components={"recall": 1.0}), "a result's value must be a number, got '0.5'"),  # type: ignore[arg-type]
        (Result(0.5, "fine"), "a result has the unknown status 'fine'"),  # type: ignore[arg-type]
        (Result(0.5, components={"f2": 1.0, "recall": 1.0}), "a result has the component 'f2'; its spec declares f1, recall"),
        (Result(0.5), "a result lacks the component 'recall', which its spec declares"),
        (0.5, "a result lacks the component 'recall', which its spec declares"),
        (Result(0.5, components={"recall": "1"}), "component 'recall' must be a number, got '1'"),  # type: ignore[dict-item]
    ],
)
def test_an_answer_that_breaks_the_protocol_stops_the_run_and_names_the_metric(answer: Any, message: str) -> None:
    metric = built(Probe(lambda unit: answer), params={"beta": 2}, components=("f1", "recall"))
    with pytest.raises(PluginError, match=re.escape(f"metric 'probe:beta=2': {message}")):
        score(make_set(), [metric])


@pytest.mark.parametrize(
    ("answers", "message"),
    [([1.0], "score(units) got 6 units and returned 1 results"), (None, "score(units) must return a list, got None")],
)
def test_a_wrong_number_of_results_names_the_metric_and_both_numbers(answers: Any, message: str) -> None:
    class Short(Probe):
        def score(self, units: Sequence[Unit]) -> Any:
            return answers

    with pytest.raises(PluginError, match=re.escape(f"metric 'probe': {message}")):
        score(make_set(), [built(Short())])


def test_scores_are_sorted_by_signature_component_and_targets() -> None:
    two = built(Probe(lambda unit: Result(1.0, components={"a": 0.0}), "b|v:1"), components=("z", "a"))
    scores = score(make_set(systems=("y", "x"), items=1), [two, built(Probe(signature="a|v:1"))])
    assert [(s.metric, s.component, s.targets[0]) for s in scores] == [
        ("a|v:1", None, "e0x"), ("a|v:1", None, "e0y"),
        ("b|v:1", "a", "e0x"), ("b|v:1", "a", "e0y"), ("b|v:1", "z", "e0x"), ("b|v:1", "z", "e0y"),
    ]  # fmt: skip


def test_prepare_sees_every_example_once_and_only_if_there_is_something_to_score(tmp_path: Path) -> None:
    probe = Probe()
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        score(make_set(), [built(probe, batch_size=2)], run=run)
        assert probe.prepared == [3]
        score(make_set(), [built(probe, batch_size=2)], run=run)
    assert probe.prepared == [3]
    score(make_set(reference_systems=("x", "y")), [built(probe, needs=("reference",))])
    assert probe.prepared == [3]


def test_a_prepare_that_fails_names_the_metric() -> None:
    class Broken(Probe):
        def prepare(self, examples: Sequence[Example]) -> None:
            raise OSError("no such model")

    with pytest.raises(PluginError, match=re.escape("metric 'probe': prepare(examples) failed: OSError: no such model")):
        score(make_set(), [built(Broken())])


def test_progress_tells_the_label_the_units_done_and_their_number() -> None:
    told: list[tuple[str, int, int]] = []
    score(make_set(), [built(params={"n": 1}, batch_size=4)], progress=lambda *call: told.append(call))
    assert told == [("probe:n=1", 0, 6), ("probe:n=1", 4, 6), ("probe:n=1", 6, 6)]


def test_progress_is_told_of_a_metric_before_it_is_asked() -> None:
    told: list[int] = []
    before = Probe(lambda unit: float(told == [0]))  # while the only batch is asked, nothing but the start is told
    table = score(make_set(), [built(before)], progress=lambda label, done, total: told.append(done))
    assert told == [0, 6]
    assert {one.value for one in table} == {1.0}


def test_a_finished_metric_is_never_asked_again_and_the_manifest_counts_what_was_reused(tmp_path: Path) -> None:
    data = make_set(reference_systems=("y",))
    again = Probe(lambda unit: pytest.fail("it was asked again"))
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        first = score(data, [built(needs=("reference",), batch_size=2)], run=run)
    counts = {"units_scored": 3, "units_reused": 0, "units_skipped": 3, "units_failed": 0}
    assert read_manifest(tmp_path / "r").counts == counts
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        assert score(data, [built(again, needs=("reference",), batch_size=2)], run=run) == first
    assert read_manifest(tmp_path / "r").counts == {**counts, "units_scored": 0, "units_reused": 3}


def test_a_batch_that_was_saved_in_part_is_scored_again_whole_and_counts_once(tmp_path: Path) -> None:
    """The value here depends on the batch, as the last digits of a model's do: the kill must not show in it."""

    class BatchSum(Probe):
        def score(self, units: Sequence[Unit]) -> list[Any]:
            self.asked.append([unit.outputs[0].id for unit in units])  # type: ignore[misc]
            return [Result(len(units) + i, components={"b": i}) for i in range(len(units))]

    spec = {"components": ("a", "b"), "batch_size": 2}
    whole = score(make_set(items=4), [built(BatchSum(), **spec)])
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        score(make_set(items=4), [built(BatchSum(), **spec)], run=run)
    [segment] = (tmp_path / "r" / "segments").glob("*/main-0.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4  # a line a batch
    segment.write_bytes(b"".join(lines[:2]) + lines[2][:-9])
    probe = BatchSum()
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        assert score(make_set(items=4), [built(probe, **spec)], run=run) == whole
    assert probe.asked == [["e2x", "e2y"], ["e3x", "e3y"]]
    manifest = read_manifest(tmp_path / "r")
    assert (manifest.counts["units_scored"], manifest.counts["units_reused"]) == (4, 4)
    assert "the last line was torn" in manifest.notes[0]
    with Run.open(tmp_path / "r", config={}, command=[]) as run:
        assert score(make_set(items=4), [built(Probe(lambda unit: pytest.fail("asked")), **spec)], run=run) == whole


def test_only_what_changed_is_scored_again(tmp_path: Path) -> None:
    def asked(data: JudgmentSet, *metrics: BuiltMetric) -> list[int]:
        with Run.open(tmp_path / "r", config={}, command=[]) as run:
            score(data, metrics, run=run)
        return [len(metric.metric.asked) for metric in metrics]  # type: ignore[attr-defined]

    data = make_set()
    one, other = built(), built(Probe(signature="other|v:1"))
    assert asked(data, one, other) == [1, 1]
    changed = built(Probe(signature="other|beta:2|v:1"), params={"beta": 2})
    assert asked(data, built(), changed) == [0, 1]
    assert asked(data, built(version="2")) == [1]
    assert asked(data, replace(built(), code="sha256 of the edited file")) == [1]
    assert asked(replace(data, outputs=data.outputs[:-1]), built()) == [1]
    rewritten = Example(id="e0", kind="instruction", language="sv", references=("annan",), source="src")
    assert asked(replace(data, examples=(rewritten, *data.examples[1:])), built()) == [1]
    assert asked(data, built(), built(Probe(signature="other|v:1"))) == [0, 0]


def test_more_ratings_do_not_make_a_metric_score_again(tmp_path: Path) -> None:
    data = make_set(preferences=[prefer("e0x", "e0y")])
    again = Probe(lambda unit: pytest.fail("it was asked again"))
    for metric, preferences in (
        (Probe(lambda unit: 1.0), data.preferences),
        (again, (*data.preferences, prefer("e0y", "e0x", "s"))),
    ):
        with Run.open(tmp_path / "r", config={}, command=[]) as run:
            score(replace(data, preferences=preferences), [built(metric, unit="pair")], run=run)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["ok", "nan", "raise", "none"]), min_size=1, max_size=12), st.integers(1, 5))
def test_every_unit_has_exactly_one_score_whatever_the_metric_does(kinds: list[str], batch_size: int) -> None:
    def answer(unit: Unit) -> Any:
        kind = kinds[int(unit.example.id[1:])]
        if kind == "raise":
            raise RuntimeError
        return {"ok": 0.5, "nan": math.nan, "none": Result(None, "empty")}[kind]

    found = by_target(score(make_set(systems=("x",), items=len(kinds)), [built(Probe(answer), batch_size=batch_size)]))
    expected = {"ok": "ok", "nan": "error", "raise": "error", "none": "empty"}
    assert {name: s.status for (name,), s in found.items()} == {f"e{i}x": expected[kind] for i, kind in enumerate(kinds)}
    assert all((s.value is None) == (s.status != "ok") for s in found.values())


def registry(**signatures: Any) -> Registry:
    """A registry of metrics with these names and signatures."""
    metrics = {}
    for name, signature in signatures.items():
        spec = MetricSpec(name, build=lambda signature=signature, **params: Probe(signature=signature))
        metrics[name] = Entry(spec, f"plugin-{name}", "some-distribution")
    registry = Registry()
    registry.entries["metric"].update(metrics)
    return registry


def test_metrics_are_built_in_the_order_of_their_refs_with_the_labels_users_wrote() -> None:
    metrics = build_metrics(registry(a="a|v:1", b="b|v:1"), [PluginRef("b", {"beta": 2}), PluginRef("a")])
    assert [(m.label, m.signature, m.spec.name) for m in metrics] == [("b:beta=2", "b|v:1", "b"), ("a", "a|v:1", "a")]


def test_two_metrics_of_one_signature_are_both_named() -> None:
    with pytest.raises(PluginError, match=re.escape("metrics 'a' and 'a:case=mixed' share the signature 'a|v:1': leave one out")):
        build_metrics(registry(a="a|v:1"), [PluginRef("a"), PluginRef("a", {"case": "mixed"})])


@pytest.mark.parametrize("signature", [None, "", "  ", 7])
def test_a_metric_without_a_signature_is_named_with_its_plugin(signature: Any) -> None:
    with pytest.raises(
        PluginError, match=r"metric 'a' of plugin 'plugin-a' \(from some-distribution\): its signature must be a text"
    ):
        build_metrics(registry(a=signature), [PluginRef("a")])


PLAIN_FILE = """
from harness import MetricSpec, hookimpl

class Constant:
    signature = "constant|v:1"
    def score(self, units):
        return [{value}] * len(units)

@hookimpl
def harness_metrics():
    return [MetricSpec("constant-of-a-file", build=Constant)]
"""


def test_an_edited_plain_file_is_scored_again_without_a_new_version(tmp_path: Path) -> None:
    values = []
    for value in (1.0, 2.0, 2.0):
        (tmp_path / "own.py").write_text(PLAIN_FILE.format(value=value))
        metrics = build_metrics(load_plugins([tmp_path / "own.py"]), [PluginRef("constant-of-a-file")])
        with Run.open(tmp_path / "r", config={}, command=[]) as run:
            values.append((score(make_set(items=1, systems=("x",)), metrics, run=run)[0].value, run.counts["units_scored"]))
    assert values == [(1.0, 1), (2.0, 1), (2.0, 0)]


def test_an_unknown_metric_is_named_with_the_closest_one() -> None:
    with pytest.raises(HarnessError, match=r"unknown metric 'chrff'.* Did you mean 'chrf'"):
        build_metrics(registry(chrf="chrf|v:1"), [PluginRef("chrff")])
