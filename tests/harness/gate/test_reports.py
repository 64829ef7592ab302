"""Findings in the forms that CI reads, whatever texts are in them."""

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gate.findings import Finding, Moved
from harness.gate.reports.github import annotations, summary
from harness.gate.reports.junit import junit
from harness.gate.reports.sarif import sarif

MOVED = Moved(pair="p07", before=0.5, now=None, hypothesis="får | <b>gräs</b>\nmera", reference="")
FINDINGS = [
    Finding(metric="chrf", check="scores", level="pass", message="266 scores as before", seconds=0.25),
    Finding(metric="bleu", check="scores", level="fail", message="3 of 60 scores moved,\nthe largest by .12", moved=(MOVED,)),
    Finding(metric="bleu", check="agreement", level="inconclusive", message="-.03 [-.08 .02] holds the margin"),
    Finding(metric="rouge-l", check="scores", level="error", message="cannot be built"),
    Finding(metric="rouge-l", check="speed", level="warning", message="no baseline"),
]
texts = st.text(max_size=40)
any_findings = st.lists(
    st.builds(
        Finding,
        metric=texts,
        check=texts,
        level=st.sampled_from(["pass", "inconclusive", "warning", "fail", "error"]),
        message=texts,
        moved=st.lists(
            st.builds(Moved, pair=texts, before=st.none() | st.floats(allow_nan=False), now=st.none()), max_size=2
        ).map(tuple),
    ),
    max_size=4,
)


@pytest.mark.parametrize(("strict", "failures", "skipped"), [(True, 1 + 1, 0), (False, 1, 1)])
def test_junit_has_a_suite_a_metric_and_a_case_a_check(strict, failures, skipped):
    root = ElementTree.fromstring(junit(FINDINGS, strict=strict))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["metric-gate.bleu", "metric-gate.chrf", "metric-gate.rouge-l"]
    assert [suite.get("tests") for suite in root] == ["2", "1", "2"]
    bleu = suites["metric-gate.bleu"]
    assert (bleu.get("failures"), bleu.get("skipped")) == (str(failures), str(skipped))
    (failed,) = bleu.findall("testcase[@name='scores']/failure")
    assert failed.get("message") == "3 of 60 scores moved,\nthe largest by .12"
    assert "p07: 0.5 → None" in failed.text
    assert suites["metric-gate.rouge-l"].get("errors") == "1"
    assert suites["metric-gate.chrf"].find("testcase").get("time") == "0.250"


def test_annotations_are_one_command_a_finding_on_one_line_each():
    said = list(annotations(FINDINGS, "gate/base,line.json", strict=False))
    assert [line.split(" ")[0] for line in said] == ["::error", "::warning", "::error", "::warning"]
    assert said[0] == "::error file=gate/base%2Cline.json,title=bleu%3A scores::3 of 60 scores moved,%0Athe largest by .12"
    assert list(annotations(FINDINGS, "b.json", strict=True))[1].startswith("::error ")


def test_the_summary_says_what_it_comes_to_and_shows_the_worst_pairs_escaped():
    said = summary(FINDINGS)
    assert said.startswith(
        "## Metric gate: error\n\n5 checks of 3 metrics: 1 passed, 1 with a warning, 1 inconclusive, 1 failed, 1 could not"
    )
    assert "| p07 | 0.5 | none | får \\| &lt;b&gt;gräs&lt;/b&gt; mera |  |" in said
    assert "| chrf |" not in said


def test_sarif_names_rules_and_as_results_only_what_did_not_pass():
    log = json.loads(sarif(FINDINGS, "gate.json", "1.2", {"scores": "Scores stay where they were.", "never": "Not looked at."}))
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["scores", "agreement", "speed"]
    assert [(one["ruleId"], one["kind"], one["level"]) for one in run["results"]] == [
        ("scores", "fail", "error"),
        ("agreement", "review", "none"),
        ("scores", "fail", "error"),
        ("speed", "fail", "warning"),
    ]
    assert run["results"][0]["properties"]["moved"] == [["p07", 0.5, None]]


@given(any_findings)
def test_whatever_texts_there_are_every_form_can_be_read(findings):
    cases = ElementTree.fromstring(junit(findings, strict=True)).findall("testsuite/testcase")
    assert len(cases) == len({(one.metric, one.check) for one in findings})
    said = list(annotations(findings, "b.json", strict=True))
    assert len(said) == sum(finding.level != "pass" for finding in findings)
    assert not any("\n" in line or "\r" in line for line in said)
    assert len(json.loads(sarif(findings, "b.json", "1", {}))["runs"][0]["results"]) == len(said)
    assert "<" not in summary(findings)


def of_set(level, name, message="chrf: what happened", **more):
    return Finding(metric="chrf", check="scores", level=level, message=message, set=name, **more)


@pytest.mark.parametrize("level", ["pass", "fail"])
def test_junit_names_its_cases_by_their_sets_and_the_same_whether_they_pass_or_fail(level):
    found = [of_set(level, "pairs", "one"), of_set("pass", "gec"), of_set(level, "pairs", "two")]
    cases = ElementTree.fromstring(junit(found, strict=False)).findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == ["scores: pairs", "scores: gec"]
    assert cases[0][0].text == "one\ntwo"


def test_a_set_that_is_not_here_is_a_skipped_case_and_no_metric():
    absent = Finding(metric="gec", check="agreement", level="warning", message="gec is not here", set="gec", looked=False)
    (suite,) = ElementTree.fromstring(junit([absent], strict=True))
    assert suite.get("skipped") == "1"
    assert suite.find("testcase/skipped").get("message") == "gec is not here"
    assert "2 checks of 1 metrics" in summary([absent, of_set("pass", "pairs")])


def test_sarif_lets_what_is_inconclusive_be_an_error_where_it_fails():
    (run,) = json.loads(sarif([of_set("inconclusive", "gec")], "b.json", "1", {}, strict=True))["runs"]
    assert [(one["kind"], one["level"]) for one in run["results"]] == [("fail", "error")]


def test_sarif_names_the_metric_once_and_tells_sets_apart():
    found = [of_set("fail", "pairs"), of_set("fail", "gec"), of_set("fail", "gec")]
    (run,) = json.loads(sarif(found, "b.json", "1", {}))["runs"]
    assert {one["message"]["text"] for one in run["results"]} == {"chrf: what happened"}
    known = [one["partialFingerprints"]["metricCheck/v1"] for one in run["results"]]
    assert known == ["chrf/scores/pairs", "chrf/scores/gec", "chrf/scores/gec/2"]


def test_the_summary_names_the_set_of_each_table_and_shows_messages_whole():
    said = summary([of_set("fail", "gec-sv", "chrf: " + "long " * 100 + "0.586 → 0.529", moved=(MOVED,))])
    assert "### chrf: what moved most of gec-sv" in said
    assert "0.586 → 0.529 |" in said


def test_neither_annotations_nor_the_summary_hold_control_characters():
    said = [
        *annotations([of_set("fail", "a", "x\x1b]0;t\x07\u202e\ny")], "b.json", strict=False),
        summary([of_set("fail", "a", "\x1b")]),
    ]
    assert not {"\x1b", "\x07", "\u202e"} & set("".join(said))
    assert said[0].endswith("⟨U+202E⟩%0Ay")
