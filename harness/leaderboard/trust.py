"""How far each column of a board can be trusted: stored meta-evaluations of its metric, in its language, on its kind of task.

Nothing but people's ratings counts. Where nobody has rated, the word is `unknown`, and where ratings do not show that the metric
agrees it is `doubtful`; docs/explanation/leaderboards.md says why each rule is as it is.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.leaderboard.evidence import SHIPPED, WITHOUT, Evidence, read_evidence
from harness.leaderboard.matching import closeness, kind_of, metric_names, same_language, same_metric
from harness.leaderboard.records import Column, Results, TaskInfo, Trust
from harness.meta.advice import MIN_CLUSTERS

_ORDER = ("ask people", "weak", "use")
_SAID = {
    "use": "agrees with people",
    "weak": "may agree with people, but the ratings do not exclude that it knows nothing",
    "ask people": "agrees with people no better than what knows nothing of quality",
}
_WITHOUT_RATINGS = {
    "key": "the answer is one of the choices: it is compared with the key, and people are not asked",
    "untold": "it is compared with the key; the results do not say whether as one of the choices or as a text that equals it",
    "equal-text": "the text has to equal the key: a right answer in other words counts as wrong, and nobody was asked how often",
    "of-text": "it says how likely the model finds a text: no score of an answer, so no ratings can be held against it",
    "answer": "by its name alone nobody can say how this metric is computed, so no ratings can be held against it",
}


class _Match(NamedTuple):
    """Evidence on a column: from which source (by number), whether on its kind of task or its form, and what to say of the
    metric's version."""

    source: int
    evidence: Evidence
    close: str
    note: str | None


_Known = Sequence[tuple[int, Evidence]]


def find_trust(
    folders: Iterable[str | Path] = (), *, results: Results | None = None, shipped: bool = True
) -> Callable[[Column, TaskInfo], Trust]:
    """What says of a column how far its metric can be trusted.

    `folders`: run folders of meta-evaluations (or files of evidence), and unless `shipped` is False what ships; of one judgment
    set the reading with most items counts, of equals the first. `results`: tells the signatures of the metrics that this harness
    computed. Raises InputError naming a folder that holds no finished meta-evaluation.
    """
    sources = [*folders, SHIPPED] if shipped else list(folders)
    known = [(number, one) for number, source in enumerate(sources) for one in read_evidence(source)]
    own = {} if results is None else results.metrics

    def trust(column: Column, task: TaskInfo) -> Trust:
        if column.metric in own:
            return _of_signature(own[column.metric].signature, None, task, known)
        kind = kind_of(column.metric, task.output_type)
        name, names = column.metric.partition(",")[0], metric_names()
        text = names.text.get(name)
        if kind == "answer" and text is not None:
            return _of_signature(text.signature, text.note, task, known)
        untold = kind == "key" and task.output_type is None and name in names.by_equal_text
        return Trust(
            verdict="by-key" if kind in ("key", "equal-text") else "unknown",
            metric=column.metric,
            why=_WITHOUT_RATINGS["untold" if untold else kind],
            language=task.language,
            form=task.form,
        )

    return trust


def trust_warnings(columns: Iterable[Column]) -> list[str]:
    """What a reader of a board has to know first: columns whose metric is not shown to agree, and those of which nobody knows."""
    doubtful = [column for column in columns if column.trust is not None and column.trust.verdict == "doubtful"]
    unknown = [column.key for column in columns if column.trust is not None and column.trust.verdict == "unknown"]
    found = [f"{column.key}: its metric is not shown to agree with people ({_brief(column.trust)})" for column in doubtful]
    if unknown:
        shown = ", ".join(unknown[:8]) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")
        found.append(f"nobody knows how far these metrics agree with people in these tasks: {shown}")
    return found


def _of_signature(signature: str, note: str | None, task: TaskInfo, known: _Known) -> Trust:
    about = Trust(verdict="unknown", metric=signature, language=task.language, form=task.form)
    of_metric = [(*pair, said) for pair in known for same, said in [same_metric(signature, pair[1].metric)] if same]
    lacking = _lacks(task)
    if lacking is not None:
        return _replaced(about, why=lacking)
    found = [_Match(number, one, close, said) for number, one, said in of_metric if (close := closeness(task, one)) is not None]
    wanted = [one for one in found if not task.criteria or one.evidence.criterion in task.criteria]
    counting = _counting(wanted)
    if not counting:
        return _replaced(about, why=_why_unknown(task, [one for _, one, _ in of_metric], found))
    weakest = min(counting, key=lambda one: _strength(one.evidence))
    one = weakest.evidence
    agrees = all(_agrees(match.evidence) for match in counting)
    said = [_of_the_weakest(weakest, counting), note, weakest.note]
    return Trust(
        verdict="agrees" if agrees else "doubtful",
        metric=one.metric,
        statistic=one.statistic,
        value=one.value,
        low=one.low,
        high=one.high,
        floor=one.floor,
        above=one.above,
        above_low=one.above_low,
        above_high=one.above_high,
        sentinel=one.sentinel,
        sentinel_value=one.sentinel_value,
        items=one.items,
        pairs=one.pairs,
        judgments=tuple(dict.fromkeys(match.evidence.judgments for match in counting)),
        language=one.language,
        form=one.form,
        why="; ".join(part for part in said if part),
    )


def _replaced(trust: Trust, *, why: str) -> Trust:
    return Trust(verdict=trust.verdict, metric=trust.metric, language=trust.language, form=trust.form, why=why)


def _lacks(task: TaskInfo) -> str | None:
    """What the task does not say of itself, without which no ratings can be of its kind."""
    missing = [] if task.language is not None else ["language"]
    if task.form is None and task.kind is None:
        missing.append("form (or kind)")
    if not missing:
        return None
    return f"the task does not say its {' nor its '.join(missing)}: write it into the task's metadata"


def _counting(matches: Sequence[_Match]) -> list[_Match]:
    """What decides: the closest ratings that are enough; of one set and criterion the largest reading, and of that the widest
    slice, with and without systems that nearly are the reference.

    Ratings of under 30 different clusters decide only where there are no others: a small study proves nothing against a large
    one. Narrower slices do not decide: of many, the worst is bad by chance.
    """
    pool = [one for one in matches if one.evidence.independent >= MIN_CLUSTERS] or list(matches)
    pool = [one for one in pool if one.close == "task"] or pool
    whole = [one for one in pool if not one.evidence.slice.startswith(WITHOUT)]
    kept = []
    for name, criterion in dict.fromkeys((one.evidence.set_name, one.evidence.criterion) for one in whole):
        own = [one for one in pool if (one.evidence.set_name, one.evidence.criterion) == (name, criterion)]
        best = max((one for one in own if one in whole), key=lambda one: (one.evidence.items, one.note is None, -one.source))
        same = [one for one in own if (one.source, one.evidence.judgments) == (best.source, best.evidence.judgments)]
        kept += [one for one in same if one.evidence.slice == best.evidence.slice]
        kept += [one for one in same if best.evidence.slice == "all" and one not in whole]
    return kept


def _agrees(evidence: Evidence) -> bool:
    """Clear of every sentinel, and of the floor: a metric may be above the floor by what any threshold that was chosen gains."""
    return evidence.verdict == "use" and (evidence.above is None or (evidence.above_low or 0.0) > 0)


def _strength(evidence: Evidence) -> tuple[bool, int, float]:
    nearest = max((one for one in (evidence.sentinel_value, evidence.floor) if one is not None), default=0.0)
    low = evidence.value if evidence.low is None else evidence.low
    return _agrees(evidence), _ORDER.index(evidence.verdict), low - nearest


def _of_the_weakest(weakest: _Match, counting: Sequence[_Match]) -> str:
    one = weakest.evidence
    where = f"{one.set_name}, {one.criterion} ({one.raters})" + ("" if one.slice == "all" else f", {one.slice}")
    task = f" ({one.task})" if one.task else ""
    of = f"the same kind of task{task}" if weakest.close == "task" else f"other tasks of this form{task}"
    said = f"{where}, {of}: {one.reason}"
    if one.order is not None and one.systems is not None and one.systems > 2:
        said += (
            f"; it orders {_share(one.order, one.order_low, one.order_high)} of the pairs of {one.systems} systems as people do"
        )
    if one.human is not None:
        said += f"; one rater agrees with the others in {_share(one.human, one.human_low, one.human_high)}"
    others = list(dict.fromkeys(f"{match.evidence.set_name}, {match.evidence.criterion}" for match in counting))
    others.remove(f"{one.set_name}, {one.criterion}")
    if others:
        shown = ", ".join(others[:4]) + (" …" if len(others) > 4 else "")
        said += f"; the weakest of {len(others) + 1} criteria and sets (also {shown})"
    return said


def _why_unknown(task: TaskInfo, of_metric: Sequence[Evidence], found: Sequence[_Match]) -> str:
    if found:
        rated = ", ".join(dict.fromkeys(one.evidence.criterion for one in found))
        return f"nobody has rated {', '.join(task.criteria)} of such answers (rated were {rated})"
    kind = f"of the kind {task.kind}" if task.kind else f"of {task.form} form"
    said = f"nobody has rated answers {kind} in {task.language} that this metric scored"
    assert task.language is not None  # `_lacks` has seen to it
    language = task.language
    same = [one for one in of_metric if same_language(language, one.language)]
    near = same or [one for one in of_metric if task.kind is not None and one.task == task.kind] or list(of_metric)
    if near:
        one = max(near, key=lambda one: (one.slice == "all", one.items))
        said += (
            f" (nearest: {one.set_name}, {one.task or 'several tasks'} in {one.language}, {one.criterion}: {_SAID[one.verdict]})"
        )
    return said


def _brief(trust: Trust | None) -> str:
    if trust is None or trust.value is None:
        return "no number"
    rivals = [(trust.floor, "knowing nothing"), (trust.sentinel_value, f"the sentinel {trust.sentinel}")]
    best = max(((value, name) for value, name in rivals if value is not None), default=None)
    rival = "" if best is None else f", where {best[1]} gives {_number(best[0])}"
    return (
        f"accuracy {_share(trust.value, trust.low, trust.high)} on {trust.items:,} items of {', '.join(trust.judgments)}{rival}"
    )


def _share(value: float, low: float | None, high: float | None) -> str:
    return _number(value) + ("" if low is None or high is None else f" [{_number(low)} {_number(high)}]")


def _number(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if 0 <= value < 1 else f"{value:.3f}"
