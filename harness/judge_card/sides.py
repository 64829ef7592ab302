"""Whether a judge prefers one kind of answer (the longer one, its own): in all, beside people, and where people see a tie."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from harness.judge_card.contents import Audit, Finding, Shows
from harness.judge_card.contests import Contests
from harness.judge_card.estimates import SIGNED, Estimate, finding, mean, unmeasurable
from harness.judge_card.ground import Ground, People
from harness.meta.pairs import Floats

HALF = 0.5


@dataclass(frozen=True)
class Kind:
    """A kind of answer that a judge may favour: `name` in identifiers, `says` in words (`the longer answer`)."""

    audit: Audit
    name: str
    says: str
    other: str


def preference(kind: Kind, held: Contests, side: Floats, ground: Ground) -> Iterator[Finding]:
    """How often the kind is preferred. `side`: 1 where the first of a contest is of it, -1 the second, 0 neither or both."""
    between = held.where(side != 0)
    favoured = between.said * side[side != 0]
    of_kind = between.where(between.decided)
    found = mean(favoured[between.decided] > 0, of_kind.cluster, ground.draws)
    yield finding(
        kind.audit, f"{kind.name}_chosen", f"verdicts for {kind.says}, of those for either", found,
        of=_of(held), empty=_undecided(kind, held, between) or "none",
    )  # fmt: skip


def beside_people(kind: Kind, held: Contests, side: Floats, people: People, ground: Ground) -> Iterator[Finding]:
    """The same by people, the judge's share minus theirs, and the judge's share where people find both equal."""
    between = held.where(side != 0)
    side = side[side != 0]
    human = people.signs(between.first, between.second)
    wanted, favoured = human * side > 0, between.said * side > 0
    criterion, draws, of = people.criterion, ground.draws, _of(held)
    both = between.decided & np.isfinite(human) & (human != 0)
    cluster = between.cluster[both]
    theirs = mean(wanted[both], cluster, draws)
    undecided = _undecided(kind, held, between)
    empty = undecided or "people and the judge decide no pair in common"
    yield finding(
        kind.audit, f"{kind.name}_chosen_by_people", f"people's own word for {kind.says}, on the pairs both decide", theirs,
        of=of, empty=empty, criterion=criterion,
    )  # fmt: skip
    apart = mean(favoured[both].astype(np.float64) - wanted[both], cluster, draws, SIGNED)
    beyond = finding(
        kind.audit, f"{kind.name}_beyond_people", f"the judge's share for {kind.says} minus people's, on the same pairs", apart,
        of=of, unbiased=0.0, empty=empty, criterion=criterion,
    )  # fmt: skip
    yield replace(beyond, shows=_beyond_noise(beyond.shows, mean(favoured[both], cluster, draws)))
    tied = between.decided & (human == 0)
    equal = "the judge decides no pair that people find equal" if (human == 0).any() else "people find no such pair equal"
    yield finding(
        kind.audit, f"{kind.name}_chosen_at_tie", f"verdicts for {kind.says} where people find both equal",
        mean(favoured[tied], between.cluster[tied], draws),
        of=of, unbiased=HALF, empty=undecided or equal, criterion=criterion,
    )  # fmt: skip


def _beyond_noise(shows: Shows | None, own: Estimate) -> Shows | None:
    """Noise alone takes a judge's share from people's towards one half: only what lies beyond both is shown."""
    if shows == "more" and (own.low is None or own.low <= HALF):
        return "nothing"
    if shows == "less" and (own.high is None or own.high >= HALF):
        return "nothing"
    return shows


def none(kind: Kind, why: str) -> Iterator[Finding]:
    """That nothing can be said, and why."""
    yield unmeasurable(kind.audit, f"{kind.name}_chosen", f"preference for {kind.says}", why)


def _undecided(kind: Kind, held: Contests, between: Contests) -> str | None:
    """Why the judge prefers neither kind anywhere; None where it does. `between`: the contests of one kind against the other."""
    one = "verdict" if held.shown else "pair of ratings"
    if not len(between.said):
        return held.silent or f"no {one} sets {kind.says} against {kind.other}"
    if between.decided.any():
        return None
    equal = "is a tie" if held.shown else "is of the same rating twice"
    return f"every {one} that sets {kind.says} against {kind.other} {equal} ({len(between.said):,})"


def _of(held: Contests) -> str:
    return "verdicts" if held.shown else "pairs of ratings"
