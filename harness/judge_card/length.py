"""Whether a judge prefers the longer answer (verbosity bias: Zheng et al. 2023, §3.3; Dubois et al. 2024)."""

from collections.abc import Iterator

import numpy as np

from harness.judge_card.contents import Finding
from harness.judge_card.contests import Contests
from harness.judge_card.ground import Ground
from harness.judge_card.sides import Kind, beside_people, preference
from harness.meta.pairs import Floats

LONGER = Kind("length", "longer", "the longer answer", "the shorter")


def length(held: Contests, ground: Ground, criteria: tuple[str, ...]) -> Iterator[Finding]:
    """The preference for the longer answer, in characters: in all, beside people, and where they see a tie."""
    side = longer(held, ground)
    yield from preference(LONGER, held, side, ground)
    for criterion in criteria:
        yield from beside_people(LONGER, held, side, ground.people[criterion], ground)


def longer(held: Contests, ground: Ground) -> Floats:
    """1 where the first is longer, -1 where the second, 0 where neither or an answer has no text."""
    return np.nan_to_num(np.sign(ground.length[held.first] - ground.length[held.second]))
