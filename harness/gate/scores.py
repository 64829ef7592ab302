"""Whether metrics score as they did: pair by pair, answer by answer, what has a score and what has none, and asked again."""

from collections.abc import Iterator, Mapping, Sequence

from harness.gate.again import Again
from harness.gate.baseline import Baseline, JudgedScores, MetricBaseline, PairScores, Value
from harness.gate.config import GateConfig, held_to
from harness.gate.elsewhere import Elsewhere
from harness.gate.findings import Finding, Level
from harness.gate.judges_config import load_judges
from harness.gate.limits import loosened
from harness.gate.measure import Measured, by_unit
from harness.gate.moves import Rows, answer_rows, causes, moved_units, same_answers, same_texts, tolerance_of, worst
from harness.gate.versions import drifted

_NAMED = 5  # units named in a sentence
_UPDATE = "if that is meant, `harness gate update --reason TEXT`"


def scores(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """No score moved further than the tolerance, on any set."""
    for label, now, was in both(before, measured):
        for name, held in now.pairs.items():
            problem = _other_set(label, name, was.pairs.get(name), held)
            if problem is not None:
                told = _of_the_same(before, measured, label, name) if name in was.pairs else ""
                yield _finding(label, "scores", "fail", problem + told, name)
        for name in _other_answers(label, was, now, measured):
            text = f"{label}: the answers of {name} are not those of the baseline, so not all scores can be compared; {_UPDATE}"
            yield _finding(label, "scores", "fail", text + _of_the_same(before, measured, label, name), name)
        for name, known, there in _sets(label, was, now, measured):
            moved = list(moved_units(known, there, tolerance_of(was, now)))
            new = there.keys() - known.keys()
            if new:
                text = (
                    f"{label}: the baseline has no score of {len(new)} {_kind(name, now)} {name}: {_units(there, new)}; {_UPDATE}"
                )
                yield _finding(label, "scores", "fail", text, name)
            if not moved and not new:
                text = f"{label}: {len(there)} {_kind(name, now)} {name} score as before"
                yield _finding(label, "scores", "pass", text, name)
            if not moved:
                continue
            components = now.components[: len(next(iter(known.values()), ()))]
            shown = worst(measured.sets[name], known, there, moved)
            why = "; ".join([*causes(measured.sets[name], components, known, there, moved), f"most on {_arrow(shown[0])}"])
            message = (
                f"{label}: scores moved on {len(moved)} of {len(known)} {_kind(name, now)} {name}{_signed(was, now)}: {why}. "
                f"`harness gate explain {label}` shows them; {_UPDATE}"
            )
            yield Finding(metric=label, check="scores", level="fail", message=message, moved=shown, set=name)


def coverage(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """What had a score has one, what had none has none, and what stands beside a score (empty) still does."""
    for label, now, was in both(before, measured):
        for name, known, there in _sets(label, was, now, measured):
            problems = list(_covered(known, there))
            if name in now.pairs:
                problems += _beside(was.pairs[name].statuses, now.pairs[name].statuses)
            for problem in problems:
                text = f"{label}: coverage changed on {_kind(name, now)} {name}: {problem}; {_UPDATE}"
                yield _finding(label, "coverage", "fail", text, name)
            if not problems:
                text = f"{label}: what had a score of {name} has one, and nothing else has"
                yield _finding(label, "coverage", "pass", text, name)


def extent(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Nothing that the baseline holds has left the gate: no metric, no set, no statistics, no judge; nor were limits loosened."""
    yield from loosened(config, before)
    back = "is in the baseline and no longer in the gate: put it back, or approve with `harness gate update --reason TEXT`"
    for label, now, was in both(before, measured):
        gone = [
            *(was.pairs.keys() - now.pairs.keys()),
            *(was.judged.keys() - now.judged.keys() - _absent(config, label, measured)),
        ]
        for name in sorted(gone):
            yield _finding(label, "extent", "fail", f"{label}: {name} {back}")
        if not gone:
            yield _finding(label, "extent", "pass", f"{label}: every set of the baseline is in the gate")
    if config.judges is not None and not config.only_judges:
        listed = {judge.label for judge in load_judges(config.judges).judges}
        for label in (label for label in before.judges if label not in listed):
            yield _finding(label, "extent", "fail", f"{label} {back}")
    if config.part:
        return
    for label in sorted(before.metrics.keys() - measured.built.keys() - measured.broken.keys()):
        yield _finding(label, "extent", "fail", f"{label} {back}")
    for name, path, held in (("meta", config.statistics, before.statistics), ("judges", config.judges, before.judges)):
        if held and path is None:
            yield _finding(name, "extent", "fail", f"{name} (the key {'statistics' if name == 'meta' else name}) {back}")


def _absent(config: GateConfig, label: str, measured: Measured) -> set[str]:
    """The sets that may be absent and are, of those to which the metric is held."""
    metric = measured.built[label]
    return {gated.label for gated in config.judgments if gated.label in measured.absent and held_to(gated, metric.ref)}


def determinism(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Asked again, of a new object, in another order and batch size, without caches, the metric says the same; and so it does
    in a fresh process with another seed of hashes."""
    for label, again in measured.again.items():
        now, elsewhere = measured.now.metrics.get(label), measured.elsewhere.get(label)
        if now is None or not again.units:
            continue
        problems = [*_asked_twice(again, now.tolerance), *(_asked_elsewhere(elsewhere, now.tolerance) if elsewhere else ())]
        for problem in problems:
            yield _finding(label, "determinism", "fail", f"{label}: not deterministic: {problem}")
        if not problems:
            also = f", and {elsewhere.units} in a fresh process with another seed of hashes" if elsewhere else ""
            text = f"{label}: {again.units} pairs score the same when asked again{also}"
            yield _finding(label, "determinism", "pass", text)


def _asked_twice(again: Again, tolerance: float) -> Iterator[str]:
    moved = _apart(again.apart, tolerance)
    if moved:
        unit, one, other = moved[0]
        yield (
            f"asked again (a new object, backwards, in small batches, nothing cached), {len(moved)} of {again.units} pairs score "
            f"otherwise, {unit} {one} and then {other}; does it depend on chance, on the other units of the call, or on what it "
            "was asked before?"
        )


def _asked_elsewhere(elsewhere: Elsewhere, tolerance: float) -> Iterator[str]:
    if elsewhere.failed is not None:
        yield f"it cannot be asked in a fresh process: {elsewhere.failed}"
        return
    moved = _apart(elsewhere.apart, tolerance)
    if moved:
        unit, one, other = moved[0]
        yield (
            f"in a fresh process with another PYTHONHASHSEED {len(moved)} of {elsewhere.units} pairs score otherwise, {unit} "
            f"{one} here and {other} there; does it depend on `hash`, on the order of a set, on chance, or on what its class or "
            "module remembers of earlier calls?"
        )


def _apart(pairs: Sequence[tuple[str, float | None, float | None]], tolerance: float) -> list[tuple[str, Value, Value]]:
    """The units that moved further than the tolerance, the furthest first, with a value before and after."""
    first: dict[str, list[Value]] = {unit: [] for unit, *_ in pairs}
    second: dict[str, list[Value]] = {unit: [] for unit, *_ in pairs}
    for unit, one, other in pairs:
        first[unit].append(_told(one))
        second[unit].append(_told(other))
    return [(unit, first[unit][0], second[unit][0]) for unit in moved_units(first, second, tolerance)]


def both(before: Baseline, measured: Measured) -> Iterator[tuple[str, MetricBaseline, MetricBaseline]]:
    """Label, present and past of each metric that the baseline knows."""
    for label, now in measured.now.metrics.items():
        was = before.metrics.get(label)
        if was is not None:
            yield label, now, was


def _sets(label: str, was: MetricBaseline, now: MetricBaseline, measured: Measured) -> Iterator[tuple[str, Rows, Rows]]:
    """Name, past and present of each set of which the baseline holds this metric's scores, if it still is that set."""
    for name, held in now.pairs.items():
        known = was.pairs.get(name)
        if known is not None and known.digest == held.digest:
            yield name, known.scores, held.scores
    for name, judged in now.judged.items():
        past = was.judged.get(name)
        units = list(by_unit(measured.scores[label, name].blocks[:1]))
        if past is not None and past.digest == judged.digest and len(past.values) == len(units):
            yield name, *answer_rows(units, past, judged)


def _other_answers(label: str, was: MetricBaseline, now: MetricBaseline, measured: Measured) -> Iterator[str]:
    """The judged sets of which other answers were scored than those in the baseline."""
    compared = {name for name, *_ in _sets(label, was, now, measured)}
    return (name for name in now.judged if name in was.judged and name not in compared)


def _other_set(label: str, name: str, known: PairScores | None, held: PairScores) -> str | None:
    """What to say where the baseline's pairs are not these; None if they are."""
    if known is None:
        return (
            f"{label}: the baseline has no scores of the pairs {name}; approve of them with `harness gate update --reason TEXT`"
        )
    if known.digest == held.digest:
        return None
    new, gone = (len(one.keys() - other.keys()) for one, other in ((held.scores, known.scores), (known.scores, held.scores)))
    what = f"{new} are new and {gone} are gone" if new or gone else "their texts, references or order differ"
    return (
        f"{label}: the pairs {name} are not those of the baseline ({what}), so that no score can be compared: take back the "
        "change of the file, or approve with `harness gate update --reason TEXT`"
    )


def _of_the_same(before: Baseline, measured: Measured, label: str, name: str) -> str:
    """How those pairs or answers of another set moved whose texts are what they were."""
    was, now = before.metrics[label], measured.now.metrics[label]
    same, there = same_units(before, measured, label, name)
    if not same:
        return ""
    what = "pairs" if name in now.pairs else "answers"
    moved = list(moved_units(same, there, tolerance_of(was, now)))
    if not moved:
        return f". The {len(same)} {what} whose texts are what they were score as before"
    shown = worst(measured.sets[name], same, there, moved)
    return (
        f". Of the {len(same)} {what} whose texts are what they were {len(moved)} score otherwise{_signed(was, now)}, most on "
        f"{_arrow(shown[0])}: the metric has changed too, or it looks at all {what} at once"
    )


def same_units(before: Baseline, measured: Measured, label: str, name: str) -> tuple[Rows, Rows]:
    """Past and present scores of those pairs or answers that have the same texts in a set that is another one now; empty where
    it is not, or where one side does not know the set."""
    was, now, data = before.metrics.get(label), measured.now.metrics[label], measured.sets.get(name)
    sides = [None if one is None else one.pairs.get(name) or one.judged.get(name) for one in (was, now)]
    match sides:
        case [PairScores() as known, PairScores() as held] if data is not None and known.digest != held.digest:
            return same_texts(before, known, data), held.scores
        case [JudgedScores() as known, JudgedScores() as held] if data is not None and known.digest != held.digest:
            return same_answers(before, known, held, data, list(by_unit(measured.scores[label, name].blocks[:1])))
    return {}, {}


def _covered(known: Rows, there: Rows) -> Iterator[str]:
    had, has = ({unit for unit, row in rows.items() if _scored(row)} for rows in (known, there))
    if had - has:
        status = ", ".join(sorted({str(there[unit][0]) for unit in had - has if there.get(unit)}))
        yield f"{len(had - has)} of {len(had)} lost their score ({status or 'not asked about'}): {_units(known, had - has)}"
    if has - had:
        status = ", ".join(sorted({str(known[unit][0]) for unit in has - had if known.get(unit)}))
        yield f"{len(has - had)} that had none ({status or 'not asked about'}) have one: {_units(there, has - had)}"


def _beside(known: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    """Statuses of units that have a score and are not ok."""
    other = [unit for unit in {**known, **there} if known.get(unit, "ok") != there.get(unit, "ok")]
    if other:
        one = other[0]
        yield (
            f"the status of {len(other)} that have a score is another, {one} was {known.get(one, 'ok')} and is "
            f"{there.get(one, 'ok')}"
        )


def _told(value: float | None) -> Value:
    return "no score" if value is None else value


def _scored(row: Sequence[object]) -> bool:
    return any(isinstance(value, (int, float)) for value in row)


def _units(rows: Rows, chosen: set[str]) -> str:
    named = [unit for unit in rows if unit in chosen]
    return ", ".join(named[:_NAMED]) + (" …" if len(named) > _NAMED else "")


def _signed(was: MetricBaseline, now: MetricBaseline) -> str:
    if was.signature == now.signature:
        return " and the signature did not"
    drift = drifted(was.signature, now.signature)
    return f", with {', '.join(drift)}" if drift else ", and so did the signature"


def _kind(name: str, now: MetricBaseline) -> str:
    return "pairs of" if name in now.pairs else "answers of"


def _arrow(moved: object) -> str:
    pair, before, now = (getattr(moved, field) for field in ("pair", "before", "now"))
    told = ("no score" if value is None else f"{value:.6g}" for value in (before, now))
    return f"{pair} ({' → '.join(told)})"


def _finding(label: str, check: str, level: Level, message: str, of: str = "") -> Finding:
    return Finding(metric=label, check=check, level=level, message=message, set=of)
