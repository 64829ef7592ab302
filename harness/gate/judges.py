"""What metrics that ask language models make of recorded replies: nobody is asked, and everything after the reply is real.

Requests are made by the prompts of today, so that a changed prompt finds no reply; replies are parsed, put together and held
against people's ratings by the code of today.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.chat.messages import LanguageModel
from harness.chat.openings import Open, Overheard, openings
from harness.chat.policy import only_stored
from harness.chat.transcript import Transcript, put_back, read_transcript
from harness.config import bind
from harness.errors import HarnessError, InputError
from harness.gate.answers import read_answers
from harness.gate.baseline import JudgeBaseline, Value
from harness.gate.judged_sets import located
from harness.gate.judges_config import GatedJudge, JudgesConfig, load_judges
from harness.judgments import JudgmentSet, select_examples
from harness.meta.options import MetaOptions
from harness.registry import Registry
from harness.score_table import STATUSES, ScoreTable
from harness.stages.evaluate import in_table_order, read_source
from harness.stages.metaevaluate import metaevaluate, summarise
from harness.stages.metrics import BuiltMetric, build_metrics
from harness.stages.score import calls, score
from harness.stages.units import make_work
from harness.verdicts import Audited, Planned, Verdict

_NOWHERE = "http://127.0.0.1:9/v1"  # of a model that is stood in for: it is asked nothing
_ADDRESSED = "openai"  # the backend whose models have an address in their names, and so need no list of names
# Few draws: that the numbers are the same is asked here, not how sure they are.
_OPTIONS = MetaOptions(groupings=("item",), slices=(), resamples=50, draws=50, random_draws=5, folds=3)


@dataclass(frozen=True)
class Judged:
    """A judge's word on recorded replies, as the baseline keeps it, and what it was made of.

    `requests`: how many it would make; `missing`: how many of them have no recorded reply; `unused`: recorded replies that it
    does not ask for; `heard`: the models, which know what they were asked; `problem`: why it could not be asked, and then nothing
    else is there.
    """

    label: str
    now: JudgeBaseline | None = None
    transcript: Transcript | None = None
    verdicts: tuple[Verdict, ...] = ()
    requests: int = 0
    missing: int = 0
    unused: int = 0
    heard: Sequence[Overheard] = field(default=(), repr=False)
    problem: str | None = None


def replay_all(
    path: Path, registry: Registry, report: Callable[[str], None] = lambda message: None, only: Sequence[str] = ()
) -> list[Judged]:
    """Every judge of the config, or those of these labels, on their recorded replies.

    Raises InputError or ConfigError for a file that cannot be read.
    """
    config = load_judges(path)
    data = read_asked(config, registry)
    found = []
    for judge in config.judges:
        if only and judge.label not in only:
            continue
        report(judge.label)
        try:
            found.append(replay(judge, asked_of(judge, data), registry))
        except InputError:
            raise
        except HarnessError as error:
            found.append(Judged(judge.label, problem=str(error)))
    return found


def replay(judge: GatedJudge, data: JudgmentSet, registry: Registry) -> Judged:
    """What one judge makes of its recorded replies; raises PluginError where it cannot be built."""
    transcript = read_transcript(judge.replies)
    with tempfile.TemporaryDirectory(prefix="harness-gate-") as folder, own_cache(Path(folder)), only_stored():
        from harness.chat.store import ReplyStore

        store = ReplyStore()
        put_back(transcript, store)
        metric, heard = build_heard(judge, registry, dict(transcript.about.models))
        table = score(data, [metric])
        verdicts, plans = verdicts_of(metric, data), calls(data, metric)
        store.database.close()
    used = {verdict.key for verdict in verdicts}
    return Judged(
        label=judge.label,
        now=JudgeBaseline(
            digest=_digest(data, transcript),
            signature=metric.signature,
            tolerance=metric.spec.tolerance,
            scores=_scores(table),
            verdicts={name: _read(verdict) for name, verdict in named(verdicts).items()},
            agreement=_agreement(data, table, metric),
        ),
        transcript=transcript,
        verdicts=verdicts,
        requests=sum(plan.calls + plan.cached for plan in plans),
        missing=sum(plan.calls for plan in plans),
        unused=sum(said.key not in used for said in transcript.replies),
        heard=heard,
    )


def build_heard(
    judge: GatedJudge, registry: Registry, models: dict[str, str], wrap: Callable[[LanguageModel], LanguageModel] | None = None
) -> tuple[BuiltMetric, Sequence[Overheard]]:
    """The metric, and its models, which remember what they are asked.

    `models`: `BACKEND MODEL` → name, of models that run where they are asked. One that is in it is stood in for, and need not be
    here; any other is opened, and its name added. `wrap` may put others in their place.
    """
    heard: list[Overheard] = []
    known = dict(models)  # a metric may open a model more than once: what is added below stands in for nothing

    def listen(model: str, backend: str, make: Open) -> Overheard:
        from harness.chat.client import ChatModel
        from harness.chat.prices import Price

        name = known.get(f"{backend} {model}")
        free = Price(model=model, tokens_in=0.0, tokens_out=0.0)
        found = make() if name is None else ChatModel(model, base_url=_NOWHERE, known_as=name, price=free)
        if backend != _ADDRESSED:
            models[f"{backend} {model}"] = found.name
        heard.append(Overheard(found if wrap is None else wrap(found)))
        return heard[-1]

    with openings(listen):
        (metric,) = build_metrics(registry, [bind(judge.ref, registry, "metric")])
    return metric, heard


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """While this lasts, the cache and the replies of this process are in that folder, not in the user's."""
    from harness.cache import ENVIRONMENT

    before = os.environ.get(ENVIRONMENT)
    os.environ[ENVIRONMENT] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[ENVIRONMENT]
        else:
            os.environ[ENVIRONMENT] = before


def read_asked(config: JudgesConfig, registry: Registry) -> JudgmentSet:
    """What the judges of the config were asked about."""
    if config.answers is not None:
        return in_table_order(read_answers(config.answers))
    assert config.source is not None  # one of both is there
    return read_source(registry, located(config.source, registry, config.file.parent))


def asked_of(judge: GatedJudge, data: JudgmentSet) -> JudgmentSet:
    """Those of the answers that this judge was asked about."""
    if judge.examples is None:
        return data
    unknown = sorted(judge.examples - {example.id for example in data.examples})
    if unknown:
        raise InputError(f"{judge.label}: no example is called {unknown[0]!r}; see the file of answers")
    return select_examples(data, judge.examples)


def named(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    """The verdicts by what they are about: the outputs as shown, the judge where there are several, the criterion, the sample."""
    judges = {verdict.judge for verdict in verdicts}
    criteria = {verdict.criterion for verdict in verdicts}
    samples = {verdict.sample for verdict in verdicts}
    found = {}
    for verdict in verdicts:
        parts = [" + ".join(verdict.targets)]
        parts += [verdict.judge] if len(judges) > 1 else []
        parts += [verdict.criterion or ""] if len(criteria) > 1 else []
        parts += [f"sample {verdict.sample}"] if len(samples) > 1 else []
        found[" · ".join(parts)] = verdict
    return found


def verdicts_of(metric: BuiltMetric, data: JudgmentSet) -> tuple[Verdict, ...]:
    """The verdicts that the metric's scores are made of; HarnessError for a metric that has none."""
    asked = metric.metric
    if not (isinstance(asked, Audited) and isinstance(asked, Planned)):
        raise HarnessError(f"{metric.label}: no metric that asks models: it has no `verdicts` and `plan`; list it under metrics")
    return tuple(asked.verdicts(make_work(data, metric.spec).units))


def _scores(table: ScoreTable) -> dict[str, Value]:
    block = table.blocks[0]
    values = zip(block.values.tolist(), block.status.tolist(), strict=True)
    told: list[Value] = [STATUSES[status] if value != value else value for value, status in values]
    return dict(zip((" + ".join(targets) for targets in block.targets), told, strict=True))


def _read(verdict: Verdict) -> list[Value]:
    if verdict.status != "ok":  # then there should be no value; one that is there nevertheless is a finding
        return [verdict.status, *(value for value in (verdict.value, verdict.expectation) if value is not None)]
    if verdict.ranks is not None:
        return list(verdict.ranks)
    return [verdict.value, verdict.expectation]


def _agreement(data: JudgmentSet, table: ScoreTable, metric: BuiltMetric) -> dict[str, list[Value]]:
    """Each statistic of the judge against people: value, low, high, p, epsilon, coverage and the number of pairs."""
    if not (data.judgments or data.preferences):
        return {}
    rows: dict[str, list[Value]] = {}
    for row in metaevaluate(data, table, [summarise(metric)], _OPTIONS):
        if row.metric == metric.signature and row.against is None:
            parts = (row.statistic, row.criterion, row.grouping, row.support)
            told: list[Value] = [row.value, row.low, row.high, row.p, row.epsilon, row.coverage, row.n_pairs]
            rows[" · ".join(part for part in parts if part)] = told
    return rows


def _digest(data: JudgmentSet, transcript: Transcript) -> str:
    """Of the answers and of what was replied to which key: other replies make other scores, and are no change of the metric."""
    said = [[one.key, one.status, one.text, one.tokens, one.finish] for one in transcript.replies]
    text = json.dumps([data.digest, sorted(example.id for example in data.examples), said], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
