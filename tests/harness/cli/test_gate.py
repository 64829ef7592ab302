"""`harness gate` as a developer of a metric meets it: a change of the plugin's file, and what the gate says of it."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from harness.cli.main import harness

PLUGIN = '''
"""Share of the reference's words that the answer has."""
import harness
from harness import MetricSpec, Result, hookimpl

class Share:
    def __init__(self, *, fold: bool = True) -> None:
        self.fold = fold
        self.signature = f"share|case:{'fold' if fold else 'keep'}|v:1"

    def words(self, text):
        return (text.casefold() if self.fold else text).split()

    def score(self, units):
        return [self.one(unit) for unit in units]

    def one(self, unit):
        if not unit.example.references:
            return Result(None, "no-reference")
        answer, wanted = self.words(unit.output.text), self.words(unit.example.references[0])
        found = sum(word in answer for word in wanted) / len(wanted)
        return Result(found, "ok" if answer else "empty")

@hookimpl
def harness_metrics():
    return [MetricSpec("share", build=Share, help="share of the reference's words")]
'''
PAIRS = [
    ("01-equal", ["ett två tre"], "ett två tre"),
    ("02-half", ["ett två"], "ett"),
    ("03-case", ["Ett Två"], "ett två"),
    ("04-ascii", ["a b c d"], "a b c"),
    ("05-ascii", ["a b"], "a b"),
    ("06-empty", ["a b"], ""),
    ("07-none", [], "a"),
]


@pytest.fixture(scope="module")
def approved(tmp_path_factory):
    """The baseline of the metric as it is above."""
    folder = tmp_path_factory.mktemp("approved")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        write_gate()
        invoke("update", "--reason", "first")
    return (folder / "baseline.json").read_bytes()


@pytest.fixture(autouse=True)
def gate(approved, tmp_path, monkeypatch):
    """A folder with a gate, a metric and its baseline; the test is in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    write_gate()
    Path("baseline.json").write_bytes(approved)


def write_gate():
    Path("share.py").write_text(PLUGIN)
    fields = ("id", "references", "text")
    pairs = [{"language": "sv", "instruction": "Räkna.", **dict(zip(fields, pair, strict=True))} for pair in PAIRS]
    Path("pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    write_config("[share, {share: {fold: false}}]")


def write_config(metrics):
    rest = "pairs: pairs.jsonl\nplugins: [share.py]\ncost: {slower: null, larger: null}\n"
    Path("gate.yaml").write_text(f"metrics: {metrics}\n{rest}")


SYSTEMS = (("good", "en bil", 3), ("bad", "en båt", 1))


def invoke(*arguments, code=0):
    result = CliRunner().invoke(harness, ["gate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def change(old, new):
    text = Path("share.py").read_text()
    assert text.count(old) == 1
    Path("share.py").write_text(text.replace(old, new))


def baseline():
    return json.loads(Path("baseline.json").read_text())


def test_a_metric_that_has_not_changed_passes():
    said = invoke().stdout
    assert said.startswith("pass: ")
    assert "2 metrics" in said
    assert said.endswith("passed; by gate.yaml\n")


def test_where_no_gate_is_nothing_is_looked_at():
    Path("gate.yaml").rename("gate.yml")
    result = invoke(code=2)
    assert "there is no gate.yaml in " in result.stderr
    assert not result.stdout
    assert "there is no gate.yaml in " in invoke("update", "--reason", "x", code=2).stderr


def test_a_silent_change_of_scores_fails_and_is_told_with_what_the_moved_pairs_share():
    change("text.casefold() if self.fold else text", "text")
    result = invoke(code=1)
    assert "share: scores moved on 1 of 7 pairs of pairs and the signature did not" in result.stdout
    assert "words in another case than the reference's" in result.stdout
    assert "most on 03-case (1 → 0)" in result.stdout
    assert "share:fold=false: scores" not in result.stdout


def test_a_missing_score_that_becomes_0_fails():
    change('return Result(None, "no-reference")', "return Result(0.0)")
    said = invoke("-m", "share", code=1).stdout
    assert "1 that had no score (no-reference) have one now: missing became 0" in said
    assert "share: coverage changed on pairs of pairs: 1 that had none (no-reference) have one: 07-none" in said


def test_a_score_that_is_lost_fails_as_coverage():
    change("found = sum", 'if not answer:\n            return Result(None, "unparsed")\n        found = sum')
    said = invoke("-m", "share", "--check", "coverage", code=1).stdout
    assert "share: coverage changed on pairs of pairs: 1 of 6 lost their score (unparsed): 06-empty" in said


def test_a_status_beside_an_unchanged_score_counts():
    change('"ok" if answer else "empty"', '"ok"')
    said = invoke("-m", "share", code=1).stdout
    assert "the status of 1 that have a score is another, 06-empty was empty and is ok" in said


def test_another_signature_fails_until_it_is_approved_of():
    change("|v:1", "|v:2")
    said = invoke("-m", "share", code=1).stdout
    assert "share: signature moved from share|case:fold|v:1 to share|case:fold|v:2, and the baseline was not updated" in said
    invoke("update", "--reason", "the second version")
    invoke()


def test_two_metrics_with_one_signature_fail_both_and_name_the_parameter():
    change("{'fold' if fold else 'keep'}", "any")
    said = invoke(code=1).stdout
    assert "share has the signature of share:fold=false: share|case:any|v:1" in said
    assert "its signature no longer tells values of 'fold' apart" in said


def test_what_a_metric_declares_is_held_too():
    change('build=Share, help="share', 'build=Share, higher_is_better=False, tolerance=0.5, help="share')
    said = invoke("-m", "share", code=1).stdout
    assert "higher was better and is worse: its ranking is turned round" in said
    assert "its tolerance was 1e-09 and is 0.5, which lets scores move further" in said


def test_a_looser_tolerance_excuses_no_score_before_it_is_approved_of():
    change('build=Share, help="share', 'build=Share, tolerance=5.0, help="share')
    change("text.casefold() if self.fold else text", "text")
    assert "scores moved on 1 of 7" in invoke("-m", "share", "--check", "scores", code=1).stdout


def test_a_metric_that_says_other_things_when_asked_again_fails():
    change("        found = sum(", "        Share.calls = getattr(Share, 'calls', 0) + 1\n        found = Share.calls + sum(")
    said = invoke("-m", "share", "--check", "determinism", code=1).stdout
    assert "share: not deterministic: asked again" in said


def test_a_metric_that_cannot_be_asked_is_an_error_with_its_own_exit_code_and_keeps_its_baseline():
    before = baseline()["metrics"]["share"]
    change("        self.fold = fold\n", "        self.fold = [][fold]\n")
    assert "share could not be asked: " in invoke("-m", "share", "--no-github", code=3).stdout
    assert "Nothing to approve of" in invoke("update", "--reason", "all is well", code=2).stdout
    assert baseline()["metrics"]["share"] == before


@pytest.mark.parametrize("check", ["scores", "coverage", "extent", "declaration", "determinism"])
def test_whatever_check_is_made_a_metric_that_cannot_be_asked_or_is_not_in_the_baseline_is_told(check):
    write_config("[share, {share: {fold: true}}]")
    assert "share:fold=true is not in the baseline" in invoke("-m", "share:fold=true", "--check", check, code=1).stdout
    change("        self.fold = fold\n", "        self.fold = [][fold]\n")
    assert "share could not be asked: " in invoke("-m", "share", "--check", check, "--no-github", code=3).stdout


def with_ratings(options=""):
    """The gate with a judged set, a table of ratings in a folder beside it."""
    Path("ratings").mkdir()
    rows = [f"{item},{name},en bil {item},{answer},{value}" for item in "abc" for name, answer, value in SYSTEMS]
    Path("ratings/set.csv").write_text("\n".join(["item,system,reference,output,quality", *rows]))
    columns = "item: item, system: system, output: output, reference: reference, criteria: [quality], language: sv"
    text = f"judgments: [{{table: {{path: ratings/set.csv, {columns}{options}}}}}]\n"
    Path("gate.yaml").write_text(Path("gate.yaml").read_text() + text)
    invoke("update", "--reason", "people")


def test_a_judged_set_is_found_from_the_config_s_folder_wherever_the_gate_is_called(tmp_path, monkeypatch):
    with_ratings(", optional: true")
    monkeypatch.chdir(tmp_path / "ratings")
    said = invoke("-c", tmp_path / "gate.yaml").stdout
    assert said.startswith("pass: ")
    assert "warning" not in said


def test_a_set_that_may_be_absent_is_an_error_where_it_is_there_and_cannot_be_read():
    with_ratings(", optional: true")
    Path("ratings/set.csv").write_text('item,system,"\n')
    assert "set.csv" in invoke("-m", "share", code=2).stderr
    Path("ratings/set.csv").unlink()
    assert "is not here, so agreement with people on it was not looked at" in invoke("-m", "share").stdout


def test_a_run_that_looked_at_nothing_does_not_pass():
    said = invoke("--check", "agreement", "--check", "statistics", code=3).stdout
    assert "error: nothing was looked at: " in said
    assert "gate.yaml has nothing for agreement, statistics" in said


def test_scores_that_the_baseline_lost_are_told():
    held = baseline()
    del held["metrics"]["share"]["pairs"]["pairs"]["scores"]["03-case"]
    Path("baseline.json").write_text(json.dumps(held))
    said = invoke("-m", "share", "--check", "scores", code=1).stdout
    assert "share: the baseline has no score of 1 pairs of pairs: 03-case" in said


def test_a_metric_that_left_the_gate_fails_until_it_is_approved_of():
    write_config("[share]")
    said = invoke(code=1).stdout
    assert "share:fold=false is in the baseline and no longer in the gate" in said
    assert "share: pairs is in" not in said
    assert "share:fold=false: no longer in the gate" in invoke("update", "--reason", "one is enough").stdout
    assert list(baseline()["metrics"]) == ["share"]


def test_pairs_that_left_the_gate_fail():
    Path("gate.yaml").write_text(Path("gate.yaml").read_text().replace("pairs: pairs.jsonl", "pairs: []"))
    assert "share: pairs is in the baseline and no longer in the gate: put it back" in invoke(code=1).stdout


def test_other_pairs_fail_and_say_how_they_differ():
    with Path("pairs.jsonl").open("a") as file:
        file.write('\n{"id": "08", "language": "sv", "instruction": "x", "references": ["a"], "text": "a"}')
    said = invoke("-m", "share", code=1).stdout
    assert "share: the pairs pairs are not those of the baseline (1 are new and 0 are gone)" in said


def test_update_needs_a_reason():
    result = invoke("update", code=2)
    assert "an update needs a reason" in result.stderr


def test_update_refuses_where_nothing_changed():
    before = Path("baseline.json").read_bytes()
    assert "Nothing to approve of" in invoke("update", "--reason", "to be sure", code=2).stdout
    assert Path("baseline.json").read_bytes() == before


def test_update_says_what_it_approves_of_and_keeps_the_history():
    change("text.casefold() if self.fold else text", "text")
    change("|v:1", "|v:2")
    said = invoke("update", "--reason", "case counts").stdout
    line = "share: signature share|case:fold|v:1 → share|case:fold|v:2, 1 of 7 pairs of pairs score otherwise"
    assert line in said
    first, second = baseline()["history"]
    assert (first["reason"], second["reason"]) == ("first", "case counts")
    assert line in second["changed"]
    assert second["versions"]["python"].count(".") == 2
    assert second["versions"].keys() >= {"numpy", "metaeval-harness"}
    invoke()


def test_update_refuses_a_metric_that_fails_on_everything():
    good = Path("baseline.json").read_bytes()
    change("        if not unit.example.references:", "        raise ValueError('boom')\n        if not unit.example.references:")
    refused = invoke("update", "--reason", "all is well", code=2).output
    assert "share: 7 of 7 of pairs end in an error, and none has a score: " in refused
    assert "boom" in refused
    assert "Nothing was approved" in refused
    assert Path("baseline.json").read_bytes() == good
    Path("baseline.json").unlink()
    invoke("update", "--reason", "first", code=2)
    assert not Path("baseline.json").exists()


def test_update_of_one_metric_leaves_the_others_as_they_were():
    change("|v:1", "|v:2")
    invoke("update", "--reason", "the plain one only", "-m", "share:fold=false")
    held = {label: metric["signature"] for label, metric in baseline()["metrics"].items()}
    assert held == {"share": "share|case:fold|v:1", "share:fold=false": "share|case:keep|v:2"}


def test_a_dry_run_writes_nothing():
    change("|v:1", "|v:2")
    before = Path("baseline.json").read_bytes()
    assert "signature share|case:fold|v:1 → share|case:fold|v:2" in invoke("update", "--dry-run").stdout
    assert Path("baseline.json").read_bytes() == before


def test_the_reports_are_written(tmp_path, monkeypatch):
    change("|v:1", "|v:2")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    said = invoke("-m", "share", "--junit", "out/gate.xml", "--sarif", "out/gate.sarif", code=1).stdout
    assert "::error file=baseline.json,title=share%3A signature::share: signature moved" in said
    assert Path("summary.md").read_text().startswith("## Metric gate: fail")
    assert ElementTree.parse("out/gate.xml").getroot().find("testsuite").get("name") == "metric-gate.share"
    (run,) = json.loads(Path("out/gate.sarif").read_text())["runs"]
    assert {"signature"} == {one["ruleId"] for one in run["results"] if one["kind"] == "fail"}


def test_two_reports_in_one_file_are_refused_before_anything_is_asked():
    said = invoke("--junit", "out/gate", "--sarif", "out/gate", code=2)
    assert "--junit and --sarif name one file" in said.stderr
    assert not Path("out").exists()


def test_json_stands_alone_on_stdout(monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    change("|v:1", "|v:2")
    found = json.loads(invoke("--json", code=1).stdout)
    assert {one["level"] for one in found if one["check"] == "signature"} == {"fail"}


def test_only_the_checks_that_are_named_are_made():
    found = json.loads(invoke("--json", "--check", "signature", "--check", "coverage").stdout)
    assert {one["check"] for one in found} == {"signature", "coverage"}
    assert "there is no check 'spelling'; there are signature, " in invoke("--check", "spelling", code=2).stderr


def test_limits_that_were_loosened_are_told_until_they_are_approved_of():
    text = Path("gate.yaml").read_text().replace("{slower: null, larger: null}", "{slower: 1000, larger: 1000}")
    Path("gate.yaml").write_text(f"{text}agreement: {{margin: 0.01, inconclusive: strict}}\n")
    invoke("--check", "extent")  # tighter ones need no word
    invoke("update", "--reason", "tighter")
    Path("gate.yaml").write_text(f"{text}agreement: {{margin: 0.9}}\n".replace("larger: 1000", "larger: null"))
    said = invoke("--check", "extent", code=1).stdout
    assert "fail: the gate's agreement: margin was 0.01 and is 0.9, which lets agreement fall further" in said
    assert "fail: the gate's agreement: inconclusive was strict and is lenient" in said
    assert "fail: the gate's cost: larger was 1000 and is null" in said
    line = "the gate's limits: margin 0.01 → 0.9, inconclusive strict → lenient, larger 1000.0 → None"
    assert line in invoke("update", "--reason", "wider").stdout
    invoke("--check", "extent")


def test_nothing_is_read_from_the_cache_or_left_in_the_environment():
    change(
        "import harness\n",
        "import harness, os, pathlib\npathlib.Path('used').open('a').write(os.environ['HARNESS_CACHE'] + chr(10))\n",
    )
    invoke()
    used, *_ = Path("used").read_text().splitlines()  # the first is this process; another asks again
    assert used != os.environ["HARNESS_CACHE"] == str(Path("cache").absolute())
    assert not Path(used).exists()
    Path("used").rename("fresh")
    invoke("--cache", "keep")
    assert Path("used").read_text().splitlines()[0] == str(Path("cache").absolute())


def test_show_tells_what_was_approved():
    said = invoke("show").stdout
    assert "share|case:keep|v:1" in said
    assert "first\n  share: new metric\n" in said
    assert invoke("show", "--json").stdout.startswith("{")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 99}', '{"metrics": {"share": 1}}', "\x00\xff", '{"metrics": {}, "x": 1}']
)
def test_a_damaged_baseline_is_told_and_named(text):
    Path("baseline.json").write_text(text)
    result = invoke(code=2)
    assert "baseline.json" in result.stderr
    assert "Traceback" not in result.stderr


STEERING = "x\n::error file=a.py::PWNED\n##[set-output name=outcome;]pass\x1b]0;title\x07\u202e"


def steers(text):
    """Whether a terminal or GitHub's runner would obey something in the text."""
    return "\n::" in text or "##[" in text or bool({"\x1b", "\x07", "\u202e", "\r"} & set(text))


def test_what_a_metric_says_is_written_out_and_steers_neither_a_terminal_nor_a_runner():
    change("self.fold = fold\n", f"self.fold = fold\n        raise RuntimeError({STEERING!r})\n")
    said = invoke(code=3).stdout
    assert "RuntimeError: x⏎::error file=a.py::PWNED⏎##⟨U+005B⟩set-output name=outcome;]pass⟨U+001B⟩]0;title" in said
    assert not steers(said)
    assert not steers(invoke("explain").stdout)
    assert not steers(invoke("update", "--reason", "x", code=2).output)


def test_show_writes_a_reason_out_and_says_nothing_of_statistics_that_are_not_there():
    change("return Result(found", "return Result(found / 2")
    invoke("update", "--reason", STEERING)
    said = invoke("show").stdout
    assert "x⏎::error file=a.py::PWNED" in said
    assert not steers(said)
    assert "statistics" not in said


def test_a_summary_that_cannot_be_written_changes_no_exit_code(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nix" / "summary.md"))
    assert "cannot be written" in invoke("--github").stderr
    change("return Result(found", "return Result(found / 2")
    invoke("--github", code=1)


def test_a_metric_that_becomes_a_paid_one_is_told_until_it_is_approved_of():
    change('MetricSpec("share", build=Share,', 'MetricSpec("share", build=Share, cost="paid",')
    assert "share: it declared the cost cpu and declares paid" in invoke(code=1).stdout
    assert "declared_cost cpu → paid" in invoke("update", "--reason", "asks a model now").stdout
    invoke()


def test_update_warns_of_scores_under_the_signature_that_they_had():
    change("text.casefold() if self.fold else text", "text")
    result = invoke("update", "-m", "share", "--reason", "case counts")
    assert "warning: share: scores moved and the signature share|case:fold|v:1 did not: tables of before and" in result.stderr
    assert baseline()["history"][-1]["changed"] == [
        "share: 1 of 7 pairs of pairs score otherwise, the signature did not move though scores did"
    ]


def test_update_refuses_what_depends_on_chance_unless_it_is_to_be_approved_anyway():
    change("return Result(found,", "import random; return Result(found * random.random(),")
    before = Path("baseline.json").read_bytes()
    result = invoke("update", "-m", "share", "--reason", "chance", code=2)
    assert (
        "Error: share, share:fold=false: not deterministic, so that every later run would fail; nothing was approved."
        in result.stderr
    )
    assert Path("baseline.json").read_bytes() == before
    invoke("update", "-m", "share", "--reason", "chance", "--anyway")
    assert baseline()["history"][-1]["changed"][-2:] == [
        "share: approved though not deterministic",
        "share:fold=false: approved though not deterministic",
    ]


def test_versions_that_moved_nothing_are_recorded_and_explain_names_no_package_any_more():
    held = baseline()
    held["history"][-1]["versions"]["numpy"] = "0.1"
    Path("baseline.json").write_text(json.dumps(held))
    assert "numpy" in json.loads(invoke("explain", "--json").stdout)["versions"]
    assert "nothing moved, with numpy 0.1 → " in invoke("update", "--reason", "numpy, and nothing moved").stdout
    assert [one["reason"] for one in baseline()["history"]] == ["first", "numpy, and nothing moved"]
    assert json.loads(invoke("explain", "--json").stdout)["versions"] == {}


def test_update_writes_a_linked_baseline_where_it_is_and_starts_none_in_place_of_one_that_is_gone():
    change("|v:1", "|v:2")
    Path("kept").mkdir()
    Path("baseline.json").rename("kept/b.json")
    Path("baseline.json").symlink_to("kept/b.json")
    invoke("update", "-m", "share", "--reason", "linked")
    assert Path("baseline.json").is_symlink()
    assert len(baseline()["history"]) == 2
    Path("kept/b.json").unlink()
    assert "a link to kept/b.json, which is not there" in invoke("update", "--reason", "lost", code=2).stderr


def test_a_pair_more_hides_no_move_of_the_others():
    with Path("pairs.jsonl").open("a") as file:
        file.write('\n{"id": "08", "language": "sv", "instruction": "x", "references": ["a"], "text": "a"}')
    said = invoke("--check", "scores", code=1).stdout
    assert "The 7 pairs whose texts are what they were score as before" in said
    change("text.casefold() if self.fold else text", "text")
    said = invoke("--check", "scores", code=1).stdout
    assert "Of the 7 pairs whose texts are what they were 1 score otherwise and the signature did not, most on 03-case" in said
    (found,) = [one for one in json.loads(invoke("explain", "--json").stdout)["metrics"] if one["metric"] == "share"]
    assert (found["of"], [pair["pair"] for pair in found["pairs"]]) == (7, ["03-case"])
    said = invoke("update", "--reason", "a pair more").stdout
    assert "share: 1 of 7 pairs of pairs whose texts are what they were score otherwise" in said
    (texts,) = baseline()["texts"].values()
    assert len(texts) == 8
    invoke()
