"""`metaevaluate` gives the numbers that independent tools gave: mt-metrics-eval, scipy and krippendorff."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from judgment_sets import grid, only

from harness.judgments import JudgmentSet, read_judgments
from harness.meta.options import MetaOptions
from harness.plugins import load_plugins
from harness.records import Example, Judgment, JudgmentInfo, MetaRow, Output
from harness.registry import PluginRef
from harness.stages.metaevaluate import metaevaluate, summarise
from harness.stages.score import build_metrics, score

PAIRWISE = [
    "3 systems x 4 items, no ties",
    "human ties, metric continuous",
    "both tie",
    "constant metric",
    "one missing human score",
    "4 systems x 30 items, seed 7",
]
CRITERIA = {"Grammaticality": "grammaticality", "Fluency": "fluency", "Meaning Preservation": "meaning"}
METRICS = {
    "rouge-l-ascii": "rouge-l|",
    "chrf2": "chrf|",
    "length-chars": "length|sentinel|",
    "minus-chrf2-to-original": "source-change|sentinel|",
}


@pytest.fixture(scope="session")
def values(oracles: Path) -> Any:
    return json.loads((oracles / "metrics_and_pairs.json").read_text("utf-8"))


@pytest.mark.parametrize("name", PAIRWISE)
def test_pairwise_accuracy_equals_mt_metrics_eval_and_correlations_scipy(values: Any, name: str) -> None:
    [case] = [case for case in values["pairwise"] if case["name"] == name]
    rows = grid(case["human"], m=case["metric"]).rows(groupings=("item", "none"))
    asked = dict(case["expect"])
    for grouping in ("item", "none"):
        for key, statistic in (("acc_eq", "accuracy_raw"), ("acc_eq_star", "accuracy")):
            expected = asked.pop(f"{key}_{grouping}", None)
            if expected is not None:
                row = only(rows, metric="m", grouping=grouping, statistic=statistic)
                assert row.value == pytest.approx(expected, abs=1e-9)
        asked.pop(f"epsilon_{grouping}")  # equally good epsilons can differ between tools
    for statistic, expected in asked.items():
        found = only(rows, metric="m", grouping="none", statistic=statistic).value
        assert found is None if math.isnan(expected) else found == pytest.approx(expected, abs=1e-9)


def test_every_pairwise_case_of_the_oracle_is_tested(values: Any) -> None:
    assert [case["name"] for case in values["pairwise"]] == PAIRWISE


def test_krippendorffs_alpha_equals_the_oracle(values: Any) -> None:
    case = values["krippendorff"]
    units = range(len(case["coders"][0]))
    records: list[Any] = [Example(id="x/1", kind="instruction", language="sv")]
    records += [Output(id=f"u{unit}", example_id="x/1", system=f"s{unit}", text="a") for unit in units]
    records += [
        Judgment(output_id=f"u{unit}", rater=f"coder{coder}", criterion="c", value=row[unit])
        for coder, row in enumerate(case["coders"])
        for unit in units
    ]

    class Source:
        info = JudgmentInfo(name="coders", version="1")

        def read(self) -> list[Any]:
            return records

    rows = metaevaluate(read_judgments(Source()), [], [], MetaOptions(resamples=5, draws=5, random_draws=1, slices=()))
    for level in ("nominal", "ordinal", "interval"):
        found = only(rows, statistic=f"krippendorff_alpha_{level}").value
        assert found == pytest.approx(case[level], abs=1e-9)


@pytest.fixture(scope="session")
def gec(oracles: Path, shared_data: Path) -> tuple[Any, list[MetaRow], JudgmentSet]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_DATA", str(shared_data))
        registry = load_plugins()
        data = read_judgments(registry.build("judgment source", PluginRef("gec-sv")))
    refs = [PluginRef("chrf"), PluginRef("rouge-l", {"tokenizer": "rouge-score"})]
    built = build_metrics(registry, refs)
    options = MetaOptions(resamples=2, draws=1, random_draws=1, slices=(), gap_tolerance=0.0)
    rows = metaevaluate(data, score(data, built), [summarise(metric) for metric in built], options)
    return json.loads((oracles / "gec_sv.json").read_text("utf-8")), rows, data


@pytest.mark.parametrize("grouping", ["item", "none", "system"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_accuracy_on_swedish_grammatical_error_correction_equals_mt_metrics_eval(
    gec: tuple[Any, list[MetaRow], JudgmentSet], criterion: str, metric: str, grouping: str
) -> None:
    values, rows, _ = gec
    expected = values["results"][criterion][metric][grouping]
    here = [row for row in rows if row.metric and row.metric.startswith(METRICS[metric]) and row.component in (None, "f1")]
    for statistic, key in (("accuracy_raw", "acc_eq"), ("accuracy", "acc_eq_star")):
        row = only(here, criterion=CRITERIA[criterion], grouping=grouping, statistic=statistic)
        assert row.value == pytest.approx(expected[key], abs=1e-9)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_constant_sentinel_gets_the_all_ties_floor(gec: tuple[Any, list[MetaRow], JudgmentSet], criterion: str) -> None:
    values, rows, _ = gec
    expected = values["results"][criterion]["all-ties floor (item)"]
    cell = {"criterion": CRITERIA[criterion], "grouping": "item"}
    constant = only(rows, metric="constant|sentinel|v:1", statistic="accuracy", **cell)
    assert constant.value == pytest.approx(expected, abs=1e-9)
    assert only(rows, statistic="tie_floor", **cell).value == pytest.approx(expected, abs=1e-9)
    assert constant.n_items <= values["n_items"]


def test_mean_ratings_per_system_equal_the_oracle(gec: tuple[Any, list[MetaRow], JudgmentSet]) -> None:
    values, _, data = gec
    system = {output.id: output.system for output in data.outputs}
    for criterion, expected in values["mean_rating"].items():
        found: dict[str, list[float]] = {}
        for judgment in data.judgments:
            primary = judgment.rater == data.info.primary_rater and judgment.criterion == CRITERIA[criterion]
            if primary and isinstance(judgment.value, float):
                found.setdefault(system[judgment.output_id], []).append(judgment.value)
        assert {name: sum(given) / len(given) for name, given in found.items()} == pytest.approx(expected, abs=1e-9)
