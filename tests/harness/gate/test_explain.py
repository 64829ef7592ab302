"""Which pairs moved, worst first, and with which texts."""

import pytest

from harness.gate.baseline import Baseline, Change, MetricBaseline, PairScores
from harness.gate.explain import changed_versions, explain
from harness.gate.measure import Measured
from harness.judgments import JudgmentSet
from harness.records import Example, JudgmentInfo, Output


def pairs(**texts):
    """A set of pairs: id → (references, answer)."""
    examples = [Example.from_instruction(f"p/{id}", "Vad?", refs, language="sv") for id, (refs, _) in texts.items()]
    outputs = [Output(id=id, example_id=f"p/{id}", system="gate", text=text) for id, (_, text) in texts.items()]
    return JudgmentSet(JudgmentInfo(name="p", version="1"), tuple(examples), tuple(outputs), digest="d")


DATA = pairs(a=(["ja"], "nej"), b=(["får", "far"], "får"), c=(["x"], ""), d=(["y"], "y"))


def metric(scores, signature="m|v:1", tolerance=0.0, digest="d"):
    held = PairScores(digest=digest, scores=scores)
    return MetricBaseline(signature=signature, tolerance=tolerance, components=["f1", "recall"], pairs={"p": held})


def explained(before, now, most=5, **others):
    measured = Measured(Baseline(metrics={"m": now}), {}, {"p": DATA}, {}, **others)
    (found,) = explain(Baseline(metrics={"m": before}), measured, most)
    return found


def test_the_furthest_moved_stands_first_and_one_whose_score_came_before_all():
    before = metric({"a": [0.1, 0.1], "b": [0.5, 0.5], "c": ["empty", "empty"], "d": [1.0, 1.0]})
    found = explained(before, metric({"a": [0.2, 0.1], "b": [0.5, 0.9], "c": [0.0, 0.0], "d": [1.0, 1.0]}))
    assert (found.of, found.moved) == (4, 3)
    assert [(pair.pair, round(pair.size, 9)) for pair in found.pairs] == [("c", float("inf")), ("b", 0.4), ("a", 0.1)]
    assert found.pairs[1].references == ("får", "far")
    assert found.pairs[1].hypotheses == ("får",)
    assert found.pairs[1].before == (0.5, 0.5)
    assert found.pairs[1].now == (0.5, 0.9)
    assert any("missing became 0" in cause for cause in found.causes)


def test_as_many_pairs_are_shown_as_asked_for_and_all_are_counted():
    before = metric({key: [0.0, 0.0] for key in "abcd"})
    found = explained(before, metric({key: [0.5, 0.5] for key in "abcd"}), most=2)
    assert (found.moved, [pair.pair for pair in found.pairs]) == (4, ["a", "b"])


def test_what_moved_within_the_stricter_tolerance_did_not_move():
    before, now = {"a": [0.1, 0.1], "b": [50.0, 0.5]}, {"a": [0.1001, 0.1], "b": [50.004, 0.5]}
    assert explained(metric(before, tolerance=1e-3), metric(now, tolerance=1e-3)).moved == 0
    assert explained(metric(before, tolerance=1e-3), metric(now, tolerance=1e-5)).moved == 2


def test_what_cannot_be_compared_is_said():
    scores = {"a": [0.1, 0.1]}
    other = explained(metric(scores, digest="another"), metric(scores))
    assert (other.of, other.moved) == (0, 0)
    assert other.unknown == ("p is not in the baseline as it is now; `harness gate update --reason TEXT` takes it up",)
    (new,) = explain(Baseline(), Measured(Baseline(metrics={"m": metric(scores)}), {}, {"p": DATA}, {}), 5)
    assert new.unknown == ("is not in the baseline; `harness gate update --reason TEXT` puts it there",)
    measured = Measured(Baseline(), {}, {}, {}, broken={"m": "no such package"})
    (broken,) = explain(Baseline(metrics={"m": metric(scores)}), measured, 5)
    assert (broken.signature_before, broken.signature) == ("m|v:1", None)
    assert broken.unknown == ("could not be asked: no such package",)


@pytest.mark.parametrize(
    ("then", "changed"),
    [
        ({"msgspec": "0.0.1", "python": "2.7"}, {"msgspec": "0.0.1"}),
        ({"gone-for-good": "1"}, {"gone-for-good": "1"}),
        ({}, {}),
    ],
)
def test_packages_of_another_version_than_the_baselines_are_named(then, changed):
    history = [Change(date="2026-01-01", reason="first", changed=[], versions=then)]
    assert {name: was for name, (was, _) in changed_versions(Baseline(history=history)).items()} == changed


def test_a_baseline_without_history_says_nothing_of_versions():
    assert changed_versions(Baseline()) == {}
