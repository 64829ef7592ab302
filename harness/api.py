"""The harness from Python: `harness.score` and `harness.metaevaluate`, for a judgment set, a file, or a table in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import HarnessError, InputError, PluginError, did_you_mean
from harness.judgments import JudgmentSet
from harness.meta.options import MetaOptions
from harness.plugins import load_plugins
from harness.protocols import JudgmentSourceSpec, Metric, MetricSpec
from harness.records import MetaRow, Score
from harness.registry import Entry, PluginRef, Registry, parameters, table_reader
from harness.stages.evaluate import KIND, evaluate, in_table_order, read_source
from harness.stages.score import BuiltMetric, build_metrics

AnyMetric = str | PluginRef | MetricSpec | Metric


def metaevaluate(
    judgments: Any,
    metrics: AnyMetric | Iterable[AnyMetric],
    *,
    systems: str | Sequence[str] | None = None,
    read: Mapping[str, Any] | None = None,
    plugins: Sequence[str | Path] = (),
    **options: Any,
) -> list[MetaRow]:
    """MetaRows: how well each metric agrees with people, as `harness metaeval` prints them.

    :param judgments: a reference (`"gec-sv"`, `"table:ratings.csv"`), a path, a table in memory (a list of dicts, a pandas,
        polars or Arrow table), or a JudgmentSet.
    :param metrics: one or many of: references (`"rouge-l:stemmer=swedish"`), MetricSpecs, objects with `signature` and
        `score(units)`.
    :param systems: a system set of the source, or the systems to keep.
    :param read: parameters of the judgment source, such as the `scale` or the `columns` of a table.
    :param plugins: Python files to load plugins from.
    :param options: fields of `harness.meta.options.MetaOptions`: `criteria`, `groupings`, `raters`, `resamples`, `seed` …

    Raises HarnessError (or a kind of it) that says what is wrong and where.
    """
    try:
        chosen = make_options(options)
    except HarnessError as error:
        raise HarnessError(_read_instead(options, plugins) or str(error)) from error
    data, built = _prepare(judgments, metrics, systems, read, plugins)
    return list(evaluate(data, built, chosen).rows)


def score(
    judgments: Any,
    metrics: AnyMetric | Iterable[AnyMetric],
    *,
    systems: str | Sequence[str] | None = None,
    read: Mapping[str, Any] | None = None,
    plugins: Sequence[str | Path] = (),
) -> list[Score]:
    """Every metric's word on every output; the parameters are those of `metaevaluate`. A missing score says why in its status."""
    data, built = _prepare(judgments, metrics, systems, read, plugins)
    return list(evaluate(data, built, None).scores)


def make_options(given: Mapping[str, Any]) -> MetaOptions:
    """MetaOptions of these fields; HarnessError names the field that does not exist or does not fit."""
    known = MetaOptions.__struct_fields__
    for key in given:
        if key not in known:
            raise HarnessError(f"there is no option {key!r} of a meta-evaluation.{did_you_mean(key, known)}")
    try:
        return msgspec.convert(dict(given), MetaOptions)
    except msgspec.ValidationError as error:
        raise HarnessError(f"options of the meta-evaluation: {error}") from error


def _read_instead(options: Mapping[str, Any], plugins: Sequence[str | Path]) -> str:
    """What to write where options that do not fit are parameters of the source that reads tables; else nothing."""
    reader = table_reader(load_plugins(plugins))
    known = (parameters(reader) or {}) if reader is not None else {}
    meant = {key: value for key, value in options.items() if key in known and not _fits(key, value)}
    if not meant:
        return ""
    noun = "is a parameter" if len(meant) == 1 else "are parameters"
    shown = ", ".join(f"{key!r}: {value!r:.80}" for key, value in meant.items())
    return f"{' and '.join(map(repr, meant))} {noun} of the judgment source: give read={{{shown}}}"


def _fits(key: str, value: Any) -> bool:
    try:
        make_options({key: value})
    except HarnessError:
        return False
    return True


def _prepare(
    judgments: Any,
    metrics: Any,
    systems: str | Sequence[str] | None,
    read: Mapping[str, Any] | None,
    plugins: Sequence[str | Path],
) -> tuple[JudgmentSet, list[BuiltMetric]]:
    registry = load_plugins(plugins)
    one = isinstance(metrics, (str, PluginRef, MetricSpec, Metric)) or not isinstance(metrics, Iterable)
    wanted = [metrics] if one else list(metrics)
    built = _metrics(registry, wanted)
    if isinstance(judgments, JudgmentSet):
        if systems is not None or read:
            raise InputError("a JudgmentSet is already read: choose its systems and parameters where you read it")
        return in_table_order(judgments), built
    return read_source(registry, _reference(registry, judgments, dict(read or {})), systems), built


def _reference(registry: Registry, judgments: Any, params: dict[str, Any]) -> PluginRef:
    if isinstance(judgments, PluginRef):
        return PluginRef(judgments.name, {**judgments.params, **params})
    if isinstance(judgments, str):
        name = judgments.partition(":")[0]
        if name in registry.entries[KIND] or not Path(judgments).exists():
            ref = registry.parse(KIND, judgments)
            return PluginRef(ref.name, {**ref.params, **params})
    reader = _table_reader(registry)
    key = reader.argument if isinstance(judgments, (str, Path)) else reader.rows_argument
    if key is None:
        raise InputError(f"{reader.name} reads tables in memory, not files: read {judgments} yourself and give the table")
    return PluginRef(reader.name, {key: judgments, **params})


def _table_reader(registry: Registry) -> JudgmentSourceSpec:
    reader = table_reader(registry)
    if reader is None:
        raise PluginError("no judgment source that reads tables is installed")
    return reader


def _metrics(registry: Registry, metrics: Iterable[Any]) -> list[BuiltMetric]:
    built: list[BuiltMetric] = []
    for metric in metrics:
        if isinstance(metric, (str, PluginRef)):
            ref = registry.parse("metric", metric) if isinstance(metric, str) else metric
            built += build_metrics(registry, [ref])
            continue
        spec = metric if isinstance(metric, MetricSpec) else _spec_of(metric)
        own = Registry()  # of one entry: a metric given as an object may have the name of an installed one
        own.entries["metric"][spec.name] = Entry(spec, spec.name, "this program")
        built += [replace(one, origin=None) for one in build_metrics(own, [PluginRef(spec.name)])]
    signatures = [metric.signature for metric in built]
    for metric in built:
        if signatures.count(metric.signature) > 1:
            raise PluginError(f"two of the metrics have the signature {metric.signature!r}: leave one out")
    return built


def _spec_of(metric: Any) -> MetricSpec:
    if not isinstance(metric, Metric):
        raise PluginError(
            f"a metric is a reference, a MetricSpec, or an object with signature and score(units), got {metric!r:.80}"
        )
    name = str(metric.signature).partition("|")[0]
    try:
        return MetricSpec(name, build=lambda: metric)
    except ValueError as error:
        raise PluginError(f"signature {metric.signature!r}: it must begin with the metric's name; {error}") from error
