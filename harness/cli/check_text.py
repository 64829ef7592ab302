"""What `harness data check` prints: what could hurt first, then what the set holds."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.cli.check_ratings import preference_lines, rating_lines
from harness.cli.plain import columns, plain

_MARKS = {3: "!!", 2: "! ", 1: "· "}
_MOST = 12  # names or rows of a kind that are printed
_TRACES = {
    "empty": "empty", "replacement": "U+FFFD", "mojibake": "mojibake (Ã¥)", "lost_letters": "? inside words",
    "decomposed": "NFD letters", "control": "control characters", "markup": "HTML", "template": "chat-template marks",
    "cut_off": "cut off",
}  # fmt: skip


def check_lines(summary: Mapping[str, Any], wide: int) -> Iterator[str]:
    """The lines, safe for a terminal; warnings are wrapped to `wide` characters."""
    yield from map(plain, _head(summary))
    yield ""
    yield from _warnings(summary["warnings"], wide)
    yield from rating_lines(summary)
    yield from preference_lines(summary)
    yield from _texts(summary)
    yield from _repeats(summary)
    yield from map(plain, _languages(summary["languages_found"]))
    if summary["source_notes"]:
        yield ""
    yield from (plain(f"note: {note}") for note in summary["source_notes"])  # the others are warnings above


def join(names: Sequence[str], most: int = _MOST) -> str:
    """`a, b, c`, or the first few `and 8 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + more) if names else "none"


def _head(summary: Mapping[str, Any]) -> Iterator[str]:
    constructed = "; better by construction, not human judgments" if summary["constructed"] else ""
    yield f"{summary['judgments']}, version {summary['version']}, licence {summary['licence'] or 'unknown'}{constructed}"
    counted = f"{summary['items']} items in {summary['clusters']} clusters, {summary['outputs']} outputs"
    yield f"{counted} of {join(summary['systems'])}"
    for key in ("languages", "tasks", "forms"):
        yield f"{key}: " + join([f"{value} {count}" for value, count in summary[key].items()])
    primary = f" (primary: {summary['primary_rater']})" if summary["primary_rater"] else ""
    yield f"raters: {join(summary['raters'])}{primary}"
    yield (
        f"{summary['ratings']} ratings, {summary['missing']} missing, {summary['spans']} spans; duplicates: "
        f"{summary['duplicate_items']} items, {summary['duplicate_outputs']} outputs; "
        f"{summary['without_reference']} items without a reference"
    )


def _warnings(warnings: Sequence[Mapping[str, Any]], wide: int) -> Iterator[str]:
    if not warnings:
        yield "nothing found that would hurt the numbers"
        return
    yield "What could hurt the numbers, worst first (!! wrong reading, ! bias or noise, · worth a look):"
    for warning in warnings:
        text = plain(warning["text"])
        yield from textwrap.wrap(
            text, wide, initial_indent=f" {_MARKS[warning['level']]} ", subsequent_indent="    ", break_on_hyphens=False
        )


def _texts(summary: Mapping[str, Any]) -> Iterator[str]:
    texts = summary["texts"]
    groups = [(name, texts["outputs"][name]) for name in texts["outputs"]]
    groups += [(f"({name})", texts[name]) for name in ("references", "sources", "instructions")]
    described = [(name, found) for name, found in groups if found is not None]
    if not described:
        return
    yield ""
    yield "words per text"
    heads = [_bucket(bucket) for bucket in described[0][1]["buckets"]]
    rows = [("  ", "n", "min", "median", "max", *heads)]
    for name, found in described[: 3 * _MOST]:
        spread = found["words"]
        counts = [str(bucket["count"] or "·") for bucket in found["buckets"]]
        rows.append(
            (f"  {plain(name)}", str(found["texts"]), str(spread["min"]), f"{spread['median']:g}", str(spread["max"]), *counts)
        )
    yield from columns(rows, frozenset(range(1, 12)))
    traces = [
        f"  {plain(name)}: " + ", ".join(f"{_TRACES[trace]} {seen['count']}" for trace, seen in found["traces"].items())
        for name, found in described
        if found["traces"]
    ]
    yield ""
    yield "traces in texts" + ("" if traces else ": none (empty, encoding, HTML, chat templates and cut-offs were looked for)")
    yield from traces


def _bucket(bucket: Mapping[str, Any]) -> str:
    if bucket["to"] is None:
        return f"{bucket['from']}+"
    return str(bucket["from"]) if bucket["from"] == bucket["to"] else f"{bucket['from']}–{bucket['to']}"


def _repeats(summary: Mapping[str, Any]) -> Iterator[str]:
    repeats = summary["repeats"]
    equal = [f"{system} {said['equal']} of {said['n']}" for system, said in repeats["equal_to_reference"].items()]
    if equal:
        yield ""
        yield plain(f"outputs equal to a reference: {join(equal)}")
    same = [f"{pair['systems'][0]} = {pair['systems'][1]} {pair['same']} of {pair['n']}" for pair in repeats["same_text"]]
    if same:
        yield plain(f"systems that say the same: {join(same)}")
    for criterion, said in repeats["rated_differently"].items():
        yield plain(
            f"equal outputs on {criterion}: one rater rated {said['pairs']} such pairs, {said['different']} of them differently, "
            f"{said['apart']:.2g} apart on average"
        )


def _languages(found: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    if not found["checked"]:
        yield f"languages of texts: not checked; {found['reason']}"
        return
    groups = found["groups"]
    if not groups:
        yield "languages of texts: no text has six words, which it takes to tell"
        return
    yield f"languages that {found['texts']} texts of six words or more look like"
    for name, group in list(groups.items())[: 3 * _MOST]:
        yield f"  {name}: " + join([f"{language} {count}" for language, count in group["looks_like"].items()], 6)
