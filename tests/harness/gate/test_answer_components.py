"""Components beside the main one, on answers that people judged."""

import pytest
from msgspec.structs import replace

from harness.gate.baseline import Baseline
from harness.gate.config import load_gate
from harness.gate.explain import explain
from harness.gate.measure import measure
from harness.gate.pairs import text_digests
from harness.gate.scores import scores
from harness.plugins import load_plugins

PLUGIN = """
from harness import MetricSpec, Result, hookimpl

class Halves:
    signature = "halves|v:1"

    def score(self, units):
        return [self.one(len(unit.output.text)) for unit in units]

    def one(self, size):
        return Result(1.0, components={"whole": 1.0, "left": 1 / size, "right": 2 / size})

@hookimpl
def harness_metrics():
    return [MetricSpec("halves", build=Halves, components=("whole", "left", "right"))]
"""
GATE = """
metrics: [halves]
judgments:
  - table: {path: ratings.csv, language: sv, scale: [1, 5]}
"""


@pytest.fixture
def gate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["item,system,instruction,output,rater,score"]
    rows += [f"{item},{system},x,{'a' * (item + 1) + system},r,{item}" for item in (1, 2, 3) for system in "ab"]
    (tmp_path / "gate.yaml").write_text(GATE)

    def measured(old="", new="", more=(), kept=7):
        (tmp_path / "ratings.csv").write_text("\n".join([*rows[:kept], *more]) + "\n")
        (tmp_path / "halves.py").write_text(PLUGIN.replace(old, new))
        config = load_gate(tmp_path / "gate.yaml")
        return config, measure(config, load_plugins([str(tmp_path / "halves.py")]), parts=("scores",))

    return measured


def test_a_component_that_moved_on_judged_answers_fails_though_the_main_one_did_not(gate):
    _, before = gate()
    config, now = gate("2 / size", "2 / size if size != 4 else 0.0")
    (found,) = scores(config, before.now, now)
    assert (found.level, "scores moved on 2 of 6 answers" in found.message) == ("fail", True)
    assert [(moved.before, moved.now) for moved in found.moved] == [(0.5, 0.0)] * 2


def test_what_moved_is_shown_with_every_component(gate):
    _, before = gate()
    _, now = gate("2 / size", "2 / size if size != 4 else 0.0")
    (told,) = explain(before.now, now, 1)
    assert (told.of, told.moved, told.pairs[0].before, told.pairs[0].now) == (6, 2, (1.0, 0.25, 0.5), (1.0, 0.25, 0.0))


def test_an_older_baseline_without_them_is_compared_by_the_main_one(gate):
    _, before = gate()
    was = before.now.metrics["halves"]
    older = {name: replace(held, others={}) for name, held in was.judged.items()}
    config, now = gate("2 / size", "0.0")
    (found,) = scores(config, Baseline(metrics={"halves": replace(was, judged=older)}), now)
    assert found.level == "pass"


def test_the_main_component_stands_first_whatever_the_others_are_called(gate):
    _, found = gate()
    held = found.now.metrics["halves"].judged["table:language=sv,path=ratings.csv,scale=[1,5]"]
    assert (held.values, list(held.others)) == ([1.0] * 6, ["left", "right"])


MORE = ["0,a,x,bb,r,2", "4,a,x,ccc,r,1"]  # the first stands before all others


def with_texts(found):
    """The measured state as a baseline that holds the digests of its texts."""
    return replace(found.now, texts={data.digest: text_digests(data) for data in found.sets.values()})


def test_a_judged_set_that_grew_hides_no_move_of_the_other_answers(gate):
    _, before = gate()
    config, grown = gate(more=MORE)
    (found,) = scores(config, with_texts(before), grown)
    assert found.level == "fail"
    assert "The 6 answers whose texts are what they were score as before" in found.message
    (told,) = explain(with_texts(before), grown, 1)
    assert (told.of, told.moved) == (6, 0)
    config, moved = gate("2 / size", "2 / size if size != 4 else 0.0", more=MORE)
    (found,) = scores(config, with_texts(before), moved)
    assert "Of the 6 answers whose texts are what they were 2 score otherwise and the signature did not, most on" in found.message
    (told,) = explain(with_texts(before), moved, 1)
    assert (told.of, told.moved, told.pairs[0].now) == (6, 2, (1.0, 0.25, 0.0))


@pytest.mark.parametrize(("last", "compared"), [("3,b,x,other,r,3", 5), ("3,b,x,aaaab,r,5", 6)])
def test_an_answer_with_another_text_is_not_compared_and_one_with_another_rating_is(gate, last, compared):
    _, before = gate()
    config, now = gate(more=[last], kept=6)
    (found,) = scores(config, with_texts(before), now)
    assert f"The {compared} answers whose texts are what they were score as before" in found.message
    (found,) = scores(config, before.now, now)  # a baseline without digests of texts
    assert "whose texts" not in found.message
