"""Findings as JUnit XML: a suite a metric, a case a check and set."""

import re
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
    cases: dict[str, list[Finding]] = {}
    for finding in findings:  # readers keep one case a name, and compare it with that of the last run
        cases.setdefault(f"{finding.check}: {finding.set}" if finding.set else finding.check, []).append(finding)
    kinds = [_worst([_kind(finding, strict) for finding in found]) for found in cases.values()]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_xml(f"metric-gate.{metric}"),
        tests=str(len(cases)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=f"{sum(finding.seconds for finding in findings):.3f}",
    )
    for (name, found), kind in zip(cases.items(), kinds, strict=True):
        seconds = sum(finding.seconds for finding in found)
        case = ElementTree.SubElement(
            suite, "testcase", classname=_xml(f"metric-gate.{metric}"), name=_xml(name), time=f"{seconds:.3f}"
        )
        own = [finding for finding in found if _kind(finding, strict) == kind]
        message = "\n".join(finding.message for finding in own)
        if kind == "system-out":
            ElementTree.SubElement(case, kind).text = _xml(message)
        else:
            element = ElementTree.SubElement(case, kind, message=_xml(message))
            moved = [f"{one.pair}: {one.before} → {one.now}" for finding in own for one in finding.moved]
            element.text = _xml("\n".join([message, *moved]))


def _worst(kinds: Sequence[str]) -> str:
    return min(kinds, key=("error", "failure", "skipped", "system-out").index)


def _kind(finding: Finding, strict: bool) -> str:
    if not finding.looked:
        return "skipped"
    if finding.level == "inconclusive":
        return "failure" if strict else "skipped"
    return {"fail": "failure", "error": "error"}.get(finding.level, "system-out")


def _xml(text: str) -> str:
    """The text without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
