"""What has changed about judges on recorded replies: their prompts, the reading of replies, the score, agreement with people."""

import re
from collections.abc import Iterator, Sequence

from harness.chat.messages import Request
from harness.chat.store import key_of
from harness.chat.transcript import request_of
from harness.gate.baseline import Baseline, JudgeBaseline, Value
from harness.gate.config import GateConfig
from harness.gate.findings import Finding, Level, Moved
from harness.gate.judges import Judged, named
from harness.gate.measure import Measured

_WORST = 5  # of what moved, that a finding shows
_SAME = 1e-9  # of numbers that the same seed makes from the same scores
_UPDATE = "`harness gate update --reason TEXT`"
_RECORD = "`harness gate record` asks the judge anew"
_LONG_NUMBER = re.compile(r"\d{6,}")  # such as a code that is drawn from the texts of a request
_FIELDS = ("value", "low", "high", "p", "epsilon", "coverage", "number of pairs")


def judges_not_compared(before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Judges that could not be asked, that the baseline does not know, or not with these replies: told whichever checks are made,
    since none can say anything of them."""
    for one in measured.judges:
        if one.now is None:
            yield _finding(one, "judge-replies", "error", f"{one.label} could not be asked: {one.problem}")
            continue
        was = before.judges.get(one.label)
        if was is None:
            message = f"{one.label} is not in the baseline: approve of it with {_UPDATE}"
            yield _finding(one, "judge-replies", "fail", message)
        elif was.digest != one.now.digest:
            message = f"{one.label}: its answers or recorded replies are not those of the baseline; if that is meant, {_UPDATE}"
            yield _finding(one, "judge-replies", "fail", message)


def judge_replies(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Every request has its recorded reply, every recorded reply is asked for, and the signature is the baseline's."""
    for one in measured.judges:
        if one.now is None:
            continue
        assert one.transcript is not None  # without a problem both are there
        was = before.judges.get(one.label)
        wrong = list(_replies(one, was))
        for message in wrong:
            yield _finding(one, "judge-replies", "fail", message)
        if not wrong and was is not None and was.digest == one.now.digest:
            message = f"{one.label}: {one.requests} requests find their {len(one.transcript.replies)} recorded replies"
            yield _finding(one, "judge-replies", "pass", message)


def judge_verdicts(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Every recorded reply is read as before."""
    for one, now, was in _both(before, measured):
        replies = {key: said for key, said in named(one.verdicts).items()}
        shared = [key for key in was.verdicts if key in now.verdicts and now.verdicts[key] != ["not-recorded"]]
        moved = [key for key in shared if not _same(was.verdicts[key], now.verdicts[key], _SAME)]
        if not moved:
            yield _finding(one, "judge-verdicts", "pass", f"{one.label}: {len(shared)} recorded replies are read as before")
            continue
        first = moved[0]
        message = (
            f"{one.label}: the parser changed: {len(moved)} of {len(shared)} verdicts are read otherwise from recorded replies"
            f"{_silent(now, was)}{_gained(was, now, moved)}; {first}: {_quoted(replies[first].reply)} was "
            f"{_told(was.verdicts[first])} and is {_told(now.verdicts[first])}"
        )
        shown = tuple(_moved(key, was.verdicts[key], now.verdicts[key], replies[key].reply) for key in moved[:_WORST])
        yield _finding(one, "judge-verdicts", "fail", message, shown)


def judge_scores(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """Every output that the judge was asked about has the score that it had."""
    for one, now, was in _both(before, measured):
        moved = [
            unit
            for unit in was.scores
            if not _same([was.scores[unit]], [now.scores.get(unit)], min(was.tolerance, now.tolerance))
        ]
        moved += [unit for unit in now.scores if unit not in was.scores]
        lost = [unit for unit in moved if _is_score(was.scores.get(unit)) and not _is_score(now.scores.get(unit))]
        if not moved:
            yield _finding(one, "judge-scores", "pass", f"{one.label}: {len(was.scores)} outputs score as before")
            continue
        gained = [unit for unit in moved if _is_score(now.scores.get(unit)) and not _is_score(was.scores.get(unit))]
        words = [f"{one.label}: scores moved on {len(moved)} of {len(was.scores)} outputs{_silent(now, was)}"]
        words += [f"coverage fell: {len(lost)} lost their score"] if lost else []
        words += [f"coverage rose: {len(gained)} that had none have one, missing is no longer missing"] if gained else []
        if (
            not one.missing
            and not one.unused
            and all(_same(was.verdicts[key], now.verdicts.get(key, []), _SAME) for key in was.verdicts)
        ):
            words.append(
                "every reply is read as before, so it is the aggregation (samples, orders, judges of a panel) that changed"
            )
        words.append(f"most on {moved[0]} ({_told([was.scores.get(moved[0])])} → {_told([now.scores.get(moved[0])])})")
        shown = tuple(_moved(unit, [was.scores.get(unit)], [now.scores.get(unit)], None) for unit in moved[:_WORST])
        yield _finding(one, "judge-scores", "fail", "; ".join(words), shown)


def judge_agreement(config: GateConfig, before: Baseline, measured: Measured) -> Iterator[Finding]:
    """The judge agrees with the recorded people as it did, to the digit: accuracy, its tie threshold, coverage."""
    for one, now, was in _both(before, measured):
        moved = [row for row in was.agreement if not _same(was.agreement[row], now.agreement.get(row, []), _SAME)]
        moved += [row for row in now.agreement if row not in was.agreement]
        if not moved:
            message = f"{one.label}: {len(was.agreement)} statistics against people are as before"
            yield _finding(one, "judge-agreement", "pass", message)
            continue
        scored = "the scores moved too" if was.scores != now.scores else "no score moved: it is the statistics or the calibration"
        rows = len(was.agreement.keys() | now.agreement.keys())
        message = (
            f"{one.label}: agreement with people moved in {len(moved)} of {rows} statistics ({scored}); "
            f"{moved[0]}: {_difference(was.agreement.get(moved[0]), now.agreement.get(moved[0]))}"
        )
        yield _finding(one, "judge-agreement", "fail", message)


def _gained(was: JudgeBaseline, now: JudgeBaseline, moved: Sequence[str]) -> str:
    """How the moved verdicts change what is covered, as a part of a sentence; empty where they do not."""
    there = [(any(map(_is_score, was.verdicts[key])), any(map(_is_score, now.verdicts[key]))) for key in moved]
    lost, gained = there.count((True, False)), there.count((False, True))
    words = [f"{lost} that were read are not"] * bool(lost) + [f"{gained} that were none are read"] * bool(gained)
    return f"; coverage: {', '.join(words)}" if words else ""


def _replies(one: Judged, was: JudgeBaseline | None) -> Iterator[str]:
    """What is wrong with requests and replies, a message each."""
    assert one.now is not None
    assert one.transcript is not None
    if was is not None and was.signature != one.now.signature:
        yield (
            f"{one.label}: signature moved from {was.signature} to {one.now.signature}, and the baseline was not updated; "
            f"if that is meant, {_RECORD} where the prompt changed, and {_UPDATE}"
        )
    if was is not None and one.now.tolerance > was.tolerance:
        yield (
            f"{one.label}: its tolerance was {was.tolerance:g} and is {one.now.tolerance:g}, which lets scores move further; "
            f"take it back, or approve with {_UPDATE}"
        )
    rekeyed = [line for line in one.transcript.requests if key_of(line.judge, request_of(line)) != line.key]
    if rekeyed:
        yield (
            f"{one.label}: the keys of requests changed: {len(rekeyed)} of {len(one.transcript.requests)} recorded requests are "
            "kept under another key now, so that nobody's stored replies would be found, and all would be paid for again"
        )
    elif one.missing:
        silent = "" if was is None or was.signature != one.now.signature else " and the signature did not move"
        yield (
            f"{one.label}: prompt changed: {one.missing} of {one.requests} requests have no recorded reply, so coverage falls"
            f"{silent}; {_prompt_difference(one)}If that is meant, {_RECORD}"
        )
    elif one.unused:
        yield (
            f"{one.label}: {one.unused} of {len(one.transcript.replies)} recorded replies are no longer asked for: an order of "
            f"showing, a sample, a criterion or a judge of the panel was dropped; first {_unused(one)}"
        )


def _prompt_difference(one: Judged) -> str:
    """The first line in which a request differs from the recorded one that it is most like; empty where there is none to show."""
    assert one.transcript is not None
    heard = {key: (model, request) for model in one.heard for key, request in model.requests.items()}
    unanswered = [request for key, (model, request) in heard.items() if model.replies[key].status == "not-stored"]
    for line in one.transcript.requests:
        if line.key not in heard:
            return _differs(request_of(line), unanswered)
    lost = next((verdict for verdict in one.verdicts if verdict.status == "not-recorded"), None)
    return "" if lost is None else f"first that of {' + '.join(lost.targets)}; "


def _differs(recorded: Request, now: Sequence[Request]) -> str:
    if recorded in now or not now:
        return ""
    alike = [request for request in now if request.params == recorded.params] or list(now)
    words = _words(recorded)
    nearest = max(alike, key=lambda request: len(words & _words(request)) / (1 + len(words | _words(request))))
    changed = sorted(
        name
        for name in {*recorded.params, *nearest.params}
        if recorded.params.get(name) != nearest.params.get(name) or (name in recorded.params) != (name in nearest.params)
    )
    if changed:
        return f"the request's {', '.join(changed)} changed; "
    before = [line for _, text in recorded.messages for line in text.split("\n")]
    after = [line for _, text in nearest.messages for line in text.split("\n")]
    for place, line in enumerate(before):
        other = after[place] if place < len(after) else None
        if other is None or _LONG_NUMBER.sub("#", line) != _LONG_NUMBER.sub("#", other):
            return f"first in line {place + 1} of the prompt: {_quoted(line)} became {_quoted(other)}; "
    if len(after) > len(before):
        return f"the prompt has a line more: {_quoted(after[len(before)])}; "
    return "the roles of its messages, their sample or the allowed answers changed; "


def _words(request: Request) -> frozenset[str]:
    return frozenset(word for _, text in request.messages for word in text.split())


def _unused(one: Judged) -> str:
    assert one.transcript is not None
    used = {verdict.key for verdict in one.verdicts}
    said = next(said for said in one.transcript.replies if said.key not in used)
    return f"{' + '.join(said.of)} (sample {said.sample}, {said.judge})"


def _both(before: Baseline, measured: Measured) -> Iterator[tuple[Judged, JudgeBaseline, JudgeBaseline]]:
    """Each judge that was asked and that the baseline knows with the same replies, its present and its past."""
    for one in measured.judges:
        was = before.judges.get(one.label)
        if one.now is not None and was is not None and was.digest == one.now.digest:
            yield one, one.now, was


def _same(before: Sequence[Value], now: Sequence[Value], tolerance: float) -> bool:
    return len(before) == len(now) and all(_close(one, other, tolerance) for one, other in zip(before, now, strict=True))


def _close(one: Value, other: Value, tolerance: float) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= tolerance * max(1.0, abs(one))
    return one == other


def _is_score(value: Value) -> bool:
    return isinstance(value, (int, float))


def _silent(now: JudgeBaseline, was: JudgeBaseline) -> str:
    return " and the signature did not" if now.signature == was.signature else ""


def _told(values: Sequence[Value]) -> str:
    """The values of a verdict or a score, as a person writes them."""
    there = [f"{value:.6g}" if isinstance(value, (int, float)) else value or "nothing" for value in values]
    if len(there) == 2 and there[1] == "nothing":
        return there[0]
    return there[0] if len(there) == 1 else f"{there[0]} (expectation {there[1]})" if len(there) == 2 else " ".join(there)


def _difference(was: Sequence[Value] | None, now: Sequence[Value] | None) -> str:
    if not was or not now or len(was) != len(now):
        return "it is new" if not was else "it is gone"
    name, one, other = next(
        (name, one, other) for name, one, other in zip(_FIELDS, was, now, strict=True) if not _close(one, other, _SAME)
    )
    return f"{name} was {_told([one])} and is {_told([other])}"


def _moved(key: str, was: Sequence[Value], now: Sequence[Value], reply: str | None) -> Moved:
    return Moved(pair=key, before=_number(was), now=_number(now), hypothesis=reply or "")


def _number(values: Sequence[Value]) -> float | None:
    found = values[0] if values else None
    return float(found) if isinstance(found, (int, float)) else None


def _quoted(text: str | None) -> str:
    if text is None:
        return "nothing"
    plain = " ⏎ ".join(text.split("\n"))
    return f"“{plain if len(plain) <= 100 else f'{plain[:60]} … {plain[-35:]}'}”"


def _finding(one: Judged, check: str, level: Level, message: str, moved: tuple[Moved, ...] = ()) -> Finding:
    return Finding(metric=one.label, check=check, level=level, message=message, moved=moved)
