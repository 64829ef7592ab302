"""Findings as SARIF 2.1.0 (OASIS, 2020), which code-scanning pages show."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.gate.findings import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"fail": "error", "error": "error", "inconclusive": "warning", "warning": "warning"}
_KINDS = {"fail": "fail", "error": "fail", "inconclusive": "review", "warning": "fail"}


def sarif(findings: Sequence[Finding], baseline: str, version: str, checks: Mapping[str, str], *, strict: bool = False) -> bytes:
    """A log of one run, JSON in UTF-8. `checks`: what each check looks at, which become the rules; `baseline`: the file that
    results point at, relative to the repository. What is inconclusive is an error where `strict`. What passed
    is no result: pages of CI take every result for a problem."""
    rules = [name for name in checks if any(finding.check == name for finding in findings)]
    rules += sorted({finding.check for finding in findings} - set(rules))
    told: Counter[str] = Counter()
    results = []
    for finding in findings:
        if finding.level != "pass":
            known = "/".join(part for part in (finding.metric, finding.check, finding.set) if part)
            told[known] += 1  # of one set there may be several findings, such as of several criteria
            name = known if told[known] == 1 else f"{known}/{told[known]}"
            results.append(_result(finding, baseline, rules.index(finding.check), name, strict))
    driver = {
        "name": "metaeval-harness gate",
        "version": version,
        "rules": [{"id": name, "shortDescription": {"text": checks.get(name, name)}} for name in rules],
    }
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def _result(finding: Finding, baseline: str, rule: int, name: str, strict: bool) -> dict[str, Any]:
    level = "fail" if strict and finding.level == "inconclusive" else finding.level
    named = finding.message.startswith(finding.metric)
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "kind": _KINDS[level],
        "level": _LEVELS[level] if _KINDS[level] == "fail" else "none",
        "message": {"text": finding.message if named else f"{finding.metric}: {finding.message}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": baseline}, "region": {"startLine": 1}}}],
        "partialFingerprints": {"metricCheck/v1": name},
        "properties": {
            "metric": finding.metric,
            "set": finding.set,
            "moved": [[one.pair, one.before, one.now] for one in finding.moved],
        },
    }
