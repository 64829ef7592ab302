"""Findings for GitHub: annotations (workflow commands on stdout) and the job summary (Markdown)."""

from collections.abc import Iterator, Sequence

from harness.gate.findings import Finding, counted, outcome
from harness.gate.shown import visible

_WORDS = {"fail": "error", "error": "error", "inconclusive": "warning", "warning": "warning"}
_TEXT, _MESSAGE = 200, 2000  # characters in a cell of the summary


def annotations(findings: Sequence[Finding], baseline: str, *, strict: bool) -> Iterator[str]:
    """One workflow command a finding that is not a pass; `baseline`: the file that it is shown at, relative to the repository."""
    for finding in findings:
        if finding.level == "pass":
            continue
        word = "error" if strict and finding.level == "inconclusive" else _WORDS[finding.level]
        title = _property(f"{finding.metric}: {finding.check}")
        yield f"::{word} file={_property(baseline)},title={title}::{_data(_lines(finding.message))}"


def summary(findings: Sequence[Finding]) -> str:
    """Markdown: what it comes to, every check that did not pass, and the worst moved pairs."""
    told = [f"## Metric gate: {outcome(findings)}", "", f"{counted(findings)}.", ""]
    wrong = [finding for finding in findings if finding.level != "pass"]
    if wrong:
        told += ["| metric | check | | what happened |", "|---|---|---|---|"]
        told += [f"| {_cell(one.metric)} | {_cell(one.check)} | {one.level} | {_cell(one.message, _MESSAGE)} |" for one in wrong]
    for finding in wrong:
        if finding.moved:
            told += [
                "",
                f"### {_cell(finding.metric)}: what moved most{_of(finding)}",
                "",
                "| pair | before | now | answer | reference |",
                "|---|---|---|---|---|",
            ]
            told += [
                f"| {_cell(one.pair)} | {_number(one.before)} | {_number(one.now)} "
                f"| {_cell(one.hypothesis)} | {_cell(one.reference)} |"
                for one in finding.moved
            ]
    return "\n".join(told) + "\n"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _of(finding: Finding) -> str:
    return f" of {_cell(finding.set)}" if finding.set else ""


def _cell(text: str, most: int = _TEXT) -> str:
    """The text as a cell of a table: one line, nothing in it is Markdown or HTML."""
    import html

    line = visible(" ".join(text.split()))
    short = line if len(line) <= most else f"{line[:most]} …"
    escaped = html.escape(short, quote=False)
    return "".join(f"\\{char}" if char in "\\`*_{}[]()#+!|~" else char for char in escaped)


def _lines(text: str) -> str:
    """The text with its line ends, and what else cannot be seen written out."""
    return "\n".join(map(visible, text.split("\n")))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
