"""From Python the harness gives what the command line gives, for references, files, tables in memory and metric objects."""

from pathlib import Path

import pandas
import pyarrow
import pytest

import harness
from harness.api import make_options
from harness.errors import HarnessError, InputError, PluginError
from harness.judgments import read_judgments
from harness.plugins import load_plugins
from harness.registry import PluginRef

OUTSIDE = Path(__file__).resolve().parents[1] / "plugin_package" / "outside_plugins"
PLUGINS = [OUTSIDE / "weather.py", OUTSIDE / "word_recall.py"]
FAST = {"resamples": 50, "draws": 100, "random_draws": 10}
# word recall orders both pairs of item 1 and 2 as the ratings do, and ties the pair of item 3, which people do not
TABLE = [
    {"item": "1", "system": "a", "output": "det blir sol", "reference": "det blir sol", "rating": 3},
    {"item": "1", "system": "b", "output": "nej", "reference": "det blir sol", "rating": 1},
    {"item": "2", "system": "a", "output": "ja", "reference": "ja", "rating": 2},
    {"item": "2", "system": "b", "output": "nej", "reference": "ja", "rating": 1},
    {"item": "3", "system": "a", "output": "kanske", "reference": "ja", "rating": 2},
    {"item": "3", "system": "b", "output": "nej", "reference": "ja", "rating": 1},
]


class Words:
    """Counts words; higher is better."""

    signature = "words|v:1"

    def score(self, units):
        return [float(len(unit.output.text.split())) for unit in units]


def raw(rows, signature):
    (row,) = [
        row for row in rows
        if (row.metric, row.statistic, row.grouping, row.slice, row.support) == (signature, "accuracy_raw", "item", "all", "own")
    ]  # fmt: skip
    return row


@pytest.mark.parametrize(
    "table",
    [TABLE, pandas.DataFrame(TABLE), pyarrow.Table.from_pylist(TABLE)],
    ids=["a list of dicts", "a pandas frame", "an Arrow table"],
)
def test_a_table_in_memory_is_meta_evaluated(table):
    rows = harness.metaevaluate(table, ["word-recall"], plugins=PLUGINS, **FAST)
    row = raw(rows, "word-recall|case:fold|v:1")
    assert (row.value, row.n_items, row.n_pairs) == (pytest.approx(2 / 3), 3, 3)
    assert all(isinstance(row, harness.MetaRow) for row in rows)


def test_a_file_gives_the_same_numbers_as_the_table_in_memory(tmp_path):
    file = tmp_path / "ratings.csv"
    pandas.DataFrame(TABLE).to_csv(file, index=False)
    in_memory = raw(harness.metaevaluate(TABLE, "word-recall", plugins=PLUGINS, **FAST), "word-recall|case:fold|v:1")
    for judgments in (file, str(file), f"table:{file}"):
        row = raw(harness.metaevaluate(judgments, "word-recall", plugins=PLUGINS, **FAST), "word-recall|case:fold|v:1")
        assert (row.value, row.low, row.high) == (in_memory.value, in_memory.low, in_memory.high)


def test_a_judgment_set_that_is_already_read_is_taken_as_it_is():
    registry = load_plugins(PLUGINS)
    data = read_judgments(registry.build("judgment source", PluginRef("weather")))
    rows = harness.metaevaluate(data, ["word-recall"], plugins=PLUGINS, **FAST)
    assert rows == harness.metaevaluate("weather", ["word-recall"], plugins=PLUGINS, **FAST)
    with pytest.raises(InputError, match="already read"):
        harness.metaevaluate(data, ["word-recall"], systems="sol", plugins=PLUGINS)


def test_metrics_may_be_objects_specs_references_or_text():
    spec = harness.MetricSpec("minus-words", build=Words, higher_is_better=False)
    object_, text = Words(), "word-recall:case=keep"
    with pytest.raises(PluginError, match=r"two of the metrics have the signature 'words\|v:1'"):
        harness.score(TABLE, [object_, spec])
    rows = harness.metaevaluate(TABLE, [object_, text, PluginRef("word-recall")], plugins=PLUGINS, **FAST)
    assert raw(rows, "words|v:1").value == pytest.approx(1 / 3)  # it orders item 1 as people do, and ties items 2 and 3
    assert raw(rows, "word-recall|case:keep|v:1").value == pytest.approx(2 / 3)
    turned = harness.metaevaluate(TABLE, spec, **FAST)
    assert raw(turned, "words|v:1").value == 0


def test_scores_come_one_per_output():
    scores = harness.score(TABLE, Words())
    assert {score.targets[0].partition("/")[2]: score.value for score in scores} == {
        "1/a": 3.0, "1/b": 1.0, "2/a": 1.0, "2/b": 1.0, "3/a": 1.0, "3/b": 1.0
    }  # fmt: skip


def test_the_source_and_the_systems_can_be_chosen():
    one = harness.score(TABLE, Words(), systems="a")
    assert len(one) == 3
    renamed = [{"text": row["output"], **{k: v for k, v in row.items() if k != "output"}} for row in TABLE]
    assert harness.score(renamed, Words(), read={"output": "text"}) == harness.score(TABLE, Words())


@pytest.mark.parametrize(
    ("judgments", "metrics", "options", "complaint"),
    [
        ("no-such-set", "chrf", {}, "unknown judgment source 'no-such-set'"),
        (TABLE, "chfr", {}, "unknown metric 'chfr'. Did you mean 'chrf'"),
        (TABLE, 7, {}, "a metric is a reference, a MetricSpec, or an object with signature and score"),
        (TABLE, [7], {}, "a metric is a reference, a MetricSpec, or an object with signature and score"),
        (TABLE, "chrf", {"seeds": 3}, "no option 'seeds' of a meta-evaluation. Did you mean 'seed'"),
        (TABLE, "chrf", {"folds": 1}, "folds must be at least 2, got 1"),
        (TABLE, "chrf", {"raters": "some"}, "raters"),
        (TABLE, "chrf", {"raters": ["Anna", "Bo"]},
         r"'raters' is a parameter of the judgment source: give read=\{'raters': \['Anna', 'Bo'\]\}"),
        (TABLE, "chrf", {"scale": [1, 5], "language": "sv", "seed": 1},
         r"'scale' and 'language' are parameters of the judgment source: give read=\{'scale': \[1, 5\], 'language': 'sv'\}"),
        (TABLE, "chrf", {"criteria": ["meaning"]}, "has no criterion 'meaning'"),
        (42, "chrf", {}, "expected a list of dicts or a table"),
    ],
)  # fmt: skip
def test_wrong_use_says_what_is_wrong(judgments, metrics, options, complaint):
    with pytest.raises(HarnessError, match=complaint):
        harness.metaevaluate(judgments, metrics, **options)


def test_options_are_those_of_the_config():
    assert make_options({"criteria": ["a"], "seed": 3}).criteria == ("a",)
    assert make_options({}).resamples == 2000
