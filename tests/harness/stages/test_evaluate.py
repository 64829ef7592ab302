"""The main job end to end: what goes into a run folder comes out of it again, and systems are chosen where they belong."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_options

from harness.errors import HarnessError, InputError
from harness.meta.options import MetaOptions
from harness.plugins import load_plugins
from harness.protocols import JudgmentSourceSpec
from harness.records import Example, Judgment, JudgmentInfo, Output
from harness.registry import Entry, PluginRef, Registry
from harness.stages import evaluate as stage
from harness.stages.evaluate import evaluate, in_table_order, load_run, read_source
from harness.stages.score import build_metrics
from harness.store import Run

OUTSIDE = Path(__file__).resolve().parents[2] / "plugin_package" / "outside_plugins"
FAST = MetaOptions(resamples=50, draws=100, random_draws=10)


@pytest.fixture(scope="module")
def registry():
    return load_plugins([OUTSIDE / "weather.py", OUTSIDE / "word_recall.py"])


@pytest.fixture(scope="module")
def weather(registry):
    return read_source(registry, PluginRef("weather"))


@pytest.fixture
def metrics(registry):
    return build_metrics(registry, [PluginRef("word-recall")])


class Answers:
    """Two items and three systems, of which the source itself keeps some if it is told to."""

    info = JudgmentInfo(name="answers", version="1", system_sets={"few": ("a",)})

    def __init__(self, systems: str = "abc") -> None:
        self.systems = systems

    def read(self) -> Iterator[Example | Output | Judgment]:
        for item in ("y", "x"):
            yield Example(id=item, kind="instruction", language="sv")
            for system in self.systems:
                yield Output(id=f"{item}{system}", example_id=item, system=system, text=system)
                yield Judgment(output_id=f"{item}{system}", rater="r", criterion="c", value=1)


def of(build):
    registry = Registry()
    registry.entries["judgment source"]["answers"] = Entry(JudgmentSourceSpec("answers", build=build), "answers", "lab-dist")
    return registry


@pytest.mark.parametrize(
    ("params", "systems", "kept"),
    [
        ({}, None, ("a", "b", "c")),
        ({"systems": "few"}, None, ("a",)),
        ({"systems": "b, c"}, None, ("b", "c")),
        ({"systems": ["a", "c"]}, None, ("a", "c")),
        ({}, ("b",), ("b",)),
        ({"systems": "few"}, "c", ("c",)),
    ],
)
def test_systems_are_chosen_by_set_by_name_or_by_list_and_the_option_wins(params, systems, kept):
    assert read_source(of(lambda: Answers()), PluginRef("answers", params), systems).systems == kept


@pytest.mark.parametrize(("params", "systems"), [({"systems": "ab"}, None), ({}, "ab")])
def test_a_source_with_a_parameter_called_systems_chooses_them_itself(params, systems):
    assert read_source(of(Answers), PluginRef("answers", params), systems).systems == ("a", "b")


def test_records_are_in_table_order_whatever_the_source_does_and_the_digest_stays_the_sources(weather):
    data = read_source(of(Answers), PluginRef("answers"))
    assert [output.id for output in data.outputs] == ["xa", "xb", "xc", "ya", "yb", "yc"]
    shuffled = replace(weather, outputs=tuple(random.Random(0).sample(weather.outputs, len(weather.outputs))))
    assert in_table_order(shuffled) == weather


def test_a_finished_run_gives_back_what_went_in(tmp_path, weather, metrics):
    with Run.open(tmp_path / "run", config={}, command=["test"]) as run:
        done = evaluate(weather, metrics, FAST, run=run)
    assert done.failed == 0
    back = load_run(tmp_path / "run")
    assert back.data == weather
    assert back.metrics == done.metrics
    assert back.labels == {"word-recall|case:fold|v:1": "word-recall"}
    assert sorted(back.scores, key=repr) == sorted(done.scores, key=repr)
    assert sorted(back.rows, key=repr) == sorted(done.rows, key=repr)


def test_without_options_only_scores_are_kept(tmp_path, weather, metrics):
    with Run.open(tmp_path / "run", config={}, command=["test"]) as run:
        assert evaluate(weather, metrics, None, run=run).rows == ()
        assert not run.has_table("meta")
    assert load_run(tmp_path / "run").rows == ()


def test_a_run_that_did_not_finish_is_not_read_as_if_it_had(tmp_path):
    Run.open(tmp_path / "run", config={}, command=["test"]).close()
    with pytest.raises(InputError, match=r"not finished.*'running'"):
        load_run(tmp_path / "run")


def test_a_wrong_criterion_is_refused_before_a_metric_is_asked(weather, metrics):
    asked = []
    with pytest.raises(HarnessError, match=r"no criterion 'corectness'\. Did you mean 'correctness'"):
        evaluate(weather, metrics, MetaOptions(criteria=("corectness",)), progress=lambda *step: asked.append(step))
    assert asked == []


def test_a_finished_run_is_not_meta_evaluated_again_until_an_option_changes(tmp_path, weather, metrics, monkeypatch):
    asked = []
    real = stage.metaevaluate
    monkeypatch.setattr(stage, "metaevaluate", lambda *a, **k: asked.append(a[3].seed) or real(*a, **k))
    found = []
    for seed in (0, 0, 1):
        with Run.open(tmp_path / "run", config={}, command=("test",)) as run:
            found.append(evaluate(weather, metrics, replace_options(FAST, seed=seed), run=run).rows)
    assert asked == [0, 1]
    assert found[0] == found[1]
    assert {row.seed for row in found[2]} == {1}


def test_what_a_source_says_of_itself_is_part_of_what_numbers_rest_on(tmp_path, weather, metrics):
    """Only the info changes, no record: which systems are the reference, and that nobody was asked."""
    reference = weather.systems[0]
    found = []
    for changes in ({}, {"constructed": True}, {"reference_systems": (reference,)}):
        info = replace_options(weather.info, **changes)
        with Run.open(tmp_path / "run", config={}, command=("test",)) as run:
            found.append(evaluate(replace(weather, info=info), metrics, FAST, run=run))
    plain, constructed, referenced = found
    assert {row.raters for row in constructed.rows if row.statistic == "accuracy"} == {"construction"}
    assert "construction" not in {row.raters for row in plain.rows}
    of_reference = {output.id for output in weather.outputs if output.system == reference}
    statuses = [{score.status for score in done.scores if score.targets[0] in of_reference} for done in (plain, referenced)]
    assert statuses == [{"ok"}, {"reference-is-system"}]
