"""The main job from end to end: judgments are read, outputs scored, scores held against people, and a run folder keeps it all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from harness import __version__
from harness.errors import InputError
from harness.integrity import check_tables
from harness.judgments import JudgmentSet, SharedNames, read_judgments
from harness.meta.options import MetaOptions
from harness.records import JudgmentInfo, MetaRow, Score, digest
from harness.registry import PluginRef, Registry, parameters
from harness.score_files import read_scores
from harness.score_table import ScoreTable
from harness.stages.metaevaluate import MetricSummary, check_options, metaevaluate, summarise
from harness.stages.score import BuiltMetric, Executor, Progress, score
from harness.stages.units import make_work
from harness.store import TABLES, Run, read_manifest, read_table, stage_id, table_path
from harness.verdicts import Audited, Verdict, in_verdict_order

KIND = "judgment source"


@dataclass(frozen=True)
class Evaluation:
    """A judgment set with its scores and what came of holding them against people; `labels`: signature → what the user wrote."""

    data: JudgmentSet
    metrics: tuple[MetricSummary, ...]
    labels: Mapping[str, str]
    scores: Sequence[Score]
    rows: tuple[MetaRow, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def failed(self) -> int:
        """Units on which a metric failed."""
        return ScoreTable.of(self.scores).failed


def read_source(registry: Registry, ref: PluginRef, systems: str | Sequence[str] | None = None) -> JudgmentSet:
    """The judgment set that the reference names, its records in table order: as a run folder gives them back.

    `systems` keeps a system set or the systems listed. It may also stand among the reference's parameters
    (`gec-sv:systems=machine`, `systems=a,b`); a source that has a parameter of that name selects them itself.
    """
    params = dict(ref.params)
    source_selects = "systems" in (parameters(registry.find(KIND, ref.name).spec) or {})
    own = params.pop("systems", None)
    given = own if systems is None else systems
    if given is not None and source_selects:
        params["systems"], given = given, None
    if isinstance(given, str) and "," in given:
        given = [name.strip() for name in given.split(",")]
    return in_table_order(read_judgments(registry.build(KIND, PluginRef(ref.name, params)), systems=given))


def in_table_order(data: JudgmentSet) -> JudgmentSet:
    """The same set with its records as finished tables hold them. Resampling depends on the order, so it is always this one."""
    return replace(
        data,
        examples=tuple(sorted(data.examples, key=TABLES["examples"].key)),
        outputs=tuple(sorted(data.outputs, key=TABLES["outputs"].key)),
        judgments=tuple(sorted(data.judgments, key=TABLES["judgments"].key)),
        preferences=tuple(sorted(data.preferences, key=TABLES["preferences"].key)),
    )


def evaluate(
    data: JudgmentSet,
    metrics: Sequence[BuiltMetric],
    options: MetaOptions | None,
    *,
    run: Run | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    reparse: bool = False,
) -> Evaluation:
    """Scores and, unless `options` is None, MetaRows. A `run` keeps every table, and what it holds is not scored again.

    `executor` has the metrics asked; by default this process asks them. `reparse`: see `harness.stages.score.score`.
    """
    if options is not None:
        check_options(data, options)
    if run is not None:
        _write_data(run, data)
    scores = score(data, metrics, run=run, progress=progress, executor=executor, reparse=reparse)
    done = Evaluation(data, tuple(map(summarise, metrics)), {m.signature: m.label for m in metrics}, scores)
    if run is not None and not run.holds_table("scores"):
        run.write_table("scores", scores)
    fingerprints = {"judgments": data.digest}
    verdicts = _verdicts(data, metrics, run, fingerprints)
    done = replace(done, verdicts=verdicts)
    if options is not None and run is None:
        done = replace(done, rows=tuple(metaevaluate(data, scores, done.metrics, options, progress=progress)))
    elif options is not None and run is not None:
        inputs = [data.digest, digest([data.info]), run.fingerprint("scores")]
        fingerprints["meta"] = stage_id(inputs, _choices(done, options), __version__)
        done = replace(done, rows=_meta_rows(done, options, fingerprints["meta"], run, progress))
    if run is not None:
        run.finish(
            "done",
            fingerprints=fingerprints,
            signatures={metric.label: metric.signature for metric in metrics},
            described=_describe(done),
            seeds={} if options is None else {"metaevaluate": options.seed},
            cost=_cost(done),
            notes=data.notes,
        )
    return done


def load_run(folder: str | Path) -> Evaluation:
    """What a finished run holds; InputError if it is no run, was not finished, or a table is not what the run wrote."""
    manifest = read_manifest(folder)
    if manifest.status != "done" or not manifest.described:
        raise InputError(f"{folder}: this run is not finished (its status is {manifest.status!r}); run the same command again")
    if "judgments" not in manifest.described:
        raise InputError(f"{folder}: this run scored nothing; give the folder of a run of `harness score`, `metaeval` or `run`")
    check_tables(Path(folder), manifest)
    tables: dict[str, tuple[Any, ...]] = {}
    names = SharedNames()
    for name, table in TABLES.items():
        path = table_path(folder, name)
        if path.name not in manifest.fingerprints or name == "scores":
            tables[name] = ()
        else:
            tables[name] = tuple(map(names.shared, read_table(path, table.record_type)))
    about = manifest.described["judgments"]
    data = JudgmentSet(
        info=msgspec.convert(about["info"], JudgmentInfo),
        examples=tables["examples"],
        outputs=tables["outputs"],
        judgments=tables["judgments"],
        preferences=tables["preferences"],
        digest=about["digest"],
        notes=tuple(about["notes"]),
    )
    metrics = msgspec.convert(manifest.described["metrics"], tuple[MetricSummary, ...])
    labels = {signature: label for label, signature in manifest.signatures.items()}
    there = TABLES["scores"].file in manifest.fingerprints
    scores = read_scores(table_path(folder, "scores")) if there else ScoreTable(())
    return Evaluation(data, metrics, labels, scores, tables["meta"], tables["verdicts"])


def _write_data(run: Run, data: JudgmentSet) -> None:
    """Writes the tables of the judgment set, or takes over those of the last session if it finished with the same set."""
    same = run.earlier is not None and run.earlier.fingerprints.get("judgments") == data.digest
    for name in ("examples", "outputs", "judgments", "preferences"):
        if not (same and run.keep_table(name)):
            run.write_table(name, getattr(data, name))


def _meta_rows(
    done: Evaluation, options: MetaOptions, fingerprint: str, run: Run, progress: Progress | None
) -> tuple[MetaRow, ...]:
    """MetaRows in table order: those that the run holds if nothing that they rest on has changed, else new ones."""
    known = run.earlier.fingerprints.get("meta") if run.earlier is not None else None
    if known == fingerprint and run.keep_table("meta"):
        return tuple(run.read_table("meta"))
    rows = metaevaluate(done.data, done.scores, done.metrics, options, progress=progress)
    run.write_table("meta", rows)
    return tuple(rows)


def _verdicts(
    data: JudgmentSet, metrics: Sequence[BuiltMetric], run: Run | None, fingerprints: dict[str, str]
) -> tuple[Verdict, ...]:
    """The verdicts that scores are made of, in table order; those that the run holds if its scores are the same."""
    audited = [metric for metric in metrics if isinstance(metric.metric, Audited)]
    if not audited:
        return ()
    if run is not None:
        earlier = run.earlier.fingerprints.get("verdicts") if run.earlier is not None else None
        fingerprints["verdicts"] = stage_id([run.fingerprint("scores")], {}, __version__)
        if earlier == fingerprints["verdicts"] and run.keep_table("verdicts"):
            return tuple(run.read_table("verdicts"))
    said: list[Verdict] = []
    for metric in audited:
        said.extend(metric.metric.verdicts(make_work(data, metric.spec).units))  # type: ignore[attr-defined]  # it is Audited
    verdicts = in_verdict_order(said)
    if run is not None:
        run.write_table("verdicts", verdicts)
    return verdicts


def _cost(done: Evaluation) -> dict[str, float]:
    """USD by metric, each reply counted once; a metric of which no price is known is left out."""
    prices: dict[str, dict[str, float]] = {}
    for verdict in done.verdicts:
        if verdict.price is not None and verdict.key is not None:
            prices.setdefault(done.labels[verdict.metric], {})[verdict.key] = verdict.price
    return {label: math.fsum(held.values()) for label, held in prices.items()}


def _choices(done: Evaluation, options: MetaOptions) -> dict[str, Any]:
    return msgspec.to_builtins({"options": options, "metrics": done.metrics}, order="sorted")


def _describe(done: Evaluation) -> dict[str, Any]:
    about = {"info": done.data.info, "digest": done.data.digest, "notes": done.data.notes}
    return msgspec.to_builtins({"judgments": about, "metrics": done.metrics}, order="sorted")
