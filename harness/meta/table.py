"""A judgment set as arrays over its outputs: what every cell of a meta-evaluation is cut from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.judgments import JudgmentSet
from harness.meta.calibration import folds_of
from harness.meta.columns import Column, MetricSummary, metric_columns, of_systems, sentinel_columns
from harness.meta.judging import Cell, make_cell
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, Ints, Pairs, Signs, make_pairs
from harness.meta.resampling import Resampler
from harness.meta.slices import Slice, slices
from harness.records import MetaRow, Score


@dataclass(frozen=True)
class Table:
    """The judgment set as arrays over outputs, with the metrics' columns and the slices."""

    data: JudgmentSet
    options: MetaOptions
    position: Mapping[str, int]
    item: Ints
    system: Ints
    cluster: Ints
    cluster_names: tuple[str, ...]
    fold: Ints
    columns: tuple[Column, ...]
    slices: tuple[Slice, ...]

    @classmethod
    def of(cls, data: JudgmentSet, scores: Sequence[Score], metrics: Sequence[MetricSummary], options: MetaOptions) -> "Table":
        """The table of a judgment set and the scores of its outputs, in one order whatever the order of the records."""
        data = replace(data, outputs=tuple(sorted(data.outputs, key=lambda o: (o.example_id, o.system, o.sample))))
        cluster_of = {example.id: example.cluster for example in data.examples}
        position = {output.id: index for index, output in enumerate(data.outputs)}
        clusters = [cluster_of[output.example_id] for output in data.outputs]
        names = tuple(sorted(set(clusters)))
        cluster = codes_of(clusters)
        fold = folds_of(names, options.folds)[cluster]
        item = codes_of([output.example_id for output in data.outputs])
        system = codes_of([output.system for output in data.outputs])
        columns = (*metric_columns(data, scores, metrics, position), *sentinel_columns(data, options))
        counted = ~left_out(data, metrics)
        kept = tuple(replace(part, outputs=part.outputs & counted) for part in slices(data, options.slices))
        return cls(data, options, position, item, system, cluster, names, fold, columns, kept)

    def base(self, criterion: str, grouping: str | None, raters: str | None) -> MetaRow:
        """The row that all rows of a cell start from."""
        return MetaRow(
            judgments=self.data.label,
            metric=None,
            criterion=criterion,
            grouping=grouping,
            epsilon_scope=self.options.epsilon_scope,
            raters=raters,
            statistic="",
            value=None,
            seed=self.options.seed,
        )

    def cell(self, outputs: Bools, groups: Ints, human: Floats) -> Cell | None:
        """The cell of the outputs that people rated, or None without a pair. All arrays are per output."""
        chosen = np.flatnonzero(outputs & np.isfinite(human))
        if not len(chosen):
            return None
        local = make_pairs(groups[chosen], self.options.max_pairs)
        if not len(local):
            return None
        return self.cell_of(Pairs(chosen[local.left], chosen[local.right], local.group, local.n_groups), human)

    def cell_of(self, pairs: Pairs, human: Floats, signs: Signs | None = None, resampler: Resampler | None = None) -> Cell:
        """A cell of given pairs; resampled are the clusters that the pairs reach, unless `resampler` says which."""
        resampler = resampler or self.resampler(np.concatenate([pairs.left, pairs.right]))
        return make_cell(pairs, human, self.fold, self.options.folds, resampler, self.options.gap_tolerance, signs)

    def resampler(self, outputs: Ints) -> Resampler:
        """Resamples the clusters of these outputs (indices)."""
        place = np.full(int(self.cluster.max()) + 1, -1)
        place[self.cluster[outputs]] = 0
        reached = np.flatnonzero(place == 0)
        place[reached] = np.arange(len(reached))
        return self.resampler_of(place[self.cluster], len(reached))

    def resampler_of(self, cluster: Ints, n_clusters: int) -> Resampler:
        """Resamples the codes 0..n_clusters-1 of `cluster` (one per output; -1 for an output that no pair reaches)."""
        o = self.options
        return Resampler(cluster, n_clusters, o.resamples, o.level, o.seed)


def left_out(data: JudgmentSet, metrics: Sequence[MetricSummary]) -> Bools:
    """Outputs of systems that are the reference, where a metric needs the reference: no metric or sentinel is judged on them.

    Else sentinels, floor and metrics without a reference would be judged on other pairs than the metrics beside them.
    """
    if not any(metric.unit == "output" and "reference" in metric.needs for metric in metrics):
        return np.zeros(len(data.outputs), dtype=bool)
    return of_systems(data, data.info.reference_systems)


def codes_of(names: Sequence[str]) -> Ints:
    """The place of each name among the sorted distinct ones, shape (N,)."""
    codes = {name: code for code, name in enumerate(sorted(set(names)))}
    return np.fromiter(map(codes.__getitem__, names), dtype=np.int64, count=len(names))
