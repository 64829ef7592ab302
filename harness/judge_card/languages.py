"""A judge in one language against the same judge in another, on items that say the same in both."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.judge_card.contents import Finding
from harness.judge_card.contests import Contests
from harness.judge_card.estimates import Bounds, difference, finding, unmeasurable
from harness.judge_card.ground import Ground
from harness.judge_card.people import OnScale
from harness.meta.pairs import Ints
from harness.meta.table import codes_of
from harness.verdicts import Verdict

FIRST = ("sv", "en")  # the languages that are compared where both are there
_SAYS = "one language against another, on parallel items"


def languages(
    verdicts: Sequence[Verdict], held: Contests, laid: Mapping[str, OnScale], ground: Ground, criteria: tuple[str, ...]
) -> Iterator[Finding]:
    """Verdicts that could be read, agreement with people and ratings beside people's, each in one language minus the other.

    `laid`: the judge's ratings on the scale of each human criterion, of direct verdicts. Parallel items are drawn together.
    """
    parallel, two = _parallel(verdicts, ground)
    if two is None:
        yield unmeasurable("language", "accuracy_by_language", _SAYS, "no item was judged in two languages (parallel_id)")
        return
    first, second = two
    tongue = np.array([example.language for example in ground.examples])
    one, other = (tongue == first) & (parallel >= 0), (tongue == second) & (parallel >= 0)
    about = f"{first} minus {second}"
    places = np.array([ground.position[verdict.targets[0]] for verdict in verdicts], dtype=np.int64)
    read = np.array([float(verdict.status == "ok") for verdict in verdicts])
    yield finding(
        "language", "parsed_by_language", f"verdicts that could be read, {about}",
        difference(read, one[places], other[places], parallel[places], ground.draws),
        of="verdicts", unbiased=0.0, empty="none",
    )  # fmt: skip
    empty = held.silent or "people's word is not known in both languages"
    for criterion in criteria:
        human = ground.people[criterion].signs(held.first, held.second)
        right = np.where(np.isfinite(human), (held.said == human).astype(np.float64), np.nan)
        yield finding(
            "language", "accuracy_by_language", f"verdicts that agree with people, {about}",
            difference(right, one[held.first], other[held.first], parallel[held.first], ground.draws),
            of="verdicts" if held.shown else "pairs of ratings", unbiased=0.0,
            empty=empty, criterion=criterion,
        )  # fmt: skip
    for criterion, own in laid.items():
        if own.values is None:
            continue
        people = ground.people[criterion]
        bounds: Bounds = (
            None if people.scale is None else (people.scale.low - people.scale.high, people.scale.high - people.scale.low)
        )
        yield finding(
            "language", "rating_by_language", f"the judge's rating minus people's, {about}",
            difference(own.values - people.values, one, other, parallel, ground.draws, bounds),
            of="outputs", unbiased=0.0, empty=empty, criterion=criterion, note=own.note,
        )  # fmt: skip


def _parallel(verdicts: Sequence[Verdict], ground: Ground) -> tuple[Ints, tuple[str, str] | None]:
    """The code of each output's parallel item, -1 outside those judged in both languages, shape (N,); and the two languages."""
    judged = {ground.position[target] for one in verdicts for target in one.targets if target in ground.position}
    by_item: dict[str, set[str]] = {}
    for place in sorted(judged):
        example = ground.examples[place]
        if example.parallel_id is not None:
            by_item.setdefault(example.parallel_id, set()).add(example.language)
    several = [tongues for tongues in by_item.values() if len(tongues) > 1]
    if not several:
        return np.full(len(ground.examples), -1), None
    there = set.union(*several)
    two = FIRST if set(FIRST) <= there and any(set(FIRST) <= tongues for tongues in several) else tuple(sorted(several[0])[:2])
    kept = sorted(name for name, tongues in by_item.items() if set(two) <= tongues)
    code = dict(zip(kept, codes_of(kept).tolist(), strict=True))
    codes = [code.get(example.parallel_id, -1) if example.parallel_id is not None else -1 for example in ground.examples]
    return np.array(codes, dtype=np.int64), (two[0], two[1])
