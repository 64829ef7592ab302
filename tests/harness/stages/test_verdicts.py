"""Metrics that ask models: they see an output's peers, their verdicts and costs are kept, and what failed is asked again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness import MetricSpec, Result, Unit
from harness.chat.messages import CallPlan
from harness.chat.policy import may_ask, only_stored
from harness.judgments import JudgmentSet
from harness.records import Example, JudgmentInfo, Output
from harness.registry import PluginRef
from harness.stages.evaluate import evaluate, load_run
from harness.stages.metrics import BuiltMetric
from harness.stages.score import calls, score
from harness.stages.units import make_units, make_work
from harness.store import Run, read_manifest
from harness.verdicts import Verdict


@dataclass
class Judge:
    """Rates an output by its length as if it were asked of a model; texts with a question mark cannot be asked yet."""

    signature: str = "toy-judge|v:1"
    broken: bool = True
    asked: list[str] = field(default_factory=list)

    def score(self, units: Sequence[Unit]) -> list[Result]:
        if may_ask():
            self.asked += [unit.output.id for unit in units]
        texts = [unit.output.text or "" for unit in units]
        return [Result(None, "error", detail="no server") if self.broken and "?" in t else Result(float(len(t))) for t in texts]

    def verdicts(self, units: Sequence[Unit]) -> list[Verdict]:
        made = [self._verdict(unit.output) for unit in units]
        return [*made, made[0]]  # said twice, kept once

    def plan(self, units: Sequence[Unit]) -> list[CallPlan]:
        return [CallPlan(judge="toy@here", calls=len(units), cached=0, tokens_in=7, tokens_out=3, price=0.5)]

    def _verdict(self, output: Output) -> Verdict:
        said = {"price": 0.25, "reply": output.text, "value": float(len(output.text or "")), "key": f"k-{output.text}"}
        return Verdict(metric=self.signature, targets=(output.id,), form="direct", judge="toy@here", **said)  # type: ignore[arg-type]


def built(judge: Judge, **spec: Any) -> BuiltMetric:
    given = {"cost": "paid", "batch_size": 2, **spec}
    return BuiltMetric(PluginRef("toy-judge", {}), MetricSpec("toy-judge", build=Judge, **given), judge)


@pytest.fixture
def data() -> JudgmentSet:
    examples = tuple(Example(id=id, kind="instruction", language="sv", references=("r",)) for id in ("e1", "e2"))
    texts = {"e1a": "ja", "e1b": "nej", "e1c": None, "e1ref": "r", "e2a": "va?"}
    outputs = tuple(Output(id=id, example_id=id[:2], system=id[2:], text=text) for id, text in texts.items())
    return JudgmentSet(JudgmentInfo(name="made", version="1", reference_systems=("ref",)), examples, outputs, (), ())


def test_peers_are_the_other_answers_of_the_item(data: JudgmentSet) -> None:
    units = make_units(data, MetricSpec("m", build=Judge, needs=("peers",)))
    assert [[peer.id for peer in unit.peers] for unit in units] == [
        ["e1b", "e1ref"], ["e1a", "e1ref"], ["e1a", "e1b", "e1ref"], ["e1a", "e1b"], [],
    ]  # fmt: skip
    assert [unit.peers for unit in make_units(data, MetricSpec("m", build=Judge))] == [()] * 5


def test_who_needs_references_too_does_not_meet_them_among_the_peers(data: JudgmentSet) -> None:
    work = make_work(data, MetricSpec("m", build=Judge, needs=("reference", "peers")))
    assert [[peer.id for peer in unit.peers] for unit in work.units] == [["e1b"], ["e1a"]]
    assert {data.outputs[place].id: reason[0] for place, reason in work.missing.items()} == {
        "e1c": "empty", "e1ref": "reference-is-system", "e2a": "no-peers",
    }  # fmt: skip
    assert work.missing[4][1] == "example 'e2' has no other output to compare this one with"


def test_only_metrics_of_single_outputs_can_need_peers() -> None:
    with pytest.raises(ValueError, match="only metrics of single outputs can need peers, this one's unit is 'pair'"):
        MetricSpec("m", build=Judge, needs=("peers",), unit="pair")


def run(folder: Path, data: JudgmentSet, judge: Judge, **options: Any) -> Any:
    with Run.open(folder, config={"name": "made"}, command=["test"]) as opened:
        return evaluate(data, [built(judge)], None, run=opened, **options)


def test_verdicts_and_their_price_are_kept_and_read_again(tmp_path: Path, data: JudgmentSet) -> None:
    judge = Judge()
    done = run(tmp_path, data, judge)
    assert [verdict.targets for verdict in done.verdicts] == [("e1a",), ("e1b",), ("e1ref",), ("e2a",)]
    assert load_run(tmp_path).verdicts == done.verdicts
    assert read_manifest(tmp_path).cost == {"toy-judge": 1.0}  # four replies, each counted once
    assert read_manifest(tmp_path).counts["verdicts"] == 4


def test_a_run_without_a_judge_has_no_table_of_verdicts(tmp_path: Path, data: JudgmentSet) -> None:
    class Plain:
        signature = "plain|v:1"

        def score(self, units: Sequence[Unit]) -> list[float]:
            return [1.0] * len(units)

    metric = BuiltMetric(PluginRef("plain", {}), MetricSpec("plain", build=Plain), Plain())
    with Run.open(tmp_path, config={"name": "made"}, command=["test"]) as opened:
        assert evaluate(data, [metric], None, run=opened).verdicts == ()
    assert not (tmp_path / "verdicts.parquet").exists()
    assert read_manifest(tmp_path).cost == {}


def test_what_a_paid_metric_failed_on_is_asked_again_by_the_next_session_and_nothing_else(
    tmp_path: Path, data: JudgmentSet
) -> None:
    judge = Judge()
    assert run(tmp_path, data, judge).failed == 1
    judge.asked.clear()
    judge.broken = False
    assert run(tmp_path, data, judge).failed == 0
    assert judge.asked == ["e1ref", "e2a"]  # the batch of two in which one had failed
    judge.asked.clear()
    run(tmp_path, data, judge)
    assert judge.asked == []


def test_reparse_reads_everything_again_while_nobody_may_be_asked(tmp_path: Path, data: JudgmentSet) -> None:
    judge = Judge(broken=False)
    before = run(tmp_path, data, judge)
    judge.asked.clear()
    judge.score = lambda units: [Result(9.0) if not may_ask() else Result(0.0) for _ in units]  # type: ignore[method-assign]
    with only_stored():
        again = run(tmp_path, data, judge, reparse=True)
    assert [score.value for score in again.scores if score.status == "ok"] == [9.0] * 4
    assert {score.value for score in before.scores if score.status == "ok"} == {1.0, 2.0, 3.0}
    assert may_ask()


def test_another_metric_is_not_scored_again_by_reparse(tmp_path: Path, data: JudgmentSet) -> None:
    judge = Judge(broken=False)
    cheap = built(judge, cost="cpu")
    with Run.open(tmp_path, config={"name": "made"}, command=["test"]) as opened:
        score(data, [cheap], run=opened)
    asked = list(judge.asked)
    with Run.open(tmp_path, config={"name": "made"}, command=["test"]) as opened:
        score(data, [cheap], run=opened, reparse=True)
    assert judge.asked == asked


def test_what_scoring_would_ask_is_told_before(data: JudgmentSet) -> None:
    [plan] = calls(data, built(Judge()))
    assert (plan.calls, plan.price) == (4, 0.5)
    assert calls(data, replace(built(Judge()), metric=object())) == ()  # type: ignore[arg-type]  # a metric that asks nobody
