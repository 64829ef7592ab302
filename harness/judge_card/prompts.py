"""How far a verdict depends on the words of the prompt: the same judge under several prompts that ask for the same."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.judge_card.contents import Finding
from harness.judge_card.contests import contests
from harness.judge_card.estimates import Estimate, finding, mean, unmeasurable
from harness.judge_card.ground import Ground, silence, spoken
from harness.meta.notes import join
from harness.meta.pairs import Floats
from harness.verdicts import Verdict

ENOUGH = 5  # prompts under which the spread over them is poorly known
_SAYS = "targets that get the same verdict from every prompt"


def prompts(groups: Mapping[str, Sequence[Verdict]], ground: Ground, criteria: tuple[str, ...]) -> Iterator[Finding]:
    """How many targets all prompts agree on, the spread of verdicts, the range of accuracies. `groups`: by prompt."""
    count = len(groups)
    if count < 2:
        yield unmeasurable("prompts", "same_verdict", _SAYS, "the run has one prompt of this judge and form alone")
        return
    few = f"{count} prompts; under {ENOUGH} the spread over prompts is poorly known" if count < ENOUGH else f"{count} prompts"
    words, clusters = _words(list(groups.values()), ground)
    empty = next(filter(None, map(silence, groups.values())), "no target has a verdict from every prompt")
    alike = np.array([float(len(set(row)) == 1) for row in words])
    same = mean(alike, clusters, ground.draws)
    yield finding("prompts", "same_verdict", _SAYS, same, of="targets", empty=empty, note=few)
    if words and all(isinstance(one, float) for one in words[0]):
        spread = np.array([np.std(np.array(row), ddof=1) for row in words])
        found = mean(spread, clusters, ground.draws, None)
        says = "standard deviation of a target's verdict over prompts"
        yield finding("prompts", "spread", says, found, of="targets", empty=empty, note=few)
    for criterion in criteria:
        yield _range(groups, ground, criterion, few)


def _words(groups: Sequence[Sequence[Verdict]], ground: Ground) -> tuple[list[tuple[object, ...]], "np.ndarray"]:
    """Per target that every prompt has a verdict on: the verdicts (means over samples; rankings as they are), and its cluster."""
    by_prompt: list[dict[tuple[str, ...], object]] = []
    for own in groups:
        values: dict[tuple[str, ...], list[float]] = {}
        ranked: dict[tuple[str, ...], object] = {}
        for one in spoken(own):
            if one.value is None:
                ranked[one.targets] = one.ranks
            else:
                values.setdefault(one.targets, []).append(one.value)
        by_prompt.append({**ranked, **{targets: float(np.mean(said)) for targets, said in values.items()}})
    shared = sorted(set.intersection(*(set(one) for one in by_prompt)))
    clusters = np.array([ground.cluster[ground.position[targets[0]]] for targets in shared], dtype=np.int64)
    return [tuple(one[targets] for one in by_prompt) for targets in shared], clusters


def _range(groups: Mapping[str, Sequence[Verdict]], ground: Ground, criterion: str, few: str) -> Finding:
    """The most accurate prompt minus the least, with an interval of the two that were found to be so."""
    columns = {name: _right(own, ground, criterion) for name, own in groups.items()}
    shared = set.intersection(*(set(one) for one in columns.values()))
    kept = sorted(shared)
    says = "accuracy of the best prompt minus that of the worst, on the contests that all decide on"
    empty = "people's word is not known where all prompts have a verdict"
    if not kept:
        return unmeasurable("prompts", "accuracy_range", says, empty, criterion=criterion)
    right: dict[str, Floats] = {name: np.array([one[key] for key in kept]) for name, one in columns.items()}
    best = max(right, key=lambda name: right[name].mean())
    worst = min(right, key=lambda name: right[name].mean())
    cluster = np.array([ground.cluster[first] for first, _ in kept], dtype=np.int64)
    apart: Estimate = mean(right[best] - right[worst], cluster, ground.draws, None)
    ends = f"best: {best}, worst: {worst}; chosen with hindsight, so some of it is chance"
    return finding(
        "prompts", "accuracy_range", says, apart, of="contests", empty=empty, criterion=criterion, note=join(few, ends)
    )


def _right(verdicts: Sequence[Verdict], ground: Ground, criterion: str) -> dict[tuple[int, int], float]:
    held = contests(verdicts, ground)
    human = ground.people[criterion].signs(held.first, held.second)
    known = np.isfinite(human)
    pairs = zip(held.first[known].tolist(), held.second[known].tolist(), strict=True)
    return dict(zip(pairs, (held.said == human)[known].astype(float).tolist(), strict=True))
