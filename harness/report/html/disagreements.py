"""Disagreements as cards, with what they can be filtered by."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.report.contents import Disagreement, Disagreements, Side
from harness.report.html.text import figure as number
from harness.report.html.text import label, language_tag


@dataclass(frozen=True)
class Card:
    """A disagreement with its places in the filters; scores as they are shown."""

    entry: Disagreement
    metric: int
    criterion: int
    language: str | None
    label: Markup
    sides: tuple[tuple[str, str, Side, str], ...]  # kind, heading, side, score


@dataclass(frozen=True)
class DisagreementsView:
    """The cards, and the metrics and criteria that they can be filtered by."""

    cards: tuple[Card, ...]
    metrics: tuple[str, ...]
    criteria: tuple[str, ...]


def disagreements(figure: Disagreements) -> DisagreementsView:
    """The view of disagreements."""
    metrics = tuple(dict.fromkeys(entry.metric for entry in figure.entries))
    criteria = tuple(dict.fromkeys(entry.criterion for entry in figure.entries))
    cards = tuple(_card(entry, metrics.index(entry.metric), criteria.index(entry.criterion)) for entry in figure.entries)
    return DisagreementsView(cards, metrics, criteria)


def _card(entry: Disagreement, metric: int, criterion: int) -> Card:
    sides = (
        ("people", "People prefer", entry.a, number(entry.a.score)),
        ("metric", "The metric prefers", entry.b, number(entry.b.score)),
    )
    return Card(entry, metric, criterion, language_tag(entry.language), label(entry.metric), sides)
