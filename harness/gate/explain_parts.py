"""What moved of judges (verdicts and scores, with the recorded replies) and of the statistics (rows of frozen cases)."""

from collections.abc import Iterator, Mapping, Sequence

from harness.gate.baseline import Baseline, JudgeBaseline, Value
from harness.gate.explain import Explained, MovedPair
from harness.gate.judges import Judged, named
from harness.gate.measure import Measured
from harness.gate.moves import distance

_EXACT = 1e-9
META = "meta"
_Rows = Mapping[str, Sequence[Value]]


def explain_judges(before: Baseline, measured: Measured, most: int) -> Iterator[Explained]:
    """What moved of each judge on recorded replies."""
    for judged in measured.judges:
        was = before.judges.get(judged.label)
        known = None if was is None else was.signature
        if judged.now is None:
            yield _unknown(judged.label, known, None, f"could not be asked: {judged.problem}")
        elif was is None:
            yield _unknown(judged.label, None, judged.now.signature, "is not in the baseline")
        elif was.digest != judged.now.digest:
            why = "its answers or recorded replies are not those of the baseline"
            yield _unknown(judged.label, known, judged.now.signature, why)
        else:
            yield _judge(judged, was, judged.now, most)


def explain_statistics(before: Baseline, measured: Measured, most: int) -> Iterator[Explained]:
    """What moved of the statistics, as one; nothing where the gate has none."""
    held = measured.now.statistics
    if not held and not measured.broken_cases:
        return
    moved: list[MovedPair] = []
    unknown = [f"{name} could not be computed: {why}" for name, why in measured.broken_cases.items()]
    compared = 0
    for name, now in held.items():
        was = before.statistics.get(name)
        if was is None or was.digest != now.digest:
            unknown.append(f"{name} is not in the baseline as it is now")
            continue
        compared += len(was.rows)
        moved += _moved(name, was.columns, was.rows, now.rows, _EXACT, {})
    yield _explained(META, "", "", compared, moved, most, unknown)


def _judge(judged: Judged, was: JudgeBaseline, now: JudgeBaseline, most: int) -> Explained:
    texts = {key: verdict.reply or "" for key, verdict in named(judged.verdicts).items()}
    moved = [
        *_moved("verdicts", (), was.verdicts, now.verdicts, now.tolerance, texts),
        *_moved("scores", (), _one(was.scores), _one(now.scores), now.tolerance, {}),
        *_moved("agreement with people", (), was.agreement, now.agreement, _EXACT, {}),
    ]
    compared = len(was.verdicts) + len(was.scores) + len(was.agreement)
    missing = [f"{judged.missing} of {judged.requests} requests have no recorded reply"] if judged.missing else []
    return _explained(judged.label, was.signature, now.signature, compared, moved, most, missing)


def _moved(
    name: str, columns: Sequence[str], known: _Rows, held: _Rows, tolerance: float, texts: Mapping[str, str]
) -> Iterator[MovedPair]:
    for key in {**known, **held}:
        before, now = tuple(known.get(key, ())), tuple(held.get(key, ()))
        size = distance(before, now, tolerance)
        if size:
            width = max(len(before), len(now))
            names = [*columns[:width], *[None] * (width - len(columns))]
            yield MovedPair(
                set=name,
                pair=key,
                instruction="",
                references=(),
                hypotheses=(texts[key],) if key in texts else (),
                components=tuple(names),
                before=before,
                now=now,
                size=size,
            )


def _explained(
    label: str, was: str, now: str, of: int, moved: Sequence[MovedPair], most: int, unknown: Sequence[str]
) -> Explained:
    worst = sorted(moved, key=lambda pair: -pair.size)[:most]
    return Explained(
        metric=label,
        signature_before=was,
        signature=now,
        of=of,
        moved=len(moved),
        pairs=tuple(worst),
        unknown=tuple(unknown),
        what="values",
    )


def _unknown(label: str, was: str | None, now: str | None, why: str) -> Explained:
    return Explained(metric=label, signature_before=was, signature=now, unknown=(why,), what="values")


def _one(scores: Mapping[str, Value]) -> _Rows:
    return {unit: [value] for unit, value in scores.items()}
