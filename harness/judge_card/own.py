"""Whether a judge prefers answers of its own family (self-enhancement bias: Zheng et al. 2023, §3.3)."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from harness.judge_card.contents import Finding
from harness.judge_card.contests import Contests
from harness.judge_card.ground import Ground
from harness.judge_card.sides import Kind, beside_people, none, preference
from harness.meta.pairs import Floats

OWN = Kind("own", "own", "an answer of its own family", "another's")


def self_preference(
    held: Contests, ground: Ground, judge: str, own: Sequence[str], criteria: tuple[str, ...]
) -> Iterator[Finding]:
    """The preference for its own answers. `own`: the systems that are the judge's; where empty, those of its family's name."""
    systems = list(own) or [name for name in ground.data.systems if family(name) == family(judge) and family(name)]
    if not systems:
        known = (
            f"no system has the judge's family name ({family(judge)})" if family(judge) else "the judge's name tells no family"
        )
        yield from none(OWN, f"{known}; --own SYSTEM says which answers are its own")
        return
    side = _side(held, ground, frozenset(systems))
    if not side.any():
        yield from none(OWN, held.silent or f"no verdict sets an answer of {', '.join(systems)} against another's")
        return
    yield from preference(OWN, held, side, ground)
    for criterion in criteria:
        yield from beside_people(OWN, held, side, ground.people[criterion], ground)


def family(name: str) -> str:
    """The word that a model's name begins with, in small letters: `gpt` of `openai/gpt-4o@api.openai.com`; '' where none."""
    model = re.split(r"[/\\]", name.partition("@")[0])[-1]
    found = re.match(r"[^\W\d_]+", model)
    return found.group().lower() if found is not None else ""


def _side(held: Contests, ground: Ground, systems: frozenset[str]) -> Floats:
    mine = np.array([system in systems for system in ground.systems], dtype=np.float64)
    return np.asarray(mine[held.first] - mine[held.second])
