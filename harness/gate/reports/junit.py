"""Findings as JUnit XML: a suite a metric, a case a check."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from harness.gate.findings import Finding

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(findings: Sequence[Finding], *, strict: bool) -> bytes:
    """A `testsuites` document, UTF-8. What is inconclusive is a failure where `strict`, and skipped with its reason else."""
    root = ElementTree.Element("testsuites", name="metric-gate")
    for metric, own in groupby(sorted(findings, key=lambda one: one.metric), key=lambda one: one.metric):
        _suite(root, metric, list(own), strict)
    ElementTree.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="utf-8") + b"\n"


def _suite(root: ElementTree.Element, metric: str, findings: Sequence[Finding], strict: bool) -> None:
    kinds = [_kind(finding, strict) for finding in findings]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_xml(f"metric-gate.{metric}"),
        tests=str(len(findings)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=f"{sum(finding.seconds for finding in findings):.3f}",
    )
    told: Counter[str] = Counter()
    for finding, kind in zip(findings, kinds, strict=True):
        told[finding.check] += 1  # readers keep one case a name, and a check may have found several things
        name = finding.check if told[finding.check] == 1 else f"{finding.check} ({told[finding.check]})"
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(f"metric-gate.{metric}"), name=_xml(name), time=f"{finding.seconds:.3f}"
        )
        if kind == "system-out":
            ElementTree.SubElement(case, kind).text = _xml(finding.message)
        else:
            element = ElementTree.SubElement(case, kind, message=_xml(finding.message))
            element.text = _xml("\n".join([finding.message, *(f"{one.pair}: {one.before} → {one.now}" for one in finding.moved)]))


def _kind(finding: Finding, strict: bool) -> str:
    if finding.level == "inconclusive":
        return "failure" if strict else "skipped"
    return {"fail": "failure", "error": "error"}.get(finding.level, "system-out")


def _xml(text: str) -> str:
    """The text without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
