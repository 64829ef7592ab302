"""How scores moved: what one rule makes of all the old ones, which says more of the cause than their sizes."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.gate.baseline import Value

Row = Sequence[Value]
_CLOSE = 1e-6
_LEAST = 3  # pairs of which all must keep a rule before it is told
_MANY = 0.1  # of the units: fewer are moved by something in their texts
_SMALL = 2e-3  # of a score: half precision moves cosines by this much, and sums in another order by less
_PER_HUNDRED = 100.0


def patterns(
    components: Sequence[str | None],
    before: Mapping[str, Row],
    now: Mapping[str, Row],
    moved: Sequence[str],
    *,
    explained: bool = False,
) -> list[str]:
    """Sentences' parts that hold for the moved units, the most telling first. `before` and `now` hold all units.

    `explained`: the texts of the moved units share what the others lack; then no cause is guessed from sizes.
    """
    found = [*_statuses(before, now, moved), *_components(components, before, now, moved)]
    pairs = [
        (one, other) for unit in moved if (one := _main(before[unit])) is not None and (other := _main(now[unit])) is not None
    ]
    pairs = [(one, other) for one, other in pairs if one != other]
    clear = [(one, other) for one, other in pairs if not _near(one, other)]
    if len(clear) >= _LEAST:
        found += [words for words, rule in (*_RULES, *_fitted(clear)) if all(_near(rule(one), other) for one, other in clear)][:1]
        found += _shift(before, now)
    return found + list(_sizes(pairs, guess=not explained and len(pairs) >= max(_LEAST, _MANY * len(before))))


def _statuses(before: Mapping[str, Row], now: Mapping[str, Row], moved: Sequence[str]) -> Iterator[str]:
    gone = Counter(str(now[unit][0]) for unit in moved if _main(before[unit]) is not None and _main(now[unit]) is None)
    for status, count in gone.most_common():
        yield f"{count} have no score now ({status})"
    come = [
        (str(before[unit][0]), _main(now[unit])) for unit in moved if _main(before[unit]) is None and _main(now[unit]) is not None
    ]
    if come:
        zero = all(value == 0 for _, value in come)
        reasons = ", ".join(sorted({status for status, _ in come}))
        yield f"{len(come)} that had no score ({reasons}) have one now{': missing became 0' if zero else ''}"
    other = sum(isinstance(before[u][0], str) and isinstance(now[u][0], str) and before[u][0] != now[u][0] for u in moved)
    if other:
        yield f"{other} have no score for another reason"


def _components(
    components: Sequence[str | None], before: Mapping[str, Row], now: Mapping[str, Row], moved: Sequence[str]
) -> Iterator[str]:
    """Which components moved, where not all did; and two that have changed places."""
    rows = [(before[unit], now[unit]) for unit in moved if len(before[unit]) == len(now[unit]) == len(components)]
    if len(components) < 2 or not rows:
        return
    for one in range(len(components)):
        for other in range(one + 1, len(components)):
            told = [(b, n) for b, n in rows if not _near(b[one], b[other])]
            if told and all(_near(b[one], n[other]) and _near(b[other], n[one]) for b, n in told):
                yield f"{components[one]} and {components[other]} have changed places"
                return
    still = [name for place, name in enumerate(components) if all(_near(b[place], n[place]) for b, n in rows)]
    if still:
        went = [str(name) for name in components if name not in still]
        yield f"only {' and '.join(went)} moved, {' and '.join(map(str, still))} did not"
    for place in range(1, len(components)):
        if (
            len(rows) >= _LEAST
            and all(_near(n[0], b[place]) for b, n in rows)
            and any(not _near(b[0], b[place]) for b, _ in rows)
        ):
            yield f"{components[0]} says now what {components[place]} said"


def _shift(before: Mapping[str, Row], now: Mapping[str, Row]) -> Iterator[str]:
    """Scores that are those of other units."""
    units = [unit for unit in before if unit in now]
    then, there = ([_main(rows[unit]) for unit in units] for rows in (before, now))
    if then == there or len(units) < _LEAST:
        return
    if then[1:] == there[:-1] or then[:-1] == there[1:]:
        yield "each pair has its neighbour's score"
    elif Counter(then) == Counter(there):
        yield "the scores are the same ones on other pairs: an order was lost"


def _sizes(pairs: Sequence[tuple[float, float]], *, guess: bool) -> Iterator[str]:
    if not pairs:
        return
    moves = [other - one for one, other in pairs]
    rose = sum(move > 0 for move in moves)
    way = "all rose" if rose == len(moves) else "all fell" if not rose else f"{rose} rose, {len(moves) - rose} fell"
    sizes = sorted(map(abs, moves))
    small = guess and all(abs(other - one) < _SMALL * max(abs(one), abs(other)) for one, other in pairs)
    tail = " (so small: another precision, order of sums or version of a library?)" if small else ""
    middle = f", {sizes[len(sizes) // 2]:.3g} in the middle" if len(sizes) > 1 else ""
    yield f"{way if len(moves) > 1 else way[4:]}, by at most {sizes[-1]:.3g}{middle}{tail}"


def _main(row: Row) -> float | None:
    return float(row[0]) if row and isinstance(row[0], (int, float)) else None


def _near(one: Value, other: Value) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return one == other


def _fitted(pairs: Sequence[tuple[float, float]]) -> Iterator[tuple[str, Callable[[float], float]]]:
    """Rules with a number in them, fitted to the first pair."""
    one, other = max(pairs, key=lambda pair: abs(pair[0]))
    yield f"all are {other:.6g} now", lambda value: other
    if one:
        yield f"scores are {other / one:.6g} times what they were", lambda value: value * (other / one)
    yield f"scores are what they were {other - one:+.6g}", lambda value: value + (other - one)


# of the moved pairs, the score now is this of the score before
_RULES: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("all are 0 now", lambda value: 0.0),
    ("scores were multiplied by 100", lambda value: value * _PER_HUNDRED),
    ("scores were divided by 100", lambda value: value / _PER_HUNDRED),
    ("scores changed their sign", lambda value: -value),
    ("scores are 1 minus what they were", lambda value: 1 - value),
    ("scores are 100 minus what they were", lambda value: _PER_HUNDRED - value),
    ("scores are rounded to whole numbers", lambda value: float(round(value))),
    ("scores are rounded to two digits", lambda value: round(value, 2)),
    ("scores are squared", lambda value: value * value),
    ("scores are the roots of what they were", lambda value: math.sqrt(abs(value))),
    ("scores are held between 0 and 1", lambda value: min(1.0, max(0.0, value))),
)
