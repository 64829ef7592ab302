"""The cards of an evaluation's judges: every audit of every judge, criterion by criterion."""

from collections.abc import Iterator, Mapping, Sequence

from harness.errors import InputError, did_you_mean
from harness.judge_card.accuracy import accuracies
from harness.judge_card.calibration import calibration
from harness.judge_card.calls import answers, repeats, unread
from harness.judge_card.contents import Card, Finding, JudgeCards, Matrix
from harness.judge_card.contests import contests
from harness.judge_card.ground import Ground, output_values, scale_of, silence, spoken
from harness.judge_card.languages import languages
from harness.judge_card.length import length
from harness.judge_card.own import self_preference
from harness.judge_card.people import OnScale, beside_raters, matrices, on_scale
from harness.judge_card.position import position
from harness.judge_card.prompts import prompts
from harness.judge_card.reading import expected, read_of, score_of
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.stages.evaluate import Evaluation
from harness.verdicts import Verdict

Key = tuple[str, str, str]  # metric, judge, criterion


def judge_cards(done: Evaluation, options: MetaOptions, *, own: Sequence[str] = ()) -> JudgeCards:
    """A card for each judge and criterion of each metric that keeps its verdicts. `own`: systems that are the judges'.

    Raises InputError where no metric has a verdict, and for a system that is not there.
    """
    data = done.data
    for system in own:
        if system not in data.systems:
            raise InputError(f"{data.info.name} has no system {system!r}.{did_you_mean(system, data.systems)}")
    if not done.verdicts:
        raise InputError(f"no metric of this run is a judge that keeps its verdicts: {', '.join(done.labels.values()) or 'none'}")
    ground = Ground.of(data, options)
    groups = _groups(done)
    summaries = {one.signature: one for one in done.metrics}
    judges = frozenset(metric for metric, _, _ in groups)
    return JudgeCards(
        judgments=data.label,
        constructed=data.info.constructed,
        level=options.level,
        resamples=options.resamples,
        seed=options.seed,
        accuracies=accuracies(done.rows, done.metrics, done.labels, judges),
        cards=tuple(_card(key, groups, ground, summaries, done.labels, own) for key in groups),
    )


def _groups(done: Evaluation) -> dict[Key, list[Verdict]]:
    """The verdicts of each metric, judge and criterion, metrics in the run's order."""
    order = {one.signature: place for place, one in enumerate(done.metrics)}
    found: dict[Key, list[Verdict]] = {}
    for verdict in done.verdicts:
        found.setdefault((verdict.metric, verdict.judge, verdict.criterion or ""), []).append(verdict)
    return dict(sorted(found.items(), key=lambda one: (order.get(one[0][0], len(order)), *one[0])))


def _card(
    key: Key,
    groups: Mapping[Key, Sequence[Verdict]],
    ground: Ground,
    summaries: Mapping[str, MetricSummary],
    labels: Mapping[str, str],
    own: Sequence[str],
) -> Card:
    metric, judge, criterion = key
    verdicts = groups[key]
    summary = summaries.get(metric)
    first = verdicts[0]
    criteria = ground.criteria_for(criterion or None)
    held = contests(verdicts, ground, higher_is_better=summary is None or summary.higher_is_better)
    laid = {name: _laid(verdicts, metric, name, ground) for name in criteria} if first.form == "direct" else {}
    found: list[Finding] = [
        *answers(verdicts, ground),
        *repeats(verdicts, ground),
        *position(verdicts, ground),
        *length(held, ground, criteria),
        *self_preference(held, ground, judge, own, criteria),
        *_beside_people(verdicts, metric, laid, ground),
        *languages(verdicts, held, laid, ground, criteria),
        *prompts(_same_but_prompt(key, groups), ground, criteria),
    ]
    return Card(
        metric=labels.get(metric, metric.partition("|")[0]),
        signature=metric,
        judge=judge,
        criterion=criterion or None,
        form=first.form,
        reference=any(one.reference for one in verdicts),
        prompts=tuple(sorted({one.prompt for one in verdicts if one.prompt is not None})),
        n_verdicts=len(verdicts),
        score=score_of(spoken(verdicts), read_of(metric)),
        findings=tuple(found),
        matrices=tuple(_matrices(verdicts, metric, laid, ground, judge)),
        unread=unread(verdicts),
    )


def _laid(verdicts: Sequence[Verdict], metric: str, criterion: str, ground: Ground) -> OnScale:
    return on_scale(output_values(verdicts, ground), scale_of(metric), ground.people[criterion])


def _beside_people(verdicts: Sequence[Verdict], metric: str, laid: Mapping[str, OnScale], ground: Ground) -> Iterator[Finding]:
    """The verdicts beside people's ratings, and the calibration of what the score is made of, before and after alike."""
    silent, read = silence(verdicts), read_of(metric)
    for criterion, own in laid.items():
        yield from beside_raters(own, ground.people[criterion], ground, silent)
    values = output_values(verdicts, ground, read=read)
    rating = "expected rating" if read == "expectation" or expected(spoken(verdicts), read) else "rating"
    for criterion in laid:
        people = ground.people[criterion]
        yield from calibration(values, on_scale(values, scale_of(metric), people), people, ground, silent, rating=rating)


def _matrices(
    verdicts: Sequence[Verdict], metric: str, laid: Mapping[str, OnScale], ground: Ground, judge: str
) -> Iterator[Matrix]:
    values = output_values(verdicts, ground)
    for criterion, own in laid.items():
        people = ground.people[criterion]
        ends = (people.scale.low, people.scale.high) if people.scale is not None and own.values is not None else None
        yield from matrices(values, people, judge, scale_of(metric) or ends)


def _same_but_prompt(key: Key, groups: Mapping[Key, Sequence[Verdict]]) -> dict[str, Sequence[Verdict]]:
    """Prompt → verdicts, of the metrics that differ from this one in the prompt alone, this one among them."""
    metric, judge, criterion = key
    mine = groups[key][0]
    found: dict[str, Sequence[Verdict]] = {}
    for (other, who, about), verdicts in groups.items():
        first = verdicts[0]
        alike = (who, about, first.form, first.reference, first.language) == (
            judge, criterion, mine.form, mine.reference, mine.language,
        )  # fmt: skip
        if alike and first.prompt is not None and _without_prompt(other) == _without_prompt(metric):
            found.setdefault(first.prompt, verdicts)
    return found


def _without_prompt(signature: str) -> tuple[str, ...]:
    return tuple(part for part in signature.split("|") if not part.startswith(("prompt:", "prompts:")))
