"""What findings come to."""

import pytest

from harness.gate.findings import Finding, counted, outcome


def finding(level, metric="chrf", check="scores"):
    return Finding(metric=metric, check=check, level=level, message="m")


@pytest.mark.parametrize(
    ("levels", "what"),
    [
        ([], "pass"),
        (["pass", "warning"], "pass"),
        (["pass", "inconclusive"], "inconclusive"),
        (["inconclusive", "fail", "pass"], "fail"),
        (["fail", "error"], "error"),
    ],
)
def test_the_worst_finding_decides(levels, what):
    assert outcome([finding(level) for level in levels]) == what


def test_findings_are_counted_in_words():
    found = [finding("pass"), finding("pass", "bleu"), finding("fail", "bleu", "speed")]
    assert counted(found) == "3 checks of 2 metrics: 2 passed, 1 failed"
    assert counted([]) == "0 checks of 0 metrics: none"
