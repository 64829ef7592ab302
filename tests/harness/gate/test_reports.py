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
    assert len(ElementTree.fromstring(junit(findings, strict=True)).findall("testsuite/testcase")) == len(findings)
    said = list(annotations(findings, "b.json", strict=True))
    assert len(said) == sum(finding.level != "pass" for finding in findings)
    assert not any("\n" in line or "\r" in line for line in said)
    assert len(json.loads(sarif(findings, "b.json", "1", {}))["runs"][0]["results"]) == len(said)
    assert "<" not in summary(findings)


def test_junit_tells_several_findings_of_one_check_apart():
    found = [Finding(metric="chrf", check="agreement", level="pass", message=name) for name in ("fluency", "meaning")]
    cases = ElementTree.fromstring(junit(found, strict=False)).findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == ["agreement", "agreement (2)"]
