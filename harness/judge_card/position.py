"""Whether the place at which an answer is shown decides (position bias: Zheng et al. 2023, §3.3; Wang et al. 2023)."""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.judge_card.contents import Finding
from harness.judge_card.contests import Contests, contests
from harness.judge_card.estimates import Estimate, finding, mean, unmeasurable
from harness.judge_card.ground import Ground, silence
from harness.verdicts import Verdict

_NAMES = {
    "order_flip": "pairs whose verdict changes when the answers change places",
    "first_chosen": "verdicts for the answer shown first, of those for either, each pair in both orders",
    "first_twice": "pairs whose first answer wins in both orders",
    "second_twice": "pairs whose second answer wins in both orders",
}
HALF = 0.5


def position(verdicts: Sequence[Verdict], ground: Ground) -> Iterator[Finding]:
    """Order flips and the preference for the first place, on pairs that were asked about in both orders."""
    if any(one.form == "direct" for one in verdicts):
        yield from _none("answers were rated one at a time")
        return
    both, count = _both_orders(verdicts, ground)
    if not len(both.said):
        yield from _none("every pair was seen in one order only" if count else both.silent or "no verdict compares two outputs")
        return
    one, other = both.said[0::2], both.said[1::2]  # of the same pair, the second shown in the other order
    cluster = both.cluster[0::2]
    shares = {"order_flip": one != -other, "first_twice": (one > 0) & (other > 0), "second_twice": (one < 0) & (other < 0)}
    found: dict[str, Estimate] = {name: mean(share, cluster, ground.draws) for name, share in shares.items()}
    decided = both.where(both.decided)
    found["first_chosen"] = mean(decided.said > 0, decided.cluster, ground.draws)
    for name, says in _NAMES.items():
        null = HALF if name == "first_chosen" else None
        of = "verdicts" if name == "first_chosen" else "pairs"
        yield finding("position", name, says, found[name], of=of, unbiased=null, empty="the judge calls every pair a tie")


def _none(why: str) -> Iterator[Finding]:
    for name in ("order_flip", "first_chosen"):
        yield unmeasurable("position", name, _NAMES[name], why, unbiased=HALF if name == "first_chosen" else None)


def _both_orders(verdicts: Sequence[Verdict], ground: Ground) -> tuple[Contests, int]:
    """Contests in twos, each pair in one order and in the other, by criterion, prompt and sample; and how many there were."""
    parts: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in verdicts:
        parts.setdefault((verdict.prompt, verdict.sample), []).append(verdict)
    kept: list[tuple[int, int, float, float]] = []
    count = 0
    for own in parts.values():
        held = contests(own, ground)
        count += len(held.said)
        said: dict[tuple[int, int], list[float]] = {}
        for a, b, value in zip(held.first.tolist(), held.second.tolist(), held.said.tolist(), strict=True):
            said.setdefault((a, b), []).append(value)
        for a, b in sorted(said):  # a ranking in four orders shows a pair twice in each
            if a < b:
                kept += [(a, b, here, there) for here, there in zip(said[a, b], said.get((b, a), ()), strict=False)]
    table = np.array(kept, dtype=np.float64).reshape(-1, 4)
    first, second = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    laid = Contests(
        np.column_stack([first, second]).ravel(),
        np.column_stack([second, first]).ravel(),
        table[:, 2:].ravel(),
        np.repeat(ground.cluster[first], 2),
        True,
        silence(verdicts),
    )
    return laid, count
