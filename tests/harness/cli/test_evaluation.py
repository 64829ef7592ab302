"""`run`, `score` and `metaeval` from the shell's side, on three questions about the weather that can be counted by hand."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.chat.messages import CallPlan
from harness.cli.evaluation import call_line
from harness.cli.main import harness
from harness.records import MetaRow
from harness.store import read_manifest

OUTSIDE = Path(__file__).resolve().parents[2] / "plugin_package" / "outside_plugins"
PLUGINS = ["--plugin", OUTSIDE / "weather.py", "--plugin", OUTSIDE / "word_recall.py"]
FAST = ["--resamples", "50", "--set", "draws=100", "--set", "random_draws=10"]
CONFIG = f"""
name: weather
judgments: weather
metrics: [word-recall, {{word-recall: {{case: keep}}}}, chrf]
metaevaluate: {{resamples: 50, draws: 100, random_draws: 10}}
plugins: [{OUTSIDE / "weather.py"}, {OUTSIDE / "word_recall.py"}]
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def invoke(*arguments, code=0):
    result = CliRunner().invoke(harness, list(map(str, arguments)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


def metaeval(*arguments, code=0):
    return invoke("metaeval", "--judgments", "weather", "--metric", "word-recall", *PLUGINS, *FAST, *arguments, code=code)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "weather.yaml"
    file.write_text(CONFIG)
    return file


def find(rows, **wanted):
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return row


def test_metaeval_prints_metarows_as_json():
    rows = json.loads(metaeval("--json").stdout)
    assert set(rows[0]) == set(MetaRow.__struct_fields__)
    # question 1: recall 1 against 2/3 and people agree; 2: a tie at 1/3, people prefer one; 3: 1 against 2/3, people tie
    metric = "word-recall|case:fold|v:1"
    raw = find(rows, metric=metric, statistic="accuracy_raw", grouping="item", slice="all", support="own")
    assert (raw["value"], raw["n_items"], raw["n_pairs"], raw["criterion"]) == (pytest.approx(1 / 3), 3, 3, "correctness")
    calibrated = find(rows, metric=metric, statistic="accuracy", grouping="item", slice="all", support="own")
    assert calibrated["value"] == pytest.approx(1 / 3)
    constant = find(rows, metric="constant|sentinel|v:1", statistic="accuracy", grouping="item", slice="all")
    assert constant["value"] == pytest.approx(1 / 3)  # people tie one of three pairs


def test_metaeval_prints_a_table_in_which_every_number_has_its_n_and_interval():
    lines = metaeval().stdout.splitlines()
    assert any(line.startswith("correctness — weather@") and "primary:r1" in line for line in lines)
    (number,) = [line for line in lines if line.split()[1:2] == ["word-recall"]]
    interval = lines[lines.index(number) + 1]
    assert number.split() == ["1", "word-recall", ".333", ".333", ".000", ".000", "1.00", "3", "3"]
    assert interval.count("[") == 4
    assert any("human level unknown: 0 items with two raters" in line for line in lines)
    assert "word-recall|case:fold|v:1" in "\n".join(lines)


def test_progress_and_notices_go_to_stderr_and_quiet_silences_them():
    loud, quiet = metaeval("--json"), metaeval("--json", "--quiet")
    assert "word-recall: 6 of 6" in loud.stderr
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout


def test_options_reach_the_meta_evaluation():
    rows = json.loads(metaeval("--json", "--grouping", "system", "--seed", "7", "--slice", "form", "--set", "level=0.8").stdout)
    assert {row["grouping"] for row in rows if row["statistic"] == "accuracy_raw"} == {"system"}
    assert {row["seed"] for row in rows} == {7}
    assert {row["slice"] for row in rows} <= {"all", "form=short", "form=long"}


def test_systems_can_be_chosen_beside_the_source_or_in_its_reference():
    beside = invoke("score", "--judgments", "weather", "-m", "word-recall", "--systems", "sol", "--json", *PLUGINS)
    inside = invoke("score", "--judgments", "weather:systems=sol", "-m", "word-recall", "--json", *PLUGINS)
    assert beside.stdout == inside.stdout
    assert len(json.loads(beside.stdout)) == 3
    both = invoke("score", "--judgments", "weather:systems=sol,regn", "-m", "word-recall", "--json", *PLUGINS)
    assert len(json.loads(both.stdout)) == 6


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["metaeval"], "whose judgments? Give --judgments"),
        (["metaeval", "--judgments", "weather"], "which metrics? Give --metric"),
        (["metaeval", "--judgments", "wether", "-m", "chrf"], "unknown judgment source 'wether'. Did you mean 'weather'?"),
        (["metaeval", "--judgments", "weather", "-m", "chfr"], "unknown metric 'chfr'. Did you mean 'chrf'?"),
        (["metaeval", "--judgments", "weather", "-m", "chrf:wordorder=2"], "has no parameter 'wordorder'. Did you mean"),
        (["metaeval", "--judgments", "weather", "-m", "chrf", "--criterion", "corectness"], "Did you mean 'correctness'?"),
        (["metaeval", "--judgments", "weather", "-m", "chrf", "--slice", "frm"], "no slice dimension 'frm'. Did you mean"),
        (["metaeval", "--judgments", "weather", "-m", "chrf", "--set", "fold=9"], "no option 'fold' of a meta-evaluation"),
        (["metaeval", "--judgments", "weather", "-m", "chrf", "--set", "folds=1"], "folds must be at least 2, got 1"),
        (["metaeval", "--judgments", "weather", "-m", "chrf", "--set", "folds"], "write KEY=VALUE"),
        (["metaeval", "--judgments", "weather", "-m", "chrf", "--systems", "snö"], "no system or system set 'snö'"),
        (["metaeval", "--judgments", "weather", "-m", "chrf", "-m", "chrf"], "signature 'chrf|"),
        (["metaeval", "run", "-m", "chrf"], "a RUN already has its judgments, metrics and systems"),
        (["metaeval", "no-such-run"], "no-such-run is not a run folder"),
        (["run", "no-such-config"], "there is no file no-such-config"),
        (["score", "-m", "chrf"], "whose judgments? Give --judgments"),
    ],
)  # fmt: skip
def test_wrong_use_is_answered_before_anything_is_scored(arguments, complaint):
    plugins = PLUGINS if arguments[0] != "run" else PLUGINS[:0]
    result = invoke(*arguments, *plugins, code=2)
    assert complaint in " ".join(result.stderr.split())
    assert " of 6" not in result.stderr
    assert result.stdout == ""


def test_a_dry_run_says_what_would_run_and_computes_nothing(config, tmp_path):
    planned = json.loads(invoke("run", config, "--dry-run", "--json").stdout)
    assert (planned["examples"], planned["outputs"], planned["ratings"], planned["systems"]) == (3, 6, 6, ["regn", "sol"])
    assert planned["output"] == "runs/weather"
    assert [(row["metric"], row["to_score"], row["saved"]) for row in planned["metrics"]] == [
        ("word-recall", 6, 0), ("word-recall:case=keep", 6, 0), ("chrf", 6, 0)
    ]  # fmt: skip
    assert planned["metrics"][1]["signature"] == "word-recall|case:keep|v:1"
    assert sorted(tmp_path.iterdir()) == [config]
    said = metaeval("--dry-run").stdout
    assert "word-recall: 6 of 6 units to score, 0 saved" in said
    assert "nothing was computed" in said


def test_a_run_leaves_every_table_and_a_second_one_scores_nothing_again(config, tmp_path):
    first = invoke("run", config)
    run = Path("runs/weather")
    assert "correctness — weather@" in first.stdout
    assert "The run lies in runs/weather" in first.stdout
    tables = {path.name: path.read_bytes() for path in run.glob("*.parquet")}
    assert set(tables) == {f"{name}.parquet" for name in ("examples", "outputs", "scores", "judgments", "preferences", "meta")}
    manifest = read_manifest(run)
    assert manifest.status == "done"
    assert manifest.counts["units_scored"] == 18
    assert manifest.signatures["word-recall:case=keep"] == "word-recall|case:keep|v:1"
    planned = json.loads(invoke("run", config, "--dry-run", "--json").stdout)
    assert {row["saved"] for row in planned["metrics"]} == {6}
    again = invoke("run", config)
    assert again.stdout == first.stdout
    assert "word-recall: 6 of 6," in first.stderr
    assert again.stderr.count(": 6 of 6 (6 reused),") == 3
    assert read_manifest(run).counts["units_scored"] == 0
    assert {path.name: path.read_bytes() for path in run.glob("*.parquet")} == tables


def test_run_json_holds_the_rows_and_where_the_run_lies(config):
    answer = json.loads(invoke("run", config, "--json", "--output", "elsewhere").stdout)
    assert answer["run"] == "elsewhere"
    assert answer["units_failed"] == 0
    assert {row["statistic"] for row in answer["rows"]} >= {"accuracy", "accuracy_raw", "floor"}


def test_finished_scores_are_meta_evaluated_again_as_the_run_did_and_under_other_options(config):
    ran = json.loads(invoke("run", config, "--json").stdout)["rows"]
    tables = {path.name: path.read_bytes() for path in Path("runs/weather").iterdir() if path.is_file()}
    again = json.loads(invoke("metaeval", "runs/weather", "--json").stdout)
    assert again == ran
    other = json.loads(invoke("metaeval", "runs/weather", "--json", "--seed", "5", "--grouping", "none").stdout)
    assert {row["seed"] for row in other} == {5}
    assert tables == {path.name: path.read_bytes() for path in Path("runs/weather").iterdir() if path.is_file()}


def test_the_one_liner_gives_the_numbers_of_the_run(config):
    ran = json.loads(invoke("run", config, "--json").stdout)["rows"]
    line = ["metaeval", "--judgments", "weather", "-m", "word-recall", "-m", "word-recall:case=keep", "-m", "chrf"]
    assert json.loads(invoke(*line, *PLUGINS, *FAST, "--json").stdout) == ran


def test_score_prints_what_the_scores_are_like():
    lines = invoke("score", "--judgments", "weather", "-m", "word-recall", *PLUGINS).stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["word-recall", "regn", "3", "0", "0.3333", "0.6667", "0.6667"],
        ["word-recall", "sol", "3", "0", "0.3333", "1", "1"],
    ]


FAILING = """
from harness import MetricSpec, hookimpl

class Fussy:
    signature = "fussy|v:1"
    def score(self, units):
        if any(unit.output.text == "nej" for unit in units):
            raise RuntimeError("I do not take no")
        return [0.5 for unit in units]

@hookimpl
def harness_metrics():
    return [MetricSpec("fussy", build=Fussy)]
"""


def test_a_metric_that_fails_on_one_output_ends_with_exit_code_3_and_the_rest_is_scored(tmp_path):
    plugin = tmp_path / "fussy_metric.py"
    plugin.write_text(FAILING)
    result = invoke("score", "--judgments", "weather", "-m", "fussy", "--plugin", plugin, *PLUGINS, "-o", "run", code=3)
    assert "1 unit could not be scored, for example: RuntimeError: I do not take no" in result.stderr
    assert "harness show run scores --where status=error" in result.stderr
    shown = invoke("show", "run", "scores", "--where", "status=error").stdout
    assert "weather/2/sol" in shown
    assert "weather/1/sol" not in shown
    assert ["fussy", "sol", "2", "1", "(error)", "0.5", "0.5", "0.5"] in [line.split() for line in result.stdout.splitlines()]


def test_a_table_of_your_own_needs_no_config(tmp_path):
    table = tmp_path / "ratings.csv"
    rows = ["1,a,det blir sol,det blir sol,3", "1,b,nej,det blir sol,1", "2,a,ja,ja,2", "2,b,nej,ja,1"]
    table.write_text("\n".join(["item,system,output,reference,rating", *rows]))
    rows = json.loads(invoke("metaeval", "--judgments", f"table:{table}", "-m", "word-recall", "--json", *PLUGINS, *FAST).stdout)
    raw = find(rows, metric="word-recall|case:fold|v:1", statistic="accuracy_raw", grouping="item", slice="all")
    assert (raw["value"], raw["n_pairs"]) == (1.0, 2)


def test_constructed_sets_are_labelled_as_such_and_show_a_line_per_phenomenon():
    printed = invoke("metaeval", "--judgments", "contrast-sv", "-m", "word-recall", *PLUGINS, *FAST).stdout
    flat = " ".join(printed.split())
    assert "by construction, not human judgment" in flat
    assert "no person judged them" in flat
    assert "not checked by a native reader" in flat
    (line,) = [line.split() for line in printed.splitlines() if line.startswith(" negation")]
    assert (line[1], line[3][0], line[4][-1]) == ("14", "[", "]")


def test_a_metric_without_a_reference_says_why_it_has_no_score(tmp_path):
    table = tmp_path / "ratings.csv"
    table.write_text("\n".join(["item,system,output,rating", "1,a,det blir sol,3", "1,b,nej,1", "2,a,ja,2", "2,b,nej,1"]))
    printed = invoke("metaeval", "--judgments", f"table:{table}", "-m", "word-recall", *PLUGINS, *FAST, "-o", "run").stdout
    assert "note: word-recall: no score on 4 of 4 outputs: 4 no-reference\n" in printed
    assert "note: word-recall: no score on 4 of 4 outputs: 4 no-reference\n" in invoke("show", "run").stdout


def test_of_one_system_the_first_grouping_with_pairs_is_shown(tmp_path):
    table = tmp_path / "ratings.csv"
    table.write_text("\n".join(["item,system,output,reference,rating", "1,a,det blir sol,det blir sol,3", "2,a,nej,ja,1"]))
    printed = invoke("metaeval", "--judgments", f"table:{table}", "-m", "word-recall", *PLUGINS, *FAST).stdout
    assert "rating: nothing can be compared within an item; groupings with rows: system, none." in printed
    assert "primary:rater, system grouping" in printed


@pytest.mark.parametrize(
    ("price", "said"),
    [(0.0, "at most 0.00 USD"), (0.0016999, "at most 0.0017 USD"), (1e-9, "at most 0.0001 USD"), (0.0149, "at most 0.0149 USD"),
     (1.0, "at most 1.00 USD"), (12.001, "at most 12.01 USD"), (2.5, "at most 2.50 USD"), (None, "price unknown")],
)  # fmt: skip
def test_what_a_call_costs_at_most_is_never_rounded_down(price, said):
    plan = CallPlan(judge="j", calls=1, cached=0, tokens_in=10, tokens_out=20, price=price)
    assert call_line(plan).endswith(said)
