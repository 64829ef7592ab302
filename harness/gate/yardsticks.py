"""Jobs that cost the same on every day: what a metric's cost is measured beside, so that a slow or busy machine slows both."""

import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

_WORDS, _LINE = 300, 60
_TIMES, _SIDE = 40, 48  # so small that no library of linear algebra takes a second thread for it


def yardsticks() -> Mapping[str, Callable[[], object]]:
    """The jobs by their names, each of the order of a millisecond on one core.

    `text` is what metrics of words do in Python: splitting, counting, a table of a longest common subsequence. `arrays` is what
    encoders do: products of matrices and an activation in single precision. Two, because of two machines one may be better at
    the one and the other at the other; a metric counts as slower only if it is slower beside both.
    """
    return {"text": _text, "arrays": _arrays}


def _text() -> int:
    words = _words().split()
    seen: dict[str, int] = {}
    for word in words:
        for start in range(len(word) - 1):
            part = word[start : start + 2]
            seen[part] = seen.get(part, 0) + 1
    line = words[:_LINE]
    row = [0] * (_LINE + 1)
    for one in line:
        before = 0
        for place, other in enumerate(reversed(line)):
            above = row[place + 1]
            row[place + 1] = before + 1 if one == other else max(above, row[place])
            before = above
    return row[-1] + len(seen)


def _arrays() -> float:
    import numpy as np

    left, right = _matrices()
    return float(np.tanh(np.tanh(left @ right) @ right).sum())


@cache
def _words() -> str:
    draw = random.Random(0)
    return " ".join("".join(draw.choices("abcdefghijklmnoprstuvåäö", k=draw.randint(2, 9))) for _ in range(_WORDS))


@cache
def _matrices() -> tuple[Any, Any]:
    import numpy as np

    draw = np.random.default_rng(0)
    left = draw.standard_normal((_TIMES, _SIDE, _SIDE), dtype=np.float32)
    return left, draw.standard_normal((_SIDE, _SIDE), dtype=np.float32) / np.float32(_SIDE**0.5)
