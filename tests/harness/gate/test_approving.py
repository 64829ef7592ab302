"""What an update comes to before it is written: versions alone, scores under an old name, chance."""

from pathlib import Path

import msgspec

from harness.gate.again import Again
from harness.gate.approving import approve
from harness.gate.baseline import Baseline, MetricBaseline, PairScores
from harness.gate.config import GateConfig
from harness.gate.measure import Measured
from harness.gate.versions import versions
from harness.registry import PluginRef, Registry

CONFIG = GateConfig(file=Path("gate.yaml"), baseline=Path("baseline.json"), metrics=(PluginRef("m", {}),))
WAS = MetricBaseline(
    signature="m|v:1", tolerance=1e-6, components=[None], pairs={"p": PairScores(digest="d", scores={"01": [0.5]})}
)
NOW = msgspec.structs.replace(WAS, pairs={"p": PairScores(digest="d", scores={"01": [0.75]})})
replace = msgspec.structs.replace


def before(**others):
    """What the first update wrote, with other versions."""
    first = update(Baseline(), WAS).after
    (change,) = first.history
    return replace(first, history=[replace(change, versions={**change.versions, **others})])


def update(held, now, config=CONFIG, again=()):
    state = Baseline(metrics={"m": now})
    return approve(config, held, Measured(state, {}, {}, {}, again={"m": Again(1, again)}), "why", Registry())


def test_versions_that_moved_nothing_are_recorded_alone():
    held = before(numpy="0.1")
    found = update(held, WAS)
    assert found.changed == [f"nothing moved, with numpy 0.1 → {versions()['numpy']}"]
    assert found.after.metrics == held.metrics
    assert found.after.history[-1].versions == versions()
    assert (found.after.history[-1].reason, found.warnings) == ("why", [])


def test_there_is_nothing_to_approve_of_where_versions_are_the_same_or_only_a_part_was_asked():
    assert update(before(), WAS).changed == []
    assert update(before(numpy="0.1"), WAS, replace(CONFIG, part=True)).changed == []


def test_scores_under_the_old_name_are_a_warning():
    found = update(before(), NOW)
    (said,) = found.warnings
    assert said.startswith("m: scores moved and the signature m|v:1 did not: ")
    assert update(before(), replace(NOW, signature="m|v:2")).warnings == []


def test_what_depends_on_chance_is_named_and_stands_in_the_history():
    found = update(before(), NOW, again=(("01", 0.75, 0.5),))
    assert found.chance == ["m"]
    assert any("m: not deterministic" in line for line in found.warnings)
    assert found.after.history[-1].changed[-1] == "m: approved though not deterministic"
    assert update(before(), NOW, again=(("01", 0.75, 0.75 + 1e-9),)).chance == []
