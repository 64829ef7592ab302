"""An update of a baseline: what it would hold, what is approved of, and what whoever approves should know first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import replace

from harness.errors import HarnessError
from harness.gate.baseline import Baseline, Change
from harness.gate.comparisons import with_accuracies
from harness.gate.config import GateConfig
from harness.gate.history import approved, changes, unmoved_signatures
from harness.gate.judges_config import load_judges
from harness.gate.measure import Measured
from harness.gate.moves import moved_units
from harness.gate.pairs import text_digests
from harness.gate.scores import determinism, same_units
from harness.gate.versions import differing, versions
from harness.registry import Registry


@dataclass(frozen=True)
class Update:
    """The baseline `after` it, `changed` for the history (nothing: there is nothing to approve of), `warnings` for whoever
    approves, and the labels of metrics that are not deterministic (`chance`)."""

    after: Baseline
    changed: list[str]
    warnings: list[str]
    chance: list[str]


def approve(
    config: GateConfig, before: Baseline, measured: Measured, reason: str, plugins: Registry, whole: GateConfig | None = None
) -> Update:
    """What comes of approving what was measured. Versions are those of all plugins of the `whole` gate; where nothing but they
    changed, and all of the gate was asked, they alone are recorded."""
    after = with_accuracies(approved(config, before, measured.now, measured), measured)
    changed = [*changes(before, after), *_grown(before, after, measured)]
    now = versions(_distributions(whole or config, plugins))
    if not changed and before.history and not config.part and (other := differing(before.history[-1].versions, now)):
        changed = [f"nothing moved, with {', '.join(other)}"]
    chance = [one for one in determinism(config, before, measured) if one.level == "fail"]
    warnings = [one.message for one in chance]
    warnings += [
        f"{label}: scores moved and the signature {signature} did not: tables of before and after hold different numbers under "
        "one name. A change that is meant gets another signature"
        for label, signature in unmoved_signatures(before, after).items()
    ]
    labels = list(dict.fromkeys(one.metric for one in chance))
    if changed:
        changed += [f"{label}: approved though not deterministic" for label in labels]
    after = replace(after, texts=_texts(before, after, measured))
    change = Change(date=datetime.now(UTC).date().isoformat(), reason=reason, changed=changed, versions=now)
    return Update(replace(after, history=[*before.history, change]), changed, warnings, labels)


def _texts(before: Baseline, after: Baseline, measured: Measured) -> dict[str, dict[str, str]]:
    """Digests of the texts of every set of which the baseline holds scores."""
    sets = {data.digest: data for data in measured.sets.values()}
    metrics = after.metrics.values()
    pairs = {own.digest for metric in metrics for own in metric.pairs.values()}
    held = sorted(pairs | {own.digest for metric in metrics for own in metric.judged.values()})
    told = {digest: text_digests(sets[digest]) if digest in sets else before.texts.get(digest, {}) for digest in held}
    return {digest: texts for digest, texts in told.items() if texts}


def _grown(before: Baseline, after: Baseline, measured: Measured) -> Iterator[str]:
    """How pairs and answers moved whose texts are what they were, of sets that are others now."""
    for label, now in measured.now.metrics.items():
        for name in [*now.pairs, *now.judged]:
            same, there = same_units(before, measured, label, name)
            moved = moved_units(same, there, now.tolerance)
            if moved:
                what = "pairs" if name in now.pairs else "answers"
                yield f"{label}: {len(moved)} of {len(same)} {what} of {name} whose texts are what they were score otherwise"


def _distributions(config: GateConfig, plugins: Registry) -> set[str]:
    """Where the metrics and judges come from; those that are not installed come from nowhere."""
    names = {ref.name for ref in config.metrics}
    if config.judges is not None:
        names |= {judge.ref.name for judge in load_judges(config.judges).judges}
    found = set()
    for name in names:
        try:
            found.add(plugins.find("metric", name).distribution)
        except HarnessError:
            continue  # told where the metric was to be asked
    return found
