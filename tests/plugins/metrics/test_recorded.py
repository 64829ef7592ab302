"""What a set holds of metrics and judges comes out as it went in; a name that nobody holds is told with those there are."""

from typing import Any

import pytest
from harness_plugins.metrics.recorded import Recorded, RecordedVerdict, harness_metrics, recorded
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, PluginError
from harness.judgments import JudgmentSet, read_judgments
from harness.meta.options import MetaOptions
from harness.plugins import load_plugins
from harness.protocols import Unit
from harness.records import Example, JudgmentInfo, Output, Preference
from harness.stages.metaevaluate import metaevaluate, summarise
from harness.stages.score import build_metrics, score

EXAMPLE = Example(id="set/1", kind="instruction", language="en")


def output(id: str, **meta: Any) -> Output:
    return Output(id=id, example_id="set/1", system=id, text="text", meta=meta)


def unit(*outputs: Output) -> Unit:
    return Unit(EXAMPLE, outputs)


def verdict(winner: str | None, reply: str | None = None) -> dict[str, Any]:
    return {"winner": winner, "reply": reply}


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_a_recorded_number_is_the_number_that_was_recorded(values: list[float]) -> None:
    units = [unit(output(f"o{index}", recorded={"bleurt": value, "other": 0})) for index, value in enumerate(values)]
    results = Recorded("bleurt").score(units)
    assert [(result.value, result.status) for result in results] == [(value, "ok") for value in values]


def test_an_output_without_a_number_is_missing_and_never_zero() -> None:
    units = [unit(output("a", recorded={"bleurt": 0.5})), unit(output("b", recorded={"bleurt": None})), unit(output("c"))]
    first, second, third = Recorded("bleurt").score(units)
    assert (first.value, second.value, third.value) == (0.5, None, None)
    assert (second.status, third.status) == ("not-recorded", "not-recorded")
    assert "'bleurt'" in str(second.detail)


def test_a_name_that_no_output_holds_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(PluginError, match=r"no recorded number called 'comet'\. There are: bleurt, chrf\."):
        Recorded("comet").score([unit(output("a", recorded={"bleurt": 1})), unit(output("b", recorded={"chrf": 1}))])
    with pytest.raises(PluginError, match="It holds no recorded ones at all"):
        Recorded("comet").score([unit(output("a"))])


def test_a_name_held_as_the_other_kind_is_answered_with_the_metric_that_reads_it() -> None:
    held = output("a", recorded_verdicts={"gpt": {"b": verdict("first")}})
    with pytest.raises(PluginError, match="recorded-verdict:gpt"):
        Recorded("gpt").score([unit(held)])
    with pytest.raises(PluginError, match="recorded-verdict:NAME there are: gpt"):
        Recorded("bleurt").score([unit(held)])
    with pytest.raises(PluginError, match="read by recorded:bleurt"):
        RecordedVerdict("bleurt").score([unit(output("a", recorded={"bleurt": 1}), output("b"))])


@pytest.mark.parametrize("wrong", ["high", True, [1.0]])
def test_what_is_no_number_is_refused_with_its_output(wrong: Any) -> None:
    with pytest.raises(PluginError, match=r"output 'a': recorded 'bleurt' must be a number"):
        Recorded("bleurt").score([unit(output("a", recorded={"bleurt": wrong}))])


@pytest.mark.parametrize("wrong", ["", " ", "a|b", "two\nlines"])
def test_a_name_that_would_break_a_signature_is_refused(wrong: str) -> None:
    for metric in (Recorded, RecordedVerdict):
        with pytest.raises(ValueError, match="name is what the set calls"):
            metric(wrong)


def test_the_signature_names_the_judge() -> None:
    assert Recorded("bleurt-20").signature == "recorded|name:bleurt-20|v:1"
    assert RecordedVerdict("gpt-4").signature == "recorded-verdict|name:gpt-4|v:1"


@pytest.mark.parametrize(("winner", "value"), [("first", 1.0), ("second", -1.0), ("tie", 0.0)])
def test_a_verdict_is_positive_where_the_first_output_is_better_and_turned_in_the_other_order(winner: str, value: float) -> None:
    a, b = output("a", recorded_verdicts={"gpt": {"b": verdict(winner, "because")}}), output("b")
    straight, turned = RecordedVerdict("gpt").score([unit(a, b), unit(b, a)])
    assert (straight.value, turned.value) == (value, -value)
    assert straight.detail == "because"
    assert turned.detail == "seen in the other order; because"


def test_a_judge_that_saw_both_orders_has_its_own_word_in_each() -> None:
    a = output("a", recorded_verdicts={"gpt": {"b": verdict("first")}})
    b = output("b", recorded_verdicts={"gpt": {"a": verdict("first")}})
    results = RecordedVerdict("gpt").score([unit(a, b), unit(b, a)])
    assert [result.value for result in results] == [1.0, 1.0]  # the first shown, both times: inconsistent


def test_a_reply_that_holds_no_verdict_is_unparsed_and_kept() -> None:
    a, b = output("a", recorded_verdicts={"gpt": {"b": verdict(None, "I am sorry")}}), output("b")
    (result,) = RecordedVerdict("gpt").score([unit(a, b)])
    assert (result.value, result.status, result.detail) == (None, "unparsed", "I am sorry")


def test_a_pair_without_a_verdict_is_not_recorded_and_an_unknown_word_is_refused() -> None:
    a, b, c = output("a", recorded_verdicts={"gpt": {"b": verdict("tie")}}), output("b"), output("c")
    tied, missing = RecordedVerdict("gpt").score([unit(a, b), unit(a, c)])
    assert (tied.value, missing.value, missing.status) == (0.0, None, "not-recorded")
    wrong = output("a", recorded_verdicts={"gpt": {"b": verdict("left")}})
    with pytest.raises(PluginError, match="must be first, second, tie or None, got 'left'"):
        RecordedVerdict("gpt").score([unit(wrong, b)])


class ThreePairs:
    """Three pairs that a person prefers the first of; the judge says first, second, and nothing that can be read."""

    info = JudgmentInfo(name="three", version="1")

    def read(self) -> list[Any]:
        records: list[Any] = []
        for number, winner in enumerate(("first", "second", None)):
            example = Example(id=f"three/{number}", kind="instruction", language="en")
            ids = [f"{example.id}/a", f"{example.id}/b"]
            meta = {"recorded_verdicts": {"gpt": {ids[1]: verdict(winner, "reply")}}, "recorded": {"len": float(number)}}
            records += [example, Output(id=ids[0], example_id=example.id, system="a", text="x", meta=meta)]
            records += [Output(id=ids[1], example_id=example.id, system="b", text="y")]
            records += [Preference(output_a=ids[0], output_b=ids[1], rater="r", criterion="c", winner="a")]
        return records


@pytest.fixture
def three() -> JudgmentSet:
    return read_judgments(ThreePairs())


def test_unreadable_verdicts_count_as_wrong_beside_the_accuracy_of_the_readable_ones(three: JudgmentSet) -> None:
    registry = load_plugins()
    metrics = build_metrics(registry, [registry.parse("metric", "recorded-verdict:gpt")])
    options = MetaOptions(resamples=20, random_draws=2, draws=20)
    rows = metaevaluate(three, score(three, metrics), list(map(summarise, metrics)), options)
    found = {row.support: row for row in rows if row.metric == metrics[0].signature and row.statistic == "accuracy_raw"}
    assert (found["own"].value, found["own"].n_pairs) == (1 / 2, 2)
    assert (found["missing-wrong"].value, found["missing-wrong"].n_pairs) == (1 / 3, 3)


def test_an_unknown_name_stops_the_scoring_with_the_names(three: JudgmentSet) -> None:
    registry = load_plugins()
    for reference, names in (("recorded:bleu", "There are: len"), ("recorded-verdict:claude", "There are: gpt")):
        with pytest.raises(PluginError, match=names):
            score(three, build_metrics(registry, [registry.parse("metric", reference)]))
    lone = JudgmentSet(info=three.info, examples=three.examples, outputs=three.outputs)
    metrics = build_metrics(registry, [registry.parse("metric", "recorded-verdict:gpt")])
    with pytest.raises(InputError, match="holds no preferences"):
        score(lone, metrics)


def test_the_verdicts_of_a_recorded_judge_are_of_the_orders_that_it_saw_alone() -> None:
    held = {"gpt": {"b": verdict("second", "B is better."), "c": verdict(None, "???"), "d": verdict("tie")}}
    a, b, c, d = output("a", recorded_verdicts=held), output("b"), output("c"), output("d")
    judge = RecordedVerdict("gpt")
    units = [unit(a, b), unit(b, a), unit(a, c), unit(c, a), unit(d, a), unit(a, d), unit(b, c)]
    found = [(one.targets, one.value, one.status, one.reply) for one in judge.verdicts(units)]
    assert found == [
        (("a", "b"), -1.0, "ok", "B is better."),
        (("a", "c"), None, "unparsed", "???"),
        (("a", "d"), 0.0, "ok", None),
    ]
    assert {(one.metric, one.judge, one.form) for one in judge.verdicts(units)} == {(judge.signature, "gpt", "pair")}


def test_a_pair_that_the_judge_saw_in_both_orders_has_a_verdict_in_each() -> None:
    a = output("a", recorded_verdicts={"gpt": {"b": verdict("first")}})
    b = output("b", recorded_verdicts={"gpt": {"a": verdict("first")}})
    found = [(one.targets, one.value) for one in RecordedVerdict("gpt").verdicts([unit(a, b), unit(b, a)])]
    assert found == [(("a", "b"), 1.0), (("b", "a"), 1.0)]


def test_recorded_numbers_are_direct_verdicts_where_they_are_said_to_be_a_judges() -> None:
    units = [unit(output("a", recorded={"gpt": 4})), unit(output("b", recorded={"gpt": None})), unit(output("c"))]
    found = [(one.targets, one.value, one.form, one.judge) for one in recorded("gpt", judge=True).verdicts(units)]
    assert found == [(("a",), 4.0, "direct", "gpt")]
    assert not hasattr(recorded("gpt"), "verdicts")
    assert recorded("gpt", judge=True).signature == recorded("gpt").signature
    with pytest.raises(ValueError, match="judge says whether"):
        recorded("gpt", judge="yes")  # type: ignore[arg-type]


def test_the_specs_find_the_names_that_outputs_hold() -> None:
    outputs = [output("a", recorded={"x": 1, "y": 2}), output("b", recorded_verdicts={"gpt": {"a": verdict("first")}})]
    found = {spec.name: list(spec.found_in(outputs)) for spec in harness_metrics() if spec.found_in is not None}
    assert found == {"recorded-verdict": ["gpt"]}
