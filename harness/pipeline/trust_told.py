"""What is known of an experiment's metrics: for each, and each language and form that is asked, whether it agrees with people."""

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.leaderboard.records import Column, MetricInfo, Results, TaskInfo, Trust
from harness.records import Example

Kind = tuple[str, str | None, str | None]  # language, form, task
RANK = ("doubtful", "unknown", "agrees", "by-key")  # the worst word comes first


class TrustOf(msgspec.Struct, frozen=True, kw_only=True):
    """How far a metric (by its signature) can be trusted on answers in a language and of a form; and of a task, where there are
    ratings of that task, or nothing is known but the task."""

    metric: str
    language: str
    form: str | None
    task: str | None
    trust: Trust

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return self.language, self.form, self.task


def trust_of(metrics: Mapping[str, str], examples: Iterable[Example], folders: Sequence[str | Path]) -> list[TrustOf]:
    """For each metric (label → signature) and kind of answer. `folders`: finished meta-evaluations, read beside what ships."""
    from harness.leaderboard.evidence import SHIPPED, read_evidence
    from harness.leaderboard.trust import find_trust

    rated = {one.task for source in (*folders, SHIPPED) for one in read_evidence(source) if one.task is not None}
    kinds = sorted({_kind(example, rated) for example in examples}, key=str)
    known = {label: MetricInfo(name=label, signature=signature) for label, signature in metrics.items()}
    results = Results(models={}, tasks={}, results=(), read_items=lambda model, task: iter(()), metrics=known)
    find = find_trust(folders, results=results)
    found = []
    for label, signature in metrics.items():
        for language, form, task in kinds:
            info = TaskInfo(name=task or form or "answers", language=language, form=_form(form), kind=task)
            column = Column(key=f"{info.name}/{label}", task=info.name, metric=label)
            found.append(TrustOf(metric=signature, language=language, form=form, task=task, trust=find(column, info)))
    return found


def kind_among(example: Example, kinds: Container[Kind]) -> Kind:
    """Which of the kinds of answer the example is of."""
    whole = example.language, example.form, example.task
    return whole if whole in kinds else (example.language, example.form, None)


def _kind(example: Example, rated: Container[str]) -> Kind:
    task = example.task if example.form is None or (example.task is not None and example.task in rated) else None
    return example.language, example.form, task


def worst(trusts: Iterable[Trust]) -> Trust | None:
    """The least that can be said."""
    return min(trusts, key=lambda one: RANK.index(one.verdict), default=None)


def told(trust: Trust | None) -> str:
    """In a few words, for a cell."""
    if trust is None:
        return "unknown"
    if trust.value is None or trust.low is None or trust.high is None:
        return trust.verdict
    return f"{trust.verdict} ({trust.value:.2f} [{trust.low:.2f}, {trust.high:.2f}])"


def _form(form: str | None) -> Any:
    return form
