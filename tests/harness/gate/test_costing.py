"""What a metric costs: counted with a clock that the metric and the jobs themselves move."""

import random
from collections import Counter
from dataclasses import dataclass, field

from harness import Example, MetricSpec, Unit
from harness.gate.baseline import Cost
from harness.gate.costing import lower, measure_cost, sample, shuffled
from harness.judgments import JudgmentSet
from harness.records import JudgmentInfo, Output
from harness.registry import PluginRef
from harness.stages.metrics import BuiltMetric

LONG = "ett två tre fyra fem sex sju åtta nio"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Working:
    """A metric that takes `seconds` a unit, its first call `start` more, and remembers the texts that it has seen."""

    clock: Clock
    seconds: float = 1.0
    start: float = 0.0
    signature: str = "working|v:1"
    seen: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)

    def score(self, units: list[Unit]) -> list[float]:
        self.clock.now += self.seconds * len(units) + (self.start if not self.calls else 0)
        self.calls.append(len(units))
        self.seen += [unit.output.text or "" for unit in units]
        return [1.0] * len(units)


def built(metric: object, **spec: object) -> BuiltMetric:
    return BuiltMetric(PluginRef("working", {}), MetricSpec("working", build=lambda: metric, **spec), metric)  # type: ignore[arg-type]


def pairs(texts: list[str], references: tuple[str, ...] = (LONG,)) -> JudgmentSet:
    examples = tuple(
        Example.from_instruction(f"pairs/{number}", "Räkna.", references, language="sv") for number, _ in enumerate(texts)
    )
    outputs = tuple(
        Output(id=f"o{number}", example_id=f"pairs/{number}", system="s", text=text) for number, text in enumerate(texts)
    )
    return JudgmentSet(JudgmentInfo(name="pairs", version="1"), examples, outputs)


def test_a_cost_is_cpu_seconds_a_unit_over_those_of_each_job() -> None:
    clock = Clock()

    def job() -> None:
        clock.now += 0.25

    cost = measure_cost(built(Working(clock, seconds=0.5)), [pairs([LONG] * 6)], clock=clock, jobs={"job": job})
    assert cost is not None
    assert cost.ratios == {"job": 2.0}


def test_what_the_first_call_loads_does_not_count() -> None:
    clock = Clock()

    def job() -> None:
        clock.now += 1

    cost = measure_cost(built(Working(clock, start=1000)), [pairs([LONG] * 6)], clock=clock, jobs={"job": job})
    assert cost is not None
    assert cost.ratios == {"job": 1.0}


def test_the_least_of_the_rounds_counts_of_the_metric_and_of_the_job_alike() -> None:
    clock = Clock()
    metric = Working(clock, seconds=0.01)
    slow = iter([*[1.0] * 100, *[7.0] * 100])  # the machine is seven times as busy from some round on

    def job() -> None:
        clock.now += 0.02 * next(slow)
        metric.seconds = 0.01 * next(slow)

    cost = measure_cost(built(metric), [pairs([LONG] * 6)], clock=clock, jobs={"job": job})
    assert cost is not None
    assert cost.ratios == {"job": 0.5}


def test_a_metric_is_asked_in_its_own_batches_about_texts_that_it_has_never_seen() -> None:
    clock = Clock()
    metric = Working(clock)
    assert measure_cost(built(metric, batch_size=4), [pairs([LONG] * 6)], clock=clock, jobs={}) is not None
    assert max(metric.calls) == 4
    assert max(Counter(metric.seen).values()) == 1
    assert {" ".join(sorted(text.split())) for text in metric.seen} == {" ".join(sorted(LONG.split()))}


def test_a_quick_metric_is_asked_about_more_units_until_its_time_can_be_seen() -> None:
    clock = Clock()
    metric = Working(clock, seconds=1e-5)
    measure_cost(built(metric, batch_size=1000), [pairs([LONG] * 20)], clock=clock, jobs={})
    assert metric.calls[-1] * 1e-5 >= 0.001


def test_a_metric_that_asks_others_and_a_set_without_units_have_no_cost() -> None:
    clock = Clock()
    metric = Working(clock)
    assert measure_cost(built(metric, cost="paid"), [pairs([LONG])], clock=clock, jobs={}) is None
    assert measure_cost(built(metric, needs=("source",)), [pairs([LONG])], clock=clock, jobs={}) is None
    assert measure_cost(built(metric), [], clock=clock, jobs={}) is None
    assert not metric.calls


def test_the_sample_is_of_examples_with_some_words_and_none_too_long_spread_over_the_set() -> None:
    texts = ["kort", LONG * 1000, *[f"{LONG} {number}" for number in range(48)]]
    chosen = sample([pairs(texts), pairs([])])
    assert chosen is not None
    assert len(chosen.examples) == len(chosen.outputs) == 24
    assert [output.text for output in chosen.outputs] == texts[2::2]


def test_where_every_text_is_short_they_are_the_sample() -> None:
    chosen = sample([pairs(["a", "b"])])
    assert chosen is not None
    assert [output.text for output in chosen.outputs] == ["a", "b"]


def test_shuffling_keeps_every_word_of_answers_and_references() -> None:
    mixed = shuffled(pairs([LONG]), random.Random(1))
    for text in (mixed.outputs[0].text, mixed.examples[0].references[0]):
        assert text != LONG
        assert sorted((text or "").split()) == sorted(LONG.split())


def test_of_two_measurements_the_lower_figures_count() -> None:
    one, other = Cost(ratios={"text": 2.0, "arrays": 1.0}, memory=5), Cost(ratios={"text": 1.0, "arrays": 3.0}, memory=None)
    assert lower(one, other) == Cost(ratios={"text": 1.0, "arrays": 1.0}, memory=5)
