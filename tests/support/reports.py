"""Reports of small judgment sets, made as a run makes them."""

from typing import Any

import msgspec
from judgment_sets import QUICK, Sheet

from harness.meta.options import MetaOptions
from harness.records import Manifest
from harness.report.build import build_report
from harness.report.contents import Figure, Report
from harness.report.frame import Frame
from harness.stages.evaluate import Evaluation, in_table_order
from harness.stages.metaevaluate import metaevaluate

FEW = {**QUICK, "resamples": 200, "draws": 200}


def evaluation(sheet: Sheet, **options: Any) -> tuple[Evaluation, MetaOptions]:
    """The sheet evaluated as a run would; metrics are labelled by their names."""
    chosen = MetaOptions(**{**FEW, **options})
    data, metrics = in_table_order(sheet.data()), tuple(sheet.metrics.values())
    rows = tuple(metaevaluate(data, sheet.scores, metrics, chosen))
    labels = {metric.signature: metric.name for metric in metrics}
    return Evaluation(data, metrics, labels, tuple(sheet.scores), rows), chosen


def frame_of(sheet: Sheet, **options: Any) -> Frame:
    """What the parts of the sheet's report are drawn from."""
    return Frame(*evaluation(sheet, **options))


def report_of(sheet: Sheet, **options: Any) -> Report:
    """The sheet's report."""
    done, chosen = evaluation(sheet, **options)
    config = {"metaevaluate": msgspec.to_builtins(chosen)}
    manifest = Manifest(command=("harness", "run"), status="done", config=config, times={"started": 0.0, "seconds": 60.0})
    return build_report(done, manifest)


def figures(report: Report, section: str) -> tuple[Figure, ...]:
    """The figures of a section; none where the report lacks it."""
    return next((one.figures for one in report.sections if one.id == section), ())
